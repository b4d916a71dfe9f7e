"""Runs: one at a time, each with a row that says what it did, and a token without which it may not write.

A due run claims its slot by its row, unique per schedule and due time.

The lock is in `lock`. The token is the belt to that brace: every batch ends by updating the run's row
where it is still ours, so a run that was given up while frozen can't write afterwards.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from etl import __version__
from etl.errors import RunLost
from etl.store.engine import Connection

NEWS_SOURCES = 64  # a run of more sources does not say what each of them brought
STATES = ("loaded", "duplicate", "unchanged", "rejected", "skipped")


@dataclass(slots=True)
class Counts:
    """What became of the leaves of a run; the five states add up to `seen`."""

    loaded: int = 0
    duplicate: int = 0
    unchanged: int = 0
    rejected: int = 0
    skipped: int = 0
    incidents: int = 0
    skips: dict[str, int] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        return self.loaded + self.duplicate + self.unchanged + self.rejected + self.skipped

    def __str__(self) -> str:
        return f"seen {self.seen}: " + ", ".join(f"{state} {getattr(self, state)}" for state in STATES)

    def skip(self, reason: str) -> None:
        self.skipped += 1
        self.skips[reason] = self.skips.get(reason, 0) + 1

    def add(self, other: Counts) -> None:
        for name in (*STATES, "incidents"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, count in other.skips.items():
            self.skips[reason] = self.skips.get(reason, 0) + count


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is ours: its number and the token that its batches are fenced with."""

    id: int
    token: str
    ruleset: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The due time of a schedule that a run takes, the one after it, and how many lie between it and an earlier one."""

    schedule: str
    due_at: datetime
    next_due_at: datetime
    count_since: Callable[[datetime], int]


class SlotTaken(Exception):
    """The slot of the schedule was served by another run."""


def start(
    connection: Connection, command: str, ruleset: str, slot: Slot | None = None, sources: Sequence[str] = ()
) -> Run:
    """A new run, in a transaction of its own; runs left behind by dead processes are marked lost,
    and so are those that waited for the lock and have stopped asking for it.

    To be called with the run lock held: whoever has it knows that no other run is alive. A slot whose run
    was lost or stopped is taken over, and so is the row of a run of this schedule that waits. Raises
    SlotTaken if another run served the slot.
    """
    token = secrets.token_hex(8)
    with connection.transaction():
        do_not_wait_for_disk(connection)
        connection.execute(
            "UPDATE runs SET status = 'lost', ended_at = now(), error = 'its process ended without a word'"
            " WHERE status = 'running' OR (status = 'waiting' AND heartbeat_at < now() - interval '1 h')"
        )
        number = claim(connection, command, slot, "running")
        connection.execute(
            "UPDATE runs SET owner = %s, token = %s, status = 'running', started_at = now(),"
            " heartbeat_at = now(), ruleset = %s, version = %s, sources = %s, error = NULL WHERE id = %s",
            (owner(), token, ruleset, __version__, sorted(sources), number),
        )
    if number is None:
        raise SlotTaken
    return Run(number, token, ruleset)


def do_not_wait_for_disk(connection: Connection) -> None:
    """Let the present transaction commit without waiting for the disk: whatever is forced to disk after it takes it
    along.

    For what tells of a run and of nothing that was loaded. A server that crashes within half a second of it forgets
    it, and the run ends as one that was taken over.
    """
    connection.execute("SET LOCAL synchronous_commit = off")


def refuse(connection: Connection, command: str, why: str, slot: Slot | None, sources: Sequence[str]) -> None:
    """Record that a run did not start since another one holds the lock: refused, or waiting if it was due.

    Of one schedule one run waits, whoever asked. Raises SlotTaken if another run serves the slot.
    """
    with connection.transaction():
        number = claim(connection, command, slot, "waiting" if slot else "refused")
        connection.execute(
            "UPDATE runs SET owner = %s, heartbeat_at = now(), sources = %s, error = %s,"
            " ended_at = CASE status WHEN 'refused' THEN now() END WHERE id = %s",
            (owner(), sorted(sources), why, number),
        )
    if number is None:
        raise SlotTaken


def claim(connection: Connection, command: str, slot: Slot | None, status: str) -> int | None:
    """The number of the row for a run: a new one, or that of its schedule's waiting run; None if the slot is taken."""
    values: tuple[object, ...] = (None, None, None, 0)
    if slot is not None:
        (latest,) = one(
            connection,
            "SELECT max(due_at) FROM runs WHERE schedule = %s AND status <> 'waiting'",
            slot.schedule,
        ) or (None,)
        values = (slot.schedule, slot.due_at, slot.next_due_at, slot.count_since(latest) if latest else 0)
        connection.execute(
            "UPDATE runs SET due_at = NULL"
            " WHERE schedule = %s AND due_at = %s AND status IN ('lost', 'stopped')",
            (slot.schedule, slot.due_at),
        )
        waiting = one(
            connection,
            "UPDATE runs SET due_at = s.due, next_due_at = s.next, missed = s.missed"
            " FROM (VALUES (%s, %s::timestamptz, %s::timestamptz, %s)) AS s (schedule, due, next, missed)"
            " WHERE runs.schedule = s.schedule AND status = 'waiting' AND NOT EXISTS (SELECT FROM runs AS r"
            "   WHERE r.schedule = s.schedule AND r.due_at = s.due AND r.status <> 'waiting') RETURNING id",
            *values,
        )
        if waiting is not None:
            return int(waiting[0])
    made = one(
        connection,
        "INSERT INTO runs (command, status, schedule, due_at, next_due_at, missed, owner, token, ruleset, version)"
        " VALUES (%s, %s, %s, %s, %s, %s, '', '', '', %s) ON CONFLICT DO NOTHING RETURNING id",
        *(command, status, *values, __version__),
    )
    return int(made[0]) if made else None


