"""What a source and a reader are: where files lie, and what leaves come out of one.

A source finds files and gives their bytes; a reader turns the bytes of a container into leaves. Both are
named in `registry`; nothing else knows how many there are. Paths travel escaped (see `paths`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Protocol

from etl.errors import ArticleError
from etl.model import Found, RawFile

RATIO_FLOOR = 1 << 20  # bytes that a file may give in any case: a short one may well be mostly blanks


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
    """What one file may take, and how its records are to be read.

    `file_bytes` is for a file, or a line, that is read whole; `member_bytes` for what is read whole out of an
    archive. `archive_bytes` and `archive_ratio` (to the bytes of the file) are for all that comes out of one
    file. `json_fields`: our name of a field -> the key that holds it in JSON Lines.
    """

    file_bytes: int = 20 << 20
    member_bytes: int = 50 << 20
    archive_bytes: int = 1 << 30
    archive_ratio: int = 200
    archive_members: int = 10_000
    archive_depth: int = 2
    json_fields: Mapping[str, str] = field(default_factory=dict)


class Exceeded(ArticleError):
    """A file gives out more than it may: nothing further is read of it."""


class Budget:
    """What one file has given out so far, counted while it is read, since headers lie."""

    def __init__(self, limits: Limits, file_bytes: int) -> None:
        self.limits = limits
        self.most = max(RATIO_FLOOR, file_bytes * limits.archive_ratio)
        self.bytes = self.members = 0

    def spend(self, count: int) -> None:
        """Count bytes that came out. Raises Exceeded."""
        self.bytes += count
        if self.bytes > self.limits.archive_bytes:
            raise Exceeded("too_large_archive", f"more than {self.limits.archive_bytes} bytes come out of it")
        if self.bytes > self.most:
            raise Exceeded("too_large_ratio", f"more than {self.limits.archive_ratio} times its own size")

    def enter(self) -> None:
        """Count a member. Raises Exceeded."""
        self.members += 1
        if self.members > self.limits.archive_members:
            raise Exceeded("too_complex_members", f"more than {self.limits.archive_members} members")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream comes from: a file, or a member of it.

    `name` ends in the suffix that tells the reader; `depth` counts the archives around it; `packed` says that
    it comes out of a compressed stream.
    """

    path: str
    member: str | None
    name: str
    limits: Limits
    budget: Budget
    depth: int = 0
    packed: bool = False

    def inside(self, member: str) -> Place:
        """A member of the archive that stands here."""
        whole = member if self.member is None else f"{self.member}!/{member}"
        return replace(self, member=whole, name=member, depth=self.depth + 1, packed=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """A leaf that can't be had though its file can, or a container that holds none; becomes a rejection.

    `cut`: leaves may follow that could not be seen.
    """

    reason: str
    detail: str = ""
    member: str | None = None
    record_no: int | None = None
    cut: bool = False


Leaf = RawFile | Unread | Skipped


class Changed(Exception):
    """The file is not, or not any more, the one that was found: it is being written."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file being read: the SHA-256 of all its bytes, and its leaves in an order that is always the same.

    At least one leaf comes that is not skipped. The iterator may end with Changed; what it gave before is
    good none the less.
    """

    sha256: bytes
    leaves: Iterator[Leaf]


# The leaves of an open container. What is wrong with one leaf comes as Unread; ArticleError says that nothing
# further can be read here.
Reader = Callable[[Place, BinaryIO], Iterator[Leaf]]


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
