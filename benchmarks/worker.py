"""What a worker process costs before its first file: seconds, and memory that it shares or has to itself.

    python -m benchmarks.worker [--workers 2] [--rounds 3]

Linux only, for the memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from benchmarks.measure import ROOT
from etl.executors import work
from etl.executors.base import Limits
from etl.executors.local import LocalPool, processes_of

STEPS = (  # what a worker does before its first file, each step with those before it
    ("python", "pass"),
    ("etl.executors.work imported", "from etl.executors import work"),
    ("rules read", "from etl.executors import work; work.load_rules()"),
    ("one document processed", "from etl.executors import work; work.warm_up()"),
)
TELL = "; print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1])"


def step(statement: str) -> tuple[float, float]:
    """Seconds and peak megabytes of a process that runs a statement."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", statement + TELL], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    return time.perf_counter() - start, float(done.stdout) / 1024


def memory(pid: int) -> tuple[float, float]:
    """Megabytes of a process: all that is in memory, and what no other process shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return sizes["Rss"] / 1024, (sizes["Private_Clean"] + sizes["Private_Dirty"]) / 1024


def pool(workers: int) -> tuple[float, float, Sequence[tuple[float, float]]]:
    """Seconds to the first result of every worker, seconds of the next results, memory of each worker."""
    with closing(LocalPool(workers, Limits())) as local:
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            for task in [local.submit([work.WARM_UP]) for _ in range(workers)]:
                local.result(task)
            seconds.append(time.perf_counter() - start)
        assert local.executor is not None
        return seconds[0], seconds[1], [memory(worker.pid or 0) for worker in processes_of(local.executor)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for name, statement in STEPS:
        rounds = [step(statement) for _ in range(given.rounds)]
        print(f"{name:30} {median(s for s, _ in rounds):8.3f} s {median(mb for _, mb in rounds):8.1f} MB")
    starts = [pool(given.workers) for _ in range(given.rounds)]
    print(f"{given.workers} workers to their first result {median(s for s, *_ in starts):8.3f} s")
    for number, (rss, private) in enumerate(starts[-1][2], 1):
        print(f"worker {number}: {rss:.1f} MB in memory, {private:.1f} MB its own")


if __name__ == "__main__":
    main()
