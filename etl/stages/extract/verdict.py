"""Whether a stretch tells an incident, and if not, why not."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import chain

from etl.model import Article, Span
from etl.rules.extract import ExtractRules
from etl.rules.factoring import compile_factored
from etl.rules.scan import Hits
from etl.stages.extract.kinds import decide
from etl.stages.extract.segment import UNFIT, Read, Stretch
from etl.stages.extract.weigh import CASE, margin, margins

REASONS = {"stat": "statistics", "banner": "praise", "hypothetical": "advice"}
# Cues that condemn a whole article when its title or several of its sentences bear them.
WHOLE = ("fiction", "drill", "recruitment", "advertisement", "foreign")
OLD_YEARS = 15
YEAR_RE = re.compile(r"(?<!\d)((?:19|20)\d\d)年")
DECISIVE = {
    f"outcome:{code}"
    for code in (
        "arrested",
        "penalised",
        "returned",
        "rescued",
        "mediated",
        "escorted_home",
        "reunited",
        "loss_prevented",
        "casualties",
        "assisted",
        "registered",
        "controlled",
        "found",
    )
}
HAPPENS = {"occur", "handling"}
BRIEF = 2  # sentences
BRIEF_BODY = 200  # characters of an article that is nothing but a brief
ONE_DAY = ("iso", "day", "mday", "lunar", "newyear", "feast", "relative", "week")
OTHERWISE = {*UNFIT, "routine"}  # cues of a sentence that does something else than tell a case
# All 507 incidents told in 426 articles weigh more together with their weightiest sentence; of 15 other tellings that
# were taken for one, four weigh less.
LIKELY = -0.6
COUNTER = "household_registration_service"
PAST_TALK_RE = re.compile(r"(?:多年|数十年|十几年|二十年|三十年|几十年)(?:前|来)")


MADE_UP_RE = compile_factored(r"(?:故事|小说|人物|情节|本文)[^。]{0,12}虚构|如有雷同|未完待续|连载")


def judge(s: Stretch, article: Article, rules: ExtractRules, decisive: Sequence[Span], whole: str) -> None:
    """Set verdict and rule of `s`.

    An incident needs a sentence fit to tell it, a signal of some kind, and a circumstance: who, when,
    where or how it ended. Source: guideline, section 1.
    """
    s.verdict, s.rule = _verdict(s, article, rules, decisive, whole)


def _verdict(
    s: Stretch, article: Article, rules: ExtractRules, decisive: Sequence[Span], whole: str
) -> tuple[str, str]:
    texts = [r for r in s.reads if r.kind == "text"]
    if not texts:
        return "heading", "no sentence"
    if whole:
        return whole, "whole article"
    told = s.told()
    if _old(s, article):
        return "history", "years ago"
    narrative = [r for r in told if "narrative" in r.cues]
    if not narrative:
        return _reason(texts), "no narrative sentence"
    weight = circumstances(told, narrative, decisive)
    named = any(r.names for r in narrative)
    if not weight & {"report", "outcome"} and any("campaign" in r.cues for r in texts):
        return "campaign", "who and when, but nothing done about it"
    if "report" not in weight and "meeting" in texts[0].cues:
        return "meeting", "opens with a meeting, and nobody called"
    counted = "stat" in texts[0].cues and not named and "report" not in weight
    if counted:
        return "statistics", "opens with figures"
    text = "".join([r.sentence.text for r in told])
    s.weighed = margins(text, rules.weights)
    s.kind = decide(text, s.weighed, rules.competing)
    undated = not any(e.names_day for r in narrative for e in r.times)
    if not named and undated and s.kind == COUNTER:
        return "routine", "a counter, nobody in particular"
    signal = (
        s.weighed[CASE] > 0
        or (weight >= {"who", "when", "outcome"} and any("occur" in r.cues for r in told))
        or _likely(s.weighed[CASE], told, rules)
    )
    if signal and len(weight) >= 2 and weight & {"who", "report"} and (named or weight & {"when", "report"}):
        return "incident", f"opened by {s.opened}; {', '.join(sorted(weight))}"
    dated = any(e.names_day and not e.has("vague") and not e.period for r in narrative for e in r.times)
    if signal and dated and "outcome" in weight and any(r.cues & HAPPENS for r in told):
        return "incident", f"opened by {s.opened}; an occurrence with its end"
    if signal and dated and len(article.body) <= BRIEF_BODY and _brief(texts, narrative, weight):
        return "incident", f"opened by {s.opened}; a day and what the police did"
    plain = not any(r.cues & {"banner", "praise", "campaign", "meeting", "stat"} for r in texts)
    if not signal and (
        weight >= {"who", "report", "outcome"} or (plain and named and dated and weight >= {"who", "outcome"})
    ):
        return "incident", f"opened by {s.opened}; weighs as no case"
    return (_reason(texts), "too little told") if signal else (_reason(texts), "weighs as no case")


def _likely(weighed: float, told: Sequence[Read], rules: ExtractRules) -> bool:
    """Whether a sentence looks like a case, though the whole does not: in a long telling it is a sentence or two."""
    return any(weighed + margin(r.sentence.text, CASE, rules.weights) > LIKELY for r in told)


def _brief(texts: Sequence[Read], narrative: Sequence[Read], weight: set[str]) -> bool:
    """Whether few sentences tell of nothing but a case of one day and how it ended or what the police did.

    3月9日，货车起火，民警扑灭: registers and briefs name nobody.
    """
    return (
        len(texts) <= BRIEF
        and any(e.has(*ONE_DAY) and not e.period for r in narrative for e in r.times)
        and not any(r.cues & OTHERWISE for r in texts)
        and ("outcome" in weight or any("police" in r.cues for r in texts))
    )


def circumstances(told: Sequence[Read], narrative: Sequence[Read], decisive: Sequence[Span]) -> set[str]:
    """What a stretch tells beside the event: who, when, that it was reported or found, how it ended."""
    found = set()
    if any(r.names or "singled" in r.cues for r in narrative):
        found.add("who")
    if any(r.cues & {"report", "discovery"} for r in narrative):
        found.add("report")
    if any(not e.period for r in narrative for e in r.times):
        found.add("when")
    if any(within_any(decisive, r.sentence.start, r.sentence.end) for r in told):
        found.add("outcome")
    return found


def decisive_spans(hits: Hits) -> list[Span]:
    """Where the body says how something ended, in order."""
    return sorted(span for tag in DECISIVE for span in hits.get(tag, ()))


def within_any(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether one of `spans`, which are in order, lies inside `[start, end)`."""
    first, last = bisect_left(spans, (start,)), bisect_left(spans, (end,))
    return any(spans[i][1] <= end for i in range(first, last))


