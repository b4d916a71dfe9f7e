"""Verdicts on two incidents: what speaks for one occurrence, and what forbids it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from etl.rules import load_rules
from etl.stages.link.events import Named, Told, joined, score

RULES = load_rules().link
CHINA = timezone(timedelta(hours=8))
HOUR = timedelta(hours=1)
START = datetime(2021, 3, 9, 17, tzinfo=CHINA)
ONE = Told(
    1, 1, "theft.vehicle", START, START + HOUR, "hour", "report", "3月9日17时许", "柳河派出所",
    "东山县公安局柳河派出所", None, None, "东山县", "东关街菜市场门口", ("电动车",), 2600.0, ("arrested", "returned"),
    (Named("victim", "周女士", "周", True), Named("suspect", "吴某", "吴", True)),
    "3月9日17时许，周女士停在菜市场门口的电动车被盗，民警抓获吴某，追回电动车。", (b"a", 1),
)  # fmt: skip
RETOLD = replace(
    ONE,
    id=2,
    article_id=2,
    station_full=None,
    district=None,
    place="菜市场",
    amount=None,
    time_text="3月9日下午5点多",
    evidence="周女士买菜出来，发现自己的车不见了。柳河派出所民警两天后在出租屋里找到偷车的吴某。",
    key=(b"b", 1),
)


def joins(a: Told, b: Told) -> bool:
    found = score(a, b, RULES)
    assert found == replace(score(b, a, RULES), reasons=found.reasons)
    joins = found.score >= RULES.threshold and found.contradiction is None
    assert joined(a, b, RULES) == (found if joins else None)
    return joins


def test_the_same_told_in_other_words_joins() -> None:
    assert joins(ONE, RETOLD)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"article_id": 1}, "article"),
        ({"start": START - 9 * HOUR, "end": START - 8 * HOUR}, "time"),
        ({"start": START + 48 * HOUR, "end": START + 49 * HOUR}, "time"),
        ({"station": "东桥派出所"}, "unit"),
        ({"district": "西山县"}, "division"),
        (
            {"persons": (Named("victim", "郑先生", "郑", True), Named("suspect", "冯某", "冯", True))},
            "people",
        ),
    ],
)
def test_what_cannot_be_one_occurrence_is_forbidden(changes: dict[str, Any], why: str) -> None:
    assert score(ONE, replace(RETOLD, **changes), RULES).contradiction == why


def test_words_copied_with_their_time_may_be_dated_differently() -> None:
    copied = replace(ONE, id=2, article_id=2, start=START + 24 * HOUR, end=START + 25 * HOUR)
    assert score(ONE, copied, RULES).contradiction is None
    assert score(ONE, replace(copied, time_text="昨日"), RULES).contradiction == "time"


def test_a_report_may_come_a_day_after_the_event() -> None:
    event = replace(RETOLD, basis="event", start=START - 10 * HOUR, end=START - 9 * HOUR)
    assert score(ONE, event, RULES).contradiction is None


def test_one_unit_one_day_is_not_enough() -> None:
    other = replace(
        RETOLD, persons=(), items=("钱包",), kind="lost_property", place="公交车站", precision="day",
        start=START.replace(hour=0), end=START.replace(hour=0) + 24 * HOUR, outcome=("found",),
        evidence="市民把钱包忘在公交车站，民警帮忙找回。",
    )  # fmt: skip
    assert not joins(ONE, other)


ROOM = (
    "3月9日，柳河派出所接到居民报警，称家住东关街的住处门锁被撬，放在床头柜里的{}被盗。民警勘查现场后提取到足迹一枚，"
    "案件正在进一步侦办中。"
)


def test_two_burglaries_of_one_street_and_day_told_in_one_form_are_two() -> None:
    day = replace(
        ONE, kind="theft.burglary", precision="day", start=START.replace(hour=0), place="东关街", persons=(),
        end=START.replace(hour=0) + 24 * HOUR, amount=None, items=("金项链",), outcome=(),
        evidence=ROOM.format("一条金项链"),
    )  # fmt: skip
    other = replace(day, id=2, article_id=2, items=("相机",), evidence=ROOM.format("一台相机"), key=(b"b", 1))
    assert score(day, other, RULES).contradiction == "form"
    retold = replace(
        other, id=3, article_id=3, evidence="东关街一户人家进了贼，相机不见踪影，柳河派出所正在调查。"
    )
    assert "nothing_own" in score(day, retold, RULES).reasons
    assert not joins(day, retold)
    assert joins(other, retold)
