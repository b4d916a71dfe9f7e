"""Stories and events: signatures, pair verdicts, what people decided, and the views over them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIEWS = Path(__file__).with_suffix(".sql")
OPERATIONS = "operation IN ('insert', 'update', 'withdraw'{})"
COMMENTS = {  # column of changes -> comment before, comment now
    "entity": ("对象 article or incident", "对象 article, incident, story or event"),
    "operation": (
        "操作 insert, update or withdraw",
        "操作 insert, update, withdraw; merge or split of a story or event",
    ),
    "old": (
        "旧行 the row as it was, for a withdrawal",
        "旧值 the row as it was, for a withdrawal; the ids that members had and have, for a merge or split",
    ),
}
TABLE_COMMENTS = (
    "变更流 one row per insert, update or withdrawal of an article or incident",
    "变更流 one row per insert, update or withdrawal of an article or incident, merge or split of a cluster",
)


def upgrade() -> None:
    op.create_table(
        "story_relations",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_story_relations")),
        comment="稿件关系 how the later of two similar articles relates to the earlier",
    )
    op.create_table(
        "article_signatures",
        sa.Column(
            "article_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="文章 the article"
        ),
        sa.Column(
            "scheme", sa.SmallInteger(), nullable=False, comment="方案版本 version of the scheme that made it"
        ),
        sa.Column(
            "chars",
            sa.Integer(),
            nullable=False,
            comment="字数 characters of the canonical text without wrapping",
        ),
        sa.Column(
            "facts",
            sa.ARRAY(sa.Integer()),
            nullable=False,
            comment="要素摘要 hashes of the names, dates, times and numbers told, sorted",
        ),
        sa.Column(
            "bands", sa.ARRAY(sa.BigInteger()), nullable=False, comment="分段 its keys in article_bands"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_article_signatures_article_id")
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_signatures")),
        comment="文章签名 what near-duplicates of an article are looked for by",
    )
    op.create_table(
        "article_bands",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False, comment="键 hash of one band"),
        sa.Column(
            "article_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="文章 the article"
        ),
        sa.PrimaryKeyConstraint("key", "article_id", name=op.f("pk_article_bands")),
        comment="签名分段 bands of MinHash signatures: articles that share one are compared",
    )
    op.create_table(
        "story_pairs",
        sa.Column(
            "a_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="甲 the article with the smaller number",
        ),
        sa.Column(
            "b_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="乙 the article with the greater number",
        ),
        sa.Column("relation", sa.Text(), nullable=False, comment="关系 code of story_relations"),
        sa.Column("joined", sa.Boolean(), nullable=False, comment="同一报道 whether the two are one story"),
        sa.Column(
            "resemblance",
            sa.REAL(),
            nullable=False,
            comment="相似度 Jaccard similarity of their shingles, 0 to 1",
        ),
        sa.Column(
            "containment",
            sa.REAL(),
            nullable=False,
            comment="包含度 share of the shorter one's shingles found in the longer, 0 to 1",
        ),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False, comment="理由 what the verdict rests on"),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_story_pairs_in_order")),
        sa.ForeignKeyConstraint(["a_id"], ["articles.id"], name=op.f("fk_story_pairs_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["articles.id"], name=op.f("fk_story_pairs_b_id")),
        sa.ForeignKeyConstraint(["relation"], ["story_relations.code"], name=op.f("fk_story_pairs_relation")),
        sa.PrimaryKeyConstraint("a_id", "b_id", name=op.f("pk_story_pairs")),
        comment="稿件对 one row per two articles of similar text; the verdict depends on these two only",
    )
    op.create_index("ix_story_pairs_b_id", "story_pairs", ["b_id"], unique=False)
    op.create_index("ix_story_pairs_relation", "story_pairs", ["relation"], unique=False)
    op.create_table(
        "event_pairs",
        sa.Column(
            "a_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="甲 the incident with the smaller number",
        ),
        sa.Column(
            "b_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="乙 the incident with the greater number",
        ),
        sa.Column("score", sa.REAL(), nullable=False, comment="得分 how much speaks for one occurrence"),
        sa.Column(
            "reasons", sa.ARRAY(sa.Text()), nullable=False, comment="理由 what speaks for it, and how much"
        ),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_event_pairs_in_order")),
        sa.ForeignKeyConstraint(["a_id"], ["incidents.id"], name=op.f("fk_event_pairs_a_id")),
        sa.ForeignKeyConstraint(["b_id"], ["incidents.id"], name=op.f("fk_event_pairs_b_id")),
        sa.PrimaryKeyConstraint("a_id", "b_id", name=op.f("pk_event_pairs")),
        comment="警情对 one row per two incidents that may be one occurrence; depends on these two only",
    )
    op.create_index("ix_event_pairs_b_id", "event_pairs", ["b_id"], unique=False)
    op.create_table(
        "link_verdicts",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="裁定编号 verdict number",
        ),
        sa.Column("entity", sa.Text(), nullable=False, comment="对象 article or incident"),
        sa.Column("a_id", sa.BigInteger(), nullable=False, comment="甲 the one with the smaller number"),
        sa.Column("b_id", sa.BigInteger(), nullable=False, comment="乙 the one with the greater number"),
        sa.Column("verdict", sa.Text(), nullable=False, comment="裁定 join or split"),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="裁定人 who decided"),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="裁定时刻 when",
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="说明 why"),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_link_verdicts_in_order")),
        sa.CheckConstraint("entity IN ('article', 'incident')", name=op.f("ck_link_verdicts_entity_known")),
        sa.CheckConstraint("verdict IN ('join', 'split')", name=op.f("ck_link_verdicts_verdict_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_verdicts")),
        sa.UniqueConstraint("entity", "a_id", "b_id", name=op.f("uq_link_verdicts_entity_a_id_b_id")),
        comment="人工裁定 what people decided about two articles or incidents; stronger than the program",
    )
    op.create_index("ix_link_verdicts_b_id", "link_verdicts", ["b_id"], unique=False)
    op.create_index("ix_incidents_station_occurred_on", "incidents", ["station", "occurred_on"], unique=False)
    comment_changes(now=1)
    allow(", 'merge', 'split'")
    op.execute(VIEWS.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP VIEW stories, events")
    op.execute("DELETE FROM changes WHERE operation IN ('merge', 'split')")
    allow("")
    comment_changes(now=0)
    op.drop_index("ix_incidents_station_occurred_on", table_name="incidents")
    for table in (
        "link_verdicts",
        "event_pairs",
        "story_pairs",
        "article_bands",
        "article_signatures",
        "story_relations",
    ):
        op.drop_table(table)


def allow(more: str) -> None:
    """Let `changes` take these operations too."""
    op.drop_constraint(op.f("ck_changes_operation_known"), "changes")
    op.create_check_constraint(op.f("ck_changes_operation_known"), "changes", OPERATIONS.format(more))


def comment_changes(*, now: int) -> None:
    op.create_table_comment("changes", TABLE_COMMENTS[now])
    for column, comments in COMMENTS.items():
        op.alter_column("changes", column, comment=comments[now])
