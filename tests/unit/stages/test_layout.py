"""Invented pages in the layouts of Chinese portals, and pages of which nothing may be removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etl.model import Article, Parsed, Text
from etl.rules import load_rules
from etl.stages.layout import layout
from etl.stages.normalize import normalize

CASES = Path(__file__).parents[2] / "cases" / "layout"
RULES = load_rules().layout


def cases(name: str) -> list[Any]:
    entries = json.loads((CASES / name).read_text(encoding="utf-8"))
    return [pytest.param(entry, id=entry["label"]) for entry in entries]


def laid_out(lines: list[str], **declared: str) -> Article:
    text = "\n".join(lines)
    fields = {name: normalize(Text(value)) for name, value in declared.items()}
    parsed = Parsed("text", text, declared)
    return layout(
        parsed, normalize(Text(text)), fields, RULES, script="simplified", encoding="utf-8", flags=()
    )


def told(article: Article) -> dict[str, Any]:
    return {
        "title": article.title,
        "published_at": article.published_at and article.published_at.isoformat(),
        "published_precision": article.published_precision,
        "source": article.source,
        "site": article.site,
        "author": article.author,
        "byline": {c.name: list(c.roles) for c in article.byline},
        "url": article.url,
        "body": article.body.split("\n"),
    }


@pytest.mark.parametrize("case", cases("portals.json"))
def test_a_page_gives_its_story_and_its_fields(case: dict[str, Any]) -> None:
    result = told(laid_out(case["input"]))
    assert {key: result[key] for key in case["expected"]} == case["expected"]


@pytest.mark.parametrize("case", cases("negative.json"))
def test_nothing_of_a_bare_story_is_removed(case: dict[str, Any]) -> None:
    article = laid_out(case["input"])
    assert article.body.split("\n") == case["input"]
    assert article.removed == ()
