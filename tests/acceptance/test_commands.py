"""The command line as strangers meet it: results, exit codes, one clear line for every mistake."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from etl.store import runs
from etl.store.engine import Connection
from etl.store.lock import RunLock
from tests.acceptance.conftest import ROOT, Etl, environment, result, run_etl
from tests.faults.world import World, write_stories

SAMPLES = ROOT / "samples"
ONE = SAMPLES / "damaged" / "lost-wallet.txt"


def one_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The single line of an error, its exit code checked."""
    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines, "no word of explanation"
    return lines[-1]


def test_summary_and_status_are_readable(etl: Etl) -> None:
    done = etl("run", str(SAMPLES))
    assert done.returncode == 0
    assert "new articles" in done.stdout
    status = etl("status")
    assert status.returncode == 0
    assert "incidents" in status.stdout
    assert result(etl("status", "--json"))["articles"] > 0
    assert "run" in etl("status", "--runs").stdout


def test_rejects_say_what_and_why(etl: Etl) -> None:
    etl("run", str(SAMPLES / "bad"))
    listed = json.loads(etl("rejects", "list", "--json").stdout)
    assert {r["reason"] for r in listed} >= {"empty", "binary_image"}
    shown = etl("rejects", "show", str(listed[0]["id"]))
    assert listed[0]["path"] in shown.stdout
    assert "what_to_do" in shown.stdout
    assert "no rejection 999" in one_line(etl("rejects", "show", "999"), 2)


def test_a_reason_that_does_not_exist_is_refused(etl: Etl) -> None:
    etl("run", str(SAMPLES / "bad"))
    for command in ("list", "retry"):
        line = one_line(etl("rejects", command, "--reason", "bogus"), 2)
        assert "undecodable" in line
        assert "too_large" in line
    assert "binary_image" in etl("rejects", "list", "--reason", "binary").stdout
    assert "binary_image" not in etl("rejects", "list", "--reason", "empty").stdout
    assert result(etl("rejects", "list", "--reason", "timeout", "--json")) == []


def test_a_rejection_that_does_not_exist_is_named(etl: Etl) -> None:
    etl("run", str(SAMPLES / "bad"))
    number = str(result(etl("rejects", "list", "--json"))[0]["id"])
    for missing in ("999", "99999999999999999999"):
        assert f"no open rejection {missing}:" in one_line(etl("rejects", "retry", number, missing), 2)
    assert f"no rejection {missing}" in one_line(etl("rejects", "show", missing), 2)
    assert result(etl("status", "--runs", "--json"))[0]["command"] == "run"  # nothing was begun
    assert result(etl("rejects", "retry", number, "--json"))["rejected"] == 1


def test_an_empty_database_url_is_a_mistake(etl: Etl, tmp_path: Path) -> None:
    for command in (("run", str(ONE)), ("status",), ("db", "url")):
        assert "--database-url" in one_line(etl(*command, "--database-url", ""), 2)
    (tmp_path / "etl.toml").write_text('database_url = " "', encoding="utf-8")
    assert "--database-url" in one_line(run_etl("status", cwd=tmp_path), 2)


def test_fail_on_reject_exits_3(etl: Etl) -> None:
    assert etl("run", "--fail-on-reject", str(SAMPLES / "bad")).returncode == 3


def test_wrong_path(etl: Etl) -> None:
    assert "no/such/folder" in one_line(etl("run", "no/such/folder"), 2)
    assert "no PATHS" in one_line(etl("run"), 2)


def test_wrong_flag(etl: Etl) -> None:
    assert "--wrokers" in one_line(etl("run", "--wrokers", "2", str(SAMPLES)), 2)


