"""Incidents as they are stored, made ready for comparison."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from etl.stages.link.events import Named, Told, grams
from etl.store.batch import Batch


def incidents_told(batch: Batch, incident_ids: Collection[int]) -> Mapping[int, Told]:
    """The incidents with these ids; each is read once in a batch, after what the batch wrote of it."""
    ids = [number for number in incident_ids if number not in batch.told]
    if ids:
        batch.told.update(read(batch, ids))
    return batch.told


def read(batch: Batch, ids: list[int]) -> dict[int, Told]:
    """The incidents with these ids from the database."""
    persons: dict[int, list[Named]] = {}
    for number, *named in batch.rows(
        "SELECT incident_id, role, name, surname, anonymized FROM incident_persons"
        " WHERE incident_id = ANY(%s) ORDER BY incident_id, ordinal",
        ids,
    ):
        persons.setdefault(number, []).append(Named(*named))
    found = batch.rows(
        "SELECT i.id, i.article_id, i.kind, i.occurred_from, i.occurred_to, i.occurred_precision,"
        " i.occurred_basis, i.occurred_text, i.station, i.station_full, i.province, i.city, i.district,"
        " i.place, i.items, i.amount_cny::float, i.outcome,"
        " substr(a.body, i.evidence_start + 1, i.evidence_end - i.evidence_start), a.content_hash, i.ordinal"
        " FROM incidents AS i JOIN articles AS a ON a.id = i.article_id WHERE i.id = ANY(%s)",
        ids,
    )
    told = {}
    for row in found:
        *columns, items, amount, outcome, evidence, key, ordinal = row
        people = tuple(persons.get(row[0], ()))
        values = (*columns, tuple(items), amount, tuple(outcome), people, grams(evidence), (key, ordinal))
        told[row[0]] = Told(*values)
    return told
