"""The embedded server under everything that can go wrong around it. Real servers, real kills."""

import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from etl.errors import StoreError
from etl.store import embedded
from etl.store.embedded_cluster import Folder, is_postmaster, orphans, read_pid_file, running
from etl.store.embedded_keeper import _need_space

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a space and Chinese in its path; nothing may run in it afterwards."""
    home = tmp_path / "警情 数据"
    yield home
    end(home)


def end(home: Path) -> None:
    """Insist that the server of `home` has gone or goes now; kill it if it does not, and fail."""
    data = home / "postgres" / "data"
    try:
        if home.is_dir():
            embedded.stop(home)
            until(lambda: not orphans(data), "a server stayed")
    finally:
        for pid in orphans(data):
            os.kill(pid, signal.SIGKILL)


def environment() -> dict[str, str]:
    """Ours, with a path on which any interpreter finds this checkout and the server's package."""
    packages = embedded.program("postgres").parents[3]
    return os.environ | {"PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def user(home: Path, *prefix: str, python: str = sys.executable) -> Iterator[subprocess.Popen[str]]:
    """A process in a session on `home`; it ends, if it still lives, with the block."""
    command = [*prefix, python, str(ROOT / "tests/integration/embedded_user.py"), str(home)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment()
    ) as process:
        try:
            yield process
        finally:
            process.communicate(timeout=PATIENCE_S)


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def ask(url: str, sql: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(sql).fetchone()
        return row[0] if row else None


def remember(url: str) -> None:
    """Commit a row."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('派出所')")


def refusal(home: Path) -> str:
    """The one line with which a session on `home` is refused."""
    with pytest.raises(StoreError) as caught, embedded.session(home):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def server_pid(home: Path) -> int:
    pid = embedded.status(home).pid
    assert pid
    return pid


def keeper_pid(home: Path) -> int:
    """Parent of the server. The name in /proc/<pid>/stat may hold anything, hence the split at its end."""
    stat = Path(f"/proc/{server_pid(home)}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])


def kill(pid: int) -> None:
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    wait_for_end(handle)


def wait_for_end(handle: int) -> None:
    ended, _, _ = select.select([handle], [], [], PATIENCE_S)
    os.close(handle)
    assert ended, "a process did not end"


def until(condition: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


# ---------------------------------------------------------------- the ordinary course


def test_a_first_session_finds_an_empty_database_that_knows_chinese_whatever_the_locale(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "LANG": "C",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
        "PGPORT": "1",
        "PGDATA": "/no",
    }.items():
        monkeypatch.setenv(name, value)
    with embedded.session(home) as url:
        settings = "SELECT current_setting('server_encoding') || ' ' || current_setting('TimeZone')"
        assert ask(url, settings) == "UTF8 UTC"
        locale = (
            "SELECT concat(datlocprovider, datlocale) FROM pg_database WHERE datname = current_database()"
        )
        assert ask(url, locale) == "bC.UTF-8"
        assert ask(url, "SELECT current_setting('fsync')") == "on"
        with psycopg.connect(url) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
        assert ask(url, "SELECT cardinality(show_trgm('派出所'))") == 4


def test_the_server_goes_when_its_only_user_leaves(home: Path) -> None:
    with embedded.session(home):
        handle = os.pidfd_open(server_pid(home))
    wait_for_end(handle)
    until(lambda: embedded.status(home).url is None, "the server is still reported")


def test_the_last_of_several_users_takes_the_server_along(home: Path) -> None:
    with user(home) as other:
        with embedded.session(home) as url:
            assert url_of(other) == url
            pid = server_pid(home)
            handle = os.pidfd_open(pid)
        for _ in range(3):  # longer than the keeper takes to look
            assert ask(url, "SELECT pg_sleep(0.2)::text || 'up'") == "up"
        assert server_pid(home) == pid
    wait_for_end(handle)


def test_an_error_inside_a_session_is_not_swallowed(home: Path) -> None:
    def fail() -> None:
        with embedded.session(home):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()


def test_eight_starters_at_once_share_one_server(home: Path) -> None:
    command = [sys.executable, str(ROOT / "tests/integration/embedded_user.py"), str(home)]
    starters = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment(),
        )
        for _ in range(8)
    ]
    try:
        urls = {url_of(starter) for starter in starters}
        assert len(urls) == 1
        assert ask(urls.pop(), "SELECT 1") == 1
        assert sum(is_postmaster(pid, home / "postgres/data") for pid in orphans(home / "postgres/data")) == 1
    finally:
        for starter in starters:
            starter.communicate(timeout=PATIENCE_S)


def test_sessions_that_come_while_the_server_stops_get_a_living_one(home: Path) -> None:
    # The keeper looks four times a second: pauses around that meet it before, in and after a stop.
    code = (
        "import sys, time, psycopg; from pathlib import Path; from etl.store import embedded\n"
        "for pause in (0.20, 0.24, 0.26, 0.28, 0.30, 0.34, 0.23, 0.27):\n"
        "    with embedded.session(Path(sys.argv[1])) as url:\n"
        "        with psycopg.connect(url) as c: c.execute('SELECT 1')\n"
        "    time.sleep(pause)\n"
    )
    visitors = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], env=environment()) for _ in range(2)
    ]
    assert [visitor.wait(timeout=60) for visitor in visitors] == [0, 0]


# ---------------------------------------------------------------- kept up


def test_a_kept_server_outlives_its_users_until_it_is_stopped(home: Path) -> None:
    url = embedded.keep_running(home)
    pid = server_pid(home)
    for _ in range(3):
        assert ask(url, "SELECT pg_sleep(0.2)::text || 'up'") == "up"
    assert embedded.status(home).kept
    with embedded.session(home) as again:
        assert (again, server_pid(home)) == (url, pid)
    handle = os.pidfd_open(pid)
    assert embedded.stop(home)
    wait_for_end(handle)
    assert not embedded.status(home).kept


def test_stopping_a_server_in_use_leaves_it_to_its_last_user(home: Path) -> None:
    embedded.keep_running(home)
    with embedded.session(home) as url:
        assert not embedded.stop(home)
        assert ask(url, "SELECT 1") == 1
        handle = os.pidfd_open(server_pid(home))
    wait_for_end(handle)


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path) -> None:
    assert embedded.stop(tmp_path / "nothing")
    status = embedded.status(tmp_path / "nothing")
    assert (status.running, status.kept, status.pid, status.url) == (False, False, None, None)
    assert not (tmp_path / "nothing").exists()


def test_a_caller_in_a_pipe_ends_though_the_server_stays(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from etl.store import embedded\n"
        "embedded.keep_running(Path(sys.argv[1]))\n"
    )
    # Standard error too: whoever kept one of the pipes open would hold up this call.
    subprocess.run(
        [sys.executable, "-c", code, str(home)],
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
        env=environment(),
    )
    assert embedded.status(home).running


# ---------------------------------------------------------------- kills


def test_a_user_killed_hard_leaves_no_server(home: Path) -> None:
    with user(home) as owner:
        url_of(owner)
        handle = os.pidfd_open(server_pid(home))
        kill(owner.pid)
        wait_for_end(handle)


def test_a_server_killed_hard_comes_back_during_the_session_with_all_commits(home: Path) -> None:
    with embedded.session(home) as url:
        remember(url)
        first = server_pid(home)
        kill(first)
        until(lambda: embedded.status(home).running, "the server did not come back")
        assert server_pid(home) != first
        assert ask(url, "SELECT count(*) FROM kept") == 1


def test_a_backend_busy_beyond_its_server_does_not_hinder_the_next(home: Path) -> None:
    with embedded.session(home) as url, closing(psycopg.connect(url)) as connection:
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
        busy = connection.info.backend_pid
        kill(server_pid(home))
        with embedded.session(home) as again:
            assert ask(again, "SELECT 1") == 1
        assert busy not in orphans(home / "postgres/data")


def test_after_user_keeper_and_server_were_killed_the_next_start_works_at_once(home: Path) -> None:
    with user(home) as owner:
        remember(url_of(owner))
        server, keeper = server_pid(home), keeper_pid(home)
        for pid in (keeper, server, owner.pid):
            kill(pid)
    with embedded.session(home) as url:
        assert ask(url, "SELECT count(*) FROM kept") == 1


def test_without_its_keeper_the_server_still_goes_with_the_last_user(home: Path) -> None:
    with embedded.session(home):
        handle = os.pidfd_open(server_pid(home))
        kill(keeper_pid(home))
    wait_for_end(handle)


def test_a_server_that_lost_user_and_keeper_is_taken_over(home: Path) -> None:
    with user(home) as owner:
        url_of(owner)
        pid = server_pid(home)
        for killed in (keeper_pid(home), owner.pid):
            kill(killed)
    with embedded.session(home):
        assert server_pid(home) == pid
        handle = os.pidfd_open(pid)
    wait_for_end(handle)


def test_a_living_stranger_in_the_pid_files_is_neither_believed_nor_harmed(home: Path) -> None:
    with user(home) as owner:
        url_of(owner)
        server = running(home / "postgres/data")
        assert server
        for pid in (keeper_pid(home), server.pid, owner.pid):
            kill(pid)
    # As after a reboot: our ids now belong to a process that has nothing to do with it.
    with subprocess.Popen(["sleep", "300"]) as stranger:
        try:
            for file in (home / "postgres/data/postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"):
                lines = file.read_text(encoding="utf-8").splitlines()
                file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n", encoding="utf-8")
            assert not embedded.status(home).running
            with embedded.session(home) as url:
                assert ask(url, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_forked_child_does_not_keep_the_server_up(home: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from etl.store import embedded\n"
        "with embedded.session(Path(sys.argv[1])):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        os.close(1); sys.stdin.read(); os._exit(0)\n"
        "    print(embedded.status(Path(sys.argv[1])).pid, flush=True)\n"
        "os._exit(0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment(),
    ) as parent:
        assert parent.stdout
        assert parent.stdin
        pid = int(parent.stdout.readline())
        parent.wait(timeout=PATIENCE_S)
        until(lambda: not is_postmaster(pid, home / "postgres/data"), "the child kept the server up")
        parent.stdin.close()  # now the child may end


def test_a_cluster_half_made_by_a_killed_start_is_no_hindrance(home: Path) -> None:
    half = home / "postgres" / "data.abcd"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n", encoding="utf-8")
    with embedded.session(home) as url:
        assert ask(url, "SELECT 1") == 1
    assert not half.exists()


def test_a_removed_home_takes_its_server_along_and_can_be_made_anew(home: Path) -> None:
    embedded.keep_running(home)
    handle = os.pidfd_open(server_pid(home))
    shutil.rmtree(home)
    with embedded.session(home) as url:
        wait_for_end(handle)
        for _ in range(3):
            assert ask(url, "SELECT pg_sleep(0.2)::text || 'up'") == "up"


@pytest.mark.parametrize("content", ["", "77\n", "77\n/data\n1795311718\n5432\n", "\x00\n\n\n\n\n"])
def test_a_pid_file_cut_short_names_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content, encoding="utf-8")
    assert read_pid_file(tmp_path) is None


# ---------------------------------------------------------------- places and accounts


@pytest.mark.parametrize("name", ["很长的路径" * 8 + "x" * 40, "a,b", os.fsdecode("派出所".encode("gbk"))])
def test_a_socket_path_unfit_for_clients_is_replaced_by_a_private_folder(name: str) -> None:
    # Not in tmp_path, which alone would be too long already.
    outside = Path(tempfile.mkdtemp(prefix="embedded-test-"))
    home = outside / name
    try:
        with embedded.session(home) as url:
            assert ask(url, "SELECT 1") == 1
            server = running(home / "postgres/data")
            assert server
            assert not server.socket_dir.is_relative_to(home)
            found = server.socket_dir.stat()
            assert (found.st_uid, found.st_mode & 0o777) == (os.geteuid(), 0o700)
        assert embedded.stop(home)
        assert not server.socket_dir.exists()
    finally:
        shutil.rmtree(outside)


def test_odd_characters_in_a_path_reach_clients_unharmed(open_folder: Path) -> None:
    home = open_folder / "警 %情\"'+&#$x"
    with embedded.session(home) as url:
        server = running(home / "postgres/data")
        assert server
        assert server.socket_dir == home / "postgres/socket"
        assert ask(url, "SELECT 1") == 1
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        engine.dispose()
    assert embedded.stop(home)


def test_a_socket_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("y" * 90)
    with embedded.session(home):
        server = running(home / "postgres/data")
        assert server
    assert embedded.stop(home)
    server.socket_dir.symlink_to(tmp_path)
    try:
        assert "belongs to somebody else" in refusal(home)
    finally:
        server.socket_dir.unlink()


def test_a_closed_parent_folder_stays_as_it_is(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    parents = [closed, *closed.parents]
    before = [(p.stat().st_mode, p.stat().st_uid) for p in parents]
    with embedded.session(closed / "home") as url:
        assert ask(url, "SELECT 1") == 1
    assert embedded.stop(closed / "home")
    assert [(p.stat().st_mode, p.stat().st_uid) for p in parents] == before


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder any user may enter, unlike tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@as_root
def test_an_ordinary_user_has_a_server_of_its_own_beside_ours(home: Path, open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    theirs = open_folder / "home"
    theirs.mkdir()
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    drop = ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    python = usable_python(*drop)
    with embedded.session(home), user(theirs, *drop, python=python) as other:
        url = url_of(other)
        assert ask(url, "SELECT 1") == 1
        pid = server_pid(theirs)
        assert Path(f"/proc/{pid}").stat().st_uid == nobody.pw_uid
        handle = os.pidfd_open(pid)
        assert "belongs to user" in refusal(theirs)
    wait_for_end(handle)


def usable_python(*drop: str) -> str:
    """An interpreter that the other account may run; skips if that account can't read the checkout either."""
    readable = [ROOT / "etl/errors.py", embedded.program("postgres")]
    code = (
        f"import subprocess, sys; [open(p) for p in {[str(p) for p in readable]}]\n"
        "subprocess.run([sys.executable, '-V'])\n"
    )
    for python in (sys.executable, "/usr/bin/python3"):
        if not subprocess.run([*drop, python, "-c", code], capture_output=True, check=False).returncode:
            return python
    pytest.skip("the interpreter or the checkout is closed to user nobody")


@as_root
def test_where_namespaces_are_refused_a_service_user_runs_a_copy(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_unshare(open_folder / "bin", monkeypatch)
    home = open_folder / "home"
    try:
        with embedded.session(home) as url:
            remember(url)
            assert (home / "postgres/data").stat().st_uid != 0
            assert Path(f"/proc/{server_pid(home)}").stat().st_uid != 0
        assert embedded.stop(home)
        monkeypatch.undo()  # and back again, with the same data
        with embedded.session(home) as url:
            assert ask(url, "SELECT count(*) FROM kept") == 1
    finally:
        end(home)


@as_root
def test_where_namespaces_are_refused_a_closed_folder_is_named(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_unshare(open_folder / "bin", monkeypatch)
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    assert f"may not enter {closed}: set ETL_HOME" in refusal(closed / "home")


def refuse_unshare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "unshare").write_text(
        "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n", encoding="utf-8"
    )
    (folder / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


# ---------------------------------------------------------------- refusals


def test_data_of_another_major_version_is_refused_and_left_alone(home: Path) -> None:
    data = Folder(home / "postgres").data
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n", encoding="utf-8")
    assert re.search(r"was made by PostgreSQL 15, this is PostgreSQL \d+: restore", refusal(home))
    assert [p.name for p in data.iterdir()] == ["PG_VERSION"]


def test_an_unusable_home_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "set ETL_HOME to a writable folder" in refusal(tmp_path / "file" / "home")


def test_a_server_that_can_not_start_says_why_from_its_log(home: Path) -> None:
    with embedded.session(home):
        pass
    assert embedded.stop(home)
    with (home / "postgres/data/postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write("no_such_setting = 1\n")
    assert re.search(r"did not start: .*no_such_setting.*server\.log", refusal(home))


def test_too_little_space_is_refused_before_anything_breaks(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"only \d+ MB free at .* needs 1000000000 MB: free some space"):
        _need_space(tmp_path, 1_000_000_000)
