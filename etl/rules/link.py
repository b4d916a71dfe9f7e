"""Rules of linking: what wraps a story, what counts as a fact, what speaks for one occurrence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from etl.errors import RulesError
from etl.rules import lookup_rows, read_toml
from etl.rules.layout import alternation, surnames

WEIGHTS = {
    "same_time", "near_time", "same_day", "overlapping_days", "next_day", "disjoint_days", "other_time",
    "same_station", "same_bureau", "other_unit", "same_kind", "akin", "other_kind", "shared_name",
    "shared_surname", "shared_officer", "other_people", "same_amount", "near_amount", "other_amount",
    "shared_item", "other_items", "same_place", "other_place", "shared_outcome", "evidence",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FactRule:
    """A pattern of facts; its named groups are their types. `before`: characters ahead of it that belong to it."""

    pattern: re.Pattern[str]
    before: int = 0


@dataclass(frozen=True, eq=False)
class LinkRules:
    """What linking knows."""

    opening: re.Pattern[str]  # a dateline or credit before the first sentence
    line: re.Pattern[str]  # the beginning of a line that belongs to the page
    facts: tuple[FactRule, ...]
    families: frozenset[str]  # single-character family names, one of which begins every name
    as_of: re.Pattern[str]  # what stands before a date that only says when figures were taken
    outcome: re.Pattern[str]
    families_of: Mapping[str, frozenset[str]]  # kind, by the part before the dot -> families of kinds
    threshold: float
    weights: Mapping[str, float]


def load() -> LinkRules:
    """The rules from `link.toml`. Raises RulesError naming file and key."""
    rules = read_toml("link.toml")
    weights = rules["event"]["weights"]
    if set(weights) != WEIGHTS:
        raise RulesError(f"rules/link.toml: event.weights: {', '.join(sorted(WEIGHTS ^ set(weights)))}")
    wrapping, facts = rules["wrapping"], rules["facts"]
    try:
        return LinkRules(
            opening=re.compile("|".join(wrapping["openings"])),
            line=re.compile("|".join(wrapping["lines"])),
            facts=fact_rules(facts),
            families=frozenset(name for name in surnames() if len(name) == 1),
            as_of=re.compile(rf"(?:{alternation(facts['as_of'])})(?:\d{{4}}年)?\Z"),
            outcome=re.compile(alternation(facts["outcomes"])),
            families_of=families_of(rules["families"]),
            threshold=float(rules["event"]["threshold"]),
            weights={name: float(value) for name, value in weights.items()},
        )
    except (re.error, KeyError) as e:
        raise RulesError(f"rules/link.toml: {e}") from e


def families_of(families: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    """Kind -> the families it is in. Raises RulesError for a kind that is in none."""
    known = {row["code"].partition(".")[0] for row in lookup_rows("kinds.toml", "kind")}
    found = {
        kind: frozenset(name for name, kinds in families.items() if kind in kinds)
        for kind in known.union(*families.values())
    }
    if wrong := sorted(kind for kind in found if kind not in known or not found[kind]):
        raise RulesError(f"rules/link.toml: families: {', '.join(wrong)}")
    return found


def fact_rules(facts: Mapping[str, list[str]]) -> tuple[FactRule, ...]:
    """Patterns of facts in canonical text, each beginning with what the engine finds fast.

    3月5日 14时30分 2021年 2.6万元, 三人, 鲁AB1234, 李+女士 张+某某, 民警+张伟, 沂柳+派出所
    """
    titles = read_toml("people.toml")["titles"]
    titled = alternation(word for words in titles.values() for word in words if len(word) > 1)
    han = "[一二两三四五六七八九十百千万零〇]"
    return (
        FactRule(
            re.compile(
                r"(?P<year>(?:19|20)\d\d年)|(?P<date>\d{1,2}月(?:\d{1,2}[日号])?|\d{1,2}[日号])"
                r"|(?P<time>\d{1,2}[时点](?:\d{1,2}分?|半)?|\d{1,2}:\d\d)"
                r"|(?P<number>\d+(?:[.:/-]\d+){0,3}[余多]?[百千万亿]?.?)"
            )
        ),
        FactRule(
            re.compile(
                rf"(?<!\d)(?:(?P<date>{han}{{1,3}}月{han}{{1,3}}日)|(?P<number>{han}{{1,8}}[余多]?[{facts['counters']}]))"
            )
        ),
        FactRule(re.compile(r"(?P<plate>[A-Z][A-Z0-9*]{4,9})")),
        FactRule(re.compile(rf"(?P<name>某{{1,3}}[甲乙丙丁]?|{titled})"), before=1),
        FactRule(re.compile(rf"(?:{alternation(facts['persons'])})(?P<name>[\u4e00-\u9fff]{{2}})")),
        FactRule(re.compile(rf"(?P<unit>{alternation(facts['unit_endings'])})"), before=2),
    )
