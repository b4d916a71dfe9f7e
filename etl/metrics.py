"""The figures of the runs as a Prometheus textfile, for node_exporter's textfile collector.

Everything is asked of the database, so a counter survives restarts and it does not matter which process
wrote the file last. It is written aside and renamed, so no reader sees half of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from etl import __version__
from etl.health import reject_share
from etl.store import health
from etl.store.engine import Connection
from etl.store.floors import FILES_NEEDED

STATES = ("loaded", "duplicate", "unchanged", "rejected", "skipped")
STATUSES = ("done", "suspect", "failed", "stopped", "lost", "refused")


def write(path: Path, connection: Connection) -> None:
    """Write the file. Raises OSError if that can't be done."""
    registry = CollectorRegistry()
    registry.register(Figures(health.day(connection), health.sums_of_all_runs(connection)))
    write_to_textfile(str(path), registry)


class Figures(Collector):
    """What `health` tells, as metrics named by Prometheus' conventions: base units, `_total` for counters."""

    def __init__(self, day: Mapping[str, Any], sums: Mapping[str, Any]) -> None:
        self.day = day
        self.sums = sums

    def collect(self) -> Iterator[Metric]:
        yield labelled(
            GaugeMetricFamily, "jingqing_build_info", "Version of the program.", "version", {__version__: 1}
        )
        yield from self.since_ever()
        yield from self.last_run()
        yield from self.outlook()

    def since_ever(self) -> Iterator[Metric]:
        runs = {status: self.sums["runs"].get(status, 0) for status in STATUSES}
        yield labelled(CounterMetricFamily, "jingqing_runs", "Runs that ended, by status.", "status", runs)
        leaves = {state: self.sums[state] for state in STATES}
        yield labelled(CounterMetricFamily, "jingqing_leaves", "Leaves that runs saw, by what came of them.", "state",
                       leaves)  # fmt: skip
        yield CounterMetricFamily(
            "jingqing_missed_slots", "Due times without a run.", value=self.sums["missed"]
        )

    def last_run(self) -> Iterator[Metric]:
        last = self.day["last_ended"]
        if last is None:
            return
        yield labelled(GaugeMetricFamily, "jingqing_last_run_status", "1 for how the last loading run ended.", "status",
                       {status: int(status == last["status"]) for status in STATUSES[:-1]})  # fmt: skip
        yield gauge(
            "last_run_end_timestamp_seconds", "When the last loading run ended.", last["ended_at"].timestamp()
        )
        taken = (last["ended_at"] - last["started_at"]).total_seconds()
        yield gauge("last_run_duration_seconds", "How long the last loading run took.", taken)
        yield labelled(GaugeMetricFamily, "jingqing_last_run_leaves", "Leaves that the last loading run saw.", "state",
                       {state: last[state] for state in STATES})  # fmt: skip

    def outlook(self) -> Iterator[Metric]:
        if self.day["last_success"]:
            yield gauge("last_success_timestamp_seconds", "When a loading run last ended well.",
                        self.day["last_success"].timestamp())  # fmt: skip
        yield labelled(GaugeMetricFamily, "jingqing_next_due_timestamp_seconds", "When a schedule is due next.",
                       "schedule", {s["schedule"]: s["next_due_at"].timestamp() for s in self.day["schedules"]
                                    if not s["replaced"]})  # fmt: skip
        yield labelled(GaugeMetricFamily, "jingqing_source_last_news_timestamp_seconds",
                       "When a source last brought something new, or was first looked at.", "source",
                       {s["path"]: (s["last_news"] or s["first_looked"]).timestamp()
                        for s in self.day["sources"]})  # fmt: skip
        yield labelled(GaugeMetricFamily, "jingqing_open_rejections", "Leaves that can't be loaded at present.",
                       "reason", {r["reason"]: r["open"] for r in self.day["rejections"]})  # fmt: skip
        yield gauge("day_rejected_ratio", "Share of the last day's new or changed files that were rejected; 0 if they"
                    f" were fewer than {FILES_NEEDED}.", reject_share(self.day))  # fmt: skip


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"jingqing_{name}", text, value=value)


def labelled(
    family: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    text: str,
    label: str,
    values: Mapping[str, float],
) -> Metric:
    """A metric with one label and a value for each of its words."""
    metric = family(name, text, labels=[label])
    for word, value in values.items():
        metric.add_metric([word], value)
    return metric
