"""Jobs: what joins the two edges. Find files, ask the ledger, read, let workers process, load batch by batch.

The driver does all input and output and is the only one to load; workers only compute. A batch is
committed with its ledger rows and counts, so a run that is killed loses at most the batch in hand, and
the next run finds out from the ledger what is left. There is no other state.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

import psycopg

from etl.errors import SourceError, StoreUnavailable
from etl.executors.local import Limits, LocalPool
from etl.model import Found, Leaf, Processed, RawFile
from etl.rules import load_rules
from etl.settings import Settings
from etl.sources.files import Entry, Skipped, discover, escape_path, read_bytes, resolve, stat_again
from etl.store import ledger, lookups, migrate, runs
from etl.store.engine import Connection, connect, is_data_error, is_transient
from etl.store.load import load_batch
from etl.store.opened import opened
from etl.store.runs import Counts, Run

ASK_FILES = 5000  # files per question to the ledger
TASK_FILES = 32  # files per task of a worker: small enough to share out, large enough to be worth the trip
ATTEMPTS = 5
FIRST_PAUSE_S = 0.5

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


def run(
    paths: Sequence[str],
    settings: Settings,
    control: Control | None = None,
    command: str = "run",
    slot: tuple[str, datetime] | None = None,
) -> Report:
    """One incremental pass over `paths`: load what is new, leave the rest alone.

    `slot` is the schedule and due time that this run takes. Raises ConfigError for a path that does not
    exist, StoreError if the database refuses, RunLocked if another run is at work, SlotTaken if the slot
    was served before, Stopped after a signal.
    """
    control = control or Control()
    started = time.monotonic()
    tops = resolve(paths)
    rules = load_rules()
    with ExitStack() as stack:
        url = stack.enter_context(opened(settings.database_url, settings.home))
        migrate.upgrade(url)
        stack.enter_context(runs.run_lock(url))
        session = Session(url)
        stack.callback(session.close)
        lookups.sync(session.connection, rules)
        this = runs.start(session.connection, command, rules.digest, slot)
        loader = Loader(settings, control, session, this)
        stack.callback(loader.pool.close)
        try:
            loader.load(tops)
            runs.finish(session.connection, this, "done")
        except BaseException as e:
            status, error = ("stopped", str(e)) if isinstance(e, Stopped) else ("failed", name_error(e))
            with suppress(psycopg.Error):
                runs.finish(session.connection, this, status, error)
            raise
        counts = runs.counts(session.connection, this)
        still_open = ledger.open_rejections(session.connection)
    return Report(this.id, "done", counts, still_open, time.monotonic() - started)


def name_error(error: BaseException) -> str:
    """An error in one line. PostgreSQL's own text may quote values, so only its primary message is kept."""
    if isinstance(error, psycopg.Error):
        return f"{type(error).__name__}: {error.diag.message_primary or 'connection lost'}"
    return f"{type(error).__name__}: {error}".splitlines()[0]


@dataclass(slots=True)
class Session:
    """A connection that can be had anew after it broke."""

    url: str
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = connect(self.url)

    def again(self) -> None:
        """Reconnect. Raises StoreUnavailable if nobody answers."""
        self.close()
        self.connection = connect(self.url)

    def close(self) -> None:
        with suppress(psycopg.Error):
            self.connection.close()


@dataclass(slots=True)
class Task:
    """Files that a worker has in hand."""

    files: list[tuple[RawFile, Found]]
    future: Future[list[Processed]]


@dataclass(slots=True)
class InFlight:
    """A batch between reading and loading: its leaves, and the tasks that work on those not known yet."""

    leaves: list[Leaf]
    tasks: list[Task]


