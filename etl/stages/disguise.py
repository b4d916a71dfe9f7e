"""Bytes and texts that are not what they seem: transfer encodings, mails, other languages' bytes, wrong readings.

Each of them passes for a text, since every byte of it is one, and would be loaded as garbage. What can be
undone without doubt is undone; the rest is refused.
"""

from __future__ import annotations

import re

from etl.errors import ArticleError
from etl.stages.everyday import EVERYDAY_RE, HIGH_RE, PLAIN_SHARE, everyday_share

ASCII_RE = re.compile(r"[\x00-\x7f]+")
SAMPLE_BYTES = 16_384
SAMPLE_CHARS = 600  # from the first one beyond ASCII on: markup may stand before it
LAST_CHARS = 300  # of these, enough for most texts: front matter, at most, stands before them
MIN_WRONG_HIGH = 12  # fewer characters beyond ASCII prove nothing about a text
WRONG_SHARE = 0.15  # of everyday characters; from here on a text needs no doubting
ESCAPED_SHARE = 0.5  # of the bytes: more, and it is no text with some escapes in it

# From: <Saved by Blink>   MIME-Version: 1.0   Subject: =?utf-8?B?5aSx?=
FIELD_RE = re.compile(rb"[A-Za-z][A-Za-z-]{1,40}: ?")
# begin 644 a.txt   00000000: e5a4 b1e4   =ybegin line=128
DUMP_RE = re.compile(rb"begin [0-7]{3} \S|=ybegin |[0-9a-f]{7,8}:? {1,3}[0-9a-f]{2,4} [0-9a-f]{2,4} ")
BASE64_RE = re.compile(rb"[A-Za-z0-9+/_-]{1,200000}={0,2}")
MIN_BASE64_LINE = 40
# =E8=AD=A6   %E8%AD%A6   \u8b66   \xe8\xad\xa6
ESCAPE_RE = re.compile(rb"=[0-9A-F]{2}|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}")
QUOTED_RE = re.compile(rb"(?:=[0-9A-F]{2}){6}")  # =E8=AD=A6=E6=83=85
UTF7_RE = re.compile(rb"\+[A-Za-z0-9+/]{3,}")  # +i2ZgxQ-
# ESC $ B, ESC $ ) C: what switches to two bytes a character in ISO-2022
ISO_2022_RE = re.compile(rb"\x1b\$[@AB()]")

# Other languages' encodings whose bytes pass for GB18030 or Big5, and the letters that tell them: hiragana;
# the commonest syllables of Korean prose. General knowledge.
HIRAGANA_RE = re.compile("[ぁ-ん]")
KOREAN_RE = re.compile(
    "[이다는을의에가하고은를도로지사자기리한인나시어들과아그서것정해대보수부일만라여게있었했습니]"
)
FOREIGN = (
    ("euc_jp", "Japanese", HIRAGANA_RE),
    ("cp932", "Japanese", HIRAGANA_RE),
    ("cp949", "Korean", KOREAN_RE),
)
FOREIGN_SHARE = 0.25  # of these letters: prose has 0.3 to 0.6, Chinese read so next to none

# How a text came to be garbage: its bytes were read as the first, and should have been as the second.
WRONG_READINGS = (
    ("latin-1", "utf-8"),
    ("cp1252", "utf-8"),
    ("gb18030", "utf-8"),
    ("cp950", "utf-8"),
    ("latin-1", "gb18030"),
    ("cp1252", "gb18030"),
    ("cp950", "gb18030"),
    ("cp949", "gb18030"),
    ("cp932", "gb18030"),
    ("latin-1", "cp950"),
    ("gb18030", "cp950"),
)


def seven_bit(data: bytes) -> tuple[str, str] | None:
    """The text and codec of Chinese written in ASCII bytes alone, HZ or UTF-7; None if it is neither.

    >>> seven_bit("民警接报后到场，案件正在办理。".encode("hz"))
    ('民警接报后到场，案件正在办理。', 'hz')
    """
    for mark, codec in ((b"~{" in data, "hz"), (UTF7_RE.search(data), "utf-7")):
        if not mark:
            continue
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if everyday_share(text) >= PLAIN_SHARE:
            return text, codec
    return None


