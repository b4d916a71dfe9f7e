"""Inputs whose bytes are not what they seem: false marks, other languages, transfer encodings, wrong readings."""

from __future__ import annotations

import base64
import binascii
import quopri
from collections.abc import Callable
from urllib.parse import quote

JAPANESE = (
    "警視庁は九日、柳河市内の公園で財布をなくした女性の届け出を受け、防犯カメラの映像を調べて発見し、"
    "本人に返したと発表した。けがをした人はいなかった。"
)
KOREAN = (
    "경찰은 지난 구일 공원에서 지갑을 잃어버린 시민의 신고를 받고 출동하여 폐쇄회로 화면을 확인한 뒤 "
    "지갑을 찾아 주인에게 돌려주었다고 밝혔다. 다친 사람은 없었다. "
)
RUSSIAN = "Полиция сообщила, что женщина потеряла кошелек в парке, и его нашли. " * 3
MAIL = b"From: a@a.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
MHTML = (
    b"From: <Saved by Blink>\r\nSnapshot-Content-Location: http://a.example/\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="--x"\r\n\r\n----x\r\n'
    b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body>"
)


def page(label: str, text: str) -> str:
    return f"<html><head><meta charset={label}><title>a</title></head><body><p>{text}</p></body></html>"


def uuencoded(data: bytes) -> bytes:
    lines = (binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45))
    return b"begin 644 a.txt\n" + b"".join(lines) + b"`\nend\n"


# name -> what makes it of a story; all of it is readable, and is read
READABLE: dict[str, Callable[[str], bytes]] = {
    "mark-of-utf16-before-utf8.txt": lambda s: b"\xff\xfe" + s.encode(),
    "mark-of-utf16be-before-utf8.txt": lambda s: b"\xfe\xff" + s.encode(),
    "mark-of-utf16-before-gbk.txt": lambda s: b"\xff\xfe" + s.encode("gbk"),
    "mark-of-utf32-before-utf8.txt": lambda s: b"\xff\xfe\0\0" + s.encode(),
    "mark-of-utf8-before-gbk.txt": lambda s: b"\xef\xbb\xbf" + s.encode("gbk"),
    "mark-of-gb18030-before-utf8.txt": lambda s: b"\x84\x31\x95\x33" + s.encode(),
    "mark-of-the-other-byte-order.txt": lambda s: b"\xfe\xff" + s.encode("utf-16-le"),
    "mark-twice.txt": lambda s: b"\xff\xfe\xff\xfe" + s.encode("utf-16-le"),
    "hz.txt": lambda s: s.encode("hz"),
    "hz-page.html": lambda s: page("hz-gb-2312", s).encode("hz"),
    "utf7.txt": lambda s: s.encode("utf-7"),
    "utf7-page.html": lambda s: page("utf-7", s).encode("utf-7"),
    "gbk-taken-for-latin1.txt": lambda s: s.encode("gbk").decode("latin-1").encode(),
    "gbk-taken-for-korean.txt": lambda s: s.encode("gbk").decode("euc_kr", "ignore").encode(),
}
# name -> reason, what makes it
UNREADABLE: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "japanese-euc.txt": ("undecodable", lambda s: JAPANESE.encode("euc_jp")),
    "japanese-shift-jis.txt": ("undecodable", lambda s: JAPANESE.encode("cp932")),
    "japanese-iso-2022.txt": ("undecodable", lambda s: JAPANESE.encode("iso2022_jp")),
    "japanese-euc.html": ("undecodable", lambda s: page("euc-jp", JAPANESE).encode("euc_jp")),
    "japanese-of-one-line.txt": ("undecodable", lambda s: JAPANESE[:24].encode("euc_jp")),
    "korean.txt": ("undecodable", lambda s: KOREAN.encode("euc_kr")),
    "korean.html": ("undecodable", lambda s: page("euc-kr", KOREAN).encode("euc_kr")),
    "korean-of-one-line.txt": ("undecodable", lambda s: KOREAN[:24].encode("euc_kr")),
    "korean-johab.txt": ("undecodable", lambda s: (KOREAN * 3).encode("johab")),
    "korean-iso-2022.txt": ("undecodable", lambda s: KOREAN.encode("iso2022_kr")),
    "russian-koi8.txt": ("undecodable", lambda s: RUSSIAN.encode("koi8_r")),
    "russian-windows.txt": ("undecodable", lambda s: RUSSIAN.encode("cp1251")),
    "base64.txt": ("undecodable_transfer", lambda s: base64.encodebytes(s.encode())),
    "base64-of-gbk.txt": ("undecodable_transfer", lambda s: base64.b64encode(s.encode("gbk"))),
    "hexadecimal.txt": ("undecodable_transfer", lambda s: s.encode().hex().encode()),
    "quoted-printable.txt": ("undecodable_transfer", lambda s: quopri.encodestring(s.encode())),
    "percent.txt": ("undecodable_transfer", lambda s: quote(s).encode()),
    "backslash-u.txt": ("undecodable_transfer", lambda s: s.encode("unicode_escape")),
    "uuencode.txt": ("undecodable_transfer", lambda s: uuencoded(s.encode())),
    "mail.txt": ("undecodable_transfer", lambda s: MAIL + b"\r\n" + s.encode()),
    "mail-in-base64.eml": (
        "undecodable_transfer",
        lambda s: MAIL + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(s.encode()),
    ),
    "page.mht": ("undecodable_transfer", lambda s: MHTML + quopri.encodestring(s.encode())),
    "utf8-taken-for-gbk.txt": (
        "undecodable_lost", lambda s: s.encode().decode("gbk", "ignore").encode(),
    ),
    "utf8-taken-for-windows-1252.txt": (
        "undecodable_lost", lambda s: s.encode().decode("cp1252", "ignore").encode(),
    ),
}  # fmt: skip
