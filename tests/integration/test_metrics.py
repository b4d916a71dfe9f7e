"""The textfile and the rules over it, checked by Prometheus' own tool where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from etl import metrics
from etl.store import runs
from etl.store.engine import Connection

OPS = Path(__file__).parents[2] / "ops"


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


@pytest.fixture
def textfile(connection: Connection, tmp_path: Path) -> Path:
    run = runs.start(connection, "run", "rules", None, ["/in/甲", '/in/"b"'])
    runs.fence(connection, run, runs.Counts(loaded=3, rejected=1, unchanged=6))
    runs.finish(connection, run, "done")
    path = tmp_path / "jingqing.prom"
    metrics.write(path, connection)
    return path


def check(*command: str, text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_textfile_tells_the_run(textfile: Path) -> None:
    text = textfile.read_text(encoding="utf-8")
    assert 'jingqing_last_run_leaves{state="loaded"} 3.0' in text
    assert 'jingqing_runs_total{status="done"} 1.0' in text
    assert 'jingqing_last_run_status{status="done"} 1.0' in text
    assert r'source="/in/\"b\""' in text
    assert [p.name for p in textfile.parent.iterdir()] == [textfile.name]  # nothing half-written is left


def test_the_textfile_is_replaced_whole(textfile: Path, connection: Connection) -> None:
    before = textfile.open(encoding="utf-8")
    with before:
        metrics.write(textfile, connection)
        assert before.read().endswith("\n")  # whoever reads the old one reads all of it
    assert textfile.stat().st_mode & 0o044 == 0o044


def test_the_textfile_passes_promtool(textfile: Path, promtool: str) -> None:
    assert check(promtool, "check", "metrics", text=textfile.read_text(encoding="utf-8")) == ""


def test_the_rules_pass_promtool(promtool: str) -> None:
    assert check(promtool, "check", "rules", str(OPS / "jingqing.rules.yml")) == ""
    assert check(promtool, "test", "rules", str(OPS / "jingqing.rules.test.yml")) == ""


def test_the_rules_ask_only_for_what_the_textfile_has(textfile: Path) -> None:
    asked = set(re.findall(r"jingqing_\w+", (OPS / "jingqing.rules.yml").read_text(encoding="utf-8")))
    told = set(re.findall(r"^# TYPE (\w+)", textfile.read_text(encoding="utf-8"), re.MULTILINE))
    assert asked <= told
