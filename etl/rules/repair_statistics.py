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

    def bits(self, before: str, middle: str, char: str) -> float:
        """Bits of `char` itself, not of its class only, after the two others."""
        if char in self.strange or before in self.strange:
            return self.strange_bits(before, middle, char)
        row = self.rows.get(before + middle)
        if row is None:
            return self.pairs[middle][char]
        at = row[0].find(char) + 1
        return BITS[row[1][at]] if at else BITS[row[1][0]] + self.pairs[middle][char]

    def strange_bits(self, before: str, middle: str, char: str) -> float:
        """Bits of `char` after the two others where it or the first one is `strange`."""
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
    def seconds(self) -> dict[str, set[str]]:
        """The characters behind each that begin a row of two with it."""
        found: dict[str, set[str]] = {}
        for context in self.rows:
            if len(context) == 2:
                found.setdefault(context[0], set()).add(context[1])
        return found

    @cached_property
    def pairs(self) -> PairCosts:
        """The costs of pairs by their first character, for as many as were asked for lately."""
        return PairCosts(self)

    def word_cost(self, text: str) -> float:
        """Bits of `text` as a row of words, cut where that is cheapest."""
        beginning = self.beginning
        best = [0.0] + [1e9] * len(text)
        for start in range(len(text)):
            so_far = best[start]
            for length, cost in beginning[text[start : start + LONGEST_WORD]]:
                if so_far + cost < best[start + length]:
                    best[start + length] = so_far + cost
        return best[-1]

    @cached_property
    def beginning(self) -> WordsAtStart:
        """The words that a text begins with, for as many texts as were asked for lately."""
        return WordsAtStart(self)


STARTS_KEPT = 1 << 14


class WordsAtStart(dict[str, list[tuple[int, float]]]):
    """Length and cost of each word that a text begins with; its first character is one in any case."""

    def __init__(self, stats: Statistics) -> None:
        self._stats = stats

    def __missing__(self, text: str) -> list[tuple[int, float]]:
        if len(self) >= STARTS_KEPT:
            self.clear()
        words, char = self._stats.words, text[0]
        alone = words.get(char)
        if alone is None:
            alone = UNKNOWN_WORD if "\u4e00" <= char <= "\u9fff" else self._stats.singles.get(char, UNKNOWN)
        longer = ((length, words.get(text[:length])) for length in range(2, len(text) + 1))
        found = self[text] = [(1, alone), *((length, cost) for length, cost in longer if cost is not None)]
        return found


PAIRS_KEPT = 1 << 18  # all 141,000 of the statistics, and others that were asked for


class PairCosts(dict[str, "PairRow"]):
    """What follows a character where nothing is known of the one before it.

    Most triples that a search asks for are unknown, and come down to the same pairs on all pages.
    """

    def __init__(self, stats: Statistics) -> None:
        self.stats = stats
        self._kept = 0
        self.own = {
            char: char for char in stats.singles
        }  # one object for all rows: it is found faster than its like

    def __missing__(self, char: str) -> PairRow:
        followers, costs = self.stats.rows.get(self.stats.symbols.get(ord(char), char), ("", "!"))
        row = PairRow(self, BITS[costs[0]])
        row.update(zip(map(self.own.__getitem__, followers), map(BITS.__getitem__, costs[1:]), strict=True))
        self.count(len(row))
        self[char] = row
        return row

    def count(self, more: int) -> None:
        """Notes that `more` costs will be kept; if they are too many, all others are forgotten."""
        self._kept += more
        if self._kept > PAIRS_KEPT:
            self.clear()
            self._kept = more


class PairRow(dict[str, float]):
    """Bits of every character after the same one, `left` being those of leaving its row of the statistics."""

    def __init__(self, pairs: PairCosts, left: float) -> None:
        self._pairs, self._left = pairs, left

    def __missing__(self, char: str) -> float:
        self._pairs.count(1)
        bits = self[char] = self._left + self._pairs.stats.singles.get(char, UNKNOWN)
        return bits


@lru_cache(maxsize=1)
def statistics() -> Statistics:
    """The statistics of this installation. Raises RulesError if a row is out of shape."""
    rows: Rows = {}
    share: dict[str, str] = {}  # two rows in three have followers that others have too, four in five costs
    for name in ("repair_pairs.tsv", "repair_triples.tsv"):
        for context, followers, costs in read_tsv(name, 3):
            if len(costs) != len(followers) + 1:
                raise RulesError(f"rules/{name}: row {context!r} has {len(costs)} costs")
            rows[context] = (share.setdefault(followers, followers), share.setdefault(costs, costs))
    singles = dict(zip(rows["-"][0], map(BITS.__getitem__, rows.pop("-")[1][1:]), strict=True))
    words: dict[str, float] = {}
    for cost, found in read_tsv("repair_words.tsv", 2):
        words.update(dict.fromkeys(found.split(" "), int(cost) / 4))
    symbols = {ord(c): BORDER for c in _symbols() if c not in singles}
    strange = CLOSES | IN_CLASS.keys() | set(map(chr, symbols))
    return Statistics(singles, rows, words, symbols, strange)


def _symbols() -> Iterator[str]:
    """The symbols of the first two rows of GB 2312: → ● 【 ①."""
    pairs = (bytes((lead, trail)) for lead in (0xA1, 0xA2) for trail in range(0xA1, 0xFF))
    return filter(None, (pair.decode("gb2312", "ignore") for pair in pairs))
