"""Weights learned from tellings: the sums, the file, and what they were learned from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from etl.errors import RulesError
from etl.rules import ROOT, load_rules, read_toml
from etl.rules import extract as rules_extract
from etl.rules.extract import Weights
from etl.stages.extract.weigh import grams, margins, telling
from tests.eval.harness import articles

REPOSITORY = Path(__file__).parents[4]
LEARNED_FROM = [REPOSITORY / "benchmarks" / "tellings.txt", REPOSITORY / "tests" / "eval" / "sentences.tsv"]


def packed(*weights: int) -> int:
    return int.from_bytes("".join(map(chr, weights)).encode("utf-16-be"))


SMALL = Weights(("a", "b"), {"偷": packed(83, 80), "走": packed(80, 74), "偷走": packed(90, 79)}, 80, 0.1)


def test_margin_is_the_sum_over_the_root_of_what_is_known() -> None:
    assert margins("偷走了", SMALL) == pytest.approx({"a": 1.3 / 3**0.5, "b": -0.7 / 3**0.5})


def test_what_occurs_twice_counts_once() -> None:
    assert margins("偷走，又偷走", SMALL) == margins("偷走", SMALL)


def test_text_of_which_nothing_is_known_weighs_against_all() -> None:
    assert margins("〇", SMALL) == {"a": -1.0, "b": -1.0}


def test_telling_grams_come_weightiest_first() -> None:
    assert telling("偷走", "a", SMALL) == ["偷走", "偷"]
    assert telling("偷走", "b", SMALL) == []


@pytest.mark.parametrize("text", ["三名男子", "3名男子", "13名男子"])
def test_numbers_are_all_the_same(text: str) -> None:
    assert {"0名", "名男"} <= grams(text)


def test_pairs_do_not_cross_marks() -> None:
    assert "走民" not in grams("偷走。民警")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("0.1", "case kind:theft")], "other kinds or outcomes"),
        ([("0.1", " ".join(load_rules().extract.weights.labels)), ("偷", "PP")], "偷: expected"),
    ],
)
def test_file_that_does_not_fit_is_refused(
    rows: list[tuple[str, str]], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = rules_extract.read_tsv
    monkeypatch.setattr(
        rules_extract, "read_tsv", lambda name, n: rows if name == "weights.tsv" else read(name, n)
    )
    with pytest.raises(RulesError, match=message):
        rules_extract.load()


def test_weights_were_learned_from_these_tellings() -> None:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in LEARNED_FROM)).hexdigest()
    assert digest in (ROOT / "weights.tsv").read_text(encoding="utf-8")[:2000]


def test_tellings_are_of_known_kinds_and_outcomes_and_each_stands_once() -> None:
    lines = LEARNED_FROM[0].read_text(encoding="utf-8").splitlines()
    headings = [line[2:] for line in lines if line.startswith("# ")]
    assert set(headings) == {*(row["code"] for row in read_toml("kinds.toml")["kind"]), "none"}
    told = [line for line in lines if line.startswith("[")]
    assert len(told) + len(headings) == len(lines)
    ends = {row["code"] for row in load_rules().lookups["outcomes"]}
    assert all(set(line[1:].partition("]")[0].split(",")) - {""} <= ends for line in told)
    texts = [line.partition("] ")[2] for line in told]
    assert len(set(texts)) == len(texts)


def test_no_evaluated_article_was_learned_from() -> None:
    """No longer clause of an article that is scored stands in a telling."""
    learned = LEARNED_FROM[0].read_text(encoding="utf-8")
    clauses = {
        clause
        for folder in ("dev", "heldout", "traps")
        for article in articles(folder).values()
        for clause in article["input"].replace("，", "。").replace("\n", "。").split("。")
        if len(clause) >= 24 and any("\u4e00" <= c <= "\u9fff" for c in clause)
    }
    assert len(clauses) > 500
    assert [clause for clause in clauses if clause in learned] == []
