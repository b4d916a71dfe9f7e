"""One spelling for every text: NFC, narrow letters and digits, single spaces, no blank lines.

Chinese punctuation and symbols such as ℃ ① ㎡ are content and stay; NFKC would turn ， into a comma and
℃ into two characters, which is for hashes only (`identity`).
"""

from __future__ import annotations

import re
import unicodedata

from etl.model import Edit, Text

# Same length before and after, so no span moves: Ａ-Ｚ ａ-ｚ ０-９ ％, and every kind of space and line end.
WIDE = "".join(map(chr, [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0xFF05]))
SPACES = "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
LINE_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
NARROWED = {
    **{ord(c): chr(ord(c) - 0xFEE0) for c in WIDE},
    **dict.fromkeys(map(ord, SPACES), " "),
    **dict.fromkeys(map(ord, LINE_ENDS), "\n"),
}
NARROW_RE = re.compile(f"[{WIDE}{SPACES}{LINE_ENDS}]")
DECIMAL_RE = re.compile(r"．(?<=[0-9]．)(?=[0-9])")  # ３．５, after narrowing
SPACES_RE = re.compile(r"  +")
BLANK_RE = re.compile(r"[ \n]+")


def normalize(text: Text) -> Text:
    """The text in body form; repairs move along. Applying it again changes nothing.

    >>> normalize(Text("\\u3000\\u3000１２时　３０％，℃①\\n\\n 民警ＡＰＰ ")).value
    '12时 30%，℃①\\n民警APP'
    """
    value = text.value
    for wide in set(NARROW_RE.findall(value)):  # few are different
        value = value.replace(wide, NARROWED[ord(wide)])
    value = DECIMAL_RE.sub(".", value)
    text = with_value(text, value)
    if not unicodedata.is_normalized("NFC", value):
        text = composed(text)
    value = without_blanks(text.value)
    if value == text.value:
        return text
    if not text.repairs:
        return Text(value)
    blanks = [(m, kept_blank(m)) for m in BLANK_RE.finditer(text.value)]
    return text.edit([Edit(m.start(), m.end(), kept) for m, kept in blanks if m[0] != kept])


def composed(text: Text) -> Text:
    """The text in NFC, edited one character with its marks at a time so that repairs elsewhere keep their place."""
    value = text.value
    starts = [i for i, c in enumerate(value) if not unicodedata.combining(c)]
    edits = []
    for start, end in zip([0, *starts], [*starts, len(value)], strict=True):
        new = unicodedata.normalize("NFC", value[start:end])
        if new != value[start:end]:
            edits.append(Edit(start, end, new))
    text = text.edit(edits)
    if unicodedata.is_normalized("NFC", text.value):
        return text
    # A few scripts (conjoining Hangul, some Indic vowels) compose across unmarked characters.
    return text.edit([Edit(0, len(text.value), unicodedata.normalize("NFC", text.value))])


def with_value(text: Text, value: str) -> Text:
    """`text` with another value of the same length; repairs show what now stands at their place."""
    if value is text.value or value == text.value:
        return text
    return Text(value, tuple(r.showing(value) for r in text.repairs))


def without_blanks(value: str) -> str:
    """`value` with what `kept_blank` keeps of its blanks."""
    lines = "\n".join(filter(None, [line.strip(" ") for line in value.split("\n")]))
    return SPACES_RE.sub(" ", lines)


def kept_blank(match: re.Match[str]) -> str:
    """What is left of a stretch of blanks: nothing at the ends, one line end, or one space."""
    if match.start() == 0 or match.end() == len(match.string):
        return ""
    return "\n" if "\n" in match[0] else " "
