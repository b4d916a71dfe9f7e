"""Lines to an article: what the page declares, what its lines say about it, and where the story stands.

Furniture is taken off from both ends inward; between, only lines that are furniture beyond doubt go
(image placeholders, captions, share buttons). What is removed is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from etl.model import Article, Parsed, Repair, Text
from etl.rules.layout import LayoutRules
from etl.stages.layout import titles
from etl.stages.layout.body import credits, inner, trimmed
from etl.stages.layout.bylines import read_byline
from etl.stages.layout.dates import Published, from_address, read_declared
from etl.stages.layout.foot import read_foot
from etl.stages.layout.head import read_head
from etl.stages.layout.language import chinese
from etl.stages.layout.lines import Fields, rows


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
    lines = rows(text.value)
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
    if title is None and fields.title:
        title = cut_title(Text(fields.title), fields, rules)
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
        shape=parsed.shape if parsed.shape != "text" else "portal" if head.portal else "bare",
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
    return repair._replace(start=repair.start + by, end=repair.end + by)


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
    if body.value and not chinese(body.value):
        flags.append("not_chinese")
    return flags
