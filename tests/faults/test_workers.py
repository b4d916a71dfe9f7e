"""Workers: killed by a document, by its time or its memory, with their parent; never left behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.executors import local, work
from etl.executors.base import Limits
from etl.executors.local import LocalPool
from etl.model import Processed, RawFile
from etl.rules import Rules
from etl.steps import Steps
from tests.faults.world import World, differences, environment, gone, story, workers_of, write_stories

FAULTY = b"\x00faulty "  # first bytes of a document that faulty workers obey


def faulty(file: RawFile, _: Rules) -> Steps[Processed]:
    """What a library's worst bugs do to a process, after a step that goes well."""
    yield
    order = file.data.removeprefix(FAULTY)
    if order == b"segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if order == b"hang":
        time.sleep(60)
    if order == b"loop":
        sum(range(1 << 60))  # in C, where no signal handler of Python's gets a turn
    if order == b"slow":
        time.sleep(1.5)  # by the clock more than the limit, as on a loaded machine
    if order == b"memory":
        bytearray(1 << 40)
    return Processed(file.path, None, None, file.sha256, reason="empty", detail=order.decode())


def prepare_faulty(parent: int, memory_bytes: int, shared_marks: object) -> None:
    """A worker whose pipeline is the one above."""
    real_prepare(parent, memory_bytes, shared_marks)
    work.processing = faulty


real_prepare = local.prepare_worker


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPool]:
    monkeypatch.setattr(local, "prepare_worker", prepare_faulty)
    made = LocalPool(2, Limits(timeout_s=1.0))
    yield made
    made.close()


def raw(order: str, number: int = 0) -> RawFile:
    data = FAULTY + order.encode()
    return RawFile(f"/{number}", data, hashlib.sha256(data).digest())


def reasons(pool: LocalPool, *tasks: list[RawFile]) -> list[list[str | None]]:
    submitted = [pool.submit(files) for files in tasks]
    return [[done.reason for done in pool.result(task)] for task in submitted]


def test_a_killer_costs_only_itself_wherever_it_stands(pool: LocalPool) -> None:
    first = [raw("fine", n) for n in range(5)] + [raw("segfault", 5)] + [raw("fine", 6)]
    second = [raw("fine", n) for n in range(10, 14)]
    third = [raw("segfault", 20)]
    crash = "worker_crash"
    assert reasons(pool, first, second, third) == [["empty"] * 5 + [crash, "empty"], ["empty"] * 4, [crash]]


@pytest.mark.parametrize(
    ("order", "seconds", "limit"),
    [("loop", 1.0, "1 s of the processor"), ("hang", 0.3, "3.6 s by the clock")],
)
def test_a_document_that_never_ends_is_a_timeout(
    pool: LocalPool, order: str, seconds: float, limit: str
) -> None:
    pool.limits = Limits(timeout_s=seconds)
    done = pool.result(pool.submit([raw("fine"), raw(order), raw("fine")]))
    assert [record.reason for record in done] == ["empty", "timeout", "empty"]
    assert limit in done[1].detail


def test_the_clock_alone_does_not_reject_a_document(pool: LocalPool) -> None:
    assert reasons(pool, [raw("slow"), raw("fine")]) == [["empty", "empty"]]


def test_a_document_that_wants_too_much_memory_is_too_complex(pool: LocalPool) -> None:
    assert reasons(pool, [raw("memory"), raw("fine")]) == [["too_complex_memory", "empty"]]


def test_the_reason_names_the_signal(pool: LocalPool) -> None:
    [done] = pool.result(pool.submit([raw("segfault")]))
    assert "SIGSEGV" in done.detail


def test_the_pool_is_recycled(pool: LocalPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "RECYCLE_TASKS", 3)
    tasks = [pool.submit([raw("fine", n)]) for n in range(8)]
    assert len({id(task.pool) for task in tasks}) == 3
    assert [pool.result(task)[0].path for task in tasks] == [f"/{n}" for n in range(8)]


def test_closing_leaves_no_worker(pool: LocalPool) -> None:
    task = pool.submit([raw("fine")])
    pool.result(task)
    pids = [p.pid for p in local.processes_of(task.pool) if p.pid]
    pool.submit([raw("hang")])
    pool.close()
    assert pids
    assert gone(pids, timeout=1)


def test_workers_die_with_a_killed_driver(world: World) -> None:
    write_stories(world.folder, 400)
    with world.halted(1):
        process = world.start("--workers", "2", "--batch-files", "20")
        world.wait_for_batches(1, process)
        pids = workers_of(process)
        assert len(pids) >= 2
        os.kill(process.pid, signal.SIGKILL)  # the driver alone, not its group
        process.communicate()
    assert gone(pids)
    assert differences(world, complete=False) == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_ends_driver_and_workers(world: World, times: int) -> None:
    write_stories(world.folder, 400)
    with world.halted(1):
        process = world.start("--workers", "2", "--batch-files", "20")
        world.wait_for_batches(1, process)
        pids = workers_of(process)
        for _ in range(times):
            process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert gone(pids)
    assert differences(world, complete=False) == []


def test_a_stop_that_takes_too_long_becomes_an_abort(tmp_path: Path) -> None:
    program = (
        "import time; from etl import jobs; jobs.STOP_S = 0.2; control = jobs.Control();"
        "control.stop(15); time.sleep(60)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment(), timeout=30, check=False)
    assert done.returncode == 143


def test_a_big_document_within_the_limits_is_loaded(world: World) -> None:
    filler = "".join(f"<p>第{n}段，沿途群众生活一切如常，没有其他情况。</p>\n" for n in range(5000))
    page = f"<html><body><h1>失主找回背包</h1><div>{story(1)}</div>{filler}</body></html>"
    (world.folder / "big.html").write_text(page, encoding="utf-8")
    code, said = world.run("--document-timeout", "120")
    assert code == 0, said
    assert world.sql("SELECT count(*) FROM rejections") == [(0,)]
    assert world.sql("SELECT count(*) FROM articles") == [(1,)]
