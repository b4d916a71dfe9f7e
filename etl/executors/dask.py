"""A Dask cluster as the pool: its workers compute, this process reads and loads.

Start workers with one thread each (`dask worker ADDRESS --nthreads 1`), as many as there are cores, in an
environment with the same version of this package, under their nannies. The deadline of a document ends its
worker, the nanny starts another, and the scheduler gives the task to somebody else; only a task that has ended
several workers comes back to us, and is halved until the file at fault stands alone. A worker that dies for
another reason costs nothing but the time: a task writes nothing, so it may run twice.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass
from functools import cache

from distributed import Client, KilledWorker

from etl import __version__, model
from etl.errors import ConfigError, EtlError
from etl.executors import work
from etl.executors.base import Limits
from etl.model import Processed, RawFile
from etl.rules import load_rules

CONNECT_S = 10.0
POLL_S = 0.5


Code = tuple[str, str, str]  # version, and the digests of the rules and of the records


@dataclass(slots=True)
class Task:
    """Files that the cluster has in hand."""

    files: Sequence[RawFile]
    future: Future[tuple[Code, bytes]]


class DaskPool:
    """The workers of the cluster whose scheduler is at `address`. `check` is called while waiting, and may raise.

    Raises ConfigError if the scheduler does not answer or its workers have several threads.
    """

    def __init__(self, address: str, limits: Limits, check: Callable[[], None] = lambda: None) -> None:
        self.limits = limits
        self.check = check
        self.code = code_version()
        try:
            self.client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as e:
            raise ConfigError(f"no Dask scheduler answers at {address}: {type(e).__name__}") from e
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        if any(worker["nthreads"] > 1 for worker in workers):
            self.close()
            raise ConfigError("Dask workers need one thread each: `dask worker ADDRESS --nthreads 1`")
        self.executor = self.client.get_executor(pure=False)

    def submit(self, files: Sequence[RawFile]) -> Task:
        """Process files; ask `result` for what came of them."""
        packed = pickle.dumps(list(files), pickle.HIGHEST_PROTOCOL)  # else Dask would look into every field
        return Task(files, self.executor.submit(process_all, packed, self.limits.timeout_s))

    def result(self, task: Task) -> list[Processed]:
        """What became of a task. A file that alone ended several workers is rejected.

        Raises EtlError if the cluster is lost, ConfigError if a worker has another version or other rules.
        """
        while not wait([task.future], timeout=POLL_S).done:
            self.check()
        try:
            code, packed = task.future.result()
        except KilledWorker:
            return self.halves(task.files)
        except (CancelledError, OSError) as e:
            raise EtlError("the Dask cluster was lost; what was loaded stays, run again to go on") from e
        if code != self.code:
            raise ConfigError(
                f"a Dask worker has other code: version, rules and records {' '.join(code)}, here {' '.join(self.code)}"
            )
        done: list[Processed] = pickle.loads(packed)
        return done

    def halves(self, files: Sequence[RawFile]) -> list[Processed]:
        """The records of a task that ended its workers: of each half, until one file is left, which is at fault."""
        if len(files) == 1:
            detail = f"it ended several workers, or took more than {self.limits.timeout_s:g} s in each"
            return [work.rejected(files[0], "worker_crash", detail)]
        middle = len(files) // 2
        tasks = [self.submit(half) for half in (files[:middle], files[middle:])]
        return [record for task in tasks for record in self.result(task)]

    def close(self) -> None:
        """Let the cluster go; what it still does for us is cancelled."""
        self.client.close(timeout=CONNECT_S)


@cache
def code_version() -> Code:
    """What must be the same in all workers, since rules decide what they find and records are sent as they are."""
    records = hashlib.sha256(inspect.getsource(model).encode()).hexdigest()
    return __version__, load_rules().digest, records[:16]


def process_all(packed: bytes, timeout_s: float) -> tuple[Code, bytes]:
    """Run the pipeline over files in a worker, each under its own deadline."""
    work.warm_up()
    done = work.process_all(pickle.loads(packed), timeout_s)
    return code_version(), pickle.dumps(done, pickle.HIGHEST_PROTOCOL)
