"""Due times: crontab's semantics through the real engine under a simulated clock, over both clock changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers import base
from hypothesis import given
from hypothesis import strategies as st

from etl.due import EPOCH
from etl.errors import ConfigError
from etl.schedule import Slots, cron, every

# The day of the change and the midnight after it, as docs/operations.md tells it: local time and offset.
FORWARD_BERLIN, BACK_BERLIN = "2026-03-29", "2026-10-25"
FORWARD_NEW_YORK, BACK_NEW_YORK = "2026-03-08", "2026-11-01"
FIRE_TIMES = [
    # a fixed time that is skipped is served right after the change
    ("Europe/Berlin", FORWARD_BERLIN, "30 2 * * *", "03:00+02"),
    ("America/New_York", FORWARD_NEW_YORK, "30 2 * * *", "03:00-04"),
    # one that comes twice is served the first time
    ("Europe/Berlin", BACK_BERLIN, "30 2 * * *", "02:30+02"),
    ("America/New_York", BACK_NEW_YORK, "30 1 * * *", "01:30-04"),
    # midnight, also the one after the change
    ("Europe/Berlin", FORWARD_BERLIN, "0 0 * * *", "00:00+01 24:00+02"),
    ("Europe/Berlin", BACK_BERLIN, "0 0 * * *", "00:00+02 24:00+01"),
    ("America/New_York", FORWARD_NEW_YORK, "0 0 * * *", "00:00-05 24:00-04"),
    ("America/New_York", BACK_NEW_YORK, "0 0 * * *", "00:00-04 24:00-05"),
    # with * in the hour or minute, the clock on the wall counts
    ("Europe/Berlin", FORWARD_BERLIN, "0 */4 * * *", "00:00+01 04:00+02 08:00+02 12:00+02 16:00+02 20:00+02 24:00+02"),
    ("Europe/Berlin", FORWARD_BERLIN, "0 */2 * * *", "00:00+01 04:00+02 06:00+02 08:00+02 10:00+02 12:00+02"
     " 14:00+02 16:00+02 18:00+02 20:00+02 22:00+02 24:00+02"),
    ("Europe/Berlin", BACK_BERLIN, "0 */2 * * *", "00:00+02 02:00+02 02:00+01 04:00+01 06:00+01 08:00+01 10:00+01"
     " 12:00+01 14:00+01 16:00+01 18:00+01 20:00+01 22:00+01 24:00+01"),
    ("America/New_York", FORWARD_NEW_YORK, "0 */6 * * *", "00:00-05 06:00-04 12:00-04 18:00-04 24:00-04"),
    ("America/New_York", BACK_NEW_YORK, "30 */1 1 11 *", "00:30-04 01:30-04 01:30-05 02:30-05 03:30-05 04:30-05"
     " 05:30-05 06:30-05 07:30-05 08:30-05 09:30-05 10:30-05 11:30-05 12:30-05 13:30-05 14:30-05 15:30-05 16:30-05"
     " 17:30-05 18:30-05 19:30-05 20:30-05 21:30-05 22:30-05 23:30-05"),
    # a list of fixed times: those that are skipped are served once
    ("Europe/Berlin", FORWARD_BERLIN, "15,45 2 * * *", "03:00+02"),
    ("America/New_York", FORWARD_NEW_YORK, "15 1,2,3 * * *", "01:15-05 03:00-04 03:15-04"),
    ("America/New_York", BACK_NEW_YORK, "15 1,2,3 * * *", "01:15-04 02:15-05 03:15-05"),
    # Monday is Monday, Sunday is 0 and 7
    ("Europe/Berlin", FORWARD_BERLIN, "0 0 * * 1", "24:00+02"),
    ("Europe/Berlin", BACK_BERLIN, "0 12 * * 7", "12:00+01"),
    ("America/New_York", BACK_NEW_YORK, "0 12 * * 0", "12:00-05"),
    # Shanghai has no changes
    *(("Asia/Shanghai", day, "30 2 * * *", "02:30+08") for day in (FORWARD_BERLIN, BACK_BERLIN, FORWARD_NEW_YORK)),
    ("Asia/Shanghai", BACK_NEW_YORK, "0 */8 * * *", "00:00+08 08:00+08 16:00+08 24:00+08"),
]  # fmt: skip


class Engine(base.BaseScheduler):  # type: ignore[misc]
    """APScheduler's own engine, told when to look instead of waiting for it."""

    shutdown = wakeup = lambda self, *args, **more: None


