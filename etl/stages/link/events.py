"""Whether two incidents of different articles are one occurrence: a score with its reasons, or a contradiction.

What can't both be true of one occurrence forbids it, however alike the words: another clock time, another
day told as finely, another unit of the same rank, other people; in evidence of one form, another name, plate,
age, place or thing in one slot. Everything else is weighed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property, lru_cache
from itertools import pairwise

from etl.rules.link import LinkRules
from etl.stages.identity import canonical_text
from etl.stages.link.differences import Account, differences, shared
from etl.stages.link.stories import FIRMLY_ANCHORED, anchors

CHINA = timezone(timedelta(hours=8))
CLOCK = ("minute", "hour")
DATED = ("minute", "hour", "part_of_day", "day")
SAME_TIME = timedelta(hours=1)
NEAR_TIME = timedelta(hours=3)
DAY = timedelta(days=1)
NEAR_AMOUNT = 0.1
OTHER_AMOUNT = 0.3
COPIED_WITHIN = timedelta(days=3)  # between the days that copies of 昨天 are read as
COPY = 0.8  # share of evidence in common from which the one was copied from the other
FORM = 0.5  # share from which the two are told in one form
OTHERWISE = frozenset(
    {"name", "plate", "trait", "place", "item"}
)  # what fills its slots for one occurrence only
# What belongs to one occurrence, of which tellings of it share something; where others differ, a place is not enough.
APART = frozenset({"other_items", "other_place", "other_amount"})
OWN = frozenset({"shared_name", "shared_surname", "same_time", "same_amount", "near_amount", "shared_item"})
# Whoever an incident is about, or asks for help in it.
SIDES = frozenset({"victim", "suspect", "lost_person", "party", "relative", "reporter"})
GRAM = 3
DAY_RE = re.compile("[日号]")


@dataclass(frozen=True, slots=True)
class Named:
    """One named person of an incident."""

    role: str
    name: str
    surname: str | None
    anonymized: bool


@dataclass(frozen=True)
class Told:
    """One incident as comparison needs it."""

    id: int
    article_id: int
    kind: str
    start: datetime | None
    end: datetime | None
    precision: str | None
    basis: str | None
    time_text: str | None
    station: str | None
    station_full: str | None
    province: str | None
    city: str | None
    district: str | None
    place: str | None
    items: tuple[str, ...]
    amount: float | None
    outcome: tuple[str, ...]
    persons: tuple[Named, ...]
    evidence: str
    key: tuple[bytes, int]  # content hash of its article, ordinal: breaks ties

    @cached_property
    def grams(self) -> frozenset[str]:
        """The character trigrams of the evidence."""
        return grams(self.evidence)


@dataclass(frozen=True, slots=True)
class EventVerdict:
    """The score of two incidents and what it is made of; `contradiction` names what forbids joining them."""

    score: float
    reasons: tuple[str, ...]
    contradiction: str | None = None


def grams(evidence: str) -> frozenset[str]:
    """Character trigrams of the canonical evidence."""
    text = canonical_text(evidence)
    return frozenset(text[i : i + GRAM] for i in range(len(text) - GRAM + 1))


def contradiction(a: Told, b: Told, rules: LinkRules) -> str | None:
    """What can't both be true of one occurrence, None if all can.

    Tellings of one article are different incidents by definition. Words copied together with their time ("昨晚"), or
    with another word for it, may have been dated by two days of publication: that is no contradiction.
    """
    if a.article_id == b.article_id:
        return "article"
    if times_contradict(a, b) and not dated_by_publication(a, b):
        return "time"
    if divisions_contradict(a, b):
        return "division"
    if stations_contradict(a, b):
        return "unit"
    if people_contradict(a.persons, b.persons):
        return "people"
    if filled_otherwise(a, b, rules):
        return "form"
    return None


def filled_otherwise(a: Told, b: Told, rules: LinkRules) -> bool:
    """Whether they are told in one form, and one of its slots is filled otherwise."""
    if a.evidence == b.evidence or shared_evidence(a, b) < FORM:
        return False
    one, other = account(a.evidence, rules), account(b.evidence, rules)
    differing = differences(one, other, rules) & OTHERWISE
    return bool(differing - {"trait"}) or bool(
        differing and anchors(shared(one, other, rules)) < FIRMLY_ANCHORED
    )


@lru_cache(maxsize=1024)  # one incident is compared with many
def account(evidence: str, rules: LinkRules) -> Account:
    """The evidence made ready for comparison."""
    text = canonical_text(evidence)
    return Account(text, rules)


def dated_by_publication(a: Told, b: Told) -> bool:
    """Whether copied words were dated by when each copy was published, within a few days."""
    if a.start is None or b.start is None or abs(a.start - b.start) > COPIED_WITHIN:
        return False
    relative = a.time_text == b.time_text or not (dated(a.time_text) and dated(b.time_text))
    return relative and shared_evidence(a, b) >= COPY


def dated(time_text: str | None) -> bool:
    """Whether a time names its day: 3月9日17时许, and not 昨晚."""
    return bool(time_text and DAY_RE.search(time_text))


def times_contradict(a: Told, b: Told) -> bool:
    """Whether both are told finely and are apart: by hours if by the clock, by days if by the day.

    A report or an arrest may be a day after the event, so where one stands for the other a day is allowed.
    """
    if a.start is None or b.start is None or a.end is None or b.end is None:
        return False
    apart = max(a.start, b.start) - min(a.end, b.end)
    if a.basis != b.basis and (a.basis == "resolution" or b.basis == "resolution"):
        return apart > 31 * DAY
    if a.precision not in DATED or b.precision not in DATED:
        return apart > 31 * DAY
    if a.basis != b.basis:
        return apart >= DAY
    if a.precision in CLOCK and b.precision in CLOCK:
        return apart > SAME_TIME
    return apart >= timedelta(0)


def divisions_contradict(a: Told, b: Told) -> bool:
    """Whether both name a province, a city or a district, and not the same."""
    pairs = ((a.province, b.province), (a.city, b.city), (a.district, b.district))
    return any(x and y and x != y for x, y in pairs)


def stations_contradict(a: Told, b: Told) -> bool:
    """Whether two different police stations are named as the handling unit."""
    if not a.station or not b.station or a.station == b.station or related_units(a, b):
        return False
    return a.station.endswith("派出所") and b.station.endswith("派出所")


def related_units(a: Told, b: Told) -> bool:
    """Whether one unit is the other or stands above it in the other's full name."""
    full_a, full_b = a.station_full or a.station or "", b.station_full or b.station or ""
    if not a.station or not b.station:
        return False
    return a.station in full_b or b.station in full_a


