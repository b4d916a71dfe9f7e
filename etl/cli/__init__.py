"""The command line: parse, call one function, print, choose the exit code.

A command's module is imported when the command is called, and whatever is heavy inside its function, so that
`etl --help` stays quick. Results go to stdout, progress and logs to stderr.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from etl import __version__
from etl.errors import ConfigError, EtlError, RunLocked

FAILED, USAGE, LOCKED, PIPE_CLOSED = 1, 2, 75, 141
NO_RIGHT = "42501"  # SQLSTATE insufficient_privilege
COMMANDS = {  # name -> module of this package, and what the command is for
    "backfill": ("loading", "Load a large stock of files once; stop it, go on."),
    "config": ("effective", "Show the settings in force and their origin."),
    "db": ("database", "The database itself: schema, address, SQL shell."),
    "explain": ("single", "Show what every stage makes of a file."),
    "extract": ("single", "Print what files tell, as JSON; no database."),
    "link": ("linking", "Make all stories and events again, or decide."),
    "reextract": ("loading", "Run today's rules over the stored articles."),
    "rejects": ("rejecting", "What could not be loaded, and why."),
    "repair": ("single", "Repair a text, from a file or standard input."),
    "report": ("looking", "Write a page of charts and quality figures."),
    "run": ("loading", "Load what is new in folders or files, once."),
    "schedule": ("loading", "Load what is new at every due time."),
    "search": ("looking", "Find articles that contain all of some words."),
    "status": ("looking", "Tell what ran, what is next, what is loaded."),
    "withdraw": ("withdrawing", "Take contents down, or let them back in."),
}


class Program(click.Group):
    """The group of all commands, each imported when first asked for; `etl.toml` gives each its defaults."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            module = import_module(f"etl.cli.{COMMANDS[cmd_name][0]}")
            self.add_command(getattr(module, cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        from etl.cli.config import read_config

        ctx.default_map = read_config(ctx.params.get("config"), self)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # caught here, since click would call it a failure
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)


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


def main() -> NoReturn:
    """The entry point: every failure on purpose becomes one line on stderr and the right exit code."""
    try:
        cli.main(prog_name="etl", standalone_mode=False)
    except click.exceptions.Exit as e:
        sys.exit(e.exit_code)
    except click.ClickException as e:
        with_variable(e).show()
        sys.exit(USAGE if isinstance(e, click.UsageError) else e.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except EtlError as e:
        from etl.personal import starred

        click.echo(f"etl: {starred(str(e))}", err=True)
        sys.exit(LOCKED if isinstance(e, RunLocked) else USAGE if isinstance(e, ConfigError) else FAILED)
    except Exception as e:
        from etl import jobs
        from etl.store.engine import is_transient, name_error

        if isinstance(e, jobs.Stopped):
            sys.exit(128 + e.signal_number)
        if getattr(e, "sqlstate", None) == NO_RIGHT:
            said = name_error(e).partition(": ")[2]
            click.echo(f"etl: {said}: `etl db grant writer ROLE` gives a role what loading needs", err=True)
            sys.exit(FAILED)
        if os.environ.get("ETL_DEBUG"):
            raise
        if is_transient(e):
            click.echo(f"etl: the database went away: {name_error(e).partition(': ')[2]}", err=True)
            sys.exit(FAILED)
        click.echo(f"etl: unexpected {name_error(e)} (ETL_DEBUG=1 shows where)", err=True)
        sys.exit(FAILED)
    sys.exit(0)


def with_variable(error: click.ClickException) -> click.ClickException:
    """A complaint about a value, naming the variable that the value came from."""
    parameter = error.param if isinstance(error, click.BadParameter) else None
    if parameter is None or str(parameter.envvar) not in os.environ:
        return error
    if any(word.startswith(tuple(parameter.opts)) for word in sys.argv[1:]):
        return error
    said = f"{error.message} (from {parameter.envvar})"
    return click.BadParameter(said, ctx=getattr(error, "ctx", None), param=parameter)
