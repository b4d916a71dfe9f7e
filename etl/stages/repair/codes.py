"""What pairs of GBK bytes can stand for on a page that a converter turned into traditional script.

Only characters that such a page can hold take part: no form that the converter would have changed, and
no traditional form that it never writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice

from etl.rules.repair import RepairRules
from etl.rules.repair_statistics import UNKNOWN, Statistics

# A pair in the user-defined zone leaves no trace: by its first byte, which was the trail of one character,
# the second, which was the lead of the next.
LOW, HIGH = frozenset(range(0xA1, 0xA8)), frozenset((*range(0xAA, 0xB0), *range(0xF8, 0xFF)))

Char = tuple[str, str]  # a character, and what the statistics take it for
Half = tuple[int, str, str]  # the byte not asked for, and the character so


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
    _firsts: dict[int, list[Half]] = field(default_factory=dict)
    _followers: dict[Half, dict[int, list[Half]]] = field(default_factory=dict)
    _seconds: dict[tuple[Half, int], list[Half]] = field(default_factory=dict)

    def firsts(self, lead: int) -> list[Half]:
        """The characters that begin with `lead` and whose other byte can begin a dropped pair."""
        if lead not in self._firsts:
            halves = self.by_lead.get(lead, ())
            self._firsts[lead] = [h for h in halves if h[0] in LOW or h[0] in HIGH]
        return self._firsts[lead]

    def seconds(self, first: Half, trail: int | None) -> list[Half]:
        """The characters that end with `trail` behind the pair that dropped after `first`.

        Those known to follow `first` come before those that are common. With `trail` None any ending
        will do, but only what is known to follow.
        """
        if first not in self._followers:
            self._followers[first] = self._by_trail(first)
        if trail is None:
            return self._followers[first].get(ANY, [])
        found = self._seconds.get((first, trail))
        if found is None:
            known = self._followers[first].get(trail, [])
            low = first[0] in LOW
            common = (h for h in self.by_trail.get(trail, ()) if (h[0] < 0xA1) == low and h not in known)
            found = self._seconds[first, trail] = [*known, *islice(common, MAX_COMMON)]
        return found

    def _by_trail(self, first: Half) -> dict[int, list[Half]]:
        """The characters known to follow `first`, likely ones first, by their second byte and by ANY."""
        low = first[0] in LOW
        found: dict[int, list[Half]] = {}
        for seen in self.stats.rows.get(first[2], ("", ""))[0]:
            for lead, trail, char in self.by_seen.get(seen, ()):
                if (lead < 0xA1) == low:
                    for key in (trail, ANY):
                        if len(halves := found.setdefault(key, [])) < MAX_SECONDS:
                            halves.append((lead, char, seen))
        return found


MAX_SECONDS, MAX_COMMON, ANY = 24, 6, -1
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
