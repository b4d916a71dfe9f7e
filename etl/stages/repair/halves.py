"""Halves: two characters at a place of a run where a pair of bytes dropped, the last of one and the first of the next.

Of the one its first byte is known, of the other its second. Every reading that goes on here asks for them
again, and few of the hundreds of pairs that fit are plausible, so this is where the time of a search goes:
what can't stay below the bound is left out before its cost is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from operator import add

from etl.rules.repair_statistics import BORDER
from etl.stages.repair.codes import ANY, HEADS, NO_CONTEXT, Codes, SecondHalves
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.reading import Most, Reading, Step

# All in bits. Tuned on damage generated from the last fifth of the first half of the news text.
UNSEEN_AHEAD = 12.0  # the most that the next character counts: it may be wrong itself
LEAST_SECOND = 4.0  # a second half that costs less than this is not hoped for
ROUNDING = 1e-9  # what a difference of costs may be off
NONE: frozenset[str] = frozenset()


class OnPage:
    """What is known of halves on one page.

    A first half is special behind a character if more is known of the two than what they cost as a pair.
    """

    def __init__(self, codes: Codes, plausible: Plausibility) -> None:
        self.codes = codes
        self.plausible = plausible
        self._special: dict[tuple[str, int], set[int]] = {}
        self._needs: dict[tuple[int, int, str], Needs] = {}

    def needs(self, lead: int, trail: int, ahead: str) -> Needs:
        """What first halves with `lead` need for a second one with `trail` to be found before `ahead`."""
        found = self._needs.get((lead, trail, ahead))
        if found is None:
            found = self._needs[lead, trail, ahead] = Needs(self.codes.seconds(lead, trail), self.plausible)
        return found

    def special(self, last: str, lead: int) -> set[int]:
        """The places of the first halves of `lead` that are special behind `last`."""
        found = self._special.get((last, lead))
        if found is None:
            stats, listed = self.codes.stats, self.codes.firsts(lead).listed
            before = stats.symbols.get(ord(last), last)
            chars = listed.places.keys() & stats.seconds.get(before, NONE)
            chars |= listed.places.keys() & self.plausible.page.behind(last).keys()
            found = {place for char in chars for place in listed.places[char]}
            if before + BORDER in stats.rows:  # the row tells what strange characters cost behind a symbol
                found |= {place for place, seen in enumerate(listed.seen) if ord(seen) in stats.symbols}
            self._special[last, lead] = found
        return found


# A first half: its cost, what stands before the last of its characters if that matters, they and how they are seen.
First = tuple[float, str, str, str]


class Needs:
    """By how much a bound must exceed the cost of first halves, at least, for one of the `seconds` to be found.

    That is `once` where the first half is not special, `special` where it is, by what stands before it and
    its place, and `twice` where it stands twice, `again` being what that costs if it is not special. `either`
    is the least of what it needs if it is not. Whoever looks in vain notes what would have been needed, so
    that readings which go on alike, most of all on a second look, need not try again.
    """

    __slots__ = ("again", "doubled", "either", "floors", "once", "seconds", "special", "twice")

    def __init__(self, seconds: SecondHalves, plausible: Plausibility) -> None:
        firsts, page = seconds.firsts, plausible.page
        self.seconds = seconds
        self.floors = list(seconds.floors)  # what the second half costs at least
        self.again = [half.again for half in firsts.halves]
        self.doubled = set(firsts.doubled)  # where the second one of two is special behind the first
        for place, half in enumerate(firsts.halves):
            behind = page.behind(half.seen)
            if behind:
                self.floors[place] = 0.0
                if half.again < inf and half.seen in behind:
                    self.again[place] = plausible.cost(NO_CONTEXT + half.seen * 2)
                    self.doubled.add(place)
        for place in self.doubled:
            self.floors[place] = 0.0
        self.once = [floor + LEAST_SECOND for floor in self.floors]
        self.twice = list(self.once)
        self.special: dict[tuple[str, int], float] = {}
        self.either = list(map(min, self.once, map(add, self.again, self.twice)))

    def learn(self, before: str, place: int, need: float, floor: float) -> None:
        """Notes what would have been needed with `before` before the first half, and what the second one costs."""
        if before == NO_CONTEXT:
            self.once[place] = need
            if place not in self.doubled:
                self.floors[place], self.twice[place] = floor, need
        else:
            self.special[before, place] = need
            if place in self.doubled and before == self.seconds.firsts.halves[place].seen:
                self.twice[place] = need
        self.either[place] = min(self.once[place], self.again[place] + self.twice[place])


@dataclass(slots=True)
class Halves:
    """The halves that end with `trail`, before `ahead` (the next character as the statistics see it, if it is known).

    `asked` counts the costs asked for. What costs more than `most` would not be kept, and is left out.
    """

    on_page: OnPage
    trail: int
    ahead: str
    asked: int = 0
    most: Most = field(default_factory=Most)

    def after(self, r: Reading, bound: float) -> list[Step]:
        """The reading `r` with two characters known by half, as far as they and the next cost below `bound`."""
        needs, plausible = self.on_page.needs(r.pending, self.trail, self.ahead), self.on_page.plausible
        firsts, last = needs.seconds.firsts, r.seen[-1]
        self.asked += len(firsts.halves)
        listed = plausible.listed(r.seen[-2:], firsts.listed)
        places = [place for place, need in enumerate(map(add, listed, needs.either)) if need < bound]
        special = self.on_page.special(last, r.pending)
        most = self.most.cost - r.cost + ROUNDING
        out: list[Step] = []
        for place in sorted(special.union(places)) if special else places:
            bits, again, once, before = listed[place], needs.again[place], needs.once[place], NO_CONTEXT
            if place not in special and bits + needs.floors[place] > most:
                continue
            _, char, seen, _ = firsts.halves[place]
            if place in special:
                once, before = needs.special.get((last, place), LEAST_SECOND), last
                if again < inf:
                    again = plausible.cost(last + seen * 2)
            if bits + once < bound:
                out += self._with(r, needs, place, (bits, before, char, seen), bound)
            bits += again  # two pairs dropped around a doubled character: 派出所所長
            if bits + needs.twice[place] < bound:
                before = seen if place in needs.doubled else NO_CONTEXT
                out += self._with(r, needs, place, (bits, before, char * 2, seen * 2), bound)
        return out

    def _with(self, r: Reading, needs: Needs, place: int, first: First, bound: float) -> list[Step]:
        """The `first` half with each second one that, with the next character, stays below `bound`.

        They come in order of their general cost: where as many as HEADS are too dear, so are the others.
        """
        so_far, before, text, seen_before = first
        most = self.most.cost - r.cost + ROUNDING
        if so_far + (needs.floors[place] if before == NO_CONTEXT else 0.0) > most:
            return []
        plausible, last, ahead = self.on_page.plausible, seen_before[-1], self.ahead
        behind = needs.seconds.behind(place)
        if before == NO_CONTEXT and behind.seen.isdisjoint(plausible.page.behind(last)):
            costs, floor = behind.costs, behind.floor
        else:
            costs = plausible.listed(before + last, behind.listed)
            floor = min(costs, default=inf)
        known = plausible.cost
        out: list[Step] = []
        need, misses, asked = inf, 0, len(costs)
        for tried, ((_, char, seen), bits) in enumerate(zip(behind.halves, costs, strict=True), 1):
            cost, lacks = so_far + bits, bits + LEAST_SECOND
            if cost + LEAST_SECOND >= bound:
                misses += 1
                if misses == HEADS:
                    need, asked = min(need, lacks), tried
                    break
            elif cost <= most:
                following = known(last + seen + ahead) if ahead else UNSEEN_AHEAD
                if following > UNSEEN_AHEAD:
                    following = UNSEEN_AHEAD
                if cost + following < bound:
                    out.append((r.cost + cost, r, text + char, seen_before + seen, 2))
                elif following > LEAST_SECOND:
                    lacks = bits + following
            if lacks < need:
                need = lacks
        self.asked += asked
        if not out:
            needs.learn(before, place, need, floor)
        elif self.trail != ANY:  # else more comes behind them, and alike is what ends alike with that
            self.most.heed(out)
        return out

    def next_cost(self, context: str) -> float:
        """Bits of the next character after `context`, within limits: it may be wrong itself."""
        if not self.ahead:
            return UNSEEN_AHEAD
        bits = self.on_page.plausible.cost(context + self.ahead)
        return bits if bits < UNSEEN_AHEAD else UNSEEN_AHEAD
