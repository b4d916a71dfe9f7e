"""The scorer: gold scores 1 against itself, and each kind of damage costs its field."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.eval.harness import golds
from tests.eval.score import alike, bare, score, wordings


def perfect(gold: dict[str, Any]) -> dict[str, Any]:
    """A prediction that says what gold says."""
    pred = copy.deepcopy(gold)
    pred["body"] = (gold.get("body_first") or "") + (gold.get("body_last") or "")
    for i in pred["incidents"]:
        i["evidence"] = {"text": " ".join(wordings(a)[0] for a in i.pop("anchors", []))}
        i["items"] = [wordings(x)[0] for x in i.get("items") or []]
    return pred


@pytest.fixture(scope="module")
def gold() -> dict[str, Any]:
    return golds("dev")


def test_gold_scores_one_against_itself(gold: dict[str, Any]) -> None:
    rows = score(gold, {k: perfect(g) for k, g in gold.items()})["rows"]
    assert {name: row[2] for name, row in rows.items() if row[2] < 1} == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "other"}, "kind"),
        ({"station": "无名派出所"}, "station"),
        ({"persons": []}, "persons"),
        ({"outcome": []}, "outcome"),
        ({"amount_cny": 1}, "amount_cny"),
        ({"place": "某处" * 20}, "place"),
        ({"evidence": {"text": ""}}, "incident"),
        ({"occurred": {"start": "1999-01-01", "precision": "day"}}, "occurred_day"),
    ],
)
def test_damage_costs_its_field(gold: dict[str, Any], change: dict[str, Any], field: str) -> None:
    preds = {k: perfect(g) for k, g in gold.items()}
    for p in preds.values():
        for i in p["incidents"]:
            i.update(change)
    if field == "incident":
        for p in preds.values():
            for i in p["incidents"]:
                i.update(kind="none")
    assert score(gold, preds)["rows"][field][2] < 1


def test_phrases_agree_by_containment_or_half_their_pairs() -> None:
    assert alike("人民路加油站附近", "人民路加油站")
    assert not alike("人民路", "滨河公园")


def test_divisions_agree_without_their_ending() -> None:
    assert bare("长治市") == bare("长治")


def test_equals_the_reference_scorer_where_that_is_at_hand(gold: dict[str, Any]) -> None:
    reference = Path(__file__).parents[3] / "shared" / "score.py"
    if not reference.exists():
        pytest.skip("the reference scorer is not part of this repository")
    import importlib.util

    from tests.eval.harness import predictions

    spec = importlib.util.spec_from_file_location("reference_score", reference)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ours = score(gold, predictions("dev"))["rows"]
    theirs = module.score(gold, json.loads(json.dumps(predictions("dev"))))["rows"]
    assert {n: [round(x, 9) for x in r] for n, r in ours.items()} == {
        n: [round(x, 9) for x in r] for n, r in theirs.items()
    }
