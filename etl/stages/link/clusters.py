"""Clusters of pairs: what belongs together, whatever the order in which it came.

A clustering maps every member to the set of those it is with; the sets are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def singles(members: Iterable[T]) -> dict[T, set[T]]:
    """The clustering in which everyone is alone."""
    return {m: {m} for m in members}


def merge(
    clustering: dict[T, set[T]],
    pairs: Iterable[tuple[T, T]],
    contradict: Callable[[T, T], bool] = lambda a, b: False,
) -> None:
    """Join `pairs` in their order, but for those that would bring two members together that contradict each other.

    >>> clustering = singles("abcd")
    >>> merge(clustering, [("a", "b"), ("b", "c"), ("c", "d")], lambda x, y: {x, y} == {"a", "c"})
    >>> sorted(map(sorted, distinct(clustering)))
    [['a', 'b'], ['c', 'd']]
    """
    for a, b in pairs:
        greater, smaller = sorted((clustering[a], clustering[b]), key=len, reverse=True)
        if greater is smaller or any(contradict(x, y) for x in greater for y in smaller):
            continue
        greater |= smaller
        for m in smaller:
            clustering[m] = greater


def distinct(clustering: dict[T, set[T]]) -> list[set[T]]:
    """Each cluster once."""
    return list({id(cluster): cluster for cluster in clustering.values()}.values())
