"""F12: the scheduler under a simulated clock, against a rule written down here once more, minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from etl.schedule import cron, every
from tests.faults.streams import Result
from tests.faults.world import World
from tests.unit.test_schedule import (
    Clock,
    test_a_clock_that_is_set_never_doubles_a_run_and_is_caught_up_once,
)

MINUTE = timedelta(minutes=1)
CHANGES = {
    "Asia/Shanghai": (date(2026, 3, 29), date(2026, 10, 25)),  # none there, on the days of Berlin
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
}
CRONS = ("30 2 * * *", "0 0 * * *", "0 */2 * * *", "*/15 * * * *", "15 1,2,3 * * *", "0 9 * * 0")
STEPS = (timedelta(hours=-1), timedelta(hours=1), timedelta(days=1))
SET = (
    *(cron("*/15 * * * *", zone) for zone in CHANGES),
    *(cron("0 */2 * * *", zone) for zone in CHANGES),
    *(every(text) for text in ("10m", "15m", "1h", "2h")),
)


def f12_clock(world: World, amount: int) -> Result:
    """Each due time of a day of changed clocks fires once; a clock that is set doubles nothing, catches up once."""
    days = [(zone, day, line) for zone, both in CHANGES.items() for day in both for line in CRONS]
    fires = 0
    for zone, day, line in days[:amount]:
        with pytest.MonkeyPatch.context() as patch:
            fires += one_day(patch, zone, day, line)
    steps = [(slots, step) for slots in SET for step in STEPS]
    for slots, step in steps[:amount]:
        with pytest.MonkeyPatch.context() as patch:
            test_a_clock_that_is_set_never_doubles_a_run_and_is_caught_up_once(patch, slots, step)
    return {"days": len(days[:amount]), "fires": fires, "clocks set": len(steps[:amount])}


def one_day(patch: pytest.MonkeyPatch, zone: str, day: date, line: str) -> int:
    """How often the schedule fired within the day, each time as the rule has it."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    start = midnight.astimezone(UTC) - MINUTE
    end = (midnight + timedelta(days=1)).astimezone(UTC) + MINUTE
    slots = cron(line, zone)
    clock = Clock(patch, start)
    fired: list[datetime] = []
    engine = clock.engine(slots, lambda: fired.append(slots.slot(clock.moment, "s").due_at))
    clock.run_until(engine, end)
    wanted = due_times(line, ZoneInfo(zone), start, end)
    assert fired == wanted, (zone, day, line, fired, wanted)
    return len(fired)


def due_times(line: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """What Debian's cron does, looked up minute by minute of the clock on the wall.

    With `*` in minute or hour that clock counts. A fixed time that comes twice is served the first time; those
    that are skipped are served together, right after the change.
    """
    fields = [numbers(field, top) for field, top in zip(line.split(), (60, 24, 32, 13, 8), strict=True)]
    wild = "*" in line.split()[0] or "*" in line.split()[1]
    due = []
    moment, before = start, start.astimezone(zone).replace(tzinfo=None)
    while (moment := moment + MINUTE) <= end:
        local = moment.astimezone(zone)
        wall = local.replace(tzinfo=None)
        skipped = []
        while not wild and (before := before + MINUTE) < wall:
            skipped.append(before)
        before = wall
        again = local.fold and not wild
        if any(matches(time, fields) for time in skipped) or (matches(wall, fields) and not again):
            due.append(moment)
    return due


def numbers(field: str, top: int) -> set[int]:
    """The values of one field of a crontab line, as far as CRONS use the language."""
    if field.startswith("*"):
        return set(range(0, top, int(field[2:] or 1)))
    return {int(part) for part in field.split(",")}


def matches(wall: datetime, fields: list[set[int]]) -> bool:
    values = (wall.minute, wall.hour, wall.day, wall.month, wall.isoweekday() % 7)
    return all(value in field for value, field in zip(values, fields, strict=True))
