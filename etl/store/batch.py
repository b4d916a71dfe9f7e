"""One batch while it is decided and written: the connection, the run, and the few verbs that all parts share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from etl.model import Signature
from etl.store.engine import Connection
from etl.store.rows import Row
from etl.store.runs import Counts, Run

BATCH_LOCK = 7_416_020_003  # any constant; held by a batch from its first look-up to its commit


@dataclass(slots=True)
class Batch:
    """`changes` collects (entity, id, operation, old row) and is written last.

    `signatures` are those of the articles whose text is new here, by article id; `retold` are articles
    whose incidents are.
    """

    connection: Connection
    run: Run
    now: datetime
    counts: Counts = field(default_factory=Counts)
    file_ids: dict[str, int] = field(default_factory=dict)  # by path
    changes: list[Row] = field(default_factory=list)
    signatures: dict[int, Signature] = field(default_factory=dict)
    retold: set[int] = field(default_factory=set)

    def rows(self, query: LiteralString, *parameters: Any) -> list[Row]:
        """All rows of a query."""
        return self.connection.execute(query, parameters).fetchall()

    def do(self, statement: LiteralString, *parameters: Any) -> None:
        """Run a statement that returns nothing."""
        self.connection.execute(statement, parameters)

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Send rows by COPY."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        rows = list(rows)
        if not rows:
            return
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

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


def path_key(path: str) -> bytes:
    """What stands for a path in indexes, which take no more than 2.7 kB."""
    return hashlib.sha256(path.encode()).digest()
