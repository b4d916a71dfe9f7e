"""Which of an incident's time expressions is when it happened, and which when it was reported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from etl.model import Article, When
from etl.rules.extract import TimeRules
from etl.rules.factoring import compile_factored
from etl.stages.extract.expressions import Expression
from etl.stages.extract.times import Calendar, resolve

AFTER = 60
REPORT_RE = compile_factored(
    r"接(?:到|群众|报|警|市民|辖区|一|110|指挥|上级|居民|村民|某|举报|[\u4e00-\u9fff]{1,3}(?:女士|先生|某)[^，。]{0,6}报)|报(?:了)?(?:警|案)(?!人|后)|拨打|打(?:了|通)?110|求助|求援|来电|致电|打来|反映|投诉|举报|(?:来到|走进|跑进|跑到|赶到|冲进|走到|来了|来)[^。，]{0,16}(?:派出所|警务室|所里|户籍|值班室|公安局|大队|警务站|大厅)|接警"
)
DISCOVERY_RE = re.compile(
    r"巡逻|巡查|巡防|设卡|执勤|检查|走访|盘查|排查|夜查|巡控|值守|查获|清查|巡线|根据线索|工作中?(?:时)?发现|民警[^。，]{0,12}(?:发现|遇到|看到)|行动中|整治"
)
RESOLVED_RE = re.compile(
    r"抓获|落网|归案|破获|侦破|到案|投案|自首|捣毁|打掉|端掉|告破|抓捕|收网|锁定|将[^。，]{0,14}(?:抓|控制)"
)
LATER_RE = re.compile(
    r"锦旗|感谢信|牌匾|送来|致谢|道谢|感谢|领取|领回|归还|交还|返还|送回|接回|团聚|拘留|逮捕|起诉|回访|出院|痊愈|拿到[^，。]{0,8}(?:身份证|户口|护照|证)|赶来|赶至|赔偿|判处|判决|移送|慰问|康复|签(?:订|署|下)|达成|联系(?:上|到)|找到|找回|追回|查到|确定|锁定|赶到|到达|抵达|扑灭|送医|苏醒|通报|召开|回到|来接|发布|采访"
)
# 称其昨晚, 经查, 原来: what follows looks back
BACK_RE = re.compile(
    r"(?:时间回到|时间拉回到?|事情|回到|称|说|反映|陈述|经查|经了解|经调查|经询问|经审|经核实|原来|据了解|据介绍|据[^，。]{1,8}(?:介绍|称|说|交代|供述|回忆|讲述)|回忆|交代|供述|供认|得知|了解到|查明|案发|事发|发生|讲述|起因|告诉民警|自述|承认|自|因)(?!后)"
)
DATELINE_TAIL_RE = re.compile(
    r"^(?:讯|电|消息|\s+[\u4e00-\u9fff]{2,10}讯|\s*[\u4e00-\u9fff]{2,10}(?:网|报|讯)?[）)])"
)
DATELINE_RE = re.compile(
    r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(?=(?:电|讯|消息)|\s+[\u4e00-\u9fff]{2,10}讯|\s*[\u4e00-\u9fff]{2,12}(?:网|报|社|讯)[）)])"
)
ANNIVERSARY_RE = re.compile(
    r"(?:今年是|今年|迎接?|庆祝)?[^，。]{0,4}(新中国成立|中华人民共和国成立|建国|建党|中国共产党成立)(\d{2,3})周年"
)
FOUNDED = {"新": 1949, "中华": 1949, "建国": 1949, "建党": 1921, "中国": 1921}
NOW_YEAR_RE = re.compile(r"(?<!\d)((?:19|20)\d\d)年(?:以来|初以来|新年|春节|上半年|度)")


FULL_DATE_RE = re.compile(r"(?<!\d)(20\d\d)年\d{1,2}月\d{1,2}日")
# 曾因盗窃被判刑: a past that is not this case
PAST_RE = re.compile(r"曾(?:因|经|多次|于)?|前科|刑满|释放|出生|入职|参加工作|从警|结婚|嫁")


@dataclass(frozen=True, slots=True)
class Timing:
    """When an incident happened and, if stated, when it was reported; `flags` say what is doubtful."""

    occurred: When
    reported: When | None
    flags: tuple[str, ...] = ()


def calendar(article: Article, view: str, rules: TimeRules) -> Calendar:
    """What the article as a whole says about time: publication, dateline, a year it names for itself."""
    published = article.published_at
    known = article.published_precision == "day"
    base = published.date() if published else None
    dateline = None
    m = DATELINE_RE.search(view, 0, 90) or next(
        (d for _, line in article.removed if (d := DATELINE_RE.search(line))), None
    )
    if m and published is not None and base is not None:
        year, month = int(m[1] or base.year), int(m[2] or base.month)
        for y, mo in ((year, month), (year - 1, month), (year if month > 1 else year - 1, month - 1 or 12)):
            try:
                day = date(y, mo, int(m[3]))
            except ValueError:
                continue
            if day <= base:
                dateline = day
                break
    elif m and m[1] and m[2]:
        try:
            dateline = date(int(m[1]), int(m[2]), int(m[3]))
        except ValueError:
            dateline = None
    return Calendar(rules, published, known, dateline, None if base else _anchor(view))


def _anchor(view: str) -> int | None:
    """A year the text names as its own, for an article without a publication date."""
    m = ANNIVERSARY_RE.search(view)
    if m:
        return next(y for k, y in FOUNDED.items() if m[1].startswith(k)) + int(m[2])
    years = {int(m[1]) for m in NOW_YEAR_RE.finditer(view)}
    years = years or {int(m[1]) for m in FULL_DATE_RE.finditer(view)}
    return years.pop() if len(years) == 1 else None


def timing(
    view: str, span: tuple[int, int], expressions: Sequence[Expression], cal: Calendar, context: int = -1
) -> Timing:
    """When the incident told in `view[span]` happened. Source: guideline, section 4, "Which moment".

    Expressions are read in order: each is resolved, given the basis its clause speaks for, and the
    best basis wins: event, discovery, report, resolution. From `context` on (a heading that bears
    a date) they only set the day that later ones count from.
    """
    cal = replace(cal, last=None, year=None, evening=False)
    for e in expressions:
        if 0 <= context <= e.start < span[0] and not e.period:
            resolve(e, cal)
    read: list[When] = []
    inside = [e for e in expressions if span[0] <= e.start < span[1] and not e.period]
    started = False
    for n, e in enumerate(inside):
        if DATELINE_TAIL_RE.match(view[e.end : e.end + 16]):
            continue
        limit = inside[n + 1].start if n + 1 < len(inside) else span[1]
        basis = _basis(view, e, limit, started)
        when = resolve(e, cal)
        started = started or (
            basis in {"report", "discovery", "event"} and (when.start is not None or e.names_day)
        )
        if not PAST_RE.search(view[e.end : e.end + 8]):
            read.append(replace(when, basis=basis))
    occurred = _choose(read)
    if occurred is None:
        return Timing(replace(cal.unknown(None), basis="event"), None, ("no_time",))
    reported = next((w for w in read if w.basis == "report" and w.start is not None), None)
    flags = ("time_unresolved",) if occurred.start is None and occurred.text else ()
    settled = "event" if occurred.basis == "later" else occurred.basis
    return Timing(replace(occurred, basis=settled), reported, flags)


def _basis(view: str, e: Expression, limit: int, started: bool) -> str:
    """What the clause of an expression speaks of: event, discovery, report, resolution or later."""
    stop = next(
        (i for i in range(e.end, min(len(view), e.end + AFTER)) if view[i] in "。！？；\n"), e.end + AFTER
    )
    after = view[e.end : min(stop, max(limit, e.end))]
    left_stop = max(view.rfind(c, 0, e.start) for c in "。！？；\n") + 1
    before = view[max(left_stop, e.start - 40) : e.start]
    back = BACK_RE.search(before)
    report = REPORT_RE.search(after)
    resolved = RESOLVED_RE.search(after[:40])
    looks_back = ("offset" in e.parts and e.parts["offset"].endswith("前")) or e.parts.get("chain", "")[
        :1
    ] in {"前", "头"}
    if looks_back and not resolved:
        return "event"
    if back and not (report and report.start() < 6) and not RESOLVED_RE.match(after.lstrip("，")):
        if not e.names_day and not (SAID_RE.search(before) and not SAID_RE.search(view[e.end : e.end + 4])):
            return "later"
        later = LATER_RE.search(after[:16])
        return "later" if later and started and not LOOK_BACK_RE.search(before) else "event"
    head = SAID_SPLIT_RE.split(after)[0] if report else after
    if report and report.start() <= max(len(head), 24):
        return "report"
    if not after and REPORT_RE.search(before):
        return "report"
    found = DISCOVERY_RE.search(after[:36])
    if resolved and (started or not found):
        return "resolution"
    if started:
        return "later"
    if THANKS_RE.search(after[:40]):
        return "later"
    return "discovery" if found else "event"


SAID_RE = re.compile(r"称|反映|报案说|说")
SAID_SPLIT_RE = re.compile(r"称|，(?:其|他|她|自己)|：")
LOOK_BACK_RE = re.compile(r"称|查|原来|反映|时间|事情")
THANKS_RE = re.compile(r"锦旗|感谢信|牌匾|致谢|道谢|领取|领回|特意来|专程|发还|握着|拉着民警")
RANK = {"event": 0, "discovery": 1, "report": 2, "resolution": 3, "later": 4}
COARSE = {"year", "month", "span"}


def _choose(read: Sequence[When]) -> When | None:
    """The best of the moments read: by basis, the earliest of several events, a dated one before an undated.

    A whole year or a feast gives way to anything finer that is dated, since it is the setting, not the moment.
    """
    dated = [w for w in read if w.start is not None]
    finer = [w for w in dated if w.precision != "year"] or dated
    finer = [w for w in finer if not _setting(w)] or finer
    if any(w.precision != "month" and RANK[w.basis or "event"] < 3 for w in finer):
        finer = [w for w in finer if w.precision != "month"]
    if finer:
        best = min(RANK[w.basis or "event"] for w in finer)
        same = [w for w in finer if RANK[w.basis or "event"] == best]
        first = same[0]
        if best == 0 and len(same) > 1:
            assert first.start is not None
            return min(same, key=lambda w: w.start or first.start)  # type: ignore[arg-type,return-value]
        return first
    return min(read, key=lambda w: RANK[w.basis or "event"], default=None)


def _setting(w: When) -> bool:
    """Whether an expression is a season or feast that merely frames the story: 春节期间, 国庆."""
    text = w.text or ""
    return (w.precision == "span" and text.endswith(("期间", "假期", "长假", "假日"))) or text in {
        "国庆",
        "春节",
        "五一",
        "中秋",
        "元旦",
        "端午",
    }
