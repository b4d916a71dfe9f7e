"""Rules of linking: what wraps a story, what counts as a fact, what speaks for one occurrence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from etl.errors import RulesError
from etl.rules import lookup_rows, read_toml
from etl.rules.factoring import compile_factored, factored
from etl.rules.layout import alternation, surnames

WEIGHTS = {
    "same_time", "near_time", "same_day", "overlapping_days", "next_day", "disjoint_days", "other_time",
    "same_station", "same_bureau", "other_unit", "same_kind", "akin", "other_kind", "shared_name",
    "shared_surname", "shared_officer", "other_people", "same_amount", "near_amount", "other_amount",
    "shared_item", "other_items", "same_place", "other_place", "nothing_own", "shared_outcome", "evidence",
}  # fmt: skip
PARTS = "上下午早中晚凌晨傍夜间"  # what parts of the day are written with
HAN = "一二两三四五六七八九十百千万零〇"


@dataclass(frozen=True, slots=True)
class FactRule:
    """A pattern of facts; its named groups are their types, and a match without one is only what lies between.

    `before`: characters ahead of it that belong to it.
    """

    pattern: re.Pattern[str]
    before: int = 0


@dataclass(frozen=True, eq=False)
class LinkRules:
    """What linking knows."""

    opening: re.Pattern[str]  # a dateline or credit before the first sentence
    line: re.Pattern[str]  # the beginning of a line that belongs to the page
    facts: tuple[FactRule, ...]
    families: frozenset[str]  # single-character family names, one of which begins every name
    # 截至3月5日18时, 0时至24时: when figures were taken or an office is open, which says nothing of the occurrence
    framing: re.Pattern[str]
    framed: re.Pattern[str]  # what stands in every such expression, and is found faster
    afternoon: re.Pattern[str]  # the end of what stands before an hour counted from noon
    masked: re.Pattern[str]  # what follows a family name that stands alone
    sex_of: Mapping[str, str]  # title -> sex
    place: re.Pattern[str]  # the end of a place's name
    item: re.Pattern[str]
    contrasts: Mapping[str, str]  # character -> those that stand for other things in its place
    outcome: re.Pattern[str]
    counters: str  # characters that count things
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
            framing=re.compile(
                rf"(?:{alternation(facts['as_of'])})(?:目前|到)?[\d年月日号时点分:{PARTS}]{{1,20}}"
                rf"|\d{{1,2}}[时点:]\d{{0,2}}分?[至到-][次当]?日?[{PARTS}]{{0,2}}\d{{1,2}}[时点:]\d{{0,2}}"
            ),
            framed=compile_factored(rf"{alternation(facts['as_of'])}|[时点:]\d{{0,2}}分?[至到-]"),
            afternoon=re.compile(rf"(?:{alternation(facts['afternoon'])})\Z"),
            masked=re.compile(rf"某|[男女](?=\d|性?汉族|生于)|{alternation(titles('M', 'F', 'N'))}"),
            sex_of={title: sex for sex in "MF" for title in titles(sex)},
            place=re.compile(
                rf"(?![{facts['no_place_first']}])[\u4e00-\u9fff](?![{facts['no_place_second']}])[\u4e00-\u9fff]"
                rf"(?:{alternation(facts['place_endings'])})"
            ),
            item=re.compile(alternation(items())),
            contrasts={c: group for group in facts["contrasts"] for c in group},
            outcome=re.compile(alternation(facts["outcomes"])),
            counters=facts["counters"],
            families_of=families_of(rules["families"]),
            threshold=float(rules["event"]["threshold"]),
            weights={name: float(value) for name, value in weights.items()},
        )
    except (re.error, KeyError) as e:
        raise RulesError(f"rules/link.toml: {e}") from e


def titles(*sexes: str) -> list[str]:
    """女士, 先生, 大爷, 老师, ... of these sexes."""
    titles: Mapping[str, list[str]] = read_toml("people.toml")["titles"]
    return sorted({word for sex in sexes for word in titles[sex] if len(word) > 1})


def items() -> list[str]:
    """Things that get lost, stolen, found or seized."""
    nouns: Mapping[str, list[str]] = read_toml("items.toml")["nouns"]
    return sorted({word for words in nouns.values() for word in words if len(word) > 1})


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


def skipping(first: str, pattern: str) -> re.Pattern[str]:
    """`pattern` after what none of it begins with, for `finditer`; `first` is what each of it does begin with.

    The engine runs over a class of characters far faster than it tries alternatives at each of them. What
    begins like it, but is none of it, and the end of the text match too, without a group.

    >>> [(m[0], m["time"]) for m in skipping("两三", "(?P<time>两点|三点)").finditer("昨天两人三点")]
    [('昨天两', None), ('人三点', '三点'), ('', None)]
    """
    return re.compile(rf"[^{first}]*+(?:{pattern}|[{first}]|\Z)")


def fact_rules(facts: Mapping[str, list[str]]) -> tuple[FactRule, ...]:
    """Patterns of facts in canonical text, each beginning with what the engine finds fast.

    3月5日 14时30分 2021年 2.6万元 35岁, 三人 两点半, 鲁AB1234, 李+女士 张+某某, 失主+何静, 民警+张伟, 沂柳+派出所;
    but no name in 出租车司机, 公安局长宁路, 民警查获, nor an officer in 民警李女士
    """
    titled = alternation(titles("M", "F", "N"))
    free = titled.replace("|司机", "|(?<!车)司机")  # no name in 出租车司机
    ranks = alternation(titles("officer"))
    return (
        FactRule(
            skipping(
                r"\d",
                rf"(?P<year>(?:19|20)\d\d年)|(?P<trait>{'|'.join(facts['traits'])})"
                r"|(?P<date>\d{1,2}月(?:\d{1,2}[日号])?|(?<![A-Z\d])\d{1,2}日|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?!\d))"
                r"|(?P<time>\d{1,2}[时点](?:\d{1,2}分?|半)?|\d{1,2}:\d\d)"
                r"|(?P<number>\d+(?:[.:/-]\d+){0,3}[余多]?[百千万亿]?.?)",
            )
        ),
        FactRule(
            skipping(
                HAN,
                rf"(?<!\d)(?:(?P<trait>{'|'.join(facts['han_traits'])})|(?P<date>[{HAN}]{{1,3}}月[{HAN}]{{1,3}}日)"
                rf"|(?P<time>[{HAN}]{{1,3}}[时点](?:[{HAN}]{{1,3}}分|半|(?=许|钟|多|左右)))"
                rf"|(?P<number>[{HAN}]{{1,8}}[余多]?[{facts['counters']}]))",
            )
        ),
        FactRule(re.compile(r"(?P<plate>[A-Z][A-Z0-9*]{4,9})")),
        FactRule(re.compile(rf"(?P<name>某某{{0,2}}[甲乙丙丁]?|{factored(free)})"), before=1),
        FactRule(
            re.compile(
                rf"(?:{alternation(facts['persons'])})(?P<name>[\u4e00-\u9fff](?!某|{titled})[\u4e00-\u9fff])"
            )
        ),
        FactRule(
            re.compile(
                rf"(?:{alternation(facts['officers'])})(?!{alternation(facts['no_officers'])})"
                rf"(?P<officer>[\u4e00-\u9fff](?!某|{titled})[\u4e00-\u9fff])"
            )
        ),
        FactRule(re.compile(rf"(?P<officer>{factored(f'(?<!公安)(?:{ranks})')})"), before=1),
        FactRule(re.compile(rf"(?P<unit>{alternation(facts['unit_endings'])})"), before=2),
    )
