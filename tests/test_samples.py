"""The sample articles do what docs/samples.md says of them."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from etl.model import Processed, RawFile
from etl.pipeline import process
from etl.rules import load_rules
from tests.support.make_samples import made

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
# | `bare/lost-wallet.txt` | what it shows | loaded | 1: `lost_property` |
ROW_RE = re.compile(r"^\| `(.+?\.txt)` \| (.+) \|$", re.M)
ROWS = {
    name: [cell.strip() for cell in cells.split("|")]
    for name, cells in ROW_RE.findall((ROOT / "docs" / "samples.md").read_text(encoding="utf-8"))
}
BAD = {name: cells for name, cells in ROWS.items() if name.startswith("bad/")}
LOADED = {name: cells for name, cells in ROWS.items() if cells[1] == "loaded"}
DUPLICATES = {name: cells for name, cells in ROWS.items() if cells[1].startswith("duplicate of ")}
QUOTED_RE = re.compile(r"`(.+?)`")


@cache
def processed(name: str) -> Processed:
    data = (SAMPLES / name).read_bytes()
    return process(RawFile(name, data, sha256(data).digest()), load_rules())


def test_the_table_names_every_file_and_no_other() -> None:
    files = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert files == ROWS.keys() == BAD.keys() | LOADED.keys() | DUPLICATES.keys()


def test_loaded_articles_differ() -> None:
    assert len({processed(name).content_hash for name in LOADED}) == len(LOADED)


@pytest.mark.parametrize("name", LOADED)
def test_incidents_are_those_of_the_table(name: str) -> None:
    extraction = processed(name).extraction
    assert extraction is not None
    expected = QUOTED_RE.findall(LOADED[name][2])
    assert [incident.kind for incident in extraction.incidents] == expected


@pytest.mark.parametrize("name", DUPLICATES)
def test_duplicate_has_the_content_it_repeats(name: str) -> None:
    original = QUOTED_RE.findall(DUPLICATES[name][1])[0]
    assert processed(name).content_hash == processed(original).content_hash is not None


@pytest.mark.parametrize("name", BAD)
def test_file_that_is_no_article_is_rejected(name: str) -> None:
    assert f"`{processed(name).reason}`" == BAD[name][1]


@pytest.mark.parametrize(("name", "data"), tuple(made()))
def test_generated_sample_is_what_the_generator_makes(name: str, data: bytes) -> None:
    assert (SAMPLES / name).read_bytes() == data
