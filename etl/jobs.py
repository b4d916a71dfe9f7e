"""Jobs: what joins the two edges. Find files, ask the ledger, read, let workers process, load batch by batch.

The driver does all input and output and is the only one to load; workers only compute. A batch is
committed with its ledger rows and counts, so a run that is killed loses at most the batch in hand, and
the next run finds out from the ledger what is left. There is no other state.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from etl import logs
from etl.errors import ConfigError, RunLocked, RunLost, RunSuspect, StoreError
from etl.executors.base import Limits, MakePool
from etl.executors.local import LocalPool
from etl.loader import ALL, Loader
from etl.logs import LOG
from etl.preview import Previewer, Tally
from etl.rules import load_rules
from etl.scope import Scope
from etl.settings import Settings
from etl.sources.registry import count, names_of, resolve, resolve_there
from etl.store import derived, floors, ledger, links, load, lookups, migrate, runs
from etl.store.engine import START_S, Connection, answered_within, connect, name_error, refuse_shared_sessions
from etl.store.incidents import Differences
from etl.store.lock import RunLock, load_name
from etl.store.opened import opened
from etl.store.runs import Counts, Run
from etl.store.session import Session, persistently

REEXTRACT_ARTICLES = 200  # articles derived again in one transaction
STOP_S = 20.0  # what is in hand when a signal comes may take so long
YOUNG = (
    10_000  # objects made and not freed after which Python looks for cycles; its own number is 700, or 2000
)


class Stopped(Exception):
    """A signal asked the run to end; what was committed stays."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}")
        self.signal_number = signal_number


SlotTaken = runs.SlotTaken


