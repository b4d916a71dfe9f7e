"""The units and the compose file as they stand in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_database_is_asked_over_tcp() -> None:
    # On the socket the temporary server of the image's first start answers too, and is then shut down.
    [healthcheck] = re.findall(r"\[.*pg_isready.*\]", text("docker-compose.yml"))
    assert '"--host=127.0.0.1"' in healthcheck


@pytest.mark.parametrize("unit", ["ops/jingqing.service", "ops/jingqing-run.service"])
def test_what_a_unit_takes_for_granted_is_told(unit: str) -> None:
    guide = text("docs/operations.md")
    [user] = re.findall(r"^User=(\w+)$", text(unit), re.MULTILINE)
    [folder] = re.findall(r"^WorkingDirectory=(\S+)$", text(unit), re.MULTILINE)
    [writable] = re.findall(r"^#ReadWritePaths=(\S+)$", text(unit), re.MULTILINE)
    assert re.search(rf"^useradd .*\b{user}$", guide, re.MULTILINE)
    assert f"install --directory {folder}\n" in guide
    assert f'metrics_file = "{writable}/' in guide
