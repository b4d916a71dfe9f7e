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
# 3—5日, 3～5日, 3−5日: read as a hyphen between digits. After NFKC ～ is ~.
DASH_RE = re.compile(r"(?<=\d)[-‐‑‒–—―~〜∼−]{1,4}(?=\d)")
MINUS_RE = re.compile(r"−(?=\d)")
DROPPED = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Cc", "Cf"}


@cache
def dropped_re() -> re.Pattern[str]:
    """All that is dropped: Unicode categories P, Cc, Cf outside numbers. Symbols (℃, +, U+FFFD) stay.

    Built on first use, from planes 0 and 1; there is no punctuation above them.
    """
    kept = KEPT_AT_DIGITS + "、"
    characters = (c for c in map(chr, range(0x20000)) if unicodedata.category(c) in DROPPED and c not in kept)
    always = "".join(map(re.escape, characters))
    return re.compile(rf"[{always}]+|(?<!\d)[{re.escape(KEPT_AT_DIGITS)}]+(?!\d)|(?<!\d)、|、(?!\d)")


def canonical_text(text: str) -> str:
    """`text` as identity sees it: NFKC, no white space, no punctuation but `. : - / %` that touch a digit.

    A dash or tilde between digits counts as a hyphen, and a 、 between digits stays.

    >>> canonical_text("截至8月，涉案1.5万元； 气温－3℃。")
    '截至8月涉案1.5万元气温-3℃'
    >>> canonical_text("3、5日"), canonical_text("3～5日"), canonical_text("35日")
    ('3、5日', '3-5日', '35日')
    """
    # Before NFKC, which makes three full stops of an ellipsis; the first would stay after a digit.
    text = text.replace("…", "")
    text = "".join(unicodedata.normalize("NFKC", text).split())
    text = MINUS_RE.sub("-", DASH_RE.sub("-", text))
    return dropped_re().sub("", text)


def content_hash(title: str | None, body: str) -> bytes:
    """SHA-256 over the canonical body; under 200 canonical characters the title goes before it.

    Raises ArticleError `empty` if neither holds a character.
    """
    canonical = canonical_text(body)
    if len(canonical) < SHORT_BODY_CHARS:
        heading = canonical_text(title or "")
        if not heading and not canonical:
            raise ArticleError("empty", "neither title nor body")
        canonical = f"{heading}\n{canonical}"
    return sha256(canonical.encode()).digest()
