"""Where an incident happened: the phrase that best names a place in its telling.

Times and units are blanked out first. Clauses that hold a word for a place (街, 小区, 门口) are cut into
chunks at prepositions and verbs. A chunk that holds such a word gives one candidate, from its beginning to
the last of them; candidates are then scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from etl.model import Span
from etl.rules.extract import Pattern, PlaceRules

MIN, MAX = 2, 30
LEAST = 1.5  # points; a lone 银行 or 楼上 that nothing happens at is no place of the event


def place(text: str, blank: Iterable[Span], rules: PlaceRules) -> tuple[str, Span] | None:
    """The best place phrase of an incident's text with its span; `blank` are spans that are none.

    Candidates score for standing early, for naming something definite, for a preposition before
    them and the event after them.
    """
    patterns = rules.patterns
    masked = _masked(text, blank)
    best: tuple[float, str, Span] | None = None
    for start, end, lead in _candidates(masked, rules):
        if not MIN <= end - start <= MAX:
            continue
        points = _points(masked, start, end, lead, patterns)
        if best is None or points > best[0]:
            phrase = text[start:end]
            if not patterns["never"].search(phrase):
                best = (points, phrase, (start, end))
    return (best[1], best[2]) if best and best[0] >= LEAST else None


def _masked(text: str, blank: Iterable[Span]) -> str:
    for start, end in blank:
        start, end = max(start, 0), min(end, len(text))
        text = text[:start] + "，" * (end - start) + text[end:]
    return text


def _candidates(masked: str, rules: PlaceRules) -> Iterator[tuple[int, int, str]]:
    """Start and end of the candidate of each chunk that holds a place word, and the word that cuts before it."""
    patterns = rules.patterns
    cuts, tail = patterns["cut"].finditer, patterns["tail"].search
    for begin, stop in _clauses(masked, rules):
        at, lead = begin, ""
        for cut in (*cuts(masked, begin, stop), None):
            end, after = cut.span() if cut else (stop, stop)
            last = None
            if end - at >= MIN:
                m = tail(masked, at, end)
                while m:
                    last = m
                    m = tail(masked, m.end(), end)
            if last is not None:
                yield (*_trimmed(masked, at, last.end(), patterns), lead)
            if cut:
                at, lead = after, cut[0]


def _clauses(masked: str, rules: PlaceRules) -> Iterator[Span]:
    """The stretches between two marks that hold a place word: about one in six."""
    mark, last_mark = rules.patterns["mark"].search, rules.patterns["last_mark"].match
    end = 0
    for start, _ in rules.words.find(masked):
        if start >= end:
            before, after = last_mark(masked, end, start), mark(masked, start)
            begin, end = before.end() if before else end, after.start() if after else len(masked)
            yield begin, end


def _trimmed(masked: str, start: int, end: int, patterns: Mapping[str, Pattern]) -> Span:
    """A chunk up to its last place word without what is no part of a place's name at its head and its end."""
    chunk = masked[start:end]
    head = patterns["lead_in"].match(chunk)
    if head and head.end() < len(chunk) - 1:
        start += head.end()
    trail = patterns["trail"].search(masked[start:end])
    return start, end - (len(trail[0]) if trail else 0)


def _points(masked: str, start: int, end: int, lead: str, patterns: Mapping[str, Pattern]) -> float:
    phrase = masked[start:end]
    points = 3.0 - min(start, 500) / 120
    points += min(len(patterns["specific"].findall(phrase)), 3)
    points += min(len(phrase), 14) / 10
    after = masked[end : end + 12]
    if patterns["event_after"].match(after):
        points += 1.5
    if lead:
        if lead.endswith(("在", "于", "至", "经", "过")):
            points += 1.0
        if patterns["elsewhere"].search(lead) or patterns["elsewhere"].search(
            masked, max(0, start - 3), start
        ):
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
