"""Read again with other code, contents get other hashes: ids stay, articles become one, tables end as if new."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from psycopg import Rollback

from etl import jobs
from etl.executors import work
from etl.model import Leaf, Processed, RawFile
from etl.rules import Rules, load_rules
from etl.scope import Scope
from etl.settings import Settings
from etl.steps import Steps
from etl.store import runs, withdrawals
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.relink import relink
from etl.store.runs import Counts, Run
from tests.support.records import incident, leaf, sha

CURRENT = "SELECT article_id, title FROM current_articles ORDER BY 1"
SHOWN = (
    "SELECT a.content_hash, a.title, s.raw_sha256, a.kind FROM articles AS a"
    " JOIN sightings AS s ON s.id = a.best_sighting_id WHERE a.superseded_at IS NULL ORDER BY 1",
    "SELECT a.content_hash, f.path, s.raw_sha256, s.title, s.is_current FROM sightings AS s"
    " JOIN source_files AS f ON f.id = s.source_file_id JOIN articles AS a ON a.id = s.article_id ORDER BY 1, 2, 3",
    "SELECT a.content_hash, i.ordinal, i.kind, i.place FROM incidents AS i JOIN articles AS a"
    " ON a.id = i.article_id WHERE i.withdrawn_at IS NULL ORDER BY 1, 2",
    "SELECT f.path, f.state FROM source_files AS f ORDER BY 1",
)


@pytest.fixture
def run(connection: Connection) -> Run:
    return runs.start(connection, "backfill", "rules-1")


def load(connection: Connection, run: Run, *leaves: Leaf) -> Counts:
    return load_batch(connection, run, leaves, Counts())


def again(*leaves: Leaf) -> list[Leaf]:
    return [replace(x, reread=True) for x in leaves]


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def shown(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """What stands there, without ids."""
    return [rows(connection, query) for query in SHOWN]


def as_if_new(connection: Connection, run: Run, leaves: Sequence[Leaf]) -> list[list[tuple[Any, ...]]]:
    """What an empty database would show of these leaves."""
    with connection.transaction():
        load(connection, run, *leaves)
        expected = shown(connection)
        raise Rollback
    return expected  # type: ignore[unreachable]


def changes(connection: Connection) -> list[tuple[Any, ...]]:
    return rows(connection, "SELECT entity, entity_id, operation, old FROM changes ORDER BY seq")


def test_another_text_of_the_same_bytes_keeps_the_ids(connection: Connection, run: Run) -> None:
    load(connection, run, leaf(title="手机矢而复得"))
    before = rows(
        connection, "SELECT a.id, i.id FROM articles AS a JOIN incidents AS i ON i.article_id = a.id"
    )
    counts = load(connection, run, *again(leaf(content="content b", title="手机失而复得")))
    assert (counts.unchanged, counts.loaded) == (1, 0)
    assert rows(connection, "SELECT content_hash, title FROM articles") == [
        (sha("content b"), "手机失而复得")
    ]
    after = rows(
        connection, "SELECT a.id, i.id FROM articles AS a JOIN incidents AS i ON i.article_id = a.id"
    )
    assert after == before
    assert ("article", before[0][0], "update", None) in changes(connection)


@pytest.mark.parametrize("other", [1, 2])
def test_two_articles_become_one_and_the_smaller_id_survives(
    connection: Connection, run: Run, other: int
) -> None:
    """Whichever of the two it is whose hash changes."""
    first, second = leaf(), leaf("/news/b.txt", "raw b", "content b", title="手机")
    load(connection, run, first)
    load(connection, run, second)
    if other == 2:
        load(connection, run, *again(leaf("/news/b.txt", "raw b", "content a", title="手机")))
        kept = sha("content a")
    else:
        load(connection, run, *again(leaf(content="content b")))
        kept = sha("content b")
    assert [row[0] for row in rows(connection, CURRENT)] == [1]
    assert rows(connection, "SELECT content_hash FROM articles WHERE id = 1") == [(kept,)]
    assert rows(connection, "SELECT DISTINCT article_id FROM sightings WHERE is_current") == [(1,)]
    assert ("article", 2, "merge", {"into": 1}) in changes(connection)
    withdrawn = rows(connection, "SELECT article_id FROM incidents WHERE withdrawn_at IS NOT NULL")
    assert withdrawn == [(2,)]
    assert rows(connection, "SELECT count(*) FROM told_incidents") == [(1,)]


def test_a_copy_that_was_not_read_again_stays_and_follows_later(connection: Connection, run: Run) -> None:
    load(connection, run, leaf(), leaf("/news/b.txt", "raw b"))
    load(connection, run, *again(leaf(content="content b")))
    assert len(rows(connection, CURRENT)) == 2
    load(connection, run, *again(leaf("/news/b.txt", "raw b", "content b")))
    assert [row[0] for row in rows(connection, CURRENT)] == [1]
    assert rows(connection, "SELECT DISTINCT article_id FROM sightings") == [(1,)]


def test_equal_bytes_elsewhere_go_along(connection: Connection, run: Run) -> None:
    load(connection, run, leaf(), leaf("/news/copy.txt"))
    load(connection, run, *again(leaf(content="content b")))
    assert rows(connection, "SELECT DISTINCT article_id FROM sightings") == [(1,)]
    assert rows(connection, "SELECT id, content_hash FROM articles") == [(1, sha("content b"))]


# What older code made of five files, and today's: path, bytes, content.
OLDER = (("/a", "a", "1"), ("/b", "b", "1"), ("/c", "c", "2"), ("/d", "d", "3"), ("/e", "e", "4"))
TODAY = {
    "nothing changes": "11234",
    "one gets a text of its own": "51234",
    "one article becomes two": "15234",
    "two become one, neither text new": "11134",
    "two become one, the older text gone": "22234",
    "two become one new text": "11554",
    "three become one": "55554",
    "two trade places": "11324",
    "around in a circle": "11342",
    "copies of one article go to two others": "23234",
}


@pytest.mark.parametrize("today", TODAY.values(), ids=TODAY)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_reading_all_again_ends_where_an_empty_database_would(
    connection: Connection, run: Run, today: str, size: int
) -> None:
    older = [leaf(path, raw, content, title=content) for path, raw, content in OLDER]
    now = [
        leaf(path, raw, content, title=f"今 {content}", incidents=(incident(place=content),))
        for (path, raw, _), content in zip(OLDER, today, strict=True)
    ]
    expected = as_if_new(connection, run, now)
    for order in list(permutations(range(5)))[::17]:
        with connection.transaction():
            load(connection, run, *older)
            for at in range(0, 5, size):
                load(connection, run, *again(*[now[n] for n in order[at : at + size]]))
            for _ in range(2):  # what the pass marked, and what a later run finds marked by that
                marked = rows(connection, "SELECT path FROM source_files WHERE state = 'reread'")
                load(connection, run, *again(*[x for x in now if (x.found.path,) in marked]))
            assert shown(connection) == expected
            raise Rollback


def test_what_was_taken_down_stays_down_whatever_its_hash(connection: Connection, run: Run) -> None:
    load(connection, run, leaf())
    withdrawals.withdraw(connection, sha("content a"), "li", "court order")
    assert load(connection, run, *again(leaf(content="content b"))).rejected == 1
    assert rows(connection, CURRENT) == []


class Here:
    """A pool of no processes."""

    def submit(self, files: Sequence[RawFile]) -> list[Processed]:
        return work.process_all(files)

    def result(self, task: list[Processed]) -> list[Processed]:
        return task

    def close(self) -> None:
        pass


def test_backfill_with_better_code(
    connection: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = "3月9日，柳河派出所接到周女士报警，称手机落在出租车上，民警当晚联系上何师傅，次日将手机送回。" * 5
    (tmp_path / "a.txt").write_text(f"手机失而复得\n{story}\n", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(f"手机失而复得\n{story}\n".encode("gb18030"))
    (tmp_path / "c.txt").write_text(f"{story}\n记者从警方获悉，此事已经办结。\n", encoding="utf-8")
    real = work.processing

    def older(file: RawFile, rules: Rules) -> Steps[Processed]:
        done = yield from real(file, rules)
        return done._replace(content_hash=hashlib.sha256(b"older" + file.data).digest())

    monkeypatch.setattr(jobs, "pool_for", lambda settings: lambda *arguments: Here())
    settings = Settings(database_url=database_url, settle_s=0)
    with monkeypatch.context() as patch:
        patch.setattr(work, "processing", older)
        assert jobs.run([str(tmp_path)], settings).counts.loaded == 3
    report = jobs.backfill([str(tmp_path)], settings, Scope(reprocess=True))
    assert (report.counts.unchanged, report.counts.seen) == (3, 3)
    assert [row[0] for row in rows(connection, CURRENT)] == [1, 3]
    current = runs.start(connection, "link", "rules-1")
    assert not relink(connection, current, load_rules().link, lambda: None, keep=False).differs
    assert jobs.run([str(tmp_path)], settings).counts.unchanged == 3
