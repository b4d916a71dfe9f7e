"""The run lock: told to the loser, freed by death, taken from the frozen, worthless behind a shared pooler."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from etl import jobs, loader
from etl.errors import RunLocked, RunLost, StoreUnavailable
from etl.settings import Settings
from etl.store import lock as lock_module
from etl.store import runs
from etl.store import session as session_module
from etl.store.engine import Connection
from etl.store.lock import RunLock
from tests.faults.plan_server import with_port
from tests.faults.servers import Proxy
from tests.faults.world import World, differences, kill_group, write_stories


def test_the_loser_hears_who_holds_the_lock(database_url: str, connection: Connection) -> None:
    with RunLock(database_url) as held:
        held.guard(runs.start(connection, "run", "rules"))
        with pytest.raises(RunLocked, match=rf"{socket.gethostname()} pid {os.getpid()}.*last sign of life"):
            RunLock(database_url).__enter__()


def test_a_dead_holder_leaves_the_lock_at_once(world: World) -> None:
    write_stories(world.folder, 150)
    with world.halted(2):
        first = world.start("--workers", "1", "--batch-files", "10")
        world.wait_for_batches(2, first)
        kill_group(first)
    began = time.monotonic()
    with RunLock(world.url):
        assert time.monotonic() - began < 5
    code, said = world.run()
    assert code == 0, said
    assert differences(world) == []
    assert world.sql("SELECT status FROM runs ORDER BY id") == [("lost",), ("done",)]


def test_a_frozen_holder_is_succeeded_and_writes_nothing_when_it_wakes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "LEASE_S", 4.0)  # 20 s otherwise; two beats of the frozen one
    write_stories(world.folder, 300)
    with world.halted(2):
        frozen = world.start("--workers", "1", "--batch-files", "10")
        world.wait_for_batches(2, frozen)
        os.kill(frozen.pid, signal.SIGSTOP)
    try:
        report = jobs.run([str(world.folder)], Settings(database_url=world.url, workers=1, settle_s=0))
        assert report.counts.seen == 300
        before = world.sql("SELECT count(*), max(seq) FROM changes")
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    _, last_words = frozen.communicate(timeout=60)
    assert frozen.returncode == 1
    assert len(last_words.splitlines()) == 1, last_words
    assert "taken over" in last_words or "lost its lock" in last_words
    assert world.sql("SELECT count(*), max(seq) FROM changes") == before
    assert differences(world) == []


def test_a_lock_connection_that_breaks_is_had_anew(
    database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "BEAT_S", 0.05)
    with RunLock(database_url) as held:
        held.guard(runs.start(connection, "run", "rules"))
        first = held.backend
        end = "SELECT pg_terminate_backend(%s, 5000)"
        connection.execute(end, (first,))
        wait_until(lambda: held.backend != first)
        held.check()
        with pytest.raises(RunLocked):
            RunLock(database_url).__enter__()


def test_a_run_that_lost_its_row_stops(
    database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "BEAT_S", 0.05)
    with RunLock(database_url) as held:
        held.guard(runs.start(connection, "run", "rules"))
        runs.start(connection, "run", "rules")
        wait_until(lambda: held.lost)
        with pytest.raises(RunLost):
            held.check()


def test_a_line_that_never_answers_is_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    target = conninfo_to_dict(world.url)
    if str(target.get("host", "/")).startswith("/"):
        pytest.skip("needs a server that listens on TCP")
    monkeypatch.setattr(lock_module, "LEASE_S", 1.0)
    monkeypatch.setattr(lock_module, "BEAT_S", 0.1)
    monkeypatch.setattr(session_module, "ATTEMPTS", 0)
    proxy = Proxy(int(str(target["port"])), world.random)
    write_stories(world.folder, 3)
    real = loader.load_batch

    def into_silence(*arguments: object, **more: object) -> object:
        proxy.spoil("silent")
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(loader, "load_batch", into_silence)
    url = with_port(world.url, proxy.port)
    with pytest.raises(StoreUnavailable):
        jobs.run([str(world.folder)], Settings(database_url=url, workers=1, settle_s=0))
    proxy.close()
    assert world.sql("SELECT count(*) FROM rejections") == [(0,)]


def wait_until(condition: object, timeout: float = 10) -> None:
    end = time.monotonic() + timeout
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def pooler(database_url: str, mode: str) -> Iterator[str]:
    """The same database through PgBouncer."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    target = conninfo_to_dict(database_url)
    if not Path(program).exists() or str(target.get("host", "/")).startswith("/"):
        pytest.skip("needs pgbouncer and a server that listens on TCP")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # pgbouncer will not run as root
        users, settings = Path(folder) / "users.txt", Path(folder) / "pgbouncer.ini"
        users.write_text(f'"{target["user"]}" ""\n', encoding="utf-8")
        settings.write_text(
            f"[databases]\n{target['dbname']} = host={target['host']} port={target['port']}\n"
            f"[pgbouncer]\npool_mode = {mode}\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"auth_type = trust\nauth_file = {users}\nunix_socket_dir =\n",
            encoding="utf-8",
        )
        other_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        command = [*(other_user if os.getuid() == 0 else []), program, str(settings)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"postgresql://{target['user']}@127.0.0.1:{port}/{target['dbname']}"
            wait_until(lambda: answers(url))
            yield url
        finally:
            process.terminate()
            process.wait()


def answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_pooler_that_shares_sessions_is_refused(world: World) -> None:
    write_stories(world.folder, 3)
    with pooler(world.url, "transaction") as url:
        code, said = World(world.folder, url).run()
    assert code == 1
    assert "transaction mode" in said
    assert len(said.splitlines()) == 1
    assert world.sql("SELECT count(*) FROM runs") == [(0,)]


def test_a_pooler_that_keeps_sessions_is_no_hindrance(world: World) -> None:
    write_stories(world.folder, 3)
    with pooler(world.url, "session") as url:
        code, said = World(world.folder, url).run()
    assert code == 0, said
    assert differences(world) == []
