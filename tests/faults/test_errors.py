"""Environment errors are waited out and never become rejections; a bad row costs itself only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from etl import jobs
from etl import loader as loader_module
from etl.errors import StoreUnavailable
from etl.executors.base import Limits
from etl.executors.local import LocalPool
from etl.loader import Loader
from etl.model import Incident, Leaf, Person, When
from etl.settings import Settings
from etl.store import migrate, runs
from etl.store import session as session_module
from etl.store.engine import Connection, is_data_error, is_transient
from etl.store.session import Session
from tests.faults.world import World, differences, write_stories
from tests.support.records import incident, leaf

AWAY = (
    errors.ConnectionFailure, errors.DiskFull, errors.OutOfMemory, errors.TooManyConnections,
    errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow, errors.IoError,
    errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable, errors.QueryCanceled,
    errors.IdleInTransactionSessionTimeout, errors.ReadOnlySqlTransaction, psycopg.OperationalError,
    psycopg.InterfaceError,
)  # fmt: skip
BAD = (
    errors.CharacterNotInRepertoire, errors.UntranslatableCharacter, errors.NumericValueOutOfRange,
    errors.InvalidTextRepresentation, errors.NotNullViolation, errors.ForeignKeyViolation,
    errors.UniqueViolation, errors.CheckViolation, errors.ProgramLimitExceeded, psycopg.DataError,
)  # fmt: skip
NEITHER = (errors.UndefinedTable, errors.InsufficientPrivilege, errors.InternalError_, errors.SyntaxError)


@pytest.mark.parametrize("kind", AWAY)
def test_troubles_of_the_environment_are_transient(kind: type[Exception]) -> None:
    assert is_transient(kind("x"))
    assert not is_data_error(kind("x"))


@pytest.mark.parametrize("kind", BAD)
def test_troubles_of_a_value_are_data_errors(kind: type[Exception]) -> None:
    assert is_data_error(kind("x"))
    assert not is_transient(kind("x"))


@pytest.mark.parametrize("kind", [*NEITHER, KeyError, OSError])
def test_other_troubles_stop_the_run(kind: type[Exception]) -> None:
    assert not is_data_error(kind("x"))
    assert not is_transient(kind("x"))


def test_what_the_client_refuses_to_encode_is_a_data_error() -> None:
    with pytest.raises(UnicodeEncodeError) as e:
        "\ud800".encode()
    assert is_data_error(e.value)


# ---------------------------------------------------------------- one bad row


@pytest.fixture
def loader(database_url: str) -> Iterator[Loader]:
    session = Session(database_url, "test loader")
    this = runs.start(session.connection, "run", "rules")
    settings = Settings(database_url=database_url, workers=1, settle_s=0)
    yield Loader(settings, session, this, LocalPool(1, Limits()))
    session.close()


def told(name: str = "周女士", place: str | None = None) -> Incident:
    """An incident without time and unit, so that nothing is compared with anything."""
    when = When(None, None, "unknown")
    return incident()._replace(occurred=when, station=None, place=place, persons=(Person("victim", name),))


def leaves(count: int) -> list[Leaf]:
    return [leaf(f"/{n:04}", f"raw {n}", f"content {n}", incidents=(told(),)) for n in range(count)]


@pytest.mark.parametrize(
    ("title", "error"),
    [("坏\x00行", "DataError"), ("坏\ud800行", "UnicodeEncodeError")],
    ids=["nul", "surrogate"],
)
def test_a_bad_row_costs_only_itself(
    loader: Loader, connection: Connection, monkeypatch: pytest.MonkeyPatch, title: str, error: str
) -> None:
    batch = leaves(1000)
    batch[617] = leaf("/0617", "raw 617", "content 617", title=title)
    loads: list[int] = []
    real = loader_module.load_batch

    def counting(connection: Any, run: Any, leaves: Any, *rest: Any, **more: Any) -> Any:
        loads.append(len(leaves))
        return real(connection, run, leaves, *rest, **more)

    monkeypatch.setattr(loader_module, "load_batch", counting)
    loader.counted.skip("hidden")
    loader.commit(batch)
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (999,)
    assert connection.execute("SELECT path, reason, detail FROM rejections").fetchall() == [
        ("/0617", "bad_value", error)
    ]
    total = runs.counts(connection, loader.this)
    assert (total.seen, total.loaded, total.rejected, total.skipped) == (1001, 999, 1, 1)
    assert loads == [1000, 1000]  # once in vain, and once more without the row that the client named


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("articles ADD CHECK (title <> '坏行')", 2000),
        ("incident_persons ADD CHECK (name <> '坏人')", 2000),
        ("incidents ADD FOREIGN KEY (place) REFERENCES polarities (code) NOT VALID", 2000),
    ],
    ids=["in the article", "in a person", "told by its key"],
)
def test_a_row_that_the_server_refuses_costs_only_itself(
    loader: Loader, connection: Connection, monkeypatch: pytest.MonkeyPatch, rule: str, most: int
) -> None:
    batch = [leaf(f"/{n:04}", f"raw {n}", f"content {n}", incidents=(told(),)) for n in range(1000)]
    batch[617] = leaf("/0617", "raw 617", "content 617", title="坏行", incidents=(told("坏人", "坏地方"),))
    connection.execute(f"ALTER TABLE {rule}".encode())
    loads: list[int] = []
    real = loader_module.load_batch

    def counting(connection: Any, run: Any, leaves: Any, *rest: Any, **more: Any) -> Any:
        loads.append(len(leaves))
        return real(connection, run, leaves, *rest, **more)

    monkeypatch.setattr(loader_module, "load_batch", counting)
    loader.commit(batch)
    assert connection.execute("SELECT count(*) FROM incidents").fetchone() == (999,)
    found = connection.execute("SELECT path, reason FROM rejections").fetchall()
    assert found == [("/0617", "bad_value_constraint")]
    assert sum(loads) <= most


def test_many_bad_rows_do_not_cost_a_load_each(
    loader: Loader, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [
        leaf(f"/{n:04}", f"raw {n}", f"content {n}", title="坏\x00行" if n % 4 else "好行") for n in range(64)
    ]
    loads: list[int] = []
    real = loader_module.load_batch

    def counting(connection: Any, run: Any, leaves: Any, *rest: Any, **more: Any) -> Any:
        loads.append(len(leaves))
        return real(connection, run, leaves, *rest, **more)

    monkeypatch.setattr(loader_module, "load_batch", counting)
    loader.commit(batch)
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (16,)
    assert connection.execute("SELECT count(*) FROM rejections").fetchone() == (48,)
    assert (
        sum(loads) <= (2 * 4 + 2) * 64
    )  # at most four times in each of two rounds of splitting, then singly


def test_a_row_that_the_server_refuses_names_the_state_not_the_value(
    loader: Loader, connection: Connection
) -> None:
    odd = incident()._replace(kind="no_such_kind 身份证110101199003070000")
    loader.commit([leaf("/a"), leaf("/b", "raw b", "content b", incidents=(odd,))])
    assert connection.execute("SELECT path, reason, detail FROM rejections").fetchall() == [
        ("/b", "bad_value_constraint", "ForeignKeyViolation, SQLSTATE 23503")
    ]
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (1,)


# ---------------------------------------------------------------- the database away


class Failing:
    """Raises the given errors one after the other, then works."""

    def __init__(self, work: Callable[..., Any], *failures: Exception) -> None:
        self.work = work
        self.failures = list(failures)

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return self.work(*arguments, **more)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "FIRST_PAUSE_S", 0.001)


@pytest.mark.usefixtures("quick")
def test_a_database_that_comes_back_in_time_costs_nothing(
    loader: Loader, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [errors.DiskFull("x"), errors.DeadlockDetected("x"), psycopg.OperationalError("x")]
    monkeypatch.setattr(loader_module, "load_batch", Failing(loader_module.load_batch, *troubles))
    loader.commit(leaves(3))
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (3,)


@pytest.mark.usefixtures("quick")
def test_a_database_that_stays_away_ends_the_run_and_rejects_nothing(
    loader: Loader, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        loader_module, "load_batch", Failing(loader_module.load_batch, *[errors.DiskFull("x")] * 6)
    )
    with pytest.raises(StoreUnavailable):
        loader.commit(leaves(3))
    for table in ("articles", "rejections", "source_files"):
        assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,)


@pytest.mark.usefixtures("quick")
def test_a_commit_whose_answer_was_lost_is_not_repeated(
    loader: Loader, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = loader_module.load_batch
    calls = []

    def commits_but_fails(connection: Any, *arguments: Any, **more: Any) -> Any:
        real(connection, *arguments, **more)
        calls.append(1)
        raise psycopg.OperationalError("the answer was lost")

    monkeypatch.setattr(loader_module, "load_batch", commits_but_fails)
    loader.commit(leaves(3))
    assert len(calls) == 1
    assert runs.counts(connection, loader.this).loaded == 3
    assert loader.total.loaded == 3


def test_sessions_ended_by_the_server_are_had_anew(world: World) -> None:
    write_stories(world.folder, 200)
    ours = (
        "FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'jingqing run%%'"
    )
    with world.halted(2):
        process = world.start("--workers", "1", "--batch-files", "10")
        world.wait_for_batches(2, process)
        for _ in range(3):
            world.wait_for(f"SELECT pid {ours} AND wait_event = 'advisory'", process)
            assert world.sql(f"SELECT pg_terminate_backend(pid) {ours}")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert differences(world) == []


def test_an_unknown_fault_in_a_stage_costs_only_its_file(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etl.executors import work
    from etl.model import RawFile

    def broken(*_: Any) -> Any:
        raise KeyError("周女士")

    monkeypatch.setattr(work, "processing", broken)
    [done] = work.process_all([RawFile("/a", b"x", b"s")])
    assert done.reason == "internal_error"
    assert done.detail.startswith("KeyError at test_errors.py:")
    assert "周" not in done.detail


AWAY_AT_FIRST = [StoreUnavailable("no answer"), psycopg.OperationalError("the line went dead")]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("step", ["refuse_shared_sessions", "RunLock", "Session"])
def test_a_database_that_is_away_when_a_run_begins_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_stories(world.folder, 3)
    monkeypatch.setattr(jobs, step, Failing(getattr(jobs, step), *AWAY_AT_FIRST))
    report = jobs.run([str(world.folder)], Settings(database_url=world.url, workers=1, settle_s=0))
    assert report.counts.loaded == 3
    assert differences(world) == []


@pytest.mark.usefixtures("quick")
def test_a_database_that_stays_away_when_a_run_begins_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(jobs.refuse_shared_sessions, *AWAY_AT_FIRST * 3)
    monkeypatch.setattr(jobs, "refuse_shared_sessions", failing)
    with pytest.raises(StoreUnavailable, match="stayed away"):
        jobs.run([str(world.folder)], Settings(database_url=world.url, workers=1))
    assert failing.failures == []
    assert world.sql("SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("table", ["alembic_version", "rejection_reasons", "runs"])
def test_a_server_that_stops_answering_while_a_run_begins(
    world: World, connection: Connection, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """The line is cut after START_S, which fails as a broken line does; here the answer waits for a lock."""
    for module in (jobs, migrate):
        monkeypatch.setattr(module, "START_S", 0.3)
    monkeypatch.setattr(session_module, "ATTEMPTS", 1)
    with connection.transaction():
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        with pytest.raises(StoreUnavailable, match="stayed away"):
            jobs.run([str(world.folder)], Settings(database_url=world.url, workers=1))
