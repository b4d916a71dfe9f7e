"""The layout rules: lines of page furniture, labels of dates and bylines, names of media."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from etl.errors import RulesError
from etl.rules import ROOT, read_toml
from etl.rules.factoring import compile_factored, factored
from etl.rules.hints import beginnings, needed

DEFAULT_MAX_CHARS = 60
PLACES = ("head", "foot", "any")


@dataclass(frozen=True, slots=True, eq=False)
class LineRule:
    """One kind of furniture line. `anchor`: its far side goes too; `cut`: everything below goes."""

    why: str
    where: str
    pattern: re.Pattern[str]
    begins: frozenset[str] | None  # with which characters such a line begins, if that can be told
    words: frozenset[str]  # of which it holds one, where its beginning can't be told
    max_chars: int
    anchor: bool
    cut: bool
    yes: str
    no: str


Choice = tuple[tuple[LineRule, ...], tuple[LineRule, ...]]  # rules for a line with a mark, and without


@dataclass(frozen=True, slots=True)
class LineMatcher:
    """All rules for one part of the page; a line's first character and the words in it tell which to try."""

    rules: tuple[LineRule, ...]
    longest: int
    marks: re.Pattern[str]  # words of which most rules need one that may begin with any character
    begun: Mapping[str, Choice]  # first character -> rules for such a line
    others: Choice  # those for one that begins otherwise

    def match(self, line: str) -> LineRule | None:
        """The first rule that holds for the whole line."""
        length = len(line)
        if length > self.longest:
            return None
        marked, plain = self.begun.get(line[:1], self.others)
        for rule in marked if self.marks.search(line) else plain:
            if length <= rule.max_chars and rule.pattern.fullmatch(line):
                return rule
        return None


@dataclass(frozen=True, slots=True)
class LayoutRules:
    """What `layout` knows about pages. Patterns are compiled; word lists are alternations, longest first."""

    head: LineMatcher
    foot: LineMatcher
    inner: LineMatcher
    captions: LineMatcher  # the only furniture that may read like a sentence of the story
    cut: LineMatcher
    glued: re.Pattern[str]  # furniture at the end of a sentence's own line
    glued_words: tuple[str, ...]  # what it ends with
    headless: re.Pattern[str]  # openings that lost their first character
    field_labels: Mapping[str, str]  # label -> published, source, url, title, or a role; noise for the rest
    field: re.Pattern[str]  # a label with its colon, where a field may begin
    roles: Mapping[str, str]  # label -> role; see `stages.layout.bylines.ROLES`
    role_label: re.Pattern[str]  # labels of two and more characters, which need no separator beside them
    name: re.Pattern[str]  # family name, given name of one or two
    not_names: frozenset[str]
    medium: re.Pattern[str]  # a whole name that is a medium or office, no person
    site: re.Pattern[str]  # a whole short line that is the name of a site
    nobody: frozenset[str]
    channels: re.Pattern[str]
    title_separator: re.Pattern[str]
    title_sections: frozenset[str]


def load() -> LayoutRules:
    """The rules from `boilerplate.toml`, `dates.toml`, `bylines.toml`, `sites.toml`. Raises RulesError."""
    furniture = read_toml("boilerplate.toml")
    lines = tuple(line_rule(i, raw) for i, raw in enumerate(furniture["rule"]))
    bylines, sites = read_toml("bylines.toml"), read_toml("sites.toml")
    roles = labelled("bylines.toml", bylines, "roles")
    fields = {**roles, **labelled("dates.toml", read_toml("dates.toml"), "labels")}
    names = bylines["names"]
    return LayoutRules(
        head=matcher(r for r in lines if r.where in {"head", "any"}),
        foot=matcher(r for r in lines if r.where in {"foot", "any"}),
        inner=matcher(r for r in lines if r.where == "any" and not r.cut),
        captions=matcher(r for r in lines if r.why == "caption"),
        cut=matcher(r for r in lines if r.cut),
        glued=compile_factored(rf"(?<=[。！？”!?])(?:{alternation(furniture['glued'])})\Z"),
        glued_words=tuple(furniture["glued"]),
        headless=re.compile("|".join(furniture["headless"])),
        field_labels=fields,
        field=re.compile(
            rf"(?<![\w“‘《])[\[【(（]?({factored(alternation(fields))})[\]】)）]? ?(?:[:：丨|]|(?<=[)）】\]]))"
        ),
        roles=roles,
        role_label=re.compile(alternation(label for label in roles if len(label) > 1)),
        name=name_pattern(surnames(), names["more_surnames"]),
        not_names=frozenset(names["not_names"].split()),
        medium=medium_pattern(sites),
        site=re.compile(rf"\S{{2,10}}?(?:{alternation(sites['site_endings'])})"),
        nobody=frozenset(sites["nobody"]),
        channels=re.compile(rf"(?<=..)(?:官方)?(?:{alternation(sites['channels'])})+\Z"),
        title_separator=re.compile(rf" ?[{re.escape(''.join(sites['title_separators']))}]{{1,3}} ?"),
        title_sections=frozenset(sites["title_sections"]),
    )


