"""`etl rejects retry`: what loads now resolves its rejection, the rest stays open, history stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import jobs
from etl.settings import Settings
from tests.faults.world import World, story


@pytest.fixture
def rejected(world: World) -> World:
    """Two files too large for their run, one that is no text."""
    for number in (1, 2):
        (world.folder / f"{number}.txt").write_text(story(number), encoding="utf-8")
    (world.folder / "image.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(64)))
    jobs.run([str(world.folder)], settings(world, max_file_bytes=100))
    assert open_ones(world) == [("1.txt", "too_large"), ("2.txt", "too_large"), ("image.txt", "binary_image")]
    return world


def settings(world: World, **more: int) -> Settings:
    return Settings(database_url=world.url, workers=1, settle_s=0, **more)  # type: ignore[arg-type]


def open_ones(world: World) -> list[tuple[str, str]]:
    rows = world.sql("SELECT path, reason FROM rejections WHERE resolved_by IS NULL ORDER BY path")
    return [(Path(str(path)).name, str(reason)) for path, reason in rows]


def test_a_plain_run_does_not_try_again(rejected: World) -> None:
    assert jobs.run([str(rejected.folder)], settings(rejected)).counts.unchanged == 1
    assert open_ones(rejected) == [
        ("image.txt", "binary_image")
    ]  # the large ones were never read: always tried


def test_by_reason(rejected: World) -> None:
    report = jobs.retry(settings(rejected), "binary", [])
    assert (report.counts.seen, report.counts.rejected) == (1, 1)
    report = jobs.retry(settings(rejected), "too_large", [])
    assert (report.counts.seen, report.counts.loaded) == (2, 2)
    assert open_ones(rejected) == [("image.txt", "binary_image")]
    assert rejected.sql("SELECT count(*) FROM rejections WHERE resolved_by IS NOT NULL") == [(2,)]


def test_by_number(rejected: World) -> None:
    [(number,)] = rejected.sql("SELECT id FROM rejections WHERE path LIKE '%%/2.txt'")
    report = jobs.retry(settings(rejected), None, [int(str(number))])
    assert report.counts.seen == 1
    assert open_ones(rejected) == [("1.txt", "too_large"), ("image.txt", "binary_image")]


def test_all_and_nothing_left(rejected: World) -> None:
    (rejected.folder / "image.txt").unlink()
    report = jobs.retry(settings(rejected), None, [])
    assert (report.counts.loaded, report.counts.skipped) == (2, 1)
    assert report.counts.skips == {"vanished": 1}
    assert rejected.sql("SELECT command, status FROM runs ORDER BY id DESC LIMIT 1") == [("retry", "done")]


def test_a_rejected_file_is_read_again_with_new_code(
    rejected: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark left by a retry that died is honoured by the next run."""
    rejected.sql("UPDATE source_files SET state = 'reread' WHERE path LIKE '%%/image.txt' RETURNING id")
    report = jobs.run([str(rejected.folder)], settings(rejected))
    assert report.counts.rejected == 1
    assert rejected.sql("SELECT state FROM source_files WHERE path LIKE '%%/image.txt'") == [("rejected",)]
