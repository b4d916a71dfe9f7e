"""Mojibake: lines whose bytes were read in the wrong encoding, read in the right one.

Such a line is made of rare characters; read rightly it is made of common ones. Both are demanded, so a
line of rare but real characters stays: no other reading of it is plausible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from etl.model import Edit
from etl.rules.repair import PRIVATE, RepairRules

LOST = "\ufffd"
# U+FFFD written as UTF-8, twice, and read as GBK; the tail may be cut off.
KUN_RE = re.compile("(?:锟斤拷)+(?:锟斤?)?")
# What common characters and punctuation in UTF-8 look like as GBK (锛銆鐨), as GBK twice (閿閵閻), as
# Latin letters, as Latin letters in UTF-8 as GBK (氓忙莽, 脙脛脜), as kana.
HINTS = "锛銆鐨鏄鍦浜涓鏈鎴鍙鈥閿閵閻閺閸娴娑閹閳聙盲氓忙莽猫茅脙脛脜脟脠脢脦脧脨脩脪\x80-\x9f\uff61-\uff9f"
HINT_RE = re.compile(f"[{HINTS}\xc0-\xff](?:(?<=[{HINTS}])|(?=[^\x00-\x7f]))")
NOT_ASCII_RE = re.compile(r"[^\x00-\x7f]")
LOST_RE = re.compile(f"{LOST}[{LOST}?]*")
AT_MOST_COMMON, AT_LEAST_COMMON = 0.75, 0.9
# A decoder that shows the user-defined zone of GBK as private-use characters knows all pairs: what it lost
# before another pair can only be the single byte 80, which others show as a euro sign.
PRIVATE_RE = re.compile(f"[{PRIVATE}]")
LOST_80_RE = re.compile(f"{LOST}(?=[^\x00-\x7f{LOST}])")
AT_MOST_LOST, AT_LEAST_READ = 0.45, 3
WHOLE_RE = re.compile(r".*", re.DOTALL)
# æ´¾å‡ºæ‰€ in 来源：æ´¾å‡ºæ‰€, with spaces and the like in it but not around it: what Windows-1252 and Latin-1 have.
WESTERN = "\x80-\xff" + "".join(bytes((b,)).decode("cp1252", "ignore") for b in range(0x80, 0xA0)) + LOST
WESTERN_RE = re.compile(f"[\x80-\xff][\x00-\x7f{WESTERN}]{{0,10000}}[{WESTERN}]")
NO_BYTE = b"\xff"  # of what is lost: in no encoding a character


def mojibake(text: str, rules: RepairRules) -> Iterator[Edit]:
    """Edits that replace every line of mojibake, also one misread twice; 锟斤拷 stands for what is lost."""
    if not HINT_RE.search(text) and "锟" not in text:
        return
    start = 0
    for line in text.split("\n"):
        yield from _of_line(line, start, rules)
        start += len(line) + 1


def _of_line(line: str, start: int, rules: RepairRules) -> Iterator[Edit]:
    """The edits of a line at `start`: all of it, or else the parts in Western letters among Chinese text."""
    if HINT_RE.search(line):
        for m in (WHOLE_RE.match(line), *WESTERN_RE.finditer(line)):
            read = _read_rightly(m[0], rules) if m else ""
            if m and read != m[0]:
                certainty = "lost" if LOST in read else "certain"
                yield Edit(start + m.start(), start + m.end(), read, "mojibake", certainty)
                if m.end() - m.start() == len(line):
                    return
    for m in KUN_RE.finditer(line):
        yield Edit(start + m.start(), start + m.end(), LOST, "replacement", "lost")


def _read_rightly(line: str, rules: RepairRules) -> str:
    """`line` read in the encoding that makes it plausible, the line itself if there is none.

    >>> from etl.rules import load_rules
    >>> _read_rightly("娲惧嚭鎵€鐨勪汉", load_rules().repair)
    '派出所的人'
    """
    if _common(line, rules) > AT_MOST_COMMON:
        return line
    once = [read for to_bytes, encoding in MISREADINGS if (read := _decoded(line, to_bytes, encoding))]
    twice = [r for o in once for to_bytes, encoding in MISREADINGS if (r := _decoded(o, to_bytes, encoding))]
    for reading in (*once, *twice):
        lost, telling = reading.count(LOST), len(NOT_ASCII_RE.findall(reading))  # ASCII is no evidence
        enough = telling - lost >= AT_LEAST_READ
        if enough and lost <= AT_MOST_LOST * telling and _common(reading, rules) >= AT_LEAST_COMMON:
            return reading
    return line


def _common(line: str, rules: RepairRules) -> float:
    """The share of common characters among those of `line` that are not ASCII; lost ones count as neither."""
    others = NOT_ASCII_RE.findall(line.replace(LOST, ""))
    return sum(c in rules.common for c in others) / len(others) if others else 0.0


def _decoded(line: str, to_bytes: Callable[[str], bytes], encoding: str) -> str:
    """`line` turned back into bytes and read as `encoding`; empty if it can't have come about so."""
    try:
        read = to_bytes(line).decode(encoding, "replace")
    except UnicodeEncodeError:
        return ""
    return LOST_RE.sub(LOST, read) if read != line else ""


def _chinese(line: str) -> bytes:
    """Bytes of text read as GBK, where Windows shows the single byte 80 as a euro sign."""
    if PRIVATE_RE.search(line):
        line = LOST_80_RE.sub("€", line)
    return b"\x80".join(_with_gaps(part, lambda kept: kept.encode("gb18030")) for part in line.split("€"))


def _western(line: str) -> bytes:
    """Bytes of text read as Windows-1252, whose five gaps are read as Latin-1 controls."""
    return _with_gaps(
        line, lambda kept: b"".join(c.encode("latin-1" if c <= "\xff" else "cp1252") for c in kept)
    )


def _japanese(line: str) -> bytes:
    """Bytes of text read as Shift-JIS as Windows has it."""
    return _with_gaps(line, lambda kept: kept.encode("cp932"))


def _with_gaps(line: str, to_bytes: Callable[[str], bytes]) -> bytes:
    """The bytes of `line` by `to_bytes`, with one that no encoding has for every lost character."""
    return NO_BYTE.join(map(to_bytes, line.split(LOST)))


# The wrong encoding turned back into bytes, and the right one.
MISREADINGS: tuple[tuple[Callable[[str], bytes], str], ...] = (
    (_chinese, "utf-8"),
    (_western, "utf-8"),
    (_western, "gb18030"),
    (_japanese, "utf-8"),
    (_japanese, "gb18030"),
)
