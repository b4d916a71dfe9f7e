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
from etl.stages.extract.turns import (
    ACCOMPLICE_RE,
    ANCHOR_RE,
    ANNOUNCED_RE,
    ANOTHER_RE,
    CLOSED_RE,
    CONTINUES_RE,
    FRESH_HEAD,
    HANDED_OVER_RE,
    KIN_COMES_RE,
    LOOKS_BACK_RE,
    NEXT_CALL_RE,
    ON_PATROL_RE,
    OTHER_CASE_RE,
    PENALTY_RE,
    PURSUIT_RE,
    THAT_DAY_RE,
)

NUMBER_RE = re.compile(
    r"^[【\[（(]?(?:(?:典型)?案例|案件|警情|故事|镜头|场景|片段|例|现场|直击)[一二三四五六七八九十\d]{1,2}[】\]）)]?[：:、.．\s]?|^[一二三四五六七八九十]{1,3}[、.．]|^\d{1,2}[、.．)）](?!\d)|^\d[.．](?=\d{1,2}日)|^[（(][一二三四五六七八九十\d]{1,2}[)）]|^[①-⑩]|^其[一二三四五][：，、]|^[★●■◆▲◎○•※➤►▶✦☆□◇⚫◉]|^[（(]图[一二三四五六七八九\d][)）]"
)
# 【路上】送餐员贝某骑车逆行……【线上】会计欧女士: short heads before the cases of a page, two or more
BRACKET_RE = re.compile(
    r"\s{0,4}【(?!口播|解说|同期|配音|画面|采访|字幕|正文|导语|旁白|现场|出镜|记者|主播|主持|片尾|来源|编者|提醒|警方|[^】]{0,8}(?:案情|经过|结果|处理|处罚|处置|回顾|说法|释法|点评|寄语|提示|法条|链接|背景|进展|调查))[^】]{1,8}】(?!$)"
)
HEADING_MAX = 42
LEAD_IN_RE = re.compile(
    r"^(?:还有|又有|[一两三四五六七几数半十\d]{1,2}(?:多)?(?:天|日|周|个月)(?:之|以)?后的(?=[\d一二三四五六七八九十上])|(?:同样|也|同|正|还|就|恰好?|又)(?:是|就)?在?(?=[\d一二三四五六七八九十上前去昨])|本报讯|本网讯|讯|\S{0,14}(?:讯|电|消息)|[（(][^）)]{0,30}[）)]|【[^】]{0,20}】|“|‘|而|但|然而|其中|据悉|，|\s|就在|早在|在|于|时间回到|时间拉回到?|直到|原来|话说|记得|这是|那是|事情(?:要)?(?:发生在|从|还得从)|事发|案发|案发于|：|:|日前，){0,64}"
)
DATELINE_RE = re.compile(
    r"(?:讯|电|消息)(?:[（(][^）)]{0,40}[）)])?[，：:\s]?$|^[（(【][^）)】]{0,30}[）)】]?$"
)
SIGNATURE_RE = re.compile(
    r"^\S{0,30}(?:公安局|分局|派出所|支队|大队|公安厅)$|^\d{4}年\d{1,2}月\d{1,2}日$|^[二〇○零一二三四五六七八九十]{4}年[^。]{2,8}日$|^[（(](?:记者|通讯员|文|图|来源|作者|摄影|\S{2,4})[^）)]{0,40}[）)]$"
)
SIGNATURE_MAX = 50
# 2017年入警的民警祝海峰: what somebody is, not when something happened
CAREER_RE = re.compile(
    r"(?:才|刚|就|便)?(?:入警|从警|参警|参加工作|入职|出生|毕业(?!生|班|季|考)|(?:退伍|退役|转业)(?!军|老?兵|干部|战士)|入伍|参军|当上)"
)
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
    parted = page.view.count("【") > 1 and (
        sum(bool(BRACKET_RE.match(line) and not is_label(line)) for line in page.view.split("\n")) > 1
    )
    officers = {m.surname for m in names if m.surname and m.lead_role == "officer"}
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
            m = names[n]
            nick = m.form == "nick" and m.surname in officers  # 老黎, who patrols through the whole story
            if m.lead_role != "officer" and m.form != "officer" and not nick:
                own.add(m.name + "某" if m.form == "surname" else m.name)  # 男子姓潘……潘某被刑事拘留
            n += 1
        first = s.line != previous_line
        numbered = bool(first and (NUMBER_RE.match(s.text.strip()) or (parted and BRACKET_RE.match(s.text))))
        if first:
            line = page.view[slice(*page.lines[s.line])].strip()
            kind, rest = _kind(line, first=True), ""
        else:
            rest = rest or _kind(line, first=False)
            kind = rest
        cues = _cues(signalled[number], inside, own)
        listed.append(Read(s, cues, tuple(inside), frozenset(own), kind, numbered, first))
        previous_line = s.line
    return listed


# 晚上10时25分 超市门前的“讨债”: an entry of a register
CLOCK_HEAD_RE = re.compile(
    r"^(?:凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|深夜)?\d{1,2}(?:时|点|:|：)(?:\d{1,2}分?|半|许)?[ \u3000]"
)


# what a signature ends with, and what a heading does not
SIGNED, UNHEADED = "局所队厅日)）", "。；，、：…’"


