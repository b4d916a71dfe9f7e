"""One pass over a text for all trigger patterns at once.

A few hundred patterns searched one by one would cost milliseconds an article. An automaton finds all literal
strings of all patterns in one go; plain words are then done, and a pattern is tried only where its anchors
stand, a head and, behind a gap, a tail.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from itertools import chain
from operator import or_

from ahocorasick_rs import AhoCorasick, Implementation

from etl.rules.anchors import anchors
from etl.rules.factoring import compile_factored, split_alternatives

Span = tuple[int, int]
Hits = dict[str, list[Span]]
PLAIN_RE = re.compile(r"[^\\()\[\]{}.*+?^$|<]+")
FEW = 2  # starts that are tried sooner than it is found out whether they need be
# compiled when first tried: most patterns are never met, and all of them would take longer than many articles
matcher = lru_cache(maxsize=None)(compile_factored)


@dataclass(frozen=True, slots=True)
class Trial:
    """A pattern to try where one of the literals `heads` stands and, if `tails`, one of these near behind it."""

    tag: str
    source: str
    heads: frozenset[int]
    tails: frozenset[int]
    low: int
    high: int


class Scanner:
    """Patterns by tag, searched together."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        numbers: dict[str, int] = {}  # of each literal
        words: dict[int, dict[str, None]] = {}  # literal -> tags of which it is a plain word
        trials: dict[Trial, None] = {}

        def number(literal: str) -> int:
            return numbers.setdefault(literal, len(numbers))

        for tag, pattern in patterns:
            plain, rest = _sorted_out(pattern)
            for word in plain:
                words.setdefault(number(word), {})[tag] = None
            source = "|".join(rest)
            for a in anchors(source) if rest else ():
                heads, tails = frozenset(map(number, a.heads)), frozenset(map(number, a.tails))
                trials[Trial(tag, source, heads, tails, a.low, a.high)] = None
        self._literals = list(numbers)
        self._words = {n: tuple(tags) for n, tags in words.items()}
        self._trials = list(trials)
        # For which trials each literal is a head, as bits, and above these for which it is a tail.
        bits = [0] * len(numbers)
        self._tailless = 0
        for bit, trial in enumerate(self._trials):
            for n in trial.heads:
                bits[n] |= 1 << bit
            for n in trial.tails:
                bits[n] |= 1 << bit + len(trials)
            if not trial.tails:
                self._tailless |= 1 << bit + len(trials)
        same: dict[
            int, int
        ] = {}  # most literals share their bits with others: what is read often stays small
        self._bits = [same.setdefault(b, b) for b in bits]

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
        for number in self._words.keys() & at.keys():
            size = len(self._literals[number])
            spans = [(start, start + size) for start in at[number]]
            for tag in self._words[number]:
                found.setdefault(tag, []).extend(spans)
        for trial, starts in self._live(at):
            match = matcher(trial.source).match
            for start in starts:
                hit = match(text, start)
                if hit:
                    found.setdefault(trial.tag, []).append(hit.span())
        return {tag: apart(spans) if len(spans) > 1 else spans for tag, spans in found.items()}

    def _live(self, at: Mapping[int, list[int]]) -> Iterable[tuple[Trial, Iterable[int]]]:
        """The trials to make, with the places; `at` tells where each literal stands."""
        bits = reduce(or_, {self._bits[n] for n in at}, self._tailless)
        live = bits & bits >> len(self._trials)
        here = frozenset(at)

        def places(group: frozenset[int]) -> list[int]:
            lists = [at[n] for n in group & here]
            return lists[0] if len(lists) == 1 else sorted(chain.from_iterable(lists))

        while live:
            lowest = live & -live
            live ^= lowest
            trial = self._trials[lowest.bit_length() - 1]
            starts = places(trial.heads)
            if trial.tails and len(starts) > FEW:
                starts = _near(starts, places(trial.tails), trial)
            if starts:
                yield trial, starts


def _near(heads: Iterable[int], tails: list[int], trial: Trial) -> list[int]:
    """Those of `heads` with one of `tails` as far behind as `trial` has it; `tails` are in order."""
    low, high, last = trial.low, trial.high, tails[-1]
    return [
        head for head in heads if head + low <= last and tails[bisect_left(tails, head + low)] <= head + high
    ]


def apart(spans: list[Span]) -> list[Span]:
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
