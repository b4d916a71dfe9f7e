"""A PostgreSQL of our own to stop, kill and fill up, and a proxy that spoils what passes through it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import psycopg


def programs() -> Path | None:
    """The folder of an installed server's programs that any user may run."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    which = shutil.which("initdb")
    return found[-1].parent if found else Path(which).parent if which else None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Server:
    """A cluster below `home`, run by an ordinary user."""

    home: Path
    bin: Path
    port: int = field(default_factory=free_port)
    disk: Path = Path()  # the small disk, if there is one

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def do(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        command = [*user, str(self.bin / program), *arguments]
        return subprocess.run(command, cwd="/", capture_output=True, timeout=120, check=False)

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
            " -c max_wal_size=64MB -c min_wal_size=32MB"  # small disks are to hold them
        )
        done = self.do(
            "pg_ctl", "start", "-w", "-D", str(self.data), "-l", str(self.home / "log"), "-o", options
        )
        assert done.returncode == 0, (self.home / "log").read_text(encoding="utf-8")[-2000:]

    def stop(self, mode: str) -> None:
        self.do("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def kill(self) -> None:
        """kill -9 the postmaster; its children notice and end."""
        pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
        (self.data / "postmaster.pid").unlink()  # where nobody collects orphans its number stays taken

    def up(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False


@contextmanager
def place_for_server() -> Iterator[Path]:
    """A folder below which the server's ordinary user may write; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="jingqing-fault-"))
    try:
        give_away(home)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def give_away(folder: Path) -> None:
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)


@contextmanager
def memory_disk(megabytes: int) -> Iterator[Path]:
    """A small disk (needs root)."""
    with place_for_server() as place:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place], check=True)
        try:
            give_away(place)
            yield place
        finally:
            subprocess.run(["umount", "-l", place], check=False)


@contextmanager
def own_server(small: str | None = None, megabytes: int = 0) -> Iterator[Server]:
    """A fresh cluster that is gone afterwards.

    `small` is what stands on a small disk: `data` (with the WAL), `wal`, `temp`, or nothing of the server's.
    """
    bin_ = programs()
    if bin_ is None:
        raise RuntimeError("needs an installed PostgreSQL server (initdb, pg_ctl)")
    with place_for_server() as home, memory_disk(megabytes) if small else nullcontext(home) as disk:
        server = Server(disk if small == "data" else home, bin_, disk=disk)
        command = ["initdb", "-D", str(server.data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        wal = ["-X", str(disk / "wal")] if small == "wal" else []
        done = server.do(*command, "--locale=C.UTF-8", *wal)
        assert done.returncode == 0, done.stderr
        server.start()
        if small == "temp":
            spill_to(server, disk / "temp")
        yield server
        server.stop("immediate")


def spill_to(server: Server, folder: Path) -> None:
    """Let sorts of any size go through temporary files in this folder."""
    folder.mkdir()
    give_away(folder)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE spill LOCATION '{folder}'".encode())
        connection.execute("ALTER SYSTEM SET temp_tablespaces = 'spill'")
        connection.execute("ALTER SYSTEM SET work_mem = '64kB'")
        connection.execute("SELECT pg_reload_conf()")


class Proxy:
    """Between the program and the server: passes everything until told to spoil it.

    Modes: `drop` closes, `delay` waits 5 s before each piece, `silent` swallows (a half-open line),
    `garbage` sends nonsense to the program, `commit` passes the next COMMIT on and drops the line before its
    answer, `pass` is honest.
    """

    def __init__(self, target_port: int, dice: random.Random) -> None:
        self.target = target_port
        self.mode = "pass"
        self.dice = dice
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.open: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self.open += [client, server]
                for source, sink, down in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self.pump, args=(source, sink, down), daemon=True).start()

    def pump(self, source: socket.socket, sink: socket.socket, down: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                if self.mode == "silent":
                    continue
                if self.mode == "delay":
                    time.sleep(5)
                if self.mode == "garbage" and down:
                    piece = self.dice.randbytes(len(piece))
                if self.mode == "commit" and not down and b"COMMIT" in piece:
                    self.mode = "pass"
                    sink.sendall(piece)
                    sink.shutdown(socket.SHUT_WR)  # the server does it, and ends
                    source.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(piece)
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def spoil(self, mode: str) -> None:
        self.mode = mode
        if mode == "drop":
            for side in self.open:
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.spoil("drop")
        self.listener.close()
        for side in self.open:
            side.close()
