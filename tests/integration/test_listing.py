"""The ledger read beside a walk says the same as asking for every file by its key."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from etl.model import Found, Leaf
from etl.store import ledger, listing, runs
from etl.store.engine import Connection, connect
from etl.store.listing import Listing
from etl.store.load import load_batch
from etl.store.runs import Counts
from tests.support.records import leaf, rejected_leaf

NAMES = ["a", "a-b", "a.txt", "a/b", "a/b.txt", "a0", "B", "z", "警/一", "警情", "\\xff", "~", "a/b/c", "é"]


@pytest.fixture
def files(connection: Connection) -> list[Found]:
    """What a walk finds: most known, some changed, some new; and below another folder what it does not see."""
    run = runs.start(connection, "run", "rules-1")
    known: list[Leaf] = [leaf(f"/top/{n}", f"raw {n}", f"content {n}") for n in NAMES]
    known += [rejected_leaf("/top/bad"), rejected_leaf("/top/closed", "unreadable", "", None)]
    load_batch(connection, run, [*known, leaf("/topless/a", "x", "y"), leaf("/other/a", "z", "w")], Counts())
    found = [x.found for x in known]
    changed = [f._replace(size=f.size + 1) if n % 3 == 0 else f for n, f in enumerate(found)]
    new = [Found(f"/top/new/{n}", 1, 1) for n in range(7)]
    return sorted([*changed, *new], key=lambda f: f.path)


def surely(connection: Connection) -> Callable[..., Any]:
    return lambda work: work(connection)


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_the_listing_and_the_question_by_key_agree(
    connection: Connection, files: list[Found], monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(listing, "PAGE_FILES", page)
    beside = Listing(["/top"])
    wanted: list[ledger.Wanted] = []
    asked = 0
    for at in range(0, len(files), 4):  # batches are committed in between
        new, unsure = beside.compare(surely(connection), files[at : at + 4])
        assert {w.why for w in new} <= {"new"}
        wanted += new + ledger.to_read(connection, unsure)
        asked += len(unsure)
    by_key = ledger.to_read(connection, files)
    assert sorted(wanted) == by_key
    assert {w.why for w in wanted} == {"new", "changed"}
    assert asked == sum(w.why == "changed" for w in by_key)  # no more than must be


def test_what_comes_out_of_order_is_left_to_the_question_by_key(
    connection: Connection, files: list[Found]
) -> None:
    shuffled = files[:]
    Random(3).shuffle(shuffled)
    wanted, unsure = Listing(["/top"]).compare(surely(connection), shuffled)
    assert unsure
    assert set(wanted) | set(ledger.to_read(connection, unsure)) == set(ledger.to_read(connection, files))


def test_a_lost_connection_costs_the_cursor_not_the_place(
    database_url: str, connection: Connection, files: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_FILES", 3)
    beside = Listing(["/top"])
    half = len(files) // 2
    new, unsure = beside.compare(surely(connection), files[:half])
    with connect(database_url) as another:
        more, doubtful = beside.compare(surely(another), files[half:])
    wanted = new + more + ledger.to_read(connection, unsure + doubtful)
    assert sorted(wanted) == ledger.to_read(connection, files)
