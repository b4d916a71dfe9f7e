"""Generated documents are current."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from docs.make_codebook import codebook
from docs.make_queries import ANSWERED_RE, answered
from docs.make_schema import schema
from etl.store import embedded
from etl.store.engine import Connection, connect

ROOT = Path(__file__).parents[1]


def test_codebook_is_current() -> None:
    # Mend it with: python -m docs.make_codebook
    assert (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8") == codebook()


def test_schema_is_current(connection: Connection) -> None:
    # Mend it with: python -m docs.make_schema
    assert (ROOT / "docs" / "schema.md").read_text(encoding="utf-8") == schema(connection)


QUERIES = ROOT / "docs" / "queries.md"


def test_every_flag_of_the_samples_has_a_meaning(samples_url: str) -> None:
    with connect(samples_url) as connection:
        raised = connection.execute(
            "SELECT jsonb_array_elements_text(quality -> 'flags') FROM articles"
            " UNION SELECT unnest(flags) FROM incidents"
        ).fetchall()
        known = connection.execute("SELECT code FROM flags").fetchall()
    assert raised and set(raised) <= set(known)


def test_answers_to_the_questions_are_current(samples_url: str) -> None:
    # Mend it with: python -m docs.make_queries
    page = QUERIES.read_text(encoding="utf-8")
    assert len(ANSWERED_RE.findall(page)) == 20
    with connect(samples_url) as connection:
        assert answered(page, connection) == page


def blocks(language: str) -> list[str]:
    """The recipes in one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", QUERIES.read_text(encoding="utf-8"), re.DOTALL)


def test_recipes_for_other_tools_run_as_they_stand(
    samples_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (shell,) = blocks("sh")
    programs = embedded.program("psql").parent
    subprocess.run(
        ["sh", "-ec", shell.replace('"$(etl db url)"', '"$URL"')],
        env={
            **os.environ,
            "URL": samples_url,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGCLIENTENCODING": "UTF8",
        },
        check=True,
    )
    assert (tmp_path / "incidents-excel.csv").read_bytes().startswith(b"\xef\xbb\xbfevent_id,")
    names: dict[str, object] = {"url": samples_url}
    for recipe in blocks("python"):
        exec(recipe, names)
    assert names["told"] == [(16,)]
    assert names["arrests"]
    assert len(names["incidents"]) == len(names["frame"]) == 16  # type: ignore[arg-type]
