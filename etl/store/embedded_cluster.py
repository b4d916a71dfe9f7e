"""What lies in the embedded server's folder, and what can be known of and done to its postmaster.

PostgreSQL itself trusts any living process whose id stands in `postmaster.pid`, and after a crash or
in a fresh container that id often belongs to somebody else. Here a process counts as the postmaster
only if it is a `postgres` that works in this very data directory, or if the socket answers (a server
in another container on the same volume has no visible process). Only what fails both is cleared away.
Linux only: the evidence is /proc.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DATABASE = USER = "jingqing"
PORT = 5432  # only part of the socket's name, nothing listens on a network
SOCKET_NAME = f".s.PGSQL.{PORT}"
FAST_STOP_S = 120.0  # clients are dropped at once; the time is for the last checkpoint
ABORT_S = 10.0
PROBE_S = 5.0
POLL_S = 0.02
# "Do you speak TLS?", the one question of the protocol that is answered before any login and leaves
# no trace in the log. Source: PostgreSQL manual, "Message Formats", SSLRequest.
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True, slots=True)
class Folder:
    """`<home>/postgres` and the names in it.

    `users` is locked shared by every session, exclusively by whoever stops the server; `keeper` is
    locked by the one keeper process; `keep` exists while the server is to outlive its sessions.
    """

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def users(self) -> Path:
        return self.path / "users.lock"

    @property
    def keeper(self) -> Path:
        return self.path / "keeper.lock"

    @property
    def keep(self) -> Path:
        return self.path / "keep"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server as its pid file tells it. `ready` is False while it starts, recovers or stops."""

    pid: int
    socket_dir: Path
    ready: bool


def running(data: Path) -> Postmaster | None:
    """The server of data directory `data`, or None if there is none, whatever the pid file claims."""
    server = read_pid_file(data)
    if server and (is_postmaster(server.pid, data) or answers(server.socket_dir)):
        return server
    return None


def accepting(data: Path) -> Postmaster | None:
    """The server of `data` if it accepts connections now, else None."""
    server = running(data)
    return server if server and server.ready and answers(server.socket_dir) else None


def read_pid_file(data: Path) -> Postmaster | None:
    """What `postmaster.pid` says, believed or not; None if there is none or it is only half written.

    Source: its eight lines are described in PostgreSQL's `src/include/utils/pidfile.h`.
    """
    try:
        lines = os.fsdecode((data / "postmaster.pid").read_bytes()).splitlines()
        return Postmaster(int(lines[0]), Path(lines[4]), len(lines) > 7 and lines[7].strip() == "ready")
    except (OSError, ValueError, IndexError):
        return None


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether process `pid` is the postmaster of `data`. Zombies and its own children are not."""
    process = Path("/proc") / str(pid)
    try:
        # Children show a title such as `postgres: checkpointer` here.
        arguments = (process / "cmdline").read_bytes().split(b"\0")
        if Path(os.fsdecode(arguments[0])).name != "postgres":
            return False
        return (process / "cwd").samefile(data)
    except PermissionError:  # a service user's process, and we are a root without ptrace rights
        return os.fsencode(data) in arguments
    except OSError:
        return False


def answers(socket_dir: Path) -> bool:
    """Whether a server answers on its socket in `socket_dir`, be it still starting.

    A connection alone proves nothing: the kernel grants it on behalf of a server that is just dying.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(socket_dir / SOCKET_NAME))
            probe.sendall(SSL_REQUEST)
            return probe.recv(1) in {b"N", b"S"}
        except OSError:
            return False


def stop(server: Postmaster, data: Path) -> None:
    """End `server`, drop its clients, and return when it is gone: first cleanly, then less so."""

    def gone() -> bool:
        return not is_postmaster(server.pid, data)

    for how, patience in ((signal.SIGINT, FAST_STOP_S), (signal.SIGQUIT, ABORT_S), (signal.SIGKILL, ABORT_S)):
        if gone():
            return
        with suppress(ProcessLookupError):
            os.kill(server.pid, how)
        if wait(gone, patience):
            return


def clear_stale(data: Path, socket_dir: Path) -> None:
    """Remove what a killed server left behind. Only to be called when `running(data)` is None.

    Its backends may outlive a postmaster for a while, deep in a query, and would keep a new server
    from starting; without a postmaster they can't serve anybody, so they go first.
    """
    for how in (signal.SIGQUIT, signal.SIGKILL):
        for pid in orphans(data):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, how)
        if wait(lambda: not orphans(data), ABORT_S):
            break
    for stale in (data / "postmaster.pid", socket_dir / SOCKET_NAME, socket_dir / f"{SOCKET_NAME}.lock"):
        stale.unlink(missing_ok=True)


def orphans(data: Path) -> list[int]:
    """Ids of all server processes that work in `data`."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if (
                process.name.isdigit()
                and (process / "comm").read_bytes() == b"postgres\n"
                and (process / "cwd").samefile(data)
            ):
                found.append(int(process.name))
    return found


def try_lock(lock: int, kind: int) -> bool:
    """Whether descriptor `lock` now holds a flock of `kind`, LOCK_SH or LOCK_EX; if not, it holds none."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait(condition: Callable[[], bool], patience_s: float) -> bool:
    """Whether `condition` came true within `patience_s` seconds."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
