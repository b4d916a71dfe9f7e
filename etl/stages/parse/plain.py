"""Text without markup: a portal page saved as text, or the bare article. `layout` tells these two apart."""

from __future__ import annotations

from etl.model import Parsed
from etl.stages.parse import no_article, unshown
from etl.stages.parse.reader import Reader


def read(text: str) -> Parsed:
    """The text as it is: `a < b` and the rests of damaged tags (`?/p>`) are no markup here.

    Scripts, styles, templates and comments are dropped.

    Raises ArticleError for a feed, a sitemap, JSON, a short answer of a machine, or if nothing else is left.
    """
    no_article.refuse_data(text)
    text = unshown.drop(text)
    no_article.refuse_text(text, "")
    return Parsed(shape="text", text=text)


READER = Reader("text", sniff=lambda text: True, read=read)
