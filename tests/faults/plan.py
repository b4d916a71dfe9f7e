"""The faults F1 to F15 of the plan, each a function that injects `amount` of them and returns what it counted.

Every function ends with the independent checker: the database against the folder, set against set. An
AssertionError is a fault that the program did not survive.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from etl.store import migrate
from tests.badinput.cases import cases
from tests.faults.servers import Proxy, own_server
from tests.faults.world import (
    World,
    differences,
    environment,
    expected,
    gone,
    kill_group,
    story,
    workers_of,
    write_stories,
)

Result = dict[str, Any]


def converge(world: World, *more: str) -> None:
    """One undisturbed run, after which everything must be right."""
    code, said = world.run(*more)
    assert code == 0, said
    assert differences(world) == []


def grow(world: World, count: int) -> None:
    """More articles, once a disturbed run has loaded all there were."""
    write_stories(world.folder, count, start=len(expected(world.folder)))


def f1_kill(world: World, amount: int, files: int = 20_000) -> Result:
    """kill -9 of the whole process group at random moments, then one undisturbed run."""
    write_stories(world.folder, files)
    for _ in range(amount):
        process = world.start()
        time.sleep(world.random.uniform(0.5, 5.0))
        finished = process.poll() is not None
        if finished:
            process.communicate()
            grow(world, 2000)
        else:
            kill_group(process)
        assert differences(world, complete=False) == []
    converge(world)
    return {"kills": amount, "articles": len(expected(world.folder)), "batches": world.batches()}


def f2_nth_call(world: World, amount: int) -> Result:
    """Every point of the loading path fails once at its n-th call, for n = 1, 2, 3 until a run is clean."""
    from tests.faults.nth_call import every_point

    write_stories(world.folder, 6)
    return {"faults": every_point(world, amount)}


def f3_server(world: World, amount: int) -> Result:
    """The server restarted fast and immediately, its sessions ended, its postmaster killed, while loading."""
    said: dict[str, int] = {}
    with own_server() as server:
        there = World(world.folder, server.url, world.random)
        migrate.upgrade(server.url)
        write_stories(world.folder, 1000)
        for number in range(amount):
            process = there.start()
            time.sleep(world.random.uniform(1.0, 4.0))
            kind = ("fast", "immediate", "sessions", "sessions", "kill")[number % 5]
            if kind == "sessions":
                there.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND application_name LIKE 'jingqing%%'"
                )
            elif kind == "kill":
                server.kill()
                server.start()
            else:
                server.stop(kind)
                server.start()
            process.communicate(timeout=180)
            assert process.returncode in (0, 1), process.returncode
            said[f"{kind} exit {process.returncode}"] = said.get(f"{kind} exit {process.returncode}", 0) + 1
            assert differences(there, complete=False) == []
            if process.returncode == 0:
                grow(there, 500)
        converge(there)
    return {"faults": amount, **said}


def f4_concurrent(world: World, amount: int) -> Result:
    """Eight runs at once on the same folder: one works, the others say so."""
    codes: dict[int, int] = {}
    for number in range(amount):
        write_stories(world.folder, 600, start=600 * number)
        running = [world.start("--workers", "1") for _ in range(8)]
        for process in running:
            _, said = process.communicate(timeout=300)
            assert process.returncode in (0, 75), said
            assert "eadlock" not in said
            codes[process.returncode] = codes.get(process.returncode, 0) + 1
        assert differences(world) == []
    return {"rounds": amount, **{f"exit {code}": n for code, n in sorted(codes.items())}}


def f5_freeze(world: World, amount: int) -> Result:
    """SIGSTOP, a successor, SIGCONT: takeover within 30 s, and the frozen one writes nothing any more."""
    longest = 0.0
    for _ in range(amount):
        grow(world, 600)
        frozen = world.start("--batch-files", "10", "--workers", "1")
        world.wait_for_batches(world.batches() + 2, frozen)
        time.sleep(world.random.uniform(0, 1))
        os.kill(frozen.pid, signal.SIGSTOP)
        began = time.time()
        try:
            code, said = world.run()
            assert code == 0, said
            [(started,)] = world.sql("SELECT extract(epoch FROM max(started_at))::float8 FROM runs")
            longest = max(longest, float(str(started)) - began)
            before = world.sql("SELECT count(*), max(seq) FROM changes")
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        frozen.communicate(timeout=60)
        assert frozen.returncode == 1
        assert world.sql("SELECT count(*), max(seq) FROM changes") == before
        assert differences(world) == []
    assert longest <= 30
    return {"freezes": amount, "longest takeover s": round(longest, 1)}


def f6_signals(world: World, amount: int) -> Result:
    """TERM, INT, or TERM twice at random moments: ends within 30 s, no worker left, resumes."""
    codes: dict[int, int] = {}
    slowest = 0.0
    write_stories(world.folder, 3000)
    for number in range(amount):
        process = world.start()
        time.sleep(world.random.uniform(0.8, 4.0))
        pids = workers_of(process)
        began = time.monotonic()
        for kind in ((signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM))[number % 3]:
            process.send_signal(kind)
        process.communicate(timeout=30)
        slowest = max(slowest, time.monotonic() - began)
        # A signal before the handlers stand ends the process as it ends any other; nothing has begun then.
        assert process.returncode in (0, 130, 143, -signal.SIGTERM, -signal.SIGINT), process.returncode
        codes[process.returncode] = codes.get(process.returncode, 0) + 1
        assert gone(pids)
        assert differences(world, complete=False) == []
        if process.returncode == 0:
            grow(world, 1000)
    converge(world)
    return {"signals": amount, "slowest s": round(slowest, 1), **{f"exit {c}": n for c, n in codes.items()}}


def f7_disk_full(world: World, amount: int) -> Result:
    """The server's disk fills up while loading: exit 1, nothing rejected; space again: all is well."""
    codes: dict[int, int] = {}
    with own_server(tmpfs_megabytes=220) as server:
        there = World(world.folder, server.url, world.random)
        write_stories(world.folder, 200)
        converge(there)
        for _ in range(amount):
            grow(there, 1500)
            process = there.start()
            time.sleep(world.random.uniform(1.0, 3.0))
            filler = server.home / "filler"
            with contextlib.suppress(OSError), filler.open("wb") as file:
                while True:
                    file.write(bytes(1 << 20))
            process.communicate(timeout=180)
            codes[process.returncode] = codes.get(process.returncode, 0) + 1
            assert process.returncode in (0, 1), process.returncode
            filler.unlink()
            if not server.up():
                server.start()
            assert there.sql("SELECT count(*) FROM rejections") == [(0,)]
            converge(there)
    return {"rounds": amount, **{f"exit {c}": n for c, n in codes.items()}}


