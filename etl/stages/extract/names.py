"""How long a full name is: Chinese sets no space after it, so what may follow a name has to tell."""

from __future__ import annotations

import re

from etl.rules.extract import PeopleRules
from etl.stages.extract.text import occurrences, places

# 艾尼瓦尔·买买提
DOT_WITHIN = 8
DOT_NAME_RE = re.compile(r"[\u4e00-\u9fff]{1,7}(?:·[\u4e00-\u9fff]{1,7}){1,3}")


def foreign_end(view: str, at: int, rules: PeopleRules) -> int | None:
    """Where a name outside the list of surnames ends (才让扎西, 旦正加): the text must use it again."""
    begin = view[at : at + 2]
    if begin in rules.follow_two or begin in rules.not_names:
        return None
    for size in (4, 3):
        name = view[at : at + size]
        if len(name) < size or not given_ok(view, at, at + size, rules):
            continue
        if not may_end(view, at + size, rules) or occurrences(view, name) < 2:
            continue
        if not any(w in name for w in NOT_NAME_PARTS) and any(
            view[p - 1 : p] in CLAUSE_EDGE for p in places(view, name) if p != at
        ):
            return at + size
    return None


# 。才让扎西: a name begins clauses, what officers do (民警执行职务) follows the word for them
CLAUSE_EDGE = frozenset("。，、；：！？“”\n和与")