class Clock:
    """A clock that is set by hand; the engine and the work both read it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, start: datetime) -> None:
        clock = self
        self.moment = start

        class Simulated(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return clock.moment.astimezone(tz)

        monkeypatch.setattr(base, "datetime", Simulated)

    def engine(self, slots: Slots, work: Callable[[], None]) -> Engine:
        engine = Engine(timezone=UTC)
        engine.add_executor(DebugExecutor())
        engine.add_job(work, slots, misfire_grace_time=None, coalesce=True, max_instances=1)
        engine.start(paused=False)
        return engine

    def run_until(self, engine: Engine, end: datetime) -> None:
        """Let time pass as the engine asks for it."""
        while self.moment < end:
            wait_s = engine._process_jobs()
            self.moment += timedelta(seconds=max(wait_s, 1e-6))


def local(text: str, zone: str, day: str) -> datetime:
    """02:30+01 on that day; 24:00 is the midnight at its end."""
    hour, minute, offset = int(text[:2]), int(text[3:5]), int(text[5:])
    naive = datetime.fromisoformat(day) + timedelta(hours=hour, minutes=minute)
    return (naive - timedelta(hours=offset)).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day", "expression", "expected"), FIRE_TIMES)
def test_fire_times_over_the_change_of_clocks(
    monkeypatch: pytest.MonkeyPatch, zone: str, day: str, expression: str, expected: str
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    slots = cron(expression, zone)
    clock = Clock(monkeypatch, midnight.astimezone(UTC) - timedelta(minutes=1))
    fired: list[tuple[datetime, datetime]] = []
    engine = clock.engine(slots, lambda: fired.append((clock.moment, slots.slot(clock.moment, "s").due_at)))
    clock.run_until(engine, (midnight + timedelta(days=1)).astimezone(UTC) + timedelta(minutes=1))
    times = [local(text, zone, day) for text in expected.split()]
    assert [due for _, due in fired] == times  # the slot that each run takes
    assert all(abs(at - due) < timedelta(seconds=1) for at, due in fired)  # and it starts on time


@pytest.mark.parametrize(("zone", "day", "expression", "expected"), FIRE_TIMES)
def test_a_scheduler_started_at_any_moment_sees_the_same_due_times(
    zone: str, day: str, expression: str, expected: str
) -> None:
    # Started between the two passes of the repeated hour, cronsim alone answers with times that are past.
    slots = cron(expression, zone)
    times = [local(text, zone, day) for text in expected.split()]
    moment = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) - timedelta(minutes=7)
    for _ in range(24 * 6):
        moment += timedelta(minutes=10, seconds=1)
        later, earlier = [t for t in times if t > moment], [t for t in times if t <= moment]
        if later:
            assert slots.after(moment) == later[0]
        if earlier:
            assert slots.last_due(moment) == earlier[-1]


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=1)], ids=str)
@pytest.mark.parametrize(
    "slots",
    [cron("*/15 * * * *", "Asia/Shanghai"), cron("0 */2 * * *", "Europe/Berlin"), every("10m"), every("1h")],
    ids=lambda slots: slots.name,
)
def test_a_clock_that_is_set_never_doubles_a_run_and_is_caught_up_once(
    monkeypatch: pytest.MonkeyPatch, slots: Slots, step: timedelta
) -> None:
    start = datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)
    clock = Clock(monkeypatch, start)
    served: dict[datetime, int] = {}

    def work() -> None:
        slot = slots.slot(clock.moment, "s")
        if slot.due_at not in served:  # as the unique key in `runs` has it
            served[slot.due_at] = slot.count_since(max(served)) if served else 0

    engine = clock.engine(slots, work)
    clock.run_until(engine, start + timedelta(hours=6))
    stepped_at = clock.moment
    clock.moment += step
    clock.run_until(engine, stepped_at + timedelta(days=2))
    due = set(slots.between(start, clock.moment))
    assert set(served) <= due
    # Every due time was served, or is counted as missed by the one run that stood in for it.
    assert len(served) + sum(served.values()) == len([t for t in due if t <= max(served)])
    assert sum(1 for missed in served.values() if missed) <= 1
    assert any(served.values()) or step < timedelta(days=1)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.sampled_from(["7m", "90s", "1h", "1d"]))
def test_intervals_count_from_1970(moment: datetime, text: str) -> None:
    slots = every(text)
    now = moment.replace(tzinfo=UTC)
    due, following = slots.last_due(now), slots.after(now)
    assert due <= now < following
    step = following - due
    assert (due - EPOCH) % step == timedelta()
    assert step == {"7m": timedelta(minutes=7), "90s": timedelta(seconds=90), "1h": timedelta(hours=1)}.get(
        text, timedelta(days=1)
    )


def test_what_was_missed_is_counted_up_to_a_bound() -> None:
    now = datetime(2026, 11, 22, 9, 7, tzinfo=UTC)
    slot = every("15m").slot(now, "s")
    assert slot.due_at == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    assert slot.next_due_at == datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
    assert slot.count_since(datetime(2026, 11, 22, 8, 0, tzinfo=UTC)) == 3
    assert slot.count_since(slot.due_at) == 0
    assert slot.count_since(EPOCH) == 10_000


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "0 0 30 2 *", "61 * * * *", "* * * * * *", "@daily", "每天"]
)
def test_wrong_crontab_expressions_are_named(expression: str) -> None:
    with pytest.raises(ConfigError, match="--cron"):
        cron(expression, "Asia/Shanghai")


@pytest.mark.parametrize("text", ["", "0m", "15", "15 m", "-1h", "1w"])
def test_wrong_intervals_are_named(text: str) -> None:
    with pytest.raises(ConfigError, match="--every"):
        every(text)


def test_wrong_time_zone_is_named() -> None:
    with pytest.raises(ConfigError, match="Peking"):
        cron("0 0 * * *", "Asia/Peking")
