"""Which of the 31 kinds a case is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.rules.extract import Competing
from etl.stages.extract.weigh import KIND


def decide(text: str, weighed: Mapping[str, float], competing: Sequence[Competing]) -> str:
    """The kind that weighs most, unless `text` has the words by which another goes before it.

    Source: guideline, section 3, rules 1 to 10.
    """
    best = max((label for label in weighed if label.startswith(KIND)), key=weighed.__getitem__)
    code = best.removeprefix(KIND)
    for c in competing:
        if code.startswith(c.kind) and c.words.search(text) and not c.unless.search(text):
            code = c.becomes
    return code
