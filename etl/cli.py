"""The command line: parse, call one function, print, choose the exit code.

Everything heavy is imported inside the command that needs it, so that `etl --help` stays quick.
Results go to stdout, progress and logs to stderr.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from etl import __version__
from etl.config import read_config
from etl.errors import ConfigError, EtlError, RunLocked

if TYPE_CHECKING:
    from etl.jobs import Control
    from etl.settings import Settings
    from etl.store.engine import Connection

FAILED, USAGE, ALARM, LOCKED = 1, 2, 3, 75
Command = Callable[..., Any]


class Program(click.Group):
    """The group of all commands; `etl.toml` gives each of them its defaults."""

    def invoke(self, ctx: click.Context) -> Any:
        ctx.default_map = read_config(ctx.params.get("config"), self)
        return super().invoke(ctx)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="etl")
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    envvar="ETL_CONFIG",
    help="Settings file [default: etl.toml in this folder, if it is there; env ETL_CONFIG].",
)
def cli(config: str | None) -> None:
    """警情 Jingqing: Chinese local-police news files, however damaged, into PostgreSQL.

    Without --database-url a PostgreSQL server of its own is used, with its data under ETL_HOME.
    Settings rise in strength from etl.toml over ETL_* variables to flags.

    \b
    Example:
      etl run inbox/
      etl status
      etl db shell -c "SELECT kind, count(*) FROM incidents GROUP BY 1"
    """


# ---------------------------------------------------------------- options that many commands share


def database_options(command: Command) -> Command:
    """Where the data is."""
    for option in (
        click.option(
            "--home",
            type=click.Path(file_okay=False, path_type=Path),
            envvar="ETL_HOME",
            help="Folder of the embedded server's data [env ETL_HOME; default: the user's data folder].",
        ),
        click.option(
            "--database-url",
            envvar="ETL_DATABASE_URL",
            help="PostgreSQL 15 or newer to use instead of the embedded one [env ETL_DATABASE_URL].",
        ),
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """How to speak."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Errors only."),
        click.option("-v", "--verbose", count=True, help="Say more; twice for everything."),
        click.option(
            "--log-format",
            type=click.Choice(["human", "json"]),
            default="human",
            envvar="ETL_LOG_FORMAT",
            help="Log lines for people or as JSON [env ETL_LOG_FORMAT].",
        ),
        click.option("--json", "as_json", is_flag=True, help="Result as JSON on stdout."),
    ):
        command = option(command)
    return command


def loading_options(command: Command) -> Command:
    """What to load and with what means."""
    for option in (
        click.option(
            "--fail-on-reject",
            is_flag=True,
            envvar="ETL_FAIL_ON_REJECT",
            help="Exit 3 if anything was rejected [env ETL_FAIL_ON_REJECT].",
        ),
        click.option(
            "--document-timeout",
            "document_timeout_s",
            type=click.FloatRange(min=0.1),
            envvar="ETL_DOCUMENT_TIMEOUT",
            help="Seconds that one document may take [env ETL_DOCUMENT_TIMEOUT; default 10].",
        ),
        click.option(
            "--max-file-bytes",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_FILE_BYTES",
            help="Largest file that is read [env ETL_MAX_FILE_BYTES; default 20971520].",
        ),
        click.option(
            "--settle",
            "settle_s",
            type=click.FloatRange(min=0),
            envvar="ETL_SETTLE",
            help="Seconds without change after which a file counts as finished [env ETL_SETTLE; default 2].",
        ),
        click.option(
            "--batch-files",
            type=click.IntRange(min=1),
            envvar="ETL_BATCH_FILES",
            help="Files loaded in one transaction [env ETL_BATCH_FILES; default 500].",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            envvar="ETL_WORKERS",
            help="Worker processes [env ETL_WORKERS; default: one a core].",
        ),
        click.option(
            "--exclude",
            multiple=True,
            envvar="ETL_EXCLUDE",
            help="Leave out files whose path below the folder fits this glob [env ETL_EXCLUDE].",
        ),
        click.option(
            "--include",
            multiple=True,
            envvar="ETL_INCLUDE",
            help="Only files whose path below the folder fits this glob [env ETL_INCLUDE].",
        ),
    ):
        command = option(command)
    return command


def settings_from(options: dict[str, Any]) -> Settings:
    """Settings from the options a command was given; what nobody set keeps its default."""
    from dataclasses import fields

    from etl.settings import Settings

    names = {f.name for f in fields(Settings)}
    given = {k: v for k, v in options.items() if k in names and v not in (None, ())}
    return Settings(**given)


def set_up_logs(options: dict[str, Any]) -> None:
    from etl import logs

    logs.set_up(-1 if options["quiet"] else options["verbose"], options["log_format"])


# ---------------------------------------------------------------- loading


