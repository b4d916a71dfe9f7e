"""The characters and pairs of characters by which weights learned from tellings are looked up."""

from __future__ import annotations

import itertools
import re

# Numbers count as one digit: 三千余元 and 5000元 are the same to a kind.
NUMBER_RE = re.compile(r"[\d一二三四五六七八九十两几]+")
LATIN_RE = re.compile(r"[A-Za-z]+")
HAN_RE = re.compile(r"[\u4e00-\u9fff0A]+")


def grams(text: str) -> set[str]:
    """The characters and pairs of neighbouring characters of `text`; digits count as 0, letters as A.

    >>> sorted(grams("偷走3部iPhone。"))
    ['0', '0部', 'A', '偷', '偷走', '走', '走0', '部', '部A']
    """
    found: set[str] = set()
    for m in HAN_RE.finditer(LATIN_RE.sub("A", NUMBER_RE.sub("0", text))):
        run = m[0]
        found.update(run)
        found.update(map("".join, itertools.pairwise(run)))
    return found
