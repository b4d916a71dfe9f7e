"""Incidents, their persons, the figures and the units: written with a new article, or derived again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg.types.json import Jsonb

from etl.model import Extraction, Incident, Processed
from etl.stages.rematch import rematch
from etl.store.batch import Batch
from etl.store.rows import (
    AGENCY_CONTENT,
    AGENCY_KEY,
    FIGURE_CONTENT,
    INCIDENT_CONTENT,
    PERSON_CONTENT,
    Row,
    agency_key,
    agency_rows,
    figure_row,
    incident_row,
    person_row,
    same,
)
from etl.store.told import written


def insert_details(batch: Batch, articles: Mapping[int, Processed]) -> None:
    """Incidents, persons and figures of new articles (article id -> record)."""
    incidents = [
        (article_id, ordinal, incident)
        for article_id, done in articles.items()
        if done.extraction
        for ordinal, incident in enumerate(done.extraction.incidents, 1)
    ]
    insert_incidents(batch, incidents)
    figures = [
        (article_id, *figure_row(ordinal, figure))
        for article_id, done in articles.items()
        if done.extraction
        for ordinal, figure in enumerate(done.extraction.figures, 1)
    ]
    batch.copy("reported_figures", ("article_id", *FIGURE_CONTENT), figures)


def insert_incidents(batch: Batch, told: Sequence[tuple[int, int, Incident]]) -> None:
    """New incidents, given as (article id, ordinal, incident)."""
    agencies = number_agencies(batch, [incident for *_, incident in told])
    numbers = batch.draw("incidents", len(told))
    for number, (article_id, *_) in zip(numbers, told, strict=True):
        if owner := batch.owners.get(("article", article_id)):
            batch.owners["incident", number] = owner
    rows = []
    persons = []
    for number, (article_id, ordinal, incident) in zip(numbers, told, strict=True):
        row = incident_row(ordinal, incident, agencies.get(agency_key(incident)))
        people = [person_row(n, person) for n, person in enumerate(incident.persons, 1)]
        rows.append((number, article_id, *row, number, batch.run.id))
        persons += [(number, *person) for person in people]
        if article_id in batch.texts:
            body, _, key = batch.texts[article_id]
            batch.told[number] = written(number, article_id, row, people, body, key)
    batch.copy("incidents", ("id", "article_id", *INCIDENT_CONTENT, "event_id", "run_id"), rows)
    batch.copy("incident_persons", ("incident_id", *PERSON_CONTENT), persons)
    batch.counts.incidents += len(told)
    batch.retold.update(article_id for article_id, *_ in told)
    for number in numbers:
        batch.changed("incident", number, "insert")


def number_agencies(batch: Batch, incidents: Sequence[Incident]) -> dict[Row | None, int]:
    """AGENCY_KEY -> id for the units that handled `incidents`; units not met before are added."""
    rows = agency_rows(incidents)
    if not rows:
        return {}
    known = batch.rows(
        "SELECT a.full_name, a.province, a.city, a.district, a.id FROM agencies AS a JOIN"
        " unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS k (full_name, province, city, district)"
        " ON a.full_name = k.full_name AND a.province IS NOT DISTINCT FROM k.province"
        " AND a.city IS NOT DISTINCT FROM k.city AND a.district IS NOT DISTINCT FROM k.district",
        *([key[n] for key in rows] for n in range(len(AGENCY_KEY))),
    )
    ids: dict[Row | None, int] = {tuple(row[:-1]): row[-1] for row in known}
    missing = [key for key in rows if key not in ids]
    numbers = batch.draw("agencies", len(missing))
    ids.update(zip(missing, numbers, strict=True))
    new_rows = [(number, *rows[key]) for number, key in zip(numbers, missing, strict=True)]
    batch.copy("agencies", ("id", *AGENCY_CONTENT), new_rows)
    return ids


@dataclass(slots=True)
class Differences:
    """What deriving again changed: incidents added and withdrawn, and those changed, counted by field."""

    articles: int = 0
    added: int = 0
    withdrawn: int = 0
    changed: int = 0
    fields: Counter[str] = field(default_factory=Counter)


def rederive(batch: Batch, article_id: int, extraction: Extraction, found: Differences | None = None) -> None:
    """Bring an article's incidents and figures to `extraction`: ids kept where the evidence overlaps.

    An incident that is not told any more is withdrawn, never deleted, and comes back if it is told again.
    What changed is added to `found`.
    """
    found = Differences() if found is None else found
    columns = ", ".join(INCIDENT_CONTENT)
    old = {
        row[0]: row
        for row in batch.rows(
            f"SELECT id, withdrawn_at, to_jsonb(i), {columns}"
            " FROM incidents AS i WHERE article_id = %s ORDER BY id",
            article_id,
        )
    }
    start = 3 + INCIDENT_CONTENT.index("evidence_start")
    spans = {number: (row[start], row[start + 1]) for number, row in old.items()}
    incidents = extraction.incidents
    matched = rematch(spans, [incident.evidence for incident in incidents])
    agencies = number_agencies(batch, incidents)
    for index, number in matched.items():
        incident = incidents[index]
        row = incident_row(index + 1, incident, agencies.get(agency_key(incident)))
        if update_incident(batch, number, old[number], row, incident, found):
            batch.retold.add(article_id)
    for number in sorted(old.keys() - matched.values()):
        if old[number][1] is None:
            batch.update("incidents", number, ("withdrawn_at", "run_id"), (batch.now, batch.run.id))
            batch.changed("incident", number, "withdraw", Jsonb(old[number][2]))
            batch.retold.add(article_id)
            found.withdrawn += 1
    told = [(article_id, n + 1, incident) for n, incident in enumerate(incidents) if n not in matched]
    insert_incidents(batch, told)
    found.added += len(told)
    if replace_figures(batch, article_id, extraction):
        found.fields["figures"] += 1


def update_incident(
    batch: Batch, number: int, old: Row, row: Row, incident: Incident, found: Differences
) -> bool:
    """Write an incident and its persons where they differ from what stands there; whether they did."""
    persons = [person_row(n, person) for n, person in enumerate(incident.persons, 1)]
    columns = ", ".join(PERSON_CONTENT)
    present = batch.rows(
        f"SELECT {columns} FROM incident_persons WHERE incident_id = %s ORDER BY ordinal", number
    )
    persons_differ = len(present) != len(persons) or not all(map(same, present, persons))
    differing = [
        column
        for column, before, after in zip(INCIDENT_CONTENT, old[3:], row, strict=True)
        if not same([before], [after])
    ] + (["persons"] if persons_differ else [])
    if old[1] is None and not differing:
        return False
    columns_written = (*INCIDENT_CONTENT, "withdrawn_at", "run_id")
    batch.update("incidents", number, columns_written, (*row, None, batch.run.id))
    if persons_differ:
        batch.do("DELETE FROM incident_persons WHERE incident_id = %s", number)
        batch.copy("incident_persons", ("incident_id", *PERSON_CONTENT), [(number, *p) for p in persons])
    batch.counts.incidents += 1
    batch.changed("incident", number, "update")
    if old[1] is None:
        found.changed += 1
        found.fields.update(differing)
    else:
        found.added += 1
    return True


def replace_figures(batch: Batch, article_id: int, extraction: Extraction) -> bool:
    """Write an article's figures anew if they differ from what stands there; whether they did."""
    figures = [figure_row(n, figure) for n, figure in enumerate(extraction.figures, 1)]
    columns = ", ".join(FIGURE_CONTENT)
    present = batch.rows(
        f"SELECT {columns} FROM reported_figures WHERE article_id = %s ORDER BY ordinal", article_id
    )
    if len(present) == len(figures) and all(map(same, present, figures)):
        return False
    batch.do("DELETE FROM reported_figures WHERE article_id = %s", article_id)
    batch.copy("reported_figures", ("article_id", *FIGURE_CONTENT), [(article_id, *f) for f in figures])
    batch.changed("article", article_id, "update")  # figures have no changes of their own
    return True
