"""Every record that crosses a stage boundary, in the order of the flow. All frozen, all picklable.

Those that workers send by the dozen are tuples, several times quicker to make and to send than dataclasses.

Spans are half-open `[start, end)` in code points of the text they belong to; for everything that
leaves the pipeline that text is `Article.body`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

Span = tuple[int, int]
SHANGHAI = timezone(timedelta(hours=8))  # no daylight saving in any year that pages are dated


# ---------------------------------------------------------------- discover, read, decode


class Found(NamedTuple):
    """A file that may be read: escaped path (see `sources.paths`), bytes, modification time in nanoseconds.

    A tuple, since a run makes one of every file there is and compares it with a row of the ledger.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class RawFile:
    """The bytes of one leaf and where they stand.

    `fields` are given if they are a JSON object: our name of a field -> its key, where that is not a usual one.
    """

    path: str
    data: bytes
    sha256: bytes
    member: str | None = None
    record_no: int | None = None
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of one leaf, markup still in it. `encoding` is the codec that worked, not the label declared.

    `confidence` is 0 to 1: 1 for a byte-order mark or strict UTF-8, lower where evidence had to decide.
    """

    text: str
    encoding: str
    confidence: float


# ---------------------------------------------------------------- text under repair


class Repair(NamedTuple):
    """One recorded change: `before` became the `after` that now stands at `[start, end)`.

    `certainty` is certain, likely or lost (the original can't be known; `after` holds U+FFFD).
    """

    start: int
    end: int
    before: str
    after: str
    kind: str
    certainty: str

    def showing(self, value: str) -> Repair:
        """The same with what stands at its place in `value`."""
        after = value[self.start : self.end]
        if after == self.after:
            return self
        return Repair(self.start, self.end, self.before, after, self.kind, self.certainty)


@dataclass(frozen=True, slots=True)
class Edit:
    """A change still to be made: `text[start:end]` becomes `after`. Recorded as a repair if `kind` is given."""

    start: int
    end: int
    after: str
    kind: str | None = None
    certainty: str = "certain"


@dataclass(frozen=True, slots=True)
class Text:
    """A text together with the repairs made on it, their spans always in the text as it is now."""

    value: str
    repairs: tuple[Repair, ...] = ()

    def edit(self, edits: Sequence[Edit]) -> Text:
        """The text with `edits` made: sorted, not overlapping, each `[start, end)` in the present text.

        Earlier repairs move along; one that lies wholly inside a removed or rewritten stretch that
        is longer than itself is swallowed by it.

        >>> Text("當(dāng)然").edit([Edit(1, 7, "", "pinyin_note")]).value
        '當然'
        """
        if not edits:
            return self
        parts: list[str] = []
        starts: list[int] = []  # of each edit in the old text
        ends: list[int] = []
        shifts: list[int] = [0]  # of whatever stands after edit i
        made: list[Repair] = []
        at = shift = 0
        for e in edits:
            if e.start < at or e.end < e.start:
                raise ValueError(f"edits overlap or are out of order at {e.start}")
            parts += (self.value[at : e.start], e.after)
            if e.kind:
                new = e.start + shift
                before = self.value[e.start : e.end]
                made.append(Repair(new, new + len(e.after), before, e.after, e.kind, e.certainty))
            at = e.end
            shift += len(e.after) - (e.end - e.start)
            starts.append(e.start)
            ends.append(e.end)
            shifts.append(shift)
        parts.append(self.value[at:])

        def moved(position: int) -> int:
            """Where `position` is now; one inside a rewritten stretch goes to that stretch's end."""
            i = bisect_right(starts, position)
            if i and position < ends[i - 1]:
                position = ends[i - 1]
            return position + shifts[i]

        kept = []
        for r in self.repairs:
            i = bisect_right(starts, r.start) - 1
            inside = i >= 0 and r.end <= ends[i] and (starts[i], ends[i]) != (r.start, r.end)
            if not inside:
                start, end = moved(r.start), moved(r.end)
                kept.append(Repair(start, max(start, end), r.before, r.after, r.kind, r.certainty))
        merged = sorted([*kept, *made], key=lambda r: (r.start, r.end))
        return Text("".join(parts), tuple(merged))


# ---------------------------------------------------------------- parse


@dataclass(frozen=True, slots=True)
class Parsed:
    """What markup says: fields as written, and the page's text as lines, one per block, joined by newlines.

    `declared` holds what the shape states apart from the text (keys: title, published, source, site,
    author, url; for JSON or HTML metadata later too). Page furniture is still in `text`.
    `image_urls` are the images of the body in order, proxies unwrapped; `head_image` stands outside it.
    """

    shape: str
    text: str
    declared: Mapping[str, str] = field(default_factory=dict)
    image_urls: tuple[str, ...] = ()
    head_image: str | None = None


# ---------------------------------------------------------------- layout


class Contributor(NamedTuple):
    """A person of the byline. `roles`: author, reporter, correspondent, photographer."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """One article, ready for identity and extraction: normalised text and metadata.

    `published_at` is aware; `published_precision` is second, minute, day or unknown.
    `script` is simplified, traditional or mixed, as found. `lost_chars` counts U+FFFD in title and body.
    """

    title: str | None
    body: str
    published_at: datetime | None = None
    published_precision: str = "unknown"
    published_text: str | None = None
    source: str | None = None
    site: str | None = None
    author: str | None = None
    byline: tuple[Contributor, ...] = ()
    url: str | None = None
    image_urls: tuple[str, ...] = ()
    head_image: str | None = None
    shape: str = "bare"
    script: str = "simplified"
    encoding: str = "utf-8"
    repairs: tuple[Repair, ...] = ()  # spans in body
    title_repairs: tuple[Repair, ...] = ()  # spans in title
    flags: tuple[str, ...] = ()  # quality: lost_first_character, damaged, ...
    removed: tuple[tuple[str, str], ...] = ()  # (why, line) of what layout took away

    @property
    def lost_chars(self) -> int:
        return self.body.count("\ufffd") + (self.title or "").count("\ufffd")


# ---------------------------------------------------------------- extract


class When(NamedTuple):
    """A time as finely as it is stated: half-open interval, aware instants at +08:00.

    `precision` is minute, hour, part_of_day, day, span, month, year or unknown; `basis` is event,
    discovery, report or resolution; `partial` is an ISO 8601 fragment such as --05-06 where the year
    can't be known. `text` is the expression as written, `span` where it stands in the body.
    """

    start: datetime | None
    end: datetime | None
    precision: str
    text: str | None = None
    basis: str | None = None
    approx: bool = False
    partial: str | None = None
    span: Span | None = None


class Person(NamedTuple):
    """One named person in one incident; roles, names and sex as in the codebook."""

    role: str
    name: str
    also: tuple[str, ...] = ()
    surname: str | None = None
    sex: str | None = None
    age: int | None = None
    anonymized: bool = False
    span: Span | None = None


class Agency(NamedTuple):
    """One police unit as read: `full_name` with its stated parents, `name` the shortest official form.

    `level` is ministry, province, city, county, station, team, post or unknown; `parent` a full name.
    """

    full_name: str
    name: str
    level: str
    parent: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None


NO_SPANS: Mapping[str, tuple[Span, ...]] = {}


class Incident(NamedTuple):
    """One occurrence told by one article.

    `spans` gives the words each field was read from, those of each outcome under `outcome.CODE`.
    """

    kind: str
    occurred: When
    evidence: Span
    reported: When | None = None
    place: str | None = None
    station: str | None = None
    station_full: str | None = None
    agency: Agency | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    persons: tuple[Person, ...] = ()
    items: tuple[str, ...] = ()
    amount_cny: float | None = None
    outcome: tuple[str, ...] = ()
    polarity: str = "actual"
    spans: Mapping[str, tuple[Span, ...]] = NO_SPANS
    flags: tuple[str, ...] = ()  # why a field is doubtful


class Figure(NamedTuple):
    """One aggregate figure quoted. `qualifier`: exact, over, about, nearly; `comparison`: yoy_up, ..."""

    metric: str
    value: float
    unit: str
    text: str
    evidence: Span
    period: str | None = None
    qualifier: str = "exact"
    comparison: str | None = None


class Segment(NamedTuple):
    """A stretch of the body that was weighed: `verdict` incident or a reason code why not; `rule` what fired."""

    start: int
    end: int
    verdict: str
    rule: str = ""


class Extraction(NamedTuple):
    """What an article tells: its kind, its incidents in order, the figures it quotes, the units it names."""

    kind: str
    incidents: tuple[Incident, ...] = ()
    figures: tuple[Figure, ...] = ()
    agencies: tuple[Agency, ...] = ()
    segments: tuple[Segment, ...] = ()


# ---------------------------------------------------------------- link


class Signature(NamedTuple):
    """What near-duplicates of an article are looked for by: see `stages.link.signature`."""

    scheme: int
    chars: int
    facts: tuple[int, ...]
    bands: tuple[int, ...]


# ---------------------------------------------------------------- the end of the pure part


class Processed(NamedTuple):
    """One leaf after the whole transformation: an article with its extraction, or why there is none."""

    path: str
    member: str | None
    record_no: int | None
    raw_sha256: bytes
    article: Article | None = None
    content_hash: bytes | None = None
    extraction: Extraction | None = None
    reason: str | None = None
    detail: str = ""
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf on its way into the store, with the file that holds it.

    `file_sha256` and `raw_sha256` (of the leaf's own bytes) are None if the bytes could not be had.
    `processed` is None where the store already knows these bytes. `position` counts the leaves of a file
    from 1. A container's last leaf knows its `extent`: each member with its highest record number (0: none),
    so that what is not in it any more can be told; None for a file that is one leaf. `reread`: read again
    although its bytes are known. `is_new`: the ledger did not know its path when it was asked. `sighting_id`: where
    these bytes stood before, when that was asked.
    """

    found: Found
    file_sha256: bytes | None
    raw_sha256: bytes | None
    processed: Processed | None
    member: str | None = None
    record_no: int | None = None
    position: int = 1
    last: bool = True
    extent: Mapping[str | None, int] | None = None
    reread: bool = False
    is_new: bool = False
    sighting_id: int | None = None


def overlaps(a: Span, b: Span) -> int:
    """Number of code points that two spans share."""
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def join_spans(spans: Iterable[Span]) -> Span:
    """The smallest span that covers all of `spans`."""
    spans = list(spans)
    return min(s for s, _ in spans), max(e for _, e in spans)
