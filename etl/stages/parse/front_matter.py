"""Front matter between --- lines, as static site generators write it (Hexo, Jekyll, Hugo), then HTML or text.

YAML is read as a stream of events and never constructed: all values stay strings (a date keeps its zone),
no tag, anchor or alias has any effect, and nesting is counted before it can hurt (the C composer crashes
the interpreter between 20,000 and 30,000 nested brackets).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import yaml

from etl.errors import ArticleError
from etl.model import Parsed
from etl.stages.parse import markup, unshown
from etl.stages.parse.reader import Reader

MAX_CHARS = 65_536  # of front matter; real ones stay under 4,000
MAX_DEPTH = 50  # of YAML nesting

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is built in: 7x faster

OPEN_RE = re.compile(r"\s{0,20}---[ \t]*\n(?=\s{0,20}(?:#[^\n]{0,200}\n\s{0,20})?[\w\"'-]{1,40}[ \t]?:)")
CLOSE_RE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.M)
PAIR_RE = re.compile(r"^([A-Za-z_]\w{0,39})[ \t]?:[ \t]*(.*)$", re.M)
TAG_RE = re.compile(
    r"</?(?:p|div|br|span|img|strong|section|a|h[1-6]|ul|ol|li|table|em|b|figure)[\s/>]", re.I
)

# Names under which generators and crawlers write each field, the first present one wins.
NAMES = {
    "title": ("title",),
    "published": (
        "date",
        "published",
        "publish_date",
        "publish_time",
        "pubdate",
        "pub_date",
        "created",
        "time",
    ),
    "source": ("source", "origin", "from"),
    "site": ("site", "site_name", "sitename", "website"),
    "author": ("author", "authors", "writer"),
    "url": ("link", "original", "original_url", "source_url", "url", "href"),
}
HEAD_IMAGES = ("headimg", "thumbnail", "cover", "image", "banner", "top_img", "feature", "featured_image")
NOTHING = frozenset({"null", "~", "false", "none", "undefined"})
GROUPS = ("categories", "category", "tags", "tag")

Fields = Mapping[str, tuple[str, ...]]


def sniff(text: str) -> bool:
    """Whether the text opens with --- and a key, and a closing line follows."""
    opening = OPEN_RE.match(text)
    return bool(opening and CLOSE_RE.search(text, opening.end()))


def read(text: str) -> Parsed:
    """Declared fields from the front matter, lines and images from what follows it.

    Raises ArticleError: `too_large_front_matter` beyond 65,536 characters; `too_complex_nesting` beyond 50
    levels; `too_complex_alias` for an anchor or alias.
    """
    opening = OPEN_RE.match(text)
    closing = CLOSE_RE.search(text, opening.end() if opening else 0)
    if not opening or not closing:
        raise ValueError("no front matter: sniff first")
    if closing.start() - opening.end() > MAX_CHARS:
        raise ArticleError("too_large_front_matter", f"front matter longer than {MAX_CHARS} characters")
    fields = read_fields(text[opening.end() : closing.start()])
    lines, images = read_body(text[closing.end() :])
    head_image = first(fields, HEAD_IMAGES)
    return Parsed(
        shape="front_matter",
        text=lines,
        declared=declared_fields(fields),
        image_urls=images,
        head_image=markup.unproxied(head_image) if head_image else None,
    )


def read_body(text: str) -> tuple[str, tuple[str, ...]]:
    """Lines and images of HTML; text without tags stays as it is, but for what no reader sees."""
    shown = unshown.drop(text)
    if not TAG_RE.search(shown):
        return shown.strip(), ()
    root = markup.tree(text)
    return markup.lines(root) if root is not None else ("", ())


def read_fields(source: str) -> Fields:
    """Top-level keys with their scalar, or the scalars of their list; deeper structure is passed over.

    What is not valid YAML (`title: 警民: 一家亲` is not) is read line by line.
    """
    try:
        return event_fields(source)
    except yaml.YAMLError:
        return {m[1].lower(): (m[2].strip().strip("'\""),) for m in PAIR_RE.finditer(source)}


def event_fields(source: str) -> Fields:
    fields: dict[str, tuple[str, ...]] = {}
    depth = 0
    key: str | None = None
    for event in yaml.parse(source, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise ArticleError("too_complex_alias", "front matter: anchors and aliases are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ArticleError(
                    "too_complex_nesting", f"front matter nested deeper than {MAX_DEPTH} levels"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            key = None if depth == 1 else key
        elif isinstance(event, yaml.ScalarEvent):
            if depth == 1 and key is None:
                key = event.value.strip().lower()
            elif key is not None and depth <= 2:
                # A key written twice keeps its first value.
                known = fields.get(key, ())
                fields[key] = known if depth == 1 and known else (*known, event.value.strip())
                key = None if depth == 1 else key
    return fields


def declared_fields(fields: Fields) -> dict[str, str]:
    """The fields under the names of `Parsed.declared`. An author who is also a category is the site."""
    declared = {field: value for field, names in NAMES.items() if (value := first(fields, names))}
    groups = {value for name in GROUPS for value in fields.get(name, ())}
    if declared.get("author") in groups:
        declared.setdefault("site", declared["author"])
        del declared["author"]
    return declared


def first(fields: Fields, names: tuple[str, ...]) -> str | None:
    """The first value that is present and says something."""
    for name in names:
        value = " ".join(fields[name]).strip() if name in fields else ""
        if value and value.lower() not in NOTHING:
            return value
    return None


READER = Reader("front_matter", sniff=sniff, read=read)
