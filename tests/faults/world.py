"""What every fault test needs: articles to load, a process that loads them, and a checker that trusts neither.

The checker reads the folder with code of its own (no ledger, no stage of the pipeline) and compares sets
with the database: which file holds which article. Every made article is one incident and carries its
number in title and body, so an article without its incident or a file without its article shows by name.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[2]
GATE = 4711  # an advisory lock nobody else asks for
NUMBER_RE = re.compile(r"编号(\d{1,9})号")
STORY = (
    "失主找回背包（编号{n}号）\n{year}年{month}月{day}日 08:30　来源：柳河晚报\n"
    "{month}月{day}日{hour}时许，柳河派出所接到报警，市民{who}女士称背包落在了{place}。民警赶到后调取监控，"
    "当晚在{place}找到背包，交还给{who}女士。背包里有手机一部、现金{money}元。此事编号{n}号。\n"
)
FAMILIES = "周王李张刘陈杨赵黄吴徐孙胡朱高林何郭马罗"
PLACES = ("出租车上", "公园长椅上", "菜市场门口", "公交车站", "快餐店里")


def story(number: int, year: int = 2021, month: int = 3) -> str:
    """An invented article, told apart from every other by its number."""
    return STORY.format(
        n=number,
        year=year,
        month=month,
        day=1 + number % 28,
        hour=number % 24,
        place=PLACES[number % len(PLACES)],
        money=100 + number % 900,
        who=FAMILIES[number // 24 % len(FAMILIES)],
    )


def write_stories(folder: Path, count: int, start: int = 0) -> None:
    """`count` files of one article each, some folders deep, in changing encodings.

    Over twenty years, and each with a line that no other has: so no two pass for copies of one story.
    """
    for number in range(start, start + count):
        below = folder / f"{number // 500:03}"
        below.mkdir(parents=True, exist_ok=True)
        encoding = ("utf-8", "gb18030", "utf-8-sig")[number % 3]
        text = story(number, 2001 + number // 336 % 20, 1 + number // 28 % 12) + unlike(number)
        (below / f"{number:06}.txt").write_bytes(text.encode(encoding))


def unlike(number: int) -> str:
    """A line that shares next to nothing with the line of another number."""
    digits = "".join(hashlib.sha256(f"{number} {n}".encode()).hexdigest() for n in range(8))
    return f"登记码{digits}。\n"


@dataclass
class World:
    """A folder, a database, and the randomness of this test."""

    folder: Path
    url: str
    random: random.Random = field(default_factory=random.Random)
    options: tuple[str, ...] = ("--settle", "0", "--batch-files", "50")
    read: dict[str, tuple[tuple[int, int, int], int | None]] = field(default_factory=dict)  # by the checker

    def start(self, *more: str, program: str = "etl", **environ: str) -> subprocess.Popen[str]:
        """Start `etl run` in a process group of its own."""
        command = [sys.executable, "-m", program, "run", str(self.folder), *self.options, *more]
        return subprocess.Popen(
            command,
            env=environment(ETL_DATABASE_URL=self.url, **environ),
            cwd=self.folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, *more: str, timeout: float = 3600, **environ: str) -> tuple[int, str]:
        """Run `etl run` to its end: exit code and what it said on stderr."""
        process = self.start(*more, **environ)
        _, said = process.communicate(timeout=timeout)
        return process.returncode, said

    def sql(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def batches(self) -> int:
        """Batches committed by all runs."""
        return int(str(self.sql("SELECT coalesce(sum(batches), 0) FROM runs")[0][0]))

    def wait_for_batches(self, count: int, process: subprocess.Popen[str]) -> None:
        """Until `count` batches are committed; fails if the process ends before."""
        self.wait_for(f"SELECT FROM runs HAVING sum(batches) >= {count}", process)

    def wait_for(self, query: str, process: subprocess.Popen[str], timeout: float = 60) -> None:
        """Until a query has a row; fails if the process ends before."""
        end = time.monotonic() + timeout
        while not self.sql(query):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end, f"not in {timeout} s: {query}"
            time.sleep(0.05)

    @contextmanager
    def halted(self, batches: int) -> Iterator[None]:
        """No run commits more than so many batches before the context ends.

        What has to happen in the middle of a run happens there, however slow the one that watches it is. A
        run that is asked to stop ends the batch in hand first, so what waits for its end waits outside.
        """
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                f"""
                CREATE OR REPLACE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF (SELECT coalesce(sum(batches), 0) FROM runs) >= {batches} THEN
                        PERFORM pg_advisory_xact_lock_shared({GATE});
                    END IF;
                    RETURN NULL;
                END $$;
                CREATE OR REPLACE TRIGGER halt AFTER INSERT ON sightings
                    FOR EACH STATEMENT EXECUTE FUNCTION halt();
                """.encode()
            )
            connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
            yield


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would steer the command."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ETL_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", **more}


def kill_group(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    """Signal the process and all its workers; collect it."""
    os.killpg(process.pid, number)
    process.communicate(timeout=60)


def ended(process: subprocess.Popen[str], within: float) -> None:
    """The process ends within seconds; if it doesn't, the error tells where each of its threads is."""
    try:
        process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        stacks = process.communicate(timeout=60)[1]
        raise AssertionError(f"still there after {within} s:\n{stacks}") from None


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Processes of the group but the first."""
    return [pid for pid, group in groups() if group == process.pid and pid != process.pid]


def groups() -> Iterator[tuple[int, int]]:
    """(process, process group) of every process that lives."""
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and fields[0] != "Z":
            yield int(entry.name), int(fields[2])


def gone(pids: list[int], timeout: float = 5) -> bool:
    """Whether all processes end within the time."""
    end = time.monotonic() + timeout
    while left := {pid for pid, _ in groups()} & set(pids):
        if time.monotonic() > end:
            return not left
        time.sleep(0.05)
    return True


# ---------------------------------------------------------------- the checker


def expected(world: World) -> dict[str, int]:
    """path -> number of the article, for every made file in the folder, read without the program's code.

    A file is read once as long as it stays as it is: there are many checks, and many files.
    """
    found = {}
    for path in world.folder.rglob("*.txt"):
        name, info = str(path.resolve()), path.stat()
        stamp = (info.st_size, info.st_mtime_ns, info.st_ino)
        known = world.read.get(name)
        if known is None or known[0] != stamp:
            known = world.read[name] = (stamp, number_in(path.read_bytes()))
        if known[1] is not None:
            found[name] = known[1]
    return found


def number_in(data: bytes) -> int | None:
    """The number of the article in these bytes."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            match = NUMBER_RE.search(data.decode(encoding))
        except UnicodeDecodeError:
            continue
        return int(match[1]) if match else None
    return None


