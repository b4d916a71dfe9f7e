"""The whole pure function, decode to extract, beside trafilatura's body extraction alone.

    python -m benchmarks.pipeline [PAGES]

Both in this process, on one core, in turn: we read every page of the corpus (benchmarks/corpus.py), trafilatura
the HTML bodies among them. Every figure is the median of five rounds. Needs the extra `bench`.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from statistics import median
from unittest.mock import patch

from benchmarks.corpus import SHAPES, html_body, pages
from etl import pipeline
from etl.rules import load_rules

ROUNDS = 5
STAGES = ("decode", "parse", "repair", "normalize", "layout", "content_hash", "extract")


def seconds(read: Callable[[bytes], object], documents: Iterable[bytes]) -> float:
    start = time.process_time()
    for document in documents:
        read(document)
    return time.process_time() - start


def by_stage(documents: Iterable[bytes]) -> dict[str, float]:
    """Seconds in each stage; a stage run again for the title counts with it."""
    spent = dict.fromkeys(STAGES, 0.0)

    def timed(name: str) -> Callable[..., object]:
        stage = getattr(pipeline, name)

        def run(*args: object, **options: object) -> object:
            start = time.process_time()
            done = stage(*args, **options)
            spent[name] += time.process_time() - start
            return done

        return run

    with ExitStack() as stack:
        for name in STAGES:
            stack.enter_context(patch.object(pipeline, name, timed(name)))
        seconds(whole, documents)
    return spent


def whole(document: bytes) -> object:
    return pipeline.trace_stages(document, load_rules())


def main(count: int = 200) -> None:
    if importlib.util.find_spec("trafilatura") is None:
        sys.exit("trafilatura is missing: pip install '.[bench]'")
    import trafilatura

    corpus = list(pages(count))
    html = [data for shape, data in corpus if shape == "html"]
    bodies = [html_body(data) for data in html]
    sides: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
        "all pages": (whole, [data for _, data in corpus]),
        **{f"{s} pages": (whole, [d for shape, d in corpus if shape == s]) for s in dict.fromkeys(SHAPES)},
        "trafilatura": (trafilatura.extract, bodies),
    }
    for read, documents in sides.values():
        seconds(read, documents)  # rules are loaded and patterns compiled before anything counts
    rounds = [{name: seconds(*side) for name, side in sides.items()} for _ in range(ROUNDS)]
    ms = {name: 1000 * median(r[name] for r in rounds) / len(side[1]) for name, side in sides.items()}
    print(f"{count} pages, medians of {ROUNDS} rounds, milliseconds a page and pages a second")
    for name in sides:
        print(f"{name:14} {ms[name]:7.2f} {1000 / ms[name]:8.0f}")
    for name in ("all pages", "html pages"):
        ratio = median((r["trafilatura"] / len(bodies)) / (r[name] / len(sides[name][1])) for r in rounds)
        print(f"{name} a second over trafilatura's: {ratio:.2f}")
    spent = by_stage(sides["all pages"][1])
    print("by stage: " + ", ".join(f"{name} {1000 * spent[name] / count:.2f}" for name in STAGES))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
