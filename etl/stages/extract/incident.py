"""From judged stretches to incidents with all their fields."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeVar

from etl.model import Agency, Article, Incident, Segment, Span, When
from etl.rules.divisions import Division
from etl.rules.extract import ExtractRules
from etl.rules.scan import Hits, within
from etl.stages.extract import admin, outcomes, places, roles, units
from etl.stages.extract import items as items_
from etl.stages.extract import segment as segment_
from etl.stages.extract.expressions import Expression
from etl.stages.extract.mention import Mention
from etl.stages.extract.segment import Read, Stretch
from etl.stages.extract.sequel import HEADED, is_aftermath, is_lead
from etl.stages.extract.text import Page
from etl.stages.extract.times import Calendar
from etl.stages.extract.units import Pronoun, Unit
from etl.stages.extract.verdict import decisive_spans, judge, whole_article, within_any
from etl.stages.extract.when import calendar, timing
from etl.steps import Steps

OPENING = 80
HARMING_KINDS = ("fire", "public_safety_accident", "contraband")  # a false alarm of these has no victim
TRAILING = {"praise", "advice", "stat", "plan", "campaign", "meeting", "law", "banner"}


class Placed(Protocol):
    @property
    def start(self) -> int: ...


P = TypeVar("P", bound=Placed)


def _start(item: Placed) -> int:
    return item.start


def between(items: Sequence[P], span: Span) -> Sequence[P]:
    """Those of `items`, which are in order, that begin within `span`."""
    return items[bisect_left(items, span[0], key=_start) : bisect_left(items, span[1], key=_start)]


@dataclass(frozen=True)
class Reading:
    """Everything found once over a body."""

    article: Article
    page: Page
    rules: ExtractRules
    times: Sequence[Expression]
    units: Sequence[Unit]
    pronouns: Sequence[Pronoun]
    framing: Sequence[Unit]
    mentions: Sequence[Mention]
    groups: Sequence[Sequence[Mention]]
    reads: Sequence[Read]
    hits: Hits
    agencies: tuple[Agency, ...]

    @cached_property
    def decisive(self) -> Sequence[Span]:
        """Where the body says how something ended."""
        return decisive_spans(self.hits)

    @cached_property
    def known(self) -> Sequence[Unit]:
        """Units that act, as far as the words around them tell."""
        return [u for u in self.units if not _helps(self, u)]

    @cached_property
    def names(self) -> Counter[str]:
        """How often each station is named."""
        return Counter(u.name for u in self.known if u.level == "station")

    @cached_property
    def dateline(self) -> Sequence[Division]:
        """Divisions that the dateline of the article names."""
        return admin.dateline_divisions(self.page.view, self.rules.divisions)

    @cached_property
    def group_of(self) -> Mapping[int, int]:
        """The group of each mention, by where it begins."""
        return {m.start: i for i, group in enumerate(self.groups) for m in group}


def _named_in(r: Reading, span: Span) -> list[Sequence[Mention]]:
    """The groups of mentions, by person, of which one stands in `span`."""
    found = dict.fromkeys(r.group_of[m.start] for m in between(r.mentions, span) if m.start in r.group_of)
    return [r.groups[i] for i in sorted(found)]


def incidents(r: Reading) -> Steps[tuple[tuple[Incident, ...], tuple[Segment, ...]]]:
    """The incidents of a body in order, and every stretch weighed with its verdict; in steps."""
    weighed = segment_.merged(segment_.stretches(r.reads))
    yield
    whole = whole_article(r.article, r.page.view, r.reads, r.rules)
    for s in weighed:
        judge(s, r.article, r.rules, r.decisive, whole)
    weighed = _same_case(weighed, r, whole)
    yield
    cal = calendar(r.article, r.page.view, r.rules.times)
    told: list[Incident] = []
    before = Before(r, cal)
    for s in weighed:
        if s.opened == "section" and not _is_entry(s):
            before.section()
        if s.verdict == "incident":
            told.append((yield from _incident(s, r, cal, before)))
            before.case(told[-1].occurred)
        elif s.verdict != "heading":
            before.passage(s)
    segments = tuple(Segment(*s.span, s.verdict, s.rule) for s in weighed)
    return tuple(told), segments


class Before:
    """When the case told before happened, or the day that a passage has set since.

    Worked out only when a case asks for it: most name their own day.
    """

    def __init__(self, r: Reading, cal: Calendar) -> None:
        self.r, self.cal = r, cal
        self.day: When | None = None
        self.lead: list[Stretch] = []  # the passages before the first case
        self.passed: list[Stretch] = []  # and since the case before
        self.under_heading = self.told = False

    def section(self) -> None:
        """A section begins: what was told before it counts no more, but for the day that the article opens with."""
        self.passed, self.under_heading = [], True

    def case(self, day: When) -> None:
        self.passed, self.under_heading, self.told = [], False, True
        self.day = day

    def passage(self, s: Stretch) -> None:
        self.passed.append(s)
        if not self.told:
            self.lead.append(s)

    def __call__(self) -> When | None:
        for s in reversed(self.passed):
            if day := _day_set(s, self.r, self.cal):
                return day
        return self.opening if self.under_heading else self.day

    @cached_property
    def opening(self) -> When | None:
        """The day of a month that the article opens with."""
        days = (_day_set(s, self.r, self.cal) for s in self.lead)
        return next((day for day in days if day and "月" in (day.text or "")), None)


def _day_set(s: Stretch, r: Reading, cal: Calendar) -> When | None:
    """The day that a stretch which tells no case sets for the entries behind it: 上周五这一页记得密密麻麻."""
    dated = [e for e in between(r.times, s.span) if e.names_day and not e.period]
    if not dated:
        return None
    day = timing(r.page.view, s.span, dated, cal).occurred
    return day if day.start is not None and day.precision not in {"year", "month", "span"} else None


def _same_case(weighed: Sequence[Stretch], r: Reading, whole: str) -> list[Stretch]:
    """Adjacent incident stretches that tell one case: a lead and its body, a series, an afterword."""
    out: list[Stretch] = []
    for s in weighed:
        at = len(out) - 1
        if is_aftermath(s):  # what lies between the deed and the thanks told nothing by itself
            while at > 0 and out[at].verdict == "no_event" and out[at].opened not in HEADED:
                at -= 1
        a = out[at] if out else None
        if a is not None and (_one_case(a, s, r) or _ends(a, s, r)):
            joined = Stretch([x for part in out[at:] for x in part.reads] + s.reads, a.opened)
            judge(joined, r.article, r.rules, r.decisive, whole)
            out[at:] = [joined]
        else:
            out.append(s)
    return out


def _ends(a: Stretch, b: Stretch, r: Reading) -> bool:
    """Whether `b` is the return or the thanks that close the theft, fraud or loss told in `a`, or a visit after it."""
    if a.verdict != "incident" or b.verdict != "incident" or not is_aftermath(b):
        return False
    gone = ("theft", "fraud", "lost_property", "violent_crime")
    return a.kind.startswith(gone) or "回访" in b.reads[0].sentence.text


def _one_case(a: Stretch, b: Stretch, r: Reading) -> bool:
    if b.opened in HEADED or a.verdict != "incident" or a.reads[-1].kind == "heading":
        return False
    if b.verdict != "incident" or segment_.another(b):
        return False
    if _caught_later(a, b, r):
        return True
    if _hinted(a, b, r):
        return True
    same_kind = a.kind.split(".")[0] == b.kind.split(".")[0]
    if same_kind and not (a.closed and within_any(r.decisive, *a.span)):
        return True
    return same_kind and (is_lead(a, b) or _hunted(a, b, r))


# 民警获悉有人在茶楼里设局赌博 ... 当晚，民警冲进包间
HINT_RE = re.compile(r"线索|获悉|得知|警觉|怀疑|可疑|举报|异常|端倪|蛛丝马迹|苗头|猫腻")


def _hinted(a: Stretch, b: Stretch, r: Reading) -> bool:
    """Whether `a` only tells how the police came to know of what they end in `b`."""
    if b.opened != "time" or a.names or a.closed or b.reads[0].cues & {"report"}:
        return False
    told = r.page.view[slice(*a.span)]
    return bool(HINT_RE.search(told)) and not _caught(told)


FLED_RE = re.compile(r"跑了|逃离|逃逸|逃跑|不知去向|扬长而去|溜走")
CAUGHT_RE = re.compile(
    r"(?:将|把)[^。]{2,24}(?:查获|抓获|抓住|截住|控制|带走)|被[^，。]{0,10}(?:抓获|抓住|截住|控制|带走)|落网|归案"
)
# 一定能将他们缉拿归案: nobody is caught yet
MEANT_RE = re.compile(r"(?:一定|必定|必将|誓|尽快|争取|早日)[^。，]{0,12}$")


def _caught(text: str) -> bool:
    """Whether somebody was caught, not merely sought."""
    return any(not MEANT_RE.search(text[max(0, m.start() - 16) : m.end()]) for m in CAUGHT_RE.finditer(text))


def _hunted(a: Stretch, b: Stretch, r: Reading) -> bool:
    """Whether `b` opens with the arrest of the one who got away in `a`."""
    told = r.page.view[slice(*a.span)]
    return bool(FLED_RE.search(told)) and _caught(b.reads[0].sentence.text) and not _caught(told)


OFFENCES = ("theft", "fraud", "violent_crime", "contraband", "gambling", "drugs", "public_order")
OPENS = 4  # sentences in which a sequel comes to the arrest


def _caught_later(a: Stretch, b: Stretch, r: Reading) -> bool:
    """Whether `b` opens with an arrest and no deed of its own, after an offence in `a` with nobody caught."""
    first = b.reads[:OPENS]
    if b.opened != "time" or any(x.cues & {"report", "discovery"} for x in first):
        return False
    at_once = _caught(first[0].sentence.text)  # 13日晚，嫌疑人冯某被抓获，车也被一并追回
    later = any(_caught(x.sentence.text) for x in first) and not any("occur" in x.cues for x in first)
    if not at_once and not later:
        return False
    return a.kind.startswith(OFFENCES) and not _caught(r.page.view[slice(*a.span)])


def _evidence(s: Stretch) -> Span:
    """From the first sentence of the case to its last: headings before and praise after it left out."""
    reads = [x for x in s.reads if x.kind == "text"]
    first = next(
        (i for i, x in enumerate(reads) if "narrative" in x.cues or x.names or segment_.opening_time(x)), 0
    )
    last = _before_statistics(reads, first)
    while last > first and _trails(reads[last]):
        last -= 1
    return reads[first].sentence.start, reads[last].sentence.end


def _trails(x: Read) -> bool:
    """Whether a sentence that ends a telling is no part of it: praise, advice, figures."""
    return bool(x.cues & TRAILING) and "narrative" not in x.cues and not x.names


def _before_statistics(reads: Sequence[Read], first: int) -> int:
    """Index of the last sentence before the figures of a period with which a telling goes over to something else.

    What the unit did all year, and what its head says of it, is no more of the case; if the case is
    taken up again, the figures stand inside it.
    """
    last = len(reads) - 1
    for i in range(last, first, -1):
        x = reads[i]
        if "narrative" in x.cues or x.names:
            break
        if "stat" in x.cues:
            last = i - 1
    return last


def _incident(s: Stretch, r: Reading, cal: Calendar, before: Before) -> Steps[Incident]:
    """All fields of the case told in `s`."""
    start, end = _evidence(s)
    view, rules = r.page.view, r.rules
    text = view[start:end]
    kind = s.kind
    span = (start, end)
    dated = between(r.times, (s.span[0], end))
    when = timing(
        view,
        span,
        dated,
        cal,
        s.span[0],
        before,
        entry=_is_entry(s) or (s.opened == "section" and before() is not None),
        turned=segment_.turns(s.reads[0].sentence.text),
        drawn_out=kind.startswith("fraud"),
    )
    yield
    marked = [(t.start, t.end) for t in between(r.times, span)] + [
        (u.start, u.end) for u in between(r.units, span)
    ]
    marked += [(m.start, m.end) for m in between(r.mentions, span) if not view.startswith("家", m.end)]
    blank = [(a - start, b - start) for a, b in marked]
    where = places.place(text, blank, rules.places)
    yield
    unit, unit_flags = station(r, (start, end), kind)
    unit = _with_bureau(unit, r) if unit else None
    stated, admin_flags = _admin(r, unit, where[0] if where else "", text[:OPENING])
    agency = _agency(unit, r) if unit else None
    yield
    things = items_.items(text, kind, rules.items)
    money = items_.amount(text, kind, rules.items)
    ended = outcomes.outcomes(view, span, r.hits, kind, rules, s.weighed)
    harmless = [view[a:b] for a, b in within(r.hits, "cue:falsealarm", start, end)]
    if kind not in {"missing_person", "runaway_juvenile"}:
        harmless = [words for words in harmless if "睡" not in words]  # asleep means safe only of one sought
    happened = outcomes.polarity(text, kind, bool(harmless), rules.outcomes.words)
    yield
    harmed_none = happened == "false_alarm" and kind.startswith(HARMING_KINDS)
    people = roles.persons(view, _named_in(r, span), span, "other" if harmed_none else kind, rules.people)
    if happened == "prevented" and kind.startswith(("fraud", "fire", "public_safety")):
        ended.setdefault("loss_prevented", [])
    yield
    spans: dict[str, tuple[Span, ...]] = {
        "occurred": (when.occurred.span,) if when.occurred.span else (),
        "reported": (when.reported.span,) if when.reported and when.reported.span else (),
        "place": (_shift(where[1], start),) if where else (),
        "station": ((unit.start, unit.end),) if unit and start <= unit.start < end else (),
        "items": tuple(_shift(x, start) for _, x in things),
        "amount_cny": (_shift(money[1], start),) if money else (),
        **{f"outcome.{code}": tuple(found[:1]) for code, found in ended.items()},
    }
    return Incident(
        kind=kind,
        occurred=when.occurred,
        evidence=(start, end),
        reported=when.reported,
        place=r.article.body[start + where[1][0] : start + where[1][1]] if where else None,
        station=unit.name if unit else None,
        station_full=unit.full if unit else None,
        agency=agency,
        province=stated.get("province"),
        city=stated.get("city"),
        district=stated.get("district"),
        persons=people,
        items=tuple(word for word, _ in things),
        amount_cny=money[0] if money else None,
        outcome=tuple(ended) or ("unknown",),
        polarity=happened,
        spans={name: found for name, found in spans.items() if found},
        flags=(
            *when.flags,
            *unit_flags,
            *admin_flags,
        ),
    )


def _is_entry(s: Stretch) -> bool:
    """Whether a mere clock at its head is of the day told before: an entry of a register, a line that opens so."""
    head = s.reads[0]
    timed = head.kind == "heading" and any(e.has("clock") for e in head.times)
    return s.opened in {"entry", "clock"} or (s.opened == "section" and timed)


def _shift(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by


# ---------------------------------------------------------------- the handling unit


def station(r: Reading, span: Span, kind: str) -> tuple[Unit | None, tuple[str, ...]]:
    """The unit that handled the case told in `span`, and flags.

    Named in the case itself before anything else; then what a pronoun form points to; then the only
    unit of the article. A unit that merely helps or receives is passed over. Source: guideline, section 5.
    """
    inside = [u for u in between(r.units, span) if not _helps(r, u)]
    if inside:
        return _acting(inside, kind), ()
    known, names = r.known, r.names
    points = between(r.pronouns, span)
    before = known[: bisect_left(known, span[0], key=_start)]
    stations = [u for u in known if u.level == "station"] if len(names) == 1 else []
    for p in points:
        same = [u for u in (before or known) if _level_group(u) == p.level]
        if p.text[0] in "该本我" and p.text[1:] in {
            "所",
            "站",
        }:  # 该站 of a page that names a station of each sort
            same = [u for u in (before or known) if u.name.endswith(p.text[1:])]
        pointed = p.text[0] in "该我本" or p.text.startswith("所")
        if same and (pointed or len({u.name for u in known if _level_group(u) == p.level}) == 1):
            return same[-1], ("station_from_pronoun",)
        if p.level == "station" and len(names) > 1:
            return None, ("station_ambiguous",)
    if len(names) == 1:
        return stations[0], ("station_from_article",)
    if not names and len({u.name for u in known}) == 1:
        return known[0], ("station_from_article",)
    if before and names:
        return (
            (before[-1], ("station_from_article",))
            if before[-1].level == "station" and not points
            else (None, ())
        )
    around = known or r.framing
    if not around and (
        named := next((p for p in points if p.text in {"交警大队", "反诈中心"}), None)
    ):  # 县公安局交警大队
        return Unit(named.start, named.end, named.text, named.text, "county"), ()
    return (_acting(around, kind), ("station_from_article",)) if around and not names else (None, ())


def _with_bureau(unit: Unit, r: Reading) -> Unit:
    """A station or team without parents put under the one bureau that the article and its sign-off name."""
    if unit.full != unit.name or unit.name.endswith("局"):
        return unit
    bureaus = {u.full for u in (*r.units, *r.framing) if _level_group(u) == "bureau" and not _helps(r, u)}
    chained = {u.full for u in r.framing if u.name == unit.name and u.full != unit.name}
    full = next(iter(chained), None) or (next(iter(bureaus)) + unit.name if len(bureaus) == 1 else unit.full)
    return replace(unit, full=full)


def _level_group(u: Unit) -> str:
    if u.level in {"station", "post"}:
        return "station"
    return "bureau" if u.name.endswith("局") else "team"


def _acting(inside: Sequence[Unit], kind: str) -> Unit:
    """Of the units in a case the one that acts: the service concerned, else a station or team before its bureau."""
    if kind in {"fire", "public_safety_accident", "rescue"}:
        fire = [u for u in inside if "消防" in u.full]
        police = [u for u in inside if u.level == "station" and "消防" not in u.full]
        if fire and not (police and (kind != "fire" or police[0].start < fire[0].start)):
            return min(fire, key=lambda u: (units.LEVEL_ORDER[u.level], u.start))
    if kind.startswith("traffic"):
        traffic = [
            u for u in inside if any(w in u.full for w in ("交警", "交通警察", "交管", "高速", "交巡警"))
        ]
        if traffic:
            return traffic[0]
    bureaus = [u for u in inside if u.name.endswith(("公安局", "分局", "公安厅", "公安部", "公安处"))]
    lower = [u for u in inside if u not in bureaus and not u.name.endswith("指挥中心")]
    bureaus = bureaus or list(inside)
    return (lower or bureaus)[0]


def _helps(r: Reading, u: Unit) -> bool:
    """Whether the words around a unit say that it only helps or receives."""
    if u.start < 0:
        return False
    view = r.page.view
    before = view[max(0, u.start - 8) : u.start]
    after = view[u.end : u.end + 8]
    return bool(r.rules.units.helping_before.search(before) or r.rules.units.helping_after.match(after))


def _admin(r: Reading, unit: Unit | None, place: str, opening: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Divisions stated by the unit's chain, the place phrase, the opening of the case and the dateline."""
    divisions = r.rules.divisions
    chains = [unit.full] if unit else []
    if not unit or unit.full == unit.name:
        chains += [u.full for u in (*r.units, *r.framing) if _level_group(u) == "bureau"][:1]
    lead = r.page.view[:OPENING].split("。")[0]
    found = [d for text in (*chains, place, opening) for d in admin.stated_divisions(text, divisions)]
    found += r.dateline
    if not found:
        found = list(admin.stated_divisions(lead, divisions))
    parts, flags = admin.settle(found)
    if "district" in parts and "city" not in parts:
        city = admin.city_stated(parts["district"], found, r.page.view, divisions)
        if city:
            parts["city"] = city
    return parts, flags


def _agency(unit: Unit, r: Reading) -> Agency | None:
    """The unit as it stands in the article's list of agencies."""
    known = next((a for a in r.agencies if a.full_name == unit.full), None)
    if known is None:
        found = units.agencies([unit], r.rules.units, r.rules.divisions)
        known = found[-1] if found else None
    return known._replace(name=unit.name) if known else None
