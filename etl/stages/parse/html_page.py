"""A saved web page, or a fragment of one: what its head declares, and the lines around the story.

The story's element is the deepest one that holds most of the page's sentences; link lists, menus and
footers hold many words but few sentences. The lines just before it (title, date, source) come along;
what stands in them is for `layout` to tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from etl.errors import ArticleError
from etl.model import Parsed
from etl.stages.parse import markup, no_article, unshown
from etl.stages.parse.reader import Reader

SNIFF_CHARS = 65_536
PAGE_RE = re.compile(r"<!doctype\s{1,9}html|<html[\s>]|<head[\s>]|<body[\s>]", re.I)
# A fragment opens with a tag and closes block elements.
FRAGMENT_RE = re.compile(r"\s{0,200}<(?:div|p|article|section|table|ul|h[1-6]|span|main|center)[\s>]", re.I)
CLOSED_RE = re.compile(r"</(?:div|p|article|section|table|ul|h[1-6]|span|main|center)\s{0,9}>", re.I)

# What metadata may be called, best first. Names are compared in lower case.
META = {
    "title": ("og:title", "twitter:title", "articletitle", "title"),
    "published": (
        "article:published_time",
        "og:published_time",
        "og:release_date",
        "datepublished",
        "publishdate",
        "pubdate",
        "publish_date",
        "publish-date",
        "publication_date",
        "firstpublishedtime",
        "weibo:article:create_at",
        "date",
    ),
    "source": ("contentsource", "source", "article:source", "mediaid", "og:article:source"),
    "site": ("og:site_name", "sitename", "application-name"),
    "author": ("author", "article:author", "og:article:author", "byl"),
    "url": ("og:url", "article:url"),
}
SENTENCE_RE = re.compile(r"[，。；！？]")
SITE_SEPARATOR_RE = re.compile(r"[-_|丨–—]+")  # 标题--法治--某某在线
MIN_SENTENCE_CHARS = 12
MOST = 0.75  # share of the page's sentences that the story's element must hold
HEAD_LINES = 8  # lines before the story that may hold title, date and source, if no heading tells more
MAX_JSON_CHARS = 1_000_000


def sniff(text: str) -> bool:
    """Whether the text is an HTML document, or opens with a tag and closes one."""
    head = text[:SNIFF_CHARS]
    if PAGE_RE.search(head):
        return True
    shown = unshown.without(head)
    return bool(FRAGMENT_RE.match(shown) and CLOSED_RE.search(shown))


def read(text: str) -> Parsed:
    """Lines from the heading to the end of the story, images of the story, and what the head declares.

    Raises ArticleError of the families `no_article` and `empty` for a page that tells nothing.
    """
    root = markup.tree(text)
    if root is None:
        return Parsed(shape="html", text="")
    if only_links(root):
        raise ArticleError("no_article", "the page holds nothing but links")
    story = story_element(root)
    body, images = markup.lines(story)
    before, _ = markup.lines(root, until=story)
    meta = metadata(root)
    declared = declared_fields(root, meta)
    if len(before) + len(body) <= no_article.MAX_CHARS:
        no_article.refuse(root, declared.get("title", ""))
    heading = "\n".join(heading_lines(before.split("\n"), declared.get("title", "")))
    return Parsed(
        shape="html",
        text=f"{heading}\n{body}".strip("\n"),
        declared=declared,
        image_urls=images,
        head_image=meta.get("og:image"),
    )


def only_links(root: etree._Element) -> bool:
    """Whether all visible text stands in links, and none of it is a sentence."""
    linked = skipped = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        outside = element.tail if event == "end" else None
        if event == "start":
            linked += bool(linked or element.tag == "a")
            skipped += bool(skipped or element.tag in markup.HIDDEN)
            if not skipped and linked and sentence_chars(element.text):
                return False
            outside = None if linked else element.text
        else:
            linked -= bool(linked)
            skipped -= bool(skipped)
            if skipped or linked:
                outside = None
        if outside and outside.strip() and not skipped:
            return False
    return any(element.tag == "a" for element in root.iter("a"))


def story_element(root: etree._Element) -> etree._Element:
    """The deepest element with at least three quarters of the page's sentence characters outside links."""
    weights: dict[etree._Element, int] = {}
    skipped = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            skipped += bool(skipped or element.tag in markup.HIDDEN or element.tag == "a")
            weights[element] = 0 if skipped else sentence_chars(element.text)
            continue
        skipped -= bool(skipped)
        parent = element.getparent()
        if parent is not None and element is not root:
            weights[parent] += weights[element] + (0 if skipped else sentence_chars(element.tail))
    enough = MOST * weights[root]
    element = root
    while weights[root]:
        heaviest = max(element, key=lambda child: weights.get(child, 0), default=None)
        if heaviest is None or weights[heaviest] < enough or heaviest.tag in {"p", "span", "br"}:
            break
        element = heaviest
    return element


