"""The documents keep up with the program."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from etl.cli import cli
from etl.cli.config import commands_of, leaves
from etl.pipeline import trace_stages
from etl.rules import load_rules
from etl.stages.repair import repair

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str = "etl") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in commands_of(group).items():
        if isinstance(command, click.Group):
            found |= commands(command, f"{prefix} {name}")
        else:
            found[f"{prefix} {name}"] = command
    return found


@pytest.mark.parametrize("name", commands(cli))
def test_every_command_has_help_that_ends_in_an_example(name: str) -> None:
    result = CliRunner().invoke(cli, [*name.split()[1:], "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert name.split()[1] in result.output.split("Example:")[1]


@pytest.mark.parametrize("name", commands(cli))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`{name}" in README


def test_every_variable_is_in_the_readme() -> None:
    variables = {
        str(p.envvar)
        for command in leaves(cli)
        for p in command.params
        if isinstance(p, click.Option) and p.envvar
    }
    assert {v for v in variables if f"`{v}`" not in README} == set()


def test_every_variable_is_named_in_the_help() -> None:
    silent = [
        (command.name, p.name)
        for command in leaves(cli)
        for p in command.params
        if isinstance(p, click.Option) and p.envvar and str(p.envvar) not in (p.help or "")
    ]
    assert silent == []


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def block(number: int) -> str:
    """A code block of the README."""
    return re.findall(r"```text\n(.*?)\n```", README, re.DOTALL)[number]


def test_first_screen_shows_what_the_program_does() -> None:
    sample = ROOT / "samples" / "damaged" / "lost-wallet.txt"
    text = sample.read_text(encoding="utf-8")
    rules = load_rules()
    assert block(0) in text
    assert block(1) in repair(text, rules.repair).text.value
    trace = trace_stages(sample.read_bytes(), rules)
    (incident,) = trace.extraction.incidents
    row = dict(re.split(r" +\| ", line) for line in block(2).splitlines())
    assert row == {
        "kind": incident.kind,
        "occurred_from": f"{incident.occurred.start:%Y-%m-%d %H:%M:%S}+08",
        "occurred_precision": incident.occurred.precision,
        "station_full": incident.station_full,
        "city, district": f"{incident.city}, {incident.district}",
        "items": "{" + ",".join(incident.items) + "}",
        "outcome": "{" + ",".join(incident.outcome) + "}",
        "persons": ", ".join(f"{p.name} {p.role}" for p in incident.persons),
    }
