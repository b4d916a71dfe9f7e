"""Which of the 31 kinds an incident is: words are weighed, then the guideline's rules for competing kinds decide.

Every distinct strong signal counts 3 (at most three of them), every weak one 1, and a signal in the
opening sentences 2 more: what an item says first is what it is about.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from etl.model import Span
from etl.rules.extract import KindRule
from etl.rules.factoring import compile_factored
from etl.rules.scan import Hits

STRONG, WEAK, OPENING = 3.0, 1.0, 2.0
OPENING_LENGTH = 80
CAP = 3
ENOUGH = 3.0
LITTLE = 2.0  # what a case that stands by its circumstances needs for a kind

Scores = dict[str, float]


Signal = tuple[int, int, int, bool]  # start, end, number of the kind, strong


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for any kind in a body, in order."""

    codes: Sequence[str]
    found: Sequence[Signal]


def signals(hits: Hits, rules: Sequence[KindRule]) -> Signals:
    """The scanner's hits that signal a kind."""
    found = [
        (start, end, number, strong)
        for number, rule in enumerate(rules)
        for tag, strong in ((rule.strong, True), (rule.weak, False))
        for start, end in hits.get(tag, ())
    ]
    return Signals([rule.code for rule in rules], sorted(found))


def score(view: str, signalled: Signals, ranges: Sequence[Span], *, weak: bool = True) -> Scores:
    """Points of each kind in the `ranges` of the body; signals near the beginning of the first count more.

    Without `weak` only strong signals count: they tell that there is a case, the weak ones only which.
    """
    if not ranges:
        return {}
    low, high = ranges[0][0], ranges[-1][1]
    opening = low + OPENING_LENGTH
    found = signalled.found
    words: dict[tuple[int, bool], set[str]] = {}  # kind, strong -> what was read
    early: set[int] = set()
    for a, b in _joined(ranges, low, high):
        for start, end, kind, strong in found[bisect_left(found, (a,)) : bisect_left(found, (b,))]:
            if not (strong or weak):
                continue
            words.setdefault((kind, strong), set()).add(view[start : min(end, start + 6)])
            if strong and start < opening:
                early.add(kind)
    points: Scores = {}
    for kind in sorted({kind for kind, _ in words}):
        total = STRONG * min(len(words.get((kind, True), ())), CAP)
        total += WEAK * min(len(words.get((kind, False), ())), CAP)
        points[signalled.codes[kind]] = total + (OPENING if kind in early else 0)
    return points


def _joined(ranges: Sequence[Span], low: int, high: int) -> list[Span]:
    """`ranges` in order, those that touch put together, as far as they lie in `[low, high)`."""
    joined: list[Span] = []
    for start, end in sorted(ranges):
        start, end = max(start, low), min(end, high)
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


# 他以为是被人偷了: what somebody thought
SUPPOSED_RE = compile_factored(
    r"(?:误以为|以为|怀疑|担心|生怕|害怕)[^，。！？\n]{0,12}(?:被盗|被偷|被人偷|偷了|被骗|诈骗|着火|爆炸|出事|走丢|走失|自杀|轻生)"
)


# 交代半个月前还偷过一辆三轮车: a second offence told in one clause
CONFESSED_RE = re.compile(
    r"(?:交代|交待|供述|承认)[^。！？\n]{0,16}(?:还|曾)(?:曾)?(?:先后)?(?:偷|盗|骗|抢)[^。！？\n]{0,30}"
)


def decide(text: str, points: Scores, minor: bool) -> tuple[str, str]:
    """The kind of an incident told in `text`, and the rule that settled it. `points` come from `score`.

    Source: guideline, section 3, rules 1 to 10.
    """
    points = dict(points)
    for name, rule in RULES:
        kind = rule(text, points, minor)
        if kind:
            return kind, name
    best = max(points, key=lambda k: points[k], default="other")
    if points.get(best, 0) < LITTLE:
        return "other", "no strong signal"
    return best, "most signals" if points[best] >= ENOUGH else "weak signals"


