"""What an operator asks of the runs: what ran lately, what came in, what failed and why, what is next.

One round of short queries; with `runs` indexed by its start, what is older than a month costs nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from etl.store.engine import Connection
from etl.store.query import Record, records

LOADING = ("run", "schedule", "backfill")  # commands whose success means that data is coming in
TROUBLES_SHOWN = 20


def day(connection: Connection) -> Record:
    """Everything that `etl status` tells and its alarms weigh. Times are the server's."""
    [sums] = records(
        connection,
        "SELECT clock_timestamp() AS now, count(*) FILTER (WHERE status <> 'refused') AS runs,"
        " coalesce(sum(loaded), 0)::bigint AS loaded, coalesce(sum(duplicate), 0)::bigint AS duplicate,"
        " coalesce(sum(incidents), 0)::bigint AS incidents, coalesce(sum(missed), 0)::bigint AS missed,"
        " count(*) FILTER (WHERE status <> 'waiting' AND started_at > due_at + interval '1 min') AS late,"
        " (SELECT count(*) FROM rejections AS r JOIN runs AS n ON n.id = r.run_id"
        "   WHERE r.resolved_by IS NULL AND n.started_at > now() - interval '1 day') AS rejected"
        " FROM runs WHERE started_at > now() - interval '1 day'",
    )
    return {
        **sums,
        "statuses": statuses(connection),
        "troubles": troubles(connection),
        "current": current(connection),
        "schedules": schedules(connection),
        "sources": sources(connection),
        "last_success": last_success(connection),
        "last_ended": last_ended(connection),
        "rejections": open_rejections(connection),
    }


def statuses(connection: Connection) -> dict[str, int]:
    """How many runs of the last day ended how."""
    found = records(
        connection,
        "SELECT status, count(*) AS runs FROM runs WHERE started_at > now() - interval '1 day'"
        " GROUP BY status ORDER BY status",
    )
    return {row["status"]: row["runs"] for row in found}


def troubles(connection: Connection) -> list[Record]:
    """Runs of the last day that did not end well, the newest first."""
    return records(
        connection,
        "SELECT id, command, status, started_at, ended_at, error FROM runs"
        " WHERE started_at > now() - interval '1 day'"
        " AND status IN ('failed', 'suspect', 'lost', 'stopped', 'refused') ORDER BY started_at DESC LIMIT %s",
        TROUBLES_SHOWN,
    )


def current(connection: Connection) -> list[Record]:
    """The run that is going on, and due runs that wait for it."""
    return records(
        connection,
        "SELECT id, command, schedule, due_at, status, owner, started_at, heartbeat_at,"
        " expected, seen, loaded, rejected,"
        " error, extract(epoch FROM clock_timestamp() - heartbeat_at)::float8 AS silent_s FROM runs"
        " WHERE status IN ('running', 'waiting') ORDER BY status, id DESC",
    )


def schedules(connection: Connection) -> list[Record]:
    """Each schedule with the newest slot taken, the next one, and how the last run to its end went.

    `replaced` if another schedule of the same sources, or of folders below or above them, came after it: that
    is one which ran later, and never while this one did. Whoever sets `next_due_at` to null retires a schedule.
    The recursion walks from one name to the next in the index instead of reading every run.
    """
    return records(
        connection,
        "WITH RECURSIVE names (schedule) AS (SELECT min(schedule) FROM runs UNION ALL"
        "  SELECT (SELECT min(r.schedule) FROM runs AS r WHERE r.schedule > names.schedule) FROM names"
        "  WHERE names.schedule IS NOT NULL), newest AS (SELECT taken.* FROM names CROSS JOIN LATERAL"
        "  (SELECT r.schedule, r.due_at, r.next_due_at, r.started_at, r.sources, r.status FROM runs AS r"
        "    WHERE r.schedule = names.schedule AND r.due_at IS NOT NULL ORDER BY r.due_at DESC LIMIT 1) AS taken)"
        " SELECT newest.*, ended.id AS ended_id, ended.status AS ended_as, ended.error AS ended_why,"
        "  EXISTS (SELECT FROM newest AS other WHERE other.schedule <> newest.schedule"
        "   AND other.started_at > newest.next_due_at AND EXISTS (SELECT FROM unnest(other.sources) AS a (path),"
        "     unnest(newest.sources) AS b (path) WHERE a.path = b.path"
        "     OR starts_with(a.path, rtrim(b.path, '/') || '/') OR starts_with(b.path, rtrim(a.path, '/') || '/'))"
        "   AND NOT EXISTS (SELECT FROM runs AS r WHERE r.schedule = other.schedule AND r.due_at BETWEEN"
        "     (SELECT min(f.due_at) FROM runs AS f WHERE f.schedule = newest.schedule) AND newest.due_at)) AS replaced"
        " FROM newest LEFT JOIN LATERAL (SELECT r.id, r.status, r.error FROM runs AS r"
        "   WHERE r.schedule = newest.schedule AND r.due_at IS NOT NULL AND r.status IN ('done', 'suspect', 'failed')"
        "   ORDER BY r.due_at DESC LIMIT 1) AS ended ON true"
        " WHERE newest.next_due_at IS NOT NULL ORDER BY newest.next_due_at",
    )


