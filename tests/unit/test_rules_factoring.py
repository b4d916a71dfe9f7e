"""A regrouped pattern finds what the pattern as written finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.rules.factoring import compile_factored, factored

PATTERNS = [
    "被(?:盗|偷)|不见了",
    "(?:落|忘)(?:在|到|于)[^。]{0,4}(?:车|店)",
    "(?<!没)找到(?!工作)|(?<=没)找",
    "(?:电动|三轮)?车(?:辆)?(?:被盗|丢失)|电动",
    "(?:甲|甲乙){1,2}丙|(?:甲|甲乙)丙|[甲乙]?丁",
    r"[\s。]+|。",
    r"(?:[。\s])|车?被|车(?!被)",
    "(?:被|被盗)(?:车|$)|甲?乙",
    r"\d{1,2}月",
    "(?P<who>甲|乙)(?:车|店)",
    "(?:甲|)乙",
    "[^甲]乙",
    "^甲|乙",
    "^(?:被盗|[丢被])|失|^$",
]
ALPHABET = "被盗偷不见了落忘在到车店没找工作电动三轮辆丢失甲乙丙丁。12月 \n"


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=ALPHABET, max_size=24), start=st.integers(0, 8))
def test_matches_are_those_of_the_pattern_as_written(pattern: str, text: str, start: int) -> None:
    quick, plain = compile_factored(pattern), re.compile(pattern)
    assert [m.span() for m in quick.finditer(text)] == [m.span() for m in plain.finditer(text)]
    for method in ("search", "match", "fullmatch"):
        found, expected = getattr(quick, method)(text, start), getattr(plain, method)(text, start)
        assert (found and found.span()) == (expected and expected.span())


@pytest.mark.parametrize("pattern", ["[^甲]乙", r"\d月|甲", "(甲)乙", "甲*乙", "(?:甲|)乙|丙?", ""])
def test_a_pattern_without_sure_first_characters_stays_as_it_is(pattern: str) -> None:
    assert factored(pattern) == pattern


def test_every_alternative_begins_with_a_character() -> None:
    assert factored("(?:误|被)?盗|[偷骗]走") == "误盗|被盗|盗|偷走|骗走"
    assert factored("甲乙|丙|甲丁") == "甲(?:乙|丁)|丙"
    assert factored("^甲|乙") == "甲(?<=^甲)|乙"
