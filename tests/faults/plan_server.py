"""F3, F8 and F15: the server goes away, the line to it is spoilt, and what it held is restored elsewhere."""

from __future__ import annotations

import random
import subprocess
import time
from functools import partial
from pathlib import Path

import psycopg

from etl.store import migrate
from tests.faults.servers import Proxy, Server, own_server, place_for_server
from tests.faults.streams import Result, converge, grow, shared_out, side_by_side
from tests.faults.world import World, differences, write_stories

# Of each ten: restarted fast, restarted immediately, sessions ended, postmaster killed.
KINDS = (
    "fast",
    "sessions",
    "immediate",
    "sessions",
    "kill",
    "sessions",
    "fast",
    "sessions",
    "immediate",
    "sessions",
)
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND application_name LIKE 'jingqing%%'"
)


def f3_server(world: World, amount: int) -> Result:
    """The server restarted fast and immediately, its sessions ended, its postmaster killed, while loading."""
    said: dict[str, int] = {}
    with own_server() as server:
        there = World(world.folder, server.url, world.random)
        migrate.upgrade(server.url)
        write_stories(world.folder, 1000)
        for number in range(amount):
            process = there.start()
            time.sleep(world.random.uniform(0.5, 4.0))
            kind = KINDS[number % len(KINDS)]
            if kind == "sessions":
                there.sql(END_SESSIONS)
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
                grow(there, 300)
        converge(there)
    return {"faults": amount, **said}


# `commit` is the case that no retry can see through: the server has committed, its answer never comes.
MODES = ("drop", "delay", "silent", "garbage", "commit")
SILENT_STREAMS = 4  # a run waits long before it gives a silent line up


def f8_network(world: World, amount: int) -> Result:
    """A line that drops, delays, swallows, garbles, or breaks after a COMMIT: retry or exit 1, no hang over 150 s."""
    each = max(1, amount // len(MODES))
    streams = [
        stream
        for mode in MODES
        for stream in shared_out(partial(spoil_line, mode), each, SILENT_STREAMS if mode == "silent" else 1)
    ]
    host = psycopg.conninfo.conninfo_to_dict(world.url).get("host")
    if host and not str(host).startswith("/"):
        return side_by_side(world, streams)
    with own_server() as server:  # the embedded one does not listen on TCP
        return side_by_side(World(world.folder, server.url, world.random), streams)


def spoil_line(mode: str, world: World, amount: int) -> Result:
    """One stream of such faults."""
    codes = {"faults": amount, "slowest s": 0}
    port = int(psycopg.conninfo.conninfo_to_dict(world.url).get("port") or 5432)
    write_stories(world.folder, 300)
    for _ in range(amount):
        proxy = Proxy(port, world.random)
        through = World(world.folder, with_port(world.url, proxy.port), world.random)
        process = through.start("--batch-files", "20")
        time.sleep(world.random.uniform(1.0, 4.0))
        began = time.monotonic()
        proxy.spoil(mode)
        if mode not in ("silent", "commit"):
            time.sleep(6 if mode == "delay" else 0.5)
            proxy.mode = "pass"
        process.communicate(timeout=150)
        proxy.close()
        codes["slowest s"] = max(codes["slowest s"], round(time.monotonic() - began))
        key = f"{mode} exit {process.returncode}"
        codes[key] = codes.get(key, 0) + 1
        assert process.returncode in (0, 1), process.returncode
        assert differences(world, complete=False) == []
        grow(world, 200)
    converge(world)
    return codes


def with_port(url: str, port: int) -> str:
    parameters = {k: str(v) for k, v in psycopg.conninfo.conninfo_to_dict(url).items() if v is not None}
    query = "&".join(f"{k}={v}" for k, v in parameters.items() if k not in ("dbname", "port"))
    return f"postgresql:///{parameters['dbname']}?{query}&port={port}"


def f15_restore(world: World, amount: int) -> Result:
    """Dumped as SQL, dumped as an archive, copied whole: every row the same, and the next run has nothing to do."""
    write_stories(world.folder, 500)
    with own_server() as source:
        here = World(world.folder, source.url, random.Random(world.random.random()))
        converge_first(here)
        before = checksums(here)
        for restore in (restore_sql, restore_archive):
            with own_server() as server:
                restore(source, server)
                same_and_no_news(World(world.folder, server.url, world.random), before)
        with place_for_server() as place:
            copy = Server(place, source.bin)
            done = source.do("pg_basebackup", "-d", source.url, "-D", str(copy.data), "-c", "fast")
            assert done.returncode == 0, done.stderr
            copy.start()
            try:
                same_and_no_news(World(world.folder, copy.url, world.random), before)
            finally:
                copy.stop("immediate")
    return {"ways": 3, "tables": len(before)}


def converge_first(world: World) -> None:
    code, said = world.run()
    assert code == 0, said
    assert differences(world) == []


def restore_sql(source: Server, server: Server) -> None:
    dump = subprocess.run([str(source.bin / "pg_dump"), source.url], capture_output=True, check=True).stdout
    psql = [str(server.bin / "psql"), "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", server.url]
    subprocess.run(psql, input=dump, check=True)


def restore_archive(source: Server, server: Server) -> None:
    """Through pg_restore, in the custom format, with two jobs."""
    file = Path(source.home) / "archive"
    for command in (
        ["pg_dump", "-Fc", "-f", str(file), source.url],
        ["pg_restore", "-e", "-j", "2", "-d", server.url, str(file)],
    ):
        subprocess.run([str(source.bin / command[0]), *command[1:]], check=True)


def same_and_no_news(restored: World, before: dict[str, object]) -> None:
    assert checksums(restored) == before
    code, said = restored.run()
    assert code == 0, said
    assert checksums(restored) == before
    assert restored.sql("SELECT unchanged, loaded FROM runs ORDER BY id DESC LIMIT 1") == [(500, 0)]


def checksums(world: World) -> dict[str, object]:
    """A hash over all rows of each table but runs."""
    names = world.sql("SELECT relname FROM pg_stat_user_tables WHERE relname <> 'runs' ORDER BY 1")
    return {
        str(name): world.sql(f"SELECT md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM {name} AS t")
        for (name,) in names
    }
