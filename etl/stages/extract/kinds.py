"""Which of the 31 kinds an incident is, and whether a telling tells a case at all.

Both are told by what the characters and pairs of characters of the telling weigh. The weights were learned from
invented tellings of every kind, those the guideline's rules for competing kinds are about among them, and from
passages that tell no case; see etl/rules/kind_weights.tsv and case_weights.tsv.
"""

from __future__ import annotations

from etl.rules.extract import Weights
from etl.stages.extract.weigh import margins


def decide(text: str, weights: Weights) -> str:
    """The kind for which the telling `text` weighs most."""
    weighed = margins(text, weights)
    return weights.labels[weighed.index(max(weighed))]


def is_case(text: str, weights: Weights) -> bool:
    """Whether `text` weighs as a telling of a case."""
    return margins(text, weights)[0] > 0
