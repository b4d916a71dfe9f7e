"""What a run changes about its process is put back."""

from __future__ import annotations

import gc
from contextlib import suppress

from etl import jobs


def test_garbage_is_collected_as_before_after_a_run_that_was_stopped() -> None:
    before = gc.get_threshold()
    with suppress(jobs.Stopped), jobs.few_collections():
        during = gc.get_threshold(), gc.get_freeze_count() > 0
        raise jobs.Stopped("SIGTERM")
    assert during == ((jobs.YOUNG, *before[1:]), True)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
