"""What sort of article it is: a report, a notice, a campaign, statistics, a warning, publicity and so on."""

from __future__ import annotations

from collections.abc import Sequence

from etl.model import Article, Segment
from etl.rules.extract import ArticleKindRules

VERDICT_KIND = {
    "statistics": "statistics",
    "campaign": "campaign",
    "drill": "meeting",
    "meeting": "meeting",
    "advice": "warning",
    "law": "warning",
    "praise": "publicity",
    "plan": "publicity",
    "routine": "publicity",
}
ELSEWHERE = frozenset({"fiction", "foreign", "history", "recruitment", "advertisement"})


def article_kind(
    article: Article, segments: Sequence[Segment], figures: bool, rules: ArticleKindRules
) -> str:
    """The kind of an article: a notice by its title, a report by its cases, else what title and text are about.

    Novels, news from abroad and the like are `other` whatever their titles say.
    """
    title = article.title or article.body[:20]
    if rules.notice.search(title):
        return "notice"
    told = sum(s.end - s.start for s in segments if s.verdict == "incident")
    if told and told * 3 >= len(article.body):
        return "incident"
    weight: dict[str, int] = {}
    for s in segments:
        kind = VERDICT_KIND.get(s.verdict)
        if kind:
            weight[kind] = weight.get(kind, 0) + s.end - s.start
    if told:
        return "publicity" if weight.get("publicity", 0) + weight.get("campaign", 0) > told else "incident"
    if sum(s.end - s.start for s in segments if s.verdict in ELSEWHERE) * 2 > len(article.body):
        return "other"
    said = next((kind for kind, pattern in rules.title if pattern.search(title)), None)
    if said and (weight or figures):
        return said
    if weight:
        return max(weight, key=lambda k: weight[k])
    return "statistics" if figures else "other"
