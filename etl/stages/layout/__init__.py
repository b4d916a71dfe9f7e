"""Lines to an article: what the page declares, what its lines say about it, and where the story stands.

Furniture is taken off from both ends inward; between, only lines that are furniture beyond doubt go
(image placeholders, captions, share buttons). What is removed is listed with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from etl.model import Article, Edit, Parsed, Repair, Text
from etl.rules.layout import LayoutRules
from etl.stages.layout import titles
from etl.stages.layout.bylines import is_person, read_byline
from etl.stages.layout.dates import Published, find_date, from_address, read_declared
from etl.stages.layout.foot import read_foot
from etl.stages.layout.head import read_head
from etl.stages.layout.lines import Fields, Row, is_sentence, read_fields, rows

# A placeholder glued to the end of a sentence: 送到派出所。图片
GLUED_RE = re.compile(r"(?<=[。！？”!?])(?:\[图片\]|【图片】|图片)\Z")
# （记者 张三 通讯员 李四） at the end of the last sentence
TAIL_RE = re.compile(r"[（(【\[]([^（()）【】\[\]]{1,80})[）)】\]]\Z")
# （2020年9月14日 某某新闻网） before the first sentence
FRONT_RE = re.compile(r"\A[（(【\[]([^（()）【】\[\]]{6,60})[）)】\]] ?")
# 本报长沙8月12日讯（记者 唐一凡） 新华社北京5月3日电 某某网讯
MEDIUM = "网|报|社|台|在线|热线|晨讯|快讯|客户端|融媒|发布|周刊|新闻"
DATELINE_RE = re.compile(
    r"\A[\[【(（]?(?:\d{4}年\d{1,2}月\d{1,2}日 ?)?"
    rf"(?P<medium>[\u4e00-\u9fffA-Za-z]{{2,12}}?(?:{MEDIUM}))[\u4e00-\u9fff]{{0,8}}?"
    r"(?:\d{4}年)?(?:\d{1,2}月)?(?:\d{1,2}日)?(?:电|讯|消息)(?=[ （(【，,:：】\])）])"
)
DATELINE_PEOPLE_RE = re.compile(r"\A.{2,40}?(?:电|讯|消息) ?[（(]([^（()）]{2,80})[）)]")
CREDIT_RE = re.compile(r"[。 （(）)]([\u4e00-\u9fff·、 ]{2,20}) ?(?:摄|/摄|摄影|供图)[）)]?\Z")
MAX_INNER_CHARS = 120  # of a furniture line between sentences
OWN = ("本报", "本网", "本台", "本刊", "本社", "本站")


def layout(
    parsed: Parsed,
    text: Text,
    declared: Mapping[str, Text],
    rules: LayoutRules,
    *,
    script: str,
    encoding: str,
    flags: tuple[str, ...],
) -> Article:
    """The article on the page: `text` and `declared` are the page's after repair and normalisation.

    Flags are added to those given: no_title, undated, bad_date (a date that does not exist),
    lost_first_character. A page without any story gives an empty body.
    """
    title, site = declared_title(declared, rules)
    lines = [row for row in rows(text.value) if row.line]
    head = read_head(lines, title.value if title else None, rules)
    foot = read_foot(lines, head.end, rules)
    fields = Fields(site=site)
    fields.take(declared_fields(declared, rules))
    fields.take(head.fields)
    removed = {**inner(lines, head.end, foot.start, rules), **foot.removed, **head.removed}
    body, more = trimmed(text, lines, removed, fields, rules)
    fields.take(foot.fields)
    credits(lines, removed, fields, rules)
    if title is None and head.title is not None:
        title = cut_title(slice_text(text, head.title.start, head.title.end), fields, rules)
    published = settle_date(fields)
    source, site = settle_names(fields, rules)
    flags = (*flags, *new_flags(title, published, body, rules))
    return Article(
        title=title.value if title else None,
        body=body.value,
        published_at=published.at if published else None,
        published_precision=published.precision if published else "unknown",
        published_text=published.text if published else None,
        source=source,
        site=site,
        author=settle_author(fields),
        byline=fields.byline.contributors(),
        url=fields.url,
        image_urls=parsed.image_urls,
        head_image=parsed.head_image,
        shape="portal"
        if parsed.shape == "text" and head.portal
        else "bare"
        if parsed.shape == "text"
        else parsed.shape,
        script=script,
        encoding=encoding,
        repairs=body.repairs,
        title_repairs=title.repairs if title else (),
        flags=tuple(dict.fromkeys(flags)),
        removed=(*((removed[i], lines[i].line) for i in sorted(removed)), *more),
    )


def declared_title(declared: Mapping[str, Text], rules: LayoutRules) -> tuple[Text | None, str | None]:
    """The title that markup gives, without the site's name, and that name."""
    text = declared.get("title")
    if text is None or not text.value:
        return None, None
    fields = Fields()
    title = cut_title(text, fields, rules)
    return title, fields.site


