"""Jobs: what joins the two edges. Find files, ask the ledger, read, let workers process, load batch by batch.

The driver does all input and output and is the only one to load; workers only compute. A batch is
committed with its ledger rows and counts, so a run that is killed loses at most the batch in hand, and
the next run finds out from the ledger what is left. There is no other state.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TypeVar

import psycopg

from etl import logs
from etl.errors import RunLocked, RunLost, RunSuspect, SourceError, StoreError
from etl.executors.local import Limits, LocalPool, Task
from etl.logs import LOG
from etl.model import Found, Leaf, Processed, RawFile
from etl.rules import load_rules
from etl.settings import Settings
from etl.sources.files import (
    Entry,
    Skipped,
    discover,
    escape_path,
    nothing_to_load,
    read_bytes,
    resolve,
    stat_again,
    unescape_path,
)
from etl.stages.extract import extract
from etl.store import derived, floors, ledger, lookups, migrate, runs
from etl.store.engine import Connection, connect, is_data_error, name_error, refuse_shared_sessions
from etl.store.incidents import Differences
from etl.store.load import load_batch
from etl.store.lock import RunLock, load_name
from etl.store.opened import opened
from etl.store.runs import Counts, Run
from etl.store.session import Session, pauses

ASK_FILES = 5000  # files per question to the ledger
TASK_FILES = 32  # files per task of a worker: small enough to share out, large enough to be worth the trip
TASK_BYTES = 4 << 20  # likewise
REEXTRACT_ARTICLES = 200  # articles derived again in one transaction
PARTS = 8  # into which a batch is split to find the leaf that the database refuses
BATCHES_AHEAD = 2  # batches read and in the workers' hands while one is loaded
STOP_S = 20.0  # what is in hand when a signal comes may take so long

T = TypeVar("T")


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
    fails of it, and so says it in `runs`), StoreError if the database refuses, RunLocked if another run is at
    work, SlotTaken if the slot was served before, Stopped after a signal.
    """
    if slot is None:
        resolve(paths)
    names = names_of(paths)
    return run_over(lambda _: resolve(paths), settings, control or Control(), command, slot, names)


def names_of(paths: Sequence[str]) -> list[str]:
    """What the user named, as the ledger writes paths; each once, in order, whether it is there or not."""
    return list(dict.fromkeys(escape_path(os.path.realpath(os.fsencode(path))) for path in paths))


def retry(
    settings: Settings, reason: str | None, numbers: Sequence[int], control: Control | None = None
) -> Report:
    """Read again what was rejected: the open rejections with these numbers or this reason, or all.

    What loads now resolves its rejection, the rest stays open; raises as `run` does.
    """

    def marked(session: Session) -> list[bytes]:
        paths = session.surely(lambda c: ledger.mark_rejected(c, reason, numbers))
        return [unescape_path(path) for path in paths]

    return run_over(marked, settings, control or Control(), "retry", None)


def run_over(
    find_tops: Callable[[Session], Sequence[bytes]],
    settings: Settings,
    control: Control,
    command: str,
    slot: runs.Slot | None,
    sources: Sequence[str] = (),
) -> Report:
    """One run over what `find_tops` names once the run is ours. Below its floors it ends as suspect."""
    started = time.monotonic()
    doubt = None
    try:
        with claimed(settings, control, command, slot, sources) as (session, this, check):
            with closing(LocalPool(settings.workers, limits_of(settings), check)) as pool:
                Loader(settings, control, session, this, pool).load(find_tops(session))
            counts = session.surely(lambda c: runs.counts(c, this))
            still_open = session.surely(ledger.open_rejections)
            if sources:
                usual = session.surely(lambda c: floors.usual_seen(c, this))
                floors.check(counts, usual, settings.min_seen_share, settings.max_reject_share)
    except RunSuspect as e:
        doubt = str(e)
    status = "suspect" if doubt else "done"
    return Report(this.id, status, counts, still_open, time.monotonic() - started, doubt)


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
        refuse_shared_sessions(url)
        migrate.upgrade(url)
        try:
            lock = stack.enter_context(RunLock(url))
        except RunLocked as e:
            with connect(url) as connection:
                runs.refuse(connection, command, str(e), slot, sources)
            raise

        def check() -> None:
            control.check()
            lock.check()

        session = Session(url, load_name(lock.name), check)
        stack.callback(session.close)
        lookups.sync(session.connection, rules)
        this = runs.start(session.connection, command, rules.digest, slot, sources)
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
                runs.finish(session.connection, this, status, error)
            raise


