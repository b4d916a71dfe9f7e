"""What a text must hold for a pattern to match: so that one search tells which of many patterns to try.

Read from the parsed pattern. What can't be told is never guessed: then the pattern has to be tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from etl.rules.factoring import class_members

REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
WIDTHLESS = (sre.ASSERT, sre.ASSERT_NOT, sre.AT)
MOST_MEMBERS = 30  # of a class that is worth looking for

Items = Iterable[tuple[Any, Any]]  # operation and argument, as `re` parses a pattern


def beginnings(pattern: str) -> frozenset[str] | None:
    """Characters of which every match begins with one; None if they can't be told or a match may be empty.

    >>> sorted(beginnings("(?:请|打开)?微信|[(（].{2}")), beginnings(".{0,9}摄"), beginnings("甲?")
    (['(', '微', '打', '请', '（'], None, None)
    """
    first, empty = _first(_parser.parse(pattern))
    return None if first is None or empty else frozenset(first)


def needed(pattern: str) -> frozenset[str]:
    """Words of which every match holds at least one, as telling as can be; none if they can't be told.

    >>> sorted(needed(".{0,60}[ 。（](?:图片(?:来自|来源)|供图)")), needed("[^，]{2,8}")
    (['供图', '图片来'], frozenset())
    """
    return _words(_parser.parse(pattern))


def _first(items: Items) -> tuple[set[str] | None, bool]:
    """Characters that may begin a match, None if any may, and whether the match may be empty."""
    found: set[str] = set()
    for op, arg in items:
        first, empty = _first_of(op, arg)
        if first is None:
            return None, False
        found |= first
        if not empty:
            return found, False
    return found, True


def _first_of(op: Any, arg: Any) -> tuple[set[str] | None, bool]:
    """As `_first`, for one part of a pattern."""
    if op is sre.LITERAL:
        return {chr(arg)}, False
    if op is sre.IN:
        return _members(arg), False
    if op in WIDTHLESS:
        return set(), True
    if op is sre.SUBPATTERN and not arg[1]:
        return _first(arg[3])
    if op in REPEATS:
        first, empty = _first(arg[2])
        return first, empty or not arg[0]
    if op is sre.BRANCH:
        each = [_first(branch) for branch in arg[1]]
        known = [first for first, _ in each if first is not None]
        return set().union(*known) if len(known) == len(each) else None, any(empty for _, empty in each)
    return None, False


def _words(items: Items) -> frozenset[str]:
    """As `needed`, for a parsed pattern."""
    choices: list[frozenset[str]] = []
    word = ""
    for op, arg in [*items, (None, None)]:
        if op is sre.LITERAL:
            word += chr(arg)
            continue
        choices += [frozenset([word])] if word else []
        choices.append(_words_of(op, arg))
        word = ""
    return max(choices, key=_worth)


def _worth(words: frozenset[str]) -> tuple[bool, int, int]:
    """Single characters are found too often, and many words cost time."""
    return bool(words), -sum(len(word) == 1 for word in words), -len(words)


def _words_of(op: Any, arg: Any) -> frozenset[str]:
    """As `_words`, for one part of a pattern."""
    if op is sre.SUBPATTERN and not arg[1]:
        return _words(arg[3])
    if op in REPEATS and arg[0]:
        return _words(arg[2])
    if op is sre.BRANCH:
        each = [_words(branch) for branch in arg[1]]
        return frozenset().union(*each) if all(each) else frozenset()
    members = _members(arg) if op is sre.IN else None
    return frozenset(members) if members and len(members) <= MOST_MEMBERS else frozenset()


def _members(arg: Any) -> set[str] | None:
    """Characters of a class; None for one that can't be listed, such as all digits of all scripts."""
    return (
        None
        if any(op is sre.CATEGORY and name is sre.CATEGORY_DIGIT for op, name in arg)
        else class_members(arg)
    )
