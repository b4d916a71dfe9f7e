"""Logs: one line a thing, on stderr, for people or as JSON, with the run it is about. No article text, no secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from etl.personal import starred

LOG = logging.getLogger("etl")


class Lines(logging.Filter):
    """Gives every record the number of the run that is going on in this process; there is at most one."""

    def __init__(self) -> None:
        super().__init__()
        self.run: int | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        record.run = self.run
        record.of_run = f" run {self.run}" if self.run is not None else ""
        return True


LINES = Lines()


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time, level, run, message, and the fields given as `extra={"fields": ...}`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "run": getattr(record, "run", None),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return starred(json.dumps(line, ensure_ascii=False, default=str))


class PlainLines(logging.Formatter):
    """Each record as a line for people; personal numbers, as in names of files, are starred."""

    def format(self, record: logging.LogRecord) -> str:
        return starred(super().format(record))


@contextmanager
def of_run(number: int) -> Iterator[None]:
    """Lines logged within the context carry this run's number."""
    LINES.run = number
    try:
        yield
    finally:
        LINES.run = None


def set_up(verbosity: int, style: str) -> None:
    """Send log lines to stderr. `verbosity`: -1 errors only, 0 warnings, 1 progress, 2 everything."""
    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    handler = logging.StreamHandler()
    human = PlainLines("%(asctime)s %(levelname)s%(of_run)s %(message)s", "%H:%M:%S")
    handler.addFilter(LINES)
    handler.setFormatter(JsonLines() if style == "json" else human)
    LOG.handlers[:] = [handler]
    LOG.setLevel(level)
    LOG.propagate = False
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # what matters of it is said in our own lines
