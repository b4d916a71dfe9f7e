"""How many files a run expects, and quicker compression of the large columns where the server has it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LARGE = ("articles.body", "articles.repairs", "articles.removed", "incidents.spans", "changes.old")


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "expected",
            sa.BigInteger(),
            nullable=True,
            comment="预计文件数 files below its sources, counted at the start; null if not counted",
        ),
    )
    compress("lz4")


def downgrade() -> None:
    compress("pglz")
    op.drop_column("runs", "expected")


def compress(method: str) -> None:
    """Compress what is written from now on by `method`, on a server that was built with it."""
    has = sa.text("SELECT :method = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
    if op.get_bind().execute(has, {"method": method}).scalar():
        for table, column in (name.split(".") for name in LARGE):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION {method}")
