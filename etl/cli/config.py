"""Read `etl.toml` into the defaults of every command; a mistake is named with file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from etl.errors import ConfigError

NAME = "etl.toml"
ALIASES = {"sources": "paths", "document_timeout": "document_timeout_s", "settle": "settle_s"}


def read_config(path: str | None, program: click.Group) -> dict[str, Any]:
    """click's `default_map`: each command's defaults. Raises ConfigError for what it can't read or doesn't know."""
    file = Path(path or NAME)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path:
            raise ConfigError(f"{file}: no such file") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise ConfigError(f"{file}: {e}") from e
    named = {ALIASES.get(key, key): value for key, value in values.items()}
    known = {p.name: p for command in leaves(program) for p in command.params}
    for key, value in named.items():
        if key not in known or key in ("as_json", "config", "help"):
            raise ConfigError(f"{file}: {key}: no such setting")
        check_value(file, known[key], value)
    return defaults(program, named)


def check_value(file: Path, parameter: click.Parameter, value: Any) -> None:
    """Raise ConfigError, naming file and key, for a value of the wrong type or out of range."""
    many = parameter.multiple if isinstance(parameter, click.Option) else parameter.nargs == -1
    if many != isinstance(value, list):
        raise ConfigError(f"{file}: {parameter.name}: expected {'a list' if many else 'one value'}")
    for one in value if many else [value]:
        try:
            parameter.type.convert(one, parameter, None)
        except click.UsageError as e:
            raise ConfigError(f"{file}: {parameter.name}: {e.message}") from e


def leaves(group: click.Group) -> list[click.Command]:
    """All commands below a group."""
    return [
        leaf
        for command in group.commands.values()
        for leaf in (leaves(command) if isinstance(command, click.Group) else [command])
    ]


def defaults(group: click.Group, values: dict[str, Any]) -> dict[str, Any]:
    """The nested mapping of command names that click wants, each command given what it has."""
    return {
        name: defaults(command, values)
        if isinstance(command, click.Group)
        else {p.name: values[p.name] for p in command.params if p.name in values}
        for name, command in group.commands.items()
    }
