"""The commands that load: once, or at every due time."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from etl.cli.options import (
    ALARM,
    dask_option,
    database_options,
    emit,
    loading_options,
    output_options,
    schedule_options,
    set_up_logs,
    settings_from,
)
from etl.cli.times import stronger
from etl.errors import ConfigError

if TYPE_CHECKING:
    from etl.jobs import Control, Report


@click.command()
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
    from etl import jobs

    if not paths:
        raise ConfigError("no PATHS given and no sources configured: `etl run inbox/`")
    settings = settings_from(options)
    report_on(lambda control: jobs.run(paths, settings, control, command), options)


def report_on(work: Callable[[Control], Report], options: dict[str, Any], *, lines: bool = False) -> None:
    """Do the work, under signals and with its progress shown, and print its report."""
    from etl import jobs, show
    from etl.progress import progress

    set_up_logs(options)
    control = jobs.Control()
    with stopping(control), progress(control, quiet=options["quiet"], lines=lines):
        report = work(control)
    if options["as_json"]:
        emit(show.report_record(report))
    elif not options["quiet"]:
        show.report(report)
    if report.doubt:
        click.echo(f"etl: run {report.run_id} is suspect: {report.doubt}", err=True)
    if report.doubt or (options["fail_on_reject"] and report.counts.rejected):
        sys.exit(ALARM)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Articles published on this day or later. Files filed before it are not read: by the last date in"
    " their path (2021/03/09, 2021-03, 20210309), else by their modification time.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Articles published on this day or before. Told only by reading, since an old article may be filed"
    " late; where folders are dated, --include '2021/*' saves that.",
)
@click.option(
    "--order",
    type=click.Choice(["newest", "oldest"]),
    help="Which files first, by the same dates [default: by path].",
)
@click.option("--limit", type=click.IntRange(min=1), help="Read so many files at most.")
@click.option("--reprocess", is_flag=True, help="Read known files again with today's code, update in place.")
@dask_option
@click.option("--dry-run", is_flag=True, help="Say what would come of it, with samples; write nothing.")
@loading_options
@database_options
@output_options
def backfill(
    paths: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    order: str | None,
    limit: int | None,
    reprocess: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Load a large stock of files in PATHS, once; the same pass as `etl run`, with a choice of what.

    Interrupt it at any time; the same command goes on where it was. With --since or --until, articles
    without a date are left out, and what is left out is forgotten: another run looks at it again.

    \b
    Example:
      etl backfill archive/ --order newest
      etl backfill archive/ --since 2019-01-01 --until 2019-12-31 --dry-run
      etl backfill archive/ --reprocess
    """
    from etl import jobs, show
    from etl.progress import progress
    from etl.scope import Scope

    first, last = since.date() if since else None, until.date() if until else None
    if first and last and last < first:
        raise ConfigError("--until lies before --since")
    scope = Scope(first, last, order, limit, reprocess)
    settings = settings_from(options)
    if not dry_run:
        report_on(lambda control: jobs.backfill(paths, settings, scope, control), options, lines=True)
        return
    set_up_logs(options)
    control = jobs.Control()
    with stopping(control), progress(control, quiet=options["quiet"], lines=True):
        result = jobs.preview(paths, settings, scope, control)
    if options["as_json"]:
        emit(show.tally_record(result))
    elif not options["quiet"]:
        show.tally(result)


@click.command()
@click.argument("paths", nargs=-1, envvar="ETL_SOURCES", type=click.Path())
@schedule_options
@loading_options
@database_options
@output_options
@click.pass_context
def schedule(
    ctx: click.Context,
    /,
    paths: Sequence[str],
    cron: str | None,
    every: str | None,
    timezone: str,
    **options: Any,
) -> None:
    """Load what is new in PATHS at every due time, until stopped.

    It begins with the newest due time that no run has served. A folder that is not there makes the run
    suspect, and the others are loaded; if none is there the run fails, not the schedule: it may be mounted later.

    \b
    Example:
      etl schedule inbox/ --cron '*/15 * * * *'
      etl schedule inbox/ --every 15m
    """
    from etl import pid1
    from etl import schedule as scheduler

    cron, every = stronger(ctx, cron, every)
    if cron is None and every is None:
        raise ConfigError("one of --cron and --every is needed")
    if not paths:
        raise ConfigError("no PATHS given and no sources configured")
    set_up_logs({**options, "verbose": max(1, options["verbose"])})
    settings = settings_from(options)
    slots = scheduler.cron(cron, timezone) if cron else scheduler.every(every or "")
    pid1.take_over()
    sys.exit(128 + scheduler.serve(paths, settings, slots))


@click.command()
@click.option("--dry-run", is_flag=True, help="Count the differences, change nothing.")
@database_options
@output_options
def reextract(dry_run: bool, **options: Any) -> None:
    """Run today's extraction rules over the stored articles and write what differs.

    Incidents keep their ids where their evidence overlaps; those no longer found are withdrawn, not deleted.

    \b
    Example:
      etl reextract --dry-run
      etl reextract
    """
    from etl import jobs, show

    set_up_logs(options)
    control = jobs.Control()
    with stopping(control):
        found = jobs.reextract(settings_from(options), control, dry_run=dry_run)
    if options["as_json"]:
        emit({"dry_run": dry_run, **show.differences_record(found)})
    elif not options["quiet"]:
        show.differences(found, dry_run=dry_run)


@contextmanager
def stopping(control: Control) -> Iterator[None]:
    """Turn the first INT or TERM into a request to stop after the batch in hand, the second into an abort."""

    def ask(number: int, frame: FrameType | None) -> None:
        control.stop(number)
        click.echo("stopping after the batch in hand; once more to abort", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
