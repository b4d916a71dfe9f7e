"""What was fetched instead of an article: answers of servers and gatekeepers, redirections, data."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from lxml import etree

from etl.errors import ArticleError
from etl.stages.parse import markup

MAX_CHARS = 400  # of visible text; a story that tells of such a page is longer
HEADING_CHARS = 60  # at the start of the text, where a page without a title says what it is
MAX_JSON_CHARS = 20_000_000

# 404 Not Found; 502 Bad Gateway; 您访问的页面不存在; 文章已被删除
ERROR_RE = re.compile(
    r"\b(?:40[0134]|410|50[0234])\b.{0,12}(?:not found|forbidden|bad|error|gateway|unavailable|time-?out|denied|"
    r"页|错误|访问|服务|找不到|gone)|(?:not found|forbidden|bad gateway|access denied|service unavailable)\s*$|"
    r"(?:页面|网页|文章|内容|信息|稿件).{0,4}(?:不存在|找不到|走丢|丢失了|已被?删除|已下线|出错)|"
    r"(?:找不到|无法(?:访问|显示|打开)).{0,6}(?:页|文件)|服务器.{0,4}(?:错误|繁忙|出错)|系统(?:繁忙|错误|维护)",
    re.I,
)
# 安全验证; 请完成验证后继续访问; Just a moment...
CHECK_RE = re.compile(
    r"(?:安全|人机|访问|滑动)(?:验证|校验)|(?:完成|输入|通过).{0,6}验证|访问.{0,4}(?:频繁|受限|异常)|"
    r"just a moment|checking your browser|verify you are|are you a robot|security check|captcha",
    re.I,
)
# 请登录后查看; 您还没有登录，请先登录
LOGIN_RE = re.compile(r"请(?:您)?先?(?:登录|登陆)|(?:登录|登陆)后.{0,4}(?:查看|访问|阅读|浏览|继续)")
# Police at work. 警方 may be a site's name (柳河警方网 安全验证), so it counts in a sentence that asks nothing.
STORY_RE = re.compile(
    "民警|派出所|接到报警|警方(?![^。！？\n]{0,60}(?:验证|校验|访问|错误|登录|页面|繁忙|频繁))[^。！？\n]{3,60}[，；。！]"
)
FEED_RE = re.compile(
    r"\A\s{0,200}(?:<\?xml[^>]{0,200}\?>\s{0,200})?(?:<!--.{0,2000}?-->\s{0,200})?"
    r"<(rss|feed|urlset|sitemapindex|opml|rdf:RDF)[\s>]",
    re.S,
)
OBJECT_RE = re.compile(r'\A\s{0,200}\{\s{0,200}"')


def refuse_data(text: str) -> None:
    """Raise ArticleError for a feed, a sitemap or JSON."""
    if match := FEED_RE.match(text):
        raise ArticleError("no_article_feed", f"<{match[1]}>")
    if is_json(text):
        raise ArticleError("no_article_data", "JSON")


def is_json(text: str) -> bool:
    """Whether the text is a JSON list, or begins with a JSON object (as JSON Lines do).

    >>> is_json('{"title": "寻物"}'), is_json('[图文] 民警寻物'), is_json('{民警}')
    (True, False, False)
    """
    head, tail = text[:1].strip() or text[:200].lstrip()[:1], text[-200:].rstrip()[-1:]
    if len(text) > MAX_JSON_CHARS or (head, tail) not in {("[", "]"), ("{", "}")}:
        return False
    try:
        if OBJECT_RE.match(text):
            json.JSONDecoder().raw_decode(text.strip())
            return True
        return head == "[" and any(isinstance(value, dict | list) for value in json.loads(text))
    except (ValueError, RecursionError):
        return False


def refuse(root: etree._Element, title: str) -> None:
    """Raise ArticleError for a page that shows little, if that is nothing or the answer of a machine.

    Not for a page that speaks of police at work, nor for pictures under a title.
    """
    text, images = markup.lines(root)
    if len(text) > MAX_CHARS or STORY_RE.search(text):
        return
    refuse_text(text, title)
    if any((e.get("type") or "").lower() == "password" for e in root.iter("input")):
        raise ArticleError("no_article_login", "the page shows little but a field for a password")
    if len(text) <= HEADING_CHARS and leads_on(root):
        raise ArticleError("no_article_redirect", "the page leads on to another address")
    if not text:
        refuse_empty(root, images, bool(title))


def refuse_text(text: str, title: str) -> None:
    """Raise ArticleError for a short text that begins as the answers of servers and gatekeepers do."""
    if len(text) > MAX_CHARS or STORY_RE.search(text):
        return
    said = [title, text[:HEADING_CHARS], *text.split("\n")[:3]]
    if any(map(CHECK_RE.search, said)):
        raise ArticleError("no_article_check", "the page asks the visitor to prove something")
    if any(map(ERROR_RE.search, said)):
        raise ArticleError("no_article_error", "the page tells of an error")
    if len(text) <= HEADING_CHARS and LOGIN_RE.search(text):
        raise ArticleError("no_article_login", "the page asks the visitor to log in")


def leads_on(root: etree._Element) -> bool:
    """Whether the head says: go to another address at once."""
    return any(
        (e.get("http-equiv") or "").lower() == "refresh" and "url=" in (e.get("content") or "").lower()
        for e in root.iter("meta")
    )


def refuse_empty(root: etree._Element, images: Sequence[str], has_title: bool) -> None:
    """Raise ArticleError for a page without text, saying what it has instead."""
    if images and not has_title:
        raise ArticleError("empty_images", f"{len(images)} images and no text")
    if not images and next(root.iter("script"), None) is not None:
        raise ArticleError("empty_script", "no text but what scripts may bring")
    if not images and not has_title:
        raise ArticleError("empty_page", "no text that a reader would see")
