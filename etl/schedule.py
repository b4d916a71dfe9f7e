"""The long-running job: APScheduler as the clock, the ordinary run as the work.

The trigger is ours, over cronsim: APScheduler's own counts weekdays from Monday = 0 (crontab's 1 is
Tuesday there) and misses a midnight after the clocks go forward. A run claims its slot by the unique
pair (schedule, due time) in `runs`, so two schedulers on one database do not run it twice.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim, CronSimError

from etl import jobs
from etl.errors import ConfigError, EtlError, RunLocked
from etl.logs import LOG
from etl.settings import Settings

EVERY_RE = re.compile(r"(\d{1,6})(s|m|h|d)")  # 15m
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Slots(BaseTrigger):  # type: ignore[misc]
    """The due times of a schedule, `name` being how `runs.schedule` calls it."""

    def __init__(self, name: str, after: Callable[[datetime], datetime]) -> None:
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


def cron(expression: str, timezone: str) -> Slots:
    """Slots of a crontab expression in civil time of `timezone`. Raises ConfigError for a wrong one.

    >>> slots = cron("0 9 * * 1", "Asia/Shanghai")  # Monday is Monday
    >>> slots.after(datetime(2026, 11, 22, tzinfo=UTC)).isoformat()
    '2026-11-23T09:00:00+08:00'
    """
    zone = zone_of(timezone)
    try:
        CronSim(expression, datetime.now(zone))
    except CronSimError as e:
        raise ConfigError(f"--cron {expression!r}: {e}") from e
    name = f"cron {expression} {timezone}"
    return Slots(name, lambda moment: next(CronSim(expression, moment.astimezone(zone))))


def every(text: str) -> Slots:
    """Slots at multiples of an interval since 1970, so that restarts do not shift them.

    >>> every("15m").after(datetime(2026, 11, 22, 8, 20, tzinfo=UTC)).isoformat()
    '2026-11-22T08:30:00+00:00'
    """
    match = EVERY_RE.fullmatch(text)
    if not match or not int(match[1]):
        raise ConfigError(f"--every {text!r}: expected a number and s, m, h or d, such as 15m")
    step = timedelta(seconds=int(match[1]) * UNIT_S[match[2]])
    return Slots(f"every {text}", lambda moment: EPOCH + ((moment - EPOCH) // step + 1) * step)


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as e:
        raise ConfigError(f"--timezone {name!r}: no such time zone") from e


def serve(paths: Sequence[str], settings: Settings, slots: Slots) -> int:
    """Run at every due time until a signal comes; its number. The run in hand is finished or given up first."""
    stop = threading.Event()
    control = jobs.Control()

    def ask(number: int, frame: object) -> None:
        control.stop(number)
        stop.set()

    def work() -> None:
        due_at = slots.last_due(datetime.now(UTC))
        try:
            report = jobs.run(paths, settings, control, "schedule", slot=(slots.name, due_at))
        except jobs.SlotTaken:
            LOG.info("the run due at %s was done elsewhere", due_at)
        except jobs.Stopped:
            LOG.info("stopped")
        except RunLocked as e:
            LOG.warning("the run due at %s did not start: %s", due_at, e)
        except EtlError as e:
            LOG.error("the run due at %s failed: %s", due_at, e)
        else:
            LOG.info("run %s done: %s", report.run_id, report.counts)

    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(work, slots, misfire_grace_time=None, coalesce=True, max_instances=1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    scheduler.start()
    stop.wait()
    scheduler.shutdown(wait=True)
    assert control.stop_signal is not None
    return control.stop_signal
