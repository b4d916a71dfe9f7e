"""Elements that no reader sees, dropped from text that is otherwise no markup."""

from __future__ import annotations

import re

from etl.errors import ArticleError

# <style>, <script src="a.js">, <!--
OPEN_RE = re.compile(r"<(?:(!--)|(script|style|template|noscript|iframe)(?=[\s/>])[^<>]{0,4000}>)", re.I)
CLOSE_RE = {
    name: re.compile(rf"</{name}\s{{0,9}}>", re.I)
    for name in ("script", "style", "template", "noscript", "iframe")
}


def without(text: str) -> str:
    """The text without scripts, styles, templates and comments; one that never ends takes all the rest.

    >>> without("<style>p{}</style>民警赶到。<!-- 甲 -->完")
    '民警赶到。完'
    """
    kept: list[str] = []
    at = 0
    while opening := OPEN_RE.search(text, at):
        kept.append(text[at : opening.start()])
        at = end_of(text, opening)
    return "".join(kept) + text[at:] if at else text


def end_of(text: str, opening: re.Match[str]) -> int:
    """Where the element or comment that `opening` begins is over."""
    if opening[1]:
        end = text.find("-->", opening.start() + 2)  # <!--> is a whole comment
        return end + 3 if end >= 0 else len(text)
    closing = CLOSE_RE[opening[2].lower()].search(text, opening.end())
    return closing.end() if closing else len(text)


def drop(text: str) -> str:
    """`without`. Raises ArticleError of the family `empty` if that leaves nothing of what was something."""
    shown = without(text)
    if shown != text and not shown.strip():
        if re.search("<script", text, re.I):
            raise ArticleError("empty_script", "no text but what scripts may bring")
        raise ArticleError("empty_page", "no text that a reader would see")
    return shown
