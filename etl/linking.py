"""The jobs on stories and events: make them again from scratch, take a person's decision, tell why."""

from __future__ import annotations

from typing import Any

from etl.jobs import Control, claimed
from etl.rules import load_rules
from etl.settings import Settings
from etl.store import migrate, verdicts
from etl.store.engine import Connection, connect
from etl.store.opened import opened
from etl.store.relink import Relinked, relink
from etl.store.verdicts import Decision


def link(settings: Settings, control: Control, *, check: bool) -> Relinked:
    """All stories and events from scratch; what differed from what was stored, which `check` leaves as it is.

    Raises as `jobs.run` does.
    """
    with claimed(settings, control, "link") as (session, this, stop):
        return relink(session.connection, this, load_rules().link, stop, keep=not check)


def decide(settings: Settings, decision: Decision) -> tuple[int, int]:
    """Take a person's verdict on two articles or incidents, or take it back; the clusters they are in now.

    Raises ConfigError if one does not exist or there is nothing to take back, so that a mistyped number makes
    no failed run; and as `jobs.run` does.
    """
    with opened(settings.database_url, settings.home, create=False) as url, connect(url) as connection:
        migrate.check(connection)
        verdicts.check(connection, decision)
    with claimed(settings, Control(), f"link {decision.verdict}") as (session, this, _):
        return verdicts.decide(session.connection, this, decision)


def why(connection: Connection, entity: str, pair: tuple[int, int]) -> dict[str, Any]:
    """What speaks for and against two articles or incidents being one story or event."""
    return verdicts.why(connection, entity, pair, load_rules().link)
