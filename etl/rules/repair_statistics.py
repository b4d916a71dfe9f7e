"""Character and word statistics, read when the first damaged page shows up.

Costs are bits (-log2 of a probability). A file row stays as it is, a string of followers beside a string
of costs, and is looked into when asked: building dictionaries of all pairs would take longer than most
runs need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from etl.errors import RulesError
from etl.rules import read_tsv

Rows = dict[str, tuple[str, str]]

UNKNOWN = 22.0  # of a character that the news never used
UNKNOWN_WORD = 20.0
LONGEST_WORD = 5
BORDER = "|"  # the beginning or end of a line
# Bits to tell one digit from the others, one letter from the others.
IN_CLASS = {"0": 3.3, "A": 4.7}
SYMBOL = 8.0  # bits to tell one symbol from the others: → ● 【
# Stops do not follow each other unless the statistics saw them do so.
CLOSES, NEVER_SEEN, TWO_STOPS = frozenset("，。、；："), 8.0, 10.0

# A cost by the character that stands for it in the files.
BITS = {chr(33 + quarters): quarters / 4 for quarters in range(94)}


@dataclass(frozen=True, eq=False)
class Statistics:
    """How much is known about characters after their context, and about words."""

    singles: dict[str, float]
    rows: Rows
    words: dict[str, float]
    symbols: dict[int, str]  # for str.translate: signs that no row knows stand where a line begins or ends
    strange: frozenset[str]  # symbols, and what stands for a class or does not follow its like

    def cost(self, context: str, char: str) -> float:
        """Bits of `char` or its class after the two characters of `context`; what is not known backs off.

        >>> stats = statistics()
        >>> stats.cost("派出", "所") < 2 < 15 < stats.cost("派出", "锁")
        True
        """
        left = 0.0
        for key in (context, context[1]):
            row = self.rows.get(key)
            if row is not None:
                i = row[0].find(char) + 1
                if i:
                    return left + BITS[row[1][i]]
                left += BITS[row[1][0]]
        return left + self.singles.get(char, UNKNOWN)

    def bits(self, three: str) -> float:
        """Bits of the third character itself, not of its class only, after the first two."""
        before, middle, char = three[0], three[1], three[2]
        if char in self.strange or before in self.strange:
            return self._strange_bits(before, middle, char)
        row = self.rows.get(before + middle)
        if row is None:
            return self.pairs[middle + char]
        at = row[0].find(char) + 1
        return BITS[row[1][at]] if at else BITS[row[1][0]] + self.pairs[middle + char]

    def _strange_bits(self, before: str, middle: str, char: str) -> float:
        plain = self.symbols.get
        shown = plain(ord(char), char)
        bits = self.cost(plain(ord(before), before) + plain(ord(middle), middle), shown)
        bits += IN_CLASS.get(char, 0.0)
        if shown != char:
            bits += SYMBOL
        if char in CLOSES and middle in CLOSES and bits > NEVER_SEEN:
            bits += TWO_STOPS
        return bits

    @cached_property
    def pairs(self) -> PairCosts:
        """The costs of pairs, for as many as were asked for lately."""
        return PairCosts(self)

    def word_cost(self, text: str) -> float:
        """Bits of `text` as a row of words, cut where that is cheapest."""
        best = [0.0] + [1e9] * len(text)
        for start in range(len(text)):
            so_far = best[start]
            for end in range(start + 1, min(start + LONGEST_WORD, len(text)) + 1):
                word = text[start:end]
                cost = self.words.get(word)
                if cost is None:
                    if end > start + 1:
                        continue
                    cost = UNKNOWN_WORD if "\u4e00" <= word <= "\u9fff" else self.singles.get(word, UNKNOWN)
                if so_far + cost < best[end]:
                    best[end] = so_far + cost
        return best[-1]


PAIRS_KEPT = 1 << 17


class PairCosts(dict[str, float]):
    """Bits of the second of two characters after the first where nothing is known of the one before.

    Most triples that a search asks for are unknown, and come down to the same pairs on all pages.
    """

    def __init__(self, stats: Statistics) -> None:
        self._stats = stats

    def __missing__(self, pair: str) -> float:
        if len(self) >= PAIRS_KEPT:
            self.clear()
        stats = self._stats
        bits = self[pair] = stats.cost("\n" + pair[0].translate(stats.symbols), pair[1])
        return bits


@lru_cache(maxsize=1)
def statistics() -> Statistics:
    """The statistics of this installation. Raises RulesError if a row is out of shape."""
    rows: Rows = {}
    for name in ("repair_pairs.tsv", "repair_triples.tsv"):
        for context, followers, costs in read_tsv(name, 3):
            if len(costs) != len(followers) + 1:
                raise RulesError(f"rules/{name}: row {context!r} has {len(costs)} costs")
            rows[context] = (followers, costs)
    singles = dict(zip(rows["-"][0], map(BITS.__getitem__, rows.pop("-")[1][1:]), strict=True))
    words = {w: int(cost) / 4 for cost, found in read_tsv("repair_words.tsv", 2) for w in found.split(" ")}
    symbols = {ord(c): BORDER for c in _symbols() if c not in singles}
    strange = CLOSES | IN_CLASS.keys() | set(map(chr, symbols))
    return Statistics(singles, rows, words, symbols, strange)


def _symbols() -> Iterator[str]:
    """The symbols of the first two rows of GB 2312: → ● 【 ①."""
    pairs = (bytes((lead, trail)) for lead in (0xA1, 0xA2) for trail in range(0xA1, 0xFF))
    return filter(None, (pair.decode("gb2312", "ignore") for pair in pairs))