CRASH_RE = re.compile(
    r"相撞|碰撞|追尾|撞(?:上|倒|到|伤|向|坏|断|死|飞|了|在)|剐蹭|刮蹭|侧翻|翻车|翻入|冲出|一头扎|剐(?:了|到)|刹车失|交通事故|车祸|肇事|剐擦|擦碰|自摔|单方事故"
)
DRUNK_RE = re.compile(r"酒驾|醉驾|酒后驾|醉酒驾|饮酒后?驾|酒精(?:含量|检测|测试)|危险驾驶")
VEHICLE_RE = re.compile(
    r"轿车|货车|电动(?:自行)?车|摩托|三轮|客车|面包车|小(?:汽)?车|汽车|驾驶|司机|车辆|自行车|相撞|追尾|车祸|交通事故|商务车|挂车|罐车|越野车|公交车"
)
ANIMAL_LOST_RE = compile_factored(
    r"(?:牛|羊|马|狗|猫|鸽子|牲口|牲畜|宠物|羊群)[^。！？\n]{0,10}(?:走散|走失|走丢|跑丢|丢了|不见)"
)
DAMAGE_RE = compile_factored(
    r"故意(?:损毁|毁坏)|(?:车|玻璃|轮胎|车身)[^。！？\n]{0,10}被[^。！？\n]{0,10}(?:划|砸|扎|刮)"
)
DESPAIR_RE = compile_factored(
    r"轻生|自杀|自尽|寻短见|想不开|割腕|喝(?:下)?农药|烧炭|结束[^。]{0,6}生命|遗书|不想活|活不下去|活着没意思|厌世|自缢|上吊|寻死|一死了之|跳楼|了断|失恋|绝望|抑郁|分手|感情(?:受挫|不顺)|要跳|遗言|割[^。]{0,4}手腕|手腕[^。]{0,4}血|来世|永别|没脸见人|放声大哭|炭[^。]{0,4}点|(?:天台|楼顶|桥沿|桥栏|护栏|窗台)[^。]{0,4}(?:边缘|外侧|外沿)|跳下去|想跳|跳桥|跳河|跳江|(?:坐|站|爬|翻)[^。]{0,8}(?:天台|楼顶|塔吊|护栏|桥沿|栏杆|顶楼)"
)
LEFT_RE = compile_factored(
    r"(?:落|忘|丢|掉|遗落|遗忘|遗留|遗失|滑落|掉落)(?:在|到|于)|忘(?:了|记)?(?:拿|带走|取)|遗失|遗落|不慎丢|弄丢|拾到|捡到|拾金不昧|捡拾|(?:落|忘|遗|丢|掉)在|忘了?取|忘了?拿"
)
TAKEN_RE = re.compile(
    r"盗窃|偷走|盗走|偷了|行窃|扒窃|小偷|窃贼|撬(?!开[^。，]{0,4}(?:篦|井|沟|下水))|顺手牵羊|窃取|被盗|被偷|失窃|盗取|偷盗|作案|见财起意|[拔摸掏揣拎]走|(?:留|放|搁|挂|晾|停)[^。！？\n]{0,24}(?:回来|转身|转眼|出来|起来|第二天|一早)[^。，]{0,10}(?:没了|不见|不翼而飞)|趁[^，。]{0,8}(?:不备|睡着|熟睡|打盹)"
)
CULPRIT_RE = re.compile(r"销赃|赃物|赃款|嫌疑人|行政拘留|刑事拘留")
MINOR_RE = compile_factored(
    r"(?:[1-9]|1[0-7]|[一二三四五六七八九]|十[一二三四五六七])(?:周)?岁|未成年|小学|初中|高中|初[一二三]|高[一二三]|[一二三四五六]年级|女孩|男孩|孩子|少年|少女|学生"
)
LEFT_HOME_RE = re.compile(
    r"离家出走|出走|赌气|负气|闹(?:矛盾|别扭)|拌(?:了)?[^。]{0,3}嘴|离开(?:了)?家|考砸|没考好|怕(?:挨|被)[^。]{0,2}(?:打|骂|训|责)|不(?:愿|想|敢|肯)回家|(?:摔|夺)门|不辞而别|怕[^。]{0,8}(?:挨|打|骂|训|责|批评)|偷偷(?:离|跑|溜)|吵架|吵了|批评|责骂|训斥|顶嘴|叛逆|留下[^。]{0,6}(?:字条|纸条)|躲"
)
CAUGHT_RE = re.compile(r"刑事拘留|刑拘|逮捕|行政拘留|行拘|犯罪嫌疑人|落网|归案|批捕|取保候审")
NEIGHBOUR_RE = compile_factored(
    r"宅基地|滴水|地界|邻居|邻里|隔壁|对门|楼上|楼下|同村|小区|[\d一二三四五六七八九十](?:栋|幢|号楼|单元)|两家|两户"
)
BUSINESS_RE = re.compile(
    r"退|押金|工资|房东|租客|老板|顾客|消费|借|欠|店主|商家|薪|乘客|司机|客人|摊|买|卖|同学|医院|施工|合同|货款"
)
NOISE_RE = re.compile(r"噪音|噪声|扰民|太吵|吵得|无法(?:休息|入睡)|睡不着|广场舞|音响|音量")
BLOWS_RE = re.compile(r"动(?:起)?手|打(?:了|架|伤|起来)|推搡|大打出手|拳脚")
SPOUSE_RE = re.compile(
    r"夫妻|丈夫|妻子|老公|老婆|前妻|前夫|夫妇|两口子|我爸打我妈|爱人|家暴|婆媳|父子|母子|父女|母女|兄弟|姐妹|姐弟|儿媳|女婿"
)
MUTUAL_RE = re.compile(
    r"互殴|斗殴|互相殴打|相互殴打|群殴|打群架|聚众|扭打|双方[^。]{0,12}(?:大打出手|打了起来|打起来|均被)"
)
RESIST_RE = compile_factored(
    r"袭警|妨害公务|阻碍[^。]{0,12}(?:执法|执行|公务)|暴力抗法|(?:殴打|撕咬|抓伤|咬伤|袭击|踢打|辱骂|推搡)[^。]{0,6}(?:民警|辅警|交警|警察)"
)
HOAX_RE = re.compile(r"虚构事实|纯属虚构|谎报|报假警|虚假(?:报警|警情)|假警|恶意(?:报警|拨打)")
FUGITIVE_RE = re.compile(r"在逃|逃犯|网逃|追逃|通缉|潜逃[^。，]{0,6}年|逃亡")
PENALTY_RE = re.compile(
    r"行政拘留|刑事拘留|刑拘|行拘|罚款|故意伤害|寻衅滋事|轻伤|轻微伤|刑事(?:强制)?措施|批准逮捕"
)
MEDIATED_RE = re.compile(r"调解|和解|握手言和|劝说|劝解|谅解|道歉")
ONLINE_RE = re.compile(
    r"转账|汇款|刷单|网络|网上|微信|QQ|专案组|账户|自证清白|银行卡|链接|APP|App|屏幕共享|安全账户|客服|反诈|预警|信用社|储蓄所|柜员|存折|好友|群里|点赞|电信|电话[^。]{0,12}(?:自称|诈骗|对方)|自称[^。]{0,16}(?:电话|来电)|验证码|网友|陌生(?:电话|来电)|网购|投资平台|帮信|跑分"
)
FACE_RE = re.compile(
    r"假币|假钞|碰瓷|调包|掉包|当面|消灾|祈福|算命|丢包|假金|古董|合同诈骗|工程|现场推销|上门推销|街头|上面有人|捞人|托关系|打点|疏通|名义|为由|大师|神医|保健品|租车|安排工作|入学|编制"
)
REGISTER_RE = re.compile(r"身份证|户口|落户|户籍|居住证|护照|通行证|户口簿")
COUNTER_RE = re.compile(r"(?:补办|办理|办|换领|申领)[^。]{0,8}(?:身份证|证)")