def line_rule(index: int, raw: Mapping[str, Any]) -> LineRule:
    """One `[[rule]]`, checked: known place, compiling pattern without groups, examples that hold."""
    name = f"rules/boilerplate.toml: rule {index + 1} ({raw.get('why', '?')})"
    missing = {"why", "where", "pattern", "yes", "no"} - raw.keys()
    unknown = raw.keys() - {"why", "where", "pattern", "yes", "no", "anchor", "cut", "max"}
    if missing or unknown:
        raise RulesError(f"{name}: keys missing {sorted(missing)}, unknown {sorted(unknown)}")
    if raw["where"] not in PLACES:
        raise RulesError(f"{name}: where = {raw['where']!r}, expected one of {', '.join(PLACES)}")
    try:
        pattern = re.compile(raw["pattern"])
    except re.error as e:
        raise RulesError(f"{name}: pattern: {e}") from e
    if pattern.groups:
        raise RulesError(f"{name}: pattern: capturing groups are not allowed")
    return LineRule(
        why=raw["why"],
        where=raw["where"],
        pattern=pattern,
        begins=(begins := beginnings(raw["pattern"])),
        words=needed(raw["pattern"]) if begins is None else frozenset(),
        max_chars=raw.get("max", DEFAULT_MAX_CHARS),
        anchor=raw.get("anchor", False),
        cut=raw.get("cut", False),
        yes=raw["yes"],
        no=raw["no"],
    )


def matcher(rules: Iterable[LineRule]) -> LineMatcher:
    """A matcher for all `rules`, which are tried in this order."""
    kept = tuple(rules)
    anywhere = [rule for rule in kept if rule.begins is None]
    marks = re.compile(alternation(word for rule in anywhere for word in rule.words) or r"(?!)")

    def choice(first: str) -> Choice:
        able = [rule for rule in kept if rule.begins is None or first in rule.begins]
        return tuple(able), tuple(rule for rule in able if not rule.words)

    characters = frozenset().union(*(rule.begins for rule in kept if rule.begins))
    begun = {first: choice(first) for first in characters}
    return LineMatcher(kept, max(r.max_chars for r in kept), marks, begun, choice(""))


def alternation(values: Iterable[str]) -> str:
    """`a|b|c`, longest first, so that a word never hides a longer one that begins with it."""
    return "|".join(map(re.escape, sorted(set(values), key=lambda v: (-len(v), v))))


def surnames() -> list[str]:
    """All family names of `surnames.txt`: lines with spaces list compound names, the others single ones."""
    lines = (ROOT / "surnames.txt").read_text(encoding="utf-8").splitlines()
    kept = (line for line in lines if line and not line.startswith("#"))
    return [name for line in kept for name in (line.split() if " " in line else line)]


def name_pattern(family: list[str], more: str) -> re.Pattern[str]:
    """A family name and a given name of one or two characters, of which repair may have lost one."""
    compound = alternation(name for name in family if len(name) > 1)
    single = "".join(name for name in family if len(name) == 1) + more
    return re.compile(rf"(?:{factored(compound)}|[{single}])[\u4e00-\u9fff\ufffd]{{1,2}}")


def medium_pattern(sites: Mapping[str, list[str]]) -> re.Pattern[str]:
    """What begins or ends like a medium's name. The ends are looked at last, so that each is tried once."""
    endings = [
        rf".{{{size},{size + 40}}}+\Z(?<={alternation(same)})"
        for size, same in groupby(sorted(sites["endings"], key=len), len)
    ]
    short, weak = "".join(sites["short_endings"]), "".join(sites["weak_endings"])
    return re.compile(
        rf"(?:{alternation(sites['beginnings'])}).{{1,30}}|{'|'.join(endings)}"
        rf"|.{{3,41}}+\Z(?<=[{short}])|.{{4,41}}+\Z(?<=[{weak}])"
    )


def labelled(file: str, table: Mapping[str, Any], section: str) -> dict[str, str]:
    """label -> kind, from a section of `kind = [labels]`; no label may have two kinds."""
    result: dict[str, str] = {}
    for kind, labels in table[section].items():
        for label in labels:
            if result.setdefault(label, kind) != kind:
                raise RulesError(f"rules/{file}: {section}: {label} is both {result[label]} and {kind}")
    return result
