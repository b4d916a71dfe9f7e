"""`etl config`: the effective settings and where each came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

from etl.cli.config import NAME, settings_of
from etl.cli.options import (
    alarm_options,
    dask_option,
    database_options,
    emit,
    loading_options,
    output_options,
    schedule_options,
    settings_from,
    thresholds_from,
)
from etl.cli.times import stronger

BESIDES = {"ETL_CONFIG", "ETL_DEBUG", "ETL_SOURCES"}  # variables that are no option of this command


@click.command("config")
@click.argument("paths", nargs=-1, envvar="ETL_SOURCES", type=click.Path())
@schedule_options
@alarm_options
@dask_option
@loading_options
@database_options
@output_options
@click.pass_context
def config(ctx: click.Context, /, **options: Any) -> None:
    """Show the settings in force and where each came from: default, settings file, variable or flag.

    Passwords are hidden. Mistakes are told as every command tells them, with file and key.

    \b
    Example:
      etl config
      ETL_WORKERS=1 etl config --batch-files 100 inbox/
    """
    options["cron"], options["every"] = stronger(ctx, options["cron"], options["every"])
    rows = list(effective(ctx, options))
    for name in sorted(set(os.environ) - known_variables(ctx)):
        if name.startswith("ETL_"):
            click.echo(f"etl: {name}: no such setting", err=True)
    if options["as_json"]:
        emit({name: {"value": value, "from": origin} for name, value, origin in rows})
        return
    width = max(len(name) for name, *_ in rows)
    for name, value, origin in rows:
        click.echo(f"{name:<{width}}  {origin:<{len(NAME) + 16}}  {shown(value)}".rstrip())


def effective(ctx: click.Context, options: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Name, value and origin of every setting, by name. Where nobody set one, what the program takes then."""
    from etl.store.engine import hide_password

    settings, limits = settings_from(options), thresholds_from(options)
    for name, parameter in sorted(settings_of(click.Group(commands=[ctx.command])).items()):
        key = str(parameter.name)
        value = options[key]
        for defaults in (settings, limits):
            value = getattr(defaults, key, value)
        if key == "database_url":
            value = hide_password(value) if value else None
        if key == "home" and value is None:
            from etl.store.embedded import default_home

            value = default_home()
        yield name, value, origin(ctx, parameter)


def origin(ctx: click.Context, parameter: click.Parameter) -> str:
    """Where a value came from."""
    source = ctx.get_parameter_source(str(parameter.name))
    if source is ParameterSource.ENVIRONMENT:
        return str(parameter.envvar)
    if source is ParameterSource.DEFAULT_MAP:
        return str(ctx.parent.params["config"] or NAME) if ctx.parent else NAME
    return "default" if source is ParameterSource.DEFAULT else "flag"


def shown(value: Any) -> str:
    """A value as a line of text; nothing for none."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, tuple | list):
        return " ".join(str(one) for one in value)
    return str(value)


def known_variables(ctx: click.Context) -> set[str]:
    """Every variable that some command listens to."""
    return BESIDES | {str(p.envvar) for p in ctx.command.params if p.envvar}
