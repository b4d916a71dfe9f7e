"""What a worker does with one leaf, wherever it runs: a process of this machine, or of a cluster."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from etl.model import Processed, RawFile
from etl.pipeline import processing
from etl.rules import load_rules
from etl.steps import Steps, in_step

MOST_IN_STEP = 16  # 8 or 32 gain about as much
MOST_BYTES = 1 << 18
WALL_FACTOR = 12  # a document that takes so many times its processor time by the clock is stuck, not slow
TIMERS = {signal.ITIMER_PROF: 1, signal.ITIMER_REAL: WALL_FACTOR}  # and how much time each gives
LEAST_S = 0.001  # left to a document, since 0 would switch the timer off

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
    with deadlines(timeout_s, len(files)) as switch:

        def turn(at: int) -> None:
            in_hand(len(done) + at + 1)
            switch(len(done) + at)

        for some in together(files):
            done += in_step([attempting(file) for file in some], turn)
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


@contextmanager
def deadlines(seconds: float, count: int) -> Iterator[Callable[[int], None]]:
    """End this process if one of `count` documents takes more than `seconds` of the processor; 0 for no limit.

    What is given goes on with a document by its number from 0 and leaves the others what they had left. Time by the
    clock would reject a good document of a loaded machine; it only ends what waits for something that never comes,
    after WALL_FACTOR times as long. The kernel ends the process, by SIGPROF or SIGALRM: even in a loop inside C code.
    """
    if not seconds:
        yield lambda at: None
        return
    left = {timer: [factor * seconds] * count for timer, factor in TIMERS.items()}
    current = 0

    def switch(at: int) -> None:
        nonlocal current
        for timer, times in left.items():
            rest, _ = signal.setitimer(timer, times[at])
            times[current] = max(rest or times[current], LEAST_S)
        current = at

    try:
        yield switch
    finally:
        for timer in TIMERS:
            signal.setitimer(timer, 0)


def attempting(file: RawFile) -> Steps[Processed]:
    """One file through the pipeline, in steps. The place of a fault of ours is named, no text."""
    try:
        return (yield from processing(file, load_rules()))
    except MemoryError:
        return rejected(file, "too_complex_memory", "it needs more memory than a worker may use")
    except RecursionError:
        return rejected(file, "too_complex_nesting", "nested too deeply")
    except Exception as e:
        trace = e.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
        return rejected(file, "internal_error", f"{type(e).__name__} at {place}")


def rejected(file: RawFile, reason: str, detail: str) -> Processed:
    return Processed(file.path, file.member, file.record_no, file.sha256, reason=reason, detail=detail)
