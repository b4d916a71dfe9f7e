"""ZIP archives: members as leaves, hostile ones refused one by one, limits held."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from tests.support.archives import told, zipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "news.zip"


def test_members_are_leaves_and_folders_are_none(path: Path) -> None:
    data = zipped({"2021/": b"", "2021/a.txt": "一".encode(), "b.txt": b"2"})
    assert told(path, data) == [("2021/a.txt", "一".encode()), ("b.txt", b"2")]
    assert told(path, zipped({"2021/": b""})) == [(None, "empty")]


def test_hidden_and_partial_members_are_skipped(path: Path) -> None:
    data = zipped({"__MACOSX/._a.txt": b"x", ".git/b": b"x", "c.part": b"x", "d.txt": b"x"})
    assert told(path, data) == [
        ("skipped", "hidden"),
        ("skipped", "hidden"),
        ("skipped", "partial_name"),
        ("d.txt", b"x"),
    ]


@pytest.mark.parametrize("name", ["../a.txt", "/etc/passwd", "a/../../b", "C:/a.txt", "a\\b.txt", "..\\a"])
def test_a_name_that_leads_out_is_refused(path: Path, name: str) -> None:
    (first, reason), second = told(path, zipped({name: b"x", "b.txt": b"2"}))
    assert (reason, second) == ("unsafe_name", ("b.txt", b"2"))
    assert first


def test_names_of_chinese_windows_are_read(path: Path) -> None:
    name = "警情通报.txt".encode("gbk")
    data = zipped({"x" * len(name): b"1"}).replace(b"x" * len(name), name)
    assert told(path, data) == [("警情通报.txt", b"1")]


def test_a_name_used_twice_gets_a_number(path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for content in ("1", "2", "3"):
            archive.writestr("a.txt", content)
    assert told(path, target.getvalue()) == [("a.txt", b"1"), ("a.txt#2", b"2"), ("a.txt#3", b"3")]


def test_an_encrypted_member_costs_itself(path: Path) -> None:
    data = bytearray(zipped({"a.txt": b"1", "b.txt": b"2"}))
    directory = data.index(b"PK\1\2")
    data[6] |= 1
    data[directory + 8] |= 1
    assert told(path, bytes(data)) == [("a.txt", "encrypted"), ("b.txt", b"2")]


def test_a_link_is_no_leaf_to_read(path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, mode in (("link", 0o120777), ("pipe", 0o010644), ("file", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, "/etc/passwd")
    assert told(path, target.getvalue()) == [
        ("link", "not_regular_link"),
        ("pipe", "not_regular"),
        ("file", b"/etc/passwd"),
    ]


def test_a_wrong_checksum_costs_its_member(path: Path) -> None:
    data = zipped({"a.txt": b"first", "b.txt": b"second"}, zipfile.ZIP_STORED).replace(b"first", b"fIrst", 1)
    assert told(path, data) == [("a.txt", "malformed_archive"), ("b.txt", b"second")]


def test_a_header_that_contradicts_the_directory_costs_its_member(path: Path) -> None:
    data = zipped({"a.txt": b"1", "b.txt": b"2"}).replace(b"a.txt", b"x.txt", 1)
    assert told(path, data) == [("a.txt", "malformed_archive"), ("b.txt", b"2")]


def test_a_method_that_is_not_read_is_told(path: Path) -> None:
    data = zipped({"a.txt": b"1" * 99}, zipfile.ZIP_BZIP2)
    assert told(path, data) == [("a.txt", "binary_archive")]


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_cut_archive_is_one_rejection(path: Path, cut: int) -> None:
    data = zipped({f"{n}.txt": b"x" * 99 for n in range(9)})
    assert told(path, data[:-cut]) == [(None, "malformed_archive", "cut")]


def test_what_is_no_archive_is_one_rejection(path: Path) -> None:
    assert told(path, b"no archive at all") == [(None, "malformed_archive", "cut")]
    assert told(path, b"") == [(None, "malformed_archive", "cut")]


def test_archives_in_archives_are_read_to_a_depth(path: Path) -> None:
    inner = zipped({"b.zip": zipped({"c.txt": b"3"}), "d.txt": b"4"})
    data = zipped({"a.zip": inner})
    assert told(path, data, archive_depth=3) == [("a.zip!/b.zip!/c.txt", b"3"), ("a.zip!/d.txt", b"4")]
    assert told(path, data, archive_depth=2) == [
        ("a.zip!/b.zip", "too_complex_depth", "cut"),
        ("a.zip!/d.txt", b"4"),
    ]


def test_a_damaged_inner_archive_costs_itself(path: Path) -> None:
    data = zipped({"a.zip": b"damaged", "b.txt": b"2"})
    assert told(path, data) == [("a.zip", "malformed_archive", "cut"), ("b.txt", b"2")]


def test_a_member_may_have_so_many_bytes(path: Path) -> None:
    data = zipped({"a.txt": b"12345", "b.txt": b"123456"})
    assert told(path, data, member_bytes=5) == [("a.txt", b"12345"), ("b.txt", "too_large_member")]
    inner = zipped({"a.txt": b"1"})
    size = len(inner)
    data = zipped({"a.zip": inner})
    assert told(path, data, member_bytes=size) == [("a.zip!/a.txt", b"1")]
    assert told(path, data, member_bytes=size - 1) == [("a.zip", "too_large_member", "cut")]


def test_an_archive_may_give_so_many_bytes(path: Path) -> None:
    data = zipped({"a.txt": b"12345", "b.txt": b"12345"})
    assert len(told(path, data, archive_bytes=10)) == 2
    assert told(path, data, archive_bytes=9) == [("a.txt", b"12345"), (None, "too_large_archive", "cut")]


def test_an_archive_may_have_so_many_members(path: Path) -> None:
    data = zipped({"a.txt": b"1", "b.txt": b"2"})
    assert len(told(path, data, archive_members=2)) == 2
    assert told(path, data, archive_members=1) == [("a.txt", b"1"), (None, "too_complex_members", "cut")]
    many = zipped({f"{n}.txt": b"" for n in range(30)})
    assert told(path, many, archive_members=1) == [(None, "too_complex_members", "cut")]  # by its directory


def test_an_archive_may_unpack_so_far(path: Path) -> None:
    data = zipped({"a.txt": bytes(3 << 20)})
    enough = -(-(3 << 20) // len(data))
    assert len(told(path, data, archive_ratio=enough)) == 1
    assert told(path, data, archive_ratio=enough - 1) == [(None, "too_large_ratio", "cut")]


def test_entries_that_share_their_bytes_are_counted_each_time(path: Path) -> None:
    # As in 42.zip's successors: one stream of bytes, many entries in the directory that point to it.
    data = zipped({"a": bytes(900_000)})
    local, directory = data[: data.index(b"PK\1\2")], data[data.index(b"PK\1\2") : data.index(b"PK\5\6")]
    many = directory * 1000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, len(many), len(local), 0)
    found = told(path, local + many + end)
    assert found[-1] == (None, "too_large_ratio", "cut")
    assert sum(len(leaf[1]) for leaf in found[:-1]) <= 200 * path.stat().st_size
