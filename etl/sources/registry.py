"""All sources and all readers, and the few verbs by which a run uses them.

To add a source, write a module with the functions of `base.Source` and name its scheme in SOURCES; to add a
reader, write a function of type `base.Reader` and name its suffix in READERS. Modules are imported when a
path first asks for them, so that nobody pays for what they do not read.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import BinaryIO, cast

from etl.errors import ArticleError, ConfigError
from etl.model import Found, RawFile
from etl.sources.base import (
    Budget,
    Changed,
    Entry,
    Exceeded,
    Leaf,
    Limits,
    Place,
    Reader,
    Reading,
    Skipped,
    Source,
    Unread,
)
from etl.sources.paths import unescape_path

SOURCES = {  # scheme -> module; everything else is this machine's file system
    "s3://": "etl.sources.remote",
    "memory://": "etl.sources.remote",
}
READERS = {  # suffix -> module and function; everything else is one leaf
    ".zip": ("etl.sources.zips", "read"),
    ".tar": ("etl.sources.tars", "read"),
    ".jsonl": ("etl.sources.records", "read"),
    ".ndjson": ("etl.sources.records", "read"),
    **dict.fromkeys(
        (".gz", ".zst", ".bz2", ".xz", ".tgz", ".tzst", ".tbz2", ".txz"), ("etl.sources.packed", "read")
    ),
}
CHUNK = 1 << 20


def source_of(path: str) -> Source:
    """The source that a path belongs to, by its scheme."""
    scheme, separator, _ = path.partition("://")
    return cast(Source, import_module(SOURCES.get(scheme + separator, "etl.sources.files")))


def reader_of(path: str) -> Reader | None:
    """The reader for a container with this name, by the longest suffix; None for a file that is one leaf."""
    name = path.rpartition("/")[2].lower()
    suffix = max((s for s in READERS if name.endswith(s)), key=len, default=None)
    if suffix is None:
        return None
    module, function = READERS[suffix]
    return cast(Reader, getattr(import_module(module), function))


def resolve(roots: Sequence[str]) -> list[str]:
    """The real paths of what the user named, each once. Raises ConfigError for one that is not there."""
    return list(dict.fromkeys(source_of(root).resolve(root) for root in roots))


def resolve_there(roots: Sequence[str]) -> tuple[list[str], list[str]]:
    """The real paths of what is there, and why each of the others is not. Raises ConfigError if nothing is."""
    there: list[str] = []
    missing: list[str] = []
    for root in roots:
        try:
            there += resolve([root])
        except ConfigError as e:
            missing.append(str(e))
    if missing and not there:
        raise ConfigError("; ".join(missing))
    return list(dict.fromkeys(there)), missing


def names_of(roots: Sequence[str]) -> list[str]:
    """What the user named, as the ledger writes paths; each once, in order, whether it is there or not."""
    return list(dict.fromkeys(source_of(root).name_of(root) for root in roots))


def discover(
    tops: Sequence[str], include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Iterator[Entry]:
    """Every entry below `tops` (see `resolve`), in the byte order of their paths within a top.

    A top may be a folder or a file. Globs match the path below the top (`*` also crosses folders); no
    `include` means all.
    """
    wanted, unwanted = compile_globs(include), compile_globs(exclude)
    for top in tops:
        entries = source_of(top).walk(top)
        if wanted is None and unwanted is None:
            yield from entries
            continue
        prefix = len(unescape_path(top).rstrip(b"/")) + 1
        for entry in entries:
            below = unescape_path(entry.path)[prefix:].decode("utf-8", "surrogateescape")
            named = entry.path == top
            if named or ((not wanted or wanted.match(below)) and not (unwanted and unwanted.match(below))):
                yield entry


def count(tops: Sequence[str]) -> int | None:
    """How many files lie below `tops`, quickly and roughly; None if a source can't say."""
    counts = [source_of(top).count(top) for top in tops]
    return None if None in counts else sum(n for n in counts if n is not None)


def read(found: Found, limits: Limits) -> Reading:
    """A file's hash and leaves. Raises SourceError (unreadable, too_large, ...), FileNotFoundError, Changed."""
    source, reader = source_of(found.path), reader_of(found.path)
    if reader is None:
        data, digest = source.read_bytes(found, limits.file_bytes)
        return Reading(digest, iter((RawFile(found.path, data, digest),)))
    stream = source.open(found)
    try:
        digest = sha256_of(stream)
        stream.seek(0)
    except BaseException:
        stream.close()
        raise
    return Reading(digest, leaves(source, found, stream, limits))


def leaves(source: Source, found: Found, stream: BinaryIO, limits: Limits) -> Iterator[Leaf]:
    """The leaves of an open container, at least one; Changed at the end if it was written meanwhile."""
    name = found.path.rpartition("/")[2]
    place = Place(found.path, None, name, limits, Budget(limits, found.size))
    none = True
    with stream:
        try:
            for leaf in leaves_at(place, stream):
                none = none and isinstance(leaf, Skipped)
                yield leaf
        except Exceeded as e:
            none = False
            yield Unread(e.reason, e.detail, cut=True)
    if source.stat_again(found) != found:
        raise Changed
    if none:
        yield Unread("empty", "it holds no file")


def leaves_at(place: Place, stream: BinaryIO) -> Iterator[Leaf]:
    """The leaves of a stream, which is a container or one leaf by its name. Raises Exceeded."""
    reader = reader_of(place.name)
    try:
        if reader is None:
            yield whole(place, stream)
        else:
            yield from reader(place, stream)
    except Exceeded:
        raise
    except ArticleError as e:
        yield Unread(e.reason, e.detail, place.member, cut=reader is not None)


def whole(place: Place, stream: BinaryIO) -> RawFile:
    """A stream that is one leaf. Raises ArticleError if it is too large."""
    most = place.limits.member_bytes
    data = stream.read(most + 1)
    if len(data) > most:
        raise ArticleError("too_large_member", f"more than {most} bytes")
    return RawFile(place.path, data, hashlib.sha256(data).digest(), place.member)


def sha256_of(stream: BinaryIO) -> bytes:
    """The SHA-256 of what a stream gives."""
    digest = hashlib.sha256()
    while part := stream.read(CHUNK):
        digest.update(part)
    return digest.digest()


def stat_again(found: Found) -> Found | None:
    """The file as it stands now, or None if it is gone."""
    return source_of(found.path).stat_again(found)


def nothing_to_load(path: str) -> bool:
    """Whether no file can be expected at this path any more."""
    return source_of(path).nothing_to_load(path)


def compile_globs(globs: Sequence[str]) -> re.Pattern[str] | None:
    """One pattern for all globs, None for none."""
    return re.compile("|".join(fnmatch.translate(g) for g in globs)) if globs else None
