"""Above the story: menus, breadcrumb, title, the line of date and source, byline.

The lines are read downward until the first sentence. The last line that is beyond doubt page furniture
ends the head; short lines after it belong to the story. One of the short lines before it is the title,
as a rule the last before the date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from etl.rules.layout import LayoutRules
from etl.stages.layout import titles
from etl.stages.layout.bylines import read_byline
from etl.stages.layout.lines import CLAUSE_RE, Fields, Row, is_heading, is_sentence, name_alone, read_fields

MAX_HEAD_LINES = 80
MAX_GAP = 3  # unknown lines that a weaker anchor may carry along
NEAR = 3  # lines after a title within which a sentence must follow

FAR_REACHING = {"breadcrumb", "welcome", "fields"}  # nothing of a story stands above these
SUBTITLE_RE = re.compile(r"(?:[—–-]{1,3}|副标题[:：]).{2,60}")
WELCOME_RE = re.compile(r"\A.{0,8}?欢迎(?:您)?(?:来到|访问|光临|浏览|关注|进入)|[!！。~]\Z")
DATELINE_RE = re.compile(
    r"([\u4e00-\u9fff]{1,12}(?:网|报|社|台|站|在线))(?:综合)?(?:讯|消息)"
)  # alone in its line
MENU_SITE_RE = re.compile(r"(\S{3,12}) (?=[^|丨/·])")  # 某某网 新闻 | 时政 | 法治
CRUMB_RE = re.compile(r" ?(?:>{1,3}|›|»|→|/) ?")


@dataclass(slots=True)
class Head:
    """What stands above the story: `end` is the index of its first row; `removed` why each row goes."""

    end: int = 0
    title: Row | None = None
    removed: dict[int, str] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    portal: bool = False


def read_head(lines: Sequence[Row], declared_title: str | None, rules: LayoutRules) -> Head:
    """The head of a page; `declared_title` is one that markup already gave, which lines only repeat."""
    head = Head()
    unknown: list[int] = []
    crumbs: list[str] = []
    first_date: int | None = None
    last_crumb = -1
    for i, row in enumerate(lines[:MAX_HEAD_LINES]):
        why, found = judge(row.line, declared_title, rules)
        if why is None:
            if is_sentence(row.line) and not (not unknown and len(row.line) <= 40 and "。" not in row.line):
                break
            unknown.append(i)
            continue
        head.removed[i] = why
        if found:
            head.fields.take(found)
            if found.published and first_date is None:
                first_date = i
        if why == "welcome":
            head.fields.site = head.fields.site or WELCOME_RE.sub("", row.line)
        elif why == "menu" and (named := MENU_SITE_RE.match(row.line)) and is_site(named[1], rules):
            head.fields.site = head.fields.site or named[1]
        elif why == "breadcrumb":
            last_crumb = i
            crumbs += CRUMB_RE.split(re.sub(r"\A[^>:：]{0,12}[:：]", "", row.line))
        gap = sum(1 for u in unknown if u >= head.end)
        if why in FAR_REACHING or (why in ANCHORS and gap <= MAX_GAP) or (why == "title repeated"):
            head.end = i + 1
    head.portal = "breadcrumb" in head.removed.values() or len(head.removed) > 2
    settle(head, lines, unknown, crumbs, (last_crumb, first_date), declared_title, rules)
    head.removed = {i: why for i, why in head.removed.items() if i < head.end}
    return head


ANCHORS = {"page tools", "share", "counter", "byline", "editor", "follow us", "scan code", "link", "subtitle"}


def judge(line: str, title: str | None, rules: LayoutRules) -> tuple[str | None, Fields | None]:
    """Why the line is page furniture, with the fields it holds; None if it may be story."""
    if title and titles.same(line, title):
        return "title repeated", None
    inner = line.strip("()（）[]【】") if len(line) <= 60 else line
    fields = read_fields(inner, rules)
    if fields:
        return "fields", fields
    rule = rules.head.match(line)
    if rule:
        return rule.why, None
    medium = DATELINE_RE.fullmatch(line)
    if medium:
        return "dateline", Fields(named=[medium[1]] if medium[1][0] != "本" else [])
    if SUBTITLE_RE.fullmatch(line):
        return "subtitle", None
    byline = (read_byline(inner, rules) if rules.role_label.search(line) else None) or name_alone(
        inner, rules
    )
    if byline:
        found = Fields(byline=byline)
        alone = not rules.role_label.search(line)
        authors = [n for n, roles in byline.people.items() if "author" in roles or (alone and not roles)]
        found.author = authors[0] if authors else None
        return "byline", found
    return None, None


def settle(
    head: Head,
    lines: Sequence[Row],
    unknown: list[int],
    crumbs: list[str],
    between: tuple[int, int | None],
    declared_title: str | None,
    rules: LayoutRules,
) -> None:
    """Choose the title among the unknown lines, find the site, and fix where the story begins."""
    above = [i for i in unknown if i < head.end]
    candidates = [i for i in above if is_heading(lines[i].line)]
    below = next((i for i in range(head.end, len(lines)) if i not in head.removed), len(lines))
    if below + 1 < len(lines) and is_site(lines[below].line, rules) and starts_story(below + 1, lines):
        above.append(below)
        below += 1
    chosen = None if declared_title else choose(candidates, lines, crumbs, between, rules)
    if chosen is None and not declared_title and below < len(lines) and starts_story(below, lines):
        chosen = below
    if chosen is not None:
        head.title = lines[chosen]
        head.removed[chosen] = "title"
        head.end = max(head.end, chosen + 1)
    for i in above:
        if i != chosen:
            repeated = head.title is not None and titles.same(lines[i].line, head.title.line)
            head.removed[i] = "title repeated" if repeated else "page head"
            if not repeated and not head.fields.site and is_site(lines[i].line, rules):
                head.fields.site = lines[i].line.split(" ")[0]
    if above:
        head.end = max(head.end, above[-1] + 1)
    if not head.fields.site and crumbs and is_site(crumbs[0], rules):
        head.fields.site = crumbs[0]
    while head.end in head.removed:
        head.end += 1


def choose(
    candidates: list[int],
    lines: Sequence[Row],
    crumbs: list[str],
    between: tuple[int, int | None],
    rules: LayoutRules,
) -> int | None:
    """The title: the line that ends the breadcrumb; else the last heading between it and the date.

    Without a date above the story, the longest heading after the breadcrumb.
    """
    if crumbs:
        tail = next((i for i in candidates if titles.same(lines[i].line, crumbs[-1])), None)
        if tail is not None:
            return tail
    last_crumb, first_date = between
    better = [i for i in candidates if i > last_crumb and not is_site(lines[i].line, rules)]
    before = [i for i in better if first_date is not None and i < first_date]
    if before:
        return before[-1]
    return max(better, key=lambda i: len(lines[i].line), default=None)


def is_site(line: str, rules: LayoutRules) -> bool:
    """Whether a short line is a site's name, perhaps with a channel (某某在线 · 平安版), and nothing more."""
    name, _, channel = line.partition(" ")
    if len(name) > 12 or len(channel) > 8 or CLAUSE_RE.search(line):
        return False
    return bool(rules.medium.fullmatch(name)) and name not in rules.title_sections


def starts_story(i: int, lines: Sequence[Row]) -> bool:
    """Whether line `i` can be the title: a heading, with a sentence close below it."""
    if not is_heading(lines[i].line) or (is_sentence(lines[i].line) and len(lines[i].line) > 45):
        return False
    return any(is_sentence(row.line) for row in lines[i + 1 : i + 1 + NEAR])
