"""Stories and events from scratch: everything is made again beside what is stored, and compared.

The tables of signatures and pairs are shadowed by temporary ones of the same names, so that the very
statements that link a batch work here too. Ids of clusters are then written where they differ; a check
rolls all of it back and keeps the counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import LiteralString

from psycopg import Rollback, sql

from etl.rules.link import LinkRules
from etl.stages.link.signature import signature
from etl.store.batch import Batch
from etl.store.clusters import recluster_events, recluster_stories
from etl.store.engine import Connection
from etl.store.links import find_events, find_stories
from etl.store.runs import Run, fence

SHADOWED = {  # table -> its key
    "article_signatures": ("article_id",),
    "article_bands": ("key", "article_id"),
    "story_pairs": ("a_id", "b_id"),
    "event_pairs": ("a_id", "b_id"),
}
ARTICLES_AT_ONCE = 500
CLUSTERED_AT_ONCE = 5000


@dataclass(slots=True)
class Relinked:
    """What was looked at, and what differed from what was stored: rows of pairs and signatures, ids of members."""

    articles: int = 0
    signatures: int = 0
    story_pairs: int = 0
    event_pairs: int = 0
    stories: int = 0
    events: int = 0

    @property
    def differs(self) -> bool:
        return any((self.signatures, self.story_pairs, self.event_pairs, self.stories, self.events))


def relink(
    connection: Connection, run: Run, rules: LinkRules, check: Callable[[], None], *, keep: bool
) -> Relinked:
    """Make all stories and events again and, if `keep`, write what differs, in one transaction.

    `check` is called between portions and may raise to give up.
    """
    found = Relinked()
    with unprepared(connection), connection.transaction():
        batch = Batch(connection, run, datetime.now(UTC))
        batch.lock()
        batch.do("SET LOCAL statement_timeout = 0")
        schema = batch.rows("SELECT current_schema()")[0][0]
        shadow(connection, schema)
        for ids in portions(batch, "SELECT id FROM articles WHERE id > %s ORDER BY id LIMIT %s"):
            check()
            found.articles += len(ids)
            bodies = batch.rows("SELECT id, body FROM articles WHERE id = ANY(%s) AND body <> ''", ids)
            find_stories(batch, {number: signature(body, rules) for number, body in bodies}, rules)
            find_events(batch, ids, rules, until=ids[-1])
            batch.told.clear()
            if found.articles % (20 * ARTICLES_AT_ONCE) == 0:
                connection.execute("ANALYZE article_bands, story_pairs, event_pairs")
        recluster_all(batch, check)
        found.stories = sum(1 for entity, *_ in batch.changes if entity == "article")
        found.events = sum(1 for entity, *_ in batch.changes if entity == "incident")
        found.story_pairs = replace_rows(connection, schema, "story_pairs")
        found.event_pairs = replace_rows(connection, schema, "event_pairs")
        found.signatures = replace_rows(connection, schema, "article_signatures")
        replace_rows(connection, schema, "article_bands")
        batch.write_changes()
        if not keep:
            raise Rollback
        fence(connection, run, batch.counts)
    return found


@contextmanager
def unprepared(connection: Connection) -> Iterator[None]:
    """No statement is prepared within: one prepared before would go on reading the table that is hidden."""
    usual, connection.prepare_threshold = connection.prepare_threshold, None
    try:
        yield
    finally:
        connection.prepare_threshold = usual


def shadow(connection: Connection, schema: str) -> None:
    """Temporary tables that hide those of the same names until the transaction ends."""
    for table in SHADOWED:
        words = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {} INCLUDING INDEXES) ON COMMIT DROP")
        connection.execute(words.format(sql.Identifier(table), sql.Identifier(schema, table)))


def portions(batch: Batch, query: LiteralString, size: int = ARTICLES_AT_ONCE) -> Iterator[list[int]]:
    """Ids in rising order, so many at a time; `query` takes the id to go on from, and how many."""
    after = 0
    while ids := [row[0] for row in batch.rows(query, after, size)]:
        yield ids
        after = ids[-1]


def recluster_all(batch: Batch, check: Callable[[], None]) -> None:
    """Cluster every member that is in a pair, in a cluster with others, or was decided about."""
    stories: LiteralString = (
        "SELECT id FROM articles AS m WHERE id > %s AND (story_id <> id"
        " OR EXISTS (SELECT FROM story_pairs WHERE joined AND a_id = m.id)"
        " OR EXISTS (SELECT FROM link_verdicts WHERE entity = 'article' AND m.id IN (a_id, b_id)))"
        " ORDER BY id LIMIT %s"
    )
    events: LiteralString = (
        "SELECT id FROM incidents AS m WHERE id > %s AND (event_id <> id"
        " OR EXISTS (SELECT FROM event_pairs WHERE a_id = m.id)"
        " OR EXISTS (SELECT FROM link_verdicts WHERE entity = 'incident' AND m.id IN (a_id, b_id)))"
        " ORDER BY id LIMIT %s"
    )
    for ids in portions(batch, stories, CLUSTERED_AT_ONCE):
        check()
        recluster_stories(batch, ids)
    for ids in portions(batch, events, CLUSTERED_AT_ONCE):
        check()
        recluster_events(batch, ids)
        batch.told.clear()


def replace_rows(connection: Connection, schema: str, table: str) -> int:
    """Bring the stored table to what its shadow holds; how many rows were deleted and inserted."""
    names = {"stored": sql.Identifier(schema, table), "made": sql.Identifier("pg_temp", table)}
    same = sql.SQL(" AND ").join(
        sql.SQL("s.{0} = d.{0}").format(sql.Identifier(column)) for column in SHADOWED[table]
    )
    gone = connection.execute(
        sql.SQL(
            "DELETE FROM {stored} AS s USING (SELECT * FROM {stored} EXCEPT SELECT * FROM {made}) AS d WHERE {same}"
        ).format(same=same, **names)
    )
    new = connection.execute(
        sql.SQL("INSERT INTO {stored} (SELECT * FROM {made} EXCEPT SELECT * FROM {stored})").format(**names)
    )
    return gone.rowcount + new.rowcount
