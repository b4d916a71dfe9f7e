"""`etl reextract`: stored articles read again give what loading gave; what differs is shown, then written."""

from __future__ import annotations

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
