"""Compressed streams: `.gz`, `.zst`, `.bz2`, `.xz`. What is inside has the name without that suffix.

page.html.gz    one leaf            news.jsonl.zst    one leaf a line
pages.tar.gz, pages.tgz             the members of the archive
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, cast

from etl.errors import ArticleError
from etl.sources.base import Leaf, Place
from etl.sources.registry import leaves_at
from etl.sources.streams import counted

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

MAX_WINDOW_LOG = 27  # a zstd stream may ask for a window of 128 MiB, no more


def open_gzip(stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream))


def open_bzip2(stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, bz2.BZ2File(stream))


def open_xz(stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, lzma.LZMAFile(stream))


def open_zstd(stream: BinaryIO) -> BinaryIO:
    options = {int(zstd.DecompressionParameter.window_log_max): MAX_WINDOW_LOG}
    return cast(BinaryIO, zstd.ZstdFile(stream, options=options))


UNPACK: dict[str, tuple[Callable[[BinaryIO], BinaryIO], str]] = {  # suffix -> how, and what is inside then
    ".gz": (open_gzip, ""),
    ".tgz": (open_gzip, ".tar"),
    ".bz2": (open_bzip2, ""),
    ".tbz2": (open_bzip2, ".tar"),
    ".xz": (open_xz, ""),
    ".txz": (open_xz, ".tar"),
    ".zst": (open_zstd, ""),
    ".tzst": (open_zstd, ".tar"),
}


def read(place: Place, stream: BinaryIO) -> Iterator[Leaf]:
    """The leaves of what the stream unpacks to. Raises ArticleError for damage, Exceeded."""
    if place.packed:
        raise ArticleError("too_complex_depth", "compressed twice")
    name, dot, suffix = place.name.rpartition(".")
    unpack, inner = UNPACK[(dot + suffix).lower()]
    yield from leaves_at(
        replace(place, name=name + inner, packed=True), counted(unpack(stream), place.budget)
    )
