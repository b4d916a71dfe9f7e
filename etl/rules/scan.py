"""One pass over a text for all trigger patterns at once.

A few hundred patterns searched one by one would cost milliseconds an article. An automaton finds all literal
strings of all patterns in one go; plain words are then done, and a pattern is tried only where its anchors
stand, a head and, not far behind it, a tail. Which tails stand where is kept as bits, block by block: one `&`
tells of a head which of its patterns are worth a trial.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache, reduce
from itertools import pairwise
from operator import or_
from types import MappingProxyType
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from etl.rules.anchors import anchors
from etl.rules.factoring import split_alternatives

Span = tuple[int, int]
Hits = dict[str, list[Span]]
Trial = tuple[str, str]  # tag and pattern
PLAIN_RE = re.compile(r"[^\\()\[\]{}.*+?^$|<]+")
NONE: Mapping[int, tuple[Trial, ...]] = MappingProxyType({})
BLOCK = 64  # characters; a tail counts as near that stands in the block of its head or in the next
# compiled when first tried: most patterns are never met, and all of them would take longer than many articles
matcher = lru_cache(maxsize=None)(re.compile)


class Literal(NamedTuple):
    """What it means that one literal string stands somewhere."""

    words: tuple[str, ...]  # tags of which it is a plain word
    trials: tuple[Trial, ...]  # patterns it may begin
    heads: int  # groups of tails of which one is needed by further patterns it may begin, as bits
    gapped: Mapping[int, tuple[Trial, ...]]  # bit in `heads` -> the patterns


class Scanner:
    """Patterns by tag, searched together."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        words: dict[str, dict[str, None]] = {}
        trials: dict[str, dict[Trial, None]] = {}
        gapped: dict[str, dict[int, dict[Trial, None]]] = {}
        tails: dict[str, int] = {}
        bits: dict[frozenset[str], int] = {}  # of each group of tails
        for tag, pattern in patterns:
            plain, rest = _sorted_out(pattern)
            for word in plain:
                words.setdefault(word, {})[tag] = None
            trial = tag, "|".join(rest)
            for a in anchors(trial[1]) if rest else ():
                if not a.tails or a.high > BLOCK:
                    for head in a.heads:
                        trials.setdefault(head, {})[trial] = None
                    continue
                if a.tails not in bits:
                    bits[a.tails] = 1 << len(bits)
                    for tail in a.tails:
                        tails[tail] = tails.get(tail, 0) | bits[a.tails]
                bit = bits[a.tails]
                for head in a.heads:
                    gapped.setdefault(head, {}).setdefault(bit, {})[trial] = None
        self._texts = list(dict.fromkeys((*words, *trials, *gapped, *tails)))
        self._literals = [
            Literal(
                tuple(words.get(text, ())),
                tuple(trials.get(text, ())),
                reduce(or_, gapped.get(text, NONE), 0),
                {bit: tuple(found) for bit, found in gapped[text].items()} if text in gapped else NONE,
            )
            for text in self._texts
        ]

        self._tail_bits = [tails.get(text, 0) for text in self._texts]

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self._texts, implementation=Implementation.ContiguousNFA, store_patterns=False)

    def scan(self, text: str) -> Hits:
        """Spans of each tag's matches in order; those of one tag do not overlap."""
        stand = self._automaton.find_matches_as_indexes(text, overlapping=True)
        near = self._tails(stand, len(text))
        known = self._literals
        found: defaultdict[str, list[Span]] = defaultdict(list)
        for number, start, end in stand:
            words, trials, heads, gapped = known[number]
            for tag in words:
                found[tag].append((start, end))
            if heads:
                heads &= near[start // BLOCK]
                while heads:
                    lowest = heads & -heads
                    heads ^= lowest
                    trials += gapped[lowest]
            for tag, source in trials:
                hit = matcher(source).match(text, start)
                if hit:
                    found[tag].append(hit.span())
        return {tag: apart(spans) if len(spans) > 1 else spans for tag, spans in found.items()}

    def tags(self, text: str) -> set[str]:
        """The tags of which something matches in `text`, a sentence or less: what `scan` finds, without the places.

        >>> sorted(Scanner([("theft", "偷[^。]{0,4}车"), ("loss", "丢了")]).tags("丢了一辆车"))
        ['loss']
        """
        stand = self._automaton.find_matches_as_indexes(text, overlapping=True)
        near = 0
        for number, _, _ in stand:
            near |= self._tail_bits[number]
        found: set[str] = set()
        for number, start, _ in stand:
            words, trials, heads, gapped = self._literals[number]
            found.update(words)
            heads &= near
            while heads:
                lowest = heads & -heads
                heads ^= lowest
                trials += gapped[lowest]
            for tag, source in trials:
                if tag not in found and matcher(source).match(text, start):
                    found.add(tag)
        return found

    def _tails(self, stand: Iterable[tuple[int, int, int]], length: int) -> list[int]:
        """For each block of the text the tails that stand in it or in the next, as bits."""
        blocks = [0] * (length // BLOCK + 2)
        bits = self._tail_bits
        for number, start, _ in stand:
            tails = bits[number]
            if tails:
                blocks[start // BLOCK] |= tails
        return [here | after for here, after in pairwise(blocks)]


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


FEW = 8  # spans that are sooner looked through than cut to the part asked for


def within(
    hits: Mapping[str, list[tuple[int, int]]], tag: str, start: int, end: int
) -> list[tuple[int, int]]:
    """The hits of `tag` that lie inside `[start, end)`."""
    spans = hits.get(tag)
    if not spans:
        return []
    if len(spans) <= FEW:
        return [s for s in spans if start <= s[0] < end and s[1] <= end]
    return [s for s in spans[bisect_left(spans, (start,)) : bisect_left(spans, (end,))] if s[1] <= end]
