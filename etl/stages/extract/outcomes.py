"""How an incident ended, as a set of codes, and whether it happened at all."""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl.model import Span
from etl.rules.extract import ExtractRules, OutcomeRules, Pattern, Weights
from etl.rules.scan import Hits, within
from etl.stages.extract.weigh import OUTCOME, margin

LOOK_BACK = 8  # characters in which a negation stands before what it denies
CLAUSE = 40  # characters in which a condition or a plan stands before what it puts off
SENTENCE_END_RE = re.compile(r"[。！？；\n]")
SENTENCE_RE = re.compile(r"[^。！？；\n]+")
ARREST_KINDS = ("traffic_violation",)
DISPUTE_KINDS = ("dispute_mediation", "noise")


def outcomes(
    view: str, span: Span, hits: Hits, kind: str, all_rules: ExtractRules, weighed: Mapping[str, float]
) -> dict[str, list[Span]]:
    """Outcome codes of the case told in `view[span]`, with the spans that say so (none where it is implied).

    What is denied, planned, under way or conditional has not come about: 尚未归案, 将陆续发还, 如果及时止付.
    `weighed` is what the telling weighs for each label.
    """
    rules = all_rules.outcomes
    text = view[span[0] : span[1]]
    found: dict[str, list[Span]] = {}
    denied: set[str] = set()
    for rule in rules.codes:
        if rule.tag not in hits and not (rule.none and rule.none_tag in hits):
            continue
        if rule.kinds and not kind.startswith(rule.kinds):
            continue
        if rule.not_kinds and kind.startswith(rule.not_kinds):
            continue
        named = within(hits, rule.tag, *span)
        none: list[int] = []
        if rule.none and rule.none_tag in hits:
            none = [m.start() + span[0] for m in rule.none.finditer(text)]
        if not named and not none:
            continue
        spans = [
            s
            for s in named
            if not rules.negation.search(view, max(0, s[0] - LOOK_BACK), s[0])
            and (rule.code == "ongoing" or not _unreal(view, s[0], rules.words))
        ]
        if rule.code == "mediated" and none and spans and max(none) > spans[-1][0]:
            spans = []  # 达成协议，但随后反悔。最终调解未果
        if none:
            spans = [s for s in spans if not any(_same_sentence(view, s[0], at) for at in none)]
        if spans:
            found[rule.code] = spans
        else:
            denied.add(rule.code)
    found = _weighed(found, denied, view, span, all_rules, weighed)
    return _usual(_fitted(found, text, kind, rules.words), text, kind, rules)


def _same_sentence(view: str, one: int, other: int) -> bool:
    return not SENTENCE_END_RE.search(view, min(one, other), max(one, other))


SURE = 1.2  # margin beyond which most tellings lay that were learned from


def _weighed(
    found: dict[str, list[Span]],
    denied: set[str],
    view: str,
    span: Span,
    rules: ExtractRules,
    weighed: Mapping[str, float],
) -> dict[str, list[Span]]:
    """`found` with the outcomes for which the telling weighs, without those that it surely weighs against.

    What is denied in so many words stays denied. What no word of the lists says stands in the sentence that weighs
    most.
    """
    kept = {code: spans for code, spans in found.items() if weighed.get(OUTCOME + code, 0.0) > -SURE}
    for label in [label for label, lies in weighed.items() if lies > 0]:
        code = label.removeprefix(OUTCOME)
        if code != label and code not in kept and code not in denied:
            weight, where = _weightiest(label, view, span, rules.weights)
            if weight > 0 and not rules.outcomes.words["open"].search(view, *where):
                kept[code] = [where]
    return kept


def _weightiest(label: str, view: str, span: Span, weights: Weights) -> tuple[float, Span]:
    """The sentence of `view[span]` that weighs most for `label`, and what it weighs."""
    sentences = [m.span() for m in SENTENCE_RE.finditer(view, *span)]
    return max((margin(view[slice(*s)], label, weights), s) for s in sentences)


def _unreal(view: str, at: int, words: Mapping[str, Pattern]) -> bool:
    """Whether what is said at `at` is only announced, under way, or the case under a condition."""
    start = max(0, at - CLAUSE)
    if view.find("将", max(0, at - 8), at + 1) >= 0:  # which begins what is announced
        announced = words["announced"].search(view, max(0, at - 8), at + 8)
        if announced and announced.start() <= at < announced.end():
            return True
    return bool(words["unreal"].search(view, start, at) or words["conditional"].search(view, start, at))


def _usual(found: dict[str, list[Span]], text: str, kind: str, rules: OutcomeRules) -> dict[str, list[Span]]:
    """The usual end where the text names none, unless the case is open."""
    words = rules.words
    code = rules.usual.get(kind.split(".")[0])
    weak = {"casualties", "assisted", "reunited", "escorted_home"} if code == "rescued" else {"casualties"}
    if (
        code
        and not found.keys() - weak
        and not words["open"].search(text)
        and not (weak & found.keys() and words["dead"].search(text))
    ):
        found[code] = []
        if code == "rescued":
            found.pop("assisted", None)
    if kind.startswith(("theft", "lost_property")) and "returned" in found and "found" not in found:
        found["found"] = found["returned"]
    if kind.startswith("fraud") and not found and _stopped(text, words):
        found["loss_prevented"] = []
    thanked = kind == "lost_property" and words["thanked"].search(text)
    if thanked and "found" in found and "returned" not in found:
        found["returned"] = found["found"]
    return found


