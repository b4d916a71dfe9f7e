"""Invented pages in the layouts of Chinese portals, and pages of which nothing may be removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.model import Article, Edit, Parsed, Text
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


STORY = ["5月6日10时许，城东派出所民警接到报警后赶到现场。", "经过调解，双方握手言和。"]


def test_declared_fields_come_first() -> None:
    article = laid_out(
        ["甲报 2020-01-01 10:00", *STORY, "来源：乙报"],
        title="一盆花_某某网",
        published="Mon, 21 Mar 2022 14:58:24 GMT",
        source="丙报",
        author="张三",
    )
    assert (article.title, article.source, article.site) == ("一盆花", "丙报", "某某网")
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2022-03-21T22:58:24+08:00"
    assert (article.author, [c.name for c in article.byline]) == ("张三", ["张三"])
    assert article.body.split("\n") == STORY


@pytest.mark.parametrize(("author", "site"), [("某某头条", "某某头条"), ("佚名", None), ("admin", None)])
def test_an_author_who_is_no_person_is_the_site_or_nobody(author: str, site: str | None) -> None:
    article = laid_out(STORY, title="一盆花", author=author)
    assert (article.author, article.site, article.byline) == (None, site, ())


def test_a_title_may_hold_dashes_of_its_own() -> None:
    assert laid_out(STORY, title="夏季行动-雷霆出击").title == "夏季行动-雷霆出击"
    assert laid_out(STORY, title="关于“9·18”事故的通报").title == "关于“9·18”事故的通报"
    assert laid_out(STORY, title="一盆花-新闻中心-某某网").title == "一盆花"


@pytest.mark.parametrize(
    ("lines", "declared", "flag"),
    [
        (STORY, {"published": "2022-03-21"}, "no_title"),
        (["The wallet was given back to its owner."] * 3, {"published": "2022-03-21"}, "not_chinese"),
        (STORY, {"title": "甲乙丙丁"}, "undated"),
        (STORY, {"published": "2022-02-30"}, "bad_date"),
        (["日，城东派出所民警接到报警后赶到现场。", STORY[1]], {}, "lost_first_character"),
        (["众利益无小事，城东派出所民警牢记在心。", STORY[1]], {}, "lost_first_character"),
    ],
)
def test_what_is_missing_is_flagged(lines: list[str], declared: dict[str, str], flag: str) -> None:
    assert flag in laid_out(lines, **declared).flags


def test_a_good_opening_is_not_flagged() -> None:
    for first in (
        *STORY,
        "“日子”过得安稳，民警功不可没。",
        "来自各地的民警齐聚一堂，交流经验。",
        "众人合力将车抬起。",
    ):
        assert "lost_first_character" not in laid_out([first, STORY[1]]).flags


def test_the_day_in_the_original_address_dates_an_undated_page() -> None:
    article = laid_out([*STORY, "原文链接：http://example.org/2022/0321/1.html"])
    assert article.url == "http://example.org/2022/0321/1.html"
    assert article.published_at is not None
    assert (article.published_at.isoformat(), article.published_precision) == (
        "2022-03-21T00:00:00+08:00",
        "day",
    )


def test_repairs_follow_their_lines_into_title_and_body() -> None:
    text = Text("一盘花\n某某网 2022-03-21\n甲乙赶到现场，救下老人。\n来源：某报").edit(
        [Edit(1, 2, "盆", "run"), Edit(19, 20, "丙", "run"), Edit(35, 36, "县", "run")]
    )
    parsed = Parsed("text", text.value)
    article = layout(parsed, text, {}, RULES, script="simplified", encoding="utf-8", flags=())
    assert article.title == "一盆花"
    assert [(r.start, r.end, r.after) for r in article.title_repairs] == [(1, 2, "盆")]
    assert [article.body[r.start : r.end] for r in article.repairs] == ["丙"]


def test_a_placeholder_glued_to_a_sentence_goes() -> None:
    article = laid_out([STORY[0] + "图片", STORY[1]])
    assert article.body.split("\n") == STORY
    assert article.removed == (("glued", "图片"),)


def test_an_empty_page_gives_an_empty_article() -> None:
    article = laid_out([""])
    assert (article.title, article.body, article.flags) == (None, "", ("no_title", "undated"))


FURNITURE = [
    "来源：某报",
    "2022-03-21 10:00",
    "首页 > 新闻",
    "【打印】",
    "记者 张三",
    "相关阅读",
    "（完）",
    "图片",
]
LINES = [*STORY, *FURNITURE, "一把伞", "“走吧。”", "甲" * 300]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_every_line_is_in_the_body_or_accounted_for(lines: list[str]) -> None:
    article = laid_out(lines)
    kept = [line for line in article.body.split("\n") if line]
    taken = [line for _, line in article.removed]
    assert sorted(kept + taken) == sorted(lines)
    assert [line for line in lines if line in kept and line not in taken] == [
        k for k in kept if k not in taken
    ]