NOT_NAME_PARTS = (
    "队伍",
    "力量",
    "宿舍",
    "职责",
    "职务",
    "公务",
    "任务",
    "执法",
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
    run, most = at, min(at + 6, len(view))
    while run < most and view[run] in rules.sounds:
        run += 1
    for end in range(run, at + 1, -1):
        name = view[at:end]
        if name[:2] in rules.not_names or not may_end(view, end, rules):
            continue
        if len(name) > 2 or (
            len(name) == 2
            and (
                occurrences(view, name) > 1
                or (officer and name[0] in "岩玉")
                or view[max(0, at - 2) : at] in HERDERS
            )
        ):
            return end
    return None


# 牧民巴图
HERDERS = frozenset({"牧民", "牧户", "马倌", "羊倌", "护边"})


def surname_of(name: str, rules: PeopleRules) -> str | None:
    if name[:2] in rules.compound and len(name) > 2:
        return name[:2]
    return name[0] if name[0] in rules.single else None


def name_end(view: str, at: int, rules: PeopleRules, *, strict: bool) -> int | None:
    """Where a full name that begins at `at` ends, None if none does.

    Two and three characters compete: what may follow a name decides, then how often each occurs,
    then whether the last character is common in given names.
    """
    dotted = DOT_NAME_RE.match(view, at) if view.find("·", at, at + DOT_WITHIN) >= 0 else None
    if dotted:
        last = dotted[0].rindex("·") + at + 1
        return next((e for e in range(last + 1, dotted.end() + 1) if may_end(view, e, rules)), dotted.end())
    head = 2 if view[at : at + 2] in rules.compound else 1
    if head == 1 and view[at : at + 1] not in rules.single:
        return None
    if view[at : at + 2] in rules.not_names or view[at + head : at + head + 1] == "某":
        return None
    if view[at + head : at + head + 2] in rules.title_begins and view.startswith(
        rules.long_titles, at + head
    ):
        return None
    long, short = head + 2, head + 1
    long_fits = given_ok(view, at + head, at + long, rules)
    short_fits = given_ok(view, at + head, at + short, rules)
    if not (long_fits or short_fits):
        return None
    good = long_fits and may_end(view, at + long, rules)
    if good != (short_fits and may_end(view, at + short, rules)):
        return at + (long if good else short)
    if strict and not good:
        return at + long if long_fits and _stands_alone(view, at, at + long) else None
    if not (long_fits and short_fits):
        only = long if long_fits else short
        usual = plausible(view, at + head, at + only, rules) or view[at + head : at + only] in rules.single
        return at + only if usual else None
    if occurrences(view, view[at : at + short]) > occurrences(view, view[at : at + long]):
        return at + short
    if view[at + long - 1] in rules.given:
        return at + long
    if good:
        return at + (long if occurrences(view, view[at : at + long]) > 1 else short)
    return at + short if plausible(view, at + head, at + short, rules) else None


def _stands_alone(view: str, start: int, end: int) -> bool:
    """Whether what stands at `[start, end)` comes again with other characters around it: 余秀芹拉开, 余秀芹手直抖."""
    found = list(places(view, view[start:end]))
    size = end - start
    return len(found) > 1 and len({view[at + size : at + size + 1] for at in found}) > 1


def given_ok(view: str, start: int, end: int, rules: PeopleRules) -> bool:
    if end > len(view):
        return False
    if view[start:end] in rules.given_pairs:
        return True
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


# ---------------------------------------------------------------- names with 某

# 张某某, 李某甲, 张某群, 郝某1
AFTER_MOU = frozenset("某甲乙丙丁戊己ABCD")
# 某小区, 某日, 某网络平台: 某 of a thing
MOU_THING_RE = re.compile(
    r"某(?:小区|路|街|村|镇|乡|地|处|日|天|月|年|公司|酒店|宾馆|饭店|餐|店|超市|商|学校|医院|银行|单位|工地|一|个|些|种|项|栋|楼"
    r"|室|平台|APP|App|网|品牌|市|县|省|区|厂|高|中学|大学|小学|部|知名|电商|快递|社交|直播|广场|公园|社区|出租|足浴|会所|棋牌|KTV|国道|段|桥|河|山|车|仓|建筑|景|机关|企|门|理财|投资|短视频|软件|游戏|贷款|证券|物流|加油)"
)
# 某 of a place after 在, 于 and the like: 位于某
PREPOSITION_BEFORE = frozenset("位发生在藏停处居自至由属来坐开落")

NAME_ENDS = frozenset("、，。（等和与；")
# 龚某正、邢某全两人
NAMED_RE = re.compile(r"[、，。（；]|等?[两二三四五六七八九十]人|等人|夫妇|夫妻|兄弟|父子|姐妹|母子")


def mou_end(view: str, start: int, end: int, rules: PeopleRules) -> int | None:
    """Where a name with 某 ends, None if 某 belongs to a thing (于某小区).

    A given name may stand after 某 (李某发), whose character may also begin the next word (李某发现).
    """
    if MOU_THING_RE.match(view, end - 1):
        return None
    after = view[end : end + 1]
    if (
        view[start] in "于在从向和"
        and view[start - 1 : start] in PREPOSITION_BEFORE
        and after not in AFTER_MOU
    ):
        return None
    if after in AFTER_MOU:
        return end + 1
    if after not in rules.given and after not in rules.given_after_mou:
        return end
    short, long = view[start:end], view[start : end + 1]
    alone = occurrences(view, long) == 1
    if alone and occurrences(view, short) > 1 and view[end + 1 : end + 2] not in NAME_ENDS:
        after_short = {view[at + len(short) : at + len(short) + 1] for at in places(view, short)}
        if not after_short <= rules.given:
            return end  # 俞某刚把包裹塞进车里 where he is 俞某 elsewhere
    if after not in rules.verbish and after not in rules.given_after_mou:
        return end + 1
    return end + 1 if _is_given(view, start, end, rules) else end


def _is_given(view: str, start: int, end: int, rules: PeopleRules) -> bool:
    """Whether the character at `end`, which often begins a word, is the given name of the 某 before it."""
    short, long = view[start:end], view[start : end + 1]
    often = occurrences(view, long)
    if often > 1 and often == occurrences(view, short):
        return True  # 王某平低着头: every 王某 is 王某平
    if view[end : end + 2] in rules.begun_after_mou:
        return False  # 李某发现, 孙某成功
    if often == 1 and view[end] in rules.adverbs_after_mou and not NAMED_RE.match(view, end + 1):
        return False  # 扈某正和朋友打牌
    free = may_end(view, end + 1, rules)
    if free and (view[end : end + 2] not in rules.follow_two or often > 1):
        return True
    if often > 1 and any(may_end(view, at + len(long), rules) for at in places(view, long)):
        return True
    # 孙某成挠着头: 成 is no word by itself, and begins none with what follows
    return often == occurrences(view, short) and view[end] in rules.no_word_alone
