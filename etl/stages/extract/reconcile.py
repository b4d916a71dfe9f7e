"""What the persons of one incident are to each other: roles that only the whole shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from etl.model import Person, Span
from etl.stages.extract.mention import Mention


@dataclass(slots=True)
class Part:
    """A person with its mentions in the incident; `told` the roles that words around them speak for.

    `fetches`: kin who were called and came.
    """

    person: Person
    mentions: Sequence[Mention]
    told: frozenset[str]
    fetches: bool


OFFENCES = ("theft", "fraud", "assault", "violent_crime")
CAUGHT_RE = re.compile(r"抓获|落网|归案|刑拘|拘留|逮捕|到案|查到|逮|拿下|传唤|处罚|处理")
CHILD_RE = re.compile(r"(?:儿子|女儿|孙子|孙女|外孙|外孙女|侄子|侄女|弟弟|妹妹|孩子)$")
KIN_RE = re.compile(
    r"(?:其|他|她|自己|岁的?|我|称|说)(?:的)?(?:丈夫|妻子|老伴|母亲|父亲|婆婆|公公|爷爷|奶奶|外公|外婆|爱人|姐姐|哥哥)$"
)


def reconciled(view: str, found: Sequence[Part], span: Span, kind: str) -> list[Person]:
    """Persons of one incident whose roles fit each other, as a whole gives what no single one shows."""
    people = [x.person for x in found]
    if kind.startswith("fraud"):
        return _defrauded(view, _with(found, _offence(view, found, span)))
    if kind.startswith(OFFENCES):
        people = _offence(view, found, span)
        return _bystanders(found, people) if kind.startswith(("assault", "violent_crime")) else people
    if kind in {"missing_person", "runaway_juvenile"}:
        people = _search(view, found)
        return _grown(people) if kind == "runaway_juvenile" else people
    if kind == "lost_property":
        return _finder(found)
    if kind in {"person_assistance", "rescue", "fire", "public_safety_accident"}:
        people = _helped(view, _with(found, _kin_in_danger(view, found, kind)), kind)
        if kind in {"fire", "public_safety_accident"}:
            people = [_hurt(view, x) for x in _with(found, people)]
        return people
    if kind == "suicide_intervention":
        return _kin_in_danger(view, found, kind)
    if kind == "traffic_accident":
        return [_hurt(view, x) for x in found]
    return people


def _with(found: Sequence[Part], people: Sequence[Person]) -> list[Part]:
    """`found` with the roles of `people`, which stand in the same order."""
    return [Part(p, x.mentions, x.told, x.fetches) for x, p in zip(found, people, strict=True)]


# 邻居孙某也先后掏了钱; 甘某看中一台挖掘机，付了4万元; 温某也上过同样的当
PAYS = (
    r"(?<!罚)(?:掏了?|交了?|转了?|汇了?|投了?|付了?|给了|搭进去|亏了?|赔进去|投入|转去|汇去|交去|凑了|付清了?|缴纳了?|支付了?|(?:一口气)?(?:买|订|购)了)"
    r"(?:他|她|其)?[^，。]{0,6}(?:钱|款|元|万|定金|押金|费)"
)
PAID_RE = re.compile(
    rf"[^。；，]{{0,20}}?(?:{PAYS}|被[^，。；]{{0,16}}(?:要走|拿走|骗走|卷走|借走|收走|骗去)|上(?:了|过)?[^，。；]{{0,6}}当|被拉黑)"
    rf"|[^。；，]{{0,24}}，(?:先后|陆续|分[两三四几\d]次|一次性)?{PAYS}"
)
# 银行网点大堂经理林小姐: those at whose counter somebody is about to be defrauded
STAFF_RE = re.compile(
    r"(?:银行|信用社|农商行|邮储|邮政|网点|支行|营业厅|营业部|柜台|柜员|大堂|客户经理|手机店|便利店|金店|超市|彩票店|打印店|快递|驿站|网约车|出租车|的哥)[^，。；]{0,10}$"
)
STAFF_TITLES = ("经理", "店长", "行长", "主任", "柜员")


def _defrauded(view: str, found: Sequence[Part]) -> list[Person]:
    """Who paid with others is harmed like them; who works where it was stopped called or helped."""
    people = [x.person for x in found]
    for i, (p, x) in enumerate(zip(people, found, strict=True)):
        others = [o.role for n, o in enumerate(people) if n != i]
        if p.role in {"suspect", "relative", "party"} and "suspect" in others and _paid(view, x):
            people[i] = p._replace(role="victim", also=())
        elif p.role in {"victim", "reporter"} and "victim" in others and _at_the_counter(view, x):
            people[i] = p._replace(role="reporter", also=("helper",))
    return people


def _paid(view: str, x: Part) -> bool:
    """Whether somebody not called a culprit is said to have paid."""
    if any(m.lead_role == "suspect" for m in x.mentions):
        return False
    return any(PAID_RE.match(view, m.end, m.end + 40) for m in x.mentions)


def _at_the_counter(view: str, x: Part) -> bool:
    titled = x.mentions[0].name.endswith(STAFF_TITLES)
    return titled or any(STAFF_RE.search(view, max(0, m.start - 16), m.start) for m in x.mentions[:1])


# 额头流血不止, 被方向盘卡住; not 没有受伤
INJURED_RE = re.compile(
    r"[^。；、]{0,14}?(?:流血|流着血|骨折|擦伤|划伤|(?<!未)(?<!没)(?<!没有)(?<!无人)受伤|轻伤|重伤|轻微伤|昏迷|被卡|卡住|被困|身亡|死亡|外伤|不治|头破血流|流血的|倒在|昏在|晕倒|昏倒|窒息|不省人事)"
)


def _hurt(view: str, x: Part) -> Person:
    """One in an accident who is said to be injured is harmed, whatever else they are: 他的妻子陈某额头流血不止."""
    p = x.person
    if p.role not in {"relative", "party", "helper"}:
        return p
    if not any(INJURED_RE.match(view, m.end, m.end + 24) for m in x.mentions):
        return p
    return p._replace(role="victim", also=(*(r for r in ("party",) if p.role == r), *p.also))


ELDERS = frozenset(
    {"爷爷", "奶奶", "外公", "外婆", "父亲", "母亲", "妈妈", "爸爸", "姥姥", "姥爷", "家长", "家属"}
)
# 称3岁的儿子: who calls for a child without a name
CALLS_FOR_CHILD_RE = re.compile(
    r"[^。]{0,20}(?:称|说|：|求助|报警)[^。]{0,12}(?:\d{1,2}|[一二三四五六七八九十半])(?:多|个多)?(?:个月|岁)[^，。]{0,4}(?:孙女|孙子|外孙|儿子|女儿|孩子|宝宝|娃)"
)
# 汪女士两天没打通独居哥哥汪某的电话
KIN_OF_RE = re.compile(
    r"[^。]{0,40}(?:哥哥|姐姐|弟弟|妹妹|父亲|母亲|爸爸|妈妈|丈夫|妻子|老伴|老公|老婆|爷爷|奶奶|外公|外婆)"
)
ASKS_FOR_CHILD_RE = re.compile(
    r"[^。]{0,24}(?:\d{1,2}|[一二三四五六七八九十半])?(?:个月|岁|个多月)?(?:多|大)?的?(?:孙女|孙子|外孙|儿子|女儿|孩子|宝宝|小孩|娃)"
)


def _calls_for_kin(view: str, x: Part) -> bool:
    """Whether somebody who called, and is no helper, speaks of kin."""
    roles = {x.person.role, *x.person.also}
    if "reporter" not in roles or "helper" in roles:
        return False
    return bool(KIN_OF_RE.match(view, x.mentions[0].end, x.mentions[0].end + 60))


def _kin_in_danger(view: str, found: Sequence[Part], kind: str) -> list[Person]:
    """A child named as somebody's kin is who is in need; the kin who called or stood by is a relative."""
    people = [x.person for x in found]
    need = "party" if kind in {"person_assistance", "suicide_intervention"} else "victim"
    children = [
        i
        for i, x in enumerate(found)
        if x.mentions[0].form != "title"
        and (
            CHILD_RE.search(view[max(0, x.mentions[0].start - 8) : x.mentions[0].start])
            or (x.mentions[0].form == "nick" and x.mentions[0].name[0] == x.mentions[0].name[-1])  # 妞妞
        )
        and not x.fetches
        and "reporter" not in x.person.also
        and x.person.role in {"relative", "victim", "party"}
    ]
    if not children and not any(p.role == need and "reporter" not in p.also for p in people):
        children = [
            i
            for i, x in enumerate(found)
            if _kin_sought(people[i], x) and any(_calls_for_kin(view, o) for o in found)
        ][:1]
    for i in children:
        people[i] = people[i]._replace(role=need, also=())
    for i, x in enumerate(found):
        p = people[i]
        if i in children or p.role not in {"victim", "reporter", "party"}:
            continue
        elder = any(m.lead in ELDERS for m in x.mentions) and any(
            o.role == need for n, o in enumerate(people) if n != i
        )
        asks = ASKS_FOR_CHILD_RE if children else CALLS_FOR_CHILD_RE
        caller = bool(children) and _calls_for_kin(view, x)
        if elder or caller or any(asks.match(view, m.end, m.end + 50) for m in x.mentions):
            people[i] = p._replace(role="relative", also=tuple(r for r in p.also if r == "reporter"))
    return people


