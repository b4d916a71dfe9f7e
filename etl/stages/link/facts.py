"""What of a text tells its occurrence from another told in the same words: names, dates, times, numbers, units."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple
from zlib import crc32

from etl.rules.link import LinkRules
from etl.stages.identity import canonical_text
from etl.stages.link.values import value

MAX_WRAPPER_CHARS = 120
LOST = "\ufffd"
NEAR_LOST = 2  # characters beside a lost one that are not to be trusted
TELLING_DIGITS = 2  # 一起, 一处 and 两人 stand in any two reports
PART_CHARS = 2  # of the part of the day before an hour
PEOPLE = frozenset({"name", "officer"})
READ = frozenset({"date", "time", "number", "trait"})  # kinds that are written in several ways


class Fact(NamedTuple):
    """One fact at `[start, end)` of a story's text; `text` is what it says, equal for all ways to write it.

    `kind` is year, date, time, number, trait (a number that is one person's), plate, name, officer or unit.
    """

    kind: str
    text: str
    start: int
    end: int


PLACE = attrgetter("start", "end")


def story_text(body: str, rules: LinkRules) -> str:
    """The canonical text of a body without datelines and lines of the page: what reprints have in common.

    >>> from etl.rules import load_rules
    >>> story_text("本报讯（记者 张三） 3月5日，柳河派出所找回手机。\\n责任编辑：李四", load_rules().link)
    '3月5日柳河派出所找回手机'
    """
    kept = []
    for line in body.split("\n"):
        line = line.strip()
        if len(line) <= MAX_WRAPPER_CHARS and rules.line.match(line):
            continue
        while opening := rules.opening.match(line):
            line = line[opening.end() :].lstrip(" ，,:：")
        kept.append(line)
    return canonical_text("\n".join(kept))


def find_facts(text: str, rules: LinkRules) -> tuple[Fact, ...]:
    """The facts of a story's text in order; those beside lost characters are left out.

    >>> from etl.rules import load_rules
    >>> found = find_facts("3月5日14时许柳河派出所民警张伟为李女士追回2.6万元", load_rules().link)
    >>> [f"{fact.kind} {fact.text}" for fact in found]
    ['date 3-5', 'time 14', 'unit 柳河派出所', 'officer 张伟', 'name 李女士', 'number 26000元']
    """
    found = []
    frames = rules.framing.finditer(text) if rules.framed.search(text) else ()
    framed = {at for frame in frames for at in range(*frame.span())}
    some_lost = LOST in text
    for rule in rules.facts:
        for match in rule.pattern.finditer(text):
            kind = match.lastgroup
            if kind is None:
                continue
            start, end = match.span(kind)
            start -= rule.before
            if start < 0 or (kind in PEOPLE and text[start] not in rules.families):
                continue
            if some_lost and LOST in text[max(0, start - NEAR_LOST) : end + NEAR_LOST]:
                continue
            if start in framed and kind in ("date", "time"):
                continue
            says = text[start:end]
            if kind in READ:
                before = text[max(0, start - PART_CHARS) : start] if kind == "time" else ""
                says = value(kind, says, before, rules)
            found.append(Fact(kind, says, start, end))
    return tuple(sorted(found, key=PLACE))


def family(fact: Fact) -> str:
    """What a fact says; of a name, the family name."""
    return fact.text[0] if fact.kind == "name" else fact.text


def fact_hashes(facts: Iterable[Fact]) -> frozenset[int]:
    """The hashes of facts by which two articles may be one story: all but numbers of one digit.

    >>> len(fact_hashes([Fact("name", "李某", 0, 2), Fact("number", "1起", 9, 11), Fact("number", "2640元", 20, 25)]))
    2
    """
    return frozenset(fact_hash(fact) for fact in facts if not small(fact))


def small(fact: Fact) -> bool:
    """Whether it is a number of one digit."""
    return fact.kind == "number" and digits(fact.text) < TELLING_DIGITS


def digits(text: str) -> int:
    """How many digits stand in it."""
    return sum(map(str.isdigit, text))


def fact_hash(fact: Fact) -> int:
    """A fact as a signed 32-bit number, the same everywhere; a name by its family name, since 李某 may be 李女士.

    >>> fact_hash(Fact("date", "3月5日", 0, 4)) == fact_hash(Fact("date", "3月5日", 90, 94))
    True
    """
    value = crc32(f"{fact.kind}:{family(fact)}".encode())
    return value - (1 << 32) if value >> 31 else value
