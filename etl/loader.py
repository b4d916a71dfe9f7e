"""One pass over the sources: reading goes ahead of the workers, the workers go ahead of loading."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from etl.errors import SourceError
from etl.executors.base import Pool
from etl.model import Found, Leaf, Processed, RawFile
from etl.scope import Scope, in_order
from etl.settings import Settings
from etl.sources import base
from etl.sources.base import Changed, Entry, Limits, Skipped, Unread, Unusable
from etl.sources.registry import discover, nothing_to_load, read, stat_again
from etl.store import ledger, runs
from etl.store.batch import BadRow, LeafKey
from etl.store.engine import Connection, is_data_error
from etl.store.ledger import Wanted
from etl.store.listing import Listing
from etl.store.load import load_batch, prepare
from etl.store.runs import Counts, Run
from etl.store.session import Session, pauses

ASK_FILES = 5000  # files per question to the ledger
TASK_FILES = 32  # files per task of a worker: small enough to share out, large enough to be worth the trip
TASK_BYTES = 4 << 20  # likewise
PARTS = 8  # into which a batch is split to find the leaf that the database refuses
MAX_NAMED = 3  # refused rows taken out of a batch one by one before it is split
BATCHES_AHEAD = 2  # batches read and in the workers' hands while one is loaded

ALL = Scope()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fresh:
    """A leaf just read: what the record of it will be, without what came of it, and its bytes."""

    leaf: Leaf
    raw: RawFile


@dataclass(slots=True)
class InFlight:
    """A batch between reading and loading: its leaves, and what workers do with those not known yet."""

    leaves: list[Leaf]
    tasks: list[tuple[list[Leaf], Any]] = field(default_factory=list)


class Loader:
    """One pass over the sources; `tell` is given the counts so far."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        this: Run,
        pool: Pool,
        tell: Callable[[Counts], None] = lambda counts: None,
        scope: Scope = ALL,
    ) -> None:
        self.settings = settings
        self.session = session
        self.this = this
        self.pool = pool
        self.on_progress = tell
        self.scope = scope
        self.left = scope.limit  # leaves that may still be read
        self.withheld: dict[str, int] = {}  # container -> its first leaf outside the window
        self.limits = reading_limits(settings)
        self.counted = Counts()  # what needed no loading, since the last commit
        self.total = Counts()  # what was committed
        self.batches = 0
        self.unsettled: list[Found] = []
        self.listing: Listing | None = None  # the ledger beside the walk, while that goes by path

    def load(self, tops: Sequence[str]) -> None:
        """Everything below `tops`; then once more what was changing, and what must be read again."""
        tops = sorted(tops, key=lambda top: f"{top}/")  # so that all entries come in path order
        entries = discover(tops, self.settings.include, self.settings.exclude)
        self.listing = Listing(tops) if self.scope.order is None else None
        self.load_entries(in_order(entries, self.scope.order))
        self.listing = None
        if self.unsettled and self.left != 0:
            unsettled, self.unsettled = self.unsettled, []
            self.load_entries(self.settle(unsettled), settled=True)
        if self.counted.seen:
            self.commit([])
        self.tidy()

    def tidy(self) -> None:
        """Close rejections of what is gone, and read again what this run found must be read again."""
        unreadable = self.session.surely(ledger.unreadable_paths)
        if over := [path for path in unreadable if nothing_to_load(path)]:
            self.session.surely(lambda c: ledger.resolve_paths(c, self.this, over))
        reread = self.session.surely(ledger.files_to_reread)
        if reread and self.left != 0:
            self.load_entries((f for f in reread if stat_again(f) == f), settled=True, again=True)

    def load_entries(self, entries: Iterable[Entry], *, settled: bool = False, again: bool = False) -> None:
        """Read, process and load entries, a few batches in flight.

        The first batch is a task for each worker and the next ones grow, so that loading soon has something to do.

        `settled`: known not to be changing. `again`: this run counted them before.
        """
        queue: deque[InFlight] = deque()
        leaves = self.limited(self.leaves(self.wanted(entries, settled), settled))
        first = TASK_FILES * self.settings.workers
        most, most_bytes = self.settings.batch_files, self.settings.batch_bytes
        for batch in portions(leaves, most, most_bytes, bytes_of, first):
            queue.append(self.begin(batch))
            if len(queue) > BATCHES_AHEAD:
                self.finish(queue.popleft(), again)
        while queue:
            self.finish(queue.popleft(), again)

    # ------------------------------------------------------------ what to read

    def wanted(self, entries: Iterable[Entry], settled: bool) -> Iterator[Wanted | Leaf]:
        """What needs work: files with the reason why, and leaves rejected already. Counts the rest."""
        for chunk in chunks(entries, ASK_FILES):
            self.session.check()
            files = [entry for entry in chunk if isinstance(entry, Found)]
            for entry in chunk if len(files) < len(chunk) else ():
                if isinstance(entry, Skipped):
                    self.counted.skip(entry.reason)
                elif isinstance(entry, Unusable):
                    yield rejected(Found(entry.path, 0, 0), entry.reason, entry.detail)
            if self.scope.since is not None:
                for _ in filter(self.scope.too_old, files):
                    self.counted.skip("outside_window")
                files = [file for file in files if not self.scope.too_old(file)]
            wanted = self.ask(files)
            self.counted.unchanged += len(files) - len(wanted)
            youngest = time.time_ns() - int(self.settings.settle_s * 1e9)
            for file in wanted:
                if settled or file.found.mtime_ns < youngest:
                    yield file
                else:
                    self.unsettled.append(file.found)
            self.tell()

    def ask(self, files: Sequence[Found]) -> list[Wanted]:
        """Those of `files` that must be read, and why.

        A few files are asked for by key. Where there are more, the ledger is read beside the walk, in the
        same order: per file that costs a third, on both sides.
        """
        if self.listing is None or (len(files) < ASK_FILES // 2 and not self.listing.begun):
            return self.session.surely(partial(ledger.to_read, files=files))
        wanted, unsure = self.listing.compare(self.session.surely, files)
        if unsure:
            wanted += self.session.surely(partial(ledger.to_read, files=unsure))
            wanted.sort(key=lambda x: x.found.path)
        return wanted

    def limited(self, leaves: Iterator[Fresh | Leaf]) -> Iterator[Fresh | Leaf]:
        """As many leaves as may still be read."""
        while self.left != 0 and (leaf := next(leaves, None)) is not None:
            if self.left is not None:
                self.left -= 1
            yield leaf

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

    def leaves(self, wanted: Iterable[Wanted | Leaf], settled: bool) -> Iterator[Fresh | Leaf]:
        """The leaves of the files that need work, read one after the other. Counts what can't be read now."""
        for file in wanted:
            if isinstance(file, Leaf):
                yield file
                continue
            try:
                yield from self.leaves_of(file)
            except FileNotFoundError:
                self.counted.skip("vanished")
            except SourceError as e:
                yield rejected(file.found, e.reason, e.detail)
            except Changed:
                if settled:
                    self.counted.skip("still_changing")
                else:
                    self.unsettled.append(stat_again(file.found) or file.found)

    def leaves_of(self, file: Wanted) -> Iterator[Fresh | Leaf]:
        """The leaves of one file but for those that an interrupted run has loaded, the last one marked."""
        reading = read(file.found, self.limits)
        extent: dict[str | None, int] = {}
        before: RawFile | Unread | None = None
        position = 0
        readable, cut = False, False
        for position, leaf in enumerate(self.meant(reading.leaves), 1):
            if before is not None and position - 1 > file.records_done:
                yield self.fresh(file, reading.sha256, before, position - 1)
            elif before is not None:
                self.counted.unchanged += 1
            extent[leaf.member] = max(extent.get(leaf.member, 0), leaf.record_no or 0)
            readable = readable or isinstance(leaf, RawFile)
            cut = cut or (isinstance(leaf, Unread) and leaf.cut)
            before = leaf
        assert before is not None, "a reading has at least one leaf"
        last = self.fresh(file, reading.sha256, before, position)
        container = position > 1 or before.member is not None or before.record_no is not None
        known_extent = extent if container and readable and not cut else None
        if isinstance(last, Leaf):
            yield replace(last, last=True, extent=known_extent)
        else:
            yield replace(last, leaf=replace(last.leaf, last=True, extent=known_extent))

    def meant(self, leaves: Iterable[base.Leaf]) -> Iterator[RawFile | Unread]:
        """Those of a file's leaves that are meant for this run; counts the others."""
        for leaf in leaves:
            if isinstance(leaf, Skipped):
                self.counted.skip(leaf.reason)
            else:
                yield leaf

    def fresh(self, file: Wanted, sha256: bytes, read_: RawFile | Unread, position: int) -> Fresh | Leaf:
        """A leaf as it was read, not yet marked as the last of its file."""
        found = file.found
        if isinstance(read_, Unread):
            done = Processed(
                found.path, read_.member, read_.record_no, b"", reason=read_.reason, detail=read_.detail
            )
            return Leaf(
                *(found, sha256, None, done, read_.member, read_.record_no, position),
                last=False,
                is_new=file.why == "new",
            )
        leaf = Leaf(
            *(found, sha256, read_.sha256, None, read_.member, read_.record_no, position),
            last=False,
            reread=file.why == "reread",
            is_new=file.why == "new",
        )
        return Fresh(leaf, read_)

    def begin(self, batch: Sequence[Fresh | Leaf]) -> InFlight:
        """Hand those leaves of a batch to the workers that are not known by their bytes."""
        flight = InFlight([x for x in batch if isinstance(x, Leaf)])
        fresh = [x for x in batch if isinstance(x, Fresh)]
        hashes = [x.raw.sha256 for x in fresh if not x.leaf.reread]
        known = self.session.surely(partial(ledger.known_bytes, hashes=hashes))
        to_parse = []
        for x in fresh:
            if x.leaf.reread or x.raw.sha256 not in known:
                to_parse.append(x)
                continue
            number, published_at = known[x.raw.sha256]
            if self.scope.takes(published_at):
                flight.leaves.append(replace(x.leaf, sighting_id=number))
            else:
                self.withhold(x.leaf)
        for part in portions(to_parse, TASK_FILES, TASK_BYTES, bytes_of):
            flight.tasks.append(([x.leaf for x in part], self.pool.submit([x.raw for x in part])))
        if flight.tasks:
            prepare()  # while the workers start
        return flight

    def finish(self, batch: InFlight, again: bool) -> None:
        """Wait for a batch's tasks and load it."""
        leaves = batch.leaves
        for read_, task in batch.tasks:
            done = self.pool.result(task)
            for leaf, processed in zip(read_, done, strict=True):
                article = processed.article
                if article is None or leaf.reread or self.scope.takes(article.published_at):
                    leaves.append(replace(leaf, processed=processed))
                else:
                    self.withhold(leaf)
        leaves = [self.held_back(leaf) for leaf in leaves]
        leaves.sort(key=lambda x: (x.found.path, x.position))  # so that a file's last leaf comes last
        self.session.check()
        self.commit(leaves, again)
        self.tell()

    def withhold(self, leaf: Leaf) -> None:
        """Leave out a leaf that lies outside the window; the ledger must not think its file done."""
        self.counted.skip("outside_window")
        if not (leaf.last and leaf.position == 1):
            at = self.withheld.get(leaf.found.path, leaf.position)
            self.withheld[leaf.found.path] = min(at, leaf.position)

    def held_back(self, leaf: Leaf) -> Leaf:
        """The leaf, as one of a container that is partial from its first leaf outside the window on."""
        first = self.withheld.get(leaf.found.path)
        if first is None:
            return leaf
        return replace(leaf, position=min(leaf.position, first - 1), last=False, extent=None)

    # ------------------------------------------------------------ loading

    def commit(self, leaves: Sequence[Leaf], again: bool = False) -> None:
        """Load leaves in one transaction; if some are at fault, load the rest and reject those alone."""
        self.load_sound(leaves, again, 0)

    def load_sound(self, leaves: Sequence[Leaf], again: bool, named: int) -> None:
        """The same, step by step.

        A refused COPY names its row, and so the leaf (`named`: how many it has named here). Where nothing is
        named, or too much, the leaves are split in eighths, since a transaction of few costs mostly itself:
        one fault in 1,000 leaves is found after 27 of them, and no more than 2,200 leaves are sent in all.
        """
        counted, self.counted = self.counted, Counts()
        try:
            self.load_surely(leaves, counted, again)
        except Exception as error:
            self.counted.add(counted)
            e = error.__cause__ if isinstance(error, BadRow) else error
            if not isinstance(e, Exception) or not is_data_error(e) or not leaves:
                raise
            if len(leaves) == 1 and is_refused(leaves[0]):
                raise
            self.session.check()
            if isinstance(error, BadRow) and named < MAX_NAMED:
                self.load_sound(
                    [refused(x, e) if key_of(x) == error.leaf else x for x in leaves], again, named + 1
                )
            elif len(leaves) == 1:
                self.load_sound([refused(leaves[0], e)], again, 0)
            else:
                for part in chunks(leaves, math.ceil(len(leaves) / PARTS)):
                    self.session.check()
                    self.load_sound(part, again, 0)

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
        self.on_progress(counts)


def reading_limits(settings: Settings) -> Limits:
    """How files are read."""
    return Limits(
        settings.max_file_bytes,
        settings.max_member_bytes,
        settings.max_archive_bytes,
        settings.max_archive_ratio,
        settings.max_archive_members,
        settings.max_archive_depth,
        dict(pair.split("=", 1) for pair in settings.json_fields),
    )


def rejected(found: Found, reason: str, detail: str) -> Leaf:
    """A leaf whose bytes could not be had."""
    return Leaf(found, None, None, Processed(found.path, None, None, b"", reason=reason, detail=detail))


def refused(leaf: Leaf, error: Exception) -> Leaf:
    """A leaf that the database refuses, as a rejection that names the class of error and no value."""
    state = getattr(error, "sqlstate", None)
    reason = "bad_value_length" if state == "54000" else "bad_value"
    if state and state.startswith("23"):
        reason = "bad_value_constraint"
    detail = f"{type(error).__name__}" + (f", SQLSTATE {state}" if state else "")
    done = Processed(
        leaf.found.path,
        leaf.member,
        leaf.record_no,
        leaf.raw_sha256 or b"",
        reason=reason,
        detail=detail,
    )
    return replace(leaf, processed=done)


def key_of(leaf: Leaf) -> LeafKey:
    return leaf.found.path, leaf.member, leaf.record_no


def is_refused(leaf: Leaf) -> bool:
    return leaf.processed is not None and leaf.processed.reason is not None


def bytes_of(leaf: Fresh | Leaf) -> int:
    """What a leaf takes in memory until it is loaded; nothing if it was not read."""
    return 0 if isinstance(leaf, Leaf) else len(leaf.raw.data)


def portions(
    items: Iterable[T], most: int, most_bytes: int, weigh: Callable[[T], int], first: int | None = None
) -> Iterator[list[T]]:
    """Lists of up to `most` items that weigh up to `most_bytes` together; one that weighs more stands alone.

    With `first` so many in the first list, and in each after it up to twice as many as in the one before.
    """
    part: list[T] = []
    weight = 0
    size = min(first or most, most)
    for item in items:
        if part and (len(part) >= size or weight + weigh(item) > most_bytes):
            yield part
            part, weight = [], 0
            size = min(2 * size, most)
        part.append(item)
        weight += weigh(item)
    if part:
        yield part


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
