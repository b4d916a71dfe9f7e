"""Provinces, cities and districts that a text states, joined to the national division list.

Only what is stated counts: parents are never filled in from the list alone. A county name that
several provinces have stays as written, with a flag.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import add

from etl.rules.divisions import Division, Divisions
from etl.stages.extract.text import places

SHORT_CONTEXT_RE = re.compile(
    r"(?:边境管理)?(?:公安|警方|分局|大队|支队|交警|消防|边防|铁路|网安|边境|市公安|县公安|区公安|[\u4e00-\u9fff]{2,4}(?:公安分局|分局|大队|公安))"
)


def stated_divisions(text: str, divisions: Divisions) -> tuple[Division, ...]:
    """Divisions that `text` (a unit chain, a place phrase, an opening) names, candidates in order of the text.

    A name with its suffix counts; a short one only where 公安, 警方, 分局 or the like follows, or
    beside a division that holds it (云南勐腊县, 温州瓯海). Homes, media and ways to elsewhere do not.
    """
    found: list[Division] = []
    end = 0  # of the division found last
    for at, begin in enumerate(map(add, text, text[1:])):
        if begin not in divisions.sizes or at < end:
            continue
        size, here = _division_at(text, at, divisions)
        end = at + size
        if (
            here
            and not AWAY_BEFORE_RE.search(text, max(0, at - 5), at)
            and not MEDIA_RE.match(text, at + size)
        ):
            found += here
    return tuple(found)


def _division_at(text: str, at: int, divisions: Divisions) -> tuple[int, list[Division]]:
    """Length and candidates of the division name, or pair of names, at `at`; (0, []) if none stands there."""
    for size in divisions.sizes[text[at : at + 2]]:
        word = text[at : at + size]
        if word in divisions.by_name:
            here = list(divisions.by_name[word])
            more, inner = _inner(text, at + size, here, divisions)
            return size + more, here + inner
        here = list(divisions.by_short.get(word, ()))
        if not here or word in NOT_SHORT_NAMES:
            continue
        if SHORT_CONTEXT_RE.match(text, at + size):
            return size, here
        more, inner = _inner(text, at + size, here, divisions)
        if inner:
            return size + more, [d for d in here if any(_inside_any(i, d) for i in inner)] + inner
    return 0, []


def _inner(text: str, at: int, outer: list[Division], divisions: Divisions) -> tuple[int, list[Division]]:
    """A division right after one that holds it, by full or by short name."""
    for size in divisions.sizes.get(text[at : at + 2], ()):
        word = text[at : at + size]
        for index in (divisions.by_name, divisions.by_short):
            inside = [
                d
                for d in index.get(word, ())
                if any(d.code != o.code and o.level != "district" and _inside_any(d, o) for o in outer)
            ]
            if inside:
                return size, inside
    return 0, []


def _inside_any(d: Division, outer: Division) -> bool:
    """Whether `d` lies in the province or city `outer`."""
    return d.code[:2] == outer.code[:2] if outer.code.endswith("0000") else d.code[:4] == outer.code[:4]


NOT_SHORT_NAMES = frozenset(
    {
        "公安",
        "平安",
        "和平",
        "城区",
        "新城",
        "长安",
        "同心",
        "安定",
        "民乐",
        "永安",
        "文安",
        "望城",
        "路桥",
        "城关",
        "城中",
        "市中",
        "中心",
        "东风",
        "前进",
        "向阳",
        "友好",
        "新华",
        "西安区",
        "东安",
        "西安门",
    }
)
AWAY_BEFORE_RE = re.compile(
    r"(?:来自|老家|户籍地?|籍贯|远赴|赶往|前往|赶赴|奔赴|潜逃至|逃至|逃往|开往|去往|从|往|去|赴|在外地|原籍|转战|打工的)(?:在|是|为)?$"
)


def settle(candidates: Sequence[Division]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Province, city and district from candidates that agree with each other, and flags.

    A county name that several provinces have is kept as written; its parents are filled in only
    where the text names them, never from the list alone.
    """
    if not candidates:
        return {}, ()
    parts: dict[str, str] = {}
    flags: list[str] = []
    by_level: dict[str, list[Division]] = {"province": [], "city": [], "district": []}
    for d in candidates:
        by_level[d.level].append(d)
    prefixes = {d.code[:2] for d in by_level["province"]}
    cities = [d for d in by_level["city"] if not prefixes or d.code[:2] in prefixes] or by_level["city"]
    districts = by_level["district"]
    if cities:
        within = [d for d in districts if any(_inside(d, c) for c in cities)]
        districts = within or districts
        if within:
            cities = [c for c in cities if any(_inside(d, c) for d in within)]
    elif prefixes:
        districts = [d for d in districts if d.code[:2] in prefixes] or districts
    if by_level["province"]:
        parts["province"] = by_level["province"][0].common
    if cities:
        parts["city"] = cities[0].common
    if districts:
        parts["district"] = districts[0].common
        if len({d.code for d in districts if d.name == districts[0].name}) > 1:
            flags.append("ambiguous_district")
    return parts, tuple(flags)


def _inside(d: Division, city: Division) -> bool:
    """Whether district `d` lies in `city`; 省直辖县 have the province's 90 in the middle."""
    return d.code[:4] == city.code[:4] or (city.code.endswith("0000") and d.code[:2] == city.code[:2])


# 本报长沙8月12日讯, 新华社北京5月3日电
DATELINE_RE = re.compile(
    r"(?:本报|本网|新华社|中新社|中新网)?([\u4e00-\u9fff]{2,6}?)(?:\d{1,2}月)?\d{1,2}日(?:讯|电|消息)"
)
DATED = ("日讯", "日电", "日消息")  # one of them stands in every dateline
MEDIA_RE = re.compile(
    r"^(?:市)?(?:日报|晚报|晨报|网|电视|广播|新闻|发布|都市报|商报|人[，。、]|籍|务工|打工)"
)


def dateline_divisions(view: str, divisions: Divisions) -> list[Division]:
    """Divisions named by a dateline at the head of the body."""
    head = view[:60]
    m = DATELINE_RE.search(head) if any(words in head for words in DATED) else None
    if not m:
        return []
    word = m[1]
    return list(divisions.by_short.get(word, ()) or divisions.by_name.get(word, ()))


def city_stated(district: str, found: Sequence[Division], view: str, divisions: Divisions) -> str | None:
    """The city of `district` if the body names it other than as a medium or somebody's home."""
    for d in found:
        if d.common != district:
            continue
        for parent in divisions.parents(d):
            if parent.level != "city":
                continue
            for at in places(view, parent.short):
                after = at + len(parent.short)
                if not MEDIA_RE.match(view, after) and not view.startswith(district[-1], after):
                    return parent.common
    return None