# says by itself that a child went off, where 批评 or 躲 need more beside them
WENT_OFF_RE = re.compile(
    r"出走|赌气|负气|离开(?:了)?家|(?:摔|夺)门|不辞而别|不(?:愿|想|敢|肯)回家|投奔|(?:要|想)?去找(?:外地|姑|姨|舅|爸|妈|网|外婆|奶奶)|(?:见|找)[“]?网友|拔掉[^。，]{0,4}卡|留下[^。]{0,6}(?:字条|纸条)"
)


def _runaway(text: str, points: Scores, minor: bool) -> str | None:
    """Rules 3 and 6: a minor who left on purpose, also when a counter visit reveals it."""
    if points.get("runaway_juvenile", 0) < STRONG and points.get("missing_person", 0) < STRONG:
        return None
    if (
        (minor or MINOR_RE.search(text))
        and ((points["runaway_juvenile"] > STRONG and LEFT_HOME_RE.search(text)) or WENT_OFF_RE.search(text))
    ) and not TAKEN_RE.search(text):
        return "runaway_juvenile"
    points.pop("runaway_juvenile", None)
    if "离家出走" in text:
        points["missing_person"] = points.get("missing_person", 0) + STRONG
    return None


def _crash(text: str, points: Scores, minor: bool) -> str | None:
    """Rules 8 and 9: a crash outweighs drink-driving and the fire after it."""
    if not VEHICLE_RE.search(text):
        points.pop("traffic_accident", None)
    drunk, crash = bool(DRUNK_RE.search(text)), bool(CRASH_RE.search(text))
    if crash and points.get("traffic_accident", 0) > STRONG:
        for k in ("rescue", "person_assistance", "dispute_mediation.other"):
            if k in points:
                points[k] *= 0.4
    if crash and (drunk or points.get("fire")) and points.get("traffic_accident", 0) >= STRONG:
        return "traffic_accident"
    if drunk and not crash and not points.get("violent_crime"):
        points.pop("traffic_accident", None)
        points["traffic_violation"] = points.get("traffic_violation", 0) + STRONG
    return None


