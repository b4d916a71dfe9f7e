"""Every limit of docs/reliability.md, met exactly and crossed by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from etl.errors import ArticleError
from etl.executors.base import Limits
from etl.executors.local import LocalPool
from etl.loader import portions
from etl.model import Decoded, Found, RawFile
from etl.settings import Settings
from etl.sources.files import read_bytes
from etl.stages.decode import decode
from etl.stages.parse import front_matter, parse
from etl.store.lock import BEAT_S, LEASE_S
from etl.store.rows import money
from tests.faults.world import story


def reason(call: Callable[[], object]) -> str | None:
    try:
        call()
    except ArticleError as e:
        return e.reason
    return None


def page(front: str) -> Decoded:
    return Decoded(f"---\n{front}\n---\n{story(1)}", "utf-8", 1.0)


def test_size_of_front_matter() -> None:
    fill = front_matter.MAX_CHARS - len("title: \n")
    assert reason(lambda: parse(page("title: " + "长" * fill))) is None
    assert reason(lambda: parse(page("title: " + "长" * (fill + 1)))) == "too_large_front_matter"


def test_nesting_of_front_matter() -> None:
    lists = front_matter.MAX_DEPTH - 1  # the mapping itself is a level
    assert reason(lambda: parse(page("title: 一\nx: " + "[" * lists + "]" * lists))) is None
    assert (
        reason(lambda: parse(page("title: 一\nx: " + "[" * (lists + 1) + "]" * (lists + 1))))
        == "too_complex_nesting"
    )


def test_aliases_of_front_matter() -> None:
    assert reason(lambda: parse(page("title: 一\nx: [1, 1]"))) is None
    assert reason(lambda: parse(page("title: 一\nx: [&a 1]"))) == "too_complex_alias"


def test_unreadable_characters() -> None:
    text = "警" * 995
    assert reason(lambda: decode((text + "\ufffd" * 5).encode())) is None
    assert reason(lambda: decode((text + "\ufffd" * 6).encode())) == "undecodable_lost"


def test_control_characters() -> None:
    text = "警" * 200
    assert reason(lambda: decode((text + "\x01" * 8).encode())) is None
    assert reason(lambda: decode((text + "\x01" * 9).encode())) == "binary"


def test_file_size(tmp_path: object) -> None:
    from pathlib import Path

    from etl.errors import SourceError

    file = Path(str(tmp_path)) / "a.txt"
    file.write_bytes(b"x" * 101)
    info = file.stat()
    found = Found(str(file), info.st_size, info.st_mtime_ns)
    assert read_bytes(found, 101) is not None
    with pytest.raises(SourceError) as e:
        read_bytes(found, 100)
    assert e.value.reason == "too_large"


def test_money() -> None:
    assert money(99_999_999_999_999.0) is not None
    assert money(1e14) is None
    assert money(float("nan")) is None


def test_memory_of_a_worker() -> None:
    big = ("<html><body><div>" + "<b>a</b>" * 700_000 + story(1) + "</div></body></html>").encode()
    for memory, expected in ((1 << 30, None), (250 << 20, "too_complex_memory")):
        pool = LocalPool(1, Limits(timeout_s=60, memory_bytes=memory))
        try:
            [done] = pool.result(pool.submit([RawFile("/a", big, b"s")]))
        finally:
            pool.close()
        assert done.reason == expected, done.detail


def test_a_batch_is_bounded_in_files_and_bytes() -> None:
    sizes = [4, 4, 4, 100, 1, 1, 1, 1]
    assert list(portions(sizes, 3, 10, lambda size: size)) == [[4, 4], [4], [100], [1, 1, 1], [1]]
    assert list(portions([5, 5], 3, 10, lambda size: size)) == [[5, 5]]
    assert list(portions([5, 6], 3, 10, lambda size: size)) == [[5], [6]]


def test_the_first_portions_are_small() -> None:
    sizes = [len(part) for part in portions([1] * 40, 10, 99, int, 3)]
    assert sizes == [3, 6, 10, 10, 10, 1]
    assert [len(part) for part in portions([1] * 40, 16, 99, int, 64)] == [16, 16, 8]


def test_defaults_are_those_of_the_document() -> None:
    settings = Settings()
    assert (settings.max_file_bytes, settings.document_timeout_s) == (20 << 20, 10)
    assert (settings.worker_memory_bytes, settings.batch_files, settings.batch_bytes) == (
        1 << 30,
        500,
        32 << 20,
    )
    assert LEASE_S + 2 * BEAT_S <= 30
