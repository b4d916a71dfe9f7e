"""The invented articles of this folder, and what the pipeline makes of them.

`dev` is what the rules were tuned on: 001 to 108 from the beginning; 301 to 427, 501 to 620, 701 to 740,
801 to 840 and 1001 to 1200 were written without sight of the rules, scored once, and joined it afterwards; so were
2001 to 2054, in each of which it takes reading to say when something happened; 901 to 933 and 934 to 963 were written
before the rules were asked about them, but by who tuned the rules. `heldout`, 1201 to 1240, was never tuned on.
In each of `hard` it takes reading to say who is who; what can't be read yet stays visible there. What kinds, cases
and outcomes weigh was learned from none of them.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from etl.model import RawFile
from etl.pipeline import process
from etl.prediction import prediction
from etl.rules import load_rules

HERE = Path(__file__).parent


def articles(folder: str) -> dict[str, dict[str, Any]]:
    """Articles of `dev`, `heldout`, `hard` or `traps` by id; none where the folder is absent."""
    read = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((HERE / folder).glob("*.json"))]
    return {a["id"]: a for a in read}


@lru_cache(maxsize=8)
def predictions(folder: str) -> dict[str, dict[str, Any]]:
    """The prediction for every article of a folder."""
    rules = load_rules()
    found = {}
    for key, article in articles(folder).items():
        data = article["input"].encode()
        done = process(RawFile(key, data, hashlib.sha256(data).digest()), rules)
        if done.article is not None and done.extraction is not None:
            found[key] = prediction(done.article, done.extraction, key)
    return found


def golds(folder: str) -> dict[str, dict[str, Any]]:
    return {key: {**article["gold"], "id": key} for key, article in articles(folder).items()}


def article_kinds() -> dict[str, list[str]]:
    """The kind of each article, by id, and after it those that are right too."""
    rows = (HERE / "article_kinds.tsv").read_text(encoding="utf-8").splitlines()
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    return {key: [kind, *filter(None, also.split(","))] for key, kind, also in cells}


def article_kind_accuracy(folder: str) -> float:
    """Share of the articles of a folder whose kind is right."""
    kinds, told = article_kinds(), predictions(folder)
    return sum(p["kind"] in kinds[key] for key, p in told.items() if key in kinds) / max(1, len(told))


def digest(folder: str) -> str:
    """SHA-256 over names and bytes of a folder's articles: which corpus a floor was measured on."""
    files = sorted((HERE / folder).glob("*.json"))
    return hashlib.sha256(b"".join(p.name.encode() + b"\0" + p.read_bytes() for p in files)).hexdigest()
