"""Halves: two characters at a place of a run where a pair of bytes dropped, the last of one and the first of the next.

Of the one its first byte is known, of the other its second. Every reading that goes on here asks for them
again, and few of the hundreds of pairs that fit are plausible, so this is where the time of a search goes:
what can't stay below the bound is left out before its cost is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass

from etl.stages.repair.codes import HEADS, Codes, Seconds
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.reading import Reading, Step

# All in bits. Tuned on damage generated from the last fifth of the first half of the news text.
UNSEEN_AHEAD = 12.0  # the most that the next character counts: it may be wrong itself
LEAST_SECOND = 4.0  # a second half that costs less than this is not hoped for


@dataclass(slots=True)
class Halves:
    """The halves that end with `trail`, before `ahead` (the next character as the statistics see it, if it is known).

    `asked` counts the costs asked for.
    """

    codes: Codes
    plausible: Plausibility
    trail: int
    ahead: str
    asked: int = 0

    def after(self, r: Reading, bound: float) -> list[Step]:
        """The reading `r` with two characters known by half, as far as they and the next cost below `bound`."""
        costs, tells = self.plausible.costs, self.plausible.tells
        context, last = r.seen[-2:], r.seen[-1]
        last = self.codes.stats.symbols.get(ord(last), last)
        firsts = self.codes.firsts(r.pending)
        self.asked += len(firsts)
        out: list[Step] = []
        for code, char, seen, doubles in firsts:
            bits = costs[context + seen]
            room = bound - LEAST_SECOND - bits
            if room <= 0:
                continue
            seconds = self.codes.seconds[code + self.trail]
            if seconds.least < room or tells(last + seen, seconds.heads):
                out += self._with(seconds, (bits, r, char, seen, 2), bound)
            if doubles:  # two pairs dropped around a doubled character: 派出所所長
                bits += costs[context[1] + seen * 2]
                if seconds.least < bound - LEAST_SECOND - bits or tells(seen * 2, seconds.heads):
                    out += self._with(seconds, (bits, r, char * 2, seen * 2, 2), bound)
        return out

    def _with(self, seconds: Seconds, first: Step, bound: float) -> list[Step]:
        """The `first` halves with each of `seconds` that, with the next character, stays below `bound`.

        They come in order of their general cost: where as many as HEADS are too dear, so are the others.
        """
        so_far, r, text, before, half = first
        context = (r.seen[-1] + before)[-2:]
        last = context[1]
        costs, next_cost = self.plausible.costs, self.next_cost
        out: list[Step] = []
        tried = misses = 0
        for _, char, seen in seconds.halves:
            tried += 1
            cost = so_far + costs[context + seen]
            if cost + LEAST_SECOND >= bound:
                misses += 1
                if misses == HEADS:
                    break
            elif cost + next_cost(last + seen) < bound:
                out.append((r.cost + cost, r, text + char, before + seen, half))
        self.asked += tried
        return out

    def next_cost(self, context: str) -> float:
        """Bits of the next character after `context`, within limits: it may be wrong itself."""
        if not self.ahead:
            return UNSEEN_AHEAD
        bits = self.plausible.costs[context + self.ahead]
        return bits if bits < UNSEEN_AHEAD else UNSEEN_AHEAD
