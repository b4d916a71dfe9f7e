"""The keeper: one detached process per server, which starts it, restarts it and stops it.

Sessions hold a shared lock that the kernel frees even after kill -9. When the keeper gets the same
lock exclusively, nobody is left, and it stops the server while it holds that lock; so a session that
arrives just then waits for the end and starts anew, and never meets a server about to go. Starting
belongs here too, as a user killed in the middle of a start then leaves no server without an owner.
It is run by `embedded.session`, imports nothing heavy, and reports on standard output: `ready` or
one line that says what is wrong.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from etl.errors import StoreError
from etl.store.embedded_account import Account, find_account
from etl.store.embedded_cluster import (
    DATABASE,
    POLL_S,
    PORT,
    SOCKET_NAME,
    USER,
    Folder,
    accepting,
    clear_stale,
    running,
    stop,
    try_lock,
)

# How soon the last user's end is noticed; a command right after another still finds the server.
TICK_S = 0.25
INIT_TIMEOUT_S = 300
MIN_FREE_MB_NEW = 256  # a new cluster takes about 45 MB, the first load needs room for its WAL
MIN_FREE_MB = 48  # recovery must be able to write
LOG_MAX_BYTES = 8_000_000
LOG_PREFIX_RE = re.compile(
    r"^\d{4}-\S{1,9} \S{1,20} \S{1,9} \[\d{1,9}\] "
)  # 2026-05-03 09:12:00.123 UTC [77]
SOCKET_PATH_MAX = 103  # bytes; the smallest limit among the systems PostgreSQL runs on, 107 on Linux

# A quarter of the machine's memory as PostgreSQL advises, and no more than pays: beside 180,000 articles linking
# takes a fifth more time than beside 18,000 with 512 MB, half more with 128.
BUFFERS_MB = (64, 512)

# Written to postgresql.conf once, so that ALTER SYSTEM can change them.
SETTINGS = {
    "max_connections": "50",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",  # fewer checkpoints while loading
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "log",  # no ERROR: those quote statements and rows, and clients get them anyway
}


def main() -> None:
    """Arguments: folder, installation, descriptor of the held keeper lock."""
    folder, install, lock = Folder(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
    if os.fork():  # the caller waits for this half only and gets no child to reap later
        os._exit(0)
    signal.signal(signal.SIGTERM, _end)
    users = os.open(folder.users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        server = Server(folder, find_account(install, folder.path))
        try:
            server.start()
            _report("ready")
            watch(server, users, lock)
        finally:
            server.stop()
            # In this order: who gets the users' lock must find the keeper's lock free.
            os.close(lock)
            os.close(users)
    except (StoreError, OSError, subprocess.SubprocessError) as e:
        line = " ".join(str(e).split())
        _report(line)
        with suppress(OSError):  # the disk may be full
            # To the log, since after a restart nobody is there to be told.
            os.write(2, line.encode("utf-8", "replace") + b"\n")


def watch(server: Server, users: int, lock: int) -> None:
    """Return when the server has to be stopped: no users left, or its folder was removed.

    A server that crashed is restarted while somebody wants it, so that their retries succeed. One
    that ended in good order (its pid file is gone) was stopped by a person or can't go on: no restart.
    """
    folder = server.folder
    while True:
        time.sleep(TICK_S)
        if not _same_file(lock, folder.keeper):
            return
        crashed = running(folder.data) is None
        if crashed and not (folder.data / "postmaster.pid").exists():
            return
        if try_lock(users, fcntl.LOCK_EX):
            if not folder.keep.exists():
                return
            fcntl.flock(users, fcntl.LOCK_UN)
        if crashed:
            server.start()


class Server:
    """The server of `folder`, as this process's child if it was started here, else adopted."""

    def __init__(self, folder: Folder, account: Account) -> None:
        self.folder = folder
        self.account = account
        self.child: subprocess.Popen[bytes] | None = None
        self.pid: int | None = None
        self.socket_dir = _socket_dir(folder.path)

    def start(self) -> None:
        """Return when the server accepts connections. Raises StoreError with its log's end if it won't."""
        log_start = 0
        if self.child is not None:
            self.child.wait()  # crashed: reap it
            self.child = None
        while not (server := accepting(self.folder.data)):
            if self.child is not None and self.child.poll() is not None:
                raise StoreError(f"PostgreSQL did not start: {_log_tail(self.folder.log, log_start)}")
            if self.child is None and running(self.folder.data) is None:
                self._check_data()
                log_start = _rotate(self.folder.log)
                self._launch()
            time.sleep(POLL_S)
        self.pid = server.pid

    def stop(self) -> None:
        """Stop the server if it runs, remove a socket folder made outside of ours."""
        server = running(self.folder.data)
        if server and server.pid == self.pid:
            stop(server, self.folder.data)
        elif self.child is not None:  # its folder was removed under it, and there may be a new one
            self.child.send_signal(signal.SIGQUIT)
        if self.child is not None:
            self.child.wait()
        if self.socket_dir.parent != self.folder.path:
            with suppress(OSError):
                self.socket_dir.rmdir()

    def _check_data(self) -> None:
        """A data directory that fits, made if there is none. Raises StoreError."""
        folder, data = self.folder, self.folder.data
        version_file = data / "PG_VERSION"
        _need_space(folder.path, MIN_FREE_MB if data.exists() else MIN_FREE_MB_NEW)
        if not data.exists():
            create_cluster(folder, self.account)
        major = self.account.version().split(".")[0]
        found = (
            version_file.read_text(encoding="ascii", errors="replace").strip()
            if version_file.exists()
            else "unknown"
        )
        if found != major:
            raise StoreError(
                f"{data} was made by PostgreSQL {found}, this is PostgreSQL {major}: restore a dump made with"
                " the old version, or move the folder away to begin anew"
            )
        self.account.take(data)

    def _launch(self) -> None:
        inside = self.socket_dir.parent == self.folder.path
        _make_private(self.socket_dir, self.account, shared_place=not inside)
        clear_stale(self.folder.data, self.socket_dir)
        quoted = str(self.socket_dir).replace('"', '""')
        fixed = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{quoted}"',
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
        }
        with self.folder.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.account.command("postgres", "-D", str(self.folder.data), *_options(fixed)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder.path,
                start_new_session=True,
                **self.account.options(),
            )


