"""Registers (警情日志): pages on which every case is a line of its own, headed by nothing but a clock."""

from __future__ import annotations

import re
from collections.abc import Sequence

# 08:12 学府路菜市场，摊主报称
ENTRY_RE = re.compile(r"\s{0,4}[【\[（(]?\d{1,2}(?:[:：]\d{2}|[时点](?:\d{1,2}分?)?)许?[】\]）)]?[\s，：、]")
# 3月18日 星期一 小雨: the head of a page
PAGE_RE = re.compile(r"\s{0,4}[【（(]?(?:\d{4}年)?\d{1,2}月\d{1,2}日[^，。；]{0,16}$")


def is_entry(line: str) -> bool:
    """Whether a line begins with a clock, as the entries of a register do.

    >>> is_entry("08:12 学府路菜市场，摊主报称钱盒被端走"), is_entry("8日晚，民警巡逻")
    (True, False)
    """
    return bool(ENTRY_RE.match(line))


def is_register(lines: Sequence[str]) -> bool:
    """Whether two entries or more stand under a line that is but a date: elsewhere a clock carries a case on."""
    page = next((i for i, line in enumerate(lines) if PAGE_RE.match(line.strip())), len(lines))
    return sum(is_entry(line) for line in lines[page + 1 :]) > 1
