"""Imports point inward: stages are pure, the edges never see each other, only jobs joins them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def test_help_needs_no_heavy_package() -> None:
    heavy = {"sqlalchemy", "alembic", "psycopg", "rich", "lxml", "bs4", "opencc", "apscheduler", "yaml"}
    seen: set[str] = set()
    todo = [ROOT / "cli" / "__init__.py"]
    while todo:
        for name in imports(todo.pop(), top_level_only=True):
            path = ROOT.parent / (name.replace(".", "/") + ".py")
            if name not in seen and path.exists():
                todo.append(path)
            seen.add(name)
    assert not {name.split(".")[0] for name in seen} & heavy
