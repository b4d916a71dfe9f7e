"""Whether linking an article costs more when many are stored.

    python -m benchmarks.link_cost [FEW] [MANY]

Generated articles are loaded straight as rows, and the processor time that linking takes is measured for a portion
of them after FEW and after MANY. None is a copy made in the database: what chance brings together, it brings together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta, timezone

from benchmarks.link import own_server, timed_linking
from benchmarks.link_data import Made, generate
from etl.model import Agency, Article, Extraction, Found, Incident, Leaf, Person, Processed, When
from etl.rules import load_rules
from etl.stages.identity import content_hash
from etl.stages.link.signature import signature
from etl.store import lookups, migrate, runs
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts, Run

CHINA = timezone(timedelta(hours=8))
BATCH = 500
PORTION = 3000  # articles timed at each size


def growth(few: int = 20_000, many: int = 200_000) -> None:
    made = generate(many + 2 * PORTION)
    with own_server() as (_, url):
        migrate.upgrade(url)
        with connect(url, limits=False) as connection:
            connection.execute(
                "DROP INDEX ix_articles_search"
            )  # two thirds of loading, and linking never reads it
            lookups.sync(connection, load_rules())
            run = runs.start(connection, "benchmark", "rules")
            load_some(connection, run, made, few)
            first = measured(connection, run, made)
            load_some(connection, run, made, many - stored(connection))
            second = measured(connection, run, made)
    print(f"an article at {many} costs {second / first:.2f}x what it costs at {few}")


def stored(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM articles").fetchone()
    assert row is not None
    return int(row[0])


def measured(connection: Connection, run: Run, made: Iterator[Made]) -> float:
    """Milliseconds of processor time, here and in the server, that linking takes for each article of a portion."""
    before = stored(connection)
    connection.execute("VACUUM ANALYZE")
    with timed_linking() as spent:
        count = load_some(connection, run, made, PORTION)
    each = 1000 * spent.cores / count
    clock = 1000 * spent.clock / count
    print(
        f"{before} articles stored: {each:.2f} ms for each of the next {count}, {clock:.2f} by the clock",
        flush=True,
    )
    return each


def load_some(connection: Connection, run: Run, made: Iterator[Made], count: int) -> int:
    """Load the next `count` generated articles straight as rows."""
    done = 0
    while done < count:
        leaves = [as_leaf(m) for _, m in zip(range(min(BATCH, count - done)), made, strict=False)]
        if not leaves:
            break
        load_batch(connection, run, leaves, Counts())
        done += len(leaves)
    return done


def as_leaf(made: Made) -> Leaf:
    """A generated article as the pipeline would hand it over if it read everything right."""
    raw = b"%032d" % made.number
    published = made.published_at.replace(tzinfo=CHINA)
    article = Article(made.title, made.body, published, "minute", site=made.site)
    done = Processed(
        f"/made/{made.number}", None, None, raw, article, content_hash(article.title, article.body),
        Extraction("incident", tuple(incidents(made))), signature=signature(made.body, load_rules().link),
    )  # fmt: skip
    return Leaf(Found(done.path, 1, 1), raw, raw, done)


def incidents(made: Made) -> Iterator[Incident]:
    """The incidents that an article tells, as generated."""
    for event, passage in made.told:
        start = max(0, made.body.find(passage[:30]))
        end = min(len(made.body), start + len(passage))
        hour = event.when.replace(minute=0, tzinfo=CHINA)
        slots = event.slots
        station = slots["unit"].partition("公安局")[2]
        yield Incident(
            event.kind,
            When(hour, hour + timedelta(hours=1), "hour", None, "report", True),
            (start, max(end, start + 1)),
            place=slots["place"],
            station=station,
            station_full=slots["unit"],
            agency=Agency(slots["unit"], station, "station", None, None, slots["city"], slots["district"]),
            city=slots["city"],
            district=slots["district"],
            persons=(
                Person("victim", slots["who"], (), slots["who"][0], None, None, True),
                Person("suspect", slots["suspect"], (), slots["suspect"][0], None, None, True),
            ),
            items=(slots["item"],),
            amount_cny=float(slots["amount"]),
            outcome=("arrested",),
        )


if __name__ == "__main__":
    growth(*map(int, sys.argv[1:]))
