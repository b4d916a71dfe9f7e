"""Which rule gave each fact of an incident, for `etl explain`.

The ordinary run keeps no such record. Here the article is read once more, and each fact is traced to the rule
file, the table and the words by which it was found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from etl.model import Article, Extraction, Incident, Person, Span, When
from etl.rules.extract import ExtractRules
from etl.rules.scan import within
from etl.stages.extract import reading, roles, weigh
from etl.stages.extract.incident import Reading, between
from etl.stages.extract.items import MONEY_KINDS, NEAR
from etl.stages.extract.kinds import decide

AROUND = 12  # characters beside a place in which words speak for it
SHOWN = 4  # words of a rule shown at most
# What the flags of a station say of how it was found.
STATION_FROM = {
    "station_from_pronoun": "units.toml [self]: a form that points back to a unit named before",
    "station_from_article": "the unit that the rest of the article names",
}
PLACE_BEFORE = ("home", "elsewhere")
PLACE_AFTER = ("event_after", "arrest_after", "part_of")
POLARITY = {
    "prevented": ("stopped", "averted"),
    "false_alarm": ("mistaken",),
}


def why(article: Article, x: Extraction, rules: ExtractRules) -> tuple[Mapping[str, str], ...]:
    """For each incident of `x`, extracted from `article` by `rules`, the rule behind each field that is filled."""
    r = reading(article, rules)
    return tuple(_facts(i, x, r) for i in x.incidents)


def _facts(i: Incident, x: Extraction, r: Reading) -> dict[str, str]:
    told = {
        "kind": _kind(i, x, r),
        "occurred": _when(i.occurred, r),
        "reported": _when(i.reported, r) if i.reported else "",
        "place": _place(i.spans["place"][0], r) if "place" in i.spans else "",
        "station": _station(i) if i.station else "",
        "persons": "; ".join(f"{p.name}: {_person(p, i, r)}" for p in i.persons),
        "items": "; ".join(_item(word, i, r) for word in i.items),
        "amount_cny": _amount(i, r) if i.amount_cny is not None else "",
        "outcome": "; ".join(_outcome(code, i, r) for code in i.outcome),
        "polarity": _polarity(i, r),
    }
    return {field: rule for field, rule in told.items() if rule}


def _quoted(r: Reading, spans: Sequence[Span]) -> str:
    """The words at `spans`, each once."""
    words = list(dict.fromkeys(r.article.body[a:b] for a, b in spans))
    return " ".join(f"“{w}”" for w in words[:SHOWN]) + (" …" if len(words) > SHOWN else "")


def _kind(i: Incident, x: Extraction, r: Reading) -> str:
    """The verdict's rule, what speaks for the kind most by the weights, and what set the weights right."""
    verdict = next((s.rule for s in x.segments if s.start <= i.evidence[0] < s.end), "")
    text = r.article.body[slice(*i.evidence)]
    learned = weigh.telling(text, f"kind:{i.kind}", r.rules.weights)[:SHOWN]
    parts = [verdict, f"weights.tsv: {' '.join(learned)}"]
    weightiest = decide(text, weigh.margins(text, r.rules.weights), ())
    if weightiest != i.kind:
        parts.append(f"kinds.toml competing: before {weightiest}, which weighs more")
    return "; ".join(parts)


def _when(w: When, r: Reading) -> str:
    """The atoms of the expression and what its clause speaks of."""
    e = next((e for e in r.times if w.span == (e.start, e.end)), None)
    if e is None:
        return "no expression of time"
    atoms = " + ".join(e.parts) + (" until " + " + ".join(e.until) if e.until else "")
    basis = w.basis or "event"
    said = "nothing else said of it" if basis == "event" else f"moments.toml {basis}"
    if basis in r.rules.times.moments:
        m = r.rules.times.moments[basis].search(r.page.view, max(0, e.start - 40), e.end + 60)
        said += f": “{m[0]}”" if m else ""
    return f"times.toml {atoms}; {said}"


def _place(span: Span, r: Reading) -> str:
    """The words of the phrase, before and after it that speak for it."""
    view, patterns = r.page.view, r.rules.places.patterns
    start, end = span
    found = {
        "tail": patterns["tail"].search(view, start, end),
        "specific": patterns["specific"].search(view, start, end),
        **{name: patterns[name].search(view[max(0, start - AROUND) : start]) for name in PLACE_BEFORE},
        **{name: patterns[name].match(view[end : end + AROUND]) for name in PLACE_AFTER},
    }
    return "locations.toml " + ", ".join(f"{name} “{m[0]}”" for name, m in found.items() if m and m[0])


def _station(i: Incident) -> str:
    named = next((STATION_FROM[flag] for flag in i.flags if flag in STATION_FROM), "")
    return named or "units.toml [endings]: the unit that acts in the case"


def _person(p: Person, i: Incident, r: Reading) -> str:
    """The words that introduce a person and the tables of roles that speak for a role."""
    group = next((g for g in r.groups if any((m.start, m.end) == p.span for m in g)), ())
    inside = between(group, i.evidence)
    leads = list(dict.fromkeys(f"“{m.lead}” {m.lead_role}" for m in inside if m.lead))
    votes, _ = roles.heard(r.page.view, inside, r.rules.people)
    parts = [f"people.toml {', '.join(leads)}"] if leads else []
    spoken = [f"{role} {n}" for role, n in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))]
    if spoken:
        parts.append(f"roles.toml {', '.join(spoken)}")
    if p.role not in votes:
        parts.append(f"{p.role} by the kind and the other persons")
    return ", ".join(parts)


def _item(word: str, i: Incident, r: Reading) -> str:
    family = i.kind.split(".")[0]
    if word in r.rules.items.by_kind.get(family, ()):
        return f"{word}: items.toml nouns.{family}"
    if word in r.rules.items.everywhere:
        return f"{word}: items.toml nouns.*, lost or taken by the words beside it"
    return f"{word}: counted after a word of loss"


def _amount(i: Incident, r: Reading) -> str:
    """The word beside the sum that says that it was at stake."""
    start, end = i.spans["amount_cny"][0]
    view, stake = r.page.view, r.rules.items.stake
    before = re.split(r"[。！？；\n]", view[max(0, start - NEAR) : start])[-1]
    m = max(stake.finditer(before), key=lambda m: m.end(), default=None) or stake.search(view[end : end + 10])
    if m:
        return f"items.toml money.stake “{m[0]}”"
    return "the largest sum of a case of this kind" if i.kind.startswith(MONEY_KINDS) else "a sum named"


def _outcome(code: str, i: Incident, r: Reading) -> str:
    if code == "unknown":
        return "unknown: no word of outcomes.toml"
    spans = i.spans.get(f"outcome.{code}")
    if spans:
        return f"{code}: outcomes.toml {_quoted(r, spans)}"
    return f"{code}: outcomes.toml [usual], the end that such a case has if none is told"


def _polarity(i: Incident, r: Reading) -> str:
    """The words that say that a thing was averted or a false alarm; empty where it happened."""
    words = r.rules.outcomes.words
    for name in POLARITY.get(i.polarity, ()):
        m = words[name].search(r.page.view, *i.evidence)
        if m:
            return f"outcomes.toml words.{name} “{m[0]}”"
    spans = within(r.hits, "cue:falsealarm", *i.evidence) if i.polarity == "false_alarm" else []
    if spans:
        return f"cues.toml falsealarm {_quoted(r, spans)}"
    return (
        ""
        if i.polarity == "actual"
        else f"{i.kind} with no word of the deed itself (outcomes.toml words.acted)"
    )
