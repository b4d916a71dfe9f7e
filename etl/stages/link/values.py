"""What dates, clock times and numbers say, however they are written: 下午2时20分 and 14:20, 八月三日 and 8月3号."""

from __future__ import annotations

import re
from functools import lru_cache

from etl.rules.link import LinkRules
from etl.stages.numerals import integer, scaled

HAN = "〇零一二两三四五六七八九十"
# 8月3日 8月 3号 2021-08-03 2021.8.3 八月三日
DATE_RE = re.compile(rf"(?:\d{{4}}[-/.])?(?P<month>[\d{HAN}]+)[月/.-](?P<day>[\d{HAN}]*)|(?P<only>\d+)日")
# 14时20分 2点半 14:20 两点
CLOCK_RE = re.compile(rf"(?P<hour>[\d{HAN}]+)[时点:](?P<minute>半|[\d{HAN}]*)")
# 2.6万元 三人 30余起 3-5日
NUMBER_RE = re.compile(
    rf"(?P<number>\d+(?:\.\d+)?|[{HAN}百千万]+?)[余多]?(?P<scale>[百千万亿]*)(?P<unit>\D?)\Z"
)
MOST_DIGITS = 12  # longer ones are names of things
MOST_CHARS = 20  # 2.6万余元: no number has more, and none that has is worth keeping
MOST_KEPT = 10_000  # values that one process keeps: 3月5日, 两人 and 14时 come again and again
COUNTERS = {"名": "人", "位": "人", "块": "元", "天": "日"}


def value(kind: str, text: str, before: str, rules: LinkRules) -> str:
    """What a fact says, equal for all ways to write it; `before` is what stands right before it.

    >>> from etl.rules import load_rules
    >>> rules = load_rules().link
    >>> value("date", "8月3号", "", rules), value("date", "八月三日", "", rules), value("date", "3日", "", rules)
    ('8-3', '8-3', '-3')
    >>> value("time", "2点20", "当天下午", rules), value("time", "14:20", "", rules), value("time", "14时", "", rules)
    ('14:20', '14:20', '14')
    >>> value("number", "2.6万元", "", rules), value("number", "26000元", "", rules), value("number", "三名", "", rules)
    ('26000元', '26000元', '3人')
    """
    if kind == "date":
        return date(text)
    if kind == "time":
        return clock(text, bool(rules.afternoon.search(before)))
    if kind in ("number", "trait") and len(text) <= MOST_CHARS:
        return number(text, rules.counters)
    return text


@lru_cache(MOST_KEPT)
def date(text: str) -> str:
    """Month and day; either may be missing. What is no date stays as it is."""
    match = DATE_RE.match(text)
    if match is None:
        return text
    if match["only"]:
        return f"-{int(match['only'])}"
    return f"{integer(match['month'])}-{integer(match['day']) if match['day'] else ''}"


@lru_cache(MOST_KEPT)
def clock(text: str, afternoon: bool) -> str:
    """Hour of the day, and minutes if they are told. What is no clock time stays as it is."""
    match = CLOCK_RE.match(text)
    hour = integer(match["hour"]) if match else None
    if match is None or hour is None:
        return text
    if afternoon and hour < 12:
        hour += 12
    minute = 30 if match["minute"] == "半" else integer(match["minute"]) if match["minute"] else None
    return f"{hour}" if minute is None else f"{hour}:{minute:02}"


@lru_cache(MOST_KEPT)
def number(text: str, counters: str) -> str:
    """The number in full, with its counter if that is one. What is no number stays as it is."""
    match = NUMBER_RE.match(text)
    if match is None or len(match["number"]) > MOST_DIGITS:
        return text
    digits = match["number"]
    whole = digits if digits[0].isdigit() else integer(digits)
    if whole is None:
        return text
    unit = match["unit"] if match["unit"] in counters else ""
    return f"{scaled(str(whole), match['scale']):.12g}{COUNTERS.get(unit, unit)}"


def compatible(kind: str, one: str, other: str, rules: LinkRules) -> bool:
    """Whether two values are the same, or the same told less finely; names are so by family name and sex.

    >>> from etl.rules import load_rules
    >>> rules = load_rules().link
    >>> compatible("time", "14", "14:20", rules), compatible("time", "14:10", "14:20", rules)
    (True, False)
    >>> compatible("date", "-3", "8-3", rules), compatible("name", "李某某", "李阿姨", rules)
    (True, True)
    >>> compatible("name", "李女士", "李阿姨", rules), compatible("name", "李先生", "李女士", rules)
    (True, False)
    """
    if one == other:
        return True
    if kind == "time":
        (hour, _, minute), (other_hour, _, other_minute) = one.partition(":"), other.partition(":")
        return hour == other_hour and not (minute and other_minute)
    if kind == "date":
        pairs = zip(one.split("-"), other.split("-"), strict=False)
        return all(x == y or not x or not y for x, y in pairs)
    if kind != "name" or one[0] != other[0]:
        return False
    sexes = rules.sex_of.get(one[1:]), rules.sex_of.get(other[1:])
    return (all(sexes) and sexes[0] == sexes[1]) or "某" in (one[1], other[1])
