"""Persons: where names stand, how long they are, and what the words around them say of their role.

Two families: a surname with 某 or a title (张某, 冯女士), found by the title; and a full name after a
word that introduces persons (民警李冉和盛鹏), whose length is settled by what may follow a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from etl.rules.extract import PeopleRules
from etl.rules.scan import Hits, apart
from etl.stages.extract.mention import ALIAS_RE, Mention, attributes, mention
from etl.stages.extract.names import (
    HERDERS,
    MOU_THING_RE,
    foreign_end,
    given_ok,
    may_end,
    mou_end,
    name_end,
    plausible,
    sounded_end,
    surname_of,
)
from etl.stages.extract.text import Taken, occurrences, places

# Characters before 某 that make no name with it: 在某
NO_SURNAME = (
    "的在是有于因为对被将把该其与和及向从到至由名一某种这那个等以用给了着过让叫称说做去来到年月日时元人员家位者子女男方友司店"
    "主或即后前里外中上下内同并经犯伙当本"
)
# 热某, 玉某: a first syllable outside the list of surnames, as in names of minorities
RARE_SURNAME_RE = re.compile(
    rf"[\u4e00-\u9fff](?<![{NO_SURNAME}])某(?=[某甲乙，、。（和与等将在被对因驾报的称到以于当]|[\u4e00-\u9fff][，、。（])"
)
SURNAME_ONLY_RE = re.compile(
    r"(?:男子|女子|老人|男孩|女孩|该男|该女|女生|男生|老汉|小伙|姑娘|大爷|大娘|司机|车主|[，。]他|[，。]她|该)姓([\u4e00-\u9fff]{1,2}?)(?=[，。、是的\n])"
)
LINK_RE = re.compile(r"[、和与及]|以及|(?:，|、|和)?(?:辅警|民警|协警|副所长|所长|队员)")


def find(view: str, rules: PeopleRules, hits: Hits) -> list[Mention]:
    """All mentions of named persons in a body, in order, none overlapping."""
    taken = Taken(len(view))
    listed: list[Mention] = []
    skipped: set[int] = set()

    def keep(mentions: Iterable[Mention]) -> None:
        for m in mentions:
            if m.start not in skipped and taken.free(m.start, m.end):
                taken.take(m.start, m.end)
                listed.append(m)

    for kind in (
        _introduced(view, rules, hits, skipped),
        _titled(view, rules, hits),
        _nicknames(view, rules),
        _doubled(view),
        _surnames(view),
    ):
        keep(kind)
    keep(list(_by_post(view, rules)))
    keep(list(_of_unit(view, rules)))
    keep(list(_bare(view, rules)))
    listed.sort(key=lambda m: m.start)
    keep(list(_behind_short(view, listed, rules)))
    keep(list(_repeats(view, listed)))
    keep(list(_beside_officers(view, listed, rules)))
    return sorted(listed, key=lambda m: m.start)


# ---------------------------------------------------------------- titles and 某


def _titled(view: str, rules: PeopleRules, hits: Hits) -> Iterator[Mention]:
    """冯女士, 张某, 欧阳某某, 李某甲, 钱阿婆, 王警官."""
    for at, after in hits.get("person:title", ()):
        title = view[at:after]
        found = _mou(view, at, after, rules) if title == "某" else _with_title(view, at, after, title, rules)
        if found:
            yield found


def _mou(view: str, at: int, after: int, rules: PeopleRules) -> Mention | None:
    """The name that holds the 某 at `[at, after)`."""
    surname = _surname_before(view, at, rules)
    if not surname and _rare_surname(view, at, rules):
        surname = view[at - 1]
    start = at - len(surname)
    end = mou_end(view, start, after, rules) if surname else None
    if not end:
        return None
    sex, age = attributes(view, start, end)
    return mention(view, start, end, surname, "mou", rules, sex=sex, age=age)


def _with_title(view: str, at: int, after: int, title: str, rules: PeopleRules) -> Mention | None:
    """The name before the title at `[at, after)`, with it where it is a surname."""
    officer = title in rules.officer_titles
    if officer and _nick_before(view, at, rules):
        return mention(view, at - 2, at, None, "nick", rules, lead=title, role="officer")
    if officer and (full := _full_before(view, at, rules)) is not None:
        return mention(view, full, at, view[full], "full", rules, lead=title, role="officer")
    surname = _surname_before(view, at, rules)
    if not surname and title in {"先生", "女士"} and UNLISTED_RE.match(view, max(0, at - 2)):
        surname = view[at - 1]
    if not surname:
        full = _full_before(view, at, rules)
        if full is None:
            return None
        sex, age = attributes(view, full, after)
        sex = rules.title_sex.get(title) or sex
        return mention(view, full, at, view[full], "full", rules, sex=sex, age=age)
    start = at - len(surname)
    if not _title_stands(view, start, after, surname, title, rules):
        return None
    sex, age = attributes(view, start, after)
    sex = rules.title_sex.get(title) or sex
    form = "officer" if officer else "title"
    return mention(view, start, after, surname, form, rules, sex=sex, age=age)


def _nick_before(view: str, at: int, rules: PeopleRules) -> bool:
    """Whether 小黎 or 老何 ends at `at`: not 小区, 大小王."""
    return (
        at >= 2
        and view[at - 2] in "小老"
        and view[at - 1] in rules.single
        and view[at - 1] not in rules.small
        and view[at - 3 : at - 2] not in {"大", "古", "最", "从"}
    )


# ，甫先生: whatever stands alone before a title at the head of a clause is a surname
UNLISTED_RE = re.compile(
    rf"[，。：；“\n、](?![{NO_SURNAME}老大小那这该位各两几二三此本新前亡])[\u4e00-\u9fff](?:先生|女士)(?!们)"
)


def _rare_surname(view: str, at: int, rules: PeopleRules) -> bool:
    """Whether the character before the 某 at `at` is a surname though not listed: 盘某, 妻子尼某."""
    if RARE_SURNAME_RE.match(view, at - 1):
        return True
    if view[at - 1] in NO_SURNAME or not "\u4e00" <= view[at - 1] <= "\u9fff":
        return False
    introduced = any(view[max(0, at - 1 - n) : at - 1] in rules.role_of for n in (2, 3, 4))
    return introduced and not MOU_THING_RE.match(view, at)


def _surname_before(view: str, at: int, rules: PeopleRules) -> str:
    """The surname that ends at `at`, compounds first; empty if none."""
    if at >= 2 and view[at - 2 : at] in rules.compound:
        return view[at - 2 : at]
    return view[at - 1] if at and view[at - 1] in rules.single else ""


def _full_before(view: str, at: int, rules: PeopleRules) -> int | None:
    """Where a full name of three characters that ends at `at` begins: 去李宝萍大娘家."""
    start = at - 3
    if start < 0 or view[start] not in rules.single or not plausible(view, start + 1, at, rules):
        return None
    before = view[start - 1 : start]
    return start if not before or before in FULL_LEFT or not ("\u4e00" <= before <= "\u9fff") else None


FULL_LEFT = frozenset("去给帮为和与对向由被让叫找送陪看接到是的把将请是岁")


def _title_stands(view: str, start: int, end: int, surname: str, title: str, rules: PeopleRules) -> bool:
    """Whether surname and title are a name here: not 公安先生, 家老人 or 高老师傅 of a longer word."""
    before = view[max(0, start - 1) : start]
    if title in rules.officer_titles and surname in "向和从于由对各该副时" and surname != "时":
        return False
    unbounded = len(title) == 1 and not may_end(view, end, rules)
    if unbounded and occurrences(view, view[start:end]) < 2:
        return False
    if before + surname in {"保安", "冒充"}:  # 保安队长, 冒充老板
        return False
    if title in rules.common_titles and (surname in rules.before_common or before + surname == "公安"):
        return False
    return surname not in rules.never_titled


# ---------------------------------------------------------------- full names


def _introduced(view: str, rules: PeopleRules, hits: Hits, skipped: set[int]) -> Iterator[Mention]:
    """Full names after a word that introduces persons, and those joined to them by 、 or 和."""
    leads = hits.get("person:before", [])
    if "·" not in view:  # most are followed by what begins no name
        begins, officers = rules.begins, rules.officer_leads
        leads = [h for h in leads if view[h[1] : h[1] + 1] in begins or view[h[0] : h[1]] in officers]
    for begin, after in leads:
        lead = view[begin:after]
        role = rules.role_of[lead]
        at = after
        if role == "officer" and view.startswith(" ", at):  # 派出所民警 卓文斌：
            at += 1
        if NO_NAME_RE.match(view, after):
            continue
        for _ in range(8):
            end = name_end(
                view, at, rules, strict=role not in {"officer", "suspect", "victim", "reporter", "skip"}
            )
            first = view[at : at + 1]
            if not end and first in rules.sounds and (role == "officer" or lead in rules.sounded_leads):
                end = sounded_end(view, at, rules, officer=role == "officer")
            if not end and role == "officer" and first not in rules.single and first not in rules.bad_given:
                end = foreign_end(view, at, rules)
            if not end:
                break
            name = view[at:end]
            if (
                (role in LOOSE_ROLES or view[begin - 1 : begin] in TOWARDS)
                and name[:1] in rules.single
                and not _sure(view, at, end, rules)
            ):
                break
            if role == "skip":
                skipped.add(at)
            elif "某" not in name:
                sex, age = attributes(view, at, end)
                yield mention(
                    view,
                    at,
                    end,
                    surname_of(name, rules),
                    "full",
                    rules,
                    sex=sex,
                    age=age,
                    lead=lead,
                    role=role,
                )
            link = LINK_RE.match(view, end)
            if not link:
                break
            word = re.sub(r"^[，、和]", "", link[0])
            if word in rules.role_of:
                role, lead = rules.role_of[word], word
            elif role not in {"officer", "suspect", "victim", "skip", "helper"}:
                break
            at = link.end()


# 民警来得快, 姐姐从晋江赶来, 消防员边哄边说: no name follows
NO_NAME_RE = re.compile(
    r"来(?:得|到|了|不|自|回|电|访)|从(?!容|军|文)|边[\u4e00-\u9fff]{1,3}边|应(?:声|邀|该|急)|解(?:释|开|救|决)|查(?:看|到|明|验|监|找|询|获|阅|了|清|遍|车|酒|房|户|人|岗)|连(?:忙|夜|续|声)|那(?![顺日木仁森])|都|便|步(?:行|入)|求(?:助|救)"
)

# Words that introduce persons but stand before much else too (群众幸福感)
LOOSE_ROLES = frozenset({"neutral", "party", "relative", "helper"})
# 向民警鞠躬: what is done towards somebody is told next
TOWARDS = frozenset("向给对冲朝")


def _sure(view: str, start: int, end: int, rules: PeopleRules) -> bool:
    """Whether a name after a common noun is one: its given name is usual, or it is used again or glossed."""
    name = view[start:end]
    given = name[2:] if name[:2] in rules.compound else name[1:]
    if "·" in name or view.startswith("（", end):
        return True
    if not rules.given.issuperset(given):
        return occurrences(view, name) > 1 or view[max(0, start - 2) : start] in HERDERS
    return (
        len(given) > 1
        or occurrences(view, name) > 1
        or view[end : end + 1] in "，。、（"
        or view[end : end + 2] in rules.follow_two
    )


# ---------------------------------------------------------------- nicknames, repeats


NICK_RE = re.compile(r"[小老阿]([\u4e00-\u9fff])")
NOT_AFTER_A = frozenset("姨婆公妈伯拉里尔富根")  # 阿姨, 阿婆


def _nicknames(view: str, rules: PeopleRules) -> Iterator[Mention]:
    """小雯, 老杨, 阿强 where the text introduces them as persons or uses them so twice."""
    ends: dict[str, bool] = {}  # whether it is a name elsewhere
    for m in NICK_RE.finditer(view):
        at = m.start()
        kind, char = m[0][0], m[1]
        if char in rules.bad_given or (kind == "老" and char not in rules.single):
            continue
        bad = rules.small if kind == "小" else rules.old if kind == "老" else NOT_AFTER_A
        if char in bad and view[at - 1 : at] != "叫" and not PET_RE.match(view, max(0, at - 2)):
            continue
        end = at + 2
        if view.startswith("某", end):
            end += 1
        elif kind == "老" and view[end : end + 1] == "家":
            pass
        elif not may_end(view, end, rules):
            if kind == "老" and m[0] not in ends:
                ends[m[0]] = any(may_end(view, x + 2, rules) for x in places(view, m[0]))
            if ends.get(m[0]):
                yield mention(view, at, end, char, "nick", rules)
                continue
            if not INTRO_RE.search(view, max(0, at - 6), at):
                continue
            long = view[at : end + 1]  # 女孩小雨涵, but 辅警小汪边喊边追
            if (
                kind == "小"
                and view[end : end + 1] in rules.given
                and may_end(view, end + 1, rules)
                and (view[end : end + 1] not in "边向找越" or occurrences(view, long) > 1)
            ):
                end += 1
        name = view[at:end]
        if occurrences(view, name) < 2 and not (
            INTRO_RE.search(view, max(0, at - 8), at)
            or ALIAS_RE.match(view, end)
            or NEIGHBOURLY_RE.match(view, end)
        ):
            continue
        if view[at - 1 : at] in rules.single and _always_behind(view, at, end):
            continue  # 谢阿福, 田小松
        if view[at - 1 : at] in {
            "大",
            "从",
            "较",
            "最",
            "很",
            "太",
            "幼",
            "窄",
            "弱",
            "矮",
            "变",
            "缩",
            "微",
        }:
            continue
        sex, age = attributes(view, at, end)
        surname = char if char in rules.single and kind == "老" else None
        comrade = {"lead": "同志", "role": "officer"} if view.startswith("同志", end) else {}
        yield mention(view, at, end, surname, "nick", rules, sex=sex, age=age, **comrade)


# 8岁的女儿小溪: what else is a brook
PET_RE = re.compile(
    r"(?:儿子|女儿|孙女|孙子|女孩|男孩|女童|男童|女婴|店员|柜员|辅警|民警|同学|名叫|.叫)小[溪雨雪草花禾果米麦桃梅竹石鱼鹿豆苗熊虎龙马牛]"
)
# 老冯家的柿子树, 小祁同志背下来
NEIGHBOURLY_RE = re.compile(r"(?<=老[\u4e00-\u9fff])家(?:的|里|和|与|院|门)|同志")


def _always_behind(view: str, start: int, end: int) -> bool:
    """Whether what stands at `[start, end)` is a given name: never without the character before it."""
    return occurrences(view, view[start:end]) == occurrences(view, view[start - 1 : end])


# 五岁的豆豆, 自己叫“朵朵”: a pet name, but no word for kin
DOUBLED_RE = re.compile(
    r"(?:岁的?|女孩|男孩|女童|男童|孩子|女儿|儿子|孙女|孙子|外孙|宝宝|名叫|叫|小朋友|女婴|男婴)(?:叫)?[“”‘]?(([\u4e00-\u9fff])\2)(?!\2)"
)
NO_PET_NAME = frozenset(
    "摇点摆挥揉擦拍摸看想说走问听笑试等妈爸奶爷哥姐弟妹叔姑舅婆公伯嫂宝娃孩常刚天人慢渐偷悄默紧偏仅刚哭往哇嗷喳呜连个姨"
)


def _doubled(view: str) -> Iterator[Mention]:
    """Children by their pet names: 乐乐, 豆豆."""
    for m in DOUBLED_RE.finditer(view):
        if m[2] not in NO_PET_NAME:
            sex, age = attributes(view, m.start(1), m.end(1))
            yield Mention(m.start(1), m.end(1), m[1], None, "nick", sex, age)


INTRO_RE = re.compile(
    r"(?:经理|主管|站务员|乘务员|安检员|护边员|考生|业主|女孩|男孩|孩子|学生|同学|女生|男生|男童|女童|少年|少女|小伙|姑娘|儿子|女儿|民警|辅警|警员|女子|男子|市民|居民|村民|名叫|叫|司机|女友|男友|朋友|邻居|员工|同事|青年|孙女|孙子|弟弟|妹妹|网友|辅警队员|哥哥|姐姐|儿童|初中生|高中生|小学生|大学生|顾客|店主|老板|报警人|失主|户籍警|协警|失足青年|工友|快递员|外卖员|保安|护工|同伴|牧民|游客|乘客|旅客|岁|店员|徒弟|好友|租客|房客|新生|实习生|徒弟|钓友|骑手|柜员|外卖骑手|边民|村医|战士|消防员|户主|房主|租户|摊主|车主|机主|网格员|护士|大学生|协警|交警|特警|刚下夜班的|队员|(?:家住|住在)[^，。]{1,5}|雇主|工人|老板娘|货主)(?:的)?$"
)


def _behind_short(view: str, listed: Sequence[Mention], rules: PeopleRules) -> Iterator[Mention]:
    """The full name behind 时警官 or 小吴 where the text gives it without a word that introduces persons."""
    known = {m.surname for m in listed if m.form == "full"}
    done: set[str] = set()
    for m in listed:
        surname = m.surname or (m.name[1:2] if m.form == "nick" and m.name[1:2] in rules.single else None)
        if m.form not in {"officer", "nick"} or not surname or surname in known or surname in done:
            continue
        done.add(surname)
        for start in places(view, surname):
            end = start + len(surname) + 2
            name = view[start:end]
            if end > len(view) or not may_end(view, end, rules) or name[:2] in rules.not_names:
                continue
            usual = plausible(view, start + 1, end, rules)
            if usual or (given_ok(view, start + 1, end, rules) and occurrences(view, name) > 1):
                officer = m.form == "officer" or m.lead_role == "officer"
                yield Mention(
                    start,
                    end,
                    name,
                    surname,
                    "full",
                    m.sex,
                    m.age,
                    lead_role="officer" if officer else "",
                )
                break


# 。丁海波一边安抚: a clause begins with the name
CLAUSE_START = frozenset("。，、：；“”‘’\n！？的是")
# 被雷鸣当场回绝: and behind what is done to somebody
NAMED_AFTER = CLAUSE_START | set("被把对给向让请跟与和由问")
POLICE_BEFORE_RE = re.compile(r"(?:警|所长|队员|指导员|教导员)[^。！？]{0,14}$")


# 老吴大名吴启明，今年56岁，孝德派出所社区民警。: who somebody is follows the name
POST_END_RE = re.compile(r"(?:民警|所长|教导员|指导员|警长|辅警|大队长|中队长)(?=[，。])")
POST_RE = re.compile(
    r"，(?:[^，。“”]{2,8}岁，)?(?![^，。]{0,24}(?:感谢|求助|找|冒充|自称|谎称|殴打|辱骂|报警|联系|向|对|给|被|将))[^，。“”]{0,24}(?:派出所|公安局|分局|大队|支队|警务室|警务站)[^，。“”]{0,8}"
    rf"{POST_END_RE.pattern}"
)
POST_REACH = 48  # from the comma to the post
NAMED_BEFORE_RE = re.compile(r"(?:大名|本名|全名|真名|名叫|叫)$")


def _by_post(view: str, rules: PeopleRules) -> Iterator[Mention]:
    """Officers whose unit and post stand after the name, at the head of a clause."""
    for m in _posts(view):
        for start in (m.start() - 3, m.start() - 2):
            if (
                start < 0
                or view[start] not in rules.single
                or not given_ok(view, start + 1, m.start(), rules)
            ):
                continue
            if view[start - 1 : start] in CLAUSE_START or NAMED_BEFORE_RE.search(
                view, max(0, start - 2), start
            ):
                yield Mention(
                    start, m.start(), view[start : m.start()], view[start], "full", lead_role="officer"
                )
                break


def _posts(view: str) -> Iterator[re.Match[str]]:
    """What POST_RE finds, sought by the posts at its end: it could begin with any comma."""
    for post in POST_END_RE.finditer(view):
        comma = view.rfind("，", max(0, post.start() - POST_REACH), post.start())
        if comma < 0:
            continue
        for at in (view.rfind("，", max(0, comma - POST_REACH), comma), comma):
            m = POST_RE.match(view, at) if at >= 0 else None
            if m and m.end() == post.end():
                yield m
                break


# 龙津派出所闵捷、上官云、小裘调取监控: names right behind the unit
UNIT_END_RE = re.compile(
    r"(?:派出所|刑侦大队|治安大队|交警大队|特警大队|警务站|警务室)(?=[\u4e00-\u9fff]{2,4}、)"
)
VISITING_RE = re.compile(r"[在到来向给从进往至][\u4e00-\u9fff]{0,8}$")


def _of_unit(view: str, rules: PeopleRules) -> Iterator[Mention]:
    """Officers listed right behind the name of their unit."""
    for m in UNIT_END_RE.finditer(view):
        if VISITING_RE.search(view, max(0, m.start() - 9), m.start()):
            continue
        at = m.end()
        for _ in range(6):
            end = name_end(view, at, rules, strict=True)
            nick = None if end else NICK_RE.match(view, at)
            if nick and nick[1] in rules.single:
                end = nick.end()
            if not end:
                break
            surname, form = (None, "nick") if nick else (surname_of(view[at:end], rules), "full")
            yield Mention(at, end, view[at:end], surname, form, lead_role="officer")
            link = LINK_RE.match(view, end)
            if not link:
                break
            at = link.end()


def _bare(view: str, rules: PeopleRules) -> Iterator[Mention]:
    """Full names that no word introduces but that the text begins clauses with again and again."""
    seen: dict[str, list[int]] = {}
    for m in rules.bare.finditer(view):
        if view[m.start() - 1 : m.start()] in NAMED_AFTER or m.start() == 0:
            seen.setdefault(m[0], []).append(m.start())
    for name, starts in seen.items():
        if len(starts) < 2 or name[:2] in rules.not_names or name[1:] in rules.follow_two:
            continue
        if not all(may_end(view, s + 3, rules) or view.startswith("家", s + 3) for s in starts):
            continue
        first = view.find(name)
        officer = bool(POLICE_BEFORE_RE.search(view, max(0, first - 16), first))
        for s in starts:
            yield Mention(s, s + 3, name, name[0], "full", lead_role="officer" if officer else "")


def _surnames(view: str) -> Iterator[Mention]:
    """男子姓司徒: only a surname is given."""
    for at in places(view, "姓"):
        m = SURNAME_ONLY_RE.match(view, max(0, at - 2)) or SURNAME_ONLY_RE.match(view, max(0, at - 1))
        if not m or m.start(1) != at + 1:
            continue
        sex = (
            "M"
            if m[0][0] in "男小大" and "女" not in m[0][:2]
            else "F"
            if "女" in m[0][:2] or "她" in m[0]
            else None
        )
        yield Mention(m.start(1), m.end(1), m[1], m[1], "surname", sex)


def _repeats(view: str, found: Sequence[Mention]) -> Iterator[Mention]:
    """Later occurrences of full names that were introduced once."""
    named = {m.name: m for m in reversed(found) if m.form in {"full", "dot"}}
    if not named:
        return
    spans = [(at, at + len(name)) for name in list(named)[:MAX_NAMES] for at in places(view, name)]
    for start, end in apart(spans):
        first = named[view[start:end]]
        role = "officer" if first.lead_role == "officer" else ""
        yield Mention(start, end, first.name, first.surname, "full", first.sex, lead_role=role)


def _beside_officers(view: str, listed: Sequence[Mention], rules: PeopleRules) -> Iterator[Mention]:
    """Full names joined to an officer's at the head of a clause: 郄文、逄志刚赶来勘查, of whom one is known."""
    others = {m.name for m in listed if m.lead_role not in {"", "officer"}}
    officers = {m.name for m in listed if m.lead_role == "officer" and m.form == "full"} - others
    for m in listed:
        if m.name not in officers:
            continue
        if view.startswith(("、", "和"), m.end):
            end = name_end(view, m.end + 1, rules, strict=True)
            if end and ON_DUTY_RE.match(view, end):
                yield _officer(view, m.end + 1, end, rules)
        for size in (3, 2):
            start = m.start - 1 - size
            if start < 0 or view[m.start - 1] not in "、和" or view[start - 1 : start] not in CLAUSE_START:
                continue
            if not ON_DUTY_RE.match(view, m.end):
                continue
            if view[start] in rules.single and given_ok(view, start + 1, m.start - 1, rules):
                yield _officer(view, start, m.start - 1, rules)
                break


# what officers do together
ON_DUTY_RE = re.compile(
    r"(?:随即|立即|迅速|先后|连夜|驾车|一起)?(?:赶|调取|调看|出警|巡逻|驾驶|勘查|走访|来到|守在|蹲守|循|从|在|将|把|上前|冲|带)"
)


def _officer(view: str, start: int, end: int, rules: PeopleRules) -> Mention:
    name = view[start:end]
    return Mention(start, end, name, surname_of(name, rules), "full", lead_role="officer")


MAX_NAMES = 200  # a body that names more people is a list of names
