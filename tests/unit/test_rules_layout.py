"""The layout rules themselves: every rule does what its examples say, and bad files are named."""

from __future__ import annotations

import unicodedata

import pytest

from etl.errors import RulesError
from etl.rules import read_toml
from etl.rules.layout import LineRule, labelled, line_rule, load

RULES = load()


LINE_RULES = [line_rule(i, raw) for i, raw in enumerate(read_toml("boilerplate.toml")["rule"])]


@pytest.mark.parametrize("rule", LINE_RULES, ids=lambda r: f"{r.why}-{r.yes[:12]}")
def test_a_rule_holds_for_its_example_and_leaves_the_other_alone(rule: LineRule) -> None:
    def holds(line: str) -> bool:
        return len(line) <= rule.max_chars and rule.pattern.fullmatch(line) is not None

    assert holds(rule.yes)
    assert not holds(rule.no)


@pytest.mark.parametrize("rule", LINE_RULES, ids=lambda r: f"{r.why}-{r.no[:12]}")
def test_what_one_rule_leaves_alone_no_other_removes_in_the_middle(rule: LineRule) -> None:
    found = RULES.inner.match(rule.no)
    assert found is None or found.why == "caption"


@pytest.mark.parametrize("part", ["head", "foot", "inner", "captions", "cut"])
def test_a_matcher_finds_what_its_rules_find_one_by_one(part: str) -> None:
    matcher = getattr(RULES, part)
    for line in (
        text for rule in LINE_RULES for text in (rule.yes, rule.no, f"({rule.yes}", f"{rule.yes} 1")
    ):
        holding = (r for r in matcher.rules if len(line) <= r.max_chars and r.pattern.fullmatch(line))
        assert matcher.match(line) == next(holding, None)


def test_rule_files_are_in_normal_form() -> None:
    for name in ("boilerplate", "bylines", "sites", "dates"):
        text = repr(read_toml(f"{name}.toml"))
        assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"where": "middle"}, "where"),
        ({"pattern": "("}, "pattern"),
        ({"pattern": "(a)"}, "capturing"),
        ({"extra": 1}, "unknown"),
        ({"yes": None}, "missing"),
    ],
)
def test_a_bad_rule_is_named(change: dict[str, object], message: str) -> None:
    raw = {"why": "share", "where": "any", "pattern": "a", "yes": "a", "no": "b"} | change
    raw = {key: value for key, value in raw.items() if value is not None}
    with pytest.raises(RulesError, match=f"boilerplate.toml: rule 3 .*{message}"):
        line_rule(2, raw)


def test_a_label_with_two_meanings_is_refused() -> None:
    with pytest.raises(RulesError, match="来源"):
        labelled("dates.toml", {"labels": {"source": ["来源"], "published": ["来源"]}}, "labels")