@cli.command()
@click.argument("paths", nargs=-1, envvar="ETL_SOURCES", type=click.Path())
@loading_options
@database_options
@output_options
def run(paths: Sequence[str], **options: Any) -> None:
    """Load what is new in PATHS (folders or files), once.

    Known files are not read again, known contents not loaded again; what can't be loaded is kept as a
    rejection with its reason. Without PATHS the sources of etl.toml or ETL_SOURCES are taken.

    \b
    Example:
      etl run inbox/
      etl run --include '*.html' --json /data/news
    """
    load(paths, options, "run")


def load(paths: Sequence[str], options: dict[str, Any], command: str) -> None:
    """Run one pass and print its report."""
    from etl import jobs, show

    if not paths:
        raise ConfigError("no PATHS given and no sources configured: `etl run inbox/`")
    set_up_logs(options)
    settings = settings_from(options)
    control = jobs.Control()
    quiet = options["quiet"] or options["as_json"]
    with stopping(control), show.progress(control, quiet=quiet):
        report = jobs.run(paths, settings, control, command)
    if options["as_json"]:
        emit(show.report_record(report))
    elif not options["quiet"]:
        show.report(report)
    if options["fail_on_reject"] and report.counts.rejected:
        sys.exit(ALARM)


@cli.command()
@click.argument("paths", nargs=-1, envvar="ETL_SOURCES", type=click.Path())
@click.option("--cron", envvar="ETL_CRON", help="Due times as in a crontab, '*/15 * * * *' [env ETL_CRON].")
@click.option(
    "--every", envvar="ETL_EVERY", help="An interval, 15m or 1h, counted from 1970 [env ETL_EVERY]."
)
@click.option(
    "--timezone",
    default="Asia/Shanghai",
    envvar="ETL_TIMEZONE",
    show_default=True,
    help="Civil time of --cron [env ETL_TIMEZONE].",
)
@loading_options
@database_options
@output_options
def schedule(
    paths: Sequence[str], cron: str | None, every: str | None, timezone: str, **options: Any
) -> None:
    """Load what is new in PATHS at every due time, until stopped.

    \b
    Example:
      etl schedule inbox/ --cron '*/15 * * * *'
      etl schedule inbox/ --every 15m
    """
    from etl import schedule as scheduler
    from etl.sources.files import resolve

    if (cron is None) == (every is None):
        raise ConfigError("one of --cron and --every is needed")
    if not paths:
        raise ConfigError("no PATHS given and no sources configured")
    set_up_logs({**options, "verbose": max(1, options["verbose"])})
    resolve(paths)
    slots = scheduler.cron(cron, timezone) if cron else scheduler.every(every or "")
    sys.exit(128 + scheduler.serve(paths, settings_from(options), slots))


