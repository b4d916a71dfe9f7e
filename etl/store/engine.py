"""Connections to PostgreSQL: opened with timeouts, checked, and their failures put in one clear line.

psycopg alone, since this is on the path of every command; SQLAlchemy and Alembic are imported only
where the schema is declared or migrated.
"""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg import conninfo

from etl.errors import ConfigError, StoreError, StoreUnavailable

MIN_VERSION = 150000  # NULLS NOT DISTINCT came with 15
Connection = psycopg.Connection[tuple[Any, ...]]

SESSION = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "jingqing",
}
TIMEOUTS = {
    "statement_timeout": "120s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "10s",
}
TRANSIENT_STATES = ("08", "53", "57P0", "40001", "40P01", "55P03", "25P03", "57014")


def connect(url: str, *, limits: bool = True) -> Connection:
    """An open connection to `url`, in UTC, with statement and lock limits unless `limits` is off.

    It commits by itself: whatever belongs together says so with `connection.transaction()`.

    Raises ConfigError for a URL that can't be read, StoreUnavailable if nobody answers, StoreError if
    the server is too old or refuses us. No message carries the password.
    """
    try:
        parameters = conninfo.conninfo_to_dict(libpq_url(url))
    except psycopg.ProgrammingError as e:
        raise ConfigError(
            "the database URL can't be read; expected postgresql://user@host:port/database"
        ) from e
    try:
        connection = psycopg.connect(
            **{**SESSION, **parameters},  # type: ignore[arg-type]
            autocommit=True,
        )
    except psycopg.OperationalError as e:
        raise refused(e, where(parameters)) from e
    version = connection.info.server_version
    if version < MIN_VERSION:
        connection.close()
        raise StoreError(f"{where(parameters)} runs PostgreSQL {version // 10000}; 15 or newer is needed")
    settings = {"timezone": "UTC", **(TIMEOUTS if limits else {})}
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    return connection


def libpq_url(url: str) -> str:
    """The URL without SQLAlchemy's driver suffix, which libpq does not know.

    >>> libpq_url("postgresql+psycopg://etl@db/news")
    'postgresql://etl@db/news'
    """
    return re.sub(r"^postgres(?:ql)?(?:\+\w+)?://", "postgresql://", url)


def where(parameters: dict[str, Any]) -> str:
    """A database named for a person: host, port and name, never the password."""
    host = parameters.get("host") or parameters.get("hostaddr") or "the local socket"
    port = parameters.get("port")
    name = parameters.get("dbname") or parameters.get("user") or "?"
    return f"database {name!r} on {host}" + (f":{port}" if port else "")


def hide_password(url: str) -> str:
    """The URL for showing.

    >>> hide_password("postgresql://etl:s3cret@db/news")
    'postgresql://etl:***@db/news'
    """
    url = re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", url)
    return re.sub(r"(password=)[^&\s]*", r"\1***", url)


def refused(error: psycopg.Error, place: str) -> StoreError:
    """A failed connection as one line; being away is told from being turned down."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    last = re.sub(r"^.*?(FATAL|ERROR):\s*", "", lines[-1]) if lines else "no answer"
    fatal = any("FATAL" in line for line in lines)
    away = any(word in last for word in ("starting up", "shutting down", "recovery mode", "too many clients"))
    if fatal and not away:
        return StoreError(f"{place} refuses the connection: {last}")
    return StoreUnavailable(f"{place} does not answer: {last.splitlines()[-1]}")


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may help: connection, disk, lock and shutdown troubles, not data.

    A connection cut in the middle of COPY carries no SQLSTATE at all.
    """
    if not isinstance(error, psycopg.Error):
        return isinstance(error, StoreUnavailable)
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(TRANSIENT_STATES)


def is_data_error(error: BaseException) -> bool:
    """Whether the fault lies in the values sent: SQLSTATE classes 22 and 23, and what the client refuses."""
    if isinstance(error, UnicodeEncodeError):
        return True
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate.startswith(("22", "23"))
