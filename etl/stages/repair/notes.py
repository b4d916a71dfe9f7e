"""Pinyin notes: `當(dāng)` back to 當, where a page noted every occurrence of its characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from etl.model import Edit
from etl.rules.repair import RepairRules

# 當(dāng)  綠(lǜ): the note; the bracket comes first since brackets are rare
NOTE_RE = re.compile(r"\((?<=([\u3400-\u9fff])\()([a-zü\u00e0-\u01dc]{1,6})\)")
# 公司W(wǎng)INDOWS: the last byte of 司 and the W are the bytes of 網
ACROSS_RE = re.compile(r"\((?<=([@-~])\()([a-zü\u00e0-\u01dc]{1,6})\)")


@dataclass(frozen=True, slots=True)
class Noted:
    """The characters a page has noted, each with its syllable."""

    syllables: dict[str, str]

    def edits(self, text: str) -> Iterator[Edit]:
        """The notes of `text` taken out."""
        for m in NOTE_RE.finditer(text):
            if self.syllables.get(m[1]) == m[2]:
                yield Edit(m.start(), m.end(), "", "pinyin_note")


def noted(page: str, rules: RepairRules) -> Noted:
    """The characters of a traditional `page` that carry a note at every occurrence.

    A real reading such as 勐(měng)卯 is no note: the character must be a traditional-only form, the
    syllable one of its readings, and no occurrence may be without it.

    >>> from etl.rules import load_rules
    >>> noted("當(dāng)作大事，擔當(dāng)", load_rules().repair).syllables
    {'當': 'dāng'}
    """
    found: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for m in NOTE_RE.finditer(page):
        found.setdefault(m[1], set()).add(m[2])
        counts[m[1]] = counts.get(m[1], 0) + 1
    syllables = {}
    for char, said in found.items():
        known = rules.readings.get(char, frozenset()) & said
        if len(said) == 1 and known and page.count(char) == counts[char]:
            syllables[char] = said.pop()
    return Noted(syllables)


def across(text: str, rules: RepairRules) -> Iterator[Edit]:
    """The notes left in `text`, a traditional page with notes, that the search put behind an ASCII sign.

    The sign must be the second byte of a character that has the syllable.
    """
    for m in ACROSS_RE.finditer(text):
        if m[1] in _signs(rules).get(m[2], ()):
            yield Edit(m.start(), m.end(), "", "pinyin_note")


@lru_cache(maxsize=1)
def _signs(rules: RepairRules) -> dict[str, set[str]]:
    """By syllable the second bytes of its characters, as the signs that a damaged page shows."""
    signs: dict[str, set[str]] = {}
    for char, said in rules.readings.items():
        for syllable in said:
            signs.setdefault(syllable, set()).add(chr(char.encode("gbk")[1]))
    return signs
