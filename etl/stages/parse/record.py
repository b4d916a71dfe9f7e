"""One JSON object as one article, as crawlers and interfaces write them, one a line.

The body may be text, a fragment of HTML or a whole page: it is read as a file with that content would be.
What the record declares beside it is stronger than what stands in the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from etl.errors import ArticleError
from etl.model import Decoded, Parsed
from etl.stages.parse import parse
from etl.stages.parse.front_matter import NAMES

BODIES = ("body", "content", "text", "html", "article", "正文")
CHINA = timezone(timedelta(hours=8))
FIELDS = (*NAMES, "body")  # what a user may map a key to


def parse_record(decoded: Decoded, keys: Mapping[str, str]) -> Parsed:
    """The page in a JSON object's body, with the fields that the object declares.

    `keys` are the user's: our name of a field -> the key that holds it (`data.title` for one in an object).
    For other fields the usual names serve, those of front matter.

    >>> parse_record(Decoded('{"标题": "一盆花", "content": "<p>花丢了。</p>"}', "utf-8", 1.0), {"title": "标题"})
    Parsed(shape='record', text='花丢了。', declared={'title': '一盆花'}, image_urls=(), head_image=None)

    Raises ArticleError: `malformed_record` for what is no JSON object or has no body; others as `parse` does.
    """
    record = read_object(decoded.text)
    values = {
        name: value
        for name in FIELDS
        if (value := first(record, (keys[name],) if name in keys else usual_names(name)))
    }
    body = values.pop("body", None)
    if body is None:
        raise ArticleError("malformed_record", "no key that holds a body")
    if "published" in values:
        values["published"] = instant(values["published"])
    page = parse(replace(decoded, text=body))
    return replace(page, shape="record", declared={**page.declared, **values})


def read_object(text: str) -> dict[str, Any]:
    """A JSON object, its numbers as written. Raises ArticleError."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError as e:
        raise ArticleError("malformed_record", "not JSON") from e
    except RecursionError as e:
        raise ArticleError("too_complex_nesting", "a record nested too deeply") from e
    if not isinstance(value, dict):
        raise ArticleError("malformed_record", "JSON, but no object")
    return value


def usual_names(field: str) -> tuple[str, ...]:
    return BODIES if field == "body" else NAMES[field]


def first(record: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first value that is text and says something; a list of words counts as text."""
    for name in names:
        value = lookup(record, name)
        if isinstance(value, list):
            value = " ".join(v for v in value if isinstance(v, str))
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def lookup(record: Mapping[str, Any], key: str) -> Any:
    """The value of a key, or along a path of keys with dots between."""
    if key in record:
        return record[key]
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def instant(written: str) -> str:
    """A publication time as a page would write it: seconds or milliseconds since 1970 become a date.

    >>> instant("1615256700"), instant("1615256700000"), instant("2021-03-09")
    ('2021-03-09 10:25:00', '2021-03-09 10:25:00', '2021-03-09')
    """
    if not written.isascii() or not written.isdigit() or len(written) not in (10, 13):
        return written
    return f"{datetime.fromtimestamp(int(written[:10]), CHINA):%Y-%m-%d %H:%M:%S}"
