"""From mentions to the persons of one incident: aliases joined, roles settled."""

from __future__ import annotations

import re
from collections.abc import Sequence

from etl.model import Person, Span
from etl.rules.extract import PeopleRules
from etl.stages.extract.mention import Mention
from etl.stages.extract.reconcile import OFFENCES, Part, reconciled

ORDER = ("lost_person", "victim", "suspect", "party", "reporter", "relative", "helper")
LEFT, RIGHT = 30, 34
CLAUSE_ENDS = "。！？；\n"
CLAUSE_END_RE = re.compile(f"[{CLAUSE_ENDS}]")
SUSPECT_KINDS = (
    "gambling",
    "drugs",
    "prostitution",
    "vice_advertising",
    "contraband",
    "crime_other",
    "traffic_violation",
    "theft",
    "assault",
    "fraud",
    "violent_crime",
    "public_order",
)
# Offences that harm nobody in particular: a titled person (阿姨, 先生) is no offender there, nor harmed.
HARMLESS_KINDS = ("gambling", "drugs", "prostitution", "vice_advertising", "traffic_violation", "contraband")
PARTY_KINDS = (
    "dispute_mediation",
    "noise",
    "person_assistance",
    "household_registration_service",
    "suicide_intervention",
    "other",
    "traffic_accident",
    "contraband",
)
# Kinds in which a role can't occur, and what stands for it there.
INSTEAD = {
    ("dispute_mediation", "suspect"): "party",
    ("dispute_mediation", "victim"): "party",
    ("dispute_mediation", "relative"): "party",
    ("noise", "relative"): "party",
    ("fire", "party"): "victim",
    ("public_safety_accident", "party"): "victim",
    ("traffic_accident", "helper"): "party",
    ("traffic_accident", "lost_person"): "victim",
    ("traffic_violation", "helper"): "suspect",
    ("crime_other", "party"): "suspect",
    ("public_order", "party"): "suspect",
    ("contraband", "party"): "suspect",
    ("contraband", "victim"): "suspect",
    ("public_safety_accident", "lost_person"): "victim",
    ("fire", "lost_person"): "victim",
    ("suicide_intervention", "victim"): "party",
    ("suicide_intervention", "lost_person"): "party",
    ("household_registration_service", "victim"): "party",
    ("household_registration_service", "lost_person"): "party",
    ("dispute_mediation", "lost_person"): "party",
    ("person_assistance", "victim"): "party",
    ("person_assistance", "lost_person"): "party",
    ("traffic_violation", "victim"): "suspect",
    ("drugs", "victim"): "suspect",
    ("gambling", "victim"): "suspect",
    ("rescue", "party"): "victim",
    ("rescue", "lost_person"): "victim",
    ("missing_person", "victim"): "lost_person",
    ("runaway_juvenile", "victim"): "lost_person",
    ("missing_person", "suspect"): "lost_person",
    ("missing_person", "party"): "lost_person",
    ("runaway_juvenile", "party"): "lost_person",
    ("lost_property", "lost_person"): "victim",
    ("lost_property", "party"): "victim",
    ("theft", "lost_person"): "victim",
    ("theft", "party"): "victim",
    ("fraud", "lost_person"): "victim",
    ("fraud", "party"): "victim",
    ("assault", "lost_person"): "victim",
    ("fraud", "relative"): "relative",
    ("crime_other", "lost_person"): "suspect",
    ("traffic_violation", "party"): "suspect",
    ("prostitution", "victim"): "suspect",
    ("suicide_intervention", "suspect"): "helper",
    ("rescue", "suspect"): "helper",
    ("person_assistance", "suspect"): "party",
    ("other", "suspect"): "party",
}