def f8_network(world: World, amount: int) -> Result:
    """A line that drops, delays, swallows or garbles: retry or exit 1, never a hang over 150 s."""
    codes: dict[str, int] = {}
    port = int(psycopg.conninfo.conninfo_to_dict(world.url).get("port") or 5432)
    write_stories(world.folder, 300)
    for number in range(amount):
        mode = ("drop", "delay", "silent", "garbage")[number % 4]
        proxy = Proxy(port, world.random)
        through = World(world.folder, with_port(world.url, proxy.port), world.random)
        process = through.start("--batch-files", "20")
        time.sleep(world.random.uniform(1.0, 3.0))
        proxy.spoil(mode)
        if mode != "silent":
            time.sleep(6 if mode == "delay" else 0.5)
            proxy.mode = "pass"
        process.communicate(timeout=150)
        proxy.close()
        key = f"{mode} exit {process.returncode}"
        codes[key] = codes.get(key, 0) + 1
        assert process.returncode in (0, 1), process.returncode
        assert differences(world, complete=False) == []
        grow(world, 200)
    converge(world)
    return {"faults": amount, **codes}


def with_port(url: str, port: int) -> str:
    parameters = {k: str(v) for k, v in psycopg.conninfo.conninfo_to_dict(url).items() if v is not None}
    query = "&".join(f"{k}={v}" for k, v in parameters.items() if k not in ("dbname", "port"))
    return f"postgresql:///{parameters['dbname']}?{query}&port={port}"