class Loader:
    """One pass over the sources: reading goes ahead of the workers, the workers go ahead of loading."""

    def __init__(self, settings: Settings, control: Control, session: Session, this: Run) -> None:
        self.settings = settings
        self.control = control
        self.session = session
        self.this = this
        limits = Limits(settings.document_timeout_s, settings.worker_memory_bytes)
        self.pool = LocalPool(settings.workers, limits)
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
        roots = [escape_path(top) for top in tops]
        reread = ledger.files_to_reread(self.session.connection, roots)
        if reread:
            self.load_entries((f for f in reread if stat_again(f) == f), settled=True, again=True)

    def load_entries(self, entries: Iterable[Entry], *, settled: bool = False, again: bool = False) -> None:
        """Read, process and load entries, a few batches in flight.

        `settled`: known not to be changing. `again`: this run counted them before.
        """
        queue: deque[InFlight] = deque()
        for wanted in chunks(self.wanted(entries, settled), self.settings.batch_files):
            queue.append(self.begin(wanted, settled))
            if len(queue) > 2:
                self.finish(queue.popleft(), again)
        while queue:
            self.finish(queue.popleft(), again)

    # ------------------------------------------------------------ what to read

    def wanted(self, entries: Iterable[Entry], settled: bool) -> Iterator[tuple[Found, str] | Leaf]:
        """What needs work: files with the reason why, and leaves rejected already. Counts the rest."""
        for chunk in chunks(entries, ASK_FILES):
            self.control.check()
            files = []
            for entry in chunk:
                if isinstance(entry, Found):
                    files.append(entry)
                elif isinstance(entry, Skipped):
                    self.counted.skip(entry.reason)
                else:
                    yield rejected(Found(entry.path, 0, 0), entry.reason, entry.detail)
            why = ledger.to_read(self.session.connection, files)
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
            self.control.check()
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
        known = ledger.known_bytes(
            self.session.connection, [raw.sha256 for raw, _, why in read if why != "reread"]
        )
        to_parse = []
        for raw, file, why in read:
            if why != "reread" and raw.sha256 in known:
                leaves.append(Leaf(file, raw.sha256, raw.sha256, None))
            else:
                to_parse.append((raw, file))
        tasks = []
        for part in chunks(to_parse, TASK_FILES):
            files = [raw for raw, _ in part]
            tasks.append(Task(part, self.pool.submit(files)))
        return InFlight(leaves, tasks)

    def finish(self, batch: InFlight, again: bool) -> None:
        """Wait for a batch's tasks and load it."""
        leaves = batch.leaves
        for task in batch.tasks:
            while not wait([task.future], timeout=0.5).done:
                self.control.check()
            files = [raw for raw, _ in task.files]
            for (raw, found), done in zip(task.files, self.pool.result(files, task.future), strict=True):
                leaves.append(Leaf(found, raw.sha256, raw.sha256, done))
        self.control.check()
        self.commit(leaves, again)
        self.tell()

    # ------------------------------------------------------------ loading

    def commit(self, leaves: Sequence[Leaf], again: bool = False) -> None:
        """Load leaves in one transaction; if one of them is at fault, find it by halves and reject it alone."""
        try:
            self.load_surely(leaves, again)
        except (psycopg.Error, UnicodeEncodeError) as e:
            if not is_data_error(e) or not leaves:
                raise
            if len(leaves) > 1:
                half = len(leaves) // 2
                self.commit(leaves[:half], again)
                self.commit(leaves[half:], again)
                return
            self.load_surely([refused(leaves[0], e)], again)

    def load_surely(self, leaves: Sequence[Leaf], again: bool) -> None:
        """Load leaves; while the database is away, try again with growing pauses, then give up.

        After a commit whose answer was lost, the run's row tells whether it took place.
        """
        counted, self.counted = self.counted, Counts()
        for attempt in range(ATTEMPTS + 1):
            try:
                if attempt:
                    self.session.again()
                    if runs.batches_done(self.session.connection, self.this) > self.batches:
                        break
                load_batch(self.session.connection, self.this, leaves, counted, again=again)
                break
            except (psycopg.Error, StoreUnavailable) as e:
                if not is_transient(e):
                    self.counted.add(counted)
                    raise
                if attempt == ATTEMPTS:
                    raise StoreUnavailable(f"the database stayed away: {name_error(e)}") from e
                for _ in pauses(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)):
                    self.control.check()
        self.batches += 1
        self.total = runs.counts(self.session.connection, self.this)

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


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def pauses(seconds: float) -> Iterator[None]:
    """Let `seconds` pass in short steps, so that the caller can look up in between."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
        yield
