"""Every rule file: readable, its lists closed and named, its provenance stated."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from etl.rules import ROOT, data_files, load_rules

FILES = list(data_files())


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_rule_files_open_with_their_provenance(path: Path) -> None:
    head = path.read_text(encoding="utf-8").split("\n\n")[0].lower()
    assert head.startswith("#")
    assert "source" in head


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_rule_files_are_nfc(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)


def test_lookup_lists_are_closed_and_named() -> None:
    lookups = load_rules().lookups
    assert len(lookups["incident_kinds"]) == 31
    assert all(row["code"] and row["zh"] and row["en"] for rows in lookups.values() for row in rows)


def test_digest_changes_with_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    import etl.rules

    before = etl.rules.Rules().digest
    copy = tmp_path / "rules"
    shutil.copytree(ROOT, copy)
    monkeypatch.setattr(etl.rules, "ROOT", copy)
    assert etl.rules.Rules().digest == before
    (copy / "reasons.toml").write_text("# changed", encoding="utf-8")
    assert etl.rules.Rules().digest != before


def test_every_reason_is_used_and_says_what_to_do() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in ROOT.parent.rglob("*.py"))
    reasons = load_rules().lookups["rejection_reasons"]
    assert [r["code"] for r in reasons if f'"{r["code"]}"' not in source] == []
    assert all(r["note"].endswith(".") and r["note_zh"].endswith("。") for r in reasons)


def test_every_flag_with_a_meaning_is_raised_somewhere() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT.parent / "stages").rglob("*.py"))
    assert [r["code"] for r in load_rules().lookups["flags"] if f'"{r["code"]}"' not in source] == []
