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
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from heapq import nsmallest
from math import inf
from operator import itemgetter
from typing import NamedTuple

from etl.rules.repair_statistics import UNKNOWN
from etl.stages.repair.codes import ANY, Codes, bytes_of, drops, unassigned_after
from etl.stages.repair.halves import UNSEEN_AHEAD, Halves, OnPage
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.reading import BEAM, Most, Reading, Step, best
from etl.stages.repair.weigher import Run, Weigher, context

LOST, ANY_LEAD = "\ufffd", frozenset(range(0x81, 0xFF))
EURO = "€"  # the single byte 80, which ends a character: 還 is DF80
SYLLABLE = r"[a-zü\u00e0-\u01dc]{1,6}\)"
# 親?!袄先祟^   醫???、   們?nèi)珕T
# What is looked for first comes first, in all that is looked for on a whole page: it is found the faster.
# A row of three or more tells nothing (電話???) unless what only a cut leaves stands behind three.
START_RE = re.compile(
    rf"\?(?<![?!]\?)(?:!|\?(?!\?)|\?(?=\?(?:、|/[a-z]{{1,10}}\d?>|#x[0-9a-f]{{2,5}};|{SYLLABLE}))|(?={SYLLABLE}))"
)
# What a `?` in a run may have swallowed the first character of: </p>  &#xff0c;  (nèi)
REST_RE = re.compile(rf"(?P<tag>/?[a-z]{{1,10}}\d?/?>)|#x(?P<entity>[0-9a-f]{{2,5}});|(?P<note>{SYLLABLE})")
# 產 read as ?a, then its note: (chǎn)
NOTE_RE = re.compile(r"\(([a-zü\u00e0-\u01dc]{1,6})\)")
# Before these a piece began anew, so that a lone byte at its end shows as a question mark too.
PIECE_STARTS = ("!", "?", "、", "\n", "")

# How far the search goes, in readings and characters.
MAX_RUN = 120
ENDED = 3  # readings tried where a trail is unknown, so that a hundred characters fit
# Costs asked for by one look at a mark, and on a page at least, per character and at most: a few seconds.
ASKED_BY_MARK, ASKED, ASKED_PER_CHAR, MOST_ASKED = 40_000, 200_000, 100, 1_000_000

