"""Markup to lines. Each shape of page has a reader; the shape is told by the content, never by a file name.

A further shape is one more module with a `READER` and one more entry in `READERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from etl.model import Decoded, Parsed
from etl.stages.decode import UNWANTED_RE
from etl.stages.parse import front_matter, html_page, plain

# The first reader that recognises its shape reads the page; the last one takes everything.
READERS = (front_matter.READER, html_page.READER, plain.READER)


def parse(decoded: Decoded) -> Parsed:
    """The page's text as lines, what its markup declares, and its images; page furniture is still in.

    Raises ArticleError where front matter crosses a limit, or where there is no article to be read.

    >>> parse(Decoded("---\\ntitle: 一盆花\\n---\\n<p>2月23日，&ldquo;花&rdquo;丢了。</p>", "utf-8", 1.0)).text
    '2月23日，“花”丢了。'
    """
    parsed = next(reader for reader in READERS if reader.sniff(decoded.text)).read(decoded.text)
    if not any(map(UNWANTED_RE.search, written(parsed))):
        return parsed
    return replace(
        parsed,
        text=unescaped(parsed.text),
        declared={name: unescaped(value) for name, value in parsed.declared.items()},
        image_urls=tuple(map(unescaped, parsed.image_urls)),
        head_image=parsed.head_image and unescaped(parsed.head_image),
    )


def written(parsed: Parsed) -> Iterator[str]:
    """Every string that markup gave."""
    yield parsed.text
    yield from parsed.declared.values()
    yield from parsed.image_urls
    yield parsed.head_image or ""


def unescaped(text: str) -> str:
    """Without the characters that decoding takes away: YAML and JSON bring them back by escapes (`\\0`)."""
    return UNWANTED_RE.sub("", text)