def _offence(view: str, found: Sequence[Part], span: Span) -> list[Person]:
    """A titled person is harmed; where nobody else is the culprit, the one with 某 beside the harmed is."""
    people = [
        p._replace(role="victim", also=tuple(r for r in p.also if r != "victim"))
        if p.role == "suspect" and m[0].form == "title" and not any(x.lead_role == "suspect" for x in m)
        else p
        for p, m in ((x.person, x.mentions) for x in found)
    ]
    caught = bool(CAUGHT_RE.search(view, *span))
    accused = [p for p in people if p.role == "suspect"]
    if len(accused) > 1:  # 苍某报警 ... 毋某被抓: who called the police is not the other one caught
        return [
            p._replace(role="victim") if p.role == "suspect" and "reporter" in p.also else p for p in people
        ]
    if accused:
        return people
    hurt = [i for i, p in enumerate(people) if p.role == "victim"]
    some = [i for i in hurt if found[i].mentions[0].form == "mou" and "reporter" not in people[i].also]
    if caught and some and len(hurt) > len(some):
        for i in some:
            people[i] = people[i]._replace(role="suspect", also=())
    return people


def _bystanders(found: Sequence[Part], people: Sequence[Person]) -> list[Person]:
    """Where somebody is said to be hurt, who only called the police is not: 同车的倪女士拨打了110."""
    hurt = any(p.role == "victim" and "victim" in x.told for p, x in zip(people, found, strict=True))
    return [
        p._replace(role="reporter", also=()) if hurt and p.role == "victim" and x.told == {"reporter"} else p
        for p, x in zip(people, found, strict=True)
    ]


