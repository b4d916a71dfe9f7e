"""The commands that look at the database and change nothing."""

from __future__ import annotations

from typing import Any

import click

from etl.cli.options import database_options, emit, known_reason, looking, output_options
from etl.errors import ConfigError


@click.command()
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


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@database_options
@output_options
def search(words: tuple[str, ...], limit: int, **options: Any) -> None:
    """Find articles that contain all the WORDS, best first, in simplified or traditional script alike.

    \b
    Example:
      etl search 电动车 被盗
      etl search 歐陽秀英 --json
    """
    from etl import show
    from etl.store import query

    with looking(options) as connection:
        found = query.search(connection, " ".join(words), limit, show.MARKS)
    if options["as_json"]:
        emit([{**r, "snippet": show.unmarked(r["snippet"])} for r in found])
    else:
        show.found(found)
