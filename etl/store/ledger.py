"""The ledger: which files were read, what could not be loaded, and so what a run has still to do."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from etl.model import Found, Leaf
from etl.store.batch import Batch, path_key
from etl.store.engine import Connection
from etl.store.rows import MAX_DETAIL, Row
from etl.store.runs import Run

SETTLED = ("loaded", "rejected")
UNDONE = ("reread", "partial")
ASKED_BYTES = 8  # of a SHA-256, sent to ask whether it is known; the whole comes back and is compared here


class Wanted(NamedTuple):
    """A file that a run must read and why: new, changed (or once unreadable), reread, partial.

    `records_done`: of a partial file, the leaves that a run loaded before it was interrupted.
    """

    found: Found
    why: str
    records_done: int = 0


def to_read(connection: Connection, files: Sequence[Found]) -> list[Wanted]:
    """Those of `files` that a run must read, in order.

    The rest are unchanged: path, size and modification time are those of the ledger. A path is asked for by
    the first bytes of its key, and the key that comes back compared: two paths that begin alike cost a needless
    reading of one of them, no more.
    """
    keys = [path_key(f.path) for f in files]
    rows = connection.execute(
        "SELECT s.path_sha256, s.size, s.mtime_ns, s.state, s.records_done FROM unnest(%b::bytea[]) AS f (start)"
        " CROSS JOIN LATERAL (SELECT path_sha256, size, mtime_ns, state, records_done FROM source_files"
        "   WHERE path_sha256 >= f.start ORDER BY path_sha256 LIMIT 1) AS s"
        f" WHERE substr(s.path_sha256, 1, {ASKED_BYTES}) = f.start",
        ([key[:ASKED_BYTES] for key in keys],),
        binary=True,
    )
    known = {row[0]: row[1:] for row in rows}
    wanted = (wanted_of(file, known.get(key)) for file, key in zip(files, keys, strict=True))
    return [w for w in wanted if w is not None]


def wanted_of(found: Found, row: Row | None) -> Wanted | None:
    """A file to be read, with the reason that its row of the ledger gives (size, mtime_ns, state, records_done);
    None if it is unchanged.
    """
    if row is None:
        return Wanted(found, "new")
    size, mtime_ns, state, records_done = row
    if (size, mtime_ns) != (found.size, found.mtime_ns):
        return Wanted(found, "changed")
    if state in SETTLED:
        return None
    return Wanted(found, state if state in UNDONE else "changed", records_done if state == "partial" else 0)


def known_bytes(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, tuple[int, datetime | None]]:
    """Those of `hashes` (SHA-256 of a leaf's bytes) under which an article was found before: the newest
    sighting's id, and when it was published. Asked for by their first bytes, as paths are.
    """
    rows = connection.execute(
        "SELECT DISTINCT ON (s.raw_sha256) s.raw_sha256, s.id, s.published_at"
        " FROM unnest(%b::bytea[]) AS f (start) CROSS JOIN LATERAL (SELECT raw_sha256 FROM sightings"
        "   WHERE raw_sha256 >= f.start ORDER BY raw_sha256 LIMIT 1) AS first"
        " JOIN sightings AS s ON s.raw_sha256 = first.raw_sha256"
        f" WHERE substr(first.raw_sha256, 1, {ASKED_BYTES}) = f.start ORDER BY s.raw_sha256, s.id DESC",
        (sorted({sha256[:ASKED_BYTES] for sha256 in hashes}),),
    )
    return {sha256: (number, published_at) for sha256, number, published_at in rows}


def files_to_reread(connection: Connection) -> list[Found]:
    """Files that must be read again although they did not change, wherever they lie.

    Such a file holds the best copy left of an article whose best copy went away.
    """
    rows = connection.execute(
        "SELECT path, size, mtime_ns FROM source_files WHERE state = 'reread' ORDER BY path COLLATE \"C\""
    )
    return [Found(*row) for row in rows]


def unreadable_paths(connection: Connection) -> list[str]:
    """Paths rejected because nothing could be read there; what stands there now may be something else."""
    rows = connection.execute(
        "SELECT DISTINCT path FROM rejections"
        " WHERE resolved_by IS NULL AND reason ~ '^(unreadable|not_regular)' ORDER BY path"
    )
    return [row[0] for row in rows]


def resolve_paths(connection: Connection, run: Run, paths: Sequence[str]) -> None:
    """Close the open rejections of paths at which there is nothing left to load, while the run is ours."""
    connection.execute(
        "UPDATE rejections SET resolved_by = %s WHERE resolved_by IS NULL AND path_sha256 = ANY(%s)"
        " AND EXISTS (SELECT FROM runs WHERE id = %s AND token = %s AND status = 'running')",
        (run.id, [path_key(path) for path in paths], run.id, run.token),
    )


def open_rejections(connection: Connection) -> int:
    """How many leaves are rejected at present."""
    row = connection.execute("SELECT count(*) FROM rejections WHERE resolved_by IS NULL").fetchone()
    return row[0] if row else 0


def mark_rejected(connection: Connection, reason: str | None, numbers: Sequence[int]) -> list[str]:
    """Mark the files of open rejections to be read again, and name them in order; all of them without a filter.

    `reason` is one, or a family of them: `binary` stands for `binary_image` too.

    Rejections themselves stay as they are until their leaf is loaded or rejected anew.
    """
    with connection.transaction():
        rows = connection.execute(
            "SELECT DISTINCT path, path_sha256 FROM rejections WHERE resolved_by IS NULL"
            " AND (%(reason)s::text IS NULL OR reason = %(reason)s OR starts_with(reason, %(reason)s || '_'))"
            " AND (%(numbers)s::bigint[] = '{}' OR id = ANY(%(numbers)s::bigint[]))",
            {"reason": reason, "numbers": list(numbers)},
        ).fetchall()
        connection.execute(
            "UPDATE source_files SET state = 'reread' WHERE state IN ('loaded', 'rejected') AND path_sha256 = ANY(%s)",
            ([key for _, key in rows],),
        )
    return sorted(path for path, _ in rows)


def mark_known(
    connection: Connection,
    tops: Sequence[str],
    since: date | None = None,
    until: date | None = None,
    limit: int | None = None,
) -> int:
    """Mark the settled files below `tops` to be read again, those with an article of the window if one is given.

    Nothing is marked while marks of an earlier, interrupted pass are left there: that one is finished first.
    Returns how many files are to be read again.
    """
    below = "(f.path = t.path OR starts_with(f.path, rtrim(t.path, '/') || '/'))"
    with connection.transaction():
        left = connection.execute(
            "SELECT count(*) FROM source_files AS f WHERE state = 'reread'"
            f" AND EXISTS (SELECT FROM unnest(%s::text[]) AS t (path) WHERE {below})",
            (list(tops),),
        ).fetchone()
        if left and left[0]:
            return int(left[0])
        done = connection.execute(
            "UPDATE source_files SET state = 'reread' WHERE id IN (SELECT f.id FROM source_files AS f"
            " WHERE state = ANY(%(settled)s)"
            f" AND EXISTS (SELECT FROM unnest(%(tops)s::text[]) AS t (path) WHERE {below})"
            " AND (%(since)s::date IS NULL AND %(until)s::date IS NULL OR EXISTS (SELECT FROM sightings AS s"
            "   WHERE s.source_file_id = f.id AND s.is_current"
            "   AND (s.published_at AT TIME ZONE 'Asia/Shanghai')::date"
            "     BETWEEN coalesce(%(since)s, '-infinity'::date) AND coalesce(%(until)s, 'infinity'::date)))"
            ' ORDER BY f.path COLLATE "C" LIMIT %(limit)s)',
            {"tops": list(tops), "since": since, "until": until, "limit": limit, "settled": list(SETTLED)},
        )
    return done.rowcount


def is_rejected(leaf: Leaf) -> bool:
    return leaf.processed is not None and leaf.processed.reason is not None


def write_files(batch: Batch, leaves: Sequence[Leaf]) -> None:
    """One `source_files` row per path of the batch (leaves sorted by path), written where it is new or differs.

    A container is partial until the batch with its last leaf.
    """
    states = {path: file_row(list(mine)) for path, mine in groupby(leaves, lambda x: x.found.path)}
    earlier = {x.found.path: x.sighting_id for x in leaves if x.sighting_id and x.raw_sha256 == x.file_sha256}
    insert_files(batch, {x.found.path: states[x.found.path] for x in leaves if x.is_new}, earlier)
    paths = {path_key(path): path for path in states if path not in batch.file_ids}
    if not paths:
        return
    known = batch.rows(
        "SELECT path_sha256, id, size, mtime_ns, sha256, state, records_done"
        " FROM source_files WHERE path_sha256 = ANY(%b::bytea[])",
        list(paths),
    )
    columns = ("size", "mtime_ns", "sha256", "state", "records_done", "seen_at", "run_id")
    for key, file_id, *before in known:
        path = paths[key]
        batch.file_ids[path] = file_id
        if tuple(before) != states[path]:
            batch.update("source_files", file_id, columns, (*states[path], batch.now, batch.run.id))
    insert_files(batch, {path: row for path, row in states.items() if path not in batch.file_ids}, earlier)


def insert_files(batch: Batch, states: Mapping[str, Row], earlier: Mapping[str, int]) -> None:
    """New rows of `source_files`, in path order; what the ledger knows after all is left as it is.

    What the rows share is sent once, the key of a path is worked out by the server, and the hash of a file is
    copied from a sighting of the same bytes, where `earlier` has one: names and hashes are most of what a copied
    folder costs.
    """
    start = os.path.commonprefix(list(states))  # noqa: RUF071 - of the strings, not of folders
    for (state, done, copied), paths in by_state(states, earlier).items():
        sizes, times, hashes = zip(*(states[path][:3] for path in paths), strict=True)
        made = batch.rows(
            "INSERT INTO source_files"
            " (path, path_sha256, size, mtime_ns, sha256, state, records_done, seen_at, run_id)"
            " SELECT %s || name, sha256(convert_to(%s || name, 'UTF8')), size, mtime_ns,"
            " coalesce(f.sha256, s.raw_sha256), %s, %s, %s, %s"
            " FROM unnest(%s::text[], %s::bigint[], %b::bigint[], %b::bytea[], %s::bigint[])"
            " WITH ORDINALITY AS f (name, size, mtime_ns, sha256, sighting_id, n)"
            " LEFT JOIN sightings AS s ON s.id = f.sighting_id ORDER BY n"
            " ON CONFLICT (path_sha256) DO NOTHING RETURNING path, id",
            *(start, start, state, done, batch.now, batch.run.id),
            *([path[len(start) :] for path in paths], list(sizes), list(times)),
            *(([], [earlier[path] for path in paths]) if copied else (list(hashes), [])),
        )
        batch.file_ids.update((path, number) for path, number in made)
        batch.new_files.update(path for path, _ in made)


def by_state(states: Mapping[str, Row], earlier: Collection[str]) -> dict[tuple[str, int, bool], list[str]]:
    """(state, records done, whether in `earlier`) -> paths of those files."""
    groups: dict[tuple[str, int, bool], list[str]] = {}
    for path in sorted(states):
        _, _, _, state, done = states[path]
        groups.setdefault((state, done, path in earlier), []).append(path)
    return groups


def file_row(leaves: Sequence[Leaf]) -> Row:
    """Size, time, hash, state and records done of one file, from those of its leaves that are in hand."""
    found = leaves[0].found
    if any(x.file_sha256 is None for x in leaves):
        return (found.size, found.mtime_ns, None, "unreadable", 0)
    whole = any(x.last for x in leaves)
    good = not all(map(is_rejected, leaves))  # one good leaf makes a loaded file
    state = "partial" if not whole else "loaded" if good else "rejected"
    done = 0 if whole else max(x.position for x in leaves)
    return (found.size, found.mtime_ns, leaves[0].file_sha256, state, done)


def write_rejections(batch: Batch, leaves: Sequence[Leaf]) -> None:
    """Open a rejection per rejected leaf, touch it only where it differs, resolve those that no longer hold."""
    still_open = open_of(batch, {x.found.path for x in leaves} - batch.new_files)
    here = {(path_key(x.found.path), x.member, x.record_no) for x in leaves}
    lasts = {path_key(x.found.path): x for x in leaves if x.last}
    columns = ("reason", "detail", "sha256", "rejected_at", "run_id")
    new = []
    for leaf in filter(is_rejected, leaves):
        assert leaf.processed is not None
        batch.counts.rejected += 1
        content = (leaf.processed.reason, leaf.processed.detail[:MAX_DETAIL], leaf.raw_sha256)
        key = (path_key(leaf.found.path), leaf.member, leaf.record_no)
        number, before = still_open.pop(key, (None, None))
        row = (*content, batch.now, batch.run.id)
        if number is None:
            new.append((leaf.found.path, *key, *row))
        elif before != content:
            batch.update("rejections", number, columns, row)
    batch.copy("rejections", ("path", "path_sha256", "member", "line", *columns), new)
    numbers = [
        number
        for (path, member, line), (number, _) in still_open.items()
        if (path, member, line) in here or is_gone(lasts.get(path), member, line)
    ]
    if numbers:
        batch.do("UPDATE rejections SET resolved_by = %s WHERE id = ANY(%s)", batch.run.id, numbers)


def open_of(
    batch: Batch, paths: Collection[str]
) -> dict[tuple[bytes, str | None, int | None], tuple[int, Row]]:
    """The open rejections of files: (path_sha256, member, line) -> number and (reason, detail, sha256)."""
    if not paths:
        return {}
    rows = batch.rows(
        "SELECT id, path_sha256, member, line, reason, detail, sha256 FROM rejections"
        " WHERE resolved_by IS NULL AND path_sha256 = ANY(%b::bytea[])",
        sorted(map(path_key, paths)),
    )
    return {(key, member, line): (number, tuple(content)) for number, key, member, line, *content in rows}


def is_gone(last: Leaf | None, member: str | None, record_no: int | None) -> bool:
    """Whether a file whose last leaf is in hand holds no such leaf any more; no if it is not in hand."""
    if last is None:
        return False
    if last.extent is None:  # the file is one leaf; or a container of which nothing could be read
        return last.position == 1
    highest = last.extent.get(member, -1)
    return (record_no or 0) > highest or (record_no is None and highest > 0)
