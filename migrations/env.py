"""Alembic's entry: one connection, one advisory lock, short lock timeouts.

Two processes may start together on an empty database; without the lock three of four concurrent
upgrades fail on `alembic_version`. The lock timeout keeps a migration from queueing behind a long
reader and blocking everybody after it.
"""

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text

from etl.store.tables import metadata

MIGRATION_LOCK = 7_416_020_001  # any constant; shared by every process that migrates this database


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)").bindparams(key=MIGRATION_LOCK))
    connection.commit()
    try:
        context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)").bindparams(key=MIGRATION_LOCK))
        connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        run(connection)
