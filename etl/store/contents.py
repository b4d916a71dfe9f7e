"""Articles and sightings: what is new is written once, what is known gains a sighting, the best one shows.

A sighting is one leaf in which a content stood. The article shows the text and metadata of its best
sighting (`rows.rank`); when another becomes the best, the article is updated in place and its incidents
are derived again from that copy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg.types.json import Jsonb

from etl.model import Leaf, Processed
from etl.store.batch import BYTES, Batch, bytes_of
from etl.store.identities import move_sightings, rename
from etl.store.incidents import insert_details, rederive
from etl.store.links import foresee_stories
from etl.store.rows import (
    ARTICLE_CONTENT,
    SIGHTING_METADATA,
    Row,
    article_row,
    leaf_rank,
    same,
    sighting_metadata,
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a leaf holds: the article's id, and the metadata that this place gives it.

    `sighting_id`: of bytes that were not parsed again, the sighting that says so.
    """

    article_id: int
    metadata: Row
    sighting_id: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A sighting as it stood before this batch."""

    id: int
    article_id: int
    is_current: bool


Key = tuple[int, str | None, int | None]  # source_file_id, member, record_no


def write_contents(batch: Batch, leaves: Sequence[Leaf], rejected: Sequence[Leaf]) -> None:
    """Everything that leaves which hold an article bring with them; `rejected` are the others of the batch."""
    moved = rename(batch, leaves)
    ids, new = number_articles(batch, leaves)
    moved_articles = move_sightings(batch, moved, ids)
    contents = contents_of(batch, leaves, ids)
    touched, numbers = write_sightings(batch, leaves, contents, set(new))
    touched |= moved_articles | end_sightings(
        batch, [x for x in (*leaves, *rejected) if x.extent is not None]
    )
    best: dict[int, tuple[Any, int, Processed]] = {}
    for leaf, content, number in zip(leaves, contents, numbers, strict=True):
        if content.article_id in new and leaf.processed:
            candidate = (leaf_rank(leaf), number, leaf.processed)
            if content.article_id not in best or candidate[:2] < best[content.article_id][:2]:
                best[content.article_id] = candidate
    insert_articles(batch, {article_id: (number, done) for article_id, (_, number, done) in best.items()})
    in_hand = {
        (content.article_id, leaf.raw_sha256): leaf.processed
        for leaf, content in zip(leaves, contents, strict=True)
        if leaf.processed
    }
    choose_best(batch, sorted(touched - set(new)), in_hand, moved.renamed)


def number_articles(batch: Batch, leaves: Sequence[Leaf]) -> tuple[dict[bytes, int], set[int]]:
    """content_hash -> article id for the parsed leaves, and which of those ids are new."""
    hashes = sorted({x.processed.content_hash for x in leaves if x.processed and x.processed.content_hash})
    known = batch.rows("SELECT content_hash, id FROM articles WHERE content_hash = ANY(%b::bytea[])", hashes)
    ids: dict[bytes, int] = {row[0]: row[1] for row in known}
    missing = [h for h in hashes if h not in ids]
    fresh = dict(zip(missing, batch.draw("articles", len(missing)), strict=True))
    return ids | fresh, set(fresh.values())


def contents_of(batch: Batch, leaves: Sequence[Leaf], ids: Mapping[bytes, int]) -> list[Content]:
    """What each leaf holds; for bytes that were not parsed again, what an earlier sighting of them says."""
    earlier = earlier_contents(batch, [x for x in leaves if x.processed is None])
    contents = []
    for leaf in leaves:
        if leaf.processed is None:
            assert leaf.raw_sha256 is not None
            contents.append(earlier[leaf.raw_sha256])
        else:
            assert leaf.processed.article is not None and leaf.processed.content_hash is not None
            article_id = ids[leaf.processed.content_hash]
            contents.append(Content(article_id, sighting_metadata(leaf.processed.article)))
    return contents


def earlier_contents(batch: Batch, leaves: Sequence[Leaf]) -> dict[bytes, Content]:
    """raw_sha256 -> what the newest sighting of the bytes of these leaves says."""
    if not leaves:
        return {}
    columns = ", ".join(SIGHTING_METADATA)
    at = SIGHTING_METADATA.index("byline")
    return {
        raw: Content(article_id, (*metadata[:at], Jsonb(metadata[at]), *metadata[at + 1 :]), number)
        for raw, article_id, number, *metadata in batch.rows(
            f"SELECT DISTINCT ON (raw_sha256) raw_sha256, article_id, id, {columns}"
            f" FROM sightings WHERE raw_sha256 IN ({BYTES}) ORDER BY raw_sha256, id DESC",
            *bytes_of(leaves),
        )
    }


def write_sightings(
    batch: Batch, leaves: Sequence[Leaf], contents: Sequence[Content], new: set[int]
) -> tuple[set[int], list[int]]:
    """Record where each content stands now; the articles concerned, and the sighting id of each leaf."""
    before = places_before(batch, leaves)
    touched: set[int] = set()
    numbers: list[int] = []
    fresh: list[int] = []  # indices of leaves without a sighting yet
    updates: list[tuple[int, Row]] = []
    seen: set[Key] = set()
    for n, (leaf, content) in enumerate(zip(leaves, contents, strict=True)):
        key = (batch.file_ids[leaf.found.path], leaf.member, leaf.record_no)
        assert leaf.raw_sha256 is not None
        seen.add(key)
        here = before.get(key, {}).pop(leaf.raw_sha256, None)
        unchanged = here is not None and here.is_current and here.article_id == content.article_id
        count_leaf(batch, content.article_id, new, unchanged)
        numbers.append(here.id if here else 0)
        if here is None:
            fresh.append(n)
            touched.add(content.article_id)
        elif not unchanged or leaf.processed is not None:
            updates.append((here.id, (content.article_id, True, *content.metadata)))
            touched |= {content.article_id, here.article_id}
    again = [n for n in fresh if contents[n].sighting_id is not None]
    copy_sightings(batch, [leaves[n] for n in again], [contents[n] for n in again])  # as they stood, so first
    for number, row in updates:
        batch.update("sightings", number, ("article_id", "is_current", *SIGHTING_METADATA), row)
    fresh = [n for n in fresh if contents[n].sighting_id is None]
    whole = {batch.file_ids[x.found.path] for x in leaves if is_single(x)}
    gone = [
        place
        for key, places in before.items()
        if key in seen or key[0] in whole
        for place in places.values()
        if place.is_current
    ]
    if gone:
        batch.do("UPDATE sightings SET is_current = false WHERE id = ANY(%s)", [place.id for place in gone])
        touched |= {place.article_id for place in gone}
    for n, number in zip(fresh, batch.draw("sightings", len(fresh)), strict=True):
        numbers[n] = number
    columns = (
        "id",
        "article_id",
        "source_file_id",
        "member",
        "record_no",
        "raw_sha256",
        "is_current",
        "run_id",
    )
    batch.copy(
        "sightings",
        (*columns, *SIGHTING_METADATA),
        [
            (
                numbers[n], contents[n].article_id, batch.file_ids[leaves[n].found.path], leaves[n].member,
                leaves[n].record_no, leaves[n].raw_sha256, True, batch.run.id, *contents[n].metadata,
            )
            for n in fresh
        ],
        of=[(leaves[n].found.path, leaves[n].member, leaves[n].record_no) for n in fresh],
    )  # fmt: skip
    return touched, numbers


def copy_sightings(batch: Batch, leaves: Sequence[Leaf], contents: Sequence[Content]) -> None:
    """New sightings of known bytes: the server copies what an earlier one of the same bytes says."""
    if not leaves:
        return
    columns = ", ".join(SIGHTING_METADATA)
    members, records = [x.member for x in leaves], [x.record_no for x in leaves]
    batch.do(
        "INSERT INTO sightings"
        f" (article_id, source_file_id, member, record_no, raw_sha256, is_current, run_id, {columns})"
        f" SELECT s.article_id, c.file_id, c.member, c.record_no, s.raw_sha256, true, %s, {columns}"
        " FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[])"
        " WITH ORDINALITY AS c (file_id, member, record_no, sighting_id, n)"
        " JOIN sightings AS s ON s.id = c.sighting_id ORDER BY c.n",
        batch.run.id,
        [batch.file_ids[x.found.path] for x in leaves],
        *(members if any(members) else [], records if any(records) else []),  # unnest adds what is not there
        [c.sighting_id for c in contents],
    )


def places_before(batch: Batch, leaves: Sequence[Leaf]) -> dict[Key, dict[bytes, Place]]:
    """The sightings of the batch's leaves as they stood, and, of a file that is one leaf, all it ever had:
    leaf -> raw_sha256 -> place.
    """
    columns = (
        "SELECT id, article_id, source_file_id, member, record_no, raw_sha256, is_current FROM sightings"
    )
    leaves = [x for x in leaves if x.found.path not in batch.new_files]
    single = sorted({batch.file_ids[x.found.path] for x in leaves if is_single(x)})
    found = batch.rows(f"{columns} WHERE source_file_id = ANY(%s)", single) if single else []
    for path, several in groupby((x for x in leaves if not is_single(x)), lambda x: x.found.path):
        mine = list(several)
        lines = [x.record_no or 0 for x in mine]
        members = sorted({x.member for x in mine if x.member is not None})
        found += batch.rows(  # each condition finds its way by the unique index
            f"{columns} WHERE source_file_id = %s AND member IS NULL AND record_no BETWEEN %s AND %s"
            f" UNION ALL {columns} WHERE source_file_id = %s AND member = ANY(%s)"
            " AND coalesce(record_no, 0) BETWEEN %s AND %s",
            *(batch.file_ids[path], min(lines), max(lines)),
            *(batch.file_ids[path], members, min(lines), max(lines)),
        )
    places: dict[Key, dict[bytes, Place]] = {}
    for number, article_id, file_id, member, record_no, raw, is_current in found:
        places.setdefault((file_id, member, record_no), {})[raw] = Place(number, article_id, is_current)
    return places


def is_single(leaf: Leaf) -> bool:
    """Whether a leaf is its whole file."""
    return leaf.last and leaf.position == 1 and leaf.extent is None


def end_sightings(batch: Batch, lasts: Sequence[Leaf]) -> set[int]:
    """End the sightings of leaves that containers do not hold any more (`ledger.is_gone`); the articles concerned."""
    touched = set()
    for last in lasts:
        assert last.extent is not None
        rows = batch.rows(
            "UPDATE sightings AS s SET is_current = false WHERE source_file_id = %s AND is_current"
            " AND NOT EXISTS (SELECT FROM unnest(%s::text[], %s::bigint[]) AS e (member, highest)"
            "   WHERE coalesce(e.member, '') = coalesce(s.member, '')"
            "   AND coalesce(s.record_no, 0) <= highest AND (s.record_no IS NULL) = (highest = 0))"
            " RETURNING article_id",
            *(batch.file_ids[last.found.path], list(last.extent), list(last.extent.values())),
        )
        touched |= {row[0] for row in rows}
    return touched


def count_leaf(batch: Batch, article_id: int, new: set[int], unchanged: bool) -> None:
    """Put a leaf in its state; the first leaf of a new article is the one that was loaded."""
    if article_id in new:
        new.discard(article_id)
        batch.counts.loaded += 1
    elif unchanged:
        batch.counts.unchanged += 1
    else:
        batch.counts.duplicate += 1


def insert_articles(batch: Batch, best: Mapping[int, tuple[int, Processed]]) -> None:
    """New articles, each from its best leaf: article id -> sighting id and record."""
    columns = ("id", *ARTICLE_CONTENT, "best_sighting_id", "story_id", "first_seen_at", "run_id")
    ruleset = batch.run.ruleset
    stories = foresee_stories(batch, {article_id: done for article_id, (_, done) in best.items()})
    batch.copy(
        "articles",
        columns,
        [
            (
                *(article_id, *article_row(done, ruleset), number),
                *(stories.get(article_id, article_id), batch.now, batch.run.id),
            )
            for article_id, (number, done) in best.items()
        ],
        of=[(done.path, done.member, done.record_no) for _, done in best.values()],
    )
    for article_id, (_, done) in best.items():
        batch.owners["article", article_id] = (done.path, done.member, done.record_no)
        batch.changed("article", article_id, "insert")
    insert_details(batch, {article_id: done for article_id, (_, done) in best.items()})


def choose_best(
    batch: Batch,
    article_ids: Sequence[int],
    in_hand: Mapping[tuple[int, bytes | None], Processed],
    renamed: Collection[int] = (),
) -> None:
    """Let articles that existed show their best sighting.

    If that copy was not parsed in this batch, its file is marked to be read again at the end of the run;
    until then the article keeps the text it has. If it is `renamed`, that text is of another content, and a
    copy in hand takes its place.
    """
    if not article_ids:
        return
    contents = contents_shown(batch, sorted({number for number, _ in in_hand} & set(article_ids)))
    for article_id, number, raw, is_current, file_id, *shown in best_sightings(batch, article_ids):
        if article_id in renamed and (article_id, raw) not in in_hand:
            mark_to_read(batch, file_id)
            number, raw = copy_in_hand(batch, article_id, [r for a, r in in_hand if a == article_id])
        shown_raw, shown_number, superseded_at = shown
        superseded_now = None if is_current else superseded_at or batch.now
        done = in_hand.get((article_id, raw))
        changes: dict[str, Any] = {}
        if superseded_now != superseded_at:
            changes["superseded_at"] = superseded_now
        if done is not None:
            row = article_row(done, batch.run.ruleset)
            if not same(row, contents[article_id]):
                changes |= dict(zip(ARTICLE_CONTENT, row, strict=True))
                if done.signature is not None:
                    batch.signatures[article_id] = done.signature
        if number != shown_number and (done is not None or raw == shown_raw):
            changes["best_sighting_id"] = number
        elif number != shown_number:
            mark_to_read(batch, file_id)
        if changes:
            changes["run_id"] = batch.run.id
            batch.update("articles", article_id, tuple(changes), tuple(changes.values()))
            batch.changed("article", article_id, "update")
        if done is not None and done.extraction is not None:
            rederive(batch, article_id, done.extraction)


def mark_to_read(batch: Batch, file_id: int) -> None:
    """Let a file be read again at the end of the run, or by the next one."""
    batch.do("UPDATE source_files SET state = 'reread', run_id = %s WHERE id = %s", batch.run.id, file_id)


def copy_in_hand(batch: Batch, article_id: int, raws: Sequence[bytes | None]) -> Row:
    """(sighting id, raw_sha256) of one of an article's copies with these bytes."""
    return batch.rows(
        "SELECT id, raw_sha256 FROM sightings WHERE article_id = %s AND raw_sha256 = ANY(%s) AND is_current"
        " ORDER BY raw_sha256, id LIMIT 1",
        *(article_id, list(raws)),
    )[0]


