"""Corrections that can't contradict themselves or be missed, takedowns that leave nothing, evidence of one outcome.

Corrections are revoked, never deleted or moved; a time, and a unit, is corrected whole. What earlier takedowns left
behind is erased. `incident_people`, `current_incidents.url` and the leaves taken down in `data_quality` are new.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

HERE = Path(__file__)
REMADE = ("data_quality", "daily_counts", "current_incidents", "lineage", "incident_evidence")
APPROX = "whether only about: 许, 左右, 前后"
COMMENTS = {  # comment before, comment now
    "COLUMN incidents.occurred_approx": ("发生约数 许, 左右, 前后", f"发生约数 {APPROX}"),
    "COLUMN incidents.reported_approx": ("报警约数 许, 左右, 前后", f"报警约数 {APPROX}"),
    "COLUMN current_incidents.occurred_approx": ("发生时间约数 许, 左右, 前后", f"发生时间约数 {APPROX}"),
    "COLUMN told_incidents.occurred_approx": ("发生时间约数 许, 左右, 前后", f"发生时间约数 {APPROX}"),
    "COLUMN reported_figures.unit": ("单位 起, 人, 元, %, ...", "单位 unit of the value: 起, 人, 元, %, ..."),
    "COLUMN figures_by_agency.unit": (
        "单位 起, 人, 元, %, ...",
        "单位 unit of the value: 起, 人, 元, %, ...",
    ),
    "COLUMN incidents.spans": (
        "字段证据 field -> [[start, end], ...] in articles.body",
        "字段证据 field -> [[start, end], ...] in articles.body; each outcome by itself, outcome.CODE",
    ),
    "COLUMN told_incidents.spans": (
        "字段证据 field -> [[start, end], ...] in body",
        "字段证据 field -> [[start, end], ...] in body; each outcome by itself, outcome.CODE",
    ),
    "COLUMN incidents.withdrawn_at": (
        "撤回时刻 since when the rules no longer find it",
        "撤回时刻 since when the rules no longer find it, or its article is taken down",
    ),
    "COLUMN overrides.value": (
        '更正值 the right value as JSON: "theft.other", 1200, ["found"], null',
        '更正值 the right value as JSON: "theft.other", 1200, ["found"], "2026-03-02T21:30:00+08:00"; null: not known',
    ),
    "TABLE overrides": (
        "人工更正 one row per field of an incident that a person corrected; wins over extraction in all views",
        "人工更正 one row per field of an incident that a person corrected; wins over extraction in all views; revoked,"
        " never deleted; start, end and precision of a time go together, and so do station, station_full and agency_id",
    ),
    "TABLE withdrawals": (
        "下架 one row per content taken down: its text is erased and no later load brings it back",
        "下架 one row per content taken down: text, facts, people, figures and corrections are erased, and no later load"
        " brings it back; paths of files, hashes and positions, the codes of kinds and polarity stay",
    ),
    "VIEW current_incidents": (
        "警情 one row per event with its merged facts; names of codes in Chinese and English",
        "警情 begin here: one row per event with its merged facts; names of codes in Chinese and English",
    ),
    "VIEW incident_evidence": (
        "证据 one row per quotation: the words of the article behind a field of an incident",
        "证据 one row per quotation: the words of the article behind a field of an incident; of outcome, behind one code",
    ),
    "VIEW data_quality": (
        "数据质量 one row per measure: what was seen, loaded, repaired, is missing or doubtful",
        "数据质量 one row per measure: what was seen, loaded, repaired, is missing or doubtful; leaves_seen is the sum of"
        " articles, leaves_duplicate, leaves_rejected and leaves_withdrawn",
    ),
    "FUNCTION check_override()": (
        "check that a correction names an incident and a value that its column can hold",
        "更正检查 a correction names an incident and a value that its column can hold, and stays with both",
    ),
    "FUNCTION announce_override()": (
        "write a correction to the change feed",
        "更正入流 write a correction, and its revocation, to the change feed; corrections are never deleted or moved",
    ),
    "FUNCTION same_value(text, jsonb, jsonb)": (
        "whether two JSON values are one value of a column of incidents",
        "同值 whether two JSON values are one value of a column of incidents",
    ),
}
NEW_COMMENTS = {
    "FUNCTION check_corrections()": (
        "更正合查 at the commit: a time has start before end and a precision, a time or unit is corrected whole"
    ),
    "FUNCTION keep_overrides()": "更正保留 refuse to delete corrections: they are revoked",
    "FUNCTION order_overrides()": "更正排队 take the lock that keeps the change feed in the order of commits",
    "TRIGGER check_override ON overrides": "更正检查 see check_override()",
    "TRIGGER announce_override ON overrides": "更正入流 see announce_override()",
    "TRIGGER check_corrections ON overrides": "更正合查 see check_corrections()",
    "TRIGGER keep_overrides ON overrides": "更正保留 see keep_overrides()",
    "TRIGGER order_overrides ON overrides": "更正排队 see order_overrides()",
    "COLUMN current_incidents.url": "原文链接 link to the original",
    "COLUMN incident_evidence.corrected": (
        "已更正 whether a person corrected the field: then value is not what these words say"
    ),
    "VIEW incident_people": "涉警人员 one row per person whom an article names in an incident, with role and words",
    "COLUMN incident_people.event_id": "事件编号 the event: key of current_incidents",
    "COLUMN incident_people.incident_id": "警情编号 the incident: key of told_incidents",
    "COLUMN incident_people.article_id": "文章编号 the article: key of current_articles",
    "COLUMN incident_people.ordinal": "序号 order within the incident, from 1",
    "COLUMN incident_people.role": "角色 code of person_roles: victim, suspect, officer, ...",
    "COLUMN incident_people.role_zh": "角色中文名 its Chinese name",
    "COLUMN incident_people.role_en": "角色英文名 its English name",
    "COLUMN incident_people.also": "兼 codes of further roles",
    "COLUMN incident_people.name": "姓名 name as written",
    "COLUMN incident_people.surname": "姓 family name",
    "COLUMN incident_people.sex": "性别 M or F, if stated",
    "COLUMN incident_people.age": "年龄 years, if stated",
    "COLUMN incident_people.anonymized": "匿名 whether the name hides the person: 周女士, 张某",
    "COLUMN incident_people.quote": "引文 the words of the article",
    "COLUMN incident_people.span_start": "引文起 start of the quotation in body, code points from 0",
    "COLUMN incident_people.span_end": "引文止 end of the quotation, excluded",
}


def upgrade() -> None:
    run(HERE.with_suffix(".sql").read_text(encoding="utf-8"))
    comment({name: texts[1] for name, texts in COMMENTS.items()} | NEW_COMMENTS)


def downgrade() -> None:
    connection = op.get_bind()
    comments = {
        f"COLUMN {view}.{column['name']}": column["comment"]
        for view in REMADE
        for column in sa.inspect(connection).get_columns(view)
    } | {f"VIEW {view}": sa.inspect(connection).get_table_comment(view)["text"] for view in REMADE}
    del comments["COLUMN current_incidents.url"], comments["COLUMN incident_evidence.corrected"]
    for trigger in ("check_corrections", "keep_overrides", "order_overrides"):
        run(f"DROP TRIGGER {trigger} ON overrides; DROP FUNCTION {trigger}()")
    run(f"DROP VIEW incident_people, {', '.join(REMADE)}")
    for name in reversed(REMADE):
        run(made_before(name))
    run(made_before("check_override").replace("CREATE", "CREATE OR REPLACE", 1))
    for table in ("overrides", "withdrawals"):
        run(
            f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_reasoned,"
            f" ADD CONSTRAINT ck_{table}_reasoned CHECK (made_by <> '' AND why <> '')"
        )
    comment(comments | {name: texts[0] for name, texts in COMMENTS.items()})


def made_before(name: str) -> str:
    """The statement that made a view or function of this name."""
    statements = (HERE.parent / "0003_views.sql").read_text(encoding="utf-8")
    found = re.search(
        rf"^CREATE (VIEW|FUNCTION) {name}\b.*?;$(?=\n\n|\n?\Z)", statements, re.DOTALL | re.MULTILINE
    )
    assert found
    return found[0]


def comment(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        run(f"COMMENT ON {name} IS '{text.replace(chr(39), chr(39) * 2)}'")


def run(statements: str) -> None:
    """Through psycopg itself, which takes a percent sign for a percent sign if there are no parameters."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(statements)
