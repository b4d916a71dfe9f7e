"""Linking on hard cases written by hand: two texts of a group are a pair, and their labels say what they are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from etl.model import Found, Leaf, RawFile
from etl.pipeline import process
from etl.rules import load_rules
from etl.store import runs
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.runs import Counts

CASES = Path(__file__).parents[1] / "cases" / "link"
HALVES = ("first", "second")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts of a group: what they are, and what linking made of them."""

    label: str
    same_story: bool
    same_event: bool
    one_story: bool
    one_event: bool


def texts(half: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(group, text) of one half."""
    for group in tomllib.loads((CASES / f"{half}.toml").read_text(encoding="utf-8"))["group"]:
        for text in group["text"]:
            yield group["name"], text


def leaf(path: str, text: dict[str, Any]) -> Leaf:
    page = f"{text['title']}\n{text['published']} 来源：平安在线\n\n{text['body']}\n"
    done = process(RawFile(path, page.encode(), path.encode().ljust(32)), load_rules())
    return Leaf(Found(path, 1, 1), done.raw_sha256, done.raw_sha256, done)


def pairs(connection: Connection, half: str) -> list[Pair]:
    """All pairs of a half, loaded together."""
    labelled = list(texts(half))
    leaves = [leaf(f"/{number:03}", text) for number, (_, text) in enumerate(labelled)]
    load_batch(connection, runs.start(connection, "run", "rules"), leaves, Counts())
    rows = connection.execute(
        "SELECT f.path, a.story_id, array_agg(i.event_id) FROM source_files AS f"
        " JOIN sightings AS s ON s.source_file_id = f.id JOIN articles AS a ON a.id = s.article_id"
        " LEFT JOIN incidents AS i ON i.article_id = a.id GROUP BY f.path, a.story_id"
    )
    linked = {int(path[1:]): (story, set(events) - {None}) for path, story, events in rows}
    found = []
    for (m, (group, one)), (n, (other_group, other)) in combinations(enumerate(labelled), 2):
        if group == other_group:
            (story_m, events_m), (story_n, events_n) = linked[m], linked[n]
            found.append(
                Pair(
                    f"{group}: {one['title']} / {other['title']}",
                    one["story"] == other["story"],
                    one["event"] == other["event"] != 0,
                    story_m == story_n,
                    bool(events_m & events_n),
                )
            )
    return found


def precision_recall(wanted: list[bool], found: list[bool]) -> tuple[float, float]:
    right = sum(w and f for w, f in zip(wanted, found, strict=True))
    return right / max(1, sum(found)), right / max(1, sum(wanted))


def test_there_are_cases_enough() -> None:
    sizes: dict[tuple[str, str], int] = {}
    for half in HALVES:
        for group, _ in texts(half):
            sizes[half, group] = sizes.get((half, group), 0) + 1
    assert sum(n * (n - 1) // 2 for n in sizes.values()) >= 150


@pytest.mark.parametrize("half", HALVES)
def test_linking_keeps_its_floors_on_hard_cases(connection: Connection, half: str) -> None:
    found = pairs(connection, half)
    stories = precision_recall([p.same_story for p in found], [p.one_story for p in found])
    events = precision_recall([p.same_event for p in found], [p.one_event for p in found])
    wrong = [p for p in found if (p.same_story, p.same_event) != (p.one_story, p.one_event)]
    assert stories >= (0.995, 0.0) and stories[1] >= 0.98, wrong
    assert events >= (0.98, 0.0) and events[1] >= 0.95, wrong
