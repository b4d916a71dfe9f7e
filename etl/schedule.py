"""The long-running job: APScheduler as the clock, the ordinary run as the work.

The trigger is ours, over cronsim: APScheduler's own counts weekdays from Monday = 0 (crontab's 1 is
Tuesday there) and misses a midnight after the clocks go forward. A run claims its slot by the unique
pair (schedule, due time) in `runs`, so two schedulers on one database do not run it twice. There is no
other state: at its start the scheduler serves the newest due time, unless a run served it already, and
that is the catch-up after downtime.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import islice

from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from etl import jobs
from etl.due import After, after_cron, after_every, zone_of
from etl.errors import ConfigError, EtlError, RunLocked, StoreUnavailable
from etl.logs import LOG, of_run
from etl.settings import Settings
from etl.sources.registry import names_of
from etl.store.engine import name_error
from etl.store.opened import opened
from etl.store.runs import Slot

MISSED_AT_MOST = 10_000  # slots counted as missed: after a year of downtime nobody needs the exact number
RETRY_S = 2.0  # between two tries of a due run that waits for the lock or for the database
LOOK_S = 10.0  # how often the wall clock is looked at: timers stand still while a machine is suspended


class Slots(BaseTrigger):  # type: ignore[misc]
    """The due times of a schedule, `name` being how `runs.schedule` calls it. All in UTC."""

    def __init__(self, name: str, after: After) -> None:
        self.name = name
        self.after = after

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first due time after the last one, or after now."""
        return self.after(previous_fire_time or now)

    def last_due(self, now: datetime) -> datetime:
        """The newest due time that is not later than `now`; searched backwards in growing steps."""
        step = timedelta(minutes=1)
        while (due := self.after(now - step)) > now:
            step *= 2
        while (following := self.after(due)) <= now:
            due = following
        return due

    def slot(self, now: datetime, name: str) -> Slot:
        """The slot to serve at `now`, for the schedule `name`."""
        due = self.last_due(now)

        def count_since(earlier: datetime) -> int:
            return sum(1 for _ in islice(self.between(earlier, due), MISSED_AT_MOST))

        return Slot(name, due, self.after(due), count_since)

    def between(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The due times after `first` and before `last`."""
        while (first := self.after(first)) < last:
            yield first


def cron(expression: str, timezone: str) -> Slots:
    """Slots of a crontab expression in civil time of `timezone`. Raises ConfigError for a wrong one."""
    try:
        zone = zone_of(timezone)
    except ValueError as e:
        raise ConfigError(f"--timezone {timezone!r}: {e}") from e
    try:
        return Slots(f"cron {expression} {timezone}", after_cron(expression, zone))
    except ValueError as e:
        raise ConfigError(f"--cron {expression!r}: {e}") from e


def every(text: str) -> Slots:
    """Slots at multiples of an interval since 1970. Raises ConfigError for a wrong one."""
    try:
        return Slots(f"every {text}", after_every(text))
    except ValueError as e:
        raise ConfigError(f"--every {text!r}: {e}") from e


def name_of(slots: Slots, paths: Sequence[str], settings: Settings) -> str:
    """How `runs` calls a schedule: two with the same times but other sources are not the same.

    >>> name_of(every("15m"), ["/inbox"], Settings(exclude=("*.bak",)))
    'every 15m: /inbox, without *.bak'
    """
    what = " ".join(names_of(paths))
    only = f", only {' '.join(settings.include)}" if settings.include else ""
    without = f", without {' '.join(settings.exclude)}" if settings.exclude else ""
    return f"{slots.name}: {what}{only}{without}"


def serve(paths: Sequence[str], settings: Settings, slots: Slots) -> int:
    """Run at every due time until a signal comes; its number. The run in hand is finished or given up first."""
    stop = threading.Event()
    control = jobs.Control()
    name = name_of(slots, paths, settings)

    def ask(number: int, frame: object) -> None:
        control.stop(number)
        stop.set()

    def work() -> None:
        said = ""
        while not stop.is_set():
            slot = slots.slot(datetime.now(UTC), name)
            try:
                serve_slot(paths, settings, control, slot)
                return
            except (RunLocked, StoreUnavailable) as e:
                if not said:
                    said = f"the run due at {shown(slot.due_at)} waits: {e}"
                    LOG.warning("%s", said)
                stop.wait(RETRY_S)

    def skipped(event: object) -> None:
        LOG.warning("a run is due while the one before is still going: left out")

    with nullcontext() if settings.database_url else opened(None, settings.home):
        scheduler = BackgroundScheduler(timezone=UTC)
        scheduler.add_listener(skipped, EVENT_JOB_MAX_INSTANCES)
        options = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        scheduler.add_job(work, slots, next_run_time=datetime.now(UTC), **options)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ask)
        LOG.info("%s; next due at %s", name, shown(slots.after(datetime.now(UTC))))
        scheduler.start()
        while not stop.wait(LOOK_S):
            scheduler.wakeup()
        scheduler.shutdown(wait=True)
    assert control.stop_signal is not None
    return control.stop_signal


def serve_slot(paths: Sequence[str], settings: Settings, control: jobs.Control, slot: Slot) -> None:
    """One due run, with a log line of what came of it. Raises RunLocked, StoreUnavailable: to be tried again."""
    due = shown(slot.due_at)
    control.run_id = None
    try:
        report = jobs.run(paths, settings, control, "schedule", slot)
    except jobs.SlotTaken:
        LOG.info("the run due at %s is done", due)
    except jobs.Stopped:
        LOG.info("stopped")
    except (RunLocked, StoreUnavailable):
        raise
    except EtlError as e:
        log_failure(control, f"the run due at {due} failed: {e}")
    except Exception as e:  # what the programmer did not expect must not end the schedule
        log_failure(control, f"the run due at {due} failed: unexpected {name_error(e)}")
    else:
        if report.doubt:
            LOG.warning("run %s is suspect: %s", report.run_id, report.doubt)


def log_failure(control: jobs.Control, said: str) -> None:
    """An ERROR line with the number of the run that it is about, if one had begun."""
    with nullcontext() if control.run_id is None else of_run(control.run_id):
        LOG.error("%s", said)


def shown(moment: datetime) -> str:
    """An instant for a log line: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
