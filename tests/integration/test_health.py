"""The last day as `etl status` tells it, and the alarms: each raised by what it is for, and by nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from etl.health import Thresholds, alarms
from etl.show_status import stock, story
from etl.store import health, query
from etl.store.engine import Connection

LIMITS = Thresholds()
SCHEDULE = "every 1h: /in/a /in/b"
HOUR = timedelta(hours=1)


def add_run(connection: Connection, ago: timedelta, status: str = "done", **columns: object) -> int:
    """A scheduled run of an hour's schedule that started so long ago and took a minute."""
    defaults: dict[str, object] = {
        "command": "schedule", "schedule": SCHEDULE, "owner": "etl@host pid 1", "token": "t", "ruleset": "r",
        "version": "1", "sources": ["/in/a", "/in/b"], "news": {"/in/a": 1, "/in/b": 1}, "seen": 10, "unchanged": 10,
    }  # fmt: skip
    values = {**defaults, **columns}
    values["news"] = Jsonb(values["news"])
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    row = connection.execute(
        f"INSERT INTO runs (status, due_at, next_due_at, started_at, heartbeat_at, ended_at, {names}) SELECT %s,"
        " CASE WHEN s.schedule IS NULL THEN NULL ELSE s.at END,"
        " CASE WHEN s.schedule IS NULL THEN NULL ELSE s.at + interval '1 h' END,"
        " s.at, s.at + interval '1 min',"
        " CASE WHEN %s NOT IN ('running', 'waiting') THEN s.at + interval '1 min' END,"
        f" {places} FROM (SELECT clock_timestamp() - %s AS at, %s::text AS schedule) AS s RETURNING id".encode(),
        (status, status, *values.values(), ago, values["schedule"]),
    ).fetchone()
    assert row is not None
    return int(row[0])


def raised(connection: Connection, limits: Thresholds = LIMITS) -> list[str]:
    return alarms(health.day(connection), limits)


def test_a_day_without_events(connection: Connection) -> None:
    for hours in reversed(range(24)):
        add_run(connection, hours * HOUR + timedelta(minutes=5))
    assert raised(connection) == []


def test_nothing_ever_succeeded(connection: Connection) -> None:
    assert raised(connection) == ["no run has succeeded yet"]


def test_the_last_success_is_too_old(connection: Connection) -> None:
    add_run(connection, 30 * HOUR, schedule=None, command="run")
    add_run(connection, HOUR, "failed", schedule=None, command="run", error="no disk")
    assert "the last success was 29 h ago" in raised(connection)
    assert len(raised(connection, replace(LIMITS, age_s=31 * 3600))) == 1


def test_a_due_time_passed_and_nothing_ran(connection: Connection) -> None:
    add_run(connection, 2 * HOUR)
    assert raised(connection) == [f"{SCHEDULE!r} was due 60 min ago and did not run"]


def test_a_schedule_that_gave_way_to_another_is_not_overdue(connection: Connection) -> None:
    add_run(connection, 9 * HOUR)
    add_run(connection, timedelta(minutes=5), schedule="every 2h: /in/a /in/b")
    assert raised(connection) == []


@pytest.mark.parametrize("folder", ["/in", "/in/a/deep", "/in/b"])
def test_a_schedule_of_folders_below_or_above_replaces_it(connection: Connection, folder: str) -> None:
    new = {"schedule": f"every 1h: {folder}", "sources": [folder], "news": {folder: 1}}
    add_run(connection, 9 * HOUR)
    add_run(connection, timedelta(minutes=5), **new)
    assert raised(connection) == []


@pytest.mark.parametrize("folder", ["/inner", "/in/apart"])
def test_a_schedule_of_folders_beside_it_does_not_replace_it(connection: Connection, folder: str) -> None:
    new = {"schedule": f"every 1h: {folder}", "sources": [folder], "news": {folder: 1}}
    add_run(connection, 9 * HOUR)
    add_run(connection, timedelta(minutes=5), **new)
    assert raised(connection) == [f"{SCHEDULE!r} was due 8 h ago and did not run"]


