"""What people decide about two articles or incidents, and why the program decided as it did."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

from etl.errors import ConfigError
from etl.rules.link import LinkRules
from etl.stages.link.events import score
from etl.stages.link.stories import relate
from etl.store.batch import Batch
from etl.store.clusters import EVENT, STORY, recluster
from etl.store.engine import Connection
from etl.store.links import tellings
from etl.store.query import records
from etl.store.runs import Counts, Run, fence
from etl.store.told import incidents_told

Pair = tuple[int, int]
KINDS = {"article": STORY, "incident": EVENT}
MEMBERS: dict[str, LiteralString] = {
    "article": "SELECT id, story_id FROM articles WHERE id = ANY(%s)",
    "incident": "SELECT id, event_id FROM incidents WHERE id = ANY(%s)",
}
CLUSTERS: dict[str, LiteralString] = {
    "article": "SELECT id FROM articles WHERE story_id = %s",
    "incident": "SELECT id FROM incidents WHERE event_id = %s",
}
JOINED: LiteralString = (
    "SELECT a_id, b_id FROM link_verdicts WHERE entity = %s AND verdict = 'join' AND a_id = ANY(%s)"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's verdict on two of an entity, `article` or `incident`: `join`, `split`, or `undo` of either."""

    entity: str
    pair: Pair
    verdict: str
    by: str
    note: str | None = None


def decide(connection: Connection, run: Run, decision: Decision) -> Pair:
    """Record that two articles or incidents belong together or not, and cluster them anew.

    Returns their clusters. A later decision on the same two replaces the earlier. Raises as `check` does.
    """
    entity, pair = decision.entity, decision.pair
    with connection.transaction():
        batch = Batch(connection, run, datetime.now(UTC))
        batch.lock()
        check(connection, decision)
        if decision.verdict == "undo":
            batch.do(
                "DELETE FROM link_verdicts WHERE entity = %s AND a_id = %s AND b_id = %s",
                entity,
                *sorted(pair),
            )
        else:
            batch.do(
                "INSERT INTO link_verdicts (entity, a_id, b_id, verdict, decided_by, note)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (entity, a_id, b_id) DO UPDATE SET verdict = excluded.verdict,"
                " decided_by = excluded.decided_by, note = excluded.note, decided_at = now()",
                entity, *sorted(pair), decision.verdict, decision.by, decision.note,
            )  # fmt: skip
        recluster(batch, KINDS[entity], pair)
        batch.write_changes()
        fence(connection, run, Counts())
        clusters = present(batch, entity, pair)
    return clusters[pair[0]], clusters[pair[1]]


def check(connection: Connection, decision: Decision) -> None:
    """Raise ConfigError if a decision can't be taken: one of the two does not exist, or nothing is to be undone."""
    batch = Batch(connection, Run(0, "", ""), datetime.now(UTC))
    entity, pair = decision.entity, sorted(decision.pair)
    present(batch, entity, (pair[0], pair[1]))
    if decision.verdict == "undo" and not batch.rows(
        "SELECT FROM link_verdicts WHERE entity = %s AND a_id = %s AND b_id = %s", entity, *pair
    ):
        raise ConfigError(f"nobody has decided on {entity}s {pair[0]} and {pair[1]}")


def present(batch: Batch, entity: str, pair: Pair) -> dict[int, int]:
    """The clusters of two members. Raises ConfigError if one does not exist, or both are the same."""
    found: dict[int, int] = dict(batch.rows(MEMBERS[entity], list(pair)))
    for number in pair:
        if number not in found:
            raise ConfigError(f"there is no {entity} {number}")
    if pair[0] == pair[1]:
        raise ConfigError(f"{entity} {pair[0]} can't be compared with itself")
    return found


def why(connection: Connection, entity: str, pair: Pair, rules: LinkRules) -> dict[str, Any]:
    """Why two articles or incidents are in one cluster, or not: the verdict on the two, what people decided,
    and, where they are together without a pair of their own, the chain of pairs that connects them.

    Raises ConfigError if one of the two does not exist.
    """
    batch = Batch(connection, Run(0, "", ""), datetime.now(UTC))
    a, b = sorted(pair)
    clusters = present(batch, entity, (a, b))
    decided = records(
        connection,
        "SELECT verdict, decided_by, decided_at, note FROM link_verdicts WHERE entity = %s AND a_id = %s AND b_id = %s",
        entity, a, b,
    )  # fmt: skip
    together = clusters[a] == clusters[b]
    judged = (
        judge_articles(batch, a, b, rules) if entity == "article" else judge_incidents(batch, a, b, rules)
    )
    return {
        "entity": entity,
        "a": a,
        "b": b,
        "together": together,
        "cluster": clusters[a] if together else None,
        **judged,
        "decided": decided[0] if decided else None,
        "chain": chain(batch, entity, clusters[a], a, b) if together else [],
    }


def judge_articles(batch: Batch, a: int, b: int, rules: LinkRules) -> dict[str, Any]:
    """The verdict on two articles as it would be given today."""
    told = tellings(batch, (a, b), rules)
    verdict = relate(told[a], told[b], rules)
    if verdict is None:
        return {"joins": False, "relation": None, "reasons": ["texts are not alike"]}
    return {
        "joins": verdict.joined,
        "relation": verdict.relation,
        "resemblance": round(verdict.resemblance, 3),
        "containment": round(verdict.containment, 3),
        "reasons": list(verdict.reasons),
    }


def judge_incidents(batch: Batch, a: int, b: int, rules: LinkRules) -> dict[str, Any]:
    """The verdict on two incidents as it would be given today."""
    told = incidents_told(batch, (a, b))
    verdict = score(told[a], told[b], rules)
    weights = {name: f"{name} {weight:+}" for name, weight in rules.weights.items()}
    return {
        "joins": verdict.score >= rules.threshold and verdict.contradiction is None,
        "score": verdict.score,
        "threshold": rules.threshold,
        "contradiction": verdict.contradiction,
        "reasons": [weights.get(reason, reason) for reason in verdict.reasons],
    }


def chain(batch: Batch, entity: str, cluster: int, a: int, b: int) -> list[int]:
    """The shortest way from one member of a cluster to another over joined pairs and human joins."""
    ids = [row[0] for row in batch.rows(CLUSTERS[entity], cluster)]
    beside: dict[int, list[int]] = {number: [] for number in ids}
    pairs = [row[:2] for row in batch.rows(KINDS[entity].pairs, ids, ids)]
    for one, other in (*pairs, *batch.rows(JOINED, entity, ids)):
        if one in beside and other in beside:
            beside[one].append(other)
            beside[other].append(one)
    came: dict[int, int] = {a: a}
    todo = deque([a])
    while todo and b not in came:
        at = todo.popleft()
        for other in sorted(beside[at]):
            if other not in came:
                came[other] = at
                todo.append(other)
    if b not in came:
        return []
    way = [b]
    while way[-1] != a:
        way.append(came[way[-1]])
    return way[::-1]
