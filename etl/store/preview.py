"""What a dry run asks: where leaves stand now, and what is stored of their contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etl.model import Leaf, Processed
from etl.store.batch import path_key
from etl.store.engine import Connection
from etl.store.rows import ARTICLE_CONTENT, Row, article_row, same

COMPARED = slice(0, ARTICLE_CONTENT.index("ruleset"))


@dataclass(frozen=True, slots=True)
class Known:
    """The current bytes of each place (path, member, record), and the stored rows by content hash.

    `rows` are columns ARTICLE_CONTENT, of articles whose shown copy has the bytes that are their key.
    """

    here: Mapping[tuple[str, str | None, int | None], bytes]
    hashes: frozenset[bytes]
    rows: Mapping[bytes, Row]

    def differs(self, done: Processed) -> bool:
        """Whether the stored article that shows these very bytes reads otherwise than today's result."""
        stored = self.rows.get(done.raw_sha256)
        return stored is not None and not same(article_row(done, "")[COMPARED], stored[COMPARED])


def known(connection: Connection, leaves: Sequence[Leaf]) -> Known:
    """What is stored of `leaves`, asked for by hash."""
    places = connection.execute(
        "SELECT f.path, s.member, s.record_no, s.raw_sha256 FROM source_files AS f"
        " JOIN sightings AS s ON s.source_file_id = f.id AND s.is_current WHERE f.path_sha256 = ANY(%s)",
        (sorted({path_key(leaf.found.path) for leaf in leaves}),),
    )
    here = {(path, member, line): raw for path, member, line, raw in places}
    hashes = {x.processed.content_hash for x in leaves if x.processed and x.processed.content_hash}
    stored = connection.execute(
        "SELECT content_hash FROM articles WHERE content_hash = ANY(%s)", (sorted(hashes),)
    )
    columns = ", ".join(f"a.{column}" for column in ARTICLE_CONTENT)
    again = sorted({x.raw_sha256 for x in leaves if x.reread and x.raw_sha256})
    rows = connection.execute(
        f"SELECT s.raw_sha256, {columns} FROM sightings AS s JOIN articles AS a ON a.best_sighting_id = s.id"
        " WHERE s.raw_sha256 = ANY(%s)",
        (again,),
    )
    return Known(here, frozenset(row[0] for row in stored), {row[0]: row[1:] for row in rows})
