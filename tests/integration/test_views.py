"""Every view, asked of known rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from etl.model import Agency, Incident, Person, When
from etl.store import runs, withdrawals
from etl.store.engine import Connection
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from tests.support.records import BODY, CHINA, PUBLISHED, incident, leaf, rejected_leaf, sha


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


def test_each_outcome_has_words_of_its_own(connection: Connection, run: Run) -> None:
    spans = {"outcome.found": span_of("联系上何师傅"), "outcome.returned": span_of("将手机送回")}
    load_batch(connection, run, [leaf(incidents=(incident(spans=spans),))], Counts())
    query = "SELECT value, quote, corrected FROM incident_evidence WHERE field = 'outcome' ORDER BY 1"
    assert rows(connection, query) == [("found", "联系上何师傅", False), ("returned", "将手机送回", False)]
    assert rows(
        connection, "SELECT value, quote FROM lineage WHERE field = 'outcome' AND value = 'returned'"
    ) == [("returned", "将手机送回")]
    correct(connection, "outcome", '["returned", "mediated"]')
    assert rows(connection, query) == [("returned", "将手机送回", True)]


def test_words_of_outcomes_stored_in_one_list_stand_with_all_codes(connection: Connection, run: Run) -> None:
    load_batch(
        connection, run, [leaf(incidents=(incident(spans={"outcome": span_of("将手机送回")}),))], Counts()
    )
    assert rows(connection, "SELECT value, quote FROM incident_evidence WHERE field = 'outcome'") == [
        ("found, returned", "将手机送回")
    ]


def test_incident_people_names_roles_and_quotes(connection: Connection, run: Run) -> None:
    hidden = Person("suspect", "何某", (), "何", "M", 34, True)
    told = incident(persons=(*incident().persons, hidden))
    load_batch(connection, run, [leaf(incidents=(told,))], Counts())
    assert rows(
        connection,
        "SELECT event_id, ordinal, role, role_zh, role_en, also, name, surname, sex, age, anonymized, quote"
        " FROM incident_people ORDER BY ordinal",
    ) == [
        (1, 1, "victim", "受害人", "victim", ["reporter"], "周女士", "周", "F", None, True, BODY[18:21]),
        (1, 2, "suspect", "嫌疑人", "suspect", [], "何某", "何", "M", 34, True, None),
    ]
    connection.execute("UPDATE articles SET superseded_at = now()")
    assert rows(connection, "SELECT count(*) FROM incident_people") == [(0,)]


def test_an_event_has_the_link_to_its_article(connection: Connection, run: Run) -> None:
    load_batch(connection, run, [leaf(url="https://news.example/1")], Counts())
    assert rows(connection, "SELECT url FROM current_incidents") == [("https://news.example/1",)]


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


def leaves(connection: Connection) -> dict[str, int]:
    """The measures of leaves, of which the parts make up those seen."""
    measured = dict(rows(connection, "SELECT measure, value FROM data_quality WHERE value > 0"))
    parts = ("articles", "leaves_duplicate", "leaves_rejected", "leaves_withdrawn")
    assert sum(measured.get(part, 0) for part in parts) == measured["leaves_seen"]
    return {name: value for name, value in measured.items() if name.startswith("leaves_")}


def test_data_quality_counts_what_was_taken_down(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    withdrawals.withdraw(connection, sha("content a"), "li", "court order")
    taken_down = {"leaves_seen": 4, "leaves_rejected": 1, "leaves_withdrawn": 2}
    assert leaves(connection) == taken_down
    load_batch(connection, run, [leaf("/b")], Counts())  # read again: now there is a rejection too
    assert leaves(connection) == taken_down
    load_batch(connection, run, [leaf("/e", "raw e")], Counts())  # never loaded
    assert leaves(connection) == {"leaves_seen": 5, "leaves_rejected": 1, "leaves_withdrawn": 3}
    load_batch(connection, run, [leaf("/b", "raw c", "content c")], Counts())  # holds something else now
    assert leaves(connection) == {
        "leaves_seen": 5, "leaves_rejected": 1, "leaves_withdrawn": 2, "leaves_duplicate": 1
    }  # fmt: skip


def test_data_quality_counts_a_spoilt_leaf_with_the_content_that_is_kept(
    connection: Connection, run: Run
) -> None:
    two_articles(connection, run)
    load_batch(connection, run, [rejected_leaf("/c")], Counts())
    assert leaves(connection) == {
        "leaves_seen": 4, "leaves_rejected": 1, "leaves_duplicate": 1, "leaves_spoilt": 1
    }  # fmt: skip


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


def correct_all(connection: Connection, number: int = 1, **values: str | int | None) -> None:
    with connection.transaction():
        for field, value in values.items():
            correct(connection, field, json.dumps(value), number)


def correct_time(connection: Connection, start: str, end: str, precision: str, number: int = 1) -> None:
    correct_all(connection, number, occurred_from=start, occurred_to=end, occurred_precision=precision)


def test_a_correction_wins_in_every_view_and_says_who_and_why(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"')
    correct_time(connection, "2021-03-08T23:00:00+08:00", "2021-03-08T23:01:00+08:00", "minute")
    correct(connection, "outcome", '["found"]')
    assert rows(
        connection,
        "SELECT kind_en, occurred_on::text, outcome, corrected FROM current_incidents WHERE incident_id = 1",
    ) == [("other theft", "2021-03-08", ["found"],
         ["kind", "occurred_from", "occurred_precision", "occurred_to", "outcome"])]  # fmt: skip
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
        ("amount_cny", "-1"), ("amount_cny", '"12"'), ("agency_id", "999"), ("place", "5"), ("place", '["a"]'),
        ("place", '" "'), ("items", '["a", 1]'), ("items", '"a"'), ("occurred_approx", "null"),
        ("occurred_partial", "5"), ("is_incident", "null"),
        ("occurred_from", '"2021-03-08T23:00:00"'), ("occurred_from", '"2021-03-08"'), ("occurred_from", '"yesterday"'),
        ("occurred_from", '"2021-03-08T23:00:00+08:00"'), ("occurred_precision", '"day"'),
        ("station", '"新华分局"'), ("station_full", '"沧州市公安局新华分局"'), ("agency_id", "1"),
    ],
)  # fmt: skip
def test_a_value_that_the_field_cannot_hold_is_refused(
    connection: Connection, run: Run, field: str, value: str
) -> None:
    two_articles(connection, run)
    with pytest.raises(psycopg.Error):
        correct(connection, field, value)


@pytest.mark.parametrize(
    ("start", "end", "precision"),
    [
        ("2021-03-08T23:00:00+08:00", "2021-03-08T23:00:00+08:00", "minute"),
        ("2021-03-08T23:00:00+08:00", "2021-03-08T15:00:00Z", "minute"),
        ("2021-03-08T23:00:00+08:00", None, "minute"),
        ("2021-03-08T23:00:00+08:00", "2021-03-09T23:00:00+08:00", None),
        ("2021-03-08T23:00:00+08:00", "2021-03-09T23:00:00+08:00", "unknown"),
        (None, None, "day"),
    ],
)
def test_a_time_that_is_none_is_refused(
    connection: Connection, run: Run, start: str | None, end: str | None, precision: str | None
) -> None:
    two_articles(connection, run)
    with pytest.raises(psycopg.errors.CheckViolation):
        correct_all(connection, occurred_from=start, occurred_to=end, occurred_precision=precision)
    assert rows(connection, "SELECT count(*) FROM overrides") == [(0,)]


def test_a_time_can_be_taken_out(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct_all(connection, occurred_from=None, occurred_to=None, occurred_precision=None)
    assert rows(
        connection, "SELECT occurred_on, occurred_precision FROM current_incidents WHERE incident_id = 1"
    ) == [(None, None)]


def test_a_refusal_says_what_to_do(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    with pytest.raises(psycopg.Error) as refused:
        correct(connection, "station_full", '"沧州市公安局新华分局"')
    assert "station, station_full, agency_id" in str(refused.value)
    assert (
        refused.value.diag.message_hint
        and "null says that it is not known" in refused.value.diag.message_hint
    )


def test_a_unit_is_corrected_whole(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct_all(connection, station="新华分局", station_full="沧州市公安局新华分局", agency_id=2)
    assert rows(
        connection, "SELECT station, station_full, agency_level FROM current_incidents WHERE incident_id = 1"
    ) == [("新华分局", "沧州市公安局新华分局", "county")]
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE overrides SET revoked_at = now() WHERE field = 'agency_id'")
    connection.execute("UPDATE overrides SET revoked_at = now()")
    assert rows(connection, "SELECT station FROM current_incidents WHERE incident_id = 1") == [
        ("柳河派出所",)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM overrides",
        "UPDATE overrides SET incident_id = 2",
        "UPDATE overrides SET field = 'district'",
    ],
)
def test_a_correction_is_never_deleted_or_moved(connection: Connection, run: Run, statement: str) -> None:
    two_articles(connection, run)
    correct(connection, "place", '"汽车站"')
    with pytest.raises(psycopg.errors.IntegrityError) as refused:
        connection.execute(statement.encode())
    assert refused.value.diag.message_hint and "revoked_at" in refused.value.diag.message_hint
    assert rows(connection, "SELECT place FROM current_incidents WHERE incident_id = 1") == [("汽车站",)]


def test_a_revocation_is_in_the_change_feed(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "place", '"汽车站"', 2)
    (before,) = rows(connection, "SELECT max(seq) FROM changes")[0]
    connection.execute("UPDATE overrides SET revoked_at = now()")
    assert rows(connection, f"SELECT entity, entity_id, operation FROM changes WHERE seq > {before}") == [
        ("incident", 2, "update")
    ]


def test_evidence_says_where_its_words_do_not_tell_the_value(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "items", '["平板电脑"]')
    assert rows(
        connection,
        "SELECT field, value, quote, corrected FROM incident_evidence WHERE incident_id = 1 AND field <> 'incident'"
        " ORDER BY field",
    ) == [
        ("items", "平板电脑", "手机", True),
        ("occurred", "2021-03-09 09:30:00+00", "3月9日17时30分许", False),
        ("person", "周女士 victim", BODY[18:21], False),
    ]


def test_a_correction_is_in_the_change_feed(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "place", '"汽车站"', 2)
    assert rows(
        connection, "SELECT entity, entity_id, operation, run_id FROM changes ORDER BY seq DESC LIMIT 1"
    ) == [("incident", 2, "update", None)]


def test_conflicts_are_listed_when_extraction_changes_its_mind(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"', 1)
    correct_time(connection, "2021-02-03T00:00:00+08:00", "2021-02-04T00:00:00+08:00", "day", 2)
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
        ("occurred_precision", "incident_withdrawn"),
        ("occurred_to", "incident_withdrawn"),
    ]


def test_a_correction_survives_extraction_again(connection: Connection, run: Run) -> None:
    two_articles(connection, run)
    correct(connection, "kind", '"theft.other"', 1)
    told = incident()._replace(kind="other", place="公交车上")
    dated = {"published_at": PUBLISHED, "published_precision": "minute", "incidents": (told, theft())}
    load_batch(connection, run, [leaf("/a", **dated)], Counts())
    assert rows(connection, "SELECT kind FROM incidents WHERE id = 1") == [("other",)]
    assert rows(connection, "SELECT kind, place FROM current_incidents WHERE incident_id = 1") == [
        ("theft.other", "公交车上")
    ]
    assert rows(connection, "SELECT conflict FROM override_conflicts") == [("extraction_changed",)]
