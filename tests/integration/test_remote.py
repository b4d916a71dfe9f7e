"""Folders of an object store: listed in path order, read whole or as streams, nothing else let in."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from etl import jobs
from etl.errors import ConfigError
from etl.model import Found
from etl.settings import Settings
from etl.sources import registry, remote
from etl.sources.base import Changed, Limits, Skipped
from etl.store.engine import Connection

STORY = "2021年3月{}日，柳河派出所接到周女士报警，称手机落在出租车上。民警当晚联系上何师傅，次日将手机送回。"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3-compatible server of this machine."""
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture(params=["memory", "s3"])
def folder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new, empty folder."""
    name = f"news-{uuid.uuid4().hex}"
    if request.param == "s3":
        monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("server"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    remote.filesystem(request.param).mkdir(name)
    return f"{request.param}://{name}"


def put(folder: str, name: str, data: bytes | str) -> None:
    store, path = remote.at(f"{folder}/{name}")
    store.pipe_file(path, data.encode() if isinstance(data, str) else data)


def test_entries_come_in_the_byte_order_of_their_paths(folder: str) -> None:
    for name in ("a/b.txt", "a-b.txt", "a.txt", "警/一.txt", "a/b/c.txt", ".git/x", "d.part"):
        put(folder, name, name)
    found = list(registry.discover([folder]))
    assert [e.path.removeprefix(f"{folder}/") for e in found if isinstance(e, Found)] == [
        "a-b.txt",
        "a.txt",
        "a/b.txt",
        "a/b/c.txt",
        "警/一.txt",
    ]
    assert [e.reason for e in found if isinstance(e, Skipped)] == ["partial_name"]


def test_an_object_that_was_written_anew_is_not_the_one_found(folder: str) -> None:
    put(folder, "a.txt", "one")
    [found] = registry.discover([folder])
    assert isinstance(found, Found)
    [leaf] = registry.read(found, Limits()).leaves
    assert getattr(leaf, "data", None) == b"one"
    put(folder, "a.txt", "two")  # as long, and maybe in the same second
    assert registry.stat_again(found) != found
    with pytest.raises(Changed):
        registry.read(found, Limits())


def test_a_folder_is_loaded_once(folder: str, database_url: str, connection: Connection) -> None:
    put(folder, "a.txt", STORY.format(1))
    put(folder, "2021/b.txt.gz", gzip.compress(STORY.format(2).encode()))
    settings = Settings(database_url=database_url, workers=1, settle_s=0)
    assert jobs.run([folder], settings).counts.loaded == 2
    paths = connection.execute("SELECT path FROM source_files ORDER BY path").fetchall()
    assert paths == [(f"{folder}/2021/b.txt.gz",), (f"{folder}/a.txt",)]
    assert jobs.run([folder], settings).counts.unchanged == 2


def test_what_is_not_there_and_what_is_not_let_in() -> None:
    with pytest.raises(ConfigError, match="nothing is there"):
        registry.resolve(["memory://nowhere"])
    with pytest.raises(ConfigError, match="chained"):
        registry.resolve(["memory://a::memory://b"])
    for address in ("http://127.0.0.1/a", "file:///etc", "ftp://127.0.0.1/a", "simplecache::memory://a"):
        with pytest.raises(ConfigError):
            registry.resolve([address])
