"""The work of extraction grows with the length of a text, not with its square, also on texts made to be slow.

Work is counted, not timed: characters that a pattern walked through, and lines of Python that ran.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from etl.model import Article
from etl.rules import load_rules, scan
from etl.stages.extract import extract

OURS = str(Path(scan.__file__).parents[1])
SMALL = 60  # characters
SLACK = 1.6  # of ten times the text: ten times the work, and what pays only for longer texts
BAIT = (
    *("1", "月", "某", "在", "“", "3", "被", "《", "\n", "，", "1.", "5元", "云南", "共3起，"),
    *(
        "派出所",
        "公安局",
        "柳河派出所",
        "某派出所和",
        "\n某某派出所\n",
        "民警",
        "民警王强说",
        "张警官",
        "王某某、",
    ),
    *("王先生", "欧阳某", "老王", "小明", "李强，", "张三李四", "民警李强和王刚、", "男子姓", "豆豆"),
    *("5月3日", "5月3日至", "昨天，", "被盗", "报警称", "一名男子", "一名男子报警\n", "第一句。", "手机"),
    "9月2日，柳河派出所接王女士报警，称手机被盗，民警将李某抓获。\n",
)


class Tally:
    """Work done: `characters` by patterns, `lines` by Python."""

    def __init__(self) -> None:
        self.characters = self.lines = 0


class Counted:
    """A pattern that notes how many characters its searches walk through."""

    def __init__(self, pattern: re.Pattern[str], tally: Tally) -> None:
        self._pattern, self._tally = pattern, tally

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pattern, name)

    def _noted(self, m: re.Match[str] | None, start: int, end: int) -> re.Match[str] | None:
        self._tally.characters += (m.end() if m else end) - start + 1
        return m

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        return self._noted(self._pattern.search(text, start, end), start, min(end, len(text)))

    def match(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        return self._noted(self._pattern.match(text, start, end), start, start)

    def finditer(self, text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[str]]:
        at = start
        for m in self._pattern.finditer(text, start, end):
            self._noted(m, at, 0)
            at = m.end()
            yield m
        self._noted(None, at, min(end, len(text)))

    def _all(self, name: str, text: str, *before: Any) -> Any:
        self._tally.characters += len(text) + 1
        return getattr(self._pattern, name)(*before, text)

    def findall(self, text: str) -> list[str]:
        return self._all("findall", text)  # type: ignore[no-any-return]

    def split(self, text: str) -> list[str]:
        return self._all("split", text)  # type: ignore[no-any-return]

    def sub(self, new: Any, text: str) -> str:
        return self._all("sub", text, new)  # type: ignore[no-any-return]


class Counting(SimpleNamespace):
    """Rules whose patterns are counted, hashed by identity as those are that look-ups are cached by."""

    __hash__ = object.__hash__


def counted(value: Any, tally: Tally) -> Any:
    """`value` with every pattern in it counted; data of the rules otherwise the same."""
    if isinstance(value, re.Pattern):
        return Counted(value, tally)
    if isinstance(value, Mapping) and any(isinstance(v, re.Pattern) for v in value.values()):
        return {k: counted(v, tally) for k, v in value.items()}
    if isinstance(value, tuple) and any(isinstance(v, re.Pattern | tuple) or is_dataclass(v) for v in value):
        return tuple(counted(v, tally) for v in value)
    if is_dataclass(value) and type(value).__name__.endswith(("Rules", "Rule")):
        return Counting(**{f.name: counted(getattr(value, f.name), tally) for f in fields(value)})
    return value


def work(body: str, monkeypatch: pytest.MonkeyPatch) -> Tally:
    """The work of extracting `body`."""
    tally = Tally()
    rules = counted(load_rules().extract, tally)

    def traced(frame: FrameType, event: str, arg: object) -> Any:
        if OURS not in frame.f_code.co_filename:
            return None
        if event == "line":
            tally.lines += 1
        return traced

    with monkeypatch.context() as patch:
        matcher = scan.matcher
        patch.setattr(scan, "matcher", lambda source: Counted(matcher(source), tally))
        for name, module in list(sys.modules.items()):
            if name.startswith("etl.stages.extract"):
                for key, value in list(vars(module).items()):
                    if isinstance(value, re.Pattern):
                        patch.setattr(module, key, Counted(value, tally))
        before = sys.gettrace()
        sys.settrace(traced)
        try:
            extract(Article(None, body), rules)
        finally:
            sys.settrace(before)
    return tally


@pytest.mark.parametrize("bait", BAIT)
def test_ten_times_the_text_is_ten_times_the_work(bait: str, monkeypatch: pytest.MonkeyPatch) -> None:
    once = bait * -(-SMALL // len(bait))
    one, ten, hundred = (work(once * n, monkeypatch) for n in (1, 10, 100))
    assert ten.characters <= 10 * SLACK * one.characters
    assert hundred.characters <= 10 * SLACK * ten.characters
    assert ten.lines <= 10 * SLACK * one.lines
    assert hundred.lines <= 10 * SLACK * ten.lines