def people_contradict(a: Iterable[Named], b: Iterable[Named]) -> bool:
    """Whether a side of the incident has family names in both and none of all in common."""
    a, b = list(a), list(b)
    families_a, families_b = families(a), families(b)
    if not families_a or not families_b or families_a & families_b:
        return False
    roles = {p.role for p in a if p.surname} & {p.role for p in b if p.surname}
    return bool(roles & SIDES)


def families(persons: Iterable[Named]) -> set[str]:
    """Family names of those who are not police."""
    return {p.surname for p in persons if p.surname and p.role != "officer"}


def joined(a: Told, b: Told, rules: LinkRules) -> EventVerdict | None:
    """The verdict on two incidents if they are one occurrence, None if they are not.

    Of many candidates few are, and comparing evidence costs most: it is left out where it could not help.
    """
    found = reasons(a, b, rules)
    best = sum(rules.weights[reason] for reason in found) + rules.weights["evidence"]
    if round(best, 3) < rules.threshold or contradiction(a, b, rules) is not None:
        return None
    verdict = weighed(a, b, found, rules)
    return verdict if verdict.score >= rules.threshold else None


def score(a: Told, b: Told, rules: LinkRules) -> EventVerdict:
    """The verdict on two incidents; the order of the two does not matter."""
    return replace(weighed(a, b, reasons(a, b, rules), rules), contradiction=contradiction(a, b, rules))


def reasons(a: Told, b: Told, rules: LinkRules) -> list[str]:
    """What speaks for and against one occurrence, but for the words."""
    found = [
        *time_reasons(a, b),
        *unit_reasons(a, b),
        *kind_reasons(a, b, rules),
        *people_reasons(a, b),
        *thing_reasons(a, b),
    ]
    own = OWN if not APART.isdisjoint(found) else OWN | {"same_place"}
    return [*found, "nothing_own"] if own.isdisjoint(found) else found


