"""One due run: a folder that is missing keeps nothing else from being loaded, and what failed says which run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl import jobs, logs
from etl.errors import ConfigError
from etl.schedule import serve_slot
from etl.settings import Settings
from etl.store.engine import Connection
from etl.store.runs import Slot
from tests.faults.world import write_stories

DUE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def slot() -> Slot:
    return Slot("every 1h: test", DUE, DUE + timedelta(hours=1), lambda earlier: 0)


def last_run(connection: Connection) -> tuple[object, ...]:
    """Number, status, error and articles loaded of the newest run."""
    return (
        connection.execute("SELECT id, status, error, loaded FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        or ()
    )


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, workers=1, settle_s=0)


@pytest.fixture
def lines(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[pytest.LogCaptureFixture]:
    """The log lines, each with the number of its run."""
    monkeypatch.setattr(logs.LOG, "propagate", True)
    caplog.handler.addFilter(logs.LINES)
    yield caplog
    caplog.handler.removeFilter(logs.LINES)


def test_a_missing_folder_stops_no_other_one_and_is_told(
    settings: Settings, connection: Connection, tmp_path: Path
) -> None:
    write_stories(tmp_path / "one", 3)
    serve_slot([str(tmp_path / "one"), str(tmp_path / "gone")], settings, jobs.Control(), slot())
    _, status, error, loaded = last_run(connection)
    assert (status, loaded) == ("suspect", 3)
    assert f"{tmp_path / 'gone'}" in str(error)
    assert f"{tmp_path / 'one'}:" not in str(error)


def test_a_wrong_path_typed_by_hand_loads_nothing(
    settings: Settings, connection: Connection, tmp_path: Path
) -> None:
    write_stories(tmp_path / "one", 3)
    with pytest.raises(ConfigError, match="gone"):
        jobs.run([str(tmp_path / "one"), str(tmp_path / "gone")], settings)
    assert last_run(connection) == ()


def test_the_line_of_a_failed_run_has_its_number(
    settings: Settings, connection: Connection, tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    serve_slot([str(tmp_path / "gone")], settings, jobs.Control(), slot())
    number, status, error, _ = last_run(connection)
    assert status == "failed"
    assert "gone" in str(error)
    [record] = [r for r in lines.records if r.levelno == logging.ERROR]
    assert record.__dict__["run"] == number


def test_a_metrics_file_that_cannot_be_written_is_an_error(
    settings: Settings, tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    write_stories(tmp_path / "one", 1)
    blocked = replace(settings, metrics_file=tmp_path / "nowhere" / "jingqing.prom")
    assert jobs.run([str(tmp_path / "one")], blocked).status == "done"
    assert [r.levelname for r in lines.records if "metrics were not written" in r.getMessage()] == ["ERROR"]
