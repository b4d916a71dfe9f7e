"""Known bytes under new names: asked for by a few bytes, written by number, and never taken for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from benchmarks.wire import counted
from etl.model import Leaf
from etl.store import ledger, runs, withdrawals
from etl.store.batch import Batch
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from tests.support.records import PUBLISHED, known_leaf, leaf, rejected_leaf, sha


@pytest.fixture
def run(connection: Connection) -> Run:
    return runs.start(connection, "run", "rules-1")


def load(connection: Connection, run: Run, *leaves: Leaf) -> Counts:
    return load_batch(connection, run, leaves, Counts())


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def copied(connection: Connection, path: str, raw: str = "raw a") -> Leaf:
    """A new file whose bytes the store says it knows."""
    number, _ = ledger.known_bytes(connection, [sha(raw)])[sha(raw)]
    return replace(known_leaf(path, raw), is_new=True, sighting_id=number)


def places(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """path -> hash of the file, hash of the leaf, content, whether it stands, title."""
    found = rows(
        connection,
        "SELECT f.path, f.sha256, s.raw_sha256, a.content_hash, s.is_current, s.title FROM sightings AS s"
        " JOIN source_files AS f ON f.id = s.source_file_id JOIN articles AS a ON a.id = s.article_id",
    )
    return {path: tuple(rest) for path, *rest in found}


def test_what_is_known_is_told_with_its_newest_sighting(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/a"), leaf("/b", "raw b", "content b", published_at=PUBLISHED))
    load(connection, run, copied(connection, "/c", "raw b"))
    newest = rows(connection, "SELECT max(id) FROM sightings")[0][0]
    asked = [sha("raw b"), sha("raw b"), sha("never seen")]
    assert ledger.known_bytes(connection, asked) == {sha("raw b"): (newest, PUBLISHED)}
    assert ledger.known_bytes(connection, []) == {}


def test_a_copy_named_by_number_is_stored_as_one_named_by_its_hash(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/one"))
    article = rows(connection, "SELECT xmin::text, * FROM articles")
    by_number = copied(connection, "/two")
    by_hash = replace(by_number, found=by_number.found._replace(path="/three"), sighting_id=None)
    assert load(connection, run, by_number, by_hash).duplicate == 2
    found = places(connection)
    assert found["/one"] == found["/two"] == found["/three"] == (sha("raw a"), *found["/one"][1:])
    assert rows(connection, "SELECT xmin::text, * FROM articles") == article


def test_a_copy_in_place_of_other_content_is_written_by_number(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/a"), leaf("/b", "raw b", "content b"))
    assert load(connection, run, replace(copied(connection, "/b"), is_new=False)).duplicate == 1
    now = rows(connection, "SELECT path, sha256 FROM source_files ORDER BY path")
    assert now == [("/a", sha("raw a")), ("/b", sha("raw a"))]
    standing = rows(connection, "SELECT count(*), count(DISTINCT article_id) FROM sightings WHERE is_current")
    assert standing == [(2, 1)]


@pytest.mark.parametrize("number", [2, 999])
def test_a_number_of_other_bytes_or_of_none_is_not_believed(
    connection: Connection, run: Run, number: int
) -> None:
    load(connection, run, leaf("/a"), leaf("/b", "raw b", "content b"))
    assert rows(connection, "SELECT id, raw_sha256 FROM sightings WHERE id = 2") == [(2, sha("raw b"))]
    wrong = replace(copied(connection, "/c"), sighting_id=number)
    assert load(connection, run, wrong).duplicate == 1
    assert places(connection)["/c"] == places(connection)["/a"]


def test_bytes_that_turned_into_another_content_in_between_bring_that_one(
    connection: Connection, run: Run
) -> None:
    load(connection, run, leaf("/a"), leaf("/x", "raw x", "content x"))
    copy = copied(connection, "/c")
    load(connection, run, replace(leaf("/a", content="content x", title="新读法"), reread=True))
    assert load(connection, run, copy).duplicate == 1
    assert places(connection)["/c"][2:] == (sha("content x"), True, "新读法")


def test_a_copy_takes_over_what_the_newest_place_says_by_then(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/a"))
    copy = copied(connection, "/d")
    load(connection, run, copied(connection, "/c"))
    load(connection, run, replace(leaf("/c", title="新读法"), reread=True))
    load(connection, run, copy)
    assert places(connection)["/d"] == places(connection)["/c"] != places(connection)["/a"]


def test_bytes_that_turn_into_another_content_in_the_same_batch_bring_that_one(
    connection: Connection, run: Run
) -> None:
    load(connection, run, leaf("/z"), leaf("/x", "raw x", "content x"))
    copy = copied(connection, "/c")
    load(connection, run, copy, replace(leaf("/z", content="content x"), reread=True))
    assert places(connection)["/c"][2:4] == (sha("content x"), True)


@pytest.mark.parametrize("when", ["before", "in between"])
def test_a_copy_of_what_is_taken_down_is_refused(connection: Connection, run: Run, when: str) -> None:
    load(connection, run, leaf("/a"), leaf("/b", "raw b", "content b"))
    if when == "before":
        withdrawals.withdraw(connection, sha("content a"), "li", "court order")
    copies = [copied(connection, "/c"), copied(connection, "/d", "raw b")]
    if when == "in between":
        withdrawals.withdraw(connection, sha("content a"), "li", "court order")
    counts = load(connection, run, *copies)
    assert (counts.duplicate, counts.rejected) == (1, 1)
    assert rows(connection, "SELECT path, reason, sha256 FROM rejections") == [
        ("/c", "withdrawn", sha("raw a"))
    ]
    ledger_rows = rows(
        connection, "SELECT path, state, sha256 FROM source_files WHERE path > '/b' ORDER BY path"
    )
    assert ledger_rows == [("/c", "rejected", sha("raw a")), ("/d", "loaded", sha("raw b"))]
    assert "/c" not in places(connection)


def test_a_copy_whose_path_came_in_from_elsewhere_is_compared(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/a"))
    copy = copied(connection, "/c")
    load(connection, run, rejected_leaf("/c"))
    assert load(connection, run, copy).duplicate == 1
    assert places(connection)["/c"] == places(connection)["/a"]
    assert rows(connection, "SELECT count(*) FROM rejections WHERE resolved_by IS NULL") == [(0,)]


@pytest.mark.parametrize("verb", ["rows", "do"])
def test_copies_are_written_wholly_or_not_at_all(
    connection: Connection, run: Run, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    load(connection, run, *(leaf(f"/{n}", f"raw {n}", f"content {n}") for n in range(3)))
    copies = [copied(connection, f"/c/{n}", f"raw {n}") for n in range(3)]
    tables = "SELECT (SELECT count(*) FROM source_files), (SELECT count(*) FROM sightings), batches FROM runs"
    real, done = getattr(Batch, verb), 0
    while True:
        left = iter(range(done))

        def fails(*given: Any, left: Iterator[int] = left) -> Any:
            if next(left, None) is None:
                raise psycopg.OperationalError("the line went dead")
            return real(*given)

        monkeypatch.setattr(Batch, verb, fails)
        try:
            counts = load(connection, run, *copies)
        except psycopg.OperationalError:
            assert rows(connection, tables) == [(3, 3, 1)]
            done += 1
        else:
            break
    assert done > 1
    assert counts.duplicate == 3
    assert rows(connection, tables) == [(6, 6, 2)]
    assert {places(connection)[f"/c/{n}"] == places(connection)[f"/{n}"] for n in range(3)} == {True}


def test_hashes_that_begin_alike_cost_a_reading_and_change_nothing(
    connection: Connection, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [leaf(f"/{n}", f"raw {n}", f"content {n}") for n in range(300)]
    load(connection, run, *many)
    monkeypatch.setattr(ledger, "ASKED_BYTES", 1)
    files = [x.found for x in many]
    again = ledger.to_read(connection, files)
    assert 0 < len(again) < 300
    assert {w.why for w in again} == {"new"}
    changed = [f._replace(size=f.size + 1) for f in files]
    assert [w.found for w in ledger.to_read(connection, changed)] == changed
    known = ledger.known_bytes(connection, [sha(f"raw {n}") for n in range(600)])
    stored = rows(connection, "SELECT raw_sha256, id FROM sightings")
    assert 0 < len(known) < 300
    assert {(raw, number) for raw, (number, _) in known.items()} <= set(stored)
    before = places(connection)
    wanted = {w.found.path for w in again}
    counts = load(connection, run, *(replace(x, is_new=True) for x in many if x.found.path in wanted))
    assert counts.unchanged == counts.seen == len(again)
    assert places(connection) == before


def test_a_copy_sends_fewer_bytes_than_three_hashes(
    connection: Connection, database_url: str, run: Run
) -> None:
    load(connection, run, *(leaf(f"/{n}", f"raw {n}", f"content {n}") for n in range(300)))
    sent = []
    for count in (50, 300):
        with counted(database_url) as (way, bytes_), connect(way) as counting:
            paths = [f"/copies/{count}/{n:04}.txt" for n in range(count)]
            raws = [f"raw {n}" for n in range(count)]
            files = [known_leaf(path, raw) for path, raw in zip(paths, raws, strict=True)]
            assert len(ledger.to_read(counting, [x.found for x in files])) == count
            known = ledger.known_bytes(counting, [sha(raw) for raw in raws])
            copies = [
                replace(x, is_new=True, sighting_id=known[sha(raw)][0])
                for x, raw in zip(files, raws, strict=True)
            ]
            assert load(counting, run, *copies).duplicate == count
            sent.append(bytes_.sent)
    assert (sent[1] - sent[0]) / 250 < 96
