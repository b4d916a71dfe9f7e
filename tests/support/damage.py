"""Damaged pages made from clean ones, by the model that reproduces real damaged pages byte for byte.

A page converter turned simplified text into traditional, wrote full-width commas as entities, put pinyin
after the two bytes of some characters and cut the GBK bytes at ！ and ？; the last two by a search that
knew nothing of character borders. `damage` does the same and says where it hit. docs/repair.md has the
damage classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from etl.rules import read_tsv

NOTED_SEEN = "當態區續復醫現聯關數應發經監責結內據調協網絡預擔務創質產穩戰節環執"
NARROWED = {c: chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)}
TAG_RE = re.compile(r"</?[a-z]+>")
ENTITY_RE = re.compile(r"&#x([0-9a-f]{4});")
CUT_RE = re.compile(rb"\xa3[\xa1\xbf]|\xa1\xa2")


@dataclass(frozen=True, slots=True)
class Byte:
    """One byte of the page; `origin` is the clean character it came from (-1: none)."""

    value: int
    origin: int
    first: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """What the decoder took as one character."""

    bytes: tuple[Byte, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Characters `[start, end)` of the clean text that were read out of step, and how many pairs dropped."""

    start: int
    end: int
    kind: str  # cut! cut? note
    dropped: int = 0
    swallowed: str = ""  # the ASCII byte read as a trail, if the run ended so


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged page, the places hit in the clean text, and the noted characters."""

    text: str
    runs: tuple[Run, ...]
    noted: Mapping[str, str]


@cache
def traditional() -> Mapping[int, str]:
    """The converter's one-to-one table, for str.translate."""
    rows = read_tsv("repair_script.tsv", 4)
    return {ord(s): t for t, s, by_converter, _ in rows if by_converter == "x"}


@cache
def readings() -> Mapping[str, str]:
    """The first reading of every character of the script table."""
    return {t: said.split()[0] for t, _, _, said in read_tsv("repair_script.tsv", 4) if said != "-"}


def damage(
    clean: str,
    rng: Random | None = None,
    *,
    noted: Iterable[str] | None = None,
    chance: float = 0.8,
    hits: Callable[[int, int], bool] | None = None,
) -> Damaged:
    """The damaged page that `clean` (simplified, full-width punctuation, a paragraph a line) would become.

    `noted` are the traditional characters that get a pinyin note, 20 to 30 by lot if not given; a place
    where bytes across two characters look like ！ or ？ is cut with probability `chance`, or as `hits`
    says for its line and its number in the line.

    >>> damage("市民说。“老人", noted="", chance=1).text
    '市民說?!袄先?/p>'
    """
    rng = rng or Random(0)
    if noted is None:
        noted = rng.sample(NOTED_SEEN, rng.randint(20, 30))
    notes = {c: readings()[c] for c in noted}
    lines, runs, at = [], [], 0
    for number, line in enumerate(clean.split("\n")):
        chosen = (lambda place, n=number: hits(n, place)) if hits else (lambda _: rng.random() < chance)
        text, hit = _line(line, at, notes, chosen)
        lines.append(text)
        runs += hit
        at += len(line) + 1
    return Damaged("\n".join(lines), tuple(runs), notes)


def _line(line: str, at: int, notes: Mapping[str, str], hit: Callable[[int], bool]) -> tuple[str, list[Run]]:
    """One paragraph through all steps: its damaged text, and its runs."""
    data = _bytes("<p>")
    for i, char in enumerate(line.translate(traditional()), at):
        data += _bytes("&#xff0c;" if char == "，" else char, i)
    data = _insert_notes(data + _bytes("</p>"), notes)
    units = [unit for piece in _pieces(data, hit) for unit in _decode(piece)]
    text = TAG_RE.sub("", "".join(u.text for u in units))
    text = ENTITY_RE.sub(lambda m: chr(int(m[1], 16)), text)
    return text.translate(NARROWED), _runs(units)


