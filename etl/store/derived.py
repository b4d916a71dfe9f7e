"""Stored articles, extracted again with today's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from psycopg import Rollback

from etl.model import Article, Extraction
from etl.store.batch import Batch
from etl.store.engine import Connection
from etl.store.incidents import Differences, rederive
from etl.store.links import link
from etl.store.rows import ARTICLE_CONTENT, Row, article_of
from etl.store.runs import Run, fence


def articles_after(connection: Connection, after: int, limit: int) -> list[tuple[int, Row]]:
    """The next stored articles by id, each with its columns ARTICLE_CONTENT."""
    columns = ", ".join(ARTICLE_CONTENT)
    query = f"SELECT id, {columns} FROM articles WHERE id > %s ORDER BY id LIMIT %s"
    return [(row[0], row[1:]) for row in connection.execute(query, (after, limit))]


def rederive_batch(
    connection: Connection,
    run: Run,
    stored: Sequence[tuple[int, Row]],
    extract: Callable[[Article], Extraction],
    found: Differences,
    *,
    keep: bool,
) -> None:
    """Extract `stored` articles again and write what differs, in one transaction; count it in `found`.

    Unless `keep`, the transaction is rolled back: what a dry run counts is what would have happened.
    """
    kind, ruleset = (ARTICLE_CONTENT.index(column) for column in ("kind", "ruleset"))
    with connection.transaction():
        batch = Batch(connection, run, datetime.now(UTC))
        batch.lock()
        for article_id, row in stored:
            extraction = extract(article_of(row))
            found.articles += 1
            if extraction.kind != row[kind]:
                found.fields["article kind"] += 1
            if (extraction.kind, run.ruleset) != (row[kind], row[ruleset]):
                values = (extraction.kind, run.ruleset, run.id)
                batch.update("articles", article_id, ("kind", "ruleset", "run_id"), values)
                batch.changed("article", article_id, "update")
            rederive(batch, article_id, extraction, found)
        link(batch)
        batch.write_changes()
        if not keep:
            raise Rollback
        fence(connection, run, batch.counts)
