"""How long extraction takes: the invented articles, and bait at 1, 8 and 64 times a length.

    python benchmarks/extract.py

Prints milliseconds an article and, for each bait, the growth of time per character: a factor near 1
means linear. Not a test: the machine decides the absolute figures.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from etl.model import Article
from etl.pipeline import trace_stages
from etl.rules import load_rules
from etl.stages.extract import extract

HERE = Path(__file__).parent
BAIT = (
    "1",
    "月",
    "某",
    "在",
    "派出所",
    "，",
    "“",
    "民警",
    "5月3日",
    "一名男子",
    "被盗",
    "公安局",
    "1.",
    "\n",
    "报警称",
    "柳河派出所",
    "民警王强说",
    "王先生",
    "9月2日，柳河派出所接王女士报警，称手机被盗，民警将李某抓获。\n",
)


def seconds(articles: list[Article]) -> float:
    rules = load_rules().extract
    start = time.process_time()
    for article in articles:
        extract(article, rules)
    return time.process_time() - start


def main() -> None:
    rules = load_rules()
    files = sorted((HERE.parent / "tests" / "eval").glob("*/*.json"))
    texts = [json.loads(f.read_text(encoding="utf-8"))["input"].encode() for f in files]
    articles = [trace_stages(t, rules).article for t in texts]
    chars = sum(len(a.body) for a in articles)
    best = min(seconds(articles) for _ in range(3))
    print(
        f"{len(articles)} articles of {chars / len(articles):.0f} characters: {1000 * best / len(articles):.2f} ms each"
    )
    whole = [
        Article(None, "\n".join(a.body for a in articles[i : i + 6])) for i in range(0, len(articles), 6)
    ]
    best = min(seconds(whole) for _ in range(3))
    print(
        f"{len(whole)} articles of {chars / len(whole):.0f} characters: {1000 * best / len(whole):.2f} ms each"
    )
    for bait in BAIT:
        each = []
        for size in (1_000, 8_000, 64_000):
            body = bait * (size // len(bait))
            each.append(seconds([Article(None, body)]) / len(body))
        print(f"{bait!r:10} per character at 8x: {each[1] / each[0]:5.2f}, at 64x: {each[2] / each[0]:5.2f}")


if __name__ == "__main__":
    main()
