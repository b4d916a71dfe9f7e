"""What is done about runs: which ones are damage, how sure their reading is, and what else a cut left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.model import Edit
from etl.rules.repair import RepairRules
from etl.rules.repair_statistics import statistics
from etl.stages.repair.codes import codes
from etl.stages.repair.plausibility import Plausibility
from etl.stages.repair.runs import LOST, START_RE, Finder
from etl.stages.repair.weigher import Run

# What only a cut leaves: ?/p>  ?#xff0c;  們?nèi)珕T
EVIDENCE_RE = re.compile(r"\?(?:/[a-z]{1,10}\d?>|#x[0-9a-f]{2,5};|[a-zü\u00e0-\u01dc]{1,6}\))")
# A paragraph that held only a no-break space, which GBK lacks.
LONE_MARK_RE = re.compile(r"\n\?(?=\n|\Z)|\A\?\n")
STRAY_TAG_RE = re.compile(r"(?<=\?)/[a-z]{1,10}\d?>")


def restored(text: str, page: str, rules: RepairRules, noted: bool) -> list[Edit]:
    """Edits that put the runs of a traditional `text` back in step, in order.

    `page` is the whole page: what shows on it, such as its notes (`noted`), makes a mark in `text` more
    likely to be damage. A run with no other damage around it must be much the more plausible for it.
    Where a page has so many marks that some are not looked at, those that may be damage are put on record
    as they are: all on a page with other damage, else those before garbled text.
    """
    if not START_RE.search(text):
        return []
    table = codes(rules, statistics())
    finder = Finder(text, table, Plausibility(statistics(), page.translate(table.seen)))
    evident = noted or EVIDENCE_RE.search(page) is not None
    edits = []
    for run in finder.runs():
        impossible = len(rules.simplified_re.findall(text, run.start, run.end))
        gain = run.gain + IMPOSSIBLE * impossible
        if run.marked or gain > (rules.gain if evident else rules.gain_alone):
            after, certainty = _reading(run, rules)
            unseen = not text[run.start : run.end].strip("?")  # nothing of the run is left to see
            if certainty == "certain" and (unseen or run.strained):
                certainty = "likely"
            edits.append(Edit(run.start, run.end, after, "shifted_run", certainty))
    unread = (m.start for m in finder.unread if evident or m.garbled)
    edits += [Edit(at, at + 1, "?", "unread", "likely") for at in unread]
    return sorted(edits, key=lambda e: e.start)


def leftovers(text: str) -> Iterator[Edit]:
    """Lines that hold a lone question mark and tag ends without a beginning, on a page with other damage."""
    for m in LONE_MARK_RE.finditer(text):
        yield Edit(m.start(), m.end(), "", "empty_line")
    for m in STRAY_TAG_RE.finditer(text):
        yield Edit(m.start(), m.end(), "", "stray_tag")


def _reading(run: Run, rules: RepairRules) -> tuple[str, str]:
    """The text to put for `run` and its certainty; a character that nothing settles becomes U+FFFD."""
    after = "".join(c if p >= rules.likely else LOST for c, p in zip(run.reading, run.chances, strict=True))
    if LOST in after:
        return after, "lost"
    return after, "certain" if min(run.chances, default=1.0) >= rules.certain else "likely"


# Bits for a simplified-only form in a run of a traditional page: it can't have stood there.
IMPOSSIBLE = 12.0
