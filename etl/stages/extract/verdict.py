"""Whether a stretch tells an incident, and if not, why not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from etl.model import Article
from etl.rules.extract import ExtractRules
from etl.stages.extract import kinds
from etl.stages.extract.segment import UNFIT, Read, Stretch

REASONS = {"stat": "statistics", "banner": "praise", "hypothetical": "advice"}
# Cues that condemn a whole article when its title or several of its sentences bear them.
WHOLE = ("fiction", "drill", "recruitment", "advertisement", "foreign")
OLD_YEARS = 15
YEAR_RE = re.compile(r"(?<!\d)((?:19|20)\d\d)年")
PAST_TALK_RE = re.compile(r"(?:多年|数十年|十几年|二十年|三十年|几十年)(?:前|来)")


def judge(s: Stretch, article: Article, reads: Sequence[Read], rules: ExtractRules) -> None:
    """Set verdict and rule of `s`.

    An incident needs a sentence fit to tell it, a signal of some kind, and a circumstance: who, when,
    where or how it ended. Source: guideline, section 1.
    """
    s.verdict, s.rule = _verdict(s, article, reads, rules)


def _verdict(s: Stretch, article: Article, reads: Sequence[Read], rules: ExtractRules) -> tuple[str, str]:
    texts = [r for r in s.reads if r.kind == "text"]
    if not texts:
        return "heading", "no sentence"
    whole = whole_article(article, reads, rules)
    if whole:
        return whole, "whole article"
    told = s.told()
    if _old(s, article):
        return "history", "years ago"
    narrative = [r for r in told if "narrative" in r.cues]
    if not narrative:
        return _reason(texts), "no narrative sentence"
    text = "".join(r.sentence.text for r in told)
    points = kinds.score(text, 80, rules.kinds)
    best = max(points.values(), default=0.0)
    acted = any(r.cues & {"report", "discovery", "handling"} for r in told)
    police = any("police" in r.cues for r in s.reads) or "report" in set().union(*(r.cues for r in told))
    if best < kinds.ENOUGH and not (
        acted and police and any(r.cues & {"report", "discovery"} for r in narrative)
    ):
        return _reason(texts), "no signal of a kind"
    if not (acted or police):
        return "no_event", "nobody acts"
    circumstance = bool(any(r.names for r in told) or any(r.times for r in told)) or len(narrative) >= 2
    if not circumstance:
        return "no_circumstance", "neither who nor when"
    unfit = [r for r in texts if r.cues & set(UNFIT) and "narrative" not in r.cues]
    if len(narrative) == 1 and len(unfit) > 2 * len(told) and not any(r.names for r in narrative):
        return _reason(texts), "one clause among generalities"
    return "incident", f"opened by {s.opened}"


def whole_article(article: Article, reads: Sequence[Read], rules: ExtractRules) -> str:
    """The reason for which nothing in an article can be an incident; empty if there is none."""
    title = article.title or ""
    for name in WHOLE:
        count = sum(name in r.cues for r in reads)
        in_title = bool(rules.cues[name].search(title))
        if count >= 3 or (in_title and count) or (count >= 2 and count * 4 >= len(reads)):
            return REASONS.get(name, name)
    return ""


def _old(s: Stretch, article: Article) -> bool:
    """Whether a stretch tells of decades ago."""
    head = [r for r in s.reads if r.kind == "text"][:2]
    if any("history" in r.cues for r in head):
        return True
    years = [int(m[1]) for r in s.reads for m in YEAR_RE.finditer(r.sentence.text)]
    if not years or article.published_at is None:
        return False
    return max(years) <= article.published_at.year - OLD_YEARS


def _reason(texts: Sequence[Read]) -> str:
    """The commonest cue that made the sentences unfit, as a reason code."""
    counts: Counter[str] = Counter()
    for r in texts:
        for name in UNFIT:
            if name in r.cues:
                counts[name] += 1
        if "routine" in r.cues:
            counts["routine"] += 1
    if not counts:
        return "no_event"
    name = max(counts, key=lambda n: counts[n])
    return REASONS.get(name, name)
