"""Incidents made ready for comparison: those just written from what was written, others as they are stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from etl.stages.link.events import Named, Told
from etl.store.batch import Batch
from etl.store.rows import INCIDENT_CONTENT, PERSON_CONTENT, Row

COMPARED = (
    "kind", "occurred_from", "occurred_to", "occurred_precision", "occurred_basis", "occurred_text", "station",
    "station_full", "province", "city", "district", "place", "items", "amount_cny", "outcome",
)  # fmt: skip
NAMED = ("role", "name", "surname", "anonymized")
COMPARED_AT = [INCIDENT_CONTENT.index(column) for column in COMPARED]
NAMED_AT = [PERSON_CONTENT.index(column) for column in NAMED]


def written(number: int, article_id: int, row: Row, persons: Sequence[Row], body: str, key: bytes) -> Told:
    """An incident from its columns INCIDENT_CONTENT and those PERSON_CONTENT of its persons."""
    start, end, ordinal = (
        row[INCIDENT_CONTENT.index(c)] for c in ("evidence_start", "evidence_end", "ordinal")
    )
    people = [tuple(person[at] for at in NAMED_AT) for person in persons]
    return made(number, article_id, [row[at] for at in COMPARED_AT], people, body[start:end], (key, ordinal))


def made(
    number: int,
    article_id: int,
    row: Sequence[Any],
    persons: Sequence[Row],
    evidence: str,
    key: tuple[bytes, int],
) -> Told:
    """An incident from its columns COMPARED and those NAMED of its persons."""
    *columns, items, amount, outcome = row
    money = None if amount is None else float(amount)
    people = tuple(Named(*person) for person in persons)
    values = (*columns, tuple(items), money, tuple(outcome), people, evidence, key)
    return Told(number, article_id, *values)


def incidents_told(batch: Batch, incident_ids: Collection[int]) -> Mapping[int, Told]:
    """The incidents with these ids; each is read once in a batch, after what the batch changed of it."""
    ids = [number for number in incident_ids if number not in batch.told]
    if ids:
        batch.told.update(read(batch, ids))
    return batch.told


def read(batch: Batch, ids: list[int]) -> dict[int, Told]:
    """The incidents with these ids from the database."""
    persons: dict[int, list[Row]] = {}
    for number, *named in batch.rows(
        f"SELECT incident_id, {', '.join(NAMED)} FROM incident_persons"
        " WHERE incident_id = ANY(%s) ORDER BY incident_id, ordinal",
        ids,
    ):
        persons.setdefault(number, []).append(tuple(named))
    found = batch.rows(
        "SELECT substr(a.body, i.evidence_start + 1, i.evidence_end - i.evidence_start), a.content_hash,"
        f" i.ordinal, i.id, i.article_id, {', '.join(f'i.{column}' for column in COMPARED)}"
        " FROM incidents AS i JOIN articles AS a ON a.id = i.article_id WHERE i.id = ANY(%s)",
        ids,
    )
    return {
        number: made(number, article_id, row, persons.get(number, ()), evidence, (key, ordinal))
        for evidence, key, ordinal, number, article_id, *row in found
    }
