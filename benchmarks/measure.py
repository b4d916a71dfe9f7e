"""What benchmarks of whole runs share: databases, processes, the truth, and figures by goal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.stock import Truth
from etl.store.engine import connect
from tests.conftest import create, drop, on_database

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class Bench:
    """One stock, one server, and what was measured: figure -> one value a round."""

    files: Path
    truth: Truth
    server: str
    scratch: Path
    measured: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        self.measured.setdefault(name, []).append(value)

    def note(self, name: str, value: float) -> None:
        """Add a figure and tell it at once, since a round takes long."""
        self.add(name, value)
        print(f"  {name:24} {value:14.3f}", flush=True)

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A new database, dropped afterwards."""
        name = f"bench_{os.getpid()}_{name}"
        create(self.server, name)
        try:
            yield on_database(self.server, name)
        finally:
            drop(self.server, name)

    def show(self) -> None:
        """Every figure: median, least and most."""
        for name, values in self.measured.items():
            print(
                f"{name:24} {median(values):14.3f}   ({min(values):.3f} to {max(values):.3f}, n={len(values)})"
            )

    def ratio(self, over: str, under: str) -> float | None:
        """The median of ratios, round by round; None if one side was not measured."""
        if over not in self.measured or under not in self.measured:
            return None
        return median(a / b for a, b in zip(self.measured[over], self.measured[under], strict=True))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost: seconds in all and to its first line, processor seconds, megabytes."""

    seconds: float
    first: float
    cpu: float
    mb: float


def process(*command: str, url: str = "") -> Cost:
    """Run a Python process. Exits if it fails.

    It may keep byte code, as what was installed does: else one side compiles its source in every process.
    """
    left_out = ("ETL_", "PYTHONDONTWRITEBYTECODE")
    env = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    env |= {"PYTHONPATH": str(ROOT), "ETL_DATABASE_URL": url, "ETL_SETTLE": "0"}
    timed_ = [sys.executable, "-m", "benchmarks.timed", sys.executable, *command]
    done = subprocess.run(timed_, env=env, stdout=subprocess.PIPE, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return Cost(**json.loads(done.stdout))


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
