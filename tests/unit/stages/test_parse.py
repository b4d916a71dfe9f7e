"""Shapes told by content, markup turned into lines, limits held."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from etl.errors import ArticleError
from etl.model import Decoded, Parsed
from etl.stages.parse import front_matter, markup, parse

FRONT = "---\ntitle: '{title}'\n{more}date: Mon, 21 Mar 2022 14:58:24 GMT\n---\n\n{body}"


def parsed(text: str) -> Parsed:
    return parse(Decoded(text, "utf-8", 1.0))


def page(body: str = "<p>民警赶到。</p>", title: str = "一盆花", more: str = "") -> Parsed:
    return parsed(FRONT.format(title=title, more=more, body=body))


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("---\ntitle: 甲\n---\n<p>乙</p>", "front_matter", id="front matter"),
        pytest.param("\n\n---\ntitle: 甲\n---\n乙", "front_matter", id="blank lines first"),
        pytest.param("<!DOCTYPE html><html><body><p>甲</p></body></html>", "html", id="page"),
        pytest.param("<div class='c'><p>甲</p></div>", "html", id="fragment"),
        pytest.param("甲乙丙", "text", id="text"),
        pytest.param("---\n甲乙丙\n---\n丁", "text", id="rules without keys"),
        pytest.param("---\ntitle: 甲\n乙", "text", id="front matter that never ends"),
        pytest.param("警方：a < b 且 c > d", "text", id="comparison signs"),
        pytest.param("他说“好。?/p>\n?#xff0c;完", "text", id="rests of damaged tags"),
        pytest.param("第一段<br>第二段", "text", id="a stray tag in text"),
    ],
)
def test_the_shape_is_told_by_the_content(text: str, shape: str) -> None:
    assert parsed(text).shape == shape


def test_front_matter_gives_fields_as_written() -> None:
    result = page(more="author: 张三\nsource: 某某晚报\nlink: http://example.org/1\n")
    assert result.declared == {
        "title": "一盆花",
        "published": "Mon, 21 Mar 2022 14:58:24 GMT",
        "author": "张三",
        "source": "某某晚报",
        "url": "http://example.org/1",
    }


@pytest.mark.parametrize(
    "categories", ["categories: \n - 新媒体\n - 某头条\n", "categories: 某头条\n", "tags: [甲, 某头条]\n"]
)
def test_an_author_who_is_a_category_is_the_site(categories: str) -> None:
    result = page(more=categories + "author: 某头条\n")
    assert result.declared["site"] == "某头条"
    assert "author" not in result.declared


@pytest.mark.parametrize("value", ["2022-03-21", "2022-03-21 10:00:00", "2022-02-30", "0000-00-00", "12345"])
def test_dates_stay_as_written(value: str) -> None:
    assert parsed(f"---\ntitle: 甲\ndate: {value}\n---\n乙").declared["published"] == value


def test_broken_yaml_is_read_line_by_line() -> None:
    result = parsed('---\ntitle: 警民: 一家亲: "好\ndate: 2022-03-21\n---\n<p>甲</p>')
    assert result.declared == {"title": '警民: 一家亲: "好', "published": "2022-03-21"}
    assert result.text == "甲"


def test_the_first_of_two_equal_keys_counts() -> None:
    assert parsed("---\ntitle: 甲\ntitle: 乙\n---\n丙").declared["title"] == "甲"


def test_tags_have_no_effect() -> None:
    result = parsed("---\ntitle: !!python/object/apply:os.system ['甲']\nsource: !!int 乙\n---\n丙")
    assert result.declared["source"] == "乙"


@pytest.mark.parametrize("size", [0, 1])
def test_front_matter_has_a_size_limit(size: int) -> None:
    head = "title: 甲\nnote: "
    filler = "x" * (front_matter.MAX_CHARS - len(head) - 1 + size)
    text = f"---\n{head}{filler}\n---\n乙"
    assert refused(text) == ("too_large_front_matter" if size else None)


@pytest.mark.parametrize("excess", [0, 1])
def test_front_matter_has_a_depth_limit(excess: int) -> None:
    depth = front_matter.MAX_DEPTH - 1 + excess  # the mapping itself is the first level
    assert refused(f"---\ntitle: 甲\nnote: {'[' * depth}{']' * depth}\n---\n乙") == (
        "too_complex_nesting" if excess else None
    )


@pytest.mark.parametrize("value", ["&a 乙\nx: *a", "&a [乙]", "*a"])
def test_anchors_and_aliases_are_refused(value: str) -> None:
    assert refused(f"---\ntitle: 甲\nnote: {value}\n---\n乙") == "too_complex_alias"


def test_thirty_thousand_brackets_do_not_crash_the_interpreter() -> None:
    assert refused(f"---\ntitle: 甲\nnote: {'[' * 30_000}\n---\n乙") == "too_complex_nesting"


def refused(text: str) -> str | None:
    try:
        parsed(text)
    except ArticleError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        pytest.param("<p>甲</p><p>乙</p>", ["甲", "乙"], id="paragraphs"),
        pytest.param("<p>甲<br>乙<br/>丙</p>", ["甲", "乙", "丙"], id="line breaks"),
        pytest.param("<p>甲<b>乙</b><span>丙</span>丁</p>", ["甲乙丙丁"], id="inline"),
        pytest.param("<div>甲<div>乙</div>丙</div>", ["甲", "乙", "丙"], id="nested blocks"),
        pytest.param("<ul><li>甲</li><li>乙</li></ul>", ["甲", "乙"], id="list"),
        pytest.param(
            "<table><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td></tr></table>", ["甲 乙", "丙"], id="table"
        ),
        pytest.param("<p>&ldquo;甲&rdquo;&nbsp;&#xff0c;&amp;</p>", ["“甲”\xa0，&"], id="entities"),
        pytest.param("<p>甲</p><script>var 乙</script><style>丙{}</style>", ["甲"], id="code"),
        pytest.param("<p>甲<!-- 乙 --></p><template>丙</template>", ["甲"], id="comment and template"),
        pytest.param("<p>甲</p><p style='display: none'>乙</p>", ["甲"], id="hidden"),
        pytest.param("<p>民警\n  赶到\n现场 APP\nok</p>", ["民警赶到现场 APP ok"], id="wrapped source"),
        pytest.param("<p>甲<p>乙<div>丙", ["甲", "乙", "丙"], id="tags that never close"),
    ],
)
def test_markup_becomes_lines(html: str, lines: list[str]) -> None:
    assert page(html).text.split("\n") == lines


@pytest.mark.parametrize(
    "html",
    [
        "<div> \n<p> 甲<strong>乙</strong></p><p>丙<img src='x.png'>丁</p>\n</div>",
        "<section><h2>甲</h2><blockquote>乙<a href='#'>丙</a></blockquote></section>",
        "<p>甲&lt;乙&gt;&middot;丙</p><p></p><p>  </p><p>丁",
    ],
)
def test_the_text_is_the_one_that_beautiful_soup_reads(html: str) -> None:
    root = markup.tree(html)
    assert root is not None
    text, _ = markup.lines(root)
    soup = BeautifulSoup(html, "lxml").get_text("\n", strip=False)
    assert "".join(text.split()) == "".join(soup.split())


def test_images_are_listed_in_order_with_proxies_unwrapped() -> None:
    result = page(
        "<p><img src='https://cors.example.dev/?http://img.example.org/1.png'></p>"
        "<img data-src='/2.png' src='blank.gif'><img src='data:image/png;base64,xx'>"
        "<img src='https://p.example.org/get?url=https%3A%2F%2Fimg.example.org%2F3.png'><img src='dot.gif' width=1>",
        more="headimg: 'https://cors.example.dev/?http://img.example.org/0.png'\n",
    )
    assert result.image_urls == ("http://img.example.org/1.png", "/2.png", "https://img.example.org/3.png")
    assert result.head_image == "http://img.example.org/0.png"


def test_a_proxy_is_no_proxy_without_an_address() -> None:
    assert markup.unproxied("http://example.org/a.png?size=2") == "http://example.org/a.png?size=2"


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_deep_nesting_keeps_the_text(depth: int) -> None:
    assert "".join(page("<div>" * depth + "<p>甲</p>" + "</div>" * depth).text.split()) == "甲"


def test_a_text_of_twelve_million_characters_is_kept_whole() -> None:
    assert len(page("<p>" + "警" * 12_000_000 + "</p>").text) == 12_000_000


def test_an_xml_declaration_is_no_obstacle() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><html><body><p>甲</p></body></html>'
    assert parsed(text).text == "甲"
