"""Rules of the repair stage: script table, tag names, thresholds, and statistics read when damage shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etl.errors import RulesError
from etl.rules import read_toml, read_tsv

# U+0000 to U+001F without tab and line ends, which are white space; DEL; C1 controls without NEL.
CONTROLS = "\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"
# Soft hyphen, zero-width characters, direction marks, byte-order mark, private use, replacement.
INVISIBLE = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
PRIVATE = "\ue000-\uf8ff"


@dataclass(frozen=True, eq=False)
class RepairRules:
    """What the repair stage knows. Characters are keyed by code point where `str.translate` wants them."""

    simplified: Mapping[int, str]  # traditional-only form -> simplified
    readings: Mapping[str, frozenset[str]]  # traditional-only form of GBK -> its pinyin syllables
    converted: Mapping[str, str]  # simplified -> traditional as a page converter writes it
    common: frozenset[str]  # characters and punctuation that most text is made of, in both scripts
    traditional_re: re.Pattern[str]  # a traditional-only form
    simplified_re: re.Pattern[str]  # a simplified-only form
    suspect_re: re.Pattern[str]  # a character no clean simplified text has, or one that begins debris
    zhe_re: re.Pattern[str]  # 著 that stands for 着
    tag_re: re.Pattern[str]
    script_share: float
    gain: float
    gain_alone: float
    certain: float
    likely: float
    names: tuple[str, ...]  # words that a person's name stands behind


def load() -> RepairRules:
    """The repair rules from their files. Raises RulesError naming file and key."""
    rules = read_toml("repair.toml")
    rows = read_tsv("repair_script.tsv", 4)
    table = {t: s for t, s, _, _ in rows}
    converted = {s: t for t, s, written, _ in rows if written == "x"}
    # Forms that simplified text has too tell nothing: 著, and what GB 2312 holds (乾 of 乾隆, 於 the surname).
    traditional = "".join(t for t in table if t != "著" and not t.encode("gb2312", "ignore"))
    # A simplified form that Big5 has is found in traditional text too, at least in names.
    simplified = "".join(s for s in converted if not s.encode("big5", "ignore"))
    share = _number(rules, "script", "share")
    return RepairRules(
        simplified={ord(t): s for t, s in table.items()},
        readings={t: frozenset(said.split()) for t, _, _, said in rows if said != "-"},
        converted=converted,
        common=_common(converted),
        traditional_re=re.compile(f"[{traditional}]"),
        simplified_re=re.compile(f"[{simplified}]"),
        suspect_re=re.compile(
            f"[{CONTROLS}{INVISIBLE}{PRIVATE}&<\ufffd\x80-\x9f\xc0-\xff\uff61-\uff9f锛锟{traditional}]"
        ),
        zhe_re=_zhe_pattern(
            _text(rules, "script", "zhu_words").split(),
            _text(rules, "script", "zhe_words").split(),
            _text(rules, "script", "surnames"),
        ),
        tag_re=_tag_pattern(_text(rules, "debris", "tags").split()),
        script_share=share,
        gain=_number(rules, "runs", "gain"),
        gain_alone=_number(rules, "runs", "gain_alone"),
        certain=_number(rules, "runs", "certain"),
        likely=_number(rules, "runs", "likely"),
        names=tuple(_text(rules, "runs", "names").split()),
    )


def _common(converted: Mapping[str, str]) -> frozenset[str]:
    """GB 2312 level 1 with its punctuation and full-width forms, and the traditional forms of level 1."""
    rows = (*range(0xA1, 0xA4), *range(0xB0, 0xD8))
    chars = "".join(bytes((a, b)).decode("gb2312", "ignore") for a in rows for b in range(0xA1, 0xFF))
    return frozenset(chars) | {converted[c] for c in chars if c in converted}


def _zhe_pattern(kept: list[str], changed: list[str], surnames: str) -> re.Pattern[str]:
    """著 that is 着: outside the words that keep it; where words overlap, the longest decides.

    Of words of one length the one with 着 decides: 重新|著手, not 新著|手.
    """
    pattern = ""
    for length in sorted({len(w) for w in (*kept, *changed)}):
        stays = _around([w for w in kept if len(w) == length])
        goes = _around([w for w in changed if len(w) == length])
        pattern = f"(?:(?={goes})|(?!{stays})(?:{pattern}))"
    by_author = "|".join(rf"(?<=》[{surnames}]{'.' * n}(?<![看听读唱念说写拿跟陪])" for n in (1, 2, 3))
    authors = "|".join(f"{a})著(?![\u4e00-\u9fff])" for a in by_author.split("|"))
    # The first look spares all other characters the looks back.
    return re.compile(f"(?=著)(?!{authors}){pattern}著")


def _around(words: list[str]) -> str:
    """A pattern for 著 inside one of `words`, nothing if there are none."""
    found = (
        f"(?<={head})著{tail}" if head else f"著{tail}"
        for head, _, tail in (w.partition("著") for w in words)
    )
    return "|".join(found) or "(?!)"


def _tag_pattern(names: list[str]) -> re.Pattern[str]:
    """A whole tag of one of `names`: <br>, </p>, <span class="x">; a tag ends on its line.

    What stands in it must be attributes with values: 若a<b 且 c>d is text.
    """
    value = r"""(?:"[^"<>\n]{0,200}"|'[^'<>\n]{0,200}'|[A-Za-z0-9#%.:/_;?&=~-]{1,200})"""
    attribute = rf"[ \t]{{1,4}}[A-Za-z][A-Za-z:-]{{0,20}}={value}"
    return re.compile(rf"</?(?P<name>{'|'.join(names)})(?:{attribute}){{0,8}}[ \t]?/?>", re.IGNORECASE)


def _number(rules: Mapping[str, Any], table: str, key: str) -> float:
    value = rules.get(table, {}).get(key)
    if not isinstance(value, int | float):
        raise RulesError(f"rules/repair.toml: {table}.{key} must be a number")
    return float(value)


def _text(rules: Mapping[str, Any], table: str, key: str) -> str:
    value = rules.get(table, {}).get(key)
    if not isinstance(value, str):
        raise RulesError(f"rules/repair.toml: {table}.{key} must be a text")
    return value
