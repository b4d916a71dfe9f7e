"""Connections to PostgreSQL: opened with timeouts, checked, and their failures put in one clear line.

psycopg alone, since this is on the path of every command; SQLAlchemy and Alembic are imported only
where the schema is declared or migrated.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg import conninfo

from etl.errors import ConfigError, StoreError, StoreUnavailable

MIN_VERSION = 150000  # NULLS NOT DISTINCT came with 15
Connection = psycopg.Connection[tuple[Any, ...]]

AUTHORITY_RE = re.compile(r"[\w+]*://[^?]*@[^?]*@")  # postgresql://etl:pass@word@db/news
PORTS_RE = re.compile(r"[0-9,]*")
SECRET_RE = re.compile("password|secret|scram_.*key", re.I)  # password, sslpassword, oauth_client_secret

CONNECT_S = 10
START_S = 30.0  # for any step by which a run begins or ends; a batch, and a migration, may take longer
SESSION = {
    "connect_timeout": str(CONNECT_S),
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
TIMEOUTS = {
    "statement_timeout": "120s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "10s",
}
# Connection, resources (disk, memory, connections), shutdown, system; serialisation, deadlock, lock and
# statement limits; a session ended for idling; a server that is read-only for the length of a failover.
TRANSIENT_STATES = ("08", "53", "57P0", "58", "40001", "40P01", "55P03", "57014", "25P03", "25006")
# Values, constraints, and what is too long for an index entry or jsonb.
DATA_STATES = ("22", "23", "54000")


def connect(url: str, *, limits: bool = True, name: str = "jingqing") -> Connection:
    """An open connection to `url`, in UTC, with statement and lock limits unless `limits` is off.

    `name` is what the server lists it under.

    It commits by itself: whatever belongs together says so with `connection.transaction()`.

    Raises ConfigError for a URL that can't be read, StoreUnavailable if nobody answers, StoreError if
    the server is too old or refuses us. No message carries the password.
    """
    parameters = parameters_of(url)
    try:
        connection = psycopg.connect(
            # Whatever the environment or the URL says: others can't hold every text, and `copied` writes this one.
            **{**SESSION, "application_name": name, **parameters, "client_encoding": "utf8"},
            autocommit=True,
        )
    except psycopg.OperationalError as e:
        raise refused(e, where(parameters)) from e
    version = connection.info.server_version
    if version < MIN_VERSION:
        connection.close()
        raise StoreError(f"{where(parameters)} runs PostgreSQL {version // 10000}; 15 or newer is needed")
    settings = {"timezone": "UTC", **(TIMEOUTS if limits else {})}
    try:
        with answered_within(CONNECT_S, lambda: [connection]):
            connection.execute(
                "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s (name, value)",
                (list(settings), list(settings.values())),
            )
    except psycopg.OperationalError as e:
        raise refused(e, where(parameters)) from e
    return connection


def backend(connection: Connection) -> int:
    """The process number of the server's side, as the server itself says it (a pooler makes one up)."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def answered_within(seconds: float, lines: Callable[[], Sequence[Connection]]) -> Iterator[None]:
    """Cut `lines` if the context takes longer, so that what waits on them fails as it does when a line breaks.

    For a peer that takes what is sent and never answers, which no timeout of TCP or of the server ends.
    """

    def cut() -> None:
        for line in lines():
            with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(line.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)

    alarm = threading.Timer(seconds, cut)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def refuse_shared_sessions(first: Connection, url: str) -> None:
    """Raise StoreError if a pooler in transaction mode stands between us and the server at `url`, asked over `first`.

    There a session's locks belong to nobody: they outlive their run, or are lost in the middle of it. A
    pooler shows by a made-up process number; that it shares sessions, by a mark of one connection that
    another one finds, or by a process that changes when its own is busy.
    """
    import secrets  # here, since the commands that only look should not wait for it

    before = backend(first)
    if before == first.info.backend_pid:
        return
    mark = secrets.token_hex(8)
    first.execute("SELECT set_config('jingqing.mark', %s, false)", (mark,))
    with connect(url) as second, second.transaction():
        found = second.execute("SELECT current_setting('jingqing.mark', true)").fetchone()
        shared = found == (mark,) or backend(first) != before
    if shared:
        raise StoreError(
            "the database URL leads through a pooler in transaction mode, where locks do not hold:"
            " use a direct connection, or the pooler in session mode"
        )


def libpq_url(url: str) -> str:
    """The URL without SQLAlchemy's driver suffix, which libpq does not know.

    >>> libpq_url("postgresql+psycopg://etl@db/news")
    'postgresql://etl@db/news'
    """
    return re.sub(r"^postgres(?:ql)?(?:\+\w+)?://", "postgresql://", url)


