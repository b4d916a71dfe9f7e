"""Every view, asked of known rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from etl.model import Agency, Incident, When
from etl.store import runs
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from tests.support.records import BODY, CHINA, PUBLISHED, incident, leaf, rejected_leaf


@pytest.fixture
def run(connection: Connection) -> Run:
    return runs.start(connection, "run", "rules-1")


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def span_of(words: str) -> tuple[tuple[int, int], ...]:
    return ((BODY.index(words), BODY.index(words) + len(words)),)


def theft(**changes: Any) -> Incident:
    """A stolen electric bicycle, known to the month only."""
    start = datetime(2021, 2, 1, tzinfo=CHINA)
    values: dict[str, Any] = {
        "kind": "theft.vehicle",
        "occurred": When(start, start + timedelta(days=28), "month", "2月", "event"),
        "evidence": (52, 60),
        "persons": (),
        "items": ("电动车",),
        "outcome": ("arrested",),
        "amount_cny": 2600.0,
        "spans": {},
        "city": "沧州市",
        "agency": Agency("沧州市公安局新华分局", "新华分局", "county", None, None, "沧州市", "新华区"),
        "station": "新华分局",
    }
    return incident(**{**values, **changes})


def two_articles(connection: Connection, run: Run) -> None:
    """One dated article with two incidents from two files, one undated and damaged article, one rejection."""
    lost = incident(spans={"items": span_of("手机"), "occurred": ((0, 11),)})
    dated = {"published_at": PUBLISHED, "published_precision": "minute", "incidents": (lost, theft())}
    damaged = {
        "flags": ("damaged", "undated"),
        "script": "traditional",
        "incidents": (),
        "title": "缺字的\ufffd",
    }
    load_batch(
        connection,
        run,
        [leaf("/a", **dated), leaf("/b", **dated), leaf("/c", "raw c", "content c", **damaged), rejected_leaf("/d")],
        Counts(),
    )  # fmt: skip


def test_current_articles_names_codes_and_counts_files(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    assert rows(
        connection,
        "SELECT title, published_on::text, article_kind_zh, quality_flags, lost_share > 0, sightings"
        " FROM current_articles ORDER BY article_id",
    ) == [
        ("手机失而复得", "2021-03-10", "警情报道", [], False, 2),
        ("缺字的\ufffd", None, "警情报道", ["damaged", "undated"], True, 1),
    ]


def test_an_article_that_no_file_holds_is_in_no_view(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    connection.execute("UPDATE articles SET superseded_at = now()")
    for view in ("current_articles", "told_incidents", "current_incidents", "incident_evidence", "lineage"):
        assert rows(connection, f"SELECT count(*) FROM {view}") == [(0,)]
    assert rows(connection, "SELECT count(*) FROM figures_by_agency") == [(0,)]
    assert rows(connection, "SELECT count(*) FROM daily_counts") == [(0,)]


def test_current_incidents_has_names_in_both_languages(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    assert rows(
        connection,
        "SELECT kind, kind_zh, kind_en, occurred_on::text, outcome_zh, outcome_en, polarity_zh, persons,"
        " station, agency_level, in_province, told_by FROM current_incidents ORDER BY event_id",
    ) == [
        (
            "lost_property", "遗失、拾得物品", "lost or found property", "2021-03-09",
            ["找到", "归还"], ["found", "returned"], "已发生", ["周女士 受害人"], "柳河派出所", "station", None, 1,
        ),
        (
            "theft.vehicle", "盗窃车辆（含电动车、三轮车、自行车）", "vehicle theft", "2021-02-01",
            ["抓获"], ["arrested"], "已发生", [], "新华分局", "county", "河北省", 1,
        ),
    ]  # fmt: skip


def test_an_event_is_one_row_told_by_the_incident_that_says_most(connection: Connection, run: Run) -> None:
    vague = incident(occurred=When(None, None, "unknown", "近日"), flags=("time_unresolved",))
    load_batch(connection, run, [leaf("/a", incidents=(vague,))], Counts())
    load_batch(connection, run, [leaf("/b", "raw b", "content b")], Counts())
    connection.execute("UPDATE incidents SET event_id = (SELECT min(id) FROM incidents)")
    assert rows(
        connection,
        "SELECT event_id < incident_id, occurred_precision, told_by FROM current_incidents",
    ) == [(True, "minute", 2)]


def test_evidence_quotes_the_words_behind_each_fact(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    assert rows(
        connection,
        "SELECT field, value, quote FROM incident_evidence WHERE incident_id = 1 ORDER BY field",
    ) == [
        ("incident", "lost_property", BODY[:52]),
        ("items", "手机", "手机"),
        ("occurred", "2021-03-09 09:30:00+00", "3月9日17时30分许"),
        ("person", "周女士 victim", BODY[18:21]),
    ]


def test_lineage_leads_from_a_fact_to_the_bytes_and_the_rules(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    found = rows(
        connection,
        "SELECT field, quote, path, raw_sha256 = file_sha256, length(raw_sha256), command, ruleset, corrected_by"
        " FROM lineage WHERE incident_id = 1 AND field = 'items'",
    )
    assert found == [("items", "手机", "/a", True, 64, "run", "rules-1", None)]


def test_figures_stand_with_the_one_unit_of_their_article(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf("/a")], Counts())
    load_batch(connection, run, [leaf("/b", "raw b", "content b", incidents=(incident(), theft()))], Counts())
    assert rows(
        connection,
        "SELECT agency, metric, period, value, unit, quote FROM figures_by_agency ORDER BY article_id",
    ) == [
        ("柳河派出所", "接警", "今年以来", 318, "起", "318起"),
        (None, "接警", "今年以来", 318, "起", "318起"),
    ]


def test_daily_counts_gives_a_day_only_where_a_day_is_known(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    assert rows(
        connection,
        "SELECT day::text, kind, in_province, incidents, amount_cny FROM daily_counts ORDER BY day",
    ) == [("2021-03-09", "lost_property", None, 1, None), (None, "theft.vehicle", "河北省", 1, 2600)]


def test_data_quality_adds_up(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    found = {measure: (value, share) for measure, value, share in rows(
        connection, "SELECT measure, value, share::float FROM data_quality"
    )}  # fmt: skip
    assert {measure: value for measure, value in found.items() if value[0]} == {
        "leaves_seen": (4, None),
        "leaves_rejected": (1, 0.25),
        "leaves_duplicate": (1, 0.25),
        "articles": (2, None),
        "articles_damaged": (1, 0.5),
        "articles_lossy": (1, 0.5),
        "articles_traditional": (1, 0.5),
        "articles_undated": (1, 0.5),
        "articles_without_incident": (1, 0.5),
        "incidents_told": (2, None),
        "events": (2, 1.0),
        "incidents_without_division": (1, 0.5),
    }


def test_data_quality_of_an_empty_database_divides_by_nothing(connection: Connection) -> None:
    assert {(value, share) for value, share in rows(connection, "SELECT value, share FROM data_quality")} == {
        (0, None)
    }


# ---------------------------------------------------------------- corrections by hand


def correct(connection: Connection, field: str, value: str, number: int = 1) -> None:
    connection.execute(
        "INSERT INTO overrides (incident_id, field, value, made_by, why) VALUES (%s, %s, %s, 'li', 'court record')",
        (number, field, value),
    )


def test_a_correction_wins_in_every_view_and_says_who_and_why(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"')
    correct(connection, "occurred_from", '"2021-03-08T23:00:00+08:00"')
    correct(connection, "outcome", '["found"]')
    assert rows(
        connection,
        "SELECT kind_en, occurred_on::text, outcome, corrected FROM current_incidents WHERE incident_id = 1",
    ) == [("other theft", "2021-03-08", ["found"], ["kind", "occurred_from", "outcome"])]
    assert rows(connection, "SELECT kind FROM daily_counts WHERE day = '2021-03-08'") == [("theft.other",)]
    assert rows(
        connection,
        "SELECT field, corrected_by, corrected_why FROM lineage WHERE incident_id = 1 AND corrected_by IS NOT NULL"
        " ORDER BY 1",
    ) == [("incident", "li", "court record"), ("occurred", "li", "court record")]
    assert rows(connection, "SELECT kind FROM incidents WHERE id = 1") == [("lost_property",)]


def test_a_revoked_correction_wins_nothing(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"')
    connection.execute("UPDATE overrides SET revoked_at = now()")
    assert rows(connection, "SELECT kind, corrected FROM current_incidents WHERE incident_id = 1") == [
        ("lost_property", [])
    ]
    correct(connection, "kind", '"theft.burglary"')
    assert rows(connection, "SELECT kind FROM current_incidents WHERE incident_id = 1") == [
        ("theft.burglary",)
    ]


def test_what_is_no_incident_can_be_taken_out_and_kept_in(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "is_incident", "false", 1)
    connection.execute("UPDATE incidents SET withdrawn_at = now() WHERE id = 2")
    assert rows(connection, "SELECT incident_id FROM current_incidents") == []
    correct(connection, "is_incident", "true", 2)
    assert rows(connection, "SELECT incident_id FROM current_incidents") == [(2,)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", '"burglary"'), ("kind", "null"), ("outcome", '["gone"]'), ("outcome", "null"),
        ("amount_cny", '"much"'),
        ("polarity", '"maybe"'), ("is_incident", '"no"'), ("body", '"x"'), ("occurred_precision", '"second"'),
    ],
)  # fmt: skip
def test_a_value_that_the_field_cannot_hold_is_refused(
    connection: Connection, run: Run, field: str, value: str
) -> None:
    two_articles(connection, run)
    with pytest.raises(psycopg.Error):
        correct(connection, field, value)


def test_a_correction_is_in_the_change_feed(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "place", '"汽车站"', 2)
    assert rows(
        connection, "SELECT entity, entity_id, operation, run_id FROM changes ORDER BY seq DESC LIMIT 1"
    ) == [("incident", 2, "update", None)]


def test_conflicts_are_listed_when_extraction_changes_its_mind(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"', 1)
    correct(connection, "occurred_from", '"2021-02-03T00:00:00+08:00"', 2)
    correct(connection, "amount_cny", "2700", 2)
    connection.execute("SET timezone = 'America/New_York'")
    assert rows(connection, "SELECT * FROM override_conflicts") == []
    connection.execute("UPDATE incidents SET kind = 'theft.other' WHERE id = 1")
    connection.execute("UPDATE incidents SET amount_cny = 2800 WHERE id = 2")
    assert rows(connection, "SELECT field, conflict FROM override_conflicts ORDER BY 1") == [
        ("amount_cny", "extraction_changed"),
        ("kind", "agrees_now"),
    ]
    connection.execute("UPDATE incidents SET withdrawn_at = now() WHERE id = 2")
    assert rows(connection, "SELECT field, conflict FROM override_conflicts ORDER BY 1") == [
        ("amount_cny", "incident_withdrawn"),
        ("kind", "agrees_now"),
        ("occurred_from", "incident_withdrawn"),
    ]


def test_a_correction_survives_extraction_again(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"', 1)
    told = replace(incident(), kind="other", place="公交车上")
    dated = {"published_at": PUBLISHED, "published_precision": "minute", "incidents": (told, theft())}
    load_batch(connection, run, [leaf("/a", **dated)], Counts())
    assert rows(connection, "SELECT kind FROM incidents WHERE id = 1") == [("other",)]
    assert rows(connection, "SELECT kind, place FROM current_incidents WHERE incident_id = 1") == [
        ("theft.other", "公交车上")
    ]
    assert rows(connection, "SELECT conflict FROM override_conflicts") == [("extraction_changed",)]
