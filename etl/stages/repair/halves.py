"""Halves: two characters at a place of a run where a pair of bytes dropped, the last of one and the first of the next.

Of the one its first byte is known, of the other its second. Every reading that goes on here asks for them
again, and few of the hundreds of pairs that fit are plausible, so this is where the time of a search goes:
what can't stay below the bound is left out before its cost is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from etl.rules.repair_statistics import BITS, BORDER
from etl.stages.repair.codes import ANY, HEADS, Codes, Seconds
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.reading import Most, Reading, Step

# All in bits. Tuned on damage generated from the last fifth of the first half of the news text.
UNSEEN_AHEAD = 12.0  # the most that the next character counts: it may be wrong itself
LEAST_SECOND = 4.0  # a second half that costs less than this is not hoped for
ROUNDING = 1e-9  # what a difference of costs may be off
NOTHING: dict[str, int] = {}
NO_ROW = ("", 0.0)


@dataclass(slots=True)
class Halves:
    """The halves that end with `trail`, before `ahead` (the next character as the statistics see it, if it is known).

    `asked` counts the costs asked for. What costs more than `most` would not be kept, and is left out.
    """

    codes: Codes
    plausible: Plausibility
    trail: int
    ahead: str
    asked: int = 0
    most: Most = field(default_factory=Most)

    def after(self, r: Reading, bound: float) -> list[Step]:
        """The reading `r` with two characters known by half, as far as they and the next cost below `bound`."""
        plausible, rows, last = self.plausible, self.codes.stats.rows, r.seen[-1]
        last_in_rows = self.codes.stats.symbols.get(ord(last), last)
        firsts, seconds = self.codes.firsts(r.pending), self.codes.seconds
        self.asked += len(firsts.halves)
        room, most = bound - LEAST_SECOND, self.most
        out: list[Step] = []
        listed = plausible.listed(r.seen[-2:], firsts.listed)
        for (code, char, seen, again), bits in zip(firsts.halves, listed, strict=True):
            if bits >= room or r.cost + bits > most.cost:
                continue
            behind = seconds[code + self.trail]
            off_page = plausible.page[seen] is None
            general = off_page and last_in_rows + seen not in rows
            # Both conditions are looked at again with the halves; here they spare most calls.
            if not general or bits + behind.least < room:
                out += self._with(behind, last_in_rows, (bits, r, char, seen, 2), bound)
            if again is not None:  # two pairs dropped around a doubled character: 派出所所長
                bits += again if general else plausible.costs[last + seen * 2]
                if bits < room and (not off_page or bits + behind.least < room or seen * 2 in rows):
                    out += self._with(behind, seen, (bits, r, char * 2, seen * 2, 2), bound)
        return out

    def _with(self, seconds: Seconds, before: str, first: Step, bound: float) -> list[Step]:
        """The `first` halves with each of `seconds` that, with the next character, stays below `bound`.

        They come in order of their general cost: where as many as HEADS are too dear, so are the others.
        What stands `before` the first half, as the rows of the statistics have it, and the page can make one
        of them cheaper than in general.
        """
        so_far, r, text, seen_before, half = first
        last = seen_before[-1]
        room = bound - LEAST_SECOND - so_far
        most = self.most.cost - r.cost + ROUNDING
        here, row = self.plausible.page[last], self.codes.stats.rows.get(before + last)
        on_page = NOTHING if here is None else here.pairs
        in_row, left = NO_ROW if row is None else (row[0], BITS[row[1][0]])
        if (
            room <= seconds.least + (left if BORDER not in in_row else 0.0)
            and on_page.keys().isdisjoint(seconds.heads)
            and seconds.heads.isdisjoint(in_row)
        ) or so_far + (0.0 if on_page or in_row else seconds.floor) > most:
            return []
        context, ahead, strange = (r.seen[-1] + seen_before)[-2:], self.ahead, self.codes.stats.strange
        costs = self.plausible.costs
        out: list[Step] = []
        tried = misses = 0
        for (_, char, seen), bits in zip(seconds.halves, seconds.costs, strict=True):
            tried += 1
            if seen in on_page or seen in in_row or (in_row and seen in strange) or not seconds.known:
                bits = costs[context + seen]
            else:
                bits += left
            cost = so_far + bits
            if cost + LEAST_SECOND >= bound:
                misses += 1
                if misses == HEADS:
                    break
            elif cost <= most:
                following = costs[last + seen + ahead] if ahead else UNSEEN_AHEAD
                if cost + min(following, UNSEEN_AHEAD) < bound:
                    out.append((r.cost + cost, r, text + char, seen_before + seen, half))
        self.asked += tried
        if out and self.trail != ANY:  # else more comes behind them, and alike is what ends alike with that
            self.most.heed(out)
        return out

    def next_cost(self, context: str) -> float:
        """Bits of the next character after `context`, within limits: it may be wrong itself."""
        if not self.ahead:
            return UNSEEN_AHEAD
        bits = self.plausible.costs[context + self.ahead]
        return bits if bits < UNSEEN_AHEAD else UNSEEN_AHEAD
