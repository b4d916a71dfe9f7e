"""`etl backfill --dask`: a cluster computes, the result is that of the local pool, whatever becomes of a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import environment
from tests.faults.world import World, write_stories

CONTENT = (
    "SELECT encode(a.content_hash, 'hex'), i.kind, i.occurred_from, i.station, i.items, i.outcome"
    " FROM articles AS a JOIN incidents AS i ON i.article_id = a.id ORDER BY 1, i.ordinal"
)
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process of Dask that ends with the test."""
    started: list[subprocess.Popen[bytes]] = []
    quiet = {"DASK_DISTRIBUTED__DASHBOARD__LINK": "", "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}

    def process(role: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *arguments, "--no-dashboard"]
        log = (tmp_path / f"dask-{len(started)}.log").open("wb")
        started.append(subprocess.Popen(command, env={**os.environ, **quiet}, stdout=log, stderr=log))
        log.close()
        return started[-1]

    yield process
    for one in started:
        one.kill()
        one.wait()


@pytest.fixture
def scheduler(start: Start, tmp_path: Path) -> str:
    """The address of a scheduler without workers."""
    file = tmp_path / "scheduler.json"
    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    for _ in range(600):
        if file.exists() and (text := file.read_text(encoding="utf-8")):
            return str(json.loads(text)["address"])
        time.sleep(0.1)
    raise AssertionError("the scheduler does not start")


def backfill(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "etl", "backfill", str(folder), "--json", "--settle", "0", *more]
    return subprocess.Popen(
        command,
        env=environment(ETL_DATABASE_URL=url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def content(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(CONTENT.encode()).fetchall()


def test_a_killed_worker_changes_nothing(
    scheduler: str, start: Start, tmp_path: Path, database_url: str, empty_database_url: str
) -> None:
    folder = tmp_path / "in"
    write_stories(folder, 400)
    doomed = start("worker", scheduler, "--nthreads", "1", "--no-nanny")
    start("worker", scheduler, "--nthreads", "1", "--no-nanny")
    with World(folder, database_url).halted(1):
        run = backfill(folder, database_url, "--dask", scheduler, "--batch-files", "100")
        while not content(database_url):
            assert run.poll() is None
            time.sleep(0.05)
        doomed.send_signal(signal.SIGKILL)
    out, said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    assert json.loads(out)["loaded"] == 400
    clustered = content(database_url)
    assert len(clustered) == 400
    run = backfill(folder, empty_database_url, "--workers", "2")
    assert run.communicate(timeout=120) and run.returncode == 0
    assert content(empty_database_url) == clustered


def test_a_scheduler_that_does_not_answer_is_a_matter_of_settings(tmp_path: Path, database_url: str) -> None:
    write_stories(tmp_path / "in", 1)
    run = backfill(tmp_path / "in", database_url, "--dask", "tcp://127.0.0.1:9")
    assert "no Dask scheduler answers" in run.communicate(timeout=60)[1]
    assert run.returncode == 2
