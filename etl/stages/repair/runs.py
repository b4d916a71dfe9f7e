"""Runs: characters that were read one byte out of step, put back in step.

A page of GBK bytes was cut at ！ (A3A1) and ？ (A3BF), also where those bytes are the end of one character
and the start of the next. The piece after such a cut was decoded out of step until a byte below 80 came:

    親。“老人頭   D348 A1|A3 A1|A1 B0|C0 CF|C8 CB|EE 5E    the bytes; cut before A3
    親?!袄先祟^   D348 A1 A3A1 B0C0 CFC8 CBEE 5E           what the decoder saw

So each pair of neighbours in the run gives one original character for certain. What is not certain: the
lead before the A3, pairs in the user-defined zone (dropped without a trace, at any place), the byte before
an ASCII character taken as a trail (shown as one question mark) and that character. All readings that
the bytes allow are weighed by how plausible the text is with them; nothing else is added, since a text
determines its damage.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from itertools import pairwise
from math import inf
from operator import itemgetter
from typing import NamedTuple

from etl.rules.repair_statistics import LONGEST_WORD, UNKNOWN
from etl.stages.repair.codes import Codes, Half, bytes_of, drops, unassigned_after
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.quotes import unpaired

LOST, ANY_LEAD = "\ufffd", frozenset(range(0x81, 0xFF))
SYLLABLE = r"[a-zü\u00e0-\u01dc]{1,6}\)"
# 親?!袄先祟^   醫???、   們?nèi)珕T
START_RE = re.compile(rf"(?<![?!])\?(?:[!?]|(?={SYLLABLE}))")
# What a `?` in a run may have swallowed the first character of: </p>  &#xff0c;  (nèi)
REST_RE = re.compile(rf"(?P<tag>/?[a-z]{{1,10}}\d?/?>)|#x(?P<entity>[0-9a-f]{{2,5}});|(?P<note>{SYLLABLE})")
# 產 read as ?a, then its note: (chǎn)
NOTE_RE = re.compile(r"\(([a-zü\u00e0-\u01dc]{1,6})\)")
# Before these a piece began anew, so that a lone byte at its end shows as a question mark too.
PIECE_STARTS = ("!", "?", "、", "\n", "")

# How far the search goes, in readings and characters.
BEAM, MAX_RUN, PARAGRAPH = 16, 120, 1000
ENDED = 3  # readings tried where a trail is unknown, so that a hundred characters fit
WEIGHED, LOOK_AHEAD = 12, 3  # readings weighed with words at the end, and characters after the run that count
# Costs asked for on a page, at least and per character; nine damaged pages of ten ask for less than 4.
ASKED, ASKED_PER_CHAR = 50_000, 12

# All in bits. Tuned on damage generated from the last fifth of the first half of the news text.
# A pair of halves may cost so much more than the best reading; on a second look.
BEHIND, FAR_BEHIND = 24.0, 40.0
DEAR, STRAINED = 15.0, 26.0  # a second look: a character on average; two in a row (a rare name or an error)
# A dropped pair is tried where a character and the next cost so much; how much more.
SUSPECT, SLACK = 18.0, 3.0
UNSEEN_AHEAD = 12.0  # the most that the next character counts: it may be wrong itself
LEAST_PAIR, LEAST_SECOND, MISSES = 8.0, 4.0, 2  # halves below these are not looked for
LAST_RESORT, THREE_LOST = 45.0, 32.0  # where no character fits: halves up to the first, or three lost ones
NEAR_TIE, GIVE_UP = 8.0, 20.0  # among readings that go on alike; beyond a reading that has come to its end
# A reading so much dearer than the text as it stands is no run; runs of rare names are up to 60 dearer for a while.
HOPELESS = 120.0
GARBLED = 11.0  # bits a character behind a mark from which a run is likely there
UNPAIRED = 6.0  # two quotation marks that do not take turns
SOBER = 0.4  # the costs of neighbours overlap, so plain 2**-cost would be too sure of itself


class Reading(NamedTuple):
    """One way to read a run so far: its characters, their cost in bits, the byte still pending.

    `seen` is the same text as the statistics see it, with the two characters before the run. `end` is
    where the page is in step again.
    """

    cost: float
    text: str
    seen: str
    pending: int = -1
    end: int = -1

    def plus(self, cost: float, text: str, seen: str, pending: int, end: int = -1) -> Reading:
        return Reading(self.cost + cost, self.text + text, self.seen + seen, pending, end)


@dataclass(frozen=True, slots=True)
class Run:
    """A run at `[start, end)` of the damaged text: its readings, best first, and their share of belief.

    `cost` are its bits a character. `gain` is by how many bits the best one is more plausible than the text
    as it stands; `strained` says whether two characters in a row are hardly plausible even so, `marked`
    whether the run itself shows damage that no clean text has (`?/p>`, `?#xff0c;`, `?nèi)`).
    """

    start: int
    end: int
    gain: float
    cost: float
    strained: bool
    marked: bool
    readings: tuple[str, ...]
    beliefs: tuple[float, ...]


class Mark(NamedTuple):
    """A place where a run may begin, and whether what follows it is `garbled`."""

    start: int
    garbled: bool
    match: re.Match[str]


@dataclass(slots=True)
class Finder:
    """Finds runs in one text; `unread` are the marks left when the allowance was used up, likely runs first."""

    text: str
    codes: Codes
    plausible: Plausibility
    behind: float = BEHIND
    unread: list[Mark] = field(default_factory=list)

    @property
    def enough(self) -> int:
        """How many costs may be asked for."""
        return ASKED + ASKED_PER_CHAR * len(self.text)

    def runs(self) -> list[Run]:
        """All places that can be read as a run, in order, not overlapping.

        A page has about two runs in a thousand characters. The work stays in proportion to its length:
        marks before garbled text are looked at first, so that real question marks do not use it up.
        """
        marks = [Mark(m.start(), self._garbled(m), m) for m in START_RE.finditer(self.text)]
        found: list[Run] = []
        for mark in sorted(marks, key=lambda m: not m.garbled):
            place = bisect(found, mark.start, key=lambda r: r.start)
            if place and mark.start < found[place - 1].end:
                continue
            run = self._look(mark.match) if self.plausible.asked <= self.enough else None
            if self.plausible.asked > self.enough:
                self.unread.append(mark)
            elif run and (place == len(found) or run.end <= found[place].start):
                found.insert(place, run)
        return found

    def _garbled(self, mark: re.Match[str]) -> bool:
        """Whether what follows `mark` looks like a run and not like the text behind a real question mark."""
        text = self.text[mark.start() : mark.end() + 3].split("\n", 1)[0].translate(self.codes.seen)
        if len(mark[0]) == 1 or len(text) < 3 or text[2] == "？":
            return True
        costs = (self.codes.stats.cost(text[i - 2 : i], text[i]) for i in range(2, len(text)))
        return sum(costs) > GARBLED * (len(text) - 2)

    def _look(self, mark: re.Match[str]) -> Run | None:
        """The run that begins at `mark`, looked for a second time and wider if it is none or a bad one."""
        run = self._run(mark)
        if run is None or run.strained or run.cost > DEAR:
            again = replace(self, behind=FAR_BEHIND)._run(mark)
            if run is None or (again and (again.end != run.end or again.gain > run.gain)):
                return again
        return run

    def _run(self, mark: re.Match[str]) -> Run | None:
        """The run that begins at `mark`; None if no reading comes to an end."""
        text = self.text
        line_end = text.find("\n", mark.start(), mark.start() + 2 * MAX_RUN)
        line_end = min(len(text), mark.start() + 2 * MAX_RUN) if line_end < 0 else line_end
        beam, at = self._beginnings(mark)
        done: list[Reading] = []
        least, counted = inf, 0  # how much cheaper than the text as it stands the best of them is
        marked = len(mark[0]) == 1
        start = mark.start()
        seen, shown = self._context(start) + text[start:line_end].translate(self.codes.seen), 0.0
        for at in range(at, min(line_end, at + MAX_RUN) + 1):  # noqa: B020
            if not beam or self.plausible.asked > self.enough:
                break
            least = min([least, *(r.cost - shown for r in done[counted:])])
            counted = len(done)
            shown += self.plausible.cost(seen[at - start - 1 : at - start + 2])
            if beam[0].cost > shown + min(HOPELESS, least + GIVE_UP):
                break
            char = text[at : at + 1]
            if char == "?" and (leads := self._noted_leads(at + 1)):
                beam = self._unassigned(beam, at, leads)
                continue
            if char in ("?", "\n", ""):
                rest = REST_RE.match(text, at + 1, line_end) if char == "?" else None
                done += self._swallowed(beam, at, line_end, rest)
                marked = marked or rest is not None
                if char != "?" or rest:
                    break
                beam = sorted([*self._steps(beam, 0xA3, 0xBF, at), *self._unassigned(beam, at)])
                continue
            if "@" <= char <= "~":
                marked = marked or NOTE_RE.match(text, at + 1) is not None
                done += self._in_step(self._steps(beam, ord(char), -1, at), at + 1)
            lead, trail = bytes_of(char)
            if not lead or len(done) > 2 * BEAM:
                break
            beam = self._steps(beam, lead, trail, at)
        return self._weighed(mark.start(), line_end, marked, done)

    def _context(self, start: int) -> str:
        """The two characters of the line before `start` as the statistics see them."""
        before = self.text[max(self.text.rfind("\n", 0, start) + 1, start - 2) : start]
        return ("||" + before.translate(self.codes.seen))[-2:]

    def _before(self, start: int) -> str:
        """The characters of the line before the context of `start`, as many as a word may have with it."""
        before = self.text[max(self.text.rfind("\n", 0, start) + 1, start - LONGEST_WORD) : max(0, start - 2)]
        return before.translate(self.codes.seen)

    def _beginnings(self, mark: re.Match[str]) -> tuple[list[Reading], int]:
        """The readings of the mark itself, and where the run goes on after it."""
        text, start = self.text, mark.start()
        context = self._context(start)
        if mark[0] == "?":  # a note within a character: the noted bytes are its lead and the trail before it
            end = text.index(")", start) + 1
            noted = map(bytes_of, self.codes.readings.get(text[start + 1 : end - 1], ()))
            last = bytes_of(text[start - 1 : start])[1]
            leads = {trail for lead, trail in noted if lead == last}
            return [Reading(0.0, "", context, lead) for lead in sorted(leads)], end
        pending = 0xA1 if mark[0] == "?!" else 0xBF
        beam = [
            Reading(self.plausible.cost(context + seen), char, context + seen, pending)
            for _, char, seen in self.codes.by_trail[0xA3]
        ]
        return best(beam), mark.end()

    def _steps(self, beam: list[Reading], trail: int, pending: int, at: int) -> list[Reading]:
        """Every reading of `beam` with its pending byte and `trail` as a character, or as halves of two.

        `at` is the place of the visible character that holds `trail`.
        """
        ahead = self._ahead(pending, at + 1)
        out: list[Reading] = []
        limit = min((r.cost for r in beam), default=0.0) + self.behind
        for r in beam:
            char, seen = self.codes.chars.get((r.pending, trail), ("", ""))
            bound = limit - r.cost
            if char:
                cost = self.plausible.cost(r.seen[-2:] + seen)
                out.append(r.plus(cost, char, seen, pending))
                if drops(trail, r.pending):  # a doubled character shows like a single one
                    again = self.plausible.cost(r.seen[-1] + seen * 2)
                    out.append(r.plus(cost + again, char * 2, seen * 2, pending))
                both = cost + self._next(r.seen[-1] + seen, ahead)
                bound = min(bound, both + SLACK)
                if both < SUSPECT:
                    continue
            if bound < LEAST_PAIR:
                continue
            out += self._halves(r, trail, pending, ahead, bound)
        if not out:  # something must have been dropped here, a pair or two
            for r in beam[:ENDED]:
                out += self._halves(r, trail, pending, ahead, LAST_RESORT)
                out.append(r.plus(THREE_LOST, LOST * 3, "000", pending))
        return best(out)

    def _halves(
        self, r: Reading, trail: int | None, pending: int, ahead: str, bound: float
    ) -> Iterator[Reading]:
        """The reading `r` with two characters known by half, as far as they and the next cost below `bound`."""
        cost = self.plausible.cost
        for half in self.codes.firsts(r.pending):
            last, first, seen = half
            bits = cost(r.seen[-2:] + seen)
            if bits + LEAST_SECOND >= bound:
                continue
            one = r.plus(bits, first, seen, pending)
            yield from self._second(one, self.codes.seconds(half, trail), ahead, r.cost + bound)
            if drops(last, r.pending):  # two pairs dropped around a doubled character: 派出所所長
                two = one.plus(cost(one.seen[-2:] + seen), first, seen, pending)
                yield from self._second(two, self.codes.seconds(half, trail), ahead, r.cost + bound)

    def _second(self, r: Reading, seconds: Iterable[Half], ahead: str, bound: float) -> Iterator[Reading]:
        """The reading `r` with each of `seconds` that, with the next character, stays below `bound`."""
        context = r.seen[-2:]
        misses = 0
        for _, char, seen in seconds:
            cost = self.plausible.cost(context + seen)
            if r.cost + cost + LEAST_SECOND >= bound:
                misses += 1
                if misses > MISSES:
                    return
            elif r.cost + cost + self._next(context[1] + seen, ahead) < bound:
                yield r.plus(cost, char, seen, r.pending)

    def _in_step(self, beam: list[Reading], at: int) -> list[Reading]:
        """The readings of `beam` ended before `at`; a note that stands there is for their last character."""
        note = NOTE_RE.match(self.text, at)
        if note:
            noted = self.codes.readings.get(note[1], [])
            fitting = [r._replace(end=note.end()) for r in beam if r.text[-1] in noted]
            if fitting:
                return fitting
        return [r._replace(end=at) for r in beam]

    def _next(self, context: str, ahead: str) -> float:
        """Bits of the next character after `context`, within limits: it may be wrong itself."""
        return min(self.plausible.cost(context + ahead), UNSEEN_AHEAD) if ahead else UNSEEN_AHEAD

    def _ahead(self, pending: int, at: int) -> str:
        """The next character as the statistics see it, if nothing is dropped; empty if it can't be told."""
        if pending < 0:
            char = self.text[at : at + 1]
            return "" if char in ("?", "\n") else char.translate(self.codes.seen)
        return self.codes.chars.get((pending, self._trail(at)), ("", ""))[1]

    def _noted_leads(self, at: int) -> set[int]:
        """The first bytes of the characters that the sign at `at` may end, by the note behind it."""
        note = NOTE_RE.match(self.text, at + 1)
        if not note or not "@" <= self.text[at] <= "~":
            return set()
        noted = map(bytes_of, self.codes.readings.get(note[1], ()))
        return {lead for lead, trail in noted if trail == ord(self.text[at])}

    def _unassigned(self, beam: list[Reading], at: int, leads: Collection[int] = ()) -> list[Reading]:
        """The readings of `beam` with the question mark at `at` for a pair that GBK has no character for.

        The pair tells next to nothing, so the most plausible ones are kept together with the character
        that it begins. Where it is known to end in one of `leads`, even what is hardly plausible is tried.
        """
        limit = min((r.cost for r in beam), default=0.0) + (2 * UNKNOWN if leads else self.behind)
        next_trail = self._trail(at + 1)
        after = {lead: seen for lead, _, seen in self.codes.by_trail.get(next_trail, ())}
        wanted = frozenset(leads) or (frozenset(after) if next_trail else ANY_LEAD)
        cost = self.plausible.cost
        first = [
            (r.cost + bits, fitting, r.plus(bits, char, seen, -1))
            for r in beam
            for trail, char, seen in self.codes.by_lead.get(r.pending, ())
            if (fitting := wanted & unassigned_after(trail))
            and r.cost + (bits := cost(r.seen[-2:] + seen)) < limit
        ]
        found = [
            (so_far + (cost(r.seen[-2:] + after[lead]) if lead in after else 0.0), r._replace(pending=lead))
            for so_far, fitting, r in nsmallest(BEAM, first, key=itemgetter(0))
            for lead in sorted(fitting)
        ]
        return sorted(r for _, r in nsmallest(BEAM, found))

    def _trail(self, at: int) -> int:
        """The byte of the sign at `at` that ends the character pending before it; 0 if it can't be told."""
        char = self.text[at : at + 1]
        if char in ("", "?", "\n"):
            return 0
        return ord(char) if "@" <= char <= "~" else bytes_of(char)[0]

    def _swallowed(
        self, beam: list[Reading], at: int, line_end: int, rest: re.Match[str] | None
    ) -> list[Reading]:
        """The readings of `beam` ended by the question mark at `at`: an unknown trail, maybe an ASCII byte too."""
        end = rest.end() if rest else min(at + 1, line_end)
        after, noted = "", None
        if rest and rest["entity"]:
            after = chr(int(rest["entity"], 16))
        elif rest and rest["note"]:
            noted = self.codes.readings.get(rest["note"][:-1], [])
        elif not rest and self.text[end : end + 1] not in PIECE_STARTS:
            after = LOST
        seen_after = after.translate(self.codes.seen)
        out = []
        best_cost = min(r.cost for r in beam)
        for r in beam[:ENDED]:
            for trail, char, seen in self.codes.by_lead.get(r.pending, ()):
                if noted is None or char in noted:
                    cost = self.plausible.cost(r.seen[-2:] + seen)
                    out.append(r.plus(cost, char + after, seen + seen_after, -1, end))
                    if after == LOST and trail == 0x80:  # a single 80 is a question mark, then in step
                        out.append(r.plus(cost, char, seen, -1, end))
            for t in self._halves(r, None, -1, seen_after, best_cost + self.behind - r.cost):
                if noted is None or t.text[-1] in noted:
                    out.append(t.plus(0.0, after, seen_after, -1, end))
        return best(out)

    def _weighed(self, start: int, line_end: int, marked: bool, done: list[Reading]) -> Run | None:
        """The run of the finished readings, each weighed together with the next characters of the page."""
        if not done:
            return None
        end = max(r.end for r in done)
        done = best(r.plus(self._rest_cost(r, end, line_end), "", "", -1, r.end) for r in done)
        before, line_before, line_after = self._before(start), *self._line_around(start, end)
        costs, whole = {}, {}
        for r in done[:WEIGHED]:
            reading = r.text + self.text[r.end : end]
            text = r.seen + self._seen_ahead(r.end, end, line_end)
            costs[reading] = self.plausible.whole_cost(text, before)
            whole[reading] = costs[reading] + UNPAIRED * unpaired(line_before, reading, line_after)
        readings = sorted(whole, key=lambda text: whole[text])
        least = whole[readings[0]]
        beliefs = [2 ** ((least - whole[text]) * SOBER) for text in readings]
        context = done[0].seen[:2]
        shown = self.plausible.whole_cost(context + self._seen_ahead(start + 2, end, line_end), before)
        total = sum(beliefs)
        best_seen = (
            context + readings[0].translate(self.codes.seen) + self._seen_ahead(end, end, line_end)[:1]
        )
        return Run(
            start=start,
            end=end,
            gain=shown - costs[readings[0]],
            cost=costs[readings[0]] / (len(readings[0]) + LOOK_AHEAD),
            strained=self._strained(best_seen),
            marked=marked,
            readings=tuple(readings),
            beliefs=tuple(b / total for b in beliefs),
        )

    def _line_around(self, start: int, end: int) -> tuple[str, str]:
        """The line before `start` and behind `end`, no more of it than a paragraph."""
        before, after = self.text[max(0, start - PARAGRAPH) : start], self.text[end : end + PARAGRAPH]
        return before.rpartition("\n")[2], after.partition("\n")[0]

    def _rest_cost(self, r: Reading, end: int, line_end: int) -> float:
        """Bits of the text from the end of `r` to `end`, so that readings with other ends can be compared."""
        return self.plausible.text_cost(r.seen[-2:] + self._seen_ahead(r.end, end, line_end))

    def _seen_ahead(self, start: int, end: int, line_end: int) -> str:
        """The text from `start` to a little after `end` as the statistics see it, with the end of its line."""
        border = "\n" if end + LOOK_AHEAD > line_end else ""
        return (self.text[start : min(end + LOOK_AHEAD, line_end)] + border).translate(self.codes.seen)

    def _strained(self, text: str) -> bool:
        costs = [self.plausible.cost(text[i - 2 : i + 1]) for i in range(2, len(text))]
        return any(a + b > STRAINED for a, b in pairwise(costs))


def best(readings: Iterable[Reading]) -> list[Reading]:
    """The cheapest readings, as many as are followed up.

    Readings that go on alike keep their distance to the end: the dearer one stays only as a near tie.
    """
    kept: list[Reading] = []
    cheapest: dict[tuple[str, int, int], float] = {}
    for r in sorted(readings, key=lambda r: r.cost):
        state = (r.seen[-2:], r.pending, r.end)
        if r.cost <= cheapest.setdefault(state, r.cost) + NEAR_TIE:
            kept.append(r)
            if len(kept) == BEAM:
                break
    return kept
