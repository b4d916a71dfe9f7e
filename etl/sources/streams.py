"""Streams that are read inside other streams: counted while they are read, and honest about damage."""

from __future__ import annotations

import io
import lzma
import struct
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from etl.errors import ArticleError
from etl.sources.base import Budget, Place

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports.zstd import ZstdError
else:
    from compression.zstd import ZstdError

CHUNK = 1 << 16
# What the standard library raises when the bytes are not what they should be. Errors of a disk or a network
# are no part of this: sources raise SourceError for them.
DAMAGE = (
    EOFError, OSError, ValueError, OverflowError, struct.error, zlib.error, lzma.LZMAError, ZstdError,
    zipfile.BadZipFile, NotImplementedError, RuntimeError,
)  # fmt: skip


class Counted(io.RawIOBase):
    """What comes out of an unpacked stream, charged to a budget. Damage raises ArticleError."""

    def __init__(self, inner: BinaryIO, budget: Budget) -> None:
        self.inner = cast(io.BufferedIOBase, inner)
        self.budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self.inner.read1(len(buffer))  # what there is before the damage
        except DAMAGE as e:
            raise damaged(e) from e
        self.budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)


class Section(io.RawIOBase):
    """The next `size` bytes of a stream. Raises ArticleError if it ends before; then `short` is true."""

    def __init__(self, inner: BinaryIO, size: int) -> None:
        self.inner = inner
        self.left = size
        self.short = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.inner.read(min(len(buffer), self.left))
        if not data and self.left and len(buffer):
            self.short = True
            raise ArticleError("malformed_archive", f"it ends {self.left} bytes too early")
        self.left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        """Pass over what nobody read. Raises ArticleError as reading does."""
        buffer = memoryview(bytearray(CHUNK))
        while self.readinto(buffer):
            pass


def counted(inner: BinaryIO, budget: Budget) -> BinaryIO:
    return io.BufferedReader(Counted(inner, budget), CHUNK)


def seekable(place: Place, stream: BinaryIO) -> BinaryIO:
    """The stream, or all its bytes in memory if it can't seek. Raises ArticleError if those are too many."""
    if stream.seekable():
        return stream
    most = place.limits.member_bytes
    data = stream.read(most + 1)
    if len(data) > most:
        raise ArticleError("too_large_member", f"an archive of more than {most} bytes inside another")
    return io.BytesIO(data)


def damaged(error: Exception) -> ArticleError:
    """What is wrong with an archive, in words of ours: the library's own may quote from it."""
    if isinstance(error, EOFError):
        return ArticleError("malformed_archive", "it ends too early")
    word = "a checksum differs" if "CRC" in str(error) else "its bytes are not what they should be"
    return ArticleError("malformed_archive", f"{word} ({type(error).__name__})")
