"""Tell in the comments of the views what a newcomer with nothing but psql stumbled over."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COMMENTS = {  # column -> comment before, comment now
    "kind": (
        "类别 code of incident_kinds",
        "类别 code of incident_kinds; kind LIKE 'theft.%' takes a whole family",
    ),
    "occurred_from": (
        "发生起 start, included",
        "发生起 start, included; psql shows it in its own zone: SET timezone = 'Asia/Shanghai'",
    ),
    "reported_from": (
        "报警起 start, included",
        "报警起 start, included; psql shows it in its own zone: SET timezone = 'Asia/Shanghai'",
    ),
}


def upgrade() -> None:
    comment(1)


def downgrade() -> None:
    comment(0)


def comment(which: int) -> None:
    with op.get_bind().connection.cursor() as cursor:
        for view in ("current_incidents", "told_incidents"):
            for column, texts in COMMENTS.items():
                words = texts[which].replace("'", "''")
                cursor.execute(f"COMMENT ON COLUMN {view}.{column} IS '{words}'")
