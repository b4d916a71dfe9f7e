"""Floors of a run: it saw far fewer files than usual, or rejected too many. Nothing it loaded is thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.errors import RunSuspect

if TYPE_CHECKING:
    from etl.store.engine import Connection
    from etl.store.runs import Counts, Run

RUNS_BEFORE = (
    5  # what is usual is their median, so that a folder that was cleared on purpose is usual after three
)
RUNS_NEEDED = 3
FILES_NEEDED = 10  # of a handful of files, half is no alarm; so too for `etl status --check`


def usual_seen(connection: Connection, run: Run) -> int | None:
    """How many files a run over the same sources saw lately; None before there were enough such runs."""
    from statistics import median_low

    rows = connection.execute(
        "SELECT before.seen FROM runs AS this JOIN runs AS before ON before.id < this.id"
        " AND before.command = this.command AND before.sources = this.sources"
        " AND before.schedule IS NOT DISTINCT FROM this.schedule AND before.status IN ('done', 'suspect')"
        " WHERE this.id = %s AND this.command IN ('run', 'schedule') ORDER BY before.id DESC LIMIT %s",
        (run.id, RUNS_BEFORE),
    ).fetchall()
    return median_low(seen for (seen,) in rows) if len(rows) >= RUNS_NEEDED else None


def check(counts: Counts, usual: int | None, min_seen_share: float, max_reject_share: float) -> None:
    """Raise RunSuspect, saying which floor broke.

    `max_reject_share` is of the files with something to do: loaded, duplicate and rejected. Neither floor is
    asked for below FILES_NEEDED files.
    """
    if usual is not None and usual >= FILES_NEEDED and counts.seen < min_seen_share * usual:
        raise RunSuspect(f"it saw {counts.seen} files, usually {usual}")
    handled = counts.loaded + counts.duplicate + counts.rejected
    if handled >= FILES_NEEDED and counts.rejected > max_reject_share * handled:
        raise RunSuspect(f"it rejected {counts.rejected} of {handled} new or changed files")
