"""The story itself: furniture between its sentences, and what is glued to its first and last one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from etl.model import Edit, Text
from etl.rules.layout import LayoutRules
from etl.stages.layout.bylines import is_person, read_byline
from etl.stages.layout.dates import find_date
from etl.stages.layout.lines import Fields, Row, is_sentence, read_fields

# （记者 张三 通讯员 李四） at the end of the last sentence
TAIL_RE = re.compile(r" ?[（(【\[]([^（()）【】\[\]]{1,80})[）)】\]]\Z")
# （2020年9月14日 某某新闻网） before the first sentence
FRONT_RE = re.compile(r"\A[（(【\[]([^（()）【】\[\]]{6,60})[）)】\]] ?")
MEDIUM = "网|报|社|台|在线|热线|晨讯|快讯|客户端|融媒|发布|周刊|新闻"
# 本报长沙8月12日讯（记者 唐一凡） 新华社北京5月3日电 某某网讯
DATELINE_RE = re.compile(
    r"\A[\[【(（]?(?:\d{4}年\d{1,2}月\d{1,2}日 ?)?"
    rf"(?P<medium>[\u4e00-\u9fffA-Za-z]{{2,12}}?(?:{MEDIUM}))[\u4e00-\u9fff]{{0,8}}?"
    r"(?:\d{4}年)?(?:\d{1,2}月)?(?:\d{1,2}日)?(?:电|讯|消息)(?=[ （(【，,:：】\])）])"
)
DATELINE_PEOPLE_RE = re.compile(r"\A.{2,40}?(?:电|讯|消息) ?[（(]([^（()）]{2,80})[）)]")
CREDIT_RE = re.compile(r"[。 （(）)]([\u4e00-\u9fff·、 ]{2,20}) ?(?:摄|/摄|摄影|供图)[）)]?\Z")
MAX_INNER_CHARS = 120  # of a furniture line between sentences
OWN = ("本报", "本网", "本台", "本刊", "本社", "本站")


def inner(lines: Sequence[Row], first: int, last: int, rules: LayoutRules) -> dict[int, str]:
    """Furniture between the sentences."""
    removed = {}
    for i in range(first, last):
        line = lines[i].line
        if len(line) <= MAX_INNER_CHARS:
            rule = (rules.captions if is_sentence(line) else rules.inner).match(line)
            if rule:
                removed[i] = rule.why
    return removed


def credits(lines: Sequence[Row], removed: Mapping[int, str], fields: Fields, rules: LayoutRules) -> None:
    """Photographers that captions name: 图为民警讲解防骗知识。 张三 摄"""
    for i in sorted(removed):
        credit = CREDIT_RE.search(lines[i].line) if removed[i] == "caption" else None
        for name in re.split(r"[、 ]+", credit[1]) if credit else ():
            if is_person(name, rules):
                fields.byline.add(name, ("photographer",))


def trimmed(
    text: Text, lines: Sequence[Row], removed: Mapping[int, str], fields: Fields, rules: LayoutRules
) -> tuple[Text, list[tuple[str, str]]]:
    """The body: rows that stay, less what is glued to the first and last of them, and what that was."""
    kept = [row for i, row in enumerate(lines) if i not in removed]
    more: list[tuple[str, str]] = []
    cuts: list[tuple[int, int]] = []
    for row in kept:
        glued = rules.glued.search(row.line) if row.line.endswith(rules.glued_words) else None
        if glued:
            cuts.append((row.start + glued.start(), row.end))
            more.append(("glued", glued[0]))
    if kept:
        cuts += [c for c in (front(kept[0], fields, rules), tail(kept[-1], fields, rules)) if c]
        dateline(kept[0].line, fields, rules)
    more += [
        ("byline", text.value[s:e]) for s, e in cuts if text.value[s:e].strip() not in {m[1] for m in more}
    ]
    return text.edit(gaps(len(text.value), kept, sorted(set(cuts)))), more


def gaps(length: int, kept: Sequence[Row], cuts: Sequence[tuple[int, int]]) -> list[Edit]:
    """Edits that leave the kept rows, less the cuts, with one line end between them."""
    spans = list(cuts)
    at = 0
    for row in kept:
        if row.start > at:
            spans.append((at, row.start))
        at = row.end + 1
    if length > at - 1:
        spans.append((max(at - 1, 0), length))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return [Edit(s, e, "") for s, e in merged]


def front(row: Row, fields: Fields, rules: LayoutRules) -> tuple[int, int] | None:
    """A bracket before the first sentence that holds only date and source."""
    match = FRONT_RE.match(row.line)
    found = read_fields(match[1], rules) if match else None
    if match is None or found is None or match.end() == len(row.line):
        return None
    fields.take(found)
    return row.start, row.start + match.end()


def tail(row: Row, fields: Fields, rules: LayoutRules) -> tuple[int, int] | None:
    """A bracket after the last sentence that holds only names, a source, or an end mark."""
    match = TAIL_RE.search(row.line)
    if match is None or match.start() == 0:
        return None
    found = read_fields(match[1], rules)
    byline = read_byline(match[1], rules)
    if not (found or byline or rules.foot.match(match[0].strip())):
        return None
    if found:
        fields.take(found)
    elif byline:
        fields.take(Fields(byline=byline))
    return row.start + match.start(), row.end


def dateline(line: str, fields: Fields, rules: LayoutRules) -> None:
    """Medium, reporters and full date of a dateline, which stays in the body: relative days count from it."""
    match = DATELINE_RE.match(line)
    if match and fields.published is None:
        fields.published = find_date(match[0])
    if match and not match["medium"].startswith(OWN):
        fields.byline.medium = fields.byline.medium or match["medium"]
    people = DATELINE_PEOPLE_RE.match(line) if match or line.startswith(OWN) else None
    if people and fields.published is None:
        fields.published = find_date(people[1])
    byline = read_byline(people[1], rules, bracketed=True) if people else None
    if byline:
        fields.take(Fields(byline=byline))
