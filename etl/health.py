"""When to call a person: the alarms of `etl status --check`, from what the runs say and a few thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from etl.settings import duration
from etl.store.floors import FILES_NEEDED

ONE_OFF = ("backfill", "reextract", "link")  # long jobs that a person started: due runs wait for them


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Beyond which an alarm is raised; seconds, and a share from 0 to 1. `silent_s` 0 never asks for silence.

    `age_s`: since the last success. `late_s`: since a due time that nobody served. `reject_share`: of the
    last day's new or changed files. `silent_s`: since a source brought something new. `heartbeat_s`: since
    the sign of life of a run that is going on.
    """

    age_s: float = 26 * 3600
    late_s: float = 600
    reject_share: float = 0.2
    silent_s: float = 3 * 86400
    heartbeat_s: float = 60


def alarms(day: Mapping[str, Any], limits: Thresholds) -> list[str]:
    """What is wrong, a line each, the most urgent first; nothing of it while a healthy one-off job holds the lock."""
    busy = any(r["status"] == "running" and r["command"] in ONE_OFF and r["silent_s"] <= limits.heartbeat_s
               for r in day["current"])  # fmt: skip
    found = [*frozen(day, limits)]
    if not busy:
        found += [*overdue(day, limits), *too_old(day, limits), *silent(day, limits)]
    return [*found, *doubtful(day, limits)]


def frozen(day: Mapping[str, Any], limits: Thresholds) -> Iterator[str]:
    for run in day["current"]:
        if run["status"] == "running" and run["silent_s"] > limits.heartbeat_s:
            yield f"run {run['id']} gave its last sign of life {duration(run['silent_s'])} ago"


def overdue(day: Mapping[str, Any], limits: Thresholds) -> Iterator[str]:
    running = {r["schedule"] for r in day["current"] if r["status"] == "running"}
    for schedule in day["schedules"]:
        late_s = seconds(day["now"] - schedule["next_due_at"])
        if late_s > limits.late_s and schedule["schedule"] not in running and not schedule["replaced"]:
            yield f"{schedule['schedule']!r} was due {duration(late_s)} ago and did not run"


def too_old(day: Mapping[str, Any], limits: Thresholds) -> Iterator[str]:
    last: datetime | None = day["last_success"]
    if last is None:
        yield "no run has succeeded yet"
    elif seconds(day["now"] - last) > limits.age_s:
        yield f"the last success was {duration(seconds(day['now'] - last))} ago"


def silent(day: Mapping[str, Any], limits: Thresholds) -> Iterator[str]:
    for source in day["sources"]:
        if is_silent(day, source, limits):
            yield f"nothing new from {source['path']} for {silence(day, source)}"


def is_silent(day: Mapping[str, Any], source: Mapping[str, Any], limits: Thresholds) -> bool:
    """Whether a source has brought nothing new for too long, or ever since it has been looked at."""
    since = source["last_news"] or source["first_looked"]
    return bool(limits.silent_s) and seconds(day["now"] - since) > limits.silent_s


def silence(day: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """How long a source has been silent; runs of the last month are asked."""
    if source["last_news"]:
        return duration(seconds(day["now"] - source["last_news"]))
    return f"at least {duration(seconds(day['now'] - source['first_looked']))}"


def doubtful(day: Mapping[str, Any], limits: Thresholds) -> Iterator[str]:
    if reject_share(day) > limits.reject_share:
        yield f"{day['rejected']} of {handled(day)} new or changed files were rejected in the last day"
    yield from ended_badly(day)


def handled(day: Mapping[str, Any]) -> int:
    """How many files of the last day were new or changed."""
    return int(day["loaded"] + day["duplicate"] + day["rejected"])


def reject_share(day: Mapping[str, Any]) -> float:
    """The share of them that was rejected; 0 where they are too few for a share to say anything."""
    return day["rejected"] / handled(day) if handled(day) >= FILES_NEEDED else 0.0


def ended_badly(day: Mapping[str, Any]) -> Iterator[str]:
    """The last loading run, if suspect or failed, and the last of each schedule, if failed: each run once."""
    last = day["last_ended"]
    if last and last["status"] == "suspect":
        yield f"run {last['id']} is suspect: {last['error']}"
    failed = {last["id"]: last["error"]} if last and last["status"] == "failed" else {}
    failed |= {s["ended_id"]: s["ended_why"] for s in day["schedules"]
               if s["ended_as"] == "failed" and not s["replaced"]}  # fmt: skip
    for number, error in failed.items():
        yield f"run {number} failed: {error}"


def seconds(span: timedelta) -> float:
    return span.total_seconds()
