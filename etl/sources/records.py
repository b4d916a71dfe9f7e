"""JSON Lines: one article a line. Lines are only told apart here; workers read them (`stages.parse.record`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from etl.model import RawFile
from etl.sources.base import Leaf, Place, Unread

BLANK = b" \t\r\n"


def read(place: Place, stream: BinaryIO) -> Iterator[Leaf]:
    """A leaf for every line that is not blank, numbered as an editor numbers lines."""
    most = place.limits.file_bytes
    number = 0
    while line := stream.readline(most + 1):
        number += 1
        if len(line) > most and not line.endswith(b"\n"):
            while (rest := stream.readline(most)) and not rest.endswith(b"\n"):
                pass
            yield Unread("too_large", f"a line of more than {most} bytes", place.member, number)
        elif data := line.strip(BLANK):
            digest = hashlib.sha256(data).digest()
            yield RawFile(place.path, data, digest, place.member, number, place.limits.json_fields)
