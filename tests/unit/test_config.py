"""`etl config` tells every setting in force and where it came from, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from etl.cli import cli, with_variable
from etl.cli.config import settings_of


def effective(*arguments: str, **environ: str) -> dict[str, dict[str, object]]:
    result = CliRunner().invoke(cli, ["config", "--json", *arguments], env=environ, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, dict[str, object]] = json.loads(result.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_strength_is_named(folder: Path) -> None:
    (folder / "etl.toml").write_text('workers = 3\nbatch_files = 7\nalarm_age = "2h"\n', encoding="utf-8")
    told = effective("--settle", "1", ETL_BATCH_FILES="9")
    assert told["workers"] == {"value": 3, "from": "etl.toml"}
    assert told["batch_files"] == {"value": 9, "from": "ETL_BATCH_FILES"}
    assert told["settle"] == {"value": 1, "from": "flag"}
    assert told["alarm_age"] == {"value": 7200, "from": "etl.toml"}
    assert told["max_file_bytes"] == {"value": 20 << 20, "from": "default"}


def test_every_setting_is_told(folder: Path) -> None:
    assert set(settings_of(cli)) == set(effective())


def test_passwords_are_hidden(folder: Path) -> None:
    url = "postgresql://etl:s3cret@db.example/news?password=s3cret"
    told = json.dumps(effective(ETL_DATABASE_URL=url))
    assert "s3cret" not in told
    assert "db.example" in told


def test_a_variable_that_is_no_setting_is_named(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["config"], env={"ETL_WROKERS": "2"})
    assert result.exit_code == 0
    assert "ETL_WROKERS: no such setting" in result.stderr
    assert "ETL_WROKERS" not in result.stdout


def test_a_mistake_in_a_variable_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_WORKERS", "many")
    result = CliRunner().invoke(cli, ["config"], standalone_mode=False)
    assert result.exception is not None
    assert "(from ETL_WORKERS)" in str(with_variable(result.exception))  # type: ignore[arg-type]
