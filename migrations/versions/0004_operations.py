"""What operating needs to know of a run: its sources and their news, what was missed, what is next."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = "status IN ('running', 'done', 'failed', 'stopped', 'lost', 'suspect')"
AFTER = "status IN ('waiting', 'refused', 'running', 'done', 'suspect', 'failed', 'stopped', 'lost')"
STATUS_BEFORE = "状态 running, done, failed, stopped, lost or suspect"
STATUS_AFTER = "状态 waiting, refused, running, done, suspect, failed, stopped or lost"


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "next_due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="下次应运行时刻 the slot after that",
        ),
    )
    op.add_column(
        "runs",
        sa.Column(
            "missed",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="漏跑 earlier slots, one after another, without a run",
        ),
    )
    op.add_column(
        "runs",
        sa.Column(
            "sources",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
            comment="来源 paths it was to load",
        ),
    )
    op.add_column(
        "runs",
        sa.Column(
            "news",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="各来源新见 new sightings per source",
        ),
    )
    op.alter_column("runs", "status", comment=STATUS_AFTER, existing_comment=STATUS_BEFORE)
    op.drop_constraint(op.f("ck_runs_status_known"), "runs", type_="check")
    op.create_check_constraint(op.f("ck_runs_status_known"), "runs", AFTER)
    op.create_index(
        "uq_runs_waiting",
        "runs",
        ["schedule"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])


def downgrade() -> None:
    op.drop_index("ix_runs_started_at", "runs")
    op.drop_index("uq_runs_waiting", "runs")
    op.execute("UPDATE runs SET status = 'failed' WHERE status IN ('waiting', 'refused')")
    op.drop_constraint(op.f("ck_runs_status_known"), "runs", type_="check")
    op.create_check_constraint(op.f("ck_runs_status_known"), "runs", BEFORE)
    op.alter_column("runs", "status", comment=STATUS_BEFORE, existing_comment=STATUS_AFTER)
    for column in ("news", "sources", "missed", "next_due_at"):
        op.drop_column("runs", column)
