"""Readings of a run: what its bytes can stand for, and which readings are worth following up."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from operator import itemgetter
from typing import NamedTuple

BEAM = 16  # readings followed up
NEAR_TIE = 8.0  # bits between readings that go on alike


class Reading(NamedTuple):
    """One way to read a run so far: its characters, their cost in bits, the byte still pending.

    `seen` is the same text as the statistics see it, with the two characters before the run. `end` is
    where the page is in step again. `halves` are the places of characters known by half.
    """

    cost: float
    text: str
    seen: str
    pending: int = -1
    end: int = -1
    halves: tuple[int, ...] = ()


# How a reading may go on: the cost of both together, the reading, more of its text, the same as the statistics
# see it, and how far from the end of it two characters known by half begin, 0 for none. A plain tuple, since
# thousands are made and few are kept.
Step = tuple[float, Reading, str, str, int]


class Most:
    """The `cost` beyond which `best` keeps nothing, told from some of the steps it will be given.

    The cheapest of those that go on alike always stays, so that nothing is kept behind as many of them as are
    followed up.
    """

    __slots__ = ("_cheapest", "cost")

    def __init__(self) -> None:
        self.cost = inf
        self._cheapest: dict[str, float] = {}

    def heed(self, steps: Iterable[Step]) -> None:
        """Takes note of `steps`, all of readings that are not in step yet."""
        cheapest = self._cheapest
        for cost, r, _, seen, _ in steps:
            key = (r.seen + seen)[-2:]
            if cost < cheapest.get(key, inf):
                cheapest[key] = cost
        if len(cheapest) >= BEAM:
            self.cost = min(self.cost, sorted(cheapest.values())[BEAM - 1])

    def heed_all(self, so_far: float, seen: Iterable[str], costs: Iterable[float]) -> None:
        """Takes note of the steps from one reading, whose cost is `so_far`, to each of `seen`."""
        each = sorted(dict(zip(seen, costs, strict=True)).values())
        if len(each) >= BEAM:
            self.cost = min(self.cost, so_far + each[BEAM - 1])


def best(steps: Iterable[Step], pending: int, end: int = -1) -> list[Reading]:
    """The cheapest readings after one of `steps`, as many as are followed up, with the `pending` byte.

    They end at `end`, or where they ended before. Readings that go on alike keep their distance to the
    end: the dearer one stays only as a near tie.
    """
    kept: list[Reading] = []
    cheapest: dict[tuple[str, int], float] = {}
    for cost, r, text, seen, half in sorted(steps, key=itemgetter(0)):
        seen = r.seen + seen
        ends = r.end if end < 0 else end
        if cost <= cheapest.setdefault((seen[-2:], ends), cost) + NEAR_TIE:
            text = r.text + text
            halves = (*r.halves, len(text) - half, len(text) - half + 1) if half else r.halves
            kept.append(Reading(cost, text, seen, pending, ends, halves))
            if len(kept) == BEAM:
                break
    return kept
