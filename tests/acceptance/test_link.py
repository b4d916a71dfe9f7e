"""`etl link` as a user runs it; and stories and events after a kill in the middle are those of a run without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.link_data import generate
from etl.store.engine import Connection, connect
from tests.acceptance.conftest import Etl, environment, result
from tests.faults.world import World

PAGES = 120
CLUSTERS = {
    "stories": "SELECT array_agg(encode(content_hash, 'hex')) FROM articles GROUP BY story_id",
    "events": "SELECT array_agg(encode(content_hash, 'hex') || ordinal) FROM incidents AS i"
    " JOIN articles AS a ON a.id = article_id GROUP BY event_id",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Generated articles, a fifth of them copies of others."""
    made = tmp_path / "in"
    made.mkdir()
    for article in generate(PAGES, seed=4):
        (made / f"{article.number:04}.txt").write_bytes(article.page(Random(article.number)))
    return made


def clusters(connection: Connection) -> dict[str, set[frozenset[Any]]]:
    return {
        name: {frozenset(row[0]) for row in connection.execute(query.encode())}
        for name, query in CLUSTERS.items()
    }


def test_a_kill_in_the_middle_leaves_no_trace_in_stories_and_events(
    etl: Etl, folder: Path, connection: Connection, database_url: str, tmp_path: Path
) -> None:
    with World(folder, database_url).halted(3):
        child = subprocess.Popen(
            [sys.executable, "-m", "etl", "run", str(folder), "--batch-files", "8", "--workers", "1"],
            cwd=tmp_path,
            env=environment(ETL_DATABASE_URL=database_url, ETL_SETTLE="0"),
            stderr=subprocess.PIPE,
        )
        with connect(database_url) as watching:
            while watching.execute("SELECT coalesce(max(batches), 0) >= 3 FROM runs").fetchone() == (False,):
                assert child.poll() is None, child.communicate()
        child.kill()
    child.communicate()
    loaded = result(etl("run", str(folder), "--json", "--batch-files", "50"))
    assert loaded["unchanged"] > 0
    found = clusters(connection)
    assert len(found["stories"]) < PAGES
    assert etl("link", "--check").returncode == 0
    connection.execute("UPDATE articles SET story_id = id")
    connection.execute("UPDATE incidents SET event_id = id")
    assert etl("link", "--check").returncode == 3
    assert etl("link").returncode == 0
    assert clusters(connection) == found


def test_decisions_by_hand_and_their_explanation(etl: Etl, folder: Path, connection: Connection) -> None:
    etl("run", str(folder))
    row = connection.execute(
        "SELECT a_id, b_id FROM story_pairs WHERE joined ORDER BY 1, 2 LIMIT 1"
    ).fetchone()
    assert row is not None
    a, b = map(str, row)
    said = result(etl("explain", "--articles", a, b, "--json"))
    assert said["together"]
    assert said["joins"]
    moved = result(
        etl("link", "split", "articles", a, b, "--note", "not the same", "--by", "an editor", "--json")
    )
    assert moved["clusters"][0] != moved["clusters"][1]
    said = result(etl("explain", "--articles", a, b, "--json"))
    assert (said["together"], said["decided"]["decided_by"]) == (False, "an editor")
    assert etl("link", "--check").returncode == 0
    back = result(etl("link", "undo", "articles", a, b, "--json"))["clusters"]
    assert back[0] == back[1]
    runs = connection.execute("SELECT command, status FROM runs ORDER BY id").fetchall()
    assert runs == [("run", "done"), ("link split", "done"), ("link", "done"), ("link undo", "done")]
    mistyped = etl("link", "join", "incidents", "1", "999999")
    assert (mistyped.returncode, "there is no incident 999999" in mistyped.stderr) == (2, True)
    nothing = etl("link", "undo", "articles", a, b)
    assert (nothing.returncode, f"nobody has decided on articles {a} and {b}" in nothing.stderr) == (2, True)
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (4,)
    assert etl("explain").returncode == 2


def test_one_occurrence_is_counted_once(etl: Etl, folder: Path, connection: Connection) -> None:
    etl("run", str(folder))
    counted = connection.execute(
        "SELECT (SELECT count(DISTINCT event_id) FROM incidents), (SELECT count(*) FROM events),"
        " (SELECT count(*) FROM current_incidents), (SELECT sum(incidents) FROM events),"
        " (SELECT count(*) FROM incidents)"
    ).fetchone()
    assert counted is not None
    distinct, events, current, members, incidents = counted
    assert distinct == events == current < incidents == members
