"""Which of an incident's time expressions is when it happened, and which when it was reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from etl.model import Article, When
from etl.rules.extract import Pattern, TimeRules
from etl.stages.extract.expressions import Expression
from etl.stages.extract.times import Calendar, resolve

AFTER = 60
SECOND = timedelta(seconds=1)
QUOTED = 200  # characters in which the mark stands that opens a quotation
DATELINE_TAIL_RE = re.compile(
    r"^(?:讯|电|消息|\s+[\u4e00-\u9fff]{2,10}讯|\s*[\u4e00-\u9fff]{2,10}(?:网|报|讯)?[）)])"
)
# quick to look for in what is mostly no dateline
DATED_RE = re.compile(
    r"日(?=(?:电|讯|消息)|\s+[\u4e00-\u9fff]{2,10}讯|\s*[\u4e00-\u9fff]{2,12}(?:网|报|社|讯)[）)])"
)
DATELINE_RE = re.compile(rf"(?:(\d{{4}})年)?(?:(\d{{1,2}})月)?(\d{{1,2}}){DATED_RE.pattern}")
ANNIVERSARY_RE = re.compile(
    r"(?:今年是|今年|迎接?|庆祝)?[^，。]{0,4}(新中国成立|中华人民共和国成立|建国|建党|中国共产党成立)(\d{2,3})周年"
)
FOUNDED = {"新": 1949, "中华": 1949, "建国": 1949, "建党": 1921, "中国": 1921}
NOW_YEAR_RE = re.compile(r"(?<!\d)((?:19|20)\d\d)年(?:以来|初以来|新年|春节|上半年|度)")


FULL_DATE_RE = re.compile(r"(?<!\d)(20\d\d)年\d{1,2}月\d{1,2}日")


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
    places = (view[:90], *[line for _, line in article.removed])
    m = next((d for text in places if DATED_RE.search(text) and (d := DATELINE_RE.search(text))), None)
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
    view: str,
    span: tuple[int, int],
    expressions: Sequence[Expression],
    cal: Calendar,
    context: int = -1,
    before: Callable[[], When | None] = lambda: None,
    *,
    entry: bool = False,
    turned: bool = False,
    drawn_out: bool = False,
) -> Timing:
    """When the incident told in `view[span]` happened. Source: guideline, section 4, "Which moment".

    Expressions are read in order: each is resolved, given the basis its clause speaks for, and the
    best basis wins: event, discovery, report, resolution. From `context` on (a heading that bears
    a date) they only set the day that later ones count from.
    `before` tells when the case told before happened, which 同日 at the head of this one means, and in an
    `entry` of a register a mere clock too; where the telling has `turned` to this case from that one
    次日 counts from there. Elsewhere no day crosses into the next case. What is `drawn_out`, as frauds are, began in
    a month that is named before the day when it was reported.
    """
    words = cal.rules.moments
    cal = cal.anew()
    # 下午3时 烈日下的三轮车: the heading of an entry is its time
    headed = entry and any(e.has("clock") and 0 <= e.start - context < 4 for e in expressions)
    first = context if headed else span[0]
    for e in expressions:
        if 0 <= context <= e.start < first and not e.period:
            resolve(e, cal)
    read: list[When] = []
    inside = [e for e in expressions if first <= e.start < span[1] and not e.period]
    started = False
    head = inside[0] if inside and (turned or inside[0].start - first < 4) else None
    same_day = head is not None and (
        head.parts.get("chain") in SAME_DAY
        or (turned and "chain" in head.parts)
        or ((entry or turned) and head.has("clock") and not head.names_day)
    )
    if same_day and cal.last is None and (day := before()) is not None and day.start is not None:
        cal.last = day.start.date()
    for n, e in enumerate(inside):
        if DATELINE_TAIL_RE.match(view[e.end : e.end + 16]):
            continue
        if words["learnt"].match(view[e.end : e.end + 30]):
            continue
        limit = inside[n + 1].start if n + 1 < len(inside) else span[1]
        if n:
            e = _seen_from(inside[n - 1], e, view, cal)
        quoted = _quoted(view, e)
        basis = "later" if quoted else _basis(view, e, limit, started, words)
        if (
            basis == "event"
            and read
            and _looks_back(e)
            and not words["deed"].search(view, e.end, _clause_end(view, e))
            and not SAID_RE.search(view, max(0, e.start - 6), e.start)
        ):
            basis = "later"
        if quoted and started and inside[n].has("relative") and not any(w.basis == "event" for w in read):
            deed = words["deed"].search(view, e.end, _clause_end(view, e))
            quoted, basis = not deed, "event" if deed else basis  # “昨晚10点多，我的包被偷了！”
        aside = quoted or (bool(read) and _former(view, e))
        when = resolve(e, replace(cal) if aside else cal, "clue" if aside else basis)
        started = started or (
            basis in {"report", "discovery", "event"} and (when.start is not None or e.names_day)
        )
        if not words["past"].search(view[e.end : e.end + 8]):
            read.append(when)
    occurred = _series(view, _within_month(view, _choose(_told_after(read)), read), read)
    if drawn_out and occurred is not None and occurred.basis in {"report", "resolution"}:
        occurred = _month_before(view, read, occurred) or occurred
    if occurred is None:
        return Timing(When(None, cal.latest, "unknown", basis="event"), None, ("no_time",))
    reported = next((w for w in read if w.basis == "report" and w.start is not None), None)
    flags = ("time_unresolved",) if occurred.start is None and occurred.text else ()
    settled = "event" if occurred.basis in {"later", "clue"} else occurred.basis
    occurred = occurred if occurred.basis == settled else occurred._replace(basis=settled)
    return Timing(occurred, reported, flags)


# 曾于2013年因盗窃入狱
ONCE_RE = re.compile(r"曾(?:经)?(?:于|在)?$")
# 2019年8月5日，李某因盗窃被抓获，获刑两年
SENTENCED_RE = re.compile(r"获刑|服刑|刑满|前科|入狱")


def _former(view: str, e: Expression) -> bool:
    """Whether it dates an earlier offence of the same culprit."""
    if ONCE_RE.search(view, max(0, e.start - 4), e.start):
        return True
    return e.parts.get("year", "")[:1] in set("12去前") and bool(
        SENTENCED_RE.search(view, e.end, _clause_end(view, e))
    )


# 打电话的乐先生说，四天前他驾车途经此地
SAID_RE = re.compile(r"(?:称|说|反映)[，：]?$")
SAME_DAY = frozenset({"同日", "同一天", "同天"})
# 发现昨晚拴在圈里的羊不见了, told of 11月2日: the night before that day
SEEN_FROM = {"昨天": "前一天", "昨日": "前一日", "昨晚": "前一晚", "昨夜": "前一晚"}


def _seen_from(before: Expression, e: Expression, view: str, cal: Calendar) -> Expression:
    """`e` as counted from the day that its own sentence names, not from the publication."""
    word = e.parts.get("relative", "")
    named = before.has("day", "mday") and cal.last is not None
    if not named or word not in SEEN_FROM or any(c in "。！？\n" for c in view[before.end : e.start]):
        return e
    parts = {"chain": SEEN_FROM[word], **{k: v for k, v in e.parts.items() if k != "relative"}}
    return replace(e, parts=parts)


def _basis(view: str, e: Expression, limit: int, started: bool, words: Mapping[str, Pattern]) -> str:
    """What the clause of an expression speaks of: event, discovery, report, resolution or later."""
    stop = _clause_end(view, e)
    after = view[e.end : min(stop, max(limit, e.end))]
    before = CLAUSE_END_RE.split(view[max(0, e.start - 40) : e.start])[-1]
    if words["coming"].match(after):
        return "later"
    if e.names_day and words["deed_time"].search(before):
        return "event"
    back = words["back"].search(before)
    if words["clue"].search(after[:36]):
        return "clue"
    if not e.names_day and words["setting"].match(after):
        return "later"
    tip = words["tip"].search(after)
    report = None if tip else words["report"].search(after)
    if report and report[0] in {"打来", "来电"} and POLICE_CALL_RE.search(after, 0, report.start()):
        return "later"
    if report is None and not started and not tip:
        report = words["arrival"].search(after)
    resolved = words["resolved"].search(after[:40])
    if _looks_back(e) and not resolved:
        return "event"
    if started and before.endswith(("从", "自")) and words["since"].match(after):
        return "later"
    if back and not (report and report.start() < 10) and not words["resolved"].match(after.lstrip("，")):
        if not e.names_day and not (
            words["said"].search(before) and not words["said"].search(view[e.end : e.end + 4])
        ):
            return "later"
        later = words["later"].search(after[:16])
        return "later" if later and started and not words["look_back"].search(before) else "event"
    head = words["said_split"].split(after)[0] if report else after
    if report and report.start() <= max(len(head), 24):
        return "report"
    if not after and words["report"].search(before):
        return "report"
    found = tip or words["discovery"].search(after[:36])
    if resolved and (started or not found):
        return "resolution"
    if started:
        return "later"
    if words["thanks"].search(after[:40]):
        return "later"
    if found and not tip and not words["come_upon"].search(view, e.end, stop):
        return "clue"  # 昨晚9点，交警设卡。今天凌晨12点20分，一辆越野车……: the check was only set up then
    return "discovery" if found else "event"


# 到了24日，小顾警官打来电话
POLICE_CALL_RE = re.compile(r"(?:警官|民警|辅警|派出所|所里|警察)$")


def _quoted(view: str, e: Expression) -> bool:
    """Whether somebody says it of their own day or year: “我今天就不走了！”, “去年花5600元买的”."""
    if e.names_day and not e.has("relative", "offset") and e.parts.get("year", "")[:1] not in {"去", "前"}:
        return False
    line = view[max(0, e.start - QUOTED) : e.start].rpartition("\n")[2]
    return line.rfind("“") > line.rfind("”")


def _looks_back(e: Expression) -> bool:
    """Whether `e` counts back from a day named before: 三天前, 前一天."""
    return e.parts.get("offset", "").endswith("前") or e.parts.get("chain", "")[:1] in {"前", "头"}


def _clause_end(view: str, e: Expression) -> int:
    """Where the sentence of `e` ends, not farther than one looks."""
    stop = CLAUSE_END_RE.search(view, e.end, e.end + AFTER)
    return stop.start() if stop else e.end + AFTER


CLAUSE_END_RE = re.compile(r"[。！？；\n]")


# 7月23日晚, 2019年5月至10月间, 周二晚, 除夕夜: a day with its month, a stretch of months, a weekday or a feast
OWN_DAY_RE = re.compile(
    r"月.{0,3}[日号]|[至到-].{0,8}月|(?:周|星期|礼拜)[一二三四五六日天]|除夕|元宵|[正腊]月|春运|高考|初[一二三四五六七八九十]|节"
)


def _told_after(read: Sequence[When]) -> list[When]:
    """`read` where what is told later lies before all that was told till then: then it is the event.

    7月25日，贾女士报警称…… 7月23日晚，对方要她下载一款软件: the deed is told after the call. 1月7日，老田看着到账短信……
    去年12月30日，民警接警赶到: what opens the story is how it ended.
    """
    lead = next((w for w in read if w.start and w.basis not in {"later", "clue"}), None)
    back = _told_back(read, lead) if lead else []
    if lead is None or not back:
        return list(read)
    told = {id(w): "event" for w in back if w.basis == "later"}
    if lead.basis == "event":
        told[id(lead)] = "later"
    return [w._replace(basis=told[id(w)]) if id(w) in told else w for w in read]


# 5月18日，李某被行政拘留十日
PENALISED_RE = re.compile(r"[^。；]{0,30}(?:拘留|处罚|罚款|判处|抓获|落网)")
# 到今年2月26日最后一次充值, 最后一组是3月4日
LAST_RE = re.compile(r"最后一(?:次|笔|回|组|起|单|趟|桩)(?![^，。]{0,4}(?:联系|见|通话|聊|露面|出现))")


def _series(view: str, occurred: When | None, read: Sequence[When]) -> When | None:
    """`occurred` up to the last deed of its series, where the text says which was the last."""
    if (
        occurred is None
        or occurred.basis != "event"
        or occurred.start is None
        or occurred.precision in COARSE
    ):
        return occurred
    for w in read:
        if w.end is None or w.span is None or not _days_before(occurred, w):
            continue
        if LAST_RE.search(view, max(0, w.span[0] - 8), w.span[0]) or LAST_RE.search(
            view, w.span[1], w.span[1] + 8
        ):
            days = [datetime.combine(t.date(), time(), t.tzinfo) for t in (occurred.start, w.end - SECOND)]
            return occurred._replace(start=days[0], end=days[1] + timedelta(1), precision="span")
    return occurred


def _within_month(view: str, occurred: When | None, read: Sequence[When]) -> When | None:
    """For a month or a season the first day or part of it that is told: 上月，三家小超市接连丢烟：8日夜里……"""
    if occurred is None or occurred.start is None or occurred.end is None:
        return occurred
    season = (occurred.text or "")[-1:] in set("春夏秋冬")
    if occurred.precision != "month" and not season:
        return occurred
    for w in read:
        finer = w.precision not in COARSE or (season and w.span != occurred.span and w.precision != "year")
        ends = w.basis == "resolution" or (w.span and PENALISED_RE.match(view, w.span[1], w.span[1] + 40))
        if w.start and finer and not ends and occurred.start <= w.start < occurred.end:
            return w._replace(basis="event")
    return occurred


def _told_back(read: Sequence[When], lead: When) -> list[When]:
    """The readings of the day on which it happened, where that lies before `lead`, with which the telling opens.

    Either the case was reported or solved before `lead`, and it happened before that; or a date of its own says so.
    """
    earlier = [w for w in read if w is not lead and _days_before(w, lead) and w.precision != "year"]
    end = next((w for w in earlier if w.basis in {"report", "resolution"}), None)
    if lead.basis == "event" and end is not None and _year_known(end, lead):
        till = [w for w in earlier[: earlier.index(end)] if w.basis == "later"] or [end]
    else:
        till = [
            w
            for w in earlier
            if w.basis in {"later", "report"}
            and w.precision != "month"
            and OWN_DAY_RE.search(w.text or "")
            and _year_known(w, lead)
        ]
    return [w for w in earlier if _same_day(w, till[0])] if till else []


YEAR_RE = re.compile(r"\d{4}|去年|今年")
MONTH_RE = re.compile(r"\d月")
FEAST_DAYS, MONTH_DAYS = 60, 300


def _year_known(w: When, lead: When) -> bool:
    """Whether the year of a date told back is stated, or the date close enough to be meant: 除夕 may be to come."""
    if w.start is None or lead.start is None:
        return False
    text = w.text or ""
    ago = (lead.start - w.start).days
    return (
        bool(YEAR_RE.search(text)) or ago < FEAST_DAYS or (ago < MONTH_DAYS and bool(MONTH_RE.search(text)))
    )


# what a fraud begins with
BEGAN_RE = re.compile(
    r"[^。！？]{0,40}?(?:认识|结识|相识|添加|加了|经人介绍|投资|借|转账|汇款|购买|下载|刷单|充值|交往|交给|付|骗)"
)


def _month_before(view: str, read: Sequence[When], moment: When) -> When | None:
    """The month told before `moment` in which the case began: 去年9月，褚某经人介绍认识了谭某……今年2月21日报案."""
    first = next((w for w in read if w.precision == "month" and w.start is not None), None)
    if first is None or moment.start is None or first.start is None or first.start >= moment.start:
        return None
    if first.span is None or not BEGAN_RE.match(view, first.span[1]):
        return None
    return first._replace(basis="event")


def _same_day(one: When, other: When) -> bool:
    return bool(one.start and other.start and one.start.date() == other.start.date())


def _days_before(one: When, other: When) -> bool:
    return bool(one.start and other.start and one.start.date() < other.start.date())


RANK = {"event": 0, "discovery": 1, "report": 2, "resolution": 3, "later": 4, "clue": 4}
COARSE = {"year", "month", "span"}


def _choose(read: Sequence[When]) -> When | None:
    """The best of the moments read: by basis, the earliest of several events, a dated one before an undated.

    A whole year or a feast gives way to anything finer that is dated, since it is the setting, not the moment.
    """
    dated = [w for w in read if w.start is not None]
    finer = [w for w in dated if w.precision != "year"] or dated
    if (
        finer
        and all(w.precision == "year" for w in finer)
        and read[0].start is None
        and read[0].basis == "event"
    ):
        return read[0]  # 近日，……去年底身份证到期后
    if finer and all(w.basis in {"later", "clue"} for w in finer):  # 昨天送来锦旗。日前的一个上午，……
        told = read[read.index(finer[0]) :]
        undated = next((w for w in told if w.start is None and w.basis in {"event", "discovery"}), None)
        if undated is not None:
            return undated
    finer = [w for w in finer if not _setting(w)] or finer
    if any(w.precision != "month" and RANK[w.basis or "event"] < 3 for w in finer):
        finer = [w for w in finer if w.precision != "month"]
    if finer:
        best = min(RANK[w.basis or "event"] for w in finer)
        same = [w for w in finer if RANK[w.basis or "event"] == best]
        first = same[0]
        if best == 0 and len(same) > 1:
            assert first.start is not None
            same = [w for w in same if not _holds(w, same)] or same
            return min(same, key=lambda w: (w.start or first.start, w.precision != "span"))
        return first
    return min(read, key=lambda w: RANK[w.basis or "event"], default=None)


def _holds(wide: When, others: Sequence[When]) -> bool:
    """Whether something gives way to what lies within it: 5月下旬相识，5月26日交钱; 三天前……14日傍晚6时许."""
    part_of_month = (wide.text or "").endswith(("旬", "初", "底", "末"))
    if not (part_of_month or wide.precision == "day") or wide.start is None or wide.end is None:
        return False
    coarse = COARSE if part_of_month else {*COARSE, "day"}
    return any(
        w.precision not in coarse and w.start is not None and wide.start <= w.start < wide.end for w in others
    )


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
