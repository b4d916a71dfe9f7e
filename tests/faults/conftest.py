"""A world of its own for every fault test; its seed is printed, and ETL_FAULT_SEED repeats it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults.world import World


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> World:
    seed = int(os.environ.get("ETL_FAULT_SEED") or random.SystemRandom().randrange(2**32))
    print(f"ETL_FAULT_SEED={seed}")
    folder = tmp_path / "in"
    folder.mkdir()
    return World(folder, database_url, random.Random(seed))
