import marshal
import re
import sys
from pathlib import Path
from re import _compiler  # type: ignore[attr-defined]

import pytest

from etl.executors import programs
from etl.executors.programs import Programs

PATTERNS = [
    (r"(?P<year>\d{4})年(?P<month>\d{1,2})月|[一-鿿]{2}(?!路)", 0),
    (r"<(?P<tag>br|p)[^>\n]{0,9}>", re.IGNORECASE),
    (rb"charset=([\w-]{1,20})", re.IGNORECASE),
    (r"(?x) 民警 | \s+ 派出所", re.MULTILINE),
]
TEXTS = ("2023年5月", "他说 民警在派出所 上班", "<BR class='x'>", b"CHARSET=gb2312", "南京路", "")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(programs, "WORTH_WRITING", 1)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "cache" / "of.programs"


def made(file: Path) -> Programs:
    some = Programs(file)
    for pattern, flags in PATTERNS:
        some.compile(pattern, flags)
    return some


@pytest.mark.parametrize(("pattern", "flags"), PATTERNS)
def test_a_kept_program_finds_what_the_pattern_finds(pattern: str | bytes, flags: int, file: Path) -> None:
    made(file).save()
    again = Programs(file)
    kept, usual = again.compile(pattern, flags), re.compile(pattern, flags)
    assert not again.new
    assert (kept.pattern, kept.flags, kept.groups, kept.groupindex) == (
        usual.pattern,
        usual.flags,
        usual.groups,
        usual.groupindex,
    )
    for text in TEXTS:
        if isinstance(text, type(pattern)):
            ours, theirs = (
                [(m.span(), m.groups(), m.lastgroup) for m in p.finditer(text)] for p in (kept, usual)
            )
            assert ours == theirs


def test_other_flags_are_another_program(file: Path) -> None:
    some = Programs(file)
    assert not some.compile("a").search("A")
    assert some.compile("a", re.IGNORECASE).search("A")


def test_a_wrong_pattern_is_refused_as_always(file: Path) -> None:
    with pytest.raises(re.error, match="unterminated"):
        Programs(file).compile("(a")


@pytest.mark.parametrize(
    "data", [b"", b"\xff\x00nonsense", marshal.dumps(("another interpreter", {("a", 0): 1}))]
)
def test_a_file_that_is_not_ours_is_left_unread_and_written_anew(data: bytes, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(data)
    some = made(file)
    assert len(some.new) == len(PATTERNS)
    some.save()
    assert Programs(file).known.keys() == set(PATTERNS)


def test_where_nothing_can_be_written_nothing_is_lost(file: Path) -> None:
    file.parent.write_bytes(b"")  # a file where the folder should be
    some = made(file)
    some.save()
    assert some.compile(*PATTERNS[0]).search("2023年5月")
    assert list(file.parent.parent.iterdir()) == [file.parent]


def test_nothing_is_written_where_python_writes_no_byte_code(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made(file).save()
    assert not file.exists()


def test_what_nobody_asks_for_any_more_goes_in_the_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST", 3)
    made(file).save()
    later = Programs(file)
    later.compile("新")
    later.save()
    assert Programs(file).known.keys() == {("新", 0)}


def test_re_asks_here_once_installed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiler, "compile", _compiler.compile)  # put back afterwards
    some = Programs(file)
    some.install()
    assert re.compile("只在这里出现的一个词{2}").search("只在这里出现的一个词词")
    assert ("只在这里出现的一个词{2}", 0) in some.new
