"""The views that users query, corrections and takedowns by hand, and the list of divisions."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VIEWS = {  # in the order in which they are made
    "current_articles": "现行文章 one row per article that a file still holds, with the names of its codes",
    "told_incidents": "警情（按文章） one row per incident as one article tells it, corrections by hand applied",
    "current_incidents": "警情 one row per event with its merged facts; names of codes in Chinese and English",
    "incident_evidence": "证据 one row per quotation: the words of the article behind a field of an incident",
    "lineage": "溯源 one row per quotation: field, words, article, file and its SHA-256, run and ruleset, and who corrected it",
    "figures_by_agency": "统计数字 one row per figure that a current article quotes, with the unit where only one is named",
    "daily_counts": "每日警情数 events per day, kind, province, city and polarity; day is null where it is not known",
    "data_quality": "数据质量 one row per measure: what was seen, loaded, repaired, is missing or doubtful",
    "override_conflicts": "更正冲突 corrections by hand over which extraction has changed its mind since",
}
# A column name means the same in every view, so its comment is written once.
COLUMNS = {
    "event_id": "事件编号 the event: smallest incident id of those that tell the same occurrence",
    "incident_id": "警情编号 the incident: key of incidents",
    "article_id": "文章编号 the article: key of articles",
    "story_id": "报道编号 smallest article id of the same story, however often reprinted",
    "agency_id": "机关编号 the unit: key of agencies",
    "run_id": "运行编号 run that last wrote it: key of runs",
    "override_id": "更正编号 key of overrides",
    "ordinal": "序号 order within the article, from 1",
    "title": "标题 title of the article",
    "body": "正文 text of the article; spans count its code points from 0",
    "published_on": "发布日期 publication day in China",
    "published_at": "发布时间 publication; midnight in China when only the day is known",
    "published_precision": "发布时间精度 second, minute, day or unknown",
    "source": "来源 originating medium or office",
    "site": "站点 where the page stood",
    "author": "作者 author",
    "byline": "署名 names of reporters, correspondents and photographers",
    "url": "原文链接 link to the original",
    "article_kind": "文章类别 code of article_kinds",
    "article_kind_zh": "文章类别中文名 its Chinese name",
    "article_kind_en": "文章类别英文名 its English name",
    "script": "字体 script as found: simplified, traditional or mixed; body is simplified",
    "quality_flags": "质量标记 damaged, undated, no_title, ...",
    "lost_share": "缺字比例 share of characters lost beyond repair, 0 to 1",
    "doubtful_share": "存疑字比例 share of characters restored by likelihood, 0 to 1",
    "repaired": "修复过 whether anything was changed in the text",
    "sightings": "出处数 number of files that hold this content now",
    "content_hash": "内容摘要 SHA-256 of the canonical text, hexadecimal",
    "first_seen_at": "首次入库时刻 first loaded",
    "ruleset": "规则摘要 digest of the rules that made the row",
    "kind": "类别 code of incident_kinds",
    "kind_zh": "类别中文名 Chinese name of the kind",
    "kind_en": "类别英文名 English name of the kind",
    "group_zh": "110接警大类 group of the 110 service",
    "occurred_on": "发生日期 day in China on which it began; see occurred_precision before counting by day",
    "occurred_from": "发生起 start, included",
    "occurred_to": "发生止 end, excluded",
    "occurred_precision": "发生时间精度 code of precisions: minute, hour, part_of_day, day, span, month, year, unknown",
    "occurred_precision_zh": "发生时间精度中文名 its Chinese name",
    "occurred_text": "发生时间原文 the expression as written",
    "occurred_basis": "发生时间依据 code of time_bases: which moment it is",
    "occurred_approx": "发生时间约数 许, 左右, 前后",
    "occurred_partial": "发生时间残缺 what is known, --MM-DD, when the year is not",
    "reported_on": "报警日期 day in China of the report to the police",
    "reported_from": "报警起 start, included",
    "reported_to": "报警止 end, excluded",
    "reported_precision": "报警时间精度 code of precisions",
    "reported_text": "报警时间原文 the expression as written",
    "place": "地点 place as written",
    "station": "处置单位 handling unit, shortest official form",
    "station_full": "处置单位全称 handling unit with its parents as stated",
    "agency": "机关全称 full name of the unit",
    "agency_level": "机关层级 ministry, province, city, county, station, team, post or unknown",
    "province": "省 province, if stated",
    "city": "市 city or prefecture, if stated",
    "district": "区县 district or county, if stated",
    "in_province": "所在省份 province, stated or that of the city or district; null where the name leaves doubt",
    "items": "物品 things lost, stolen, handed in or seized",
    "amount_cny": "金额 money at stake, yuan",
    "outcome": "结果 set of codes of outcomes; ask with outcome @> '{arrested}'",
    "outcome_zh": "结果中文名 Chinese names of the outcomes, in the order of their codes",
    "outcome_en": "结果英文名 English names of the outcomes, in the order of their codes",
    "polarity": "性质 code of polarities: actual, prevented or false_alarm",
    "polarity_zh": "性质中文名 its Chinese name",
    "polarity_en": "性质英文名 its English name",
    "persons": "人员 name and role of each person of incident_persons",
    "told_by": "讲述文章数 number of articles that tell this event",
    "sources": "独立来源数 stories that tell it: reprints count once",
    "disagreements": "分歧 fields that articles tell differently; what each says stands in told_incidents",
    "evidence_start": "证据起 start of the evidence in body, code points from 0",
    "evidence_end": "证据止 end of the evidence, excluded",
    "spans": "字段证据 field -> [[start, end], ...] in body",
    "flags": "疑点 why a field is doubtful",
    "corrected": "人工更正的字段 fields that a person corrected",
    "field": "字段 incident (all of it), occurred, reported, place, station, items, amount_cny, outcome, person",
    "value": "值 what was read from the words",
    "quote": "引文 the words of the article",
    "span_start": "引文起 start of the quotation in body, code points from 0",
    "span_end": "引文止 end of the quotation, excluded",
    "path": "路径 file whose copy of the article is shown",
    "member": "成员 member of an archive",
    "record_no": "记录号 line of a JSON Lines file, from 1",
    "raw_sha256": "原始摘要 SHA-256 of the bytes that were read, hexadecimal",
    "file_sha256": "文件摘要 SHA-256 of the file as last read, hexadecimal",
    "command": "命令 what that run was",
    "run_started_at": "运行开始时刻 start of that run",
    "version": "程序版本 version of the program in that run",
    "corrected_by": "更正人 who corrected the field, if anybody",
    "corrected_at": "更正时刻 when",
    "corrected_why": "更正理由 why",
    "metric": "指标 what is counted",
    "period": "期间 period as written",
    "unit": "单位 起, 人, 元, %, ...",
    "qualifier": "修饰 exact, over, about or nearly",
    "comparison": "比较 yoy_up, yoy_down, mom_up or mom_down",
    "day": "日期 day in China; null where the time is coarser than a day or not known",
    "incidents": "警情数 number of events",
    "measure": "指标代码 name of the measure",
    "zh": "中文名 Chinese name",
    "en": "英文名 English name",
    "of_measure": "分母 the measure of which it is a part",
    "share": "比例 value divided by that measure, 0 to 1",
    "extracted": "原抽取值 what extraction said when the correction was made",
    "now_extracted": "现抽取值 what extraction says now",
    "conflict": "冲突 extraction_changed, agrees_now, incident_withdrawn or article_gone",
    "made_by": "更正人 who",
    "made_at": "更正时刻 when",
    "why": "理由 why",
}  # fmt: skip
ELSEWHERE = {  # (view, column): where the meaning differs
    (
        "figures_by_agency",
        "agency_id",
    ): "机关编号 the one unit that the article's incidents name; null if none or several",
    ("figures_by_agency", "value"): "数值 the figure, 万 and 亿 expanded",
    ("figures_by_agency", "province"): "省 province of the unit",
    ("figures_by_agency", "city"): "市 city of the unit",
    ("figures_by_agency", "district"): "区县 district of the unit",
    ("data_quality", "value"): "数值 how many",
    ("daily_counts", "amount_cny"): "金额合计 money at stake, yuan, summed",
    ("override_conflicts", "field"): "字段 column of incidents, or is_incident",
    ("override_conflicts", "value"): "更正值 the value that holds, as JSON",
}
FUNCTIONS = {
    "check_override()": "check that a correction names an incident and a value that its column can hold",
    "announce_override()": "write a correction to the change feed",
    "same_value(text, jsonb, jsonb)": "whether two JSON values are one value of a column of incidents",
}
CORRECTABLE = (
    "kind", "occurred_from", "occurred_to", "occurred_precision", "occurred_text", "occurred_basis",
    "occurred_approx", "occurred_partial", "reported_from", "reported_to", "reported_precision",
    "reported_text", "reported_basis", "reported_approx", "reported_partial", "place", "station",
    "station_full", "agency_id", "province", "city", "district", "items", "amount_cny", "outcome", "polarity",
    "is_incident",
)  # fmt: skip


def upgrade() -> None:
    create_tables()
    connection = op.get_bind()
    statements = [Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")]
    statements += [f"COMMENT ON FUNCTION {name} IS {quoted(text)}" for name, text in FUNCTIONS.items()]
    run(connection, statements)
    run(connection, [f"COMMENT ON VIEW {view} IS {quoted(text)}" for view, text in VIEWS.items()])
    run(
        connection,
        [
            f"COMMENT ON COLUMN {view}.{c['name']} IS {quoted(ELSEWHERE.get((view, c['name'])) or COLUMNS[c['name']])}"
            for view in VIEWS
            for c in sa.inspect(connection).get_columns(view)
        ],
    )


def run(connection: sa.Connection, statements: list[str]) -> None:
    """Through psycopg itself, which takes a percent sign for a percent sign if there are no parameters."""
    with connection.connection.cursor() as cursor:
        cursor.execute(";\n".join(statements))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def create_tables() -> None:
    op.create_table(
        "divisions",
        sa.Column(
            "code", sa.Text(), nullable=False, comment="行政区划代码 six-digit code of the national list"
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="名称 official name"),
        sa.Column(
            "level",
            sa.Text(),
            nullable=False,
            comment="层级 province, city or district; a municipality is a city",
        ),
        sa.Column(
            "province",
            sa.Text(),
            nullable=True,
            comment="所属省份 province; a municipality stands for itself",
        ),
        sa.Column("city", sa.Text(), nullable=True, comment="所属城市 city or prefecture above a district"),
        sa.Column(
            "sole",
            sa.Boolean(),
            nullable=False,
            comment="唯一 whether no other division of its level has this name",
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_divisions")),
        comment="行政区划 the national list of divisions, to find the province of a city or county",
    )
    op.create_index("ix_divisions_name", "divisions", ["name"], unique=False)
    op.create_table(
        "overrides",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="更正编号 correction number",
        ),
        sa.Column("incident_id", sa.BigInteger(), nullable=False, comment="警情 the incident corrected"),
        sa.Column(
            "field",
            sa.Text(),
            nullable=False,
            comment="字段 column of incidents; or is_incident: false takes it out, true keeps it in",
        ),
        sa.Column(
            "value",
            postgresql.JSONB(),
            nullable=False,
            comment='更正值 the right value as JSON: "theft.other", 1200, ["found"], null',
        ),
        sa.Column(
            "extracted",
            postgresql.JSONB(),
            nullable=False,
            comment="原抽取值 what extraction said when the correction was made; filled in",
        ),
        sa.Column("made_by", sa.Text(), nullable=False, comment="更正人 who"),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="更正时刻 when",
        ),
        sa.Column(
            "why", sa.Text(), nullable=False, comment="理由 why, with the source of the better knowledge"
        ),
        sa.Column(
            "revoked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="撤销时刻 since when it does not hold any more",
        ),
        sa.CheckConstraint(
            "field IN ('" + "', '".join(CORRECTABLE) + "')", name=op.f("ck_overrides_field_known")
        ),
        sa.CheckConstraint("made_by <> '' AND why <> ''", name=op.f("ck_overrides_reasoned")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_overrides_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
        comment="人工更正 one row per field of an incident that a person corrected; wins over extraction in all views",
    )
    op.create_index("ix_overrides_incident_id", "overrides", ["incident_id"], unique=False)
    op.create_index(
        "uq_overrides_standing",
        "overrides",
        ["incident_id", "field"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "withdrawals",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="下架编号 takedown number",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="内容摘要 the content that must not be shown, as in articles",
        ),
        sa.Column("made_by", sa.Text(), nullable=False, comment="下架人 who"),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="下架时刻 when",
        ),
        sa.Column("why", sa.Text(), nullable=False, comment="理由 why"),
        sa.Column(
            "lifted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="解除时刻 since when it may be loaded again",
        ),
        sa.CheckConstraint("made_by <> '' AND why <> ''", name=op.f("ck_withdrawals_reasoned")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        comment="下架 one row per content taken down: its text is erased and no later load brings it back",
    )
    op.create_index(
        "uq_withdrawals_standing",
        "withdrawals",
        ["content_hash"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.alter_column(
        "changes",
        "run_id",
        existing_type=sa.BigInteger(),
        nullable=True,
        comment="运行 the run that did it; null for a correction by hand",
        existing_comment="运行 the run that did it",
    )


def downgrade() -> None:
    for view in reversed(VIEWS):
        if view == "told_incidents":
            op.execute("DROP VIEW events, stories")
        op.execute(f"DROP VIEW {view}")
    run(op.get_bind(), [Path(__file__).with_name("0002_links.sql").read_text(encoding="utf-8")])
    op.drop_table("withdrawals")
    op.drop_table("overrides")
    op.execute("DROP FUNCTION check_override(), announce_override(), same_value(text, jsonb, jsonb)")
    op.drop_table("divisions")
    op.execute("DELETE FROM changes WHERE run_id IS NULL")
    op.alter_column(
        "changes",
        "run_id",
        existing_type=sa.BigInteger(),
        nullable=False,
        comment="运行 the run that did it",
        existing_comment="运行 the run that did it; null for a correction by hand",
    )
