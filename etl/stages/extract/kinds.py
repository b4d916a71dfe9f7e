"""Which of the 31 kinds an incident is: words are weighed, then the guideline's rules for competing kinds decide.

Every distinct strong signal counts 3 (at most three of them), every weak one 1, and a signal in the
opening sentences 2 more: what an item says first is what it is about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etl.model import Span
from etl.rules.extract import KindRule, Pattern
from etl.rules.scan import Hits

STRONG, WEAK, OPENING = 3.0, 1.0, 2.0
OPENING_LENGTH = 80
CAP = 3
ENOUGH = 3.0
LITTLE = 2.0  # what a case that stands by its circumstances needs for a kind

Scores = dict[str, float]
Words = Mapping[str, Pattern]  # competing.toml


Signal = tuple[int, int, int, bool]  # start, end, number of the kind, strong


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for any kind in a body, in order."""

    codes: Sequence[str]
    found: Sequence[Signal]


def signals(hits: Hits, rules: Sequence[KindRule]) -> Signals:
    """The scanner's hits that signal a kind."""
    found = [
        (start, end, number, strong)
        for number, rule in enumerate(rules)
        for tag, strong in ((rule.strong, True), (rule.weak, False))
        for start, end in hits.get(tag, ())
    ]
    return Signals([rule.code for rule in rules], sorted(found))


def score(view: str, signalled: Signals, ranges: Sequence[Span], *, weak: bool = True) -> Scores:
    """Points of each kind in the `ranges` of the body; signals near the beginning of the first count more.

    Without `weak` only strong signals count: they tell that there is a case, the weak ones only which.
    """
    if not ranges:
        return {}
    low, high = ranges[0][0], ranges[-1][1]
    opening = low + OPENING_LENGTH
    found = signalled.found
    words: dict[tuple[int, bool], set[str]] = {}  # kind, strong -> what was read
    early: set[int] = set()
    for a, b in _joined(ranges, low, high):
        for start, end, kind, strong in found[bisect_left(found, (a,)) : bisect_left(found, (b,))]:
            if not (strong or weak):
                continue
            words.setdefault((kind, strong), set()).add(view[start : min(end, start + 6)])
            if strong and start < opening:
                early.add(kind)
    points: Scores = {}
    for kind in sorted({kind for kind, _ in words}):
        total = STRONG * min(len(words.get((kind, True), ())), CAP)
        total += WEAK * min(len(words.get((kind, False), ())), CAP)
        points[signalled.codes[kind]] = total + (OPENING if kind in early else 0)
    return points


def _joined(ranges: Sequence[Span], low: int, high: int) -> list[Span]:
    """`ranges` in order, those that touch put together, as far as they lie in `[low, high)`."""
    joined: list[Span] = []
    for start, end in sorted(ranges):
        start, end = max(start, low), min(end, high)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


def decide(text: str, points: Scores, words: Words) -> tuple[str, str]:
    """The kind of an incident told in `text`, and the rule that settled it.

    `points` come from `score`, `words` from the rules.

    Source: guideline, section 3, rules 1 to 10.
    """
    points = dict(points)
    for name, rule in RULES:
        kind = rule(text, points, words)
        if kind:
            return kind, name
    best = max(points, key=lambda k: points[k], default="other")
    if points.get(best, 0) < LITTLE:
        return "other", "no strong signal"
    return best, "most signals" if points[best] >= ENOUGH else "weak signals"


def _runaway(text: str, points: Scores, words: Words) -> str | None:
    """Rules 3 and 6: a minor who left on purpose, also when a counter visit reveals it."""
    if points.get("runaway_juvenile", 0) < STRONG and points.get("missing_person", 0) < STRONG:
        return None
    if (
        words["minor"].search(text)
        and (
            words["went_off"].search(text)
            or (points["runaway_juvenile"] > STRONG and words["left_home"].search(text))
        )
    ) and not words["taken"].search(text):
        return "runaway_juvenile"
    points.pop("runaway_juvenile", None)
    if "离家出走" in text:
        points["missing_person"] = points.get("missing_person", 0) + STRONG
    return None


