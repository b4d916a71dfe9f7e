"""Bytes to text. The strictest evidence is asked first, and what is read must look like Chinese or plain ASCII.

UTF-8 almost never accepts text in another encoding, so its success proves much; GB18030 accepts nearly
any pair of high bytes, so its success proves little. Where no codec proves itself, candidates compete by
the share of everyday characters they yield: real prose holds more than half, a wrong reading a few per cent.
"""

from __future__ import annotations

import codecs
import re

from etl.errors import ArticleError
from etl.model import Decoded
from etl.stages.disguise import refuse_foreign, refuse_mail, refuse_transfer, restored, seven_bit
from etl.stages.everyday import EVERYDAY_RE, HIGH_RE, PLAIN_SHARE, everyday_share

MAX_BAD_SHARE = 0.005  # more replacement characters than this: undecodable
MAX_CONTROL_SHARE = 0.01  # more control characters than this: not text
MIN_SHARE = 0.06  # everyday characters in the worst of real texts, a list of names, are a tenth
MIN_SHARE_BYTES = 200  # fewer can be names only
SAMPLE_BYTES = 16_384  # enough for any of the counts below to settle

# UTF-32 stands before UTF-16: its little-endian mark begins with the other's.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)

# First bytes of formats that are no text, whatever the file is called: the reason, and what to call them.
MAGIC = {
    b"\x89PNG": ("binary_image", "PNG"),
    b"\xff\xd8\xff": ("binary_image", "JPEG"),
    b"GIF87a": ("binary_image", "GIF"),
    b"GIF89a": ("binary_image", "GIF"),
    b"BM\x00": ("binary_image", "BMP"),
    b"II*\x00": ("binary_image", "TIFF"),
    b"MM\x00*": ("binary_image", "TIFF"),
    b"\x00\x00\x01\x00": ("binary_image", "icon"),
    b"8BPS": ("binary_image", "Photoshop"),
    b"RIFF": ("binary_media", "RIFF: WebP, WAV or AVI"),
    b"OggS": ("binary_media", "Ogg"),
    b"ID3": ("binary_media", "MP3"),
    b"fLaC": ("binary_media", "FLAC"),
    b"\x1a\x45\xdf\xa3": ("binary_media", "Matroska"),
    b"#!AMR": ("binary_media", "AMR"),
    b"%PDF-": ("binary_pdf", "PDF"),
    b"%!PS": ("binary_pdf", "PostScript"),
    b"{\\rtf": ("binary_office", "RTF"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("binary_office", "Word, Excel or PowerPoint before 2007"),
    b"PK\x03\x04": ("binary_archive", "ZIP"),
    b"PK\x05\x06": ("binary_archive", "empty ZIP"),
    b"7z\xbc\xaf\x27\x1c": ("binary_archive", "7z"),
    b"Rar!\x1a\x07": ("binary_archive", "RAR"),
    b"MSCF": ("binary_archive", "CAB"),
    b"!<arch>\n": ("binary_archive", "ar"),
    b"\x1f\x8b": ("binary_compressed", "gzip"),
    b"\x1f\x9d": ("binary_compressed", "compress"),
    b"BZh": ("binary_compressed", "bzip2"),
    b"\xfd7zXZ\x00": ("binary_compressed", "xz"),
    b"\x28\xb5\x2f\xfd": ("binary_compressed", "zstd"),
    b"\x04\x22\x4d\x18": ("binary_compressed", "lz4"),
    b"\x7fELF": ("binary_program", "ELF"),
    b"MZ\x90\x00": ("binary_program", "Windows program"),
    b"\xca\xfe\xba\xbe": ("binary_program", "Java class or macOS program"),
    b"\xcf\xfa\xed\xfe": ("binary_program", "macOS program"),
    b"\x00asm": ("binary_program", "WebAssembly"),
    b"dex\n": ("binary_program", "Android program"),
    b"SQLite format 3\x00": ("binary_database", "SQLite"),
    b"PGDMP": ("binary_database", "PostgreSQL dump"),
    b"wOFF": ("binary_font", "WOFF"),
    b"wOF2": ("binary_font", "WOFF2"),
    b"OTTO": ("binary_font", "OpenType"),
    b"\x00\x01\x00\x00\x00": ("binary_font", "TrueType"),
}
# Likewise, where the mark stands behind the first bytes: ustar of a tar archive, ftyp of MP4 and HEIC.
LATER_MAGIC = {
    (257, b"ustar"): ("binary_archive", "tar"),
    (4, b"ftyp"): ("binary_media", "MP4, MOV or HEIC"),
    (4, b"Standard Jet DB"): ("binary_database", "Access"),
}
MARKED = tuple(MAGIC)
ZIP = b"PK\x03\x04"
ENCRYPTED_FLAG = 1  # in the flags of a ZIP member's header
OFFICE_MEMBERS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/", b"mimetype")
ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")  # the stream that such a file holds

# Labels seen in pages, and the codec that reads what is really sent under them (each is a superset).
LABELS = {
    "utf8": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows936": "gb18030",
    "gb18030": "gb18030",
    "euccn": "gb18030",
    "big5": "cp950",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
    "utf16": "utf-16-le",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
}

# In the order in which a tie is settled.
CANDIDATES = (
    *("utf-8", "gb18030", "cp950", "big5hkscs"),
    *("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
)

# <meta charset="gb2312">, content="text/html; charset=gbk", <?xml version="1.0" encoding="big5"?>
CHARSET_RE = re.compile(rb"""(?:charset|encoding)\s{0,4}=\s{0,4}["']?([A-Za-z0-9_-]{2,20})""", re.I)

C1_RE = re.compile("[\x80-\x9f]")
C1_LEAD = b"\xc2"  # first byte of each of them in UTF-8
TWO_BYTES_RE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]")
MAX_CHANCE_LETTERS = 8
HAN_UTF8_RE = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf][\x80-\xbf]){4}")
HAN_LEAD_RE = re.compile(rb"[\xe0-\xff]")