@dataclass(slots=True)
class Control:
    """How the outside talks with a run: a signal that asks it to stop, a listener for its counts."""

    stop_signal: int | None = None
    on_progress: Callable[[Counts], None] = lambda counts: None
    expected: int | None = None  # files that the run has before it, once they are counted
    run_id: int | None = None  # the run, once it has begun

    def stop(self, signal_number: int) -> None:
        """Ask the run to end. The second time, or when it takes too long, the process ends on the spot.

        That costs the batch in hand: the server rolls it back, the workers die with us.
        """
        if self.stop_signal is not None:
            os._exit(128 + signal_number)
        self.stop_signal = signal_number
        alarm = threading.Timer(STOP_S, os._exit, (128 + signal_number,))
        alarm.daemon = True
        alarm.start()

    def check(self) -> None:
        if self.stop_signal is not None:
            raise Stopped(self.stop_signal)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, and how many rejections are open now."""

    run_id: int
    status: str
    counts: Counts
    open_rejections: int
    seconds: float
    doubt: str | None = None  # why the run is suspect


def run(
    paths: Sequence[str],
    settings: Settings,
    control: Control | None = None,
    command: str = "run",
    slot: runs.Slot | None = None,
) -> Report:
    """One incremental pass over `paths`: load what is new, leave the rest alone.

    `slot` is the due time that this run takes. Raises ConfigError for a path that does not exist (a due run
    loads the others and ends as suspect, or fails if there is none, and so says it in `runs`), StoreError if
    the database refuses, RunLocked if another run is at work, SlotTaken if the slot was served before, Stopped
    after a signal.
    """
    missing: list[str] = []

    def there(session: Session) -> list[str]:
        if slot is None:
            return resolve(paths)
        tops, missing[:] = resolve_there(paths)
        return tops

    if slot is None:
        resolve(paths)
    names = names_of(paths)
    return run_over(there, settings, control or Control(), command, slot, names, missing=missing)


def retry(
    settings: Settings, reason: str | None, numbers: Sequence[int], control: Control | None = None
) -> Report:
    """Read again what was rejected: the open rejections with these numbers or this reason, or all.

    What loads now resolves its rejection, the rest stays open; raises as `run` does.
    """

    def marked(session: Session) -> list[str]:
        return session.surely(lambda c: ledger.mark_rejected(c, reason, numbers))

    return run_over(marked, settings, control or Control(), "retry", None)


def backfill(
    paths: Sequence[str], settings: Settings, scope: Scope, control: Control | None = None
) -> Report:
    """Load what `scope` takes of `paths`: the pass of `run`, with the choice of what and the files counted.

    Stopped and started again with the same arguments it goes on where it was, since the ledger knows: also
    where files are read again, because they are marked in it first. Raises as `run` does.
    """
    tops = resolve(paths)
    control = control or Control()

    def chosen(session: Session) -> Sequence[str]:
        if scope.reprocess:
            window = (scope.since, scope.until, scope.limit)
            session.surely(lambda c: ledger.mark_known(c, tops, *window))
        threading.Thread(target=count_files, args=(tops, control), daemon=True).start()
        return tops

    return run_over(chosen, settings, control, "backfill", None, names_of(paths), scope)


def preview(paths: Sequence[str], settings: Settings, scope: Scope, control: Control | None = None) -> Tally:
    """What `backfill` would do, without a trace of it in the database.

    It takes no lock and writes no row, so it may run beside another run. Raises as `run` does.
    """
    tops = resolve(paths)
    control = control or Control()
    threading.Thread(target=count_files, args=(tops, control), daemon=True).start()
    with (
        opened(settings.database_url, settings.home, create=False) as url,
        closing(Session(url, f"jingqing preview {os.getpid()}", control.check)) as session,
        closing(pool_for(settings)(settings.workers, limits_of(settings), control.check)) as pool,
    ):
        session.connection.read_only = True
        migrate.check(session.connection)
        nobody = Run(0, "", "")
        previewer = Previewer(settings, session, nobody, pool, control.on_progress, scope)
        previewer.load(tops)
    return previewer.tally


def count_files(tops: Sequence[str], control: Control) -> None:
    """Tell those who watch how many files there are; names alone, a small part of the time of a walk."""
    control.expected = count(tops)


def run_over(
    find_tops: Callable[[Session], Sequence[str]],
    settings: Settings,
    control: Control,
    command: str,
    slot: runs.Slot | None,
    sources: Sequence[str] = (),
    scope: Scope = ALL,
    missing: Sequence[str] = (),
) -> Report:
    """One run over what `find_tops` names once the run is ours.

    Below its floors it ends as suspect, as with `missing`: what `find_tops` then found not to be there.
    """
    started = time.monotonic()
    doubt = None
    make_pool = pool_for(settings)
    try:
        with claimed(settings, control, command, slot, sources) as (session, this, check):
            with (
                closing(make_pool(settings.workers, limits_of(settings), check)) as pool,
                few_collections(),
            ):
                if session.surely(links.outdated):
                    LOG.warning("stories were linked by an earlier version: `etl link` makes them anew")
                tops = find_tops(session)
                Loader(settings, session, this, pool, telling(control, session, this), scope).load(tops)
            if session.bulk:
                session.surely(load.sort_in)
            counts = session.surely(lambda c: runs.counts(c, this))
            still_open = session.surely(ledger.open_rejections)
            if missing:
                raise RunSuspect("; ".join(missing))
            if sources:
                usual = session.surely(lambda c: floors.usual_seen(c, this))
                floors.check(counts, usual, settings.min_seen_share, settings.max_reject_share)
    except RunSuspect as e:
        doubt = str(e)
    status = "suspect" if doubt else "done"
    return Report(this.id, status, counts, still_open, time.monotonic() - started, doubt)


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for cyclic garbage less often, and not among what is there by now.

    A batch is tens of thousands of records and tuples in no cycle; to look through those in hand again and again
    took a third of the time of loading.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def telling(control: Control, session: Session, this: Run) -> Callable[[Counts], None]:
    """What passes counts on to whoever watches here, and notes once in the run's row how many files there are."""
    noted = False

    def tell(counts: Counts) -> None:
        nonlocal noted
        if control.expected is not None and not noted:
            noted = True
            session.surely(lambda c: runs.expect(c, this, control.expected or 0))
        control.on_progress(counts)

    return tell


