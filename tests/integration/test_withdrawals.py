"""What is taken down is erased and stays out, however it comes again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from etl.cli.withdrawing import withdraw
from etl.store import runs, withdrawals
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from tests.support.records import PUBLISHED, incident, known_leaf, leaf, sha

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


SAID = (  # words and times that only the article says, and what was written about it by hand
    "柳河", "周女士", "何师傅", "手机", "出租车", "17时30分", "09:30", "2021-03", "318起", "接警", "沧州",
    "1234.5", "失而复得", "某报", "某网", "example", "法院", "张三", "found", "returned", "theft",
)  # fmt: skip


def everything(connection: Connection) -> list[str]:
    """Every row of every table that a load writes, as text."""
    tables = rows(
        connection,
        "SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        " AND c.relname <> 'alembic_version' AND NOT EXISTS (SELECT FROM pg_attribute AS a"
        "   WHERE a.attrelid = c.oid AND a.attname IN ('zh', 'sole'))",
    )
    assert {("articles",), ("overrides",), ("agencies",), ("changes",)} <= set(tables)
    return [
        f"{table}: {row}"
        for (table,) in tables
        for (row,) in rows(connection, f"SELECT to_jsonb(t)::text FROM {table} AS t")
    ]


def correct(connection: Connection, field: str, value: str, number: int = 1) -> None:
    connection.execute(
        "INSERT INTO overrides (incident_id, field, value, made_by, why) VALUES (%s, %s, %s, 'li', '张三来电')",
        (number, field, value),
    )


def test_nothing_is_left_of_a_corrected_article(connection: Connection, run: Run) -> None:
    told = (
        incident(city="沧州市", amount_cny=1234.5, reported=incident().occurred),
        incident(kind="other", evidence=(52, 60)),
    )
    shown = {
        "source": "某报",
        "site": "某网",
        "author": "张三",
        "url": "https://example.com/1",
        "published_at": PUBLISHED,
    }
    load_batch(connection, run, [leaf(incidents=told, **shown), leaf("/b", "raw b", **shown)], Counts())
    load_batch(
        connection,
        run,
        [leaf("/c", "raw c", "content c", body="另一件事。", title="别的", incidents=())],
        Counts(),
    )
    correct(connection, "place", '"沧州汽车站的出租车上"')
    correct(connection, "kind", '"theft.other"')
    connection.execute("UPDATE overrides SET revoked_at = now() WHERE field = 'kind'")
    connection.execute(
        "INSERT INTO link_verdicts (entity, a_id, b_id, verdict, decided_by, note)"
        " VALUES ('incident', 1, 2, 'split', 'li', '张三说是两部手机')"
    )
    load_batch(connection, run, [leaf(incidents=told[:1], **shown)], Counts())  # the second one is withdrawn
    assert {word for word in SAID if any(word in row for row in everything(connection))} >= set(SAID) - {
        "法院"
    }
    connection.execute(
        "DELETE FROM reported_figures WHERE article_id <> 1"
    )  # that of the other article says it too
    withdrawals.withdraw(connection, GONE, "li", "court order")
    left = [row for row in everything(connection) if any(word in row for word in SAID)]
    assert left == []
    assert rows(connection, "SELECT incident_id, field, value, made_by FROM overrides ORDER BY 2") == [
        (1, "kind", None, "li"),
        (1, "place", None, "li"),
    ]
    assert rows(connection, "SELECT title FROM current_articles") == [("别的",)]


def test_nothing_is_left_of_an_article_that_became_part_of_it(connection: Connection, run: Run) -> None:
    old = {"title": "乱码旧稿", "incidents": (incident(place="旧地点"),), "source": "旧来源"}
    load_batch(connection, run, [leaf(), leaf("/b", "raw b", "content b", **old)], Counts())
    again = leaf("/b", "raw b")
    load_batch(connection, run, [replace(again, reread=True)], Counts())
    merged = rows(connection, "SELECT entity_id, old FROM changes WHERE operation = 'merge'")
    assert merged == [(2, {"into": 1})]
    withdrawals.withdraw(connection, GONE, "li", "court order")
    assert [row for row in everything(connection) if "旧" in row or "手机" in row] == []


def test_a_unit_that_others_name_stays(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf(), leaf("/b", "raw b", "content b")], Counts())
    withdrawals.withdraw(connection, GONE, "li", "court order")
    assert rows(connection, "SELECT name FROM agencies") == [("柳河派出所",)]


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
    both = leaf(incidents=(incident(), incident(place="站台", evidence=(52, 60))), source="某报")
    query = "SELECT incident_id, place, station, occurred_on, outcome, persons, title, source"
    query += " FROM current_incidents ORDER BY 1"
    load_batch(connection, run, [both], Counts())
    before = rows(connection, query)
    assert len(before) == 2
    withdrawals.withdraw(connection, GONE, "li", "by mistake")
    assert withdrawals.lift(connection, GONE)
    assert rows(connection, "SELECT state FROM source_files") == [("reread",)]
    load_batch(connection, run, [both], Counts())
    assert rows(connection, query) == before
    assert not withdrawals.lift(connection, GONE)


def test_lifting_a_takedown_reads_the_files_of_that_content_only(connection: Connection, run: Run) -> None:
    other = sha("content b")
    load_batch(connection, run, [leaf(), leaf("/b", "raw b", "content b")], Counts())
    withdrawals.withdraw(connection, GONE, "li", "by mistake")
    withdrawals.withdraw(connection, other, "li", "court order")
    load_batch(
        connection,
        run,
        [known_leaf("/a2"), leaf("/a3", "raw a3"), leaf("/b2", "raw b2", "content b")],
        Counts(),
    )
    assert withdrawals.lift(connection, GONE)
    assert rows(connection, "SELECT path FROM source_files WHERE state = 'reread' ORDER BY 1") == [
        ("/a2",),
        ("/a3",),
        ("/news/a.txt",),
    ]


@pytest.mark.parametrize("why", ["", "   ", "\n"])
def test_a_takedown_without_a_reason_is_refused(connection: Connection, why: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        withdrawals.withdraw(connection, GONE, "li", why)
    done = CliRunner().invoke(withdraw, [GONE.hex(), "--why", why])
    assert done.exit_code != 0
    assert "--why is needed" in str(done.exception)
