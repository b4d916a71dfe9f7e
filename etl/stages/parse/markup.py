"""HTML to lines: one line per block, inline elements joined, `<br>` a line end, images listed.

lxml is used directly, on `str` only (bytes with a wrong <meta charset> come back empty without an error).
A test holds its result to BeautifulSoup's on the same parser, which is ten times slower.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from lxml import etree

from etl.errors import ArticleError

# What a reader never shows: code, embedded objects, form controls. Not <form>: many sites wrap a whole page in one.
HIDDEN = frozenset(
    re.findall(
        r"\w+",
        "script style template noscript iframe object embed canvas svg math audio video map button select "
        "textarea input option head title meta link nav footer",
    )
)
BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure "
        "footer h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody "
        "tfoot thead tr ul br caption",
    )
)
CELLS = frozenset({"td", "th"})
# The real address comes before `src` where images load lazily.
IMAGE_ATTRIBUTES = ("data-src", "data-original", "data-actualsrc", "src")
SPACES = " \t\n\r\f"
SPACE_RE = re.compile(f"[{SPACES}]+")
WRAP_RE = re.compile(r"(?<=[\u2e80-\uffef]) {0,200}\n\s{0,200}(?=[\u2e80-\uffef])")
TAG_RE = re.compile(r"<[^<>]{0,4000}>")
# <?xml version="1.0" encoding="gb2312"?> - libxml2 refuses to read `str` that names an encoding.
DECLARATION_RE = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>", re.I)
# https://cors.example.dev/?http://img.example.com/a.png; /proxy?url=http%3A%2F%2Fimg.example.com%2Fa.png
PROXIED_RE = re.compile(
    r"\A\w{2,5}://[^?]{1,200}\?(?:\w{1,12}=)?((?:https?|ftp)(?:://|%3A%2F%2F).+)", re.I | re.S
)

PARSER = etree.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)


def tree(html: str) -> etree._Element | None:
    """The parsed document, or None if it holds nothing.

    libxml2 stops at 2,048 levels and keeps only what came before: then all tags are read as line ends,
    which loses nothing of the text. No page made for readers comes near.

    Raises ArticleError `too_complex_memory` where libxml2 gives up, which it does for lack of memory only.
    """
    html = DECLARATION_RE.sub("", html)
    try:
        root = etree.fromstring(html or " ", PARSER)
        if PARSER.error_log.filter_from_fatals():
            root = etree.fromstring(TAG_RE.sub("<br>", html), PARSER)
    except etree.XMLSyntaxError as e:
        raise ArticleError("too_complex_memory", "the page needs more memory than a worker may use") from e
    return root


def lines(root: etree._Element, until: etree._Element | None = None) -> tuple[str, tuple[str, ...]]:
    """The visible text below `root`, one line per block, and the addresses of its images in order.

    With `until`, only what stands before that element.
    """
    parts: list[str] = []
    images: list[str] = []
    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if element is until:
                break
            if hidden or tag in HIDDEN or is_invisible(element):
                hidden += 1
                continue
            if tag in BLOCKS:
                parts.append("\n")
            elif tag == "img":
                images += image_addresses(element)
            text = element.text
        else:
            if hidden:
                hidden -= 1
            elif tag in BLOCKS:
                parts.append("\n")
            elif tag in CELLS:
                parts.append(" ")
            text = None if hidden or element is root else element.tail
        if text:
            parts.append(flat(text))
    shown = (line.strip(" ") for line in "".join(parts).split("\n"))
    return "\n".join(filter(None, shown)), tuple(images)


def flat(text: str) -> str:
    """Line ends and tabs of the source are spaces, and nothing between two wide characters (a wrapped source).

    >>> flat("民警\\n  赶到，\\n救人 APP")
    '民警赶到，救人 APP'
    """
    if "\n" not in text and "\t" not in text:
        return text
    if not text.strip(SPACES):
        return " "
    return SPACE_RE.sub(" ", WRAP_RE.sub("", text))


def is_invisible(element: etree._Element) -> bool:
    style = element.get("style")
    return style is not None and "display:none" in style.replace(" ", "").lower()


def image_addresses(element: etree._Element) -> list[str]:
    """The image's address, proxies unwrapped; none for inline data and tracking pixels of size 1."""
    if element.get("width") in {"0", "1"} or element.get("height") in {"0", "1"}:
        return []
    addresses = (element.get(name, "").strip() for name in IMAGE_ATTRIBUTES)
    address = next((a for a in addresses if a and not a.startswith("data:")), "")
    return [unproxied(address)] if address else []


def unproxied(address: str) -> str:
    """The address behind a proxy that takes it as its query.

    >>> unproxied("https://cors.example.dev/?http://img.example.com/a.png")
    'http://img.example.com/a.png'
    """
    match = PROXIED_RE.match(address)
    if not match:
        return address
    inner = match[1]
    return unquote(inner) if "://" not in inner[:8] else inner