# All C0 and C1 controls but tab and newline, lone surrogates, noncharacters of the BMP. PostgreSQL refuses
# the first, UTF-8 the second, XML libraries the third; none of them is ever part of a news text.
UNWANTED_RE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of a file's bytes: newlines as LF, no byte-order mark, no control characters.

    Order of evidence: byte-order mark, unless it stands before text in another encoding; ASCII that stands
    for Chinese (HZ, UTF-7) or for other bytes (base64, mail: refused); strict UTF-8; the charset that
    `declared` or the bytes themselves name, GB18030, Big5 and UTF-16, the last four by the share of
    everyday characters they give.
    Confidence is 1 for a mark or clean UTF-8 and otherwise says how plainly the winner won.

    >>> decode("联通".encode("gbk")).text   # fooled detectors that try loose UTF-8 first
    '联通'
    >>> decode("派出所接到報警".encode("big5")).encoding
    'cp950'

    Raises ArticleError with a reason of the families `empty`, `binary`, `undecodable` (over 0.5 % of the
    characters replaced, or not what it seems: `disguise`), or `encrypted`.
    """
    size = len(data)
    if data.endswith(b"\0" * 8):  # a file's tail after a crash; one is kept where UTF-16 may need it
        data = data.rstrip(b"\0")
        data += b"\0" * (len(data) % 2)
    if not data:
        raise ArticleError("empty_zeros" if size else "empty", f"{size} bytes")
    mark, codec = next(((m, c) for m, c in MARKS if data.startswith(m)), (b"", ""))
    data = data[len(mark) :]
    if mark and codec != "utf-8" and not falsely_marked(data, codec):
        return cleaned(data.decode(codec, "replace"), codec, 1.0)
    if not data.strip(b"\x00\t\n\r\x0b\x0c "):
        raise ArticleError("empty_blank", f"{size} bytes, none of them text")
    refuse_formats(data)
    refuse_mail(data)
    if data.isascii():
        if found := seven_bit(data):
            return cleaned(*found, 0.95)
        refuse_transfer(data)
    text = strict(data, "utf-8") or joined_surrogates(data)
    if text is not None and (codec == "utf-8" or not doubtful_utf8(data)):
        twice = undoubled(text) if C1_LEAD in data else None
        return cleaned(twice or restored(text) or text, "utf-8", 1.0)
    refuse_mixture(data)
    return cleaned(*by_evidence(data, declared))


def falsely_marked(data: bytes, codec: str) -> bool:
    """Whether a mark of UTF-16, UTF-32 or GB18030 was put before text in another encoding."""
    sample = data[:SAMPLE_BYTES]
    return everyday_share(sample.decode(codec, "replace")) < MIN_SHARE and any(
        everyday_share(sample.decode(other, "replace")) >= PLAIN_SHARE
        for other in CANDIDATES
        if other != codec
    )


def refuse_formats(data: bytes) -> None:
    """Raise ArticleError for a format that is no text, told by its mark."""
    marked = MAGIC.items() if data.startswith(MARKED) else ()
    found = next((f for mark, f in marked if data.startswith(mark)), None) or next(
        (f for (at, mark), f in LATER_MAGIC.items() if data.startswith(mark, at)), None
    )
    if found is None:
        return
    reason, name = found
    if data.startswith(ZIP) and data[30:].startswith(OFFICE_MEMBERS):
        reason, name = "binary_office", "Word, Excel, PowerPoint, OpenDocument or EPUB"
    if (data.startswith(ZIP) and data[6:7] and data[6] & ENCRYPTED_FLAG) or ENCRYPTED_OFFICE in data:
        reason = "encrypted"
    raise ArticleError(reason, name)


def cleaned(text: str, encoding: str, confidence: float) -> Decoded:
    """The decoded text after the choke point: damage measured, unwanted characters gone, newlines LF."""
    bad = text.count("\ufffd")
    if bad > max(1, MAX_BAD_SHARE * len(text)):
        lost = encoding == "utf-8" and confidence == 1  # every byte was valid: they stand in the file
        raise ArticleError(
            "undecodable_lost" if lost else "undecodable",
            f"{bad} of {len(text)} characters {'lost before' if lost else f'unreadable as {encoding}'}",
        )
    if bad:
        confidence = min(confidence, 0.9)
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    text = text.rstrip("\x00").lstrip("\ufeff")
    if UNWANTED_RE.search(text):
        text = text.replace("\x0c", "\n").replace("\x0b", "\n").replace("\x85", "\n")
        text, removed = UNWANTED_RE.subn("", text)
        if removed > max(8, MAX_CONTROL_SHARE * len(text)):
            raise ArticleError("binary", f"{removed} control characters among {len(text)}")
    if not text.strip():
        raise ArticleError("empty_blank", "no text between control characters and white space")
    return Decoded(text, encoding, round(confidence, 3))


def strict(data: bytes, codec: str) -> str | None:
    """The text if every byte is valid in `codec`, else None."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def joined_surrogates(data: bytes) -> str | None:
    """The text of UTF-8 in which surrogates were encoded one by one (CESU-8), lone ones dropped; None if it is not.

    >>> joined_surrogates(bytes.fromhex("e8ada6 eda0bd edb880 edb880"))
    '警😀'
    """
    if b"\xed" not in data:
        return None
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def undoubled(text: str) -> str | None:
    """The text of UTF-8 that was taken for Latin-1 and encoded again; None if nothing says so.

    Its mark are C1 controls, which no text has; they would be stripped, and the text with them.

    >>> undoubled("警情".encode().decode("latin-1"))
    '警情'
    """
    if not C1_RE.search(text):
        return None
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def doubtful_utf8(data: bytes) -> bool:
    """Whether valid UTF-8 may still be something else.

    UTF-16 of ASCII is valid UTF-8 with NULs; and a few two-byte GBK words are valid UTF-8 for Latin,
    Greek or Arabic letters, with no byte from E0 up, which UTF-8 needs for every Han character. More than
    a few are no accident: each pair of bytes is valid by chance in one case of sixteen.
    """
    if b"\0" in data:
        return data.count(b"\0") * 8 > len(data)
    if HAN_LEAD_RE.search(data, 0, SAMPLE_BYTES):
        return False
    return 0 < len(TWO_BYTES_RE.findall(data, 0, SAMPLE_BYTES)) <= MAX_CHANCE_LETTERS


