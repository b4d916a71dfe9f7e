"""Compressed files: what is inside is read by the name without the suffix."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from etl.model import RawFile
from tests.support.archives import leaves, told, zipped

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstd.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
TEXT = "柳河派出所接到报警，周女士称手机遗失。".encode() * 9


@pytest.mark.parametrize("suffix", PACK)
def test_a_compressed_page_is_one_leaf_with_the_hash_of_the_page(tmp_path: Path, suffix: str) -> None:
    [leaf] = leaves(tmp_path / f"a.txt.{suffix}", PACK[suffix](TEXT))
    [plain] = leaves(tmp_path / "a.txt", TEXT)
    assert isinstance(leaf, RawFile) and isinstance(plain, RawFile)
    assert (leaf.member, leaf.record_no, leaf.sha256) == (None, None, plain.sha256)


@pytest.mark.parametrize("suffix", PACK)
def test_streams_one_after_the_other_are_one(tmp_path: Path, suffix: str) -> None:
    data = PACK[suffix](b"one ") + PACK[suffix](b"two")
    assert told(tmp_path / f"a.txt.{suffix}", data) == [(None, b"one two")]


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_cut_stream_is_one_rejection(tmp_path: Path, suffix: str, cut: int) -> None:
    path = tmp_path / f"a.txt.{suffix}"
    assert told(path, PACK[suffix](TEXT)[:-cut]) == [(None, "malformed_archive")]


@pytest.mark.parametrize("suffix", PACK)
def test_changed_bytes_are_one_rejection(tmp_path: Path, suffix: str) -> None:
    data = bytearray(PACK[suffix](bytes(range(256)) * 40))
    data[len(data) // 2] ^= 0x55
    path = tmp_path / f"a.txt.{suffix}"
    # zstd writes no checksum unless asked to: what it can't tell, decoding has to.
    if suffix != "zst":
        assert told(path, bytes(data)) == [(None, "malformed_archive")]
    assert told(path, b"plain text") == [(None, "malformed_archive")]


def test_lines_before_the_damage_are_read(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"a": 1}\n{"b": 2}\n')
    spoilt = whole[:-8] + b"\0\0\0\0" + whole[-4:]  # another checksum
    assert told(tmp_path / "a.jsonl.gz", spoilt) == [
        (None, 1, b'{"a": 1}'),
        (None, 2, b'{"b": 2}'),
        (None, "malformed_archive", "cut"),
    ]


def test_containers_meet(tmp_path: Path) -> None:
    data = zipped(
        {"a.jsonl": b'{"a": 1}\n', "b.txt.gz": gzip.compress(b"2"), "c.jsonl.gz": gzip.compress(b"{}")}
    )
    expected = [("a.jsonl", 1, b'{"a": 1}'), ("b.txt.gz", b"2"), ("c.jsonl.gz", 1, b"{}")]
    assert told(tmp_path / "a.zip", data) == expected
    assert told(tmp_path / "a.zip.gz", gzip.compress(data)) == expected


def test_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    assert told(path, gzip.compress(b"12345"), member_bytes=5) == [(None, b"12345")]
    assert told(path, gzip.compress(b"12345"), member_bytes=4) == [(None, "too_large_member")]
    bomb = gzip.compress(bytes(5 << 20))
    assert told(path, bomb) == [(None, "too_large_ratio", "cut")]
    twice = tmp_path / "a.txt.gz.gz"
    assert told(twice, gzip.compress(bomb)) == [(None, "too_complex_depth", "cut")]


def test_a_window_may_not_be_of_any_size(tmp_path: Path) -> None:
    def frame(window_log: int) -> bytes:
        """A zstd frame by hand: magic number, no flags, the window, and one last block of four bytes as they are."""
        return (
            bytes.fromhex("28b52ffd00")
            + bytes([(window_log - 10) << 3])
            + bytes([4 << 3 | 1, 0, 0])
            + b"text"
        )

    assert told(tmp_path / "a.txt.zst", frame(27)) == [(None, b"text")]
    assert told(tmp_path / "a.txt.zst", frame(28)) == [(None, "malformed_archive")]
