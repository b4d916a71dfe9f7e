"""Which stretches of a body tell an incident, and why the others do not.

Sentences are read once for their cues. A case begins at a heading, a number, or a sentence that
opens with a time of its own and something happening; it runs on until the next one. Stretches that
belong together are merged, then each is judged.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etl.model import Span
from etl.rules.scan import Hits
from etl.stages.extract.expressions import Expression
from etl.stages.extract.mention import Mention
from etl.stages.extract.register import is_entry, is_label, is_register
from etl.stages.extract.text import Page, Sentence

NUMBER_RE = re.compile(
    r"^[【\[（(]?(?:(?:典型)?案例|案件|警情|故事|镜头|场景|片段|例|现场|直击)[一二三四五六七八九十\d]{1,2}[】\]）)]?[：:、.．\s]?|^[一二三四五六七八九十]{1,3}[、.．]|^\d{1,2}[、.．)）](?!\d)|^\d[.．](?=\d{1,2}日)|^[（(][一二三四五六七八九十\d]{1,2}[)）]|^[①-⑩]|^其[一二三四五][：，、]|^[★●■◆▲◎○•※➤►▶✦☆□◇⚫◉]|^[（(]图[一二三四五六七八九\d][)）]"
)
HEADING_MAX = 42
LEAD_IN_RE = re.compile(
    r"^(?:还有|又有|(?:同样|也|同|正|还|就|恰好?|又)(?:是|就)?在?(?=[\d一二三四五六七八九十上前去昨])|本报讯|本网讯|讯|\S{0,14}(?:讯|电|消息)|[（(][^）)]{0,30}[）)]|【[^】]{0,20}】|“|‘|而|但|然而|其中|据悉|，|\s|就在|早在|在|于|时间回到|时间拉回到?|直到|原来|话说|记得|这是|那是|事情(?:要)?(?:发生在|从|还得从)|事发|案发|案发于|：|:|日前，){0,64}"
)
DATELINE_RE = re.compile(
    r"(?:讯|电|消息)(?:[（(][^）)]{0,40}[）)])?[，：:\s]?$|^[（(【][^）)】]{0,30}[）)】]?$"
)
SIGNATURE_RE = re.compile(
    r"^\S{0,30}(?:公安局|分局|派出所|支队|大队|公安厅)$|^\d{4}年\d{1,2}月\d{1,2}日$|^[二〇○零一二三四五六七八九十]{4}年[^。]{2,8}日$|^[（(](?:记者|通讯员|文|图|来源|作者|摄影|\S{2,4})[^）)]{0,40}[）)]$"
)
SIGNATURE_MAX = 50
NARRATIVE = frozenset({"report", "discovery", "occur", "handling"})
# Cues that make a sentence unfit to carry an event, in order of the reason given.
GENERIC = frozenset({"advice", "law", "plan", "meeting", "campaign", "recruitment", "advertisement"})
UNFIT = (
    "fiction",
    "foreign",
    "drill",
    "recruitment",
    "advertisement",
    "history",
    "law",
    "advice",
    "stat",
    "plan",
    "campaign",
    "meeting",
    "banner",
    "hypothetical",
    "praise",
)

CONDEMNED = frozenset(UNFIT) - {"meeting", "banner", "hypothetical", "praise"}


@dataclass(slots=True)
class Read:
    """A sentence with its cues and the time expressions and names in it."""

    sentence: Sentence
    cues: frozenset[str]
    times: tuple[Expression, ...]
    names: frozenset[str]
    kind: str  # text, heading, quote, signature
    numbered: bool
    first: bool  # first sentence of its line


@dataclass(slots=True)
class Stretch:
    """Consecutive sentences weighed together."""

    reads: list[Read]
    opened: str  # the rule that began it
    verdict: str = ""
    rule: str = ""
    names: set[str] = field(default_factory=set)
    weighed: Mapping[str, float] = field(default_factory=dict)  # once judged to tell a case
    kind: str = ""
    narrative: bool = False  # whether a sentence of it may tell an event
    closed: bool = False  # whether the case told has come to an end

    def __post_init__(self) -> None:
        for r in self.reads:
            self._note(r)

    def append(self, r: Read) -> None:
        self.reads.append(r)
        self._note(r)

    def _note(self, r: Read) -> None:
        self.names |= r.names
        self.narrative = self.narrative or "narrative" in r.cues
        self.closed = self.closed or bool(CLOSED_RE.search(r.sentence.text))

    @property
    def span(self) -> tuple[int, int]:
        return self.reads[0].sentence.start, self.reads[-1].sentence.end

    def ranges(self, reads: Sequence[Read]) -> list[Span]:
        """Spans of the headings and of `reads`."""
        heads = [r for r in self.reads if r.kind == "heading"]
        return [(r.sentence.start, r.sentence.end) for r in (*heads, *reads)]

    def told(self) -> list[Read]:
        """The sentences that may carry the event: text that is neither advice nor a figure."""
        return [r for r in self.reads if r.kind != "heading" and fit(r)]


def fit(r: Read) -> bool:
    """Whether a sentence can tell of a particular event."""
    if r.kind in {"heading", "signature"}:
        return False
    if "narrative" in r.cues:
        return not (r.cues & {"fiction", "foreign", "drill"})
    return not (r.cues & CONDEMNED)


def read(page: Page, times: Sequence[Expression], names: Sequence[Mention], hits: Hits) -> list[Read]:
    """Every sentence with what it contains."""
    listed = []
    signalled = _by_sentence(page, hits)
    t = n = 0
    previous_line, line = -1, ""
    kind, rest = "text", ""  # of the first sentence of a line, and of the others once there is one
    for number, s in enumerate(page.sentences):
        while t < len(times) and times[t].start < s.start:
            t += 1
        inside = []
        while t < len(times) and times[t].start < s.end:
            inside.append(times[t])
            t += 1
        while n < len(names) and names[n].start < s.start:
            n += 1
        own = set()
        while n < len(names) and names[n].start < s.end:
            if names[n].lead_role != "officer" and names[n].form != "officer":
                own.add(names[n].name)
            n += 1
        first = s.line != previous_line
        numbered = bool(first and NUMBER_RE.match(s.text.strip()))
        if first:
            line = page.view[slice(*page.lines[s.line])].strip()
            kind, rest = _kind(line, first=True), ""
        else:
            rest = rest or _kind(line, first=False)
            kind = rest
        listed.append(
            Read(
                s, _cues(signalled[number], inside, own), tuple(inside), frozenset(own), kind, numbered, first
            )
        )
        previous_line = s.line
    return listed


# 晚上10时25分 超市门前的“讨债”: an entry of a register
CLOCK_HEAD_RE = re.compile(
    r"^(?:凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|深夜)?\d{1,2}(?:时|点|:|：)(?:\d{1,2}分?|半|许)?[ \u3000]"
)


def _kind(line: str, *, first: bool) -> str:
    """heading, signature or text: what the first or a later sentence of `line` is."""
    if len(line) <= SIGNATURE_MAX and SIGNATURE_RE.match(line):
        return "signature"
    if (
        first
        and len(line) <= HEADING_MAX
        and not is_label(line)
        and line[-1]
        not in ("。；，、：…’" if line.startswith("“") or CLOCK_HEAD_RE.match(line) else "。；，、：”…’")
        and "。" not in line
        and (not line.startswith(("“", "‘")) or (len(line) <= 26 and not re.search(r"[！？]", line)))
        and not (line[-1] in "！？" and len(line) > 24)
    ):
        return "heading"
    if len(line) <= 14 and NUMBER_RE.match(line) and line[-1] in "：:":
        return "heading"
    return "text"


def _by_sentence(page: Page, hits: Hits) -> list[set[str]]:
    """The cue families that each sentence holds."""
    starts = [s.start for s in page.sentences[1:]]  # what stands before the first one counts as in it
    found: list[set[str]] = [set() for _ in page.sentences]
    for tag, spans in hits.items():
        if tag.startswith("cue:"):
            name = tag[4:]
            for start, _ in spans:
                found[bisect_right(starts, start)].add(name)
    return found


def _cues(found: set[str], times: Sequence[Expression], names: set[str]) -> frozenset[str]:
    """Cue families of a sentence, and `narrative` where it may tell of a particular event.

    Particular is a named person, somebody singled out (一名男子), or a moment of its own; what is
    conditional, habitual or counted over a period is not.
    """
    dated = bool(times) and any(not e.period and not set(e.parts) <= {"year", "yearpart"} for e in times)
    if not (names or "someone" in found or dated):
        return frozenset(found)
    happens = bool(found & NARRATIVE) or dated or bool(names)
    told = dated and found & {"report", "discovery", "handling"}
    general = "hypothetical" in found and not names and not told
    counted = "stat" in found and not names
    generic = (
        bool(found & GENERIC)
        and not names
        and not ("singled" in found and found & {"report", "discovery", "occur"})
    )
    if happens and not (general or counted or generic):
        found.add("narrative")
    return frozenset(found)


# ---------------------------------------------------------------- stretches


def stretches(reads: Sequence[Read]) -> list[Stretch]:
    """The body cut where a case may begin, before anything is judged."""
    cut: list[Stretch] = []
    register = is_register([r.sentence.text for r in reads if r.first])
    headings: list[Read] = []
    for i, r in enumerate(reads):
        if r.kind == "heading":
            headings.append(r)
            continue
        reason = _opens(reads, i, cut[-1] if cut else None, bool(headings))
        if register and r.first and is_entry(r.sentence.text):
            reason = "entry"
        if reason or not cut:
            cut += [Stretch([h], "heading") for h in headings[:-1]]
            quotes = _quotes_before(cut[-1] if cut else None, r)
            cut.append(Stretch([*headings[-1:], *quotes, r], reason or "start"))
        else:
            cut[-1].append(r)
        headings = []
    cut += [Stretch([h], "heading") for h in headings]
    return cut


def _quotes_before(current: Stretch | None, r: Read) -> list[Read]:
    """Quotations that stand before `r` in its own line and lead up to it, taken away from `current`."""
    taken: list[Read] = []
    if current is None or r.first:
        return taken
    while len(current.reads) > 1 and current.reads[-1].sentence.line == r.sentence.line:
        if not current.reads[-1].sentence.text.startswith("“"):
            break
        taken.insert(0, current.reads.pop())
    if taken and taken[0].first:
        return taken
    current.reads += taken
    return []


def _opens(reads: Sequence[Read], i: int, current: Stretch | None, after_heading: bool) -> str:
    """The rule by which sentence `i` begins a new case; empty if it carries on."""
    r = reads[i]
    if after_heading:
        return "section"
    if r.numbered:
        return "number"
    if current is None:
        return "start"
    if not _begins(reads, i):
        return ""
    if current.opened == "number" and not r.first:
        return ""
    if r.names & current.names and current.narrative:
        return ""
    if opening_time(r):
        return "time"
    if r.first and ANOTHER_RE.match(r.sentence.text) and current.closed and r.cues & {"report", "discovery"}:
        return "same day"
    if r.first and "fresh" in r.cues and FRESH_HEAD.match(r.sentence.text) and current.closed:
        return "fresh"
    if r.first and "report" in r.cues and not _continues(r) and current.closed and r.names:
        return "report"
    if r.first and r.times and _clock_opens(r) and current.closed and not _continues(r) and current.narrative:
        return "clock"
    return ""


def _clock_opens(r: Read) -> bool:
    """Whether a paragraph opens with an hour of its own and something found or reported then."""
    e = r.times[0]
    return (
        e.start - r.sentence.start <= 4
        and e.has("clock")
        and bool(r.cues & {"report", "discovery"} or "singled" in r.cues)
    )


# 同日下午，该所民警又: a further case dated by the one before
ANOTHER_RE = re.compile(
    r"^(?:就在)?(?:同日|当日|当天|同一天|次日|第二天|当晚|前一天|前一晚|头一天)[^，。]{0,8}，[^。]{0,16}(?:又|另|还)"
)
FRESH_HEAD = re.compile(
    r"^(?:“|‘)?(?:无独有偶|(?:同样|一样)[^，。]{1,8}的(?:还有|也有|是)|(?:和|跟|与|比)(?:他|她|它)们?(?:一样|更|还)[^，。]{0,8}(?:的|还有|也有)|另(?:一起|外)|又有|还有(?:一次|一起|一位|一回)|类似的|同样|除此之外|此外|而在|再如|再比如|比如|例如|家住|辖区(?:居民|群众|村民)|市民|村民|居民|同日|当天|同一天|在)"
)


BEGINNING = frozenset({"report", "discovery", "narrative"})


def _begins(reads: Sequence[Read], i: int) -> bool:
    """Whether sentence `i`, or the one after it in the same line, starts something: a report, a find, an event."""
    r = reads[i]
    if not r.cues.isdisjoint(BEGINNING) or ("occur" in r.cues and "someone" in r.cues):
        return True
    following = reads[i + 1] if i + 1 < len(reads) else None
    return (
        following is not None and following.sentence.line == r.sentence.line and "narrative" in following.cues
    )


def opening_time(r: Read) -> Expression | None:
    """The time expression that opens a sentence and names a day of its own."""
    text = r.sentence.text
    lead = LEAD_IN_RE.match(text)
    head = lead.end() if lead else 0
    for e in r.times:
        at = e.start - r.sentence.start
        if at > head + 2 and not (at <= 34 and DATELINE_RE.search(text[:at])):
            return None
        if DATELINE_RE.match(text[at : e.end - r.sentence.start + 1]) or e.period:
            continue
        if re.match(r"(?:讯|电|消息)", text[e.end - r.sentence.start :]):
            head = e.end - r.sentence.start + 30
            continue
        if e.names_day:
            return e
        return None
    return None


def _continues(r: Read) -> bool:
    return bool(CONTINUES_RE.match(r.sentence.text))


CONTINUES_RE = re.compile(
    r"^(?:【[^】]{0,8}】)?(?:“|‘)?(?:行动(?:中|当)|现场|抓捕|搜救|救援人员|接警|接报|接到(?:报警|求助|指令|警情|报案|线索|预警|群众报警)?后|案发后|事发后|经|随后|随即|之后|后来|后|最终|最后|目前|现|据|原来|为|由于|因|鉴于|考虑到|面对|了解|得知|看|见|民警|辅警|消防|交警|办案|值班|两人|二人|双方|三人|该|此案|此事|其|他|她|老人|男子|女子|与此同时|同时|另一边|不久|很快|不料|然而|但|于是|到案|归案|落网|抵达|到达|赶到|途中|通过|根据|事后|至此|终于|好在|所幸|当晚|当日|次日|第二天|翌日)"
)


CLOSED_RE = re.compile(
    r"抓获|归案|拘留|刑拘|罚款|调解|和解|握手言和|送回|送到|送往|归还|交还|返还|领回|领到了?(?:户口|身份证|证件|新证)|拿到了?(?:户口|身份证|证件|新证|临时)|(?:身份证|户口本|户口簿|证件|准考证)[^，。]{0,6}(?:交|送|递)(?:到|给)|赶上(?:了)?(?:考试|高考|火车|开考)|物归原主|团聚|接回|救(?:出|起|下|上)|脱险|获救|扑灭|道谢|感谢|致谢|锦旗|止付|保住|避免|办理中|办好|送医|化解|道歉|协议|找到|找回|追回|感激|称赞|依法|协商|赔偿|离开|到案|传唤|被控制|处罚|收缴|扣留|打开|解救|脱困|排除|关闭|关掉|平安|康复|和好|点头|满意|放归|摘除|取下|取出|锯开|扶出|完好|原谅|保证|认错|回家|回到|查获|查处|带回|送医|赔了不是|竖起|擦|拥抱|抱头|团圆"
)


# 11日晚，嫌疑人吴某落网; 1月2日，办案民警在出租屋内将其抓获
PURSUIT_RE = re.compile(
    r"^[^。]{0,40}(?:嫌疑人|其抓获|该案|此案|本案|案件|作案|专案|办案|侦查|锁定|落网|归案|抓捕|该男子|该女子|老人|民警(?:再次|终于|通过|在)|(?:将|把)[^。]{0,12}抓获)|^[^。]{0,50}(?:将|把)[^。]{2,24}(?:查获|抓获|抓住|截住|堵住|控制|带走)|^[^。]{0,60}(?:核查|摸排|排查|研判|比对)[^。]{0,30}(?:发现|确认|锁定)"
)


def merged(cut: Sequence[Stretch]) -> list[Stretch]:
    """Stretches that tell one case put together: same persons, a chain, a lead and its body, a series."""
    out: list[Stretch] = []
    for s in cut:
        if out and _belongs(out[-1], s):
            for r in s.reads:
                out[-1].append(r)
        else:
            out.append(s)
    return [_with_lead_in(out[i - 1] if i else None, s) for i, s in enumerate(out)]


LEAD_IN_MAX = 60


def _with_lead_in(a: Stretch | None, b: Stretch) -> Stretch:
    """`b` with the short sentences that open its paragraph, taken from the case before: 城郊也不太平。3月2日…"""
    head = b.reads[0]
    if a is None or head.first or b.opened != "time":
        return b
    moved = 0
    for r in reversed(a.reads):
        if r.sentence.line != head.sentence.line:
            break
        moved += 1
    lead = a.reads[len(a.reads) - moved :]
    if not moved or moved == len(a.reads) or not lead[0].first or moved > 2:
        return b
    if head.sentence.start - lead[0].sentence.start > LEAD_IN_MAX or any(r.times or r.names for r in lead):
        return b
    del a.reads[-moved:]
    b.reads[:0] = lead
    return b


# 还有一天，值班民警正在吃饭: another case, however like the one before
OTHER_CASE_RE = re.compile(
    r"^(?:还有(?:一|个)|又(?:有)?一|又是一|另(?:一|有|外一)|无独有偶|类似的|同样的|再(?:如|比如)|(?:还有|另)一[起次回天位])"
)


def another(s: Stretch) -> bool:
    """Whether a stretch says in its first words that it tells of a further case."""
    return bool(OTHER_CASE_RE.match(s.reads[0].sentence.text.lstrip("“")))


def _same_told_on(a: Stretch, b: Stretch) -> bool:
    """Whether a section carries on a case that has no end yet (案情回放 … 抽丝剥茧 民警迅速调取监控)."""
    if not a.narrative or a.closed:
        return False
    first = next((r for r in b.reads if r.kind == "text"), None)
    return (
        first is not None
        and _continues(first)
        and "report" not in first.cues
        and opening_time(first) is None
        and not first.numbered
    )


# 【口播】昨天是高考第一天: what the presenter says before the film tells it
ANCHOR_RE = re.compile(r"^(?:【(?:口播|导语|主播|主持人|提要)】|(?:口播|导语|主播|主持人|提要)：)")


# 那天儿媳妇肚子疼: the day has been named
THAT_DAY_RE = re.compile(r"^(?:“|‘)?(?:那|事发|案发|出事)(?:天|晚|日|夜|一天|一晚|一夜|时)")


def _belongs(a: Stretch, b: Stretch) -> bool:
    """Whether `b` carries on the case of `a`."""
    if b.opened == "section":
        return _same_told_on(a, b)
    if b.opened in {"heading", "number", "entry"} or a.reads[-1].kind == "heading":
        return False
    if another(b) and not a.names & b.names:
        return False
    if ANCHOR_RE.match(a.reads[0].sentence.text) and len(a.reads) < 5:
        return True
    if not a.closed and THAT_DAY_RE.match(b.reads[0].sentence.text):
        return True
    if not a.narrative:
        return False
    if a.names & b.names:
        return True
    if a.closed:
        return False
    head = b.reads[0]
    line = head.sentence.line
    told = any(r.sentence.line == line and "narrative" in r.cues for r in a.reads)
    return (not head.first and told) or bool(PURSUIT_RE.match(head.sentence.text))
