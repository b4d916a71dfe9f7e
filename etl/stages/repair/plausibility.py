"""How plausible a text is on its page, in bits: general statistics blended with those of the page itself."""

from __future__ import annotations

from collections import Counter
from functools import cached_property, lru_cache
from math import log2
from operator import add

from etl.rules.repair_statistics import Statistics

# Share of the page in the blend. A page repeats its names and terms, but is short.
PAGE_SHARE = 0.15
# Words tell what characters do not, but punctuation and names only by characters.
WORD_SHARE = 0.8

# Bits to tell one digit from the others, one letter from the others.
IN_CLASS = {"0": 3.3, "A": 4.7}
SYMBOL = 8.0  # bits to tell one symbol from the others: → ● 【
# Stops do not follow each other unless the statistics saw them do so.
CLOSES, NEVER_SEEN, TWO_STOPS = frozenset("，。、；："), 8.0, 10.0


class Plausibility:
    """Costs of characters after their context; `page` is the page as the statistics see it."""

    def __init__(self, stats: Statistics, page: str) -> None:
        self.stats = stats
        self.page = page
        self.asked = 0  # how often a cost was asked for
        self._costs: dict[str, float] = {}

    @cached_property
    def _counts(self) -> Counter[str]:
        """How often one, two and three characters in a row occur on the page."""
        page = self.page
        counts = Counter(page)
        counts.update(map(add, page, page[1:]))
        counts.update(map(add, map(add, page, page[1:]), page[2:]))
        return counts

    def cost(self, three: str) -> float:
        """Bits of the third character after the first two."""
        self.asked += 1
        cost = self._costs.get(three)
        if cost is None:
            cost = self._costs[three] = self._blended(three)
        return cost

    def _blended(self, three: str) -> float:
        general = _general(self.stats, three)
        counts = self._counts
        pairs = counts.get(three[1:])
        if not pairs:
            return general
        here = pairs / (counts[three[1]] + 2)
        triples = counts.get(three)
        if triples:
            here = (here + triples / (counts[three[:2]] + 1)) / 2
        return -log2((1 - PAGE_SHARE) * 2**-general + PAGE_SHARE * here)

    def text_cost(self, text: str, start: int = 2) -> float:
        """Bits of `text` from `start` on, what stands before being its context."""
        return sum(self.cost(text[i - 2 : i + 1]) for i in range(start, len(text)))

    def whole_cost(self, text: str, before: str = "") -> float:
        """Bits of `text` after its first two characters, words weighed in: to choose between full readings.

        `before` stands in front of it: its words may reach into the text.
        """
        return self.text_cost(text) + WORD_SHARE * self.stats.word_cost(before + text)


@lru_cache(maxsize=1 << 17)
def _general(stats: Statistics, three: str) -> float:
    """Bits of the third character after the first two, whatever the page."""
    plain = three.translate(stats.symbols)
    bits = stats.cost(plain[:2], plain[2]) + IN_CLASS.get(three[2], 0.0)
    if plain[2] != three[2]:
        bits += SYMBOL
    if three[2] in CLOSES and three[1] in CLOSES and bits > NEVER_SEEN:
        bits += TWO_STOPS
    return bits
