"""The schema in the database is the schema that is declared, and every part of it says what it is."""

from __future__ import annotations

import re
import subprocess
import sys

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, pool

from etl.errors import SchemaMismatch, StoreError
from etl.store import migrate
from etl.store.engine import Connection, connect
from etl.store.tables import metadata


def differences(url: str) -> list[object]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, metadata))


def test_migrated_schema_equals_the_declared_one(database_url: str) -> None:
    assert differences(database_url) == []


def test_generated_columns_are_as_declared(connection: Connection) -> None:
    # Alembic does not compare the expressions of generated columns.
    declared = {
        (table.name, column.name): str(column.computed.sqltext)
        for table in metadata.tables.values()
        for column in table.columns
        if column.computed is not None
    }
    live = connection.execute(
        "SELECT table_name, column_name, generation_expression FROM information_schema.columns"
        " WHERE is_generated = 'ALWAYS' AND table_schema = 'public'"
    ).fetchall()
    assert {(t, c): e for t, c, e in live} == declared


def test_down_and_up_again(database_url: str, connection: Connection) -> None:
    migrate.run_alembic(database_url, "downgrade", "base")
    left = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert left == [("alembic_version",)]
    assert migrate.upgrade(database_url)
    assert differences(database_url) == []


def test_every_table_view_and_column_has_a_comment_in_both_languages(connection: Connection) -> None:
    said = connection.execute(
        "SELECT concat_ws('.', c.relname, a.attname), coalesce(col_description(c.oid, a.attnum), '')"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') AND c.relname <> 'alembic_version'"
        " UNION ALL SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') AND c.relname <> 'alembic_version'"
    ).fetchall()
    assert [row for row in said if not in_both_languages(row[1])] == []


def test_every_function_and_trigger_has_a_comment_in_both_languages(connection: Connection) -> None:
    said = connection.execute(
        "SELECT p.oid::regprocedure::text, coalesce(obj_description(p.oid, 'pg_proc'), '')"
        " FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT t.tgname, coalesce(obj_description(t.oid, 'pg_trigger'), '')"
        " FROM pg_trigger AS t WHERE NOT t.tgisinternal"
    ).fetchall()
    assert [row for row in said if not in_both_languages(row[1])] == []


def in_both_languages(comment: str) -> bool:
    return bool(re.search("[一-鿿]", comment) and re.search("[A-Za-z]{2}", comment))


def test_the_comments_say_where_to_begin(connection: Connection) -> None:
    begin = connection.execute(
        "SELECT c.relname FROM pg_class AS c WHERE obj_description(c.oid, 'pg_class') LIKE '%begin here%'"
    ).fetchall()
    assert begin == [("current_incidents",)]


def test_every_foreign_key_has_an_index(connection: Connection) -> None:
    bare = connection.execute(
        "SELECT k.conrelid::regclass::text, a.attname FROM pg_constraint AS k"
        " JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " WHERE k.contype = 'f' AND NOT EXISTS ("
        "   SELECT FROM pg_index AS i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1])"
    ).fetchall()
    assert bare == []


def test_second_upgrade_does_nothing(database_url: str) -> None:
    assert migrate.upgrade(database_url) is False


def test_many_first_upgrades_at_once_all_succeed(empty_database_url: str) -> None:
    code = "import sys; from etl.store import migrate; migrate.upgrade(sys.argv[1])"
    starters = [
        subprocess.Popen([sys.executable, "-c", code, empty_database_url], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    results = [(starter.communicate()[1], starter.returncode) for starter in starters]
    assert [code for _, code in results] == [0] * 4, results
    assert differences(empty_database_url) == []


def test_newer_schema_is_refused(database_url: str, connection: Connection) -> None:
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="newer"):
        migrate.upgrade(database_url)
    with pytest.raises(SchemaMismatch, match="newer"):
        migrate.check(connection)


def test_missing_schema_names_the_command(empty_database_url: str) -> None:
    with connect(empty_database_url) as connection, pytest.raises(SchemaMismatch, match="etl db upgrade"):
        migrate.check(connection)


def test_lookup_tables_are_filled(connection: Connection) -> None:
    filled = connection.execute("SELECT count(*) FROM incident_kinds WHERE zh <> '' AND en <> ''").fetchone()
    assert filled == (31,)


def test_server_without_our_tables_is_told_apart(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        assert migrate.current(connection) is None


def test_a_migration_that_fails_halfway_leaves_nothing(empty_database_url: str) -> None:
    with connect(empty_database_url) as connection:
        connection.execute("CREATE TABLE sightings (x int)")
        with pytest.raises(StoreError, match="sightings"):
            migrate.upgrade(empty_database_url)
        left = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert left == [("sightings",)]
        connection.execute("DROP TABLE sightings")
    assert migrate.upgrade(empty_database_url)
