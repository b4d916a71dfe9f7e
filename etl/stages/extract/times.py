"""What time expressions mean: intervals, resolved in reading order against what is known.

Resolution needs the publication day, a dateline of its own, the year in force and the day last named
in the same incident. Source: guideline, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from etl.model import SHANGHAI, When
from etl.rules.extract import TimeRules
from etl.stages.extract.calendars import feast, lunar_day, lunar_in_year
from etl.stages.extract.expressions import Expression
from etl.stages.numerals import integer

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# sorts of atoms: what names a day, a day of a month, and what a range repeats of its own month
FINE = frozenset({"iso", "day", "mday", "lunar", "newyear", "relative", "chain", "week"})
DAYS = frozenset({"day", "mday"})
OWN_MONTH = frozenset({"month", "year", "chain", "relative", "week", "feast", "lunar"})
BY_FEAST = frozenset({"lunar", "newyear", "feast"})
CLOCK_RE = re.compile(
    r"(\d{1,2}|零|[一二两三四五六七八九十]{1,3})[时点:：](半|一刻|三刻|整|(\d{1,2}|[零一二三四五六七八九十]{1,4})分?)?"
)
OFFSET_RE = re.compile(
    r"(\d{1,3}|半|[一两二三四五六七八九十]{1,3}|数|几)个?多?(小时|分钟|天|日|周|星期|月)多?(.{0,9})"
)
APPROXIMATE = ("许", "左右", "前后", "多", "余")
WEEKDAYS = "一二三四五六日"
MONTH_PARTS = {"上旬": (1, 10), "中旬": (11, 20), "初": (1, 5)}
YEAR_SPANS = {
    "初": (1, 1),
    "底": (12, 12),
    "末": (12, 12),
    "春": (3, 5),
    "夏": (6, 8),
    "秋": (9, 11),
    "冬": (12, 12),
}


@dataclass(slots=True)
class Calendar:
    """What is known while an incident is read; `last` and `year` are the day and the year last named in it."""

    rules: TimeRules
    published: datetime | None
    known_to_day: bool = True
    dateline: date | None = None
    anchor_year: int | None = None
    last: date | None = None
    month: date | None = None  # the first of the month last named, for 上月，……8日夜里
    year: int | None = None
    evening: bool = False  # whether the moment last named was after 18 o'clock

    @property
    def base(self) -> date | None:
        """The day relative words count from."""
        return self.dateline or (self.published.date() if self.published else None)

    def anew(self) -> Calendar:
        """The same before anything was named in an incident."""
        return Calendar(self.rules, self.published, self.known_to_day, self.dateline, self.anchor_year)

    def unknown(self, partial: str | None = None) -> Moment:
        """Precision unknown: it happened before publication, that is all."""
        return Moment(None, self.latest, "unknown", partial=partial)

    @property
    def latest(self) -> datetime | None:
        if self.published is None or not self.known_to_day:
            return self.published
        return datetime.combine(self.published.date() + DAY, time(), SHANGHAI)


class Moment(NamedTuple):
    """What `When` says of a time without where it is written."""

    start: datetime | None
    end: datetime | None
    precision: str
    approx: bool = False
    partial: str | None = None


def resolve(e: Expression, cal: Calendar, basis: str | None = None) -> When:
    """The interval `e` stands for, and `cal` moved on to the day it names. Source: guideline, section 4."""
    moment = _point(e.parts, cal)
    if e.until is not None and moment.start is not None:
        moment = _until(moment, e.until, cal)
    start, end, precision, approx, partial = moment
    if start is None:
        if e.has("vague"):
            cal.last = None
    elif precision == "month":
        cal.month = start.date()
    elif precision != "year":
        cal.last = start.date()
        cal.evening = start.hour >= 18
    return When(start, end, precision, e.text, basis, approx, partial, (e.start, e.end))


def _until(first: Moment, until: Mapping[str, str], cal: Calendar) -> Moment:
    """The interval from `first` to the far end of a range."""
    assert first.start is not None and first.end is not None
    far_cal = replace(cal, last=first.start.date(), year=first.start.year)
    if OWN_MONTH.isdisjoint(until) and not DAYS.isdisjoint(until):
        until = {**until, "month": f"{first.start.month}月"}
    far = _point(until, far_cal)
    if far.start is None or far.end is None or far.end <= first.start:
        return first
    if far.start.date() == first.start.date() and first.precision in {"minute", "hour", "part_of_day"}:
        return first._replace(end=far.end) if far.precision == first.precision else first
    day = datetime.combine(first.start.date(), time(), SHANGHAI)
    end = datetime.combine((far.end - timedelta(seconds=1)).date() + DAY, time(), SHANGHAI)
    return Moment(day, end, "span")


def _point(parts: Mapping[str, str], cal: Calendar) -> Moment:
    """One end of an expression, resolved."""
    if "vague" in parts:
        return cal.unknown()
    if "offset" in parts:
        moved = _offset(parts["offset"], cal)
        if moved.start is None or not ("part" in parts or "clock" in parts):
            return moved
        return _fine(moved.start.date(), parts.get("part", ""), parts, cal.rules)
    if FINE.isdisjoint(parts) and (coarse := _coarse(parts, cal)) is not None:
        return coarse
    day, part = _day(parts, cal)
    part = parts.get("part") or part
    if day is None:
        return cal.unknown(_partial(parts, part))
    return _fine(day, part, parts, cal.rules)


def _fine(day: date, part: str, parts: Mapping[str, str], rules: TimeRules) -> Moment:
    """`day` with its part of day or clock time."""
    clock = _clock(parts, part)
    if clock is not None:
        hour, minute = clock
        approx = parts.get("more", "").endswith(APPROXIMATE)
        start = _instant(day, hour) + timedelta(minutes=minute or 0)
        length, precision = (HOUR, "hour") if minute is None else (MINUTE, "minute")
        return Moment(start, start + length, precision, approx)
    if part in rules.parts:
        low, high = rules.parts[part]
        return Moment(_instant(day, low), _instant(day, high), "part_of_day")
    return _days(day, 1, "day")


def _clock(parts: Mapping[str, str], part: str) -> tuple[int, int | None] | None:
    """Hour (0 to 24, or more for the small hours after an evening) and minute of an atom, read with its part of day.

    >>> _clock({"clock": "9点多"}, "晚"), _clock({"clock": "1时35分"}, "下午"), _clock({"clock": "12点"}, "凌晨")
    ((21, None), (13, 35), (0, None))
    """
    m = CLOCK_RE.match(parts["clock"]) if "clock" in parts else None
    if not m:
        return None
    hour = integer(m[1])
    if hour is None or hour > 24:
        return None
    named = {"半": 30, "一刻": 15, "三刻": 45, "整": None}
    minute = named[m[2]] if m[2] in named else (integer(m[3].removeprefix("零") or "0") if m[3] else None)
    if minute is not None and minute > 59:
        minute = None
    if part in {"凌晨", "零晨", "早上", "清晨", "早晨", "上午", "早", "晨", "一早", "后半夜", "下半夜"}:
        return (0 if hour == 12 and part in {"凌晨", "零晨"} else hour), minute
    if part in {"下午", "午后", "傍晚", "黄昏"}:
        return (hour + 12 if hour < 12 else hour), minute
    if part in {"中午", "正午", "午间", "晌午"}:
        return (hour + 12 if hour < 4 else hour), minute
    if part in {"晚", "晚上", "晚间", "夜间", "夜里", "夜晚", "夜", "当晚", "当夜", "入夜"}:
        return (hour + 12 if 4 < hour <= 12 else (hour + 24 if hour < 4 else hour)), minute
    if part in {"深夜", "半夜", "午夜", "子夜", "大半夜", "三更半夜"}:
        return (hour + 12 if 6 < hour <= 12 else hour), minute
    return hour, minute


def _offset(offset: str, cal: Calendar) -> Moment:
    """三天前, 两小时后: counted from the day last named."""
    m = OFFSET_RE.match(offset)
    if not m or cal.last is None:
        return cal.unknown()
    n = None if m[1] in {"数", "几", "半"} else integer(m[1])
    if m[2] in {"小时", "分钟"}:
        return _days(cal.last, 1, "day")
    days = {"天": 1, "日": 1, "周": 7, "星期": 7}.get(m[2])
    if n is None or days is None:
        return cal.unknown()
    return _days(cal.last + n * days * (-DAY if "前" in m[3] else DAY), 1, "day")


def _coarse(parts: Mapping[str, str], cal: Calendar) -> Moment | None:
    """Months, parts of months, years and holidays: what covers more than a day. None for what is none of them."""
    if "feast" in parts:
        if parts.get("fpart") not in {"期间", "假期", "长假", "小长假", "黄金周", "假日"}:
            return None
        first, length = _feast(parts, cal)
        return _days(first, length, "span") if first else cal.unknown()
    if "weekend" in parts:
        return _week_span(parts["weekend"], cal)
    if "month" in parts:
        year, month = _month(parts, cal)
        if year is None or month is None:
            return cal.unknown(f"--{month:02d}" if month else None)
        first_day = date(year, month, 1)
        last = (date(year + month // 12, month % 12 + 1, 1) - DAY).day
        if "mpart" not in parts:
            return _days(first_day, last, "month")
        low, high = MONTH_PARTS.get(
            parts["mpart"], (last - 4, last) if parts["mpart"] in "底末" else (21, last)
        )
        return _days(date(year, month, low), high - low + 1, "span")
    if "year" in parts:
        year = _year(parts["year"], cal)
        if year is None:
            return cal.unknown()
        cal.year = year
        season = parts.get("yearpart", "")[-1:]
        if season in YEAR_SPANS:
            low, high = YEAR_SPANS[season]
            end = date(year + high // 12, high % 12 + 1, 1)
            return _days(date(year, low, 1), (end - date(year, low, 1)).days, "span")
        return _days(date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days, "year")
    return None


def _day(parts: Mapping[str, str], cal: Calendar) -> tuple[date | None, str]:
    """The day named and the part of day its word carries (昨晚)."""
    rules = cal.rules
    if "iso" in parts:
        return _valid(*(int(n) for n in re.split(r"[-/.]", parts["iso"]))), ""
    if "relative" in parts:
        shift, part = rules.relative[parts["relative"]]
        return (cal.base + shift * DAY if cal.base else None), part
    if "week" in parts:
        return _weekday(parts["week"], cal.base), ""
    if not BY_FEAST.isdisjoint(parts) and not ("month" in parts and not DAYS.isdisjoint(parts)):
        return _by_feast(parts, cal), ("晚" if parts.get("fpart") in {"当晚", "夜"} else "")
    if not DAYS.isdisjoint(parts):
        return _month_day(parts, cal), ""
    if "chain" in parts:
        shift, part = rules.chain[parts["chain"]]
        return (cal.last + shift * DAY if cal.last else None), part
    small_hours = parts.get("part") in {"凌晨", "零晨", "后半夜", "下半夜"}
    return (cal.last + DAY if cal.last and cal.evening and small_hours else cal.last), ""


def _month_day(parts: Mapping[str, str], cal: Calendar) -> date | None:
    """5月3日 and 13日: the year of publication or the one before, never later than publication."""
    day = integer((parts.get("day") or parts["mday"]).rstrip("日号"))
    if day is None:
        return None
    if "month" not in parts:
        return _latest_day(day, cal.last or cal.month, cal.base)
    year, month = _month(parts, cal)
    if year is None or month is None:
        return None
    found = _valid(year, month, day)
    if found and "year" not in parts and cal.base and found > cal.base:
        found = _valid(year - 1, month, day)
    if found and ("year" in parts or cal.year):
        cal.year = found.year
    return found


def _month(parts: Mapping[str, str], cal: Calendar) -> tuple[int | None, int | None]:
    """Year and month of a month atom."""
    word = parts["month"].rstrip("份")
    base = cal.base
    if word in {"本月", "上月", "上个月"}:
        if base is None:
            return None, None
        first = base.replace(day=1) - (DAY if word != "本月" else timedelta())
        return first.year, first.month
    if word in {"当月", "同月"}:
        return (cal.last.year, cal.last.month) if cal.last else (None, None)
    month = integer(word.removesuffix("月"))
    if "year" in parts:
        return _year(parts["year"], cal), month
    if cal.year is not None:
        return cal.year, month
    if base is None:
        return cal.anchor_year, month
    return (base.year - 1 if month and month > base.month else base.year), month


def _year(word: str, cal: Calendar) -> int | None:
    """2022年, 去年 as a number."""
    if word[0].isdigit():
        return int(word[:4])
    base = cal.base.year if cal.base else (cal.anchor_year or cal.year)
    shift = {"去年": -1, "上年": -1, "前年": -2, "今年": 0, "本年": 0}.get(word)
    if shift is None:
        return integer(word[:4])
    return base + shift if base else None


def _latest_day(day: int, last: date | None, base: date | None) -> date | None:
    """The latest such day of a month not after `base`; within an incident, the month of the day last named."""
    if last is not None:
        found = _valid(last.year, last.month, day)
        if found and (base is None or found <= base):
            return found
    if base is None:
        return None
    for back in range(3):
        month = base.month - back
        found = _valid(base.year + (month - 1) // 12, (month - 1) % 12 + 1, day)
        if found and found <= base:
            return found
    return None


def _weekday(word: str, base: date | None) -> date | None:
    """上周三: of the week before; 周三: this week's, or last week's if that is still to come."""
    if base is None:
        return None
    index = WEEKDAYS.index(word[-1].replace("天", "日"))
    day = base - timedelta(days=base.weekday()) + index * DAY
    if word.startswith("上上"):
        return day - 14 * DAY
    if word.startswith("上"):
        return day - 7 * DAY
    return day - 7 * DAY if day > base else day


def _week_span(word: str, cal: Calendar) -> Moment:
    """上周, 本周, 上周末."""
    if cal.base is None:
        return cal.unknown()
    monday = (
        cal.base - timedelta(days=cal.base.weekday()) - (7 * DAY if word.startswith("上") else timedelta())
    )
    return _days(monday + 5 * DAY, 2, "span") if word.endswith("末") else _days(monday, 7, "span")


def _by_feast(parts: Mapping[str, str], cal: Calendar) -> date | None:
    """正月初五, 除夕, 中秋 as a solar day of the year concerned."""
    if "feast" in parts:
        return _feast(parts, cal)[0]
    text = parts.get("lunar") or "正月" + parts["newyear"][-2:]
    year = _year(parts["year"], cal) if "year" in parts else (cal.base.year if cal.base else cal.anchor_year)
    if year is None:
        return None
    found = lunar_in_year(cal.rules, text, year)
    if found and cal.base and found > cal.base and "year" not in parts:
        found = lunar_in_year(cal.rules, text, year - 1)
    if found is None and lunar_day(text):
        found = lunar_in_year(cal.rules, text, year - 1)
    return found


def _feast(parts: Mapping[str, str], cal: Calendar) -> tuple[date | None, int]:
    """First day and length of a feast, of the year stated or the last one not after publication."""
    year = _year(parts["year"], cal) if "year" in parts else (cal.base.year if cal.base else cal.anchor_year)
    if year is None:
        return None, 0
    found = feast(cal.rules, parts["feast"], year)
    if (found is None or (cal.base and found[0] > cal.base)) and "year" not in parts:
        found = feast(cal.rules, parts["feast"], year - 1)
    if found is None:
        return None, 0
    part = parts.get("fpart", "")
    nth = integer(part[-2]) if part.endswith("天") and "第" in part else None  # 国庆假期第三天
    return found[0] + (-DAY if part == "前夕" else (nth or 1) * DAY - DAY), found[1]


def _partial(parts: Mapping[str, str], part: str) -> str | None:
    """ISO fragment of a month and day whose year can't be known: --05-06, --05-06T20:00."""
    month = integer(parts.get("month", "").rstrip("份").removesuffix("月") or "x")
    day = integer((parts.get("mday") or parts.get("day") or "x").rstrip("日号"))
    if not month or not day:
        return None
    clock = _clock(parts, part)
    tail = f"T{clock[0] % 24:02d}:{clock[1] or 0:02d}" if clock else ""
    return f"--{month:02d}-{day:02d}{tail}"


def _days(first: date, length: int, precision: str) -> Moment:
    return Moment(_instant(first, 0), _instant(first, 24 * length), precision)


def _instant(day: date, hour: int) -> datetime:
    """`hour` o'clock on `day`; 24 and more reach into the next day."""
    if 0 <= hour < 24:
        return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(hours=hour)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
