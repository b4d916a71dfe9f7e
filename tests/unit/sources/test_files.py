"""The walk looks at many files at once, and says of each what a look at that one alone says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etl.sources import files
from etl.sources.base import Skipped
from etl.sources.paths import escape_path

FILES = [
    "a.txt", "a-b.txt", "a0", "a/b.txt", "a/c/d.txt", "a.b/e.txt", "b.TMP", "c.txt~", "警情/一.txt", "警情/　.txt",
    "d\\e.txt", ".hidden", ".folder/f.txt", "é", "z.part", "zz/1", "zz/2", "zz/3", "zz/4", "zz/5",
]  # fmt: skip


@pytest.mark.parametrize("at_once", [1, 2, 3, 1000])
def test_a_walk_says_what_a_look_at_each_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(files, "FILES_AT_ONCE", at_once)
    top = os.fsencode(tmp_path)
    paths = [top + b"/" + name.encode() for name in FILES] + [top + b"/\xff.txt", top + b"/new\nline"]
    for path in paths:
        file = Path(os.fsdecode(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path[-3:])
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "pipe")
    seen = list(files.walk(escape_path(top)))
    wanted = [p for p in [*paths, top + b"/link", top + b"/pipe"] if b"/.folder/" not in p]
    assert seen == [files.judge(path) for path in sorted(wanted)]
    assert {e.reason for e in seen if isinstance(e, Skipped)} == {"hidden", "partial_name", "link"}
