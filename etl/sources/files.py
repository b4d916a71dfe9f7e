"""Files of this machine: a stable order, regular files only, nothing passed over in silence."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, BinaryIO

from etl.errors import ConfigError, SourceError
from etl.model import Found
from etl.sources.base import Changed, Entry, Skipped, Unusable
from etl.sources.paths import escape_path, unescape_path

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PARTIAL_SUFFIXES = (b".part", b".partial", b".tmp", b".temp", b".crdownload", b".download", b".swp", b"~")
NO_FILES = (b"/.", *(suffix + b"/" for suffix in PARTIAL_SUFFIXES))  # as they show in /one/two/
NAME = attrgetter("name")
FILES_AT_ONCE = 1000  # looked at before the first of them is passed on
CHUNK = 1 << 20
as_found: Callable[[tuple[str, int, int]], Found] = partial(
    tuple.__new__, Found
)  # a third of the time of Found()


def resolve(root: str) -> str:
    """The real path of what the user named. Raises ConfigError for one that is not there."""
    try:
        return escape_path(os.path.realpath(os.fsencode(root), strict=True))
    except (OSError, ValueError) as e:
        word = describe(e) if isinstance(e, OSError) else str(e)
        raise ConfigError(f"{escape_path(os.fsencode(root))}: {word}") from e


def name_of(root: str) -> str:
    """The same, whether it is there or not."""
    return escape_path(os.path.realpath(os.fsencode(root)))


def walk(top: str) -> Iterator[Entry]:
    """The entries below `top` in the byte order of their paths; `top` itself if it is no folder."""
    path = unescape_path(top)
    return walk_folder(path) if os.path.isdir(path) else iter((judge(path),))


def walk_folder(folder: bytes) -> Iterator[Entry]:
    """The entries below `folder`, folders sorted as `name/` so that the whole is in path order."""
    try:
        with os.scandir(folder) as listing:
            files: list[os.DirEntry[bytes]] = []
            folders: list[os.DirEntry[bytes]] = []
            for entry in listing:
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry)
    except FileNotFoundError:
        yield Skipped(escape_path(folder), "vanished")
        return
    except OSError as e:
        yield Unusable(escape_path(folder), refusal(e, "unreadable_folder"), describe(e))
        return
    shown = escape_path(folder.rstrip(b"/")) + "/"
    files.sort(key=NAME)
    at = 0
    for name, entry in sorted((e.name + b"/", e) for e in folders):
        before, at = at, bisect(files, name, key=NAME)
        yield from judge_files(shown, files[before:at])
        if not name.startswith(b"."):
            yield from walk_folder(entry.path)
    yield from judge_files(shown, files[at:])


def judge_files(shown: str, files: Sequence[os.DirEntry[bytes]]) -> Iterator[Entry]:
    """What the files of one folder are, which is `shown` as this text; looked at some at a time."""
    for some in (files[at : at + FILES_AT_ONCE] for at in range(0, len(files), FILES_AT_ONCE)):
        names = plain_names([e.name for e in some])
        if names is None:
            yield from [judge_name(e.name, shown + escape_path(e.name), e) for e in some]
            continue
        judged: list[Entry] = []
        for name, entry in zip(names, some, strict=True):
            try:
                info = entry.stat(follow_symlinks=False)
            except OSError:
                info = None
            if info and stat.S_ISREG(info.st_mode):
                judged.append(as_found((shown + name, info.st_size, info.st_mtime_ns)))
            else:
                judged.append(judge_name(entry.name, shown + name, entry))
        yield from judged


def plain_names(names: Sequence[bytes]) -> list[str] | None:
    """Names as text, if none needs escaping and all may be those of files to be read: asked of all at once.

    >>> plain_names([b"a.txt", b"b.txt"]), plain_names([b"a.txt", b"b.tmp"]), plain_names([b"a", bytes([0xff])])
    (['a.txt', 'b.txt'], None, None)
    """
    together = b"/".join(names)
    lowered = b"/" + together.lower() + b"/"
    if any(mark in lowered for mark in NO_FILES):
        return None
    shown = together.decode("utf-8", "surrogateescape")
    return shown.split("/") if shown.isprintable() and "\\" not in shown else None


def count(top: str) -> int:
    """How many files lie below `top`, by names alone; what can't be listed counts for nothing."""
    files, folders = 0, [unescape_path(top)]
    while folders:
        try:
            with os.scandir(folders.pop()) as listing:
                for entry in listing:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        files += 1
        except NotADirectoryError:
            files += 1
        except OSError:
            continue
    return files


