"""Compiled patterns that outlast their process, as Python's byte code does, in the same folder and on its terms.

A worker compiles some 700 patterns, which takes a third of the time to its first results. What `re` makes of a
pattern depends on nothing but the pattern, its flags and the interpreter, by which it is looked up here, so that
nothing kept can be out of date. Where the folder can't be written everything is compiled as usual.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import re
import sys
from array import array
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any

WORTH_WRITING = 16  # patterns that the file lacks
MOST = 4000  # beyond it the file is begun anew: what earlier versions left there is never asked for
FILE = Path(cache_from_source(__file__)).with_suffix(".programs")

Key = tuple[str | bytes, int]  # pattern and flags
Program = tuple[
    int, bytes, int, dict[str, int], tuple[str | None, ...]
]  # what `_sre.compile` wants beside the pattern


class Programs:
    """The programs of a file, and those that were compiled since."""

    def __init__(self, file: Path = FILE) -> None:
        self.file = file
        self.known = read(file)
        self.new: dict[Key, Program] = {}
        self.otherwise: Callable[..., re.Pattern[Any]] = _compiler.compile

    def install(self) -> None:
        """Let `re` ask here first, for the rest of this process."""
        _compiler.compile = self.compile

    def compile(self, pattern: Any, flags: int = 0) -> re.Pattern[Any]:
        """The same as `re._compiler.compile`."""
        if not isinstance(pattern, str | bytes) or flags & re.DEBUG:
            return self.otherwise(pattern, flags)
        key = pattern, int(flags)
        program = self.known.get(key) or self.new.get(key)
        if program is None:
            program = self.new[key] = compiled(pattern, int(flags))
        all_flags, code, groups, by_name, names = program
        words = array("I", code).tolist()
        made: re.Pattern[Any] = _compiler._sre.compile(pattern, all_flags, words, groups, by_name, names)
        return made

    def save(self) -> None:
        """Write the file anew if it lacks enough to be worth it and may be written."""
        if len(self.new) < WORTH_WRITING or sys.dont_write_bytecode:
            return
        self.known = (self.known if len(self.known) < MOST else {}) | self.new
        self.new = {}
        beside = self.file.with_suffix(f".{os.getpid()}")
        try:
            self.file.parent.mkdir(exist_ok=True)
            beside.write_bytes(marshal.dumps((sys.version, self.known)))
            beside.replace(self.file)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def read(file: Path) -> dict[Key, Program]:
    """The programs of a file; none if it is not there, damaged, or of another interpreter."""
    try:
        version, programs = marshal.loads(file.read_bytes())
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return programs if version == sys.version else {}


def compiled(pattern: str | bytes, flags: int) -> Program:
    """What `re` makes of a pattern."""
    parsed = _parser.parse(pattern, flags)
    code = array("I", _compiler._code(parsed, flags)).tobytes()
    state = parsed.state
    names: list[str | None] = [None] * state.groups
    for name, number in state.groupdict.items():
        names[number] = name
    return flags | state.flags, code, state.groups - 1, dict(state.groupdict), tuple(names)