def test_database_that_is_down(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound but not listening: a port where nobody answers
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://u:s3cret@127.0.0.1:{taken.getsockname()[1]}/news"
        line = one_line(run_etl("run", str(SAMPLES), cwd=tmp_path, ETL_DATABASE_URL=url), 1)
    assert "127.0.0.1" in line
    assert "s3cret" not in line


def test_database_url_that_is_no_url(tmp_path: Path) -> None:
    line = one_line(run_etl("status", cwd=tmp_path, ETL_DATABASE_URL="postgres//oops:s3cret"), 2)
    assert "s3cret" not in line


def test_database_without_schema(empty_database_url: str, tmp_path: Path) -> None:
    line = one_line(run_etl("status", cwd=tmp_path, ETL_DATABASE_URL=empty_database_url), 1)
    assert "etl db upgrade" in line
    assert run_etl("db", "upgrade", cwd=tmp_path, ETL_DATABASE_URL=empty_database_url).returncode == 0
    assert run_etl("db", "check", cwd=tmp_path, ETL_DATABASE_URL=empty_database_url).returncode == 0


def test_run_brings_its_schema_along(empty_database_url: str, tmp_path: Path) -> None:
    done = run_etl("run", "--json", str(ONE), cwd=tmp_path, ETL_DATABASE_URL=empty_database_url)
    assert result(done)["loaded"] == 1


def test_newer_schema(etl: Etl, connection: Connection) -> None:
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer" in one_line(etl("run", str(SAMPLES)), 1)


def test_database_without_rights(database_url: str, connection: Connection, tmp_path: Path) -> None:
    role = f"stranger_{os.getpid()}"
    connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'pw'".encode())
    try:
        separator = "&" if "?" in database_url else "?"
        url = f"{database_url}{separator}user={role}&password=pw"
        line = one_line(run_etl("run", str(ONE), cwd=tmp_path, ETL_DATABASE_URL=url), 1)
        assert "permission denied" in line
    finally:
        connection.execute(f"DROP ROLE {role}".encode())


def test_second_run_at_once_exits_75(etl: Etl, database_url: str, connection: Connection) -> None:
    with RunLock(database_url) as lock:
        lock.guard(runs.start(connection, "run", "rules"))
        line = one_line(etl("run", str(SAMPLES)), 75)
    assert f"pid {os.getpid()}" in line


def test_no_database_yet(tmp_path: Path) -> None:
    line = one_line(run_etl("status", cwd=tmp_path, ETL_HOME=str(tmp_path / "home")), 1)
    assert "etl run" in line
    assert not (tmp_path / "home").exists()


def test_settings_file(etl: Etl, tmp_path: Path) -> None:
    (tmp_path / "etl.toml").write_text(f'sources = ["{SAMPLES / "bad"}"]\nworkers = 1\n', encoding="utf-8")
    assert result(etl("run", "--json"))["rejected"] >= 2
    assert result(etl("run", "--json", str(ONE)))["seen"] == 1  # the flag is stronger


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("wrokers = 2", "wrokers"),
        ("workers = 0", "workers"),
        ('sources = "inbox"', "sources: expected a list"),
        ("home = 5", "home: expected text"),
        ("fail_on_reject = 1", "fail_on_reject: expected true"),
        ("workers = 1.9", "workers: expected a whole number"),
        ('settle = "2s"', "settle: expected a number"),
        ('statement = "SELECT 1"', "statement: no such setting"),
        ("workers = 2\nsettle = ,", "line 2"),
    ],
)
def test_mistakes_in_the_settings_file_are_named(etl: Etl, tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "etl.toml").write_text(text, encoding="utf-8")
    line = one_line(etl("status"), 2)
    assert "etl.toml" in line
    assert word in line