def contents_shown(batch: Batch, article_ids: Sequence[int]) -> dict[int, Row]:
    """id -> the columns ARTICLE_CONTENT of articles."""
    if not article_ids:
        return {}
    columns = ", ".join(ARTICLE_CONTENT)
    found = batch.rows(f"SELECT id, {columns} FROM articles WHERE id = ANY(%s)", article_ids)
    return {row[0]: row[1:] for row in found}


def best_sightings(batch: Batch, article_ids: Sequence[int]) -> list[Row]:
    """(article_id, sighting id, raw_sha256, is_current, source_file_id) of each article's best sighting, and
    (raw_sha256, sighting id, superseded_at) of what it shows.

    The order is `rows.rank` in SQL; among equal copies the one found first stays, so that a copied or
    moved file changes no article.
    """
    return batch.rows(
        "SELECT DISTINCT ON (s.article_id) s.article_id, s.id, s.raw_sha256, s.is_current, s.source_file_id,"
        " shown.raw_sha256, shown.id, a.superseded_at FROM sightings AS s JOIN articles AS a ON a.id = s.article_id"
        " JOIN sightings AS shown ON shown.id = a.best_sighting_id"
        " WHERE s.article_id = ANY(%s) ORDER BY s.article_id, NOT s.is_current,"
        " array_position(ARRAY['second', 'minute', 'day', 'unknown'], s.published_precision),"
        " s.lost_chars, s.title IS NULL, s.raw_sha256, s.id",
        list(article_ids),
    )
