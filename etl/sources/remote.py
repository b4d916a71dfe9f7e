"""Folders of an object store, through fsspec: `s3://bucket/folder`, and `memory://` for trials.

Nothing else is let in, and no chained address (`a::b`): fsspec would open whatever it is asked to. Who we are
and where the store is (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`) is read by the store's library.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO

from etl.errors import ConfigError, SourceError
from etl.model import Found
from etl.sources.base import Changed, Entry, Skipped, Unusable
from etl.sources.files import CHUNK, PARTIAL_SUFFIXES
from etl.sources.paths import escape_path, unescape_path

Info = dict[str, Any]  # what fsspec says of an entry: name, type, size and more
SECOND_NS = 1_000_000_000


@cache
def filesystem(scheme: str) -> Any:
    """The store that a scheme names, nothing of it remembered. Raises ConfigError if its library is missing."""
    try:
        import fsspec

        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ImportError as e:
        raise ConfigError(f"{scheme}:// needs the extra: pip install 'jingqing[s3]'") from e


def at(path: str) -> tuple[Any, str]:
    """The store of an escaped path, and the path as it knows it."""
    plain = unescape_path(path).decode("utf-8", "surrogateescape")
    return filesystem(plain.partition("://")[0]), plain


def resolve(root: str) -> str:
    """The escaped path of what the user named. Raises ConfigError for one that is not there or a chained one."""
    if "::" in root:
        raise ConfigError(f"{root}: chained addresses are not read")
    name = name_of(root)
    store, path = at(name)
    try:
        store.info(path)
    except FileNotFoundError as e:
        raise ConfigError(f"{name}: nothing is there") from e
    except Exception as e:  # every store has errors of its own
        raise ConfigError(f"{name}: {describe(e)}") from e
    return name


def name_of(root: str) -> str:
    """The same, whether it is there or not."""
    return escape_path(root.rstrip("/").encode("utf-8", "surrogateescape"))


def walk(top: str) -> Iterator[Entry]:
    """The entries below `top` in the byte order of their paths; `top` itself if it is no folder."""
    store, path = at(top)
    info = store.info(path)
    if info["type"] == "directory":
        yield from walk_folder(store, top)
    else:
        yield judge(top, info)


def walk_folder(store: Any, folder: str) -> Iterator[Entry]:
    """The entries below `folder`, folders sorted as `name/` so that the whole is in path order."""
    try:
        listed = store.ls(at(folder)[1], detail=True)
    except FileNotFoundError:
        yield Skipped(folder, "vanished")
        return
    except Exception as e:  # every store has errors of its own
        yield Unusable(folder, "unreadable_folder", describe(e))
        return
    entries = []
    for info in listed:
        name = info["name"].rstrip("/").rpartition("/")[2].encode("utf-8", "surrogateescape")
        key = name + b"/" if info["type"] == "directory" else name
        if not info["name"].endswith("/") or info["type"] == "directory":  # else it only stands for a folder
            entries.append((key, f"{folder}/{escape_path(name)}", info))
    for key, path, info in sorted(entries, key=lambda e: e[0]):
        if not key.endswith(b"/"):
            yield judge(path, info)
        elif not key.startswith(b"."):
            yield from walk_folder(store, path)


def judge(path: str, info: Info) -> Entry:
    """What an entry is, from its name and what the store says of it."""
    name = path.rpartition("/")[2]
    if name.startswith("."):
        return Skipped(path, "hidden")
    if name.lower().encode().endswith(PARTIAL_SUFFIXES):
        return Skipped(path, "partial_name")
    return Found(path, info["size"], modified_ns(info))


def modified_ns(info: Info) -> int:
    """When an object was written. Stores tell whole seconds; its ETag fills the rest, so that two contents of
    one second are told apart.

    >>> modified_ns({"LastModified": datetime.fromisoformat("2026-01-01T00:00:00+00:00"), "ETag": "x"}) % SECOND_NS
    363233923
    """
    written = info.get("LastModified") or info.get("created")
    stamp = written.timestamp() if isinstance(written, datetime) else float(written or 0)
    return int(stamp) * SECOND_NS + zlib.crc32(str(info.get("ETag") or stamp).encode()) % SECOND_NS


def count(top: str) -> None:
    """Not told: it would take as long as `walk`."""


def read_bytes(found: Found, max_bytes: int) -> tuple[bytes, bytes]:
    """All bytes of an object and their SHA-256.

    Raises SourceError (`too_large`, or of the family `unreadable`), FileNotFoundError if it is gone, Changed if
    it is not as it was found.
    """
    if found.size > max_bytes:
        raise SourceError("too_large", f"{found.size} bytes, the limit is {max_bytes}")
    store, path = at(found.path)
    try:
        data = store.cat_file(path)
    except FileNotFoundError:
        raise
    except Exception as e:  # every store has errors of its own
        raise refused(e) from e
    if stat_again(found) != found or len(data) != found.size:
        raise Changed
    return data, hashlib.sha256(data).digest()


def open(found: Found) -> BinaryIO:
    """The object as a stream that can seek; raises as `read_bytes` does."""
    store, path = at(found.path)
    if stat_again(found) != found:
        raise Changed
    try:
        return io.BufferedReader(Remote(store.open(path, "rb")), CHUNK)
    except FileNotFoundError:
        raise
    except Exception as e:  # every store has errors of its own
        raise refused(e) from e


class Remote(io.RawIOBase):
    """An object whose trouble in reading is a SourceError: nobody shall take it for damage of an archive."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner = inner

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.inner.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.inner.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self.inner.read(len(buffer))
        except Exception as e:  # every store has errors of its own
            raise refused(e) from e
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.inner.close()
        super().close()


def stat_again(found: Found) -> Found | None:
    """The object as it stands now, or None if it is gone or the store does not say."""
    store, path = at(found.path)
    try:
        info = store.info(path)
    except Exception:  # whatever it is, the object is not what was found, and the next run looks again
        return None
    return Found(found.path, info["size"], modified_ns(info)) if info["type"] == "file" else None


def nothing_to_load(path: str) -> bool:
    """Whether no object can be expected at this path any more: gone, a folder, or one that is skipped."""
    store, plain = at(path)
    try:
        info = store.info(plain)
    except FileNotFoundError:
        return True
    except Exception:  # the store does not answer: who knows
        return False
    return info["type"] == "directory" or isinstance(judge(path, info), Skipped)


def refused(error: Exception) -> SourceError:
    """An object that the store did not let us read."""
    reason = "unreadable_permission" if isinstance(error, PermissionError) else "unreadable"
    return SourceError(reason, describe(error))


def describe(error: Exception) -> str:
    """The class of an error; its text may hold addresses and keys."""
    return type(error).__name__
