"""The page's lines and the three questions asked of each: is it a sentence, a line of fields, a heading?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from etl.rules.factoring import compile_factored
from etl.rules.layout import LayoutRules
from etl.stages.layout.bylines import Byline, read_byline
from etl.stages.layout.dates import Published, find_date

# What a sentence ends with, closing quotes and brackets aside; ！ and ？ end headings too.
FULL_STOPS = tuple("。；…;")
EXCLAMATIONS = tuple("！？!?")
CLOSERS = "”’』」）)]】"
END_CHARS = 4  # one of the first and up to three of the last
CLAUSE_RE = re.compile(r"[，。！？；,!?;]")
QUOTED_RE = re.compile(r"[“‘「『].*[”’」』]\Z")
BULLETS = "□■◇◆○●▲△ "
BRACKETS = "()（）[]【】<>"
BRACKETED_RE = re.compile(r"[(（【\[][^()（）【】\[\]]{2,80}[)）】\]]")
MAX_BYLINE_CHARS = 100
MAX_NAMES_CHARS = 20
MIN_TITLE_CHARS = 8  # of one that shares the line of date and source
MAX_META_CHARS = 240
MAX_VALUE_CHARS = 60
MAX_REST_CHARS = 30  # of a field line, beyond its fields: a site or source without a label
PEN_NAME_RE = re.compile(r"[\u4e00-\u9fff]{2,3}")
# 作者：木青，系凤县公安局民警
POST_RE = re.compile(r"[，,（( ](?:系|为|现任|作者系|作者单位|单位).{2,40}\Z")
NAME_RE = re.compile(r"[\u4e00-\u9fff]{4,12}")  # of a medium, standing alone beside a date
# 本刊记者 某某 发自湖北襄阳; 2023-05-06 10:21 发布于北京
SENT_FROM_RE = re.compile(r"(?:发自|发布于|发表于) ?[\u4e00-\u9fff]{2,16}")
DIGIT_RE = re.compile(r"\d")
SPLIT_RE = compile_factored(r" ?[|丨｜/·•] ?|  *|[()（）\[\]【】]")
LABEL_END_RE = re.compile(r"[:：丨|)）】\]]")


class Row(NamedTuple):
    """One line of the page text: `[start, end)` and what stands there."""

    start: int
    end: int
    line: str


def rows(text: str) -> list[Row]:
    """The lines of a normalised text that are not empty, in order."""
    result = []
    at = 0
    for line in text.split("\n"):
        end = at + len(line)
        if line:
            result.append(Row(at, end, line))
        at = end + 1
    return result


def full_stop(line: str) -> bool:
    """Whether it ends as only sentences do."""
    return line[-END_CHARS:].rstrip(CLOSERS).endswith(FULL_STOPS)


def exclaimed(line: str) -> bool:
    """Whether it ends with ！ or ？."""
    return line[-END_CHARS:].rstrip(CLOSERS).endswith(EXCLAMATIONS)


def is_sentence(line: str) -> bool:
    """Whether the line reads as part of the story: it ends like a sentence or goes on, or is long."""
    if full_stop(line):
        return len(line) >= 5
    if line.endswith(("，", "、")):
        return True
    if exclaimed(line):
        return len(line) >= 40 or bool(QUOTED_RE.match(line))
    return len(line) >= 36 and bool(CLAUSE_RE.search(line))


def is_heading(line: str) -> bool:
    """Whether the line could be a title: short, some Han characters, not ended like a sentence.

    >>> is_heading("小提琴落在后备厢，考级前夜民警帮她找回"), is_heading("民警赶到了现场。")
    (True, False)
    """
    return 3 <= len(line) <= 60 and not full_stop(line) and line[-1] not in "，、：,:" and "。" not in line


@dataclass(slots=True)
class Fields:
    """What lines of fields say. Texts as written; `named` are names without a label."""

    published: Published | None = None
    source: str | None = None
    site: str | None = None
    author: str | None = None
    title: str | None = None
    url: str | None = None
    labelled: bool = False  # whether the date has a label
    byline: Byline = field(default_factory=Byline)
    named: list[str] = field(default_factory=list)

    def take(self, other: Fields) -> None:
        """Fill what is still missing from `other`; contributors add up. A real date beats an impossible one."""
        if self.published is None or (self.published.at is None and other.published and other.published.at):
            self.published = other.published or self.published
        self.source = self.source or other.source
        self.site = self.site or other.site
        self.author = self.author or other.author
        self.title = self.title or other.title
        self.url = self.url or other.url
        for name, roles in other.byline.people.items():
            self.byline.add(name, roles)
        self.byline.medium = self.byline.medium or other.byline.medium
        self.named += other.named


def read_fields(line: str, rules: LayoutRules) -> Fields | None:
    """The fields of a line that holds nothing else: date, source, author, counters, tools; else None.

    A name or two without a label may stand there too (`2021年11月12日 玛曲融媒`).
    """
    if len(line) > MAX_META_CHARS or full_stop(line):
        return None
    date = find_date(line)
    labels = list(rules.field.finditer(line)) if LABEL_END_RE.search(line) else []
    if not date and not (labels and labels[0].start() <= 1):
        return None
    fields = Fields(published=date)
    bounds = [m.start() for m in labels] + [len(line)]
    rest = [line[: bounds[0]]]
    for match, end in zip(labels, bounds[1:], strict=True):
        value = line[match.end() : end].strip(" |丨,，;；")
        left = read_field(rules.field_labels[match[1]], value, fields, rules)
        if left is None:
            return None
        rest.append(left)
    return fields if rest_fits(" ".join(rest), date, fields, rules) else None


def read_field(kind: str, value: str, fields: Fields, rules: LayoutRules) -> str | None:
    """Put one labelled value into `fields`; what of it is not the value, or None if it can't be one."""
    if kind == "published":
        fields.labelled = True
        fields.published = fields.published or find_date(value, labelled=True)
        return value if len(value) <= MAX_VALUE_CHARS and not CLAUSE_RE.search(value) else None
    if kind == "url":
        fields.url = fields.url or next(iter(re.findall(r"https?://[^\s，。；）)】\]]{4,1000}", value)), None)
        return ""
    if kind == "title":
        fields.title = fields.title or value
        return ""
    if kind in {"noise", "editor"}:
        date = find_date(value)
        return date.text if date else ""
    value = POST_RE.sub("", value)
    if len(value) > MAX_VALUE_CHARS or CLAUSE_RE.search(value):
        return None
    date = find_date(value)
    if date and date.text:
        value = value.replace(date.text, " ", 1).strip(" |丨")
    if kind in {"source", "site"}:
        name, _, left = value.partition("  ")
        name, left = first_name(name)
        setattr(fields, kind, getattr(fields, kind) or name or None)
        return left
    return read_person(kind, value, fields, rules)


