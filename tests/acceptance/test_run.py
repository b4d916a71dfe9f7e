"""`etl run` as promised: everything once, nothing twice, whatever the order, the encoding or the accident."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from etl import jobs
from etl.settings import Settings
from etl.store.engine import Connection, connect
from tests.acceptance.conftest import ROOT, Etl, result

SAMPLES = ROOT / "samples"
GOOD = sorted(p for p in SAMPLES.rglob("*") if p.is_file() and p.parent.name != "bad")
BAD = sorted(p for p in (SAMPLES / "bad").iterdir())
CONTENT_TABLES = (
    "articles", "sightings", "source_files", "incidents", "incident_persons", "reported_figures",
    "agencies", "rejections", "changes",
)  # fmt: skip


def run(url: str, *paths: Path) -> jobs.Report:
    """A run in this process, which is quicker than starting one."""
    settings = Settings(database_url=url, workers=1, settle_s=0)
    return jobs.run([str(p) for p in paths], settings)


def versions(connection: Connection) -> dict[str, list[Any]]:
    """Every row of every table but runs with its physical version, and all sequences but that of runs."""
    found = {
        table: connection.execute(f"SELECT xmin::text, * FROM {table} ORDER BY 2".encode()).fetchall()
        for table in CONTENT_TABLES
    }
    drawn = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename <> 'runs_id_seq' ORDER BY 1"
    return {**found, "sequences": connection.execute(drawn).fetchall()}


def contents(connection: Connection) -> dict[str, list[Any]]:
    """What users see, without ids, runs and the time of loading."""
    queries = {
        "articles": "SELECT content_hash, title, body, published_at, published_precision, source, site, author,"
        " byline, url, image_urls, script, kind, repairs, quality, superseded_at IS NULL,"
        " (SELECT raw_sha256 FROM sightings AS s WHERE s.id = best_sighting_id) FROM articles ORDER BY 1",
        "sightings": "SELECT f.path, s.raw_sha256, s.is_current, s.title, s.published_at, s.source, a.content_hash"
        " FROM sightings AS s JOIN source_files AS f ON f.id = source_file_id"
        " JOIN articles AS a ON a.id = article_id ORDER BY 1, 2",
        "source_files": "SELECT path, size, sha256, state FROM source_files ORDER BY 1",
        "incidents": "SELECT a.content_hash, i.ordinal, i.kind, occurred_from, occurred_to, occurred_precision, place,"
        " station_full, g.full_name, items, amount_cny, outcome, polarity, evidence_start, evidence_end, spans"
        " FROM incidents AS i JOIN articles AS a ON a.id = article_id LEFT JOIN agencies AS g ON g.id = agency_id"
        " WHERE withdrawn_at IS NULL ORDER BY 1, 2",
        "persons": "SELECT a.content_hash, i.ordinal, p.ordinal, p.role, p.name, p.also FROM incident_persons AS p"
        " JOIN incidents AS i ON i.id = incident_id JOIN articles AS a ON a.id = article_id"
        " WHERE withdrawn_at IS NULL ORDER BY 1, 2, 3",
        "figures": "SELECT a.content_hash, f.ordinal, metric, value, unit FROM reported_figures AS f"
        " JOIN articles AS a ON a.id = article_id ORDER BY 1, 2",
        "agencies": "SELECT full_name, province, city, district, name, level FROM agencies ORDER BY 1, 2, 3, 4",
        "rejections": "SELECT path, reason, detail FROM rejections WHERE resolved_by IS NULL ORDER BY 1",
    }
    return {name: connection.execute(query.encode()).fetchall() for name, query in queries.items()}


def emptied(connection: Connection) -> None:
    connection.execute("TRUNCATE runs, source_files, articles, article_bands RESTART IDENTITY CASCADE")


def test_samples_load_and_the_second_run_writes_nothing(etl: Etl, connection: Connection) -> None:
    first = result(etl("run", "--json", str(SAMPLES)))
    assert first["seen"] == len(GOOD) + len(BAD)
    assert first["rejected"] == len(BAD)
    assert first["loaded"] + first["duplicate"] == len(GOOD)
    assert first["duplicate"] >= 2
    before = versions(connection)
    second = result(etl("run", "--json", str(SAMPLES)))
    assert (second["unchanged"], second["seen"]) == (first["seen"], first["seen"])
    assert second["open_rejections"] == len(BAD)
    assert versions(connection) == before


def test_every_order_of_loading_gives_equal_tables(database_url: str, connection: Connection) -> None:
    run(database_url, SAMPLES)
    expected = contents(connection)
    for seed in range(3):
        emptied(connection)
        files = [*GOOD, *BAD]
        random.Random(seed).shuffle(files)
        for file in files:
            run(database_url, file)
        assert contents(connection) == expected, f"order of seed {seed}"


def rewrapped(files: Iterable[Path], folder: Path) -> list[Path]:
    """The same articles in GB18030 and with CRLF, under other names."""
    folder.mkdir()
    made = []
    for number, file in enumerate(files):
        text = file.read_bytes().decode("utf-8")
        target = folder / f"copy {number}.txt"
        if number % 2:
            target.write_bytes(text.replace("\r\n", "\n").replace("\n", "\r\n").encode())
        else:
            target.write_bytes(text.encode("gb18030"))
        made.append(target)
    return made


def is_utf8(path: Path) -> bool:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_other_encodings_and_names_are_duplicates(database_url: str, tmp_path: Path) -> None:
    sources = [p for p in GOOD if is_utf8(p)]
    first = run(database_url, *sources)
    copies = rewrapped(sources, tmp_path / "copies")
    again = run(database_url, tmp_path / "copies")
    assert first.counts.seen == len(copies)
    assert (again.counts.loaded, again.counts.duplicate) == (0, len(copies))


def test_real_samples_load_and_their_copies_are_duplicates(
    database_url: str, connection: Connection, tmp_path: Path, shared: Path
) -> None:
    seeds = sorted((shared / "seeds").iterdir())
    first = run(database_url, shared / "seeds")
    assert (first.counts.seen, first.counts.loaded, first.counts.rejected) == (5, 5, 0)
    rewrapped(seeds, tmp_path / "copies")
    again = run(database_url, tmp_path / "copies")
    assert (again.counts.loaded, again.counts.duplicate) == (0, 5)
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (5,)


def test_touched_and_moved_files_change_no_article(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(SAMPLES, folder)
    run(database_url, folder)
    articles = "SELECT xmin::text, * FROM articles ORDER BY id"
    before = connection.execute(articles).fetchall()
    for path in folder.rglob("*"):
        os.utime(path, ns=(1_700_000_000_000_000_000, 1_700_000_000_000_000_000))
    touched = run(database_url, folder)
    assert touched.counts.loaded == touched.counts.duplicate == 0
    folder.rename(tmp_path / "elsewhere")
    moved = run(database_url, tmp_path / "elsewhere")
    assert (moved.counts.loaded, moved.counts.duplicate) == (0, len(GOOD))
    assert connection.execute(articles).fetchall() == before


def test_a_file_changed_and_changed_back_ends_where_it_began(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    a, b = (p.read_bytes() for p in GOOD[:2])
    file = tmp_path / "a.txt"
    current = (
        "SELECT content_hash, title FROM articles WHERE superseded_at IS NULL"
        " AND id IN (SELECT article_id FROM sightings WHERE is_current)"
    )
    seen = []
    for number, data in enumerate((a, b, a)):
        file.write_bytes(data)
        os.utime(file, ns=(number, 1_600_000_000_000_000_000 + number))
        run(database_url, file)
        seen.append(connection.execute(current).fetchall())
    assert seen[0] == seen[2] != seen[1]
    assert connection.execute("SELECT count(*) FROM articles").fetchone() == (2,)


@pytest.mark.parametrize(("one", "other"), [("1.5万元", "15万元"), ("3-5日", "35日"), ("-3℃", "3℃")])
def test_numbers_that_differ_are_different_contents(
    database_url: str, tmp_path: Path, one: str, other: str
) -> None:
    text = "石桥派出所通报\n5月6日，石桥派出所接到吴女士报警，称其存款数额为{}，民警上门核实后依法处理。\n"
    for name, value in (("one.txt", one), ("other.txt", other)):
        (tmp_path / name).write_text(text.format(value), encoding="utf-8")
    assert run(database_url, tmp_path).counts.loaded == 2


def test_copies_under_new_names_are_not_parsed_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(database_url, *GOOD)
    for number, file in enumerate(GOOD):
        shutil.copy(file, tmp_path / f"{number}.txt")

    def fail(*_: object) -> None:
        raise AssertionError("known bytes were sent to the workers")

    monkeypatch.setattr("etl.executors.local.LocalPool.submit", fail)
    assert run(database_url, tmp_path).counts.duplicate == len(GOOD)


def test_a_bad_file_that_is_mended_resolves_its_rejection(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "x.txt"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert run(database_url, file).open_rejections == 1
    file.write_bytes(GOOD[0].read_bytes())
    report = run(database_url, file)
    assert (report.counts.loaded, report.open_rejections) == (1, 0)
    assert connection.execute("SELECT resolved_by FROM rejections").fetchall() == [(report.run_id,)]


def test_unreadable_names_and_odd_entries_are_accounted_for(database_url: str, tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("x", encoding="utf-8")
    (tmp_path / "a.txt.part").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(GOOD[0])
    os.mkfifo(tmp_path / "pipe")
    name = os.fsencode(tmp_path) + b"/\xff\\bad name\n.txt"
    with open(name, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(GOOD[0].read_bytes())
    report = run(database_url, tmp_path)
    assert report.counts.skips == {"hidden": 1, "partial_name": 1, "link": 1}
    assert (report.counts.loaded, report.counts.rejected, report.counts.seen) == (1, 1, 5)
    with connect(database_url) as connection:
        paths = connection.execute("SELECT path FROM source_files WHERE state = 'loaded'").fetchall()
    assert paths == [(f"{tmp_path}/\\xff\\\\bad name\\x0a.txt",)]


def test_a_file_copied_a_moment_ago_is_loaded_in_the_same_run(database_url: str, tmp_path: Path) -> None:
    shutil.copyfile(GOOD[0], tmp_path / "new.txt")
    report = jobs.run([str(tmp_path)], Settings(database_url=database_url, workers=1, settle_s=0.5))
    assert report.counts.loaded == 1


def test_a_file_that_still_changes_waits_for_the_next_run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "growing.txt"
    shutil.copyfile(GOOD[0], file)

    def write_on(seconds: float) -> list[None]:
        with file.open("ab") as growing:
            growing.write("又一行。\n".encode())
        return []

    monkeypatch.setattr("etl.loader.pauses", write_on)
    report = jobs.run([str(tmp_path)], Settings(database_url=database_url, workers=1, settle_s=60))
    assert report.counts.skips == {"still_changing": 1}
    monkeypatch.undo()
    assert run(database_url, tmp_path).counts.loaded == 1


def test_a_place_where_nothing_is_left_to_load_closes_its_rejection(
    database_url: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gone")
    os.mkfifo(tmp_path / "folder")
    assert run(database_url, tmp_path).open_rejections == 2
    (tmp_path / "gone").unlink()
    (tmp_path / "folder").unlink()
    (tmp_path / "folder").mkdir()
    shutil.copyfile(GOOD[0], tmp_path / "folder" / "x.txt")
    report = run(database_url, tmp_path)
    assert (report.counts.loaded, report.open_rejections) == (1, 0)


def test_the_next_best_copy_is_read_wherever_it_lies(
    database_url: str, connection: Connection, tmp_path: Path
) -> None:
    story = "5月6日，石桥派出所接到吴女士报警，称手机落在出租车上，民警联系司机后将手机送回。"
    best, other = tmp_path / "a" / "x.txt", tmp_path / "b" / "x.txt"
    for file, head in ((best, "手机失而复得\n2021-05-07 10:21\n"), (other, "手机失而复得\n")):
        file.parent.mkdir()
        file.write_text(head + story, encoding="utf-8")
    run(database_url, tmp_path)
    shown = "SELECT f.path, a.published_precision FROM articles AS a JOIN sightings AS s ON s.id = best_sighting_id"
    shown += " JOIN source_files AS f ON f.id = s.source_file_id ORDER BY a.id LIMIT 1"
    assert connection.execute(shown.encode()).fetchone() == (str(best), "minute")
    best.write_text("另一件事\n" + story.replace("手机", "钱包"), encoding="utf-8")
    run(database_url, tmp_path / "a")
    assert connection.execute(shown.encode()).fetchone() == (str(other), "unknown")
