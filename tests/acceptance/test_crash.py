"""Kill -9 of the run and of the embedded server: the next run works at the first try, nothing lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from etl.store import embedded
from etl.store.engine import connect
from tests.acceptance.conftest import environment, result, run_etl
from tests.faults.world import World, write_stories

FILES = 300


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Many articles, no two alike, so that loading them is what takes the time."""
    made = tmp_path / "in"
    made.mkdir()
    write_stories(made, FILES)
    return made


def test_run_and_server_killed_then_run_again(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    environ = environment(ETL_HOME=str(home), ETL_SETTLE="0")
    arguments = ["run", str(folder), "--batch-files", "20", "--workers", "1"]
    with embedded.session(home) as url:  # wait for the first batches through a connection of our own
        run_etl("db", "upgrade", cwd=tmp_path, ETL_HOME=str(home))
        with World(folder, url).halted(2):
            child = subprocess.Popen(
                [sys.executable, "-m", "etl", *arguments], cwd=tmp_path, env=environ, stderr=subprocess.PIPE
            )
            with connect(url) as watching:
                while watching.execute("SELECT coalesce(max(batches), 0) >= 2 FROM runs").fetchone() == (
                    False,
                ):
                    assert child.poll() is None, child.communicate()
            server = embedded.status(home).pid
            assert server is not None
            child.kill()
            os.kill(server, signal.SIGKILL)
        child.communicate()
    again = result(run_etl(*arguments, "--json", cwd=tmp_path, ETL_HOME=str(home), ETL_SETTLE="0"))
    assert again["seen"] == FILES
    assert again["loaded"] + again["unchanged"] == FILES
    assert again["unchanged"] > 0
    with embedded.session(home) as url, connect(url) as connection:
        count = "SELECT count(*) FROM {}"
        for table in ("articles", "sightings", "source_files"):
            assert connection.execute(count.format(table).encode()).fetchone() == (FILES,)
        untold = connection.execute(
            "SELECT count(*) FROM articles AS a WHERE NOT EXISTS"
            " (SELECT FROM incidents AS i WHERE i.article_id = a.id)"
        ).fetchone()
        assert untold == (0,)
        states = connection.execute("SELECT status FROM runs ORDER BY id").fetchall()
    assert states == [("lost",), ("done",)]