def first_name(value: str) -> tuple[str, str]:
    """A source and what follows it after a space: `新华社 打印` -> `新华社`, `打印`."""
    name, _, left = value.partition(" ")
    return name.strip("[]【】()（）“”\"'"), left.strip()


def read_person(kind: str, value: str, fields: Fields, rules: LayoutRules) -> str:
    """Names after a label of people. After 作者 a pen name will do (木青); an office or medium is nobody."""
    roles = {"author": ("author",), "both": ("author", "photographer")}.get(kind, (kind,))
    byline = read_byline(value, rules) if value else None
    if byline is None and kind == "author" and PEN_NAME_RE.fullmatch(value) and is_name(value, rules):
        byline = Byline({value: []})
    for name, more in byline.people.items() if byline else ():
        fields.byline.add(name, more or roles)
        if kind in {"author", "both"}:
            fields.author = fields.author or name
    return ""


def is_name(value: str, rules: LayoutRules) -> bool:
    return value not in rules.nobody and value not in rules.not_names and not rules.medium.fullmatch(value)


def rest_fits(text: str, date: Published | None, fields: Fields, rules: LayoutRules) -> bool:
    """Whether what stands beside the fields is only tools, counters, a byline or names, which go to `fields`."""
    if date:
        text = text.replace(date.text, " ", 1)
    if fields.published and fields.published.text:
        text = text.replace(fields.published.text, " ", 1)
    text = SENT_FROM_RE.sub(" ", text).strip(" |丨｜/·-—:：" + BULLETS)
    byline = read_byline(text, rules) if text else None
    if byline:
        fields.take(Fields(byline=byline, named=[byline.medium] if byline.medium else []))
        fields.byline.medium = None
        return True
    parts = [p for p in SPLIT_RE.split(text) if len(p) > 1 and not rules.head.match(p)]
    if sum(map(len, parts)) > MAX_REST_CHARS or any(CLAUSE_RE.search(p) for p in parts):
        return False
    parts = [p for p in parts if p not in rules.field_labels and not DIGIT_RE.search(p)]
    media = [p for p in parts if rules.medium.fullmatch(p)]
    if not media and parts and len(parts[0]) >= MIN_TITLE_CHARS:
        fields.title = fields.title or parts[0]  # 夜巡民警救下醉倒老人 时间：2023-05-05 来源：某报
    else:
        fields.named += media or [p for p in parts if len(parts) == 1 and NAME_RE.fullmatch(p)]
    return True


def read_names(line: str, rules: LayoutRules) -> Byline | None:
    """The byline that a whole line is: with a label, in one pair of brackets, or one to four bare names."""
    inner = line.lstrip(BULLETS).strip(BRACKETS) if len(line) <= MAX_BYLINE_CHARS else ""
    if BRACKETED_RE.fullmatch(line):
        return read_byline(inner, rules, bracketed=True)
    if rules.role_label.search(line):
        return read_byline(inner, rules)
    byline = read_byline(inner, rules) if len(line) <= MAX_NAMES_CHARS else None
    return byline if byline and byline.people else None
