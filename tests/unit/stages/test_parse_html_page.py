"""Saved web pages: the story's element, its heading lines, and what the head declares."""

from __future__ import annotations

import pytest

from etl.model import Decoded, Parsed
from etl.stages.parse import parse

STORY = (
    "<p>1月6日22时许，松江市公安局河口派出所接到报警，称一名老人在雪地里徘徊。</p>"
    "<p>民警赶到后，把老人扶上车，打开暖风，递上热水。</p><p><img src='/1.jpg'></p>"
    "<p>经询问，老人姓贾，家住铁东，已经走失五个小时。</p>"
)
PAGE = """<!DOCTYPE html><html><head><meta charset="gb2312"><title>{title}</title>{meta}</head><body>
<div id="nav"><ul><li><a href="/">首页</a></li><li><a href="/n">新闻</a></li></ul></div>
<div class="main"><h1>老人雪夜迷路，民警送回家</h1>
<p class="info">2021年01月08日07:35&nbsp;来源：<a href="x">松江晚报</a></p>
<div class="text">{story}</div><div class="share">分享到：<a>微信</a></div></div>
<div class="rel"><h3>相关新闻</h3><ul><li><a href="1">男子深夜被困，消防员破窗施救，街坊连声道谢。</a></li></ul></div>
<div class="foot"><p>Copyright © 松江在线</p></div></body></html>"""


def page(
    title: str = "老人雪夜迷路，民警送回家--法治--松江在线", meta: str = "", story: str = STORY
) -> Parsed:
    return parse(Decoded(PAGE.format(title=title, meta=meta, story=story), "utf-8", 1.0))


def test_the_text_runs_from_the_heading_to_the_end_of_the_story() -> None:
    lines = page().text.split("\n")
    assert lines[0] == "老人雪夜迷路，民警送回家"
    assert lines[1] == "2021年01月08日07:35\xa0来源：松江晚报"
    assert lines[-1] == "经询问，老人姓贾，家住铁东，已经走失五个小时。"
    assert len(lines) == 5


def test_only_images_of_the_story_count() -> None:
    assert page().image_urls == ("/1.jpg",)


def test_a_heading_that_begins_the_page_title_is_the_title_and_the_rest_names_the_site() -> None:
    assert page().declared == {"title": "老人雪夜迷路，民警送回家", "site": "松江在线"}


def test_meta_tags_say_more() -> None:
    meta = (
        '<meta property="og:site_name" content="松江网"><meta name="publishdate" content="2021-01-08 07:35:10">'
        '<meta name="source" content="松江晚报"><meta name="author" content="高原">'
        '<meta property="og:url" content="http://example.org/1.html"><meta property="og:image" content="/0.jpg">'
    )
    result = page(meta=meta)
    assert result.head_image == "/0.jpg"
    assert result.declared == {
        "title": "老人雪夜迷路，民警送回家",
        "site": "松江网",
        "published": "2021-01-08 07:35:10",
        "source": "松江晚报",
        "author": "高原",
        "url": "http://example.org/1.html",
    }


def test_json_ld_fills_what_meta_tags_leave() -> None:
    meta = (
        '<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "headline": "甲",'
        '"datePublished": "2021-01-08T07:35:10+08:00", "author": [{"name": "高原"}], "publisher": {"name": "松江网"}}]}'
        "</script>"
    )
    declared = page(meta=meta).declared
    assert declared["published"] == "2021-01-08T07:35:10+08:00"
    assert (declared["author"], declared["site"]) == ("高原", "松江网")


@pytest.mark.parametrize("script", ["{", "[" * 100_000, "null", '{"headline": {"a": 1}}'])
def test_broken_json_ld_gives_nothing(script: str) -> None:
    meta = f'<script type="application/ld+json">{script}</script>'
    assert page(meta=meta).declared == page().declared


def test_a_story_of_bare_lines_between_breaks_is_found() -> None:
    story = STORY.replace("<p>", "").replace("</p>", "<br>")
    assert page(story=story).text.split("\n")[-1] == "经询问，老人姓贾，家住铁东，已经走失五个小时。"


def test_nested_sections_are_no_hindrance() -> None:
    story = STORY.replace("<p>", "<section><section><span>").replace("</p>", "</span></section></section>")
    assert page(story=story).text.split("\n")[-1] == "经询问，老人姓贾，家住铁东，已经走失五个小时。"


def test_a_page_without_sentences_keeps_its_lines() -> None:
    result = parse(Decoded("<html><body><p>图集</p><p>雪中的民警</p></body></html>", "utf-8", 1.0))
    assert result.text == "图集\n雪中的民警"
