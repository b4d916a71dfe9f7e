"""Repair: what is asked for all at once or left out comes to the same as one by one and with everything."""

from __future__ import annotations

from random import Random

import pytest

from etl.rules import load_rules
from etl.rules.repair_statistics import statistics
from etl.stages.repair.codes import codes
from etl.stages.repair.halves import Halves, OnPage
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.reading import BEAM, Most, Reading, Step, best

STATISTICS = statistics()
TABLE = codes(load_rules().repair, STATISTICS)
PAGE = "民警说，老人走了。“老人头脑→不清。”派出所所长3日接到报警，、①民警民警".translate(TABLE.seen)
# Known by pair, by triple, on the page only, behind stops, digits, symbols and at the beginning of a line.
CONTEXTS = ["民警", "派出", "脑→", "→不", "→①", "，、", "。”", "00", "A，", "||", "|老", "龘民", "出所"]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("lead", [0xA1, 0xA3, 0xB0, 0xCB, 0xF1])
def test_costs_in_a_list_are_those_asked_for_singly(context: str, lead: int) -> None:
    listed, plausible = TABLE.with_lead(lead), Plausibility(STATISTICS, PAGE)
    singly = Plausibility(STATISTICS, PAGE).cost
    assert plausible.listed(context, listed) == [singly(context + char) for char in listed.seen]


def test_nothing_that_would_be_kept_costs_more_than_the_most() -> None:
    rng = Random(3)
    readings = [Reading(float(n), "", "||" + rng.choice("甲乙") * n) for n in range(6)]
    for _ in range(200):
        steps = [
            (r.cost + rng.randint(0, 80) / 4, r, char, char, 0)
            for r in readings
            for char in rng.choices("甲乙丙丁戊己庚辛壬癸子丑", k=8)
        ]
        most = Most()
        most.heed(steps[: rng.randint(0, len(steps))])
        assert best(steps, 0) == best([step for step in steps if step[0] <= most.cost], 0)
        assert len(best(steps, 0)) == BEAM


def alone(r: Reading, trail: int, bound: float) -> list[Step]:
    """What is found for one reading, nothing being known from others."""
    return Halves(OnPage(TABLE, Plausibility(STATISTICS, PAGE)), trail, "警").after(r, bound)


@pytest.mark.parametrize("seen", ["||民", "他说。", "派出所", "，、→", "民警"])
@pytest.mark.parametrize("pending", [0xB2, 0xBE, 0xD5, 0xA1])
def test_what_one_look_has_learnt_changes_nothing_for_others(seen: str, pending: int) -> None:
    r, on_page = Reading(0.0, "", seen, pending), OnPage(TABLE, Plausibility(STATISTICS, PAGE))
    for trail in (0xB8, 0xBE, 0xC7, 0xD3):
        for bound in (12.0, 24.0, 40.0, 24.0):
            assert Halves(on_page, trail, "警").after(r, bound) == alone(r, trail, bound)


@pytest.mark.parametrize("seen", ["||民", "他说。", "派出所", "，、→"])
@pytest.mark.parametrize("trail", [0xBE, 0xC7, 0xD3])
def test_halves_that_are_left_out_would_not_be_kept(seen: str, trail: int) -> None:
    readings = [Reading(cost, "", seen, pending) for cost, pending in ((0.0, 0xBE), (4.0, 0xD5), (9.5, 0xC8))]
    together = Halves(OnPage(TABLE, Plausibility(STATISTICS, PAGE)), trail, "警")
    some = [step for r in readings for step in together.after(r, 40.0)]
    every = [step for r in readings for step in alone(r, trail, 40.0)]
    assert best(some, 0xA1) == best(every, 0xA1) != []
    assert len(some) <= len(every)
