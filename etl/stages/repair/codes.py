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
    _seconds: dict[int, SecondHalves] = field(default_factory=dict)
    _followers: dict[tuple[str, bool], dict[int, list[Half]]] = field(default_factory=dict)

    def seconds(self, lead: int, trail: int) -> SecondHalves:
        """The characters that end with `trail` behind the first halves of `lead`."""
        found = self._seconds.get(lead << 8 | trail)
        if found is None:
            if len(self._seconds) >= MAX_KEPT:
                self._seconds.clear()
            found = self._seconds[lead << 8 | trail] = SecondHalves(self, lead, trail)
        return found

    def followers(self, first: str, low: bool) -> dict[int, list[Half]]:
        """The characters known to follow `first`, likely ones first, by their second byte and by ANY.

        They have a `low` first byte or a high one.
        """
        found = self._followers.get((first, low))
        if found is not None:
            return found
        found = self._followers[first, low] = {}
        for seen in self.stats.rows.get(first, ("", ""))[0]:
            for lead, trail, char in self.by_seen.get(seen, ()):
                if (lead < 0xA1) == low:
                    for key in (trail, ANY):
                        if len(halves := found.setdefault(key, [])) < MAX_SECONDS:
                            halves.append((lead, char, seen))
        return found

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
                    bits(NO_CONTEXT, seen, seen) if drops(last, lead) else inf,
                )
                for last, char, seen in self.by_lead.get(lead, ())
                if last in LOW or last in HIGH
            ]
            rows, symbols = self.stats.rows, self.stats.symbols
            doubled = {
                place
                for place, half in enumerate(halves)
                if half.again < inf and (half.seen * 2 in rows or ord(half.seen) in symbols)
            }
            found = self._firsts[lead] = Firsts(halves, Listed.of(halves, self.stats), doubled)
        return found


class First(NamedTuple):
    """A character whose second byte dropped with the first byte of the next one.

    `again` is what it costs in general to stand there twice, infinite if its own two bytes would not drop in turn.
    """

    code: int  # its two bytes and a zero, to which the trail of the next one is added
    char: str
    seen: str
    again: float


class Firsts(NamedTuple):
    """First halves of one lead, the same `listed`, and the places of those that have a row of their own `doubled`."""

    halves: list[First]
    listed: Listed
    doubled: set[int]


class Seconds:
    """The characters that may follow a first half, likely ones first, what they cost in general, and `listed`."""

    def __init__(self, first: str, halves: list[Half], stats: Statistics) -> None:
        self.halves = halves
        self.seen = frozenset([half[2] for half in halves])
        self.costs = [stats.bits(NO_CONTEXT, first, half[2]) for half in halves]
        self.floor = min(self.costs, default=inf)
        self._stats = stats

    @cached_property
    def listed(self) -> Listed:
        """The characters, to be asked for behind a certain one or on a certain page."""
        return Listed.of(self.halves, self._stats)


class SecondHalves:
    """The characters that end with one trail, behind the pair that dropped after each of the first halves of a lead.

    Those known to follow the first come before those that are common. With ANY for a trail any ending will
    do, but only what is known to follow. `floors` are what they cost at least behind each of the first halves,
    in general and as far as they were asked for.
    """

    def __init__(self, codes: Codes, lead: int, trail: int) -> None:
        self._codes = codes
        self._trail = trail
        self.firsts = codes.firsts(lead)
        self.floors = [0.0] * len(self.firsts.halves)
        self._found: list[Seconds | None] = [None] * len(self.floors)

    def behind(self, place: int) -> Seconds:
        """The characters behind one of the first halves."""
        found = self._found[place]
        if found is None:
            first = self.firsts.halves[place]
            found = self._found[place] = Seconds(first.seen, self._halves(first), self._codes.stats)
            self.floors[place] = found.floor
        return found

    def _halves(self, first: First) -> list[Half]:
        low = first.code >> 8 & 0xFF in LOW
        known = self._codes.followers(first.seen, low).get(self._trail, [])
        if self._trail == ANY:
            return known
        common = (
            h for h in self._codes.by_trail.get(self._trail, ()) if (h[0] < 0xA1) == low and h not in known
        )
        return [*known, *islice(common, MAX_COMMON)]


MAX_SECONDS, MAX_COMMON, HEADS, ANY = 24, 6, 3, 0
MAX_KEPT = 1 << 9  # with four times as many a worker held 6 MB more after 1,800 files, and grew on
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
    own = stats.pairs.own.get
    chars: dict[tuple[int, int], Char] = {}
    by_lead: dict[int, list[Half]] = {}
    by_trail: dict[int, list[Half]] = {}
    by_seen: dict[str, list[tuple[int, int, str]]] = {}
    for lead in range(0x81, 0xFF):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            char = _decoded(lead, trail)
            if char and char not in never and char not in CUTS:
                plain = own(shown := char.translate(seen), shown)
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
