"""Learns the weights by which kinds and outcomes are read from invented tellings.

Needs `pip install scikit-learn`, which is not needed at run time.

    python -m benchmarks.weights_data          how well weights do on articles they were not learned from
    python -m benchmarks.weights_data --write  and writes etl/rules/kind_weights.tsv and outcome_weights.tsv
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from etl.rules import ROOT
from etl.rules.extract import NO_WEIGHT
from etl.stages.extract.weigh import grams

TELLINGS = Path(__file__).parent / "tellings.txt"
SENTENCES = Path(__file__).parents[1] / "tests" / "eval" / "sentences.tsv"
SEEN = 3  # tellings in which a character or pair must occur
LARGEST = 46  # steps of a weight to either side of none

HEAD = """\
# What characters and pairs of characters of a telling weigh for each {what}, in the order of the first row, which
# begins with the unit: the character P stands for nothing, those after it in ASCII speak for a {what}, each by one
# unit more, those before it against it.
# Numbers count as 0, Latin words as A.
# Source: {count} invented tellings, benchmarks/tellings.txt and tests/eval/sentences.tsv; a linear support vector
# machine, what few tellings have weighing more. Kept: what occurs in at least {seen} of them. Built by
# benchmarks/weights_data.py.
"""


class Telling(NamedTuple):
    kind: str
    outcome: frozenset[str]
    text: str


def tellings() -> list[Telling]:
    """Lines `[outcome,outcome] text` under headings `# kind`, and the short cases of tests/eval.

    Under `# none` stand passages that tell no case.
    """
    found, kind = [], ""
    for line in TELLINGS.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kind = line[2:]
        elif line.startswith("["):
            outcome, _, text = line[1:].partition("] ")
            found.append(Telling(kind, frozenset(outcome.split(",")), text))
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            _, kind, _, outcome, _, text = line.split("\t")
            found.append(Telling(kind, frozenset(outcome.split(",")), text))
    return found


class Learned(NamedTuple):
    """Weights by gram (rows) and label (columns), the grams' frequency worked in."""

    grams: dict[str, int]
    labels: tuple[str, ...]
    weights: Any

    def margins(self, texts: Sequence[str]) -> Any:
        """Rows of a margin for each label, as the product works them out."""
        return _features(texts, self.grams) @ self.weights


def _features(texts: Sequence[str], known: dict[str, int]) -> Any:
    """A row of ones over the root of their number for each text."""
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        found = [known[g] for g in grams(text) if g in known]
        rows += [row] * len(found)
        columns += found
        values += [len(found) ** -0.5] * len(found)
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(known)))


def learn(texts: Sequence[str], truths: Sequence[frozenset[str]], labels: tuple[str, ...]) -> Learned:
    """One weight for each gram and label."""
    counts = Counter(g for text in texts for g in grams(text))
    known = {g: i for i, g in enumerate(sorted(g for g, n in counts.items() if n >= SEEN))}
    rarity = np.array([1 + np.log((1 + len(texts)) / (1 + counts[g])) for g in known])
    scale = np.sqrt((rarity**2).mean())
    features = _features(texts, known).multiply(rarity / scale).tocsr()
    columns = []
    for label in labels:
        machine = LinearSVC(C=1.0, fit_intercept=False, random_state=0)
        machine.fit(features, [label in truth for truth in truths])
        columns.append(machine.coef_[0] * rarity / scale)
    return Learned(known, labels, np.array(columns).T)


def write(name: str, what: str, learned: Learned, count: int) -> None:
    """The weights in steps, a character each."""
    step = np.abs(learned.weights).max() / LARGEST
    steps = np.rint(learned.weights / step).astype(int) + ord(NO_WEIGHT)
    rows = ["".join(map(chr, steps[i])) for i in learned.grams.values()]
    lines = [f"{g}\t{row}" for g, row in zip(learned.grams, rows, strict=True)]
    head = HEAD.format(what=what, count=count, seen=SEEN) + f"{step:.6f}\t" + " ".join(learned.labels)
    (ROOT / name).write_text("\n".join([head, *lines, ""]), encoding="utf-8")


def main() -> None:
    passages = tellings()
    told = [t for t in passages if t.kind != "none"]
    texts = [t.text for t in told]
    kinds = learn(texts, [frozenset({t.kind}) for t in told], tuple(sorted({t.kind for t in told})))
    ends = set().union(*(t.outcome for t in told)) - {"unknown"}
    outcomes = learn(texts, [t.outcome for t in told], tuple(sorted(ends)))
    is_case = [frozenset(() if t.kind == "none" else ("case",)) for t in passages]
    cases = learn([t.text for t in passages], is_case, ("case",))
    if "--write" in sys.argv:
        write("kind_weights.tsv", "kind", kinds, len(told))
        write("outcome_weights.tsv", "outcome", outcomes, len(told))
        write("case_weights.tsv", "case", cases, len(passages))


if __name__ == "__main__":
    main()