def cut_title(text: Text, fields: Fields, rules: LayoutRules) -> Text:
    """The title without label and site name; the latter goes to `fields`."""
    value, site = titles.without_site(text.value, rules)
    fields.site = fields.site or site
    start = text.value.find(value)
    return slice_text(text, start, start + len(value))


def slice_text(text: Text, start: int, end: int) -> Text:
    """A stretch of a text with the repairs that lie in it."""
    inside = (r for r in text.repairs if start <= r.start and r.end <= end)
    return Text(text.value[start:end], tuple(moved(r, -start) for r in inside))


def moved(repair: Repair, by: int) -> Repair:
    return replace(repair, start=repair.start + by, end=repair.end + by)


def declared_fields(declared: Mapping[str, Text], rules: LayoutRules) -> Fields:
    """The fields that markup gives, apart from the title. An author who is no person is the site."""
    value = {name: text.value for name, text in declared.items() if text.value}
    fields = Fields(source=value.get("source"), site=value.get("site"), url=value.get("url"))
    if "published" in value:
        fields.published = read_declared(value["published"]) or Published(None, "unknown", value["published"])
    author = value.get("author", "")
    byline = read_byline(author, rules) if author else None
    if byline and byline.people:
        fields.author = next(iter(byline.people))
        for name, roles in byline.people.items():
            fields.byline.add(name, roles or ("author",))
    elif author and author.lower() not in rules.nobody:
        fields.site = fields.site or author
    return fields


def inner(lines: Sequence[Row], first: int, last: int, rules: LayoutRules) -> dict[int, str]:
    """Furniture between the sentences."""
    removed = {}
    for i in range(first, last):
        line = lines[i].line
        rule = rules.inner.match(line) if len(line) <= MAX_INNER_CHARS else None
        if rule is None or (is_sentence(line) and rule.why != "caption"):
            continue
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
        glued = GLUED_RE.search(row.line)
        if glued:
            cuts.append((row.start + glued.start(), row.end))
            more.append(("image placeholder", glued[0]))
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
    if not (found or byline or rules.foot.match(match[0])):
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


def settle_date(fields: Fields) -> Published | None:
    """The publication time; if the page gives none, the day in the address."""
    if (fields.published is None or fields.published.at is None) and fields.url:
        return from_address(fields.url) or fields.published
    return fields.published


def settle_names(fields: Fields, rules: LayoutRules) -> tuple[str | None, str | None]:
    """Source and site. The originating medium or office is the one labelled so, else a name without label
    beside the date, else the one in byline or dateline; a further name is the site's.
    """
    named = [n for n in fields.named if n != fields.site]
    candidates = (fields.source, *named[:1], fields.byline.medium)
    source = next(filter(None, (medium_name(n, rules) for n in candidates)), None)
    site = fields.site or next((n for n in named if n != source), None)
    return source, site


def medium_name(name: str | None, rules: LayoutRules) -> str | None:
    """The name without quotes and channel (平安柳城微信公众号 -> 平安柳城); None for 本站, 网络 and the like."""
    name = rules.channels.sub("", (name or "").strip("“”\"'「」[]【】 "))
    return name if name and name.lower() not in rules.nobody else None


def settle_author(fields: Fields) -> str | None:
    """The author, who stands in the byline too."""
    if fields.author:
        fields.byline.add(fields.author, ("author",))
    return fields.author


def new_flags(title: Text | None, published: Published | None, body: Text, rules: LayoutRules) -> list[str]:
    flags = []
    if title is None:
        flags.append("no_title")
    if published is None:
        flags.append("undated")
    elif published.at is None:
        flags.append("bad_date")
    if rules.headless.match(body.value):
        flags.append("lost_first_character")
    return flags
