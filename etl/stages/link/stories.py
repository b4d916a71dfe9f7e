"""Whether two articles are one story, and how the later relates to the earlier.

Similar words are not enough: notices filled into one form are alike in nine characters of ten and tell
different occurrences. So where two texts differ, the facts that stand there decide. Other names, dates,
clock times, units or plates on both sides: the same template, never joined. Other numbers only: an update
if names or clock times agree, else a template again. A fact that one side lacks says nothing, since
excerpts drop text and damage loses characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from etl.rules.link import LinkRules
from etl.stages.link.align import Gap, gaps
from etl.stages.link.facts import LOST, Fact, fact_hash, find_facts, story_text
from etl.stages.link.signature import shingles

RESEMBLANCE = 0.5  # Jaccard similarity from which two texts are the same with changes
CONTAINMENT = 0.75  # share of the shorter text found in the longer from which it is a part of it
PART = 0.8  # the shorter is a part, not a copy, if it is below this share of the longer
MIN_PART = 0.15  # shares of the longer text below this are a quotation
MIN_PART_CHARS = 60
LEAD_CHARS = 80  # of a part far smaller than the whole, the beginning must come from the whole's beginning
SHORT_CHARS = 100  # texts this short are told apart by facts: they need two in common
FEW_FACTS = 2
AGREEING = 0.5  # share of the facts of the one with fewer that both must tell
SURE = frozenset({"name", "time", "plate"})  # kinds that say which occurrence is meant
TELLING = frozenset({"date", *SURE, "unit"})  # kinds that may not differ


@dataclass(frozen=True)
class Telling:
    """One article as comparison needs it; `published_at` and `key` (the content hash) put two in order."""

    text: str
    shingles: frozenset[str]
    facts: tuple[Fact, ...]
    published_at: datetime | None
    key: bytes

    @cached_property
    def hashes(self) -> frozenset[int]:
        """The hashes of its facts."""
        return frozenset(map(fact_hash, self.facts))

    @cached_property
    def told(self) -> frozenset[tuple[str, str]]:
        """Its facts, wherever they stand."""
        return frozenset((f.kind, f.text) for f in self.facts)


@dataclass(frozen=True, slots=True)
class StoryVerdict:
    """How two articles relate; `reasons` name what the verdict rests on."""

    relation: str
    joined: bool
    resemblance: float
    containment: float
    reasons: tuple[str, ...] = ()


def telling(body: str, published_at: datetime | None, key: bytes, rules: LinkRules) -> Telling:
    """An article made ready for `relate`."""
    text = story_text(body, rules)
    return Telling(text, shingles(text), find_facts(text, rules), published_at, key)


def may_relate(a: Set[int], b: Set[int]) -> bool:
    """Whether two articles with these fact hashes could be one story: half of the fewer facts are in both.

    Cheap, and asked before texts are fetched: members of one template mostly end here.

    >>> may_relate({1, 2, 3, 4}, {1, 2, 9}), may_relate({1, 2, 3}, {3, 7, 8, 9}), may_relate(set(), {1, 2, 3})
    (True, False, True)
    """
    return len(a & b) >= AGREEING * min(len(a), len(b))


def relate(a: Telling, b: Telling, rules: LinkRules) -> StoryVerdict | None:
    """The verdict on two articles, None if their texts are not alike. The order of the two does not matter."""
    first, second = sorted((a, b), key=order)
    shared = len(a.shingles & b.shingles)
    fewer = min(len(a.shingles), len(b.shingles))
    if not fewer:
        return None
    resemblance = shared / (len(a.shingles) + len(b.shingles) - shared)
    containment = shared / fewer
    if not similar(first, second, resemblance, containment):
        return None
    if not may_relate(a.hashes, b.hashes):
        return StoryVerdict("same_template", False, resemblance, containment, ("facts",))
    apart = list(gaps(first.text, second.text))
    differing = conflicts(first, second, apart)
    common = a.told & b.told
    reasons = tuple(sorted(differing))
    if differing & TELLING or not trusted(first, second, differing, common):
        return StoryVerdict("same_template", False, resemblance, containment, reasons or ("few facts",))
    if differing or outcome_changed(first, second, apart, rules):
        return StoryVerdict("update", True, resemblance, containment, reasons or ("outcome",))
    if min(len(a.text), len(b.text)) < PART * max(len(a.text), len(b.text)):
        relation = "excerpt" if len(second.text) < len(first.text) else "extended"
    else:
        relation = "reprint"
    return StoryVerdict(relation, True, resemblance, containment)


def order(t: Telling) -> tuple[bool, datetime | None, bytes]:
    """The earlier first; undated ones last, by content hash."""
    return (t.published_at is None, t.published_at, t.key)


def similar(a: Telling, b: Telling, resemblance: float, containment: float) -> bool:
    """Whether one text is the other with changes, or a part of it that is more than a quotation."""
    if resemblance >= RESEMBLANCE:
        return True
    short, long = sorted((a.text, b.text), key=len)
    if containment < CONTAINMENT or len(short) < max(MIN_PART_CHARS, MIN_PART * len(long)):
        return False
    # A round-up holds whole stories too; joined to it they would all become one.
    lead, beginning = shingles(short[:LEAD_CHARS]), shingles(long[: 2 * LEAD_CHARS])
    return len(lead & beginning) >= 0.5 * len(lead)


def conflicts(a: Telling, b: Telling, apart: Iterable[Gap]) -> frozenset[str]:
    """Kinds of facts that stand on both sides where the texts differ (`apart`), and are told by one side only.

    A gap with lost characters on either side is passed over.
    """
    found: set[str] = set()
    for start_a, end_a, start_b, end_b in apart:
        if start_a == end_a or start_b == end_b or LOST in a.text[start_a:end_a] + b.text[start_b:end_b]:
            continue
        only_a = {f.kind for f in within(a.facts, start_a, end_a) if (f.kind, f.text) not in b.told}
        only_b = {f.kind for f in within(b.facts, start_b, end_b) if (f.kind, f.text) not in a.told}
        found |= only_a & only_b
    return frozenset(found)


def within(facts: Iterable[Fact], start: int, end: int) -> list[Fact]:
    """The facts that touch a stretch."""
    return [f for f in facts if f.start < end and f.end > start]


def trusted(a: Telling, b: Telling, differing: frozenset[str], common: Set[tuple[str, str]]) -> bool:
    """Whether what both tell is enough to believe in one story in spite of other numbers, or of few words."""
    if differing:
        numbers = {f.text for t in (a, b) for f in t.facts if f.kind == "number"}
        agreeing = len(common)
        odd = len(numbers - {text for kind, text in common if kind == "number"})
        return any(kind in SURE for kind, _ in common) and agreeing >= odd
    return len(common) >= FEW_FACTS or min(len(a.text), len(b.text)) >= SHORT_CHARS


def outcome_changed(a: Telling, b: Telling, apart: Iterable[Gap], rules: LinkRules) -> bool:
    """Whether the texts differ (`apart`), on both sides of one place, in words of an outcome."""
    for start_a, end_a, start_b, end_b in apart:
        words_a = set(rules.outcome.findall(a.text[start_a:end_a]))
        words_b = set(rules.outcome.findall(b.text[start_b:end_b]))
        if words_a and words_b and words_a != words_b:
            return True
    return False
