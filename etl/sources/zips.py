"""ZIP archives, member by member, nothing on disk.

The central directory says what there is; what it says of sizes is not believed (`Budget`).
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast
from zipfile import ZipFile, ZipInfo

from etl.errors import ArticleError
from etl.sources.base import Exceeded, Leaf, Place, Skipped, Unread
from etl.sources.members import Names, is_unsafe, unwanted
from etl.sources.registry import leaves_at
from etl.sources.streams import DAMAGE, counted, damaged, seekable

ENCRYPTED, UTF8 = 0x1, 0x800  # flags of a member
# bzip2 and LZMA are left out: the library unpacks 4 KiB of them at once, whatever that comes to (4 GiB of zeros).
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENTRY_BYTES = 1024  # of directory that a member may take


def read(place: Place, stream: BinaryIO) -> Iterator[Leaf]:
    """The leaves of all members, in the order of the directory. Raises ArticleError for damage, Exceeded."""
    if place.depth >= place.limits.archive_depth:
        raise ArticleError(
            "too_complex_depth", f"more than {place.limits.archive_depth} archives in each other"
        )
    archive = opened(place, seekable(place, stream))
    names = Names()
    for info in archive.infolist():
        if not info.is_dir():
            place.budget.enter()
            yield from member(place, archive, info, names)


def opened(place: Place, stream: BinaryIO) -> ZipFile:
    """The archive with its directory read. Raises ArticleError for damage, Exceeded."""
    most = place.limits.archive_members
    try:
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
        # The directory is read as one object a member before anybody can count them: look at its size.
        if end and end[zipfile._ECD_SIZE] > most * ENTRY_BYTES:  # type: ignore[attr-defined]
            raise Exceeded("too_complex_members", f"more than {most} members")
        return ZipFile(stream)
    except DAMAGE as e:
        raise damaged(e) from e


def member(place: Place, archive: ZipFile, info: ZipInfo, names: Names) -> Iterator[Leaf]:
    """The leaves of one member. Raises Exceeded."""
    raw = info.orig_filename.encode("utf-8" if info.flag_bits & UTF8 else "cp437", "surrogateescape")
    inner = place.inside(names.take(raw))
    if is_unsafe(raw):
        yield Unread("unsafe_name", "", inner.member)
    elif why := unwanted(inner.name):
        yield Skipped(place.path, why)
    elif info.flag_bits & ENCRYPTED:
        yield Unread("encrypted", "", inner.member)
    elif irregular := irregular_member(info):
        yield Unread(irregular, "", inner.member)
    elif info.compress_type not in METHODS:
        yield Unread("binary_archive", f"compressed by method {info.compress_type}", inner.member)
    else:
        yield from contents(inner, archive, info)


def contents(inner: Place, archive: ZipFile, info: ZipInfo) -> Iterator[Leaf]:
    """The leaves of a member that can be opened. Raises Exceeded."""
    try:
        stream = archive.open(info)
    except DAMAGE as e:
        error = damaged(e)
        yield Unread(error.reason, error.detail, inner.member)
        return
    with stream:
        yield from leaves_at(inner, counted(cast(BinaryIO, stream), inner.budget))


def irregular_member(info: ZipInfo) -> str | None:
    """The reason for a member that is no regular file, by the mode that Unix writes beside it."""
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode in (0, stat.S_IFREG):
        return None
    return "not_regular_link" if mode == stat.S_IFLNK else "not_regular"
