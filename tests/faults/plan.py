"""The faults F1 to F15 of the plan, each a function that injects `amount` of them and returns what it counted.

Every function ends with the independent checker: the database against the folder, set against set. An
AssertionError is a fault that the program did not survive.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from tests.badinput.cases import cases
from tests.faults.plan_clock import f12_clock
from tests.faults.plan_disk import embedded_disk_full, f7_disk_full
from tests.faults.plan_server import f3_server, f8_network, f15_restore
from tests.faults.streams import (
    Result,
    converge,
    grow,
    own_database,
    pytest_of,
    shared_out,
    side_by_side,
    told_truly,
)
from tests.faults.world import (
    World,
    differences,
    ended,
    environment,
    expected,
    gone,
    kill_group,
    story,
    workers_of,
    write_stories,
)


def f1_kill(world: World, amount: int) -> Result:
    """kill -9 of the whole process group at random moments, then one undisturbed run; 100 articles for each kill."""
    write_stories(world.folder, 100 * amount)
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
    return {"kills": amount, "articles": len(expected(world)), "batches": world.batches()}


def f2_nth_call(world: World, amount: int) -> Result:
    """Every point of the loading path fails once at its n-th call, for n = 1, 2, 3 until a run is clean."""
    from tests.faults.nth_call import every_point

    write_stories(world.folder, 6)
    return {"faults": every_point(world, amount)}


UNLOCKED = "tests.faults.unlocked"


def f4_concurrent(world: World, amount: int) -> Result:
    """Eight runs at once on the same folder, with their locks and without: one works, or the rows are the same."""
    codes: dict[str, int] = {}
    for number in range(amount):
        locked = number % 2 == 0
        write_stories(world.folder, 400, start=400 * number)
        program = "etl" if locked else UNLOCKED
        running = [world.start("--workers", "1", program=program) for _ in range(8)]
        for process in running:
            _, said = process.communicate(timeout=300)
            assert process.returncode in ((0, 75) if locked else (0, 1)), said
            assert "eadlock" not in said
            assert locked or process.returncode == 0 or "taken over" in said or "lost its lock" in said, said
            key = f"{'locked' if locked else 'fenced'} exit {process.returncode}"
            codes[key] = codes.get(key, 0) + 1
        assert differences(world, complete=locked) == []
        converge(world)
    return {"rounds": amount, **dict(sorted(codes.items()))}


def f5_freeze(world: World, amount: int) -> Result:
    """SIGSTOP for 60 s, a successor, SIGCONT: takeover within 30 s, and the frozen one writes nothing any more."""
    result = side_by_side(world, shared_out(freeze, amount, FREEZES_AT_ONCE))
    assert result["longest takeover s"] <= 30
    return result


FREEZES_AT_ONCE = 5
FROZEN_S = 60.0


def freeze(world: World, amount: int) -> Result:
    """One stream of freezes: of the driver alone, or with its workers."""
    longest = 0.0
    for number in range(amount):
        signal_ = os.kill if number % 2 else os.killpg
        grow(world, 600)
        frozen = world.start("--batch-files", "10", "--workers", "1")
        world.wait_for_batches(world.batches() + 2, frozen)
        time.sleep(world.random.uniform(0, 1))
        signal_(frozen.pid, signal.SIGSTOP)
        began, end = time.time(), time.monotonic() + FROZEN_S
        try:
            code, said = world.run()
            assert code == 0, said
            [(started,)] = world.sql("SELECT extract(epoch FROM max(started_at))::float8 FROM runs")
            longest = max(longest, float(str(started)) - began)
            before = written(world)
            time.sleep(max(0.0, end - time.monotonic()))
        finally:
            signal_(frozen.pid, signal.SIGCONT)
        frozen.communicate(timeout=60)
        assert frozen.returncode == 1
        assert written(world) == before
        assert differences(world) == []
        told_truly(world)
    return {"freezes": amount, "longest takeover s": round(longest, 1)}


def written(world: World) -> object:
    """What changes with anything that a run loads or rejects."""
    return world.sql(
        "SELECT (SELECT max(seq) FROM changes), (SELECT count(*) FROM sightings),"
        " (SELECT count(*) FROM rejections), (SELECT sum(batches) FROM runs)"
    )


def f6_signals(world: World, amount: int) -> Result:
    """TERM, INT, or TERM twice at random moments: ends within 30 s, no worker left, resumes."""
    return side_by_side(world, shared_out(stop, amount, 2))


def stop(world: World, amount: int) -> Result:
    """One stream of signals."""
    codes: dict[str, int] = {}
    slowest = 0.0
    write_stories(world.folder, 3000)
    for number in range(amount):
        process = world.start()
        time.sleep(world.random.uniform(0.8, 4.0))
        pids = workers_of(process)
        began = time.monotonic()
        for kind in ((signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM))[number % 3]:
            process.send_signal(kind)
        ended(process, 30)
        slowest = max(slowest, time.monotonic() - began)
        # A signal before the handlers stand ends the process as it ends any other; nothing has begun then.
        assert process.returncode in (0, 130, 143, -signal.SIGTERM, -signal.SIGINT), process.returncode
        codes[f"exit {process.returncode}"] = codes.get(f"exit {process.returncode}", 0) + 1
        assert gone(pids)
        assert differences(world, complete=False) == []
        if process.returncode == 0:
            grow(world, 1000)
    converge(world)  # which also sees that nothing loaded before is read again: no more than a batch was lost
    return {"signals": amount, "slowest s": round(slowest, 1), **codes}


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
    wanted = expected(world)
    rows = world.sql(
        "SELECT f.path, a.body FROM sightings AS s JOIN source_files AS f ON f.id = s.source_file_id"
        " JOIN articles AS a ON a.id = s.article_id WHERE s.is_current"
    )
    held = {str(path): str(body) for path, body in rows}
    wrong = [path for path, number in wanted.items() if f"编号{number}号" not in held.get(path, "")]
    assert wrong == []
    return {"events": done}


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


def f14_embedded(world: World, amount: int) -> Result:
    """The embedded server's own tests, again and again, run and server killed together, and its disk full."""
    for _ in range(amount):
        pytest_of("tests/integration/test_embedded.py", "tests/acceptance/test_crash.py")
    full = embedded_disk_full(world, amount) if os.geteuid() == 0 else {}
    return {"rounds": amount, **full}


@dataclass(frozen=True)
class Fault:
    """What injects it, and how many times in full."""

    inject: Callable[[World, int], Result]
    amount: int


PLAN = {
    "F1": Fault(f1_kill, 200),
    "F2": Fault(f2_nth_call, 1000),
    "F3": Fault(f3_server, 100),
    "F4": Fault(f4_concurrent, 40),
    "F5": Fault(f5_freeze, 20),
    "F6": Fault(f6_signals, 100),
    "F7": Fault(f7_disk_full, 25),
    "F8": Fault(f8_network, 125),
    "F9": Fault(f9_fuzz, 10_000),
    "F10": Fault(f10_bad_inputs, 1),
    "F11": Fault(f11_moving_files, 1000),
    "F12": Fault(f12_clock, 36),
    "F13": Fault(f13_migrations, 50),
    "F14": Fault(f14_embedded, 10),
    "F15": Fault(f15_restore, 1),
}