def create_cluster(folder: Folder, account: Account) -> None:
    """Make `folder.data` with an empty database. It appears whole or not at all. Raises StoreError."""
    for half in folder.path.glob("data.*"):  # of one that was killed
        shutil.rmtree(half, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="data.", dir=folder.path))
    account.take(new)
    # The builtin provider sorts and folds alike everywhere. pg_trgm still asks the C library what a
    # letter is: with plain C, Chinese text has no trigrams at all.
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
    arguments = (
        "-E",
        "UTF8",
        *locale,
        "-A",
        "trust",
        "-U",
        USER,
        *_options({"shared_buffers": _buffers(), **SETTINGS}),
    )
    _run(account, folder, account.command("initdb", "-D", str(new), *arguments))
    single = ("--single", "-c", "exit_on_error=on", "-D", str(new), "postgres")
    _run(account, folder, account.command("postgres", *single), f"CREATE DATABASE {DATABASE}\n")
    new.rename(folder.data)


def _run(account: Account, folder: Folder, command: list[str], text: str = "") -> None:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=folder.path,
        timeout=INIT_TIMEOUT_S,
        check=False,
        **account.options(),
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).split("\n")
        said = " | ".join(line.strip() for line in lines[-6:] if line.strip())
        raise StoreError(f"PostgreSQL could not make a data directory in {folder.path}: {said}")


def _buffers() -> str:
    least, most = BUFFERS_MB
    quarter = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 // 1_048_576
    return f"{max(least, min(quarter, most))}MB"


def _options(settings: dict[str, str]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _socket_dir(folder: Path) -> Path:
    """Where the socket goes: into `folder`, or under a temporary folder if clients could not use its path.

    Too long a path can't be bound, a comma parts two hosts for libpq, and a URL is UTF-8. Users read
    the place from the pid file, so theirs may have another TMPDIR than the keeper's.
    """
    name = f"jingqing-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    for place in (folder / "socket", Path(tempfile.gettempdir()) / name):
        raw = os.fsencode(place / SOCKET_NAME)
        if len(raw) <= SOCKET_PATH_MAX and b"," not in raw and "\ufffd" not in raw.decode("utf-8", "replace"):
            return place
    return Path("/tmp") / name


def _make_private(folder: Path, account: Account, *, shared_place: bool) -> None:
    """`folder` made for the account alone. Raises StoreError if, in a place shared with others, it is another's."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if shared_place and not (stat.S_ISDIR(found.st_mode) and found.st_uid in {os.geteuid(), account.owner}):
        raise StoreError(f"{folder} belongs to somebody else: remove it, the embedded PostgreSQL needs it")
    folder.chmod(0o700)
    account.take(folder)


def _need_space(folder: Path, megabytes: int) -> None:
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise StoreError(f"only {free} MB free at {folder}, PostgreSQL needs {megabytes} MB: free some space")


def _rotate(log: Path) -> int:
    """Size of the log after an overlong one was put aside: where this start's messages will begin."""
    if not log.exists():
        return 0
    if log.stat().st_size > LOG_MAX_BYTES:
        log.replace(log.with_suffix(".log.old"))
        return 0
    return log.stat().st_size


def _log_tail(log: Path, start: int) -> str:
    """The last lines of the log after offset `start`, in one line; the reason is among them."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read(1_000_000).decode("utf-8", "replace").splitlines()
    return " | ".join(LOG_PREFIX_RE.sub("", line).strip() for line in lines[-5:]) + f" (see {log})"


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _report(line: str) -> None:
    """Tell the waiting session, which may be gone, and let go of its pipe."""
    with suppress(OSError):
        os.write(1, line.encode("utf-8", "replace"))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _end(*_: object) -> NoReturn:
    raise SystemExit(143)
