"""The commands about what could not be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from etl.cli.options import (
    database_options,
    emit,
    known_reason,
    loading_options,
    looking,
    output_options,
    settings_from,
)
from etl.errors import ConfigError


@click.group()
def rejects() -> None:
    """What could not be loaded, and why."""


@rejects.command("list")
@click.option("--reason", callback=known_reason, help="Only this reason, or family of reasons (binary).")
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


@rejects.command("retry")
@click.argument("numbers", nargs=-1, type=int)
@click.option(
    "--reason", callback=known_reason, help="Those with this reason, or family of reasons (binary)."
)
@loading_options
@database_options
@output_options
def rejects_retry(numbers: Sequence[int], reason: str | None, **options: Any) -> None:
    """Read rejected files again now: those with these NUMBERS, with one reason, or all.

    What loads resolves its rejection, which stays as history; the rest stays open.

    \b
    Example:
      etl rejects retry
      etl rejects retry --reason timeout --document-timeout 60
    """
    from etl import jobs
    from etl.cli.loading import report_on
    from etl.store import query

    settings = settings_from(options)
    if numbers:
        with looking(options) as connection:
            missing = sorted(set(numbers) - query.open_numbers(connection, numbers))
        if missing:
            raise ConfigError(
                f"there is no open rejection {', '.join(map(str, missing))}: see `etl rejects list`"
            )
    report_on(lambda control: jobs.retry(settings, reason, numbers, control), options)
