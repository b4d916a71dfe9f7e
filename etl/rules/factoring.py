r"""Alternations that `re` can skip through.

`re` tries the alternatives of a pattern one after another at every position, unless each of them begins
with a literal character: then it first looks whether the character at hand begins any. Rule lists read
better as `(?:误|被)?盗|[偷骗]走`, so they are regrouped here: `误盗|被盗|盗|偷走|骗走`.
"""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

CAPTURE_RE = re.compile(r"\((?!\?)|\(\?P")
CLASS_RE = re.compile(r"\[\^?\]?(?:\\.|[^\\\]])*\]")
BEHIND_RE = re.compile(r"\(\?<[!=]")
LONGEST = 8000  # characters; a pattern that would grow longer is left alone


def compile_factored(pattern: str) -> re.Pattern[str]:
    """`pattern`, regrouped where it can be, as a compiled expression that matches the same."""
    return re.compile(factored(pattern))


def factored(pattern: str) -> str:
    """`pattern` with its alternatives grouped by first character, or as it is where one has no such character.

    The order within a group stays; alternatives that begin with different characters never compete.

    >>> factored("(?:被|误)?盗|被[偷骗]|(?<!没)丢")
    '被(?:盗|[偷骗])|误盗|盗|丢(?<!(?:没)丢)'
    >>> factored(r"\\d{2}日|月")
    '\\\\d{2}日|月'
    """
    if CAPTURE_RE.search(pattern):
        return pattern
    try:
        opened = [each for part in split_alternatives(pattern) for each in _opened(part)]
    except ValueError:
        return pattern
    grouped = "|".join(re.escape(first) + rest for first, rest in _grouped(opened))
    return grouped if len(grouped) <= LONGEST else pattern


def _opened(part: str) -> list[tuple[str, str]]:
    """First characters of one alternative with what follows each. Raises ValueError if they can't be told."""
    if part.startswith("(?:"):
        return _group_opened(part)
    if part.startswith("^"):  # ^警车 as 警(?<=^警)车
        return [(c, f"(?<=^{re.escape(c)}){rest}") for c, rest in _opened(part[1:])]
    if BEHIND_RE.match(part):  # (?<!没)丢 as 丢(?<!没丢)
        end = _closing(part)
        look = f"{part[:4]}(?:{part[4:end]})"
        return [(c, f"{look}{re.escape(c)}){rest}") for c, rest in _opened(part[end + 1 :])]
    characters, rest = _first(part)
    if rest.startswith("?") and rest[1:2] not in ("?", "+"):
        return [(c, rest[1:]) for c in characters] + _opened(rest[1:])
    if rest[:1] in set("?*+{"):
        raise ValueError(part)
    return [(c, rest) for c in characters]


def _group_opened(part: str) -> list[tuple[str, str]]:
    """As `_opened`, for an alternative that begins with a group."""
    end = _closing(part)
    rest = part[end + 1 :]
    optional = rest.startswith("?")
    if optional:
        rest = rest[1:]
    if rest[:1] in set("?*+{"):
        raise ValueError(part)
    if optional:
        return [
            each for inner in split_alternatives(part[3:end]) for each in _opened(inner + rest)
        ] + _opened(rest)
    inside = [each for inner in split_alternatives(part[3:end]) for each in _opened(inner)]
    return [(first, tail + rest) for first, tail in _grouped(inside)]


def _grouped(opened: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each first character once, with what may follow it."""
    groups: dict[str, list[str]] = {}
    for first, rest in opened:
        groups.setdefault(first, []).append(rest)
    return [(c, f"(?:{'|'.join(rests)})" if len(rests) > 1 else rests[0]) for c, rests in groups.items()]


def _first(part: str) -> tuple[list[str], str]:
    """The characters that one literal or class at the head of `part` stands for, and the rest."""
    if part.startswith("["):
        m = CLASS_RE.match(part)
        # a second member, since a class of one is parsed as a literal
        members = class_members(_parser.parse(f"{m[0][:-1]}\0]")[0][1]) if m and m[0][1] != "^" else None
        if m is None or members is None:
            raise ValueError(part)
        return sorted(members - {"\0"}), part[m.end() :]
    if part.startswith("\\") and part[1:2] and not part[1].isalnum():
        return [part[1]], part[2:]
    if not part or part[0] in "\\().^$|*+?{":
        raise ValueError(part)
    return [part[0]], part[1:]


def _closing(part: str) -> int:
    """Where the group that opens `part` closes."""
    depth = i = 0
    while i < len(part):
        if part[i] == "\\":
            i += 1
        elif part[i] == "[":
            m = CLASS_RE.match(part, i)
            i = m.end() - 1 if m else i
        elif part[i] == "(":
            depth += 1
        elif part[i] == ")":
            depth -= 1
            if not depth:
                return i
        i += 1
    raise ValueError(part)


def split_alternatives(pattern: str) -> list[str]:
    r"""`pattern` cut at its top-level bars.

    >>> split_alternatives("a(?:b|c)|d[|]|e")
    ['a(?:b|c)', 'd[|]', 'e']
    """
    parts, depth, at, in_class = [], 0, 0, False
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            i += 1
        elif in_class:
            in_class = c != "]"
        elif c == "[":
            in_class = True
        elif c in "()":
            depth += 1 if c == "(" else -1
        elif c == "|" and not depth:
            parts.append(pattern[at:i])
            at = i + 1
        i += 1
    return [*parts, pattern[at:]]


SPACES = {chr(c) for c in range(0x3001) if chr(c).isspace()}  # what \\s stands for


def class_members(members: list[tuple[Any, Any]]) -> set[str] | None:
    """Characters of a class; None for a negated or a very wide one."""
    found: set[str] = set()
    for op, arg in members:
        if op is sre.LITERAL:
            found.add(chr(arg))
        elif op is sre.RANGE and arg[1] - arg[0] < 64:
            found |= {chr(c) for c in range(arg[0], arg[1] + 1)}
        elif op is sre.CATEGORY and arg is sre.CATEGORY_DIGIT:
            found |= set("0123456789")
        elif op is sre.CATEGORY and arg is sre.CATEGORY_SPACE:
            found |= SPACES
        else:
            return None
    return found
