"""Numbers as Chinese news writes them."""

from __future__ import annotations

from functools import lru_cache

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2, "O": 0}
UNITS = {"十": 10, "百": 100, "千": 1000}
SCALES = {"万": 10_000, "亿": 100_000_000}


@lru_cache(maxsize=1024)  # the same days, hours and sums come again and again
def integer(text: str) -> int | None:
    """The value of a whole number in Arabic or Chinese digits, None if it is neither.

    >>> integer("15"), integer("十二"), integer("二十"), integer("两千三百"), integer("二〇二三")
    (15, 12, 20, 2300, 2023)
    """
    if text.isascii():
        return int(text) if text.isdigit() else None
    if all(c in DIGITS for c in text):
        return int("".join(str(DIGITS[c]) for c in text))
    total = section = digit = 0
    for c in text:
        if c in DIGITS:
            digit = DIGITS[c]
        elif c in UNITS:
            section += (digit or 1) * UNITS[c]
            digit = 0
        elif c in SCALES:
            total = (total + section + digit) * SCALES[c]
            section = digit = 0
        else:
            return None
    return total + section + digit


@lru_cache(maxsize=1024)
def scaled(number: str, multiplier: str | None) -> float:
    """`number` with thousands separators times its 万, 亿, 千 ...

    >>> scaled("2.6", "万"), scaled("1,200", None), scaled("3", "百万"), scaled("38.5", "万")
    (26000.0, 1200.0, 3000000.0, 385000.0)
    """
    value = float(number.replace(",", "").replace("，", ""))
    for c in multiplier or "":
        value = value * (UNITS.get(c) or SCALES[c])
    return round(value, 4)