def f9_fuzz(world: World, amount: int) -> Result:
    """Mutated good and bad inputs: no crash, no hang, every one accounted for."""
    seeds = list(fuzz_seeds(world))
    for number in range(amount):
        content = mutated(world, world.random.choice(seeds))
        (world.folder / f"{number:06}.txt").write_bytes(content)
    began = time.monotonic()
    process = world.start("--json", "--batch-files", "200")
    out, said = process.communicate(timeout=3600)
    assert process.returncode == 0, said
    report = json.loads(out)
    states = {state: report[state] for state in ("loaded", "duplicate", "unchanged", "rejected", "skipped")}
    assert sum(states.values()) == report["seen"] == amount
    rows = world.sql("SELECT reason, count(*) FROM rejections GROUP BY reason")
    reasons = {str(reason): int(str(count)) for reason, count in rows}
    for crash in ("worker_crash", "internal_error", "timeout", "bad_value"):
        paths = world.sql("SELECT path, detail FROM rejections WHERE starts_with(reason, %s) LIMIT 5", crash)
        assert not paths, (crash, paths)
    assert sum(reasons.values()) == states["rejected"]
    return {"inputs": amount, "seconds": round(time.monotonic() - began), **states, "reasons": reasons}


def fuzz_seeds(world: World) -> Iterator[bytes]:
    for number in range(40):
        for encoding in ("utf-8", "gb18030", "utf-16"):
            yield story(number).encode(encoding)
    place = world.folder.parent / "seed"
    for case in cases():
        if case.group in ("encoding", "character", "empty", "binary", "front-matter", "html", "value"):
            case.make(place)
            yield place.read_bytes()[:20_000]
    place.unlink()


def mutated(world: World, data: bytes) -> bytes:
    """One to eight changes: bytes flipped, cut out, doubled, moved, or replaced by trouble."""
    dice = world.random
    made = bytearray(data)
    trouble = (
        b"\0",
        b"\xff\xfe",
        b"<",
        b"---\n",
        b"&#0;",
        b"\xed\xa0\x80",
        b"<script>",
        b"\x1b[",
        "（".encode(),
    )
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(made) + 1)
        end = min(len(made), at + dice.randint(1, 60))
        kind = dice.randrange(5)
        if kind == 0 and at < len(made):
            made[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del made[at:end]
        elif kind == 2:
            made[at:at] = made[at:end] * dice.randint(1, 30)
        elif kind == 3:
            made[at:at] = dice.choice(trouble) * dice.randint(1, 20)
        else:
            other = dice.randrange(len(made) + 1)
            made[at:end] = made[other : other + 40]
    return bytes(made)


def f10_bad_inputs(world: World, amount: int) -> Result:
    """The bad-input suite in all its manners."""
    return pytest_of("tests/badinput", ETL_FAULTS="full")


def f11_moving_files(world: World, amount: int) -> Result:
    """Files appended to, cut, replaced and deleted while they are read; the end state is the last content."""
    write_stories(world.folder, 400)
    paths = sorted(world.folder.rglob("*.txt"))
    stop = threading.Event()
    done = 0

    def disturb() -> None:
        nonlocal done
        while not stop.is_set() and done < amount:
            path = world.random.choice(paths)
            number = 100_000 + done
            kind = done % 4
            if kind == 0:
                aside = path.with_suffix(".part")
                aside.write_text(story(number), encoding="utf-8")
                aside.replace(path)
            elif kind == 1:
                path.unlink(missing_ok=True)
            elif kind == 2:
                path.write_text(story(number)[:80], encoding="utf-8")
                time.sleep(0.01)
                path.write_text(story(number), encoding="utf-8")
            else:
                with path.open("a", encoding="utf-8") as file:
                    file.write(story(number))
                path.write_text(story(number), encoding="utf-8")
            done += 1
            time.sleep(0.005)

    disturber = threading.Thread(target=disturb)
    disturber.start()
    while disturber.is_alive():
        process = world.start("--settle", "1")
        process.communicate(timeout=300)
        assert process.returncode == 0
    stop.set()
    disturber.join()
    time.sleep(1.5)
    code, said = world.run("--settle", "1")
    assert code == 0, said
    wanted = expected(world.folder)
    rows = world.sql(
        "SELECT f.path, a.body FROM sightings AS s JOIN source_files AS f ON f.id = s.source_file_id"
        " JOIN articles AS a ON a.id = s.article_id WHERE s.is_current"
    )
    held = {str(path): str(body) for path, body in rows}
    wrong = [path for path, number in wanted.items() if f"编号{number}号" not in held.get(path, "")]
    assert wrong == []
    return {"events": done}


def f12_clock(world: World, amount: int) -> Result:
    """Changes of the clocks in three zones, and a clock that is set, simulated: each due run once, one catch-up."""
    return pytest_of("tests/unit/test_schedule.py", "tests/acceptance/test_schedule.py")


def f13_migrations(world: World, amount: int) -> Result:
    """Eight first migrations at once, some killed: all that live exit 0, the schema is whole."""
    killed = 0
    for number in range(amount):
        with own_database(world) as url:
            command = [sys.executable, "-m", "etl", "db", "upgrade"]
            environ = environment(ETL_DATABASE_URL=url)
            running = [
                subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
                for _ in range(8)
            ]
            victims = running[: number % 3]
            time.sleep(world.random.uniform(0.5, 2.0))
            for victim in victims:
                victim.kill()
                killed += 1
            for process in running:
                _, said = process.communicate(timeout=120)
                assert process.returncode == 0 or process in victims, said.decode()
            check = subprocess.run(
                [sys.executable, "-m", "etl", "db", "check"], env=environ, capture_output=True, check=False
            )
            assert check.returncode == 0, check.stderr.decode()
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
            refused = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False)
            assert refused.returncode == 1
            assert "newer" in refused.stderr
    return {"rounds of 8": amount, "killed": killed}