def _crash(text: str, points: Scores, words: Words) -> str | None:
    """Rules 8 and 9: a crash outweighs drink-driving and the fire after it."""
    if not words["vehicle"].search(text):
        points.pop("traffic_accident", None)
    drunk, crash = bool(words["drunk"].search(text)), bool(words["crash"].search(text))
    if crash and points.get("traffic_accident", 0) > STRONG:
        for k in ("rescue", "person_assistance", "dispute_mediation.other"):
            if k in points:
                points[k] *= 0.4
    if crash and (drunk or points.get("fire")) and points.get("traffic_accident", 0) >= STRONG:
        return "traffic_accident"
    if crash and points.get("traffic_accident", 0) >= STRONG and words["hit"].search(text):
        points["traffic_accident"] += points.pop("traffic_violation", 0) / 2
    if drunk and not crash and not points.get("violent_crime"):
        points.pop("traffic_accident", None)
        points["traffic_violation"] = points.get("traffic_violation", 0) + STRONG
    return None


def _suicide(text: str, points: Scores, words: Words) -> str | None:
    """Rule 5: despair makes it a suicide intervention, else the fall into water is a rescue."""
    if words["mishap"].search(text) and not words["resolved"].search(text):
        points.pop("suicide_intervention", None)
    if (
        points.get("suicide_intervention", 0) >= STRONG
        and words["despair"].search(text)
        and (not words["stuck"].search(text) or points["suicide_intervention"] >= points.get("rescue", 0))
        and max(
            points.get(k, 0)
            for k in ("rescue", "missing_person", "suicide_intervention", "person_assistance")
        )
        >= max(
            (v for k, v in points.items() if k.startswith(("violent", "fraud", "theft", "assault"))),
            default=0,
        )
    ):
        return "suicide_intervention"
    return None


def _left_or_taken(text: str, points: Scores, words: Words) -> str | None:
    """Rule 2: left behind is lost property even if somebody kept it; taken from its place is theft."""
    thefts = [k for k in points if k.startswith("theft.")]
    lost = points.get("lost_property", 0)
    if not lost or not thefts:
        return None
    left = len(words["left"].findall(text))
    taken = len(words["taken"].findall(text)) + len(words["culprit"].findall(text))
    if left and left >= taken:
        for k in thefts:
            points.pop(k)
    elif taken:
        points.pop("lost_property")
    return None


def _theft(text: str, points: Scores, words: Words) -> str | None:
    """A special theft outweighs the general one when it has a signal of its own."""
    if points.get("theft.from_vehicle", 0) >= STRONG and words["rifled"].search(text):
        points["theft.from_vehicle"] += 2 * STRONG
        points.pop("public_order", None)
        if not words["vehicle_taken"].search(text):
            points.pop("theft.vehicle", None)
    if (
        words["among_people"].search(text)
        and not words["broke_in"].search(text)
        and points.get("theft.other")
        and points.get("theft.burglary")
    ):
        points["theft.other"] += points.pop("theft.burglary")
    if words["part"].search(text):
        points["theft.other"] = points.get("theft.other", 0) + points.pop("theft.vehicle", 0)
    special = [
        k for k in ("theft.vehicle", "theft.from_vehicle", "theft.burglary") if points.get(k, 0) >= STRONG
    ]
    cars = max(points.get(k, 0) for k in ("theft.vehicle", "theft.from_vehicle"))
    if cars >= STRONG and not words["premises"].search(text):
        points.pop("theft.burglary", None)  # 扶手箱被翻了个底朝天
    if words["part"].search(text):
        points.pop("theft.burglary", None)
    special = [k for k in special if k in points]
    if not special and points.get("theft.other") and not words["part"].search(text):
        moved = len(words["vehicle_taken"].findall(text))
        if moved > 1 and points.get("theft.vehicle", 0) > 0:
            points["theft.vehicle"] += points.pop("theft.other")
    if special and "theft.other" in points:
        points[max(special, key=lambda k: points[k])] += points.pop("theft.other") / 2
    return None


