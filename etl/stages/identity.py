"""What makes two texts the same article: the words and the numbers, not the wrapping.

Encodings, line lengths, quotation marks and spaces differ between copies; 1.5万 and 15万, 3-5日 and 35日,
-3℃ and 3℃ must not fall together. So punctuation goes, except where it belongs to a number.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from hashlib import sha256

from etl.errors import ArticleError

HASH_VERSION = 1  # of the scheme below; stored with each hash, raised with every change of it
SHORT_BODY_CHARS = 200  # shorter canonical bodies are told apart by their titles too

KEPT_AT_DIGITS = ".:-/%"
# 3—5日, 3～5日, 3−5日: read as a hyphen between digits. After NFKC ～ is ~. Each pattern begins with what it
# looks for and checks the character before it afterwards: that is many times faster than the other way round.
DASHES = "‐‑‒–—―〜"  # what of them is not between digits goes at the end
HYPHENS = f"-~∼{DASHES}"
DASH_RE = re.compile(rf"[{HYPHENS}](?<=\d.)[{HYPHENS}]*+(?=\d)")
LOOSE_RE = re.compile(rf"[{re.escape(KEPT_AT_DIGITS)}](?<!\d.)(?!\d)")
COMMA_RE = re.compile(r"、(?:(?<!\d、)|(?!\d))")
DROPPED = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Cc", "Cf"}


# Wide forms of the kept characters, the true minus, and ℃, the one symbol of everyday text that NFKC changes.
NARROWED = (*zip("：％．－−／～", ":%.--/~", strict=True), ("℃", "°C"))


@cache
def dropped_re() -> re.Pattern[str]:
    """What is dropped wherever it stands: white space, Unicode categories P, Cc, Cf. Symbols (℃, +, U+FFFD) stay.

    Built on first use. Plane 0 only: the engine looks such a set up in a table, and above it there is only
    the punctuation of historic scripts. A `+` would cost more than it saves: runs are short.
    """
    kept = KEPT_AT_DIGITS + "、：％．－／" + DASHES
    plane = map(chr, range(0x10000))
    dropped = (c for c in plane if c.isspace() or (unicodedata.category(c) in DROPPED and c not in kept))
    return re.compile(f"[{''.join(map(re.escape, dropped))}]")


def canonical_text(text: str) -> str:
    """`text` as identity sees it: NFKC, no white space, no punctuation but `. : - / %` that touch a digit.

    A dash or tilde between digits counts as a hyphen, and a 、 between digits stays.

    >>> canonical_text("截至8月，涉案1.5万元； 气温－3℃。")
    '截至8月涉案1.5万元气温-3°C'
    >>> canonical_text("3、5日"), canonical_text("3～5日"), canonical_text("35日")
    ('3、5日', '3-5日', '35日')
    """
    # Punctuation goes before NFKC, which is slow where it has work, and makes three full stops of …,
    # of which one would stay after a digit. Of ⑴ it makes (1), so there is a second look afterwards.
    drop = dropped_re().sub
    text = drop("", text)
    for wide, narrow in NARROWED:
        text = text.replace(wide, narrow)
    if not unicodedata.is_normalized("NFKC", text):
        text = drop("", unicodedata.normalize("NFKC", text))
    text = LOOSE_RE.sub("", COMMA_RE.sub("", text))
    if any(hyphen in text for hyphen in HYPHENS):
        text = DASH_RE.sub("-", text)
        for dash in DASHES:
            text = text.replace(dash, "")
    return text


def content_hash(title: str | None, body: str) -> bytes:
    """SHA-256 over the canonical body; under 200 canonical characters the title goes before it.

    Raises ArticleError `empty_words` if neither holds a character.
    """
    canonical = canonical_text(body)
    if len(canonical) < SHORT_BODY_CHARS:
        heading = canonical_text(title or "")
        if not heading and not canonical:
            raise ArticleError("empty_words", "neither title nor body holds a word")
        canonical = f"{heading}\n{canonical}"
    return sha256(canonical.encode()).digest()
