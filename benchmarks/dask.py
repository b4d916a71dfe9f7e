"""A Dask cluster of this machine beside the local pool: the same backfill, in turn, on one PostgreSQL.

    python -m benchmarks.dask [--files 2000] [--rounds 3] [--workers 2] [--database-url URL]

The cluster stands before the clock starts, as a cluster does, and its workers have done a small load, so their
rules are read; the local pool starts its workers on the clock. Fails if the tables are not the truth. Needs the
extra `dask`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.load import given_server
from benchmarks.measure import Bench, check, process
from benchmarks.stock import make
from etl.store import embedded, migrate

START_S = 60.0
WARM_FILES = 64  # files by which each worker gets to read its rules


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler with workers of one thread each."""
    file = folder / "scheduler.json"
    env = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder)}
    dask = [sys.executable, "-m", "distributed.cli.dask_{}", "--no-dashboard"]
    with (folder / "dask.log").open("wb") as log:

        def start(role: str, *arguments: str) -> subprocess.Popen[bytes]:
            command = [part.format(role) for part in dask] + list(arguments)
            return subprocess.Popen(command, env=env, stdout=log, stderr=log)

        started = [start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))]
        try:
            end = time.monotonic() + START_S
            while not file.exists() or not file.read_text(encoding="utf-8"):
                if time.monotonic() > end:
                    raise SystemExit((folder / "dask.log").read_text(encoding="utf-8"))
                time.sleep(0.1)
            address = str(json.loads(file.read_text(encoding="utf-8"))["address"])
            started += [start("worker", address, "--nthreads", "1", "--no-nanny") for _ in range(workers)]
            yield address
        finally:
            for one in reversed(started):
                one.kill()
                one.wait()


def backfill(bench: Bench, name: str, *options: str) -> None:
    """One backfill into a database of its own, its tables checked."""
    with bench.database(name) as url:
        migrate.upgrade(url)
        cost = process("-m", "etl", "backfill", str(bench.files), "-q", *options, url=url)
        bench.note(name, cost.seconds)
        bench.note(f"{name}, driver", cost.cpu)
        check(url, bench.truth)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database-url", default=os.environ.get("ETL_TEST_DATABASE_URL"))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        own = partial(embedded.session, scratch / "home")
        with (
            own() if given.database_url is None else given_server(given.database_url) as url,
            cluster(scratch, given.workers) as address,
        ):
            warm = Bench(
                scratch / "warm", make(scratch / "warm", given.workers * WARM_FILES, seed=2), url, scratch
            )
            backfill(warm, "warm", "--dask", address)
            bench = Bench(scratch / "stock", make(scratch / "stock", given.files), url, scratch)
            for _ in range(given.rounds):
                backfill(bench, "local", "--workers", str(given.workers))
                backfill(bench, "dask", "--dask", address)
    bench.show()
    print(
        f"rate of {given.workers} Dask workers / of the local pool: {bench.ratio('local', 'dask'):.3f}   must be >= 0.9"
    )


if __name__ == "__main__":
    main()
