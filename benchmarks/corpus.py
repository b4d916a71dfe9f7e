"""A corpus of pages for timing: the invented articles of tests/eval, several to a page, in the usual shapes.

Of twenty pages twelve are front matter with an HTML body, five are text copied from a portal, three are
traditional and damaged. No two pages are the same, and always the same ones come out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from random import Random

from tests.support.damage import damage

ARTICLES = Path(__file__).parents[1] / "tests" / "eval"
SHAPES = ("html",) * 12 + ("portal",) * 5 + ("damaged",) * 3
HTML_CHARS, PORTAL_CHARS, DAMAGED_CHARS = 1350, 2050, 1350  # about 4.7, 6.8 and 4.8 KB of UTF-8
FRONT = """
---
title: '{title}'
categories:
 - 新媒体
 - 每日看点
headimg: 'https://images.example.org/?http://static.example.com/{number}.jpeg'
author: 每日看点
comments: false
date: {date}
---

<div>
{body}
</div>
"""
PORTAL = """江城普法资讯网

欢迎来到江城普法资讯网！
当前所在：首页 > 基层动态 > {title}

{title}

发布时间：{date}  来源：江城长安网  作者：佚名

{body}

（供稿：岳广林 编辑：苗青）

免责声明：本网转载的文章版权归原作者所有，如有侵权请联系我们删除。

关于我们  |  网站地图  |  投稿邮箱
主办单位：江城普法资讯网编辑部  备案号：鄂ICP备00000000号
"""


def pages(count: int) -> Iterator[tuple[str, bytes]]:
    """`count` pages, each with its shape: html, portal or damaged."""
    told = [article for folder in ("dev", "heldout") for article in _articles(folder)]
    idle = list(_articles("traps"))
    lot = Random(7)
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        wanted = {"html": HTML_CHARS, "portal": PORTAL_CHARS, "damaged": DAMAGED_CHARS}[shape]
        title, lines = _joined(told, idle, wanted, lot)
        yield shape, _page(shape, title, lines, number).encode()


def html_body(page: bytes) -> bytes:
    """What of a page with front matter is HTML."""
    return page.split(b"---\n", 2)[2]


def _articles(folder: str) -> Iterator[str]:
    for file in sorted((ARTICLES / folder).glob("*.json")):
        yield json.loads(file.read_text(encoding="utf-8"))["input"]


def _joined(told: list[str], idle: list[str], wanted: int, lot: Random) -> tuple[str, list[str]]:
    """A title, and paragraphs of articles drawn by lot, `wanted` characters or somewhat more.

    Every other article is one that tells no incident: three to a page is what news has.
    """
    lines: list[str] = []
    sides = cycle((told, idle))
    while sum(map(len, lines)) < wanted:
        article = lot.choice(next(sides))
        lines += [line.strip() for line in article.splitlines() if line.strip()]
    return lines[0][:30], lines[1:]


def _page(shape: str, title: str, lines: list[str], number: int) -> str:
    if shape == "html":
        body = "".join(f"<p>{line}</p>" for line in lines)
        return FRONT.format(
            title=title.replace("'", "’"), body=body, number=number, date="Tue, 26 May 2020 01:05:47 GMT"
        )
    if shape == "portal":
        return PORTAL.format(
            title=title, body="\n\n".join("　　" + line for line in lines), date="2023-06-20"
        )
    return damage("\n".join([title, *lines]), Random(number)).text