@contextmanager
def stopping(control: Control) -> Iterator[None]:
    """Turn the first INT or TERM into a request to stop after the batch in hand, the second into an abort."""

    def ask(number: int, frame: FrameType | None) -> None:
        if control.stop_signal is not None:
            os._exit(128 + number)  # workers end with us; the batch in hand is rolled back by the server
        control.stop_signal = number
        click.echo("stopping after the batch in hand; once more to abort", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---------------------------------------------------------------- looking


@cli.command()
@click.option("--runs", "list_runs", is_flag=True, help="List the newest runs.")
@database_options
@output_options
def status(list_runs: bool, **options: Any) -> None:
    """Show what is loaded and what the last runs did. Reads only.

    \b
    Example:
      etl status
      etl status --runs --json
    """
    from etl import show
    from etl.store import query

    with looking(options) as connection:
        runs = query.last_runs(connection, 20 if list_runs else 1)
        if list_runs:
            emit(runs) if options["as_json"] else show.runs(runs)
            return
        record = {"last_run": runs[0] if runs else None, **query.totals(connection)}
        record["kinds"] = query.kinds(connection, 10)
    emit(record) if options["as_json"] else show.status(record)


@cli.group()
def rejects() -> None:
    """What could not be loaded, and why."""


@rejects.command("list")
@click.option("--reason", help="Only this reason.")
@click.option("--resolved", is_flag=True, help="Those that were loaded after all, instead of the open ones.")
@database_options
@output_options
def rejects_list(reason: str | None, resolved: bool, **options: Any) -> None:
    """List rejections.

    \b
    Example:
      etl rejects list
      etl rejects list --reason undecodable --json
    """
    from etl import show
    from etl.store import query

    with looking(options) as connection:
        found = query.rejections(connection, reason, resolved)
    emit(found) if options["as_json"] else show.rejections(found)


@rejects.command("show")
@click.argument("number", type=int)
@database_options
@output_options
def rejects_show(number: int, **options: Any) -> None:
    """Show one rejection and what to do about it.

    \b
    Example:
      etl rejects show 3
    """
    from etl import show
    from etl.store import query

    with looking(options) as connection:
        found = query.rejection(connection, number)
    if found is None:
        raise ConfigError(f"there is no rejection {number}: `etl rejects list` shows them")
    emit(found) if options["as_json"] else show.record(found)


@contextmanager
def looking(options: dict[str, Any]) -> Iterator[Connection]:
    """A connection for reading, to a database that is there and of our schema."""
    from etl.store import migrate
    from etl.store.engine import connect
    from etl.store.opened import opened

    set_up_logs(options)
    with (
        opened(options["database_url"], options["home"], create=False) as url,
        connect(url) as connection,
    ):
        connection.read_only = True
        migrate.check(connection)
        yield connection


# ---------------------------------------------------------------- one file, no database


@cli.command()
@click.argument("file", type=click.Path())
@output_options
def explain(file: str, **options: Any) -> None:
    """Show what every stage makes of FILE: decoded, repaired, removed, dated, hashed, extracted.

    \b
    Example:
      etl explain samples/lost-wallet.txt
    """
    from etl import show
    from etl.pipeline import trace_stages
    from etl.rules import load_rules

    set_up_logs(options)
    rules = load_rules()
    trace = trace_stages(read_input(file), rules)
    emit(show.trace_record(trace)) if options["as_json"] else show.explain(file, trace, rules)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@output_options
def extract(files: Sequence[str], **options: Any) -> None:
    """Print what FILES tell, one JSON object a line; no database. The id is the file's name.

    \b
    Example:
      etl extract samples/*.txt > extracted.jsonl
    """
    from etl.errors import ArticleError
    from etl.pipeline import trace_stages
    from etl.prediction import prediction
    from etl.rules import load_rules

    set_up_logs(options)
    rules = load_rules()
    for file in files:
        name = Path(file).name
        try:
            trace = trace_stages(read_input(file), rules)
        except ArticleError as e:
            emit({"id": name, "error": e.reason, "detail": e.detail})
        else:
            emit(prediction(trace.article, trace.extraction, name))


@cli.command()
@click.argument("file", default="-", type=click.Path(allow_dash=True))
@click.option("--explain", "explaining", is_flag=True, help="List each change instead of the text.")
@output_options
def repair(file: str, explaining: bool, **options: Any) -> None:
    """Repair a text: FILE or standard input in, repaired text out. No layout, no database.

    \b
    Example:
      etl repair < damaged.txt > repaired.txt
      etl repair --explain damaged.txt
    """
    from etl import show
    from etl.rules import load_rules
    from etl.stages.decode import decode
    from etl.stages.repair import repair as repair_text

    set_up_logs(options)
    data = sys.stdin.buffer.read() if file == "-" else read_input(file)
    repaired = repair_text(decode(data).text, load_rules().repair)
    if options["as_json"]:
        emit(show.repaired_record(repaired))
    elif explaining:
        show.repairs(repaired.text.repairs, repaired.text.value)
    else:
        sys.stdout.write(repaired.text.value)


def read_input(path: str) -> bytes:
    """The bytes of a file that the user named."""
    try:
        return Path(path).read_bytes()
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror}") from e


# ---------------------------------------------------------------- the database


@cli.group()
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
        click.echo(options["database_url"])
        return
    home = options["home"] or embedded.default_home()
    state = embedded.status(home)
    if state.url is None:
        raise EtlError("the embedded server is not up: `etl db start` starts it and keeps it up")
    click.echo(state.url)


@db.command("shell")
@click.option("-c", "--command", "statement", help="Run this SQL and leave.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@database_options
@output_options
def db_shell(statement: str | None, arguments: Sequence[str], **options: Any) -> None:
    """Open psql on the database, or run one statement. ARGUMENTS after -- go to psql.

    \b
    Example:
      etl db shell -c "SELECT kind, count(*) FROM incidents GROUP BY kind"
      etl db shell -- --csv -c "TABLE runs"
    """
    import subprocess

    from etl.store import embedded
    from etl.store.engine import libpq_url
    from etl.store.opened import opened

    with opened(options["database_url"], options["home"], create=False) as url:
        command = [str(embedded.program("psql")), libpq_url(url), *arguments]
        if statement is not None:
            command += ["-c", statement]
        environment = {**os.environ, "PGCLIENTENCODING": "UTF8", "PGTZ": "Asia/Shanghai"}
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
    click.echo(embedded.keep_running(options["home"] or embedded.default_home()))


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


# ---------------------------------------------------------------- printing and leaving


def emit(value: Any) -> None:
    """A result for machines: one JSON value, one line."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def main() -> NoReturn:
    """The entry point: every failure on purpose becomes one line on stderr and the right exit code."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as e:
        sys.exit(e.exit_code)
    except click.ClickException as e:
        e.show()
        sys.exit(USAGE if isinstance(e, click.UsageError) else e.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except EtlError as e:
        click.echo(f"etl: {e}", err=True)
        sys.exit(LOCKED if isinstance(e, RunLocked) else USAGE if isinstance(e, ConfigError) else FAILED)
    except Exception as e:
        from etl import jobs

        if isinstance(e, jobs.Stopped):
            sys.exit(128 + e.signal_number)
        if os.environ.get("ETL_DEBUG"):
            raise
        click.echo(f"etl: unexpected {jobs.name_error(e)} (ETL_DEBUG=1 shows where)", err=True)
        sys.exit(FAILED)
    sys.exit(0)
