"""Logs: one line a thing, on stderr, for people or as JSON. No article text, no secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

LOG = logging.getLogger("etl")


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time, level, message, and the fields given as `extra={"fields": ...}`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up(verbosity: int, style: str) -> None:
    """Send log lines to stderr. `verbosity`: -1 errors only, 0 warnings, 1 progress, 2 everything."""
    level = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    handler = logging.StreamHandler()
    human = logging.Formatter("%(levelname)s %(message)s")
    handler.setFormatter(JsonLines() if style == "json" else human)
    LOG.handlers[:] = [handler]
    LOG.setLevel(level)
    LOG.propagate = False
