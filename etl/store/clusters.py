"""Clusters in the database: everything connected with what was touched is clustered again, and its ids written.

The id of a story or event is the smallest id in it. What people decided comes first: who was joined by
hand is in one cluster, who was split is never. Apart from that pairs are joined in order of their strength, ties by
content hash, unless two members of the whole contradict each other: notices filled into one template, or incidents
that can't be one. So an excerpt that lacks what tells two notices apart does not bring them together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg.types.json import Jsonb

from etl.rules import load_rules
from etl.stages.link.clusters import distinct, merge, singles
from etl.stages.link.events import contradiction
from etl.store.batch import Batch
from etl.store.told import incidents_told

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """Stories or events: whose clusters they are, and where members, ids and pairs stand."""

    entity: str
    cluster: str
    members: LiteralString  # id, cluster id, whether it counts: of all in the clusters of some ids
    pairs: LiteralString  # a, b, strength: of all pairs of some ids
    write: LiteralString


STORY = Kind(
    "article",
    "story",
    "SELECT id, story_id, true FROM articles"
    " WHERE story_id IN (SELECT story_id FROM articles WHERE id = ANY(%s))",
    "SELECT a_id, b_id, greatest(resemblance, containment) FROM story_pairs WHERE joined AND a_id = ANY(%s)"
    " UNION SELECT a_id, b_id, greatest(resemblance, containment) FROM story_pairs WHERE joined AND b_id = ANY(%s)",
    "UPDATE articles AS m SET story_id = n.cluster, run_id = %s"
    " FROM unnest(%s::bigint[], %s::bigint[]) AS n (id, cluster) WHERE m.id = n.id",
)
EVENT = Kind(
    "incident",
    "event",
    "SELECT id, event_id, withdrawn_at IS NULL FROM incidents"
    " WHERE event_id IN (SELECT event_id FROM incidents WHERE id = ANY(%s))",
    "SELECT a_id, b_id, score FROM event_pairs WHERE a_id = ANY(%s)"
    " UNION SELECT a_id, b_id, score FROM event_pairs WHERE b_id = ANY(%s)",
    "UPDATE incidents AS m SET event_id = n.cluster, run_id = %s"
    " FROM unnest(%s::bigint[], %s::bigint[]) AS n (id, cluster) WHERE m.id = n.id",
)
TEMPLATES: LiteralString = (
    "SELECT a_id, b_id FROM story_pairs"
    " WHERE relation = 'same_template' AND a_id = ANY(%s) AND b_id = ANY(%s)"
)
KEYS: LiteralString = "SELECT id, content_hash FROM articles WHERE id = ANY(%s)"
DECIDED: LiteralString = (
    "SELECT a_id, b_id, verdict FROM link_verdicts WHERE entity = %s AND (a_id = ANY(%s) OR b_id = ANY(%s))"
)


@dataclass(slots=True)
class Connected:
    """Whatever can end up in one cluster with some rows: clusters now, who counts, pairs, and decisions."""

    now: dict[int, int] = field(default_factory=dict)
    live: set[int] = field(default_factory=set)
    strength: dict[Pair, float] = field(default_factory=dict)
    joined: set[Pair] = field(default_factory=set)
    split: set[Pair] = field(default_factory=set)

    def forbidden(self, a: int, b: int) -> bool:
        """Whether people split these two."""
        return (min(a, b), max(a, b)) in self.split


def recluster_stories(batch: Batch, touched: Iterable[int]) -> None:
    """Give the articles connected with `touched` their stories."""
    recluster(batch, STORY, touched)


def recluster_events(batch: Batch, touched: Iterable[int]) -> None:
    """Give the incidents connected with `touched` their events."""
    recluster(batch, EVENT, touched)


def recluster(batch: Batch, kind: Kind, touched: Iterable[int]) -> None:
    found = connected(batch, kind, touched)
    if found.now:
        clusters = story_clusters(batch, found) if kind is STORY else event_clusters(batch, found)
        write_clusters(batch, kind, found.now, clusters)


def connected(batch: Batch, kind: Kind, touched: Iterable[int]) -> Connected:
    """Everything reached from `touched` over pairs, decisions and present clusters."""
    found = Connected()
    todo = set(touched)
    while todo:
        fresh = set()
        for number, cluster, live in batch.rows(kind.members, list(todo)):
            if number not in found.now:
                fresh.add(number)
                found.now[number] = cluster
                if live:
                    found.live.add(number)
        todo = set()
        some = list(fresh)
        for a, b, strength in batch.rows(kind.pairs, some, some) if some else ():
            found.strength[a, b] = strength
            todo |= {a, b}
        for a, b, verdict in batch.rows(DECIDED, kind.entity, some, some) if some else ():
            (found.joined if verdict == "join" else found.split).add((a, b))
            todo |= {a, b} if verdict == "join" else set()
        todo -= found.now.keys()
    return found


def story_clusters(batch: Batch, found: Connected) -> list[set[int]]:
    """The stories of what was found."""
    clustering = singles(found.live)
    merge(clustering, sorted(found.joined), found.forbidden)
    members = list(found.live)
    apart = set(batch.rows(TEMPLATES, members, members) if len(found.strength) > 1 else ()) - found.joined
    keys: dict[int, bytes] = dict(batch.rows(KEYS, members)) if apart or found.split else {}

    def forbidden(a: int, b: int) -> bool:
        return found.forbidden(a, b) or (min(a, b), max(a, b)) in apart

    def strongest(pair: Pair) -> tuple[float, list[bytes], Pair]:
        return -found.strength[pair], sorted(keys[n] for n in pair if n in keys), pair

    merge(clustering, sorted(found.strength, key=strongest), forbidden)
    return distinct(clustering)


def event_clusters(batch: Batch, found: Connected) -> list[set[int]]:
    """The events of what was found, each connected part by itself."""
    pairs = [pair for pair in (*found.joined, *found.strength) if found.live.issuperset(pair)]
    loose = singles(found.live)
    merge(loose, pairs)
    inside: dict[int, list[Pair]] = {}
    for pair in pairs:
        inside.setdefault(min(loose[pair[0]]), []).append(pair)
    return [
        cluster
        for part in distinct(loose)
        for cluster in event_part(batch, found, part, inside.get(min(part), []))
    ]


def event_part(batch: Batch, found: Connected, part: set[int], pairs: Collection[Pair]) -> list[set[int]]:
    """The events among members that pairs connect. Two alone need no look: contradicting pairs are not stored."""
    clustering = singles(part)
    merge(clustering, sorted(found.joined.intersection(pairs)), found.forbidden)
    if len(part) <= 2:
        merge(clustering, pairs, found.forbidden)
        return distinct(clustering)
    told, rules = incidents_told(batch, part), load_rules().link
    scored = sorted(
        found.strength.keys() & set(pairs),
        key=lambda p: (-found.strength[p], *sorted((told[p[0]].key, told[p[1]].key))),
    )

    def contradict(a: int, b: int) -> bool:
        pair = (min(a, b), max(a, b))
        if (
            pair in found.split or pair in found.joined or pair in found.strength
        ):  # none that contradict are stored
            return pair in found.split
        return contradiction(told[a], told[b], rules) is not None

    merge(clustering, scored, contradict)
    return distinct(clustering)


def write_clusters(batch: Batch, kind: Kind, now: Mapping[int, int], clusters: Collection[set[int]]) -> None:
    """Write the ids that differ from those of `now`, and tell of merges and splits. Who is in no cluster is alone."""
    wanted = {number: number for number in now} | {n: min(c) for c in clusters for n in c}
    moved = {number: cluster for number, cluster in wanted.items() if now[number] != cluster}
    if not moved:
        return
    batch.do(kind.write, batch.run.id, list(moved), list(moved.values()))
    inserted = {
        number
        for entity, number, operation, _ in batch.changes
        if (entity, operation) == (kind.entity, "insert")
    }
    for number in sorted(moved.keys() - inserted):
        batch.changed(kind.entity, number, "update")
    before = {number: cluster for number, cluster in now.items() if number not in inserted}
    for cluster, others in regrouped(before, wanted).items():
        batch.changed(kind.cluster, cluster, "merge", Jsonb({"merged": others}))
    after = {number: wanted[number] for number in before}
    for cluster, others in regrouped(after, before).items():
        batch.changed(kind.cluster, cluster, "split", Jsonb({"into": others}))


def regrouped(before: Mapping[int, int], after: Mapping[int, int]) -> dict[int, list[int]]:
    """Clusters of `after` that hold members of several clusters of `before`: after -> those of before.

    >>> regrouped({1: 1, 2: 2, 3: 3}, {1: 1, 2: 1, 3: 3})
    {1: [1, 2]}
    """
    parts: dict[int, set[int]] = {}
    for number, cluster in before.items():
        parts.setdefault(after[number], set()).add(cluster)
    return {cluster: sorted(others) for cluster, others in sorted(parts.items()) if len(others) > 1}
