"""Debris: invisible characters, private-use characters, entities and tags that survived parsing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from etl.model import Edit
from etl.rules.repair import CONTROLS, INVISIBLE, PRIVATE, RepairRules

LOST = "\ufffd"
# A set that stands first is looked for by a tight loop, one that is repeated is not: [a][a]*, not [a]+.
INVISIBLE_RE = re.compile(f"[{CONTROLS}{INVISIBLE}][{CONTROLS}{INVISIBLE}]*")
PRIVATE_RE = re.compile(f"[{PRIVATE}][{PRIVATE}]*")
# &nbsp;  &#xff0c;  &amp;nbsp;  &amp;amp;lt;
ENTITY_RE = re.compile(
    r"&(?:amp;|#38;|#x26;){0,1000}(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});"
)
AMP_RE = re.compile(r"&(?:amp;|#38;|#x26;)+")
HAN_RE = re.compile(r"[\u3400-\u9fff]")


def invisible(text: str) -> Iterator[Edit]:
    """Controls, zero-width characters and soft hyphens taken out.

    A private-use character is an icon or a remnant and goes as well, but between two Han characters it
    stood for a character of the text that can't be known.
    """
    for m in INVISIBLE_RE.finditer(text):
        yield Edit(m.start(), m.end(), "", "invisible")
    for m in PRIVATE_RE.finditer(text):
        sides = text[m.start() - 1 : m.start()], text[m.end() : m.end() + 1]
        if all(HAN_RE.match(c) for c in sides):
            yield Edit(m.start(), m.end(), LOST * len(m[0]), "private_use", "lost")
        else:
            yield Edit(m.start(), m.end(), "", "private_use")


def entities(text: str) -> Iterator[Edit]:
    """Character references decoded, also where they were escaped again: `&amp;nbsp;` is a space.

    A name that HTML does not know stays, and so does an ampersand of the text (AT&T).
    """
    for m in ENTITY_RE.finditer(text):
        decoded = html.unescape(AMP_RE.sub("&", m[0]))
        if decoded != m[0] and not decoded.endswith(";"):
            yield Edit(m.start(), m.end(), decoded.replace("\xa0", " "), "entity")


def tags(text: str, rules: RepairRules) -> Iterator[Edit]:
    """Whole tags left in plain text taken out; a line break or paragraph becomes a line end."""
    for m in rules.tag_re.finditer(text):
        breaks = m["name"].lower() in ("br", "p", "div", "li", "tr")
        yield Edit(m.start(), m.end(), "\n" if breaks else "", "tag")
