"""Which of the 31 kinds an incident is, and where words stand that signal a kind.

The kind is the one for which the characters and pairs of characters of the telling weigh most. The weights
were learned from invented tellings of every kind, those the guideline's rules for competing kinds are
about among them; see etl/rules/kind_weights.tsv. Signals are words that tell of a case at all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from etl.model import Span
from etl.rules.extract import KindRule, Weights
from etl.rules.scan import Hits
from etl.stages.extract.weigh import margins


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for any kind in a body, in order: start, end, number of the kind."""

    codes: Sequence[str]
    found: Sequence[tuple[int, int, int]]


def signals(hits: Hits, rules: Sequence[KindRule]) -> Signals:
    """The scanner's hits that signal a kind."""
    found = [
        (start, end, number) for number, rule in enumerate(rules) for start, end in hits.get(rule.tag, ())
    ]
    return Signals([rule.code for rule in rules], sorted(found))


def signalled(s: Signals, ranges: Sequence[Span]) -> set[str]:
    """The kinds that have a signal beginning in one of `ranges` of the body."""
    return {
        s.codes[number]
        for a, b in ranges
        for _, _, number in s.found[bisect_left(s.found, (a,)) : bisect_left(s.found, (b,))]
    }


def decide(text: str, weights: Weights) -> str:
    """The kind for which the telling `text` weighs most."""
    weighed = margins(text, weights)
    return weights.labels[weighed.index(max(weighed))]