@contextlib.contextmanager
def own_database(world: World) -> Iterator[str]:
    """An empty database beside the world's own."""
    name = f"fault_{os.getpid()}_{world.random.randrange(2**32):x}"
    parameters = {k: str(v) for k, v in psycopg.conninfo.conninfo_to_dict(world.url).items() if v is not None}
    query = "&".join(f"{k}={v}" for k, v in parameters.items() if k != "dbname")
    with psycopg.connect(world.url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield f"postgresql:///{name}?{query}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def f14_embedded(world: World, amount: int) -> Result:
    """The embedded server's own tests, again and again, and run and server killed together."""
    for _ in range(amount):
        pytest_of("tests/integration/test_embedded.py", "tests/acceptance/test_crash.py")
    return {"rounds": amount}


def f15_restore(world: World, amount: int) -> Result:
    """Dump, restore elsewhere: every row the same, and the next run has nothing to do."""
    write_stories(world.folder, 500)
    converge(world)
    with own_server() as server:
        there = World(world.folder, server.url, world.random)
        dump = subprocess.run(
            [str(server.bin / "pg_dump"), world.url], capture_output=True, check=True
        ).stdout
        subprocess.run(
            [str(server.bin / "psql"), "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", server.url],
            input=dump,
            check=True,
        )
        assert checksums(there) == checksums(world)
        before = checksums(there)
        code, said = there.run()
        assert code == 0, said
        assert checksums(there) == before
        assert there.sql("SELECT unchanged, loaded FROM runs ORDER BY id DESC LIMIT 1") == [(500, 0)]
    return {"tables": len(before)}


def checksums(world: World) -> dict[str, object]:
    """A hash over all rows of each table but runs."""
    names = world.sql("SELECT relname FROM pg_stat_user_tables WHERE relname <> 'runs' ORDER BY 1")
    return {
        str(name): world.sql(f"SELECT md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM {name} AS t")
        for (name,) in names
    }


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


PLAN: dict[str, tuple[Callable[[World, int], Result], int]] = {  # and the full amounts
    "F1": (f1_kill, 200),
    "F2": (f2_nth_call, 1000),
    "F3": (f3_server, 100),
    "F4": (f4_concurrent, 20),
    "F5": (f5_freeze, 20),
    "F6": (f6_signals, 100),
    "F7": (f7_disk_full, 5),
    "F8": (f8_network, 100),
    "F9": (f9_fuzz, 10_000),
    "F10": (f10_bad_inputs, 1),
    "F11": (f11_moving_files, 1000),
    "F12": (f12_clock, 1),
    "F13": (f13_migrations, 50),
    "F14": (f14_embedded, 10),
    "F15": (f15_restore, 1),
}
