"""Repair: damaged text back to what was written, every change on record, clean text untouched.

Clean simplified text leaves through a gate without work. The rest is mended in the order in which the
damage must be undone: what hides in the text first, characters that were read out of step before the
script is converted, since their bytes belong to the traditional characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from etl.model import Edit, Text
from etl.rules.repair import RepairRules
from etl.stages.repair.debris import entities, invisible, tags
from etl.stages.repair.mojibake import mojibake
from etl.stages.repair.notes import across, noted
from etl.stages.repair.restore import leftovers, restored
from etl.stages.repair.script import script_of, to_simplified

ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text after repair, the script it was found in, and flags: damaged, doubtful, mojibake."""

    text: Text
    script: str = "simplified"
    flags: tuple[str, ...] = ()


def repair(text: str, rules: RepairRules, page: str | None = None) -> Repaired:
    """`text` repaired. `page` is the whole page where `text` is only a field of it, such as the title.

    >>> from etl.rules import load_rules
    >>> repair("小事當(dāng)做大事辦", load_rules().repair).text.value
    '小事当做大事办'
    """
    if not rules.suspect_re.search(text):
        return Repaired(Text(text))
    whole = _without_debris(Text(text), rules)
    page = whole.value if page is None else page
    script = script_of(page, rules)
    if script != "simplified":
        whole = to_simplified(_in_step(whole, page, rules), rules)
    whole = _up_to_date(whole)
    return Repaired(whole, script, _flags(whole))


def _without_debris(whole: Text, rules: RepairRules) -> Text:
    """`whole` with entities, tags, mojibake and invisible characters mended, until nothing is left to mend.

    One can hide another: &aelig; begins mojibake, whose bytes may be invisible characters, which go last.
    """
    mends = (entities, lambda value: tags(value, rules), lambda value: mojibake(value, rules))
    for _ in range(ROUNDS):
        before = whole.value
        for mend in mends:
            whole = whole.edit(_in_order(mend(whole.value)))
        if whole.value == before:
            whole = whole.edit(_in_order(invisible(whole.value)))
        if whole.value == before:
            break
    return whole


def _in_step(whole: Text, page: str, rules: RepairRules) -> Text:
    """A traditional text without its notes and with its runs read anew."""
    notes = noted(page, rules)
    whole = whole.edit(list(notes.edits(whole.value)))
    whole = whole.edit(restored(whole.value, page, rules, bool(notes.syllables)))
    if any(r.kind in ("pinyin_note", "shifted_run") for r in whole.repairs):
        whole = whole.edit(_in_order([*leftovers(whole.value), *across(whole.value, rules)]))
    return whole


def _up_to_date(text: Text) -> Text:
    """`text` with records that show what stands at their place now, after later steps and in simplified script."""
    return Text(text.value, tuple(r.showing(text.value) for r in text.repairs))


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    return sorted(edits, key=lambda e: e.start)


def _flags(text: Text) -> tuple[str, ...]:
    """`damaged` if characters had to be worked out or are lost, `doubtful` if one may be wrong."""
    kinds = {r.kind for r in text.repairs}
    flags = (
        ["damaged"]
        if kinds & {"pinyin_note", "shifted_run", "stray_tag", "unread"} or "\ufffd" in text.value
        else []
    )
    if any(r.certainty == "likely" for r in text.repairs):
        flags.append("doubtful")
    if "mojibake" in kinds:
        flags.append("mojibake")
    return tuple(flags)
