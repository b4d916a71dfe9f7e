"""Let each session say how much may wait to be sorted into the search index, as loading does.

The index said so itself, and what the index says holds for all: 256 kB, which suits what comes in by the day. A
backfill had the index, larger than the server's buffers, read and written anew for every 25 articles.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER INDEX ix_articles_search RESET (gin_pending_list_limit)")


def downgrade() -> None:
    op.execute("ALTER INDEX ix_articles_search SET (gin_pending_list_limit = 256)")
