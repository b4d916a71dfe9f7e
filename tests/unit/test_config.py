"""`etl config` tells every setting in force and where it came from, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from etl import pid1, schedule
from etl.cli import cli, with_variable
from etl.cli.config import settings_of
from etl.errors import ConfigError


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


def config_fails(text: str, folder: Path) -> str:
    """What `etl config` says to a settings file that is wrong."""
    (folder / "etl.toml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli, ["config"], standalone_mode=False)
    assert isinstance(result.exception, ConfigError)
    return str(result.exception)


@pytest.mark.parametrize(
    ("key", "value"),
    [("cron", "61 * * * *"), ("cron", ""), ("timezone", "Asia/Peking"), ("every", "15"), ("every", "0m")],
)
def test_mistakes_in_due_times_are_named_with_file_and_key(folder: Path, key: str, value: str) -> None:
    assert config_fails(f'{key} = "{value}"', folder).startswith(f"etl.toml: {key}: {value!r}: ")


def test_two_sorts_of_due_times_in_one_place_are_a_mistake(folder: Path) -> None:
    assert "not both" in config_fails('cron = "*/5 * * * *"\nevery = "5m"', folder)


@pytest.mark.parametrize(
    ("file", "environ", "arguments", "holds"),
    [
        ('cron = "*/5 * * * *"', {}, ("--every", "5s"), "every"),
        ('every = "5m"', {}, ("--cron", "*/5 * * * *"), "cron"),
        ('cron = "*/5 * * * *"', {"ETL_EVERY": "5m"}, (), "every"),
        ("", {"ETL_EVERY": "5m"}, ("--cron", "*/5 * * * *"), "cron"),
    ],
)
def test_due_times_from_the_stronger_place_hold(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    environ: dict[str, str],
    arguments: tuple[str, ...],
    holds: str,
) -> None:
    (folder / "etl.toml").write_text(file, encoding="utf-8")
    told = effective(*arguments, **environ)
    assert told[holds]["value"]
    assert told["every" if holds == "cron" else "cron"]["value"] is None
    served: list[str] = []
    monkeypatch.setattr(pid1, "take_over", lambda: None)
    monkeypatch.setattr(schedule, "serve", lambda paths, settings, slots: served.append(slots.name) or 15)
    result = CliRunner().invoke(cli, ["schedule", "inbox", *arguments], env=environ)
    assert result.exit_code == 128 + 15, result.output
    assert [name.split()[0] for name in served] == [holds]
