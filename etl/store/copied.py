"""Lists of texts, and JSON, as COPY sends them.

The driver looks at every element of a list for a type that fits them all, before it writes the first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from psycopg import Cursor, DataError
from psycopg.adapt import Dumper
from psycopg.types.json import Jsonb

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class TextsDumper(Dumper):
    """A list of texts as a literal of `text[]`."""

    def dump(self, obj: Sequence[str | None]) -> bytes:
        r"""Every text in quotes, as PostgreSQL takes any, in UTF-8 (`engine.connect`).

        Raises DataError for NUL, as the driver does, and for what is no text.

        >>> TextsDumper(list).dump(['北街"一号"', None, "NULL", "\\"]).decode()
        '{"北街\\"一号\\"",NULL,"NULL","\\\\"}'
        """
        if not obj:
            return b"{}"
        try:
            literal = f"{{{','.join(map(quoted, obj))}}}"
        except AttributeError as e:
            raise DataError("a list in a row may hold texts alone") from e
        if "\0" in literal:
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return literal.encode()


class JsonDumper(Dumper):
    """JSON with characters as they are, which takes half the bytes of their numbers."""

    def dump(self, obj: Jsonb) -> bytes:
        return to_json(obj.obj).encode()


def quoted(text: str | None) -> str:
    """An element of an array literal."""
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def prepare(cursor: Cursor[Any]) -> None:
    """Let a cursor send lists, of which all are texts, and JSON so."""
    cursor.adapters.register_dumper(list, TextsDumper)
    cursor.adapters.register_dumper(Jsonb, JsonDumper)