def ending(error: BaseException) -> tuple[str, str]:
    """What `runs` says of a run that ended with this error: its status, and why."""
    if isinstance(error, Stopped | RunSuspect):
        return "stopped" if isinstance(error, Stopped) else "suspect", str(error)
    return "failed", name_error(error)


def limits_of(settings: Settings) -> Limits:
    return Limits(settings.document_timeout_s, settings.worker_memory_bytes)


@dataclass(slots=True)
class InFlight:
    """A batch between reading and loading: its leaves, and what workers do with those not known yet."""

    leaves: list[Leaf]
    tasks: list[tuple[list[Found], Task]]


class Loader:
    """One pass over the sources: reading goes ahead of the workers, the workers go ahead of loading."""

    def __init__(
        self, settings: Settings, control: Control, session: Session, this: Run, pool: LocalPool
    ) -> None:
        self.settings = settings
        self.control = control
        self.session = session
        self.this = this
        self.pool = pool
        self.counted = Counts()  # what needed no loading, since the last commit
        self.total = Counts()  # what was committed
        self.batches = 0
        self.unsettled: list[Found] = []

    def load(self, tops: Sequence[bytes]) -> None:
        """Everything below `tops`; then once more what was changing, and what must be read again."""
        self.load_entries(discover(tops, self.settings.include, self.settings.exclude))
        if self.unsettled:
            unsettled, self.unsettled = self.unsettled, []
            self.load_entries(self.settle(unsettled), settled=True)
        if self.counted.seen:
            self.commit([])
        unreadable = self.session.surely(ledger.unreadable_paths)
        if over := [path for path in unreadable if nothing_to_load(path)]:
            self.session.surely(lambda c: ledger.resolve_paths(c, self.this, over))
        reread = self.session.surely(ledger.files_to_reread)
        if reread:
            self.load_entries((f for f in reread if stat_again(f) == f), settled=True, again=True)

    def load_entries(self, entries: Iterable[Entry], *, settled: bool = False, again: bool = False) -> None:
        """Read, process and load entries, a few batches in flight.

        `settled`: known not to be changing. `again`: this run counted them before.
        """
        queue: deque[InFlight] = deque()
        wanted_now = self.wanted(entries, settled)
        for wanted in portions(wanted_now, self.settings.batch_files, self.settings.batch_bytes, bytes_of):
            queue.append(self.begin(wanted, settled))
            if len(queue) > BATCHES_AHEAD:
                self.finish(queue.popleft(), again)
        while queue:
            self.finish(queue.popleft(), again)

    # ------------------------------------------------------------ what to read

    def wanted(self, entries: Iterable[Entry], settled: bool) -> Iterator[tuple[Found, str] | Leaf]:
        """What needs work: files with the reason why, and leaves rejected already. Counts the rest."""
        for chunk in chunks(entries, ASK_FILES):
            self.session.check()
            files = []
            for entry in chunk:
                if isinstance(entry, Found):
                    files.append(entry)
                elif isinstance(entry, Skipped):
                    self.counted.skip(entry.reason)
                else:
                    yield rejected(Found(entry.path, 0, 0), entry.reason, entry.detail)
            why = self.session.surely(partial(ledger.to_read, files=files))
            self.counted.unchanged += len(files) - len(why)
            youngest = time.time_ns() - int(self.settings.settle_s * 1e9)
            for file, reason in why.items():
                if settled or file.mtime_ns < youngest:
                    yield file, reason
                else:
                    self.unsettled.append(file)
            self.tell()

    def settle(self, files: Sequence[Found]) -> Iterator[Entry]:
        """The files that stand as they stood when first looked at, one settling time ago; counts the others."""
        for _ in pauses(self.settings.settle_s):
            self.session.check()
        for file in files:
            now = stat_again(file)
            if now == file:
                yield file
            else:
                self.counted.skip("still_changing" if now else "vanished")

    # ------------------------------------------------------------ reading and processing

    def begin(self, wanted: Sequence[tuple[Found, str] | Leaf], settled: bool) -> InFlight:
        """Read a batch and hand what is not known by its bytes to the workers."""
        leaves: list[Leaf] = [x for x in wanted if isinstance(x, Leaf)]
        read: list[tuple[RawFile, Found, str]] = []
        for x in wanted:
            if isinstance(x, Leaf):
                continue
            file, why = x
            try:
                got = read_bytes(file, self.settings.max_file_bytes)
            except FileNotFoundError:
                self.counted.skip("vanished")
            except SourceError as e:
                leaves.append(rejected(file, e.reason, e.detail))
            else:
                if got is not None:
                    read.append((RawFile(file.path, *got), file, why))
                elif settled:
                    self.counted.skip("still_changing")
                else:
                    self.unsettled.append(stat_again(file) or file)
        hashes = [raw.sha256 for raw, _, why in read if why != "reread"]
        known = self.session.surely(partial(ledger.known_bytes, hashes=hashes))
        to_parse = []
        for raw, file, why in read:
            if why != "reread" and raw.sha256 in known:
                leaves.append(Leaf(file, raw.sha256, raw.sha256, None))
            else:
                to_parse.append((raw, file))
        tasks = []
        for part in portions(to_parse, TASK_FILES, TASK_BYTES, lambda x: len(x[0].data)):
            tasks.append(([file for _, file in part], self.pool.submit([raw for raw, _ in part])))
        return InFlight(leaves, tasks)

    def finish(self, batch: InFlight, again: bool) -> None:
        """Wait for a batch's tasks and load it."""
        leaves = batch.leaves
        for files, task in batch.tasks:
            for found, done in zip(files, self.pool.result(task), strict=True):
                leaves.append(Leaf(found, done.raw_sha256, done.raw_sha256, done))
        self.session.check()
        self.commit(leaves, again)
        self.tell()

    # ------------------------------------------------------------ loading

    def commit(self, leaves: Sequence[Leaf], again: bool = False) -> None:
        """Load leaves in one transaction; if some are at fault, load the rest and reject those alone.

        Eighths, since a transaction of few leaves costs mostly itself: one fault in 1,000 leaves is found
        after 27 of them, and no more than 2,200 leaves are sent in all.
        """
        counted, self.counted = self.counted, Counts()
        try:
            self.load_surely(leaves, counted, again)
        except Exception as e:
            self.counted.add(counted)
            if not is_data_error(e) or not leaves:
                raise
            if len(leaves) == 1 and is_refused(leaves[0]):
                raise
            if len(leaves) == 1:
                self.commit([refused(leaves[0], e)], again)
            for part in chunks(leaves, math.ceil(len(leaves) / PARTS)) if len(leaves) > 1 else ():
                self.session.check()
                self.commit(part, again)

    def load_surely(self, leaves: Sequence[Leaf], counted: Counts, again: bool) -> None:
        """Load leaves as soon as the database lets us; never twice.

        After a commit whose answer was lost, the run's row tells whether it took place.
        """

        def work(connection: Connection) -> Counts:
            load_batch(connection, self.this, leaves, counted, again=again)
            return runs.counts(connection, self.this)

        def committed(connection: Connection) -> Counts | None:
            done = runs.batches_done(connection, self.this) > self.batches
            return runs.counts(connection, self.this) if done else None

        self.total = self.session.surely(work, committed)
        self.batches += 1

    def tell(self) -> None:
        """Give the listener the counts so far."""
        counts = Counts()
        counts.add(self.total)
        counts.add(self.counted)
        self.control.on_progress(counts)