def _search(view: str, found: Sequence[Part]) -> list[Person]:
    """Who is looked for and who looks: a child or the reporter's kin is lost, who reports is a relative."""
    people = []
    for p, mentions, fetches in ((x.person, x.mentions, x.fetches) for x in found):
        if fetches and p.role in {"lost_person", "relative"}:
            p = p._replace(role="relative", also=tuple(r for r in p.also if r != "relative"))
        elif p.role in {"lost_person", "relative"}:
            before = [view[max(0, m.start - 8) : m.start] for m in mentions]
            kin = any(CHILD_RE.search(b) or KIN_RE.search(b) for b in before[:1])
            grown = _sought(found, p) and (
                (p.name or "").endswith(("先生", "女士"))
                or any(SEEKS_RE.match(view, m.end, m.end + 40) for m in mentions)
            )
            if kin and not grown and "reporter" not in p.also:
                p = p._replace(role="lost_person", also=tuple(r for r in p.also if r != "lost_person"))
        people.append(p)
    if not any(p.role == "lost_person" and "reporter" not in p.also for p in people):
        i = next((i for i, x in enumerate(found) if _kin_sought(people[i], x)), None)
        if i is not None and any("reporter" in (p.role, *p.also) for p in people):
            people[i] = people[i]._replace(role="lost_person", also=())
    lost = [p for p in people if p.role == "lost_person"]
    if len(lost) > 1:
        people = [
            p._replace(role="relative", also=tuple(r for r in p.also if r not in {"relative", "victim"}))
            if p.role == "lost_person" and "reporter" in p.also
            else p
            for p in people
        ]
    return people