def test_a_schedule_that_ran_beside_it_does_not_replace_it(connection: Connection) -> None:
    urgent = {"schedule": "every 5m: /in/a", "sources": ["/in/a"], "news": {"/in/a": 1}}
    add_run(connection, 10 * HOUR)
    add_run(connection, 9.5 * HOUR, **urgent)
    add_run(connection, 9 * HOUR)
    add_run(connection, timedelta(minutes=5), **urgent)
    assert raised(connection) == [f"{SCHEDULE!r} was due 8 h ago and did not run"]


def test_going_back_to_the_schedule_before_is_no_alarm(connection: Connection) -> None:
    add_run(connection, 12 * HOUR)
    add_run(connection, 9 * HOUR, schedule="every 2h: /in/a /in/b")
    add_run(connection, timedelta(minutes=5))
    assert raised(connection) == []


def test_a_load_by_hand_does_not_hide_a_dead_scheduler(connection: Connection) -> None:
    add_run(connection, 9 * HOUR)
    add_run(connection, timedelta(minutes=5), schedule=None, command="run")
    assert raised(connection) == [f"{SCHEDULE!r} was due 8 h ago and did not run"]


def test_a_schedule_is_retired_as_the_guide_says_and_watched_again_once_it_runs(
    connection: Connection,
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    [statement] = re.findall(r"^UPDATE runs .*;$", guide, re.MULTILINE)
    add_run(connection, 9 * HOUR)
    connection.execute(statement.replace("every 15m: /srv/news", SCHEDULE).encode())
    assert raised(connection) == []
    add_run(connection, 3 * HOUR)
    assert raised(connection) == [f"{SCHEDULE!r} was due 2 h ago and did not run"]


def test_a_failed_run_is_told_until_the_next_one_succeeds(connection: Connection) -> None:
    add_run(connection, 3 * HOUR)
    first = add_run(connection, 2 * HOUR, "failed", error="no disk")
    assert f"run {first} failed: no disk" in raised(connection)
    second = add_run(connection, timedelta(minutes=5), "failed", error="no disk")
    assert raised(connection) == [f"run {second} failed: no disk"]
    add_run(connection, timedelta(minutes=2))
    assert raised(connection) == []


def test_a_schedule_that_fails_is_told_although_another_one_succeeds(connection: Connection) -> None:
    failed = add_run(connection, timedelta(minutes=5), "failed", error="no disk")
    add_run(
        connection, timedelta(minutes=3), sources=["/else"], schedule="every 1h: /else", news={"/else": 1}
    )
    assert raised(connection) == [f"run {failed} failed: no disk"]


def test_of_two_schedules_each_is_watched(connection: Connection) -> None:
    add_run(
        connection, 9 * HOUR, sources=["/elsewhere"], schedule="every 1h: /elsewhere", news={"/elsewhere": 1}
    )
    add_run(connection, timedelta(minutes=5))
    assert raised(connection) == ["'every 1h: /elsewhere' was due 8 h ago and did not run"]


def test_a_run_without_a_sign_of_life(connection: Connection) -> None:
    number = add_run(connection, timedelta(minutes=6), "running")
    assert f"run {number} gave its last sign of life 5 min ago" in raised(connection)


@pytest.mark.parametrize("command", ["backfill", "reextract"])
def test_a_backfill_that_holds_the_lock_raises_no_alarm(connection: Connection, command: str) -> None:
    add_run(connection, 50 * HOUR, news={"/in/a": 1})
    add_run(connection, 40 * HOUR, "waiting", error="run 3 holds the lock")
    backfill = add_run(connection, 41 * HOUR, "running", command=command, schedule=None, sources=[])
    connection.execute("UPDATE runs SET heartbeat_at = now() WHERE id = %s", (backfill,))
    assert raised(connection) == []
    connection.execute("UPDATE runs SET heartbeat_at = now() - interval '1 h' WHERE id = %s", (backfill,))
    assert len(raised(connection)) > 1


def test_an_ordinary_run_that_never_ends_is_told(connection: Connection) -> None:
    add_run(connection, 50 * HOUR)
    stuck = add_run(connection, 40 * HOUR, "running")
    connection.execute("UPDATE runs SET heartbeat_at = now() WHERE id = %s", (stuck,))
    assert raised(connection) == ["the last success was 2 d ago"]


def test_a_source_that_went_silent(connection: Connection) -> None:
    for hours in reversed(range(0, 120, 2)):
        news = {"/in/a": 1, "/in/b": 1 if hours > 80 else 0}
        add_run(connection, hours * HOUR + timedelta(minutes=5), news=news)
    assert raised(connection) == ["nothing new from /in/b for 3 d"]
    assert raised(connection, replace(LIMITS, silent_s=0)) == []


def test_a_single_file_loaded_by_hand_is_no_silent_source(connection: Connection) -> None:
    add_run(connection, 90 * HOUR, command="run", schedule=None, sources=["/x.txt"], news={"/x.txt": 1})
    add_run(connection, timedelta(minutes=5))
    assert raised(connection) == []


def test_too_many_rejected(connection: Connection) -> None:
    number = add_run(connection, timedelta(minutes=5), loaded=8)
    for line in range(2):
        connection.execute(
            "INSERT INTO rejections (path, path_sha256, line, reason, detail, rejected_at, run_id)"
            " VALUES ('/x', 'x', %s, 'empty', '', now(), %s)",
            (line, number),
        )
    assert raised(connection) == []  # two of ten, the share itself
    stricter = replace(LIMITS, reject_share=0.19)
    assert raised(connection, stricter) == ["2 of 10 new or changed files were rejected in the last day"]
    connection.execute("UPDATE runs SET rejected = 500")  # an unreadable file, tried again by every run
    assert raised(connection, stricter) == ["2 of 10 new or changed files were rejected in the last day"]
    connection.execute("UPDATE runs SET loaded = 7")  # of so few a share says nothing
    assert raised(connection, stricter) == []


def test_the_last_run_is_suspect(connection: Connection) -> None:
    number = add_run(connection, timedelta(minutes=5), "suspect", error="it saw 1 files, usually 9")
    assert f"run {number} is suspect: it saw 1 files, usually 9" in raised(connection)
    add_run(connection, timedelta(minutes=2), schedule=None, command="run")
    assert raised(connection) == []


def test_the_story_of_a_day_is_told(connection: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    for hours in reversed(range(100)):
        outcome = {7: ("failed", "StoreUnavailable: no disk"), 15: ("suspect", "it saw 1 files, usually 9")}
        status, error = outcome.get(hours, ("done", None))
        news = {"/in/a": 2, "/in/b": 1 if hours > 80 else 0}
        add_run(
            connection,
            hours * HOUR + timedelta(minutes=5),
            status,
            error=error,
            news=news,
            loaded=2,
            missed=int(hours == 3),
        )
    day = health.day(connection)
    story({"last_run": {}, "day": day, "alarms": alarms(day, LIMITS)}, LIMITS)
    stock({"kinds": [], **query.totals(connection)})
    told = capsys.readouterr().out
    for words in (
        "alarm     nothing new from /in/b for 3 d",
        "nothing runs; last run 100 schedule: done",
        f"{SCHEDULE}: due ",
        "in 54 min",
        "24 runs: 22 done, 1 suspect, 1 failed",
        "1 due times passed without a run",
        "failed: StoreUnavailable: no disk",
        "suspect: it saw 1 files, usually 9",
        "48 from /in/a",
        "silent from /in/b, last ",
    ):
        assert words in told, (words, told)
