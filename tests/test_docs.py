"""Generated documents are current."""

from __future__ import annotations

from pathlib import Path

from docs.make_codebook import codebook
from docs.make_schema import schema
from etl.store.engine import Connection

ROOT = Path(__file__).parents[1]


def test_codebook_is_current() -> None:
    # Mend it with: python -m docs.make_codebook
    assert (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8") == codebook()


def test_schema_is_current(connection: Connection) -> None:
    # Mend it with: python -m docs.make_schema
    assert (ROOT / "docs" / "schema.md").read_text(encoding="utf-8") == schema(connection)
