"""What a text weighs as a case at all, as one of each kind, and as one of each outcome.

The weights of the characters and pairs of neighbouring characters that occur were learned from invented tellings of
every kind, those the guideline's rules for competing kinds are about among them, and from passages that tell no
case: etl/rules/weights.tsv, benchmarks/weights_data.py.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from operator import add

from etl.rules.extract import Weights

ADDED = 256  # rows whose sums fit into the bits of a label
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
    return {part for part in parts(text) if HAN_RE.fullmatch(part)}


def parts(text: str) -> set[str]:
    """The same and those with marks, which weigh nothing: it takes longer to leave them out than to look them up."""
    text = LATIN_RE.sub("A", NUMBER_RE.sub("0", text))
    found = set(text)
    found.update(map(add, text, text[1:]))
    return found


def margins(text: str, weights: Weights) -> dict[str, float]:
    """For each label how far `text` lies on its side; beyond 1 and -1 what was learned from mostly lay.

    All -1 where nothing of `text` is known.
    """
    rows = known(text, weights)
    if not rows:
        return dict.fromkeys(weights.labels, -1.0)
    packed = struct.Struct(f">{len(weights.labels)}H")
    parts = [packed.unpack(added.to_bytes(packed.size)) for added in sums(rows)]
    totals = parts[0] if len(parts) == 1 else map(sum, zip(*parts, strict=True))
    none, scale = weights.none * len(rows), weights.step / len(rows) ** 0.5
    return {label: (total - none) * scale for label, total in zip(weights.labels, totals, strict=True)}


def margin(text: str, label: str, weights: Weights) -> float:
    """The same for one label alone."""
    rows = known(text, weights)
    if not rows:
        return -1.0
    shift = place(label, weights)
    total = sum(added >> shift & 0xFFFF for added in sums(rows))
    scale: float = weights.step / len(rows) ** 0.5
    return (total - weights.none * len(rows)) * scale


def known(text: str, weights: Weights) -> list[int]:
    """The rows of what is known of `text`."""
    return list(filter(None, map(weights.rows.get, parts(text))))


def sums(rows: Sequence[int]) -> list[int]:
    """The sums of rows, by as many as can be added."""
    return [sum(rows[at : at + ADDED]) for at in range(0, len(rows), ADDED)]


def place(label: str, weights: Weights) -> int:
    """Where in a row the bits of a label begin."""
    return 16 * (len(weights.labels) - 1 - weights.labels.index(label))


def telling(text: str, label: str, weights: Weights) -> list[str]:
    """The characters and pairs of `text` that speak for `label`, the weightiest first."""
    shift = place(label, weights)
    rows = [(weights.rows[g] >> shift & 0xFF, g) for g in grams(text) if g in weights.rows]
    return [g for weight, g in sorted(rows, key=lambda x: (-x[0], x[1])) if weight > weights.none]
