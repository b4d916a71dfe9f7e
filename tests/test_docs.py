"""Generated documents are current."""

from __future__ import annotations

from pathlib import Path

from docs.make_codebook import codebook

ROOT = Path(__file__).parents[1]


def test_codebook_is_current() -> None:
    # Mend it with: python -m docs.make_codebook
    assert (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8") == codebook()
