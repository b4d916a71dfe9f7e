"""A follower of the change feed against four writers: `python -m tests.support.feed [ROUNDS] [URL]`."""

from __future__ import annotations

import random
import re
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from etl.model import Leaf
from etl.store import embedded, lookups, migrate, withdrawals
from etl.store.engine import Connection, connect
from etl.store.load import load_batch
from etl.store.runs import Counts, Run
from etl.store.verdicts import Decision, decide
from tests.support.records import incident, leaf, sha

ROOT = Path(__file__).parents[2]
WRITERS = 4
BATCHES = 12  # of each writer in a round
NAMES = 40  # files and contents that the writers have in common


def recipe() -> dict[str, Any]:
    """The follower as the document prints it."""
    text = (ROOT / "docs/feed.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def begin(connection: Connection) -> Run:
    """A run beside others, which only tests need."""
    row = connection.execute(
        "INSERT INTO runs (command, owner, token, status, ruleset, version)"
        " VALUES ('run', 'test', 't', 'running', 'r', 'v') RETURNING id"
    ).fetchone()
    assert row is not None
    return Run(row[0], "t", "r")


def some_leaf(chance: random.Random) -> Leaf:
    """A file with a content that others may hold too, extracted one way or another."""
    path, content = chance.randrange(NAMES), chance.randrange(NAMES)
    told = tuple(
        incident(kind=chance.choice(("lost_property", "theft.other")), evidence=(start, start + 20))
        for start in range(0, 20 * chance.randrange(3), 20)
    )
    raw = f"{content} {chance.randrange(2)}"
    return leaf(f"/{path}", raw, f"content {content}", title=f"第{content}篇", incidents=told)


def write(url: str, seed: int) -> int:
    """One writer's batches and decisions; a third of them rolled back. How many were kept."""
    chance = random.Random(seed)
    kept = 0
    with connect(url) as connection:
        run = begin(connection)
        for _ in range(BATCHES):
            undo = chance.random() < 1 / 3
            kept += not undo
            (act,) = chance.choices(list(ACTS), list(ACTS.values()))
            with connection.transaction(force_rollback=undo):
                act(connection, run, chance)
    return kept


def load(connection: Connection, run: Run, chance: random.Random) -> None:
    leaves = {x.found.path: x for x in (some_leaf(chance) for _ in range(chance.randrange(1, 5)))}
    load_batch(connection, run, list(leaves.values()), Counts())


def take_down(connection: Connection, run: Run, chance: random.Random) -> None:
    withdrawals.withdraw(connection, sha(f"content {chance.randrange(NAMES)}"), "li", "test")


def lift(connection: Connection, run: Run, chance: random.Random) -> None:
    """Lift a takedown, if there is one, and load the content again."""
    found = connection.execute(
        "SELECT content_hash FROM withdrawals WHERE lifted_at IS NULL ORDER BY (id * %s) %% 101 LIMIT 1",
        (chance.randrange(100),),
    ).fetchone()
    if found:
        withdrawals.lift(connection, found[0])
        names = {sha(f"content {n}"): n for n in range(NAMES)}
        n = names[found[0]]
        again = leaf(f"/{n}", f"{n} again", f"content {n}", title=f"第{n}篇", incidents=(incident(),))
        load_batch(connection, run, [again], Counts())


def correct(connection: Connection, run: Run, chance: random.Random) -> None:
    connection.execute(
        "INSERT INTO overrides (incident_id, field, value, made_by, why)"
        " SELECT id, 'place', to_jsonb(%s::text), 'li', 'test' FROM incidents"
        " ORDER BY (id * %s) %% 101 LIMIT 1 ON CONFLICT DO NOTHING",
        (str(chance.random()), chance.randrange(100)),
    )


def revoke(connection: Connection, run: Run, chance: random.Random) -> None:
    connection.execute(
        "UPDATE overrides SET revoked_at = now() WHERE id = (SELECT id FROM overrides WHERE revoked_at IS NULL"
        " ORDER BY (id * %s) %% 101 LIMIT 1)",
        (chance.randrange(100),),
    )


def judge(connection: Connection, run: Run, chance: random.Random) -> None:
    """Join or split two incidents or articles, of those that are joined if there are any to split."""
    table, cluster = chance.choice((("incidents", "event_id"), ("articles", "story_id")))
    verdict = chance.choice(("join", "split"))
    wanted = {"join": "<>", "split": "="}[verdict]
    found = connection.execute(
        f"SELECT a.id, b.id FROM {table} AS a JOIN {table} AS b ON a.{cluster} {wanted} b.{cluster} AND a.id < b.id"
        " ORDER BY (a.id * %s + b.id) %% 101 LIMIT 1".encode(),
        (chance.randrange(100),),
    ).fetchone()
    if found:
        decide(connection, run, Decision(table.removesuffix("s"), (found[0], found[1]), verdict, "li"))


ACTS = {load: 50, take_down: 8, lift: 6, correct: 12, revoke: 8, judge: 16}  # with their weights


def differences(source: Connection, copy: Connection) -> list[Any]:
    """Rows that only one side has. `sightings` may lag, as the document says."""
    found: list[Any] = []
    for table, view in recipe()["COPIED"].items():
        here = source.execute(
            f"SELECT (to_jsonb(v) - 'sightings')::text AS r, count(*) FROM {view} AS v GROUP BY r".encode()
        ).fetchall()
        there = copy.execute(
            f"SELECT (row - 'sightings')::text AS r, count(*) FROM {table} GROUP BY r".encode()
        ).fetchall()
        found += set(here) ^ set(there)
    return found


def play(url: str, copy_url: str, seed: int) -> tuple[int, list[Any]]:
    """One round: four writers and a follower at once, then the follower alone; changes followed, differences left."""
    names = recipe()
    followed = 0
    failed: list[BaseException] = []

    def writer(number: int) -> None:
        try:
            write(url, seed * WRITERS + number)
        except BaseException as e:
            failed.append(e)

    writers = [threading.Thread(target=writer, args=(n,)) for n in range(WRITERS)]
    with connect(url) as source, psycopg.connect(copy_url, autocommit=True) as copy:
        copy.execute(names["TABLES"])
        for thread in writers:
            thread.start()
        while any(thread.is_alive() for thread in writers):
            followed += names["follow"](source, copy, 7)
        while step := names["follow"](source, copy, 7):
            followed += step
        if failed:
            raise failed[0]
        return followed, differences(source, copy)


def fresh(server: str, name: str, template: str = "template0") -> str:
    """A new database of that name, empty or a copy of `template`."""
    from tests.conftest import create, drop, on_database

    drop(server, name)
    create(server, name, template)
    return on_database(server, name)


def main(rounds: int, server: str) -> None:
    """Play, each round in a database of its own, and tell what was followed."""
    from etl.rules import load_rules

    total: Counter[str] = Counter()
    wrong = 0
    template = fresh(server, "feed_template")
    migrate.upgrade(template)
    with connect(template) as connection:
        lookups.sync(connection, load_rules())
    for seed in range(rounds):
        url = fresh(server, "feed_source", "feed_template")
        _, left = play(url, fresh(server, "feed_copy"), seed)
        wrong += bool(left)
        with connect(url) as connection:
            total.update(
                f"{entity} {operation}"
                for entity, operation in connection.execute("SELECT entity, operation FROM changes")
            )
    told = ", ".join(f"{name} {n}" for name, n in sorted(total.items()))
    print(f"{rounds} rounds, {total.total()} changes, {wrong} rounds with a difference: {told}")


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    if len(sys.argv) > 2:
        main(rounds, sys.argv[2])
    else:
        with tempfile.TemporaryDirectory() as home, embedded.session(Path(home)) as server:
            main(rounds, server)
