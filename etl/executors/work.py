"""What a worker does with one leaf, wherever it runs: a process of this machine, or of a cluster."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from etl.model import Processed, RawFile
from etl.pipeline import process
from etl.rules import load_rules

WALL_FACTOR = 12  # a document that takes so many times its processor time by the clock is stuck, not slow

WARM_UP = RawFile("", "3月9日，柳河派出所接到報警(bao jing)，周女士丢失手机。".encode(), b"")


@cache
def warm_up() -> None:
    """Read the rules now: they are read when first used, which should not be on the first document's time."""
    process(WARM_UP, load_rules())


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End this process, by SIGPROF, if the context takes more processor time than `seconds`.

    Time by the clock would reject a good document of a loaded machine; it only ends what waits for something
    that never comes, after WALL_FACTOR times as long. Neither needs the interpreter's lock, so both end even a
    loop inside C code.
    """
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        faulthandler.dump_traceback_later(seconds * WALL_FACTOR, exit=True, file=nowhere)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.cancel_dump_traceback_later()


def process_one(file: RawFile) -> Processed:
    """One file through the pipeline. A fault of ours costs this file, not the run; the place is named, no text."""
    try:
        return process(file, load_rules())
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
