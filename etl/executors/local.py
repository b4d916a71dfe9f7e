"""A pool of worker processes on this machine. Workers only compute: bytes in, records out.

A document can hang or kill the interpreter (deep nesting in a C parser, a pathological page), and no
`try` helps against either, so each document runs under a deadline that ends its worker. After a death
the batch in flight is tried again in halves; a file that kills its worker alone, twice, is rejected.
Workers are spawned, never forked (a forked child shares sockets and locks with its parent), and end with
their parent, however that ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import multiprocessing
import os
import resource
import signal
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from etl.model import Processed, RawFile
from etl.pipeline import process
from etl.rules import load_rules

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use: seconds per document, bytes of address space."""

    timeout_s: float = 10.0
    memory_bytes: int = 2 << 30


class LocalPool:
    """`workers` processes that run the pipeline; made when the first batch comes, so that no news costs none."""

    def __init__(self, workers: int, limits: Limits) -> None:
        self.workers = workers
        self.limits = limits
        self.executor: ProcessPoolExecutor | None = None

    def submit(self, files: Sequence[RawFile]) -> Future[list[Processed]]:
        """Process a batch; ask `result` for what came of it."""
        if self.executor is None:
            self.executor = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=prepare_worker,
                initargs=(os.getpid(), self.limits.memory_bytes),
            )
        try:
            return self.executor.submit(process_all, files, self.limits.timeout_s)
        except BrokenProcessPool as e:
            failed: Future[list[Processed]] = Future()
            failed.set_exception(e)
            return failed

    def result(self, files: Sequence[RawFile], future: Future[list[Processed]]) -> list[Processed]:
        """What became of a batch; where its worker died, the batch again in halves, down to the one file."""
        try:
            return future.result()
        except (BrokenProcessPool, CancelledError):  # cancelled: another batch broke the pool
            self.close()
        if len(files) > 1:
            half = len(files) // 2
            parts = (files[:half], files[half:])
            return [done for part in parts for done in self.result(part, self.submit(part))]
        try:
            return self.submit(files).result()
        except BrokenProcessPool:
            self.close()
        file = files[0]
        return [
            Processed(
                file.path,
                file.member,
                file.record_no,
                file.sha256,
                reason="worker_crash",
                detail=f"its worker ended twice within {self.limits.timeout_s:g} s",
            )
        ]

    def close(self) -> None:
        """End the workers now; what they were doing is given up."""
        if self.executor is None:
            return
        processes = list((self.executor._processes or {}).values())
        self.executor.shutdown(wait=False, cancel_futures=True)
        for worker in processes:
            worker.kill()
        for worker in processes:
            worker.join()
        self.executor = None


def prepare_worker(parent: int, memory_bytes: int) -> None:
    """Tie a new worker to its parent's life, keep the keyboard's interrupt from it, and limit its memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError, AttributeError):  # Linux only; elsewhere a lost parent closes the pipe
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    load_rules()


def process_all(files: Sequence[RawFile], timeout_s: float) -> list[Processed]:
    """Run the pipeline over `files` in a worker, each under its own deadline."""
    rules = load_rules()
    done = []
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        for file in files:
            # A timer thread that needs no interpreter lock: it ends even a loop inside C code.
            faulthandler.dump_traceback_later(timeout_s, exit=True, file=nowhere)
            try:
                done.append(process(file, rules))
            except MemoryError:
                done.append(
                    Processed(
                        file.path,
                        file.member,
                        file.record_no,
                        file.sha256,
                        reason="too_complex",
                        detail="it needs more memory than a worker may use",
                    )
                )
            finally:
                faulthandler.cancel_dump_traceback_later()
    return done
