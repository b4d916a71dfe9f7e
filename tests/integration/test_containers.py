"""Files that hold several leaves: loaded leaf by leaf, over several batches, resumed, and changed later."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from etl import jobs
from etl.model import Found, RawFile
from etl.settings import Settings
from etl.sources import registry
from etl.sources.base import Limits, Unread
from etl.store.engine import Connection
from tests.support.records import sha

STORY = "2021年3月{}日，柳河派出所接到周女士报警，称手机落在出租车上。民警当晚联系上何师傅，次日将手机送回。"


def lines(found: Found, stream: BinaryIO, limits: Limits) -> Iterator[RawFile | Unread]:
    """A reader: one leaf a line; a line `?` can't be read, an empty one is none."""
    for number, line in enumerate(stream.read().decode().split("\n"), 1):
        if line == "?":
            yield Unread("malformed", "a question", record_no=number)
        elif line:
            yield RawFile(found.path, line.encode(), sha(line), record_no=number)


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tests_lines_reader", sys.modules[__name__])
    monkeypatch.setitem(registry.READERS, ".lines", ("tests_lines_reader", "lines"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "news.lines"


def run(url: str, path: Path, **more: int) -> jobs.Report:
    settings = Settings(database_url=url, workers=1, settle_s=0, **more)  # type: ignore[arg-type]
    return jobs.run([str(path)], settings)


def write(file: Path, *stories: str) -> None:
    file.write_text("\n".join(stories) + "\n", encoding="utf-8")


def test_every_line_is_a_leaf_and_the_ledger_has_one_row(
    database_url: str, connection: Connection, file: Path
) -> None:
    write(file, STORY.format(1), STORY.format(2), "?", STORY.format(1))
    report = run(database_url, file, batch_files=1)
    assert (report.counts.loaded, report.counts.duplicate, report.counts.rejected) == (2, 1, 1)
    assert connection.execute("SELECT state, records_done FROM source_files").fetchall() == [("loaded", 0)]
    assert connection.execute("SELECT line, reason FROM rejections").fetchall() == [(3, "malformed")]
    again = run(database_url, file)
    assert (again.counts.unchanged, again.counts.seen) == (1, 1)


def test_a_part_is_resumed_where_it_was_left(
    database_url: str, connection: Connection, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, *(STORY.format(n) for n in range(1, 6)))
    real = jobs.Loader.finish
    left = [2]

    def finish(self: jobs.Loader, *arguments: object) -> None:
        if not left[0]:
            raise RuntimeError("struck by lightning")
        left[0] -= 1
        real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.Loader, "finish", finish)
    with pytest.raises(RuntimeError):
        run(database_url, file, batch_files=1)
    assert connection.execute("SELECT state, records_done FROM source_files").fetchall() == [("partial", 2)]
    monkeypatch.undo()
    registry.READERS[".lines"] = ("tests_lines_reader", "lines")
    sys.modules["tests_lines_reader"] = sys.modules[__name__]
    report = run(database_url, file)
    del registry.READERS[".lines"], sys.modules["tests_lines_reader"]
    assert (report.counts.unchanged, report.counts.loaded) == (2, 3)
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (5,)


@pytest.mark.parametrize("batch_files", [1, 100])
def test_a_line_that_left_the_file_leaves_its_article_without_a_place(
    database_url: str, connection: Connection, file: Path, batch_files: int
) -> None:
    write(file, STORY.format(1), STORY.format(2), STORY.format(3), "?")
    run(database_url, file)
    write(file, STORY.format(1), "?")
    run(database_url, file, batch_files=batch_files)
    current = connection.execute("SELECT record_no FROM sightings WHERE is_current ORDER BY 1").fetchall()
    assert current == [(1,), (2,)]  # line 2 is spoilt: its last good content stays, beside a rejection
    open_ = connection.execute("SELECT line FROM rejections WHERE resolved_by IS NULL").fetchall()
    assert open_ == [(2,)]
    gone = connection.execute("SELECT count(*) FROM articles WHERE superseded_at IS NOT NULL").fetchone()
    assert gone == (1,)


def test_an_empty_container_is_one_rejection(database_url: str, connection: Connection, file: Path) -> None:
    write(file, "")
    assert run(database_url, file).counts.rejected == 1
    assert connection.execute("SELECT reason, line FROM rejections").fetchall() == [("empty", None)]
    write(file, STORY.format(1))
    report = run(database_url, file)
    assert (report.counts.loaded, report.open_rejections) == (1, 0)