# 男童脑袋卡在防盗窗栏杆中间，双脚悬空: hangs, but did not climb there to die
STUCK_RE = re.compile(r"卡(?:在|住|进)|夹(?:在|住)|坠落|幼童|男童|女童|小孩|孩童")


def _suicide(text: str, points: Scores, minor: bool) -> str | None:
    """Rule 5: despair makes it a suicide intervention, else the fall into water is a rescue."""
    if (
        points.get("suicide_intervention", 0) >= STRONG
        and DESPAIR_RE.search(text)
        and (not STUCK_RE.search(text) or points["suicide_intervention"] >= points.get("rescue", 0))
        and max(
            points.get(k, 0)
            for k in ("rescue", "missing_person", "suicide_intervention", "person_assistance")
        )
        >= max(
            (v for k, v in points.items() if k.startswith(("violent", "fraud", "theft", "assault"))),
            default=0,
        )
    ):
        return "suicide_intervention"
    return None


def _left_or_taken(text: str, points: Scores, minor: bool) -> str | None:
    """Rule 2: left behind is lost property even if somebody kept it; taken from its place is theft."""
    thefts = [k for k in points if k.startswith("theft.")]
    lost = points.get("lost_property", 0)
    if not lost or not thefts:
        return None
    left, taken = len(LEFT_RE.findall(text)), len(TAKEN_RE.findall(text)) + len(CULPRIT_RE.findall(text))
    if left and left >= taken:
        for k in thefts:
            points.pop(k)
    elif taken:
        points.pop("lost_property")
    return None


# 电瓶一连丢了两块: a part was taken, the vehicle stayed
PART_RE = re.compile(
    r"(?:电瓶|电池|轮胎|轮毂|后视镜|三元催化)(?!车)[^，。]{0,8}(?:被盗|被偷|丢了|不见|没了|不翼而飞|被人|失窃)|[盗偷][^，。]{0,4}(?:电瓶|电池|轮胎|轮毂|三元催化)(?!车)"
)


PREMISES_RE = re.compile(r"入室|入户|翻窗|翻墙|撬门|家中|家里|屋内|店内|店里|商铺|仓库|防盗|卷帘门|住宅")


def _theft(text: str, points: Scores, minor: bool) -> str | None:
    """A special theft outweighs the general one when it has a signal of its own."""
    if PART_RE.search(text):
        points["theft.other"] = points.get("theft.other", 0) + points.pop("theft.vehicle", 0)
    special = [
        k for k in ("theft.vehicle", "theft.from_vehicle", "theft.burglary") if points.get(k, 0) >= STRONG
    ]
    if points.get("theft.from_vehicle", 0) >= STRONG and not PREMISES_RE.search(text):
        points.pop("theft.burglary", None)  # 扶手箱被翻了个底朝天
    if PART_RE.search(text):
        points.pop("theft.burglary", None)
    special = [k for k in special if k in points]
    if special and "theft.other" in points:
        points[max(special, key=lambda k: points[k])] += points.pop("theft.other") / 2
    return None


def _fraud(text: str, points: Scores, minor: bool) -> str | None:
    """Fraud by telephone or network is telecom fraud; face to face it is other fraud."""
    if not points.get("fraud.telecom") and not points.get("fraud.other"):
        return None
    text = text.replace("帮助信息网络犯罪活动罪", "")
    online, face = len(ONLINE_RE.findall(text)), len(FACE_RE.findall(text))
    if points.get("fraud.telecom", 0) >= STRONG and online > face:
        points["fraud.telecom"] += points.pop("fraud.other", 0)
    elif face or not online:
        points["fraud.other"] = points.get("fraud.other", 0) + points.pop("fraud.telecom", 0) / 2
    return None


