"""One batch while it is decided and written: the connection, the run, and the few verbs that all parts share."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from etl.model import Leaf, Signature
from etl.stages.link.events import Told
from etl.stages.link.stories import StoryVerdict
from etl.store import copied
from etl.store.engine import Connection, is_data_error
from etl.store.rows import Row
from etl.store.runs import Counts, Run

BATCH_LOCK = 7_416_020_003  # any constant; held by a batch from its first look-up to its commit


# the bytes of leaves, as hashes: a number is a sixth of a hash to send (`bytes_of`)
BYTES: LiteralString = (
    "SELECT raw_sha256 FROM sightings WHERE id = ANY(%s) UNION ALL SELECT unnest(%b::bytea[])"
)

LeafKey = tuple[str, str | None, int | None]  # path, member, record_no

# COPY articles, line 618, column title: ...; also in the languages that the server may speak
COPY_LINE_RE = re.compile(r"^COPY [^,]{1,80}, \D{1,20}(\d{1,9})", re.M)


# Key (place)=(x) is not present in table "y": the names and values, in any language of the server
KEY_RE = re.compile(r"\(([a-z_, ]{1,200})\)=\((.{0,500}?)\) ?[^()]{0,300}$", re.S)


class BadRow(Exception):
    """A row was refused, by the client or the server, for what it holds; the refusal is the cause."""

    def __init__(self, leaf: LeafKey) -> None:
        super().__init__("a row was refused")
        self.leaf = leaf


def row_refused(error: Exception, sent: int, columns: Sequence[str], rows: Sequence[Row]) -> int:
    """The index of the row that a failed COPY stumbled over; -1 if the server does not say.

    `sent` is the row in hand, at fault if the client itself refused it. A foreign key is checked when all rows
    are in, so that no line is named, but the key is, and the row has it.
    """
    if getattr(error, "sqlstate", None) is None:
        return sent
    context = error.diag.context if isinstance(error, psycopg.Error) else None
    match = COPY_LINE_RE.search(context or "")
    if match:
        return int(match[1]) - 1
    detail = error.diag.message_detail if isinstance(error, psycopg.Error) else None
    key = KEY_RE.search(detail or "")
    if key is None or not set(names := key[1].split(", ")) <= set(columns):
        return -1
    at = [columns.index(name) for name in names]
    return next((n for n, row in enumerate(rows) if ", ".join(str(row[i]) for i in at) == key[2]), -1)


@dataclass(slots=True)
class Batch:
    """`changes` collects (entity, id, operation, old row) and is written last.

    `owners` tells which leaf is at fault when a row of its article is refused.

    `signatures` are those of the articles whose text is new here, by article id; `retold` are articles
    whose incidents are. `told` are incidents read for comparison. `texts` are the body, time of publication
    and content hash of new articles, `stories` what was found to be alike to them before they were written.
    """

    connection: Connection
    run: Run
    now: datetime
    counts: Counts = field(default_factory=Counts)
    file_ids: dict[str, int] = field(default_factory=dict)  # by path
    new_files: set[str] = field(default_factory=set)  # paths that the ledger did not know before this batch
    changes: list[Row] = field(default_factory=list)
    signatures: dict[int, Signature] = field(default_factory=dict)
    retold: set[int] = field(default_factory=set)
    told: dict[int, Told] = field(default_factory=dict)
    texts: dict[int, tuple[str, datetime | None, bytes]] = field(default_factory=dict)
    stories: dict[tuple[int, int], StoryVerdict] = field(default_factory=dict)
    owners: dict[tuple[str, int], LeafKey] = field(default_factory=dict)  # of new articles, incidents

    def rows(self, query: LiteralString, *parameters: Any) -> list[Row]:
        """All rows of a query."""
        return self.connection.execute(query, parameters).fetchall()

    def do(self, statement: LiteralString, *parameters: Any) -> None:
        """Run a statement that returns nothing."""
        self.connection.execute(statement, parameters)

    def copy(
        self, table: str, columns: Sequence[str], rows: Iterable[Row], of: Sequence[LeafKey] = ()
    ) -> None:
        """Send rows by COPY; lists in them are lists of texts.

        `of` names the leaf of each: BadRow is raised with that of a row that is refused.
        """
        rows = list(rows)
        if not rows:
            return
        at = 0
        try:
            with self.connection.cursor() as cursor:
                copied.prepare(cursor)
                with cursor.copy(copy_statement(table, columns)) as copy:
                    for at, row in enumerate(rows):  # noqa: B007  (the row at which it fails)
                        copy.write_row(row)
        except (psycopg.Error, ValueError, ArithmeticError) as e:
            at = row_refused(e, at, columns, rows)
            if not is_data_error(e) or not 0 <= at < len(rows):
                raise
            owner = of[at] if of else self.owner(columns, rows[at])
            if owner is None:
                raise
            raise BadRow(owner) from e

    def copy_numbers(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[int]]) -> None:
        """Send rows of numbers by COPY: many short ones go several times quicker as one text than row by row."""
        if rows:
            with self.connection.cursor() as cursor, cursor.copy(copy_statement(table, columns)) as copy:
                line = "\t".join(["%d"] * len(columns)) + "\n"
                copy.write("".join([line % tuple(row) for row in rows]))

    def owner(self, columns: Sequence[str], row: Row) -> LeafKey | None:
        """The leaf from which the new article came that a row belongs to, by itself or through its incident."""
        value = dict(zip(columns, row, strict=True))
        if "incident_id" in value:
            return self.owners.get(("incident", value["incident_id"]))
        return self.owners.get(("article", value["article_id"])) if "article_id" in value else None

    def update(self, table: str, number: int, columns: Sequence[str], row: Sequence[Any]) -> None:
        """Set columns of the row with this id."""
        pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(c)) for c in columns)
        statement = sql.SQL("UPDATE {} SET {} WHERE id = %s").format(sql.Identifier(table), pairs)
        self.connection.execute(statement, (*row, number))

    def lock(self) -> None:
        """Keep every other batch out until this one commits."""
        self.do("SELECT pg_advisory_xact_lock(%s)", BATCH_LOCK)

    def draw(self, table: LiteralString, count: int) -> list[int]:
        """New ids of a table; none is drawn for none wanted, so that a run without news uses no sequence."""
        if not count:
            return []
        sequence = f"{table}_id_seq"
        drawn = self.rows("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", sequence, count)
        return [row[0] for row in drawn]

    def changed(self, entity: str, number: int, operation: str, old: Any = None) -> None:
        """Remember a change for the feed."""
        self.changes.append((entity, number, operation, old))

    def write_changes(self) -> None:
        """Write the feed: the last inserts of a batch, before its fence."""
        columns = ("entity", "entity_id", "operation", "old", "run_id")
        self.copy("changes", columns, [(*change, self.run.id) for change in self.changes])


def still_so(batch: Batch, leaves: Sequence[Leaf]) -> list[Leaf]:
    """`leaves`, with their `sighting_id` only where that is a sighting of the same bytes now."""
    numbers = sorted({x.sighting_id for x in leaves if x.sighting_id})
    if not numbers:
        return list(leaves)
    stored: dict[int, bytes] = dict(
        batch.rows("SELECT id, raw_sha256 FROM sightings WHERE id = ANY(%s)", numbers)
    )
    return [
        x
        if x.sighting_id is None or stored.get(x.sighting_id) == x.raw_sha256
        else replace(x, sighting_id=None)
        for x in leaves
    ]


def bytes_of(leaves: Iterable[Leaf]) -> tuple[list[int], list[bytes]]:
    """The parameters of BYTES: earlier sightings of the same bytes, and the hashes of bytes without one."""
    numbers = {x.sighting_id for x in leaves if x.sighting_id}
    hashes = {x.raw_sha256 for x in leaves if x.raw_sha256 and not x.sighting_id}
    return sorted(numbers), sorted(hashes)


def copy_statement(table: str, columns: Sequence[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)


def path_key(path: str) -> bytes:
    """What stands for a path in indexes, which take no more than 2.7 kB."""
    return hashlib.sha256(path.encode()).digest()
