"""What the commands that only look ask the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg.rows import dict_row

from etl.store.engine import Connection

Record = dict[str, Any]


def records(connection: Connection, query: LiteralString, *parameters: Any) -> list[Record]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def last_runs(connection: Connection, limit: int) -> list[Record]:
    """The newest runs, newest first."""
    return records(
        connection,
        "SELECT id, command, status, owner, started_at, ended_at, seen, loaded, duplicate, unchanged,"
        " rejected, skipped, incidents, error FROM runs ORDER BY id DESC LIMIT %s",
        limit,
    )


def totals(connection: Connection) -> Record:
    """How much is loaded, and how much of it could not be."""
    return records(
        connection,
        "SELECT (SELECT count(*) FROM articles WHERE superseded_at IS NULL) AS articles,"
        " (SELECT count(*) FROM sightings WHERE is_current) AS sightings,"
        " (SELECT count(*) FROM incidents AS i JOIN articles AS a ON a.id = i.article_id"
        "   WHERE i.withdrawn_at IS NULL AND a.superseded_at IS NULL) AS incidents,"
        " (SELECT count(*) FROM reported_figures) AS figures,"
        " (SELECT count(*) FROM agencies) AS agencies,"
        " (SELECT count(*) FROM rejections WHERE resolved_by IS NULL) AS open_rejections",
    )[0]


def kinds(connection: Connection, limit: int) -> list[Record]:
    """Current incidents per kind, most frequent first."""
    return records(
        connection,
        "SELECT k.code, k.zh, k.en, count(*) AS incidents FROM incidents AS i"
        " JOIN articles AS a ON a.id = i.article_id JOIN incident_kinds AS k ON k.code = i.kind"
        " WHERE i.withdrawn_at IS NULL AND a.superseded_at IS NULL"
        " GROUP BY k.code, k.zh, k.en ORDER BY incidents DESC, k.code LIMIT %s",
        limit,
    )


def rejections(connection: Connection, reason: str | None, resolved: bool) -> list[Record]:
    """Rejections, open ones unless `resolved`, by path; of one reason or family of reasons if given."""
    return records(
        connection,
        "SELECT r.id, r.path, r.member, r.line, r.reason, n.zh, n.en, r.detail, r.rejected_at"
        " FROM rejections AS r JOIN rejection_reasons AS n ON n.code = r.reason"
        " WHERE (r.resolved_by IS NOT NULL) = %s AND (%s::text IS NULL OR r.reason = %s"
        "   OR starts_with(r.reason, %s || '_'))"
        ' ORDER BY r.path COLLATE "C", r.member, r.line, r.id',
        resolved,
        reason,
        reason,
        reason,
    )


def rejection(connection: Connection, number: int) -> Record | None:
    """One rejection, whole."""
    found = records(
        connection,
        "SELECT r.id, r.path, r.member, r.line, r.reason, n.zh, n.en, n.note AS what_to_do,"
        " n.note_zh AS what_to_do_zh, r.detail,"
        " encode(r.sha256, 'hex') AS sha256, r.rejected_at, r.run_id, r.resolved_by"
        " FROM rejections AS r JOIN rejection_reasons AS n ON n.code = r.reason WHERE r.id = %s",
        number,
    )
    return found[0] if found else None


def open_numbers(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Those of `numbers` under which a rejection is open."""
    found = connection.execute(
        "SELECT id FROM rejections WHERE resolved_by IS NULL AND id = ANY(%s::numeric[])", (list(numbers),)
    )
    return {row[0] for row in found}


def has_words(connection: Connection, words: str) -> bool:
    """Whether anything is left to search for without spaces and punctuation."""
    row = connection.execute("SELECT search_query(%s) IS NOT NULL", (words,)).fetchone()
    return bool(row and row[0])


def search(connection: Connection, words: str, limit: int, marks: tuple[str, str]) -> list[Record]:
    """Articles that contain all the words, best first; `marks` stand around each word of the snippet."""
    return records(connection, "SELECT * FROM search_articles(%s, %s, %s, %s)", words, limit, *marks)


def report_rows(connection: Connection, queries: Mapping[str, str]) -> dict[str, list[Record]]:
    """The rows of each query, name -> rows; all from one look at the incidents.

    The view is evaluated once: inside the statement its name stands for what it gave.
    """
    parts = [f"{name} AS ({query})" for name, query in queries.items()]
    everything = " UNION ALL ".join(
        f"SELECT '{name}' AS name, to_jsonb(q) AS row FROM {name} AS q" for name in queries
    )
    statement = (
        "WITH current_incidents AS MATERIALIZED (SELECT event_id, incident_id, article_id, kind, kind_zh, kind_en,"
        " occurred_on, occurred_from, occurred_precision, in_province, station, station_full, outcome, title"
        f" FROM current_incidents), {', '.join(parts)} {everything}"
    )
    found: dict[str, list[Record]] = {name: [] for name in queries}
    with connection.transaction():
        connection.execute("SET LOCAL jit = off")
        connection.execute("SET LOCAL work_mem = '128MB'")
        for name, row in connection.execute(statement.encode()):
            found[name].append(row)
    return found
