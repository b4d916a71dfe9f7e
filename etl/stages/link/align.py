"""Where two texts differ: the stretches between what they share, found in one pass by common runs of characters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

Gap = tuple[int, int, int, int]  # start and end in one text, start and end in the other

ANCHOR = 8  # a run this long that stands once in the second text aligns the two


def gaps(a: str, b: str) -> Iterator[Gap]:
    """(start, end) in `a` and (start, end) in `b` of what lies between common runs, in order.

    Runs are taken greedily from left to right: what was moved backwards shows up as a gap on both sides.

    >>> a, b = "柳河派出所民警抓获嫌疑人张某一名并当场追回手机", "柳河派出所民警抓获嫌疑人李某一名并当场追回手机"
    >>> [(a[i:j], b[k:l]) for i, j, k, l in gaps(a, b)]
    [('张', '李')]
    """
    if a == b:
        return
    at_a = at_b = 0
    for i, j, length in runs(a, b):
        if i > at_a or j > at_b:
            yield at_a, i, at_b, j
        at_a, at_b = i + length, j + length
    if at_a < len(a) or at_b < len(b):
        yield at_a, len(a), at_b, len(b)


def runs(a: str, b: str) -> Iterator[tuple[int, int, int]]:
    """(position in a, position in b, length) of common runs, both positions rising."""
    once = anchors(b)
    i = at_a = at_b = 0
    while i <= len(a) - ANCHOR:
        j = once.get(a[i : i + ANCHOR], -1)
        if j < at_b:
            i += 1
            continue
        start, other = i, j
        while start > at_a and other > at_b and a[start - 1] == b[other - 1]:
            start, other = start - 1, other - 1
        length = i - start + ANCHOR
        length += agreeing(a, i + ANCHOR, b, j + ANCHOR)
        yield start, other, length
        i = at_a = start + length
        at_b = other + length


def agreeing(a: str, at_a: int, b: str, at_b: int) -> int:
    """How many characters the two have in common from these places on, found by halving: reprints agree for long.

    >>> agreeing("在河边走失", 1, "河边走散", 0)
    3
    """
    sure, most = 0, min(len(a) - at_a, len(b) - at_b)
    step = ANCHOR
    while sure < most:
        step = min(step, most - sure)
        if a.startswith(b[at_b + sure : at_b + sure + step], at_a + sure):
            sure, step = sure + step, step * 2
        elif step == 1:
            break
        else:
            most, step = sure + step - 1, max(1, step // 2)
    return sure


@lru_cache(maxsize=64)  # one text is compared with many; 50 KB each
def anchors(text: str) -> dict[str, int]:
    """The runs of ANCHOR characters that stand in `text` once, with their places; the others with -1."""
    found: dict[str, int] = {}
    for i in range(len(text) - ANCHOR + 1):
        run = text[i : i + ANCHOR]
        found[run] = -1 if run in found else i
    return found
