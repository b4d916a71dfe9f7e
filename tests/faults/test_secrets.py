"""Roles with no more rights than they need; nothing secret or personal outside `articles`."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from etl.settings import Settings
from etl.store.engine import Connection
from tests.faults.world import World, environment, story, write_stories

PASSWORD = "geheim-Passw0rt%2F"
IDENTITY = "110101199003078515"  # invented, in the form of an identity-card number


def etl(world: World, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "etl", *arguments],
        env=environment(ETL_DATABASE_URL=world.url, **environ),
        cwd=world.folder.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def role(connection: Connection) -> Iterator[str]:
    name = f"role_{secrets.token_hex(4)}"
    connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'".encode())
    yield name
    connection.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER".encode())
    connection.execute(f"DROP OWNED BY {name}".encode())
    connection.execute(f"DROP ROLE {name}".encode())


def as_role(world: World, role: str) -> World:
    parameters = {k: str(v) for k, v in conninfo_to_dict(world.url).items() if v is not None}
    query = "&".join(f"{k}={v}" for k, v in parameters.items() if k not in ("dbname", "user", "password"))
    url = f"postgresql:///{parameters['dbname']}?{query}&user={role}&password=geheim-Passw0rt%252F"
    return World(world.folder, url, world.random)


def test_a_reader_reads_and_nothing_else(world: World, role: str, connection: Connection) -> None:
    write_stories(world.folder, 3)
    assert world.run()[0] == 0
    assert etl(world, "db", "grant", "reader", role).returncode == 0
    connection.execute("CREATE TABLE made_later (x int)")
    reader = as_role(world, role)
    assert reader.sql("SELECT count(*) FROM articles") == [(3,)]
    assert reader.sql("SELECT count(*) FROM made_later") == [(0,)]
    assert etl(reader, "status").returncode == 0
    for statement in (
        "DELETE FROM articles",
        "UPDATE runs SET status = 'done'",
        "INSERT INTO polarities (code, zh, en) VALUES ('x', 'x', 'x')",
        "CREATE TABLE mine (x int)",
        "TRUNCATE articles",
        "SELECT nextval('articles_id_seq')",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            reader.sql(statement)
    code, said = reader.run()
    assert (code, len(said.splitlines())) == (1, 1)
    assert "permission denied" in said


def test_a_writer_loads_and_can_neither_migrate_nor_forget(world: World, role: str) -> None:
    assert etl(world, "db", "upgrade").returncode == 0
    assert etl(world, "db", "grant", "writer", role).returncode == 0
    writer = as_role(world, role)
    write_stories(world.folder, 3)
    code, said = writer.run()
    assert code == 0, said
    (world.folder / "000" / "000000.txt").write_text(story(7), encoding="utf-8")
    assert writer.run()[0] == 0
    assert world.sql("SELECT count(*) FROM articles") == [(4,)]
    for statement in (
        "DELETE FROM articles",
        "DELETE FROM runs",
        "UPDATE changes SET operation = 'update'",
        "TRUNCATE articles",
        "DROP TABLE articles",
        "UPDATE alembic_version SET version_num = '9'",
        "CREATE TABLE mine (x int)",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            writer.sql(statement)


def test_an_owner_owns_every_table(world: World, role: str) -> None:
    assert etl(world, "db", "upgrade").returncode == 0
    shown = etl(world, "db", "grant", "owner", role, "--show")
    assert "OWNER TO" in shown.stdout
    assert etl(world, "db", "grant", "owner", role, "--json").returncode == 0
    foreign = (
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
    )
    assert world.sql(foreign + " AND relowner <> %s::regrole", role) == [(0,)]
    owner = as_role(world, role)
    assert etl(owner, "db", "upgrade").returncode == 0
    with psycopg.connect(owner.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE articles ADD COLUMN later int")


def test_a_role_that_is_not_there(world: World) -> None:
    done = etl(world, "db", "grant", "reader", "nobody_of_that_name")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "CREATE ROLE" in done.stderr


# ---------------------------------------------------------------- nothing secret anywhere


def test_secrets_stay_where_they_belong(
    world: World, role: str, connection: Connection, tmp_path: Path
) -> None:
    assert etl(world, "db", "upgrade").returncode == 0
    assert etl(world, "db", "grant", "writer", role).returncode == 0
    writer = as_role(world, role)
    write_stories(world.folder, 2)
    personal = story(9).replace("周女士", f"周女士（身份证号{IDENTITY}）")
    personal = personal.replace("失主找回背包", f"失主{IDENTITY}找回背包")
    fields = f"url: http://a.example/{IDENTITY}.html\nsource: 柳河晚报{IDENTITY}\nauthor: {IDENTITY}"
    (world.folder / "fields.md").write_text(f"---\n{fields}\n---\n{story(11)}", encoding="utf-8")
    (world.folder / "personal.txt").write_text(personal, encoding="utf-8")
    (world.folder / "torn.txt").write_bytes(personal.encode() + b"\xff\xfe" * 200)
    (world.folder / "binary.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + personal.encode())
    (world.folder / "deep.txt").write_text(
        f"---\ntitle: &a {IDENTITY}\nx: *a\n---\n{personal}", encoding="utf-8"
    )
    said = []
    for arguments in (
        ("run", str(world.folder), "--settle", "0", "-vv"),
        ("run", str(world.folder), "--settle", "0", "-vv", "--log-format", "json", "--json"),
        ("rejects", "list", "--json"),
        ("rejects", "retry", "-vv"),
        ("status", "--runs"),
        ("db", "check", "-vv"),
        ("report", "-o", str(tmp_path / "report.html")),
    ):
        done = etl(writer, *arguments)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout + done.stderr)
    # Failures of every kind: a wrong password, a server that is not there, a refused row.
    wrong = writer.url.replace(role, role + "_x")
    for url in (
        wrong,
        wrong.replace("%252F", "%zz"),
        f"postgresql://u:{PASSWORD}@127.0.0.1:1/x",
        "postgres:/" + PASSWORD,
    ):
        done = etl(World(world.folder, url), "run", str(world.folder), ETL_DEBUG="")
        assert done.returncode in (1, 2), done.stderr
        assert len(done.stderr.splitlines()) == 1
        said.append(done.stdout + done.stderr)
    connection.execute("ALTER TABLE articles ADD CONSTRAINT no_new CHECK (id < 0) NOT VALID")
    (world.folder / "refused.txt").write_text(personal.replace("编号9号", "编号10号"), encoding="utf-8")
    said.append(etl(writer, "run", str(world.folder), "--settle", "0", "-vv").stderr)
    said.append(repr(Settings(database_url=writer.url)))
    said.append(json.dumps(world.sql("SELECT to_jsonb(r) FROM rejections AS r"), default=str))
    said.append(json.dumps(world.sql("SELECT to_jsonb(r) FROM runs AS r"), default=str))
    page = tmp_path / "report.html"
    said.append(page.read_text(encoding="utf-8"))
    assert "失主110101************找回背包" in said[-1]
    page.unlink()
    everything = "\n".join(said)
    assert "bad_value" in everything
    assert PASSWORD not in everything
    assert "geheim" not in everything
    assert IDENTITY not in everything
    bodies = world.sql("SELECT count(*) FROM articles WHERE body LIKE %s", f"%{IDENTITY}%")
    assert bodies == [(1,)]
    with psycopg.connect(world.url) as reading:
        for (table,) in reading.execute("SELECT relname FROM pg_stat_user_tables").fetchall():
            count = f"SELECT count(*) FROM {table} AS t WHERE to_jsonb(t)::text LIKE %s"
            [(found,)] = reading.execute(count.encode(), (f"%{IDENTITY}%",)).fetchall()
            assert found == 0 or table == "articles", table
    for file in tmp_path.rglob("*"):  # nothing was left on disk but what the test wrote
        assert world.folder in file.parents or file == world.folder or "home" in file.parts, file


def test_the_server_log_and_activity_show_no_article(world: World) -> None:
    """Rows travel by COPY and as parameters: the statements that the server lists hold none of them."""
    write_stories(world.folder, 60)
    process = world.start("--workers", "1", "--batch-files", "5")
    seen: set[str] = set()
    with psycopg.connect(world.url, autocommit=True) as watching:
        while process.poll() is None:
            rows = watching.execute(
                "SELECT query FROM pg_stat_activity WHERE application_name LIKE 'jingqing%%'"
            )
            seen |= {row[0] for row in rows}
    process.communicate()
    assert seen
    assert not any("周女士" in query or os.fspath(world.folder) in query for query in seen)
