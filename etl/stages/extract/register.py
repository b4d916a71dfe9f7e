"""Pages with lines of their own sort: registers (警情日志), where a clock heads every case, and scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence

# 08:12 学府路菜市场，摊主报称
ENTRY_RE = re.compile(r"\s{0,4}[【\[（(]?\d{1,2}(?:[:：]\d{2}|[时点](?:\d{1,2}分?)?)许?[】\]）)]?[\s，：、]")
# 3月18日 星期一 小雨: the head of a page
PAGE_RE = re.compile(r"\s{0,4}[【（(]?(?:\d{4}年)?\d{1,2}月\d{1,2}日[^，。；]{0,16}$")

# 【解说】: who speaks in a script; it opens nothing
LABEL_RE = re.compile(
    r"^[【\[]?(?:口播|解说|同期声?|配音|画面|采访|字幕|正文|导语|旁白|现场声?|现场同期声?|出镜|记者出镜|主播|主持人|片尾|音响|实况|串场)[】\]：](?:[^。！？]{0,30}[：]?)?$"
)


def is_entry(line: str) -> bool:
    """Whether a line begins with a clock, as the entries of a register do.

    >>> is_entry("08:12 学府路菜市场，摊主报称钱盒被端走"), is_entry("8日晚，民警巡逻")
    (True, False)
    """
    return bool(ENTRY_RE.match(line))


def is_register(lines: Sequence[str]) -> bool:
    """Whether two entries or more stand under a line that is but a date: elsewhere a clock carries a case on."""
    entries = [i for i, line in enumerate(lines) if is_entry(line)]
    if len(entries) < 2:
        return False
    page = next((i for i, line in enumerate(lines) if PAGE_RE.match(line.strip())), len(lines))
    return entries[-2] > page


def is_label(line: str) -> bool:
    """Whether a line of a script only tells who speaks, which opens no case.

    >>> is_label("【解说】"), is_label("【同期声】桂溪派出所民警 向杰："), is_label("【案情回放】")
    (True, True, False)
    """
    return bool(LABEL_RE.match(line))
