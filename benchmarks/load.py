"""Loading beside its limits and its peers, in turn, on one PostgreSQL; the tables checked against the truth.

    python -m benchmarks.load [--files 2000] [--rounds 3] [--peers] [--large N] [--database-url URL]

Each side has a database of its own on the same server: ETL_TEST_DATABASE_URL or --database-url where there is
one (databases are made and dropped there), else an embedded one. Processes are timed whole, from start to
exit. Ratios are medians over the rounds; P1 to P13 are the goals of docs/performance.md. With --large, one
round over a larger stock follows, for the goals that compare sizes, or are set for 100,000 files. Fails if
after any run the tables do not hold exactly what the stock of files holds. Needs the extra `bench` for --peers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.measure import Bench, check, process, timed
from benchmarks.stock import LATER_NS, Truth, copies, make
from benchmarks.wire import counted
from etl import jobs
from etl.executors import work
from etl.executors.base import Limits as WorkerLimits
from etl.executors.local import LocalPool
from etl.model import Found, Leaf, RawFile
from etl.rules import load_rules
from etl.settings import Settings, default_workers
from etl.sources.base import Limits
from etl.sources.registry import discover, read
from etl.store import embedded, lookups, migrate, runs
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts

PURE_SAMPLE = 2000  # files by which the pure function is timed
COPIES = 1000  # known contents given new names
WALKS = 5  # rounds of walk and nothing new, each a second or so
STARTS = 15  # rounds of processes that only start
TASK_FILES = 32
TABLES = (
    "runs", "source_files", "agencies", "sightings", "articles", "incidents", "incident_persons",
    "reported_figures", "rejections", "article_signatures", "article_bands", "story_pairs", "event_pairs",
    "changes",
)  # fmt: skip
FIGURES = (  # goal, what it is, over and under the line, what it must be
    ("P1", "backfill, dlt / ours", "dlt", "backfill", ">= 2"),
    ("P2", "backfill / (pure core-seconds / cores + plain COPY)", "backfill", "limit", "<= 1.3"),
    ("P3", "loader alone / plain COPY", "loader", "copy", "<= 2"),
    ("P4", "backfill, ORM loop / ours", "orm", "backfill", ">= 3"),
    ("P5", "nothing new, in process / walk with stat", "nothing new", "walk", "<= 2.5"),
    ("P6", "nothing new, whole process, dlt / ours", "dlt nothing new", "nothing new, process", ">= 5"),
    ("P7", "1 % new, dlt / ours", "dlt 1 % new", "1 % new", ">= 3"),
    ("P8", "known content under new names, bytes sent / of bodies", "sent", "bodies", "<= 0.05"),
    ("P10", "peak memory of the largest process, ours / dlt", "backfill MB", "dlt MB", "<= 0.25"),
    ("P11", "etl --help / python -c pass", "help", "python", "<= 6"),
    ("P12", "etl status to its first line / import psycopg", "status", "psycopg", "<= 1.6"),
)
SIZES = (  # goal, what it is, figure, what it must be: of the larger stock / of the smaller
    ("P9", "peak memory of backfill, large / small", "backfill MB", "<= 1.25"),
    ("P9", "peak memory of nothing new, large / small", "nothing new MB", "<= 1.25"),
)


def walk(folder: Path) -> int:
    """What any incremental job must do: look at every file once."""
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            total += os.stat(os.path.join(top, name)).st_size  # noqa: PTH116, PTH118 - the bare limit
    return total


# ---------------------------------------------------------------- ours, and the limits


def ours(bench: Bench, url: str) -> dict[str, bytes]:
    """A first run, nothing new, 1 % new, and copies under new names; the rows of the first, for plain COPY."""
    migrate.upgrade(url)
    etl = ("-m", "etl")
    cost = process(*etl, "backfill", str(bench.files), "-q", url=url)
    bench.note("backfill", cost.seconds)
    bench.note("backfill MB", cost.mb)
    check(url, bench.truth)
    settings = Settings(database_url=url, settle_s=0)
    for _ in range(WALKS):
        bench.note("walk", timed(lambda: walk(bench.files)))
        bench.note("nothing new", timed(lambda: jobs.run([str(bench.files)], settings)))
    cost = process(*etl, "run", str(bench.files), "-q", url=url)
    bench.note("nothing new, process", cost.seconds)
    bench.note("nothing new MB", cost.mb)
    check(url, bench.truth)
    rows = copy_out(url)
    with one_percent(bench) as new:
        bench.note("1 % new", process(*etl, "run", str(bench.files), "-q", url=url).seconds)
        check(url, bench.truth, new)
    known_again(bench, url, settings)
    return rows


@contextmanager
def one_percent(bench: Bench) -> Iterator[Truth]:
    """New files beside the others, a hundredth of them."""
    try:
        yield make(bench.files / "new", max(1, len(bench.truth.contents) // 100), seed=2, filed_ns=LATER_NS)
    finally:
        shutil.rmtree(bench.files / "new")


def known_again(bench: Bench, url: str, settings: Settings) -> None:
    """Copies of loaded files under new names: what the client sends, beside their bodies."""
    more = bench.scratch / "more"
    copies(more, bench.files, COPIES)
    made = len(list(more.iterdir()))
    try:
        with counted(url) as (way, count):
            done = jobs.run([str(more)], Settings(database_url=way, settle_s=settings.settle_s))
            bench.note("sent", count.sent)
    finally:
        shutil.rmtree(more)
    if done.counts.duplicate != made:
        raise SystemExit(f"{made} copies came in as {done.counts}")
    with connect(url) as connection:
        bodies = connection.execute(
            "SELECT sum(octet_length(a.body)) FROM sightings AS s JOIN articles AS a ON a.id = s.article_id"
            " WHERE s.run_id = %s",
            (done.run_id,),
        ).fetchone()
    bench.note("bodies", float(bodies[0]) if bodies else 0.0)


def pure(bench: Bench) -> None:
    """Core-seconds of the pure function over all files, reading included, by a sample."""
    entries = [e for e in discover([str(bench.files)]) if isinstance(e, Found)]
    step = max(1, len(entries) // PURE_SAMPLE)
    sample = entries[::step]
    work.warm_up()
    start = time.process_time()
    for at in range(0, len(sample), TASK_FILES):
        leaves = [leaf for found in sample[at : at + TASK_FILES] for leaf in read(found, Limits()).leaves]
        work.process_all([leaf for leaf in leaves if isinstance(leaf, RawFile)])
    bench.note("pure", (time.process_time() - start) * len(entries) / len(sample))


def computed(bench: Bench) -> list[Leaf]:
    """What workers make of every file."""
    files = [
        (found, leaf)
        for found in discover([str(bench.files)])
        if isinstance(found, Found)
        for leaf in read(found, Limits()).leaves
        if isinstance(leaf, RawFile)
    ]
    with closing(LocalPool(default_workers(), WorkerLimits())) as pool:
        parts = [files[at : at + TASK_FILES] for at in range(0, len(files), TASK_FILES)]
        results: list[Leaf] = []
        for some in (parts[at : at + 200] for at in range(0, len(parts), 200)):
            tasks = [(part, pool.submit([leaf for _, leaf in part])) for part in some]
            for part, task in tasks:
                for (found, leaf), done in zip(part, pool.result(task), strict=True):
                    results.append(Leaf(found, leaf.sha256, leaf.sha256, done))
    return results


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


def starts(bench: Bench, url: str) -> None:
    """Processes that only start, each beside its yardstick."""
    command = ("-c", "from etl.cli import main; main()")  # what the installed command does
    migrate.upgrade(url)
    for _ in range(STARTS):
        bench.add("python", process("-c", "pass").seconds)
        bench.add("help", process(*command, "--help").seconds)
        bench.add("psycopg", process("-c", "import psycopg").seconds)
        bench.add("status", process(*command, "status", url=url).first)


# ---------------------------------------------------------------- the peers


def dlt(bench: Bench, url: str) -> None:
    """A first run, nothing new, 1 % new."""
    state = bench.scratch / "dlt"
    peer = ("-m", "benchmarks.peers", "dlt", str(bench.files), url, str(state))
    try:
        cost = process(*peer)
        bench.note("dlt", cost.seconds)
        bench.note("dlt MB", cost.mb)
        same_size(url, "peer_dlt.articles", bench.truth)
        bench.note("dlt nothing new", process(*peer).seconds)
        same_size(url, "peer_dlt.articles", bench.truth)
        with one_percent(bench) as new:
            bench.note("dlt 1 % new", process(*peer).seconds)
            same_size(url, "peer_dlt.articles", bench.truth, new)
    finally:
        shutil.rmtree(state, ignore_errors=True)


def orm(bench: Bench, url: str) -> None:
    bench.note("orm", process("-m", "benchmarks.peers", "orm", str(bench.files), url, "-").seconds)
    same_size(url, "peer_articles", bench.truth)


def same_size(url: str, table: str, *truths: Truth) -> None:
    """Fail unless a peer has loaded as many articles as there are contents."""
    with psycopg.connect(url) as connection:
        count = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    wanted = len({content for truth in truths for content in truth.contents.values()})
    if count != (wanted,):
        raise SystemExit(f"{table} has {count} articles, not {wanted}")


# ---------------------------------------------------------------- all of it


def small_round(bench: Bench, peers: bool, results: list[Leaf]) -> None:
    """Everything that is compared at one size."""
    with bench.database("ours") as url:
        rows = ours(bench, url)
    pure(bench)
    with bench.database("copy") as url:
        plain_copy(bench, url, rows)
    bench.note("limit", bench.measured["pure"][-1] / default_workers() + bench.measured["copy"][-1])
    with bench.database("loader") as url:
        loader(bench, url, results)
    if peers:
        with bench.database("dlt") as url:
            dlt(bench, url)
        with bench.database("orm") as url:
            orm(bench, url)


def large_round(bench: Bench, peers: bool) -> None:
    """What the goals ask of a larger stock: ours, and dlt."""
    with bench.database("ours") as url:
        ours(bench, url)
    if peers:
        with bench.database("dlt") as url:
            dlt(bench, url)


def goals(bench: Bench, files: int) -> None:
    """The goals that one size settles, each with what it must be."""
    print(f"\n{files} files, {default_workers()} cores")
    bench.show()
    for goal, what, over, under, must in FIGURES:
        if (ratio := bench.ratio(over, under)) is not None:
            print(f"{goal:4} {what:56} {ratio:8.3f}   must be {must}")
    print(json.dumps({"files": files, **{n: round(median(v), 4) for n, v in bench.measured.items()}}))


def goals_of_sizes(small: Bench, large: Bench) -> None:
    """The goals that compare two sizes."""
    for goal, what, name, must in SIZES:
        ratio = median(large.measured[name]) / median(small.measured[name])
        print(f"{goal:4} {what:56} {ratio:8.3f}   must be {must}")
    rates = [len(b.truth.contents) / median(b.measured["backfill"]) for b in (large, small)]
    print(f"P13  {'files a second, large / small':56} {rates[0] / rates[1]:8.3f}   must be >= 0.9")


def tell_time(bench: Bench, rounds: int, peers: bool, large: int) -> None:
    """Say how long it will take, by what a file takes here: a sample of 200, and a core for each peer."""
    entries = [e for e in discover([str(bench.files)]) if isinstance(e, Found)]
    raw = [
        leaf for found in entries[:200] for leaf in read(found, Limits()).leaves if isinstance(leaf, RawFile)
    ]
    work.warm_up()
    per_file = timed(lambda: work.process_all(raw)) / len(raw)
    own = per_file / default_workers() + 0.002
    a_file = 1.3 * own + 0.002 + (2 * per_file + 0.005 if peers else 0)
    small = len(entries) * (rounds * a_file + own) + rounds * PURE_SAMPLE * per_file
    big = large * (1.3 * own + (per_file + 0.002 if peers else 0))
    print(f"{per_file * 1000:.1f} ms a file; about {(small + big) / 60:.0f} minutes", flush=True)


def stock(scratch: Path, server: str, files: int) -> Bench:
    """A stock of so many files, its truth beside it."""
    folder = scratch / f"stock-{files}"
    truth = make(folder, files)
    truth.save(scratch / f"truth-{files}.json")
    return Bench(folder, truth, server, scratch)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", type=int, default=0, help="files of the larger stock")
    parser.add_argument("--peers", action="store_true", help="dlt and an ORM loop too")
    parser.add_argument("--database-url", default=os.environ.get("ETL_TEST_DATABASE_URL"))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        own = partial(embedded.session, scratch / "home")
        with own() if given.database_url is None else given_server(given.database_url) as url:
            small = stock(scratch, url, given.files)
            with psycopg.connect(url) as connection:
                print("PostgreSQL", connection.info.server_version)
            tell_time(small, given.rounds, given.peers, given.large)
            with small.database("starts") as other:
                starts(small, other)
            results = computed(small)
            for number in range(given.rounds):
                print(f"round {number + 1}", flush=True)
                small_round(small, given.peers, results)
            goals(small, given.files)
            if given.large:
                del results
                shutil.rmtree(small.files)
                large = stock(scratch, url, given.large)
                large_round(large, given.peers)
                goals(large, given.large)
                goals_of_sizes(small, large)


@contextmanager
def given_server(url: str) -> Iterator[str]:
    yield url


if __name__ == "__main__":
    main()
