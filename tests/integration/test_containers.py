"""Files that hold several leaves: loaded leaf by leaf, over several batches, resumed, and changed later."""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from etl import jobs
from etl.model import RawFile
from etl.settings import Settings
from etl.sources import registry
from etl.sources.base import Leaf, Place, Unread
from etl.store.engine import Connection
from tests.support.archives import tarred, zipped
from tests.support.records import sha

STORY = "2021年3月{}日，柳河派出所接到周女士报警，称手机落在出租车上。民警当晚联系上何师傅，次日将手机送回。"


def lines(place: Place, stream: BinaryIO) -> Iterator[Leaf]:
    """A reader: one leaf a line; a line `?` can't be read, an empty one is none."""
    for number, line in enumerate(stream.read().decode().split("\n"), 1):
        if line == "?":
            yield Unread("malformed_record", "a question", record_no=number)
        elif line:
            yield RawFile(place.path, line.encode(), sha(line), record_no=number)


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
    assert connection.execute("SELECT line, reason FROM rejections").fetchall() == [(3, "malformed_record")]
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


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def record(number: int) -> bytes:
    return json.dumps({"date": "2021-03-09", "text": STORY.format(number)}).encode()


def test_one_content_is_one_article_in_whatever_container(
    database_url: str, connection: Connection, inbox: Path
) -> None:
    page = STORY.format(9).encode()
    (inbox / "a.txt").write_bytes(page)
    (inbox / "b.txt.gz").write_bytes(gzip.compress(page))
    (inbox / "c.zip").write_bytes(zipped({"警情/x.txt": page, ".hidden": b"", "../y.txt": page}))
    (inbox / "d.tar.gz").write_bytes(gzip.compress(tarred({"z.jsonl": record(1) + b"\n{}\n" + record(9)})))
    counts = run(database_url, inbox).counts
    assert (counts.loaded, counts.duplicate, counts.rejected, counts.skipped) == (2, 3, 2, 1)
    assert connection.execute(
        "SELECT f.path, s.member, s.record_no FROM sightings AS s JOIN source_files AS f ON f.id = source_file_id"
        " ORDER BY 1, 2, 3"
    ).fetchall() == [
        (str(inbox / "a.txt"), None, None),
        (str(inbox / "b.txt.gz"), None, None),
        (str(inbox / "c.zip"), "警情/x.txt", None),
        (str(inbox / "d.tar.gz"), "z.jsonl", 1),
        (str(inbox / "d.tar.gz"), "z.jsonl", 3),
    ]
    assert connection.execute("SELECT member, line, reason FROM rejections ORDER BY 1, 2").fetchall() == [
        ("../y.txt", None, "unsafe_name"),
        ("z.jsonl", 2, "malformed_record"),
    ]
    assert run(database_url, inbox).counts.unchanged == 4


def test_an_archive_that_was_cut_keeps_what_it_had(
    database_url: str, connection: Connection, inbox: Path
) -> None:
    whole = tarred({f"{n}.txt": STORY.format(n).encode() for n in (1, 2, 3)}, format=tarfile.USTAR_FORMAT)
    archive = inbox / "news.tar"
    archive.write_bytes(whole)
    assert run(database_url, inbox).counts.loaded == 3
    archive.write_bytes(whole[: 2 * 1024 + 600])
    assert run(database_url, inbox).counts.rejected == 1
    assert connection.execute("SELECT member, reason FROM rejections").fetchall() == [
        ("3.txt", "malformed_archive")
    ]
    assert connection.execute("SELECT count(*) FROM sightings WHERE is_current").fetchone() == (3,)
    archive.write_bytes(whole)
    report = run(database_url, inbox)
    assert (report.counts.loaded, report.counts.rejected, report.open_rejections) == (0, 0, 0)


def test_a_mapping_that_was_missing_is_given_and_retried(
    database_url: str, connection: Connection, inbox: Path
) -> None:
    line = json.dumps({"data": {"words": STORY.format(5)}}).encode()
    (inbox / "a.jsonl").write_bytes(line)
    assert run(database_url, inbox).counts.rejected == 1
    settings = Settings(database_url=database_url, workers=1, settle_s=0, json_fields=("body=data.words",))
    report = jobs.retry(settings, "malformed_record", [])
    assert (report.counts.loaded, report.open_rejections) == (1, 0)
