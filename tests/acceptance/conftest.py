"""The command as a process, as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Etl = Callable[..., subprocess.CompletedProcess[str]]


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would steer the command."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ETL_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **more}


def run_etl(
    *arguments: str, cwd: Path, timeout: float = 120, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "etl", *arguments],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def etl(tmp_path: Path, database_url: str) -> Etl:
    """Run `etl` on a fresh database, in a folder of its own."""

    def call(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return run_etl(*arguments, cwd=tmp_path, ETL_DATABASE_URL=database_url, ETL_SETTLE="0", **more)

    return call


def result(done: subprocess.CompletedProcess[str]) -> Any:
    """What a command that went well said with --json."""
    assert done.returncode == 0, done.stderr
    value: Any = json.loads(done.stdout)
    return value
