"""What is taken down is erased and stays out, however it comes again."""

from __future__ import annotations

from typing import Any

import pytest

from etl.store import runs, withdrawals
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from tests.support.records import known_leaf, leaf, sha

GONE = sha("content a")


@pytest.fixture
def run(connection: Connection) -> Run:
    return runs.start(connection, "run", "rules-1")


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_nothing_of_the_text_is_left(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf(), leaf("/b", "raw b", "content b", title="另一篇")], Counts())
    assert withdrawals.withdraw(connection, GONE, "li", "court order") is not None
    assert rows(connection, "SELECT title FROM current_articles") == [("另一篇",)]
    assert rows(connection, "SELECT count(*) FROM current_incidents") == [(1,)]
    for table in ("articles", "sightings", "incidents", "incident_persons", "reported_figures", "changes"):
        found = rows(connection, f"SELECT t::text FROM {table} AS t")
        assert not [row for row in found if "手机失而复得" in row[0]]
    assert rows(connection, "SELECT count(*) FROM incident_persons") == [(1,)]
    assert rows(connection, "SELECT made_by, why FROM withdrawals") == [("li", "court order")]
    assert rows(connection, "SELECT entity FROM changes WHERE operation = 'withdraw' ORDER BY seq DESC") == [
        ("article",),
        ("incident",),
    ]


def test_a_withdrawn_incident_keeps_no_old_row_in_the_feed(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf()], Counts())
    load_batch(connection, run, [leaf(incidents=())], Counts())
    assert rows(connection, "SELECT count(*) FROM changes WHERE old IS NOT NULL") == [(1,)]
    withdrawals.withdraw(connection, GONE, "li", "court order")
    assert rows(connection, "SELECT count(*) FROM changes WHERE old IS NOT NULL") == [(0,)]


def test_it_stays_out_under_any_name_and_wrapping(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf()], Counts())
    withdrawals.withdraw(connection, GONE, "li", "court order")
    counts = load_batch(
        connection, run, [leaf("/b", "raw b"), known_leaf("/a2"), leaf("/c", "raw c", "content c")], Counts()
    )
    assert (counts.loaded, counts.duplicate, counts.rejected) == (1, 0, 2)
    assert rows(connection, "SELECT path, reason FROM rejections ORDER BY 1") == [
        ("/a2", "withdrawn"),
        ("/b", "withdrawn"),
    ]
    assert rows(connection, "SELECT count(*) FROM current_articles") == [(1,)]
    assert rows(connection, "SELECT body FROM articles ORDER BY id LIMIT 1") == [("",)]


def test_what_was_never_loaded_can_be_kept_out(connection: Connection, run: Run) -> None:
    assert withdrawals.withdraw(connection, GONE, "li", "court order") is None
    counts = load_batch(connection, run, [leaf()], Counts())
    assert (counts.loaded, counts.rejected) == (0, 1)
    assert rows(connection, "SELECT count(*) FROM articles") == [(0,)]


def test_taking_down_twice_is_taking_down_once(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf()], Counts())
    first = withdrawals.withdraw(connection, GONE, "li", "court order")
    assert withdrawals.withdraw(connection, GONE, "wang", "again") == first
    assert rows(connection, "SELECT made_by FROM withdrawals") == [("li",)]


def test_a_takedown_can_be_lifted(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf()], Counts())
    before = rows(connection, "SELECT incident_id, place, persons, title FROM current_incidents")
    withdrawals.withdraw(connection, GONE, "li", "by mistake")
    assert withdrawals.lift(connection, GONE)
    assert rows(connection, "SELECT state FROM source_files") == [("reread",)]
    load_batch(connection, run, [leaf()], Counts())
    assert rows(connection, "SELECT incident_id, place, persons, title FROM current_incidents") == before
    assert not withdrawals.lift(connection, GONE)
