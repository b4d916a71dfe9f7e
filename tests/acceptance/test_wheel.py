"""The built wheel is complete: rules and migrations inside, working from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.acceptance.conftest import ROOT, environment


def test_wheel_runs_without_the_checkout(empty_database_url: str, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert (site / "etl" / "store" / "migrations" / "env.py").exists()
    where = "import etl, sys; sys.stdout.write(etl.__file__)"
    env = environment(PYTHONPATH=str(site), ETL_DATABASE_URL=empty_database_url, ETL_SETTLE="0")
    found = subprocess.run(
        [sys.executable, "-c", where], env=env, cwd=tmp_path, capture_output=True, check=True
    )
    assert found.stdout.decode().startswith(str(site))
    sample = ROOT / "samples" / "damaged" / "lost-wallet.txt"
    done = subprocess.run(
        [sys.executable, "-m", "etl", "run", str(sample)],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"1 files seen" in done.stdout
