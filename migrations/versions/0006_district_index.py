"""An index by which incidents of one district and day find each other."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_incidents_district_occurred_on", "incidents", ["district", "occurred_on"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_incidents_district_occurred_on", table_name="incidents")
