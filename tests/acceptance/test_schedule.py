"""The scheduler as processes: two on one database, kill -9, SIGTERM in the middle of a run, process 1."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from etl.store.lock import RunLock
from tests.acceptance.conftest import environment
from tests.faults.world import World, differences, write_stories

STOP_S = 20.0


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> World:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return World(folder, database_url)


@contextmanager
def scheduler(world: World, *options: str, before: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """`etl schedule` over the world's folder, ended with the context however it goes."""
    command = [*before, sys.executable, "-m", "etl", "schedule", str(world.folder), "--settle", "0", *options]
    process = subprocess.Popen(
        command,
        env=environment(ETL_DATABASE_URL=world.url),
        cwd=world.folder.parent,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def done(world: World) -> list[tuple[object, ...]]:
    """Due times that were served, with the owner."""
    return world.sql("SELECT due_at, owner FROM runs WHERE status = 'done' ORDER BY id")


def test_two_schedulers_serve_each_due_time_once_and_one_outlives_the_other(world: World) -> None:
    write_stories(world.folder, 3)
    with scheduler(world, "--every", "2s") as first, scheduler(world, "--every", "2s") as second:
        wait_until(lambda: len(done(world)) >= 4, "four runs")
        # Kill the one that has the newest run, so that the other has to come in.
        victim, other = (
            (first, second) if str(done(world)[-1][1]).endswith(f"pid {first.pid}") else (second, first)
        )
        before = len(done(world))
        victim.kill()
        wait_until(lambda: len(done(world)) >= before + 2, "two more runs after a kill -9")
        assert str(done(world)[-1][1]).endswith(f"pid {other.pid}")
    [(twice,)] = world.sql("SELECT count(*) - count(DISTINCT due_at) FROM runs WHERE due_at IS NOT NULL")
    assert twice == 0
    assert differences(world) == []


def test_a_scheduler_killed_in_the_middle_of_a_run_is_succeeded(world: World) -> None:
    write_stories(world.folder, 100)
    slow = ("--workers", "1", "--batch-files", "5")
    with ExitStack() as stack:
        with world.halted(3):
            first = stack.enter_context(scheduler(world, "--every", "3s", *slow))
            second = stack.enter_context(scheduler(world, "--every", "3s", *slow))
            wait_until(lambda: world.batches() >= 3, "a run at work")
            [(owner,)] = world.sql("SELECT owner FROM runs WHERE status = 'running'")
            victim = first if str(owner).endswith(f"pid {first.pid}") else second
            victim.kill()
        wait_until(lambda: bool(done(world)), "the other one's run")
    assert world.sql("SELECT status FROM runs ORDER BY id LIMIT 1") == [("lost",)]
    assert differences(world) == []


def test_sigterm_in_the_middle_of_a_run_is_clean_and_the_next_start_resumes(world: World) -> None:
    write_stories(world.folder, 100)
    options = ("--every", "1h", "--workers", "1", "--batch-files", "5")
    with ExitStack() as stack:
        with world.halted(2):
            process = stack.enter_context(scheduler(world, *options))
            wait_until(lambda: world.batches() >= 2, "a run at work")
            process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=STOP_S)
        assert process.returncode == 143, said
    assert world.sql("SELECT status FROM runs") == [("stopped",)]
    with scheduler(world, *options) as process:
        wait_until(lambda: bool(done(world)), "the run resumed at the start, not an hour later")
    assert world.sql("SELECT status, due_at IS NULL FROM runs ORDER BY id") == [
        ("stopped", True),
        ("done", False),
    ]
    assert differences(world) == []


def test_a_due_run_waits_for_the_lock_and_then_starts(world: World) -> None:
    write_stories(world.folder, 2)
    with RunLock(world.url), scheduler(world, "--every", "1h"):
        wait_until(lambda: world.sql("SELECT status FROM runs") == [("waiting",)], "a waiting run")
    with scheduler(world, "--every", "1h"):
        wait_until(lambda: bool(done(world)), "the run that waited")
    assert world.sql("SELECT count(*) FROM runs") == [(1,)]


def test_a_database_that_is_away_is_waited_for(world: World) -> None:
    write_stories(world.folder, 2)
    parameters = conninfo_to_dict(world.url)
    sockets = str(parameters.get("host", ""))
    if not sockets.startswith("/"):
        pytest.skip("this server is not reached over a UNIX socket, which a test can hide")
    with tempfile.TemporaryDirectory(prefix="jq") as short:
        hidden = Path(short) / "s"
        there = World(world.folder, with_host(world.url, hidden))
        with scheduler(there, "--every", "1h") as process:
            assert process.stderr is not None
            lines = (process.stderr.readline() for _ in range(5))
            assert any("waits: " in line and "does not answer" in line for line in lines)
            hidden.symlink_to(sockets)
            wait_until(lambda: bool(done(world)), "the run that waited for the database")


def with_host(url: str, host: Path) -> str:
    """The same database, its socket elsewhere."""
    parameters = {k: str(v) for k, v in conninfo_to_dict(url).items() if v is not None} | {"host": str(host)}
    query = "&".join(f"{k}={v}" for k, v in parameters.items() if k != "dbname")
    return f"postgresql:///{parameters['dbname']}?{query}"


def test_process_1_passes_signals_on_and_collects_orphans(world: World) -> None:
    inside = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc")
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], check=False).returncode:
        pytest.skip("no process namespaces here")
    write_stories(world.folder, 2)
    orphan = ("sh", "-c", 'sleep 0.2 & exec "$@"', "sh")  # becomes a child of process 1 that nobody started
    with scheduler(world, "--every", "1h", before=(*inside, *orphan)) as process:
        wait_until(lambda: bool(done(world)), "a run")
        [first] = children(process.pid)
        assert len(family := children(first)) == 1  # the scheduler itself: no sleep, no zombie
        assert state(family[0]) in "SRD"
        os.kill(first, signal.SIGTERM)
        assert process.wait(STOP_S) == 143
    assert world.sql("SELECT status FROM runs") == [("done",)]


def children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text(encoding="utf-8").split()]


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