def weighed(a: Told, b: Told, found: Sequence[str], rules: LinkRules) -> EventVerdict:
    """The score of what was found and of the words, contradictions aside."""
    shared = shared_evidence(a, b)
    total = sum(rules.weights[reason] for reason in found) + rules.weights["evidence"] * shared
    words = (f"evidence {shared:.2f}",) if shared >= 0.01 else ()
    return EventVerdict(round(total, 3), (*found, *words))


def shared_evidence(a: Told, b: Told) -> float:
    """Share of the shorter evidence's trigrams that the longer has."""
    fewer = min(len(a.grams), len(b.grams))
    return len(a.grams & b.grams) / fewer if fewer else 0.0


def time_reasons(a: Told, b: Told) -> list[str]:
    if a.start is None or b.start is None or a.end is None or b.end is None:
        return []
    apart = max(a.start, b.start) - min(a.end, b.end)
    clock = a.precision in CLOCK and b.precision in CLOCK
    if clock and apart <= NEAR_TIME:
        return ["same_time" if apart <= SAME_TIME else "near_time"]
    far = ["other_time"] if clock else []
    if a.precision in DATED and b.precision in DATED:
        if same_day(a.start, b.start):
            return ["same_day", *far]
        return ["next_day" if apart < DAY else "disjoint_days", *far]
    return ["overlapping_days" if apart <= timedelta(0) else "disjoint_days"]


def same_day(a: datetime, b: datetime) -> bool:
    """Whether two instants are one calendar day in China."""
    return a.astimezone(CHINA).date() == b.astimezone(CHINA).date()


def unit_reasons(a: Told, b: Told) -> list[str]:
    if not a.station or not b.station:
        return ["same_bureau"] if a.district and a.district == b.district else []
    if a.station == b.station:
        return ["same_station"]
    if related_units(a, b) or (a.district and a.district == b.district):
        return ["same_bureau"]
    return ["other_unit"]


def kind_reasons(a: Told, b: Told, rules: LinkRules) -> list[str]:
    if a.kind == b.kind:
        return ["same_kind"]
    return ["akin" if akin(a.kind, b.kind, rules) else "other_kind"]


def akin(a: str, b: str, rules: LinkRules) -> bool:
    """Whether two kinds may be two readings of one occurrence.

    >>> from etl.rules import load_rules
    >>> akin("assault", "public_order", load_rules().link), akin("fire", "fraud.telecom", load_rules().link)
    (True, False)
    """
    one, other = (rules.families_of.get(kind.partition(".")[0], frozenset()) for kind in (a, b))
    return bool(one & other)


def people_reasons(a: Told, b: Told) -> list[str]:
    found = ["shared_officer"] if full_names(a, officers=True) & full_names(b, officers=True) else []
    one, other = families(a.persons), families(b.persons)
    if full_names(a) & full_names(b):
        found.append("shared_name")
    elif one & other:
        found.append("shared_surname")
    elif one and other:
        found.append("other_people")
    return found


def full_names(told: Told, *, officers: bool = False) -> set[str]:
    """Names in full, of police or of everybody else."""
    return {p.name for p in told.persons if not p.anonymized and (p.role == "officer") == officers}


def thing_reasons(a: Told, b: Told) -> list[str]:
    """What money, items, places and outcomes say."""
    found = []
    if a.amount and b.amount:
        apart = abs(a.amount - b.amount) / max(a.amount, b.amount)
        if apart == 0:
            found.append("same_amount")
        elif apart <= NEAR_AMOUNT:
            found.append("near_amount")
        elif apart > OTHER_AMOUNT:
            found.append("other_amount")
    if a.items and b.items:
        found.append("shared_item" if any(alike(x, y) for x in a.items for y in b.items) else "other_items")
    if a.place and b.place:
        found.append("same_place" if alike(a.place, b.place) else "other_place")
    if set(a.outcome) & set(b.outcome) - {"unknown", "ongoing"}:
        found.append("shared_outcome")
    return found


def alike(a: str, b: str) -> bool:
    """Whether one phrase holds the other, or they share half of the shorter one's character pairs.

    >>> alike("东关街菜市场", "菜市场门口"), alike("手机", "电动车")
    (True, False)
    """
    if a in b or b in a:
        return True
    pairs_a, pairs_b = ({x + y for x, y in pairwise(t)} for t in (a, b))
    return len(pairs_a & pairs_b) >= 0.5 * min(len(pairs_a), len(pairs_b)) > 0
