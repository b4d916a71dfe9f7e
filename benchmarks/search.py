"""Searching 200,000 articles: the product's index, pg_trgm and a sequential scan, in one run.

    python -m benchmarks.search [ARTICLES] [--url URL]

Each side is asked the same queries for the twenty newest or best articles, in one session, after one round to warm
the cache. pg_trgm and the scan are asked with LIKE; they answer in simplified script only and do not rank. The cost
of loading is that of 5,000 rows more in `articles`, with the index and without it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.rows import bodies, fill
from etl.rules import load_rules
from etl.store import embedded, lookups, migrate
from etl.store.engine import Connection, connect

COMMON = [
    "诈骗", "盗窃", "电动车", "走失", "老人", "派出所", "民警", "酒驾", "火灾", "打架", "纠纷", "赌博", "毒品",
    "身份证", "户口", "钱包", "手机", "轻生", "落水", "噪音", "监控", "嫌疑人", "行政拘留", "刑事拘留",
    "反诈中心", "入室盗窃", "交通事故", "离家出走",
    "群众", "学生", "出租车", "煤气", "快递", "银行卡", "转账", "报警", "社区", "邻居", "调解",
]  # fmt: skip
TRADITIONAL = ["詐騙", "電動車", "走失老人", "離家出走", "賭博", "銀行卡", "調解", "學生"]
SEVERAL = ["诈骗 转账", "电动车 监控", "老人 走失", "学生 手机", "纠纷 调解", "嫌疑人 刑事拘留"]
SLOW = 8  # queries for the sides that take seconds


def queries(count: int) -> list[str]:
    """Common words, names and stations that occur, traditional and several words."""
    chance = random.Random(7)
    made = list(bodies(min(count, 2000)))
    chosen = chance.sample(made, 20)
    return [*COMMON, *TRADITIONAL, *SEVERAL, *(x[3] for x in chosen), *(x[2] for x in chosen)]


def times(connection: Connection, statement: str, words: list[str], like: bool) -> list[float]:
    """Milliseconds of each query, the second time it is asked."""
    taken = []
    for word in words:
        parameters: Any = tuple(f"%{w}%" for w in word.split()) if like else (word,)
        query = (
            statement
            if not like
            else statement.replace("LIKES", " AND ".join(["body LIKE %s"] * len(parameters)))
        )
        for _ in range(2):
            start = time.perf_counter()
            connection.execute(query.encode(), parameters).fetchall()
            last = (time.perf_counter() - start) * 1000
        taken.append(last)
    return taken


def told(name: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    print(
        f"{name:<28} {len(taken):>4} queries  p50 {at(0.5):8.1f} ms  p95 {at(0.95):8.1f} ms  max {ordered[-1]:8.1f} ms"
    )


def size(connection: Connection, index: str) -> str:
    row = connection.execute("SELECT pg_size_pretty(pg_relation_size(%s))", (index,)).fetchone()
    return row[0] if row else "?"


def loading(connection: Connection) -> float:
    """Seconds of writing 5,000 further articles, undone."""
    start = time.perf_counter()
    with connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO articles (content_hash, hash_version, title, body, published_precision, byline, image_urls,"
            " script, kind, repairs, quality, removed, best_sighting_id, story_id, first_seen_at, run_id, ruleset)"
            " SELECT sha256(id::text::bytea), hash_version, title, body, published_precision, byline, image_urls,"
            " script, kind, repairs, quality, removed, best_sighting_id, story_id, first_seen_at, run_id, ruleset"
            " FROM articles ORDER BY id LIMIT 5000"
        )
    return time.perf_counter() - start


def compare(connection: Connection, count: int) -> None:
    """All figures, one line each."""
    connection.execute("SET statement_timeout = 0")
    words = queries(count)
    told("search_articles", times(connection, "SELECT * FROM search_articles(%s)", words, like=False))
    print(
        f"  index {size(connection, 'ix_articles_search')}, articles {size(connection, 'articles')} and their texts"
    )
    with_index = loading(connection)
    plain = "SELECT id FROM articles WHERE LIKES ORDER BY published_on DESC LIMIT 20"
    simplified = [w for w in words if w not in TRADITIONAL]
    connection.execute("SET enable_bitmapscan = off")
    connection.execute("SET enable_indexscan = off")
    told("sequential scan", times(connection, plain, simplified[:: len(simplified) // SLOW], like=True))
    connection.execute("RESET ALL")
    connection.execute("SET statement_timeout = 0")
    with connection.transaction(force_rollback=True):
        connection.execute("DROP INDEX ix_articles_search")
        without = loading(connection)
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        start = time.perf_counter()
        connection.execute("CREATE INDEX by_trigrams ON articles USING gin (body gin_trgm_ops)")
        print(f"  pg_trgm: built in {time.perf_counter() - start:.0f} s, {size(connection, 'by_trigrams')}")
        told("pg_trgm", times(connection, plain, simplified[:: len(simplified) // (2 * SLOW)], like=True))
    print(f"  5,000 articles more: {with_index:.1f} s with the index, {without:.1f} s without")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("articles", type=int, nargs="?", default=200_000)
    parser.add_argument("--url", help="a database filled by an earlier run")
    options = parser.parse_args()
    if options.url:
        with connect(options.url) as connection:
            compare(connection, options.articles)
        return
    with tempfile.TemporaryDirectory() as home, embedded.session(Path(home)) as url:
        migrate.upgrade(url)
        with connect(url) as connection:
            lookups.sync(connection, load_rules())
            fill(connection, options.articles)
            compare(connection, options.articles)


if __name__ == "__main__":
    main()