def differences(world: World, *, complete: bool = True) -> list[str]:
    """How the database differs from the folder; nothing if all is well.

    `complete` off: after a kill, files may still be missing, but nothing may be doubled or half-written.
    """
    wanted = expected(world)
    wrong: list[str] = []
    with psycopg.connect(world.url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT f.path, a.id, substring(a.body from '编号([0-9]{1,9})号')::int"
            " FROM sightings AS s JOIN source_files AS f ON f.id = s.source_file_id"
            " JOIN articles AS a ON a.id = s.article_id WHERE s.is_current"
        ).fetchall()
        held: dict[str, int] = {}
        articles: dict[int, set[int]] = {}
        for path, article, number in rows:
            if path in held:
                wrong.append(f"{path}: two current sightings")
            held[path] = number
            articles.setdefault(number, set()).add(article)
        wrong += [f"{p}: holds {held[p]}, should {wanted.get(p)}" for p in held if held[p] != wanted.get(p)]
        wrong += [f"number {n}: articles {sorted(ids)}" for n, ids in articles.items() if len(ids) > 1]
        if complete:
            wrong += [f"{p}: not loaded" for p in wanted.keys() - held.keys()]
        wrong += half_written(connection)
    return sorted(wrong)


CHECKS = {
    "an article without a sighting": "SELECT a.id FROM articles AS a"
    " WHERE NOT EXISTS (SELECT FROM sightings AS s WHERE s.article_id = a.id)",
    "an article without its incident": "SELECT a.id FROM articles AS a"
    " WHERE NOT EXISTS (SELECT FROM incidents AS i WHERE i.article_id = a.id)",
    "an article without its change": "SELECT a.id FROM articles AS a WHERE NOT EXISTS"
    " (SELECT FROM changes AS c WHERE c.entity = 'article' AND c.entity_id = a.id AND c.operation = 'insert')",
    "a change told twice": "SELECT min(entity_id) FROM changes WHERE operation = 'insert'"
    " GROUP BY entity, entity_id HAVING count(*) > 1",
    "an incident told twice": "SELECT min(id) FROM incidents GROUP BY article_id, ordinal HAVING count(*) > 1",
    "a loaded file without a sighting": "SELECT f.id FROM source_files AS f WHERE state = 'loaded'"
    " AND NOT EXISTS (SELECT FROM sightings AS s WHERE s.source_file_id = f.id)",
    "a sighting of a file that is not loaded": "SELECT f.id FROM source_files AS f"
    " JOIN sightings AS s ON s.source_file_id = f.id AND s.is_current WHERE f.state <> 'loaded'",
    "a rejection": "SELECT id FROM rejections",
    "counts that do not add up": "SELECT id FROM runs"
    " WHERE seen <> loaded + duplicate + unchanged + rejected + skipped",
    "counts that are not the rows": "SELECT count(*) FROM articles"
    " HAVING count(*) <> (SELECT coalesce(sum(loaded), 0) FROM runs)",
}


def half_written(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """Rows that lack their other half, by the checks above."""
    wrong = []
    for what, query in CHECKS.items():
        rows = connection.execute(query.encode()).fetchall()
        wrong += [f"{what}: {row[0]}" for row in rows[:5]]
    return wrong
