"""One pass over a text for all trigger patterns at once.

A few hundred patterns searched one by one would cost milliseconds an article. Each pattern can only
begin with certain characters, its heads; the text is walked once by pairs of characters, and a pattern
is tried only where one of its heads stands. Plain words need no trial at all: their head is the word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import chain
from operator import add
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from etl.rules.factoring import class_members, compile_factored, split_alternatives

Matcher = Callable[[str, int], "re.Match[str] | None"]
Hits = dict[str, list[tuple[int, int]]]
HEAD, WIDTH = 3, 600  # longest head; most heads of one pattern
PLAIN_RE = re.compile(r"[^\\()\[\]{}.*+?^$|<]+")


class Scanner:
    """Patterns by tag, searched together."""

    def __init__(self, patterns: Iterable[tuple[str, str]]) -> None:
        words: dict[str, dict[tuple[str, str], None]] = {}  # dicts as ordered sets
        tried: dict[str, dict[tuple[str, str], None]] = {}
        for tag, pattern in patterns:
            plain, rest = _sorted_out(pattern)
            for word in plain:
                words.setdefault(word[:HEAD], {})[tag, word] = None
            if rest:
                source = "|".join(rest)
                for head in heads(source):
                    tried.setdefault(head, {})[tag, source] = None
        longer: dict[str, set[str]] = {}
        for head in {*words, *tried}:
            longer.setdefault(head[:2], set()).add(head)
        entries = {pair: Entry(pair, heads, words, tried) for pair, heads in longer.items()}
        # As functions to map over a text: where nothing can begin, no line of Python runs.
        self._by_pair = entries.get
        self._by_character = {c: e for c, e in entries.items() if len(c) == 1}.get

    def scan(self, text: str) -> Hits:
        """Spans of each tag's matches in order; those of one tag do not overlap."""
        found: Hits = {}
        pairs = map(add, text, chain(text[1:], "\0"))
        entries = map(self._by_pair, pairs, map(self._by_character, text))
        for start, entry in enumerate(entries):
            if entry is None:
                continue
            third = text[start + 2 : start + 3]
            if third not in entry.longer:
                third = ""
            sized, longer, tried = entry.by_third.get(third) or entry.prepare(third)
            for tag, size in sized:
                _add(found, tag, start, start + size)
            for tag, word in longer:
                if text.startswith(word, start):
                    _add(found, tag, start, start + len(word))
            for tag, match in tried:
                hit = match(text, start)
                if hit:
                    _add(found, tag, start, hit.end())
        return found


# Words that stand where their head does, by length; words still to compare; patterns to try.
Tasks = tuple[list[tuple[str, int]], list[tuple[str, str]], list[tuple[str, Matcher]]]
Heads = Mapping[str, Mapping[tuple[str, str], None]]
matcher = lru_cache(maxsize=None)(compile_factored)


class Entry:
    """What to do at one pair of characters, by the character that follows.

    It is worked out, and its patterns are compiled, when a text first asks: most are never met, and to
    compile them all would take longer than to read a thousand articles.
    """

    __slots__ = ("by_third", "longer", "pair", "tried", "words")

    def __init__(self, pair: str, longer: Iterable[str], words: Heads, tried: Heads) -> None:
        self.pair = pair
        self.longer = {head[2] for head in longer if len(head) == HEAD}
        self.words = words
        self.tried = tried
        self.by_third: dict[str, Tasks] = {}

    def prepare(self, third: str) -> Tasks:
        """The tasks where `third` follows the pair, "" for any that no head goes on with; remembered."""
        head = self.pair + third
        begun = [head[:n] for n in range(1, len(head) + 1)]
        here = [found for h in begun for found in self.words.get(h, ())]
        patterns = dict.fromkeys(found for h in begun for found in self.tried.get(h, ()))
        tasks: Tasks = (
            [(tag, len(word)) for tag, word in here if len(word) <= len(head)],
            [(tag, word) for tag, word in here if len(word) > len(head)],
            [(tag, matcher(source).match) for tag, source in patterns],
        )
        self.by_third[third] = tasks
        return tasks


def _add(found: Hits, tag: str, start: int, end: int) -> None:
    spans = found.setdefault(tag, [])
    if not spans or spans[-1][1] <= start:
        spans.append((start, end))
    elif spans[-1][0] == start and spans[-1][1] < end:
        spans[-1] = (start, end)


def _sorted_out(pattern: str) -> tuple[list[str], list[str]]:
    """The alternatives of `pattern` that are plain words, and the others."""
    plain: list[str] = []
    rest: list[str] = []
    for part in split_alternatives(pattern):
        (plain if PLAIN_RE.fullmatch(part) else rest).append(part)
    return plain, rest


def heads(pattern: str) -> set[str]:
    """What a match of `pattern` can begin with, as short literal strings.

    Raises ValueError for a pattern that could begin with anything: it would have to be tried everywhere.

    >>> sorted(heads("(?:入室|破门)?盗窃"))
    ['入室盗', '盗窃', '破门盗']
    """
    found = {h.removesuffix(CLOSED) for h in _heads(list(_parser.parse(pattern)), HEAD)}
    if "" in found:
        raise ValueError(f"pattern can begin with anything: {pattern[:60]}")
    return found


CLOSED = "\0"  # ends a head after which anything may follow


def _heads(tokens: list[tuple[Any, Any]], left: int) -> set[str]:
    """Heads of a token sequence, `left` characters at most."""
    if not tokens or left <= 0:
        return {""}
    (op, arg), rest = tokens[0], tokens[1:]
    firsts = _firsts(op, arg, left)
    if firsts is None:
        return {CLOSED}
    found: set[str] = set()
    for first in firsts:
        if first.endswith(CLOSED) or len(first) >= left:
            found.add(first if first.endswith(CLOSED) else first[:left])
        else:
            found |= {first + t for t in _heads(rest, left - len(first))}
    return found if len(found) <= WIDTH else {h[:1] for h in found}


def _firsts(op: Any, arg: Any, left: int) -> set[str] | None:
    """What one token can stand for: literal strings, the empty string for a look-around, None if unknown."""
    if op is sre.LITERAL:
        return {chr(arg)}
    if op is sre.IN:
        return class_members(arg)
    if op is sre.BRANCH:
        return set().union(*(_heads(list(b), left) for b in arg[1]))
    if op is sre.SUBPATTERN:
        return _heads(list(arg[3]), left)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, body = arg
        inner = _heads(list(body), left)
        if high > 1:  # a second round may follow
            inner = {h if h.endswith(CLOSED) else h + CLOSED for h in inner}
        return inner | {""} if low == 0 else inner
    if op in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
        return {""}
    return None


def within(
    hits: Mapping[str, list[tuple[int, int]]], tag: str, start: int, end: int
) -> list[tuple[int, int]]:
    """The hits of `tag` that lie inside `[start, end)`."""
    spans = hits.get(tag)
    if not spans:
        return []
    return [s for s in spans[bisect_left(spans, (start,)) : bisect_left(spans, (end,))] if s[1] <= end]
