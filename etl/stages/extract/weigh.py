"""What a text weighs as a case at all, as one of each kind, and as one of each outcome.

The weights of the characters and pairs of neighbouring characters that occur were learned from invented tellings of
every kind, those the guideline's rules for competing kinds are about among them, and from passages that tell no
case: etl/rules/weights.tsv, benchmarks/weights_data.py.
"""

from __future__ import annotations

import itertools
import re
import struct

from etl.rules.extract import Weights

CASE, KIND, OUTCOME = "case", "kind:", "outcome:"  # labels, or what they begin with
# 三 or 5000: numbers are all the same
NUMBER_RE = re.compile(r"[\d一二三四五六七八九十两几]+")
LATIN_RE = re.compile(r"[A-Za-z]+")
HAN_RE = re.compile(r"[\u4e00-\u9fff0A]+")


def grams(text: str) -> set[str]:
    """The characters and pairs of neighbouring characters of `text`; numbers count as 0, Latin words as A.

    >>> sorted(grams("偷走3部iPhone。"))
    ['0', '0部', 'A', '偷', '偷走', '走', '走0', '部', '部A']
    """
    found: set[str] = set()
    for m in HAN_RE.finditer(LATIN_RE.sub("A", NUMBER_RE.sub("0", text))):
        found.update(m[0])
        found.update(map("".join, itertools.pairwise(m[0])))
    return found


def margins(text: str, weights: Weights) -> dict[str, float]:
    """For each label how far `text` lies on its side; beyond 1 and -1 what was learned from mostly lay.

    All -1 where nothing of `text` is known.
    """
    rows = weights.rows
    known = [row for gram in grams(text) if (row := rows.get(gram)) is not None]
    if not known:
        return dict.fromkeys(weights.labels, -1.0)
    sums = struct.unpack(f">{len(weights.labels)}I", sum(known).to_bytes(4 * len(weights.labels)))
    none, scale = weights.none * len(known), weights.step / len(known) ** 0.5
    return {label: (total - none) * scale for label, total in zip(weights.labels, sums, strict=True)}


def telling(text: str, label: str, weights: Weights) -> list[str]:
    """The characters and pairs of `text` that speak for `label`, the weightiest first."""
    shift = 32 * (len(weights.labels) - 1 - weights.labels.index(label))
    known = [(weights.rows[g] >> shift & 0xFF, g) for g in grams(text) if g in weights.rows]
    return [g for weight, g in sorted(known, key=lambda x: (-x[0], x[1])) if weight > weights.none]
