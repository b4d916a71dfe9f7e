"""Personal numbers: they stay in the text of articles, and are starred wherever else a text goes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# 110101199003070000: six digits of a place, a date of birth, a serial number with its check digit (X for ten)
IDENTITY_RE = re.compile(
    r"(?<!\d)([1-9]\d{5})(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
)
NUMBER_CHARS = 18  # most names and phrases are shorter, and need no look


def starred(text: str) -> str:
    """The text with each identity-card number cut down to its place.

    >>> starred("周女士（110101199003070000）")
    '周女士（110101************）'
    """
    return IDENTITY_RE.sub(r"\1" + "*" * 12, text) if len(text) >= NUMBER_CHARS else text


def starred_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of a table with its texts, and texts in lists, starred."""
    if not holds_number(row):
        return row
    return tuple(
        starred(value)
        if isinstance(value, str)
        else [starred(part) if isinstance(part, str) else part for part in value]
        if isinstance(value, list)
        else value
        for value in row
    )


def holds_number(values: Iterable[Any]) -> bool:
    """Whether one of the texts, or of the texts in lists, would be starred: hardly any row has one."""
    for value in values:
        if isinstance(value, str):
            if len(value) >= NUMBER_CHARS and IDENTITY_RE.search(value):
                return True
        elif value and isinstance(value, list) and holds_number(value):
            return True
    return False
