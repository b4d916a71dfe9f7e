"""Paths as printable text, one-to-one.

A name is bytes and need not be text, so paths travel as `str` escaped: printable UTF-8 stands for itself,
a backslash is doubled, any other byte becomes `\\xNN`.
"""

from __future__ import annotations

import re

ESCAPE_RE = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
UNESCAPE_RE = re.compile(rb"\\(\\|x[0-9a-f]{2})")


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
    if b"\\" not in raw:
        return raw
    return UNESCAPE_RE.sub(lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]), raw)
