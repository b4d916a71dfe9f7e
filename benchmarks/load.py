"""Loading beside its limits and its peers, in turn, on one PostgreSQL; the tables checked against the truth.

    python -m benchmarks.load [--files 2000] [--rounds 3] [--peers] [--database-url URL]

Each side has a database of its own on the same server: ETL_TEST_DATABASE_URL or --database-url where there is
one (databases are made and dropped there), else an embedded one. Processes are timed whole, from start to
exit. Ratios are medians over the rounds; P1 to P13 are the goals of docs/performance.md. Fails if after any run
the tables do not hold exactly what the stock of files holds. Needs the extra `bench` for --peers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.stock import LATER_NS, Truth, copies, make
from etl import jobs
from etl.executors import work
from etl.model import Leaf, RawFile
from etl.rules import load_rules
from etl.settings import Settings, default_workers
from etl.sources.base import Limits
from etl.sources.registry import discover, read
from etl.store import embedded, lookups, migrate, runs
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts
from tests.conftest import create, drop, on_database

ROOT = Path(__file__).parents[1]
PURE_SAMPLE = 2000  # files by which the pure function is timed
TABLES = (
    "runs", "source_files", "agencies", "sightings", "articles", "incidents", "incident_persons",
    "reported_figures", "rejections", "article_signatures", "article_bands", "story_pairs", "event_pairs",
    "changes",
)  # fmt: skip
FIGURES = (
    ("P1", "backfill, dlt / ours", ("dlt", "backfill")),
    ("P2", "backfill / (pure core-seconds / cores + plain COPY)", ("backfill", "limit")),
    ("P3", "loader alone / plain COPY", ("loader", "copy")),
    ("P4", "backfill, ORM loop / ours", ("orm", "backfill")),
    ("P5", "nothing new, in process / walk with stat", ("nothing new", "walk")),
    ("P6", "nothing new, whole process, dlt / ours", ("dlt nothing new", "nothing new, process")),
    ("P7", "1 % new, dlt / ours", ("dlt 1 % new", "1 % new")),
    ("P8", "known content under new names, bytes sent / bytes of bodies", ("sent", "bodies")),
    ("P10", "peak memory, ours / dlt", ("backfill MB", "dlt MB")),
    ("P11", "etl --help / python -c pass", ("help", "python")),
    ("P12", "etl status / import psycopg", ("status", "psycopg")),
)


@dataclass(slots=True)
class Bench:
    """One stock, one server, and what was measured: figure -> one value a round."""

    files: Path
    truth: Truth
    server: str
    scratch: Path
    measured: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        self.measured.setdefault(name, []).append(value)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A new database, dropped afterwards."""
        name = f"bench_{os.getpid()}_{name}"
        create(self.server, name)
        try:
            yield on_database(self.server, name)
        finally:
            drop(self.server, name)


def timed(work_: Callable[[], object]) -> float:
    start = time.perf_counter()
    work_()
    return time.perf_counter() - start


def process(*command: str, url: str = "") -> tuple[float, float]:
    """Seconds and peak megabytes (of the largest of its processes) of a Python process."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ETL_")}
    env |= {"PYTHONPATH": str(ROOT), "ETL_DATABASE_URL": url, "ETL_SETTLE": "0"}
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, *command], env=env, stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def walk(folder: Path) -> int:
    """What any incremental job must do: look at every file once."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            total += os.stat(os.path.join(top, name)).st_size  # noqa: PTH116, PTH118 - the bare limit
    return total


# ---------------------------------------------------------------- the truth


def check(url: str, *truths: Truth) -> None:
    """Fail unless the paths fall into articles as the truth says, and nothing else was rejected or lost."""
    contents = {path: n for truth in truths for path, n in truth.contents.items()}
    bad = {path for truth in truths for path in truth.bad}
    with connect(url) as connection:
        places = dict(
            connection.execute(
                "SELECT f.path, s.article_id FROM sightings AS s JOIN source_files AS f"
                " ON f.id = s.source_file_id WHERE s.is_current"
            ).fetchall()
        )
        rejected = {r[0] for r in connection.execute("SELECT path FROM rejections WHERE resolved_by IS NULL")}
        orphans = connection.execute(
            "SELECT count(*) FROM articles AS a WHERE NOT EXISTS"
            " (SELECT FROM sightings AS s WHERE s.article_id = a.id AND s.is_current)"
        ).fetchone()
    pairs = {(contents.get(path), article) for path, article in places.items()}
    one_to_one = len(pairs) == len({c for c, _ in pairs}) == len({a for _, a in pairs})
    if places.keys() != contents.keys() or not one_to_one or rejected != bad or orphans != (0,):
        raise SystemExit(
            f"the tables are not the truth: {len(places.keys() ^ contents.keys())} paths differ,"
            f" one to one: {one_to_one}, {len(rejected ^ bad)} rejections differ, {orphans} orphans"
        )


