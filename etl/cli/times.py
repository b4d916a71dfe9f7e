"""When to run, as a user gives it: checked where it was given, and the stronger of two."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from etl.errors import ConfigError


class DueTimes(click.ParamType[str]):
    """A crontab expression, an interval or a time zone, by the name of its option; the value is the text itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from etl.due import after_cron, after_every, zone_of

        text = str(value)
        try:
            if self.name == "cron":
                after_cron(text, zone_of("UTC"))
            else:
                {"every": after_every, "timezone": zone_of}[self.name](text)
        except ValueError as e:
            self.fail(f"{text!r}: {e}", param, ctx)
        return text


def stronger(ctx: click.Context, cron: str | None, every: str | None) -> tuple[str | None, str | None]:
    """--cron and --every, without the one that a stronger place overrules: flag, variable, settings file.

    Raises ConfigError where one place gives both.
    """
    if cron is None or every is None:
        return cron, every
    order = list(ParameterSource)  # click lists them from strong to weak
    by_cron, by_every = (ctx.get_parameter_source(name) for name in ("cron", "every"))
    assert by_cron is not None
    assert by_every is not None
    if by_cron is by_every:
        raise ConfigError("one of --cron and --every is needed, not both")
    return (cron, None) if order.index(by_cron) < order.index(by_every) else (None, every)
