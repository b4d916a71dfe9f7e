"""Identity: wrappings fall together, numbers stay apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import ArticleError
from etl.stages.identity import SHORT_BODY_CHARS, canonical_text, content_hash

CASES = json.loads(
    (Path(__file__).parents[2] / "cases" / "identity" / "pairs.json").read_text(encoding="utf-8")
)
TEXT = st.text(alphabet="警民市、，。：:.-—～~%％0123456789 \n\u3000“”…℃±①⑴aＡ−", max_size=40)


@pytest.mark.parametrize("pair", CASES["different"], ids=lambda p: p["label"])
def test_different_contents_stay_apart(pair: dict[str, str]) -> None:
    assert canonical_text(pair["a"]) != canonical_text(pair["b"])
    assert content_hash(None, pair["a"]) != content_hash(None, pair["b"])


@pytest.mark.parametrize("pair", CASES["same"], ids=lambda p: p["label"])
def test_wrappings_fall_together(pair: dict[str, str]) -> None:
    assert canonical_text(pair["a"]) == canonical_text(pair["b"])


def test_a_short_body_is_told_apart_by_its_title() -> None:
    body = "民" * (SHORT_BODY_CHARS - 1)
    assert content_hash("甲", body) != content_hash("乙", body)
    assert content_hash("甲。", body) == content_hash(" 甲", body)
    assert content_hash("甲", body + "警") == content_hash("乙", body + "警")


def test_title_and_body_do_not_run_together() -> None:
    assert content_hash("甲乙", "丙") != content_hash("甲", "乙丙")


@pytest.mark.parametrize(("title", "body"), [(None, ""), ("", " \n"), ("……", "。")])
def test_no_character_at_all_is_empty(title: str | None, body: str) -> None:
    with pytest.raises(ArticleError) as caught:
        content_hash(title, body)
    assert caught.value.reason == "empty_words"


@settings(deadline=None, max_examples=300)
@given(TEXT)
def test_canonical_text_is_a_fixed_point(text: str) -> None:
    once = canonical_text(text)
    assert canonical_text(once) == once


@settings(deadline=None, max_examples=200)
@given(TEXT, st.data())
def test_white_space_never_matters(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    assert canonical_text(text[:at] + "\n　 " + text[at:]) == canonical_text(text)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 999), st.integers(0, 999), st.sampled_from([".", ":", "-", "/", "、", "—", "～", "%"]))
def test_two_numbers_never_become_one(a: int, b: int, mark: str) -> None:
    assert canonical_text(f"共{a}{mark}{b}日") != canonical_text(f"共{a}{b}日")
