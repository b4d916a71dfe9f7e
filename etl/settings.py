"""Settings, frozen. The command line fills them: `etl.toml`, then `ETL_*` variables, then flags, the last wins.

Nothing is created on import, and no settings layer of our own stands between click and this class.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

DURATION_RE = re.compile(r"(\d{1,6})(s|m|h|d)")  # 15m
UNIT_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def seconds_of(text: str) -> int:
    """A duration as a person writes it, in seconds. Raises ValueError.

    >>> seconds_of("15m")
    900
    """
    match = DURATION_RE.fullmatch(text)
    if not match:
        raise ValueError("expected a number and s, m, h or d, such as 15m")
    return int(match[1]) * UNIT_S[match[2]]


def duration(seconds: float) -> str:
    """Seconds in the unit a person would take, rounded down.

    >>> duration(90), duration(7300), duration(300_000)
    ('90 s', '2 h', '3 d')
    """
    unit = next((u for u in UNIT_S if seconds >= 2 * UNIT_S[u]), "s")
    names = {"d": "d", "h": "h", "m": "min", "s": "s"}
    return f"{int(seconds // UNIT_S[unit])} {names[unit]}"


def default_workers() -> int:
    """One worker a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run depends on but its input. Sizes in bytes, times in seconds.

    `database_url` None means the embedded server under `home`. `settle_s`: a file younger than this is looked at
    again at the end of the pass. `batch_files` and `batch_bytes` are what one transaction loads at most; three
    batches are in memory at a time. A run that sees less than `min_seen_share` of what is usual, or rejects more
    than `max_reject_share` of the files with something to do, ends as suspect. `dask` is the address of a cluster
    that computes instead of `workers`. `json_fields` are `field=key`: where JSON Lines hold what. `metrics_file`
    is written after every run.
    """

    database_url: str | None = field(default=None, repr=False)
    home: Path | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    workers: int = field(default_factory=default_workers)
    dask: str | None = None
    batch_files: int = 500
    batch_bytes: int = 32 << 20
    settle_s: float = 2.0
    max_file_bytes: int = 20 << 20
    max_member_bytes: int = 50 << 20
    max_archive_bytes: int = 1 << 30
    max_archive_ratio: int = 200
    max_archive_members: int = 10_000
    max_archive_depth: int = 2
    json_fields: tuple[str, ...] = ()
    document_timeout_s: float = 10.0
    worker_memory_bytes: int = 1 << 30
    fail_on_reject: bool = False
    min_seen_share: float = 0.5
    max_reject_share: float = 1.0
    metrics_file: Path | None = None
