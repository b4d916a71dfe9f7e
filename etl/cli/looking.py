"""The commands that look at the database and change nothing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from etl.cli.options import (
    ALARM,
    alarm_options,
    database_options,
    emit,
    looking,
    output_options,
    thresholds_from,
)
from etl.errors import ConfigError, EtlError, SchemaMismatch

if TYPE_CHECKING:
    from etl.health import Thresholds


@click.command()
@click.option("--runs", "list_runs", is_flag=True, help="List the newest runs.")
@click.option(
    "--check", "checking", is_flag=True, help="One line for a monitor; exit 3 if there is an alarm."
)
@alarm_options
@database_options
@output_options
def status(list_runs: bool, checking: bool, **options: Any) -> None:
    """Tell the last day: what runs and is next, what came in, what failed and why, what is loaded. Reads only.

    \b
    Example:
      etl status
      etl status --check --alarm-age 2h
      etl status --runs --json
    """
    from etl import show_status
    from etl.health import alarms
    from etl.store import health, query

    limits = thresholds_from(options)
    if checking:
        verdict(raised_alarms(options, limits), options)
    with looking(options) as connection:
        runs = query.last_runs(connection, 20 if list_runs else 1)
        if list_runs:
            emit(runs) if options["as_json"] else show_status.runs(runs)
            return
        day = health.day(connection)
        story = {"last_run": runs[0] if runs else None, "day": day, "alarms": alarms(day, limits)}
        if not options["as_json"]:
            show_status.story(story, limits)
        stock = {**query.totals(connection), "kinds": query.kinds(connection, 10)}
    emit({**story, **stock}) if options["as_json"] else show_status.stock(stock)


def raised_alarms(options: dict[str, Any], limits: Thresholds) -> list[str]:
    """What a monitor should hear; a schema that is not ours is an alarm too."""
    from etl.health import alarms
    from etl.store import health

    try:
        with looking(options) as connection:
            return alarms(health.day(connection), limits)
    except SchemaMismatch as e:
        return [str(e)]


def verdict(alarms: list[str], options: dict[str, Any]) -> NoReturn:
    """One line for a monitor, and its exit code."""
    if options["as_json"]:
        emit({"ok": not alarms, "alarms": alarms})
    elif alarms or not options["quiet"]:
        click.echo("ALARM: " + "; ".join(alarms) if alarms else "OK")
    sys.exit(ALARM if alarms else 0)


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many."
)
@database_options
@output_options
def search(words: tuple[str, ...], limit: int, **options: Any) -> None:
    """Find articles that contain all the WORDS, best first, in simplified or traditional script alike.

    Spaces and punctuation part words.

    \b
    Example:
      etl search 电动车 被盗
      etl search 歐陽秀英 --json
    """
    from etl import show
    from etl.store import query

    with looking(options) as connection:
        if not query.has_words(connection, " ".join(words)):
            raise ConfigError("no word to search for: only spaces and punctuation")
        found = query.search(connection, " ".join(words), limit, show.MARKS)
    if options["as_json"]:
        emit([{**r, "snippet": show.unmarked(r["snippet"])} for r in found])
    else:
        show.found(found)


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The page to write.",
)
@database_options
@output_options
def report(output: Path, **options: Any) -> None:
    """Write one self-contained page of charts and data-quality figures.

    \b
    Example:
      etl report -o report.html
    """
    from etl.report import report as page_of

    with looking(options) as connection:
        page = page_of(connection, datetime.now(UTC))
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as e:
        raise EtlError(f"{output}: {e.strerror}") from e
    if options["as_json"]:
        emit({"output": str(output), "bytes": len(page.encode())})
    elif not options["quiet"]:
        click.echo(f"{output}: {len(page.encode()) / 1e6:.1f} MB")
