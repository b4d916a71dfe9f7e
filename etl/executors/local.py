"""A pool of worker processes on this machine. Workers only compute: bytes in, records out.

A document can hang or kill the interpreter (deep nesting in a C parser, a pathological page), and no
`try` helps against either, so each document runs under a deadline that ends its worker. A worker marks
the file it has in hand in shared memory, so after a death one knows whom to suspect: the rest of the
task is done again, the suspect runs alone in a fresh pool, and if that one dies too it is rejected.
Workers are spawned, never forked (a forked child shares sockets and locks with its parent), and end with
their parent, however that ended. Only they import the stages (`work`), which takes a quarter of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from etl.errors import EtlError
from etl.executors.base import Limits
from etl.model import Processed, RawFile

PR_SET_PDEATHSIG = 1
RECYCLE_TASKS = 500  # tasks after which the workers are replaced, in case a library leaks
MARKS = 1024  # tasks that may be in flight
POLL_S = 0.5
MAX_IDLE_DEATHS = 5  # workers that die at once, again and again, are the machine's fault, not a file's
EXIT_S = 2.0

marks: Any = None  # in a worker: per task the file in hand, from 1


@dataclass(slots=True)
class Task:
    """Files that a worker has in hand; `mark` is where it notes which one."""

    files: Sequence[RawFile]
    mark: int
    future: Future[list[Processed]]
    pool: ProcessPoolExecutor


class LocalPool:
    """`workers` processes that run the pipeline; made when the first task comes, so that no news costs none.

    `check` is called while waiting and may raise to give up.
    """

    def __init__(self, workers: int, limits: Limits, check: Callable[[], None] = lambda: None) -> None:
        self.workers = workers
        self.limits = limits
        self.check = check
        self.context = multiprocessing.get_context("spawn")
        self.marks = self.context.Array("I", MARKS, lock=False)
        self.executor: ProcessPoolExecutor | None = None
        self.retired: list[BaseProcess] = []
        self.submitted = 0
        self.idle_deaths = 0  # pools lost in a row without a file in hand

    def submit(self, files: Sequence[RawFile]) -> Task:
        """Process files; ask `result` for what came of them."""
        if self.submitted % RECYCLE_TASKS == 0:
            self.retire()
        if self.executor is None:
            start_tracker()
            self.executor = ProcessPoolExecutor(
                self.workers,
                mp_context=self.context,
                initializer=prepare_worker,
                initargs=(os.getpid(), self.limits.memory_bytes, self.marks),
            )
        mark = self.submitted % MARKS
        self.submitted += 1
        self.marks[mark] = 0
        try:
            future = self.executor.submit(process_all, files, mark, self.limits.timeout_s)
        except BrokenProcessPool as e:
            future = Future()
            future.set_exception(e)
        return Task(files, mark, future, self.executor)

    def result(self, task: Task) -> list[Processed]:
        """What became of a task. Where a worker died, the file it had in hand gets a second chance alone."""
        done = self.wait(task)
        if done is not None:
            return done
        self.end(task.pool)
        at = self.marks[task.mark]
        if not at:  # another task broke the pool before this one began, or no worker gets to work at all
            self.idle_deaths += 1
            if self.idle_deaths > MAX_IDLE_DEATHS:
                raise EtlError("worker processes end before they do any work: is there memory for them?")
            return self.result(self.submit(task.files))
        before, suspect, after = task.files[: at - 1], task.files[at - 1], task.files[at:]
        results = self.result(self.submit(before)) if before else []
        alone = self.submit([suspect])
        results += self.wait(alone) or [self.give_up(suspect, alone)]
        return results + (self.result(self.submit(after)) if after else [])

    def wait(self, task: Task) -> list[Processed] | None:
        """The records of a task, or None if a worker died. Looks up now and then."""
        while not wait([task.future], timeout=POLL_S).done:
            self.check()
        try:
            done = task.future.result()
            self.idle_deaths = 0
            return done
        except (BrokenProcessPool, CancelledError):  # cancelled: the pool was closed for another task
            return None

    def give_up(self, file: RawFile, task: Task) -> Processed:
        """The rejection of a file that ended two workers; how the second one ended tells why."""
        from etl.executors import work

        codes = exit_codes(processes_of(task.pool))
        self.end(task.pool)
        if -signal.SIGPROF in codes:
            detail = f"more than {self.limits.timeout_s:g} s of the processor, twice"
            return work.rejected(file, "timeout", detail)
        if -signal.SIGALRM in codes:
            detail = f"more than {self.limits.timeout_s * work.WALL_FACTOR:g} s by the clock, twice"
            return work.rejected(file, "timeout", detail)
        number = next((-c for c in codes if c and c < 0 and c != -signal.SIGTERM), 0)
        name = signal.Signals(number).name if number in list(signal.Signals) else "an unknown cause"
        return work.rejected(file, "worker_crash", f"its worker was ended twice, by {name}")

    def retire(self) -> None:
        """Let the present workers finish what they have; new ones take what comes."""
        if self.executor is not None:
            self.retired = [p for p in self.retired if p.is_alive()] + processes_of(self.executor)
            self.executor.shutdown(wait=False)
            self.executor = None

    def end(self, executor: ProcessPoolExecutor) -> None:
        """End the workers of one executor now; what they were doing is given up."""
        processes = processes_of(executor)
        executor.shutdown(wait=False, cancel_futures=True)
        kill(processes)
        if executor is self.executor:
            self.executor = None

    def close(self) -> None:
        """End all workers now."""
        if self.executor is not None:
            self.end(self.executor)
        kill(self.retired)
        self.retired.clear()


def start_tracker() -> None:
    """Start the helper process that frees the pool's semaphores when we end without doing so, as after an abort.

    It says so with a warning on stderr, which tells nobody anything: off.
    """
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def processes_of(executor: ProcessPoolExecutor) -> list[BaseProcess]:
    """Its workers; the library has no word for them and forgets them when it is shut down."""
    return list((executor._processes or {}).values())


def exit_codes(workers: Sequence[BaseProcess]) -> list[int | None]:
    """How workers of a broken pool ended. The library collects them too, and who comes second waits for a moment."""
    end = time.monotonic() + EXIT_S
    while None in (codes := [worker.exitcode for worker in workers]) and time.monotonic() < end:
        time.sleep(0.01)
    return codes


def kill(workers: Sequence[BaseProcess]) -> None:
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join()


def prepare_worker(parent: int, memory_bytes: int, shared_marks: Any) -> None:
    """Tie a new worker to its parent's life, keep the keyboard's interrupt from it, and limit its memory."""
    from etl.executors import work

    global marks
    marks = shared_marks
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError, AttributeError):  # Linux only; elsewhere a lost parent closes the pipe
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    limit = memory_bytes + reserved_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work.warm_up()


def reserved_bytes() -> int:
    """Address space of this process that is set aside and not used: rensa's allocator takes 1 GiB at once."""
    try:
        size, resident, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:  # Linux only
        return 0
    return (int(size) - int(resident)) * resource.getpagesize()


def process_all(files: Sequence[RawFile], mark: int, timeout_s: float) -> list[Processed]:
    """Run the pipeline over `files` in a worker, noting which of them it has in hand."""
    from etl.executors import work

    return work.process_all(files, timeout_s, lambda number: marks.__setitem__(mark, number))
