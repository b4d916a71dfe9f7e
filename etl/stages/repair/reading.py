"""Readings of a run: what its bytes can stand for, and which readings are worth following up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

BEAM = 16  # readings followed up
NEAR_TIE = 8.0  # bits between readings that go on alike


class Reading(NamedTuple):
    """One way to read a run so far: its characters, their cost in bits, the byte still pending.

    `seen` is the same text as the statistics see it, with the two characters before the run. `end` is
    where the page is in step again.
    """

    cost: float
    text: str
    seen: str
    pending: int = -1
    end: int = -1
    halves: tuple[int, ...] = ()

    def plus(self, cost: float, text: str, seen: str, pending: int, end: int = -1) -> Reading:
        return Reading(self.cost + cost, self.text + text, self.seen + seen, pending, end, self.halves)


def best(readings: Iterable[Reading]) -> list[Reading]:
    """The cheapest readings, as many as are followed up.

    Readings that go on alike keep their distance to the end: the dearer one stays only as a near tie.
    """
    kept: list[Reading] = []
    cheapest: dict[tuple[str, int, int], float] = {}
    for r in sorted(readings, key=lambda r: r.cost):
        state = (r.seen[-2:], r.pending, r.end)
        if r.cost <= cheapest.setdefault(state, r.cost) + NEAR_TIE:
            kept.append(r)
            if len(kept) == BEAM:
                break
    return kept
