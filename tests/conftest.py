"""Shared fixtures: a real PostgreSQL, and a fresh migrated database for every test that asks for one."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.rules import load_rules
from etl.store import embedded, lookups, migrate
from etl.store.engine import Connection, connect

ROOT = Path(__file__).parents[1]
TEMPLATE = "jingqing_test_template"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of which we may create and drop databases: ETL_TEST_DATABASE_URL, or the embedded one."""
    given = os.environ.get("ETL_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with embedded.session(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated database to copy, which is quicker than migrating each."""
    name = f"{TEMPLATE}_{uuid.uuid4().hex[:8]}"
    create(server_url, name)
    url = on_database(server_url, name)
    migrate.upgrade(url)
    with connect(url) as connection:
        lookups.sync(connection, load_rules())
    yield name
    drop(server_url, name)


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of its own for one test, at the newest schema, empty."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create(server_url, name, template)
    yield on_database(server_url, name)
    drop(server_url, name)


@pytest.fixture(scope="session")
def samples_url(server_url: str, template: str) -> Iterator[str]:
    """A database with the sample articles, for tests that only read."""
    create(server_url, "test_samples", template)
    url = on_database(server_url, "test_samples")
    environment = {**os.environ, "ETL_DATABASE_URL": url, "ETL_SETTLE": "0"}
    command = [sys.executable, "-m", "etl", "run", "samples", "--quiet"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    yield url
    drop(server_url, "test_samples")


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database without any table."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    create(server_url, name)
    yield on_database(server_url, name)
    drop(server_url, name)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url) as opened:
        yield opened


@pytest.fixture
def shared() -> Path:
    """The folder of real samples beside the checkout, where there is one."""
    folder = Path(__file__).parents[2] / "shared"
    if not (folder / "seeds").is_dir():
        pytest.skip("no real samples beside this checkout")
    return folder


def on_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_conninfo(url, dbname=name) if "://" not in url else with_path(url, name)


def with_path(url: str, name: str) -> str:
    parameters = {k: str(v) for k, v in conninfo_to_dict(url).items() if v is not None}
    query = "&".join(f"{k}={v}" for k, v in parameters.items() if k != "dbname")
    return f"postgresql:///{name}?{query}"


def create(server: str, name: str, template: str = "template0") -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
