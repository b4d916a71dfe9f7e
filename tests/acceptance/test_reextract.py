"""`etl reextract`: stored articles read again give what loading gave; what differs is shown, then written."""

from __future__ import annotations

from pathlib import Path

from etl.store.engine import Connection
from tests.acceptance.conftest import ROOT, Etl, result

SAMPLES = ROOT / "samples"


def test_what_is_stored_is_enough_to_extract_the_same_again(etl: Etl, connection: Connection) -> None:
    loaded = result(etl("run", "--json", str(SAMPLES)))
    connection.execute("UPDATE articles SET ruleset = 'older'")
    found = result(etl("reextract", "--json"))
    assert found["articles"] == loaded["loaded"]
    assert (found["added"], found["changed"], found["withdrawn"], found["fields"]) == (0, 0, 0, {})
    assert connection.execute("SELECT count(*) FROM articles WHERE ruleset = 'older'").fetchone() == (0,)


def test_a_morning_in_china_is_the_same_day_again(etl: Etl, connection: Connection, tmp_path: Path) -> None:
    # Both hours are of the day before in the zone of the session.
    text = "{day} 来源：柳河晚报\n\n昨天下午3点20分，柳河派出所接到市民周女士报警，称手机落在出租车上，民警找回交还。\n"
    for number, day in enumerate(("2022-05-04 00:30", "2022-01-01 07:00")):
        (tmp_path / f"{number}.txt").write_text(
            f"失主找回手机{number}\n" + text.format(day=day), encoding="utf-8"
        )
    etl("run", str(tmp_path))
    days = connection.execute("SELECT occurred_on::text FROM incidents ORDER BY 1").fetchall()
    assert days == [("2021-12-31",), ("2022-05-03",)]
    connection.execute("UPDATE articles SET ruleset = 'older'")
    assert result(etl("reextract", "--json"))["changed"] == 0


def test_differences_are_shown_then_written_and_ids_survive(etl: Etl, connection: Connection) -> None:
    etl("run", str(SAMPLES / "bare" / "lost-wallet.txt"))
    connection.execute("UPDATE incidents SET kind = 'other', items = '{}'")
    before = connection.execute("SELECT id, kind FROM incidents").fetchall()
    dry = result(etl("reextract", "--dry-run", "--json"))
    assert (dry["changed"], dry["fields"]) == (1, {"kind": 1, "items": 1})
    assert connection.execute("SELECT id, kind FROM incidents").fetchall() == before
    assert "kind" in etl("reextract", "--dry-run").stdout
    assert result(etl("reextract", "--json"))["changed"] == 1
    assert connection.execute("SELECT id, kind FROM incidents").fetchall() == [
        (before[0][0], "lost_property")
    ]
    assert result(etl("reextract", "--json"))["changed"] == 0


def test_incidents_no_longer_told_are_withdrawn(etl: Etl, connection: Connection) -> None:
    etl("run", str(SAMPLES / "bare" / "lost-wallet.txt"))
    connection.execute("UPDATE articles SET body = '该所将开展夜查行动，全力守护平安。'")
    assert result(etl("reextract", "--json"))["withdrawn"] == 1
    assert connection.execute("SELECT withdrawn_at IS NOT NULL FROM incidents").fetchall() == [(True,)]
    feed = connection.execute(
        "SELECT entity, old->>'kind' FROM changes WHERE operation = 'withdraw'"
    ).fetchall()
    assert feed == [("incident", "lost_property")]
