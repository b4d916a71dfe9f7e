"""Loading against its limits: a first run beside plain COPY of the same rows, a second one beside a walk with stat.

    python -m benchmarks.load [FILES]

The corpus is made from the sample articles, each copy told apart by a line of its own. Every figure is
the median of three rounds, the sides taken in turn; one worker process a core.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from etl import jobs
from etl.settings import Settings
from etl.store import embedded
from etl.store.engine import Connection, connect

SAMPLES = Path(__file__).parents[1] / "samples"
ROUNDS = 3
TABLES = ("source_files", "sightings", "articles", "incidents", "incident_persons", "reported_figures")


def make_corpus(folder: Path, files: int) -> None:
    """`files` articles in folders of a thousand."""
    originals = [
        p.read_bytes() for p in sorted(SAMPLES.rglob("*.txt")) if p.parent.name in ("bare", "damaged")
    ]
    for number in range(files):
        target = folder / f"{number // 1000:04}" / f"{number:07}.txt"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(originals[number % len(originals)] + f"\nNo. {number}\n".encode())
        os.utime(target, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def walk(folder: Path) -> int:
    """What any incremental job must do: look at every file once."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            total += os.stat(os.path.join(top, name)).st_size  # noqa: PTH116, PTH118 - the bare limit
    return total


def copy_out(connection: Connection) -> dict[str, bytes]:
    """The rows of the loaded tables as COPY gives them."""
    rows = {}
    for table in TABLES:
        columns = ", ".join(
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                " AND is_generated = 'NEVER' ORDER BY ordinal_position",
                (table,),
            )
        )
        with connection.cursor().copy(f"COPY {table} ({columns}) TO STDOUT".encode()) as copy:
            rows[f"{table} ({columns})"] = b"".join(bytes(part) for part in copy)
    return rows


def copy_in(connection: Connection, rows: dict[str, bytes]) -> None:
    with connection.transaction():
        for target, data in rows.items():
            with connection.cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
                copy.write(data)


def empty(connection: Connection) -> None:
    connection.execute("TRUNCATE source_files, articles, changes RESTART IDENTITY CASCADE")
    connection.execute("TRUNCATE agencies CASCADE")


def main(files: int = 5000) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "corpus"
        folder.mkdir()
        make_corpus(folder, files)
        with embedded.session(Path(scratch) / "home") as url:
            settings = Settings(database_url=url, settle_s=0)
            first, plain, again, walks = [], [], [], []
            for _ in range(ROUNDS):
                with connect(url) as connection:
                    if first:
                        empty(connection)
                first.append(timed(lambda: jobs.run([str(folder)], settings)))
                again.append(timed(lambda: jobs.run([str(folder)], settings)))
                walks.append(timed(lambda: walk(folder)))
                with connect(url, limits=False) as connection:
                    rows = copy_out(connection)
                    connection.execute("TRUNCATE source_files, articles, changes CASCADE")
                    plain.append(timed(partial(copy_in, connection, rows)))
    print(f"{files} files, medians of {ROUNDS} rounds")
    print(f"first run            {median(first):8.2f} s   {files / median(first):8.0f} files/s")
    print(
        f"plain COPY           {median(plain):8.2f} s   first run / COPY       {median(first) / median(plain):6.2f}"
    )
    print(
        f"second run           {median(again):8.2f} s   second run / walk+stat {median(again) / median(walks):6.2f}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
