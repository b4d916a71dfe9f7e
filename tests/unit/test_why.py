"""Every fact of an incident is traced to a rule."""

from __future__ import annotations

import hashlib

import pytest

from etl.model import Incident, RawFile
from etl.pipeline import process
from etl.rules import load_rules
from etl.why import why

FIELDS = ("occurred", "reported", "place", "station", "persons", "items", "outcome")


def explained(text: str) -> list[tuple[Incident, dict[str, str]]]:
    data = f"2023-11-20 09:00:00\n警方快讯\n\n{text}\n".encode()
    rules = load_rules()
    done = process(RawFile("a.txt", data, hashlib.sha256(data).digest()), rules)
    assert done.article is not None
    assert done.extraction is not None
    reasons = why(done.article, done.extraction, rules.extract)
    return [(i, dict(told)) for i, told in zip(done.extraction.incidents, reasons, strict=True)]


THEFT = (
    "11月8日7时许，松山派出所接到韩先生报警，称停在育才路一家超市门口的电动车被盗，价值3200元。"
    "民警于次日将嫌疑人贺某抓获，电动车已归还。贺某被行政拘留十日。"
)
FALSE_ALARM = (
    "11月3日上午，柳河派出所接到群众报警，称河边有人落水。民警赶到，原来是虚惊一场，河里漂的是一件旧衣服。"
)


def test_each_filled_field_has_its_rule() -> None:
    [(i, told)] = explained(THEFT)
    filled = {f for f in FIELDS if getattr(i, f)} | {"kind", "amount_cny"}
    assert filled == set(told)
    assert all(told.values())


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("kind", "weights.tsv"),
        ("occurred", "month + mday + clock"),
        ("reported", "moments.toml report"),
        ("place", "locations.toml tail"),
        ("station", "units.toml"),
        ("persons", "“嫌疑人” suspect"),
        ("items", "电动车: items.toml"),
        ("amount_cny", "money.stake “价值”"),
        ("outcome", "penalised: outcomes.toml “行政拘留"),
    ],
)
def test_rule_of_a_field_names_its_file_and_words(field: str, words: str) -> None:
    [(_, told)] = explained(THEFT)
    assert words in told[field]


def test_roles_name_every_person() -> None:
    [(i, told)] = explained(THEFT)
    assert [p.name for p in i.persons] == [one.split(":")[0] for one in told["persons"].split("; ")]


def test_end_that_is_merely_usual_is_called_so() -> None:
    [(i, told)] = explained(
        "11月6日，柳河派出所接到韩某报警，称与邻居赵某因排水管发生争吵。民警许明到场了解情况。"
    )
    assert i.outcome == ("mediated",)
    assert "[usual]" in told["outcome"]


def test_what_did_not_happen_has_the_words_that_say_so() -> None:
    for i, told in explained(FALSE_ALARM):
        assert i.polarity == "false_alarm"
        assert "虚惊" in told["polarity"]


def test_kind_that_words_set_right_names_the_weightier_one() -> None:
    [(i, told)] = explained(
        "11月6日，柳河派出所接到韩先生报警，称停在楼下的电动车电瓶被盗。民警调取监控，将嫌疑人赵某抓获。"
    )
    assert i.kind == "theft.other"
    assert "competing: before theft.vehicle" in told["kind"]
