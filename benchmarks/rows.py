"""Articles and incidents by the hundred thousand, straight into the tables, for what only asks the database.

Bodies are made of the sentences of the invented evaluation articles, with names, places and numbers of their
own, so that words are as frequent as they are in such news. The same `seed` gives the same rows.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from etl.rules import load_rules
from etl.store.engine import Connection

ROOT = Path(__file__).parents[1]
SENTENCE_RE = re.compile(r"[^。！？\n]{8,160}[。！？]”?")
PERSON_RE = re.compile(r"[\u4e00-\u9fff](?=某|先生|女士|师傅|大爷|大娘|奶奶)")
NUMBER_RE = re.compile(r"\d{1,4}")
STATION_RE = re.compile(r"[\u4e00-\u9fff]{2,4}派出所")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉梅红建国志文小雪晨宇轩梓涵浩然欣怡俊峰海燕"
STREETS = "人民中山解放建设和平新华胜利文化光明东风红旗滨河朝阳长江黄河民主团结幸福友谊迎宾"


def sentences() -> list[str]:
    """The pool: every sentence of the evaluation articles, once."""
    files = sorted((ROOT / "tests/eval").glob("*/*.json"))
    texts = [json.loads(f.read_text(encoding="utf-8")).get("input", "") for f in files]
    return sorted({s for text in texts for s in SENTENCE_RE.findall(text) if "<" not in s})


def bodies(count: int, seed: int = 1) -> Iterator[tuple[str, str, str, str]]:
    """(title, body, station, name) of each article: about twenty sentences with names of their own."""
    pool = sentences()
    chance = random.Random(seed)
    for _ in range(count):
        surname = chance.choice(SURNAMES)
        name = surname + "".join(chance.sample(GIVEN, chance.choice((1, 2, 2))))
        street = chance.randrange(len(STREETS) // 2) * 2
        station = f"{STREETS[street : street + 2]}{chance.choice('东西南北中')}路派出所"
        chosen = chance.sample(pool, chance.choice((12, 16, 20, 24, 36)))
        text = "\n".join("".join(chosen[i : i + 3]) for i in range(0, len(chosen), 3))
        text = PERSON_RE.sub(lambda _: chance.choice(SURNAMES), text)
        text = NUMBER_RE.sub(lambda m: str(chance.randrange(10 ** len(m[0]))), text)
        text = STATION_RE.sub(station, text)
        title = NUMBER_RE.sub("", chosen[0])[:24].rstrip("，。！？")
        yield title, f"{text}\n民警{name}提醒：请提高警惕。", station, name


def fill(connection: Connection, count: int, seed: int = 1) -> None:
    """`count` articles, each in one file, with an incident or two; statistics gathered at the end."""
    chance = random.Random(seed)
    rules = load_rules()
    kinds = [row["code"] for row in rules.lookups["incident_kinds"]]
    outcomes = [row["code"] for row in rules.lookups["outcomes"]]
    cities = [(d["province"], d["name"]) for d in rules.divisions if d["level"] == "city"]
    made = list(bodies(count, seed))
    agencies = sorted({station for *_, station, _ in made})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    connection.execute("SET statement_timeout = 0")
    with connection.transaction():
        run = connection.execute(
            "INSERT INTO runs (command, owner, token, status, ruleset, version)"
            " VALUES ('backfill', 'benchmark', '', 'done', 'r', 'v') RETURNING id"
        ).fetchone()
        assert run is not None
        copy(connection, "agencies", ("id", "full_name", "name", "level"),
             [(n, s, s, "station") for n, s in enumerate(agencies, 1)])  # fmt: skip
        number_of = {s: n for n, s in enumerate(agencies, 1)}
        copy(
            connection,
            "source_files",
            ("id", "path", "path_sha256", "size", "mtime_ns", "sha256", "state", "seen_at", "run_id"),
            [
                (n, f"/n/{n}", sha(f"/n/{n}"), 9, 9, sha(str(n)), "loaded", now, run[0])
                for n in range(1, count + 1)
            ],
        )
        sighting = (
            "id", "article_id", "source_file_id", "raw_sha256", "is_current", "published_precision", "byline",
            "lost_chars", "run_id",
        )  # fmt: skip
        copy(
            connection,
            "sightings",
            sighting,
            [(n, n, n, sha(str(n)), True, "day", Jsonb([]), 0, run[0]) for n in range(1, count + 1)],
        )
        copy(connection, "articles", ARTICLE, article_rows(made, chance, now, run[0]))
        copy(
            connection,
            "incidents",
            INCIDENT,
            list(incident_rows(made, chance, kinds, outcomes, cities, number_of, run[0])),
        )
    for table in ("agencies", "source_files", "sightings", "articles", "incidents"):
        connection.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))".encode())
    connection.execute("VACUUM ANALYZE")


ARTICLE = (
    "id", "content_hash", "hash_version", "title", "body", "published_at", "published_precision", "source", "site",
    "byline", "image_urls", "script", "kind", "repairs", "quality", "removed", "best_sighting_id", "story_id",
    "first_seen_at", "run_id", "ruleset",
)  # fmt: skip
INCIDENT = (
    "id", "article_id", "ordinal", "kind", "occurred_from", "occurred_to", "occurred_precision", "place", "station",
    "station_full", "agency_id", "province", "city", "items", "amount_cny", "outcome", "polarity", "evidence_start",
    "evidence_end", "spans", "flags", "event_id", "run_id",
)  # fmt: skip


def article_rows(
    made: list[tuple[str, str, str, str]], chance: random.Random, now: datetime, run: int
) -> Iterator[tuple[Any, ...]]:
    """Columns ARTICLE, published over ten years."""
    for n, (title, body, _, _) in enumerate(made, 1):
        published = (
            None if chance.random() < 0.1 else now - timedelta(minutes=chance.randrange(10 * 365 * 1440))
        )
        damaged = chance.random() < 0.15
        quality = {
            "flags": ["damaged"] if damaged else [], "shape": "bare", "encoding": "utf-8",
            "lost_share": 0.01 if damaged and chance.random() < 0.2 else 0.0, "doubtful_share": 0.0,
        }  # fmt: skip
        repairs = [{"in": "body", "kind": "gloss", "certainty": "sure", "changes": []}] if damaged else []
        yield (
            n, sha(f"content {n}"), 1, title, body, published, "minute" if published else "unknown",
            chance.choice(("晨报", "晚报", "平安在线")), "网", Jsonb([]), [],
            chance.choice(("simplified", "simplified", "traditional")), "incident",
            Jsonb(repairs), Jsonb(quality), Jsonb([]), n, n, now, run, "r",
        )  # fmt: skip


def incident_rows(
    made: list[tuple[str, str, str, str]], chance: random.Random, kinds: list[str], outcomes: list[str],
    cities: list[tuple[Any, Any]], agencies: dict[str, int], run: int,
) -> Iterator[tuple[Any, ...]]:  # fmt: skip
    """Columns INCIDENT: one or two an article."""
    number = 0
    first = date(2016, 1, 1)
    for article, (_, body, station, _) in enumerate(made, 1):
        for ordinal in range(1, chance.choice((2, 2, 3))):
            number += 1
            day = first + timedelta(days=int(3650 * chance.random() ** 0.7))
            start = datetime(
                day.year, day.month, day.day, chance.randrange(24), chance.randrange(60), tzinfo=UTC
            )
            known = chance.random() > 0.12
            province, city = chance.choice(cities)
            yield (
                number, article, ordinal, kinds[int(len(kinds) * chance.random() ** 2)],
                start if known else None, start + timedelta(minutes=1) if known else None,
                chance.choice(("minute", "hour", "day")) if known else "unknown",
                "路口", station, station, agencies[station], province if chance.random() < 0.2 else None, city, [],
                chance.choice((None, None, 800, 12000)), [chance.choice(outcomes)],
                "actual" if chance.random() < 0.9 else "prevented", 0, min(200, len(body)),
                Jsonb({"station": [[0, 4]]}), [], number, run,
            )  # fmt: skip


def copy(connection: Connection, table: str, columns: tuple[str, ...], rows: Any) -> None:
    """Send rows by COPY."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor().copy(statement.encode()) as out:
        for row in rows:
            out.write_row(row)


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
