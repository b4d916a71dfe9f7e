"""Match an article's incidents before and after it was derived again, so that their ids survive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.model import Span, overlaps


def rematch(old: Mapping[int, Span], new: Sequence[Span]) -> dict[int, int]:
    """Index in `new` -> id in `old`, one to one, greatest overlap first, at least half of the shorter span.

    >>> rematch({7: (0, 100), 8: (100, 180)}, [(90, 185), (10, 95)])
    {1: 7, 0: 8}
    """
    pairs = []
    for number, before in old.items():
        for index, after in enumerate(new):
            shared = overlaps(before, after)
            if shared and 2 * shared >= min(before[1] - before[0], after[1] - after[0]):
                pairs.append((-shared, number, index))
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, number, index in sorted(pairs):
        if index not in matched and number not in taken:
            matched[index] = number
            taken.add(number)
    return matched
