"""A soak of the scheduler: `python -m benchmarks.soak --minutes 20 --every 5s`.

One `etl schedule` over a folder that does not change, on a database of its own below ETL_DATABASE_URL (or
on the embedded server). After every run its resident memory and open files are read from /proc. Holds:
memory at the last run <= memory after a quarter + 2 MB, open files at rest constant, no table but `runs` grows by
a row or a page, each due time served exactly once, exit 143 on SIGTERM. With `--news N` every N-th run finds
a new file, which starts worker processes; tables then grow by those files.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from etl import jobs
from etl.schedule import every
from etl.settings import Settings
from etl.store import embedded, migrate
from tests.conftest import create, drop, on_database
from tests.faults.world import environment, write_stories

FILES = 200
IDLE_S = 1.0
GROWTH_KB = 2048
SIZES = (
    "SELECT relname, pg_relation_size(oid) + pg_indexes_size(oid), (xpath('/row/n/text()', query_to_xml("
    " format('SELECT count(*) AS n FROM %I', relname), false, true, '')))[1]::text::bigint"
    " FROM pg_class WHERE relkind = 'r' AND relname <> 'runs' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The scheduler after one run: kilobytes of resident memory, open files, threads."""

    run: int
    resident_kb: int
    files: int
    threads: int


def sample(pid: int, run: int) -> Sample:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in status)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(run, int(fields["VmRSS"].split()[0]), files, int(fields["Threads"]))


def soak(url: str, folder: Path, minutes: float, interval: str, news: int) -> list[str]:
    """Run the scheduler for so long; what did not hold."""
    write_stories(folder, FILES)
    jobs.run([str(folder)], Settings(database_url=url, settle_s=0))
    command = [sys.executable, "-m", "etl", "schedule", str(folder), "--every", interval, "--settle", "0"]
    with (folder.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment(ETL_DATABASE_URL=url), stderr=log)
    samples: list[Sample] = []
    sizes = before = None
    end = time.monotonic() + minutes * 60
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")  # what autovacuum would do after the load, in between
            while time.monotonic() < end and process.poll() is None:
                time.sleep(0.2)
                done = connection.execute("SELECT count(*) FROM runs WHERE due_at < ended_at").fetchone()
                if done and done[0] > len(samples):
                    time.sleep(IDLE_S)  # the row is closed before the connections are
                    samples.append(sample(process.pid, done[0]))
                    if news and done[0] % news == 0:
                        write_stories(folder, 1, start=FILES + done[0])
                    if done[0] == 2:
                        before = sizes = connection.execute(SIZES).fetchall()
            sizes = connection.execute(SIZES).fetchall()
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
            slots = every(interval)
            rows = connection.execute(
                "SELECT due_at, status, missed, extract(epoch FROM started_at - due_at)::float8 FROM runs"
                " WHERE due_at IS NOT NULL ORDER BY id"
            ).fetchall()
    finally:
        process.kill()
    quarter, last = samples[len(samples) // 4], samples[-1]
    print("run  resident kB  open files  threads")
    for s in (samples[0], quarter, samples[len(samples) // 2], last):
        print(f"{s.run:>5}  {s.resident_kb:>9}  {s.files:>8}  {s.threads:>6}")
    dues = [row[0].astimezone(UTC) for row in rows]
    late = sorted(row[3] for row in rows[1:])
    print(
        f"{len(rows)} runs, started {late[len(late) // 2]:.2f} s after their due times, {late[-1]:.2f} s at most"
    )
    print(
        "tables besides runs, bytes: "
        + f"{sum(s[1] for s in before or [])} -> {sum(s[1] for s in sizes or [])}"
    )
    grown = [(was, now) for was, now in zip(before or [], sizes or [], strict=True) if was != now]
    expected = [dues[0], *slots.between(dues[0], dues[-1]), dues[-1]]
    # at rest: a sample may fall into the next run, which has connections of its own
    part = max(1, len(samples) // 4)
    rest = [min(s.files for s in samples[1 : part + 1]), min(s.files for s in samples[-part:])]
    return [
        problem
        for problem, holds in (
            (f"exit {code}, not 143", code == 143),
            ("memory grew", last.resident_kb <= quarter.resident_kb + GROWTH_KB),
            (f"open files at rest changed: {rest}", rest[0] == rest[1]),
            (f"tables grew: {grown}", bool(news) or not grown),
            ("due times were not served exactly once", sorted(dues) == expected),
            ("a run was missed", sum(row[2] for row in rows) == 0),
            ("a run was not done", {row[1] for row in rows[:-1]} <= {"done"}),
        )
        if not holds
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", default="5s")
    parser.add_argument("--news", type=int, default=0)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = os.environ.get("ETL_DATABASE_URL") or stack.enter_context(embedded.session(folder / "home"))
        name = f"soak_{uuid.uuid4().hex[:8]}"
        create(server, name)
        stack.callback(drop, server, name)
        what = f"{options.minutes:g} min, every {options.every}, news {options.news}"
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {what}", flush=True)
        url = on_database(server, name)
        migrate.upgrade(url)
        problems = soak(url, folder / "inbox", options.minutes, options.every, options.news)
        if problems:
            print((folder / "log").read_text(encoding="utf-8")[-3000:])
    print("holds" if not problems else "; ".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
