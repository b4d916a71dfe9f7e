"""How plausible a text is on its page, in bits: general statistics blended with those of the page itself."""

from __future__ import annotations

from collections import Counter
from math import log2

from etl.rules.repair_statistics import Statistics

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

    def text_cost(self, text: str, start: int = 2) -> float:
        """Bits of `text` from `start` on, what stands before being its context."""
        costs = self.costs
        return sum([costs[text[i - 2 : i + 1]] for i in range(start, len(text))])

    def whole_cost(self, text: str, before: str = "") -> float:
        """Bits of `text` after its first two characters, words weighed in: to choose between full readings.

        `before` stands in front of it: its words may reach into the text.
        """
        return self.text_cost(text) + WORD_SHARE * self.stats.word_cost(before + text)

    def tells(self, context: str, chars: frozenset[str]) -> bool:
        """Whether one of `chars` may cost less after both characters of `context` than in general after the last.

        The first one is as rows of the statistics have it, a symbol as a border.
        """
        row = self.stats.rows.get(context)
        if row is not None:  # few characters and long rows: each is looked for, not the row gone through
            for char in chars:
                if char in row[0]:
                    return True
        here = self.page[context[1]]
        return here is not None and not here.pairs.keys().isdisjoint(chars)


class Costs(dict[str, float]):
    """Bits of the third of three characters after the first two, worked out when first asked for."""

    def __init__(self, stats: Statistics, page: Page) -> None:
        self._bits = stats.bits
        self._page = page

    def __missing__(self, three: str) -> float:
        bits = self._bits(three)
        before, char, after = three[0], three[1], three[2]
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
        self._places: dict[str, list[int]] = {}
        for at, char in enumerate(text):
            self._places.setdefault(char, []).append(at)

    def __missing__(self, char: str) -> Following | None:
        places = self._places.get(char)
        found = self[char] = Following(self._text, places) if places else None
        return found


class Following:
    """How often a character occurs and before which others, given its `places` on a page."""

    __slots__ = ("_before", "_page", "_places", "count", "pairs")

    def __init__(self, page: str, places: list[int]) -> None:
        self.count = len(places)
        self.pairs = Counter([page[at + 1 : at + 2] for at in places])
        self._page, self._places = page, places
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
