"""Things and sums of money at stake in one incident."""

from __future__ import annotations

import re
from itertools import pairwise

from etl.model import Span
from etl.rules.extract import ItemRules
from etl.stages.numerals import integer, scaled

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
    r"(?=[\d一二三四五六七八九十两百千万])(?:(?P<num>\d{1,3}(?:[,，]\d{3}){1,4}(?!\d)|\d{1,12}(?:\.\d{1,4})?)(?P<pre>余|多)?(?P<mul>[百千]?万|亿|千|百)?(?P<post>余|多)?(?:元|块钱|块|圆)(?!/)"
    r"|(?P<cn>[一二三四五六七八九十两百千万]{2,9})(?:余|多)?(?:元|块)(?:钱|人民币)?"
    r"|(?P<short>[一二两三四五六七八九]万[一二三四五六七八九](?:千)?)(?=[，。！”的多])"
    r"|(?P<wan>\d{1,5}(?:\.\d{1,2})?)(?P<wmul>万)(?:余|多)?(?=[，。的存现人]|$))"
)
MONEY_KINDS = ("fraud", "theft", "lost_property", "gambling", "dispute", "violent")
NO_MONEY_KINDS = ("traffic_violation", "noise", "household", "assault")
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
    spans = rules.nouns.find(text)
    for (start, end), (following, _) in pairwise((*spans, (-1, -1))):
        word = text[start:end]
        if following == end and not word.endswith("包"):
            continue  # 电动车电瓶: the battery, not the vehicle
        if text[end : end + 1] in BESIDE:
            continue  # 行李箱上, 火药味: where the thing was, what it smelt of
        if word in own or (
            word in rules.everywhere and kind.startswith(OWNED_KINDS) and _at_stake(text, start, end, rules)
        ):
            found.setdefault(word, (start, end))
    if not found and kind.startswith(OWNED_KINDS):
        counted = COUNTED_RE.search(text)
        if counted:
            name = "thing" if counted["thing"] else "lost"
            found[counted[name]] = counted.span(name)
    return _distinct(found, kind)


BESIDE = frozenset("上旁边味")
OWNED_KINDS = ("theft", "lost_property", "violent", "fraud.other", "crime_other")
COUNT = "(?:[一二两三四五六七八九十几多]{1,3}|\\d{1,4})(?:余|多)?"
COUNT += "(?:部|个|只|台|捆|袋|箱|把|条|枚|件|串|块|株|盆|套|头|匹|架|本|桶|包|瓶|根)"
# 丢失铜材五捆, 偷走三只信鸽, 16只信鸽不翼而飞
COUNTED_RE = re.compile(
    r"(?:丢失|遗失|偷走|盗走|盗窃|被盗|拾到|捡到|捡走|拿走|抱走|偷了|忘了?取|忘了?拿)(?:了)?"
    rf"{COUNT}(?P<thing>[\u4e00-\u9fff]{{2,5}}?)(?=[，。、！？被的]|$)"
    rf"|{COUNT}(?P<lost>[\u4e00-\u9fff]{{2,5}}?)(?:被盗|被偷|不翼而飞|不见了|丢失|被人)"
)
ANIMALS = frozenset("牛羊鸡鸭鹅狗猪马鱼酒药油蛇鸟刀弩")
MEASURE_RE = re.compile(r"(?:头|只|匹|条|群|尾|瓶|箱|盒|把|桶|斤)(?:的)?$")
GENERAL = frozenset(
    {
        "毒品",
        "粮食",
        "枪支",
        "烟酒",
        "商品",
        "工具",
        "水果",
        "首饰",
        "管制刀具",
        "刀具",
        "衣物",
        "烟花",
        "爆竹",
        "鞭炮",
        "行李",
        "卡片",
        "小广告",
    }
)
SAME = (
    {"电动自行车", "电动车", "电瓶车", "自行车"},
    {"电动三轮车", "三轮车", "三轮电动车"},
    {"烟花爆竹", "烟花", "爆竹", "鞭炮"},
    {"烟弹", "电子烟", "上头电子烟", "依托咪酯"},
    {"匕首", "管制刀具", "刀具", "刀"},
)


def _at_stake(text: str, start: int, end: int, rules: ItemRules) -> bool:
    """Whether the words around the noun `text[start:end]` say that it was lost, taken or found."""
    before = text[max(0, start - 3) : start]
    if text[start:end] in ANIMALS and not MEASURE_RE.search(before):
        return False
    return bool(
        rules.before.search(text, max(0, start - 30), start) or rules.after.match(text[end : end + 24])
    )


def _distinct(found: dict[str, Span], kind: str) -> list[tuple[str, Span]]:
    """One noun for one thing: the longer of two, the special before the general; a bag stands for its contents."""
    names = list(found)
    if len(names) > 1:
        names = [n for n in names if not any(n != o and n in o for o in names)]
        names = [n for n in names if n not in GENERAL] or names
        for same in SAME:
            double = sorted((n for n in names if n in same), key=lambda n: found[n])
            names = [n for n in names if n not in double[1:]]
    if kind == "lost_property":
        bag = next((n for n in names if n.endswith(("包", "箱"))), None)
        if bag:
            names = [bag]
    if kind == "theft.vehicle":
        names = [n for n in names if n.endswith(("车", "摩托", "机"))] or names
    return [(n, found[n]) for n in sorted(names, key=lambda n: found[n])][:5]


def amount(text: str, kind: str, rules: ItemRules) -> tuple[float, Span] | None:
    """The sum at stake in yuan with its span: the total if one is named, else the largest at stake."""
    best: tuple[float, float, Span] | None = None
    if kind.startswith(NO_MONEY_KINDS) or not any(mark in text for mark in "元万块圆"):
        return None
    for m in MONEY_RE.finditer(text):
        value = _value(m)
        if not value:
            continue
        before = text[max(0, m.start() - NEAR) : m.start()]
        clause = re.split(r"[。！？；\n]", before)[-1]
        after = text[m.end() : m.end() + 10].split("。")[0]
        if rules.not_stake.search(clause[-8:]) or re.match(r"[^，]{0,3}(?:罚款|的罚款|奖励|以[上下])", after):
            continue
        stake = bool(rules.stake.search(clause) or rules.stake.search(after))
        if not stake and not kind.startswith(MONEY_KINDS):
            continue
        rank = 2.0 if TOTAL_RE.search(clause) else 1.5 if stake else 1.0
        if best is None or (rank, value) > best[:2]:
            best = (rank, value, m.span())
    return (best[1], best[2]) if best else None


def _value(m: re.Match[str]) -> float | None:
    """The value of one sum in yuan."""
    if m["cn"]:
        n = integer(_colloquial(m["cn"]))
        return float(n) if n else None
    if m["short"]:
        n = integer(_colloquial(m["short"]))
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
