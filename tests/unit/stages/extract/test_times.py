"""Time expressions against the guideline's table, one case a row."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from etl.model import SHANGHAI, When
from etl.rules import load_rules
from etl.stages.extract.expressions import find
from etl.stages.extract.times import Calendar, resolve

RULES = load_rules().extract.times
PUBLISHED = datetime(2022, 9, 14, 10, 30, tzinfo=SHANGHAI)  # a Wednesday


def read(text: str, published: datetime | None = PUBLISHED, last: date | None = None) -> When:
    """The last expression of `text`, the others resolved before it."""
    cal = Calendar(RULES, published, known_to_day=False, last=last)
    return [resolve(e, cal) for e in find(text, RULES)][-1]


@pytest.mark.parametrize(
    ("text", "start", "end", "precision"),
    [
        ("3月9日17时30分许", "2022-03-09T17:30", "2022-03-09T17:31", "minute"),
        ("2月23日12时", "2022-02-23T12:00", "2022-02-23T13:00", "hour"),
        ("2月20日凌晨", "2022-02-20T00:00", "2022-02-20T06:00", "part_of_day"),
        ("5月4日", "2022-05-04T00:00", "2022-05-05T00:00", "day"),
        ("4月上旬", "2022-04-01T00:00", "2022-04-11T00:00", "span"),
        ("7月底", "2022-07-27T00:00", "2022-08-01T00:00", "span"),
        ("2月末", "2022-02-24T00:00", "2022-03-01T00:00", "span"),
        ("3月初", "2022-03-01T00:00", "2022-03-06T00:00", "span"),
        ("五一期间", "2022-05-01T00:00", "2022-05-06T00:00", "span"),
        ("3日至5日", "2022-09-03T00:00", "2022-09-06T00:00", "span"),
        ("8月30日至9月2日", "2022-08-30T00:00", "2022-09-03T00:00", "span"),
        ("去年6月", "2021-06-01T00:00", "2021-07-01T00:00", "month"),
        ("2020年", "2020-01-01T00:00", "2021-01-01T00:00", "year"),
        ("12月31日", "2021-12-31T00:00", "2022-01-01T00:00", "day"),
        ("13日", "2022-09-13T00:00", "2022-09-14T00:00", "day"),
        ("20日上午", "2022-08-20T08:00", "2022-08-20T12:00", "part_of_day"),
        ("昨晚9点多", "2022-09-13T21:00", "2022-09-13T22:00", "hour"),
        ("前天中午12点", "2022-09-12T12:00", "2022-09-12T13:00", "hour"),
        ("下午1时35分", "2022-09-01T13:35", "2022-09-01T13:36", "minute"),
        ("9月2日凌晨12点", "2022-09-02T00:00", "2022-09-02T01:00", "hour"),
        ("9月2日24时", "2022-09-03T00:00", "2022-09-03T01:00", "hour"),
        ("9月2日零时40分", "2022-09-02T00:40", "2022-09-02T00:41", "minute"),
        ("9月2日深夜", "2022-09-02T22:00", "2022-09-03T02:00", "part_of_day"),
        ("9月2日晚上十点半", "2022-09-02T22:30", "2022-09-02T22:31", "minute"),
        ("上周三", "2022-09-07T00:00", "2022-09-08T00:00", "day"),
        ("上周五", "2022-09-09T00:00", "2022-09-10T00:00", "day"),
        ("本周一", "2022-09-12T00:00", "2022-09-13T00:00", "day"),
        ("周五", "2022-09-09T00:00", "2022-09-10T00:00", "day"),
        ("上月", "2022-08-01T00:00", "2022-09-01T00:00", "month"),
        ("除夕", "2022-01-31T00:00", "2022-02-01T00:00", "day"),
        ("正月初五上午10时许", "2022-02-05T10:00", "2022-02-05T11:00", "hour"),
        ("中秋节当晚", "2022-09-10T18:00", "2022-09-11T00:00", "part_of_day"),
        ("清明节", "2022-04-05T00:00", "2022-04-06T00:00", "day"),
        ("国庆节", "2021-10-01T00:00", "2021-10-02T00:00", "day"),
        ("2022年5月13日（周五）晚8时30分许", "2022-05-13T20:30", "2022-05-13T20:31", "minute"),
        ("2022-03-04", "2022-03-04T00:00", "2022-03-05T00:00", "day"),
    ],
)
def test_expression_gives_its_interval(text: str, start: str, end: str, precision: str) -> None:
    when = read(text, last=date(2022, 9, 1) if text.startswith("下午") else None)
    assert when.start == datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    assert when.end == datetime.fromisoformat(end).replace(tzinfo=SHANGHAI)
    assert when.precision == precision
    assert when.text == text


@pytest.mark.parametrize("text", ["近日", "日前", "一天", "某日", "当晚", "次日上午"])
def test_moment_without_a_day_stays_unknown_before_publication(text: str) -> None:
    when = read(text)
    assert (when.start, when.end, when.precision) == (None, PUBLISHED, "unknown")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("5月3日报警，当晚", "2022-05-03T18:00"),
        ("5月3日报警，次日", "2022-05-04T00:00"),
        ("5月3日报警，第三天", "2022-05-05T00:00"),
        ("5月3日报警，三天前", "2022-04-30T00:00"),
        ("5月3日报警，两周后", "2022-05-17T00:00"),
        ("5月3日报警，两周前", "2022-04-19T00:00"),
        ("5月3日报警，两星期后", "2022-05-17T00:00"),
        ("5月3日22时报警，凌晨2时", "2022-05-04T02:00"),
    ],
)
def test_chain_counts_from_the_day_last_named(text: str, start: str) -> None:
    assert read(text).start == datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)


def test_without_publication_only_a_partial_date_remains() -> None:
    when = read("5月6日20时", published=None)
    assert (when.start, when.precision, when.partial) == (None, "unknown", "--05-06T20:00")


def test_full_date_needs_no_publication() -> None:
    assert read("2019年5月6日", published=None).start == datetime(2019, 5, 6, tzinfo=SHANGHAI)


@pytest.mark.parametrize("text", ["行政拘留5日", "3号楼", "24小时", "一点建议", "周某", "每周三"])
def test_lengths_and_numbers_are_no_times(text: str) -> None:
    assert not find(text, RULES)


def test_since_makes_a_period() -> None:
    (e,) = find("今年以来，破案30起", RULES)
    assert e.period
