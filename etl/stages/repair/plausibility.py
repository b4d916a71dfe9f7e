"""How plausible a text is on its page, in bits: general statistics blended with those of the page itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import log2
from operator import add

from etl.rules.repair_statistics import BITS, CLOSES, Statistics
from etl.stages.repair.codes import Listed

# Share of the page in the blend. A page repeats its names and terms, but is short.
PAGE_SHARE = 0.15
# Words tell what characters do not, but punctuation and names only by characters.
WORD_SHARE = 0.8
NONE: Mapping[str, int] = {}
END = "\n"  # stands on no page as the statistics see it


class Plausibility:
    """Costs of texts; `page` is the page as the statistics see it."""

    def __init__(self, stats: Statistics, page: str) -> None:
        self.stats = stats
        self.page = Page(page)
        self.cost = Costs(stats, self.page).__getitem__  # of three characters, see there
        self._whole: dict[tuple[str, str], float] = {}
        self._listed: dict[tuple[str, Listed], list[float]] = {}

    def char_costs(self, text: str) -> Iterator[float]:
        """Bits of each character of `text` after its first two, which are only context."""
        return map(self.cost, map(add, map(add, text, text[1:]), text[2:]))

    def whole_cost(self, text: str, before: str = "") -> float:
        """Bits of `text` after its first two characters, words weighed in: to choose between full readings.

        `before` stands in front of it: its words may reach into the text.
        """
        cost = self._whole.get((text, before))
        if cost is None:
            cost = sum(self.char_costs(text)) + WORD_SHARE * self.stats.word_cost(before + text)
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
        stats, cost, last = self.stats, self.cost, context[1]
        shown = context.translate(stats.symbols)
        row = stats.rows.get(shown)
        if row is not None and shown[1] != last and context[0] not in stats.strange:
            # Behind a symbol the row tells what strange characters cost, but no others.
            return [cost(context + char) for char in chars.seen]
        bits = list(map(stats.pairs[last].__getitem__, chars.shown))
        others = chars.places.keys() & self.page.behind(last).keys()
        if last in CLOSES:
            others |= chars.places.keys() & CLOSES
        if row is not None:
            left = BITS[row[1][0]]
            bits = [left + pair for pair in bits]
            others |= chars.places.keys() & row[0]
        if chars.extra:
            bits = list(map(add, bits, chars.extra))
        for char in others:
            for place in chars.places[char]:
                bits[place] = cost(context + chars.seen[place])
        return bits


class Costs(dict[str, float]):
    """Bits of the third of three characters after the first two, worked out when first asked for."""

    def __init__(self, stats: Statistics, page: Page) -> None:
        self._bits = stats.bits
        self._page = page

    def __missing__(self, three: str) -> float:
        before, char, after = three[0], three[1], three[2]
        bits = self._bits(before, char, after)
        page = self._page
        if found := page.behind(char).get(after):
            share = found / (page.text.count(char) + 2)
            if (led := page.behind(before).get(char)) and (together := page.count(three)):
                share = (share + together / (led + 1)) / 2
            bits = -log2((1 - PAGE_SHARE) * 2**-bits + PAGE_SHARE * share)
        self[three] = bits
        return bits


class Page:
    """What stands behind a character in the `text` of a page, and how often.

    >>> dict(Page("警方说，警察说").behind("警")), Page("00000").count("000")
    ({'方': 1, '察': 1}, 3)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._chars = frozenset(text)
        self._behind: dict[str, Mapping[str, int]] = {}

    def behind(self, char: str) -> Mapping[str, int]:
        """The characters that stand behind `char`, and how often each does; END stands behind the last."""
        if char not in self._chars:
            return NONE
        found = self._behind.get(char)
        if found is None:
            pieces = (self.text + END).split(char)
            found = self._behind[char] = Counter([piece[:1] or char for piece in pieces[1:]])
        return found

    def count(self, three: str) -> int:
        """How often the page has `three` characters in a row."""
        if three[0] != three[2]:
            return self.text.count(three)
        found, at = 0, self.text.find(three)
        while at >= 0:  # they may overlap
            found, at = found + 1, self.text.find(three, at + 1)
        return found
