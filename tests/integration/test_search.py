"""Searching: right answers to invented queries, in either script, best first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl.store import runs
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts
from tests.conftest import create, drop, on_database
from tests.support.records import leaf

CASES = Path(__file__).parents[1] / "cases" / "search"
ARTICLES: dict[str, dict[str, Any]] = json.loads((CASES / "articles.json").read_text(encoding="utf-8"))
QUERIES: list[list[Any]] = json.loads((CASES / "queries.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def library(server_url: str, template: str) -> Iterator[Connection]:
    """The invented articles, loaded."""
    create(server_url, "test_search", template)
    with connect(on_database(server_url, "test_search")) as connection:
        run = runs.start(connection, "run", "rules-1")
        leaves = [leaf(f"/{n}", n, n, url=n, incidents=(), **article) for n, article in ARTICLES.items()]
        load_batch(connection, run, leaves, Counts())
        yield connection
    drop(server_url, "test_search")


def found(connection: Connection, words: str, limit: int = 20) -> list[str]:
    rows = connection.execute(
        "SELECT a.url FROM search_articles(%s, %s) WITH ORDINALITY AS s JOIN articles AS a ON a.id = s.article_id"
        " ORDER BY s.ordinality",
        (words, limit),
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize(("words", "expected", "why"), QUERIES)
def test_query_finds_exactly_what_it_should(
    library: Connection, words: str, expected: list[str], why: str
) -> None:
    assert sorted(found(library, words)) == sorted(expected), why


@pytest.mark.parametrize(
    ("words", "first"),
    [("张伟", "names"), ("盗窃", "burglary"), ("诈骗", "latin"), ("反诈", "twice"), ("护栏", "drunk")],
)
def test_the_best_answer_comes_first(library: Connection, words: str, first: str) -> None:
    assert found(library, words)[0] == first


def test_more_frequent_words_rank_higher(library: Connection) -> None:
    assert found(library, "诈骗")[1] == "twice"


def test_results_can_be_limited(library: Connection) -> None:
    assert len(found(library, "民警", 5)) == 5


@pytest.mark.parametrize(
    ("words", "snippet"),
    [
        ("噪音", "刘洋反映楼下广场舞【噪音】扰民。民警到场后，领舞的黄阿姨同意调低音量。"),
        ("鐵路 行李箱", "邱國強在車站遺失【行李箱】，【鐵路】民警調取監控後將【行李箱】找回。"),
        ("铁路", "邱國強在車站遺失行李箱，【鐵路】民警調取監控後將行李箱找回。"),
    ],
)
def test_snippet_marks_the_words_as_the_text_writes_them(
    library: Connection, words: str, snippet: str
) -> None:
    assert library.execute("SELECT snippet FROM search_articles(%s)", (words,)).fetchall() == [(snippet,)]


def test_snippet_of_a_long_text_is_cut_around_the_word(library: Connection) -> None:
    body = "甲" * 200 + "丢失钱包" + "乙" * 200
    row = library.execute("SELECT search_snippet(%s, '{钱包}', '<', '>', 20)", (body,)).fetchone()
    assert row is not None
    assert row[0] == "…甲甲甲甲丢失<钱包>" + "乙" * 12 + "…"


def test_what_no_file_holds_any_more_is_not_found(library: Connection) -> None:
    with library.transaction(force_rollback=True):
        library.execute("UPDATE articles SET superseded_at = now() WHERE url = 'noise'")
        assert found(library, "噪音") == []


def test_an_updated_text_is_found_by_its_new_words(library: Connection) -> None:
    with library.transaction(force_rollback=True):
        library.execute("UPDATE articles SET body = '丢了一只鹦鹉' WHERE url = 'noise'")
        assert (found(library, "噪音"), found(library, "鹦鹉")) == ([], ["noise"])


def write(connection: Connection, body: str, count: int, since: str = "2000-01-01Z") -> None:
    """So many articles of one text, published day after day, their numbers for titles; to be rolled back."""
    connection.execute(
        "INSERT INTO articles (content_hash, hash_version, title, body, published_at, published_precision, byline,"
        " image_urls, script, kind, repairs, quality, removed, best_sighting_id, story_id, first_seen_at, run_id,"
        " ruleset) SELECT sha256((%(body)s::text || n)::bytea), hash_version, n::text, %(body)s::text,"
        " %(since)s::timestamptz + n * interval '1 day', 'day', byline, image_urls, script, kind, repairs, quality,"
        " removed, best_sighting_id, story_id, first_seen_at, run_id, ruleset"
        " FROM articles, generate_series(1, %(count)s) AS n"
        " WHERE url = 'noise'",
        {"body": body, "since": since, "count": count},
    )


@pytest.mark.parametrize("words", ["鸚鵡", "鹦鹉", "APP", "app 飞走"])
@pytest.mark.parametrize("body", ["鹦鹉飞走，App定位", "鸚鵡飛走，APP定位"])
def test_many_hits_are_answered_by_the_newest_articles(library: Connection, words: str, body: str) -> None:
    with library.transaction(force_rollback=True):
        write(library, body, 5_001)
        titles = library.execute("SELECT title FROM search_articles(%s, 3)", (words,)).fetchall()
    assert titles == [("5001",), ("5000",), ("4999",)]


def test_words_known_to_be_common_are_answered_by_the_newest_articles(library: Connection) -> None:
    with library.transaction(force_rollback=True):
        write(library, "鸚鵡飛走", 10_500)
        library.execute("ANALYZE articles")
        titles = library.execute("SELECT title FROM search_articles('鹦鹉', 3)").fetchall()
    assert titles == [("10500",), ("10499",), ("10498",)]


def test_many_hits_among_the_oldest_are_answered_too(library: Connection) -> None:
    with library.transaction(force_rollback=True):
        write(library, "鹦鹉飞走", 5_001)
        write(library, "燕子飞来", 3_500, since="2040-01-01Z")
        titles = library.execute("SELECT title FROM search_articles('鹦鹉', 1)").fetchall()
    assert titles == [("5001",)]


def test_newer_articles_with_a_words_pairs_apart_do_not_crowd_it_out(library: Connection) -> None:
    with library.transaction(force_rollback=True):
        write(library, "电动滑板的鸽动车窗", 1, since="1990-01-01Z")
        before = found(library, "鸽动车")
        write(library, "白鸽动了，动车到站", 500)
        assert len(before) == 1
        assert found(library, "鸽动车") == before


@pytest.mark.parametrize(("words", "limit"), [("民" * 201, 20), ("民警", -1), ("民警", 2_147_483_647)])
def test_what_is_beyond_the_limits_is_refused(library: Connection, words: str, limit: int) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="200 characters"):
        library.execute("SELECT * FROM search_articles(%s, %s)", (words, limit))


def test_a_text_beyond_the_index_does_not_stop_the_loading(library: Connection) -> None:
    body = "".join(chr(0x4E00 + n % 20000) + chr(0x4E00 + n * 7 % 19997) for n in range(150_000))
    with library.transaction(force_rollback=True):
        library.execute("UPDATE articles SET body = %s WHERE url = 'noise'", (body,))
        assert found(library, body[:3]) == ["noise"]


def test_the_index_answers_not_a_scan(library: Connection) -> None:
    with library.transaction(force_rollback=True):
        library.execute("SET LOCAL enable_seqscan = off")
        plan = library.execute(
            "EXPLAIN SELECT id FROM articles"
            " WHERE search_grams(coalesce(title, '') || ' ' || body) @@ search_query('被盗')"
        ).fetchall()
    assert any("ix_articles_search" in line for (line,) in plan)


def test_folding_keeps_the_length(library: Connection) -> None:
    row = library.execute(
        "SELECT length(search_fold(repeat(s, 40))), length(search_fold(s)), search_fold(s)"
        " FROM (VALUES ('電動車ＡＢc乾隆著①℃😀')) AS v (s)"
    ).fetchone()
    assert row == (480, 12, "电动车abc干隆着①℃😀")
