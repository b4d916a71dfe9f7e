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
from etl.stages.layout.lines import (
    CLAUSE_RE,
    QUOTED_RE,
    Fields,
    Row,
    exclaimed,
    is_heading,
    is_sentence,
    read_fields,
    read_names,
)

MAX_HEAD_LINES = 80
MAX_WORDLESS_LINES = 8  # head of a page that holds no sentence at all: verse, lists
MIN_TITLE_CHARS = 4  # of a title that no date or breadcrumb vouches for
MAX_GAP = 3  # unknown lines that a weaker anchor may carry along
MAX_EXEMPT_CHARS = 40  # the first line may end like a sentence and still be the title
NEAR = 3  # lines after a title within which a sentence must follow

FAR_REACHING = {"breadcrumb", "welcome", "fields", "title repeated"}  # nothing of a story stands above these
ANCHORS = {
    *("page tools", "share", "counter", "byline", "editor", "follow us", "scan code", "link", "subtitle"),
    *("account card", "place mark"),
}

SUBTITLE_RE = re.compile(r"(?:[—–-]{1,3}|副标题[:：]).{2,60}")
WELCOME_RE = re.compile(r"\A.{0,8}?欢迎(?:您)?(?:来到|访问|光临|浏览|关注|进入)|[!！。~]\Z")
DATELINE_RE = re.compile(
    r"([\u4e00-\u9fff]{1,12}(?:网|报|社|台|站|在线))(?:综合)?(?:讯|消息)"
)  # alone in its line
MENU_SITE_RE = re.compile(r"(\S{3,12}) (?=[^|丨/·])")  # 某某网 新闻 | 时政 | 法治
CRUMB_LABEL_RE = re.compile(r"\A[^>:：]{0,12}[:：]")
CRUMB_RE = re.compile(r" ?(?:>{1,3}|›|»|→|/) ?")


@dataclass(slots=True)
class Head:
    """What stands above the story: `end` is the index of its first row; `removed` why each row goes.

    `unknown` are the rows read that are neither furniture nor sentences: title, site name, headings.
    """

    end: int = 0
    title: Row | None = None
    removed: dict[int, str] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    unknown: list[int] = field(default_factory=list)
    crumbs: list[str] = field(default_factory=list)
    last_crumb: int = -1
    first_date: int | None = None

    @property
    def portal(self) -> bool:
        """Whether this is a page of a site rather than a bare text."""
        return self.last_crumb >= 0 or len(self.removed) > 2


def read_head(lines: Sequence[Row], declared_title: str | None, rules: LayoutRules) -> Head:
    """The head of a page; `declared_title` is one that markup already gave, which lines only repeat."""
    head = Head()
    for i, row in enumerate(lines[:MAX_HEAD_LINES]):
        if head.removed.get(i) == "fields":
            continue
        why, found = judge(row.line, declared_title, rules)
        if why == "fields" and i + 1 < len(lines) and rules.field.fullmatch(row.line):
            joined = read_fields(row.line + lines[i + 1].line, rules)
            if joined:  # 来源： and its value in two lines
                note(head, i + 1, lines[i + 1].line, why, joined, rules)
        if why is not None:
            note(head, i, row.line, why, found, rules)
        elif is_sentence(row.line) and not (not head.unknown and may_be_title(row.line)):
            break
        else:
            head.unknown.append(i)
    else:
        if len(lines) > MAX_WORDLESS_LINES and not any(
            is_sentence(row.line) for row in lines[MAX_HEAD_LINES:]
        ):
            return read_head(lines[:MAX_WORDLESS_LINES], declared_title, rules)
    if declared_title is None:
        head.title = pick_title(head, lines, rules)
    clear_above(head, lines, rules)
    while head.end in head.removed:
        head.end += 1
    head.removed = {i: why for i, why in head.removed.items() if i < head.end}
    return head


def may_be_title(line: str) -> bool:
    return len(line) <= MAX_EXEMPT_CHARS and "。" not in line


def judge(line: str, title: str | None, rules: LayoutRules) -> tuple[str | None, Fields | None]:
    """Why the line is page furniture, with the fields it holds; None if it may be story."""
    if title and titles.same(line, title):
        return "title repeated", None
    fields = read_fields(line.strip("()（）[]【】") if len(line) <= MAX_EXEMPT_CHARS else line, rules)
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
    byline = read_names(line, rules)
    if byline is None:
        return None, None
    alone = not rules.role_label.search(line)
    authors = (n for n, roles in byline.people.items() if "author" in roles or (alone and not roles))
    return "byline", Fields(byline=byline, author=next(authors, None))


