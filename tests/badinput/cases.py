"""The bad-input suite: inputs that go wrong, each with the verdict that must come of it. All made by code.

A case makes one file (or another thing of a file system) and says what must become of it: a state of
the ledger, with the reason for a rejection or a skip, or `unseen` for what is no file at all.
`absent` must stand nowhere in the database, `present` must stand in the body of the article.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.badinput.disguises import READABLE, UNREADABLE
from tests.faults.world import story

MAX_FILE_BYTES = 2 << 20  # what the suite is run with
SECRET = "绝密口令七七四十九"  # stands outside the folder: must never be loaded


@dataclass(frozen=True)
class Case:
    """`make` writes it at the path it is given; `verdict` is a state, or a state and a reason."""

    group: str
    name: str
    make: Callable[[Path], object]
    verdict: str
    reason: str | None = None
    present: str | None = None
    absent: str | None = None
    unprivileged: str | None = None  # the reason for those whom the system refuses what root may do


class Numbers:
    """A new story for every case, so that none is a duplicate of another."""

    def __init__(self) -> None:
        self.last = 1000

    def story(self) -> str:
        self.last += 1
        return story(self.last)


def cases() -> list[Case]:
    """All cases; names are unique within their group and are file names unless `make` says otherwise."""
    numbers = Numbers()
    made = [
        case
        for group in (encodings, disguises, characters, empties, binaries, front_matters, pages, answers,
                      hostile_texts, values, file_kinds, names, sizes_and_times)
        for case in group(numbers)
    ]  # fmt: skip
    assert len({(c.group, c.name) for c in made}) == len(made)
    return made


def data(content: bytes | str) -> Callable[[Path], object]:
    raw = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(raw)


def loaded(group: str, name: str, content: bytes | str, **more: str) -> Case:
    return Case(group, name, data(content), "loaded", **more)


def refused(group: str, name: str, reason: str, content: bytes | str, **more: str) -> Case:
    return Case(group, name, data(content), "rejected", reason, **more)


# ---------------------------------------------------------------- bytes to text


def encodings(n: Numbers) -> Iterator[Case]:
    g = "encoding"
    good = "柳河派出所接到报警"
    for codec in ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield loaded(g, f"{codec}.txt", n.story().encode(codec), present=good)
    big5 = (
        f"失主找回背包\n3月9日，柳河派出所接到報警，市民周女士稱背包遺失，民警調查後歸還。{n.story()[-8:-2]}"
    )
    yield loaded(g, "big5.txt", big5.encode("big5", "ignore"), present=good)
    yield loaded(g, "big5-hkscs.txt", (big5 + "另有嘅物。").encode("big5hkscs", "ignore"), present=good)
    page = "<html><head><meta charset={}></head><body><p>{}</p></body></html>"
    yield loaded(g, "label-gb2312-is-utf8.html", page.format("gb2312", n.story()), present=good)
    yield loaded(g, "label-utf8-is-gbk.html", page.format("utf-8", n.story()).encode("gbk"), present=good)
    yield loaded(
        g, "label-unknown.html", page.format("x-user-defined", n.story()).encode("gbk"), present=good
    )
    yield loaded(
        g,
        "xml-declares-utf16.html",
        '<?xml version="1.0" encoding="utf-16"?>' + page.format("utf-8", n.story()),
        present=good,
    )
    yield loaded(g, "utf8-taken-for-latin1.txt", n.story().encode().decode("latin-1").encode(), present=good)
    yield loaded(g, "cesu8-emoji.txt", n.story().encode() + bytes.fromhex("eda0bdedb880"), present=good)
    yield loaded(g, "last-character-cut.txt", (n.story() * 3).encode()[:-2], present=good)
    yield loaded(g, "last-byte-of-gbk-cut.txt", (n.story() * 3).strip().encode("gbk")[:-1], present=good)
    yield loaded(g, "nul-tail-after-crash.txt", n.story().encode() + bytes(4096), present=good)
    yield loaded(g, "ascii-only.txt", "Police notice 2021: lost wallet returned to its owner.\n" * 3)
    text = n.story().encode()
    yield refused(g, "utf8-then-gbk.txt", "undecodable_mixed", text + n.story().encode("gbk") * 2)
    yield refused(
        g, "random-bytes.txt", "undecodable", bytes((i * 7919 + i // 13) % 256 for i in range(3000))
    )
    yield refused(g, "only-replacement.txt", "undecodable_lost", "\ufffd" * 400)
    yield refused(g, "a-tenth-replaced.txt", "undecodable_lost", n.story() + "\ufffd" * 20)
    yield refused(
        g, "latin1-french.txt", "undecodable", "Une journée ordinaire à l'été. ".encode("latin-1") * 9
    )
    yield refused(g, "ebcdic.txt", "undecodable", ("Police notice, lost wallet. " * 9).encode("cp500"))
    yield refused(g, "every-other-byte-lost.txt", "undecodable", (text * 3)[::2])
    yield refused(g, "bits-flipped.txt", "undecodable", bytes(b ^ 0x55 for b in n.story().encode()))
    yield refused(g, "high-bytes-only.txt", "undecodable", b"\xff" * 500)


def disguises(n: Numbers) -> Iterator[Case]:
    for name, make in READABLE.items():
        yield loaded("disguise", name, make(n.story()), present="柳河派出所接到报警")
    for name, (reason, make) in UNREADABLE.items():
        yield refused("disguise", name, reason, make(n.story()))


def characters(n: Numbers) -> Iterator[Case]:
    g = "character"
    good = "柳河派出所接到报警"

    def with_(what: str) -> str:
        return n.story().replace("民警赶到后", f"民警赶到后{what}")

    yield loaded(g, "nul.txt", with_("\0"), present="民警赶到后调取")
    yield loaded(g, "c0-controls.txt", with_("\x01\x08\x1b\x1f"), present="民警赶到后调取")
    yield loaded(g, "delete-and-c1.txt", with_("\x7f\x85"), present=good)
    yield loaded(g, "lone-surrogate.txt", n.story().encode() + b"\xed\xa0\x80", present=good)
    yield loaded(g, "noncharacters.txt", with_("\uffff\ufdd0"), present="民警赶到后调取")
    yield loaded(g, "bom-in-the-middle.txt", with_("\ufeff"), present=good)
    yield loaded(g, "zero-width.txt", with_("\u200b\u200d\u2060"), present=good)
    yield loaded(g, "right-to-left-override.txt", "\u202e" + n.story(), present=good)
    yield loaded(g, "combining-marks.txt", with_("\u0301" * 3000), present=good)
    yield loaded(g, "private-use.txt", with_("\ue000\uf8ff"), present=good)
    yield loaded(g, "beyond-the-bmp.txt", with_("𠮷😀🏴"), present=good)
    yield loaded(g, "crlf.txt", n.story().replace("\n", "\r\n"), present=good)
    yield loaded(g, "cr-only.txt", n.story().replace("\n", "\r"), present=good)
    yield loaded(g, "nel-and-line-separator.txt", n.story().replace("\n", "\u2028"), present=good)
    yield loaded(g, "escape-codes.txt", with_("\x1b[31m\x1b]0;x\x07"), absent="\x1b")
    yield refused(g, "controls-throughout.txt", "binary", "".join(c + "\x01" for c in n.story()))


def empties(n: Numbers) -> Iterator[Case]:
    g = "empty"
    contents: dict[str, tuple[str, bytes | str]] = {
        "zero-bytes.txt": ("empty", b""),
        "white-space.txt": ("empty_blank", " \t\r\n \n"),
        "ideographic-space.txt": ("empty_blank", "　　\n　"),
        "no-break-space.txt": ("empty_blank", "\u00a0\u00a0"),
        "zero-width-only.txt": ("empty_words", "\u200b\ufeff\u200d"),
        "bom-only.txt": ("empty_blank", b"\xef\xbb\xbf"),
        "utf16-mark-only.txt": ("empty_blank", b"\xff\xfe"),
        "nul-only.txt": ("empty_zeros", bytes(4096)),
        "one-nul.txt": ("empty_blank", bytes(1)),
        "punctuation-only.txt": ("empty_words", "。。，，！！？？\n……"),
        "form-feeds.txt": ("empty_blank", b"\x0c\x0b\x0c"),
        "front-matter-only.md": ("empty_words", "---\ndate: 2021-03-09\n---\n"),
        "empty-page.html": ("empty_page", "<html><head></head><body></body></html>"),
        "style-only.html": ("empty_page", "<html><style>p{content:'报警'}</style><body></body></html>"),
        "comment-in-body.html": ("empty_page", "<html><body><!-- 柳河派出所接到报警 --></body></html>"),
        "template-only.html": (
            "empty_page", "<html><body><template><p>柳河派出所接到报警。</p></template></body></html>",
        ),
        "hidden-only.html": (
            "empty_page", "<html><body><p style='display:none'>柳河派出所接到报警。</p></body></html>",
        ),
        "unclosed-attribute.html": ("empty_page", f'<html><body><p title="{n.story()}</p></body></html>'),
        "script-only.html": (
            "empty_script", "<html><body><script>var a='柳河派出所接到报警';</script></body></html>",
        ),
        "made-by-scripts.html": (
            "empty_script",
            "<html><head><title>柳河新闻网</title></head><body><div id=app></div><script src=a.js></script></body>",
        ),
        "image-only.html": ("empty_images", "<html><body><img src='a.jpg'></body></html>"),
    }  # fmt: skip
    for name, (reason, content) in contents.items():
        yield refused(g, name, reason, content)
    links = "".join(f"<li><a href='/{i}'>栏目{i}</a></li>" for i in range(40))
    yield refused(g, "links-only.html", "no_article", f"<html><body><ul>{links}</ul></body></html>")


def binaries(n: Numbers) -> Iterator[Case]:
    g = "binary"
    text = n.story().encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../etc/passwd", SECRET)
    tar = bytearray(1024)
    tar[0:4], tar[257:262] = b"name", b"ustar"
    locked = bytearray(packed.getvalue())
    locked[6] |= 1
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    office = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)
    contents: dict[str, tuple[str, bytes]] = {
        "png.txt": ("binary_image", b"\x89PNG\r\n\x1a\n" + text),
        "jpeg.txt": ("binary_image", b"\xff\xd8\xff\xe0" + text),
        "gif.html": ("binary_image", b"GIF89a" + text),
        "tiff.txt": ("binary_image", b"II*\x00" + text),
        "webp.txt": ("binary_media", b"RIFF\x00\x00\x00\x00WEBP" + text),
        "mp3.txt": ("binary_media", b"ID3\x03\x00" + bytes(64)),
        "mp4.txt": ("binary_media", b"\x00\x00\x00\x20ftypisom" + bytes(64)),
        "pdf.txt": ("binary_pdf", b"%PDF-1.7\n" + text),
        "postscript.txt": ("binary_pdf", b"%!PS-Adobe-3.0\n" + text),
        "rtf.txt": ("binary_office", b"{\\rtf1\\ansi " + text),
        "word.doc": ("binary_office", office),
        "word.docx": ("binary_office", document.getvalue()),
        "word-with-password.docx": ("encrypted", office + "EncryptedPackage".encode("utf-16-le")),
        "zip-with-password.txt": ("encrypted", bytes(locked)),
        "zip.txt": ("binary_archive", packed.getvalue()),
        "7z.txt": ("binary_archive", b"7z\xbc\xaf\x27\x1c" + bytes(64)),
        "rar.txt": ("binary_archive", b"Rar!\x1a\x07\x00" + bytes(64)),
        "tar.txt": ("binary_archive", bytes(tar)),
        "gzip.txt": ("binary_compressed", gzip.compress(text, mtime=0)),
        "gzip-bomb.txt": ("binary_compressed", gzip.compress(bytes(50 << 20), mtime=0)),
        "bzip2.txt": ("binary_compressed", b"BZh91AY&SY" + bytes(64)),
        "xz.txt": ("binary_compressed", b"\xfd7zXZ\x00" + bytes(64)),
        "zstd.txt": ("binary_compressed", b"\x28\xb5\x2f\xfd" + bytes(64)),
        "elf.txt": ("binary_program", b"\x7fELF\x02\x01\x01" + bytes(64)),
        "sqlite.txt": ("binary_database", b"SQLite format 3\x00" + bytes(84)),
        "font.txt": ("binary_font", b"wOF2\x00\x01\x00\x00" + bytes(64)),
    }
    for name, (reason, content) in contents.items():
        yield refused(g, name, reason, content, absent=SECRET)
    yield refused(g, "deflate-without-a-head.txt", "undecodable", zlib.compress(text * 9)[2:])


# ---------------------------------------------------------------- markup


def front_matters(n: Numbers) -> Iterator[Case]:
    g = "front-matter"

    def head(lines: str) -> str:
        return f"---\n{lines}\n---\n{n.story()}"

    good = "柳河派出所接到报警"
    fine = {
        "nested-50.md": "title: 一\nx: " + "[" * 49 + "]" * 49,
        "bad-date.md": "title: 一\ndate: 2022-02-30",
        "year-zero.md": "title: 一\ndate: 0000-01-01 00:00:00",
        "far-year.md": "title: 一\ndate: 99999-01-01",
        "huge-number.md": "title: 一\nx: " + "9" * 5000,
        "colon-in-title.md": "title: 警民: 一家亲",
        "quote-in-title.md": "title: '警'民'",
        "duplicate-keys.md": "title: 一\ntitle: 二",
        "tab-indent.md": "title: 一\n\tx: 2",
        "surrogate-escape.md": 'title: "\\ud800"',
        "nul-escape.md": 'title: "警\\0情"',
        "python-tag.md": f'title: 一\nx: !!python/object/apply:os.system ["touch {SECRET}"]',
        "binary-tag.md": "title: !!binary aGVsbG8=",
        "undefined-tag.md": "title: !secret 一",
        "multi-line.md": "title: |\n  一\n  二",
        "null-title.md": "title: ~\ndate: null",
        "number-title.md": "title: 110",
        "list-title.md": "title: [一, 二]",
        "map-title.md": "title: {a: 一}",
        "unterminated-quote.md": 'title: "一\ndate: 2021-01-01',
        "control-in-value.md": "title: 一\x01二",
        "crlf.md": "title: 一\r\ndate: 2021-01-01\r",
        "sixty-four-kilobytes.md": "title: 一\nx: " + "y" * 65_000,
    }
    for name, lines in fine.items():
        yield loaded(g, name, head(lines), present=good)
    nesting = {
        "nested-51.md": "title: 一\nx: " + "[" * 50 + "]" * 50,
        "nested-30000.md": "title: 一\nx: " + "[" * 30_000,
        "nested-blocks.md": "title: 一\n" + "\n".join(" " * i + "a:" for i in range(90)),
    }
    for name, lines in nesting.items():
        yield refused(g, name, "too_complex_nesting", head(lines))
    references = {
        "anchor.md": "title: &a 一",
        "alias.md": "title: 一\nx: &a 1\ny: *a",
        "alias-bomb.md": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ntitle: 一",
        "merge-key-bomb.md": "a: &a {x: 1}\nb: {<<: [*a, *a]}\ntitle: 一",
        "self-reference.md": "title: &a [*a]",
    }
    for name, lines in references.items():
        yield refused(g, name, "too_complex_alias", head(lines))
    yield refused(g, "over-64-kilobytes.md", "too_large_front_matter", head("title: 一\nx: " + "y" * 65_536))
    escaped = head('title: "失\\0主\\x01找\\uFFFF回"\nthumbnail: "http://a.example/\\0.jpg"')
    yield loaded(g, "escaped-controls.md", escaped, present=good)
    yield loaded(g, "never-closed.md", f"---\ntitle: 一\n{n.story()}", present=good)
    yield loaded(g, "opens-with-a-rule.md", f"---\n\n{n.story()}", present=good)


def pages(n: Numbers) -> Iterator[Case]:
    g = "html"
    good = "柳河派出所接到报警"

    def page(before: str = "", after: str = "", head: str = "", story: str | None = None) -> str:
        body = "".join(f"<p>{line}</p>" for line in (story or n.story()).splitlines())
        return f"<html><head>{head}</head><body>{before}<div>{body}</div>{after}</body></html>"

    shapes = {
        "deep-5000.html": page("<div>" * 5000),
        "deep-100000.html": page("<div>" * 100_000),
        "spans-unclosed.html": page("<span>" * 20_000),
        "many-attributes.html": page(f"<p {' '.join(f'a{i}=1' for i in range(20_000))}></p>"),
        "long-attribute.html": page(f"<p title='{'长' * 100_000}'></p>"),
        "many-images.html": page(after="<img src='http://a.example/b.jpg'>" * 5000),
        "data-image.html": page(after=f"<img src='data:image/png;base64,{'A' * 100_000}'>"),
        "lone-brackets.html": page(before="<p>&lt; < <3 > >> a<b</p>"),
        "bad-entities.html": page(before="<p>&#0;&#55296;&#1114112;&#99999999999999;&nosuch;&amp</p>"),
        "nested-forms.html": page("<form><form><table><form>"),
        "tables-misnested.html": page("<table><tr><td><table><p></table></tr>"),
        "doctype-with-entities.html": "<!DOCTYPE html [<!ENTITY a 'b'>]>" + page(),
        "conditional-comments.html": "<!--[if IE]><p>旧</p><![endif]-->" + page(),
        "cdata.html": page("<![CDATA[ x ]]>"),
        "unclosed-comment-late.html": page(after="<!-- "),
        "two-bodies.html": page(after="</body></html><html><body>"),
        "upper-case.html": page().replace("<html>", "<HTML>").replace("<body>", "<BODY>"),
        "null-in-tag.html": page("<di\0v>"),
        "title-of-a-megabyte.html": page(head=f"<title>{'长' * 300_000}</title>"),
        "json-ld-broken.html": page(head='<script type="application/ld+json">{"headline": </script>'),
        "json-ld-controls.html": page(
            head='<script type="application/ld+json">{"headline": "\\u0000\\ud800失主", "author": "\\u0000"}</script>'
        ),
        "whole-page-in-a-form.html": page("<form id=aspnetForm>", "</form>"),
        "json-ld-deep.html": page(head=f'<script type="application/ld+json">{"[" * 90_000}</script>'),
        "meta-refresh.html": page(head="<meta http-equiv=refresh content='0;url=file:///etc/passwd'>"),
        "base-and-frames.html": page(head="<base href='file:///'>", before="<iframe src='/etc/passwd'></iframe>"),
        "xml-stylesheet.html": "<?xml-stylesheet href='file:///etc/passwd'?>" + page(),
    }  # fmt: skip
    for name, content in shapes.items():
        yield loaded(g, name, content, present=good, absent="root:x:0")
    script = page(f"<script>document.write('{SECRET}')</script><style>/*{SECRET}*/</style>")
    yield loaded(g, "script-and-style.html", script, present=good, absent=SECRET)
    hidden = page(f"<!-- {SECRET} --><template>{SECRET}</template><noscript>{SECRET}</noscript>")
    yield loaded(g, "comments-and-templates.html", hidden, present=good, absent=SECRET)
    menu = page(f"<select><option>{SECRET}</option></select><textarea>{SECRET}</textarea>")
    yield loaded(g, "form-values.html", menu, present=good, absent=SECRET)

    def external(path: Path) -> None:
        outside = path.parents[2] / "outside.txt"
        outside.write_text(SECRET, encoding="utf-8")
        entity = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{outside}">]>'
        path.write_text(entity + page("<p>&x;</p>"), encoding="utf-8")

    yield Case(g, "external-entity.html", external, "loaded", present=good, absent=SECRET)
    laughs = "<!DOCTYPE r [<!ENTITY a 'ha'>" + "".join(
        f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9)
    )
    yield loaded(g, "billion-laughs.html", laughs + "]>" + page("<p>&j;</p>"), present=good)
    yield refused(
        g, "slashes-swallow-the-page.html", "empty_page", f"<html><body>{'<a/' * 20_000}{n.story()}"
    )


def answers(n: Numbers) -> Iterator[Case]:
    """What was fetched instead of an article."""
    g = "answer"

    def page(title: str, body: str, head: str = "") -> str:
        return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"

    contents = {
        "not-found.html": ("error", page("404 Not Found", "<h1>404 Not Found</h1><hr>nginx/1.18.0")),
        "bad-gateway.html": ("error", page("502 Bad Gateway", "<center><h1>502 Bad Gateway</h1></center>")),
        "gone-in-chinese.html": ("error", page("柳河新闻网", "<p>抱歉，您访问的页面不存在或已被删除。</p>")),
        "server-error.html": ("error", page("出错了", "<p>服务器内部错误，请稍后再试。</p>")),
        "access-denied.html": ("error", page("Access Denied", "<p>Reference #18.2f</p>")),
        "captcha.html": ("check", page("安全验证", "<p>请完成下方验证后继续访问。</p>")),
        "too-many-requests.html": ("check", page("提示", "<p>您的访问过于频繁，请稍后再试。</p>")),
        "just-a-moment.html": ("check", page("Just a moment...", "<p>Enable JavaScript and cookies.</p>")),
        "login.html": ("login", page("用户登录", "<form>账号<input name=u>密码<input type=password></form>")),
        "refresh.html": (
            "redirect", page("跳转中", "<a href=/a>点击这里</a>继续", "<meta http-equiv=refresh content='0;url=/a'>"),
        ),
        "rss.xml": ("feed", f'<?xml version="1.0"?><rss><channel><item>{n.story()}</item></channel></rss>'),
        "atom.txt": ("feed", f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{n.story()}</entry></feed>'),
        "sitemap.xml": ("feed", "<urlset><url><loc>http://a.example/</loc></url></urlset>"),
        "object.json": ("data", json.dumps({"title": "失主找回背包", "content": n.story()}, ensure_ascii=False)),
        "list.txt": ("data", json.dumps([{"content": n.story()}] * 3)),
        "lines.txt": ("data", (json.dumps({"content": n.story()}) + "\n") * 3),
    }  # fmt: skip
    for name, (reason, content) in contents.items():
        yield refused(g, name, f"no_article_{reason}", content)
    good = "柳河派出所接到报警"
    about = n.story().replace("民警赶到后", "其手机显示“404 Not Found，请完成安全验证”，民警赶到后")
    yield loaded(
        g, "story-about-an-error-page.html", page("页面不存在？民警提醒", f"<p>{about}</p>"), present=good
    )
    yield loaded(g, "story-with-a-login-form.html", page("寻包", f"<input type=password><p>{n.story()}</p>"))
    yield loaded(g, "story-in-brackets.txt", f"[图文] {n.story()} [完]", present=good)
    yield loaded(g, "story-in-braces.txt", "{" + n.story() + "}", present=good)
    yield loaded(g, "photo-page.html", page("柳河民警雪中执勤", "<img src='http://a.example/1.jpg'>"))


def hostile_texts(n: Numbers) -> Iterator[Case]:
    g = "hostile"
    bait = {
        "parentheses.txt": "（" * 50_000,
        "closing-parentheses.txt": "）" * 50_000,
        "ampersands.txt": "&amp;" * 20_000,
        "ampersand-chain.txt": "&" + "amp;" * 20_000,
        "dates.txt": "2021年3月9日" * 8000,
        "digits.txt": "1" * 60_000,
        "chinese-digits.txt": "一二三四五六七八九十" * 6000,
        "pinyin-notes.txt": "警(jing)" * 10_000,
        "question-marks.txt": "?" * 50_000 + "/p>" * 1000,
        "quotes.txt": "“" * 40_000 + "”" * 40_000,
        "spaces.txt": " " * 100_000,
        "newlines.txt": "\n" * 100_000,
        "one-letter.txt": "a" * 200_000,
        "stations.txt": "派出所" * 3000,
        "surnames.txt": "王某某、" * 3000,
        "towns.txt": "柳河市柳河县柳河镇" * 7000,
        "money.txt": "损失9万9千元，" * 8000,
        "less-than.txt": "<" * 50_000,
        "tag-starts.txt": "<p " * 20_000,
        "url.txt": "http://" + "a/" * 50_000,
        "at-signs.txt": "@" * 50_000 + "." * 50_000,
        "colons.txt": "：" * 50_000,
        "hours.txt": "3时" * 20_000,
        "dashes.txt": "-" * 100_000,
    }
    for name, noise in bait.items():
        content = n.story() + "\n" + noise + "\n"
        yield loaded(g, name, content)


def values(n: Numbers) -> Iterator[Case]:
    g = "value"

    def told(old: str, new: str) -> str:
        return n.story().replace(old, new)

    texts = {
        "sql.txt": told("民警赶到后", "民警赶到后'); DROP TABLE articles; --"),
        "formula.txt": "=cmd|' /C calc'!A0\n" + n.story(),
        "format-strings.txt": told("民警赶到后", "民警赶到后%s%n{0}{{}}${jndi:ldap://x}"),
        "copy-markers.txt": told("民警赶到后", "民警赶到后\\.\n\\N\t\\x00\n"),
        "backslashes.txt": told("民警赶到后", "民警赶到后\\" * 50),
        "endless-amount.txt": told("现金", "现金" + "9" * 400 + "元、"),
        "amount-beyond-numeric.txt": told("现金", "现金99999999999999999999亿元、"),
        "negative-amount.txt": told("现金", "现金-500元、"),
        "age-of-a-billion.txt": told("周女士", "周女士（9999999999岁）"),
        "year-9999.txt": told("2021年", "9999年"),
        "year-0001.txt": told("2021年", "0001年"),
        "month-13.txt": told("3月", "13月"),
        "day-31-of-february.txt": told("3月", "2月").replace("2月", "2月31日，2月"),
        "hour-25.txt": told("时许", "5时许"),
        "long-station.txt": told("柳河派出所", "柳河" * 3000 + "派出所"),
        "long-name.txt": told("周女士", "周" * 5000 + "女士"),
        "long-title.txt": "失主找回背包" * 2000 + "\n" + n.story(),
        "long-source.txt": told("柳河晚报", "柳河晚报" * 3000),
        "ten-thousand-stories.txt": "".join(n.story().splitlines()[2] + "\n" for _ in range(300)),
    }
    for name, content in texts.items():
        yield loaded(g, name, content)


# ---------------------------------------------------------------- things of the file system


def file_kinds(n: Numbers) -> Iterator[Case]:
    g = "file-kind"

    def outside(path: Path) -> Path:
        target = path.parents[2] / "outside.txt"
        target.write_text(SECRET, encoding="utf-8")
        return target

    def socket_(path: Path) -> None:
        here = Path.cwd()
        os.chdir(path.parent)  # addresses of sockets are short
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(path.name)
        finally:
            os.chdir(here)

    def closed(path: Path) -> None:
        path.write_text(n.story(), encoding="utf-8")
        path.chmod(0)

    def closed_folder(path: Path) -> None:
        path.mkdir()
        (path / "within.txt").write_text(n.story(), encoding="utf-8")
        path.chmod(0)

    def folder_link(path: Path) -> None:
        beyond = path.parents[2] / "beyond"
        beyond.mkdir(exist_ok=True)
        (beyond / "secret.txt").write_text(SECRET, encoding="utf-8")
        path.symlink_to(beyond)

    yield Case(g, "pipe.txt", lambda p: os.mkfifo(p), "rejected", "not_regular_pipe")
    yield Case(g, "socket.txt", socket_, "rejected", "not_regular_socket")
    yield Case(g, "link.txt", lambda p: p.symlink_to(outside(p)), "skipped", "link", absent=SECRET)
    yield Case(
        g, "link-to-passwd.txt", lambda p: p.symlink_to("/etc/passwd"), "skipped", "link", absent="root:x:0"
    )
    yield Case(g, "link-to-folder", folder_link, "skipped", "link", absent=SECRET)
    yield Case(g, "link-to-itself.txt", lambda p: p.symlink_to(p), "skipped", "link")
    yield Case(g, "link-to-parent", lambda p: p.symlink_to(".."), "skipped", "link")
    yield Case(g, "dangling-link.txt", lambda p: p.symlink_to("no such file"), "skipped", "link")
    yield Case(g, "closed.txt", closed, "loaded", unprivileged="unreadable_permission")
    yield Case(g, "closed-folder", closed_folder, "unseen", unprivileged="unreadable_folder")
    yield Case(g, "folder.txt", lambda p: p.mkdir(), "unseen")
    if os.geteuid() == 0:
        yield Case(
            g,
            "device.txt",
            lambda p: os.mknod(p, 0o20666, os.makedev(1, 5)),
            "rejected",
            "not_regular_device",
        )
    for name in (".hidden.txt", ".DS_Store", "._resource.txt"):
        yield Case(g, name, data(n.story()), "skipped", "hidden")
    for name in ("a.part", "a.TMP", "a.crdownload", "a.txt~", "a.swp", "a.txt.partial", "a.download"):
        yield Case(g, name, data(n.story()), "skipped", "partial_name")


def names(n: Numbers) -> Iterator[Case]:
    g = "name"
    for name in (
        "line\nbreak.txt",
        "tab\there.txt",
        "quote'\".txt",
        "back\\slash.txt",
        "-rf.txt",
        "glob*[a]?.txt",
        "percent%s%n.txt",
        "emoji😀.txt",
        "escape\x1b[31m.txt",
        "rtl\u202etxt.exe",
        "semi;colon&amp.txt",
        "$(touch hacked).txt",
        " leading and trailing ",
        "数" * 80 + ".txt",
        "no-suffix",
        "picture.png",
        "Case.txt",
        "case.txt",
        "cafe\u0301.txt",
        "caf\u00e9.txt",
    ):
        yield Case(g, name, data(n.story()), "loaded")
    for raw in (b"gbk-\xbe\xaf\xc7\xe9.txt", b"latin-\xe9.txt", b"bad-\xff\xfe.txt"):
        yield Case(g, os.fsdecode(raw), data(n.story()), "loaded")


def sizes_and_times(n: Numbers) -> Iterator[Case]:
    g = "size-and-time"

    def padded(size: int) -> bytes:
        text = n.story().encode()
        return text + b"\n" * (size - len(text))

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(50 << 30)

    def dated(seconds: float) -> Callable[[Path], object]:
        text = n.story()

        def make(path: Path) -> None:
            path.write_text(text, encoding="utf-8")
            os.utime(path, (seconds, seconds))

        return make

    yield loaded(g, "at-the-limit.txt", padded(MAX_FILE_BYTES))
    yield refused(g, "one-byte-over.txt", "too_large", padded(MAX_FILE_BYTES + 1))
    yield Case(g, "sparse-50-gigabytes.txt", sparse, "rejected", "too_large")
    yield Case(g, "from-1970.txt", dated(0), "loaded")
    yield Case(g, "before-1970.txt", dated(-86_400 * 365), "loaded")
    yield Case(g, "from-the-future.txt", dated(4_000_000_000), "loaded")
    yield loaded(g, "one-character.txt", "警")
    yield loaded(g, "one-line-of-a-megabyte.txt", n.story() + "没有其他情况，" * 45_000)
    yield loaded(g, "a-hundred-thousand-lines.txt", n.story() + "没有其他情况。\n" * 15_000)
