"""What is sent by COPY comes back as it was, whatever it holds."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from etl.store.batch import BadRow, Batch
from etl.store.engine import Connection, connect
from etl.store.runs import Run

ODD = ["", "NULL", "null", " ", '"', '\\"', "\\", "\\N", "\\.", "{", "}", ",", "a,b", "a\tb", "a\nb",
       "a\r\nb", "\b\f\v\x7f","警情", "𠮷", "\u2028\ufeff\u00a0\u3000", "%s", "$$", "'"]  # fmt: skip


@pytest.fixture
def batch(connection: Connection) -> Batch:
    connection.execute("CREATE TEMP TABLE odd (article_id int, words text[], told jsonb, word text)")
    return Batch(connection, Run(0, "", ""), datetime.now(UTC))


def test_texts_lists_and_json_come_back(batch: Batch) -> None:
    rows = [(n, [word, None, word], {word: [word, n, None, True, 0.5]}, word) for n, word in enumerate(ODD)]
    rows += [(len(rows), ODD, ODD, None), (len(rows) + 1, [], [], "")]  # type: ignore[list-item]
    batch.copy("odd", ("article_id", "words", "told", "word"), [(n, w, Jsonb(t), s) for n, w, t, s in rows])
    assert batch.rows("SELECT * FROM odd ORDER BY article_id") == rows


@pytest.mark.parametrize("encoding", ["GB18030", "GBK", "LATIN1"])
def test_the_encoding_of_the_environment_or_the_url_is_not_that_of_texts(
    database_url: str, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", encoding)
    for url in (database_url, make_conninfo(database_url, client_encoding=encoding)):
        with connect(url) as connection:
            connection.execute("CREATE TEMP TABLE odd (article_id int, words text[], told jsonb, word text)")
            row = (1, ["手机", "㑮"], {"手机": "钱包"}, "手机")
            batch = Batch(connection, Run(0, "", ""), datetime.now(UTC))
            batch.copy("odd", ("article_id", "words", "told", "word"), [(1, row[1], Jsonb(row[2]), row[3])])
            assert batch.rows("SELECT *, length(word) FROM odd") == [(*row, 2)]


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ((["坏\0"], Jsonb({}), ""), psycopg.DataError),
        (([1], Jsonb({}), ""), psycopg.DataError),
        ((["坏\ud800"], Jsonb({}), ""), UnicodeEncodeError),
        (([], Jsonb({"坏": "\0"}), ""), psycopg.errors.UntranslatableCharacter),
        (([], Jsonb("坏\ud800"), ""), UnicodeEncodeError),
        (([], Jsonb({}), "坏\0"), psycopg.DataError),
    ],
    ids=[
        "NUL in a list",
        "a number in a list",
        "surrogate in a list",
        "NUL in JSON",
        "surrogate in JSON",
        "NUL",
    ],
)
def test_the_row_that_is_refused_is_named(
    batch: Batch, value: tuple[object, ...], cause: type[Exception]
) -> None:
    leaves = [(f"/{n}", None, None) for n in range(9)]
    rows = [(n, *(value if n == 6 else (["好"], Jsonb({}), "好"))) for n in range(9)]
    with pytest.raises(BadRow) as e, batch.connection.transaction():
        batch.copy("odd", ("article_id", "words", "told", "word"), rows, of=leaves)
    assert e.value.leaf == ("/6", None, None)
    assert type(e.value.__cause__) is cause
