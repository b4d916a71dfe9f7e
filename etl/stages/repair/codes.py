"""What pairs of GBK bytes can stand for on a page that a converter turned into traditional script.

Only characters that such a page can hold take part: no form that the converter would have changed, and
no traditional form that it never writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import islice
from math import inf
from typing import NamedTuple

from etl.rules.repair import RepairRules
from etl.rules.repair_statistics import IN_CLASS, SYMBOL, UNKNOWN, Statistics

# A pair in the user-defined zone leaves no trace: by its first byte, which was the trail of one character,
# the second, which was the lead of the next.
LOW, HIGH = frozenset(range(0xA1, 0xA8)), frozenset((*range(0xAA, 0xB0), *range(0xF8, 0xFF)))

Char = tuple[str, str]  # a character, and what the statistics take it for
Half = tuple[int, str, str]  # the byte not asked for, and the character so


@dataclass(frozen=True, eq=False, slots=True)
class Listed:
    """Characters as the statistics see them, made ready for their costs to be asked for all at once."""

    seen: list[str]
    shown: list[str]  # the same as the rows of the statistics have them
    extra: list[float]  # what each of them costs beside, if any does
    places: dict[str, list[int]]  # where each stands, by both names

    @classmethod
    def of(cls, halves: Iterable[Half | First], stats: Statistics) -> Listed:
        """The characters of `halves`."""
        seen = [half[2] for half in halves]
        shown = [stats.symbols.get(ord(char), char) for char in seen]
        extra = [
            IN_CLASS.get(char, 0.0) + (SYMBOL if char != row else 0.0)
            for char, row in zip(seen, shown, strict=True)
        ]
        places: dict[str, list[int]] = {}
        for names in (seen, shown):
            for place, char in enumerate(names):
                places.setdefault(char, []).append(place)
        return cls(seen, shown, extra if any(extra) else [], places)


@dataclass(frozen=True, eq=False)
class Codes:
    """Characters by their bytes; by lead or trail only those that the statistics know, common ones first."""

    chars: dict[tuple[int, int], Char]
    by_lead: dict[int, list[Half]]
    by_trail: dict[int, list[Half]]
    by_seen: dict[str, list[tuple[int, int, str]]]
    seen: dict[int, str]  # for str.translate: the text as the statistics see it
    readings: dict[str, list[str]]  # syllable -> traditional characters
    stats: Statistics
    names: tuple[str, ...]  # what names stand behind
    _firsts: dict[int, Firsts] = field(default_factory=dict)
    _listed: dict[tuple[bool, int], Listed] = field(default_factory=dict)

    @cached_property
    def seconds(self) -> SecondHalves:
        """The characters that may stand behind a first half and end with a trail."""
        return SecondHalves(self)

    def with_lead(self, lead: int) -> Listed:
        """The characters of `by_lead`."""
        return self._of(True, lead)

    def with_trail(self, trail: int) -> Listed:
        """The characters of `by_trail`."""
        return self._of(False, trail)

    def _of(self, is_lead: bool, byte: int) -> Listed:
        found = self._listed.get((is_lead, byte))
        if found is None:
            halves = (self.by_lead if is_lead else self.by_trail).get(byte, ())
            found = self._listed[is_lead, byte] = Listed.of(halves, self.stats)
        return found

    def firsts(self, lead: int) -> Firsts:
        """The characters that begin with `lead` and whose other byte can begin a dropped pair."""
        found = self._firsts.get(lead)
        if found is None:
            bits = self.stats.bits
            halves = [
                First(
                    lead << 16 | last << 8,
                    char,
                    seen,
                    bits(NO_CONTEXT, seen, seen) if drops(last, lead) else None,
                )
                for last, char, seen in self.by_lead.get(lead, ())
                if last in LOW or last in HIGH
            ]
            found = self._firsts[lead] = Firsts(halves, Listed.of(halves, self.stats))
        return found


class First(NamedTuple):
    """A character whose second byte dropped with the first byte of the next one.

    `again` is what it costs in general to stand there twice, None if its own two bytes would not drop in turn.
    """

    code: int  # its two bytes and a zero, to which the trail of the next one is added
    char: str
    seen: str
    again: float | None


class Firsts(NamedTuple):
    """First halves of one lead, and the same `listed`."""

    halves: list[First]
    listed: Listed


class Seconds(NamedTuple):
    """The characters that may follow a first half; `least` costs the cheapest of the `heads`, the first of them.

    That is in general, as `costs` and their `floor` are: what stands before the first half and the page may make
    one of them cheaper.
    """

    halves: list[Half]
    costs: list[float]  # of the halves, in general
    known: bool  # whether that holds; behind a symbol it does not
    heads: frozenset[str]  # as the statistics see them
    least: float
    floor: float  # the least of `costs`


class SecondHalves(dict[int, Seconds]):
    """The characters that end with a trail behind the pair that dropped after a first half, by `code` and trail.

    Those known to follow the first come before those that are common. With ANY for a trail any ending will
    do, but only what is known to follow.
    """

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._known: dict[int, dict[int, list[Half]]] = {}

    def __missing__(self, key: int) -> Seconds:
        if len(self) >= MAX_KEPT:
            self.clear()
        lead, last, trail = key.to_bytes(3)
        seen = self._codes.chars[lead, last][1]
        halves = self._halves(key & ~0xFF, last in LOW, seen, trail)
        stats = self._codes.stats
        costs = [stats.bits(NO_CONTEXT, seen, half[2]) for half in halves]
        known = ord(seen) not in stats.symbols
        least = min(costs[:HEADS], default=inf) if known else 0.0
        heads = frozenset(h[2] for h in halves[:HEADS])
        floor = min(costs, default=inf) if known else 0.0
        found = self[key] = Seconds(halves, costs, known, heads, least, floor)
        return found

    def _halves(self, code: int, low: bool, seen: str, trail: int) -> list[Half]:
        by_trail = self._known.get(code)
        if by_trail is None:
            by_trail = self._known[code] = self._followers(seen, low)
        known = by_trail.get(trail, [])
        if trail == ANY:
            return known
        common = (h for h in self._codes.by_trail.get(trail, ()) if (h[0] < 0xA1) == low and h not in known)
        return [*known, *islice(common, MAX_COMMON)]

    def _followers(self, first: str, low: bool) -> dict[int, list[Half]]:
        """The characters known to follow `first`, likely ones first, by their second byte and by ANY."""
        found: dict[int, list[Half]] = {}
        for seen in self._codes.stats.rows.get(first, ("", ""))[0]:
            for lead, trail, char in self._codes.by_seen.get(seen, ()):
                if (lead < 0xA1) == low:
                    for key in (trail, ANY):
                        if len(halves := found.setdefault(key, [])) < MAX_SECONDS:
                            halves.append((lead, char, seen))
        return found


MAX_SECONDS, MAX_COMMON, HEADS, ANY = 24, 6, 3, 0
MAX_KEPT = 1 << 15
NO_CONTEXT = "\n"  # begins no row of the statistics
# The page is cut before every real ！ and ？: they end a run and can't stand in one.
CUTS = "！？"


def bytes_of(char: str) -> tuple[int, int]:
    """The two GBK bytes behind a visible `char`, (0, 0) if it can't have had two.

    An ASCII sign below @ can't stand in a run but as a full-width form that was narrowed: ! is A3A1.
    """
    if "!" <= char <= "~":
        return 0xA3, ord(char) + 0x80
    data = char.encode("gbk", "ignore")
    return (data[0], data[1]) if len(data) == 2 else (0, 0)


@cache
def unassigned_after(lead: int) -> frozenset[int]:
    """The bytes that make a pair with `lead` which GBK has no character for, shown as a question mark."""
    return frozenset(t for t in range(0x81, 0xFF) if not _decoded(lead, t) and not drops(lead, t))


def _decoded(lead: int, trail: int) -> str:
    try:
        return bytes((lead, trail)).decode("gbk")
    except UnicodeDecodeError:
        return ""


def drops(lead: int, trail: int) -> bool:
    """Whether the pair is in the user-defined zone, so that it leaves no trace."""
    return (lead in HIGH and trail >= 0xA1) or (lead in LOW and trail <= 0xA0)


@lru_cache(maxsize=1)
def codes(rules: RepairRules, stats: Statistics) -> Codes:
    """The codes under `rules`, for as long as they stay the same."""
    seen = dict(rules.simplified)
    seen |= dict.fromkeys(range(48, 58), "0") | dict.fromkeys((*range(65, 91), *range(97, 123)), "A")
    seen |= {ord(c): chr(ord(c) + 0xFEE0) for c in ",!:;?()"} | {0xFFFD: "0", 10: "|"}
    never = (rules.converted.keys() | {chr(c) for c in rules.simplified}) - set(rules.converted.values())
    chars: dict[tuple[int, int], Char] = {}
    by_lead: dict[int, list[Half]] = {}
    by_trail: dict[int, list[Half]] = {}
    by_seen: dict[str, list[tuple[int, int, str]]] = {}
    for lead in range(0x81, 0xFF):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            char = _decoded(lead, trail)
            if char and char not in never and char not in CUTS:
                plain = char.translate(seen)
                chars[lead, trail] = char, plain
                if plain in stats.singles or ord(char) in stats.symbols:
                    by_lead.setdefault(lead, []).append((trail, char, plain))
                    by_trail.setdefault(trail, []).append((lead, char, plain))
                    by_seen.setdefault(plain, []).append((lead, trail, char))
    for halves in (*by_lead.values(), *by_trail.values()):
        halves.sort(key=lambda h: stats.singles.get(h[2], UNKNOWN))
    readings: dict[str, list[str]] = {}
    for char, syllables in rules.readings.items():
        for syllable in syllables:
            readings.setdefault(syllable, []).append(char)
    return Codes(chars, by_lead, by_trail, by_seen, seen, readings, stats, rules.names)
