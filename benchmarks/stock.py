"""A stock of files for timing the whole way into the database, with its truth beside it.

Three shapes as in benchmarks/corpus.py, their texts made of shuffled sentences with names and numbers of their
own (benchmarks/rows.py), so that no two are the same by chance. Of 100 files 10 are exact duplicates (two of
them with a byte-order mark and CRLF), 5 are near-duplicates, which count as contents of their own, and one is
bad. The same size always gives the same files. A day brings PER_DAY of them, so that a larger stock reaches over
more years, as an archive does: on one day all would have to be compared, since one unit's cases of a day may be one.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

from benchmarks.corpus import FRONT, PORTAL, SHAPES
from benchmarks.rows import bodies
from tests.support.damage import damage

FILED_NS = 1_600_000_000_000_000_000
LATER_NS = FILED_NS + 86_400_000_000_000
BAD = (b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", bytes(range(128, 256)) * 3)
SEED = 1
PER_DAY = 30
FIRST_DAY = datetime(2012, 1, 1, 1, 5, 47, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Truth:
    """Which content each path holds, as any name, and which paths hold nothing that could be loaded."""

    contents: dict[str, str]
    bad: set[str]

    def save(self, file: Path) -> None:
        file.write_text(json.dumps({"contents": self.contents, "bad": sorted(self.bad)}), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Truth:
        saved = json.loads(file.read_text(encoding="utf-8"))
        return cls(saved["contents"], set(saved["bad"]))


def make(folder: Path, files: int, seed: int = SEED, filed_ns: int = FILED_NS) -> Truth:
    """Write `files` files into folders of a thousand; their truth."""
    lot = Random(seed)
    texts = bodies(files, seed)
    truth = Truth({}, set())
    pages: list[tuple[str, bytes]] = []  # some of those written, to be copied
    last: tuple[str, str] | None = None
    for number in range(files):
        path = folder / f"{number // 1000:04}" / f"{seed}-{number:07}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = number % 100
        if kind == 99:
            data = BAD[number // 100 % len(BAD)]
            truth.bad.add(str(path))
        elif kind in range(50, 60) and pages:
            content, data = lot.choice(pages)
            data = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n") if kind < 52 else data
            truth.contents[str(path)] = content
        else:
            title, body, *_ = next(texts)
            if kind in range(60, 65) and last:
                title, body = last[0], f"{last[1]}\n记者{number}日从警方获悉，此事仍在进一步调查之中。"
            last = title, body
            data = page(SHAPES[number % len(SHAPES)], title, body.split("\n"), number)
            content = f"{seed}-{number}"
            truth.contents[str(path)] = content
            if len(pages) < 500:
                pages.append((content, data))
            else:
                pages[lot.randrange(500)] = (content, data)
        path.write_bytes(data)
        os.utime(path, ns=(filed_ns, filed_ns))
    return truth


def page(shape: str, title: str, lines: list[str], number: int) -> bytes:
    """A text in one of the shapes, dated by its number."""
    published = FIRST_DAY + timedelta(number // PER_DAY)
    if shape == "html":
        body = "".join(f"<p>{line}</p>" for line in lines)
        date = format_datetime(published, usegmt=True)
        return FRONT.format(title=title.replace("'", "’"), body=body, number=number, date=date).encode()
    if shape == "portal":
        told = "\n\n".join("　　" + line for line in lines)
        return PORTAL.format(title=title, body=told, date=f"{published:%Y-%m-%d}").encode()
    return damage("\n".join([title, *lines]), Random(number)).text.encode()


def copies(folder: Path, originals: Path, count: int) -> None:
    """The first `count` good files of a stock under new names."""
    folder.mkdir()
    good = [p for p in sorted(originals.rglob("*.txt")) if p.stat().st_size > 1000]
    for number, original in enumerate(good[:count]):
        (folder / f"copy-{number}.txt").write_bytes(original.read_bytes())
        os.utime(folder / f"copy-{number}.txt", ns=(FILED_NS, FILED_NS))
