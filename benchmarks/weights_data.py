"""Learns etl/rules/weights.tsv, by which cases, kinds and outcomes are told, from invented passages.

Needs the extra `bench`; nothing of it is needed at run time.

    python -m benchmarks.weights_data
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from etl.rules import ROOT
from etl.rules.extract import NO_WEIGHT
from etl.stages.extract.weigh import CASE, KIND, OUTCOME, grams

TELLINGS = Path(__file__).parent / "tellings.txt"
SENTENCES = Path(__file__).parents[1] / "tests" / "eval" / "sentences.tsv"
NONE = "none"
# Nothing is said of the one, and what is said of the other is a word or two.
UNLEARNED = {OUTCOME + "unknown", OUTCOME + "ongoing"}
SEEN = 3  # tellings in which a character or pair must occur
LARGEST = 46  # steps of a weight to either side of none

HEAD = """\
# What characters and pairs of characters of a passage weigh for a case at all, for each kind of a case and for each
# outcome, in the order of the first row, which begins with the unit: the character P stands for nothing, those after
# it in ASCII speak for a label, each by one unit more, those before it against it. Numbers count as 0, Latin as A.
# Source: {count} invented passages, benchmarks/tellings.txt and tests/eval/sentences.tsv; linear support vector
# machines, what few passages have weighing more. Kept: what occurs in at least {seen} of them, the commonest first:
# what is looked up most lies together in memory. Built by benchmarks/weights_data.py. SHA-256 of the two files:
# {digest}
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
    """Weights by gram (rows) and label (columns), the grams' rarity worked in."""

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


def learn(told: Sequence[Telling]) -> Learned:
    """One weight for each gram and label; kinds and outcomes are learned from cases only."""
    texts = [t.text for t in told]
    counts = Counter(g for text in texts for g in grams(text))
    kept = sorted((g for g, n in counts.items() if n >= SEEN), key=lambda g: (-counts[g], g))
    known = {g: i for i, g in enumerate(kept)}
    rarity = np.array([1 + np.log((1 + len(texts)) / (1 + counts[g])) for g in known])
    rarity /= np.sqrt((rarity**2).mean())
    features = _features(texts, known).multiply(rarity).tocsr()
    cases = np.array([t.kind != NONE for t in told])
    truths = [
        {CASE, KIND + t.kind, *(OUTCOME + o for o in t.outcome)} if t.kind != NONE else set() for t in told
    ]
    labels = tuple(sorted(set().union(*truths) - UNLEARNED))
    columns = []
    for label in labels:
        among = np.ones(len(told), bool) if label == CASE else cases
        # Of the kinds the likeliest is asked for, however rare it is among the others.
        even = "balanced" if label.startswith((KIND, CASE)) else None
        machine = LinearSVC(C=1.0, class_weight=even, fit_intercept=False, random_state=0)
        machine.fit(features[among], np.array([label in truth for truth in truths])[among])
        columns.append(machine.coef_[0] * rarity)
    return Learned(known, labels, np.array(columns).T)


def write(learned: Learned, count: int) -> None:
    """The weights in steps, a character each; the few that are larger than the largest step are cut down to it."""
    step = np.quantile(np.abs(learned.weights), 0.9998) / LARGEST
    steps = np.rint(learned.weights / step).clip(-LARGEST, LARGEST).astype(int) + ord(NO_WEIGHT)
    rows = ["".join(map(chr, steps[i])) for i in learned.grams.values()]
    lines = [f"{g}\t{row}" for g, row in zip(learned.grams, rows, strict=True)]
    digest = hashlib.sha256(TELLINGS.read_bytes() + SENTENCES.read_bytes()).hexdigest()
    head = HEAD.format(count=count, seen=SEEN, digest=digest) + f"{step:.6f}\t" + " ".join(learned.labels)
    (ROOT / "weights.tsv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    passages = tellings()
    write(learn(passages), len(passages))
