"""An article and its extraction in the exchange format of the annotation guideline, section 9."""

from __future__ import annotations

from typing import Any

from etl.model import Article, Extraction, Figure, Incident, Person, When


def prediction(article: Article, extraction: Extraction, id: str) -> dict[str, Any]:
    """One JSON-ready object: metadata, body, incidents and figures of one article under the key `id`."""
    return {
        "id": id,
        "title": article.title,
        "published_at": article.published_at.isoformat() if article.published_at else None,
        "published_precision": article.published_precision,
        "source": article.source,
        "site": article.site,
        "author": article.author,
        "byline": [c.name for c in article.byline],
        "url": article.url,
        "image_count": len(article.image_urls),
        "kind": extraction.kind,
        "body": article.body,
        "incidents": [_incident(i, article.body) for i in extraction.incidents],
        "figures": [_figure(f) for f in extraction.figures],
    }


def _incident(i: Incident, body: str) -> dict[str, Any]:
    start, end = i.evidence
    return {
        "kind": i.kind,
        "occurred": _when(i.occurred),
        "reported": _when(i.reported) if i.reported else None,
        "place": i.place,
        "station": i.station,
        "station_full": i.station_full,
        "admin": {"province": i.province, "city": i.city, "district": i.district},
        "persons": [_person(p) for p in i.persons],
        "items": list(i.items),
        "amount_cny": i.amount_cny,
        "outcome": list(i.outcome),
        "polarity": i.polarity,
        "evidence": {"start": start, "end": end, "text": body[start:end]},
        "flags": list(i.flags),
    }


def _when(w: When) -> dict[str, Any]:
    return {
        "start": w.start.isoformat() if w.start else None,
        "end": w.end.isoformat() if w.end else None,
        "precision": w.precision,
        "text": w.text,
        "basis": w.basis,
        "approx": w.approx,
        "partial": w.partial,
    }


def _person(p: Person) -> dict[str, Any]:
    return {
        "role": p.role,
        "also": list(p.also),
        "name": p.name,
        "surname": p.surname,
        "sex": p.sex,
        "age": p.age,
        "anonymized": p.anonymized,
    }


def _figure(f: Figure) -> dict[str, Any]:
    return {
        "metric": f.metric,
        "value": f.value,
        "unit": f.unit,
        "period": f.period,
        "qualifier": f.qualifier,
        "comparison": f.comparison,
        "text": f.text,
    }
