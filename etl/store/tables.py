"""The schema, declared once. Alembic creates and changes it; a test holds the two equal.

All instants are `timestamptz`; the `*_on` dates are generated in Chinese civil time, because `::date`
in a UTC session is the day before for anything that happened before 08:00.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def identity(comment: str) -> Column[int]:
    return Column("id", BigInteger, Identity(always=False), primary_key=True, comment=comment)


def required(name: str, type_: Any, comment: str, **more: Any) -> Column[Any]:
    return Column(name, type_, nullable=False, comment=comment, **more)


def optional(name: str, type_: Any, comment: str, **more: Any) -> Column[Any]:
    return Column(name, type_, nullable=True, comment=comment, **more)


def reference(name: str, target: str, comment: str, *, nullable: bool = False, **more: Any) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(target, **more), nullable=nullable, comment=comment)


def civil_date(name: str, instant: str, comment: str) -> Column[Any]:
    """The calendar day of an instant in China, stored."""
    expression = f"(({instant} AT TIME ZONE 'Asia/Shanghai'::text))::date"
    return Column(name, Date, Computed(expression, persisted=True), comment=comment)


Instant = DateTime(timezone=True)
Sha256 = LargeBinary

# ---------------------------------------------------------------- enumerations


def lookup(name: str, comment: str, *extra: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("code", Text, primary_key=True, comment="代码 code, as stored"),
        required("zh", Text, "中文名 Chinese name"),
        required("en", Text, "英文名 English name"),
        *extra,
        required("note", Text, "说明 definition or what to do", server_default=""),
        comment=comment,
    )


def chinese_note() -> Column[str]:
    return required("note_zh", Text, "处理办法 note, in Chinese", server_default="")


incident_kinds = lookup(
    "incident_kinds",
    "警情类别 kinds of incidents, grouped by the receiving categories of the 110 service",
    required("group_zh", Text, "110接警大类 group of the 110 service", server_default=""),
)
person_roles = lookup("person_roles", "人员角色 roles of persons in an incident")
outcomes = lookup("outcomes", "处置结果 what came of an incident; incidents.outcome is a set of these")
precisions = lookup("precisions", "时间精度 how finely a time is stated")
time_bases = lookup("time_bases", "时间依据 which moment a time stands for")
polarities = lookup("polarities", "性质 whether it happened, was prevented or was a false alarm")
article_kinds = lookup("article_kinds", "文章类别 kinds of articles")
rejection_reasons = lookup(
    "rejection_reasons", "拒收原因 why a leaf could not be loaded; note: what to do", chinese_note()
)
skip_reasons = lookup("skip_reasons", "略过原因 why a leaf was not meant for a run", chinese_note())
flags = lookup("flags", "质量标记与疑点 what the flags of articles and incidents mean")
story_relations = lookup(
    "story_relations", "稿件关系 how the later of two similar articles relates to the earlier"
)

divisions = Table(
    "divisions",
    metadata,
    Column("code", Text, primary_key=True, comment="行政区划代码 six-digit code of the national list"),
    required("name", Text, "名称 official name"),
    required("level", Text, "层级 province, city or district; a municipality is a city"),
    optional("province", Text, "所属省份 province; a municipality stands for itself"),
    optional("city", Text, "所属城市 city or prefecture above a district"),
    required("sole", Boolean, "唯一 whether no other division of its level has this name"),
    Index("ix_divisions_name", "name"),
    comment="行政区划 the national list of divisions, to find the province of a city or county",
)

# ---------------------------------------------------------------- runs and the ledger

runs = Table(
    "runs",
    metadata,
    identity("运行编号 run number"),
    required("command", Text, "命令 run, backfill, schedule, reextract, ..."),
    optional("schedule", Text, "计划 the schedule that was due; null for a run started by hand"),
    optional("due_at", Instant, "应运行时刻 the slot of the schedule that this run took"),
    optional("next_due_at", Instant, "下次应运行时刻 the slot after that"),
    required(
        "missed", BigInteger, "漏跑 earlier slots, one after another, without a run", server_default="0"
    ),
    required("owner", Text, "所有者 user, host and process that run it"),
    required("token", Text, "令牌 fencing token; only its holder may commit batches of this run"),
    required("sources", ARRAY(Text), "来源 paths it was to load", server_default=text("'{}'::text[]")),
    required("status", Text, "状态 waiting, refused, running, done, suspect, failed, stopped or lost"),
    required("started_at", Instant, "开始时刻 start", server_default=text("now()")),
    required("heartbeat_at", Instant, "心跳 last sign of life", server_default=text("now()")),
    optional("ended_at", Instant, "结束时刻 end"),
    optional(
        "expected",
        BigInteger,
        "预计文件数 files below its sources, counted at the start; null if not counted",
    ),
    required("seen", BigInteger, "所见 leaves seen = the five states added up", server_default="0"),
    required("loaded", BigInteger, "新入库 leaves whose content is a new article", server_default="0"),
    required("duplicate", BigInteger, "重复 leaves that are a further sighting", server_default="0"),
    required("unchanged", BigInteger, "未变 leaves for which nothing was to be done", server_default="0"),
    required("rejected", BigInteger, "拒收 leaves that could not be loaded", server_default="0"),
    required("skipped", BigInteger, "略过 leaves not meant for this run", server_default="0"),
    required("skips", JSONB, "略过原因 skipped leaves per reason", server_default=text("'{}'::jsonb")),
    required("incidents", BigInteger, "警情数 incidents written", server_default="0"),
    required("news", JSONB, "各来源新见 new sightings per source", server_default=text("'{}'::jsonb")),
    required("batches", BigInteger, "批次数 batches committed", server_default="0"),
    required("ruleset", Text, "规则摘要 digest of the rules"),
    required("version", Text, "程序版本 version of the program"),
    optional("error", Text, "错误 why it failed, one line, no article text"),
    UniqueConstraint("schedule", "due_at"),
    CheckConstraint(
        "status IN ('waiting', 'refused', 'running', 'done', 'suspect', 'failed', 'stopped', 'lost')",
        name="status_known",
    ),
    Index("ix_runs_status", "status", postgresql_where=text("status = 'running'")),
    Index("uq_runs_waiting", "schedule", unique=True, postgresql_where=text("status = 'waiting'")),
    Index("ix_runs_started_at", "started_at"),
    comment="运行记录 one row per run; the only table that a run without news writes to",
)

source_files = Table(
    "source_files",
    metadata,
    identity("文件编号 file number"),
    required("path", Text, "路径 absolute path; bytes that are not printable UTF-8 as \\xNN"),
    required("path_sha256", Sha256, "路径摘要 SHA-256 of path"),
    required("size", BigInteger, "大小 bytes"),
    required("mtime_ns", BigInteger, "修改时间 modification time, nanoseconds since 1970, a hint only"),
    optional("sha256", Sha256, "内容摘要 SHA-256 of the bytes; null if they could not be read"),
    required("state", Text, "状态 loaded, rejected, unreadable, partial or reread"),
    required("records_done", BigInteger, "已处理记录数 records committed so far", server_default="0"),
    required("seen_at", Instant, "变更时刻 when this row last changed"),
    reference("run_id", "runs.id", "最后改动它的运行 run that last changed this row"),
    UniqueConstraint("path_sha256"),
    CheckConstraint("state IN ('loaded', 'rejected', 'unreadable', 'partial', 'reread')", name="state_known"),
    Index("ix_source_files_run_id", "run_id"),
    Index("ix_source_files_reread", "id", postgresql_where=text("state = 'reread'")),
    comment="文件台账 one row per path ever seen: the ledger of what was read",
)

# ---------------------------------------------------------------- articles

articles = Table(
    "articles",
    metadata,
    identity("文章编号 article number, never reused"),
    required("content_hash", Sha256, "内容摘要 SHA-256 of the canonical text: the identity"),
    required("hash_version", SmallInteger, "摘要版本 version of the canonical form"),
    optional("title", Text, "标题 title without site name"),
    required("body", Text, "正文 normalised text; every span counts its code points"),
    optional("published_at", Instant, "发布时间 publication; midnight in China when only the day is known"),
    civil_date("published_on", "published_at", "发布日期 publication day in China"),
    required("published_precision", Text, "发布时间精度 second, minute, day or unknown"),
    optional("source", Text, "来源 originating medium or office"),
    optional("site", Text, "站点 where the page stood"),
    optional("author", Text, "作者 author"),
    required("byline", JSONB, "署名 [{name, roles}]: reporters, correspondents, photographers"),
    optional("url", Text, "原文链接 link to the original"),
    required("image_urls", ARRAY(Text), "图片 images of the body"),
    required("script", Text, "字体 script as found: simplified, traditional or mixed"),
    required("kind", Text, "文章类别 code of article_kinds"),
    required("repairs", JSONB, "修复记录 what was changed in the text, with spans"),
    required("quality", JSONB, "质量 flags and shares of lost and doubtful characters"),
    required("removed", JSONB, "去除的行 [[why, line], ...]: what the page held beside title and body"),
    reference(
        "best_sighting_id",
        "sightings.id",
        "最佳出处 the sighting whose text and metadata are shown",
    ),
    required("story_id", BigInteger, "报道编号 smallest article id of the same story"),
    optional("superseded_at", Instant, "被取代时刻 since when no file holds this content any more"),
    required("first_seen_at", Instant, "首次入库时刻 first loaded"),
    reference("run_id", "runs.id", "最后写入它的运行 run that last wrote it"),
    required("ruleset", Text, "规则摘要 digest of the rules that made it"),
    UniqueConstraint("content_hash"),
    Index("ix_articles_published_on", "published_on"),
    Index("ix_articles_run_id", "run_id"),
    Index("ix_articles_best_sighting_id", "best_sighting_id"),
    Index("ix_articles_story_id", "story_id"),
    Index(
        "ix_articles_search",
        text("search_grams((COALESCE(title, ''::text) || ' '::text) || body)"),
        postgresql_using="gin",
    ),
    comment="文章 one row per distinct content",
)

sightings = Table(
    "sightings",
    metadata,
    identity("出处编号 sighting number"),
    reference(  # deferred: a new sighting is written before the new article that shows it
        "article_id",
        "articles.id",
        "文章 the article found",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    reference("source_file_id", "source_files.id", "文件 the file it was found in"),
    optional("member", Text, "成员 member of an archive"),
    optional("record_no", BigInteger, "记录号 line of a JSON Lines file, from 1"),
    required("raw_sha256", Sha256, "原始摘要 SHA-256 of the leaf's bytes"),
    required("is_current", Boolean, "当前 whether the leaf still holds this content"),
    optional("title", Text, "标题 title in this place"),
    optional("published_at", Instant, "发布时间 publication in this place"),
    required("published_precision", Text, "发布时间精度 second, minute, day or unknown"),
    optional("source", Text, "来源 source in this place"),
    optional("site", Text, "站点 site in this place"),
    required("byline", JSONB, "署名 byline in this place"),
    optional("url", Text, "原文链接 link in this place"),
    required("lost_chars", Integer, "缺字数 characters lost beyond repair"),
    reference("run_id", "runs.id", "首见运行 run that found it"),
    UniqueConstraint(
        "source_file_id", "member", "record_no", "raw_sha256", postgresql_nulls_not_distinct=True
    ),
    Index("ix_sightings_article_id", "article_id"),
    Index("ix_sightings_raw_sha256", "raw_sha256"),
    Index("ix_sightings_run_id", "run_id"),
    comment="出处 one row per leaf in which a content was found; append-only but for is_current",
)

# ---------------------------------------------------------------- incidents

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
        required(f"{prefix}_approx", Boolean, f"{zh}约数 许, 左右, 前后", server_default=text("false")),
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
    required("spans", JSONB, "字段证据 field -> [[start, end], ...] in articles.body"),
    required("flags", ARRAY(Text), "疑点 codes of flags: why a field is doubtful"),
    required("event_id", BigInteger, "事件编号 smallest incident id of the same event"),
    optional("withdrawn_at", Instant, "撤回时刻 since when the rules no longer find it"),
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
    required("unit", Text, "单位 起, 人, 元, %, ..."),
    optional("period", Text, "期间 period as written"),
    required("qualifier", Text, "修饰 exact, over, about or nearly"),
    optional("comparison", Text, "比较 yoy_up, yoy_down, mom_up or mom_down"),
    required("text", Text, "原文 the words"),
    required("evidence_start", Integer, "证据起 start in articles.body"),
    required("evidence_end", Integer, "证据止 end, excluded"),
    CheckConstraint("0 <= evidence_start AND evidence_start < evidence_end", name="evidence_order"),
    comment="统计数字 aggregate figures that an article quotes; never incidents",
)

# ---------------------------------------------------------------- stories and events

article_signatures = Table(
    "article_signatures",
    metadata,
    Column(
        "article_id",
        BigInteger,
        ForeignKey("articles.id"),
        primary_key=True,
        autoincrement=False,
        comment="文章 the article",
    ),
    required("scheme", SmallInteger, "方案版本 version of the scheme that made it"),
    required("chars", Integer, "字数 characters of the canonical text without wrapping"),
    required("facts", ARRAY(Integer), "要素摘要 hashes of the names, dates, times and numbers told, sorted"),
    required("bands", ARRAY(BigInteger), "分段 its keys in article_bands"),
    comment="文章签名 what near-duplicates of an article are looked for by",
)

article_bands = Table(
    "article_bands",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False, comment="键 hash of one band"),
    Column(  # no foreign key: it would cost more than the row
        "article_id", BigInteger, primary_key=True, autoincrement=False, comment="文章 the article"
    ),
    comment="签名分段 bands of MinHash signatures: articles that share one are compared",
)

story_pairs = Table(
    "story_pairs",
    metadata,
    *(
        Column(
            f"{side}_id",
            BigInteger,
            ForeignKey("articles.id"),
            primary_key=True,
            autoincrement=False,
            comment=f"{zh} the article with the {en} number",
        )
        for side, zh, en in (("a", "甲", "smaller"), ("b", "乙", "greater"))
    ),
    Column(
        "relation",
        Text,
        ForeignKey("story_relations.code"),
        nullable=False,
        comment="关系 code of story_relations",
    ),
    required("joined", Boolean, "同一报道 whether the two are one story"),
    required("resemblance", REAL, "相似度 Jaccard similarity of their shingles, 0 to 1"),
    required("containment", REAL, "包含度 share of the shorter one's shingles found in the longer, 0 to 1"),
    required("reasons", ARRAY(Text), "理由 what the verdict rests on"),
    CheckConstraint("a_id < b_id", name="in_order"),
    Index("ix_story_pairs_b_id", "b_id"),
    Index("ix_story_pairs_relation", "relation"),
    comment="稿件对 one row per two articles of similar text; the verdict depends on these two only",
)

event_pairs = Table(
    "event_pairs",
    metadata,
    *(
        Column(
            f"{side}_id",
            BigInteger,
            ForeignKey("incidents.id"),
            primary_key=True,
            autoincrement=False,
            comment=f"{zh} the incident with the {en} number",
        )
        for side, zh, en in (("a", "甲", "smaller"), ("b", "乙", "greater"))
    ),
    required("score", REAL, "得分 how much speaks for one occurrence"),
    required("reasons", ARRAY(Text), "理由 what speaks for it, and how much"),
    CheckConstraint("a_id < b_id", name="in_order"),
    Index("ix_event_pairs_b_id", "b_id"),
    comment="警情对 one row per two incidents that may be one occurrence; depends on these two only",
)

link_verdicts = Table(
    "link_verdicts",
    metadata,
    identity("裁定编号 verdict number"),
    required("entity", Text, "对象 article or incident"),
    required("a_id", BigInteger, "甲 the one with the smaller number"),
    required("b_id", BigInteger, "乙 the one with the greater number"),
    required("verdict", Text, "裁定 join or split"),
    required("decided_by", Text, "裁定人 who decided"),
    required("decided_at", Instant, "裁定时刻 when", server_default=text("now()")),
    optional("note", Text, "说明 why"),
    UniqueConstraint("entity", "a_id", "b_id"),
    CheckConstraint("a_id < b_id", name="in_order"),
    CheckConstraint("entity IN ('article', 'incident')", name="entity_known"),
    CheckConstraint("verdict IN ('join', 'split')", name="verdict_known"),
    Index("ix_link_verdicts_b_id", "b_id"),
    comment="人工裁定 what people decided about two articles or incidents; stronger than the program",
)

# ---------------------------------------------------------------- what went wrong, what changed

rejections = Table(
    "rejections",
    metadata,
    identity("拒收编号 rejection number"),
    required("path", Text, "路径 path, escaped as in source_files"),
    required("path_sha256", Sha256, "路径摘要 SHA-256 of path"),
    optional("member", Text, "成员 member of an archive"),
    optional("line", BigInteger, "行号 line of a JSON Lines file, from 1"),
    Column(
        "reason",
        Text,
        ForeignKey("rejection_reasons.code"),
        nullable=False,
        comment="原因 code of rejection_reasons",
    ),
    required("detail", Text, "详情 at most 500 characters, never article text"),
    optional("sha256", Sha256, "内容摘要 SHA-256 of the bytes, if they could be read"),
    required("rejected_at", Instant, "拒收时刻 when this row was last written"),
    reference("run_id", "runs.id", "运行 run that last wrote it"),
    reference("resolved_by", "runs.id", "解决它的运行 run that loaded the leaf after all", nullable=True),
    Index(
        "uq_rejections_open",
        "path_sha256",
        "member",
        "line",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("resolved_by IS NULL"),
    ),
    Index("ix_rejections_reason", "reason"),
    Index("ix_rejections_run_id", "run_id"),
    Index("ix_rejections_resolved_by", "resolved_by"),
    comment="拒收 one row per leaf that could not be loaded; open while resolved_by is null",
)

changes = Table(
    "changes",
    metadata,
    Column(
        "seq",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="顺序号 rises in the order of commits",
    ),
    required("entity", Text, "对象 article, incident, story or event"),
    required("entity_id", BigInteger, "对象编号 its id"),
    required("operation", Text, "操作 insert, update, withdraw; merge or split of a story or event"),
    optional(
        "old",
        JSONB,
        "旧值 the row as it was, for a withdrawal; the ids that members had and have, for a merge or split",
    ),
    reference("run_id", "runs.id", "运行 the run that did it; null for a correction by hand", nullable=True),
    CheckConstraint(
        "operation IN ('insert', 'update', 'withdraw', 'merge', 'split')", name="operation_known"
    ),
    Index("ix_changes_run_id", "run_id"),
    comment="变更流 one row per insert, update or withdrawal of an article or incident, merge or split of a cluster",
)

# ---------------------------------------------------------------- what people decide

CORRECTABLE = (
    "kind", "occurred_from", "occurred_to", "occurred_precision", "occurred_text", "occurred_basis",
    "occurred_approx", "occurred_partial", "reported_from", "reported_to", "reported_precision",
    "reported_text", "reported_basis", "reported_approx", "reported_partial", "place", "station",
    "station_full", "agency_id", "province", "city", "district", "items", "amount_cny", "outcome", "polarity",
    "is_incident",
)  # fmt: skip

overrides = Table(
    "overrides",
    metadata,
    identity("更正编号 correction number"),
    reference("incident_id", "incidents.id", "警情 the incident corrected"),
    required("field", Text, "字段 column of incidents; or is_incident: false takes it out, true keeps it in"),
    required("value", JSONB, '更正值 the right value as JSON: "theft.other", 1200, ["found"], null'),
    required("extracted", JSONB, "原抽取值 what extraction said when the correction was made; filled in"),
    required("made_by", Text, "更正人 who"),
    required("made_at", Instant, "更正时刻 when", server_default=text("now()")),
    required("why", Text, "理由 why, with the source of the better knowledge"),
    optional("revoked_at", Instant, "撤销时刻 since when it does not hold any more"),
    CheckConstraint(
        "field IN ('" + "', '".join(CORRECTABLE) + "')",
        name="field_known",
    ),
    CheckConstraint("made_by <> '' AND why <> ''", name="reasoned"),
    Index(
        "uq_overrides_standing",
        "incident_id",
        "field",
        unique=True,
        postgresql_where=text("revoked_at IS NULL"),
    ),
    Index("ix_overrides_incident_id", "incident_id"),
    comment="人工更正 one row per field of an incident that a person corrected; wins over extraction in all views",
)

withdrawals = Table(
    "withdrawals",
    metadata,
    identity("下架编号 takedown number"),
    required("content_hash", Sha256, "内容摘要 the content that must not be shown, as in articles"),
    required("made_by", Text, "下架人 who"),
    required("made_at", Instant, "下架时刻 when", server_default=text("now()")),
    required("why", Text, "理由 why"),
    optional("lifted_at", Instant, "解除时刻 since when it may be loaded again"),
    CheckConstraint("made_by <> '' AND why <> ''", name="reasoned"),
    Index(
        "uq_withdrawals_standing",
        "content_hash",
        unique=True,
        postgresql_where=text("lifted_at IS NULL"),
    ),
    comment="下架 one row per content taken down: its text is erased and no later load brings it back",
)
