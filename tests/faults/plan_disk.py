"""F7: memory disks that fill up, under the server, and under what the program itself writes. Needs root."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from etl.store import embedded
from tests.faults.servers import memory_disk, own_server
from tests.faults.streams import Result, converge, grow
from tests.faults.world import World, differences, environment, write_stories

PLACES = ("data", "wal", "temp", "log", "report")


def f7_disk_full(world: World, amount: int) -> Result:
    """The server's data, WAL or temporary files, our log or our output find no room: a clear exit, no rejection."""
    codes: dict[str, int] = {}
    for place in PLACES[:amount]:
        with own_server(small=place, megabytes=220 if place == "data" else 96) as server:
            there = World(world.folder, server.url, world.random)
            write_stories(world.folder, 200)
            first, said = there.run()
            assert first == 0, said
            for _ in range(max(1, amount // len(PLACES))):
                grow(there, 1200 if place in ("data", "wal") else 300)
                code = with_full_disk(there, place, server.disk)
                if not server.up():
                    server.start()
                codes[f"{place} exit {code}"] = codes.get(f"{place} exit {code}", 0) + 1
                assert code in (0, 1), (place, code)
                assert there.sql("SELECT count(*) FROM rejections") == [(0,)]
                converge(there)
    return {"rounds": sum(codes.values()), **codes}


def with_full_disk(world: World, place: str, disk: Path) -> int:
    """How a run ends while the disk is full: from the start where the run itself writes to it, else from within."""
    if place in ("data", "wal"):
        process = world.start()
        time.sleep(world.random.uniform(1.0, 3.0))
        with full(disk):
            process.communicate(timeout=180)
        return process.returncode
    with full(disk), (disk / "said").open("wb") as said:
        command = [sys.executable, "-m", "etl", "run", str(world.folder), *world.options]
        command += ["-vv"] if place == "log" else ["--json"]
        out = {"log": {"stderr": said}, "report": {"stdout": said}}.get(place, {})
        more = {"TMPDIR": str(disk)} if place == "temp" else {}
        done = subprocess.run(
            command, env=environment(ETL_DATABASE_URL=world.url, **more), timeout=180, check=False,
            **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **out},
        )  # fmt: skip
    return done.returncode


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """Not a byte of room on a disk, while in the context."""
    filler = disk / "filler"
    try:
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
        yield
    finally:
        filler.unlink(missing_ok=True)


def embedded_disk_full(world: World, amount: int) -> Result:
    """The disk of the embedded server fills up while loading: the next start works, and nothing is lost."""
    codes: dict[str, int] = {}
    there = World(world.folder.parent / "embedded", "", world.random)
    with memory_disk(900) as disk:
        home = disk / "home"
        for number in range(amount):
            write_stories(there.folder, 400, start=400 * number)
            process = run_embedded(there.folder, home)
            time.sleep(world.random.uniform(3.0, 8.0))
            with full(disk):
                process.communicate(timeout=180)
            key = f"disk full, exit {process.returncode}"
            codes[key] = codes.get(key, 0) + 1
            assert process.returncode in (0, 1), process.returncode
            again = run_embedded(there.folder, home)
            _, said = again.communicate(timeout=300)
            assert again.returncode == 0, said
            with embedded.session(home) as there.url:
                assert differences(there) == []
        embedded.stop(home)
    return codes


def run_embedded(folder: Path, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "etl", "run", str(folder), "--settle", "0", "--batch-files", "50"],
        env=environment(ETL_HOME=str(home)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
