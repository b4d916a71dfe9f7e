"""Things and sums of money at stake in one incident."""

from __future__ import annotations

import re

from etl.model import Span
from etl.rules.extract import ItemRules
from etl.stages.extract.numerals import integer, scaled

ITEM_KINDS = (
    "theft",
    "lost_property",
    "gambling",
    "drugs",
    "contraband",
    "vice_advertising",
    "violent_crime",
    "crime_other",
    "fraud.other",
    "prostitution",
    "public_order",
)
# 2.6万元, 3,200余元, 一万八千元, 18万余元
MONEY_RE = re.compile(
    r"(?P<num>\d{1,3}(?:[,，]\d{3}){1,4}(?!\d)|\d{1,12}(?:\.\d{1,4})?)(?P<pre>余|多)?(?P<mul>[百千]?万|亿|千|百)?(?P<post>余|多)?(?:元|块钱|块|圆)(?!/)"
    r"|(?P<cn>[一二三四五六七八九十两百千万]{2,9})(?:余|多)?(?:元|块)(?:钱|人民币)?"
    r"|(?P<wan>\d{1,5}(?:\.\d{1,2})?)(?P<wmul>万)(?:余|多)?(?=[，。的存现人]|$)"
)
NEAR = 16
TOTAL_RE = re.compile(r"共计|总(?:计|额|价值)|合计|价值|涉案|累计|共(?!享)")
CONTAINERS = ("包", "钱包", "行李箱", "拉杆箱", "箱")


def items(text: str, kind: str, rules: ItemRules) -> list[tuple[str, Span]]:
    """Items of an incident with their spans in `text`, each noun once.

    >>> from etl.rules.extract import load
    >>> [w for w, _ in items("王先生的电动车被盗", "theft.vehicle", load().items)]
    ['电动车']
    """
    if not kind.startswith(ITEM_KINDS):
        return []
    own = rules.by_kind.get(kind.split(".")[0], frozenset())
    found: dict[str, Span] = {}
    for m in rules.noun.finditer(text):
        word = m[0]
        if word in own:
            found.setdefault(word, m.span())
            continue
        if word not in rules.everywhere or not kind.startswith(
            ("theft", "lost_property", "violent", "fraud.other")
        ):
            continue
        before = rules.before.search(text, max(0, m.start() - 30), m.start())
        after = rules.after.match(text[m.end() : m.end() + 24])
        if before or after:
            found.setdefault(word, m.span())
    return _distinct(found, kind)


def _distinct(found: dict[str, Span], kind: str) -> list[tuple[str, Span]]:
    """The longer of two nouns for one thing; a bag stands for its contents."""
    names = [n for n in found if not any(n != o and n in o for o in found)]
    if kind == "lost_property":
        bag = next((n for n in names if n.endswith("包") or n.endswith("箱") or n == "行李"), None)
        if bag:
            names = [n for n in names if n == bag or n in {"手机", "小提琴"}][:2]
    return [(n, found[n]) for n in sorted(names, key=lambda n: found[n])][:5]


def amount(text: str, kind: str, rules: ItemRules) -> tuple[float, Span] | None:
    """The sum at stake in yuan with its span: the total if one is named, else the largest at stake."""
    best: tuple[float, float, Span] | None = None
    for m in MONEY_RE.finditer(text):
        value = _value(m)
        if not value:
            continue
        before = text[max(0, m.start() - NEAR) : m.start()]
        clause = re.split(r"[。！？；\n]", before)[-1]
        after = text[m.end() : m.end() + 10].split("。")[0]
        if rules.not_stake.search(clause[-8:]) or re.match(r"[^，]{0,3}(?:罚款|的罚款|奖励|以[上下])", after):
            continue
        if not (rules.stake.search(clause) or rules.stake.search(after)):
            continue
        rank = 2.0 if TOTAL_RE.search(clause) else 1.0
        if best is None or (rank, value) > best[:2]:
            best = (rank, value, m.span())
    return (best[1], best[2]) if best else None


def _value(m: re.Match[str]) -> float | None:
    """The value of one sum in yuan."""
    if m["cn"]:
        n = integer(_colloquial(m["cn"]))
        return float(n) if n else None
    if m["wan"]:
        return scaled(m["wan"], m["wmul"])
    return scaled(m["num"], m["mul"])


def _colloquial(text: str) -> str:
    """一万八 as 一万八千, 三千二 as 三千二百."""
    for big, small in (("万", "千"), ("千", "百"), ("百", "十")):
        if len(text) > 2 and text[-2] == big and text[-1] in "一二三四五六七八九":
            return text + small
    return text