def _kind(line: str, *, first: bool) -> str:
    """heading, signature or text: what the first or a later sentence of `line` is."""
    last = line[-1]
    if len(line) <= SIGNATURE_MAX and last in SIGNED and SIGNATURE_RE.match(line):
        return "signature"
    if (
        first
        and len(line) <= HEADING_MAX
        and last not in UNHEADED
        and (last != "”" or line.startswith("“") or CLOCK_HEAD_RE.match(line))
        and "。" not in line
        and (not line.startswith(("“", "‘")) or (len(line) <= 26 and "！" not in line and "？" not in line))
        and not (last in "！？" and len(line) > 24)
        and not is_label(line)
    ):
        return "heading"
    if len(line) <= 14 and last in "：:" and NUMBER_RE.match(line):
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


YEARLY = frozenset({"year", "yearpart"})


def _cues(found: set[str], times: Sequence[Expression], names: set[str]) -> frozenset[str]:
    """Cue families of a sentence, and `narrative` where it may tell of a particular event.

    Particular is a named person, somebody singled out (一名男子), or a moment of its own; what is
    conditional, habitual or counted over a period is not.
    """
    dated = bool(times) and any(not e.period and not e.parts.keys() <= YEARLY for e in times)
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
    if r.first and current.narrative and turns(r.sentence.text):
        return "fresh"
    if r.names & current.names and current.narrative:
        return ""
    if opening_time(r):
        return "time"
    if r.first and current.narrative and KIN_COMES_RE.match(r.sentence.text):
        return ""
    if r.first and ANOTHER_RE.match(r.sentence.text) and current.closed and _someone_else(r):
        return "same day"
    if r.first and "fresh" in r.cues and FRESH_HEAD.match(r.sentence.text) and current.closed:
        return "fresh"
    calls = NEXT_CALL_RE.match(r.sentence.text) or not _continues(r)
    if r.first and "report" in r.cues and calls and current.closed and r.names:
        return "report"
    if r.first and r.times and _clock_opens(r) and current.closed and not _continues(r) and current.narrative:
        return "clock"
    return ""


def _someone_else(r: Read) -> bool:
    """Whether a sentence reports or finds something, or names somebody not tied to the one before."""
    return bool(r.cues & {"report", "discovery"} or (r.names and not ACCOMPLICE_RE.search(r.sentence.text)))


def _clock_opens(r: Read) -> bool:
    """Whether a paragraph opens with an hour of its own and something found or reported then."""
    e = r.times[0]
    return (
        e.start - r.sentence.start <= 4
        and e.has("clock")
        and bool(r.cues & {"report", "discovery"} or "singled" in r.cues or r.names)
        and not PURSUIT_RE.match(r.sentence.text)
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
    if not r.times:
        return None
    text = r.sentence.text
    lead = LEAD_IN_RE.match(text)
    head = lead.end() if lead else 0
    for e in r.times:
        at = e.start - r.sentence.start
        if at < head and e.end - r.sentence.start <= head:
            continue  # 几天后的11月6日
        if at > head + 2 and not (at <= 34 and DATELINE_RE.search(text[:at])):
            return None
        if CAREER_RE.match(text, e.end - r.sentence.start):
            return None
        if DATELINE_RE.match(text[at : e.end - r.sentence.start + 1]) or e.period:
            continue
        if text.startswith(("讯", "电", "消息"), e.end - r.sentence.start):
            head = e.end - r.sentence.start + 30
            continue
        if e.names_day:
            return e
        return None
    return None


def _continues(r: Read) -> bool:
    return bool(CONTINUES_RE.match(r.sentence.text))


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


def another(s: Stretch) -> bool:
    """Whether a stretch says in its first words that it tells of a further case."""
    text = s.reads[0].sentence.text.lstrip("“")
    return bool(OTHER_CASE_RE.match(text) or turns(text))


def turns(text: str) -> bool:
    """Whether a sentence leaves one case for the next."""
    return bool(HANDED_OVER_RE.match(text) or ANNOUNCED_RE.match(text))


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


def _belongs(a: Stretch, b: Stretch) -> bool:
    """Whether `b` carries on the case of `a`."""
    if b.opened == "section":
        return _same_told_on(a, b)
    if b.opened in {"heading", "number", "entry"} or a.reads[-1].kind == "heading":
        return False
    if another(b) and (not a.names & b.names or turns(b.reads[0].sentence.text)):
        return False
    if ANCHOR_RE.match(a.reads[0].sentence.text) and len(a.reads) < 5:
        return True
    if a.narrative and not b.names - a.names and LOOKS_BACK_RE.match(b.reads[0].sentence.text):
        return True
    if not a.closed and THAT_DAY_RE.match(b.reads[0].sentence.text):
        return True
    if not a.narrative:
        return False
    if a.names & b.names or (not b.names and PENALTY_RE.match(b.reads[0].sentence.text)):
        return True
    if a.closed:
        return False
    head = b.reads[0]
    line = head.sentence.line
    told = any(r.sentence.line == line and "narrative" in r.cues for r in a.reads)
    if head.first and head.names and ON_PATROL_RE.match(head.sentence.text):
        return False
    return (not head.first and told) or bool(PURSUIT_RE.match(head.sentence.text))
