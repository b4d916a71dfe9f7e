"""Rules and lexicons: data files with provenance, loaded once, validated and typed.

The files are the rules; the modules beside them only read, check and compile. `digest` changes with
any rule file, so that an old row can be explained by the rules that made it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.errors import RulesError

if TYPE_CHECKING:
    from etl.rules.extract import ExtractRules
    from etl.rules.layout import LayoutRules
    from etl.rules.link import LinkRules
    from etl.rules.repair import RepairRules

ROOT = Path(__file__).parent
LOOKUPS = {  # table -> where its rows stand
    "incident_kinds": ("kinds.toml", "kind"),
    "person_roles": ("enums.toml", "role"),
    "outcomes": ("enums.toml", "outcome"),
    "precisions": ("enums.toml", "precision"),
    "time_bases": ("enums.toml", "basis"),
    "polarities": ("enums.toml", "polarity"),
    "article_kinds": ("enums.toml", "article_kind"),
    "story_relations": ("enums.toml", "story_relation"),
    "rejection_reasons": ("reasons.toml", "reason"),
    "skip_reasons": ("reasons.toml", "skip"),
    "flags": ("enums.toml", "flag"),
}
DATA_SUFFIXES = {".toml", ".tsv", ".txt"}


class Rules:
    """All rule sets; each is read and compiled when first used, since no command needs all of them."""

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 over all rule files, names included."""
        sha = hashlib.sha256()
        for path in data_files():
            sha.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return sha.hexdigest()[:16]

    @cached_property
    def layout(self) -> LayoutRules:
        from etl.rules.layout import load

        return load()

    @cached_property
    def repair(self) -> RepairRules:
        from etl.rules.repair import load

        return load()

    @cached_property
    def extract(self) -> ExtractRules:
        from etl.rules.extract import load

        return load()

    @cached_property
    def link(self) -> LinkRules:
        from etl.rules.link import load

        return load()

    @cached_property
    def lookups(self) -> dict[str, list[dict[str, str]]]:
        """The rows of each lookup table: code, zh, en and note; kinds with their group, reasons with their note_zh."""
        return {table: list(lookup_rows(file, key)) for table, (file, key) in LOOKUPS.items()}

    @cached_property
    def divisions(self) -> list[dict[str, str | bool | None]]:
        """The rows of the table of divisions."""
        from etl.rules.divisions import division_rows

        return division_rows(read_tsv("places.tsv", 2))


@lru_cache(maxsize=1)
def load_rules() -> Rules:
    """The rules of this installation."""
    return Rules()


def data_files() -> Iterator[Path]:
    """All rule files in a fixed order."""
    return iter(sorted(p for p in ROOT.rglob("*") if p.suffix in DATA_SUFFIXES))


def read_toml(name: str) -> dict[str, Any]:
    """A TOML rule file as a dict. Raises RulesError with file and line if it does not parse."""
    try:
        return tomllib.loads((ROOT / name).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as e:
        raise RulesError(f"rules/{name}: {e}") from e


def lookup_rows(file: str, key: str) -> Iterator[dict[str, str]]:
    """Rows of one closed list. Raises RulesError for a row without code or names, or a code given twice."""
    seen = set()
    for row in read_toml(file)[key]:
        code = row.get("code", "")
        if not code or code in seen or not row.get("zh") or not row.get("en"):
            raise RulesError(
                f"rules/{file}: [[{key}]] {code or '?'}: code, zh and en are needed, each code once"
            )
        seen.add(code)
        wanted = {"code": code, "zh": row["zh"], "en": row["en"], "note": row.get("definition", "")}
        more = {"group_zh": "group", "note_zh": "definition_zh"}
        yield wanted | {column: row[name] for column, name in more.items() if name in row}


def read_tsv(name: str, columns: int) -> list[tuple[str, ...]]:
    """Rows of a tab-separated rule file; lines that begin with # are notes. Raises RulesError on a wrong width."""
    rows = []
    for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = tuple(line.split("\t"))
        if len(row) != columns:
            raise RulesError(f"rules/{name}:{number}: {len(row)} columns, expected {columns}")
        rows.append(row)
    return rows