def without_password(url: str) -> tuple[str, str | None]:
    """A connection string that any user of the machine may see among the processes, and the password apart.

    Raises ConfigError for a URL that can't be read.
    """
    parameters = parameters_of(url)
    password = parameters.pop("password", None)
    return conninfo.make_conninfo("", **parameters), password


def parameters_of(url: str) -> dict[str, Any]:
    """The parameters of a URL. Raises ConfigError, without quoting it, if it can't be read.

    A password with a bare `@`, `:` or `/` ends too early, and its rest is taken for host, port or database;
    such a URL is refused before anybody prints these.
    """
    try:
        parameters = dict(conninfo.conninfo_to_dict(libpq_url(url)))
    except psycopg.ProgrammingError as e:
        raise ConfigError(
            "the database URL can't be read; expected postgresql://user@host:port/database"
        ) from e
    hosts = (parameters.get("host") or "", parameters.get("hostaddr") or "")
    if (
        AUTHORITY_RE.match(url)
        or any(not is_host(host) for value in hosts for host in str(value).split(","))
        or not PORTS_RE.fullmatch(str(parameters.get("port") or ""))
        or re.search("[@:/]", str(parameters.get("dbname") or ""))
    ):
        raise ConfigError(
            "the database URL can't be read: in a user name or password write @ as %40, : as %3A, / as %2F"
        )
    return parameters


def is_host(host: str) -> bool:
    """Whether this may be a host: a name, an address of either kind, or the folder of a socket.

    >>> is_host("db.example.org"), is_host("fe80::1%eth0"), is_host("/run/postgresql"), is_host("word@db")
    (True, True, True, False)
    """
    if host.startswith("/") or not re.search("[@:/]", host):
        return True
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def where(parameters: dict[str, Any]) -> str:
    """A database named for a person: host, port and name, never the password."""
    host = parameters.get("host") or parameters.get("hostaddr") or "the local socket"
    port = parameters.get("port")
    name = parameters.get("dbname") or parameters.get("user") or "?"
    return f"database {name!r} on {host}" + (f":{port}" if port else "")


def hide_password(url: str) -> str:
    """The URL for showing: secrets starred, all of it if it can't be read.

    >>> hide_password("postgresql://etl:s3cret@db/news")
    'postgresql://etl:***@db/news'
    >>> hide_password("host=db password = 's3 cret'")
    'password=*** host=db'
    """
    try:
        parameters = parameters_of(url)
    except ConfigError:
        return "***"
    if "://" not in url.partition("=")[0]:
        starred = {name: "***" if SECRET_RE.search(name) else value for name, value in parameters.items()}
        return conninfo.make_conninfo("", **starred)
    address, mark, query = re.sub(r"(://[^:/@]*):[^/@]*@", r"\1:***@", url).partition("?")
    return address + mark + "&".join(map(hide_value, query.split("&")))


def hide_value(pair: str) -> str:
    """One `name=value` of a URL's query, its value starred if the name, once decoded, is a secret's."""
    name, mark, _ = pair.partition("=")
    return f"{name}{mark}***" if SECRET_RE.search(unquote(name)) else pair


AWAY = (  # a server that says so is there and will soon be ready, or has no room for us now
    "starting up", "shutting down", "recovery", "not yet accepting", "too many clients", "connection slots",
)  # fmt: skip


def refused(error: psycopg.Error, place: str) -> StoreError:
    """A failed connection as one line; being away is told from being turned down."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    fatal = next((line for line in lines if "FATAL" in line), None)
    said = re.sub(r"^.*?(FATAL|ERROR):\s*", "", fatal or (lines[0] if lines else "no answer"))
    if fatal and not any(word in said for word in AWAY):
        return StoreError(f"{place} refuses the connection: {said}")
    return StoreUnavailable(f"{place} does not answer: {said}")


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
    """Whether the fault lies in the values sent: what the server refuses by state, and what the client does.

    The client refuses NUL with a DataError without a state, a lone surrogate with a UnicodeEncodeError, and
    a value that it can't write at all with another ValueError or ArithmeticError.
    """
    if not isinstance(error, psycopg.Error):
        return isinstance(error, ValueError | ArithmeticError)
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate.startswith(DATA_STATES)


def name_error(error: BaseException) -> str:
    """An error in one line. PostgreSQL's own text may quote values, so only its primary message is kept."""
    if isinstance(error, psycopg.Error):
        return f"{type(error).__name__}: {error.diag.message_primary or 'connection lost'}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
