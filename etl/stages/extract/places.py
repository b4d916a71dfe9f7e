"""Where an incident happened: the phrase that best names a place in its telling.

The text is cut into chunks at punctuation, prepositions and verbs; times and units are blanked out
first. A chunk that holds a word for a place (街, 小区, 门口) gives one candidate, from its beginning
to the last such word; candidates are then scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from etl.model import Span
from etl.rules.extract import Pattern

MIN, MAX = 2, 30
LEAST = 1.5  # points; a lone 银行 or 楼上 that nothing happens at is no place of the event


def place(text: str, blank: Iterable[Span], patterns: Mapping[str, Pattern]) -> tuple[str, Span] | None:
    """The best place phrase of an incident's text with its span; `blank` are spans that are none.

    Candidates score for standing early, for naming something definite, for a preposition before
    them and the event after them.
    """
    masked = _masked(text, blank)
    best: tuple[float, str, Span] | None = None
    for start, end, lead in _candidates(masked, patterns):
        phrase = text[start:end]
        if not MIN <= len(phrase) <= MAX or patterns["never"].search(phrase):
            continue
        points = _points(masked, start, end, lead, patterns)
        if best is None or points > best[0]:
            best = (points, phrase, (start, end))
    return (best[1], best[2]) if best and best[0] >= LEAST else None


def _masked(text: str, blank: Iterable[Span]) -> str:
    for start, end in blank:
        start, end = max(start, 0), min(end, len(text))
        text = text[:start] + "，" * (end - start) + text[end:]
    return text


def _candidates(masked: str, patterns: Mapping[str, Pattern]) -> Iterator[tuple[int, int, str]]:
    """Start, end and the cut word before each chunk that holds a place word."""
    tail = patterns["tail"]
    at, lead = 0, ""
    for cut in (*patterns["cut"].finditer(masked), None):
        end, after = cut.span() if cut else (len(masked), 0)
        last = None
        if end - at >= MIN:
            m = tail.search(masked, at, end)
            while m:
                last = m
                m = tail.search(masked, m.end(), end)
        if last is not None:
            start = at
            head = patterns["lead_in"].match(masked[start : last.end()])
            if head and head.end() < last.end() - start - 1:
                start += head.end()
            trail = patterns["trail"].search(masked[start : last.end()])
            yield start, last.end() - (len(trail[0]) if trail else 0), lead
        if cut:
            at, lead = after, cut[0]


def _points(masked: str, start: int, end: int, lead: str, patterns: Mapping[str, Pattern]) -> float:
    phrase = masked[start:end]
    points = 3.0 - min(start, 500) / 120
    points += min(len(patterns["specific"].findall(phrase)), 3)
    points += min(len(phrase), 14) / 10
    after = masked[end : end + 12]
    if patterns["event_after"].match(after):
        points += 1.5
    if lead.endswith(("在", "于", "至", "经", "过")) or lead in {"位于", "发生在"}:
        points += 1.0
    if patterns["elsewhere"].search(lead) or patterns["elsewhere"].search(masked[max(0, start - 3) : start]):
        points -= 2.5
    if patterns["home"].search(lead):
        points -= 1.5
    if patterns["arrest_after"].match(after):
        points -= 2.0
    if patterns["part_of"].match(after):
        points -= 3.0
    if patterns["generic"].match(phrase):
        points -= 1.5
    return points
