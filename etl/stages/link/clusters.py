"""Clusters of pairs: what belongs together, whatever the order in which it came."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def components(members: Iterable[T], pairs: Iterable[tuple[T, T]]) -> list[set[T]]:
    """The connected components of `members` under `pairs`.

    >>> components([1, 2, 3, 4], [(1, 2), (2, 4)])
    [{1, 2, 4}, {3}]
    """
    cluster = {m: {m} for m in members}
    for a, b in pairs:
        join(cluster, a, b)
    return distinct(cluster)


def greedy(
    members: Iterable[T], pairs: Sequence[tuple[T, T]], contradict: Callable[[T, T], bool]
) -> list[set[T]]:
    """Clusters made by joining `pairs` in their order, leaving out a pair that would bring two members
    together which contradict each other.

    >>> greedy("abc", [("a", "b"), ("b", "c")], lambda x, y: {x, y} == {"a", "c"}) == [{"a", "b"}, {"c"}]
    True
    """
    cluster = {m: {m} for m in members}
    for a, b in pairs:
        if cluster[a] is not cluster[b] and not any(contradict(x, y) for x in cluster[a] for y in cluster[b]):
            join(cluster, a, b)
    return distinct(cluster)


def join(cluster: dict[T, set[T]], a: T, b: T) -> None:
    """Make one of the clusters of two members; the smaller is poured into the greater."""
    greater, smaller = sorted((cluster[a], cluster[b]), key=len, reverse=True)
    if greater is not smaller:
        greater |= smaller
        for m in smaller:
            cluster[m] = greater


def distinct(cluster: Mapping[T, set[T]]) -> list[set[T]]:
    """Each cluster once, in order of first members."""
    return list({id(members): members for members in cluster.values()}.values())
