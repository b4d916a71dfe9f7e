"""Police, fire and traffic units: chains as read, short forms resolved to the fullest form of the article.

Chinese sets no spaces, so the left end of a name is the problem: 接警后长阳派出所 is 长阳派出所. A chain
grows from ending to ending (公安局 ... 分局 ... 派出所); what stands before the first is cut at a division
name, a time, a preposition or the like.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from etl.model import Agency, Article, Span
from etl.rules.divisions import Divisions
from etl.rules.extract import UnitRules
from etl.rules.factoring import compile_factored
from etl.stages.extract.admin import settle, stated_divisions
from etl.stages.extract.text import places

HAN_RUN_RE = re.compile(r"\n?[\u4e00-\u9fff·]{1,60}")  # read backwards
MAX_NAME = 22
MAX_PARTS = 7  # ministry to post: no chain is longer
STATION_TAIL_RE = compile_factored(r"(?:边境|水上|铁路|森林|交通|治安)?派出所$")
# 石桥镇, 双河乡 before a longer name: the seat, not part of the shortest form
TOWN_RE = re.compile(r"^[\u4e00-\u9fff]{2,4}?(?:街道|镇|乡)(?=[\u4e00-\u9fff]{2,}派出所)")
# 县交警大队: the seat without its name
SEAT_RE = re.compile(r"^[市县区州旗](?=(?!公安|消防|局)[\u4e00-\u9fff]{2,6}(?:大队|支队|中队)$)")
# 水上派出所: what a station is, and too little to tell it from others; the longer form is its name
SORT_RE = re.compile(r"^(?:水上|边境|森林|林区|铁路|车站|机场|中心|治安|景区|交通|校区)派出所$")
# 石塘所民警: a short form whose full form may never come
SHORT_RE = re.compile(r"([\u4e00-\u9fff]{2,3})所(?=民警|辅警|值班|接|的?民|立即|处警|出警|所长)")
AFTER_SHORT = frozenset("民辅值接的立处出所")
NOT_SHORT = frozenset("场厕诊住会处究守留务生易毒容寓居管司法供财保政究戒疗事众厕出该我本派")
LEVEL_ORDER = {"station": 0, "post": 1, "team": 2, "county": 3, "city": 4, "province": 5, "ministry": 6}


Part = tuple[int, int, str]  # of a chain, with its ending


@dataclass(slots=True)
class Unit:
    """A unit mentioned at `[start, end)`: its name without parents and with those stated."""

    start: int
    end: int
    name: str
    full: str
    level: str


@dataclass(slots=True)
class Pronoun:
    """A form that needs an antecedent: 该所, 派出所, 分局."""

    start: int
    end: int
    level: str
    text: str


def find(
    view: str, rules: UnitRules, divisions: Divisions, times: Sequence[Span]
) -> tuple[list[Unit], list[Pronoun]]:
    """Named units and pronoun forms of a body, in order."""
    units: list[Unit] = []
    pronouns: list[Pronoun] = []
    bounds = sorted(e for _, e in times)
    parts: list[Part] = []
    last_end = 0
    for m in rules.ending.finditer(view):
        left = _left_end(view, m.start(), max(last_end, _before(bounds, m.start())))
        if 0 < len(parts) < MAX_PARTS and left == last_end:
            name = _clean(view[last_end : m.start()], rules, divisions, inner=True)
            if name == view[last_end : m.start()] and (name or m[0] not in {"派出所", "大队", "中队"}):
                parts.append((last_end, m.end(), m[0]))
                last_end = m.end()
                continue
        _flush(view, parts, units, rules, divisions)
        raw = view[left : m.start()]
        name = _clean(raw, rules, divisions, inner=False)
        chain_start = m.start() - len(name)
        parts = [(chain_start, m.end(), m[0])] if name else []
        last_end = m.end()
        if not name:
            pronouns.append(_pronoun(view, m.start(), m.end(), m[0], rules))
    _flush(view, parts, units, rules, divisions)
    taken = bytearray(len(view))
    for start, end in [(u.start, u.end) for u in units] + [(p.start, p.end) for p in pronouns]:
        taken[start:end] = b"\1" * (end - start)
    for m in rules.pronoun.finditer(view):
        if not taken[m.start()]:
            pronouns.append(Pronoun(m.start(), m.end(), rules.pronouns[m[0]], m[0]))
    by_name = {u.name: u for u in units if len(u.name) >= 5}
    if len(by_name) > 1:
        units = [_tailed(u, by_name) for u in units]
    units += _short_forms(view, units)
    units.sort(key=lambda u: u.start)
    pronouns.sort(key=lambda p: p.start)
    return _fullest(units), pronouns


FRAME_LINES = {"sign-off", "byline", "issue"}


def framing(article: Article, rules: UnitRules, divisions: Divisions) -> list[Unit]:
    """Units that stand around the body: in its title, its sign-off, its source. They have no span (-1)."""
    lines = [
        article.title or "",
        article.source or "",
        *(line for why, line in article.removed if why in FRAME_LINES),
    ]
    text = "\n".join(line for line in lines if line)
    found, _ = find(text, rules, divisions, ())
    return [Unit(-1, -1, u.name, u.full, u.level) for u in found]


def _tailed(unit: Unit, by_name: Mapping[str, Unit]) -> Unit:
    """`unit` under the name that its end bears elsewhere: 相信太东派出所 is 太东派出所, 水上派出所 湖滨水上派出所."""
    if SORT_RE.match(unit.name):
        longer = [u for name, u in by_name.items() if name != unit.name and name.endswith(unit.name)]
        if len(longer) == 1:
            return Unit(unit.start, unit.end, longer[0].name, longer[0].full, unit.level)
    for cut in range(1, len(unit.name) - 4):
        other = by_name.get(unit.name[cut:])
        if other is not None and not SORT_RE.match(other.name):
            return Unit(unit.end - len(other.name), unit.end, other.name, other.full, other.level)
    return unit


def _before(bounds: Sequence[int], position: int) -> int:
    i = bisect_right(bounds, position)
    return bounds[i - 1] if i else 0


def _left_end(view: str, start: int, floor: int) -> int:
    """Where the run of Han characters before `start` begins, not before `floor`."""
    m = HAN_RUN_RE.match(view[max(floor, start - MAX_NAME) : start][::-1])
    return start - m.end() if m else start


def _pronoun(view: str, start: int, end: int, ending: str, rules: UnitRules) -> Pronoun:
    level = "station" if ending.endswith(("派出所", "所")) else "bureau" if ending.endswith("局") else "team"
    before = view[start - 1 : start]
    text = (before if before in {"该", "我", "本"} else "") + ending
    return Pronoun(start, end, level, text)


@lru_cache(maxsize=4096)  # the same few names stand behind the same few words
def _clean(raw: str, rules: UnitRules, divisions: Divisions, *, inner: bool) -> str:
    """The part of `raw` that belongs to a unit name; empty if none does.

    Source of the order: a division name is the best left end, then a cut word that is not inside a
    name word such as 和平 or 向阳.
    """
    if not raw:
        return raw
    if not inner:
        at = _division_start(raw, divisions)
        if at is not None and not _cut_after(raw, at, rules):
            return raw[at:]
    cut = 0
    for m in rules.cut.finditer(raw):
        if _kept(raw, m.start(), m.end(), rules) or (
            len(m[0]) == 1 and _within(raw, m.start(), rules, inner=inner)
        ):
            continue
        cut = m.end()
    name = raw[cut:]
    if name in rules.indefinite or (not inner and len(name) > 7) or CLAUSE_CHAR_RE.search(name):
        return ""
    return "" if len(name) < (2 if cut or not inner else 1) and not inner else name


# 到镇派出所: one character that names no station even with the one before it
KINDS_OF_PLACE = frozenset("镇乡村市县区局所站州省")


def _within(raw: str, at: int, rules: UnitRules, *, inner: bool) -> bool:
    """Whether the cut character at `at` belongs to the name: 宁江分局伯都, 曾溪 (one character names nothing)."""
    if inner and at > 0:
        return True
    return at == len(raw) - 2 and raw[-1] not in KINDS_OF_PLACE and not rules.cut.match(raw, at + 1)


# 我市公安局, and 该局治安大队 whose bureau was named before
HERE_RE = re.compile(
    r"^(?:我[市县区局]|[市县区州旗]局(?=[\u4e00-\u9fff]{2,8}(?:派出所|大队|支队|中队)$)|[该本]局|局(?=[治刑巡交禁网经特指法出户反情])|局(?=[\u4e00-\u9fff]{2,8}(?:派出所|大队|支队|中队)$))"
)


def _without_here(chain: str) -> str:
    here = HERE_RE.match(chain)
    return chain[here.end() :] if here else chain


# No unit name holds these: what precedes is a clause (不敢相信派出所)
CLAUSE_CHAR_RE = re.compile(r"那(?=[家个边里时天名位些晚样])|[不没了这很敢吗呢吧啊她它们你您谁怎么信]")


def _cut_after(raw: str, at: int, rules: UnitRules) -> bool:
    """Whether a plain cut word of two or more characters stands right of `at`."""
    return any(m.start() > at + 1 and len(m[0]) > 1 for m in rules.cut.finditer(raw, at))


def _kept(raw: str, start: int, end: int, rules: UnitRules) -> bool:
    """Whether the cut word at `[start, end)` is inside a kept word (和 in 和平)."""
    if start and raw[start - 1] in "他她我们":  # 她向东城派出所求助
        return False
    for i in range(max(0, start - 2), start + 1):
        for n in (2, 3):
            if i + n >= end and raw[i : i + n] in rules.keep:
                return True
    return False


DIVISION_ENDS = frozenset("省市区县旗州盟会")


def _division_start(raw: str, divisions: Divisions) -> int | None:
    """Where the leftmost division with its suffix begins (昆明市...), None if there is none."""
    if DIVISION_ENDS.isdisjoint(raw):
        return None
    for at in range(len(raw)):
        for size in divisions.sizes.get(raw[at : at + 2], ()):
            if size > 2 and raw[at : at + size] in divisions.by_name:
                return at
    return None


def _flush(
    view: str, parts: Sequence[Part], units: list[Unit], rules: UnitRules, divisions: Divisions
) -> None:
    """Turn the chain `parts` into a unit."""
    if not parts:
        return
    start, (last_start, end, ending) = parts[0][0], parts[-1]
    level = rules.level_of[ending]
    full = _without_here(view[start:end])
    here = full if len(parts) == 1 else _without_here(view[last_start:end])
    name = shortest(here, level, divisions)
    if ending == "岗亭" and name.removesuffix(ending) in rules.posts:
        return
    if name in rules.pronouns and name == here:
        if len(parts) == 1:
            return
        name = view[parts[-2][0] : end] if level != "station" else name
        if name == "派出所":
            return
    units.append(Unit(start, end, name, full, level))


@lru_cache(maxsize=4096)  # the same few units are named again and again
def shortest(name: str, level: str, divisions: Divisions) -> str:
    """The shortest official form: divisions, and for a station its town, taken off the front.

    A bureau keeps its division (昆明市公安局), since without it nothing is left that names it.
    """
    if level in {"city", "province", "ministry"} and name.endswith(("公安局", "公安厅", "公安部", "公安处")):
        return name
    if name.endswith("公安分局"):
        return name
    name = SEAT_RE.sub("", name)
    for _ in range(3):
        for size in divisions.sizes.get(name[:2], ()):
            rest = name[size:]
            if name[:size] not in divisions.by_name or not (size > 2 or name[1] == "县"):
                continue
            if _names_something(rest):
                name = rest
                break
        else:
            break
    return TOWN_RE.sub("", name)


def _names_something(rest: str) -> bool:
    """Whether `rest` still names one unit among others: 柳河派出所 does, 派出所 or 分局 does not."""
    for ending in ("派出所", "消防救援站", "消防站", "警务室", "检查站"):
        if rest.endswith(ending):
            return len(rest) - len(ending) >= 2
    if rest.endswith("分局"):
        return len(rest) > 3 and rest != "公安分局"
    return len(rest) >= 4


def _short_forms(view: str, units: Sequence[Unit]) -> list[Unit]:
    """勐卯所 for 勐卯边境派出所; a short form whose full form is never given stands as written."""
    found: list[Unit] = []
    stems = {_stem(u.name): u for u in units if u.level == "station"}
    for stem, unit in stems.items():
        if len(stem) < 2:
            continue
        for at in places(view, stem):
            after = at + len(stem)
            if view.startswith("边所", after):
                found.append(Unit(at, after + 2, unit.name, unit.full, unit.level))
            elif view.startswith("所", after) and not view.startswith("长", after + 1):
                found.append(Unit(at, after + 1, unit.name, unit.full, unit.level))
    taken = {u.start for u in found}
    for m in _short_written(view):
        if m[1][-1] not in NOT_SHORT and taken.isdisjoint(range(m.start(), m.end() + 1)):
            match = next((u for s, u in stems.items() if m[1].endswith(s) or s.endswith(m[1][-2:])), None)
            name = m[1] + "所"
            found.append(
                Unit(m.start(), m.end(), match.name, match.full, "station")
                if match
                else Unit(m.start(), m.end(), name, name, "station")
            )
    return found


@lru_cache(maxsize=4096)
def _stem(name: str) -> str:
    """勐卯 for 勐卯边境派出所."""
    return STATION_TAIL_RE.sub("", name)


def _short_written(view: str) -> Iterator[re.Match[str]]:
    """What SHORT_RE finds, sought by its one sure character."""
    last = 0
    for at in places(view, "所"):
        if view[at + 1 : at + 2] not in AFTER_SHORT:
            continue
        m = SHORT_RE.match(view, max(last, at - 3)) or SHORT_RE.match(view, max(last, at - 2))
        if m and m.end() == at + 1:
            last = m.end()
            yield m


def _fullest(units: Sequence[Unit]) -> list[Unit]:
    """Each unit with the longest full form that the article gives for its name."""
    best: dict[str, str] = {}
    for u in units:
        if len(u.full) > len(best.get(u.name, "")):
            best[u.name] = u.full
    return [
        u if u.full == best[u.name] else Unit(u.start, u.end, u.name, best[u.name], u.level) for u in units
    ]


# ---------------------------------------------------------------- agencies


def agencies(units: Sequence[Unit], rules: UnitRules, divisions: Divisions) -> tuple[Agency, ...]:
    """Every unit read, with its parent as stated and the divisions its chain names."""
    found: dict[str, Agency] = {}
    for u in units:
        if u.full not in found:
            for a in _chain(u.full, u.name, rules, divisions):
                found.setdefault(a.full_name, a)
    return tuple(found.values())


@lru_cache(maxsize=4096)  # the same few units are named again and again
def _chain(chain: str, name: str, rules: UnitRules, divisions: Divisions) -> tuple[Agency, ...]:
    """The units that `chain` names, the highest first; the last one is called `name` for short."""
    found: list[Agency] = []
    at = 0  # where the last part begins
    for m in rules.ending.finditer(chain):
        end = m.end()
        full = chain[:end]
        parts, _ = settle(stated_divisions(full, divisions))
        short = name if end == len(chain) else shortest(full[at:], "county", divisions)
        level = _level(full, rules.level_of[m[0]])
        found.append(Agency(full, short, level, chain[:at] or None, **parts))
        at = end
    return tuple(found)


def _level(full: str, level: str) -> str:
    """Level of a unit: a 公安局 is of a city or a county by the division it bears."""
    if full.endswith("公安局"):
        return "county" if re.search(r"[县区旗]公安局$", full) else "city"
    return (
        {
            "ministry": "ministry",
            "province": "province",
            "city": "city",
            "county": "team",
            "station": "station",
        }.get(level, "post" if level == "post" else "unknown")
        if not full.endswith("分局")
        else "county"
    )