# ---------------------------------------------------------------- ours, and the limits


def ours(bench: Bench, url: str, rows: dict[str, bytes]) -> None:
    """A first run, nothing new, 1 % new, and copies under new names; the rows are kept for plain COPY."""
    migrate.upgrade(url)
    etl = ("-m", "etl")
    seconds, memory = process(*etl, "backfill", str(bench.files), "-q", url=url)
    bench.note("backfill", seconds)
    bench.note("backfill MB", memory)
    check(url, bench.truth)
    settings = Settings(database_url=url, settle_s=0)
    bench.note("walk", timed(lambda: walk(bench.files)))
    bench.note("nothing new", timed(lambda: jobs.run([str(bench.files)], settings)))
    seconds, memory = process(*etl, "run", str(bench.files), "-q", url=url)
    bench.note("nothing new, process", seconds)
    bench.note("nothing new MB", memory)
    bench.note("status", process(*etl, "status", url=url)[0])
    rows.update(copy_out(url))
    more = bench.scratch / "more"
    new = make(bench.files / "new", max(1, len(bench.truth.contents) // 100), seed=2, filed_ns=LATER_NS)
    try:
        bench.note("1 % new", process(*etl, "run", str(bench.files), "-q", url=url)[0])
        check(url, bench.truth, new)
        copies(more, bench.files, 1000)
        before = received(url)
        jobs.run([str(more)], settings)
        bench.note("sent", received(url) - before)
        bench.note("bodies", sum(p.stat().st_size for p in more.iterdir()))
    finally:
        shutil.rmtree(more, ignore_errors=True)
        shutil.rmtree(bench.files / "new")


def received(url: str) -> float:
    """Bytes that clients of this machine have sent over loopback so far."""
    for line in Path("/proc/net/dev").read_text(encoding="ascii").splitlines():
        if line.strip().startswith("lo:"):
            return float(line.split()[9])
    return 0.0


def pure(bench: Bench) -> None:
    """Core-seconds of the pure function over all files, reading included, by a sample."""
    entries = [e for e in discover([str(bench.files)]) if hasattr(e, "size")]
    step = max(1, len(entries) // PURE_SAMPLE)
    sample = entries[::step]
    work.warm_up()
    start = time.process_time()
    for found in sample:
        for leaf in read(found, Limits()).leaves:  # type: ignore[arg-type]
            assert isinstance(leaf, RawFile)
            work.process_one(leaf)
    bench.note("pure", (time.process_time() - start) * len(entries) / len(sample))


def loader(bench: Bench, url: str, results: list[Leaf]) -> None:
    """Loading alone, of results computed before."""
    migrate.upgrade(url)
    with connect(url) as connection:
        lookups.sync(connection, load_rules())
        this = runs.start(connection, "backfill", load_rules().digest)
        size = Settings().batch_files
        start = time.perf_counter()
        for at in range(0, len(results), size):
            load_batch(connection, this, results[at : at + size], Counts())
        bench.note("loader", time.perf_counter() - start)
    check(url, bench.truth)


def computed(bench: Bench) -> list[Leaf]:
    """What workers make of every file."""
    results = []
    for found in discover([str(bench.files)]):
        reading = read(found, Limits())  # type: ignore[arg-type]
        for leaf in reading.leaves:
            assert isinstance(leaf, RawFile)
            results.append(Leaf(found, reading.sha256, leaf.sha256, work.process_one(leaf)))  # type: ignore[arg-type]
    return results


def plain_copy(bench: Bench, url: str, rows: dict[str, bytes]) -> None:
    """COPY of the very rows that ours wrote, into the same tables with the same indexes, in one transaction."""
    migrate.upgrade(url)
    with connect(url, limits=False) as connection:
        lookups.sync(connection, load_rules())
        start = time.perf_counter()
        with connection.transaction():
            for target, data in rows.items():
                with connection.cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
                    copy.write(data)
        bench.note("copy", time.perf_counter() - start)


def copy_out(url: str) -> dict[str, bytes]:
    """The rows of the loaded tables as COPY gives them."""
    rows = {}
    with connect(url, limits=False) as connection:
        for table in TABLES:
            columns = columns_of(connection, table)
            if not columns:
                continue
            with connection.cursor().copy(f"COPY {table} ({columns}) TO STDOUT".encode()) as copy:
                rows[f"{table} ({columns})"] = b"".join(bytes(part) for part in copy)
    return rows


def columns_of(connection: Connection, table: str) -> str:
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND is_generated = 'NEVER' AND identity_generation IS DISTINCT FROM 'ALWAYS' ORDER BY ordinal_position",
        (table,),
    )
    return ", ".join(row[0] for row in found)


# ---------------------------------------------------------------- the peers


def dlt(bench: Bench, url: str) -> None:
    """A first run, nothing new, 1 % new."""
    state = bench.scratch / "dlt"
    peer = ("-m", "benchmarks.peers", "dlt", str(bench.files), url, str(state))
    try:
        seconds, memory = process(*peer)
        bench.note("dlt", seconds)
        bench.note("dlt MB", memory)
        same_size(bench, url, "peer_dlt.articles")
        bench.note("dlt nothing new", process(*peer)[0])
        make(bench.files / "new", max(1, len(bench.truth.contents) // 100), seed=2, filed_ns=LATER_NS)
        bench.note("dlt 1 % new", process(*peer)[0])
    finally:
        shutil.rmtree(state, ignore_errors=True)
        shutil.rmtree(bench.files / "new", ignore_errors=True)


def orm(bench: Bench, url: str) -> None:
    bench.note("orm", process("-m", "benchmarks.peers", "orm", str(bench.files), url, "-")[0])
    same_size(bench, url, "peer_articles")


def same_size(bench: Bench, url: str, table: str) -> None:
    """Fail unless a peer has loaded as many articles as there are contents."""
    with psycopg.connect(url) as connection:
        count = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    wanted = len(set(bench.truth.contents.values()))
    if count != (wanted,):
        raise SystemExit(f"{table} has {count} articles, not {wanted}")


# ---------------------------------------------------------------- all of it


def one_round(bench: Bench, peers: bool, results: list[Leaf]) -> None:
    rows: dict[str, bytes] = {}
    with bench.database("ours") as url:
        ours(bench, url, rows)
    pure(bench)
    with bench.database("copy") as url:
        plain_copy(bench, url, rows)
    bench.note("limit", bench.measured["pure"][-1] / default_workers() + bench.measured["copy"][-1])
    with bench.database("loader") as url:
        loader(bench, url, results)
    bench.note("python", process("-c", "pass")[0])
    bench.note("help", process("-m", "etl", "--help")[0])
    bench.note("psycopg", process("-c", "import psycopg")[0])
    if peers:
        with bench.database("dlt") as url:
            dlt(bench, url)
        with bench.database("orm") as url:
            orm(bench, url)


def show(bench: Bench, files: int) -> None:
    print(f"\n{files} files, {default_workers()} cores, medians of {len(bench.measured['pure'])} rounds")
    for name, values in bench.measured.items():
        print(f"{name:24} {median(values):14.3f}   ({min(values):.3f} to {max(values):.3f})")
    for goal, what, (over, under) in FIGURES:
        if over in bench.measured and under in bench.measured:
            pairs = zip(bench.measured[over], bench.measured[under], strict=True)
            print(f"{goal:4} {what:62} {median(a / b for a, b in pairs):8.2f}")
    print(json.dumps({"files": files, **{n: round(median(v), 4) for n, v in bench.measured.items()}}))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="dlt and an ORM loop too")
    parser.add_argument("--database-url", default=os.environ.get("ETL_TEST_DATABASE_URL"))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch) / "stock"
        truth = make(files, given.files)
        truth.save(Path(scratch) / "truth.json")
        server = partial(embedded.session, Path(scratch) / "home")
        with server() if given.database_url is None else given_server(given.database_url) as url:
            bench = Bench(files, truth, url, Path(scratch))
            with psycopg.connect(url) as connection:
                print("PostgreSQL", connection.info.server_version)
            results = computed(bench)
            for number in range(given.rounds):
                one_round(bench, given.peers, results)
                print(f"round {number + 1} done", flush=True)
    show(bench, given.files)


@contextmanager
def given_server(url: str) -> Iterator[str]:
    yield url


if __name__ == "__main__":
    main()
