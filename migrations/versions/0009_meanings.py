"""Tell what flags mean and, in Chinese too, what to do about a rejection; part words to search for at punctuation.

`search_articles('电动车，被盗')` looked for a text with that very comma, and found nothing without a word. Folding the
titles of a hundred hits took longer than all else of a search. Of words in more than 10,000 articles those were found
only that write them as they are searched for, and a word of three characters or more could be crowded out by newer
articles that have its pairs of characters apart.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

HERE = Path(__file__)
REASONS = ("rejection_reasons", "skip_reasons")
COMMENTS = {
    "COLUMN current_articles.quality_flags": (
        "质量标记 damaged, undated, no_title, ...",
        "质量标记 codes of flags: damaged, undated, no_title, ...",
    ),
    **{
        f"COLUMN {table}.flags": (
            "疑点 why a field is doubtful",
            "疑点 codes of flags: why a field is doubtful",
        )
        for table in ("incidents", "current_incidents", "told_incidents")
    },
    "FUNCTION search_articles(text, int, text, text)": (
        "搜索文章 articles that contain all the words (parted by spaces, in simplified or traditional script), best"
        " first: SELECT * FROM search_articles(''电动车 被盗''); snippet shows the words between mark_start and mark_end."
        " Of more than 10000 hits only the newest are ranked",
        "搜索文章 articles that contain all the words (parted by spaces or punctuation, in simplified or traditional"
        " script), best first: SELECT * FROM search_articles(''电动车 被盗''); snippet shows the words between mark_start"
        " and mark_end. Of more than 5000 hits only the newest are ranked; at most 200 characters of words",
    ),
    "COLUMN agencies.district": (
        "区县 district or county",
        "区县 district or county that its name states; the rows of its incidents may know more",
    ),
}


def upgrade() -> None:
    op.create_table(
        "flags",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_flags")),
        comment="质量标记与疑点 what the flags of articles and incidents mean",
    )
    for table in REASONS:
        op.add_column(
            table,
            sa.Column(
                "note_zh", sa.Text(), server_default="", nullable=False, comment="处理办法 note, in Chinese"
            ),
        )
    run(HERE.with_suffix(".sql").read_text(encoding="utf-8"))
    comment(1)


def downgrade() -> None:
    comment(0)
    run(HERE.with_name("0009_meanings_down.sql").read_text(encoding="utf-8"))
    for table in REASONS:
        op.drop_column(table, "note_zh")
    op.drop_table("flags")


def run(statements: str) -> None:
    """Run statements in which {from} and {to} stand for the table of characters."""
    rows = (HERE.parent / "0005_search.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [row.split("\t") for row in rows if not row.startswith("#")]
    statements = statements.replace("{from}", "".join(before for before, _ in pairs))
    statements = statements.replace("{to}", "".join(after for _, after in pairs))
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(statements)


def comment(which: int) -> None:
    for what, texts in COMMENTS.items():
        run(f"COMMENT ON {what} IS '{texts[which]}'")
