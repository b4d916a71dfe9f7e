"""Publication times as pages write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.stages.layout.dates import find_date, from_address, read_declared


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        ("2023-05-06", "2023-05-06T00:00:00", "day"),
        ("2023年5月6日", "2023-05-06T00:00:00", "day"),
        ("2023/5/6 9:05", "2023-05-06T09:05:00", "minute"),
        ("2023.05.06 10:21:33", "2023-05-06T10:21:33", "second"),
        ("2023年05月06日10:21", "2023-05-06T10:21:00", "minute"),
        ("2023-05-0610:21", "2023-05-06T10:21:00", "minute"),
        ("2023年5月6日 星期六 10时21分", "2023-05-06T10:21:00", "minute"),
        ("2023年5月6日（周六）下午3:05", "2023-05-06T15:05:00", "minute"),
        ("2023-05-06T02:21:33.000Z", "2023-05-06T10:21:33", "second"),
        ("2023-05-06T10:21:33+08:00", "2023-05-06T10:21:33", "second"),
        ("2023-05-06 00:00:00", "2023-05-06T00:00:00", "day"),
        ("二〇二三年五月六日", "2023-05-06T00:00:00", "day"),
        ("二零一九年十二月三十一日", "2019-12-31T00:00:00", "day"),
        ("发布于 2023-05-06 10:21 来源：甲报", "2023-05-06T10:21:00", "minute"),
    ],
)
def test_a_written_time_is_read_in_chinese_civil_time(text: str, at: str, precision: str) -> None:
    found = find_date(text)
    assert found is not None
    assert found.at is not None
    assert (found.at.isoformat(), found.precision) == (at + "+08:00", precision)


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        ("Mon, 21 Mar 2022 14:58:24 GMT", "2022-03-21T22:58:24", "second"),
        ("Mon, 21 Mar 2022 18:58:24 GMT", "2022-03-22T02:58:24", "second"),
        ("21 Mar 2022 14:58:24 +0800", "2022-03-21T14:58:24", "second"),
        ("1647874704", "2022-03-21T22:58:24", "second"),
        ("1647874704000", "2022-03-21T22:58:24", "second"),
        ("20220321", "2022-03-21T00:00:00", "day"),
        ("20220321225824", "2022-03-21T22:58:24", "second"),
    ],
)
def test_declared_forms(text: str, at: str, precision: str) -> None:
    found = read_declared(text)
    assert found is not None
    assert found.at is not None
    assert (found.at.isoformat(), found.precision) == (at + "+08:00", precision)


@pytest.mark.parametrize(
    "text",
    [
        "2022-02-30",
        "2023年13月1日",
        "2023-05-06 25:10",
        "二〇二三年二月三十日",
        "Mon, 31 Feb 2022 14:58:24 GMT",
    ],
)
def test_a_day_or_hour_that_does_not_exist_is_unknown(text: str) -> None:
    found = read_declared(text)
    assert found is not None
    assert (found.at, found.precision) == (None, "unknown")


@pytest.mark.parametrize("text", ["", "昨天 10:21", "5月6日", "3小时前", "第20230506号", "12023-05-06"])
def test_what_is_no_full_date_is_not_read(text: str) -> None:
    assert find_date(text) is None


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("http://example.cn/2022/0321/c123-4.html", "2022-03-21"),
        ("http://example.cn/2022-03/21/content_1.htm", "2022-03-21"),
        ("http://example.cn/a/20220321/55.html", "2022-03-21"),
        ("http://example.cn/xw/202203/t20220321_1234.html", "2022-03-21"),
        ("http://example.cn/20221321/1.html", None),
        ("http://example.cn/article/1234567890", None),
    ],
)
def test_an_address_is_good_to_the_day(url: str, day: str | None) -> None:
    found = from_address(url)
    assert (found and found.at and found.at.date().isoformat()) == day


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="2019年月日-/.: T下午Z+0814", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_declared(text)
    assert found is None or found.at is None or found.at.utcoffset() is not None
