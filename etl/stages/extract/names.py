"""How long a full name is: Chinese sets no space after it, so what may follow a name has to tell."""

from __future__ import annotations

import re

from etl.rules.extract import PeopleRules
from etl.stages.extract.text import occurrences

# 艾尼瓦尔·买买提
DOT_WITHIN = 8
DOT_NAME_RE = re.compile(r"[\u4e00-\u9fff]{1,7}(?:·[\u4e00-\u9fff]{1,7}){1,3}")


def foreign_end(view: str, at: int, rules: PeopleRules) -> int | None:
    """Where a name outside the list of surnames ends (才让扎西, 旦正加): the text must use it again."""
    for size in (4, 3):
        name = view[at : at + size]
        if len(name) < size or not given_ok(view, at, at + size, rules) or name[:2] in rules.follow_two:
            continue
        if name[:2] in rules.not_names or not may_end(view, at + size, rules) or occurrences(view, name) < 2:
            continue
        if not any(w in name for w in NOT_NAME_PARTS):
            return at + size
    return None


NOT_NAME_PARTS = (
    "队伍",
    "力量",
    "宿舍",
    "职责",
    "形象",
    "工作",
    "服务",
    "身影",
    "小组",
    "巡逻",
    "调解",
    "反诈",
    "宣传",
    "监控",
    "现场",
    "救援",
    "消防",
    "调查",
    "侦查",
    "办案",
    "处置",
    "劝",
    "查",
    "求助",
    "安全",
    "群众",
    "财产",
    "生命",
    "情绪",
    "纠纷",
    "矛盾",
    "电话",
    "身份",
    "驾驶",
    "车",
)


def sounded_end(view: str, at: int, rules: PeopleRules, *, officer: bool) -> int | None:
    """Where a name of other sounds (阿依古丽, 玉叫) ends: three to five characters, two where it comes again."""
    run = at
    while run < min(at + 6, len(view)) and view[run] in rules.sounds:
        run += 1
    for end in range(run, at + 1, -1):
        name = view[at:end]
        if name[:2] in rules.not_names or not may_end(view, end, rules):
            continue
        if len(name) > 2 or (
            len(name) == 2 and (occurrences(view, name) > 1 or (officer and name[0] in "岩玉"))
        ):
            return end
    return None


def surname_of(name: str, rules: PeopleRules) -> str | None:
    if name[:2] in rules.compound and len(name) > 2:
        return name[:2]
    return name[0] if name[0] in rules.single else None


def name_end(view: str, at: int, rules: PeopleRules, *, strict: bool) -> int | None:
    """Where a full name that begins at `at` ends, None if none does.

    Two and three characters compete: what may follow a name decides, then how often each occurs,
    then whether the last character is common in given names.
    """
    dotted = DOT_NAME_RE.match(view, at) if "·" in view[at : at + DOT_WITHIN] else None
    if dotted:
        last = dotted[0].rindex("·") + at + 1
        return next((e for e in range(last + 1, dotted.end() + 1) if may_end(view, e, rules)), dotted.end())
    head = 2 if view[at : at + 2] in rules.compound else 1
    if head == 1 and view[at : at + 1] not in rules.single:
        return None
    if view[at : at + 2] in rules.not_names or view[at + head : at + head + 1] == "某":
        return None
    if view.startswith(rules.long_titles, at + head):
        return None
    fits = {
        n: may_end(view, at + n, rules)
        for n in (head + 2, head + 1)
        if given_ok(view, at + head, at + n, rules)
    }
    good = [n for n, ok in fits.items() if ok]
    if len(good) == 1:
        return at + good[0]
    if strict and not good:
        return None
    if not fits:
        return None
    if len(fits) == 1:
        only = next(iter(fits))
        return at + only if good or (not strict and plausible(view, at + head, at + only, rules)) else None
    long, short = head + 2, head + 1
    if occurrences(view, view[at : at + short]) > occurrences(view, view[at : at + long]):
        return at + short
    if view[at + long - 1] in rules.given:
        return at + long
    if good:
        return at + (long if occurrences(view, view[at : at + long]) > 1 else short)
    return at + short if plausible(view, at + head, at + short, rules) else None


def given_ok(view: str, start: int, end: int, rules: PeopleRules) -> bool:
    if end > len(view):
        return False
    if end - start == 2 and view[start] == "一" and view[start + 1] in rules.given:
        return view[start:end] not in rules.follow_two  # 江一峰
    for c in view[start:end]:  # noqa: SIM110 - a generator costs thrice as much, and this is asked very often
        if c in rules.bad_given or not "\u4e00" <= c <= "\u9fff":
            return False
    return True


def plausible(view: str, start: int, end: int, rules: PeopleRules) -> bool:
    return rules.given.issuperset(view[start:end])


def may_end(view: str, at: int, rules: PeopleRules) -> bool:
    """Whether a name may end at `at`."""
    return (
        at >= len(view)
        or view[at] in rules.follow_one
        or view[at : at + 2] in rules.follow_two
        or not ("\u4e00" <= view[at] <= "\u9fff")
    )
