"""Whether a text is Chinese: what is not comes from another page, or is a file of a machine."""

from __future__ import annotations

import re

HAN_BYTES = bytes(range(0x34, 0xA0))  # first ones, in UTF-16, of U+3400 to U+9FFF
HAN_RE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
KANA_RE = re.compile("[\u3041-\u30ff]")
LETTERS_RE = re.compile(r"[^\W\d_]+")
PLAIN_SHARE = 0.5  # of Chinese characters in all, from which nothing else is counted
HAN_SHARE = 0.2  # of the letters: one word in two, where the rest is English
KANA_SHARE = 0.3  # of the letters: Japanese has a half and more, Chinese a word now and then


def chinese(text: str) -> bool:
    """Whether a fifth of the letters are Chinese characters, and no more than three tenths are kana.

    >>> chinese("民警用iPhone给李女士的女儿Emily打了电话"), chinese("GET /index.html 200"), chinese("12:30")
    (True, False, False)
    >>> chinese("警察署は財布を持ち主に返しました"), chinese("一家名叫“おにぎり”的饭团店报警称遭遇盗窃")
    (False, True)
    """
    han = common_han(text)
    if han and len(text) - han <= KANA_SHARE * han:  # too few others, whatever they are
        return True
    kana = len(KANA_RE.findall(text))
    if han >= PLAIN_SHARE * len(text) and not kana:
        return True
    han = chars(HAN_RE, text)
    letters = chars(LETTERS_RE, text)
    return han > 0 and han >= HAN_SHARE * letters and kana <= KANA_SHARE * letters


def common_han(text: str) -> int:
    """How many Chinese characters it holds that are not rare; counted in bytes, far faster than by a pattern."""
    first_bytes = text.encode("utf-16-be", "replace")[::2]
    return len(first_bytes) - len(first_bytes.translate(None, HAN_BYTES))


def chars(pattern: re.Pattern[str], text: str) -> int:
    """How many characters the pattern's matches hold."""
    return sum(map(len, pattern.findall(text)))
