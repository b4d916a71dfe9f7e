"""The run lock: one run at a time per database, free the moment its holder dies, taken from one that is frozen.

A session-level advisory lock on a connection of its own, so the server frees it with the process that
held it, with no timer. A thread gives a sign of life on that connection every `BEAT_S` seconds. A frozen
process (SIGSTOP, a suspended machine) keeps its connection and so the lock; whoever comes next sees no
sign of life, ends the frozen one's sessions once the lease is over, and takes the lock. The fence in
`runs` keeps the frozen one from writing when it wakes.

The signs are read off the server's own list of sessions: they can't be older than the lock, whichever
run they belong to. A server that does not show them has them in the run's row.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

import psycopg

from etl.errors import RunLocked, RunLost, StoreError
from etl.logs import LOG
from etl.store.engine import START_S, Connection, answered_within, backend, connect
from etl.store.runs import Run, beat

RUN_LOCK = 7_416_020_002  # any constant; shared by every process that loads into this database
BEAT_S = 2.0
LEASE_S = 20.0  # without a sign of life for so long, a holder counts as frozen
LOOK_S = 0.2
NAME = "jingqing run "


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: server process, session name, last sign of life, and seconds since then."""

    backend: int
    name: str
    life: datetime | None
    silent_s: float


class RunLock:
    """The lock of the database at `url` while in the context. Raises RunLocked, naming the holder.

    `name` is what this run's sessions are listed under, so that a successor can end them all.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = NAME + secrets.token_hex(6)
        self.run: Run | None = None
        self.more_lines: Callable[[], Sequence[Connection]] = tuple
        self.lost = False
        self.leave = threading.Event()
        self.thread = threading.Thread(target=self.keep, name="heartbeat", daemon=True)

    def __enter__(self) -> RunLock:
        self.connection = self.open()
        try:
            with answered_within(LEASE_S + START_S, lambda: [self.connection]):
                wait_for_turn(self.connection)
            self.backend = backend(self.connection)
        except BaseException:
            self.connection.close()
            raise
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.leave.set()
        self.thread.join(timeout=BEAT_S)
        with suppress(psycopg.Error):
            self.connection.close()

    def open(self) -> Connection:
        connection = connect(self.url, limits=False, name=self.name)
        connection.execute("SELECT set_config('lock_timeout', '1s', false)")
        return connection

    def guard(self, run: Run, more_lines: Callable[[], Sequence[Connection]] = tuple) -> None:
        """From now on the signs of life are also written into the row of `run`, which loads over `more_lines`."""
        self.run = run
        self.more_lines = more_lines

    def check(self) -> None:
        """Raise RunLost if the lock is not ours any more."""
        if self.lost:
            number = f"run {self.run.id}" if self.run else "this run"
            raise RunLost(f"{number} lost its lock to another run: what it had committed stays")

    def keep(self) -> None:
        """The thread: give signs of life; after a broken connection, get the lock back if nobody took it."""
        while not self.lost and not self.leave.wait(BEAT_S):
            try:
                with answered_within(LEASE_S, self.lines):
                    self.sign()
            except psycopg.errors.LockNotAvailable:
                pass  # a batch is being committed: that it waited was a sign of life itself
            except psycopg.Error:
                with suppress(psycopg.Error, StoreError):  # still away: tried again at the next beat
                    self.regain()

    def lines(self) -> list[Connection]:
        """What is dead if a sign of life gets no answer while the lease lasts: the run's loading line too."""
        return [self.connection, *self.more_lines()]

    def sign(self) -> None:
        if backend(self.connection) != self.backend or (self.run and not beat(self.connection, self.run)):
            self.lost = True

    def regain(self) -> None:
        self.connection.close()
        self.connection = self.open()
        if try_lock(self.connection):
            self.backend = backend(self.connection)
            return
        holder = find_holder(self.connection)
        if holder is not None and holder.name != self.name:
            self.lost = True
        elif holder is not None:  # our own former session, which the server still believes in
            end_sessions(self.connection, [self.name])
            self.connection.close()  # so that the next beat comes here again


def wait_for_turn(connection: Connection) -> None:
    """Return with the lock; raise RunLocked as soon as its holder gives a sign of life."""
    first: Holder | None = None
    while not try_lock(connection):
        holder = find_holder(connection)
        if holder is None:
            continue
        if first is None or holder.backend != first.backend:
            first = holder
        alive = holder.life is None or first.life is None or holder.life > first.life
        if alive or not holder.name.startswith(NAME):
            raise RunLocked(describe_holder(connection))
        if holder.silent_s > LEASE_S:
            take_over(connection, holder)
        time.sleep(LOOK_S)


def take_over(connection: Connection, holder: Holder) -> None:
    """End a frozen holder's sessions; its open transaction is rolled back, its locks are freed."""
    who = describe_holder(connection)
    try:
        end_sessions(connection, [holder.name, load_name(holder.name)])
    except psycopg.errors.InsufficientPrivilege as e:
        raise RunLocked(f"{who}; it is frozen, and only its own role or a superuser may end it") from e
    LOG.warning("taken over: %s", who)


def try_lock(connection: Connection) -> bool:
    return connection.execute("SELECT pg_try_advisory_lock(%s)", (RUN_LOCK,)).fetchone() == (True,)


def find_holder(connection: Connection) -> Holder | None:
    """The session that holds the lock; None if it was freed by now."""
    row = connection.execute(
        "SELECT pid, coalesce(application_name, ''), life, extract(epoch FROM clock_timestamp() - life)::float8"
        " FROM (SELECT a.pid, a.application_name, coalesce(greatest(a.state_change, a.query_start),"
        "   (SELECT max(heartbeat_at) FROM runs WHERE status = 'running')) AS life"
        "   FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
        "   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        "   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        "   AND l.classid::bigint = %(key)s >> 32 AND l.objid::bigint = %(key)s & 4294967295) AS holder",
        {"key": RUN_LOCK},
    ).fetchone()
    return Holder(row[0], row[1], row[2], row[3] or 0.0) if row else None


def load_name(name: str) -> str:
    """What the loading session of the run with this lock is listed under."""
    return f"{name} load"


def end_sessions(connection: Connection, names: Sequence[str]) -> None:
    """End every session but this one with one of these names, and wait until each is gone (at most 5 s)."""
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = ANY(%s) AND pid <> pg_backend_pid()",
        (list(names),),
    )


def describe_holder(connection: Connection) -> str:
    """Who holds the lock, from the newest running run: owner, host, process, since when."""
    row = connection.execute(
        "SELECT id, owner, date_trunc('second', now() - started_at)::text,"
        " date_trunc('second', clock_timestamp() - heartbeat_at)::text"
        " FROM runs WHERE status = 'running' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return "another run holds the lock"
    return f"run {row[0]} of {row[1]} holds the lock, for {row[2]}, last sign of life {row[3]} ago"
