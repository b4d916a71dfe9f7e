"""Records as table rows: pure, no database in sight. Column lists and row functions stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from psycopg.types.json import Jsonb

from etl.model import SHANGHAI, Article, Contributor, Figure, Incident, Leaf, Person, Processed, Repair, When
from etl.personal import starred, starred_row
from etl.stages.identity import HASH_VERSION

Row = tuple[Any, ...]
MAX_DETAIL = 500
PRECISION_ORDER = {"second": 0, "minute": 1, "day": 2, "unknown": 3}

ARTICLE_CONTENT = (
    "content_hash", "hash_version", "title", "body", "published_at", "published_precision", "source",
    "site", "author", "byline", "url", "image_urls", "script", "repairs", "quality", "removed", "kind", "ruleset",
)  # fmt: skip
SIGHTING_METADATA = (
    "title", "published_at", "published_precision", "source", "site", "byline", "url", "lost_chars",
)  # fmt: skip
INCIDENT_CONTENT = (
    "ordinal", "kind",
    "occurred_from", "occurred_to", "occurred_precision", "occurred_text", "occurred_basis",
    "occurred_approx", "occurred_partial",
    "reported_from", "reported_to", "reported_precision", "reported_text", "reported_basis",
    "reported_approx", "reported_partial",
    "place", "station", "station_full", "agency_id", "province", "city", "district",
    "items", "amount_cny", "outcome", "polarity", "evidence_start", "evidence_end", "spans", "flags",
)  # fmt: skip
PERSON_CONTENT = (
    "ordinal", "role", "also", "name", "surname", "sex", "age", "anonymized", "evidence_start", "evidence_end",
)  # fmt: skip
FIGURE_CONTENT = (
    "ordinal", "metric", "value", "unit", "period", "qualifier", "comparison", "text",
    "evidence_start", "evidence_end",
)  # fmt: skip
AGENCY_KEY = ("full_name", "province", "city", "district")
AGENCY_CONTENT = (*AGENCY_KEY, "name", "level", "parent")


def article_row(done: Processed, ruleset: str) -> Row:
    """The columns ARTICLE_CONTENT of a processed article."""
    a, x = done.article, done.extraction
    assert a is not None and x is not None
    return (
        done.content_hash, HASH_VERSION, a.title, a.body, a.published_at, a.published_precision, a.source,
        a.site, a.author, byline(a), a.url, list(a.image_urls), a.script,
        Jsonb(compact(a.repairs, a.title_repairs)), Jsonb(quality(a)), Jsonb([list(r) for r in a.removed]),
        x.kind, ruleset,
    )  # fmt: skip


def article_of(row: Row) -> Article:
    """The article that stands in the columns ARTICLE_CONTENT, as far as extraction looks at it.

    It was published in Chinese civil time, as the page said: by that are 昨天 and a date without a year understood.
    """
    value = dict(zip(ARTICLE_CONTENT, row, strict=True))
    published = value["published_at"]
    return Article(
        title=value["title"],
        body=value["body"],
        published_at=published and published.astimezone(SHANGHAI),
        published_precision=value["published_precision"],
        source=value["source"],
        site=value["site"],
        author=value["author"],
        byline=tuple(Contributor(c["name"], tuple(c["roles"])) for c in value["byline"]),
        url=value["url"],
        image_urls=tuple(value["image_urls"]),
        script=value["script"],
        shape=value["quality"]["shape"],
        encoding=value["quality"]["encoding"],
        flags=tuple(value["quality"]["flags"]),
        removed=tuple((why, line) for why, line in value["removed"]),
    )


def sighting_metadata(a: Article) -> Row:
    """The columns SIGHTING_METADATA of one place: personal numbers in them stand in the article alone."""
    names = Jsonb([{**person, "name": starred(person["name"])} for person in byline(a).obj])
    return starred_row((
        a.title, a.published_at, a.published_precision, a.source, a.site, names, a.url, a.lost_chars,
    ))  # fmt: skip


def byline(a: Article) -> Jsonb:
    return Jsonb([{"name": c.name, "roles": list(c.roles)} for c in a.byline])


def compact(repairs: Sequence[Repair], title_repairs: Sequence[Repair]) -> list[dict[str, Any]]:
    """Repairs grouped by field, kind and certainty; each change is [start, end, before, after]."""
    groups = []
    for field, records in (("title", title_repairs), ("body", repairs)):
        ordered = sorted(records, key=lambda r: (r.kind, r.certainty, r.start))
        for (kind, certainty), same in groupby(ordered, key=lambda r: (r.kind, r.certainty)):
            changes = [[r.start, r.end, r.before, r.after] for r in same]
            groups.append({"in": field, "kind": kind, "certainty": certainty, "changes": changes})
    return groups


def quality(a: Article) -> dict[str, Any]:
    """Flags, how the text came, and the shares of characters lost and doubtful (0 to 1, of title and body)."""
    size = len(a.body) + len(a.title or "") or 1
    doubtful = sum(r.end - r.start for r in (*a.repairs, *a.title_repairs) if r.certainty == "likely")
    return {
        "flags": list(a.flags),
        "shape": a.shape,
        "encoding": a.encoding,
        "lost_share": round(a.lost_chars / size, 5),
        "doubtful_share": round(doubtful / size, 5),
    }


MAX_YUAN = 1e14  # what numeric(16, 2) holds


def incident_row(ordinal: int, i: Incident, agency_id: int | None) -> Row:
    """The columns INCIDENT_CONTENT."""
    spans = {field: [list(s) for s in spans] for field, spans in i.spans.items()}
    return starred_row((
        ordinal, i.kind, *when_row(i.occurred), *when_row(i.reported),
        i.place, i.station, i.station_full, agency_id, i.province, i.city, i.district,
        list(i.items), money(i.amount_cny),
        list(i.outcome), i.polarity, *i.evidence, Jsonb(spans), list(i.flags),
    ))  # fmt: skip


def money(yuan: float | None) -> Decimal | None:
    """An amount as its column holds it; what is beyond all money on earth was no amount, and is none.

    >>> money(1200.5), money(1e30)
    (Decimal('1200.50'), None)
    """
    if yuan is None or not abs(yuan) < MAX_YUAN:
        return None
    return Decimal(str(yuan)).quantize(Decimal("0.01"))


def when_row(w: When | None) -> Row:
    """The seven columns of one time."""
    if w is None:
        return (None, None, None, None, None, False, None)
    return (w.start, w.end, w.precision, w.text, w.basis, w.approx, w.partial)


def person_row(ordinal: int, p: Person) -> Row:
    """The columns PERSON_CONTENT."""
    start, end = p.span or (None, None)
    return starred_row((
        ordinal, p.role, list(p.also), p.name, p.surname, p.sex, p.age, p.anonymized, start, end,
    ))  # fmt: skip


def figure_row(ordinal: int, f: Figure) -> Row:
    """The columns FIGURE_CONTENT."""
    value = Decimal(str(f.value))
    return starred_row((
        ordinal, f.metric, value, f.unit, f.period, f.qualifier, f.comparison, f.text, *f.evidence,
    ))  # fmt: skip


def agency_rows(incidents: Iterable[Incident]) -> dict[Row, Row]:
    """AGENCY_KEY -> AGENCY_CONTENT of the units that handled `incidents`, in order of the key."""
    rows: dict[Row, Row] = {}
    for i in incidents:
        if a := i.agency:
            key = (a.full_name, a.province, a.city, a.district)
            rows.setdefault(key, (*key, a.name, a.level, a.parent))
    return dict(sorted(rows.items(), key=lambda kv: tuple(part or "" for part in kv[0])))


def agency_key(i: Incident) -> Row | None:
    """AGENCY_KEY of the unit that handled an incident."""
    a = i.agency
    return (a.full_name, a.province, a.city, a.district) if a else None


def rank(
    is_current: bool, precision: str, lost_chars: int, title: str | None, raw_sha256: bytes
) -> tuple[bool, int, int, bool, bytes]:
    """The order of sightings, best first, blind to arrival.

    A leaf that still holds the content goes before one that does not, then dated and finer before
    coarser, fewer lost characters, titled, and last the smallest hash so that the order is total.
    `contents.best_sightings` is the same order in SQL.
    """
    return (not is_current, PRECISION_ORDER[precision], lost_chars, title is None, raw_sha256)


def leaf_rank(leaf: Leaf) -> tuple[bool, int, int, bool, bytes]:
    """The rank of a leaf that holds an article."""
    assert leaf.processed is not None and leaf.processed.article is not None and leaf.raw_sha256 is not None
    a = leaf.processed.article
    return rank(True, a.published_precision, a.lost_chars, a.title, leaf.raw_sha256)


def plain(value: Any) -> Any:
    """A column value in a form that compares equal to what the database gives back."""
    if isinstance(value, Jsonb):
        return value.obj
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """Whether two rows hold equal values."""
    return [plain(v) for v in a] == [plain(v) for v in b]
