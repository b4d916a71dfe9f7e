"""What a pattern needs to match: literal strings that begin it, and literal strings that must follow.

`包[^。]{0,4}(?:不见了|丢了)` begins with 包, and 不见了 or 丢了 has to stand one to five characters on. Where
neither is found, the pattern need not be tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from etl.rules.factoring import class_members

HEAD, WIDTH = 3, 600  # longest head; most heads of one pattern
BRANCHES = 64  # most alternatives that one pattern is opened into
GAP = 3  # a repeat that may be longer than this is a gap: what follows it is worth a look of its own
COMMON = frozenset(
    "0123456789的一是不了在人有我他这中大来上个国到说们为子和你地出日月年民警所公车@"
)  # tell nothing; @ stands for a name, which there always is
UNBOUNDED = 1 << 31
SINGLE = (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY)
CLOSED = "\0"  # ends a head after which anything may follow

Tokens = list[tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A match begins with one of `heads`; if `tails`, one of them begins `low` to `high` characters after it."""

    heads: frozenset[str]
    tails: frozenset[str] = frozenset()
    low: int = 0
    high: int = 0


def anchors(pattern: str) -> list[Anchor]:
    """Anchors of which one holds wherever `pattern` matches.

    Raises ValueError for a pattern that could begin with anything: it would have to be tried everywhere.

    >>> [sorted(a.heads) for a in anchors("(?:入室|破门)?盗窃")]
    [['入室盗', '盗窃', '破门盗']]
    >>> [a] = anchors("包[^。]{0,4}(?:不见|丢)了")
    >>> sorted(a.heads), sorted(a.tails), a.low, a.high
    (['包'], ['不见了', '丢了'], 1, 5)
    """
    analysis = _Analysis(_parser.parse(pattern))
    found: dict[Anchor, None] = {}
    for tokens in _opened(analysis.tokens, BRANCHES):
        begins = analysis.literals(tokens, 0)
        if begins is None:
            raise ValueError(f"pattern can begin with anything: {pattern[:60]}")
        found[analysis.anchor(tokens, begins)] = None
    return list(found)


def heads(pattern: str) -> set[str]:
    """What a match of `pattern` can begin with, as short literal strings; raises ValueError as `anchors`."""
    return {head for anchor in anchors(pattern) for head in anchor.heads}


def _telling(literals: frozenset[str]) -> tuple[int, int]:
    """How seldom one of `literals` can be expected to stand: longer is better, then fewer."""
    return min(map(len, literals)), -len(literals)


def _is_gap(token: tuple[Any, Any]) -> bool:
    return token[0] in (sre.MAX_REPEAT, sre.MIN_REPEAT) and token[1][1] > GAP


