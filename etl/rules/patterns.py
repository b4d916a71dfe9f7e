"""Patterns that say no quickly.

Most patterns of a rule list fit nowhere in a given text, and a regular expression finds that out by
trying every position. But any match of `被盗|不见了` holds the pair 被盗 or the pair 不见, so a text
without either need not be searched. `compile_gated` reads such pairs off the expression itself; the pairs of a
text are collected once, however many patterns ask. Where no pairs can be read off (`\\d{2}`), the
pattern searches as usual, so the result is always that of `re`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST = 400  # wordings that one stretch of an expression may stand for before it counts as open

Words = frozenset[str]


class GatedPattern:
    """A compiled expression with the searching methods of `re.Pattern`."""

    __slots__ = ("_finditer", "_search", "needs", "pattern")

    def __init__(self, pattern: re.Pattern[str], needs: Words | None) -> None:
        self.pattern = pattern
        self.needs = needs
        self._search = pattern.search
        self._finditer = pattern.finditer

    def possible(self, text: str) -> bool:
        """Whether a match in `text` can't be ruled out."""
        return self.needs is None or not self.needs.isdisjoint(pairs(text))

    def search(self, text: str, *within: int) -> re.Match[str] | None:
        """As `re.Pattern.search`."""
        if self.needs is not None and self.needs.isdisjoint(pairs(text)):
            return None
        return self._search(text, *within)

    def finditer(self, text: str, *within: int) -> Iterator[re.Match[str]]:
        """As `re.Pattern.finditer`."""
        if self.needs is not None and self.needs.isdisjoint(pairs(text)):
            return iter(())
        return self._finditer(text, *within)

    def match(self, text: str, *within: int) -> re.Match[str] | None:
        """As `re.Pattern.match`; it looks at one place only, so nothing is gained by asking first."""
        return self.pattern.match(text, *within)

    def fullmatch(self, text: str, *within: int) -> re.Match[str] | None:
        """As `re.Pattern.fullmatch`."""
        return self.pattern.fullmatch(text, *within)

    def findall(self, text: str) -> list[str]:
        """As `re.Pattern.findall`."""
        return self.pattern.findall(text) if self.possible(text) else []

    def split(self, text: str) -> list[str | Any]:
        """As `re.Pattern.split`."""
        return self.pattern.split(text) if self.possible(text) else [text]

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str) -> str:
        """As `re.Pattern.sub`."""
        return self.pattern.sub(replacement, text) if self.possible(text) else text


def compile_gated(expression: str, flags: int = 0) -> GatedPattern:
    """The expression, ready to search.

    >>> pattern = compile_gated("被(?:盗|偷)|不见了")
    >>> sorted(pattern.needs or ()), pattern.search("手机不见了") is not None, pattern.search("一切平安")
    (['不见', '被偷', '被盗'], True, None)
    """
    return GatedPattern(re.compile(expression, flags), needed(expression, flags))


@lru_cache(maxsize=64)
def pairs(text: str) -> Words:
    """The characters and the pairs of neighbouring characters of a text."""
    return frozenset(text).union(map(str.__add__, text, text[1:]))


def needed(expression: str, flags: int = 0) -> Words | None:
    """Characters or pairs one of which any match must hold; None if none can be named.

    >>> needed("[0-9]+岁"), needed("(?:被盗)?车?")
    (frozenset({'岁'}), None)
    """
    if flags & re.IGNORECASE:
        return None
    tree = parser.parse(expression, flags)
    return None if tree.state.flags & re.IGNORECASE else best(needs_of(list(tree)))


def needs_of(nodes: list[Any]) -> list[Words]:
    """What a sequence of nodes must hold: one set of wordings for each closed stretch of it."""
    found: list[Words] = []
    stretch: Words = frozenset({""})
    for node in nodes:
        words = wordings(node)
        if words is not None and len(stretch) * len(words) <= MOST:
            stretch = frozenset(a + b for a in stretch for b in words)
            continue
        found.append(stretch)
        stretch = words if words is not None else frozenset({""})
        if words is None:
            found += needs_inside(node)
    return [*found, stretch]


def needs_inside(node: Any) -> list[Words]:
    """What a node with open parts must hold."""
    kind, value = node
    if kind is op.SUBPATTERN:
        return needs_of(list(value[3]))
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] > 0:
        return needs_of(list(value[2]))
    if kind is op.BRANCH:
        each = [best(needs_of(list(branch))) for branch in value[1]]
        if all(one is not None for one in each):
            return [frozenset(word for one in each if one for word in one)]
    return []


def wordings(node: Any) -> Words | None:
    """All texts that a node matches, if they are few; None otherwise."""
    kind, value = node
    if kind is op.LITERAL:
        return frozenset({chr(value)})
    if kind is op.IN:
        return in_class(value)
    if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return frozenset({""})
    if kind is op.SUBPATTERN:
        return None if value[1] or value[2] else sequence(list(value[3]))
    if kind is op.BRANCH:
        return union([sequence(list(branch)) for branch in value[1]])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, inner = value
        words = sequence(list(inner))
        if words is None or high is op.MAXREPEAT or high > 4:
            return None
        return union([power(words, times) for times in range(low, high + 1)])
    return None


def in_class(items: list[Any]) -> Words | None:
    """The characters of a class of single characters."""
    chars = set()
    for kind, value in items:
        if kind is op.LITERAL:
            chars.add(chr(value))
        elif kind is op.RANGE and value[1] - value[0] < 40:
            chars.update(map(chr, range(value[0], value[1] + 1)))
        else:
            return None
    return frozenset(chars)


def sequence(nodes: list[Any]) -> Words | None:
    """All texts that a sequence matches, if they are few."""
    words: Words = frozenset({""})
    for node in nodes:
        following = wordings(node)
        if following is None or len(words) * len(following) > MOST:
            return None
        words = frozenset(a + b for a in words for b in following)
    return words


def power(words: Words, times: int) -> Words | None:
    """Texts made of so many of `words`."""
    made: Words | None = frozenset({""})
    for _ in range(times):
        made = (
            None
            if made is None or len(made) * len(words) > MOST
            else frozenset(a + b for a in made for b in words)
        )
    return made


def union(sets: list[Words | None]) -> Words | None:
    """All words of all sets, if they are few."""
    words: set[str] = set()
    for one in sets:
        if one is None:
            return None
        words |= one
    return frozenset(words) if len(words) <= MOST else None


def best(candidates: list[Words]) -> Words | None:
    """The most telling of several needs: pairs before single characters, then the fewest."""
    usable = [words for words in candidates if words and "" not in words]
    if not usable:
        return None
    chosen = min(usable, key=lambda words: (min(map(len, words)) < 2, len(words)))
    return frozenset(word[:2] for word in chosen)
