"""The ledger in path order, read beside a walk in the same order: what differs is what a run must read.

The server sorts once, into a cursor that outlives the transaction, and gives a page at a time; so neither
side holds the whole, no snapshot stays open while batches commit, and no index on paths is needed (they
may be longer than an index entry).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Protocol, TypeVar

from etl.model import Found
from etl.store.engine import Connection
from etl.store.ledger import SETTLED, Wanted
from etl.store.rows import Row

PAGE_FILES = 10_000
SORT_MEMORY = "32MB"  # of the server, for the cursor; it sorts the rest on disk
NAME = "known_files"
PATH = itemgetter(0)
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
        self.ended = False  # no page comes after this one
        self.after = ""  # path of the last row that was fetched
        self.last = ""  # path of the last file that was compared

    def compare(self, surely: Surely, files: Sequence[Found]) -> tuple[list[Wanted], list[Found]]:
        """Those of `files` that are new, and those to be asked for by key: out of order, or not as they were."""
        self.begun = True
        ordered, unsure = self.in_order(files)
        wanted: list[Wanted] = []
        at = 0
        while at < len(ordered):
            path = ordered[at].path
            while not self.ended and (not self.page or self.page[-1][0] < path):
                self.page = surely(self.fetch)
            to = len(ordered) if self.ended else bisect_right(ordered, self.page[-1][0], at, key=PATH)
            start = bisect_left(self.page, path, key=PATH)
            end = bisect_right(self.page, ordered[to - 1].path, start, key=PATH)
            new, doubtful = differing(ordered[at:to], self.page[start:end])
            wanted += [Wanted(file, "new") for file in new]
            unsure += doubtful
            at = to
        return wanted, unsure

    def in_order(self, files: Sequence[Found]) -> tuple[list[Found], list[Found]]:
        """The files that each come after all before them, and the others."""
        ordered: list[Found] = []
        unsure: list[Found] = []
        last = self.last
        for file in files:
            if file[0] > last:
                last = file[0]
                ordered.append(file)
            else:
                unsure.append(file)
        self.last = last
        return ordered, unsure

    def fetch(self, connection: Connection) -> list[Row]:
        """The next page. On a new connection the cursor is opened again behind what was fetched."""
        if connection is not self.connection:
            with connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '{SORT_MEMORY}'")
                connection.execute(
                    f"DECLARE {NAME} NO SCROLL CURSOR WITH HOLD FOR"
                    " SELECT path, CASE WHEN state = ANY(%s) THEN size END, mtime_ns FROM source_files"
                    ' WHERE (path = ANY(%s) OR path ^@ ANY(%s)) AND path COLLATE "C" > %s ORDER BY path COLLATE "C"',
                    (list(SETTLED), self.tops, [top.rstrip("/") + "/" for top in self.tops], self.after),
                )
            self.connection = connection
        page = connection.execute(f"FETCH {PAGE_FILES} FROM {NAME}").fetchall()
        self.ended = len(page) < PAGE_FILES
        self.after = page[-1][0] if page else self.after
        return page


def differing(files: list[Found], rows: list[Row]) -> tuple[list[Found], list[Found]]:
    """Those of `files` that `rows` of the ledger do not know, and those that they know otherwise or unsettled.

    Either is (path, size, mtime_ns) in order of paths, a row's size NULL if it is unsettled: mostly they are equal.
    """
    if files == rows:
        return [], []
    unchanged = set(rows)
    left = [file for file in files if file not in unchanged]
    known = {row[0] for row in rows}
    return [file for file in left if file.path not in known], [file for file in left if file.path in known]
