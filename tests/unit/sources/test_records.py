"""JSON Lines: a leaf a line, counted as an editor does."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.model import RawFile
from tests.support.archives import leaves, told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.jsonl"


def test_every_line_that_is_not_blank_is_a_leaf(path: Path) -> None:
    assert told(path, b'{"a":1}\n\n  {"b":2}\r\n{"c":3}') == [
        (None, 1, b'{"a":1}'),
        (None, 3, b'{"b":2}'),
        (None, 4, b'{"c":3}'),
    ]
    assert told(path, b"\n\n") == [(None, "empty")]


def test_lines_carry_the_mapping(path: Path) -> None:
    [leaf] = leaves(path, b"{}", json_fields={"body": "data.text"})
    assert isinstance(leaf, RawFile) and leaf.fields == {"body": "data.text"}


def test_a_line_may_have_so_many_bytes(path: Path) -> None:
    data = b"12345\n123456\n" + b"7" * 99 + b"\n12345"
    assert told(path, data, file_bytes=5) == [
        (None, 1, b"12345"),
        (None, 2, "too_large"),
        (None, 3, "too_large"),
        (None, 4, b"12345"),
    ]
