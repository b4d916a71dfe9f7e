"""Aggregate figures quoted in passing: metric, value, unit, period, qualifier, comparison."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate

from etl.model import Figure, Span
from etl.rules.extract import FigureRules, Pattern
from etl.rules.factoring import compile_factored
from etl.stages.extract.text import Sentence
from etl.stages.numerals import scaled


def _periods(campaign: str = "") -> Pattern:
    """What names a period, `campaign` being one more thing to count from; [\\d] since a class can be skipped to."""
    return compile_factored(
        rf"(?:截至|截止到?)[^，。、；]{{1,12}}|(?:自)?(?:[\d]\d{{3}}年(?:\d{{1,2}}月(?:\d{{1,2}}日)?)?|今年|去年|本月|上月|今年\d{{1,2}}月|[\d]\d?月(?:份|\d{{1,2}}日)?|行动(?:开展)?|{campaign}成立|入夏|入冬|入汛)以来"
        r"|(?:今年|去年|[\d]\d{3}年)(?:上半年|下半年|前\d{1,2}个月|[一二三四第]{1,2}季度|全年|\d{1,2}(?:月)?(?:至|到|—|-)\d{1,2}月(?:份)?|\d{1,2}月(?:份)?)?|(?:[\d]\d?|[一二三四五六七八九十])(?:个)?月(?:份|来|间)?|(?:近|过去)?[一两三五十\d][一两三五十\d]?(?:年|个月|周)(?:来|间|内|以来)?|上半年|下半年|全年|(?:春节|国庆|五一|元旦|中秋|暑假|春运|节日|假期)[^，。；]{0,4}期间|专项行动期间|本周|上周|一周|当天|当晚|当日|每年|日均|年均|行动(?:中|期间)"
    )


# 2022年以来, 截至8月底, 今年上半年, 去年, 一年
PERIOD_RE = _periods()
# 夏季治安打击整治行动以来: begins with anything, so that it is tried everywhere
CAMPAIGN_PERIOD_RE = _periods("[^，。、；]{0,8}行动(?:开展)?|")
YOY_RE = re.compile(
    r"同比(?:去年|上年)?[^，。；\d]{0,12}?(上升|增长|增加|提高|提升|上涨|多|下降|减少|降低|下滑|少|降)"
)
MOM_RE = re.compile(r"环比[^，。；\d]{0,12}?(上升|增长|增加|提高|提升|上涨|下降|减少|降低|下滑|降)")
RISE = {"上升", "增长", "增加", "提高", "提升", "上涨", "多"}
CHANGE_AFTER_RE = re.compile(r"^[，]?(?:同比|环比)")
# 从警20年, 35岁, 24小时: no figures of a unit's work
NOT_WORK_BEFORE_RE = re.compile(
    r"(?:第|从警|年仅|年近|年逾|现年|每|近距离|仅|限|处|罚款|不少于|不超过|时速|拘留|距离|长|宽|高|深|占地|面积|工龄|党龄|军旅生涯|出动|驱车|行程|间隔)$"
)
LONGEST_PERIOD = 24  # characters
BEFORE = 64  # characters that may say what a figure counts
METRIC_RE = re.compile(r"[\u4e00-\u9fff“”、的]{2,20}$")
WORK_RE = re.compile(
    r"破|抓|查|处|调解|化解|接|救|助|挽|追|返|办|走访|宣传|发放|排查|整改|巡逻|出动|检查|打击|劝阻|止付|冻结|服务|培训|满意|下降|上升|同比|环比|发案|警情|案件|纠纷|嫌疑人|事故|隐患|群众|起|收缴|缴获|扑救|疏散|找回|受理|为|帮|送|移送|刑拘|打掉|捣毁|拘留|处罚|登记|采集|安装|劝返|止损|覆盖|录"
)


def figures(
    sentences: Sequence[Sentence],
    taken: Sequence[Span],
    rules: FigureRules,
    since: Pattern,
) -> tuple[Figure, ...]:
    """Figures of the sentences outside `taken`, in order. A period holds until the line ends.

    Source: guideline, section 6.
    """
    found: list[Figure] = []
    starts = sorted(start for start, _ in taken)
    ends = list(accumulate((end for _, end in sorted(taken)), max))
    period: str | None = None
    line = -1
    for s in sentences:
        if s.line != line:
            line, period = s.line, None
        before = bisect_left(starts, s.end)  # how many of `taken` begin before the sentence ends
        if (before and ends[before - 1] > s.start) or not rules.counted.search(s.text):
            continue
        sentence = _Sentence(s, since)
        stated: bool | None = period is not None or None  # None: to be looked up once there is a figure
        for m in rules.figure.finditer(s.text):
            if stated is None:
                stated = sentence.since
            period = sentence.period_before(m.start()) or period
            if not stated or not _is_work(sentence, m):
                continue
            found.append(_figure(s, m, period or sentence.first_period, rules.units))
    return tuple(found)


class _Sentence:
    """What the figures of one sentence share, looked up once: a sentence may hold thousands of them."""

    def __init__(self, sentence: Sentence, since: Pattern) -> None:
        self.text = sentence.text
        self._since = since
        self._period = CAMPAIGN_PERIOD_RE if "行动" in self.text else PERIOD_RE
        self._last: str | None = None
        self._from = 0  # where the search for the next period begins
        self._done = 0  # where the last one ends

    @cached_property
    def since(self) -> bool:
        """Whether it says since when."""
        return bool(self._since.search(self.text))

    @cached_property
    def works(self) -> bool:
        """Whether it speaks of the work of a unit."""
        return bool(WORK_RE.search(self.text))

    @cached_property
    def first_period(self) -> str | None:
        m = self._period.search(self.text)
        return m[0] if m else None

    def period_before(self, end: int) -> str | None:
        """The last period named before `end`, which must not go back from one call to the next."""
        for m in self._period.finditer(self.text, self._from, end):
            self._last = m[0]
            self._from = m.start()  # with more text to see it may be longer
            self._done = m.end()
        if self._from < end - LONGEST_PERIOD:
            self._from = max(self._done, end - LONGEST_PERIOD)
        return self._last


def _is_work(sentence: _Sentence, m: re.Match[str]) -> bool:
    """Whether a number is a figure of police work, not an age, a year, a clock time or a threshold."""
    text = sentence.text
    before = text[max(0, m.start() - 12) : m.start()]
    after = text[m.end() : m.end() + 4]
    if NOT_WORK_BEFORE_RE.search(before) or (m["unit"] == "个" and after[:1] in {"月", "小", "多", "半"}):
        return False
    if m["unit"] in {
        "天",
        "小时",
        "公里",
        "本",
        "支",
        "把",
        "张",
        "面",
        "封",
        "只",
        "头",
        "栋",
        "间",
        "枚",
        "发",
        "部",
        "台",
        "套",
        "批",
        "所",
        "个",
        "条",
        "家",
        "克",
    } and not WORK_RE.search(before):
        return False
    return sentence.works


def _figure(s: Sentence, m: re.Match[str], period: str | None, units: Mapping[str, str]) -> Figure:
    """One figure from a match."""
    before = s.text[max(0, m.start() - BEFORE) : m.start()]
    clause = re.split(r"[，。；、]", before)[-1]
    change = _comparison(re.split(r"[。；]", before)[-1][-16:] + (m["lead"] or ""), m["unit"])
    return Figure(
        metric=_metric(clause) or _metric(before.rstrip("，、")),
        value=scaled(m["num"], m["mul"]),
        unit=units.get(m["unit"], m["unit"]).removeprefix("余"),
        text=m[0],
        evidence=(s.start + m.start(), s.start + m.end()),
        period=period,
        qualifier=_qualifier(m),
        comparison=change,
    )


def _metric(clause: str) -> str:
    """What is counted: the words before the number."""
    m = METRIC_RE.search(clause.rstrip("近约超共达为了"))
    return re.sub(r"^(?:累计|共计|共|先后|已|其中|该所|民警|并|分别|成功)+", "", m[0]) if m else ""


def _qualifier(m: re.Match[str]) -> str:
    lead = m["lead2"] or m["lead"] or ""
    tail = m["tail"] or ""
    if (
        m["pre"]
        or m["post"]
        or tail in {"以上", "多"}
        or m["unit"].startswith("余")
        or lead in {"超", "超过", "逾", "突破"}
    ):
        return "over"
    if tail in {"左右", "上下"} or lead in {"约", "大约"}:
        return "about"
    return "nearly" if lead in {"近", "将近"} else "exact"


def _comparison(before: str, unit: str) -> str | None:
    """yoy_up and the like where a rate follows 同比 or 环比."""
    for name, pattern in (("yoy", YOY_RE), ("mom", MOM_RE)):
        found = list(pattern.finditer(before))
        if found and "，" not in before[found[-1].end() :]:
            return f"{name}_{'up' if found[-1][1] in RISE else 'down'}"
    return None
