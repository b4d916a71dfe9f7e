"""What two texts that are alike tell otherwise: the facts, places, things and words that fill one slot twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from etl.rules.link import LinkRules
from etl.stages.link.align import Gap, gaps
from etl.stages.link.facts import LOST, Fact, find_facts
from etl.stages.link.values import compatible

SLOT_CHARS = 24  # longer stretches are written anew, not filled in
REPLACED = 2  # characters that stand for others; one alone may be a slip or a repair
AROUND = 6  # characters beside a slot that may belong to the word in it
NAME_CHARS = 3  # before 某 or a title
LESS_FINELY = frozenset({"date", "time", "name"})  # kinds that one text may tell less finely than the other
DATES = frozenset({"year", "date", "time"})
HAN_RE = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True)
class Account:
    """A text and, looked for when asked for, its facts, as comparison needs them."""

    text: str
    rules: LinkRules

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Its facts in order; most texts that chance brings together are told apart without."""
        return find_facts(self.text, self.rules)

    @cached_property
    def said(self) -> frozenset[tuple[str, str]]:
        """Its facts, wherever they stand."""
        return frozenset((f.kind, f.text) for f in self.facts)

    def tells(self, fact: Fact, rules: LinkRules) -> bool:
        """Whether it says this too, or the same less or more finely."""
        return (fact.kind, fact.text) in self.said or (
            fact.kind in LESS_FINELY
            and any(
                kind == fact.kind and compatible(kind, fact.text, text, rules) for kind, text in self.said
            )
        )


def shared(a: Account, b: Account, rules: LinkRules) -> set[tuple[str, str]]:
    """The facts that both tell, as the first says them."""
    return {(f.kind, f.text) for f in a.facts if b.tells(f, rules)}


def differences(a: Account, b: Account, rules: LinkRules) -> frozenset[str]:
    """Kinds of what stands on both sides where the texts differ, and is told by one side only.

    They are those of facts, `place`, `item`, `contrast`, `outcome`, or `words` for anything else in the same slot. A
    stretch with lost characters is passed over, and so is what one side lacks: excerpts drop text.
    """
    found: set[str] = set()
    for gap in gaps(a.text, b.text):
        start_a, end_a, start_b, end_b = gap
        if LOST in a.text[start_a:end_a] + b.text[start_b:end_b]:
            continue
        added = start_a == end_a or start_b == end_b
        wider = int(added)  # 21时8分 and 21时28分 differ by what one has more, inside of a fact
        touched_a = within(a.facts, start_a - wider, end_a + wider)
        touched_b = within(b.facts, start_b - wider, end_b + wider)
        only_a = {f.kind for f in touched_a if not b.tells(f, rules)}
        only_b = {f.kind for f in touched_b if not a.tells(f, rules)}
        found |= only_a & only_b
        if not added:
            worded = not (touched_a and touched_b) and DATES.isdisjoint(only_a | only_b)
            found |= in_slot(a.text, b.text, gap, rules, worded=worded)
    return frozenset(found)


def within(facts: Iterable[Fact], start: int, end: int) -> list[Fact]:
    """The facts that touch a stretch."""
    return [f for f in facts if f.start < end and f.end > start]


def in_slot(a: str, b: str, gap: Gap, rules: LinkRules, *, worded: bool) -> set[str]:
    """What else than facts differs at `gap`; `worded`: words may, since no facts of both nor a date stand there.

    >>> from etl.rules import load_rules
    >>> a, b = "群众在柳河路拾到钱包一个交到所里", "群众在东桥街拾到钱包一个交到所里"
    >>> in_slot(a, b, (3, 6, 3, 6), load_rules().link, worded=True)
    {'place'}
    """
    start_a, end_a, start_b, end_b = gap
    one, other = a[start_a:end_a], b[start_b:end_b]
    outcomes = set(rules.outcome.findall(one)), set(rules.outcome.findall(other))
    if all(outcomes) and outcomes[0] != outcomes[1]:
        return {"outcome"}
    if max(len(one), len(other)) > SLOT_CHARS:
        return set()
    unlike = one[-1] != other[-1] and "某" not in one + other and max(len(one), len(other)) <= NAME_CHARS
    if unlike and rules.masked.match(a, end_a) and rules.masked.match(b, end_b):
        return {"name"}
    if len(one) == len(other) and any(
        y != x and y in rules.contrasts.get(x, "") for x, y in zip(one, other, strict=True)
    ):
        return {"contrast"}
    for kind, pattern in (("place", rules.place), ("item", rules.item)):
        names = set(touching(pattern, a, start_a, end_a)), set(touching(pattern, b, start_b, end_b))
        if all(names) and not any(akin(x, y, kind) for x in names[0] for y in names[1]):
            return {kind}
    inside = start_a and start_b and end_a < len(a) and end_b < len(b)
    return {"words"} if inside and worded and replaced(one, other) else set()


def touching(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[str]:
    """What the pattern finds that lies in `[start, end)`, at least in part."""
    for match in pattern.finditer(text, max(0, start - AROUND), end + AROUND):
        if match.start() < end and match.end() > start:
            yield match[0]


def akin(x: str, y: str, kind: str) -> bool:
    """Whether two names may be of one thing: 电动车 and 电动自行车, but no two places.

    >>> akin("电动车", "电动自行车", "item"), akin("钱包", "背包", "item"), akin("光华小区", "光明小区", "place")
    (True, False, False)
    """
    return x == y or (kind == "item" and any(x[i : i + 2] in y for i in range(len(x) - 1)))


def replaced(one: str, other: str) -> bool:
    """Whether words stand for other words."""
    return any(
        operation == "replace"
        and min(len(HAN_RE.findall(one[i:j])), len(HAN_RE.findall(other[m:n]))) >= REPLACED
        for operation, i, j, m, n in SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    )
