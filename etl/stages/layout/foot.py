"""Below the story: byline, source, links, related news, disclaimers, contacts, comments.

Everything from a heading such as 相关阅读 on goes. Then the last sentence is looked for from the end
upward; the first line after it that is beyond doubt page furniture ends the story.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from etl.rules.layout import LayoutRules
from etl.stages.layout.bylines import Byline
from etl.stages.layout.dates import find_date
from etl.stages.layout.lines import (
    BRACKETS,
    MAX_BYLINE_CHARS,
    Fields,
    Row,
    is_name,
    is_sentence,
    read_fields,
    read_names,
)

MAX_AGENCY_CHARS = 30
ADDRESS_RE = re.compile(r"https?://[^\s，。；）)】\]]{4,1000}")
BETWEEN_RE = re.compile(
    r"(?<=[】\]）)]) ?(?=[【\[（(])| ?[|丨] ?"
)  # 【纠错】【责任编辑：吴桐】; 打印 | 录入：admin
PEN_NAME_RE = re.compile(r"[(（]([\u4e00-\u9fff]{2,3})[)）]")


@dataclass(slots=True)
class Foot:
    """What stands below the story: `start` is the index of its first row; `removed` why each row goes."""

    start: int
    removed: dict[int, str] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)


def read_foot(lines: Sequence[Row], first: int, rules: LayoutRules) -> Foot:
    """The foot of a page whose story begins at row `first`."""
    end = cut(lines, first, rules)
    foot = Foot(len(lines), dict.fromkeys(range(end, len(lines)), "related"))
    why: dict[int, str] = {}
    found: dict[int, Fields] = {}
    anchors: list[int] = []
    last = end - 1
    while last >= first:
        reason, fields, anchor = judge(lines[last].line, rules)
        if reason is None and is_sentence(lines[last].line):
            break
        if reason:
            why[last] = reason
        if fields:
            found[last] = fields
        if anchor:
            anchors.append(last)
        last -= 1
    foot.start = min(anchors, default=end)
    foot.removed |= {i: why.get(i, "page foot") for i in range(foot.start, end)}
    sign_off(lines, last + 1, end, foot, rules)
    for i in sorted(found):
        if i in foot.removed:
            foot.fields.take(found[i])
    for i in range(foot.start, len(lines)):
        link = ADDRESS_RE.search(lines[i].line) if foot.removed.get(i) == "link" else None
        if link and not foot.fields.url:
            foot.fields.url = link[0]
    return foot


def cut(lines: Sequence[Row], first: int, rules: LayoutRules) -> int:
    """Index of the first heading of related news or comments below at least one sentence."""
    seen = False
    for i in range(first, len(lines)):
        line = lines[i].line
        if seen and len(line) <= rules.cut.longest and rules.cut.match(line):
            return i
        seen = seen or is_sentence(line)
    return len(lines)


def judge(line: str, rules: LayoutRules) -> tuple[str | None, Fields | None, bool]:
    """Why the line is page furniture, the fields it holds, and whether it is so beyond doubt."""
    fields = read_fields(line.strip(BRACKETS) if len(line) <= MAX_BYLINE_CHARS else line, rules)
    if fields:
        return "fields", fields, True
    byline = read_names(line, rules) or pen_name(line, rules)
    if byline:
        return "byline", Fields(byline=byline), True
    whole = rules.foot.match(line)
    pieces = [whole] if whole else [rules.foot.match(p) for p in BETWEEN_RE.split(line) if p]
    found = [rule for rule in pieces if rule]
    if not found or len(found) < len(pieces):
        return None, None, False
    return found[0].why, None, any(rule.anchor for rule in found)


def pen_name(line: str, rules: LayoutRules) -> Byline | None:
    """A name of any family alone in brackets on its line: （小文）."""
    match = PEN_NAME_RE.fullmatch(line)
    return Byline({match[1]: []}) if match and is_name(match[1], rules) else None


def sign_off(lines: Sequence[Row], start: int, end: int, foot: Foot, rules: LayoutRules) -> None:
    """Take off the office and date that sign a notice, when both stand below the last sentence."""
    dated = next((i for i in range(start, min(start + 4, end)) if find_date(lines[i].line)), None)
    if dated is None or dated not in foot.removed:
        return
    offices = [i for i in range(start, dated) if is_office(lines[i].line, rules)]
    if offices == list(range(start, dated)):
        foot.removed |= dict.fromkeys(offices, "sign-off")
        foot.start = min([foot.start, *offices])


def is_office(line: str, rules: LayoutRules) -> bool:
    return len(line) <= MAX_AGENCY_CHARS and all(rules.medium.fullmatch(part) for part in line.split())
