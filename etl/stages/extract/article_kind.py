"""What sort of article it is: a report, a notice, a campaign, statistics, a warning, publicity and so on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from etl.model import Article, Segment
from etl.rules.extract import Pattern
from etl.rules.factoring import compile_factored

NOTICE_RE = compile_factored(r"(?:警情|案情|情况|事故|火灾)?(?:通报|公告|通告|启事)")
VERDICT_KIND = {
    "statistics": "statistics",
    "campaign": "campaign",
    "drill": "campaign",
    "meeting": "meeting",
    "advice": "warning",
    "law": "warning",
    "praise": "publicity",
    "plan": "publicity",
    "routine": "publicity",
}


def article_kind(
    article: Article, segments: Sequence[Segment], figures: bool, cues: Mapping[str, Pattern]
) -> str:
    """The kind of an article by its title and by what most of its text is."""
    title = article.title or article.body[:20]
    told = sum(s.end - s.start for s in segments if s.verdict == "incident")
    if NOTICE_RE.search(title):
        return "notice"
    if told and told * 3 >= len(article.body):
        return "incident"
    weight: dict[str, int] = {}
    for s in segments:
        kind = VERDICT_KIND.get(s.verdict)
        if kind:
            weight[kind] = weight.get(kind, 0) + s.end - s.start
    if told:
        return "publicity" if weight.get("publicity", 0) + weight.get("campaign", 0) > told else "incident"
    if re.search(r"表彰|荣获|荣立|授予|锦旗|感谢信|先进|模范|优秀", title):
        return "commendation"
    if weight:
        return max(weight, key=lambda k: weight[k])
    return "statistics" if figures else "other"
