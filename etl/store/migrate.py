"""Bring a database to the schema this code speaks, or say in one line why that can't be.

Alembic is imported only when there is something to do: reading the present revision is one query.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import psycopg

from etl.errors import SchemaMismatch, StoreError, StoreUnavailable
from etl.store.engine import START_S, Connection, answered_within, connect, is_transient, name_error

PACKAGED = Path(__file__).parent / "migrations"
CHECKOUT = Path(__file__).parents[2] / "migrations"
ATTEMPTS = 6
PAUSE_S = 0.5  # times the number of the attempt


def folder() -> Path:
    """Where the migrations lie: a checkout's own folder first, since an editable install keeps a stale copy."""
    return CHECKOUT if (CHECKOUT / "env.py").exists() else PACKAGED


def head() -> str:
    """The newest revision: files are named by it, so that no import is needed to know it."""
    names = [path.name for path in (folder() / "versions").glob("[0-9]*.py")]
    if not names:
        raise StoreError(f"the installation is incomplete: no migrations in {folder()}")
    return max(names).split("_")[0]


def current(connection: Connection) -> str | None:
    """The revision of the database, None if it has no schema of ours."""
    row = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if row is None or row[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def check(connection: Connection) -> None:
    """Raise SchemaMismatch unless the database is at `head()`."""
    at = current(connection)
    if at == head():
        return
    if at is None:
        raise SchemaMismatch("the database has no tables yet: run `etl db upgrade`")
    if at > head():
        raise SchemaMismatch(
            f"the database has schema {at}, newer than this program's {head()}: install a newer jingqing"
        )
    raise SchemaMismatch(f"the database has schema {at}, this program needs {head()}: run `etl db upgrade`")


def is_newest(connection: Connection) -> bool:
    """Whether the database is at `head()`. Raises SchemaMismatch for one that is newer than the code."""
    at = current(connection)
    if at is not None and at > head():
        check(connection)
    return at == head()


def upgrade(url: str) -> bool:
    """Migrate to `head()`; whether anything was done. Safe to call from many processes at once.

    Raises SchemaMismatch for a database newer than the code, StoreError without the rights,
    StoreUnavailable if the locks could not be had.
    """
    with connect(url) as connection, answered_within(START_S, lambda: [connection]):
        if is_newest(connection):
            return False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            run_alembic(url, "upgrade", "head")
            return True
        except psycopg.errors.InsufficientPrivilege as e:
            raise StoreError(f"no right to create the schema: {e.diag.message_primary}") from e
        except (psycopg.Error, StoreUnavailable) as e:
            if not is_transient(e):
                raise StoreError(f"the migration failed: {name_error(e)}") from e
            if attempt == ATTEMPTS:
                raise StoreUnavailable(f"the migration failed: {name_error(e)}") from e
            time.sleep(PAUSE_S * attempt)
    return False


def run_alembic(url: str, action: str, revision: str) -> None:
    """Let Alembic `upgrade` or `downgrade` to `revision`, in one transaction over a connection of ours.

    The connection must not commit by itself: SQLAlchemy would not notice, every statement would stand
    alone, and a kill in the middle would leave half a schema that no later upgrade gets past.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool
    from sqlalchemy.exc import DBAPIError

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    own = connect(url, limits=False)
    own.autocommit = False
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: own, poolclass=pool.StaticPool, hide_parameters=True
    )
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            getattr(command, action)(config, revision)
    except DBAPIError as e:
        raise e.orig if isinstance(e.orig, psycopg.Error) else e from None
    finally:
        own.close()
