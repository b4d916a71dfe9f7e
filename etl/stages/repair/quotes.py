"""Quotation marks take turns: a reading of a run that leaves them unpaired is less plausible."""

from __future__ import annotations

from itertools import pairwise

PAIRS = ("“”", "‘’", "《》")
QUOTES = frozenset("".join(PAIRS))
MARKS = ("?!", "??")  # another run, which may hide quotation marks


def marks_around(before: str, after: str) -> list[tuple[str, str]]:
    """The quotation marks, of each pair one, next to what stands between `before` and `after` in a line."""
    return [(_last(pair, before), _first(pair, after)) for pair in PAIRS]


def unpaired(marks: list[tuple[str, str]], reading: str) -> int:
    """How often two quotation marks do not take turns in `reading` and towards the `marks` around it.

    >>> marks = marks_around("他说：“好", "老人走了")
    >>> unpaired(marks, "。“"), unpaired(marks, "。”")
    (2, 0)
    """
    found = 0
    if QUOTES.isdisjoint(reading):  # as most are
        return sum([last == first != "" for last, first in marks])
    inside = [c for c in reading if c in QUOTES]
    for pair, (last, first) in zip(PAIRS, marks, strict=True):
        turns = [last, *[c for c in inside if c in pair], first]
        found += sum([a == b != "" for a, b in pairwise(turns)])
    return found


def _last(pair: str, text: str) -> str:
    """The last of `pair` in `text`, its closing one if there is none; empty if a run behind it may hide one."""
    at = max(map(text.rfind, pair))
    if max(map(text.rfind, MARKS)) > at:
        return ""
    return text[at] if at >= 0 else pair[1]


def _first(pair: str, text: str) -> str:
    """The first of `pair` in `text`, its opening one if there is none; empty if a run before it may hide one."""
    found = [at for at in map(text.find, pair) if at >= 0]
    hidden = [at for at in map(text.find, MARKS) if at >= 0]
    if hidden and min(hidden) < min(found, default=len(text)):
        return ""
    return text[min(found)] if found else pair[0]
