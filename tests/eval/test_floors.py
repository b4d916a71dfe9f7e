"""Extraction scores may not fall below their pins; lowering one needs a reason in the commit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etl.rules.extract import enums
from tests.eval.harness import (
    HERE,
    article_kind_accuracy,
    article_kinds,
    articles,
    digest,
    golds,
    predictions,
)
from tests.eval.score import score

FLOORS = json.loads((HERE / "floors.json").read_text(encoding="utf-8"))
CORPUS = FLOORS.pop("corpus")
ARTICLE_KIND = FLOORS.pop("article_kind")
PINS = [(folder, field, floor) for folder, pins in FLOORS.items() for field, floor in pins.items()]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    return {folder: score(golds(folder), predictions(folder)) for folder in FLOORS}


@pytest.mark.parametrize(("folder", "field", "floor"), PINS)
def test_score_holds_its_floor(results: dict[str, Any], folder: str, field: str, floor: float) -> None:
    got = results[folder]["rows"][field][2]
    where = [e for e in results[folder]["errors"] if e[2] == field]
    assert got >= floor, f"{folder} {field}: F1 {got:.3f}, pinned {floor}; {where[:10]}"


@pytest.mark.parametrize("folder", sorted(FLOORS))
def test_floors_were_pinned_on_these_articles(folder: str) -> None:
    assert digest(folder) == CORPUS[folder], "articles changed: measure again, then pin floors and digest"


def test_every_article_is_extracted() -> None:
    assert predictions("dev").keys() == articles("dev").keys()


@pytest.mark.parametrize("key", sorted(articles("traps")))
def test_trap_tells_no_incident(key: str) -> None:
    told = predictions("traps")[key]["incidents"]
    assert not told, [i["evidence"]["text"][:60] for i in told]


@pytest.mark.parametrize("folder", ["dev", "traps"])
def test_article_kind_holds_its_floor(folder: str) -> None:
    kinds = article_kinds()
    wrong = [(k, p["kind"], kinds[k]) for k, p in predictions(folder).items() if p["kind"] not in kinds[k]]
    assert article_kind_accuracy(folder) >= ARTICLE_KIND[folder], wrong


def test_every_article_has_its_kind() -> None:
    codes = {row["code"] for row in enums()["article_kind"]}
    kinds = article_kinds()
    assert kinds.keys() == articles("dev").keys() | articles("traps").keys()
    assert {code for row in kinds.values() for code in row} <= codes


def test_evidence_is_a_slice_of_the_body() -> None:
    for p in predictions("dev").values():
        for i in p["incidents"]:
            e = i["evidence"]
            assert p["body"][e["start"] : e["end"]] == e["text"]