def sentence_chars(text: str | None) -> int:
    """Characters of a piece of text if it has the punctuation of a sentence, else 0."""
    if not text or len(text) < MIN_SENTENCE_CHARS or not SENTENCE_RE.search(text):
        return 0
    return len(text.strip())


def heading_lines(lines: list[str], title: str) -> list[str]:
    """The lines before the story from its title on; the last few if the title is not among them."""
    for i in range(len(lines) - 1, -1, -1):
        if len(lines[i]) >= 6 and title.startswith(lines[i]):
            return lines[i : i + 2 * HEAD_LINES]
    return lines[-HEAD_LINES:]


def declared_fields(root: etree._Element, meta: Mapping[str, str]) -> dict[str, str]:
    """Title, publication time, source, site, author and address from meta tags, JSON-LD, <h1> and <title>.

    A heading that <title> or og:title begins with is the title without the site's name.
    """
    best = ((field, next(filter(None, map(meta.get, names)), None)) for field, names in META.items())
    declared = {field: value for field, value in best if value}
    for field, value in linked_data(root).items():
        declared.setdefault(field, value)
    titles = [t for t in (declared.get("title", ""), *(text_of(e) for e in root.iter("title"))) if t]
    headings = (text_of(e) for e in root.iter("h1", "h2"))
    title = next((h for h in headings if len(h) >= 6 and any(t.startswith(h) for t in titles)), None)
    if title is None:
        return declared | ({"title": titles[0]} if titles else {})
    declared["title"] = title
    rests = (SITE_SEPARATOR_RE.split(t[len(title) :])[-1].strip() for t in titles)
    site = next(filter(None, rests), None)
    return {"site": site} | declared if site else declared


def text_of(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())


def metadata(root: etree._Element) -> dict[str, str]:
    """The meta tags: name in lower case -> content, of the first that says something."""
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        content = " ".join((element.get("content") or "").split())
        if content:
            found.setdefault(name, content)
    return found


def linked_data(root: etree._Element) -> dict[str, str]:
    """Fields from the first JSON-LD block that describes an article; broken JSON gives nothing."""
    for element in root.iter("script"):
        if "ld+json" not in (element.get("type") or "") or len(element.text or "") > MAX_JSON_CHARS:
            continue
        try:
            blocks = list(articles(json.loads(element.text or "null")))
        except (ValueError, RecursionError):
            continue
        for block in blocks:
            return json_fields(block)
    return {}


def articles(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Objects with a headline or date, at most four levels down (`@graph`, lists, `mainEntity`)."""
    if isinstance(value, dict):
        if "headline" in value or "datePublished" in value or "pubDate" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list) and depth < 4:
        for item in value:
            yield from articles(item, depth + 1)


def json_fields(block: Mapping[str, Any]) -> dict[str, str]:
    values = {
        "title": block.get("headline") or block.get("title"),
        "published": block.get("datePublished") or block.get("pubDate"),
        "author": named(block.get("author")),
        "site": named(block.get("publisher")),
    }
    return {
        field: value.strip() for field, value in values.items() if isinstance(value, str) and value.strip()
    }


def named(value: Any) -> Any:
    """The name of a JSON-LD person or organisation, given as text, object or list of them."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value.get("name") if isinstance(value, dict) else value


READER = Reader("html", sniff=sniff, read=read)