def _fraud(text: str, points: Scores, words: Words) -> str | None:
    """Fraud by telephone or network is telecom fraud; face to face it is other fraud."""
    if not points.get("fraud.telecom") and not points.get("fraud.other"):
        return None
    if words["forged"].search(text):
        points["fraud.other"] = points.get("fraud.other", 0) + 2 * STRONG
        points.pop("crime_other", None)
    text = text.replace("帮助信息网络犯罪活动罪", "")
    online, face = len(words["online"].findall(text)), len(words["face"].findall(text))
    if points.get("fraud.telecom", 0) >= STRONG and online > face:
        points["fraud.telecom"] += points.pop("fraud.other", 0)
    elif face or not online:
        points["fraud.other"] = points.get("fraud.other", 0) + points.pop("fraud.telecom", 0) / 2
    return None


def _blows(text: str, points: Scores, words: Words) -> str | None:
    """Rule 7: spouses who were reconciled, a mutual brawl, resistance to officers, an assault with a penalty."""
    if words["hoax"].search(text) and words["penalty"].search(text):
        return "public_order"
    if words["hoax"].search(text) or words["resist"].search(text):
        points["public_order"] = points.get("public_order", 0) + 2 * STRONG
        if not words["certain"].search(text):
            points.pop("violent_crime", None)
        return None
    if not points.get("assault") and not points.get("public_order"):
        return None
    if words["damage"].search(text) and not words["taken"].search(text):
        points["public_order"] = points.get("public_order", 0) + 2 * STRONG
    family, penalty = bool(words["spouse"].search(text)), bool(words["penalty"].search(text))
    if family and not penalty and words["mediated"].search(text) and points.get("dispute_mediation.family"):
        return "dispute_mediation.family"
    if words["mutual"].search(text):
        points["public_order"] = points.get("public_order", 0) + STRONG
        points.pop("assault", None)
    elif penalty and points.get("assault"):
        points["assault"] += STRONG
        for k in [k for k in points if k.startswith("dispute_")]:
            points.pop(k)
    elif words["mediated"].search(text):
        points.pop("assault", None)
    return None


def _noise(text: str, points: Scores, words: Words) -> str | None:
    """Rule 4: noise is the complaint unless the parties came to blows or are spouses."""
    if points.get("noise", 0) < STRONG:
        return None
    if words["spouse"].search(text) and points.get("dispute_mediation.family", 0) >= points["noise"]:
        return "dispute_mediation.family"
    if words["blows"].search(text):
        points["dispute_mediation.neighbour"] = points.get("dispute_mediation.neighbour", 0) + STRONG
        return None
    if max(points.get(k, 0) for k in ("gambling", "fire", "drugs", "prostitution")) > points["noise"]:
        return None
    points["noise"] += points.get("dispute_mediation.neighbour", 0) / 2 + STRONG
    return None


def _dispute(text: str, points: Scores, words: Words) -> str | None:
    """The general dispute gives way to one between relatives or neighbours that has its own signal."""
    other = points.get("dispute_mediation.other", 0)
    if (
        other >= STRONG
        and words["neighbour"].search(text)
        and not words["business"].search(text)
        and not points.get("dispute_mediation.family", 0) >= STRONG
    ):
        points["dispute_mediation.neighbour"] = points.get("dispute_mediation.neighbour", 0) + points.pop(
            "dispute_mediation.other"
        )
        other = 0
    if (
        other
        and points.get("dispute_mediation.neighbour", 0) >= 2 * STRONG
        and words["neighbour"].search(text)
    ):
        points["dispute_mediation.neighbour"] += points.pop("dispute_mediation.other") / 2
        other = 0
    for k in ("dispute_mediation.family", "dispute_mediation.neighbour"):
        if other and points.get(k, 0) >= STRONG:
            points[k] += 1
    if (
        any(k.startswith("dispute") for k in points)
        and words["mediated"].search(text)
        and not words["penalty"].search(text)
    ):
        for k in [k for k in points if k.startswith("dispute") and points[k] >= STRONG]:
            points[k] += 2
    return None


SERVICES = ("person_assistance", "missing_person", "household_registration_service", "lost_property", "other")


