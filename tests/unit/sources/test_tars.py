"""Tar archives, plain and compressed: read as a stream, damage told, limits held."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from tests.support.archives import tarred, told

PACK: dict[str, Callable[[bytes], bytes]] = {
    "tar.gz": gzip.compress,
    "tgz": gzip.compress,
    "tar.zst": zstd.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}
GOOD = {"2021/a.txt": "一".encode(), "b.txt": b"2"}
READ = list(GOOD.items())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.tar"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_leaves(path: Path, form: int) -> None:
    assert told(path, tarred(GOOD, format=form)) == READ
    long = {"警情" * 60 + "/" + "通报" * 40 + ".txt": b"1", "short.txt": b"2"}
    assert told(path, tarred(long, format=form if form else tarfile.GNU_FORMAT)) == list(long.items())


@pytest.mark.parametrize("suffix", PACK)
def test_compressed_archives_are_read_by_their_names(tmp_path: Path, suffix: str) -> None:
    assert told(tmp_path / f"news.{suffix}", PACK[suffix](tarred(GOOD))) == READ


def test_an_archive_without_members_is_one_rejection(path: Path) -> None:
    assert told(path, tarred({})) == [(None, "empty")]
    assert told(path, tarred({"folder": b""}, type=tarfile.DIRTYPE)) == [(None, "empty")]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "not_regular_link"),
        (tarfile.LNKTYPE, "not_regular_link"),
        (tarfile.FIFOTYPE, "not_regular"),
        (tarfile.BLKTYPE, "not_regular"),
        (b"?", "not_regular"),
    ],
)
def test_what_is_no_file_is_refused(path: Path, kind: bytes, reason: str) -> None:
    header = tarred({"odd": b""}, type=kind, linkname="/etc/passwd")[:512]
    assert told(path, header + tarred(GOOD)) == [("odd", reason), *READ]


def test_a_file_with_holes_is_refused(path: Path) -> None:
    sparse = tarred({"holes": b"data"}, pax_headers={"GNU.sparse.major": "1"})
    assert told(path, sparse) == [("holes", "not_regular")]
    block = bytearray(tarred({"holes": b""}, format=tarfile.GNU_FORMAT)[:512])
    block[156:157], block[482] = tarfile.GNUTYPE_SPARSE, 1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert told(path, bytes(block) + bytes(512) + tarred(GOOD)) == [("holes", "not_regular"), *READ]


def test_unsafe_and_hidden_names(path: Path) -> None:
    names = ["../a", "/b", "./c", ".d", "e/../f"]
    assert told(path, tarred([(name, b"1") for name in names])) == [
        ("../a", "unsafe_name"),
        ("b", "unsafe_name"),
        ("c", b"1"),
        ("skipped", "hidden"),
        ("e/../f", "unsafe_name"),
    ]


def test_a_name_used_twice_gets_a_number(path: Path) -> None:
    assert told(path, tarred([("a", b"1"), ("a", b"2")])) == [("a", b"1"), ("a#2", b"2")]


def test_names_of_chinese_windows_are_read(path: Path) -> None:
    data = tarred({"警情": b"1"}, format=tarfile.GNU_FORMAT)
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT, encoding="gbk") as archive:
        info = tarfile.TarInfo("警情.txt")
        archive.addfile(info, io.BytesIO())
    assert told(path, target.getvalue()) == [("警情.txt", b"")]
    assert told(path, data) == [("警情", b"1")]


def test_a_cut_archive_keeps_what_came_before(path: Path) -> None:
    data = tarred({"a": b"1" * 600, "b": b"2" * 600, "c": b"3"}, format=tarfile.USTAR_FORMAT)
    first = ("a", b"1" * 600)
    assert told(path, data[: 1536 + 512 + 300]) == [first, ("b", "malformed_archive", "cut")]
    assert told(path, data[:1536]) == [first, (None, "malformed_archive", "cut")]  # between two members
    assert told(path, data[: 1536 + 100]) == [first, (None, "malformed_archive", "cut")]


def test_a_damaged_header_is_not_taken_for_the_end(path: Path) -> None:
    data = bytearray(tarred({"a": b"1", "b": b"2", "c": b"3"}, format=tarfile.USTAR_FORMAT))
    data[1024 + 3] ^= 0xFF
    assert told(path, bytes(data)) == [("a", b"1"), (None, "malformed_archive", "cut")]


def test_what_is_no_archive_is_one_rejection(path: Path) -> None:
    assert told(path, b"no archive at all" * 99) == [(None, "malformed_archive", "cut")]
    assert told(path, b"") == [(None, "malformed_archive", "cut")]


def test_headers_may_not_be_of_any_size(path: Path) -> None:
    data = tarred({"a": b"1"}, pax_headers={"comment": "x" * (1 << 20)})
    assert told(path, data) == [(None, "malformed_archive", "cut")]
    assert told(path, tarred({"a": b"1"}, pax_headers={"comment": "x" * (1 << 19)})) == [("a", b"1")]


@pytest.mark.parametrize("field", [b"99999999 path=x\n", b"x path=x\n", b"0 path=x\n", b"9 size=-1\n"])
def test_damaged_extended_headers_end_the_archive(path: Path, field: bytes) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(field)
    data = header.tobuf(tarfile.USTAR_FORMAT) + field.ljust(512, b"\0") + tarred(GOOD)
    assert told(path, data) == [(None, "malformed_archive", "cut")]


def test_limits(path: Path, tmp_path: Path) -> None:
    data = tarred({"a": b"12345", "b": b"123456"}, format=tarfile.USTAR_FORMAT)
    assert told(path, data, member_bytes=5) == [("a", b"12345"), ("b", "too_large_member")]
    assert told(path, data, archive_members=1) == [("a", b"12345"), (None, "too_complex_members", "cut")]
    assert told(path, data, archive_bytes=len(data) - 1)[-1] == (None, "too_large_archive", "cut")
    assert len(told(path, data, archive_bytes=len(data))) == 2
    nested = tarred({"a.tar": data})
    assert told(path, nested, archive_depth=1) == [("a.tar", "too_complex_depth", "cut")]
    assert len(told(path, nested, archive_depth=2)) == 2
    bomb = tmp_path / "bomb.tar.gz"
    assert told(bomb, gzip.compress(tarred({"a": b"1", "b": bytes(9 << 20)})))[-1][1] == "too_large_ratio"
