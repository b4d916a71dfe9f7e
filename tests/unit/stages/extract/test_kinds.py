"""Kinds of short texts, also where the guideline's kinds compete."""

from __future__ import annotations

import hashlib

import pytest

from etl.model import RawFile
from etl.pipeline import process
from etl.rules import load_rules, read_toml
from etl.stages.extract.kinds import decide
from etl.stages.extract.weigh import margins

TOLD = [
    ("一名男子趁旅客打盹，把手机揣走，被行政拘留五日。", "theft.other"),
    ("小区内电动车的电瓶被盗，民警将孙某抓获。", "theft.other"),
    ("赵某的电动车不见了，民警将销赃的吴某抓获。", "theft.vehicle"),
    ("乘客把手提袋落在了行李架上，民警帮她找回。", "lost_property"),
    ("游客的手机掉进了湖里，民警帮他捞起。", "lost_property"),
    ("邓某与徐某发生争执，持刀将其捅伤，因涉嫌故意杀人罪被刑事拘留。", "violent_crime"),
    ("一辆货车将骑电动车的老人刮倒，老人左腿被压在车轮下。", "traffic_accident"),
    ("他谎称上面有人，以打点关系为名骗走现金三万元。", "fraud.other"),
    ("两家因滴水巷发生争执，民警调解后双方签下协议。", "dispute_mediation.neighbour"),
    ("妻子把丈夫锁在门外，扬言离婚，民警劝说后两人和好。", "dispute_mediation.family"),
]


@pytest.mark.parametrize(("text", "kind"), TOLD)
def test_kind(text: str, kind: str) -> None:
    rules = load_rules().extract
    assert decide(text, margins(text, rules.weights), rules.competing) == kind


@pytest.mark.parametrize("row", read_toml("kinds.toml")["kind"], ids=lambda row: row["code"])
def test_example_of_the_codebook_is_read_as_its_kind(row: dict[str, str]) -> None:
    data = f"2023-11-20 09:00:00\n警方快讯\n\n{row['example']}\n".encode()
    done = process(RawFile(row["code"], data, hashlib.sha256(data).digest()), load_rules())
    assert done.extraction is not None
    assert [i.kind for i in done.extraction.incidents] == [row["code"]]
