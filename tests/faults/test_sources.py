"""What the file system refuses is named: each reason of the families `unreadable` and `not_regular`."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.errors import SourceError
from etl.model import Found
from etl.sources import files
from etl.sources.base import Unusable
from etl.sources.files import read_bytes, walk


def reasons(folder: Path) -> list[str]:
    return [entry.reason for entry in walk(str(folder)) if isinstance(entry, Unusable)]


def found(path: Path) -> Found:
    info = path.stat()
    return Found(str(path), info.st_size, info.st_mtime_ns)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "unreadable_permission"),
        (errno.EPERM, "unreadable_permission"),
        (errno.EIO, "unreadable"),
        (errno.ESTALE, "unreadable"),
        (errno.ENAMETOOLONG, "unreadable_path"),
        (errno.ELOOP, "not_regular"),
    ],
)
def test_a_file_that_does_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("警", encoding="utf-8")
    there = found(file)

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(SourceError) as e:
        read_bytes(there, 100)
    assert e.value.reason == reason
    assert e.value.detail == os.strerror(number)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_folder_that_does_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(_: bytes) -> Iterator[os.DirEntry[bytes]]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "scandir", refuse)
    assert reasons(tmp_path) == ["unreadable_folder"]


def test_a_path_longer_than_the_system_takes(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("数" * 80, dir_fd=here)
        below = os.open("数" * 80, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert reasons(tmp_path) == ["unreadable_path"]


def test_what_is_no_regular_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("b")
    assert reasons(tmp_path) == ["not_regular_pipe", "not_regular_socket"]
    assert reasons(Path("/dev/null")) == ["not_regular_device"]
    assert files.irregular(0) == "not_regular"


def test_a_pipe_put_in_the_place_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("警", encoding="utf-8")
    there = found(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(SourceError) as e:
        read_bytes(there, 100)
    assert e.value.reason == "not_regular_pipe"
