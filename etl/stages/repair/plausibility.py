"""How plausible a text is on its page, in bits: general statistics blended with those of the page itself."""

from __future__ import annotations

from collections import Counter
from math import log2
from operator import add

from etl.rules.repair_statistics import BITS, CLOSES, Statistics
from etl.stages.repair.codes import Listed

# Share of the page in the blend. A page repeats its names and terms, but is short.
PAGE_SHARE = 0.15
# Words tell what characters do not, but punctuation and names only by characters.
WORD_SHARE = 0.8


class Plausibility:
    """Costs of texts; `page` is the page as the statistics see it."""

    def __init__(self, stats: Statistics, page: str) -> None:
        self.stats = stats
        self.page = Page(page)
        self.costs = Costs(stats, self.page)
        self._whole: dict[tuple[str, str], float] = {}
        self._listed: dict[tuple[str, Listed], list[float]] = {}

    def text_cost(self, text: str, start: int = 2) -> float:
        """Bits of `text` from `start` on, what stands before being its context."""
        costs = self.costs
        return sum([costs[text[i - 2 : i + 1]] for i in range(start, len(text))])

    def whole_cost(self, text: str, before: str = "") -> float:
        """Bits of `text` after its first two characters, words weighed in: to choose between full readings.

        `before` stands in front of it: its words may reach into the text.
        """
        cost = self._whole.get((text, before))
        if cost is None:
            cost = self.text_cost(text) + WORD_SHARE * self.stats.word_cost(before + text)
            self._whole[text, before] = cost
        return cost

    def listed(self, context: str, chars: Listed) -> list[float]:
        """Bits of each of `chars` after the two characters of `context`.

        Most are known by the pair with the last one only, and need not be asked for one by one.
        """
        found = self._listed.get((context, chars))
        if found is None:
            found = self._listed[context, chars] = self._costs(context, chars)
        return found

    def _costs(self, context: str, chars: Listed) -> list[float]:
        """What `listed` gives, worked out: the pairs, then singly what the rows, the page or stops change."""
        stats, costs, last = self.stats, self.costs, context[1]
        if ord(last) in stats.symbols or ord(context[0]) in stats.symbols:
            return [costs[context + char] for char in chars.seen]
        bits = list(map(stats.pairs[last].__getitem__, chars.shown))
        others = chars.places.keys() & CLOSES if last in CLOSES else set()
        row = stats.rows.get(context)
        if row is not None:
            left = BITS[row[1][0]]
            bits = [left + pair for pair in bits]
            others |= chars.places.keys() & row[0]
        here = self.page[last]
        if here is not None:
            others |= chars.places.keys() & here.pairs.keys()
        if chars.extra:
            bits = list(map(add, bits, chars.extra))
        for char in others:
            for place in chars.places[char]:
                bits[place] = costs[context + chars.seen[place]]
        return bits


class Costs(dict[str, float]):
    """Bits of the third of three characters after the first two, worked out when first asked for."""

    def __init__(self, stats: Statistics, page: Page) -> None:
        self._bits = stats.bits
        self._page = page

    def __missing__(self, three: str) -> float:
        before, char, after = three[0], three[1], three[2]
        bits = self._bits(before, char, after)
        here = self._page[char]
        if here is not None and after in here.pairs:
            share = here.pairs[after] / (here.count + 2)
            befores, triples = here.before()
            if three in triples:
                share = (share + triples[three] / (befores[before] + 1)) / 2
            bits = -log2((1 - PAGE_SHARE) * 2**-bits + PAGE_SHARE * share)
        self[three] = bits
        return bits


class Page(dict[str, "Following | None"]):
    """What follows a character on a page, None where the page has none; counted when first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __missing__(self, char: str) -> Following | None:
        found = self[char] = Following(self._text, char) if char in self._text else None
        return found


class Following:
    """How often `char` occurs on a page and before which others."""

    __slots__ = ("_before", "_page", "_places", "count", "pairs")

    def __init__(self, page: str, char: str) -> None:
        self._page = page
        self._places: list[int] = []
        self.pairs: dict[str, int] = {}
        at = page.find(char)
        while at >= 0:
            self._places.append(at)
            after = page[at + 1 : at + 2]
            self.pairs[after] = self.pairs.get(after, 0) + 1
            at = page.find(char, at + 1)
        self.count = len(self._places)
        self._before: tuple[Counter[str], Counter[str]] | None = None

    def before(self) -> tuple[Counter[str], Counter[str]]:
        """How often it occurs after which others, and between which; counted when first asked for."""
        if self._before is None:
            page, places = self._page, [at for at in self._places if at]
            self._before = (
                Counter([page[at - 1] for at in places]),
                Counter([page[at - 1 : at + 2] for at in places]),
            )
        return self._before
