"""Whether two articles are one story, and how the later relates to the earlier.

Similar words are not enough: notices filled into one form are alike in nine characters of ten and tell
different occurrences. So where two texts differ, what stands there decides. Other names, dates, clock times,
units, plates, places or things on both sides: the same template, never joined. Other numbers only: an update if
names or clock times agree, for ages and penalties both, else a template again. Other words in a slot: a reprint
if names, times or numbers enough agree, else a template. What one side lacks says nothing, since excerpts drop
text and damage loses characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from etl.rules.link import LinkRules
from etl.stages.link.differences import Account, differences, shared
from etl.stages.link.facts import fact_hashes, story_text
from etl.stages.link.signature import SURE, shingles

RESEMBLANCE = 0.5  # Jaccard similarity from which two texts are the same with changes
CONTAINMENT = 0.75  # share of the shorter text found in the longer from which it is a part of it
PART = 0.8  # the shorter is a part, not a copy, if it is below this share of the longer
MIN_PART = 0.15  # shares of the longer text below this are a quotation
MIN_PART_CHARS = 60
LEAD_CHARS = 80  # of a part far smaller than the whole, the beginning must come from the whole's beginning
SHORT_CHARS = 100  # texts this short are told apart by facts: they need two in common
FEW_FACTS = 2
AGREEING = 0.5  # share of the facts of the one with fewer that both must tell
ANCHORED = 2  # what is told in other words
FIRMLY_ANCHORED = 4  # where an age or a penalty is corrected
SEVERAL = 2  # other days, other people: more than a story's end tells
ODD_DIGITS = 3
CALLS = frozenset({"110", "119", "120", "122", "12110", "96110"})
# Kinds that may not differ.
TELLING = SURE | {"year", "date", "officer", "unit", "place", "item", "contrast"}


@dataclass(frozen=True)
class Telling(Account):
    """One article as comparison needs it; `published_at` and `key` (the content hash) put two in order."""

    shingles: frozenset[str]
    published_at: datetime | None
    key: bytes

    @cached_property
    def hashes(self) -> frozenset[int]:
        """The hashes of its facts."""
        return fact_hashes(self.facts)


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
    return Telling(text, rules, shingles(text), published_at, key)


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
    alike = len(a.shingles & b.shingles)
    fewer = min(len(a.shingles), len(b.shingles))
    if not fewer:
        return None
    resemblance = alike / (len(a.shingles) + len(b.shingles) - alike)
    containment = alike / fewer
    if not similar(first, second, resemblance, containment, rules):
        return None
    if not may_relate(a.hashes, b.hashes):
        return StoryVerdict("same_template", False, resemblance, containment, ("facts",))
    differing = differences(first, second, rules)
    reasons = tuple(sorted(differing))
    if differing & TELLING or not trusted(first, second, differing, rules):
        return StoryVerdict("same_template", False, resemblance, containment, reasons or ("few facts",))
    if differing - {"words"}:
        return StoryVerdict("update", True, resemblance, containment, reasons)
    if min(len(a.text), len(b.text)) < PART * max(len(a.text), len(b.text)):
        relation = "excerpt" if len(second.text) < len(first.text) else "extended"
    else:
        relation = "reprint"
    return StoryVerdict(relation, True, resemblance, containment, reasons)


def order(t: Telling) -> tuple[bool, datetime | None, bytes]:
    """The earlier first; undated ones last, by content hash."""
    return (t.published_at is None, t.published_at, t.key)


def similar(a: Telling, b: Telling, resemblance: float, containment: float, rules: LinkRules) -> bool:
    """Whether one text is the other with changes, or a part of it that is more than a quotation."""
    if resemblance >= RESEMBLANCE:
        return True
    short, long = sorted((a, b), key=lambda t: len(t.text))
    if containment < CONTAINMENT or len(short.text) < max(MIN_PART_CHARS, MIN_PART * len(long.text)):
        return False
    lead, beginning = shingles(short.text[:LEAD_CHARS]), shingles(long.text[: 2 * LEAD_CHARS])
    return part_of_one(short, long, rules, first=len(lead & beginning) >= 0.5 * len(lead))


def part_of_one(short: Telling, long: Telling, rules: LinkRules, *, first: bool) -> bool:
    """Whether the longer text tells one story, of which the shorter is a part, `first` if it is the beginning.

    A round-up holds whole stories too; joined to it they would all become one. There the rest tells of several other
    days and people; in a story it names again whom the part names.
    """
    days = {f.text for f in long.facts if f.kind == "date" and not short.tells(f, rules)}
    people = {f.text[0] for f in long.facts if f.kind == "name" and not short.tells(f, rules)}
    everywhere = mentions(long)
    again = any(everywhere[name] > count for name, count in mentions(short).items())
    others = len(days) >= SEVERAL and len(people) >= SEVERAL
    return (first and not others) or (again and len(days) < SEVERAL)


def mentions(t: Account) -> Counter[str]:
    """How often it names whom."""
    return Counter(f.text for f in t.facts if f.kind == "name")


def trusted(a: Telling, b: Telling, differing: frozenset[str], rules: LinkRules) -> bool:
    """Whether what both tell is enough to believe in one story, though numbers or words differ, or there are few."""
    common = shared(a, b, rules)
    if "number" in differing:
        odd = max(sum(kind == "number" for kind, _ in t.said - common) for t in (a, b))
        if len(common) < odd or not any(kind in SURE for kind, _ in common):
            return False
    held = anchors(common)
    if ("words" in differing and held < ANCHORED) or ("trait" in differing and held < FIRMLY_ANCHORED):
        return False
    return len(common) >= FEW_FACTS or min(len(a.text), len(b.text)) >= SHORT_CHARS


def anchors(common: Set[tuple[str, str]]) -> int:
    """How firmly common facts hold one occurrence.

    2 for a name, a plate, a time to the minute, 1 for an hour or a number that is neither round nor an emergency
    call. Dates, units, officers and telephone numbers hold nothing: all notices of one day and one office have them.

    >>> anchors({("name", "周女士")}), anchors({("time", "17"), ("number", "2640元"), ("officer", "张伟")})
    (2, 2)
    >>> anchors({("number", "50000元"), ("number", "110"), ("number", "3人")})
    0
    """
    return sum(
        2
        if kind in ("name", "plate") or (kind == "time" and ":" in text)
        else kind == "time" or peculiar(kind, text)
        for kind, text in common
    )


def peculiar(kind: str, text: str) -> bool:
    """Whether it is a number that chance does not put into two notices."""
    digits = "".join(filter(str.isdigit, text))
    return kind == "number" and len(digits) >= ODD_DIGITS and digits[-2:] != "00" and text not in CALLS
