"""What is read from a pattern is never wrong; what can't be told is left open."""

from __future__ import annotations

import pytest

from etl.rules.hints import beginnings, needed


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(?:甲|乙?丙)丁", "甲乙丙"),
        ("[甲乙]{0,3}丙", "甲乙丙"),
        ("(?<!甲)乙", "乙"),
        (r"甲|\d年", None),
        ("甲|[^乙]", None),
        ("(?i:a)b", None),
        ("(?:甲|乙)?", None),
    ],
)
def test_what_matches_begin_with(pattern: str, expected: str | None) -> None:
    assert beginnings(pattern) == (None if expected is None else frozenset(expected))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[甲乙]丙丁", {"丙丁"}),
        (".(?:甲乙|丙.丁)?戊{1,3}", {"戊"}),
        ("(?:甲乙|丙.)+", {"甲乙", "丙"}),
        ("甲|.", set()),
        ("(?:甲)?", set()),
        ("(?i:ab)", set()),
        (r"\d{1,4}[楼号]", {"楼", "号"}),
    ],
)
def test_what_matches_hold(pattern: str, expected: set[str]) -> None:
    assert needed(pattern) == expected
