"""Where an incident happened: the most specific phrase of its opening, and the divisions stated."""

from __future__ import annotations

import re
from collections.abc import Mapping

from etl.model import Span
from etl.rules.extract import Pattern

# What a place phrase never is: the unit itself, an abstract seat.
NOT_PLACE_RE = re.compile(
    r"派出所|公安局|大队|支队|分局|所内|所里|辖区内?$|现场|网络|网上|群里|工作群|平台|微信|途中|其中|手中|手里|心里|眼里|心中|眼中|过程|情况|时间|期间|基础|帮助|指挥|监控|视频|法院|检察院|看守所|拘留所|案件|处处|此处|何处|到处|好处|用处|益处|长处|难处|深处|出处|查处|相处|处处|一处$|多处|电话|医院(?:接受|治疗)|救助站|门第|专门|部门|热门|出门|上门|登门|关门|开门|家门不幸|道路交通|楼盘|角度|程度|座位数|天下|当下|之下|以下|之上|以上|身上|手上|脸上|晚上|早上|马上|路上行人|线上|线下|世上|会上|实际上|基本上|地上铺|之中|之内|以内|以外|意外|此外|另外|之外|例外|门外汉|对外|之前|以前|目前|此前|日前|面前|眼前|生前|提前|跟前|之后|以后|然后|随后|最后|事后"
)
ACTION_RE = re.compile(
    r"称(?:其|自己)?|发现|报警|接到|赶到|民警|嫌疑人|抓获|联系|送回|送往|查看|调取|开展|工作时|巡逻时|求助|经过|通过|进行|以及|因为|由于|告诉|说|其(?=[停放丢落将])|将|把|被|后|时(?!代)|了解|看到"
)
TRAIL_RE = re.compile(r"(?:的|时|处?时|地)$")
LEAD_RE = re.compile(
    r"^(?:了|着|我市|我县|我区|其|自己|自家的?|他|她|们|有人|有一|一名|一位|男子|女子|老人|王某|民警|在|于|位于|到|从|辖区内?的?|该)"
)
# How much each kind of tail says about where.
SPECIFIC_RE = re.compile(
    r"(?:小区|路|街|村|镇|乡|号|桥|市场|超市|店|医院|学校|公园|广场|酒店|站|高速|国道|省道|km|K\d|公里|栋|单元|楼|KTV|厂|工地|社区|河|江|湖|水库)"
)
EVENT_AFTER_RE = re.compile(
    r"^(?:内|里|上|处|附近)?[，]?(?:发生|被盗|失窃|不见|起火|着火|突然|丢失|有人|落水|溺水|晕倒|摔倒|徘徊|发现|聚众|赌博|吸食|打架|发现一|捡到|拾到|看到|遇到|闲逛|独自|相撞|追尾|因|一(?:名|位|辆|男|女|居民|住户|家)|两|多名|设卡|巡逻|检查|执勤|抓获|查获|捣毁|将)"
)


def place(text: str, patterns: Mapping[str, Pattern]) -> tuple[str, Span] | None:
    """The best place phrase of an incident's text with its span.

    Candidates score for standing early, for naming something definite, and for the event that
    follows them; a phrase that is a sentence is none.
    """
    best: tuple[float, str, Span] | None = None
    for name, pattern in patterns.items():
        for m in pattern.finditer(text):
            start, end = m.span("place")
            phrase, start = _trimmed(text, start, end)
            if not phrase or not 2 <= len(phrase) <= 30 or NOT_PLACE_RE.search(phrase):
                continue
            points = _points(text, phrase, start, start + len(phrase), name, m)
            if best is None or points > best[0]:
                best = (points, phrase, (start, start + len(phrase)))
    return (best[1], best[2]) if best else None


def _trimmed(text: str, start: int, end: int) -> tuple[str, int]:
    """A phrase without the words that belong to the clause around it, and where it begins."""
    phrase = text[start:end]
    cut = 0
    for m in ACTION_RE.finditer(phrase):
        cut = m.end()
    phrase = phrase[cut:]
    start += cut
    for _ in range(4):
        m = LEAD_RE.match(phrase)
        if not m:
            break
        phrase, start = phrase[m.end() :], start + m.end()
    return TRAIL_RE.sub("", phrase), start


def _points(text: str, phrase: str, start: int, end: int, name: str, m: re.Match[str]) -> float:
    points = 3.0 - min(start, 400) / 100
    points += min(len(SPECIFIC_RE.findall(phrase)), 3) * 1.0
    points += min(len(phrase), 14) / 10
    if EVENT_AFTER_RE.match(text[end : end + 12]):
        points += 2.0
    if name == "phrase" and m[0].startswith(
        (
            "位于",
            "停放",
            "停在",
            "发生",
            "落在",
            "忘在",
            "行至",
            "途经",
            "躺在",
            "坐在",
            "站在",
            "掉",
            "坠",
            "落",
        )
    ):
        points += 1.5
    if name == "bare":
        points += 1.0
    if phrase in {"家中", "家里", "门口", "附近", "路边", "楼下", "车内", "车上", "屋内"}:
        points -= 1.5
    return points
