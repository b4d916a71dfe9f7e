"""The report: one page, no network, no error in a browser, each number with its statement."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from etl.report import QUERIES, SECTIONS, report
from etl.store import runs
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts
from tests.acceptance.conftest import run_etl
from tests.support.records import leaf

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LIMIT_BYTES = 5_000_000


@pytest.fixture(scope="module")
def page(samples_url: str) -> str:
    with connect(samples_url) as connection:
        connection.read_only = True
        return report(connection, NOW)


def test_a_place_that_cannot_be_written_is_named(samples_url: str, tmp_path: Path) -> None:
    output = tmp_path / "missing" / "report.html"
    done = run_etl("report", "-o", str(output), cwd=tmp_path, ETL_DATABASE_URL=samples_url)
    assert (done.returncode, done.stderr.strip()) == (1, f"etl: {output}: No such file or directory")


def test_page_needs_no_network(page: str) -> None:
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"(?:src|href)=[\"']?(?!data:)[^\"'> ]+", markup) == []
    assert "@import" not in markup and "url(" not in markup
    assert len(page.encode()) < LIMIT_BYTES


def test_every_chart_prints_the_statement_that_gives_its_numbers(page: str, samples_url: str) -> None:
    shown = [unescape(x) for x in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]
    with connect(samples_url) as connection:
        for name, *_ in SECTIONS:
            assert QUERIES[name] in shown
            assert connection.execute(QUERIES[name].encode()).fetchall() != []
        evidence = [statement for statement in shown if "incident_evidence" in statement]
        assert evidence
        assert all(connection.execute(statement.encode()).fetchall() for statement in evidence)


def test_figures_are_those_of_the_samples(page: str) -> None:
    assert re.findall(r"<div><b>([\d,]+)</b>", page) == ["16", "15", "21", "3"]


def test_an_empty_database_makes_a_page_too(connection: Connection) -> None:
    assert report(connection, NOW).count('class="empty"') == len(SECTIONS)


def test_text_of_articles_is_never_markup(connection: Connection) -> None:
    run = runs.start(connection, "run", "rules-1")
    load_batch(connection, run, [leaf(title="</script><script>alert(1)</script><b>x")], Counts())
    assert "alert(1)</script>" not in report(connection, NOW)


def browse(page: str, folder: Path, *flags: str, settings: str = "") -> tuple[str, list[str]]:
    """The document after its scripts ran in a browser without a window, and what stood in the console."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    (folder / "report.html").write_text(page, encoding="utf-8")
    command = [
        browser, "--headless", "--disable-gpu", "--no-first-run", "--virtual-time-budget=20000", "--dump-dom",
        "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", *flags,
        *(["--no-sandbox"] if os.geteuid() == 0 else []), (folder / "report.html").as_uri() + settings,
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=False
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.parametrize("width", [1280, 500])  # Chromium makes no narrower window
def test_charts_are_drawn_without_a_word_in_the_console(page: str, tmp_path: Path, width: int) -> None:
    document, console = browse(page, tmp_path, f"--window-size={width},900")
    assert console == []
    assert 'data-drawn="zh"' in document
    charts = re.findall(
        r'<div id="(\w+)" class="chart[^"]*"[^>]*>.*?<svg[^>]* width="(\d+)', document, re.DOTALL
    )
    assert {name for name, _ in charts} == {name for name, *_ in SECTIONS} | {"funnel"}
    assert all(int(drawn) <= width for _, drawn in charts)


def test_every_text_of_the_charts_is_in_the_language_of_the_page(page: str, tmp_path: Path) -> None:
    english = page.replace('<html lang="zh">', '<html lang="en">')
    document, console = browse(english, tmp_path)
    assert console == []
    labels = re.findall(r"<text[^>]*>([^<]+)</text>", document)
    assert "lost or found property" in labels
    assert not [label for label in labels if "‖" in label or "警情数" in label]


def test_a_missing_chart_package_is_named(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from etl.errors import ConfigError

    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)
    with pytest.raises(ConfigError, match=r"jingqing\[report\]"):
        report(connection, NOW)
