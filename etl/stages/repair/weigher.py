"""Full readings of a run weighed against each other: which one is best, and how sure each character of it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from etl.rules.repair_statistics import LONGEST_WORD
from etl.stages.repair.codes import Codes
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.quotes import marks_around, unpaired
from etl.stages.repair.reading import Reading, best

WEIGHED, LOOK_AHEAD = 12, 3  # readings weighed with words, and characters after the run that count
PARAGRAPH = 1000  # characters of the line around a run that are looked at for quotation marks

# All in bits. Tuned on damage generated from the last fifth of the first half of the news text.
STRAINED = 26.0  # two characters in a row (a rare name or an error)
UNPAIRED = 6.0  # two quotation marks that do not take turns
SOBER = 0.4  # the costs of neighbours overlap, so plain 2**-cost would be too sure of itself
# A character known by half and the two behind it: beyond this an unknown name may have stood there as well.
RARE = 27.0
# Behind 民警 and the like a name is to be expected: beyond the first it may be one, beyond the second it is.
RARE_NAME, SURELY_NAME = 18.0, 25.0
UNSURE = 0.6  # the most that a character is believed where it may be one of a name


@dataclass(frozen=True, slots=True)
class Run:
    """A run at `[start, end)` of the damaged text, its best `reading`, and the `chances` of its characters.

    `cost` are its bits a character. `gain` is by how many bits the reading is more plausible than the text
    as it stands; `strained` says whether two characters in a row are hardly plausible even so, `marked`
    whether the run itself shows damage that no clean text has (`?/p>`, `?#xff0c;`, `?nèi)`).
    """

    start: int
    end: int
    gain: float
    cost: float
    strained: bool
    marked: bool
    reading: str
    chances: tuple[float, ...]


def context(text: str, start: int, codes: Codes) -> str:
    """The two characters of the line before `start` of `text` as the statistics see it."""
    before = text[max(0, start - 2) : start].rpartition("\n")[2]
    return ("||" + before.translate(codes.seen))[-2:]


@dataclass(frozen=True, slots=True)
class Weigher:
    """Weighs readings of runs of one text."""

    text: str
    codes: Codes
    plausible: Plausibility

    def weighed(self, start: int, line_end: int, marked: bool, done: list[Reading]) -> Run | None:
        """The run of the finished readings, each weighed together with the next characters of the page.

        The readings may come to an end at different places; the run ends with the best one.
        """
        if not done:
            return None
        end = max(r.end for r in done)
        rest = cache(lambda two, at: self._rest_cost(two, at, end, line_end))
        done = best([(r.cost + rest(r.seen[-2:], r.end), r, "", "", 0) for r in done], -1)
        before, marks = self._before(start), marks_around(*self._line_around(start, end))
        costs, whole = {}, {}
        by_text: dict[str, Reading] = {}
        for r in done[:WEIGHED]:
            reading = r.text + self.text[r.end : end]
            text = r.seen + self._seen_ahead(r.end, end, line_end)
            costs[reading] = self.plausible.whole_cost(text, before)
            whole[reading] = costs[reading] + UNPAIRED * unpaired(marks, reading)
            by_text.setdefault(reading, r)
        readings = sorted(whole, key=lambda text: whole[text])
        least = whole[readings[0]]
        beliefs = [2 ** ((least - whole[text]) * SOBER) for text in readings]
        total = sum(beliefs)
        first = by_text[readings[0]]
        seen = first.seen + self._seen_ahead(first.end, end, line_end)
        shown = self.plausible.whole_cost(first.seen[:2] + self._seen_ahead(start + 2, end, line_end), before)
        chances = [share / total for share in shares(readings, beliefs)[: len(first.text)]]
        for i in first.halves:
            chances[i] = min(chances[i], self._belief(before + seen, len(before) + 2 + i))
        return Run(
            start=start,
            end=first.end,
            gain=shown - costs[readings[0]],
            cost=costs[readings[0]] / (len(readings[0]) + LOOK_AHEAD),
            strained=self._strained(seen[: len(first.seen) + 1]),
            marked=marked,
            reading=first.text,
            chances=tuple(chances),
        )

    def _belief(self, text: str, at: int) -> float:
        """The most that the character of `text` at `at`, known by half, can be believed with what follows it."""
        rare = sum(self.plausible.char_costs(text[at - 2 : at + 3]))
        if not text[:at].endswith(self.codes.names):
            return UNSURE if rare > RARE else 1.0
        if rare > SURELY_NAME and text[at : at + 2] not in self.plausible.stats.words:
            return 0.0
        return UNSURE if rare > RARE_NAME else 1.0

    def _before(self, start: int) -> str:
        """The characters of the line before the context of `start`, as many as a word may have with it."""
        around = self.text[max(0, start - LONGEST_WORD) : start].rpartition("\n")[2]
        return around[:-2].translate(self.codes.seen)

    def _line_around(self, start: int, end: int) -> tuple[str, str]:
        """The line before `start` and behind `end`, no more of it than a paragraph."""
        before, after = self.text[max(0, start - PARAGRAPH) : start], self.text[end : end + PARAGRAPH]
        return before.rpartition("\n")[2], after.partition("\n")[0]

    def _rest_cost(self, context: str, start: int, end: int, line_end: int) -> float:
        """Bits of the text from `start`, behind `context`, to `end`, so that readings with other ends compare."""
        return sum(self.plausible.char_costs(context + self._seen_ahead(start, end, line_end)))

    def _seen_ahead(self, start: int, end: int, line_end: int) -> str:
        """The text from `start` to a little after `end` as the statistics see it, with the end of its line."""
        border = "\n" if end + LOOK_AHEAD > line_end else ""
        return (self.text[start : min(end + LOOK_AHEAD, line_end)] + border).translate(self.codes.seen)

    def _strained(self, text: str) -> bool:
        return any(a + b > STRAINED for a, b in pairwise(self.plausible.char_costs(text)))


def shares(readings: Sequence[str], beliefs: Sequence[float]) -> list[float]:
    """The belief in `readings` that agree with the first one, at each place of it, counted from either end.

    >>> shares(["老人走", "老人家走", "这人走"], [4, 2, 1])
    [6.0, 7.0, 7.0]
    """
    first = readings[0]
    found = [0.0] * len(first)
    for reading, belief in zip(readings, beliefs, strict=True):
        if len(reading) == len(first):
            places = [
                place for place, pair in enumerate(zip(reading, first, strict=True)) if pair[0] == pair[1]
            ]
        else:
            head, tail = _alike(reading, first), _alike(reading[::-1], first[::-1])
            places = [*range(head), *range(max(head, len(first) - tail), len(first))]
        for place in places:
            found[place] += belief
    return found


def _alike(one: str, other: str) -> int:
    """How many characters the two have in common from their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
