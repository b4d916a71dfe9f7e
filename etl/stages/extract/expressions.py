"""Time expressions as they stand in the text: runs of touching atoms, ranges and lists joined.

An expression is a run such as 2023年 + 5月 + 3日 + 晚 + 9时许; what it means is for `times.resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from etl.rules.extract import TimeRules

# 5月3日至5日, 8日—10日
RANGE_RE = re.compile(r"[^\S\n]?(?:至|到|—{1,2}|-{1,2}|~|～|－)[^\S\n]?")
LONGEST_RANGE = 4  # characters of what either of them matches
LIST_RE = re.compile(r"、|和|及")
# 今年以来, 截至8月底: a period of figures, not a moment
PERIOD_AFTER_RE = re.compile(r"[，]?(?:\d{1,2}[时点])?(?:以来|至今|起至今|来，)")
PERIOD_BEFORE = ("截至", "截止", "截止到", "自", "每年", "每天", "每逢", "往年")
# 行政拘留5日, 罚款: a length, not a date
LENGTH_BEFORE_RE = re.compile(r"(?:拘留|拘|罚|处|为期|暂扣|吊销|期限|有期徒刑|内|第)$")
LONGEST_GLUE = 10  # characters of what GLUE_RE matches
GLUE_RE = re.compile(
    r"[^\S\n]?(?:的一个|的某个|的一天|的|这天|那天|是)?(?:[（(]?(?:周|星期)[一二三四五六日天][）)])?"
)


CLOCK = {"clock", "more"}
NOT_AFTER_CLOCK = {"%", "元", "比"}
NAMES_DAY = frozenset(
    {
        "iso",
        "year",
        "month",
        "day",
        "mday",
        "lunar",
        "newyear",
        "feast",
        "relative",
        "week",
        "weekend",
        "vague",
    }
)


@dataclass(slots=True)
class Expression:
    """One time expression `[start, end)`; `parts` maps the sort of each atom to its text."""

    start: int
    end: int
    text: str
    parts: Mapping[str, str]
    until: Mapping[str, str] | None = None  # the far end of a range
    listed: bool = False  # the far end is the last of a list
    period: bool = False

    def has(self, *names: str) -> bool:
        return not self.parts.keys().isdisjoint(names)

    @property
    def names_day(self) -> bool:
        """Whether it can open a case: it names a day, or says vaguely when."""
        return not NAMES_DAY.isdisjoint(self.parts)


def find(view: str, rules: TimeRules) -> tuple[Expression, ...]:
    """All time expressions of a body in order, ranges joined."""
    runs: list[tuple[int, int, dict[str, str]]] = []
    for m in _atoms(view, rules):
        atoms = _groups(m)
        if ("day" in atoms or "mday" in atoms) and LENGTH_BEFORE_RE.search(
            view, max(0, m.start() - 4), m.start()
        ):
            continue
        if (
            runs
            and "week" in atoms
            and view[runs[-1][1] : m.start()] in {"（", " （"}
            and view[m.end()] in "）"
        ):
            runs[-1] = (runs[-1][0], m.end() + 1, runs[-1][2])  # 5月13日（周一）
            continue
        if runs and _joins(view, runs[-1], m.start(), atoms):
            start, _, parts = runs[-1]
            runs[-1] = (start, m.end(), parts | atoms)
        else:
            runs.append((m.start(), m.end(), atoms))
    return tuple(_with_ranges(view, [r for r in runs if _stands(view, r)]))


def _atoms(view: str, rules: TimeRules) -> Iterator[re.Match[str]]:
    """All time atoms in order; the full grammar is tried only where one may begin."""
    at = 0
    match = rules.atom.match
    starts = rules.starts.starts(view)
    starts.update([m.start() for m in rules.number.finditer(view)])
    for start in sorted(starts):
        if start >= at and (m := match(view, start)):
            at = m.end()
            yield m


# groups of the grammar that stand beside others, in order
BESIDE = {
    "yearpart": ("year", "yearpart"),
    "range": ("month", "range"),
    "mpart": ("month", "range", "mpart"),
    "fpart": ("feast", "fpart"),
    "more": ("clock", "more"),
}


def _groups(m: re.Match[str]) -> dict[str, str]:
    """The groups that matched, by name: one, or those beside it too."""
    last = m.lastgroup or ""
    if last not in BESIDE:
        return {last: m[0]}
    return {name: text for name in BESIDE[last] if (text := m[name])}


def _joins(view: str, run: tuple[int, int, dict[str, str]], start: int, atoms: Mapping[str, str]) -> bool:
    """Whether an atom at `start` continues `run`: it touches it, is finer, and no sort stands twice."""
    if start - run[1] > LONGEST_GLUE:
        return False
    gap = view[run[1] : start]
    if gap and not (GLUE_RE.fullmatch(gap) or (gap == "，" and "part" in atoms and "part" not in run[2])):
        return False
    if "vague" in atoms or "offset" in atoms or "clock" in run[2] or not run[2].keys().isdisjoint(atoms):
        return False
    if "chain" in atoms and "feast" not in run[2]:
        return False
    return not ("year" in atoms or ("month" in atoms and "year" not in run[2]))


def _stands(view: str, run: tuple[int, int, dict[str, str]]) -> bool:
    """Whether a run is a time at all: a lone 夜 or 早 is not."""
    _start, end, parts = run
    if len(parts) == 1 and len(parts.get("part", "")) == 1:
        return False
    if parts.get("feast") == "十一" and len(parts) == 1 and "\u4e00" <= view[end : end + 1] <= "\u9fff":
        return view.startswith(("当天", "那天", "前后", "当日"), end)  # not 十一农场, 十一中队
    return not (view[end : end + 1] in NOT_AFTER_CLOCK and parts.keys() <= CLOCK)


def _with_ranges(view: str, runs: list[tuple[int, int, dict[str, str]]]) -> Iterable[Expression]:
    """Expressions with 至 and 、 between two of them joined, and periods marked."""
    i = 0
    while i < len(runs):
        start, end, parts = runs[i]
        until, listed = None, False
        while i + 1 < len(runs):
            if runs[i + 1][0] - end > LONGEST_RANGE:
                break
            gap = view[end : runs[i + 1][0]]
            is_range = bool(RANGE_RE.fullmatch(gap))
            is_list = bool(LIST_RE.fullmatch(gap)) and bool({"day", "mday", "month"} & set(runs[i + 1][2]))
            if not (is_range or is_list) or "vague" in parts:
                break
            i += 1
            end, until, listed = runs[i][1], runs[i][2], is_list
        before = view[max(0, start - 4) : start].removesuffix("\n")
        period = before.endswith(PERIOD_BEFORE) or bool(PERIOD_AFTER_RE.match(view, end))
        yield Expression(start, end, view[start:end], parts, until, listed, period)
        i += 1
