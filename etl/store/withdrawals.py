"""Takedowns: a content that must not be shown is erased, and no later load brings it back.

It is known by its hash, so that it stays out under whatever name, encoding or wrapping it comes again. The
article and its incidents keep their numbers, so that a follower learns of it and a lifted takedown brings them
back under these; hashes, positions, the codes of kinds and polarity stay, and the paths of files in the ledger.
All else that was read from the text or written about it goes, corrections by hand too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import LiteralString

from etl.model import Leaf, Processed
from etl.store.batch import BATCH_LOCK, BYTES, Batch, bytes_of
from etl.store.engine import Connection
from etl.store.links import unlink
from etl.store.runs import Run

REASON = "withdrawn"
DETAIL = "its content was taken down: {}"
MERGED: LiteralString = (  # the articles that became part of one, and itself
    "WITH RECURSIVE gone AS (SELECT %s::bigint AS id UNION"
    " SELECT c.entity_id FROM changes AS c JOIN gone ON c.old ->> 'into' = gone.id::text"
    " WHERE c.entity = 'article' AND c.operation = 'merge') SELECT id FROM gone ORDER BY id"
)
INCIDENTS: LiteralString = "SELECT id FROM incidents WHERE article_id = ANY(%(articles)s)"
ERASE: tuple[LiteralString, ...] = (
    "UPDATE overrides SET value = 'null', extracted = 'null', why = '已随下架删除 erased by a takedown',"
    f" revoked_at = coalesce(revoked_at, now()) WHERE incident_id IN ({INCIDENTS})",
    "UPDATE link_verdicts SET note = NULL WHERE entity = 'article'"
    " AND (a_id = ANY(%(articles)s) OR b_id = ANY(%(articles)s))"
    f" OR entity = 'incident' AND (a_id IN ({INCIDENTS}) OR b_id IN ({INCIDENTS}))",
    "UPDATE changes SET old = NULL WHERE old IS NOT NULL AND entity = 'incident'"
    f" AND entity_id IN ({INCIDENTS})",
    "INSERT INTO changes (entity, entity_id, operation) SELECT 'incident', id, 'withdraw' FROM incidents"
    " WHERE article_id = ANY(%(articles)s) AND withdrawn_at IS NULL ORDER BY id",
    f"DELETE FROM incident_persons WHERE incident_id IN ({INCIDENTS})",
    "DELETE FROM reported_figures WHERE article_id = ANY(%(articles)s)",
    "UPDATE incidents SET withdrawn_at = coalesce(withdrawn_at, now()),"
    " occurred_from = NULL, occurred_to = NULL, occurred_precision = NULL, occurred_text = NULL,"
    " occurred_basis = NULL, occurred_approx = false, occurred_partial = NULL,"
    " reported_from = NULL, reported_to = NULL, reported_precision = NULL, reported_text = NULL,"
    " reported_basis = NULL, reported_approx = false, reported_partial = NULL,"
    " place = NULL, station = NULL, station_full = NULL, agency_id = NULL, province = NULL, city = NULL,"
    " district = NULL, items = '{}', amount_cny = NULL, outcome = '{}', spans = '{}', flags = '{}'"
    " WHERE article_id = ANY(%(articles)s)",
    "DELETE FROM agencies AS g WHERE id = ANY(%(agencies)s)"
    " AND NOT EXISTS (SELECT FROM incidents WHERE agency_id = g.id)"
    " AND NOT EXISTS (SELECT FROM overrides WHERE field = 'agency_id' AND to_jsonb(g.id) IN (value, extracted))",
    "UPDATE sightings SET is_current = false, title = NULL, published_at = NULL, published_precision = 'unknown',"
    " source = NULL, site = NULL, byline = '[]', url = NULL WHERE article_id = ANY(%(articles)s)",
    "UPDATE articles SET superseded_at = coalesce(superseded_at, now()), title = NULL, body = '',"
    " published_at = NULL, published_precision = 'unknown', source = NULL, site = NULL, author = NULL,"
    " byline = '[]', url = NULL, image_urls = '{}', repairs = '[]', removed = '[]'"
    " WHERE id = ANY(%(articles)s)",
    "INSERT INTO changes (entity, entity_id, operation) VALUES ('article', %(article)s, 'withdraw')",
)


def withdraw(connection: Connection, content_hash: bytes, who: str, why: str) -> int | None:
    """Take a content down for good; the number of its article, None if none was loaded yet. Safe to repeat."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (BATCH_LOCK,))
        made = connection.execute(
            "INSERT INTO withdrawals (content_hash, made_by, why) VALUES (%s, %s, %s)"
            " ON CONFLICT (content_hash) WHERE lifted_at IS NULL DO NOTHING RETURNING id",
            (content_hash, who, why),
        ).fetchone()
        row = connection.execute(
            "SELECT id, run_id FROM articles WHERE content_hash = %s", (content_hash,)
        ).fetchone()
        if row and made:
            erase(Batch(connection, Run(row[1], "", ""), datetime.now(UTC)), row[0])
    return row[0] if row else None


