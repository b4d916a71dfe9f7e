"""A password reaches no message, however badly its URL is written."""

from __future__ import annotations

import subprocess
import sys

import pytest

from etl.errors import ConfigError
from etl.store.engine import hide_password, parameters_of, where
from tests.faults.world import environment

MISWRITTEN = (
    "postgresql://u:Plant@edPw99@127.0.0.1:1/db",
    "postgresql://u:Plant/edPw99@127.0.0.1:1/db",
    "postgresql://u:12/edPw99@127.0.0.1:1/db",
    "postgresql://u:x@y:edPw99@127.0.0.1:1/db",
    "postgresql://u:edPw99@@127.0.0.1:1/db",
    "postgresql://u:x@%2FedPw99@127.0.0.1:1/db",
    "postgresql://u:x@/edPw99@127.0.0.1:1/db",
    "dbname=postgresql://u:edPw99@127.0.0.1:1/db",
    "host=127.0.0.1 port=edPw99",
)


@pytest.mark.parametrize("url", MISWRITTEN)
def test_a_miswritten_url_is_refused_and_quoted_nowhere(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parameters_of(url)
    assert "edPw99" not in str(refused.value)
    assert hide_password(url) == "***"


@pytest.mark.parametrize("command", [["status"], ["config"]])
@pytest.mark.parametrize("url", MISWRITTEN[:2])
def test_commands_print_no_piece_of_it(url: str, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "etl", *command],
        env=environment(ETL_DATABASE_URL=url),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == (0 if command == ["config"] else 2)
    assert len(done.stderr.splitlines()) == (0 if command == ["config"] else 1)
    assert "edPw99" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://u:p%40%2F@db.example.org:1/n", "database 'n' on db.example.org:1"),
        ("postgresql://u@[::1]:1/n", "database 'n' on ::1:1"),
        ("postgresql://u@a:1,b:2/n", "database 'n' on a,b:1,2"),
        ("postgresql:///n?host=/run/a@c:d", "database 'n' on /run/a@c:d"),
        ("postgresql://u@%2Frun%2Fpostgresql/n", "database 'n' on /run/postgresql"),
        ("host=fe80::1%eth0 dbname=n", "database 'n' on fe80::1%eth0"),
    ],
)
def test_a_well_written_url_is_read(url: str, place: str) -> None:
    assert where(parameters_of(url)) == place


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://u:edPw99@h/d", "postgresql+psycopg://u:***@h/d"),
        ("postgresql://u:ed?Pw99@h/d?sslmode=require", "postgresql://u:***@h/d?sslmode=require"),
        ("postgresql://u@h/d?password=edPw99&port=1", "postgresql://u@h/d?password=***&port=1"),
        ("postgresql://u@h/d?pass%77ord=edPw99", "postgresql://u@h/d?pass%77ord=***"),
        ("postgresql://u@h/d?sslpassword=edPw99", "postgresql://u@h/d?sslpassword=***"),
        ("host=h password = edPw99 user=u", "host=h password=*** user=u"),
        (r"host=h password='ed \'Pw99' user=u", "host=h password=*** user=u"),
        ("password=ed@Pw@99 host=h", "password=*** host=h"),
        ("password = 'a://edPw99' host=h", "password=*** host=h"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
    ],
)
def test_secrets_are_starred(url: str, shown: str) -> None:
    parts = hide_password(url)
    assert sorted(parts.split(" ")) == sorted(shown.split(" "))