def _opened(tokens: Tokens, most: int) -> Iterator[Tokens]:
    """`tokens` as alternatives without groups that hold a gap, as far as there are not more than `most`."""
    for i, token in enumerate(tokens):
        branches = _branches(token)
        if len(branches) > 1 and len(branches) <= most and any(_has_gap(b) for b in branches):
            for branch in branches:
                yield from _opened([*tokens[:i], *branch, *tokens[i + 1 :]], most // len(branches))
            return
        if len(branches) == 1 and _has_gap(branches[0]):
            yield from _opened([*tokens[:i], *branches[0], *tokens[i + 1 :]], most)
            return
    yield tokens


def _branches(token: tuple[Any, Any]) -> list[Tokens]:
    """The alternatives of a plain group or a branch; none for any other token."""
    op, arg = token
    if op is sre.BRANCH:
        return [b.data for b in arg[1]]
    if op is sre.SUBPATTERN and not arg[1] and not arg[2]:
        return [arg[3].data]
    return []


def _has_gap(tokens: Tokens) -> bool:
    return any(_is_gap(t) or any(_has_gap(b) for b in _branches(t)) for t in tokens)


class _Analysis:
    """One parsed pattern; what its groups can begin with and how wide its tokens are is worked out once."""

    def __init__(self, parsed: Any) -> None:
        self.tokens: Tokens = parsed.data
        self._state = parsed.state
        # By identity of tokens and of groups: all of them are held by the parsed pattern.
        self._literals: dict[tuple[int, ...], frozenset[str] | None] = {}
        self._groups: dict[tuple[int, int], set[str]] = {}
        self._widths: dict[int, tuple[int, int]] = {}

    def anchor(self, tokens: Tokens, begins: frozenset[str]) -> Anchor:
        """The anchor of one alternative: its heads, and of the strings behind its gaps the most telling ones."""
        best = Anchor(begins)
        low = high = 0
        for i, token in enumerate(tokens):
            if i and _is_gap(tokens[i - 1]):
                tails = self.literals(tokens, i)
                if tails is None or not COMMON.isdisjoint(tails):
                    pass
                elif not best.tails or _telling(tails) > _telling(best.tails):
                    best = Anchor(begins, tails, low, high)
            least, most = self._width(token)
            low, high = low + least, min(high + most, UNBOUNDED)
        return best

    def literals(self, tokens: Tokens, at: int) -> frozenset[str] | None:
        """What `tokens[at:]` can begin with, none of them the beginning of another; None if it may be anything."""
        key = tuple(map(id, tokens[at:]))
        if key not in self._literals:
            self._literals[key] = self._shortest(tokens, at)
        return self._literals[key]

    def _shortest(self, tokens: Tokens, at: int) -> frozenset[str] | None:
        """As `literals`, worked out."""
        found = {h.removesuffix(CLOSED) for h in self._heads(tokens, at, HEAD)}
        if "" in found:
            return None
        if len(set(map(len, found))) == 1:
            return frozenset(found)
        one, two = (frozenset(h for h in found if len(h) == size) for size in (1, 2))
        return one | {
            h for h in found if len(h) > 1 and h[0] not in one and (len(h) < HEAD or h[:2] not in two)
        }

    def _width(self, token: tuple[Any, Any]) -> tuple[int, int]:
        """The least and the most characters that one token matches."""
        if token[0] in SINGLE:
            return 1, 1
        known = self._widths.get(id(token))
        if known is None:
            known = self._widths[id(token)] = _parser.SubPattern(self._state, [token]).getwidth()
        return known

    def _heads(self, tokens: Tokens, at: int, left: int) -> set[str]:
        """Heads of `tokens[at:]`, `left` characters at most."""
        begin = ""
        while at < len(tokens) and left > 0 and tokens[at][0] is sre.LITERAL:
            begin += chr(tokens[at][1])
            at, left = at + 1, left - 1
        if at == len(tokens) or left <= 0:
            return {begin}
        firsts = self._firsts(*tokens[at], left)
        if firsts is None:
            return {begin + CLOSED}
        found: set[str] = set()
        rests: dict[int, set[str]] = {}  # by the length still wanted
        for first in firsts:
            more = left - len(first)
            if more <= 0 or first.endswith(CLOSED):
                found.add(begin + first)
                continue
            if more not in rests:
                rests[more] = self._heads(tokens, at + 1, more)
            found.update([begin + first + rest for rest in rests[more]])
        return found if len(found) <= WIDTH else _shortened(found)

    def _firsts(self, op: Any, arg: Any, left: int) -> set[str] | None:
        """What one token can stand for: literal strings, the empty string for a look-around, None if unknown."""
        if op is sre.IN:
            return class_members(arg)
        if op in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            return {""}
        if op not in (sre.BRANCH, sre.SUBPATTERN, sre.MAX_REPEAT, sre.MIN_REPEAT):
            return None
        known = self._groups.get((id(arg), left))
        if known is None:
            known = self._groups[id(arg), left] = self._group(op, arg, left)
        return known

    def _group(self, op: Any, arg: Any, left: int) -> set[str]:
        """Heads of a group, its alternatives or its repetition."""
        if op is sre.BRANCH:
            return set().union(*(self._heads(b.data, 0, left) for b in arg[1]))
        if op is sre.SUBPATTERN:
            return self._heads(arg[3].data, 0, left)
        low, high, body = arg
        inner = self._heads(body.data, 0, left)
        if high > 1:  # a second round may follow
            inner = {h if h.endswith(CLOSED) else h + CLOSED for h in inner}
        return inner | {""} if low == 0 else inner


def _shortened(found: set[str]) -> set[str]:
    """`found`, cut to shorter heads as long as there are too many."""
    for size in range(HEAD - 1, 0, -1):
        if len(found) <= WIDTH:
            break
        found = {h if len(h) <= size else h[:size] + CLOSED for h in found}
    return found