def test_extract_needs_no_database(tmp_path: Path) -> None:
    done = run_etl(
        "extract", str(ONE), str(SAMPLES / "bad" / "empty.txt"), cwd=tmp_path, ETL_DATABASE_URL="nonsense"
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [ONE.name, "empty.txt"]
    assert lines[0]["incidents"][0]["evidence"]["text"] in lines[0]["body"]
    assert lines[1]["error"] == "empty"


def test_extract_goes_on_past_what_it_cannot_read(tmp_path: Path) -> None:
    done = run_etl("extract", "no-such.txt", str(ONE), str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [ONE.name]
    assert len(done.stderr.splitlines()) == 2
    assert "no-such.txt: No such file" in done.stderr


def test_extract_tells_files_of_one_name_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_bytes(ONE.read_bytes())
    done = run_etl("extract", "a/1.txt", "b/1.txt", str(ONE), cwd=tmp_path)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a/1.txt", "b/1.txt", ONE.name]


def test_a_name_that_is_no_text_is_printed_escaped(tmp_path: Path) -> None:
    name = os.fsdecode(b"gbk-\xbe\xaf.txt")
    (tmp_path / name).write_bytes(ONE.read_bytes())
    assert result(run_etl("extract", name, cwd=tmp_path))["id"] == "gbk-\\xbe\\xaf.txt"
    assert "gbk-\\xbe\\xaf" in one_line(run_etl("explain", name + "x", cwd=tmp_path), 2)


def test_explain_shows_every_stage(tmp_path: Path) -> None:
    done = run_etl("explain", str(ONE), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("decode", "repair", "removed", "hash", "lost_property"):
        assert word in done.stdout
    assert "empty" in one_line(run_etl("explain", str(SAMPLES / "bad" / "empty.txt"), cwd=tmp_path), 1)


def test_repair_is_a_filter(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "etl", "repair"],
        input="警察&nbsp;叔叔".encode(),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert "&nbsp;" not in done.stdout.decode()


def test_repair_of_nothing_is_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "etl", "repair"], input=b"", capture_output=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_shell_and_url(etl: Etl, database_url: str) -> None:
    done = etl("db", "shell", "-c", "SELECT 6 * 7 AS answer")
    assert "42" in done.stdout, done.stderr
    assert etl("db", "url").stdout.strip() == database_url


def test_output_into_a_closed_pipe(etl: Etl, tmp_path: Path, database_url: str) -> None:
    etl("run", str(SAMPLES))
    command = f"{sys.executable} -m etl status --runs | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=environment(ETL_DATABASE_URL=database_url),
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr


FILES = 400


def test_interrupt_stops_cleanly_and_the_next_run_goes_on(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_stories(folder, FILES)
    world = World(folder, database_url)
    arguments = ["run", str(folder), "--batch-files", "20", "--workers", "1", "--settle", "0"]
    with world.halted(1):
        child = subprocess.Popen(
            [sys.executable, "-m", "etl", *arguments],
            cwd=tmp_path,
            env=environment(ETL_DATABASE_URL=database_url),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        while connection.execute("SELECT coalesce(max(batches), 0) FROM runs").fetchone() == (0,):
            assert child.poll() is None, child.communicate()
        child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    status, seen = connection.execute("SELECT status, seen FROM runs").fetchone() or (None, 0)
    assert status == "stopped"
    assert 0 < seen < FILES
    with world.halted(2):
        aborted = subprocess.Popen(
            [sys.executable, "-m", "etl", *arguments],
            cwd=tmp_path,
            env=environment(ETL_DATABASE_URL=database_url, PYTHONWARNINGS=""),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        while connection.execute("SELECT seen FROM runs WHERE status = 'running'").fetchone() in (None, (0,)):
            assert aborted.poll() is None, aborted.communicate()
        aborted.send_signal(signal.SIGINT)
        aborted.send_signal(signal.SIGTERM)
    _, said = aborted.communicate(timeout=30)
    assert aborted.returncode == 143  # by the second, which aborts
    assert "resource_tracker" not in said
    assert result(run_etl(*arguments, "--json", cwd=tmp_path, ETL_DATABASE_URL=database_url))["seen"] == FILES
    assert connection.execute("SELECT count(*) FROM sightings").fetchone() == (FILES,)


def test_password_is_not_among_the_processes(etl: Etl, database_url: str, tmp_path: Path) -> None:
    separator = "&" if "?" in database_url else "?"
    url = f"{database_url}{separator}password=pl4nted"
    look = "\\! tr '\\0' ' ' < /proc/$PPID/cmdline"
    done = subprocess.run(
        [sys.executable, "-m", "etl", "db", "shell", "--database-url", url, "-c", look],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "dbname=" in done.stdout, done.stderr
    assert "pl4nted" not in done.stdout


def test_role_that_may_not_write_is_told_what_it_needs(
    etl: Etl, connection: Connection, database_url: str
) -> None:
    role = f"reader_{os.getpid()}"
    connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    try:
        separator = "&" if "?" in database_url else "?"
        done = etl("run", str(ONE), "--database-url", f"{database_url}{separator}user={role}")
        assert "etl db grant writer" in one_line(done, 1)
    finally:
        connection.execute(f"DROP ROLE {role}".encode())


# ---------------------------------------------------------------- search


def test_search_finds_a_sample_in_either_script(etl: Etl) -> None:
    result(etl("run", str(ROOT / "samples" / "bare"), "--json"))
    for words in ("赵女士 钱包", "趙女士 錢包"):
        found = json.loads(etl("search", *words.split(), "--json").stdout)
        assert [a["title"] for a in found] == ["公交车上丢了钱包 民警两个小时帮忙找回"]
        assert "【钱包】" in found[0]["snippet"] or "【赵女士】" in found[0]["snippet"]
    shown = etl("search", "钱包")
    assert "公交车上丢了钱包" in shown.stdout and "\x01" not in shown.stdout
    assert etl("search", "鹦鹉").stdout == "nothing found\n"
    assert "no word to search for" in one_line(etl("search", "，。"), 2)


def test_withdraw_keeps_a_content_out_of_every_later_run_until_it_is_lifted(
    etl: Etl, connection: Connection, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.txt").write_bytes((SAMPLES / "bare" / "lost-wallet.txt").read_bytes())
    result(etl("run", str(inbox), "--json"))
    row = connection.execute("SELECT content_hash FROM current_articles").fetchone()
    assert row is not None
    assert result(etl("withdraw", row[0], "--why", "court order", "--json"))
    (inbox / "b.txt").write_bytes(ONE.read_bytes())  # the damaged copy of the same content
    os.utime(inbox / "a.txt")
    counts = result(etl("run", str(inbox), "--json"))
    assert (counts["loaded"], counts["duplicate"], counts["rejected"]) == (0, 0, 2)
    assert connection.execute("SELECT count(*) FROM current_articles").fetchone() == (0,)
    assert result(etl("withdraw", "--lift", row[0], "--json"))
    result(etl("run", str(inbox), "--json"))
    assert connection.execute("SELECT title, sightings FROM current_articles").fetchall() == [
        ("公交车上丢了钱包 民警两个小时帮忙找回", 2)
    ]
    assert connection.execute("SELECT count(*) FROM current_incidents").fetchone() == (1,)


def test_withdraw_wants_a_hash_and_a_reason(etl: Etl) -> None:
    etl("db", "upgrade")
    assert "64 hexadecimal digits" in one_line(etl("withdraw", "abc", "--why", "x"), 2)
    assert "--why" in one_line(etl("withdraw", "00" * 32), 2)
    assert "of no article loaded so far" in etl("withdraw", "00" * 32, "--why", "x").stdout