def _criminal(text: str, points: Scores, words: Words) -> str | None:
    """Where somebody was caught or detained, an offence outweighs the dispute that its words resemble."""
    if not words["caught"].search(text):
        return None
    offences = [
        k
        for k in points
        if k.startswith(("theft", "fraud", "violent", "assault", "public_order", "crime"))
        and points[k] >= STRONG
    ]
    if offences:
        for k in [k for k in points if k.startswith("dispute")]:
            points.pop(k)
        for k in (*SERVICES, "rescue"):
            if k in points and not words["left"].search(text):
                points[k] *= 0.6
    return None


def _fugitive(text: str, points: Scores, words: Words) -> str | None:
    """Catching a wanted person is crime_other, whatever the old offence was."""
    if words["wanted"].search(text):
        return "crime_other"
    if len(words["fugitive"].findall(text)) >= 2 or (
        words["fugitive"].search(text) and points.get("crime_other", 0) >= STRONG + OPENING
    ):
        return "crime_other"
    return None


def _violent(text: str, points: Scores, words: Words) -> str | None:
    """Killing, robbery and the like outweigh the quarrel, the wounds and the alarm around them."""
    caught = words["caught"].search(text) or "抓获" in text
    if points.get("violent_crime", 0) < STRONG or not words["grave"].search(text) or not caught:
        return None
    if words["hoax"].search(text) or points.get("fraud.telecom", 0) > points["violent_crime"]:
        return None
    if words["certain"].search(text):
        return "violent_crime"
    points["violent_crime"] += 2 * STRONG
    return None


def _thing_fell(text: str, points: Scores, words: Words) -> str | None:
    """What fell into water or a shaft is lost property where no person needed rescue."""
    if words["thing_fell"].search(text) and points.get("rescue", 0) <= 3 * STRONG:
        points["lost_property"] = points.get("lost_property", 0) + points.pop("rescue", 0)
    return None


def _register(text: str, points: Scores, words: Words) -> str | None:
    """A service at the counter or at home outweighs the frailty of the person served."""
    if (
        points.get("household_registration_service", 0) >= 2 * STRONG
        and not points.get("lost_property", 0) > STRONG + OPENING
    ):
        points.pop("person_assistance", None)
    return None


def _search(text: str, points: Scores, words: Words) -> str | None:
    """A lost person outweighs the help given; a rescue from danger outweighs the search."""
    if words["animal_lost"].search(text):
        points["lost_property"] = points.get("lost_property", 0) + 2 * STRONG
        points.pop("missing_person", None)
    if points.get("missing_person", 0) >= STRONG and points.get("person_assistance"):
        points["person_assistance"] *= 0.6
    if points.get("missing_person", 0) >= 2 * STRONG and points.get("dispute_mediation.family"):
        points["dispute_mediation.family"] *= 0.6
    if points.get("other", 0) >= STRONG:
        if points.get("rescue", 0) < 2 * STRONG:
            points.pop("rescue", None)
        if points.get("lost_property") and not words["animal_lost"].search(text):
            points["lost_property"] *= 0.6
    if points.get("rescue", 0) >= 2 * STRONG and points.get("person_assistance"):
        points["person_assistance"] *= 0.6
    if points.get("fire", 0) >= STRONG + OPENING and points.get("rescue"):
        points["rescue"] *= 0.5
    for k in ("traffic_accident", "public_safety_accident"):
        if points.get(k, 0) >= STRONG and points.get("rescue"):
            points["rescue"] *= 0.4
    if points.get("public_safety_accident", 0) >= STRONG + OPENING and points.get("person_assistance"):
        points["person_assistance"] *= 0.6
    return None


def _advertised(text: str, points: Scores, words: Words) -> str | None:
    """Cards and stickers that offer sex are vice advertising where nobody is told to have sold or bought it."""
    if points.get("vice_advertising", 0) >= STRONG and not words["sold"].search(text):
        points.pop("prostitution", None)
    return None


RULES = (
    ("criminal", _criminal),
    ("fugitive", _fugitive),
    ("violent", _violent),
    ("thing fell", _thing_fell),
    ("crash", _crash),
    ("suicide", _suicide),
    ("runaway", _runaway),
    ("left or taken", _left_or_taken),
    ("theft", _theft),
    ("fraud", _fraud),
    ("blows", _blows),
    ("noise", _noise),
    ("dispute", _dispute),
    ("register", _register),
    ("search", _search),
    ("advertised", _advertised),
)
