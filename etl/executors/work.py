"""What a worker does with one leaf, wherever it runs: a process of this machine, or of a cluster."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from etl.model import Processed, RawFile
from etl.pipeline import processing
from etl.rules import load_rules
from etl.steps import Steps, in_step, through

MOST_IN_STEP = 16  # 8 or 32 gain about as much
MOST_BYTES = 1 << 18
WALL_FACTOR = 12  # a document that takes so many times its processor time by the clock is stuck, not slow
NO_MEMORY = "too_complex_memory"


class Clock(NamedTuple):
    """A timer of the kernel, the signal by which it ends us, what it counts, and how many limits it gives."""

    timer: int
    signal: signal.Signals
    now: Callable[[], float]
    factor: int


CLOCKS = (
    Clock(signal.ITIMER_PROF, signal.SIGPROF, time.process_time, 1),
    Clock(signal.ITIMER_REAL, signal.SIGALRM, time.monotonic, WALL_FACTOR),
)

WARM_UP = RawFile("", "3月9日，柳河派出所接到報警(bao jing)，周女士丢失手机。".encode(), b"")


@cache
def warm_up() -> None:
    """Read the rules now: they are read when first used, which should not be on the first document's time."""
    process_all([WARM_UP])


def process_all(
    files: Sequence[RawFile], timeout_s: float = 0.0, in_hand: Callable[[int], object] = lambda number: None
) -> list[Processed]:
    """What comes of each of `files`; a fault of ours costs one of them, not the run.

    `in_hand` is told whenever another is taken in hand, by its number from 1. One that takes more processor time than
    `timeout_s` ends this process.
    """
    done: list[Processed] = []
    with Deadlines(timeout_s, len(files)) as deadlines:

        def turn(at: int) -> None:
            in_hand(len(done) + at + 1)
            deadlines.switch(len(done) + at)

        for some in together(files):
            tried = in_step([attempting(file) for file in some], turn)
            # Memory is shared by all in step: who had too little of it gets a second chance alone.
            short = [at for at, x in enumerate(tried) if x.reason == NO_MEMORY and len(some) > 1]
            for at in short:
                turn(at)
                tried[at] = through(attempting(some[at]))
            done += tried
    return done


def together(files: Sequence[RawFile]) -> Iterator[Sequence[RawFile]]:
    """`files` by those that go in step: not many large ones, which would need too much memory at once."""
    first = size = 0
    for at, file in enumerate(files):
        if at > first and (at - first == MOST_IN_STEP or size + len(file.data) > MOST_BYTES):
            yield files[first:at]
            first, size = at, 0
        size += len(file.data)
    yield files[first:]


class Deadlines:
    """The time of `count` documents that are worked on in turn: `seconds` of the processor each, 0 for no limit.

    Time by the clock would reject a good document of a loaded machine; it only ends what waits for something that
    never comes, after WALL_FACTOR times as long. The kernel ends this process, by SIGPROF or SIGALRM: even in a loop
    inside C code. Its timers count in ticks of some milliseconds and forget what is less, so that steps are
    timed here.
    """

    def __init__(self, seconds: float, count: int) -> None:
        self.on = seconds > 0
        self.current: int | None = None
        self.since = [0.0 for _ in CLOCKS]
        self.left = [[c.factor * seconds for c in CLOCKS] for _ in range(count)]

    def __enter__(self) -> Deadlines:
        return self

    def __exit__(self, *_: object) -> None:
        if self.on:
            for c in CLOCKS:
                signal.setitimer(c.timer, 0)

    def switch(self, at: int) -> None:
        """Goes on with a document by its number from 0; the one before keeps what it has left."""
        if not self.on or at == self.current:
            return
        for n, c in enumerate(CLOCKS):
            now = c.now()
            if self.current is not None:
                self.left[self.current][n] -= now - self.since[n]
            self.since[n] = now
            if self.left[at][n] <= 0:
                signal.raise_signal(c.signal)
            signal.setitimer(c.timer, self.left[at][n])
        self.current = at


def attempting(file: RawFile) -> Steps[Processed]:
    """One file through the pipeline, in steps. The place of a fault of ours is named, no text."""
    try:
        return needed((yield from processing(file, load_rules())))
    except MemoryError:
        return rejected(file, NO_MEMORY, "it needs more memory than a worker may use")
    except RecursionError:
        return rejected(file, "too_complex_nesting", "nested too deeply")
    except Exception as e:
        trace = e.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
        return rejected(file, "internal_error", f"{type(e).__name__} at {place}")


def needed(done: Processed) -> Processed:
    """What the store takes of a result, so that no more is sent: units by themselves and the stretches that were
    weighed are for `etl explain`.
    """
    x = done.extraction
    return done if x is None else done._replace(extraction=x._replace(agencies=(), segments=()))


def rejected(file: RawFile, reason: str, detail: str) -> Processed:
    return Processed(file.path, file.member, file.record_no, file.sha256, reason=reason, detail=detail)
