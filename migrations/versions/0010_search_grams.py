"""Make the lexemes of a text in three quarters of the time; they stay the same, so the search index stays as it is.

The planner had put the text without punctuation, folding and all, in place of each of its two uses, so that it was
made twice; and cutting pairs needs no groups.
"""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HERE = Path(__file__)


def upgrade() -> None:
    run(HERE.with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    run(HERE.with_name("0010_search_grams_down.sql").read_text(encoding="utf-8"))


def run(statements: str) -> None:
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute("SET LOCAL standard_conforming_strings = on")
        cursor.execute(statements)