def note(head: Head, i: int, line: str, why: str, found: Fields | None, rules: LayoutRules) -> None:
    """Enter a line of furniture: its fields, the site it names, and how far down the head reaches now."""
    head.removed[i] = why
    if found:
        if rank(found) > rank(
            head.fields
        ):  # a date with a label or clock beats the day in the page's top line
            head.fields.published, head.fields.labelled = found.published, found.labelled
            head.first_date = i
        head.fields.take(found)
    site = None
    if why == "welcome":
        site = WELCOME_RE.sub("", line)
    elif why == "menu":
        named = MENU_SITE_RE.match(line)
        site = named[1] if named and is_site(named[1], rules) else None
    elif why == "breadcrumb":
        head.last_crumb = i
        head.crumbs += CRUMB_RE.split(CRUMB_LABEL_RE.sub("", line))
    head.fields.site = head.fields.site or site
    gap = sum(u >= head.end for u in head.unknown)
    if why in FAR_REACHING or (why in ANCHORS and gap <= MAX_GAP):
        head.end = max(head.end, i + 1)


def rank(fields: Fields) -> tuple[bool, bool, bool]:
    """How good a date is: real, labelled, with a clock time."""
    date = fields.published
    return (bool(date and date.at), bool(date) and fields.labelled, bool(date and date.precision != "day"))


def pick_title(head: Head, lines: Sequence[Row], rules: LayoutRules) -> Row | None:
    """The title row, with everything above it counted to the head: one of the unknown rows of the head, or
    else the first row below it if the story starts after that. A site's name may stand between.
    """
    chosen = choose(
        [i for i in head.unknown if i < head.end and is_heading(lines[i].line)], head, lines, rules
    )
    below = next((i for i in range(head.end, len(lines)) if i not in head.removed), len(lines))
    if below + 1 < len(lines) and is_site(lines[below].line, rules) and starts_story(below + 1, lines):
        head.end = below + 1
        below += 1
    if chosen is None and below < len(lines) and starts_story(below, lines):
        chosen = below
    if chosen is None:
        return None
    head.removed[chosen] = "title"
    head.end = max(head.end, chosen + 1)
    return lines[chosen]


def choose(candidates: list[int], head: Head, lines: Sequence[Row], rules: LayoutRules) -> int | None:
    """The title: the line that ends the breadcrumb; else the last heading between it and the date.

    Without a date above the story, the longest heading after the breadcrumb.
    """
    if head.crumbs:
        tail = next((i for i in candidates if titles.same(lines[i].line, head.crumbs[-1])), None)
        if tail is not None:
            return tail
    better = [i for i in candidates if i > head.last_crumb and not is_site(lines[i].line, rules)]
    before = [i for i in better if head.first_date is not None and i < head.first_date]
    if before:
        last, earlier = before[-1], before[:-1]
        if earlier and is_account(lines[last].line, rules):  # title, name of the account, date
            head.fields.named.append(lines[last].line)
            return earlier[-1]
        return last
    return max(better, key=lambda i: len(lines[i].line), default=None)


def clear_above(head: Head, lines: Sequence[Row], rules: LayoutRules) -> None:
    """Remove what is left above the story, and read the site's name from it or from the breadcrumb."""
    names = []
    for i in head.unknown:
        if i < head.end and i not in head.removed:
            line = lines[i].line
            repeated = head.title is not None and titles.same(line, head.title.line)
            head.removed[i] = "title repeated" if repeated else "page head"
            names += [] if repeated else [line]
    sites = [name.split(" ")[0] for name in names if is_site(name, rules)]
    sites += [name for name in head.crumbs[:1] if is_account(name, rules)]
    head.fields.site = head.fields.site or next(iter(sites), None)


def is_account(line: str, rules: LayoutRules) -> bool:
    """Whether a short line is the name of a medium or office that publishes (平安东湖)."""
    return len(line) <= 12 and " " not in line and bool(rules.medium.fullmatch(line))


def is_site(line: str, rules: LayoutRules) -> bool:
    """Whether a short line is a site's name, perhaps with a channel (某某在线 · 平安版), and nothing more."""
    name, _, channel = line.partition(" ")
    if len(name) > 12 or len(channel) > 8 or CLAUSE_RE.search(line):
        return False
    return bool(rules.site.fullmatch(name)) and name not in rules.title_sections


def starts_story(i: int, lines: Sequence[Row]) -> bool:
    """Whether line `i` can be the title: a heading, no speech, with a sentence close below it."""
    line = lines[i].line
    if len(line) < MIN_TITLE_CHARS or not is_heading(line) or (QUOTED_RE.match(line) and exclaimed(line)):
        return False
    return any(is_sentence(row.line) for row in lines[i + 1 : i + 1 + NEAR])
