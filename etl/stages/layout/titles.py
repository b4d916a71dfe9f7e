"""Titles: which line is the title, and where the site's name in it begins."""

from __future__ import annotations

import re
import unicodedata

from etl.rules.layout import LayoutRules

MIN_TITLE_CHARS = 2
MAX_SITE_CHARS = 16
LABEL_RE = re.compile(r"(?:【标题】|(?:标题|主题|题目)[:：]) ?")


def same(a: str, b: str) -> bool:
    """Whether two lines say the same, spaces, width and punctuation aside."""
    return 0 < len(a) <= 2 * len(b) and len(b) <= 2 * len(a) and folded(a) == folded(b)


def folded(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())


def without_site(title: str, rules: LayoutRules) -> tuple[str, str | None]:
    """The title without what pages put after it, and the site's name if that says one.

    Cut at the first separator after which every part is a section, a medium, or a short name after `_`;
    a dash or dot inside a title stays.

    标题_新闻中心_某某网 -> 标题, 某某网
    """
    title = LABEL_RE.sub("", title.strip(), count=1)
    separators = list(rules.title_separator.finditer(title))
    for match in separators:
        head, tail = title[: match.start()].strip(), title[match.end() :]
        parts = [p.strip() for p in rules.title_separator.split(tail) if p.strip()]
        if (
            len(head) >= MIN_TITLE_CHARS
            and parts
            and all(is_suffix(p, "_" in match[0], rules) for p in parts)
        ):
            return head, next((p for p in reversed(parts) if p not in rules.title_sections), None)
    return title, None


def is_suffix(part: str, underscore: bool, rules: LayoutRules) -> bool:
    if part in rules.title_sections:
        return True
    return len(part) <= MAX_SITE_CHARS and (underscore or bool(rules.medium.fullmatch(part)))