@contextmanager
def claimed(
    settings: Settings,
    control: Control,
    command: str,
    slot: runs.Slot | None = None,
    sources: Sequence[str] = (),
) -> Iterator[tuple[Session, Run, Callable[[], None]]]:
    """A run of ours, from the lock to its closed row: its session, its row, and what raises when it must end.

    The run ends as done with the context, or as stopped, suspect or failed with what came out of it.
    """
    rules = load_rules()
    with ExitStack() as stack:
        url = stack.enter_context(opened(settings.database_url, settings.home))
        patience = 0 if slot else None  # the scheduler tries a due run again itself
        try:
            lock = persistently(lambda _: locked(url), control.check, patience)
        except RunLocked as e:
            with connect(url) as connection:
                runs.refuse(connection, command, str(e), slot, sources)
            raise
        stack.push(lock)

        def check() -> None:
            control.check()
            lock.check()

        bulk = command == "backfill"
        session = persistently(
            lambda _: Session(url, load_name(lock.name), check, bulk=bulk), check, patience
        )
        stack.callback(session.close)
        if settings.metrics_file:
            stack.callback(write_metrics, settings.metrics_file, session)

        def start(connection: Connection) -> Run:
            with answered_within(START_S, lambda: [connection]):
                lookups.sync(connection, rules)
                return runs.start(connection, command, rules.digest, slot, sources)

        this = start(session.connection) if slot else session.surely(start)
        control.run_id = this.id
        stack.enter_context(logs.of_run(this.id))
        LOG.info("%s started: %s", command, " ".join(sources))
        lock.guard(this, lambda: [session.connection])
        try:
            yield session, this, check
            if not session.surely(lambda c: runs.finish(c, this, "done")):
                raise RunLost(f"run {this.id} was taken over before it ended: what it had committed stays")
            LOG.info("done: %s", session.surely(lambda c: runs.counts(c, this)))
        except BaseException as e:
            status, error = ending(e)
            LOG.info("%s: %s", status, error)
            with suppress(psycopg.Error, StoreError):
                if session.connection.closed:
                    session.again()
                with answered_within(START_S, lambda: [session.connection]):
                    runs.finish(session.connection, this, status, error)
            raise


def locked(url: str) -> RunLock:
    """The run lock of a database that is fit for a run, at the newest schema. Harmless to try again."""
    with connect(url) as connection, answered_within(START_S, lambda: [connection]):
        refuse_shared_sessions(connection, url)
        newest = migrate.is_newest(connection)
    if not newest:
        migrate.upgrade(url)
    return RunLock(url).__enter__()


def write_metrics(path: Path, session: Session) -> None:
    """Write the metrics of this run and those before it. That it can't be done costs the run nothing."""
    from etl import metrics

    try:
        if session.connection.closed:
            session.again()
        metrics.write(path, session.connection)
    except (OSError, psycopg.Error, StoreError) as e:
        LOG.error("the metrics were not written: %s", name_error(e))


def ending(error: BaseException) -> tuple[str, str]:
    """What `runs` says of a run that ended with this error: its status, and why."""
    if isinstance(error, Stopped | RunSuspect):
        return "stopped" if isinstance(error, Stopped) else "suspect", str(error)
    return "failed", name_error(error)


def pool_for(settings: Settings) -> MakePool:
    """Who computes: processes of this machine, or a cluster."""
    if settings.dask is None:
        return LocalPool
    try:
        from etl.executors.dask import DaskPool
    except ImportError as e:
        raise ConfigError("--dask needs the extra: pip install 'jingqing[dask]'") from e
    address = settings.dask
    return lambda workers, limits, check: DaskPool(address, limits, check)


def limits_of(settings: Settings) -> Limits:
    return Limits(settings.document_timeout_s, settings.worker_memory_bytes)


def reextract(settings: Settings, control: Control, *, dry_run: bool) -> Differences:
    """Run today's rules over every stored article; ids of incidents survive where their evidence overlaps.

    With `dry_run` nothing is kept but the run's own row. Raises as `run` does.
    """
    from etl.stages.extract import extract  # a fifth of a second, which no other job needs to spend

    rules = load_rules().extract
    found = Differences()
    with claimed(settings, control, "reextract") as (session, this, check):
        after = 0
        while stored := derived.articles_after(session.connection, after, REEXTRACT_ARTICLES):
            check()
            derived.rederive_batch(
                session.connection, this, stored, lambda a: extract(a, rules), found, keep=not dry_run
            )
            after = stored[-1][0]
    return found