# All in bits. Tuned on damage generated from the last fifth of the first half of the news text.
# A pair of halves may cost so much more than the best reading; on a second look.
BEHIND, FAR_BEHIND = 24.0, 40.0
DEAR = 15.0  # a second look: a character on average
# A dropped pair is tried where a character and the next cost so much; how much more.
SUSPECT, SLACK = 18.0, 3.0
LEAST_PAIR = 8.0  # halves are not looked for below this
LAST_RESORT, THREE_LOST = 45.0, 32.0  # where no character fits: halves up to the first, or three lost ones
GIVE_UP = 20.0  # beyond a reading that has come to its end
# A reading so much dearer than the text as it stands is no run; runs of rare names are up to 60 dearer for a while.
HOPELESS = 120.0
GARBLED = 11.0  # bits a character behind a mark from which a run is likely there


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
    asked: int = 0  # costs so far
    unread: list[Mark] = field(default_factory=list)
    enough: int = 0  # how many costs may have been asked for at the end of this look
    _on_page: OnPage = field(init=False)

    def __post_init__(self) -> None:
        self._on_page = OnPage(self.codes, self.plausible)

    def runs(self) -> list[Run]:
        """All places that can be read as a run, in order, not overlapping.

        Every mark has an allowance of its own. A page has one too, so that the work stays in proportion to
        its length and no page takes longer than a document may; it is far above what ten runs in a thousand
        characters need, up to a hundred thousand characters, and marks before garbled text are looked at
        first, so that real question marks do not use it up.
        """
        total = min(ASKED + ASKED_PER_CHAR * len(self.text), MOST_ASKED)
        marks = [Mark(m.start(), self._garbled(m), m) for m in START_RE.finditer(self.text)]
        found: list[Run] = []
        for mark in sorted(marks, key=lambda m: not m.garbled):
            place = bisect(found, mark.start, key=lambda r: r.start)
            if place and mark.start < found[place - 1].end:
                continue
            if self.asked > total:
                self.unread.append(mark)
                continue
            run = self._look(mark.match)
            if run and (place == len(found) or run.end <= found[place].start):
                found.insert(place, run)
            elif run is None and self.asked > self.enough:
                self.unread.append(mark)
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
        self.enough = self.asked + ASKED_BY_MARK
        beginnings, weigher = self._beginnings(mark), Weigher(self.text, self.codes, self.plausible)
        found = self._search(mark, *beginnings)
        run = weigher.weighed(mark.start(), *found)
        if run is None or run.strained or run.cost > DEAR:
            self.behind = FAR_BEHIND
            wider = self._search(mark, *beginnings)
            self.behind = BEHIND
            again = run if wider == found else weigher.weighed(mark.start(), *wider)
            if run is None or (again and (again.end != run.end or again.gain > run.gain)):
                return again
        return run

    def _search(self, mark: re.Match[str], beam: list[Reading], at: int) -> tuple[int, bool, list[Reading]]:
        """The readings that begin at `mark` with one of `beam`, go on `at` and come to an end.

        Before them the end of the line, as far as it matters, and whether the run is marked.
        """
        text = self.text
        line_end = text.find("\n", mark.start(), mark.start() + 2 * MAX_RUN)
        line_end = min(len(text), mark.start() + 2 * MAX_RUN) if line_end < 0 else line_end
        done: list[Reading] = []
        least, counted = inf, 0  # how much cheaper than the text as it stands the best of them is
        marked = len(mark[0]) == 1
        start = mark.start()
        seen, shown = context(text, start, self.codes) + text[start:line_end].translate(self.codes.seen), 0.0
        for at in range(at, min(line_end, at + MAX_RUN) + 1):  # noqa: B020
            if not beam or self.asked > self.enough:
                break
            least = min([least, *(r.cost - shown for r in done[counted:])])
            counted = len(done)
            self.asked += 1
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
            if "@" <= char <= "~" or char == EURO:
                marked = marked or NOTE_RE.match(text, at + 1) is not None
                done += self._in_step(self._steps(beam, self._trail(at), -1, at), at + 1)
            lead, trail = bytes_of(char)
            if not lead or len(done) > 2 * BEAM:
                break
            beam = self._steps(beam, lead, trail, at)
        return line_end, marked, done

    def _beginnings(self, mark: re.Match[str]) -> tuple[list[Reading], int]:
        """The readings of the mark itself, and where the run goes on after it."""
        text, start = self.text, mark.start()
        before = context(text, start, self.codes)
        if mark[0] == "?":  # a note within a character: the noted bytes are its lead and the trail before it
            end = text.index(")", start) + 1
            noted = map(bytes_of, self.codes.readings.get(text[start + 1 : end - 1], ()))
            last = bytes_of(text[start - 1 : start])[1]
            leads = {trail for lead, trail in noted if lead == last}
            return [Reading(0.0, "", before, lead) for lead in sorted(leads)], end
        pending = 0xA1 if mark[0] == "?!" else 0xBF
        none = Reading(0.0, "", before)
        halves, listed = self.codes.by_trail[0xA3], self.codes.with_trail(0xA3)
        costs = self.plausible.listed(before, listed)
        most = Most()
        most.heed_all(0.0, listed.seen, costs)
        steps = [
            (cost, none, char, seen, 0)
            for cost, (_, char, seen) in zip(costs, halves, strict=True)
            if cost <= most.cost
        ]
        self.asked += len(halves)
        return best(steps, pending), mark.end()

    def _steps(self, beam: list[Reading], trail: int, pending: int, at: int) -> list[Reading]:
        """Every reading of `beam` with its pending byte and `trail` as a character, or as halves of two.

        `at` is the place of the visible character that holds `trail`.
        """
        halves = Halves(self._on_page, trail, self._ahead(pending, at + 1))
        cost_of = self.plausible.cost
        limit = min((r.cost for r in beam), default=0.0) + self.behind
        ways: list[tuple[list[Step], float]] = []  # of each reading
        lead, char, seen, doubles = -1, "", "", False
        for r in beam:
            if r.pending != lead:  # most have the same one
                lead = r.pending
                char, seen = self.codes.chars.get((lead, trail), ("", ""))
                doubles = drops(trail, lead)
            whole: list[Step] = []
            bound = limit - r.cost
            if char:
                before, so_far = r.seen[-2:], r.cost
                cost = cost_of(before + seen)
                whole.append((so_far + cost, r, char, seen, 0))
                if doubles:  # a doubled character shows like a single one
                    again = cost_of(before[1] + seen * 2)
                    whole.append((so_far + (cost + again), r, char * 2, seen * 2, 0))
                both = cost + UNSEEN_AHEAD
                if both >= SUSPECT:
                    both = cost + halves.next_cost(before[1] + seen)
                bound = min(bound, both + SLACK) if both >= SUSPECT else 0.0
            ways.append((whole, bound))
        halves.most.heed(step for whole, _ in ways for step in whole)
        out: list[Step] = []
        for r, (whole, bound) in zip(beam, ways, strict=True):
            out += whole
            if bound >= LEAST_PAIR and r.cost <= halves.most.cost:
                out += halves.after(r, bound)
        if not out:  # something must have been dropped here, a pair or two
            for r in beam[:ENDED]:
                out += halves.after(r, LAST_RESORT)
                out.append((r.cost + THREE_LOST, r, LOST * 3, "000", 0))
        self.asked += halves.asked + 2 * len(beam)
        return best(out, pending)

    def _in_step(self, beam: list[Reading], at: int) -> list[Reading]:
        """The readings of `beam` ended before `at`; a note that stands there is for their last character."""
        note = NOTE_RE.match(self.text, at)
        if note:
            noted = self.codes.readings.get(note[1], [])
            fitting = [r for r in beam if r.text[-1] in noted]
            if fitting:
                beam, at = fitting, note.end()
        return [Reading(r.cost, r.text, r.seen, r.pending, at, r.halves) for r in beam]

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
        unassigned = cache(lambda trail: sorted(wanted & unassigned_after(trail)))
        first: list[tuple[float, Reading, str, str, int]] = []  # the cheapest so far
        for r in beam:
            halves = self.codes.by_lead.get(r.pending, [])
            self.asked += len(halves)
            listed = self.plausible.listed(r.seen[-2:], self.codes.with_lead(r.pending))
            for bits, (trail, char, seen) in zip(listed, halves, strict=True):
                cost = r.cost + bits
                if cost < limit and unassigned(trail):
                    first.append((cost, r, char, seen, trail))
            first = nsmallest(BEAM, first, key=itemgetter(0))
            if len(first) == BEAM:
                limit = first[-1][0]
        found = []
        for cost, r, char, seen, trail in first:
            text, seen = r.text + char, r.seen + seen
            for lead in unassigned(trail):
                next_cost = self.plausible.cost(seen[-2:] + after[lead]) if lead in after else 0.0
                found.append((cost + next_cost, cost, text, seen, lead, r.end, r.halves))
        return sorted(Reading(*way[1:]) for way in nsmallest(BEAM, found))

    def _trail(self, at: int) -> int:
        """The byte of the sign at `at` that ends the character pending before it; 0 if it can't be told."""
        char = self.text[at : at + 1]
        if char in ("", "?", "\n"):
            return 0
        if char == EURO:
            return 0x80
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
        out: list[Step] = []
        halves = Halves(self._on_page, ANY, seen_after)
        limit = min(r.cost for r in beam) + self.behind
        for r in beam[:ENDED]:
            ends = self.codes.by_lead.get(r.pending, ())
            self.asked += len(ends)
            listed = self.codes.with_lead(r.pending)
            ended = self.plausible.listed(r.seen[-2:], listed)
            if noted is None:
                halves.most.heed_all(r.cost, listed.seen, ended)
            for bits, (trail, char, seen) in zip(ended, ends, strict=True):
                cost = r.cost + bits
                if cost <= halves.most.cost and (noted is None or char in noted):
                    out.append((cost, r, char + after, seen + seen_after, 0))
                    if after == LOST and trail == 0x80:  # a single 80 is a question mark, then in step
                        out.append((cost, r, char, seen, 0))
            for cost, _, text, seen, half in halves.after(r, limit - r.cost):
                if noted is None or text[-1] in noted:
                    out.append((cost, r, text + after, seen + seen_after, half + len(after)))
        self.asked += halves.asked
        return best(out, -1, end)
