"""Repair: the work on a page stays in proportion to its length, whatever the page is made of."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from etl.rules import load_rules
from etl.rules.repair_statistics import statistics
from etl.stages.repair import repair
from etl.stages.repair.codes import codes
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.runs import ASKED, ASKED_BY_MARK, ASKED_PER_CHAR, Finder

RULES = load_rules().repair
TABLE = codes(RULES, statistics())
CHARS = [char for (lead, _), (char, _) in sorted(TABLE.chars.items()) if lead > 0xAF]
# The last look ends by the allowance of its mark; one step may go beyond: 16 readings, 20 by 30 pairs of halves.
ONE_STEP = 20_000 + ASKED_BY_MARK
EVIDENCE = "小事當(dāng)做大事辦,民警擔當(dāng)。"


def noise(rng: Random, size: int) -> str:
    """Characters by lot, so that no reading is plausible and the search is long."""
    return "".join(rng.choices(CHARS, k=size))


PAGES = {
    "short runs": lambda rng: "".join("?!" + noise(rng, 8) for _ in range(600)),
    "long runs": lambda rng: "".join("?!" + noise(rng, 120) for _ in range(60)),
    "marks and pairs": lambda rng: "".join("??" + noise(rng, 2) for _ in range(1800)),
    "one run, again and again": lambda _: "?!袄先祟^民警說這個" * 600,
    "spaced marks": lambda _: " ?! " * 1800,
    "notes within characters": lambda _: "們?nèi)珕T" * 1000,
    "swallowed tags": lambda _: "了?!?/p>" * 1000,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_a_bounded_number_of_costs(name: str) -> None:
    page = PAGES[name](Random(1))
    plausible = Plausibility(statistics(), page.translate(TABLE.seen))
    finder = Finder(page, TABLE, plausible)
    spans = [(run.start, run.end) for run in finder.runs()]
    assert finder.asked <= ASKED + ASKED_PER_CHAR * len(page) + ONE_STEP
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert not any(start <= mark.start < end for mark in finder.unread for start, end in spans)


def test_what_is_not_read_stays_and_is_on_record() -> None:
    noisy = "".join("?!" + noise(Random(1), 8) for _ in range(2000))
    repaired = repair(EVIDENCE + noisy, RULES)
    unread = [r for r in repaired.text.repairs if r.kind == "unread"]
    assert {"damaged", "doubtful"} <= set(repaired.flags)
    assert all(r.before == r.after == "?" and r.certainty == "likely" for r in unread)
    assert repaired.text.value.count("?!", unread[0].start) == len(unread) > 500


def test_a_page_with_some_real_marks_is_read_to_its_end() -> None:
    page = EVIDENCE + "他問:“真的嗎?!”民警說:“是真的,老人已經回到家里,家屬都來了!”\n" * 3
    assert "unread" not in {r.kind for r in repair(page, RULES).text.repairs}


def test_real_question_marks_do_not_use_up_the_allowance_of_runs() -> None:
    real = "他問:“真的嗎?!”民警說:“是真的,老人已經回到家里??家屬都來了!”\n" * 300
    repaired = repair(EVIDENCE + real + "見到了走失的父親?!袄先祟^腦不是十分清晰。", RULES).text.value
    assert repaired.endswith("见到了走失的父亲。“老人头脑不是十分清晰。")
    assert repaired.count("真的吗?!”") == 300


def test_marks_not_read_on_a_page_without_other_damage_are_on_record_if_they_look_like_runs() -> None:
    real = "他問:“真的嗎?!”民警說:“是真的,老人已經回到家里??家屬都來了!”\n" * 300
    noisy = real + "".join("?!" + noise(Random(1), 8) for _ in range(800))
    assert repair(real, RULES).text.repairs == ()
    assert "unread" in {r.kind for r in repair(noisy, RULES).text.repairs}


def test_a_page_full_of_runs_is_read_to_its_end() -> None:
    line = (
        "見到了走失的父親?!袄先祟^腦不是十分清晰,我們的生活。\n"  # about thirty runs in a thousand characters
    )
    repaired = repair(EVIDENCE + line * 100, RULES)
    assert repaired.text.value.count("父亲。“老人头脑") == 100
    assert "unread" not in {r.kind for r in repaired.text.repairs}


def test_a_page_of_any_length_has_an_allowance_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.stages.repair.runs.MOST_ASKED", 50_000)
    page = PAGES["short runs"](Random(1))
    finder = Finder(page, TABLE, Plausibility(statistics(), page.translate(TABLE.seen)))
    read = len(finder.runs())
    assert finder.asked <= 50_000 + ONE_STEP
    assert read < 100 < 400 < len(finder.unread)
