"""Script: which one a page is in, and traditional text in simplified characters."""

from __future__ import annotations

from functools import lru_cache

from opencc import OpenCC

from etl.model import Text
from etl.rules.repair import RepairRules


def script_of(page: str, rules: RepairRules) -> str:
    """`simplified`, `traditional` or `mixed`, by the characters that only one of the scripts has.

    A few traditional forms do not make a simplified page mixed: 乾隆 and names are written so.
    """
    if not rules.traditional_re.search(page):
        return "simplified"
    traditional = len(rules.traditional_re.findall(page))
    simplified = len(rules.simplified_re.findall(page))
    share = traditional / (traditional + simplified)
    if share <= 1 - rules.script_share:
        return "simplified"
    return "traditional" if share >= rules.script_share else "mixed"


def to_simplified(text: Text, rules: RepairRules) -> Text:
    """`text` in simplified characters, of the same length, so that all spans stay.

    OpenCC's t2s decides by phrases; it leaves 著 alone, which is 着 outside a few words, and unlike the
    conversions for Taiwan it keeps 么.
    """
    value = _converter().convert(text.value)
    if len(value) != len(text.value):  # no phrase of OpenCC 1.4 changes the length
        value = text.value.translate(rules.simplified)
    return Text(rules.zhe_re.sub("着", value), text.repairs)


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")
