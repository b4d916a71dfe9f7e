"""The bad-input suite, through the command: the right verdict for each, nothing loaded that must not be.

Run with one worker and with four, with root's rights and without.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl.sources.paths import escape_path
from tests.badinput.cases import MAX_FILE_BYTES, Case, cases
from tests.faults.world import environment

CASES = cases()
PEAK_BYTES = 512 << 20
WITHOUT_RIGHTS = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")


def test_the_suite_is_as_large_as_promised() -> None:
    assert len(CASES) > 300
    assert len({case.group for case in CASES}) >= 13
    assert len({reason for case in CASES for reason in (case.reason, case.unprivileged) if reason}) >= 40


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """All cases, each group in a folder of its own."""
    top = tmp_path / "in"
    for case in CASES:
        (top / case.group).mkdir(parents=True, exist_ok=True)
        case.make(top / case.group / case.name)
    yield top
    for case in CASES:  # what was closed is opened, so that it can be removed
        if case.unprivileged:
            (top / case.group / case.name).chmod(0o700)
    for path in top.rglob("*"):
        if not path.is_symlink() and path.is_file():
            path.chmod(0o600)


MANNERS = {"four": (4, "own"), "one": (1, "own"), "four-without-rights": (4, "none")}
FULL = os.environ.get("ETL_FAULTS") == "full"  # `make faults`; otherwise the first of them


@pytest.mark.parametrize("manner", list(MANNERS) if FULL else list(MANNERS)[:1])
def test_every_bad_input_gets_its_verdict(
    folder: Path, database_url: str, tmp_path: Path, manner: str
) -> None:
    workers, rights = MANNERS[manner]
    before: tuple[str, ...] = ()
    if rights == "none":
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            pytest.skip("dropping rights needs root and setpriv")
        before = WITHOUT_RIGHTS
    command = [*before, sys.executable, "-m", "etl", "run", str(folder), "--json", "--settle", "0.2"]
    command += ["--workers", str(workers), "--max-file-bytes", str(MAX_FILE_BYTES), "--batch-files", "40"]
    started = time.monotonic()
    with (tmp_path / "out").open("wb") as out, (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            command, env=environment(ETL_DATABASE_URL=database_url), cwd=tmp_path, stdout=out, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)  # with the peak memory of driver and workers
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (tmp_path / "said").read_text(encoding="utf-8")
    report = json.loads((tmp_path / "out").read_text(encoding="utf-8"))
    found = verdicts(database_url)
    unprivileged = rights == "none" or os.geteuid() != 0
    expected = {path_of(folder, c): wanted(c, unprivileged) for c in CASES}
    wrong = {
        f"{case.group}/{case.name!r}": (got, expected[path_of(folder, case)])
        for case in CASES
        if (got := found.get(path_of(folder, case), (None, None)))
        != recorded(expected[path_of(folder, case)])
    }
    print(
        f"{len(CASES)} cases, {len(wrong)} wrong, {time.monotonic() - started:.0f} s, {usage.ru_maxrss >> 10} MiB"
    )
    assert wrong == {}
    assert report["seen"] == sum(
        report[s] for s in ("loaded", "duplicate", "unchanged", "rejected", "skipped")
    )
    skips = Counter(reason for state, reason in expected.values() if state == "skipped")
    assert report["skips"] == dict(skips)
    assert usage.ru_maxrss << 10 <= PEAK_BYTES
    content_is_right(database_url, folder)
    assert {p.name for p in tmp_path.iterdir()} <= {"in", "outside.txt", "beyond", "out", "said"}


def path_of(folder: Path, case: Case) -> str:
    return escape_path(os.fsencode(folder.resolve() / case.group / case.name))


def wanted(case: Case, unprivileged: bool) -> tuple[str, str | None]:
    if case.unprivileged and unprivileged:
        return "rejected", case.unprivileged
    return case.verdict, case.reason


def recorded(verdict: tuple[str, str | None]) -> tuple[str | None, str | None]:
    """What the database shows of a verdict: nothing for what was skipped or is no file."""
    return (None, None) if verdict[0] in ("skipped", "unseen") else verdict


def verdicts(url: str) -> dict[str, tuple[str, str | None]]:
    """path -> (loaded, None) or (rejected, reason); a difference between ledger and rejections shows as both."""
    with psycopg.connect(url) as connection:
        held = connection.execute(
            "SELECT f.path FROM sightings AS s JOIN source_files AS f ON f.id = s.source_file_id"
        ).fetchall()
        rejected = connection.execute("SELECT path, reason FROM rejections").fetchall()
    found: dict[str, tuple[str, str | None]] = {row[0]: ("loaded", None) for row in held}
    for path, reason in rejected:
        found[path] = ("rejected" if path not in found else "both", reason)
    return found


def content_is_right(url: str, folder: Path) -> None:
    """What must stand in a body does; what must stand nowhere does not."""
    tables = (
        "articles",
        "sightings",
        "incidents",
        "incident_persons",
        "agencies",
        "rejections",
        "source_files",
    )
    with psycopg.connect(url) as connection:
        bodies: dict[str, str] = dict(
            connection.execute(
                "SELECT f.path, a.body FROM sightings AS s JOIN source_files AS f ON f.id = s.source_file_id"
                " JOIN articles AS a ON a.id = s.article_id"
            ).fetchall()
        )
        for case in CASES:
            if case.present:
                assert case.present in bodies[path_of(folder, case)], case.name
        for word in {case.absent for case in CASES if case.absent}:
            for table in tables:
                query = f"SELECT count(*) FROM {table} AS t WHERE to_jsonb(t)::text LIKE %s"
                parameter: Any = f"%{word}%"
                assert connection.execute(query.encode(), (parameter,)).fetchone() == (0,), (word, table)
