"""Which part of the sources a backfill takes, and in what order.

The window is one of publication dates. Nothing can be published after it was filed, so a file whose path
or modification time is older than the window need not be read; a later date proves nothing (an old article
may be scraped today), so `until` is decided once the article was read.
"""

from __future__ import annotations

import heapq
import pickle
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import islice
from typing import IO

from etl.model import Found
from etl.sources.base import Entry

CHINA = timezone(timedelta(hours=8))
SLACK = timedelta(days=1)  # clocks and zones
OLDEST_NS = 820_454_400 * 10**9  # 1996: an older file time is a missing one
SORTED_ENTRIES = 100_000  # in memory at a time

# 2021/03/09, 2021-03-09, 20210309, 2021_3_9; 2021/03, 2021-03, 202103
PATH_DATE_RE = re.compile(
    r"(?<!\d)(199[6-9]|20\d\d)(?:([-_./])(\d{1,2})(?:\2(\d{1,2}))?|(\d\d)(\d\d)?)(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """`since` and `until` are days of publication in China, both included; `limit` counts leaves that are read."""

    since: date | None = None
    until: date | None = None
    order: str | None = None  # newest or oldest first; None: by path
    limit: int | None = None
    reprocess: bool = False

    @property
    def has_window(self) -> bool:
        return self.since is not None or self.until is not None

    def too_old(self, found: Found) -> bool:
        """Whether a file was filed before the window began, so that it need not be read."""
        if self.since is None:
            return False
        filed = filed_on(found)
        return filed is not None and filed + SLACK < self.since

    def takes(self, published_at: datetime | None) -> bool:
        """Whether an article with this publication time is meant; without a window all are, else no undated one."""
        if not self.has_window:
            return True
        if published_at is None:
            return False
        day = published_at.astimezone(CHINA).date()
        return (self.since or day) <= day <= (self.until or day)


def filed_on(found: Found) -> date | None:
    """The day a file was filed: the last date in its path, else its modification time; None if neither says it."""
    day = path_day(found.path)
    if day is None and found.mtime_ns >= OLDEST_NS:
        day = datetime.fromtimestamp(found.mtime_ns / 1e9, UTC).astimezone(CHINA).date()
    return day


def path_day(path: str) -> date | None:
    """The last day of the last date in a path; of a month its last day.

    >>> path_day("/news/2021/03/09/a.txt"), path_day("/news/2021-02/t20.html"), path_day("/a/99999999.txt")
    (datetime.date(2021, 3, 9), datetime.date(2021, 2, 28), None)
    """
    for match in reversed(list(PATH_DATE_RE.finditer(path))):
        year, month, day = int(match[1]), int(match[3] or match[5]), match[4] or match[6]
        try:
            if day is not None:
                return date(year, month, int(day))
            return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        except ValueError:
            continue
    return None


def in_order(entries: Iterable[Entry], order: str | None) -> Iterator[Entry]:
    """Entries with the newest or oldest first, by the day they were filed and then by path.

    Sorted in runs that wait on disk, so that memory does not grow with the number of files. What is no
    file comes at once.
    """
    return iter(entries) if order is None else by_day(entries, order)


def by_day(entries: Iterable[Entry], order: str) -> Iterator[Entry]:
    sign = -1 if order == "newest" else 1
    runs: list[Iterator[tuple[int, Found]]] = []
    iterator = iter(entries)
    while part := list(islice(iterator, SORTED_ENTRIES)):
        files = []
        for entry in part:
            if isinstance(entry, Found):
                files.append((sign * (filed_on(entry) or date.min).toordinal(), entry))
            else:
                yield entry
        files.sort(key=by_day_and_path)
        runs.append(iter(files) if len(part) < SORTED_ENTRIES else spooled(files))
    for _, file in heapq.merge(*runs, key=by_day_and_path):
        yield file


def by_day_and_path(item: tuple[int, Found]) -> tuple[int, str]:
    return item[0], item[1].path


def spooled(files: Iterable[tuple[int, Found]]) -> Iterator[tuple[int, Found]]:
    """The same files, kept on disk until they are asked for."""
    spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by its reader
    count = 0
    for number, file in files:
        pickle.dump((number, file.path, file.size, file.mtime_ns), spool)
        count += 1
    spool.seek(0)
    return unspooled(spool, count)


def unspooled(spool: IO[bytes], count: int) -> Iterator[tuple[int, Found]]:
    with spool:
        for _ in range(count):
            number, *file = pickle.load(spool)
            yield number, Found(*file)
