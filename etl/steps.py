"""Work in steps, so that several documents can take the same step one after the other.

The code and the rules of one step fit into a processor's cache, those of all steps do not. Documents in step with
each other find there what the one before has just used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]


def through(steps: Steps[T]) -> T:
    """What comes of all the steps.

    >>> def counting():
    ...     yield
    ...     return 2
    >>> through(counting())
    2
    """
    return in_step([steps])[0]


def in_step(works: Sequence[Steps[T]], turn: Callable[[int], object] = lambda at: None) -> list[T]:
    """What comes of each of `works`, all of which take a step before any takes the next.

    `turn` is told before each step whose it is. What one raises goes to the caller, and the others stay undone.
    """
    done: dict[int, T] = {}
    under_way = list(range(len(works)))
    while under_way:
        further = []
        for at in under_way:
            turn(at)
            try:
                next(works[at])
            except StopIteration as e:
                done[at] = e.value
            else:
                further.append(at)
        under_way = further
    return [done[at] for at in range(len(works))]
