"""Find files and read their bytes: a stable order, regular files only, nothing passed over in silence.

A name is bytes and need not be text, so paths travel as `str` escaped one-to-one: printable UTF-8
stands for itself, a backslash is doubled, any other byte becomes `\\xNN`.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etl.errors import ConfigError, SourceError
from etl.model import Found

PARTIAL_SUFFIXES = (b".part", b".partial", b".tmp", b".temp", b".crdownload", b".download", b".swp", b"~")
CHUNK = 1 << 20


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


def resolve(roots: Sequence[str]) -> list[bytes]:
    """The real paths of what the user named, each once. Raises ConfigError for one that is not there."""
    tops: dict[bytes, None] = {}
    for root in roots:
        try:
            tops[os.path.realpath(os.fsencode(root), strict=True)] = None
        except (OSError, ValueError) as e:
            word = describe(e) if isinstance(e, OSError) else str(e)
            raise ConfigError(f"{escape_path(os.fsencode(root))}: {word}") from e
    return list(tops)


def discover(
    tops: Sequence[bytes], include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Iterator[Entry]:
    """Every entry below `tops` (see `resolve`), in the byte order of their paths within a top.

    A top may be a folder or a file. Globs match the path below the top (`*` also crosses folders); no
    `include` means all.
    """
    wanted, unwanted = compile_globs(include), compile_globs(exclude)
    for top in tops:
        if not os.path.isdir(top):
            yield judge(top)
            continue
        for entry in walk(top):
            below = os.fsdecode(unescape_path(entry.path)[len(top.rstrip(b"/")) + 1 :])
            if (not wanted or wanted.match(below)) and not (unwanted and unwanted.match(below)):
                yield entry


def walk(folder: bytes) -> Iterator[Entry]:
    """The entries below `folder`, folders sorted as `name/` so that the whole is in path order."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(
                (e.name + b"/" if e.is_dir(follow_symlinks=False) else e.name, e) for e in listing
            )
    except FileNotFoundError:
        yield Skipped(escape_path(folder), "vanished")
        return
    except OSError as e:
        yield Unusable(escape_path(folder), "unreadable", describe(e))
        return
    for key, entry in entries:
        if not key.endswith(b"/"):
            yield judge(entry.path)
        elif not entry.name.startswith(b"."):
            yield from walk(entry.path)


def judge(path: bytes) -> Entry:
    """What an entry is, from its name and `lstat`."""
    name, shown = os.path.basename(path), escape_path(path)
    if name.startswith(b"."):
        return Skipped(shown, "hidden")
    if name.lower().endswith(PARTIAL_SUFFIXES):
        return Skipped(shown, "partial_name")
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return Skipped(shown, "vanished")
    except OSError as e:
        return Unusable(shown, "unreadable", describe(e))
    if stat.S_ISLNK(info.st_mode):
        return Skipped(shown, "link")
    if not stat.S_ISREG(info.st_mode):
        return Unusable(shown, "not_regular", "a pipe, socket or device")
    return Found(shown, info.st_size, info.st_mtime_ns)


def read_bytes(found: Found, max_bytes: int) -> tuple[bytes, bytes] | None:
    """The bytes of a file and their SHA-256, or None if it changed between discovery and end of reading.

    Never follows a link and never blocks on a pipe put in the file's place. Raises SourceError
    (`unreadable`, `not_regular`, `too_large`), FileNotFoundError if it is gone.
    """
    try:
        fd = os.open(unescape_path(found.path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as e:
        raise SourceError("not_regular" if e.errno == errno.ELOOP else "unreadable", describe(e)) from e
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise SourceError("not_regular", "a pipe, socket or device")
        if before.st_size > max_bytes:
            raise SourceError("too_large", f"{before.st_size} bytes, the limit is {max_bytes}")
        data = read_all(fd, before.st_size)
        after = os.fstat(fd)
    except OSError as e:
        raise SourceError("unreadable", describe(e)) from e
    finally:
        os.close(fd)
    seen = (found.size, found.mtime_ns)
    if seen != (before.st_size, before.st_mtime_ns) or seen != (after.st_size, after.st_mtime_ns):
        return None
    if len(data) != found.size:
        return None
    return data, hashlib.sha256(data).digest()


def read_all(fd: int, size: int) -> bytes:
    """What the descriptor gives, at most one chunk beyond `size` (a growing file is caught by its length)."""
    parts = []
    left = size + 1
    while left > 0 and (part := os.read(fd, min(left, CHUNK))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def stat_again(found: Found) -> Found | None:
    """The file as it stands now, or None if it is gone or no regular file any more."""
    try:
        info = os.lstat(unescape_path(found.path))
    except OSError:
        return None
    return Found(found.path, info.st_size, info.st_mtime_ns) if stat.S_ISREG(info.st_mode) else None


ESCAPE_RE = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
UNESCAPE_RE = re.compile(rb"\\(\\|x[0-9a-f]{2})")


def nothing_to_load(path: str) -> bool:
    """Whether no file can be expected at this path any more: gone, a link, or a folder that can be listed."""
    raw = unescape_path(path)
    if os.path.isdir(raw) and not os.path.islink(raw):
        return os.access(raw, os.R_OK | os.X_OK)
    return isinstance(judge(raw), Skipped)


def escape_path(path: bytes) -> str:
    """A path as printable text, one-to-one.

    >>> escape_path("警情/一.txt".encode() + bytes([0xff])), escape_path(b"a\\\\b")
    ('警情/一.txt\\\\xff', 'a\\\\\\\\b')
    """
    text = path.decode("utf-8", "surrogateescape")
    return ESCAPE_RE.sub(escape_char, text) if ESCAPE_RE.search(text) else text


def escape_char(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\\":
        return "\\\\"
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def unescape_path(path: str) -> bytes:
    """The bytes of an escaped path.

    >>> unescape_path(escape_path(bytes([0x61, 0x5c, 0xff, 0x0a]))) == bytes([0x61, 0x5c, 0xff, 0x0a])
    True
    """
    raw = path.encode("utf-8")
    return UNESCAPE_RE.sub(lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]), raw)


def compile_globs(globs: Sequence[str]) -> re.Pattern[str] | None:
    """One pattern for all globs, None for none."""
    return re.compile("|".join(fnmatch.translate(g) for g in globs)) if globs else None


def describe(error: OSError) -> str:
    """The system's word for an error, without the path (it stands beside it)."""
    return error.strerror or type(error).__name__