def _blows(text: str, points: Scores, minor: bool) -> str | None:
    """Rule 7: spouses who were reconciled, a mutual brawl, resistance to officers, an assault with a penalty."""
    if HOAX_RE.search(text) and PENALTY_RE.search(text):
        return "public_order"
    if HOAX_RE.search(text) or RESIST_RE.search(text):
        points["public_order"] = points.get("public_order", 0) + 2 * STRONG
        return None
    if not points.get("assault") and not points.get("public_order"):
        return None
    if DAMAGE_RE.search(text) and not TAKEN_RE.search(text):
        points["public_order"] = points.get("public_order", 0) + 2 * STRONG
    family, penalty = bool(SPOUSE_RE.search(text)), bool(PENALTY_RE.search(text))
    if family and not penalty and MEDIATED_RE.search(text) and points.get("dispute_mediation.family"):
        return "dispute_mediation.family"
    if MUTUAL_RE.search(text):
        points["public_order"] = points.get("public_order", 0) + STRONG
        points.pop("assault", None)
    elif penalty and points.get("assault"):
        points["assault"] += STRONG
        for k in [k for k in points if k.startswith("dispute_")]:
            points.pop(k)
    elif MEDIATED_RE.search(text):
        points.pop("assault", None)
    return None


def _noise(text: str, points: Scores, minor: bool) -> str | None:
    """Rule 4: noise is the complaint unless the parties came to blows or are spouses."""
    if points.get("noise", 0) < STRONG:
        return None
    if SPOUSE_RE.search(text) and points.get("dispute_mediation.family", 0) >= points["noise"]:
        return "dispute_mediation.family"
    if BLOWS_RE.search(text):
        points["dispute_mediation.neighbour"] = points.get("dispute_mediation.neighbour", 0) + STRONG
        return None
    if max(points.get(k, 0) for k in ("gambling", "fire", "drugs", "prostitution")) > points["noise"]:
        return None
    points["noise"] += points.get("dispute_mediation.neighbour", 0) / 2 + STRONG
    return None


def _dispute(text: str, points: Scores, minor: bool) -> str | None:
    """The general dispute gives way to one between relatives or neighbours that has its own signal."""
    other = points.get("dispute_mediation.other", 0)
    if (
        other >= STRONG
        and NEIGHBOUR_RE.search(text)
        and not BUSINESS_RE.search(text)
        and not points.get("dispute_mediation.family", 0) >= STRONG
    ):
        points["dispute_mediation.neighbour"] = points.get("dispute_mediation.neighbour", 0) + points.pop(
            "dispute_mediation.other"
        )
        other = 0
    if other and points.get("dispute_mediation.neighbour", 0) >= 2 * STRONG and NEIGHBOUR_RE.search(text):
        points["dispute_mediation.neighbour"] += points.pop("dispute_mediation.other") / 2
        other = 0
    for k in ("dispute_mediation.family", "dispute_mediation.neighbour"):
        if other and points.get(k, 0) >= STRONG:
            points[k] += 1
    if (
        any(k.startswith("dispute") for k in points)
        and MEDIATED_RE.search(text)
        and not PENALTY_RE.search(text)
    ):
        for k in [k for k in points if k.startswith("dispute") and points[k] >= STRONG]:
            points[k] += 2
    return None


SERVICES = ("person_assistance", "missing_person", "household_registration_service", "lost_property", "other")


def _criminal(text: str, points: Scores, minor: bool) -> str | None:
    """Where somebody was caught or detained, an offence outweighs the dispute that its words resemble."""
    if not CAUGHT_RE.search(text):
        return None
    offences = [
        k
        for k in points
        if k.startswith(("theft", "fraud", "violent", "assault", "public_order", "crime"))
        and points[k] >= STRONG
    ]
    if offences:
        for k in [k for k in points if k.startswith("dispute")]:
            points.pop(k)
        for k in SERVICES:
            if k in points and not LEFT_RE.search(text):
                points[k] *= 0.6
    return None


def _fugitive(text: str, points: Scores, minor: bool) -> str | None:
    """Catching a wanted person is crime_other, whatever the old offence was."""
    if len(FUGITIVE_RE.findall(text)) >= 2 or (
        FUGITIVE_RE.search(text) and points.get("crime_other", 0) >= STRONG + OPENING
    ):
        return "crime_other"
    return None


