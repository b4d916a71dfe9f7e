"""The window of a backfill and its order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

import pytest

from etl import scope
from etl.model import Found
from etl.scope import Scope, in_order, path_day
from etl.sources.base import Entry, Skipped

NS = 10**9


def at(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 4, tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/n/2021/3/9/a.txt", date(2021, 3, 9)),
        ("/n/t20210309_12.html", date(2021, 3, 9)),
        ("/n/2021-12/a.txt", date(2021, 12, 31)),
        ("/n/202102/a.txt", date(2021, 2, 28)),
        ("/crawl-2020/2021-03-09/x", date(2021, 3, 9)),
        ("/n/2021/a.txt", None),
        ("/n/20211399.txt", None),
        ("/n/120210309.txt", None),
        ("/n/2021-03-09/99999999.txt", date(2021, 3, 9)),
    ],
)
def test_the_date_in_a_path(path: str, day: date | None) -> None:
    assert path_day(path) == day


def test_a_file_filed_before_the_window_is_not_read() -> None:
    window = Scope(since=date(2021, 3, 9), until=date(2021, 4, 1))
    assert window.too_old(Found("/n/2021/03/01/a.txt", 1, at(date(2024, 1, 1))))
    assert window.too_old(Found("/n/a.txt", 1, at(date(2021, 3, 1))))
    assert not window.too_old(Found("/n/a.txt", 1, at(date(2021, 3, 8))))  # a day's slack
    assert not window.too_old(Found("/n/2024/01/01/a.txt", 1, 0))  # scraped later, written who knows when
    assert not window.too_old(Found("/n/a.txt", 1, 0))  # a file time of 1970 says nothing
    assert not Scope(until=date(2021, 4, 1)).too_old(Found("/n/2021/03/01/a.txt", 1, 0))


def test_the_window_is_one_of_days_in_china() -> None:
    window = Scope(since=date(2021, 3, 9), until=date(2021, 3, 9))
    assert window.takes(datetime(2021, 3, 8, 16, 0, tzinfo=UTC))
    assert not window.takes(datetime(2021, 3, 9, 16, 0, tzinfo=UTC))
    assert not window.takes(datetime(2021, 3, 8, 15, 59, tzinfo=UTC))
    assert not window.takes(None)
    assert Scope().takes(None)


@pytest.mark.parametrize("in_memory", [3, 7, 1000])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_the_order_is_the_same_however_much_is_sorted_on_disk(
    monkeypatch: pytest.MonkeyPatch, in_memory: int, order: str
) -> None:
    monkeypatch.setattr(scope, "SORTED_ENTRIES", in_memory)
    files = [Found(f"/n/2021-03-{n % 28 + 1:02}/{n:03}.txt", n, 0) for n in range(50)]
    shuffled: list[Entry] = [*files, Skipped("/n/.x", "hidden")]
    Random(1).shuffle(shuffled)
    listed = list(in_order(shuffled, order))
    assert [x for x in listed if isinstance(x, Skipped)] == [Skipped("/n/.x", "hidden")]
    found = [x for x in listed if isinstance(x, Found)]
    days = [path_day(x.path) or date.min for x in found]
    assert days == sorted(days, reverse=order == "newest")
    assert sorted(found, key=lambda x: x.path) == sorted(files, key=lambda x: x.path)