def whole_article(article: Article, view: str, reads: Sequence[Read], rules: ExtractRules) -> str:
    """The reason for which nothing in an article can be an incident; empty if there is none."""
    title = article.title or ""
    counts = Counter(chain.from_iterable([r.cues for r in reads]))
    made_up = bool(MADE_UP_RE.search(view)) and any(MADE_UP_RE.search(r.sentence.text) for r in reads)
    for name in WHOLE:
        count = counts[name]
        in_title = bool(count and rules.cues[name].search(title))
        if (
            (made_up and name == "fiction")
            or count >= 3
            or (in_title and count)
            or (count >= 2 and count * 4 >= len(reads))
        ):
            return REASONS.get(name, name)
    return ""


def _old(s: Stretch, article: Article) -> bool:
    """Whether a stretch tells of decades ago: it opens so, and nothing in it is dated to a day of late."""
    texts = [r for r in s.reads if r.kind == "text"]
    recent = any(
        not e.period and e.has("month", "day", "relative", "week", "vague") and not e.has("year")
        for r in texts
        for e in r.times
    )
    if texts and "history" in texts[0].cues and not recent:
        return True
    if recent or article.published_at is None:
        return False
    dated = [r.sentence.text for r in texts if "年" in r.sentence.text]
    years = [int(m[1]) for text in dated for m in YEAR_RE.finditer(text)]
    if not years:
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
