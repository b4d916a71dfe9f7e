"""Due times: of a crontab expression in civil time, or of an interval. All instants are in UTC.

Apart from the scheduler and its imports, since every command checks its settings by this.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from etl.settings import seconds_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
After = Callable[[datetime], datetime]  # the first due time after an instant


def after_cron(expression: str, zone: ZoneInfo) -> After:
    """Due times of a crontab expression in civil time of `zone`. Raises ValueError for a wrong one.

    Where clocks change, as in Debian's cron: a fixed time that is skipped is served right after the
    change, one that comes twice is served the first time; with `*` in the minute or hour the clock on
    the wall counts.

    >>> after = after_cron("0 9 * * 1", ZoneInfo("Asia/Shanghai"))  # Monday is Monday
    >>> after(datetime(2026, 11, 22, tzinfo=UTC)).isoformat()
    '2026-11-23T01:00:00+00:00'
    """

    def after(moment: datetime) -> datetime:
        # Begun within the hour that comes twice, cronsim first gives times that are past.
        times = (t.astimezone(UTC) for t in CronSim(expression, moment.astimezone(zone)))
        return next(t for t in times if t > moment)

    if len(expression.split()) != 5:
        raise ValueError("expected five fields, such as '*/15 * * * *'")
    try:
        after(datetime.now(UTC))
    except (CronSimError, StopIteration) as e:
        raise ValueError(str(e) or "never due") from e
    return after


def after_every(text: str) -> After:
    """Due times at multiples of an interval since 1970, so that restarts do not shift them. Raises ValueError.

    >>> after_every("15m")(datetime(2026, 11, 22, 8, 20, tzinfo=UTC)).isoformat()
    '2026-11-22T08:30:00+00:00'
    """
    step = timedelta(seconds=seconds_of(text))
    if not step:
        raise ValueError("expected more than nothing")
    return lambda moment: EPOCH + ((moment - EPOCH) // step + 1) * step


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as e:
        raise ValueError("no such time zone") from e
