"""Faults side by side, each in a world of its own: most of the plan's time is waiting."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from etl.store import migrate
from tests.conftest import with_path
from tests.faults.world import World, differences, environment, expected, write_stories

Result = dict[str, Any]


def converge(world: World, *more: str) -> None:
    """One undisturbed run, after which everything must be right; it reads nothing twice and tells the truth."""
    before = world.sql("SELECT count(*) FROM source_files WHERE state = 'loaded'")
    code, said = world.run(*more)
    assert code == 0, said
    assert differences(world) == []
    last = "SELECT status, unchanged, seen FROM runs ORDER BY id DESC LIMIT 1"
    [(status, unchanged, seen)] = world.sql(last)
    assert (status, unchanged, seen) == ("done", before[0][0], len(expected(world)))
    told_truly(world)


def told_truly(world: World) -> None:
    """After a run has ended well, no run before it passes for running, and `etl status` says what is there."""
    assert world.sql("SELECT id FROM runs WHERE status = 'running'") == []
    command = [sys.executable, "-m", "etl", "status", "--json"]
    environ = environment(ETL_DATABASE_URL=world.url)
    said = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    assert said["last_run"]["status"] == "done"
    assert (said["articles"], said["open_rejections"]) == (len(set(expected(world).values())), 0)


def grow(world: World, count: int) -> None:
    """More articles, once a disturbed run has loaded all there were."""
    write_stories(world.folder, count, start=len(expected(world)))


@contextlib.contextmanager
def own_database(world: World) -> Iterator[str]:
    """An empty database beside the world's own."""
    name = f"fault_{os.getpid()}_{world.random.randrange(2**32):x}"
    with psycopg.connect(world.url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield with_path(world.url, name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


Stream = tuple[Callable[[World, int], Result], int]  # what injects faults into one world, and how many


def shared_out(inject: Callable[[World, int], Result], amount: int, streams: int) -> list[Stream]:
    """The same fault in so many streams; those that would have nothing to do are left out."""
    return [(inject, len(range(number, amount, streams))) for number in range(min(streams, amount))]


def side_by_side(world: World, streams: Sequence[Stream]) -> Result:
    """Each stream in a world of its own; counts are added up, what is longest or slowest stays."""
    with contextlib.ExitStack() as stack:
        worlds = []
        for number in range(len(streams)):
            url = stack.enter_context(own_database(world))
            migrate.upgrade(url)
            folder = world.folder.parent / f"in{number}"
            folder.mkdir()
            worlds.append(World(folder, url, random.Random(world.random.random())))
        with ThreadPoolExecutor(len(worlds)) as pool:
            running = [pool.submit(inject, w, n) for w, (inject, n) in zip(worlds, streams, strict=True)]
            results = [future.result() for future in running]
    total: Result = {}
    for result in results:
        for key, value in result.items():
            join = max if key.startswith(("longest", "slowest")) else sum
            total[key] = join((total.get(key, 0), value))
    return total


def pytest_of(*arguments: str, **environ: str) -> Result:
    """Tests of the ordinary suite as part of the plan."""
    kept = {k: v for k, v in os.environ.items() if k == "ETL_TEST_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", *arguments],
        env=environment(**kept, **environ),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return {"said": [line for line in done.stdout.splitlines() if " cases, " in line or " passed" in line]}
