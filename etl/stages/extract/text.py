"""The body as the other modules read it: one form of punctuation, sentences, lines.

Patterns would otherwise need both `，` and `,` everywhere. The view replaces ASCII punctuation one
character for one, so that every position in it is a position in the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from etl.rules.factoring import compile_factored

VIEW = tuple(
    zip(",:!?;()", "，：！？；（）", strict=True)
)  # replaced one by one: twenty times as fast as a table
# Digits keep their ASCII colon and comma: 17:30, 1,200
DIGIT_MARK_RE = re.compile(r"[，：](?<=\d.)(?=\d)")
# 他说：“走了。”  ->  the closing quotation mark belongs to the sentence it ends
MARKS_AFTER = r"[。！？…]{0,6}[”’」』）》\"]{0,3}"
END_RE = compile_factored(f"[。！？；]{MARKS_AFTER}|…(?:…{{0,5}}{MARKS_AFTER})|\n")
# 1.8日中午: the first item of a list, no day of January
LIST_DOT_RE = re.compile(r"^(\s{0,4}\d{1,2})[.．](?=\d{1,2}(?:日|月\d))", re.M)
VERSE_LINES, VERSE_MAX = 3, 24
STOPS = "，、：！？”…"
VERSE_HEAD_RE = re.compile(r"[\u4e00-\u9fff\d“（]")


@dataclass(slots=True)
class Sentence:
    """A sentence `[start, end)` of the body on line number `line`."""

    start: int
    end: int
    line: int
    text: str


@dataclass(frozen=True)
class Page:
    """A body with its view, lines and sentences, computed when first asked for."""

    body: str

    @cached_property
    def view(self) -> str:
        view = self.body
        for ascii_mark, mark in VIEW:
            view = view.replace(ascii_mark, mark)
        view = LIST_DOT_RE.sub(r"\1、", _verse_joined(view))
        return DIGIT_MARK_RE.sub(lambda m: "," if m[0] == "，" else ":", view)

    @cached_property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """Span of each line, without its newline."""
        spans, at = [], 0
        for line in self.view.split("\n"):
            spans.append((at, at + len(line)))
            at += len(line) + 1
        return tuple(spans)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(split_sentences(self.view))


def _verse_joined(view: str) -> str:
    """Text set in short lines without stops, as chat channels like it, joined to sentences, length unchanged.

    A run of four such lines or more, one of them ending in a comma or colon, is running text: its
    line breaks become commas. A lone short line stays a heading.
    """
    lines = view.split("\n")
    verse = [0 < len(line) <= VERSE_MAX and _is_verse(line) for line in lines]
    if b"\1" * VERSE_LINES not in bytes(verse):
        return view  # no run of them is long enough
    joined: list[str] = []
    i = 0
    chatty = sum(verse) * 2 > len(lines)
    while i < len(lines):
        end = i
        while end < len(lines) and verse[end]:
            end += 1
        run = lines[i : max(end, i + 1)]
        if len(run) >= VERSE_LINES and (chatty or any(line[-1] in "，：" for line in run)):
            joined.append("".join(line + (" " if line[-1] in STOPS else "，") for line in run)[:-1])
        else:
            joined += run
        i += len(run)
    return "\n".join(joined)


def _is_verse(line: str) -> bool:
    """Whether a short line may be part of a sentence set in several."""
    return line[-1] not in "。；" and bool(VERSE_HEAD_RE.match(line))


class Taken:
    """Which characters of a text are taken by something found already; every question costs its own length."""

    def __init__(self, length: int) -> None:
        self._map = bytearray(length + 1)

    def free(self, start: int, end: int) -> bool:
        return self._map.find(1, start, end) < 0

    def take(self, start: int, end: int) -> None:
        self._map[start:end] = b"\1" * (end - start)


def places(view: str, word: str) -> Iterator[int]:
    """Where `word` stands in `view`, without overlap: a pattern made for one body would cost more to compile."""
    at = view.find(word)
    while at >= 0:
        yield at
        at = view.find(word, at + len(word))


@lru_cache(maxsize=512)
def occurrences(view: str, word: str) -> int:
    """How often `word` stands in `view`; asked again and again for the few names of a body."""
    return view.count(word)


def split_sentences(view: str) -> list[Sentence]:
    r"""The sentences of `view`; a line break ends one that has no stop.

    >>> [s.text for s in split_sentences("下雨了。“走吧！”他说\n民警赶到。")]
    ['下雨了。', '“走吧！”', '他说', '民警赶到。']
    """
    found: list[Sentence] = []
    at = line = 0
    for m in END_RE.finditer(view):
        start, end = m.span()
        if view[start] == "\n":
            text = view[at:start]
            if text and not text.isspace():
                found.append(Sentence(at, start, line, text))
            line += 1
        else:
            found.append(Sentence(at, end, line, view[at:end]))
        at = end
    text = view[at:]
    if text and not text.isspace():
        found.append(Sentence(at, len(view), line, text))
    return found
