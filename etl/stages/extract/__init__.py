"""Extraction: what an article tells, read by rules: incidents with their fields and evidence, figures, units.

The order: expressions of time, names and units are found once over the body; sentences are read for
cues; stretches are cut, merged and judged; each incident's fields come from its own sentences.
"""

from __future__ import annotations

from etl.model import Article, Extraction
from etl.rules.extract import ExtractRules
from etl.stages.extract import expressions, people, roles, segment, units
from etl.stages.extract import figures as figures_
from etl.stages.extract.article_kind import article_kind
from etl.stages.extract.incident import Reading, incidents
from etl.stages.extract.text import Page
from etl.steps import Steps, through

__all__ = ["extract", "extracting", "reading"]


def extract(article: Article, rules: ExtractRules) -> Extraction:
    """The incidents, figures and units of `article`, with every stretch that was weighed and its verdict.

    All spans count code points of `article.body`. Source: the annotation guideline.
    """
    return through(extracting(article, rules))


def extracting(article: Article, rules: ExtractRules) -> Steps[Extraction]:
    """`extract` in steps."""
    r = yield from _reading(article, rules)
    yield
    told, segments = yield from incidents(r)
    yield
    quoted = figures_.figures(
        r.page.sentences, [i.evidence for i in told], rules.figures, rules.cues["since"]
    )
    return Extraction(
        kind=article_kind(article, segments, bool(quoted), rules.article_kinds),
        incidents=told,
        figures=quoted,
        agencies=r.agencies,
        segments=segments,
    )


def reading(article: Article, rules: ExtractRules) -> Reading:
    """All that is found once over the body of `article`, before any case is judged."""
    return through(_reading(article, rules))


def _reading(article: Article, rules: ExtractRules) -> Steps[Reading]:
    page = Page(article.body)
    view = page.view
    yield
    hits = rules.scanner.scan(view)
    yield
    found_times = expressions.find(view, rules.times)
    yield
    found_units, pronouns = units.find(
        view, rules.units, rules.divisions, [(t.start, t.end) for t in found_times]
    )
    framing = units.framing(article, rules.units, rules.divisions)
    agencies = units.agencies([*found_units, *framing], rules.units, rules.divisions)
    yield
    mentions = people.find(view, rules.people, hits)
    groups = roles.grouped(view, mentions)
    yield
    reads = segment.read(page, found_times, mentions, hits)
    return Reading(
        article,
        page,
        rules,
        found_times,
        found_units,
        pronouns,
        framing,
        mentions,
        groups,
        reads,
        hits,
        agencies,
    )
