"""How an incident ended, as a set of codes, and whether it happened at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from etl.model import Span
from etl.rules.extract import OutcomeRule, Pattern
from etl.rules.factoring import compile_factored
from etl.rules.scan import Hits, within

LOOK_BACK = 8
PENAL_ONLY_RE = re.compile(r"行政拘留|行拘|罚款|警告")
CAUGHT_RE = re.compile(
    r"抓获|抓住|落网|归案|刑事拘留|刑拘|逮捕|控制|带回|传唤|查获|投案|擒|逮|带走|制服|取保|强制措施|抓捕|扭送|押"
)
ARREST_KINDS = ("traffic_violation",)
DISPUTE_KINDS = ("dispute_mediation", "noise")
STOPPED_RE = re.compile(
    r"劝阻|拦截|保住|避免|(?:一分|分文)(?:钱)?(?:没|未|不)(?:少|失|损)|得以保全|醒悟|恍然大悟|如梦初醒|回过神|(?:只|就)?差(?:最后)?(?:一|几)[^。，]{0,4}(?:步|分钟|点|秒|个)|退出[^。，]{0,6}共享|收回[^。，]{0,4}转账|关机键|别(?:转|输|汇)|(?:再晚|要不是|幸亏|多亏|不然)[^。]{0,24}(?:没了|飞了|打水漂|被骗|转走|就)|正要输入|正准备(?:转|汇|输|取)|未造成(?:经济)?损失|没有(?:造成|受到|遭受)|停止转账|放弃转账|打消|未(?:转账|汇款|遭受)|识破|分文未|及时制止|中断"
)
LOST_MONEY_RE = compile_factored(
    r"(?:转|划|扣|骗)走了|瞬间(?:转走|没了|划走)|(?:卡里|账户|账上)[^。！？\n]{0,10}(?:没了|被划走|被转走|被扣)|冻住|止付|冻结(?:资金|了|其中|涉案)|(?:把|将)其中|(?:已|已经|先后|共|分\d+次|陆续)[^。！？\n]{0,8}(?:转账|汇款|转走|转出|被骗)[^。！？\n]{0,6}(?:元|万)|(?:被骗|骗走|损失)(?:了|人民币|现金|共计)?\d|骗取[^。！？\n]{0,12}\d|被骗走|追回被骗|抓获|刑事拘留"
)
AVERTED_RE = compile_factored(
    r"(?:避免|防止|杜绝)(?:了)?[^。！？\n]{0,14}(?:火灾|爆炸|事故|悲剧|惨剧|伤亡)|未酿成|险些酿成|再晚一步|及时关(?:闭|掉)"
)
BURNT_RE = re.compile(r"扑灭|烧毁|过火|火势|爆炸(?:了|后|声)|死亡|受伤|昏迷|中毒")
ACTED_RE = re.compile(
    r"跳入|跳进|跳下(?!去)|落入|坠入|坠下|服下|喝下|吞下|割(?:开|破|伤)|割腕(?:后|自)|洗胃|拉上岸|救上岸|捞|水中|河中|江中|救起|昏迷|烧炭自杀|鲜血|落水"
)


def outcomes(
    view: str, span: Span, hits: Hits, kind: str, rules: Sequence[OutcomeRule], negation: Pattern
) -> dict[str, list[Span]]:
    """Outcome codes of the case told in `view[span]`, with the spans that say so (none where it is implied)."""
    text = view[span[0] : span[1]]
    found: dict[str, list[Span]] = {}
    for rule in rules:
        if rule.kinds and not kind.startswith(rule.kinds):
            continue
        if rule.not_kinds and kind.startswith(rule.not_kinds):
            continue
        spans = [
            s
            for s in within(hits, f"outcome:{rule.code}", *span)
            if not negation.search(view, max(0, s[0] - LOOK_BACK), s[0])
        ]
        if spans and not (rule.none is not None and rule.none.search(text)):
            found[rule.code] = spans
    return _usual(_fitted(found, text, kind), text, kind)


# How a kind of incident ends when nothing else is said: the telling itself implies it.
USUAL = {
    "dispute_mediation": "mediated",
    "noise": "mediated",
    "suicide_intervention": "rescued",
    "rescue": "rescued",
    "person_assistance": "assisted",
    "household_registration_service": "registered",
    "missing_person": "found",
    "runaway_juvenile": "found",
}
OPEN_RE = compile_factored(r"(?:仍|还|尚|至今|暂)(?:未|没有|没)(?:找到|发现)|下落不明|寻人|提供线索|未果。")


DEAD_RE = re.compile(r"死亡|身亡|遇难|溺亡|无生命体征")


def _usual(found: dict[str, list[Span]], text: str, kind: str) -> dict[str, list[Span]]:
    """The usual end where the text names none, unless the case is open."""
    code = USUAL.get(kind.split(".")[0])
    weak = {"casualties", "assisted", "reunited", "escorted_home"} if code == "rescued" else {"casualties"}
    if (
        code
        and not found.keys() - weak
        and not OPEN_RE.search(text)
        and not (weak & found.keys() and DEAD_RE.search(text))
    ):
        found[code] = []
        if code == "rescued":
            found.pop("assisted", None)
    if kind.startswith(("theft", "lost_property")) and "returned" in found and "found" not in found:
        found["found"] = found["returned"]
    if kind == "lost_property" and "found" in found and "returned" not in found and THANKED_RE.search(text):
        found["returned"] = found["found"]
    return found


THANKED_RE = re.compile(r"感谢|道谢|致谢|谢谢|竖起|锦旗|感激|接过|手中|手里|领")


def _fitted(found: dict[str, list[Span]], text: str, kind: str) -> dict[str, list[Span]]:
    """What the kind makes of the raw codes. Source: guideline, section 2 (Outcome)."""
    drop: set[str] = set()
    family = kind.split(".")[0]
    people = kind in {"missing_person", "runaway_juvenile"}
    if people:
        if found.keys() & {"escorted_home", "reunited"} and "found" not in found:
            found["found"] = found.get("escorted_home") or found["reunited"]
        if "escorted_home" in found:
            drop.add("reunited")
        drop |= {"returned", "assisted", "mediated", "rescued", "penalised", "loss_prevented"}
    elif kind != "suicide_intervention":
        drop |= {"reunited"} | (
            {"escorted_home"} if family not in {"person_assistance", "rescue", "other"} else set()
        )
    if family not in {
        "theft",
        "lost_property",
        "fraud",
        "violent_crime",
        "missing_person",
        "runaway_juvenile",
        "person_assistance",
        "other",
    }:
        drop |= {"found", "returned"}
    if family in {"person_assistance", "other"}:
        drop |= {"found", "returned", "rescued"} if family == "other" else {"found", "returned"}
    if family == "lost_property" and "returned" in found and "found" not in found:
        found["found"] = found["returned"]
    if family == "lost_property":
        drop |= {"arrested"} if not re.search(r"嫌疑人|拘留|侵占", text) else set()
        drop |= {"mediated", "escorted_home", "loss_prevented"}
    if family in {
        "theft",
        "fraud",
        "assault",
        "public_order",
        "gambling",
        "drugs",
        "prostitution",
        "violent_crime",
        "crime_other",
        "contraband",
        "vice_advertising",
        "traffic_violation",
    }:
        drop |= {"assisted", "rescued"} if family not in {"violent_crime"} else {"assisted"}
        if "arrested" in found or "penalised" in found:
            drop.add("mediated")
    if (
        kind.startswith(ARREST_KINDS)
        and "penalised" in found
        and not re.search(r"刑事拘留|刑拘|抓获|逮捕|强制措施|立案侦查|传唤", text)
    ):
        drop.add("arrested")
    if kind.startswith(DISPUTE_KINDS):
        drop |= {"found", "returned", "loss_prevented", "casualties", "assisted", "rescued", "escorted_home"}
        if not re.search(r"行政拘留|行拘|刑拘|刑事拘留|抓获", text):
            drop |= {"arrested"}
        if "mediated" in found and not re.search(r"行政拘留|罚款|警告", text):
            drop |= {"penalised"}
    if family not in {
        "theft",
        "fraud",
        "assault",
        "public_order",
        "gambling",
        "drugs",
        "prostitution",
        "vice_advertising",
        "violent_crime",
        "crime_other",
        "contraband",
        "traffic_violation",
        "traffic_accident",
        "fire",
        "public_safety_accident",
        "dispute_mediation",
        "noise",
        "lost_property",
        "other",
    }:
        drop |= {"arrested", "penalised"}
    if family in {"suicide_intervention", "rescue", "person_assistance"}:
        drop |= {"mediated", "loss_prevented"}
    if family in {"suicide_intervention", "rescue"} and "rescued" in found:
        drop.add("assisted")
        if not re.search(r"死亡|身亡|遇难|溺亡|重伤", text):
            drop.add("casualties")
    if family in {"traffic_accident", "fire", "public_safety_accident"} and "casualties" in found:
        drop.add("assisted")
    if family == "traffic_accident":
        drop |= {"mediated"} if "arrested" in found else set()
    if family == "household_registration_service":
        drop |= found.keys() - {"registered", "ongoing"}
    return {code: spans for code, spans in found.items() if code not in drop}


def polarity(text: str, kind: str, false_alarm: bool) -> str:
    """actual, prevented or false_alarm. Source: guideline, section 1.

    A suicide stopped before the act is prevented, one pulled out of the water actual; a fraud is
    prevented when it was stopped and nothing says that money went.
    """
    if kind.startswith("fraud"):
        stopped = bool(STOPPED_RE.search(text))
        return "prevented" if stopped and not LOST_MONEY_RE.search(text) else "actual"
    if kind == "suicide_intervention":
        return "actual" if ACTED_RE.search(text) else "prevented"
    if kind.startswith(("fire", "public_safety")) and AVERTED_RE.search(text) and not BURNT_RE.search(text):
        return "prevented"
    if kind in {"lost_property", "person_assistance", "rescue", "household_registration_service"}:
        return "false_alarm" if re.search(r"虚惊|误报|乌龙", text) else "actual"
    if false_alarm and not re.search(r"谎报|报假警|虚假报警", text):
        return "false_alarm"
    return "actual"
