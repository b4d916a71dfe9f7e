"""Stories and events in the database: the same whatever the order of loading, told to followers, undone when undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from benchmarks.link_data import generate
from etl.model import Extraction, Found, Leaf, Processed, RawFile
from etl.pipeline import process
from etl.rules import load_rules
from etl.store import links, runs, verdicts
from etl.store.batch import Batch
from etl.store.engine import Connection
from etl.store.incidents import rederive
from etl.store.links import event_candidates, link
from etl.store.load import load_batch
from etl.store.relink import relink
from etl.store.runs import Counts, Run
from etl.store.verdicts import Decision
from etl.store.withdrawals import withdraw

ARTICLES = 120
ORDERS = 20

NOTICE = (
    "{day}，柳河派出所接到{who}报警，称停放在东关街菜市场门口的一辆电动车被盗，价值{amount}元。民警调取沿途监控，"
    "发现一名戴帽子的男子将车推走。经连续走访，民警在城郊一处出租屋内将嫌疑人{suspect}抓获，追回被盗的电动车，"
    "并于当日发还失主。{suspect}对盗窃的事实供认不讳，因盗窃被依法行政拘留十日。"
)
CASE = {"day": "3月9日17时许", "who": "周女士", "amount": "2600", "suspect": "吴某"}
OTHER = {"day": "6月2日8时许", "who": "郑先生", "amount": "3100", "suspect": "冯某某"}


@pytest.fixture(scope="module")
def pages() -> list[Processed]:
    """Generated articles through the whole pipeline: originals, copies, retellings, notices."""
    rules = load_rules()
    made = generate(ARTICLES, seed=3)
    return [
        process(RawFile(f"/made/{m.number}", m.page(Random(m.number)), b"%032d" % m.number), rules)
        for m in made
    ]


@pytest.fixture
def run(connection: Connection) -> Run:
    return runs.start(connection, "run", "rules-1")


def page(path: str, text: str, title: str = "电动车被盗", day: str = "2021-03-10 08:00") -> Leaf:
    data = f"{title}\n{day} 来源：柳河在线\n\n{text}\n".encode()
    done = process(RawFile(path, data, path.encode().ljust(32)), load_rules())
    return as_leaf(done)


def as_leaf(done: Processed) -> Leaf:
    return Leaf(Found(done.path, 1, 1), done.raw_sha256, done.raw_sha256, done)


def load(connection: Connection, run: Run, *leaves: Leaf) -> None:
    load_batch(connection, run, leaves, Counts())


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def clusters(connection: Connection) -> tuple[set[frozenset[Any]], set[frozenset[Any]]]:
    """Stories as sets of content hashes, events as sets of (content hash, ordinal)."""
    stories = rows(connection, "SELECT array_agg(content_hash) FROM articles GROUP BY story_id")
    events = rows(
        connection,
        "SELECT array_agg(encode(content_hash, 'hex') || ordinal) FROM incidents AS i"
        " JOIN articles AS a ON a.id = article_id GROUP BY event_id",
    )
    return {frozenset(s) for (s,) in stories}, {frozenset(e) for (e,) in events}


def empty(connection: Connection) -> None:
    connection.execute(
        "TRUNCATE source_files, articles, changes, article_signatures, article_bands, story_pairs, event_pairs"
        " RESTART IDENTITY CASCADE"
    )


def portions(leaves: Sequence[Leaf], rng: Random) -> Iterable[Sequence[Leaf]]:
    at = 0
    while at < len(leaves):
        size = rng.choice((1, 3, 10, 40, len(leaves)))
        yield leaves[at : at + size]
        at += size


def test_every_order_and_batch_size_gives_the_same_clusters(
    connection: Connection, run: Run, pages: list[Processed]
) -> None:
    load(connection, run, *map(as_leaf, pages))
    wanted = clusters(connection)
    assert len(wanted[0]) < len(pages) - 10  # there is something to cluster
    for seed in range(ORDERS):
        empty(connection)
        rng = Random(seed)
        leaves = [as_leaf(done) for done in pages]
        rng.shuffle(leaves)
        for part in portions(leaves, rng):
            load(connection, run, *part)
        assert clusters(connection) == wanted, f"order {seed}"


def test_ids_are_the_smallest_of_the_cluster(
    connection: Connection, run: Run, pages: list[Processed]
) -> None:
    for done in pages:
        load(connection, run, as_leaf(done))
    for table, column in (("articles", "story_id"), ("incidents", "event_id")):
        assert rows(connection, f"SELECT {column} FROM {table} GROUP BY 1 HAVING min(id) <> {column}") == []


def test_a_notice_of_another_case_stays_apart(connection: Connection, run: Run) -> None:
    load(
        connection,
        run,
        page("/a", NOTICE.format(**CASE)),
        page("/b", NOTICE.format(**OTHER), day="2021-06-03 09:00"),
    )
    assert rows(connection, "SELECT count(DISTINCT story_id), count(*) FROM articles") == [(2, 2)]
    assert rows(connection, "SELECT count(DISTINCT event_id), count(*) FROM incidents") == [(2, 2)]


def test_a_reprint_under_another_title_joins_story_and_event(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    load(connection, run, page("/a", text))
    load(
        connection,
        run,
        page("/b", text + "\n警方提醒：停车上锁，贵重物品不离身。", "追回电动车", "2021-03-11 10:00"),
    )
    assert rows(connection, "SELECT story_id FROM articles ORDER BY id") == [(1,), (1,)]
    assert rows(connection, "SELECT event_id FROM incidents ORDER BY id") == [(1,), (1,)]
    assert rows(connection, "SELECT relation, joined FROM story_pairs") == [("reprint", True)]
    assert rows(connection, "SELECT keeper_id, articles FROM stories") == [(1, 2)]
    assert rows(connection, "SELECT incidents, articles, sources, disagreements FROM events") == [
        (2, 2, 1, [])
    ]


def test_a_bridge_merges_two_stories_and_followers_hear_of_it(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    half = len(text) // 2
    load(connection, run, page("/a", text[: half + 30]))
    load(connection, run, page("/b", text[half - 30 :]))
    before = rows(connection, "SELECT id, story_id FROM articles")
    load(connection, run, page("/c", text))
    assert before == [(1, 1), (2, 2)]
    assert rows(connection, "SELECT DISTINCT story_id FROM articles") == [(1,)]
    feed = rows(
        connection,
        "SELECT entity, entity_id, operation, old FROM changes WHERE entity IN ('article', 'story')",
    )
    assert ("article", 2, "update", None) in feed
    assert ("story", 1, "merge", {"merged": [1, 2]}) in feed


def test_stations_of_one_name_in_two_counties_are_not_compared(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE).replace("柳河派出所", "{}公安局城关派出所")
    load(connection, run, page("/a", text.format("山东省沂水县")), page("/b", text.format("湖南省溆浦县")))
    load(connection, run, page("/c", text.format("湖南省溆浦县") + "此事引起热议。"))
    (first, second, again) = rows(
        connection, "SELECT article_id, station, district FROM incidents ORDER BY id"
    )
    assert (first[1], second[1:]) == (second[1], again[1:])
    assert first[2] != second[2]
    batch, rules = Batch(connection, run, datetime.now(UTC)), load_rules().link
    assert event_candidates(batch, [first[0]], rules, None) == []
    assert len(event_candidates(batch, [second[0]], rules, None)) == 1


def test_nothing_new_links_nothing(connection: Connection, run: Run) -> None:
    leaf = page("/a", NOTICE.format(**CASE))
    load(connection, run, leaf)
    tables = ("articles", "article_signatures", "article_bands", "story_pairs", "event_pairs", "changes")
    before = [rows(connection, f"SELECT xmin::text, * FROM {t} ORDER BY 2, 3") for t in tables]
    load(connection, run, leaf)
    assert [rows(connection, f"SELECT xmin::text, * FROM {t} ORDER BY 2, 3") for t in tables] == before


# ---------------------------------------------------------------- from scratch, and by hand


def again(connection: Connection, run: Run, *, keep: bool = False) -> Any:
    return relink(connection, run, load_rules().link, lambda: None, keep=keep)


def test_from_scratch_gives_what_loading_gave(
    connection: Connection, run: Run, pages: list[Processed]
) -> None:
    for at in range(0, len(pages), 7):
        load(connection, run, *map(as_leaf, pages[at : at + 7]))
    found = again(connection, run)
    assert rows(connection, "SELECT count(*) FROM articles") == [(found.articles,)]
    assert not found.differs, found


def test_what_was_tampered_with_is_found_and_mended(
    connection: Connection, run: Run, pages: list[Processed]
) -> None:
    load(connection, run, *map(as_leaf, pages))
    wanted = clusters(connection)
    connection.execute("UPDATE articles SET story_id = 1 WHERE id = 2")
    connection.execute("UPDATE incidents SET event_id = id")
    connection.execute("DELETE FROM event_pairs")
    connection.execute("DELETE FROM article_signatures WHERE article_id = 3")
    before = rows(connection, "SELECT id, story_id FROM articles ORDER BY id")
    found = again(connection, run)
    assert (found.stories, found.signatures) == (1, 1)
    assert found.events > 0
    assert found.event_pairs > 0
    assert rows(connection, "SELECT id, story_id FROM articles ORDER BY id") == before
    assert again(connection, run, keep=True) == found
    assert clusters(connection) == wanted
    assert not again(connection, run).differs


def test_people_overrule_the_program_and_stay_obeyed(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    for leaf in (page("/a", text), page("/b", NOTICE.format(**OTHER)), page("/c", text + "完。", "转载")):
        load(connection, run, leaf)
    assert rows(connection, "SELECT story_id FROM articles ORDER BY id") == [(1,), (2,), (1,)]
    for entity, clustered in (("article", "story_id FROM articles"), ("incident", "event_id FROM incidents")):
        assert verdicts.decide(connection, run, Decision(entity, (1, 3), "split", "a reader")) == (1, 3)
        assert verdicts.decide(connection, run, Decision(entity, (2, 1), "join", "a reader")) == (1, 1)
        assert rows(connection, f"SELECT {clustered} ORDER BY id") == [(1,), (1,), (3,)]
    assert not again(connection, run, keep=True).differs
    load(connection, run, page("/d", text + "（完）", "又一转载", "2021-03-12 08:00"))
    assert rows(connection, "SELECT count(*) FROM articles WHERE id IN (1, 3) GROUP BY story_id") == [
        (1,),
        (1,),
    ]
    decided = rows(
        connection, "SELECT entity, a_id, b_id, verdict, decided_by FROM link_verdicts ORDER BY id"
    )
    assert decided[0] == ("article", 1, 3, "split", "a reader")


def test_why_names_what_speaks_for_and_against(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    for leaf in (page("/a", text), page("/b", NOTICE.format(**OTHER)), page("/c", text + "完。", "转载")):
        load(connection, run, leaf)
    rules = load_rules().link
    together = verdicts.why(connection, "article", (1, 3), rules)
    assert (together["together"], together["relation"], together["chain"]) == (True, "reprint", [1, 3])
    apart = verdicts.why(connection, "article", (1, 2), rules)
    assert (apart["together"], apart["relation"]) == (False, "same_template")
    event = verdicts.why(connection, "incident", (1, 3), rules)
    assert event["joins"]
    assert event["score"] >= event["threshold"]
    assert "same_time +3.0" in event["reasons"]
    assert verdicts.why(connection, "incident", (1, 2), rules)["contradiction"] == "time"


def test_a_withdrawn_incident_leaves_its_event(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    first = page("/a", text)
    load(connection, run, first)
    load(connection, run, page("/c", text + "完。", "转载"))
    assert rows(connection, "SELECT event_id FROM incidents ORDER BY id") == [(1,), (1,)]
    batch = Batch(connection, run, datetime.now(UTC))
    with connection.transaction():
        rederive(batch, 1, Extraction("other"))
        link(batch)
    assert rows(connection, "SELECT event_id, withdrawn_at IS NULL FROM incidents ORDER BY id") == [
        (1, False),
        (2, True),
    ]


def test_a_takedown_leaves_nothing_in_stories_and_events(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    for leaf in (page("/a", text), page("/c", text + "完。", "转载")):
        load(connection, run, leaf)
    found = rows(connection, "SELECT content_hash FROM articles WHERE id = 1")
    withdraw(connection, found[0][0], "an editor", "asked for")
    assert rows(connection, "SELECT story_id FROM articles ORDER BY id") == [(1,), (2,)]
    assert rows(connection, "SELECT event_id FROM incidents ORDER BY id") == [(1,), (2,)]
    assert rows(connection, "SELECT article_id FROM article_signatures") == [(2,)]
    assert rows(connection, "SELECT DISTINCT article_id FROM article_bands") == [(2,)]
    assert not again(connection, run).differs


def test_from_scratch_gives_the_same_after_takedowns(
    connection: Connection, run: Run, pages: list[Processed]
) -> None:
    load(connection, run, *map(as_leaf, pages))
    several = "SELECT min(id) FROM articles GROUP BY story_id HAVING count(*) > 2"
    taken = rows(connection, f"SELECT content_hash FROM articles WHERE id IN ({several})")
    assert taken
    for (content,) in taken:
        withdraw(connection, content, "an editor", "asked for")
    found = again(connection, run)
    assert not found.differs, found


def test_a_new_article_is_written_once_with_its_story(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    load(connection, run, page("/a", text))
    load(connection, run, page("/b", text + "完。", "转载"), page("/c", text + "（完）", "又一转载"))
    written = rows(connection, "SELECT array_agg(story_id), count(*), max(ctid)::text FROM articles")
    assert written == [([1, 1, 1], 3, "(0,3)")]  # the third row of the table is the last


def test_an_article_that_changes_beside_its_reprint(connection: Connection, run: Run) -> None:
    text = NOTICE.format(**CASE)
    load(connection, run, page("/b", text))
    better = page(
        "/a", text.replace("，", "", 1)
    )  # the same content, of a smaller hash: the article shows it
    load(connection, run, better, page("/c", text + "完。", "转载"))
    assert rows(connection, "SELECT story_id FROM articles ORDER BY id") == [(1,), (1,)]
    assert ("article",) in rows(connection, "SELECT entity FROM changes WHERE operation = 'update'")
    found = again(connection, run)
    assert not found.differs, found


def test_nothing_is_prepared_while_tables_are_hidden(connection: Connection, run: Run) -> None:
    """A statement prepared while loading would go on reading the table that one of the same name hides."""
    load(connection, run, page("/a", NOTICE.format(**CASE)))
    usual, seen = connection.prepare_threshold, []
    relink(connection, run, load_rules().link, lambda: seen.append(connection.prepare_threshold), keep=False)
    assert set(seen) == {None}
    assert connection.prepare_threshold == usual is not None


def test_signatures_of_an_earlier_version_are_noticed(connection: Connection, run: Run) -> None:
    assert not links.outdated(connection)
    load(connection, run, page("/a", NOTICE.format(**CASE)))
    assert not links.outdated(connection)
    connection.execute("UPDATE article_signatures SET scheme = scheme - 1")
    assert links.outdated(connection)
    relink(connection, run, load_rules().link, lambda: None, keep=True)
    assert not links.outdated(connection)
