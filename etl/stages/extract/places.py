"""Where an incident happened: the phrase that best names a place in its telling.

The text is cut into chunks at punctuation, prepositions and verbs; times and units are blanked out
first. A chunk that holds a word for a place (街, 小区, 门口) gives one candidate, from its beginning
to the last such word; candidates are then scored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from etl.model import Span
from etl.rules.extract import Pattern
from etl.rules.factoring import compile_factored

MIN, MAX = 2, 30
# Words after which an officer, a report or a rescue is spoken of, not the place of the event.
ELSEWHERE_RE = re.compile(
    r"(?:送|送到|送至|送往|送回|赶往|赶赴|前往|奔赴|带回|带到|回到|押|转移|护送|逃|潜逃|远赴|辗转|联系|来自|家住|住在|租住|户籍|开往|去|到达?|抵达)$"
)
ARREST_AFTER_RE = re.compile(r"^[^。，]{0,4}(?:将|把|抓|查获|锁定|落网|找到|追回|起获|起出)")
EVENT_AFTER_RE = re.compile(
    r"^(?:内|里|上|处|附近)?[，]?(?:发生|被盗|失窃|不见|起火|着火|突然|丢失|有人|落水|溺水|晕倒|摔倒|徘徊|发现|聚众|赌博|吸食|打架|捡到|拾到|看到|看见|遇到|闲逛|独自|相撞|追尾"
    r"|因|一(?:名|位|辆|男|女|居民|住户|家|条|对)|两|多名|设卡|巡逻|检查|执勤|走失|走散|持刀|殴打|吵|争|内有|冒|被|噪|停放|的|遗失|丢|掉|坐|躺|哭|实施|盗窃|行窃|喝|购买|办理)"
)
GENERIC = frozenset(
    {
        "家中",
        "家里",
        "门口",
        "附近",
        "路边",
        "楼下",
        "车内",
        "车上",
        "屋内",
        "路上",
        "水里",
        "水中",
        "街上",
        "房间",
        "旁边",
        "室内",
        "门外",
        "楼上",
        "院内",
        "周边",
        "处",
        "门前",
        "家门",
        "大门",
        "店里",
        "店内",
        "屋里",
        "客厅",
        "窗口",
        "厨房",
        "出口",
        "入口",
        "大厅",
    }
)
NUMBER_LEAD_RE = re.compile(
    r"^(?:某|本市|我市|我县|我区|辖区内?的?|自己|自家|其|他|她|该|了|着|过|一名|一位|有|内的?|男子|女子|老人|民警|人|是|正|又|再|还|都|就|也|才|刚|曾|便|进|出|入|向|往){1,64}"
)
TRAIL_RE = compile_factored(r"(?:的|时|地|处?时)$")


def place(text: str, blank: Iterable[Span], patterns: Mapping[str, Pattern]) -> tuple[str, Span] | None:
    """The best place phrase of an incident's text with its span; `blank` are spans that are none.

    Candidates score for standing early, for naming something definite, for a preposition before
    them and the event after them.
    """
    masked = _masked(text, blank)
    best: tuple[float, str, Span] | None = None
    for start, end, lead in _candidates(masked, patterns):
        phrase = text[start:end]
        if not MIN <= len(phrase) <= MAX or patterns["never"].search(phrase):
            continue
        points = _points(masked, start, end, lead, patterns["specific"])
        if best is None or points > best[0]:
            best = (points, phrase, (start, end))
    return (best[1], best[2]) if best else None


def _masked(text: str, blank: Iterable[Span]) -> str:
    for start, end in blank:
        start, end = max(start, 0), min(end, len(text))
        text = text[:start] + "，" * (end - start) + text[end:]
    return text


def _candidates(masked: str, patterns: Mapping[str, Pattern]) -> Iterator[tuple[int, int, str]]:
    """Start, end and the cut word before each chunk that holds a place word."""
    at, lead = 0, ""
    for cut in (*patterns["cut"].finditer(masked), None):
        end = cut.start() if cut else len(masked)
        last = None
        if end - at >= MIN:
            for m in patterns["tail"].finditer(masked, at, end):
                last = m
        if last is not None:
            start = at
            head = NUMBER_LEAD_RE.match(masked[start : last.end()])
            if head and head.end() < last.end() - start - 1:
                start += head.end()
            trail = TRAIL_RE.search(masked[start : last.end()])
            yield start, last.end() - (len(trail[0]) if trail else 0), lead
        if cut:
            at, lead = cut.end(), cut[0]


def _points(masked: str, start: int, end: int, lead: str, specific: Pattern) -> float:
    phrase = masked[start:end]
    points = 3.0 - min(start, 500) / 120
    points += min(len(specific.findall(phrase)), 3)
    points += min(len(phrase), 14) / 10
    after = masked[end : end + 12]
    if EVENT_AFTER_RE.match(after):
        points += 1.5
    if lead.endswith(("在", "于", "至", "经", "过")) or lead in {"位于", "发生在"}:
        points += 1.0
    if ELSEWHERE_RE.search(lead) or ELSEWHERE_RE.search(masked[max(0, start - 3) : start]):
        points -= 2.5
    if ARREST_AFTER_RE.match(after):
        points -= 2.0
    if phrase in GENERIC:
        points -= 1.5
    return points
