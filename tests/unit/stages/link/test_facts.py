"""What is taken for a person, and what of facts is looked for."""

from __future__ import annotations

import pytest

from etl.rules import load_rules
from etl.stages.link.facts import fact_hashes, find_facts
from etl.stages.link.signature import telling_run

RULES = load_rules().link


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("民警随即联系出租车司机", []),
        ("城东公安局长宁路派出所", []),
        ("当晚被民警查获", []),
        ("辅警马上赶到", []),
        ("拉着民警李女士说", ["name 李女士"]),
        ("民警张某某说", ["name 张某某"]),
        ("民警张伟赶到", ["officer 张伟"]),
        ("车女士和货车师傅", ["name 车女士", "name 车师傅"]),
        ("孙局长赶到", ["officer 孙局长"]),
    ],
)
def test_words_that_look_like_names_are_none(text: str, people: list[str]) -> None:
    found = [f"{f.kind} {f.text}" for f in find_facts(text, RULES) if f.kind in ("name", "officer")]
    assert found == people


def test_small_numbers_bring_nothing_together() -> None:
    small = find_facts("这已经是本月的又一起案件两人在3条线索中发现一处", RULES)
    assert [fact.kind for fact in small] == ["number"] * 4
    assert not fact_hashes(small)
    assert len(fact_hashes(find_facts("损失2640元", RULES))) == 1


def test_a_run_ends_where_it_says_enough() -> None:
    worth = {"鲁AB1234": 20, "李某": 7, "周女士": 7, "1起": 2, "3人": 2}
    assert telling_run(["鲁AB1234", "李某", "周女士"], worth) == ["鲁AB1234"]
    assert telling_run(["李某", "周女士", "1起"], worth) == ["李某", "周女士"]
    assert telling_run(["李某", "1起", "3人"], worth) == ["李某", "1起", "3人"]
    assert telling_run(["李某", "1起", "李某"], worth) == []