GROWN = ("女士", "先生", "大爷", "大娘", "大妈", "大叔", "师傅", "阿姨", "奶奶", "爷爷")


def _grown(people: Sequence[Person]) -> list[Person]:
    """Who bears the title of a grown-up has not run away as a child: 豆豆的母亲裴女士."""
    return [
        p._replace(role="relative", also=tuple(r for r in p.also if r != "relative"))
        if p.role == "lost_person" and (p.name or "").endswith(GROWN)
        else p
        for p in people
    ]


# 孙子詹某找了两个钟头，这才想起报警
SEEKS_RE = re.compile(
    r"[^。]{0,24}(?:报警|报了警|求助|找了|四处找|到处找|寻找|赶到派出所|接回|接走|道谢|感谢)"
)


def _kin_sought(p: Person, x: Part) -> bool:
    """Whether somebody named as kin neither called nor came: 母亲雪某珍坐错了车."""
    kin = x.mentions[0].lead_role == "relative"
    return p.role == "relative" and kin and not x.fetches and not x.told & {"reporter", "helper"}


def _sought(found: Sequence[Part], person: Person) -> bool:
    """Whether somebody else is the one looked for."""
    return any(x.person.role == "lost_person" for x in found if x.person is not person)


# 司机李师傅开着面包车，发动机舱起火: whose own vehicle burns is no helper
OWN_FIRE_RE = re.compile(r"[^。]{0,14}(?:开|驾)[^。]{0,30}(?:起火|着火|冒烟|冒出|自燃|火苗)")


def _helped(view: str, found: Sequence[Part], kind: str) -> list[Person]:
    """Where nobody else was helped, the one whose trade alone made a helper is: 货车司机巫师傅被困垭口."""
    people = [x.person for x in found]
    if any(p.role not in {"officer", "helper"} for p in people):
        return people
    named = [i for i, x in enumerate(found) if x.person.role == "helper" and "helper" not in x.told]
    if kind == "fire":
        burnt = [any(OWN_FIRE_RE.match(view, m.end, m.end + 60) for m in x.mentions) for x in found]
        named = named or [i for i, own in enumerate(burnt) if own]
    role = "party" if kind == "person_assistance" else "victim"
    return [p._replace(role=role) if [i] == named else p for i, p in enumerate(people)]


# 店主仲师傅赶回来开了门
KEEPERS = frozenset({"店主", "老板", "店员", "司机", "驾驶员", "摊主", "老板娘", "店老板", "经理"})


def _finder(found: Sequence[Part]) -> list[Person]:
    """Of several owners of one lost thing, those of whom no word says so are who found or kept it."""
    owners = [x for x in found if x.person.role == "victim"]
    trade = [x for x in owners if x.mentions[0].lead in KEEPERS]
    return [
        x.person._replace(role="helper", also=())
        if x.person.role == "victim" and x is not owners[0] and (not x.told or x in trade)
        else x.person
        for x in found
    ]
