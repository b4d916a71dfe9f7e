"""What users would take otherwise, given our own `process`: dlt with a merge, and an ORM loop.

    python -m benchmarks.peers dlt|orm FOLDER DATABASE_URL STATE_FOLDER

Each loads articles by content hash and their incidents, the same columns as ours. dlt keeps its own state and
lists by modification time, so a second call is its incremental run. The ORM loop knows nothing and merges all.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg import conninfo

from etl.model import Processed, RawFile
from etl.pipeline import process
from etl.rules import load_rules
from etl.store.rows import ARTICLE_CONTENT, INCIDENT_CONTENT, article_row, incident_row, plain


def records(data: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The columns of an article and of its incidents; None for what is no article."""
    done: Processed = process(RawFile("", data, hashlib.sha256(data).digest()), load_rules())
    if done.article is None or done.extraction is None or done.content_hash is None:
        return None
    article = named(ARTICLE_CONTENT, article_row(done, ""))
    incidents = [
        named(INCIDENT_CONTENT, incident_row(n, incident, None))
        for n, incident in enumerate(done.extraction.incidents, 1)
    ]
    for incident in incidents:
        incident["content_hash"] = article["content_hash"]
    return article, incidents


def named(columns: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    """A row as a record of plain values, what is nested as JSON text."""
    return {name: simple(value) for name, value in zip(columns, row, strict=True)}


def simple(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "obj") or isinstance(value, list):
        return json.dumps(plain(value), ensure_ascii=False)
    return value


def run_dlt(folder: Path, url: str, state: Path) -> None:
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        "DLT_DATA_DIR": str(state),
        "NORMALIZE__WORKERS": str(os.cpu_count() or 1),
        "DATA_WRITER__FILE_MAX_ITEMS": "5000",
    }
    import dlt
    from dlt.sources.filesystem import filesystem

    listing = filesystem(
        bucket_url=folder.as_uri(),
        file_glob="**/*.txt",
        incremental=dlt.sources.incremental("modification_date"),
    )

    @dlt.transformer(write_disposition="merge", primary_key="content_hash", name="articles")
    def articles(files: list[Any]) -> Iterator[Any]:
        for file in files:
            made = records(file.read_bytes())
            if made is not None:
                article, incidents = made
                yield article
                yield dlt.mark.with_table_name(incidents, "incidents") if incidents else None

    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=str(state / "pipelines"),
        destination=dlt.destinations.postgres(url),
        dataset_name="peer_dlt",
    )
    pipeline.run(listing | articles, loader_file_format="csv")


def run_orm(folder: Path, url: str, state: Path) -> None:
    from sqlalchemy import Text, create_engine
    from sqlalchemy.orm import Mapped, Session, declarative_base, mapped_column

    base: Any = declarative_base()

    def table(name: str, keys: tuple[str, ...], columns: tuple[str, ...]) -> Any:
        body: dict[str, Any] = {"__tablename__": name, "__annotations__": {}}
        for column in dict.fromkeys((*keys, *columns)):
            body["__annotations__"][column] = Mapped[Any]
            body[column] = mapped_column(Text, primary_key=column in keys, nullable=column not in keys)
        return type(name, (base,), body)

    article_of = table("peer_articles", ("content_hash",), ARTICLE_CONTENT)
    incident_of = table("peer_incidents", ("content_hash", "ordinal"), INCIDENT_CONTENT)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    base.metadata.create_all(engine)
    with Session(engine) as session:
        for number, file in enumerate(sorted(folder.rglob("*.txt")), 1):
            made = records(file.read_bytes())
            if made is not None:
                article, incidents = made
                session.merge(article_of(**texts(article)))
                for incident in incidents:
                    session.merge(incident_of(**texts(incident)))
            if number % 1000 == 0:
                session.commit()
        session.commit()


def texts(record: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value is None else str(value) for name, value in record.items()}


def tcp_url(url: str) -> str:
    """The address in the one form that all peers take; a password must stand there, even if none is asked for."""
    parts = conninfo.conninfo_to_dict(url)
    password = parts.get("password") or "none"
    place = f"{parts.get('host')}:{parts.get('port') or 5432}/{parts['dbname']}"
    return f"postgresql://{parts['user']}:{password}@{place}"


if __name__ == "__main__":
    side, folder_, url_, state_ = sys.argv[1:]
    url_ = tcp_url(url_)
    {"dlt": run_dlt, "orm": run_orm}[side](Path(folder_), url_, Path(state_))