def persons(
    view: str, groups: Sequence[Sequence[Mention]], span: Span, kind: str, rules: PeopleRules
) -> tuple[Person, ...]:
    """The persons of the incident told in `view[span]`, each once, in the order in which they are named.

    `groups` are the mentions of the whole body by person: names and ranks hold everywhere, roles
    only within the incident.
    """
    found = []
    for group in groups:
        inside = [m for m in group if span[0] <= m.start < span[1]]
        votes, told = heard(view, inside, rules)
        person = _person(view, group, inside, votes, kind) if inside else None
        if person:
            found.append(Part(person, inside, frozenset(told - HINTS), "fetcher" in votes))
    return tuple(reconciled(view, found, span, kind))


def grouped(view: str, mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Mentions of the same person together: same name, or a title form of a full name (老杨, 杨警官 of 杨茂)."""
    groups: dict[str, list[Mention]] = {}
    for m in mentions:
        if m.form == "full" or m.form == "dot":
            groups.setdefault(m.name, []).append(m)
    by_surname: dict[str, list[str]] = {}
    for name, group in groups.items():
        if group[0].surname:
            by_surname.setdefault(group[0].surname, []).append(name)
    for m in mentions:
        if m.form in {"full", "dot"}:
            continue
        owners = (
            by_surname.get(m.surname or m.name[-1:], []) if m.form in {"nick", "title", "officer"} else []
        )
        owner = next((o for o in owners if _same_person(view, m, groups[o])), None)
        if owner is None and m.form == "surname":
            owner = next((n for n in groups if n.startswith(m.name)), None)
        groups.setdefault(owner or m.name, []).append(m)
    _old_and_formal(groups)
    for name in [n for n, g in groups.items() if g[0].form == "surname"]:
        longer = next((n for n in groups if n != name and n.startswith(name)), None)
        if longer:
            groups[longer] += groups.pop(name)
    return sorted(groups.values(), key=lambda g: min(m.start for m in g))


# 姚哥: how 老姚 is spoken to
SPOKEN = ("哥", "姐", "叔", "婶", "嫂", "伯", "姨")


def _old_and_formal(groups: dict[str, list[Mention]]) -> None:
    """Put 老闫 to the only 闫某, and 姚哥 to 老姚: the same person formally and as neighbours say."""
    for old in [n for n, g in groups.items() if g[0].form == "nick" and n[0] == "老" and g[0].surname]:
        surname = groups[old][0].surname
        same = [n for n, g in groups.items() if n != old and g[0].surname == surname]
        formal = [n for n in same if groups[n][0].form == "mou"]
        spoken = [n for n in same if n[len(surname or "") :] in SPOKEN]
        for n in spoken:
            groups[old] += groups.pop(n)
        if len(formal) == 1:
            groups[formal[0]] += groups.pop(old)


# 老人叫聂德友……儿子聂师傅接过父亲: kin bear the same surname
KIN_BEFORE_RE = re.compile(
    r"(?:儿子|女儿|孙子|孙女|外孙|丈夫|妻子|父亲|母亲|爸爸|妈妈|爷爷|奶奶|弟弟|妹妹|哥哥|姐姐|侄子|侄女|叔叔|姑姑|老伴|家属|亲属)$"
)


def _same_person(view: str, m: Mention, full: Sequence[Mention]) -> bool:
    """Whether a short form means the person of `full`: officers by any, others by a title of the same sex."""
    officer = any(f.lead_role == "officer" for f in full)
    if m.form == "officer":  # 小庄警官, of whom one learns later that he is called 庄泽楷
        return officer or any(f.lead in {"叫", "名叫", "叫做"} for f in full)
    if m.form == "nick":
        return True
    kin = KIN_BEFORE_RE.search(view, max(0, m.start - 4), m.start)
    if kin and not any(f.lead == kin[0] for f in full):
        return False
    return not officer and not (m.sex and any(f.sex and f.sex != m.sex for f in full))


def _person(
    view: str, everywhere: Sequence[Mention], group: Sequence[Mention], votes: dict[str, int], kind: str
) -> Person | None:
    """One person from all mentions of it; None for somebody who plays no part."""
    best = next((m for m in everywhere if m.form in {"full", "dot"}), group[0])
    roles = dict(votes)
    if _in_the_force(view, everywhere):
        roles["officer"] = 5
    if _speaks_only(view, everywhere) or (kind.startswith("fraud") and _impostor(view, everywhere)):
        return None
    if not roles and any(m.lead_role == "skip" for m in group):
        return None  # 副县长兰某到场指挥
    if "onlooker" in roles and not _takes_part(roles, group, kind):
        return None
    named_alone = best.form == "full" and not any(m.lead_role for m in group)
    if not roles and named_alone and (len(group) < 2 or not kind.startswith("dispute")):
        return None
    settled = _settle(roles, best, kind)
    if settled is None:
        return None
    role, also = settled
    sex, age, alias = None, None, False
    for m in everywhere:  # thrice as fast as three generators
        sex = sex or m.sex
        age = m.age if age is None else age
        alias = alias or m.alias
    return Person(
        role,
        best.name,
        also,
        None if best.form == "nick" and best.surname is None else best.surname,
        sex or _pronoun_sex(view, group),
        age,
        alias or best.form not in {"full", "dot"},
        (group[0].start, group[0].end),
    )


def _in_the_force(view: str, everywhere: Sequence[Mention]) -> bool:
    """Whether a person is called an officer, or goes out with officers."""
    if any(map(_called_officer, everywhere)):
        return True
    return any(BESIDE_RE.match(view, m.end) for m in everywhere if m.form in {"full", "nick"})


def _called_officer(m: Mention) -> bool:
    if m.lead_role == "officer":
        return not m.name.endswith(CIVIL) or m.form == "officer"  # 夜班班长刘师傅
    return m.form == "officer"


# 自称“海口市公安局张警官”的人
PRETENDS_RE = re.compile(r"(?:自称|冒充|假冒|谎称|号称|所谓|伪装|假扮|扮作|化身)[^，。；]{0,16}$")
QUOTED_RE = re.compile(r"“[^”，。]{0,14}$")


def _impostor(view: str, everywhere: Sequence[Mention]) -> bool:
    """Whether a fraudster only bears the title of an officer: in quotation marks, or by their own account."""
    if any(m.form != "officer" or m.lead_role == "officer" for m in everywhere):
        return False
    before = [(view[max(0, m.start - 20) : m.start], m) for m in everywhere]
    return any(
        PRETENDS_RE.search(text) or (view[m.end : m.end + 1] == "”" and QUOTED_RE.search(text))
        for text, m in before
    )


# What words say beside roles: `finder` and `seen` are told apart in `_settle`, `fetcher` in `reconcile`.
HINTS = frozenset({"onlooker", "finder", "seen", "fetcher", "proxy"})
# Kinds in which neighbours are the ones who quarrel.
NEIGHBOURS = ("dispute_mediation.neighbour", "noise")


def _takes_part(votes: dict[str, int], group: Sequence[Mention], kind: str) -> bool:
    """Whether somebody quoted or looking on also has a part, by more than the word 邻居 or 居民 before the name."""
    introduced = {m.lead_role for m in group}
    return kind.startswith(NEIGHBOURS) or bool(votes.keys() - HINTS - introduced)


# 曹立新和户籍民警霍敏, 他带着辅警: who goes out with officers is one
BESIDE_RE = re.compile(r"(?:和|与|、|带着|叫上|带领)(?:户籍|社区|值班|所里的)?(?:民警|辅警|同事|队员|战友)")
LEADERS = frozenset(
    {"所长", "副所长", "队长", "副队长", "大队长", "副大队长", "中队长", "教导员", "指导员", "政委", "站长"}
)
PRESS_RE = re.compile(r"(?:介绍|表示|告诉记者|对记者说|向记者|通报|坦言|总结)")


def _speaks_only(view: str, everywhere: Sequence[Mention]) -> bool:
    """Whether a leader or witness is named once, only to be quoted: spokesmen are no persons of the case."""
    if len(everywhere) != 1:
        return False
    m = everywhere[0]
    after = view[m.end : m.end + 8]
    leader = m.lead in LEADERS or m.form == "officer"
    return (leader or m.lead == "目击者") and bool(PRESS_RE.match(after))


def heard(view: str, group: Sequence[Mention], rules: PeopleRules) -> tuple[dict[str, int], set[str]]:
    """How often words speak for each role, and the roles for which others do than what stands before the name."""
    votes: dict[str, int] = {}
    told: set[str] = set()
    for m in group:
        if _called_officer(m):
            votes["officer"] = votes.get("officer", 0) + 5
            continue
        context = _context(view, m)
        said = rules.roles.tags(context)
        if "seen" in said:  # 成先生发现项某翻过栏杆，立即报警: the one seen did not call
            said -= {"reporter", "helper", "finder"}
        if "acting" in said:
            said.discard("acting")
            if (
                m.form != "title" and not OBJECT_RE.search(context) and not HARMED_RE.search(context)
            ):  # police do not write 先生 of offenders
                said.add("suspect")
        if ("替" in context or "帮" in context) and PROXY_RE.search(context):
            said = {"reporter", "proxy"}
        if m.lead_role == "relative" and "lost_person" not in said and EMBRACES_RE.search(context):
            said = (said - {"reporter"}) | {"fetcher"}
        if "被" in context and AGENT_RE.search(context):
            said -= {"victim", "lost_person"}
        if (
            "lost_person" in said and m.lead_role == "relative"
        ):  # 儿子小磊赌气离家: the lost one is somebody's child
            said.discard("relative")
        elif m.lead_role not in {"", "neutral", "skip"}:
            votes[m.lead_role] = votes.get(m.lead_role, 0) + 2
        for role in said:
            votes[role] = votes.get(role, 0) + 1
        told |= said
    return votes, told


# 趁@不在家, 与@发生争执: what is said next is not what @ does
OBJECT_RE = re.compile(
    r"(?:与|跟|将|把|趁|向|对|给|被|从|闯进|冲进|闯入|潜入|进入|翻进|翻入|溜进|撬开|找到|拦住|堵住|尾随|跟踪)[^，。、]{0,10}@"
)


# 开水果店的@看不下去，替我报了警: who calls for others has no other part
PROXY_RE = re.compile(
    r"(?<!请)(?<!让)@(?:(?!假意|假装|请|让|被)[^。，@]){0,6}(?:，(?:(?!假意|假装|请|让|被)[^。，@]){0,4})?(?:替|帮)(?:他|她|我|其|[^，。]{1,4}?)们?(?:报(?:了)?(?:警|案)|拨打|拨了|打(?:了|通)?110)"
)
# 假意帮她报警: not done
FEIGNED_RE = re.compile(r"(?:假意|假装|佯装)[^，。@]*")
# 父亲@冲进派出所，一把搂住儿子: who comes for the one found did not report
EMBRACES_RE = re.compile(
    r"@(?:(?!称|说)[^。]){0,20}(?:(?:搂|抱住|抱起|接过)[^。，]{0,6}(?:孩子|儿子|女儿|父亲|母亲|老人|他|她)|接走|接回|领回)"
)


# 被@撞了一下，回家后发现项链没了: the loss is another's
AGENT_RE = re.compile(r"被[^，。、@]{0,4}@(?![的，。、])")


# @与同事吃饭时，被邻桌的储某打伤: what is done is done to @
HARMED_RE = re.compile(r"@[^。]{0,30}被[^，。]{0,14}(?:打|砸|捅|砍|刺|划|咬|踢|抓)(?:伤|破|中)")


# 束某生命体征平稳，麻某已被刑事拘留: the next clause speaks of another
OTHER_RE = re.compile(r"，[\u4e00-\u9fff]{1,2}某(?:某|甲|乙)?(?=已?[被因]|于|在|对|供认|交代|涉嫌)")


def _context(view: str, m: Mention) -> str:
    """The words around a mention within its sentence, the name itself as @, without what is only feigned."""
    left = view[max(0, m.start - LEFT) : m.start]
    left = left[max(map(left.rfind, CLAUSE_ENDS)) + 1 :]
    end = CLAUSE_END_RE.search(view, m.end, m.end + RIGHT)
    right = view[m.end : end.start() if end else m.end + RIGHT]
    other = OTHER_RE.search(right) if "某" in right else None
    if other and not other[0].startswith("，" + m.name):
        right = right[: other.start()]
    context = f"{left}@{right}"
    return FEIGNED_RE.sub("", context) if "假" in context or "佯" in context else context


def _settle(votes: dict[str, int], best: Mention, kind: str) -> tuple[str, tuple[str, ...]] | None:
    """Role and further roles: the guideline's order of preference, fitted to the kind; None for no part at all."""
    if votes.get("officer", 0) >= 1 and (best.form == "officer" or votes["officer"] >= 5):
        return "officer", ()
    if "proxy" in votes and not votes.keys() & {"suspect", "victim", "lost_person", "officer"}:
        return "reporter", ()
    family = kind.split(".")[0]
    if (
        "finder" in votes
        and family in FOUND_BY_OTHERS
        and best.lead not in CHILDREN
        and not votes.keys() & {"lost_person", "relative"}
    ):
        return ("reporter", ("helper",)) if "reporter" in votes else ("helper", ())
    votes = {role: n for role, n in votes.items() if role not in HINTS}
    if (
        family in IN_DANGER
        and "helper" in votes
        and best.lead_role == "party"
        and not votes.keys() - {"helper", "party"}
    ):
        return "helper", ()  # 二楼住户蒋师傅用灭火器压住了火势
    if family in IN_DANGER and "suspect" in votes and "reporter" not in votes:
        votes = {"suspect": votes["suspect"]}  # 车主杨某被处以罚款
    if family == "lost_property" and "reporter" in votes and votes.get("helper", 0) <= 2:
        votes = {r: n for r, n in votes.items() if r != "helper"}  # 司机 is what the reporter is by trade
    fitted: dict[str, int] = {}
    for said, n in votes.items():
        role = said if said == "helper" and best.lead in PASSERS else INSTEAD.get((family, said), said)
        drives = family == "traffic_violation" and best.lead in DRIVERS and "reporter" not in votes
        titled = best.form in {"title", "nick"} and not drives
        if role == "suspect" and said != role and titled:
            role = said  # a titled person is not accused by the kind alone
        fitted[role] = fitted.get(role, 0) + n
    fitted.pop("officer", None)
    if not fitted:
        role = _default(best, kind)
        return (role, ()) if role else None
    if fitted.keys() == {"reporter"}:
        likely = REPORTER_IS.get(family)
        return (likely, ("reporter",)) if likely else ("reporter", ())
    was = {r for r in votes if r in {"victim", "relative"} and INSTEAD.get((family, r), r) != r}
    if len(fitted) == 1 and not was:
        return next(iter(fitted)), ()
    fitted = _contest(fitted, best, kind)
    role = min(fitted, key=lambda r: ORDER.index(r) if r in ORDER else 99)
    also = [r for r in ORDER if r != role and (r in was or (r in fitted and r in FURTHER))]
    return role, tuple(also)


DRIVERS = frozenset({"驾驶人", "驾驶员", "司机", "骑车人", "骑手"})
# 过路司机杨先生拨打122: drives, but had no part in the crash
PASSERS = frozenset({"过路司机", "过路群众", "过路市民", "路人", "热心市民", "热心群众", "好心人", "同行者"})
# Kinds in which strangers often make the call.
FOUND_BY_OTHERS = (
    "missing_person",
    "runaway_juvenile",
    "suicide_intervention",
    "rescue",
    "person_assistance",
)
# 男童浩浩卡在井下，能听到哭声: a child is found, and finds nobody
CHILDREN = frozenset({"男童", "女童", "男孩", "女孩", "孩子", "儿童", "小孩", "小朋友", "幼童"})
IN_DANGER = ("fire", "public_safety_accident")
CIVIL = ("师傅", "先生", "女士", "大爷", "大娘", "大妈", "老师", "老板", "经理", "阿姨")
HURTING = ("violent_crime", "assault")
FURTHER = {"reporter", "party", "relative"}
# What somebody is of whom we only know that he called the police.
REPORTER_IS = {
    "theft": "victim", "fraud": "victim", "lost_property": "victim", "assault": "victim",
    "dispute_mediation": "party", "noise": "victim", "person_assistance": "party",
    "household_registration_service": "party", "missing_person": "relative", "runaway_juvenile": "relative",
}  # fmt: skip


def _contest(votes: dict[str, int], best: Mention, kind: str) -> dict[str, int]:
    """Drop the weaker of two roles that exclude each other (victim and suspect, lost person and relative)."""
    kept = dict(votes)
    if (
        "relative" in kept
        and "lost_person" in kept
        and ("reporter" in kept or kept["relative"] + 1 >= kept["lost_person"])
    ):
        kept.pop("lost_person")
    if "victim" in kept and kind.startswith(HURTING):
        kept.pop("helper", None)  # 店员林某某手部被划伤: who is at work there when it happens
    for a, b in (
        ("victim", "suspect"),
        ("lost_person", "relative"),
        ("victim", "helper"),
        ("lost_person", "helper"),
        ("lost_person", "victim"),
    ):
        if a in kept and b in kept:
            lean = _default(best, kind)
            loser = b if (kept[a], lean == a) > (kept[b], lean == b) else a
            kept.pop(loser)
    if "suspect" in kept and "party" in kept and kept["suspect"] >= kept["party"]:
        kept.pop("party")
    return kept


ANYBODY = frozenset(
    {"男子", "女子", "青年", "小伙", "小伙子", "男青年", "自称", "叫", "名叫", "叫做", "名为"}
)


def _default(best: Mention, kind: str) -> str:
    """The role a person most likely has when no word tells; empty where any would be a guess."""
    titled = best.form in {"title", "nick"}
    if best.name.endswith("师傅") and kind in {
        "lost_property",
        "missing_person",
        "runaway_juvenile",
        "rescue",
    }:
        return "helper"
    if kind == "lost_property":
        return "victim"
    if kind == "rescue":
        return "victim"
    if kind in {"missing_person", "runaway_juvenile"}:
        return (
            "relative"
            if best.form == "title"
            and best.sex
            and not best.name.endswith(
                ("大爷", "大娘", "奶奶", "爷爷", "老太", "老汉", "老伯", "婆婆", "阿婆")
            )
            else "lost_person"
        )
    if kind.startswith(SUSPECT_KINDS):
        by_trade = best.lead_role == "neutral" and best.lead not in ANYBODY
        if best.form == "full" and kind.startswith(OFFENCES) and by_trade:
            return "victim"  # 店主余秀芹: papers rarely name culprits by their trade and in full
        if not titled:
            return "suspect"
        return "" if kind.startswith(HARMLESS_KINDS) else "victim"
    return "party" if kind.startswith(PARTY_KINDS) else "victim"


def _pronoun_sex(view: str, group: Sequence[Mention]) -> str | None:
    """Sex by the pronoun that follows in the same sentence or the next, if only one of 他 and 她 stands there."""
    for m in group:
        after = view[m.end : m.end + 40].partition("\n")[0]
        he, she = "他" in after and "他" in after.replace("其他", ""), "她" in after
        if he != she:
            return "M" if he else "F"
    return None