def judge(path: bytes) -> Entry:
    """What an entry is, from its name and `lstat`."""
    return judge_name(os.path.basename(path), escape_path(path), None)


def judge_name(name: bytes, shown: str, entry: os.DirEntry[bytes] | None) -> Entry:
    """What an entry is, from its name and `lstat`; `shown` is its escaped path, `entry` what a listing gave."""
    if name[:1] == b".":
        return Skipped(shown, "hidden")
    if name.lower().endswith(PARTIAL_SUFFIXES):
        return Skipped(shown, "partial_name")
    try:
        info = entry.stat(follow_symlinks=False) if entry else os.lstat(unescape_path(shown))
    except FileNotFoundError:
        return Skipped(shown, "vanished")
    except OSError as e:
        return Unusable(shown, refusal(e), describe(e))
    if stat.S_ISLNK(info.st_mode):
        return Skipped(shown, "link")
    if not stat.S_ISREG(info.st_mode):
        return Unusable(shown, irregular(info.st_mode), "")
    return Found(shown, info.st_size, info.st_mtime_ns)


def read_bytes(found: Found, max_bytes: int) -> tuple[bytes, bytes]:
    """The bytes of a file and their SHA-256.

    Never follows a link and never blocks on a pipe put in the file's place. Raises SourceError
    (`too_large`, or of the families `unreadable` and `not_regular`), FileNotFoundError if it is gone,
    Changed if it is not as it was found, or changed until the end of reading.
    """
    fd = open_regular(found)
    try:
        if found.size > max_bytes:
            raise SourceError("too_large", f"{found.size} bytes, the limit is {max_bytes}")
        data = read_all(fd, found.size)
        after = os.fstat(fd)
    except OSError as e:
        raise SourceError(refusal(e), describe(e)) from e
    finally:
        os.close(fd)
    if (found.size, found.mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != found.size:
        raise Changed
    return data, hashlib.sha256(data).digest()


def open(found: Found) -> BinaryIO:
    """The file as a stream; raises as `read_bytes` does."""
    return io.BufferedReader(Disk(open_regular(found)), CHUNK)


class Disk(io.FileIO):
    """A file whose trouble in reading is a SourceError: nobody shall take it for damage of an archive."""

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as e:
            raise SourceError(refusal(e), describe(e)) from e


def open_regular(found: Found) -> int:
    """A descriptor of the very file that was found; raises as `read_bytes` does."""
    try:
        fd = os.open(unescape_path(found.path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as e:
        raise SourceError("not_regular" if e.errno == errno.ELOOP else refusal(e), describe(e)) from e
    try:
        now = os.fstat(fd)
        if not stat.S_ISREG(now.st_mode):
            raise SourceError(irregular(now.st_mode))
        if (found.size, found.mtime_ns) != (now.st_size, now.st_mtime_ns):
            raise Changed
    except OSError as e:
        os.close(fd)
        raise SourceError(refusal(e), describe(e)) from e
    except BaseException:
        os.close(fd)
        raise
    return fd


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


def nothing_to_load(path: str) -> bool:
    """Whether no file can be expected at this path any more: gone, a link, or a folder that can be listed."""
    raw = unescape_path(path)
    if os.path.isdir(raw) and not os.path.islink(raw):
        return os.access(raw, os.R_OK | os.X_OK)
    return isinstance(judge(raw), Skipped)


def refusal(error: OSError, otherwise: str = "unreadable") -> str:
    """The reason for an entry that the system did not let us read."""
    if error.errno == errno.ENAMETOOLONG:
        return "unreadable_path"
    denied = error.errno in (errno.EACCES, errno.EPERM)
    return "unreadable_permission" if denied and otherwise == "unreadable" else otherwise


def irregular(mode: int) -> str:
    """The reason for an entry that is no regular file."""
    if stat.S_ISFIFO(mode):
        return "not_regular_pipe"
    if stat.S_ISSOCK(mode):
        return "not_regular_socket"
    return "not_regular_device" if stat.S_ISBLK(mode) or stat.S_ISCHR(mode) else "not_regular"


def describe(error: OSError) -> str:
    """The system's word for an error, without the path (it stands beside it)."""
    return error.strerror or type(error).__name__
