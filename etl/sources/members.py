"""Names of archive members: read as text, refused if they lead out of the archive, and each used once.

No member is ever written to a disk, so a hostile name could do no harm here; it would in the hands of those
who read the database and unpack the archive themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from etl.sources.files import PARTIAL_SUFFIXES
from etl.sources.paths import escape_path

UNSAFE_RE = re.compile(r"[\\\0]|^/|^[A-Za-z]:|(?:^|/)\.\.(?:/|$)")  # a\b  /etc/passwd  C:x  a/../../b


@dataclass(slots=True)
class Names:
    """The names of one archive's members so far."""

    seen: set[str] = field(default_factory=set)

    def take(self, raw: bytes) -> str:
        """A member's name as printable text; one that was there before gets a number: `a.txt#2`.

        >>> names = Names()
        >>> names.take("./警情/一.txt".encode("gbk")), names.take("警情/一.txt".encode())
        ('警情/一.txt', '警情/一.txt#2')
        """
        parts = [part for part in as_text(raw).split("/") if part not in ("", ".")]
        name = unique = escape_path("/".join(parts).encode("utf-8", "surrogateescape"))
        number = 1
        while unique in self.seen:
            number += 1
            unique = f"{name}#{number}"
        self.seen.add(unique)
        return unique


def as_text(raw: bytes) -> str:
    """A name as text: UTF-8, or else GBK as Chinese Windows writes it, or else bytes by surrogates."""
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "surrogateescape")


def is_unsafe(raw: bytes) -> bool:
    """Whether a name leads out of the folder in which somebody might unpack it.

    >>> is_unsafe(b"../a"), is_unsafe(b"/a"), is_unsafe(b"a..b/c")
    (True, True, False)
    """
    return UNSAFE_RE.search(as_text(raw)) is not None


def unwanted(name: str) -> str | None:
    """The reason to skip a member, as a file of that name would be skipped: hidden, partial_name."""
    parts = name.split("/")
    if any(part.startswith(".") for part in parts):
        return "hidden"
    return "partial_name" if parts[-1].lower().encode().endswith(PARTIAL_SUFFIXES) else None
