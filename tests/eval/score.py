"""Scores of extracted articles against gold, field by field, by the annotation guideline's section 10.

`score(golds, preds)` returns rows of precision, recall and F1. Incidents are paired one to one within
an article, best pairs first; the values of unpaired incidents count as missed or invented.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

Json = Mapping[str, Any]
ZONE = timezone(timedelta(hours=8))
FINE = ("minute", "hour", "part_of_day")
PHRASE_SLACK = 20
DIVISION_ENDINGS = (
    "特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州", "自治县",
    "地区", "省", "市", "区", "县", "州", "盟", "旗",
)  # fmt: skip


class Counts:
    """Hits, inventions and misses by field, and where the errors are."""

    def __init__(self) -> None:
        self.by_field: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.errors: list[tuple[str, Any, str]] = []

    def add(self, field: str, hit: int, invented: int, missed: int, where: tuple[str, Any]) -> None:
        row = self.by_field[field]
        row[0] += hit
        row[1] += invented
        row[2] += missed
        if invented or missed:
            self.errors.append((*where, field))

    def rows(self) -> dict[str, tuple[float, float, float]]:
        return {name: rates(*row) for name, row in self.by_field.items()}


def rates(hit: int, invented: int, missed: int) -> tuple[float, float, float]:
    """Precision, recall and F1; all 1 where there was nothing to find and nothing was invented."""
    if not hit + invented + missed:
        return 1.0, 1.0, 1.0
    p = hit / (hit + invented) if hit + invented else 0.0
    r = hit / (hit + missed) if hit + missed else 0.0
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


def score(golds: Mapping[str, Json], preds: Mapping[str, Json]) -> dict[str, Any]:
    """Rows, support and errors of a whole run; `golds` and `preds` are keyed by article id."""
    counts = Counts()
    for key, gold in golds.items():
        pred = preds.get(key) or {}
        _incidents(key, gold, pred, counts)
        _figures(key, gold, pred, counts)
        _article(key, gold, pred, counts)
    support = {name: row[0] + row[2] for name, row in counts.by_field.items()}
    return {"rows": counts.rows(), "support": support, "errors": counts.errors}


# ---------------------------------------------------------------- comparing values


@lru_cache(maxsize=100_000)
def fold(value: Any) -> str:
    """Letters and digits alone, width and case unified."""
    text = unicodedata.normalize("NFKC", str(value or "")).casefold()
    return "".join(c for c in text if unicodedata.category(c)[0] in "LN")


def alike(a: Any, b: Any) -> bool:
    """One phrase holds the other with little more, or half of their character pairs agree."""
    x, y = fold(a), fold(b)
    if not x or not y:
        return False
    if (x in y or y in x) and abs(len(x) - len(y)) <= PHRASE_SLACK:
        return True
    p, q = _pairs(x), _pairs(y)
    return 2 * (p & q).total() / (p.total() + q.total()) >= 0.5


def _pairs(text: str) -> Counter[str]:
    return Counter(map("".join, itertools.pairwise(text))) or Counter([text])


def instant(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None
    except ValueError:
        return None
    if at is None:
        return None
    return at.astimezone(ZONE) if at.tzinfo else at.replace(tzinfo=ZONE)


def days(when: Json | None) -> tuple[date, date] | None:
    """First and last day of an interval; a part of a day counts for the day on which it begins."""
    when = when or {}
    start = instant(when.get("start"))
    if start is None or when.get("precision") == "unknown":
        return None
    if when.get("precision") in FINE:
        return start.date(), start.date()
    end = instant(when.get("end")) or start + timedelta(minutes=1)
    return start.date(), max(start, end - timedelta(seconds=1)).date()


def bare(name: Any) -> str:
    """A division without its ending."""
    text = fold(name)
    ending = next((e for e in DIVISION_ENDINGS if text.endswith(e) and len(text) - len(e) >= 2), "")
    return text.removesuffix(ending)


def number(value: Any) -> Any:
    try:
        return None if value is None else round(float(value), 4)
    except (TypeError, ValueError):
        return value


def single(gold: Any, pred: Any, same: bool) -> tuple[int, int, int]:
    """A field of one value: hit, miss, invention, or confusion (both)."""
    if gold is None:
        return 0, int(pred is not None and not same), 0
    return (0, 0, 1) if pred is None else (1, 0, 0) if same else (0, 1, 1)


def paired(
    gold: Sequence[Any], pred: Sequence[Any], same: Callable[[Any, Any], bool], free: Sequence[Any] = ()
) -> tuple[int, int, int]:
    """A field of many values: the largest one-to-one pairing; what `free` allows is no invention."""
    owner: dict[int, int] = {}

    def seat(i: int, tried: set[int]) -> bool:
        for j, value in enumerate(pred):
            if j not in tried and same(gold[i], value):
                tried.add(j)
                if j not in owner or seat(owner[j], tried):
                    owner[j] = i
                    return True
        return False

    hit = sum(seat(i, set()) for i in range(len(gold)))
    invented = sum(j not in owner and not any(same(f, v) for f in free) for j, v in enumerate(pred))
    return hit, invented, len(gold) - hit


# ---------------------------------------------------------------- incidents


def accepted(gold: Json, field: str) -> list[Any]:
    return (gold.get("accept") or {}).get(field) or []


def wordings(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def anchored(gold: Json, pred: Json) -> float:
    """Share of the gold anchors that the evidence holds."""
    text = fold((pred.get("evidence") or {}).get("text"))
    anchors = gold.get("anchors") or []
    return sum(any(fold(w) in text for w in wordings(a)) for a in anchors) / len(anchors) if anchors else 0.0


def kind_agrees(gold: Json, pred: Json) -> bool:
    return pred.get("kind") in (gold.get("kind"), *accepted(gold, "kind"))


def day_agrees(gold: Json, pred: Json) -> bool:
    return days(pred.get("occurred")) in [
        days(w) for w in (gold.get("occurred"), *accepted(gold, "occurred"))
    ]


def pairs(golds: Sequence[Json], preds: Sequence[Json]) -> list[tuple[int, int]]:
    """Gold and predicted incidents that belong together."""
    eligible = []
    for i, g in enumerate(golds):
        for j, p in enumerate(preds):
            share, kind = anchored(g, p), kind_agrees(g, p)
            day = days(p.get("occurred")) is not None and day_agrees(g, p)
            if share >= 0.5 or (kind and day):
                eligible.append((-(0.6 * share + 0.25 * kind + 0.15 * day), i, j))
    taken: list[tuple[int, int]] = []
    for _, i, j in sorted(eligible):
        if all(i != a and j != b for a, b in taken):
            taken.append((i, j))
    return taken


def _incidents(key: str, gold: Json, pred: Json, counts: Counts) -> None:
    golds, preds = gold.get("incidents") or [], pred.get("incidents") or []
    matched = pairs(golds, preds)
    free = {i for i, g in enumerate(golds) if g.get("optional")}
    for i, j in matched:
        if i in free:
            continue
        counts.add("incident", 1, 0, 0, (key, i))
        counts.add("evidence", *single(True, True, _own(golds, i, preds[j])), (key, i))
        for field, result in fields(golds[i], preds[j]):
            counts.add(field, *result, (key, i))
    for i, g in enumerate(golds):
        if i not in free and i not in {a for a, _ in matched}:
            counts.add("incident", 0, 0, 1, (key, i))
            for field, result in fields(g, {}):
                counts.add(field, *result, (key, i))
    for j, p in enumerate(preds):
        if j not in {b for _, b in matched}:
            counts.add("incident", 0, 1, 0, (key, f"+{j}"))
            for field, result in fields({}, p):
                counts.add(field, *result, (key, f"+{j}"))


def _own(golds: Sequence[Json], i: int, pred: Json) -> bool:
    """Whether the evidence tells this incident and no other."""
    others = [g for k, g in enumerate(golds) if k != i and len(g.get("anchors") or []) > 1]
    return anchored(golds[i], pred) >= 0.5 and all(anchored(g, pred) < 0.5 for g in others)


def fields(g: Json, p: Json) -> Iterable[tuple[str, tuple[int, int, int]]]:
    """Every field of a pair; either may be empty."""
    yield "kind", single(g.get("kind"), p.get("kind"), kind_agrees(g, p))
    group = (g.get("kind") or "").split(".")[0] or None
    guess = (p.get("kind") or "").split(".")[0] or None
    groups = {str(k).split(".")[0] for k in (group, *accepted(g, "kind"))}
    yield "kind_group", single(group, guess, guess in groups)
    yield from _times(g, p)
    stations = {fold(s) for s in (g.get("station"), g.get("station_full"), *accepted(g, "station")) if s}
    yield "station", single(g.get("station"), p.get("station"), fold(p.get("station")) in stations)
    places = [g.get("place"), *accepted(g, "place")]
    yield "place", single(g.get("place"), p.get("place"), any(alike(x, p.get("place")) for x in places))
    for part in ("province", "city", "district"):
        a, b = (g.get("admin") or {}).get(part), (p.get("admin") or {}).get(part)
        yield f"admin_{part}", single(a, b, bare(b) in {bare(x) for x in (a, *accepted(g, part)) if x})
    yield from _people(g, p)
    allowed = accepted(g, "items")
    yield "items", paired(g.get("items") or [], p.get("items") or [], _same_item, allowed)
    sums = [number(v) for v in (g.get("amount_cny"), *accepted(g, "amount_cny"))]
    yield "amount_cny", single(sums[0], number(p.get("amount_cny")), number(p.get("amount_cny")) in sums)
    ends = [g.get("outcome") or [], *accepted(g, "outcome")]
    said = list(dict.fromkeys(p.get("outcome") or []))
    results = [paired(e, said, lambda a, b: bool(a == b)) for e in ends]
    yield "outcome", min(results, key=lambda c: c[1] + c[2])
    a = g.get("polarity", "actual") if g else None
    b = p.get("polarity", "actual") if p else None
    yield "polarity", single(a, b, b in (a, *accepted(g, "polarity")))


def _times(g: Json, p: Json) -> Iterable[tuple[str, tuple[int, int, int]]]:
    when, guess = g.get("occurred") or {}, p.get("occurred") or {}
    choices = [when, *accepted(g, "occurred")]
    right = bool(g and p) and day_agrees(g, p)
    yield "occurred_day", single(days(when), days(when) if right else days(guess), right)
    coarse = [(days(c), c.get("precision")) for c in choices[1:] if c.get("precision") not in FINE]
    exact = instant(when.get("start")) if when.get("precision") in FINE else None
    if guess and (days(guess), guess.get("precision")) in coarse:
        exact = None
    said = instant(guess.get("start")) if guess.get("precision") in FINE else None
    moments = [instant(c.get("start")) for c in choices if c.get("precision") in FINE]
    yield "occurred_time", single(exact, said, said in moments)
    precisions = [c.get("precision") for c in choices]
    yield (
        "precision",
        single(when.get("precision"), guess.get("precision"), guess.get("precision") in precisions),
    )
    told = [days(w) for w in (g.get("reported"), *accepted(g, "reported"))]
    yield "reported_day", single(told[0], days(p.get("reported")), days(p.get("reported")) in told)


def _people(g: Json, p: Json) -> Iterable[tuple[str, tuple[int, int, int]]]:
    mine = [x for x in g.get("persons") or [] if x.get("name")]
    theirs = [x for x in p.get("persons") or [] if x.get("name")]
    bystanders = accepted(g, "persons")
    yield (
        "persons",
        paired(mine, theirs, lambda a, b: _named(a, b) and bool(_roles(a) & _roles(b)), bystanders),
    )
    yield "person_names", paired(mine, theirs, _named, bystanders)


def _named(a: Json, b: Json) -> bool:
    return fold(b["name"]) in {fold(n) for n in (a["name"], *(a.get("aliases") or []))}


def _roles(person: Json) -> set[Any]:
    return {person.get("role"), *(person.get("also") or [])}


def _same_item(gold: Any, pred: str) -> bool:
    return any(alike(w, pred) for w in wordings(gold))


# ---------------------------------------------------------------- figures, article


def _figures(key: str, gold: Json, pred: Json, counts: Counts) -> None:
    if "figures" not in gold:
        return
    left = list(pred.get("figures") or [])
    for figure in sorted(gold["figures"] or [], key=lambda f: bool(f.get("optional"))):
        same = [f for f in left if _measure(f) == _measure(figure)]
        best = max(same, key=lambda f: _shade_agreement(f, figure), default=None)
        if best is not None:
            left.remove(best)
        if figure.get("optional"):
            continue
        counts.add("figure", int(best is not None), 0, int(best is None), (key, "-"))
        if best is not None:
            for name, a, b in zip(("qualifier", "comparison"), _shade(figure), _shade(best), strict=True):
                counts.add(f"figure.{name}", *single(a, b, a == b), (key, "-"))
    counts.add("figure", 0, len(left), 0, (key, "-"))


def _measure(figure: Json) -> tuple[Any, str]:
    unit = unicodedata.normalize("NFKC", str(figure.get("unit") or "")).casefold()
    return number(figure.get("value")), "".join(unit.split())


def _shade(figure: Json) -> tuple[Any, Any]:
    return figure.get("qualifier") or "exact", figure.get("comparison")


def _shade_agreement(a: Json, b: Json) -> int:
    return sum(x == y for x, y in zip(_shade(a), _shade(b), strict=True))


def _article(key: str, gold: Json, pred: Json, counts: Counts) -> None:
    """Metadata and body boundaries; a key that gold does not have is not scored."""

    def add(name: str, result: tuple[int, int, int]) -> None:
        counts.add(f"article.{name}", *result, (key, "-"))

    for name in ("title", "source", "site", "author", "url"):
        if name in gold:
            options = {fold(v) for v in (gold[name], *accepted(gold, name)) if v}
            add(name, single(gold[name], pred.get(name), fold(pred.get(name)) in options))
    if "byline" in gold:
        same = lambda a, b: fold(a) == fold(b)  # noqa: E731
        add("byline", paired(gold["byline"] or [], pred.get("byline") or [], same, accepted(gold, "byline")))
    if "image_count" in gold:
        options = {gold["image_count"], *accepted(gold, "image_count")}
        add(
            "image_count",
            single(gold["image_count"], pred.get("image_count"), pred.get("image_count") in options),
        )
    if "published_at" in gold:
        at, guess = instant(gold["published_at"]), instant(pred.get("published_at"))
        add("published_day", single(at, guess, bool(at and guess and at.date() == guess.date())))
        if at and gold.get("published_precision") in ("minute", "second"):
            add("published_time", single(at, guess, at == guess))
    body = fold(pred.get("body"))
    for name, holds in (("body_first", body.startswith), ("body_last", body.endswith)):
        if gold.get(name):
            options = [gold[name], *accepted(gold, name)]
            add(name, single(gold[name], body or None, any(holds(fold(o)) for o in options)))


def macro(result: Mapping[str, Any]) -> float:
    """Mean F1 of the rows that have gold values."""
    live = [row[2] for name, row in result["rows"].items() if result["support"][name]]
    return sum(live) / len(live) if live else 0.0
