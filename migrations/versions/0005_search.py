"""Chinese full-text search: two-character lexemes in a GIN index, either script, ranked, with snippets."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

HERE = Path(__file__)
# White space and what no word contains. A backslash and the quote are among them, so that no lexeme needs escapes.
PUNCTUATION = r"\s，。、：；？！“”‘’（）《》〈〉【】〔〕「」『』…—·～,.:;?!\"''()<>\[\]{}|/\\_=+*&^%$#@~`-"
COMMENTS = {
    "search_articles(text, int, text, text)": (
        "搜索文章 articles that contain all the words (parted by spaces, in simplified or traditional script), best"
        " first: SELECT * FROM search_articles('电动车 被盗'); snippet shows the words between mark_start and mark_end."
        " Of more than 10000 hits only the newest are ranked"
    ),
    "search_fold(text)": "统一字形 text as it is compared: simplified script, narrow, small letters; length stays",
    "search_grams(text)": "检索词素 every two neighbouring characters of a text: what the search index holds",
    "search_words(text)": "检索词 the words of a query, folded, longest first",
    "search_query(text)": "检索式 what the index is asked for a query",
    "search_snippet(text, text[], text, text, int)": "摘录 the text around the first word found, words marked",
}


def upgrade() -> None:
    rows = HERE.with_suffix(".tsv").read_text(encoding="utf-8").splitlines()
    pairs = [row.split("\t") for row in rows if not row.startswith("#")]
    statements = HERE.with_suffix(".sql").read_text(encoding="utf-8")
    for name, value in {
        "from": "".join(before for before, _ in pairs),
        "to": "".join(after for _, after in pairs),
        "punctuation": PUNCTUATION,
    }.items():
        statements = statements.replace("{" + name + "}", value)
    comments = [
        f"COMMENT ON FUNCTION {name} IS '{text.replace(chr(39), chr(39) * 2)}'"
        for name, text in COMMENTS.items()
    ]
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute("SET LOCAL standard_conforming_strings = on")
        cursor.execute(statements)
        cursor.execute(";\n".join(comments))


def downgrade() -> None:
    op.execute("DROP INDEX ix_articles_search")
    op.execute("DROP FUNCTION " + ", ".join(COMMENTS))
