"""What a source and a reader are: where files lie, and what leaves come out of one.

A source finds files and gives their bytes; a reader turns the bytes of a container into leaves. Both are
named in `registry`; nothing else knows how many there are. Paths travel escaped (see `paths`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from etl.model import Found, RawFile


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that is not meant for this run; `reason` is a skip code of `rules/reasons.toml`."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """An entry that should be readable and is not; becomes a rejection."""

    path: str
    reason: str
    detail: str


Entry = Found | Skipped | Unusable


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take. `file_bytes` is for a file that is read whole."""

    file_bytes: int = 20 << 20


@dataclass(frozen=True, slots=True)
class Unread:
    """A leaf that can't be had though its file can, or a container that holds none; becomes a rejection."""

    reason: str
    detail: str = ""
    member: str | None = None
    record_no: int | None = None


class Changed(Exception):
    """The file is not, or not any more, the one that was found: it is being written."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file being read: the SHA-256 of all its bytes, and its leaves in an order that is always the same.

    At least one leaf comes. The iterator may end with Changed; what it gave before is good none the less.
    """

    sha256: bytes
    leaves: Iterator[RawFile | Unread]


# The leaves of an open container. Troubles of a member or record come as Unread, never as an exception.
Reader = Callable[[Found, BinaryIO, Limits], Iterator[RawFile | Unread]]


class Source(Protocol):
    """A place where files lie: this machine's file system, an object store."""

    def resolve(self, root: str) -> str:
        """The real, escaped path of what the user named. Raises ConfigError if it is not there."""

    def name_of(self, root: str) -> str:
        """The same, whether it is there or not."""

    def walk(self, top: str) -> Iterator[Entry]:
        """Every entry below `top`, or `top` itself if it is a file, in the byte order of their paths."""

    def count(self, top: str) -> int | None:
        """How many files lie below `top`, quickly and roughly; None if that takes as long as `walk`."""

    def read_bytes(self, found: Found, max_bytes: int) -> tuple[bytes, bytes]:
        """All bytes and their SHA-256. Raises SourceError, FileNotFoundError, Changed."""

    def open(self, found: Found) -> BinaryIO:
        """The bytes as a stream that can seek; raises as `read_bytes` does."""

    def stat_again(self, found: Found) -> Found | None:
        """The file as it stands now, or None if it is gone."""

    def nothing_to_load(self, path: str) -> bool:
        """Whether no file can be expected at this path any more."""
