"""Dates of feasts and of the lunar calendar, from the table in the rules."""

from __future__ import annotations

import re
from datetime import date, timedelta

from etl.rules.extract import LunarYear, TimeRules
from etl.stages.numerals import integer

# 正月初五, 农历八月十五, 腊月廿三, 闰二月初一
LUNAR_RE = re.compile(r"(?:农历|阴历)?(闰?)([正腊冬一二三四五六七八九十]{1,2})月(.{2,3})")
MONTHS = {"正": 1, "冬": 11, "腊": 12}


def lunar_day(text: str) -> tuple[int, int, bool] | None:
    """Month, day and whether the month is a leap month.

    >>> lunar_day("腊月廿三"), lunar_day("正月初五"), lunar_day("农历八月十五")
    ((12, 23, False), (1, 5, False), (8, 15, False))
    """
    m = LUNAR_RE.fullmatch(text)
    if not m:
        return None
    month = MONTHS.get(m[2]) or integer(m[2])
    day = integer(m[3].replace("初", "").replace("廿", "二十"))
    return (month, day, bool(m[1])) if month and day else None


def solar_date(
    years: dict[int, LunarYear] | object, year: int, month: int, day: int, leap: bool
) -> date | None:
    """The solar date of a lunar one; day 0 is the last before the *next* year's start (除夕), -1 the one before it."""
    table: dict[int, LunarYear] = years  # type: ignore[assignment]
    row = table.get(year)
    if row is None:
        return None
    if day <= 0:
        return row.first + timedelta(sum(row.lengths) - 1 + day)
    index = month - 1 + (1 if row.leap and (month > row.leap or (leap and month == row.leap)) else 0)
    return row.first + timedelta(sum(row.lengths[:index]) + day - 1)


def feast(rules: TimeRules, name: str, year: int) -> tuple[date, int] | None:
    """First day and length in days of the feast `name` in the solar year `year`."""
    if name in rules.solar:
        month, day, length = rules.solar[name]
        return date(year, month, day), length
    if name in rules.terms:
        row = rules.years.get(year)
        return (row.terms[rules.terms[name]], 1) if row else None
    month, day, length = rules.lunar[name]
    found = [
        d
        for y in (year - 1, year)
        if (d := solar_date(rules.years, y, month, day, leap=False)) and d.year == year
    ]
    return (found[-1], length) if found else None


def lunar_in_year(rules: TimeRules, text: str, year: int) -> date | None:
    """The solar date within solar year `year` of a lunar day such as 腊月廿三."""
    parts = lunar_day(text)
    if parts is None:
        return None
    for y in (year, year - 1):
        d = solar_date(rules.years, y, *parts)
        if d and d.year == year:
            return d
    return None
