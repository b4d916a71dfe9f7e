"""Takedowns: a content that must not be shown is erased, and no later load brings it back.

It is known by its hash, so that it stays out under whatever name, encoding or wrapping it comes again. The
article keeps its number and its hash, so that a follower learns of it; of its text nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from etl.model import Leaf, Processed
from etl.store.batch import BATCH_LOCK, Batch
from etl.store.engine import Connection
from etl.store.links import unlink
from etl.store.runs import Run

REASON = "withdrawn"
DETAIL = "its content was taken down"
ERASE = (
    "UPDATE changes SET old = NULL WHERE old IS NOT NULL AND entity = 'incident'"
    " AND entity_id IN (SELECT id FROM incidents WHERE article_id = %(article)s)",
    "INSERT INTO changes (entity, entity_id, operation) SELECT 'incident', id, 'withdraw' FROM incidents"
    " WHERE article_id = %(article)s AND withdrawn_at IS NULL ORDER BY id",
    "DELETE FROM incident_persons WHERE incident_id IN (SELECT id FROM incidents WHERE article_id = %(article)s)",
    "DELETE FROM reported_figures WHERE article_id = %(article)s",
    "UPDATE incidents SET withdrawn_at = coalesce(withdrawn_at, now()), place = NULL, items = '{}',"
    " occurred_text = NULL, reported_text = NULL, spans = '{}' WHERE article_id = %(article)s",
    "UPDATE sightings SET is_current = false, title = NULL, byline = '[]', url = NULL"
    " WHERE article_id = %(article)s",
    "UPDATE articles SET superseded_at = coalesce(superseded_at, now()), title = NULL, body = '', author = NULL,"
    " byline = '[]', url = NULL, image_urls = '{}', repairs = '[]', removed = '[]' WHERE id = %(article)s",
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
            for statement in ERASE:
                connection.execute(statement, {"article": row[0]})
            batch = Batch(connection, Run(row[1], "", ""), datetime.now(UTC))
            unlink(batch, row[0])
            batch.write_changes()
    return row[0] if row else None


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
            " OR path_sha256 IN (SELECT path_sha256 FROM rejections WHERE reason = %s AND resolved_by IS NULL)",
            (content_hash, REASON),
        )
    return bool(lifted)


def refuse_withdrawn(batch: Batch, leaves: Sequence[Leaf]) -> list[Leaf]:
    """`leaves`, those that hold a content taken down as rejected ones."""
    if not batch.rows("SELECT FROM withdrawals WHERE lifted_at IS NULL LIMIT 1"):
        return list(leaves)
    hashes = sorted({x.processed.content_hash for x in leaves if x.processed and x.processed.content_hash})
    raws = sorted({x.raw_sha256 for x in leaves if (x.processed is None or x.reread) and x.raw_sha256})
    gone = {
        row[0]
        for row in batch.rows(
            "SELECT content_hash FROM withdrawals WHERE lifted_at IS NULL AND content_hash = ANY(%s)"
            " UNION SELECT s.raw_sha256 FROM sightings AS s JOIN articles AS a ON a.id = s.article_id"
            " JOIN withdrawals AS w ON w.content_hash = a.content_hash AND w.lifted_at IS NULL"
            " WHERE s.raw_sha256 = ANY(%s)",
            hashes,
            raws,
        )
    }
    return [refused(leaf) if gone & known_by(leaf) else leaf for leaf in leaves]


def known_by(leaf: Leaf) -> set[bytes | None]:
    """What a leaf's content is known by: its hash, and that of its bytes, which today's code may read otherwise."""
    return {leaf.raw_sha256, leaf.processed.content_hash if leaf.processed else None}


def refused(leaf: Leaf) -> Leaf:
    done = Processed(
        leaf.found.path, leaf.member, leaf.record_no, leaf.raw_sha256 or b"", reason=REASON, detail=DETAIL
    )
    return replace(leaf, processed=done)
