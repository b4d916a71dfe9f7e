"""Tar archives as a stream, header by header.

The standard library's own loop ends without a word at a damaged header and reads headers of any size into
memory; so only its reading of one block is used.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from tarfile import BLOCKSIZE, TarInfo
from typing import BinaryIO

from etl.errors import ArticleError
from etl.sources.base import Leaf, Place, Skipped, Unread
from etl.sources.members import Names, is_unsafe, unwanted
from etl.sources.registry import leaves_at
from etl.sources.streams import DAMAGE, Section, counted, damaged

MAX_HEADER_BYTES = 1 << 20  # of a long name or of extended attributes
PAX_RE = re.compile(rb"\d{1,20} ([^=]{1,200})=")  # 30 path=警情/一.txt
FILES, LINKS = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE), (tarfile.LNKTYPE, tarfile.SYMTYPE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One member: name as bytes, kind of entry, size, and whether its bytes have holes."""

    name: bytes
    kind: bytes
    size: int
    sparse: bool


@dataclass(slots=True)
class Pending:
    """What headers before a member's own say of it."""

    name: bytes | None = None
    pax: dict[bytes, bytes] = field(default_factory=dict)


def read(place: Place, stream: BinaryIO) -> Iterator[Leaf]:
    """The leaves of all members, in their order. Raises ArticleError for damage, Exceeded."""
    if place.depth >= place.limits.archive_depth:
        raise ArticleError(
            "too_complex_depth", f"more than {place.limits.archive_depth} archives in each other"
        )
    if not place.packed and place.member is None:  # else its bytes are counted as they are unpacked
        stream = counted(stream, place.budget)
    names = Names()
    while entry := next_entry(stream):
        data = Section(stream, entry.size)
        if entry.kind != tarfile.DIRTYPE:
            place.budget.enter()
            for leaf in member(place, entry, data, names):
                yield replace(leaf, cut=True) if data.short and isinstance(leaf, Unread) else leaf
        if data.short:
            return
        data.drain()
        take(stream, -entry.size % BLOCKSIZE)


def member(place: Place, entry: Entry, data: Section, names: Names) -> Iterator[Leaf]:
    """The leaves of one member. Raises Exceeded."""
    inner = place.inside(names.take(entry.name))
    if is_unsafe(entry.name):
        yield Unread("unsafe_name", "", inner.member)
    elif why := unwanted(inner.name):
        yield Skipped(place.path, why)
    elif entry.kind not in FILES or entry.sparse:
        reason = "not_regular_link" if entry.kind in LINKS else "not_regular"
        yield Unread(reason, "a file with holes" if entry.sparse else "", inner.member)
    else:
        yield from leaves_at(inner, io.BufferedReader(data))


def next_entry(stream: BinaryIO) -> Entry | None:
    """The next member, None at the mark that ends the archive. Raises ArticleError for damage."""
    pending = Pending()
    while True:
        block = take(stream, BLOCKSIZE)
        if not any(block):
            return None
        try:
            info = TarInfo.frombuf(block, "latin-1", "strict")
        except (tarfile.HeaderError, *DAMAGE) as e:
            raise ArticleError("malformed_archive", "what follows is no header of a member") from e
        if info.size < 0:
            raise ArticleError("malformed_archive", "a member of negative size")
        if info.type == tarfile.XHDTYPE:
            pending.pax = pax_fields(header_data(stream, info.size))
        elif info.type == tarfile.GNUTYPE_LONGNAME:
            pending.name = header_data(stream, info.size).rstrip(b"\0")
        elif info.type in (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK):
            header_data(stream, info.size)
        else:
            if info.type == tarfile.GNUTYPE_SPARSE:
                pass_sparse_map(block, stream)
            return entry_of(info, pending)


def entry_of(info: TarInfo, pending: Pending) -> Entry:
    """The member that a header begins, all told. Raises ArticleError for a size that is none."""
    sparse = info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(b"GNU.sparse") for key in pending.pax)
    name = pending.pax.get(b"path") or pending.name or info.name.encode("latin-1")
    try:
        size = int(pending.pax[b"size"]) if b"size" in pending.pax else info.size
    except ValueError as e:
        raise damaged(e) from e
    if size < 0:
        raise ArticleError("malformed_archive", "a member of negative size")
    has_data = info.type not in (*LINKS, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    return Entry(name, info.type, size if has_data else 0, sparse)


def pass_sparse_map(header: bytes, stream: BinaryIO) -> None:
    """Pass over the blocks in which a file with holes says where they are; each tells whether one more follows."""
    more = header[482]
    while more:
        more = take(stream, BLOCKSIZE)[504]


def header_data(stream: BinaryIO, size: int) -> bytes:
    """The data of a header that precedes a member. Raises ArticleError if it is too long."""
    if size > MAX_HEADER_BYTES:
        raise ArticleError("malformed_archive", f"a header of more than {MAX_HEADER_BYTES} bytes")
    data = take(stream, size)
    take(stream, -size % BLOCKSIZE)
    return data


def pax_fields(data: bytes) -> dict[bytes, bytes]:
    """The fields of an extended header: `length key=value` and a newline each, length of the whole.

    >>> pax_fields(b"14 path=a.txt\\n11 size=12\\n")
    {b'path': b'a.txt', b'size': b'12'}

    Raises ArticleError for anything else.
    """
    fields = {}
    at = 0
    while at < len(data) and data[at]:
        match = PAX_RE.match(data, at)
        length = int(data[at : data.index(b" ", at)]) if match else 0
        if not match or at + length < match.end() or at + length > len(data):
            raise ArticleError("malformed_archive", "an extended header that can't be read")
        fields[match[1]] = data[match.end() : at + length - 1]
        at += length
    return fields


def take(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes. Raises ArticleError if there are fewer."""
    data = stream.read(size)
    if len(data) < size:
        raise ArticleError("malformed_archive", "it ends without its end mark: perhaps cut off")
    return data
