"""A run below its floors ends as suspect, with the reason, and keeps what it loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import jobs
from etl.errors import RunSuspect
from etl.settings import Settings
from etl.store import floors
from etl.store.engine import Connection
from etl.store.runs import Counts
from tests.faults.world import write_stories


def test_far_fewer_files_than_usual(database_url: str, connection: Connection, tmp_path: Path) -> None:
    write_stories(tmp_path, 12)
    settings = Settings(database_url=database_url, workers=1, settle_s=0)
    for _ in range(3):
        assert jobs.run([str(tmp_path)], settings).doubt is None
    for number in range(7):
        next(tmp_path.rglob(f"*{number}.txt")).unlink()
    report = jobs.run([str(tmp_path)], settings)
    assert report.status == "suspect"
    assert report.doubt == "it saw 5 files, usually 12"
    status, error, loaded = connection.execute(
        "SELECT status, error, (SELECT count(*) FROM articles) FROM runs ORDER BY id DESC LIMIT 1"
    ).fetchone() or (None, None, 0)
    assert (status, error, loaded) == ("suspect", report.doubt, 12)
    # What lasts becomes usual: the median of the last five runs is 5 after two more.
    assert [jobs.run([str(tmp_path)], settings).status for _ in range(3)] == ["suspect", "suspect", "done"]


def test_what_is_usual_is_asked_of_runs_over_the_same_sources(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    write_stories(tmp_path / "many", 12)
    write_stories(tmp_path / "few", 1)
    settings = Settings(database_url=database_url, workers=1, settle_s=0)
    for _ in range(3):
        jobs.run([str(tmp_path / "many")], settings)
    assert jobs.run([str(tmp_path / "few")], settings).status == "done"


def test_too_many_rejected(database_url: str, connection: Connection, tmp_path: Path) -> None:
    write_stories(tmp_path, 6)
    for number in range(6):
        (tmp_path / f"bad{number}.txt").write_bytes(b"")
    settings = Settings(database_url=database_url, workers=1, settle_s=0, max_reject_share=0.4)
    report = jobs.run([str(tmp_path)], settings)
    assert report.doubt == "it rejected 6 of 12 new or changed files"
    assert report.counts.loaded == 6


@pytest.mark.parametrize(("rejected", "share", "broken"), [(1, 0.1, False), (2, 0.1, True), (10, 1.0, False)])
def test_the_share_itself_is_allowed(rejected: int, share: float, broken: bool) -> None:
    counts = Counts(loaded=10 - rejected, rejected=rejected, unchanged=100)
    try:
        floors.check(counts, None, 0.5, share)
    except RunSuspect:
        assert broken
    else:
        assert not broken


@pytest.mark.parametrize(("loaded", "broken"), [(1, False), (2, True)])
def test_of_a_handful_of_files_most_may_be_rejected(loaded: int, broken: bool) -> None:
    try:
        floors.check(Counts(loaded=loaded, rejected=8), None, 0.5, 0.1)
    except RunSuspect:
        assert broken
    else:
        assert not broken


@pytest.mark.parametrize(
    ("seen", "usual", "broken"), [(50, 100, False), (49, 100, True), (0, 9, False), (0, None, False)]
)
def test_half_of_what_is_usual_is_allowed(seen: int, usual: int | None, broken: bool) -> None:
    try:
        floors.check(Counts(unchanged=seen), usual, 0.5, 1.0)
    except RunSuspect:
        assert broken
    else:
        assert not broken
