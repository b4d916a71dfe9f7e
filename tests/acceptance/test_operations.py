"""What docs/operations.md says is done as written: the backup drill, the crontab line, units and containers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from etl.cli import COMMANDS, cli
from etl.cli.config import settings_of
from etl.schedule import cron
from etl.store import embedded
from tests.acceptance.conftest import ROOT, Etl, environment
from tests.conftest import create, drop, on_database
from tests.faults.world import World, write_stories

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SCRIPTS = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    """The code blocks of the page."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def checksums(url: str) -> dict[str, tuple[int, str]]:
    """Number of rows and a checksum over all of them, per table."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        query = (
            "SELECT count(*), coalesce(md5(string_agg(r::text, ';' ORDER BY r::text)), '') FROM \"{}\" AS r"
        )
        return {name: connection.execute(query.format(name).encode()).fetchone() for (name,) in names}  # type: ignore[misc]


@pytest.fixture
def programs(database_url: str) -> Path:
    """Folder of pg_dump and pg_restore of the server's own version."""
    with psycopg.connect(database_url) as connection:
        version = connection.info.server_version // 10000
    own = embedded.program("pg_dump")
    said = subprocess.run([own, "--version"], capture_output=True, encoding="utf-8", check=True).stdout
    if re.search(rf"\b{version}\.", said):
        return own.parent
    installed = Path(f"/usr/lib/postgresql/{version}/bin")
    if not (installed / "pg_dump").exists():
        pytest.skip(f"no pg_dump of PostgreSQL {version} here")
    return installed


@pytest.fixture
def restored_url(server_url: str) -> Iterator[str]:
    name = f"restored_{os.getpid()}"
    create(server_url, name)
    yield on_database(server_url, name)
    drop(server_url, name)


def test_the_backup_drill(database_url: str, restored_url: str, programs: Path, tmp_path: Path) -> None:
    world = World(tmp_path / "news", database_url)
    write_stories(world.folder, 20)
    (world.folder / "bad.txt").write_bytes(b"")
    code, said = world.run()
    assert code == 0, said
    save, restore, carry_on = blocks("sh")[-3:]
    commands = {
        **environment(ETL_DATABASE_URL=database_url, ETL_SETTLE="0"),
        "PATH": os.pathsep.join([str(programs), str(SCRIPTS), os.environ["PATH"]]),
        "BACKUP": str(tmp_path / "jingqing.dump"),
        "RESTORED_URL": restored_url,
    }

    def perform(block: str) -> str:
        script = block.replace("/srv/news", str(world.folder))
        done = subprocess.run(
            ["sh", "-euc", script], env=commands, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    perform(save)
    before = checksums(database_url)
    perform(restore)
    assert checksums(restored_url) == before
    assert before["articles"][0] == 20
    assert '"unchanged": 21' in (said := perform(carry_on)), said
    after = checksums(restored_url)
    assert {name for name in after if after[name] != before[name]} == {"runs"}


def test_the_crontab_line_works_with_what_cron_gives(etl: Etl, tmp_path: Path, database_url: str) -> None:
    [line] = [block.strip() for block in blocks("text")]
    *fields, user, program = line.split(None, 6)
    cron(" ".join(fields), "Asia/Shanghai")
    assert user == "etl"
    write_stories(tmp_path / "news", 2)
    command = program.replace("/opt/jingqing/bin/etl", str(SCRIPTS / "etl"))
    command = command.replace("/srv/news", str(tmp_path / "news"))
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "ETL_DATABASE_URL": database_url},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")  # else cron sends a mail every time
    assert '"articles": 2' in etl("status", "--json").stdout


def test_the_settings_file_has_only_settings() -> None:
    [text] = blocks("toml")
    assert set(tomllib.loads(text)) <= set(settings_of(cli))


def test_the_alarms_of_the_page_are_those_of_the_command(etl: Etl) -> None:
    told = set(re.findall(r"`(--alarm-[a-z-]+)", TEXT))
    assert told == set(re.findall(r"--alarm-[a-z-]+", etl("status", "--help").stdout))


@pytest.mark.parametrize("unit", ["jingqing.service", "jingqing-run.service", "jingqing-run.timer"])
def test_units_are_what_systemd_expects(unit: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for file in (ROOT / "ops").glob("jingqing*.[st]*"):
        text = file.read_text(encoding="utf-8").replace("/opt/jingqing/bin/etl", str(SCRIPTS / "etl"))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / unit)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "jingqing" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_units_and_crontab_use_commands_that_exist() -> None:
    for text in [TEXT, *(file.read_text(encoding="utf-8") for file in (ROOT / "ops").glob("*.service"))]:
        for name in re.findall(r"bin/etl (\w+)", text):
            assert name in COMMANDS


def test_the_compose_file_follows_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "docker-compose.yml")], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_clean() -> None:
    hadolint = SCRIPTS / "hadolint"
    if not hadolint.exists():
        pytest.skip("no hadolint for this machine")
    done = subprocess.run(
        [hadolint, str(ROOT / "Dockerfile")], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
