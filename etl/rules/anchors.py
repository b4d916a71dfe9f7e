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
    parsed = _parser.parse(pattern)
    found: dict[Anchor, None] = {}
    for tokens in _opened(list(parsed), BRANCHES):
        begins = _literals(tokens)
        if begins is None:
            raise ValueError(f"pattern can begin with anything: {pattern[:60]}")
        found[_anchor(tokens, begins, parsed.state)] = None
    return list(found)


def heads(pattern: str) -> set[str]:
    """What a match of `pattern` can begin with, as short literal strings; raises ValueError as `anchors`."""
    return {head for anchor in anchors(pattern) for head in anchor.heads}


def _anchor(tokens: Tokens, begins: frozenset[str], state: Any) -> Anchor:
    """The anchor of one alternative: its heads, and of the strings behind its gaps the most telling ones."""
    best = Anchor(begins)
    for i in range(1, len(tokens)):
        if not _is_gap(tokens[i - 1]):
            continue
        tails = _literals(tokens[i:])
        if tails is None:
            continue
        low, high = _parser.SubPattern(state, tokens[:i]).getwidth()
        if not best.tails or _telling(tails) > _telling(best.tails):
            best = Anchor(begins, tails, low, high)
    return best


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
        return [list(b) for b in arg[1]]
    if op is sre.SUBPATTERN and not arg[1] and not arg[2]:
        return [list(arg[3])]
    return []


def _has_gap(tokens: Tokens) -> bool:
    return any(_is_gap(t) or any(_has_gap(b) for b in _branches(t)) for t in tokens)


def _literals(tokens: Tokens) -> frozenset[str] | None:
    """What `tokens` can begin with, none of them the beginning of another; None if it may be anything."""
    found = {h.removesuffix(CLOSED) for h in _heads(tokens, HEAD)}
    if "" in found:
        return None
    return frozenset(h for h in found if not any(h[:n] in found for n in range(1, len(h))))


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