def erase(batch: Batch, article_id: int) -> None:
    """Leave of an article, and of those that became part of it, nothing that the text said."""
    articles = [row[0] for row in batch.rows(MERGED, article_id)]
    agencies = batch.rows(
        "SELECT DISTINCT agency_id FROM incidents WHERE article_id = ANY(%s) AND agency_id IS NOT NULL",
        articles,
    )
    values = {"article": article_id, "articles": articles, "agencies": [row[0] for row in agencies]}
    for statement in ERASE:
        batch.connection.execute(statement, values)
    unlink(batch, article_id)
    batch.write_changes()


def lift(connection: Connection, content_hash: bytes) -> bool:
    """Let a content be loaded again: the next run reads its files; whether it was taken down at all."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (BATCH_LOCK,))
        lifted = connection.execute(
            "UPDATE withdrawals SET lifted_at = now() WHERE content_hash = %s AND lifted_at IS NULL",
            (content_hash,),
        ).rowcount
        connection.execute(
            "UPDATE source_files SET state = 'reread' WHERE id IN (SELECT s.source_file_id FROM sightings AS s"
            " JOIN articles AS a ON a.id = s.article_id WHERE a.content_hash = %s)"
            " OR path_sha256 IN (SELECT path_sha256 FROM rejections"
            "   WHERE reason = %s AND detail = %s AND resolved_by IS NULL)",
            (content_hash, REASON, DETAIL.format(content_hash.hex())),
        )
    return bool(lifted)


def refuse_withdrawn(batch: Batch, leaves: Sequence[Leaf]) -> list[Leaf]:
    """`leaves`, those that hold a content taken down as rejected ones."""
    if not batch.rows("SELECT FROM withdrawals WHERE lifted_at IS NULL LIMIT 1"):
        return list(leaves)
    hashes = sorted({x.processed.content_hash for x in leaves if x.processed and x.processed.content_hash})
    unparsed = [x for x in leaves if x.processed is None or x.reread]
    gone: dict[bytes, bytes] = dict(
        batch.rows(
            "SELECT content_hash, content_hash FROM withdrawals WHERE lifted_at IS NULL AND content_hash = ANY(%s)"
            " UNION SELECT s.raw_sha256, w.content_hash FROM sightings AS s JOIN articles AS a ON a.id = s.article_id"
            " JOIN withdrawals AS w ON w.content_hash = a.content_hash AND w.lifted_at IS NULL"
            f" WHERE s.raw_sha256 IN ({BYTES})",
            hashes,
            *bytes_of(unparsed),
        )
    )
    return [refused(leaf, gone) for leaf in leaves]


def refused(leaf: Leaf, gone: Mapping[bytes, bytes]) -> Leaf:
    """The leaf, rejected if its content was taken down: `gone` has the content's hash by what it is known by.

    It is known by its hash, and by that of its bytes, which today's code may read otherwise.
    """
    content_hash = leaf.processed.content_hash if leaf.processed else None
    withdrawn = gone.get(content_hash or b"") or gone.get(leaf.raw_sha256 or b"")
    if withdrawn is None:
        return leaf
    done = Processed(
        leaf.found.path,
        leaf.member,
        leaf.record_no,
        leaf.raw_sha256 or b"",
        reason=REASON,
        detail=DETAIL.format(withdrawn.hex()),
    )
    return replace(leaf, processed=done)
