"""Read `etl.toml` into the defaults of every command; a mistake is named with file and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.errors import ConfigError

NAME = "etl.toml"


def read_config(path: str | None, program: click.Group) -> dict[str, Any]:
    """click's `default_map`: each command's defaults. Raises ConfigError for what it can't read or doesn't know."""
    file = Path(path or NAME)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path:
            raise ConfigError(f"{file}: no such file") from None
        return {}
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"{file}: {e}") from e
    import tomllib

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{file}: {e}") from e
    known = settings_of(program)
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"{file}: {key}: no such setting; there are {', '.join(sorted(known))}")
        check_value(f"{file}: {key}", known[key], value)
    return defaults(program, {str(known[key].name): value for key, value in values.items()})


def settings_of(program: click.Group) -> dict[str, click.Parameter]:
    """What a settings file may set, by the names users know: what has an environment variable, and nothing else."""
    parameters = [p for command in leaves(program) for p in command.params if p.envvar]
    return {
        "sources" if p.name == "paths" else p.opts[-1].lstrip("-").replace("-", "_"): p for p in parameters
    }


def check_value(place: str, parameter: click.Parameter, value: Any) -> None:
    """Raise ConfigError, naming file and key, for a value of the wrong type or out of range."""
    many = parameter.multiple if isinstance(parameter, click.Option) else parameter.nargs == -1
    if many != isinstance(value, list):
        raise ConfigError(f"{place}: expected {'a list' if many else 'one value'}")
    kinds, expected = types_of(parameter)
    for one in value if many else [value]:
        if type(one) not in kinds:
            raise ConfigError(f"{place}: expected {expected}")
        try:
            parameter.type.convert(one, parameter, None)
        except click.UsageError as e:
            raise ConfigError(f"{place}: {e.message}") from e


def types_of(parameter: click.Parameter) -> tuple[tuple[type, ...], str]:
    """The TOML types that a setting takes, and how to call them."""
    if isinstance(parameter.type, click.types.BoolParamType):
        return (bool,), "true or false"
    if isinstance(parameter.type, click.IntRange):
        return (int,), "a whole number"
    if isinstance(parameter.type, click.FloatRange):
        return (int, float), "a number"
    return (str,), "text in quotes"


def commands_of(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group by name, also those that it would import only when they are called."""
    ctx = click.Context(group)
    found = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return {name: command for name, command in found.items() if command is not None}


def leaves(group: click.Group) -> list[click.Command]:
    """All commands below a group."""
    return [
        leaf
        for command in commands_of(group).values()
        for leaf in (leaves(command) if isinstance(command, click.Group) else [command])
    ]


def defaults(group: click.Group, values: dict[str, Any]) -> dict[str, Any]:
    """The nested mapping of command names that click wants, each command given what it has."""
    return {
        name: defaults(command, values)
        if isinstance(command, click.Group)
        else {p.name: values[p.name] for p in command.params if p.name in values}
        for name, command in commands_of(group).items()
    }
