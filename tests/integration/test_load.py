"""Loading batches: what is new is written once, what is known gains a sighting, the best copy shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from etl.errors import RunLost
from etl.model import Leaf
from etl.store import ledger, runs
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from tests.support.records import PUBLISHED, incident, known_leaf, leaf, rejected_leaf

CONTENT_TABLES = (
    "articles", "sightings", "source_files", "incidents", "incident_persons", "reported_figures",
    "agencies", "rejections", "changes",
)  # fmt: skip


@pytest.fixture
def run(connection: Connection) -> Run:
    return runs.start(connection, "run", "rules-1")


def load(connection: Connection, run: Run, *leaves: Leaf, **more: Any) -> Counts:
    return load_batch(connection, run, leaves, Counts(), **more)


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def written(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but runs, with its physical version, so that a rewrite shows too."""
    return {t: rows(connection, f"SELECT xmin::text, * FROM {t} ORDER BY 2") for t in CONTENT_TABLES}


def sequences(connection: Connection) -> list[tuple[Any, ...]]:
    return rows(
        connection, "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename <> 'runs_id_seq'"
    )


def shown(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What users see, without ids, runs and times of loading."""
    return {
        "articles": rows(
            connection,
            "SELECT a.content_hash, a.title, a.body, a.published_at, a.published_precision, a.source, a.author,"
            " a.kind, a.quality, a.superseded_at IS NULL, s.raw_sha256 FROM articles AS a"
            " JOIN sightings AS s ON s.id = a.best_sighting_id ORDER BY 1",
        ),
        "sightings": rows(
            connection,
            "SELECT f.path, s.raw_sha256, s.is_current, s.title, s.published_at, a.content_hash FROM sightings AS s"
            " JOIN source_files AS f ON f.id = s.source_file_id JOIN articles AS a ON a.id = s.article_id"
            " ORDER BY 1, 2",
        ),
        "files": rows(connection, "SELECT path, size, mtime_ns, sha256, state FROM source_files ORDER BY 1"),
        "incidents": rows(
            connection,
            "SELECT a.content_hash, i.ordinal, i.kind, i.occurred_from, i.occurred_on, i.place, i.items, i.outcome,"
            " g.full_name FROM incidents AS i JOIN articles AS a ON a.id = i.article_id"
            " LEFT JOIN agencies AS g ON g.id = i.agency_id WHERE i.withdrawn_at IS NULL ORDER BY 1, 2",
        ),
        "figures": rows(
            connection, "SELECT a.content_hash, f.metric, f.value FROM reported_figures AS f"
            " JOIN articles AS a ON a.id = f.article_id ORDER BY 1, 2"
        ),
    }  # fmt: skip


# ---------------------------------------------------------------- new, known, nothing


def test_a_new_article_is_written_with_everything_that_hangs_on_it(connection: Connection, run: Run) -> None:
    counts = load(connection, run, leaf(published_at=PUBLISHED, published_precision="minute"))
    assert (counts.loaded, counts.incidents, counts.seen) == (1, 1, 1)
    assert rows(connection, "SELECT title, published_on::text, story_id = id FROM articles") == [
        ("手机失而复得", "2021-03-10", True)
    ]
    assert rows(connection, "SELECT kind, occurred_on::text, station, event_id = id FROM incidents") == [
        ("lost_property", "2021-03-09", "柳河派出所", True)
    ]
    assert rows(connection, "SELECT role, also, name, sex, evidence_start FROM incident_persons") == [
        ("victim", ["reporter"], "周女士", "F", 18)
    ]
    assert rows(connection, "SELECT metric, value, unit FROM reported_figures") == [("接警", 318, "起")]
    assert rows(connection, "SELECT full_name FROM agencies") == [("柳河派出所",)]
    assert rows(connection, "SELECT entity, operation FROM changes ORDER BY seq") == [
        ("article", "insert"),
        ("incident", "insert"),
    ]


def test_days_are_those_of_china_whatever_the_session_says(connection: Connection, run: Run) -> None:
    connection.execute("SET timezone = 'America/New_York'")
    early = PUBLISHED.replace(hour=17)  # 01:00 of the 11th in China
    load(connection, run, leaf(published_at=early, published_precision="minute"))
    assert rows(connection, "SELECT published_on::text FROM articles") == [("2021-03-11",)]


def test_the_same_leaf_again_writes_nothing_and_uses_no_sequence(connection: Connection, run: Run) -> None:
    load(connection, run, leaf(), rejected_leaf("/news/bad.png"))
    before, drawn = written(connection), sequences(connection)
    counts = load(connection, run, known_leaf("/news/a.txt"), rejected_leaf("/news/bad.png"))
    assert (counts.unchanged, counts.rejected) == (1, 1)
    assert written(connection) == before
    assert sequences(connection) == drawn


def test_known_bytes_under_another_name_are_a_further_sighting(connection: Connection, run: Run) -> None:
    load(connection, run, leaf())
    article = rows(connection, "SELECT xmin::text, * FROM articles")
    counts = load(connection, run, known_leaf("/copy/a.txt"))
    assert (counts.loaded, counts.duplicate) == (0, 1)
    assert rows(connection, "SELECT count(*), count(DISTINCT article_id) FROM sightings") == [(2, 1)]
    assert rows(connection, "SELECT xmin::text, * FROM articles") == article


def test_copies_of_known_bytes_take_over_what_the_first_place_says(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/册/一.txt", published_at=PUBLISHED, published_precision="minute"))
    again = [replace(known_leaf(f"/册/二/{name}.txt"), is_new=True) for name in ("乙", "甲")]
    assert load(connection, run, *again).duplicate == 2
    places = rows(
        connection,
        "SELECT article_id, member, record_no, raw_sha256, is_current, title, published_at, published_precision,"
        " source, site, byline::text, url, lost_chars FROM sightings ORDER BY id",
    )
    assert len(places) == 3
    assert len(set(places)) == 1
    assert rows(connection, "SELECT path FROM source_files ORDER BY id") == [
        ("/册/一.txt",), ("/册/二/乙.txt",), ("/册/二/甲.txt",)
    ]  # fmt: skip
    assert rows(
        connection, "SELECT DISTINCT sha256(convert_to(path, 'UTF8')) = path_sha256 FROM source_files"
    ) == [(True,)]


def test_a_path_thought_new_that_the_ledger_knows_is_updated(connection: Connection, run: Run) -> None:
    load(connection, run, rejected_leaf("/x"))
    load(connection, run, replace(leaf("/x"), is_new=True), replace(leaf("/y"), is_new=True))
    assert rows(connection, "SELECT path, state FROM source_files ORDER BY path") == [
        ("/x", "loaded"),
        ("/y", "loaded"),
    ]
    assert rows(connection, "SELECT resolved_by FROM rejections") == [(run.id,)]


def test_one_content_twice_in_a_batch_is_one_article(connection: Connection, run: Run) -> None:
    counts = load(
        connection, run, leaf("/a"), leaf("/b", raw="raw b"), leaf("/c", raw="raw c", content="other")
    )
    assert (counts.loaded, counts.duplicate) == (2, 1)
    assert rows(connection, "SELECT count(*) FROM articles") == [(2,)]


def test_units_are_stored_once_and_apart_by_division(connection: Connection, run: Run) -> None:
    first = incident()
    assert first.agency is not None
    elsewhere = first._replace(agency=first.agency._replace(city="德州"))
    load(connection, run, leaf("/a"), leaf("/b", "raw b", "content b"))
    load(connection, run, leaf("/c", "raw c", "content c", incidents=(elsewhere,)))
    assert rows(connection, "SELECT name, city FROM agencies ORDER BY id") == [
        ("柳河派出所", None),
        ("柳河派出所", "德州"),
    ]


# ---------------------------------------------------------------- best sighting, change, return


def copies() -> list[Leaf]:
    """One content in five places, each known a little better or worse."""
    dated = {"published_at": PUBLISHED, "published_precision": "minute"}
    day = {"published_at": PUBLISHED.replace(hour=16) - timedelta(days=1), "published_precision": "day"}
    return [
        leaf("/1", "r1", title=None),
        leaf("/2", "r2", **day, title="按日"),
        leaf("/3", "r3", **dated, title="按分", incidents=(incident(place="车内"),)),
        leaf("/4", "r4", **dated, title=None),
        leaf("/5", "r5", "other content", title="别的"),
    ]


def test_every_order_of_loading_gives_equal_tables(connection: Connection, run: Run) -> None:
    results = []
    for order in list(permutations(copies()))[::7]:
        with connection.transaction(force_rollback=True):
            for one in order:
                load(connection, run, one)
            results.append(shown(connection))
    with connection.transaction(force_rollback=True):
        load(connection, run, *copies())
        results.append(shown(connection))
    assert all(result == results[0] for result in results)
    assert results[0]["articles"][0][1] is not None


def test_a_better_copy_updates_the_article_in_place_and_keeps_ids(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/1", "r1"))
    ids = rows(connection, "SELECT a.id, i.id FROM articles AS a, incidents AS i")
    better = leaf(
        "/2", "r2", published_at=PUBLISHED, published_precision="minute", incidents=(incident(place="车里"),)
    )
    load(connection, run, better)
    assert rows(connection, "SELECT a.id, i.id FROM articles AS a, incidents AS i") == ids
    assert rows(connection, "SELECT published_precision, place FROM articles, incidents") == [
        ("minute", "车里")
    ]
    assert rows(connection, "SELECT entity, operation FROM changes ORDER BY seq")[2:] == [
        ("article", "update"),
        ("incident", "update"),
    ]


def test_a_worse_copy_changes_nothing_of_the_article(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/1", "r1", published_at=PUBLISHED, published_precision="minute"))
    article = rows(connection, "SELECT xmin::text, * FROM articles")
    load(connection, run, leaf("/2", "r0"))
    assert rows(connection, "SELECT xmin::text, * FROM articles") == article


def test_a_file_changed_and_changed_back_ends_where_it_began(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/a", "A", "content A"))
    began = rows(connection, "SELECT id, content_hash, superseded_at FROM articles")
    load(connection, run, leaf("/a", "B", "content B"))
    assert rows(connection, "SELECT superseded_at IS NULL FROM articles ORDER BY id") == [(False,), (True,)]
    load(connection, run, known_leaf("/a", "A"))
    assert rows(connection, "SELECT id, content_hash, superseded_at FROM articles ORDER BY id")[:1] == began
    assert rows(connection, "SELECT superseded_at IS NULL FROM articles ORDER BY id") == [(True,), (False,)]
    assert rows(connection, "SELECT count(*) FROM sightings WHERE is_current") == [(1,)]


def test_when_the_best_copy_goes_the_next_best_is_marked_to_be_read(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/best", "r1", published_at=PUBLISHED, published_precision="minute"))
    load(connection, run, leaf("/next", "r2", title="次好"))
    load(connection, run, leaf("/best", "r9", "other"))
    assert [f.path for f in ledger.files_to_reread(connection)] == ["/next"]
    load(connection, run, leaf("/next", "r2", title="次好"), again=True)
    assert rows(connection, "SELECT title, published_precision FROM articles ORDER BY id LIMIT 1") == [
        ("次好", "unknown")
    ]
    assert ledger.files_to_reread(connection) == []


def test_incidents_no_longer_told_are_withdrawn_and_come_back(connection: Connection, run: Run) -> None:
    second = incident(kind="noise", evidence=(53, 70))
    dated = {"published_at": PUBLISHED, "published_precision": "minute"}
    load(connection, run, leaf("/1", "r1", incidents=(incident(), second)))
    load(connection, run, leaf("/2", "r2", **dated, incidents=(incident(),)))
    withdrawn = "SELECT kind, withdrawn_at IS NOT NULL FROM incidents ORDER BY id"
    assert rows(connection, withdrawn) == [("lost_property", False), ("noise", True)]
    assert rows(connection, "SELECT old->>'kind' FROM changes WHERE operation = 'withdraw'") == [("noise",)]
    finer = leaf(
        "/3", "r3", published_at=PUBLISHED, published_precision="second", incidents=(incident(), second)
    )
    load(connection, run, finer)
    assert rows(connection, withdrawn) == [("lost_property", False), ("noise", False)]


# ---------------------------------------------------------------- rejections


def test_a_rejection_is_open_once_touched_when_it_differs_and_resolved(
    connection: Connection, run: Run
) -> None:
    load(connection, run, rejected_leaf("/x", "binary"))
    before = rows(connection, "SELECT xmin::text, * FROM rejections")
    load(connection, run, rejected_leaf("/x", "binary"))
    assert rows(connection, "SELECT xmin::text, * FROM rejections") == before
    load(connection, run, rejected_leaf("/x", "undecodable"))
    assert rows(connection, "SELECT reason, resolved_by FROM rejections") == [("undecodable", None)]
    load(connection, run, leaf("/x"))
    assert rows(connection, "SELECT reason, resolved_by FROM rejections") == [("undecodable", run.id)]
    load(connection, run, rejected_leaf("/x", "binary"))
    assert rows(connection, "SELECT reason, resolved_by FROM rejections ORDER BY id") == [
        ("undecodable", run.id),
        ("binary", None),
    ]


def test_a_spoiled_file_keeps_its_last_good_content(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/x"))
    load(connection, run, rejected_leaf("/x"))
    assert rows(connection, "SELECT is_current, superseded_at FROM sightings, articles") == [(True, None)]


# ---------------------------------------------------------------- the ledger and the fence


def test_the_ledger_knows_what_is_to_be_read(connection: Connection, run: Run) -> None:
    good, bad, unreadable = (
        leaf("/good"),
        rejected_leaf("/bad"),
        rejected_leaf("/closed", "unreadable", "", None),
    )
    load(connection, run, good, bad, unreadable)
    files = [x.found for x in (good, bad, unreadable)]
    assert ledger.to_read(connection, files) == [(unreadable.found, "changed", 0)]
    grown = [f._replace(size=f.size + 1) for f in files]
    new = good.found._replace(path="/new")
    wanted = ledger.to_read(connection, [*grown, new])
    assert [file.why for file in wanted] == ["changed"] * 3 + ["new"]


def test_a_run_that_was_taken_over_writes_nothing(connection: Connection, run: Run) -> None:
    runs.start(connection, "run", "rules-1")
    before = written(connection)
    with pytest.raises(RunLost):
        load(connection, run, leaf())
    assert written(connection) == before


def test_counts_of_all_batches_add_up_in_the_run(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/1", "r1"))
    extra = Counts()
    extra.skip("hidden")
    extra.skip("hidden")
    extra.skip("link")
    load_batch(connection, run, [leaf("/2", "r2")], extra)
    total = runs.counts(connection, run)
    assert (total.seen, total.loaded, total.duplicate, total.skips) == (5, 1, 1, {"hidden": 2, "link": 1})
    assert rows(connection, "SELECT seen, batches FROM runs") == [(5, 2)]


def test_what_is_read_again_in_the_same_run_is_counted_once(connection: Connection, run: Run) -> None:
    load(connection, run, leaf("/1", "r1"))
    more = Counts(unchanged=3)
    more.skip("vanished")
    load_batch(connection, run, [leaf("/1", "r1")], more, again=True)
    total = runs.counts(connection, run)
    assert (total.seen, total.loaded, total.skips) == (1, 1, {})


def test_bulk(connection: Connection, run: Run) -> None:
    many: Sequence[Leaf] = [leaf(f"/{n}", f"raw {n}", f"content {n}") for n in range(300)]
    assert load(connection, run, *many).loaded == 300
    assert rows(connection, "SELECT count(*) FROM incidents JOIN articles ON articles.id = article_id") == [
        (300,)
    ]