# 涉嫌故意杀人罪, 抢走手机: graver than the blows and quarrels that lead to it
GRAVE_RE = compile_factored(
    r"故意杀人|杀害|杀死|杀人|命案|抢劫|抢夺|抢走|抢去|绑架|强奸|劫持|(?:捅|砍|刺|掐|勒)[^。！？\n]{0,30}(?:死亡|身亡|致死|抢救无效)"
)


# what the charge or the death itself settles
CERTAIN_RE = compile_factored(
    r"(?:涉嫌|以)[^。，]{0,4}(?:故意杀人|抢劫|抢夺|绑架|强奸)|(?:砍|捅|刺|勒|杀|扎)[^。！？\n]{0,30}(?:抢救无效|死亡|身亡|致死)"
)


def _violent(text: str, points: Scores, minor: bool) -> str | None:
    """Killing, robbery and the like outweigh the quarrel, the wounds and the alarm around them."""
    caught = CAUGHT_RE.search(text) or "抓获" in text
    if points.get("violent_crime", 0) < STRONG or not GRAVE_RE.search(text) or not caught:
        return None
    if HOAX_RE.search(text) or points.get("fraud.telecom", 0) > points["violent_crime"]:
        return None
    if CERTAIN_RE.search(text):
        return "violent_crime"
    points["violent_crime"] += 2 * STRONG
    return None


# 手机掉进水里: a thing fell, nobody did
THING_FELL_RE = re.compile(
    r"(?:手机|钥匙|戒指|眼镜|耳机|钱包|背包|挎包|相机|无人机|手表|项链|手镯)[^。，]{0,8}(?:掉|落|滑|滚|坠)(?:进|入|到|落)"
)


def _thing_fell(text: str, points: Scores, minor: bool) -> str | None:
    """What fell into water or a shaft is lost property where no person needed rescue."""
    if THING_FELL_RE.search(text) and points.get("rescue", 0) <= 3 * STRONG:
        points["lost_property"] = points.get("lost_property", 0) + points.pop("rescue", 0)
    return None


def _register(text: str, points: Scores, minor: bool) -> str | None:
    """A service at the counter or at home outweighs the frailty of the person served."""
    if (
        points.get("household_registration_service", 0) >= 2 * STRONG
        and not points.get("lost_property", 0) > STRONG + OPENING
    ):
        points.pop("person_assistance", None)
    return None


def _search(text: str, points: Scores, minor: bool) -> str | None:
    """A lost person outweighs the help given; a rescue from danger outweighs the search."""
    if ANIMAL_LOST_RE.search(text):
        points["lost_property"] = points.get("lost_property", 0) + 2 * STRONG
        points.pop("missing_person", None)
    if points.get("missing_person", 0) >= STRONG and points.get("person_assistance"):
        points["person_assistance"] *= 0.6
    if points.get("missing_person", 0) >= 2 * STRONG and points.get("dispute_mediation.family"):
        points["dispute_mediation.family"] *= 0.6
    if points.get("other", 0) >= STRONG:
        if points.get("rescue", 0) < 2 * STRONG:
            points.pop("rescue", None)
        if points.get("lost_property") and not ANIMAL_LOST_RE.search(text):
            points["lost_property"] *= 0.6
    if points.get("rescue", 0) >= 2 * STRONG and points.get("person_assistance"):
        points["person_assistance"] *= 0.6
    if points.get("fire", 0) >= STRONG + OPENING and points.get("rescue"):
        points["rescue"] *= 0.5
    for k in ("traffic_accident", "public_safety_accident"):
        if points.get(k, 0) >= STRONG and points.get("rescue"):
            points["rescue"] *= 0.4
    if points.get("public_safety_accident", 0) >= STRONG + OPENING and points.get("person_assistance"):
        points["person_assistance"] *= 0.6
    return None


RULES = (
    ("criminal", _criminal),
    ("fugitive", _fugitive),
    ("violent", _violent),
    ("thing fell", _thing_fell),
    ("crash", _crash),
    ("suicide", _suicide),
    ("runaway", _runaway),
    ("left or taken", _left_or_taken),
    ("theft", _theft),
    ("fraud", _fraud),
    ("blows", _blows),
    ("noise", _noise),
    ("dispute", _dispute),
    ("register", _register),
    ("search", _search),
)
