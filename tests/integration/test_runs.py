"""Due runs claim their slots in `runs`: each once, taken over if lost, waiting while the lock is held."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl import jobs
from etl.errors import ConfigError, RunLocked
from etl.schedule import every
from etl.settings import Settings
from etl.sources.registry import names_of
from etl.store import runs
from etl.store.engine import Connection
from etl.store.lock import RunLock
from etl.store.runs import Slot
from tests.faults.world import write_stories

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


def slot(minutes: int = 0) -> Slot:
    return every("15m").slot(NOON.replace(minute=minutes), "every 15m: /in")


def told(connection: Connection) -> list[tuple[str, int | None, int]]:
    """Status, minute of the due time and missed slots of every run."""
    rows = connection.execute("SELECT status, due_at, missed FROM runs ORDER BY id").fetchall()
    return [(status, due.minute if due else None, missed) for status, due, missed in rows]


def test_a_slot_is_served_once(connection: Connection) -> None:
    run = runs.start(connection, "schedule", "rules", slot())
    runs.finish(connection, run, "done")
    with pytest.raises(runs.SlotTaken):
        runs.start(connection, "schedule", "rules", slot())
    assert told(connection) == [("done", 0, 0)]


def test_another_schedule_has_slots_of_its_own(connection: Connection) -> None:
    runs.finish(connection, runs.start(connection, "schedule", "rules", slot()), "done")
    other = every("15m").slot(NOON, "every 15m: /elsewhere")
    runs.finish(connection, runs.start(connection, "schedule", "rules", other), "done")
    assert told(connection) == [("done", 0, 0), ("done", 0, 0)]


def test_the_slot_of_a_lost_run_is_taken_over(connection: Connection) -> None:
    runs.start(connection, "schedule", "rules", slot())
    runs.finish(connection, runs.start(connection, "schedule", "rules", slot()), "done")
    assert told(connection) == [("lost", None, 0), ("done", 0, 0)]


def test_the_slot_of_a_stopped_run_is_resumed(connection: Connection) -> None:
    runs.finish(connection, runs.start(connection, "schedule", "rules", slot()), "stopped", "by signal 15")
    runs.start(connection, "schedule", "rules", slot())
    assert told(connection) == [("stopped", None, 0), ("running", 0, 0)]


def test_one_run_stands_in_for_all_that_were_missed(connection: Connection) -> None:
    runs.finish(connection, runs.start(connection, "schedule", "rules", slot()), "done")
    runs.start(connection, "schedule", "rules", slot(59))
    assert told(connection) == [("done", 0, 0), ("running", 45, 2)]


def test_a_due_run_waits_in_one_row_and_then_serves_the_newest_slot(connection: Connection) -> None:
    runs.finish(connection, runs.start(connection, "schedule", "rules", slot()), "done")
    for minute in (15, 15, 30, 45):  # it asks for the lock again and again
        runs.refuse(connection, "schedule", "run 7 holds the lock", slot(minute), ["/in"])
    assert told(connection) == [("done", 0, 0), ("waiting", 45, 2)]
    run = runs.start(connection, "schedule", "rules", slot(45), ["/in"])
    assert told(connection) == [("done", 0, 0), ("running", 45, 2)]
    assert runs.finish(connection, run, "done")
    with pytest.raises(runs.SlotTaken):  # of two that waited, the second comes too late
        runs.refuse(connection, "schedule", "run 8 holds the lock", slot(45), ["/in"])


def test_a_waiting_run_that_nobody_asks_for_any_more_is_lost(connection: Connection) -> None:
    runs.refuse(connection, "schedule", "run 7 holds the lock", slot(), [])
    connection.execute("UPDATE runs SET heartbeat_at = now() - interval '2 h'")
    runs.start(connection, "run", "rules")
    assert [status for status, *_ in told(connection)] == ["lost", "running"]


def test_who_finds_the_slot_at_work_does_not_wait(connection: Connection) -> None:
    runs.start(connection, "schedule", "rules", slot())
    with pytest.raises(runs.SlotTaken):
        runs.refuse(connection, "schedule", "run 1 holds the lock", slot(), [])
    assert told(connection) == [("running", 0, 0)]


def test_a_run_that_found_the_lock_taken_is_recorded(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    settings = Settings(database_url=database_url, workers=1)
    with RunLock(database_url) as lock:
        lock.guard(runs.start(connection, "backfill", "rules"))
        with pytest.raises(RunLocked):
            jobs.run([str(tmp_path)], settings)
        with pytest.raises(RunLocked):
            jobs.run([str(tmp_path)], settings, None, "schedule", slot())
    rows = connection.execute("SELECT status, error, ended_at IS NULL FROM runs ORDER BY id").fetchall()
    assert [(status, going) for status, _, going in rows] == [
        ("running", True),
        ("refused", False),
        ("waiting", True),
    ]
    assert all("holds the lock" in error for _, error, _ in rows[1:])


def test_a_due_run_without_its_folder_fails_on_the_record(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="gone"):
        jobs.run([str(tmp_path / "gone")], Settings(database_url=database_url), None, "schedule", slot())
    [(status, error)] = connection.execute("SELECT status, error FROM runs").fetchall()
    assert status == "failed"
    assert "gone" in error


def test_each_source_has_its_news(database_url: str, connection: Connection, tmp_path: Path) -> None:
    for start, (name, count) in enumerate({"a": 2, "ab": 1, "silent": 0}.items()):
        (tmp_path / name).mkdir()
        write_stories(tmp_path / name, count, 10 * start)
    paths = [str(tmp_path / name) for name in ("a", "ab", "silent")]
    settings = Settings(database_url=database_url, workers=1, settle_s=0)
    assert jobs.run(paths, settings).counts.seen == 3
    jobs.run(paths, settings)
    news = [row[0] for row in connection.execute("SELECT news FROM runs ORDER BY id").fetchall()]
    assert news[0] == dict(zip(names_of(paths), (2, 1, 0), strict=True))
    assert set(news[1].values()) == {0}
