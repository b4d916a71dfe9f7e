"""Runs: one at a time, each with a row that says what it did, and a token without which it may not write.

The lock is in `lock`. The token is the belt to that brace: every batch ends by updating the run's row
where it is still ours, so a run that was given up while frozen can't write afterwards.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.types.json import Jsonb

from etl import __version__
from etl.errors import RunLost
from etl.store.engine import Connection

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


class SlotTaken(Exception):
    """The slot of the schedule was served by another run."""


def start(
    connection: Connection, command: str, ruleset: str, slot: tuple[str, datetime] | None = None
) -> Run:
    """A new run, in a transaction of its own; runs left behind by dead processes are marked lost.

    To be called with the run lock held: whoever has it knows that no other run is alive. A slot whose run
    was lost is taken over. Raises SlotTaken if another run served it.
    """
    schedule, due_at = slot or (None, None)
    token = secrets.token_hex(8)
    with connection.transaction():
        connection.execute(
            "UPDATE runs SET status = 'lost', ended_at = now(), error = 'its process ended without a word'"
            " WHERE status = 'running'"
        )
        connection.execute(
            "UPDATE runs SET due_at = NULL WHERE schedule = %s AND due_at = %s AND status = 'lost'",
            (schedule, due_at),
        )
        row = connection.execute(
            "INSERT INTO runs (command, schedule, due_at, owner, token, status, ruleset, version)"
            " VALUES (%s, %s, %s, %s, %s, 'running', %s, %s)"
            " ON CONFLICT (schedule, due_at) DO NOTHING RETURNING id",
            (command, schedule, due_at, owner(), token, ruleset, __version__),
        ).fetchone()
    if row is None:
        raise SlotTaken
    return Run(row[0], token, ruleset)


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


def beat(connection: Connection, run: Run) -> bool:
    """Write a sign of life into the run's row; whether the row is still ours."""
    done = connection.execute(
        "UPDATE runs SET heartbeat_at = clock_timestamp() WHERE id = %s AND token = %s AND status = 'running'",
        (run.id, run.token),
    )
    return done.rowcount == 1


def finish(connection: Connection, run: Run, status: str, error: str | None = None) -> bool:
    """Close the run's row; whether it was ours to close. Safe to repeat."""
    with connection.transaction():
        done = connection.execute(
            "UPDATE runs SET status = %(status)s, ended_at = clock_timestamp(),"
            " heartbeat_at = clock_timestamp(), error = %(error)s"
            " WHERE id = %(id)s AND token = %(token)s AND status IN ('running', %(status)s)",
            {"status": status, "error": error, "id": run.id, "token": run.token},
        )
    return done.rowcount == 1


def owner() -> str:
    """User, host and process, for people."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} pid {os.getpid()}"
