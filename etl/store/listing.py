"""The ledger in path order, read beside a walk in the same order: what differs is what a run must read.

The server sorts once, into a cursor that outlives the transaction, and gives a page at a time; so neither
side holds the whole, no snapshot stays open while batches commit, and no index on paths is needed (they
may be longer than an index entry).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from etl.model import Found
from etl.store.engine import Connection
from etl.store.ledger import Wanted, wanted_of
from etl.store.rows import Row

PAGE_FILES = 10_000
NAME = "known_files"
T = TypeVar("T", covariant=True)


class Surely(Protocol):
    """`Session.surely`: does work over a connection, on a new one if need be."""

    def __call__(self, work: Callable[[Connection], T]) -> T: ...


class Listing:
    """What the ledger knows below `tops`, by path in byte order."""

    def __init__(self, tops: Sequence[str]) -> None:
        self.tops = list(tops)
        self.begun = False
        self.connection: Connection | None = None  # the one that has the cursor
        self.page: list[Row] = []
        self.at = 0
        self.after = ""  # path of the last row that was fetched
        self.last = ""  # path of the last file that was compared

    def compare(self, surely: Surely, files: Sequence[Found]) -> tuple[list[Wanted], list[Found]]:
        """Those of `files` that must be read, and those out of order, of which the listing can't tell."""
        self.begun = True
        wanted, unsure = [], []
        for file in files:
            path = file.path
            if path <= self.last:
                unsure.append(file)
                continue
            self.last = path
            row = self.row(surely, path)
            if found := wanted_of(file, row and row[1:]):
                wanted.append(found)
        return wanted, unsure

    def row(self, surely: Surely, path: str) -> Row | None:
        """The row of a path, which lies after all that were asked for before; None if there is none."""
        while True:
            while self.at < len(self.page):
                row = self.page[self.at]
                if row[0] >= path:
                    return row if row[0] == path else None
                self.at += 1
            if self.at and len(self.page) < PAGE_FILES:
                return None  # the last page is behind us
            self.page, self.at = surely(self.fetch), 0
            if not self.page:
                self.page, self.at = [()], 1
                return None
            self.after = self.page[-1][0]

    def fetch(self, connection: Connection) -> list[Row]:
        """The next page. On a new connection the cursor is opened again behind what was fetched."""
        if connection is not self.connection:
            with connection.transaction():
                connection.execute("SET LOCAL statement_timeout = 0")
                connection.execute(
                    f"DECLARE {NAME} NO SCROLL CURSOR WITH HOLD FOR"
                    " SELECT path, size, mtime_ns, state, records_done FROM source_files AS f"
                    " WHERE EXISTS (SELECT FROM unnest(%s::text[]) AS t (path)"
                    "   WHERE f.path = t.path OR starts_with(f.path, rtrim(t.path, '/') || '/'))"
                    ' AND f.path COLLATE "C" > %s ORDER BY f.path COLLATE "C"',
                    (self.tops, self.after),
                )
            self.connection = connection
        return connection.execute(f"FETCH {PAGE_FILES} FROM {NAME}").fetchall()