def _bytes(text: str, origin: int = -1) -> list[Byte]:
    """GBK bytes of `text`, all from clean character `origin`; what GBK lacks becomes a question mark."""
    return [
        Byte(b, origin, first=not k) for char in text for k, b in enumerate(char.encode("gbk", "replace"))
    ]


def _insert_notes(data: list[Byte], notes: Mapping[str, str]) -> list[Byte]:
    """`data` with `(syllable)` after every occurrence of a noted character's bytes, borders or not."""
    if not notes:
        return data
    by_bytes = {c.encode("gbk"): _bytes(f"({said})") for c, said in notes.items()}
    pattern = re.compile(b"|".join(map(re.escape, by_bytes)))
    out: list[Byte] = []
    last = 0
    for m in pattern.finditer(bytes(b.value for b in data)):
        out += data[last : m.end()] + by_bytes[m[0]]
        last = m.end()
    return out + data[last:]


def _pieces(data: list[Byte], hit: Callable[[int], bool]) -> Iterator[list[Byte]]:
    """`data` cut before every ！, ？ and 、, and before the false ！ and ？ that `hit` names."""
    last = place = 0
    for m in CUT_RE.finditer(bytes(b.value for b in data)):
        false = not data[m.start()].first
        if false and m[0] != b"\xa1\xa2":
            place += 1
        if not false or (m[0] != b"\xa1\xa2" and hit(place - 1)):
            yield data[last : m.start()]
            last = m.start()
    yield data[last:]


def _decode(piece: list[Byte]) -> Iterator[Unit]:
    """What a lenient GBK decoder reads: two bytes at a time while the lead is 81 or more."""
    at = 0
    while at < len(piece):
        pair = bytes(b.value for b in piece[at : at + 2])
        if pair[0] < 0x80:
            size, text = 1, chr(pair[0])
        elif pair[0] == 0x80:
            size, text = 1, "€"
        elif len(pair) == 1:
            size, text = 1, "?"
        else:
            size, text = 2, "?" if pair[1] < 0x40 else _pair(pair)
        yield Unit(tuple(piece[at : at + size]), text)
        at += size


def _pair(pair: bytes) -> str:
    """The character of a two-byte code; nothing in the user-defined zone, whose characters get dropped."""
    lead, trail = pair
    user_defined = (0xAA <= lead <= 0xAF or lead >= 0xF8) and trail >= 0xA1
    if user_defined or (0xA1 <= lead <= 0xA7 and trail <= 0xA0):
        return ""
    return pair.decode("gbk", "ignore")[:1] or "?"


def _runs(units: Iterable[Unit]) -> list[Run]:
    """The stretches of `units` that do not begin and end with a character of the page."""
    runs: list[Run] = []
    open_: list[Unit] = []
    follows = None
    rows = [*units, Unit((Byte(0, -1, True),), "")]
    for unit, after in zip(rows, [*rows[1:], None], strict=True):
        ends_well = after is None or after.bytes[0].first
        if unit.bytes[0].first and ends_well and all(not b.first for b in unit.bytes[1:]):
            if open_:
                runs.append(_run(open_, follows))
                open_ = []
            follows = unit
        else:
            open_.append(unit)
    merged: list[Run] = []
    for run in runs:
        if merged and run.start < merged[-1].end:
            first = merged.pop()
            run = replace(run, start=first.start, kind="note", dropped=first.dropped + run.dropped)
        merged.append(run)
    return merged


def _run(units: Sequence[Unit], before: Unit | None) -> Run:
    origins = [b.origin for u in units for b in u.bytes if b.origin >= 0]
    head = bytes(b.value for u in units for b in u.bytes)[:3]
    kind = {b"\xa3\xa1": "cut!", b"\xa3\xbf": "cut?"}.get(head[1:], "note")
    last = units[-1].bytes[-1]
    swallowed = chr(last.value) if last.first and last.value < 0x40 else ""
    return Run(min(origins), max(origins) + 1, kind, sum(not u.text for u in units), swallowed)
