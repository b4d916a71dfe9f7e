"""Records as the pipeline would make them, for tests of what comes after it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from etl.model import Agency, Article, Extraction, Figure, Found, Incident, Leaf, Person, Processed, When

CHINA = timezone(timedelta(hours=8))
BODY = (
    "3月9日17时30分许，柳河派出所接到周女士报警，称手机落在出租车上。"
    "民警当晚联系上何师傅，次日将手机送回。今年以来，该所共接警318起。"
)


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def incident(**changes: Any) -> Incident:
    """A lost telephone."""
    day = datetime(2021, 3, 9, 17, 30, tzinfo=CHINA)
    values: dict[str, Any] = {
        "kind": "lost_property",
        "occurred": When(day, day + timedelta(minutes=1), "minute", "3月9日17时30分许", "report", True),
        "evidence": (0, 52),
        "place": "出租车上",
        "station": "柳河派出所",
        "station_full": "柳河派出所",
        "agency": Agency("柳河派出所", "柳河派出所", "station"),
        "persons": (Person("victim", "周女士", ("reporter",), "周", "F", None, True, (18, 21)),),
        "items": ("手机",),
        "outcome": ("found", "returned"),
        "spans": {"occurred": ((0, 11),)},
    }
    return Incident(**{**values, **changes})


def processed(
    path: str = "/news/a.txt", raw: str = "raw a", content: str = "content a", **changes: Any
) -> Processed:
    """An article that tells one incident; `changes` go to the article."""
    incidents = changes.pop("incidents", (incident(),))
    values: dict[str, Any] = {"title": "手机失而复得", "body": BODY, "shape": "bare"}
    article = Article(**{**values, **changes})
    figure = Figure("接警", 318, "起", "318起", (72, 76), "今年以来")
    return Processed(
        path, None, None, sha(raw), article, sha(content), Extraction("incident", incidents, (figure,))
    )


def leaf(path: str = "/news/a.txt", raw: str = "raw a", content: str = "content a", **changes: Any) -> Leaf:
    """A plain file that holds an article."""
    found = Found(path, len(raw), 1_600_000_000_000_000_000)
    return Leaf(found, sha(raw), sha(raw), processed(path, raw, content, **changes))


def known_leaf(path: str, raw: str = "raw a") -> Leaf:
    """A plain file whose bytes were loaded before."""
    return Leaf(Found(path, len(raw), 1_600_000_000_000_000_000), sha(raw), sha(raw), None)


def rejected_leaf(
    path: str, reason: str = "binary", detail: str = "a PNG image", raw: str | None = "bad"
) -> Leaf:
    """A plain file that could not be loaded."""
    digest = sha(raw) if raw is not None else None
    done = Processed(path, None, None, digest or b"", reason=reason, detail=detail)
    return Leaf(Found(path, 3, 1), digest, digest, done)


PUBLISHED = datetime(2021, 3, 10, 1, 0, tzinfo=UTC)
