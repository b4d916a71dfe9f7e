"""One pass over a text for all trigger patterns at once.

A few hundred patterns searched one by one would cost milliseconds an article. An automaton finds all literal
strings of all patterns in one go; plain words are then done, and a pattern is tried only where its anchors
stand, a head and, behind a gap, a tail.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from itertools import chain

from ahocorasick_rs import AhoCorasick, Implementation

from etl.rules.anchors import anchors
from etl.rules.factoring import compile_factored, split_alternatives

Span = tuple[int, int]
Hits = dict[str, list[Span]]
PLAIN_RE = re.compile(r"[^\\()\[\]{}.*+?^$|<]+")
# compiled when first tried: most patterns are never met, and all of them would take longer than many articles
matcher = lru_cache(maxsize=None)(compile_factored)


class Scanner:
    """Patterns by tag, searched together."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        tables = _Tables()
        for tag, pattern in patterns:
            plain, rest = _sorted_out(pattern)
            for word in plain:
                tables.word(word, tag)
            if rest:
                tables.pattern("|".join(rest), tag)
        self._literals = list(tables.tags)
        self._plain = {n: tuple(tags) for n, tags in enumerate(tables.tags.values()) if tags}
        self._groups = [tuple(tables.member.get(literal, ())) for literal in self._literals]
        self._free = {head: tuple(trials) for head, trials in tables.free.items()}
        self._gated = {tail: tuple(gates) for tail, gates in tables.gated.items()}

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self._literals, implementation=Implementation.ContiguousNFA, store_patterns=False)

    def scan(self, text: str) -> Hits:
        """Spans of each tag's matches in order; those of one tag do not overlap."""
        at: dict[int, list[int]] = {}  # literal -> where it stands
        for number, start, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if number in at:
                at[number].append(start)
            else:
                at[number] = [start]
        found: Hits = {}
        for number in self._plain.keys() & at.keys():
            size = len(self._literals[number])
            spans = [(start, start + size) for start in at[number]]
            for tag in self._plain[number]:
                found[tag] = found.get(tag, []) + spans
        for tag, source, starts in self._trials(at):
            match = matcher(source).match
            for start in starts:
                hit = match(text, start)
                if hit:
                    found.setdefault(tag, []).append(hit.span())
        return {tag: _apart(spans) if len(spans) > 1 else spans for tag, spans in found.items()}

    def _trials(self, at: Mapping[int, list[int]]) -> Iterable[tuple[str, str, Iterable[int]]]:
        """Each pattern to try with its tag and where; `at` tells where each literal stands."""
        groups = self._groups
        here = set(chain.from_iterable([groups[number] for number in at]))
        free = here & self._free.keys()
        gates = [gate for tail in here & self._gated.keys() for gate in self._gated[tail] if gate[0] in here]
        wanted = free.union(*[gate[:2] for gate in gates])
        places: dict[int, list[int]] = {group: [] for group in wanted}
        for number, starts in at.items():
            for group in groups[number]:
                if group in wanted:
                    places[group] += starts
        for group in free:
            for tag, source in self._free[group]:
                yield tag, source, places[group]
        for head, tail, low, high, tag, source in gates:
            near = _near(places[head], places[tail], low, high)
            if near:
                yield tag, source, near


class _Tables:
    """What a scanner is made of: the literals in order, and what each of them takes part in."""

    def __init__(self) -> None:
        self.tags: dict[str, dict[str, None]] = {}  # literal -> tags of which it is a plain word
        self.member: dict[str, dict[int, None]] = {}  # literal -> numbers of the sets it belongs to
        self.numbers: dict[frozenset[str], int] = {}
        self.free: dict[int, dict[tuple[str, str], None]] = {}
        self.gated: dict[int, dict[tuple[int, int, int, int, str, str], None]] = {}

    def word(self, word: str, tag: str) -> None:
        self.tags.setdefault(word, {})[tag] = None

    def pattern(self, source: str, tag: str) -> None:
        for anchor in anchors(source):
            head = self._number(anchor.heads)
            if anchor.tails:
                tail = self._number(anchor.tails)
                gate = (head, tail, anchor.low, anchor.high, tag, source)
                self.gated.setdefault(tail, {})[gate] = None
            else:
                self.free.setdefault(head, {})[tag, source] = None

    def _number(self, literals: frozenset[str]) -> int:
        number = self.numbers.setdefault(literals, len(self.numbers))
        for literal in sorted(literals):
            self.tags.setdefault(literal, {})
            self.member.setdefault(literal, {})[number] = None
        return number


def _near(heads: Iterable[int], tails: list[int], low: int, high: int) -> list[int]:
    """Those of `heads` behind which one of `tails` stands, `low` to `high` characters on."""
    tails = sorted(tails)
    tails.append(sys.maxsize)
    return [head for head in heads if tails[bisect_left(tails, head + low)] <= head + high]


def _apart(spans: list[Span]) -> list[Span]:
    """`spans` in order without those that overlap an earlier one; of several at one place the longest."""
    kept: list[Span] = []
    end = -1
    for span in sorted(spans):
        if span[0] >= end:
            kept.append(span)
            end = span[1]
        elif span[0] == kept[-1][0]:
            kept[-1] = span
            end = span[1]
    return kept


def _sorted_out(pattern: str) -> tuple[list[str], list[str]]:
    """The alternatives of `pattern` that are plain words, and the others."""
    plain: list[str] = []
    rest: list[str] = []
    for part in split_alternatives(pattern):
        (plain if PLAIN_RE.fullmatch(part) else rest).append(part)
    return plain, rest


def within(
    hits: Mapping[str, list[tuple[int, int]]], tag: str, start: int, end: int
) -> list[tuple[int, int]]:
    """The hits of `tag` that lie inside `[start, end)`."""
    spans = hits.get(tag)
    if not spans:
        return []
    return [s for s in spans[bisect_left(spans, (start,)) : bisect_left(spans, (end,))] if s[1] <= end]
