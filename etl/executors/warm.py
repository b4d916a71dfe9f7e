"""What the server that forks workers has in memory before it forks one: stages, rules, and what tasks travel in."""

from __future__ import annotations

import concurrent.futures.process
import contextlib
import gc

from etl.errors import EtlError
from etl.executors import local, work

__all__ = ["concurrent", "local", "work"]
with contextlib.suppress(EtlError):  # a worker will say so
    work.warm_up()
gc.freeze()
