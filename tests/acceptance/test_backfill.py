"""`etl backfill`: the window, the order, the limit, the dry run, reading again, and going on after a stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from etl import jobs
from etl.scope import Scope
from etl.settings import Settings
from etl.store.engine import Connection
from etl.store.session import Session
from tests.acceptance.conftest import Etl, environment, result
from tests.faults.world import World, write_stories

STORY = (
    "---\ntitle: 第{n}起警情\ndate: {day}\n---\n<p>{day}，柳河派出所接到周女士报警，称第{n}部手机落在出租车上。"
    "民警当晚联系上何师傅，次日将手机送回。</p>"
)
DAYS = ("2019-05-01", "2020-05-02", "2021-05-03", "2021-06-04")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four dated articles and an undated one, filed with the file time of today."""
    place = tmp_path / "in"
    place.mkdir()
    for n, day in enumerate(DAYS):
        (place / f"{n}.txt").write_text(STORY.format(n=n, day=day), encoding="utf-8")
    (place / "undated.txt").write_text("柳河派出所民警在桥头救起一名落水老人。" * 12, encoding="utf-8")
    return place


def settings(url: str, **more: object) -> Settings:
    return Settings(database_url=url, workers=1, settle_s=0, **more)  # type: ignore[arg-type]


def backfill(url: str, folder: Path, **scope: object) -> jobs.Report:
    return jobs.backfill([str(folder)], settings(url), Scope(**scope))  # type: ignore[arg-type]


def rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_the_window_is_of_publication_and_forgets_what_it_leaves_out(
    database_url: str, connection: Connection, folder: Path
) -> None:
    counts = backfill(database_url, folder, since=date(2020, 1, 1), until=date(2021, 5, 31)).counts
    assert (counts.loaded, counts.skips) == (2, {"outside_window": 3})
    assert rows(connection, "SELECT published_on::text FROM articles ORDER BY 1") == [(DAYS[1],), (DAYS[2],)]
    assert rows(connection, "SELECT count(*) FROM source_files") == [(2,)]
    assert jobs.run([str(folder)], settings(database_url)).counts.loaded == 3


def test_a_known_copy_outside_the_window_is_left_out_too(database_url: str, folder: Path) -> None:
    backfill(database_url, folder)
    (folder / "copy.txt").write_bytes((folder / "0.txt").read_bytes())
    counts = backfill(database_url, folder, since=date(2020, 1, 1)).counts
    assert (counts.unchanged, counts.skips) == (5, {"outside_window": 1})


def test_files_filed_before_the_window_are_not_even_read(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = folder / "0.txt"
    os.utime(old, (1_556_668_800, 1_556_668_800))
    read: list[str] = []
    real = jobs.Loader.leaves_of

    def watched(self: jobs.Loader, file: object) -> object:
        read.append(Path(file.found.path).name)  # type: ignore[attr-defined]
        return real(self, file)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.Loader, "leaves_of", watched)
    backfill(database_url, folder, since=date(2020, 1, 1))
    assert read == ["1.txt", "2.txt", "3.txt", "undated.txt"]


def test_the_newest_first_and_no_more_than_asked_for(
    database_url: str, connection: Connection, folder: Path
) -> None:
    for n, day in enumerate(DAYS):
        (folder / f"{n}.txt").rename(folder / f"{day}.txt")
    (folder / "undated.txt").unlink()
    report = backfill(database_url, folder, order="newest", limit=2)
    assert report.counts.loaded == 2
    assert rows(connection, "SELECT published_on::text FROM articles ORDER BY 1") == [(DAYS[2],), (DAYS[3],)]
    assert backfill(database_url, folder, order="newest", limit=1).counts.loaded == 1
    assert backfill(database_url, folder).counts.loaded == 1