def rejected(found: Found, reason: str, detail: str) -> Leaf:
    """A leaf whose bytes could not be had."""
    return Leaf(found, None, None, Processed(found.path, None, None, b"", reason=reason, detail=detail))


def refused(leaf: Leaf, error: Exception) -> Leaf:
    """A leaf that the database refuses, as a rejection that names the class of error and no value."""
    state = getattr(error, "sqlstate", None)
    detail = f"{type(error).__name__}" + (f", SQLSTATE {state}" if state else "")
    done = Processed(
        leaf.found.path,
        leaf.member,
        leaf.record_no,
        leaf.raw_sha256 or b"",
        reason="bad_value",
        detail=detail,
    )
    return replace(leaf, processed=done)


def is_refused(leaf: Leaf) -> bool:
    return leaf.processed is not None and leaf.processed.reason is not None


def bytes_of(wanted: tuple[Found, str] | Leaf) -> int:
    """What a file takes in memory once it is read; nothing if it will not be."""
    return 0 if isinstance(wanted, Leaf) else wanted[0].size


def portions(items: Iterable[T], most: int, most_bytes: int, weigh: Callable[[T], int]) -> Iterator[list[T]]:
    """Lists of up to `most` items that weigh up to `most_bytes` together; one that weighs more stands alone."""
    part: list[T] = []
    weight = 0
    for item in items:
        if part and (len(part) >= most or weight + weigh(item) > most_bytes):
            yield part
            part, weight = [], 0
        part.append(item)
        weight += weigh(item)
    if part:
        yield part


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def reextract(settings: Settings, control: Control, *, dry_run: bool) -> Differences:
    """Run today's rules over every stored article; ids of incidents survive where their evidence overlaps.

    With `dry_run` nothing is kept but the run's own row. Raises as `run` does.
    """
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