def refuse_mixture(data: bytes) -> None:
    """Raise ArticleError for lines of Chinese in UTF-8 beside others in GB18030, as in files put together."""
    if b"\0" in data or not HAN_UTF8_RE.search(data):
        return
    lines = data.split(b"\n")
    others = [line for line in lines if strict(line, "utf-8") is None]
    if not any(map(HAN_UTF8_RE.search, set(lines) - set(others))):
        return
    text = strict(b"\n".join(others), "gb18030")
    if text and len(EVERYDAY_RE.findall(text)) >= PLAIN_SHARE * len(HIGH_RE.findall(text)):
        raise ArticleError("undecodable_mixed", "lines in UTF-8, and lines in GB18030")


def by_evidence(data: bytes, declared: str | None) -> tuple[str, str, float]:
    """The reading with the most everyday characters and the fewest unreadable ones: text, codec, confidence.

    One that holds for every byte and gives running Chinese needs no rivals: no wrong reading does both.
    """
    named = declared_codec(data, declared)
    sample = data if len(data) <= SAMPLE_BYTES else data[:SAMPLE_BYTES] + high_part(data)
    for codec in dict.fromkeys(filter(None, (named, "gb18030", "cp950"))):
        text = strict(data, codec)
        if text is not None and plausibility(sample, codec) >= PLAIN_SHARE:
            return text, codec, 0.95
    refuse_foreign(data)
    scores = {c: plausibility(sample, c) + (0.05 if c == named else 0) for c in CANDIDATES}
    codec = max(CANDIDATES, key=lambda c: scores[c])
    if scores[codec] <= 0 and (text := strict(data, "utf-8")) is not None:
        return text, "utf-8", 0.5
    if scores[codec] <= (MIN_SHARE if len(data) > MIN_SHARE_BYTES else 0):
        raise ArticleError("undecodable", "no encoding gives readable text")
    second = max(scores[c] for c in CANDIDATES if c not in kin(codec))
    confidence = 0.5 + 0.45 * min(1.0, max(0.0, scores[codec] - second) / 0.3)
    return data.decode(codec, "replace"), codec, confidence