def test_a_dry_run_says_what_a_run_then_does_and_writes_nothing(
    etl: Etl, connection: Connection, folder: Path
) -> None:
    assert etl("db", "upgrade").returncode == 0
    (folder / "bad.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "copy.txt").write_bytes((folder / "0.txt").read_bytes())
    would = result(etl("backfill", str(folder), "--dry-run", "--json"))
    for table in ("runs", "articles", "source_files", "rejections", "sightings"):
        assert rows(connection, f"SELECT count(*) FROM {table}") == [(0,)]
    assert [s["reason"] for s in would["samples"]["rejected"]] == ["binary_image"]
    did = result(etl("backfill", str(folder), "--json"))
    names = ("seen", "loaded", "duplicate", "unchanged", "rejected", "skipped", "incidents")
    assert {n: would[n] for n in names} == {n: did[n] for n in names}
    (folder / "1.txt").write_text(STORY.format(n=9, day=DAYS[1]), encoding="utf-8")
    again = result(etl("backfill", str(folder), "--dry-run", "--json"))
    assert (again["unchanged"], again["loaded"], again["updated"]) == (6, 1, 1)
    assert "Dry run: 7 files seen, nothing written" in etl("backfill", str(folder), "--dry-run").stdout


def test_reading_again_updates_in_place_and_goes_on_after_a_stop(
    database_url: str, connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backfill(database_url, folder)
    with connection.transaction():
        connection.execute("UPDATE articles SET title = 'made by older code', kind = 'other'")
    ids = rows(connection, "SELECT id FROM articles ORDER BY 1")
    real = jobs.Loader.finish
    left = [2]

    def finish(self: jobs.Loader, *arguments: object) -> None:
        if not left[0]:
            raise RuntimeError("struck by lightning")
        left[0] -= 1
        real(self, *arguments)  # type: ignore[arg-type]

    again = Scope(reprocess=True)
    monkeypatch.setattr(jobs.Loader, "finish", finish)
    with pytest.raises(RuntimeError):
        jobs.backfill([str(folder)], settings(database_url, batch_files=1), again)
    monkeypatch.setattr(jobs.Loader, "finish", real)
    assert rows(connection, "SELECT count(*) FROM articles WHERE title = 'made by older code'") == [(3,)]
    assert rows(connection, "SELECT count(*) FROM source_files WHERE state = 'reread'") == [(3,)]
    assert jobs.backfill([str(folder)], settings(database_url), again).counts.unchanged == 5
    assert rows(connection, "SELECT count(*) FROM articles WHERE title = 'made by older code'") == [(0,)]
    assert rows(connection, "SELECT id FROM articles ORDER BY 1") == ids


def test_progress_without_a_terminal_is_lines_of_json(
    tmp_path: Path, database_url: str, folder: Path
) -> None:
    program = "from etl import progress; progress.INTERVAL_S = 0; from etl.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "backfill", str(folder), "--json"],
        env=environment(ETL_DATABASE_URL=database_url, ETL_SETTLE="0"),
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[-1]["seen"] == json.loads(done.stdout)["seen"] == 5
    assert lines[-1]["expected"] == 5


def test_status_shows_how_far_a_run_is(etl: Etl, connection: Connection, database_url: str) -> None:
    assert etl("run", str(Path(__file__))).returncode == 0
    connection.execute(
        "UPDATE runs SET status = 'running', ended_at = NULL, seen = 500, expected = 2000,"
        " heartbeat_at = started_at + interval '5 s'"
    )
    assert "seen 500 of 2000 (25 %), 100 files/s, 15 s left" in etl("status").stdout


def test_wrong_windows_are_usage_errors(etl: Etl, folder: Path) -> None:
    assert etl("backfill", str(folder), "--since", "2021-02-01", "--until", "2021-01-01").returncode == 2
    assert etl("backfill", str(folder), "--since", "2021-02-31").returncode == 2
    assert etl("backfill").returncode == 2


def test_ctrl_c_and_again(tmp_path: Path, database_url: str, connection: Connection) -> None:
    place = tmp_path / "many"
    place.mkdir()
    for n in range(150):
        (place / f"{n:03}.txt").write_text(STORY.format(n=n, day=DAYS[n % 4]), encoding="utf-8")
    command = [sys.executable, "-m", "etl", "backfill", str(place), "--batch-files", "10", "--workers", "1"]
    env = environment(ETL_DATABASE_URL=database_url, ETL_SETTLE="0")
    with World(place, database_url).halted(2):
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE)
        while not rows(connection, "SELECT FROM runs WHERE batches > 1") and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    [(loaded,)] = rows(connection, "SELECT loaded FROM runs")
    done = subprocess.run(
        [*command, "--json"], cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", check=True
    )
    counts = json.loads(done.stdout)
    assert (counts["unchanged"], counts["loaded"]) == (loaded, 150 - int(str(loaded)))


def test_nothing_waits_to_be_sorted_into_the_search_index(
    etl: Etl, tmp_path: Path, connection: Connection, database_url: str
) -> None:
    write_stories(tmp_path / "in", 150)
    assert etl("backfill", str(tmp_path / "in"), "--limit", "120").returncode == 0
    assert rows(connection, "SELECT gin_clean_pending_list('ix_articles_search')") == [(0,)]
    with closing(Session(database_url, "jingqing bulk", bulk=True)) as session:
        assert rows(session.connection, "SHOW gin_pending_list_limit") == [("16MB",)]
    etl("run", str(tmp_path / "in"))
    assert rows(connection, "SELECT gin_clean_pending_list('ix_articles_search') > 0") == [(True,)]
