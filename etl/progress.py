"""How far a run is: a bar on a terminal, else one JSON line per interval. Both on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from etl.settings import duration

if TYPE_CHECKING:
    from etl.jobs import Control
    from etl.store.runs import Counts

INTERVAL_S = 10.0  # between JSON lines
WINDOW_S = 30.0  # over which the rate is taken
STATES = ("loaded", "duplicate", "unchanged", "rejected", "skipped")


@dataclass(slots=True)
class Pace:
    """Files a second over the last while, from what was seen when."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def rate(self, now: float, seen: int) -> float:
        """The rate now that `seen` files were seen; 0 until there is something to go by.

        >>> pace = Pace(); pace.rate(0, 0), pace.rate(2, 100), pace.rate(4, 300)
        (0.0, 50.0, 75.0)
        """
        self.seen.append((now, seen))
        while len(self.seen) > 2 and now - self.seen[0][0] > WINDOW_S:
            self.seen.popleft()
        began, before = self.seen[0]
        return (seen - before) / (now - began) if now > began else 0.0


def remaining_s(seen: int, expected: int | None, rate: float) -> float | None:
    """Seconds until all expected files are seen at this rate; None if nobody can know."""
    if expected is None or rate <= 0:
        return None
    return max(0, expected - seen) / rate


def describe(seen: int, expected: int | None, rate: float) -> str:
    """Progress in words.

    >>> describe(500, 20000, 100.0), describe(500, None, 0.0)
    ('500 of 20000 (2 %), 100 files/s, 3 min left', '500')
    """
    share = f" of {expected} ({100 * seen // expected} %)" if expected else ""
    left = remaining_s(seen, expected, rate)
    speed = f", {rate:.0f} files/s" if rate else ""
    return f"{seen}{share}{speed}" + (f", {duration(left)} left" if left is not None else "")


@contextmanager
def progress(control: Control, *, quiet: bool, lines: bool = False) -> Iterator[None]:
    """Show counts, rate and what is left while the context lasts; without a terminal only if `lines` are wanted."""
    if quiet:
        yield
    elif sys.stderr.isatty():
        with bar(control) as control.on_progress:
            yield
    else:
        control.on_progress = json_lines(control) if lines else control.on_progress
        yield


@contextmanager
def bar(control: Control) -> Iterator[Callable[[Counts], None]]:
    """A live bar; gives what is to be told the counts."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    pace = Pace()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("looking", total=None)

        def tell(counts: Counts) -> None:
            rate = pace.rate(time.monotonic(), counts.seen)
            states = " ".join(f"{name} {getattr(counts, name)}" for name in STATES)
            said = f"{describe(counts.seen, control.expected, rate)}: {states}"
            shown.update(task, total=control.expected, completed=counts.seen, description=said)

        yield tell


def json_lines(control: Control) -> Callable[[Counts], None]:
    """What is to be told the counts and writes them as a line of JSON, once per interval."""
    pace = Pace()
    last = [time.monotonic()]

    def tell(counts: Counts) -> None:
        now = time.monotonic()
        rate = pace.rate(now, counts.seen)
        if now - last[0] >= INTERVAL_S:
            last[0] = now
            click.echo(json.dumps(record(counts, control.expected, rate)), err=True)

    return tell


def record(counts: Counts, expected: int | None, rate: float) -> dict[str, Any]:
    """Progress for machines: counts per state, files a second, seconds left."""
    left = remaining_s(counts.seen, expected, rate)
    return {
        "seen": counts.seen,
        "expected": expected,
        **{name: getattr(counts, name) for name in STATES},
        "incidents": counts.incidents,
        "files_per_s": round(rate, 1),
        "remaining_s": None if left is None else round(left, 1),
    }
