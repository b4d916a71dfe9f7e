"""The commands for the database itself: schema, address, SQL shell, the embedded server."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from etl.cli.options import database_options, emit, looking, output_options, set_up_logs
from etl.errors import ConfigError, EtlError


@click.group()
def db() -> None:
    """The database itself: schema, address, SQL shell, the embedded server."""


@db.command()
@database_options
@output_options
def upgrade(**options: Any) -> None:
    """Create the tables, or bring them to this version. Safe to repeat and to run at once from many places.

    \b
    Example:
      etl db upgrade --database-url postgresql://etl@db.example/news
    """
    from etl.rules import load_rules
    from etl.store import lookups, migrate
    from etl.store.engine import connect
    from etl.store.opened import opened

    set_up_logs(options)
    with opened(options["database_url"], options["home"]) as url:
        done = migrate.upgrade(url)
        with connect(url) as connection:
            lookups.sync(connection, load_rules())
    result = {"schema": migrate.head(), "changed": done}
    if options["as_json"]:
        emit(result)
    elif not options["quiet"]:
        click.echo(f"schema {migrate.head()}: {'upgraded' if done else 'nothing to do'}")


@db.command("grant")
@click.argument("kind", type=click.Choice(["reader", "writer", "owner"]))
@click.argument("role")
@click.option("--show", "showing", is_flag=True, help="Print the SQL instead of running it.")
@database_options
@output_options
def db_grant(kind: str, role: str, showing: bool, **options: Any) -> None:
    """Give a role of the server what a reader, writer or owner of this database needs, and no more.

    A reader asks, a writer runs `etl run`, an owner runs `etl db upgrade`. To be run by the present owner.

    \b
    Example:
      etl db shell -c "CREATE ROLE analyst LOGIN PASSWORD '...'"
      etl db grant reader analyst
    """
    from psycopg import errors

    from etl.store import migrate, roles
    from etl.store.engine import connect, name_error
    from etl.store.opened import opened

    set_up_logs(options)
    with opened(options["database_url"], options["home"], create=False) as url, connect(url) as connection:
        migrate.check(connection)
        statements = roles.statements(connection, kind, role)
        if not showing:
            try:
                with connection.transaction():
                    for statement in statements:
                        connection.execute(statement.encode())
            except errors.InsufficientPrivilege as e:
                raise EtlError(f"no right to grant this: {name_error(e)}") from e
    if options["as_json"]:
        emit({"role": role, "kind": kind, "granted": not showing, "statements": statements})
    elif showing:
        click.echo(";\n".join(statements) + ";")
    elif not options["quiet"]:
        click.echo(f"{role} is a {kind} now")


@db.command("url")
@database_options
@output_options
def db_url(**options: Any) -> None:
    """Print the address of the database, for psql, DBeaver, pandas.

    \b
    Example:
      etl db start && psql "$(etl db url)"
    """
    from etl.store import embedded

    if options["database_url"]:
        show_url(options["database_url"], options)
        return
    home = options["home"] or embedded.default_home()
    state = embedded.status(home)
    if state.url is None:
        raise EtlError("the embedded server is not up: `etl db start` starts it and keeps it up")
    show_url(state.url, options)


def show_url(url: str, options: dict[str, Any]) -> None:
    """A database's address on stdout."""
    emit({"url": url}) if options["as_json"] else click.echo(url)


@db.command("shell")
@click.option("-c", "--command", "statement", help="Run this SQL and leave.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@database_options
def db_shell(statement: str | None, arguments: Sequence[str], **options: Any) -> None:
    """Open psql on the database, or run one statement. ARGUMENTS after -- go to psql.

    \b
    Example:
      etl db shell -c "SELECT kind, count(*) FROM incidents GROUP BY kind"
      etl db shell -- --csv -c "TABLE runs"
    """
    import subprocess

    from etl.store import embedded
    from etl.store.engine import without_password
    from etl.store.opened import opened

    with opened(options["database_url"], options["home"], create=False) as url:
        address, password = without_password(url)
        command = [str(embedded.program("psql")), address, *arguments]
        if statement is not None:
            command += ["-c", statement]
        environment = {**os.environ, "PGCLIENTENCODING": "UTF8", "PGTZ": "Asia/Shanghai"}
        if password is not None:
            environment["PGPASSWORD"] = password
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's
        try:
            code = subprocess.run(command, env=environment, check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)
    sys.exit(code)


@db.command("start")
@database_options
@output_options
def db_start(**options: Any) -> None:
    """Start the embedded server and keep it up until `etl db stop`.

    \b
    Example:
      etl db start
    """
    from etl.store import embedded

    refuse_url(options)
    show_url(embedded.keep_running(options["home"] or embedded.default_home()), options)


@db.command("stop")
@database_options
@output_options
def db_stop(**options: Any) -> None:
    """Let the embedded server go down; if something still uses it, it goes down with its last user.

    \b
    Example:
      etl db stop
    """
    from etl.store import embedded

    refuse_url(options)
    down = embedded.stop(options["home"] or embedded.default_home())
    if options["as_json"]:
        emit({"stopped": down})
    else:
        click.echo("stopped" if down else "still in use: it stops with its last user")


@db.command("check")
@database_options
@output_options
def db_check(**options: Any) -> None:
    """Tell whether the database can be reached and has the right schema; exit 1 if not.

    \b
    Example:
      etl db check && echo ready
    """
    with looking(options) as connection:
        version = connection.info.server_version // 10000
    from etl.store import migrate

    result = {"postgresql": version, "schema": migrate.head()}
    if options["as_json"]:
        emit(result)
    elif not options["quiet"]:
        click.echo(f"PostgreSQL {version}, schema {migrate.head()}: ready")


def refuse_url(options: dict[str, Any]) -> None:
    """Starting and stopping is for the embedded server only."""
    if options["database_url"]:
        raise ConfigError(
            "a database URL is set (--database-url or ETL_DATABASE_URL): that server is not ours"
        )
