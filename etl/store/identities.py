"""Contents whose hash is another one with today's code: their articles keep their ids, or become one.

Bytes that are read again may give another text (a better repair), and so another `content_hash`. Where every
copy of an article goes along, the article itself does, under its id; if the new content is there already, the
smaller id survives, sightings move to it, and the other article is left behind: superseded, without text and
incidents, with a hash that no content has. Where a copy that was not read stays, only the bytes move.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from etl.model import Extraction, Leaf
from etl.store.batch import Batch
from etl.store.incidents import rederive
from etl.store.links import unlink

NOTHING = Extraction("other")


@dataclass(frozen=True, slots=True)
class Move:
    """Bytes read again: the article under which they stand, and the hash of what they hold with today's code."""

    raw_sha256: bytes
    article_id: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Moves:
    """Which bytes move, which articles become part of another one (left -> survivor), which got another hash."""

    moves: Sequence[Move] = ()
    left: Mapping[int, int] = field(default_factory=dict)
    renamed: frozenset[int] = frozenset()


def rename(batch: Batch, leaves: Sequence[Leaf]) -> Moves:
    """Give articles of which every copy moves their new hash, before contents are looked up by it."""
    moves = find_moves(batch, leaves)
    if not moves:
        return Moves()
    heirs = moving_whole(batch, moves)
    holders: dict[bytes, int] = dict(
        batch.rows(
            "SELECT content_hash, id FROM articles WHERE content_hash = ANY(%s) AND NOT id = ANY(%s)",
            *(sorted({m.content_hash for m in moves}), sorted(heirs)),
        )
    )
    claims: dict[bytes, list[int]] = {}
    for number, content_hash in heirs.items():
        claims.setdefault(content_hash, []).append(number)
    left = {}
    for content_hash, numbers in claims.items():
        sharing = sorted({*numbers, holders.get(content_hash, numbers[0])})
        left.update(dict.fromkeys(sharing[1:], sharing[0]))
    for number in sorted(heirs.keys() | left.keys()):  # first, since contents may trade places
        batch.update("articles", number, ("content_hash",), (no_content(number),))
    renamed = set()
    for content_hash, numbers in claims.items():
        survivor = min(*numbers, holders.get(content_hash, numbers[0]))
        if survivor != holders.get(content_hash):
            batch.update("articles", survivor, ("content_hash", "run_id"), (content_hash, batch.run.id))
            batch.changed("article", survivor, "update")
            renamed.add(survivor)
    return Moves(moves, left, frozenset(renamed))


def find_moves(batch: Batch, leaves: Sequence[Leaf]) -> list[Move]:
    """The bytes read again whose content is not that of the article under which they stand."""
    read = {
        x.raw_sha256: x.processed.content_hash
        for x in leaves
        if x.reread and x.raw_sha256 and x.processed and x.processed.content_hash
    }
    if not read:
        return []
    stored = batch.rows(
        "SELECT DISTINCT s.raw_sha256, s.article_id, a.content_hash FROM sightings AS s"
        " JOIN articles AS a ON a.id = s.article_id WHERE s.raw_sha256 = ANY(%s) ORDER BY 2, 1",
        sorted(read),
    )
    return [Move(raw, number, read[raw]) for raw, number, before in stored if before != read[raw]]


def moving_whole(batch: Batch, moves: Sequence[Move]) -> dict[int, bytes]:
    """The articles of which no current copy stays -> the hash that the article takes, the first if copies differ."""
    raws: dict[int, set[bytes]] = {}
    hashes: dict[int, set[bytes]] = {}
    for move in moves:
        raws.setdefault(move.article_id, set()).add(move.raw_sha256)
        hashes.setdefault(move.article_id, set()).add(move.content_hash)
    for number, raw in batch.rows(
        "SELECT DISTINCT article_id, raw_sha256 FROM sightings WHERE article_id = ANY(%s) AND is_current",
        sorted(raws),
    ):
        if raw not in raws[number]:
            hashes.pop(number, None)
    return {number: min(several) for number, several in hashes.items()}


def move_sightings(batch: Batch, moved: Moves, ids: Mapping[bytes, int]) -> set[int]:
    """Let sightings follow their bytes (`ids`: content hash -> article); the articles that gained or lost any."""
    touched = set()
    for move in moved.moves:
        target = ids[move.content_hash]
        if target != move.article_id:
            batch.do(
                "UPDATE sightings SET article_id = %s WHERE raw_sha256 = %s AND article_id = %s",
                *(target, move.raw_sha256, move.article_id),
            )
        touched |= {target, move.article_id}
    for number, survivor in moved.left.items():
        batch.do("UPDATE sightings SET article_id = %s WHERE article_id = %s", survivor, number)
        touched.add(survivor)
        retire(batch, number, survivor)
    return touched - moved.left.keys()


def retire(batch: Batch, number: int, survivor: int) -> None:
    """Leave an article behind that became part of another: out of all views, its incidents withdrawn."""
    rederive(batch, number, NOTHING)
    unlink(batch, number)
    batch.do(
        "UPDATE articles SET superseded_at = coalesce(superseded_at, %s), title = NULL, body = '', run_id = %s"
        " WHERE id = %s",
        *(batch.now, batch.run.id, number),
    )
    batch.changed("article", number, "merge", Jsonb({"into": survivor}))


def no_content(number: int) -> bytes:
    """What stands for the hash of an article that has no content of its own any more."""
    return hashlib.sha256(f"article {number} is part of another".encode()).digest()