def _fitted(
    found: dict[str, list[Span]], text: str, kind: str, words: Mapping[str, Pattern]
) -> dict[str, list[Span]]:
    """What the kind makes of the raw codes. Source: guideline, section 2 (Outcome)."""
    drop: set[str] = set()
    family = kind.split(".")[0]
    people = kind in {"missing_person", "runaway_juvenile"}
    if people:
        if found.keys() & {"escorted_home", "reunited"} and "found" not in found:
            found["found"] = found.get("escorted_home") or found["reunited"]
        if "escorted_home" in found:
            drop.add("reunited")
        drop |= {"returned", "assisted", "mediated", "rescued", "penalised", "loss_prevented"}
    elif kind != "suicide_intervention":
        drop |= {"reunited"} | (
            {"escorted_home"} if family not in {"person_assistance", "rescue", "other"} else set()
        )
    if family not in {
        "theft",
        "lost_property",
        "fraud",
        "violent_crime",
        "missing_person",
        "runaway_juvenile",
        "person_assistance",
        "other",
    }:
        drop |= {"found", "returned"}
    if family in {"person_assistance", "other"}:
        drop |= {"found", "returned", "rescued"} if family == "other" else {"found", "returned"}
    if family == "fraud" and not words["recovered"].search(text):
        drop |= {"found", "returned"}
    if family == "lost_property" and "returned" in found and "found" not in found:
        found["found"] = found["returned"]
    if family == "lost_property":
        drop |= {"arrested"} if not words["kept"].search(text) else set()
        drop |= {"mediated", "escorted_home", "loss_prevented"}
    if family in {
        "theft",
        "fraud",
        "assault",
        "public_order",
        "gambling",
        "drugs",
        "prostitution",
        "violent_crime",
        "crime_other",
        "contraband",
        "vice_advertising",
        "traffic_violation",
    }:
        drop |= {"assisted", "rescued"} if family not in {"violent_crime"} else {"assisted"}
        if "arrested" in found or "penalised" in found:
            drop.add("mediated")
    if kind.startswith(ARREST_KINDS) and "penalised" in found and not words["traffic_arrest"].search(text):
        drop.add("arrested")
    if kind.startswith(DISPUTE_KINDS):
        drop |= {"found", "returned", "loss_prevented", "casualties", "assisted", "rescued", "escorted_home"}
        if not words["detained"].search(text):
            drop |= {"arrested"}
        if "mediated" in found and not words["fined"].search(text):
            drop |= {"penalised"}
    if family not in {
        "theft",
        "fraud",
        "assault",
        "public_order",
        "gambling",
        "drugs",
        "prostitution",
        "vice_advertising",
        "violent_crime",
        "crime_other",
        "contraband",
        "traffic_violation",
        "traffic_accident",
        "fire",
        "public_safety_accident",
        "dispute_mediation",
        "noise",
        "lost_property",
        "other",
    }:
        drop |= {"arrested", "penalised"}
    if family in {"suicide_intervention", "rescue", "person_assistance"}:
        drop |= {"mediated", "loss_prevented"}
    if family in {"suicide_intervention", "rescue"} and "rescued" in found:
        drop.add("assisted")
        if not words["grave"].search(text):
            drop.add("casualties")
    if family in {"fire", "public_safety_accident"} and not words["held"].search(text):
        drop.add("arrested")
    if family in {"traffic_accident", "fire", "public_safety_accident"} and "casualties" in found:
        drop.add("assisted")
    if family == "traffic_accident":
        drop |= {"mediated"} if "arrested" in found else set()
    if family == "household_registration_service":
        drop |= found.keys() - {"registered", "ongoing"}
    return {code: spans for code, spans in found.items() if code not in drop}


def _stopped(text: str, words: Mapping[str, Pattern]) -> bool:
    """Whether a fraud was stopped or somebody warned, and nothing says that money went."""
    warned = words["stopped"].search(text) or words["warned"].search(text)
    return bool(warned) and not words["lost_money"].search(text)


def polarity(text: str, kind: str, false_alarm: bool, words: Mapping[str, Pattern]) -> str:
    """actual, prevented or false_alarm. Source: guideline, section 1.

    A suicide stopped before the act is prevented, one pulled out of the water actual; a fraud is
    prevented when it was stopped and nothing says that money went.
    """
    if kind.startswith("fraud"):
        return "prevented" if _stopped(text, words) else "actual"
    if kind == "suicide_intervention":
        return "actual" if words["acted"].search(text) else "prevented"
    if (
        kind.startswith(("fire", "public_safety"))
        and words["averted"].search(text)
        and not words["burnt"].search(text)
    ):
        return "prevented"
    if kind in {"lost_property", "person_assistance", "rescue", "household_registration_service"}:
        return "false_alarm" if words["mistaken"].search(text) else "actual"
    if false_alarm and not words["false_report"].search(text):
        return "false_alarm"
    return "actual"
