"""`etl status`: the story of the last day in the order in which an operator asks, then what is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from etl.health import Thresholds, is_silent, seconds
from etl.progress import describe
from etl.settings import duration
from etl.show import STATES, local

Record = Mapping[str, Any]
ENDINGS = ("done", "suspect", "failed", "stopped", "lost")  # a run that started ends in one of these


def story(record: Record, limits: Thresholds) -> None:
    """What happens now, what is next, what ran, came in and failed in the last day."""
    day = record["day"]
    if record["last_run"] is None:
        click.echo("no run yet: `etl run PATH`")
    else:
        for heading, lines in (
            ("alarm", iter(record["alarms"])),
            ("now", now(day)),
            ("next", following(day)),
            ("last day", last_day(day)),
            ("trouble", troubles(day)),
            ("came in", came_in(day, limits)),
            ("rejected", rejected(day)),
        ):
            section(heading, lines)


def stock(record: Record) -> None:
    """What is loaded; told last, since counting millions of rows takes seconds."""
    section("loaded", loaded(record))


def section(heading: str, lines: Iterator[str]) -> None:
    """A heading and its lines; nothing for no lines."""
    for line in lines:
        click.echo(f"{heading:<9} {line}")
        heading = ""


def now(day: Record) -> Iterator[str]:
    """The run that is going on, runs that wait, and otherwise the last one."""
    for run in day["current"]:
        if run["status"] == "running":
            yield (
                f"run {run['id']} {run['command']} of {run['owner']} since {clock(day, run['started_at'])},"
                f" seen {describe(run['seen'], run['expected'], rate_of(run))},"
                f" last sign of life {duration(run['silent_s'])} ago"
            )
        else:
            yield f"run {run['id']} waits since {clock(day, run['started_at'])}: {run['error']}"
    last = day["last_ended"]
    if last:
        yield (
            f"{'last ' if day['current'] else 'nothing runs; last '}run {last['id']} {last['command']}:"
            f" {last['status']} at {clock(day, last['ended_at'])} after"
            f" {duration(seconds(last['ended_at'] - last['started_at']))}: "
            + ", ".join(f"{name} {last[name]}" for name, *_ in STATES)
        )
    success = day["last_success"]
    if last and last["status"] != "done":
        yield f"last success {clock(day, success)}" if success else "no success yet"


def rate_of(run: Record) -> float:
    """Files a second since a run began, up to its last sign of life."""
    took = seconds(run["heartbeat_at"] - run["started_at"])
    return run["seen"] / took if took > 0 else 0.0


def following(day: Record) -> Iterator[str]:
    """When each schedule is due next."""
    if not day["schedules"]:
        yield "no schedule is known to this database (cron or systemd may have one: etl schedule is another way)"
    for schedule in day["schedules"]:
        if schedule["replaced"]:
            continue
        wait = seconds(schedule["next_due_at"] - day["now"])
        when = f"in {duration(wait)}" if wait >= 0 else f"{duration(-wait)} ago, not started"
        yield f"{schedule['schedule']}: due {clock(day, schedule['next_due_at'])}, {when}"


def last_day(day: Record) -> Iterator[str]:
    """How many runs there were, how they ended, which were not on time."""
    ends = [f"{day['statuses'][name]} {name}" for name in ENDINGS if name in day["statuses"]]
    yield f"{day['runs']} runs" + (f": {', '.join(ends)}" if ends else "")
    for number, what in (
        (day["statuses"].get("refused", 0), "runs did not start: another one held the lock"),
        (day["missed"], "due times passed without a run"),
        (day["late"], "runs started more than a minute late"),
    ):
        if number:
            yield f"{number} {what}"


def troubles(day: Record) -> Iterator[str]:
    """What did not end well, and why."""
    for run in day["troubles"]:
        yield f"{clock(day, run['started_at'])} run {run['id']} {run['command']} {run['status']}: {run['error']}"


def came_in(day: Record, limits: Thresholds) -> Iterator[str]:
    """What the last day brought, and what each source did."""
    yield (
        f"{day['loaded']} new articles, {day['duplicate']} known contents again, {day['incidents']} incidents written,"
        f" {day['rejected']} files rejected"
    )
    for source in day["sources"]:
        if source["new"]:
            yield f"{source['new']:>6} from {source['path']}, last {clock(day, source['last_news'])}"
        else:
            since = source["last_news"]
            told = (
                f"last {clock(day, since)}" if since else f"none since {clock(day, source['first_looked'])}"
            )
            word = "silent" if is_silent(day, source, limits) else "none"
            yield f"{word:>6} from {source['path']}, {told}"


def rejected(day: Record) -> Iterator[str]:
    """Open rejections by reason."""
    if day["rejections"]:
        reasons = ", ".join(f"{r['open']} {r['reason']} {r['zh']}" for r in day["rejections"])
        yield f"{sum(r['open'] for r in day['rejections'])} open: {reasons} (`etl rejects list`)"


def loaded(record: Record) -> Iterator[str]:
    """What the database holds."""
    yield (
        f"{record['articles']} articles in {record['sightings']} places, {record['incidents']} incidents,"
        f" {record['figures']} figures, {record['agencies']} police units"
    )
    for kind in record["kinds"]:
        yield f"{kind['incidents']:>6}  {kind['code']:<32} {kind['zh']}"


def runs(records: Sequence[Record]) -> None:
    """One line a run, newest first."""
    click.echo(
        f"{'run':>6} {'started':<19} {'command':<9} {'status':<8}" + "".join(f"{s[0]:>11}" for s in STATES)
    )
    for r in records:
        counts = "".join(f"{r[name]:>11}" for name, *_ in STATES)
        error = f"  {r['error']}" if r["error"] else ""
        click.echo(
            f"{r['id']:>6} {local(r['started_at']):<19} {r['command']:<9} {r['status']:<8}{counts}{error}"
        )


def clock(day: Record, instant: datetime) -> str:
    """An instant in Chinese civil time, without the date where that is today's."""
    date, _, time = local(instant).partition(" ")
    return time[:5] if date == local(day["now"]).partition(" ")[0] else f"{date} {time[:5]}"