def kin(codec: str) -> set[str]:
    """Codecs that agree with `codec` on common text, so that losing to one of them is no doubt."""
    return {"cp950", "big5hkscs"} if codec in {"cp950", "big5hkscs"} else {codec}


def high_part(data: bytes) -> bytes:
    """A stretch from the first line with bytes over 7F: pages may begin with pages of ASCII markup."""
    for match in re.finditer(rb"[\x80-\xff]", data[SAMPLE_BYTES : 64 * SAMPLE_BYTES]):
        start = data.rfind(b"\n", 0, SAMPLE_BYTES + match.start()) + 1
        return data[start : start + SAMPLE_BYTES]
    return b""


def plausibility(sample: bytes, codec: str) -> float:
    """Share of everyday characters among the non-ASCII ones of `sample`, less ten times the unreadable share.

    Controls count as unreadable, so that UTF-16 read as a byte encoding, or the reverse, falls behind.
    """
    text = sample.decode(codec, "replace")
    high = len(HIGH_RE.findall(text))
    bad = text.count("\ufffd") + len(UNWANTED_RE.findall(text)) - text.count("\r")
    if codec.startswith("utf-16") and len(sample) % 2:
        bad += 1
    bad -= text.endswith("\ufffd")  # the sample, or the file, was cut inside a character
    if not text:
        return -1.0
    everyday = len(EVERYDAY_RE.findall(text))
    share = everyday / high if high else float(text.isascii()) / 2
    return share - 10 * max(0, bad) / len(text)


def declared_codec(data: bytes, declared: str | None) -> str | None:
    """The codec for the charset label given, or named in the first bytes; None if unknown or single-byte."""
    if declared is None:
        match = CHARSET_RE.search(data, 0, 2048)
        declared = match[1].decode("ascii") if match else ""
    return LABELS.get(re.sub(r"[^a-z0-9]", "", declared.lower()))
