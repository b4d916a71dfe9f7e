"""Normalisation: one spelling, nothing else, and repairs stay where they belong."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.model import Edit, Repair, Text
from etl.stages.normalize import normalize

MESSY = st.text(alphabet="警民。，Ａｚ５％．3\u3000\xa0 \t\n\r\u2028e\u0301\uf900\u1100\u1161℃①", max_size=60)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("ＡＰＰ１２０", "APP120", id="letters and digits are narrowed"),
        pytest.param("３．５万元，３０％", "3.5万元，30%", id="decimal point and percent are narrowed"),
        pytest.param("３．打击", "3．打击", id="a point after a list number is not"),
        pytest.param("，。！？：；（）", "，。！？：；（）", id="Chinese punctuation stays"),
        pytest.param("℃①㎡½", "℃①㎡½", id="symbols stay"),
        pytest.param("甲\xa0\xa0乙\u3000丙\t丁", "甲 乙 丙 丁", id="spaces of all kinds become one"),
        pytest.param("\u3000\u3000甲 \n\n \n 乙\n", "甲\n乙", id="lines are stripped, blank ones dropped"),
        pytest.param("甲\u2028乙\x85丙\r\n丁", "甲\n乙\n丙\n丁", id="line separators"),
        pytest.param("cafe\u0301 \uf900", "café 豈", id="NFC"),
        pytest.param("Ａ\u0301", "Á", id="narrowed first, then composed"),
        pytest.param(" \n\u3000", "", id="nothing"),
    ],
)
def test_one_spelling(before: str, after: str) -> None:
    assert normalize(Text(before)).value == after


def test_clean_text_is_returned_as_it_is() -> None:
    text = "民警赶到。\n老人获救。"
    assert normalize(Text(text)).value == text


@settings(deadline=None, max_examples=300)
@given(MESSY)
def test_a_second_time_changes_nothing(text: str) -> None:
    once = normalize(Text(text))
    assert normalize(once) == once
    assert unicodedata.is_normalized("NFC", once.value)


@settings(deadline=None, max_examples=300)
@given(MESSY)
def test_recorded_repairs_make_no_difference_to_the_text(text: str) -> None:
    repaired = Text(text, (Repair(0, 0, "x", "", "note", "certain"),))
    assert normalize(repaired).value == normalize(Text(text)).value


def test_repairs_move_with_their_characters() -> None:
    text = Text("　　甲(jiǎ)乙\n\n　　丙?丁　ＡＢ").edit(
        [Edit(3, 8, "", "pinyin_note"), Edit(14, 15, "\ufffd", "run", "lost")]
    )
    result = normalize(text)
    assert result.value == "甲乙\n丙\ufffd丁 AB"
    assert [(r.kind, result.value[r.start : r.end], r.start) for r in result.repairs] == [
        ("pinyin_note", "", 1),
        ("run", "\ufffd", 4),
    ]
