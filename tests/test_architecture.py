"""Imports point inward: stages are pure, the edges never see each other, only jobs joins them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.cli import COMMANDS, cli
from etl.cli.config import commands_of

ROOT = Path(__file__).parents[1] / "etl"
FORBIDDEN = {  # part of the house -> what it must not import
    "stages": (
        "etl.store",
        "etl.sources",
        "etl.executors",
        "etl.jobs",
        "etl.cli",
        "etl.settings",
        "etl.pipeline",
    ),
    "rules": (
        "etl.store",
        "etl.sources",
        "etl.executors",
        "etl.jobs",
        "etl.cli",
        "etl.settings",
        "etl.stages",
    ),
    "sources": ("etl.store", "etl.executors", "etl.jobs", "etl.cli", "etl.stages", "etl.rules"),
    "store": ("etl.sources", "etl.executors", "etl.jobs", "etl.cli", "etl.pipeline", "etl.settings"),
    "executors": ("etl.store", "etl.sources", "etl.jobs", "etl.cli"),
    "model.py": ("etl.",),
    "pipeline.py": ("etl.store", "etl.sources", "etl.executors", "etl.jobs", "etl.cli"),
    "loader.py": ("etl.cli", "etl.show", "etl.jobs"),
    "jobs.py": ("etl.cli", "etl.show"),
}
IMPURE = {"os", "time", "logging", "random", "socket", "subprocess", "pathlib", "threading"}


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def modules(part: str) -> list[Path]:
    return [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py"))


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_point_inward(part: str) -> None:
    wrong = [
        (path.name, name)
        for path in modules(part)
        for name in imports(path)
        if name.startswith(FORBIDDEN[part])
    ]
    assert wrong == []


def test_stages_have_no_clock_environment_or_files() -> None:
    wrong = [(p.name, n) for p in modules("stages") for n in imports(p) if n.split(".")[0] in IMPURE]
    assert wrong == []


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from etl.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT.parent,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return set(done.stderr.split())


def test_help_imports_no_command() -> None:
    ours = {name for name in loaded_by("--help") if name.startswith("etl")}
    assert ours == {"etl", "etl.cli", "etl.errors"}


def test_help_of_a_command_needs_no_heavy_package() -> None:
    heavy = {"sqlalchemy", "alembic", "psycopg", "rich", "lxml", "bs4", "opencc", "apscheduler", "yaml"}
    assert not loaded_by("status", "--help") & heavy


def test_what_looks_at_the_database_needs_no_rules_and_no_schema() -> None:
    told = {"etl.show_status", "etl.store.health", "etl.store.migrate", "etl.store.query", "etl.store.opened"}
    program = f"import sys, {', '.join(sorted(told))}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT.parent, capture_output=True, encoding="utf-8", check=True
    )
    loaded = set(done.stdout.split())
    assert told <= loaded
    assert not loaded & {
        "etl.rules",
        "etl.model",
        "sqlalchemy",
        "alembic",
        "rich",
        "etl.store.tables",
        "etl.jobs",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_stand_where_the_list_of_them_says(name: str) -> None:
    command = commands_of(cli)[name]
    assert command.name == name
    assert command.callback is not None
    assert command.callback.__module__ == f"etl.cli.{COMMANDS[name][0]}"