def sources(connection: Connection) -> list[Record]:
    """What was looked at in the last day, with the last time that it brought something new within the last month."""
    return records(
        connection,
        "SELECT s.path, min(r.started_at) AS first_looked, max(r.started_at) AS last_looked,"
        " max(r.started_at) FILTER (WHERE (r.news ->> s.path)::bigint > 0) AS last_news,"
        " coalesce(sum((r.news ->> s.path)::bigint)"
        "   FILTER (WHERE r.started_at > now() - interval '1 day'), 0)::bigint AS new"
        " FROM runs AS r CROSS JOIN unnest(r.sources) AS s (path)"
        " WHERE r.started_at > now() - interval '32 days'"
        " AND r.command IN ('run', 'schedule') AND r.news ? s.path"
        " GROUP BY s.path HAVING max(r.started_at) > now() - interval '1 day' ORDER BY s.path",
    )


def last_success(connection: Connection) -> datetime | None:
    """When a loading run last ended as done."""
    row = connection.execute(
        "SELECT ended_at FROM runs WHERE status = 'done' AND command = ANY(%s) ORDER BY id DESC LIMIT 1",
        (list(LOADING),),
    ).fetchone()
    return row[0] if row else None


def last_ended(connection: Connection) -> Record | None:
    """The newest loading run that ended, in whatever way."""
    found = records(
        connection,
        "SELECT id, command, status, started_at, ended_at, seen, loaded, duplicate, unchanged, rejected, skipped,"
        " error FROM runs WHERE ended_at IS NOT NULL AND status <> 'refused' AND command = ANY(%s)"
        " ORDER BY ended_at DESC LIMIT 1",
        list(LOADING),
    )
    return found[0] if found else None


def open_rejections(connection: Connection) -> list[Record]:
    """Open rejections by reason, the most frequent first."""
    return records(
        connection,
        "SELECT r.reason, n.zh, count(*) AS open FROM rejections AS r"
        " JOIN rejection_reasons AS n ON n.code = r.reason WHERE r.resolved_by IS NULL"
        " GROUP BY r.reason, n.zh ORDER BY open DESC, r.reason",
    )


def sums_of_all_runs(connection: Connection) -> dict[str, Any]:
    """What counters need: everything that ever happened, which only grows."""
    [sums] = records(
        connection,
        "SELECT sum(loaded)::bigint AS loaded, sum(duplicate)::bigint AS duplicate,"
        " sum(unchanged)::bigint AS unchanged, sum(rejected)::bigint AS rejected,"
        " sum(skipped)::bigint AS skipped, sum(missed)::bigint AS missed FROM runs",
    )
    found = records(
        connection,
        "SELECT status, count(*) AS runs FROM runs WHERE status NOT IN ('running', 'waiting') GROUP BY status",
    )
    return {**{k: v or 0 for k, v in sums.items()}, "runs": {row["status"]: row["runs"] for row in found}}
