"""Archives made in memory, good and hostile, and the leaves that come of reading a file."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from etl.model import Found, RawFile
from etl.sources import registry
from etl.sources.base import Leaf, Limits, Skipped, Unread

Told = tuple[Any, ...]


def leaves(path: Path, data: bytes, **limits: Any) -> list[Leaf]:
    """What reading a file with these bytes gives."""
    path.write_bytes(data)
    info = path.stat()
    found = Found(str(path), info.st_size, info.st_mtime_ns)
    return list(registry.read(found, Limits(**limits)).leaves)


def told(path: Path, data: bytes, **limits: Any) -> list[Told]:
    """The same in short: member, record number where there is one, and bytes or reason."""
    return [short(leaf) for leaf in leaves(path, data, **limits)]


def short(leaf: Leaf) -> Told:
    if isinstance(leaf, Skipped):
        return ("skipped", leaf.reason)
    place = (leaf.member,) if leaf.record_no is None else (leaf.member, leaf.record_no)
    if isinstance(leaf, Unread):
        return (*place, leaf.reason, "cut") if leaf.cut else (*place, leaf.reason)
    assert isinstance(leaf, RawFile)
    return (*place, leaf.data)


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def tarred(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]], **more: Any) -> bytes:
    """A tar archive; `more` are attributes of every member."""
    target = io.BytesIO()
    form = more.pop("format", tarfile.PAX_FORMAT)
    with tarfile.open(fileobj=target, mode="w", format=form) as archive:
        for name, data in members.items() if isinstance(members, Mapping) else members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in more.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()
