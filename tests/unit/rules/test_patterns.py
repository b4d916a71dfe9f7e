"""A gated pattern finds what `re` finds, and looks only where something may be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.rules.patterns import compile_gated, needed

EXPRESSIONS = [
    "被(?:盗|偷)|不见了",
    "(?:落|忘)(?:在|到|于)[^。]{0,8}(?:车|店)",
    r"\d{1,2}月(?:\d{1,2}日)?",
    "(?<!没)找到(?!工作)",
    "(?:电动|三轮)?车(?:辆)?(?:被盗|丢失)",
    "(?:甲|乙){2}丙?",
    "[一二三]人|多名",
    "(?P<who>张|李)(?:先生|女士)",
    "甲*乙+",
    "(?i:APP)下载",
    "",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@settings(max_examples=200, deadline=None)
@given(
    text=st.text(
        alphabet="被盗偷不见了落忘在到于车店12月日没找工作电动三轮辆丢失甲乙丙一二人多名张李先生女士APpp下载。",
        max_size=24,
    )
)
def test_same_result_as_re(expression: str, text: str) -> None:
    gated, plain = compile_gated(expression), re.compile(expression)
    assert [m.span() for m in gated.finditer(text)] == [m.span() for m in plain.finditer(text)]
    found = gated.search(text)
    assert (found and found.span()) == ((m := plain.search(text)) and m.span())


@pytest.mark.parametrize(
    ("expression", "needs"),
    [
        ("被盗|被偷", {"被盗", "被偷"}),
        (r"\d+岁", {"岁"}),
        ("(?:很)?远", {"很远", "远"}),
        (r"\w{3}", None),
        ("被盗|.", None),
    ],
)
def test_needs_are_read_off_the_expression(expression: str, needs: set[str] | None) -> None:
    assert needed(expression) == needs
