"""The whole pure function, decode to extract, beside trafilatura's body extraction alone.

    python -m benchmarks.pipeline [PAGES]

Both in this process, on one core, in turn: we read every page of the corpus (benchmarks/corpus.py), as many in step
with each other as workers take, and once more one at a time; trafilatura reads the HTML bodies among them. Every figure
is the median of five rounds. Needs the extra `bench`.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.corpus import SHAPES, html_body, pages
from etl import pipeline
from etl.executors.work import MOST_IN_STEP
from etl.rules import load_rules
from etl.steps import in_step

ROUNDS = 5
STAGES = ("decode", "parse", "repair", "normalize", "layout", "content_hash")  # extraction is the rest

Read = Callable[[Sequence[bytes]], object]


def text_caches() -> list[Any]:
    """The caches of values read from texts, which the same pages would fill for their next round."""
    modules = [module for name, module in sys.modules.items() if name.startswith("etl.stages")]
    caches = [x for module in modules for x in vars(module).values() if hasattr(x, "cache_parameters")]
    return [x for x in caches if (x.cache_parameters()["maxsize"] or 0) > 1]


CACHES = text_caches()


def in_steps(documents: Sequence[bytes]) -> None:
    """As workers do."""
    for at in range(0, len(documents), MOST_IN_STEP):
        some = documents[at : at + MOST_IN_STEP]
        in_step([pipeline.tracing(document, load_rules()) for document in some])


def one_by_one(documents: Sequence[bytes]) -> None:
    for document in documents:
        pipeline.trace_stages(document, load_rules())


def seconds(read: Read, documents: Sequence[bytes]) -> float:
    """Processor time for documents never met before, as far as caches of what texts say can tell."""
    for cached in CACHES:
        cached.cache_clear()
    start = time.process_time()
    read(documents)
    return time.process_time() - start


def by_stage(documents: Sequence[bytes]) -> dict[str, float]:
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
        whole = seconds(in_steps, documents)
    return {**spent, "extract": whole - sum(spent.values())}


def main(count: int = 200) -> None:
    if importlib.util.find_spec("trafilatura") is None:
        sys.exit("trafilatura is missing: pip install '.[bench]'")
    import trafilatura

    corpus = list(pages(count))
    html = [data for shape, data in corpus if shape == "html"]
    bodies = [html_body(data) for data in html]
    every = [data for _, data in corpus]
    sides: dict[str, tuple[Read, list[bytes]]] = {
        "all pages": (in_steps, every),
        **{f"{s} pages": (in_steps, [d for shape, d in corpus if shape == s]) for s in dict.fromkeys(SHAPES)},
        "one at a time": (one_by_one, every),
        "trafilatura": (lambda pages: [trafilatura.extract(page) for page in pages], bodies),
    }
    for read, documents in sides.values():
        seconds(read, documents)  # rules are loaded and patterns compiled before anything counts
    rounds = [{name: seconds(*side) for name, side in sides.items()} for _ in range(ROUNDS)]
    ms = {name: 1000 * median(r[name] for r in rounds) / len(side[1]) for name, side in sides.items()}
    print(f"{count} pages, medians of {ROUNDS} rounds, milliseconds a page and pages a second")
    for name in sides:
        print(f"{name:14} {ms[name]:7.2f} {1000 / ms[name]:8.0f}")
    for name in ("all pages", "one at a time", "html pages"):
        ratio = median((r["trafilatura"] / len(bodies)) / (r[name] / len(sides[name][1])) for r in rounds)
        print(f"{name} a second over trafilatura's: {ratio:.2f}")
    spent = by_stage(sides["all pages"][1])
    print("by stage: " + ", ".join(f"{name} {1000 * took / count:.2f}" for name, took in spent.items()))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
