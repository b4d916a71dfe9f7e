"""Sources and readers by name, files in path order, globs below what the user named."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import ConfigError
from etl.model import Found
from etl.sources import registry
from etl.sources.base import Changed, Limits, Skipped


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


def names(folder: Path, *globs: str, exclude: tuple[str, ...] = ()) -> list[str]:
    found = registry.discover([str(folder)], globs, exclude)
    return [entry.path.removeprefix(f"{folder}/") for entry in found]


def test_entries_come_in_the_byte_order_of_their_paths(tmp_path: Path) -> None:
    make(tmp_path, "a/b.txt", "a-b.txt", "a.txt", "a0.txt", "警/一.txt", "a/b/c.txt")
    listed = names(tmp_path)
    assert listed == sorted(listed, key=str.encode)
    assert len(listed) == 6


def test_globs_look_at_the_path_below_the_folder(tmp_path: Path) -> None:
    make(tmp_path, "2021/a.txt", "2021/a.html", "2022/b.txt")
    assert names(tmp_path, "2021/*") == ["2021/a.html", "2021/a.txt"]
    assert names(tmp_path, "*.txt", exclude=("2022/*",)) == ["2021/a.txt"]
    assert names(tmp_path / "2021" / "a.txt", "*.html") == [str(tmp_path / "2021" / "a.txt")]  # named: taken


def test_the_same_folder_twice_is_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert registry.resolve([str(tmp_path), str(tmp_path / "link")]) == [str(tmp_path)]
    with pytest.raises(ConfigError, match="nowhere"):
        registry.resolve([str(tmp_path / "nowhere")])


def test_a_plain_file_is_one_leaf(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", ".b.txt")
    hidden, found = registry.discover([str(tmp_path)])
    assert isinstance(hidden, Skipped)
    assert isinstance(found, Found)
    reading = registry.read(found, Limits())
    [leaf] = reading.leaves
    assert (leaf.member, leaf.record_no, leaf.sha256) == (None, None, reading.sha256)  # type: ignore[union-attr]
    make(tmp_path, "a.txt")
    (tmp_path / "a.txt").write_text("longer than before", encoding="utf-8")
    with pytest.raises(Changed):
        registry.read(found, Limits())


def test_the_longest_suffix_names_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.READERS, ".gz", ("os.path", "basename"))
    monkeypatch.setitem(registry.READERS, ".tar.gz", ("os.path", "dirname"))
    import os.path

    assert registry.reader_of("/a/b.GZ") is os.path.basename
    assert registry.reader_of("/a/b.tar.gz") is os.path.dirname
    assert registry.reader_of("/a.gz/b.txt") is None