def refuse_transfer(data: bytes) -> None:
    """Raise ArticleError for ASCII that stands for other bytes: mail, base64, quoted-printable, dumps, escapes.

    JSON is left to those who look for it.
    """
    head = data[:SAMPLE_BYTES].lstrip()
    if ISO_2022_RE.search(head):
        raise ArticleError("undecodable", "ISO-2022, an encoding of another language")
    if head.startswith((b"{", b"[")) or (head.startswith(b"<") and not QUOTED_RE.search(head)):
        return
    if DUMP_RE.match(head):
        raise ArticleError("undecodable_transfer", "a dump of bytes")
    words = head.split()
    if words and len(words[0]) >= MIN_BASE64_LINE and all(map(BASE64_RE.fullmatch, words)):
        raise ArticleError("undecodable_transfer", "base64 or hexadecimal digits")
    if sum(map(len, ESCAPE_RE.findall(head))) > ESCAPED_SHARE * len(head):
        raise ArticleError("undecodable_transfer", "quoted-printable, or other escapes")


def refuse_mail(data: bytes) -> None:
    """Raise ArticleError for a mail, or a page saved as one (MHTML): header fields first, MIME-Version among them."""
    if not FIELD_RE.match(data):
        return
    for line in data[:SAMPLE_BYTES].splitlines():
        if line[:13].lower() == b"mime-version:":
            raise ArticleError("undecodable_transfer", "a mail, or a page saved as MHTML")
        if not FIELD_RE.match(line) and not line.startswith((b" ", b"\t")):
            return


def refuse_foreign(data: bytes) -> None:
    """Raise ArticleError for Japanese and Korean bytes, which GB18030 and Big5 accept as rare characters."""
    sample = data[:SAMPLE_BYTES]
    for codec, language, letters in FOREIGN:
        text = sample.decode(codec, "replace")
        high = sum(not c.isascii() for c in text)
        lost = text.count("\ufffd") - text.endswith("\ufffd")
        if lost * 50 <= high and len(letters.findall(text)) >= FOREIGN_SHARE * max(1, high):
            raise ArticleError("undecodable", f"{language}, in {codec}")


def restored(text: str) -> str | None:
    """The text that was read by the wrong encoding and saved so; None if nothing says that it was.

    Raises ArticleError where that is plain and some of it was lost on the way.

    >>> restored("民警接到报警后到场，案件正在办理当中。".encode("gbk").decode("latin-1"))
    '民警接到报警后到场，案件正在办理当中。'
    >>> restored("Полиция сообщила об этом в пятницу.")
    """
    first = HIGH_RE.search(text)
    sample = text[first.start() : first.start() + SAMPLE_CHARS] if first else ""
    if plainly_read(sample):
        return None
    sample = ASCII_RE.sub("", sample)
    if len(sample) < MIN_WRONG_HIGH or everyday_share(sample) >= WRONG_SHARE:
        return None
    for wrong, right in WRONG_READINGS:
        before = sample.encode(wrong, "replace").decode(right, "replace")
        if everyday_share(before.replace("\ufffd", "")) < PLAIN_SHARE or before.count("\ufffd") * 2 > len(
            before
        ):
            continue
        try:
            return text.encode(wrong).decode(right)
        except UnicodeError:
            raise ArticleError("undecodable_lost", f"{right} read as {wrong}, and saved so") from None
    return None


def plainly_read(sample: str) -> bool:
    """Whether the last part of a sample alone holds more everyday characters than any wrong reading of it all."""
    return len(EVERYDAY_RE.findall(sample, SAMPLE_CHARS - LAST_CHARS)) >= WRONG_SHARE * SAMPLE_CHARS
