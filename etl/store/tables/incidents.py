"""Incidents, the people and figures in them, and police units."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from etl.store.tables.columns import Instant, civil_date, identity, metadata, optional, reference, required

agencies = Table(
    "agencies",
    metadata,
    identity("机关编号 agency number"),
    required("full_name", Text, "全称 name with its parents as stated"),
    required("name", Text, "简称 shortest official form"),
    required("level", Text, "层级 level"),
    optional("parent", Text, "上级全称 full name of the parent"),
    optional("province", Text, "省 province"),
    optional("city", Text, "市 city or prefecture"),
    optional(
        "district",
        Text,
        "区县 district or county that its name states; the rows of its incidents may know more",
    ),
    UniqueConstraint("full_name", "province", "city", "district", postgresql_nulls_not_distinct=True),
    Index("ix_agencies_name", "name"),
    comment="公安机关 one row per police unit read in an incident",
)


def when(prefix: str, zh: str) -> list[Column[Any]]:
    """The columns of one time: a half-open interval, how fine it is, and the words it came from."""
    return [
        optional(f"{prefix}_from", Instant, f"{zh}起 start, included"),
        optional(f"{prefix}_to", Instant, f"{zh}止 end, excluded"),
        civil_date(f"{prefix}_on", f"{prefix}_from", f"{zh}日期 day of the start in China"),
        optional(f"{prefix}_precision", Text, f"{zh}精度 code of precisions"),
        optional(f"{prefix}_text", Text, f"{zh}原文 the expression as written"),
        optional(f"{prefix}_basis", Text, f"{zh}依据 code of time_bases"),
        required(
            f"{prefix}_approx",
            Boolean,
            f"{zh}约数 whether only about: 许, 左右, 前后",
            server_default=text("false"),
        ),
        optional(f"{prefix}_partial", Text, f"{zh}残缺 what is known of it, --MM-DD, when the year is not"),
    ]


incidents = Table(
    "incidents",
    metadata,
    identity("警情编号 incident number, stable, never reused"),
    reference("article_id", "articles.id", "文章 the article that tells it"),
    required("ordinal", Integer, "序号 order within the article, from 1"),
    Column(
        "kind", Text, ForeignKey("incident_kinds.code"), nullable=False, comment="类别 code of incident_kinds"
    ),
    *when("occurred", "发生"),
    *when("reported", "报警"),
    optional("place", Text, "地点 place as written"),
    optional("station", Text, "处置单位 handling unit, shortest official form"),
    optional("station_full", Text, "处置单位全称 handling unit with its parents as stated"),
    reference("agency_id", "agencies.id", "机关 the handling unit", nullable=True),
    optional("province", Text, "省 province"),
    optional("city", Text, "市 city or prefecture"),
    optional("district", Text, "区县 district or county"),
    required("items", ARRAY(Text), "物品 things lost, stolen, handed in or seized"),
    optional("amount_cny", Numeric(16, 2), "金额 money at stake, yuan"),
    required("outcome", ARRAY(Text), "结果 set of codes of outcomes"),
    required("polarity", Text, "性质 code of polarities"),
    required("evidence_start", Integer, "证据起 start of the evidence in articles.body, code points from 0"),
    required("evidence_end", Integer, "证据止 end of the evidence, excluded"),
    required(
        "spans",
        JSONB,
        "字段证据 field -> [[start, end], ...] in articles.body; each outcome by itself, outcome.CODE",
    ),
    required("flags", ARRAY(Text), "疑点 codes of flags: why a field is doubtful"),
    required("event_id", BigInteger, "事件编号 smallest incident id of the same event"),
    optional(
        "withdrawn_at",
        Instant,
        "撤回时刻 since when the rules no longer find it, or its article is taken down",
    ),
    reference("run_id", "runs.id", "最后写入它的运行 run that last wrote it"),
    CheckConstraint("occurred_from < occurred_to", name="occurred_order"),
    CheckConstraint("reported_from < reported_to", name="reported_order"),
    CheckConstraint("0 <= evidence_start AND evidence_start < evidence_end", name="evidence_order"),
    Index("ix_incidents_article_id", "article_id"),
    Index("ix_incidents_kind_occurred_on", "kind", "occurred_on"),
    Index("ix_incidents_division_occurred_on", "province", "city", "district", "occurred_on"),
    Index("ix_incidents_agency_id_occurred_on", "agency_id", "occurred_on"),
    Index("ix_incidents_station_occurred_on", "station", "occurred_on"),
    Index("ix_incidents_district_occurred_on", "district", "occurred_on"),
    Index("ix_incidents_outcome", "outcome", postgresql_using="gin"),
    Index("ix_incidents_event_id", "event_id"),
    Index("ix_incidents_run_id", "run_id"),
    comment="警情 one row per incident told by one article",
)

incident_persons = Table(
    "incident_persons",
    metadata,
    Column(
        "incident_id", BigInteger, ForeignKey("incidents.id"), primary_key=True, comment="警情 the incident"
    ),
    Column("ordinal", Integer, primary_key=True, autoincrement=False, comment="序号 order, from 1"),
    Column(
        "role", Text, ForeignKey("person_roles.code"), nullable=False, comment="角色 code of person_roles"
    ),
    required("also", ARRAY(Text), "兼 further roles"),
    required("name", Text, "姓名 name as written"),
    optional("surname", Text, "姓 family name"),
    optional("sex", Text, "性别 M or F, if stated"),
    optional("age", Integer, "年龄 years, if stated"),
    required("anonymized", Boolean, "匿名 whether the name hides the person"),
    optional("evidence_start", Integer, "证据起 start of the mention in articles.body"),
    optional("evidence_end", Integer, "证据止 end of the mention, excluded"),
    Index("ix_incident_persons_role", "role"),
    comment="涉警人员 one row per person named in an incident",
)

reported_figures = Table(
    "reported_figures",
    metadata,
    Column("article_id", BigInteger, ForeignKey("articles.id"), primary_key=True, comment="文章 the article"),
    Column("ordinal", Integer, primary_key=True, autoincrement=False, comment="序号 order, from 1"),
    required("metric", Text, "指标 what is counted"),
    required("value", Numeric, "数值 value, 万 and 亿 expanded"),
    required("unit", Text, "单位 unit of the value: 起, 人, 元, %, ..."),
    optional("period", Text, "期间 period as written"),
    required("qualifier", Text, "修饰 exact, over, about or nearly"),
    optional("comparison", Text, "比较 yoy_up, yoy_down, mom_up or mom_down"),
    required("text", Text, "原文 the words"),
    required("evidence_start", Integer, "证据起 start in articles.body"),
    required("evidence_end", Integer, "证据止 end, excluded"),
    CheckConstraint("0 <= evidence_start AND evidence_start < evidence_end", name="evidence_order"),
    comment="统计数字 aggregate figures that an article quotes; never incidents",
)