def one(connection: Connection, statement: LiteralString, *values: object) -> tuple[Any, ...] | None:
    return connection.execute(statement, values).fetchone()


def fence(connection: Connection, run: Run, counts: Counts) -> None:
    """Add a batch's counts to its run: the last statement of every batch. Raises RunLost if the run is not ours."""
    done = connection.execute(
        "UPDATE runs SET heartbeat_at = clock_timestamp(), batches = batches + 1, seen = seen + %(seen)s,"
        " loaded = loaded + %(loaded)s, duplicate = duplicate + %(duplicate)s,"
        " unchanged = unchanged + %(unchanged)s, rejected = rejected + %(rejected)s,"
        " skipped = skipped + %(skipped)s, incidents = incidents + %(incidents)s,"
        " skips = (SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (SELECT key, sum(value::bigint) AS n"
        "   FROM (SELECT * FROM jsonb_each_text(skips) UNION ALL SELECT * FROM jsonb_each_text(%(skips)s)) AS s"
        "   GROUP BY key) AS sums)"
        " WHERE id = %(id)s AND token = %(token)s AND status = 'running'",
        {
            "id": run.id,
            "token": run.token,
            "seen": counts.seen,
            "incidents": counts.incidents,
            "skips": Jsonb(counts.skips),
            **{state: getattr(counts, state) for state in STATES},
        },
    )
    if done.rowcount != 1:
        raise RunLost(f"run {run.id} was taken over: nothing of this batch was written")


def counts(connection: Connection, run: Run) -> Counts:
    """What a run has committed so far."""
    row = connection.execute(
        "SELECT loaded, duplicate, unchanged, rejected, skipped, incidents, skips FROM runs WHERE id = %s",
        (run.id,),
    ).fetchone()
    return Counts(*row) if row else Counts()


def batches_done(connection: Connection, run: Run) -> int:
    """Batches that this run has committed: what to ask after a commit whose answer was lost."""
    row = connection.execute("SELECT batches FROM runs WHERE id = %s", (run.id,)).fetchone()
    return row[0] if row else 0


def expect(connection: Connection, run: Run, files: int) -> None:
    """Note how many files a run has before it, for those who watch."""
    connection.execute("UPDATE runs SET expected = %s WHERE id = %s", (files, run.id))


def beat(connection: Connection, run: Run) -> bool:
    """Write a sign of life into the run's row; whether the row is still ours."""
    done = connection.execute(
        "UPDATE runs SET heartbeat_at = clock_timestamp() WHERE id = %s AND token = %s AND status = 'running'",
        (run.id, run.token),
    )
    return done.rowcount == 1


def finish(connection: Connection, run: Run, status: str, error: str | None = None) -> bool:
    """Close the run's row; whether it was ours to close. Safe to repeat.

    What each source brought is counted here, since a run of few sources adds it up from its own rows.
    """
    with connection.transaction():
        done = connection.execute(
            "UPDATE runs SET status = %(status)s, ended_at = clock_timestamp(),"
            " heartbeat_at = clock_timestamp(), error = %(error)s, news = CASE"
            " WHEN command IN ('run', 'schedule') AND cardinality(sources) <= %(most)s THEN"
            "  (SELECT coalesce(jsonb_object_agg(s.path, (SELECT count(*) FROM sightings AS g"
            "     JOIN source_files AS f ON f.id = g.source_file_id WHERE g.run_id = runs.id"
            "     AND (f.path = s.path OR starts_with(f.path, rtrim(s.path, '/') || '/')))), '{}')"
            "   FROM unnest(sources) AS s (path)) ELSE news END"
            " WHERE id = %(id)s AND token = %(token)s AND status IN ('running', %(status)s)",
            {"status": status, "error": error, "most": NEWS_SOURCES, "id": run.id, "token": run.token},
        )
    return done.rowcount == 1


def owner() -> str:
    """User, host and process, for people."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} pid {os.getpid()}"
