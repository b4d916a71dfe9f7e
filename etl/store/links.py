"""Stories and events of a batch, in its own transaction: find pairs, judge them, cluster what they touch.

What is new is looked up in an index of signature bands or of units and days, so the cost grows with what is
new. Verdicts are stored; clusters are made again from the verdicts inside them, so that no order of
loading shows in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from etl.model import Processed, Signature
from etl.rules import load_rules
from etl.rules.link import LinkRules
from etl.stages.link.clusters import merge, singles
from etl.stages.link.events import EventVerdict, akin, joined
from etl.stages.link.signature import SCHEME
from etl.stages.link.stories import StoryVerdict, Telling, may_relate, relate, telling
from etl.store.batch import Batch
from etl.store.clusters import recluster_events, recluster_stories
from etl.store.engine import Connection
from etl.store.told import incidents_told

Pair = tuple[int, int]  # ids, the smaller first
PAIRS_AT_ONCE = 500  # pairs whose texts are in memory at a time


def link(batch: Batch) -> None:
    """Stories of the articles with a new text, events of the articles with new incidents."""
    rules = load_rules().link
    link_stories(batch, rules)
    link_events(batch, batch.retold | batch.signatures.keys(), rules)


def outdated(connection: Connection) -> bool:
    """Whether signatures are stored that an earlier version made, with which today's have hardly a key in common.

    The oldest tells: linking from scratch makes all of them anew.
    """
    first = connection.execute("SELECT scheme FROM article_signatures ORDER BY article_id LIMIT 1").fetchone()
    return first is not None and first[0] != SCHEME


def unlink(batch: Batch, article_id: int) -> None:
    """Take an article whose text was erased, and its incidents, out of everything that linking made of them."""
    touched = forget_articles(batch, [article_id])
    recluster_stories(batch, touched | {article_id})
    told = batch.rows("SELECT id FROM incidents WHERE article_id = %s", article_id)
    recluster_events(batch, forget_incidents(batch, [article_id]) | {row[0] for row in told})


def portions(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    """The pairs, so many at a time that their texts fit into memory."""
    return (pairs[at : at + PAIRS_AT_ONCE] for at in range(0, len(pairs), PAIRS_AT_ONCE))


# ---------------------------------------------------------------- stories


def foresee_stories(batch: Batch, new: Mapping[int, Processed]) -> dict[int, int]:
    """article id -> the story it will be in, for articles about to be written.

    An article written with the id of its story need not be updated, which would cost what writing it costs,
    search index and all. What people decided is left to clustering.
    """
    for number, done in new.items():
        assert done.article is not None and done.content_hash is not None
        batch.texts[number] = (done.article.body, done.article.published_at, done.content_hash)
        if done.signature is not None:
            batch.signatures[number] = done.signature
    signatures = {number: batch.signatures[number] for number in new if number in batch.signatures}
    batch.stories = judge_stories(batch, signatures, load_rules().link)
    pairs = [pair for pair, verdict in batch.stories.items() if verdict.joined]
    others = sorted({number for pair in pairs for number in pair} - new.keys())
    stored = batch.rows("SELECT id, story_id FROM articles WHERE id = ANY(%s)", others) if others else []
    stories = {number: number for number in new} | dict(stored)
    clustering = singles(stories.values())
    merge(clustering, ((stories[a], stories[b]) for a, b in pairs))
    return {number: min(clustering[number]) for number in new}


def link_stories(batch: Batch, rules: LinkRules) -> None:
    """Store what is alike to the new articles, find what is alike to changed ones, and cluster what they touch."""
    new = {number: s for number, s in batch.signatures.items() if number in batch.texts}
    changed = {number: s for number, s in batch.signatures.items() if number not in batch.texts}
    touched = forget_articles(batch, sorted(changed)) if changed else set()
    verdicts = {pair: v for pair, v in batch.stories.items() if changed.keys().isdisjoint(pair)}
    store_stories(batch, new, verdicts)
    verdicts |= find_stories(batch, changed, rules)
    for (a, b), verdict in verdicts.items():
        if verdict.joined:
            touched |= {a, b}
    recluster_stories(batch, touched)


def forget_articles(batch: Batch, article_ids: Sequence[int]) -> set[int]:
    """Take back signatures and pairs of articles that get a new text; these and all they were joined to."""
    known = batch.rows(
        "SELECT article_id, bands FROM article_signatures WHERE article_id = ANY(%s)", article_ids
    )
    if not known:
        return set()
    ids = [row[0] for row in known]
    keys = [key for _, bands in known for key in bands]
    batch.do("DELETE FROM article_bands WHERE key = ANY(%s) AND article_id = ANY(%s)", keys, ids)
    batch.do("DELETE FROM article_signatures WHERE article_id = ANY(%s)", ids)
    gone = batch.rows(
        "DELETE FROM story_pairs WHERE a_id = ANY(%s) OR b_id = ANY(%s) RETURNING a_id, b_id", ids, ids
    )
    return {*ids, *(number for pair in gone for number in pair)}


def find_stories(
    batch: Batch, signatures: Mapping[int, Signature], rules: LinkRules
) -> dict[Pair, StoryVerdict]:
    """Store the signatures of these articles, and the verdicts on their pairs, with each other and all stored ones."""
    verdicts = judge_stories(batch, signatures, rules)
    store_stories(batch, signatures, verdicts)
    return verdicts


def judge_stories(
    batch: Batch, signatures: Mapping[int, Signature], rules: LinkRules
) -> dict[Pair, StoryVerdict]:
    """The verdicts on the pairs of these articles, with each other and with all whose signatures are stored."""
    return dict(judged(batch, candidates(batch, signatures), rules)) if signatures else {}


def store_stories(
    batch: Batch, signatures: Mapping[int, Signature], verdicts: Mapping[Pair, StoryVerdict]
) -> None:
    """Write signatures and verdicts."""
    columns = ("article_id", "scheme", "chars", "facts", "bands")
    batch.copy(
        "article_signatures",
        columns,
        [(n, s.scheme, s.chars, array(s.facts), array(s.bands)) for n, s in signatures.items()],
    )
    keys = sorted({(key, number) for number, s in signatures.items() for key in s.bands})
    batch.copy_numbers("article_bands", ("key", "article_id"), keys)
    batch.copy(
        "story_pairs",
        ("a_id", "b_id", "relation", "joined", "resemblance", "containment", "reasons"),
        [
            (a, b, v.relation, v.joined, v.resemblance, v.containment, list(v.reasons))
            for (a, b), v in verdicts.items()
        ],
    )


def array(numbers: Iterable[int]) -> str:
    """An array as PostgreSQL writes it: several times quicker than letting the driver do it.

    >>> array([3, -4])
    '{3,-4}'
    """
    return f"{{{','.join(map(str, numbers))}}}"


def candidates(batch: Batch, signatures: Mapping[int, Signature]) -> list[Pair]:
    """Pairs of these articles, with each other and with stored ones, that share keys and facts enough, in order."""
    holders: dict[int, list[int]] = {}
    for number in sorted(signatures):
        for key in set(signatures[number].bands):
            holders.setdefault(key, []).append(number)
    stored = batch.rows(
        "SELECT key, article_id FROM article_bands WHERE key = ANY(%s)", array(sorted(holders))
    )
    found = {(min(number, other), max(number, other)) for key, other in stored for number in holders[key]}
    found |= {pair for some in holders.values() if len(some) > 1 for pair in combinations(some, 2)}
    others = sorted({other for _, other in stored})
    facts = {number: frozenset(s.facts) for number, s in signatures.items()}
    facts |= {
        number: frozenset(told)
        for number, told in batch.rows(
            "SELECT article_id, facts FROM article_signatures WHERE article_id = ANY(%s)", others
        )
    }
    return sorted((a, b) for a, b in found if may_relate(facts[a], facts[b]))


def judged(batch: Batch, pairs: Sequence[Pair], rules: LinkRules) -> Iterator[tuple[Pair, StoryVerdict]]:
    """The pairs whose texts are alike, with their verdicts."""
    for some in portions(pairs):
        told = tellings(batch, {number for pair in some for number in pair}, rules)
        for a, b in some:
            verdict = relate(told[a], told[b], rules)
            if verdict is not None:
                yield (a, b), verdict


def tellings(batch: Batch, article_ids: Collection[int], rules: LinkRules) -> dict[int, Telling]:
    """Articles made ready for comparison."""
    texts = {number: batch.texts[number] for number in article_ids if number in batch.texts}
    if others := [number for number in article_ids if number not in texts]:
        for number, *text in batch.rows(
            "SELECT id, body, published_at, content_hash FROM articles WHERE id = ANY(%s)", others
        ):
            texts[number] = (text[0], text[1], text[2])
    return {number: telling(*text, rules) for number, text in texts.items()}


# ---------------------------------------------------------------- events


def link_events(batch: Batch, article_ids: Collection[int], rules: LinkRules) -> None:
    """Find what else tells the incidents of these articles, and cluster what that touches."""
    if not article_ids:
        return
    touched = forget_incidents(batch, article_ids)
    for pair in find_events(batch, article_ids, rules):
        touched |= set(pair)
    recluster_events(batch, touched)


def forget_incidents(batch: Batch, article_ids: Collection[int]) -> set[int]:
    """Take back the pairs of these articles' incidents; all that were in them or were decided about by people."""
    ids = [
        row[0] for row in batch.rows("SELECT id FROM incidents WHERE article_id = ANY(%s)", list(article_ids))
    ]
    gone = batch.rows(
        "DELETE FROM event_pairs WHERE a_id = ANY(%s) OR b_id = ANY(%s) RETURNING a_id, b_id", ids, ids
    )
    decided = batch.rows(
        "SELECT i.id FROM incidents AS i JOIN link_verdicts AS v ON v.entity = 'incident' AND i.id IN (v.a_id, v.b_id)"
        " WHERE i.article_id = ANY(%s)",
        list(article_ids),
    )
    return {number for row in (*gone, *decided) for number in row}


def find_events(
    batch: Batch, article_ids: Collection[int], rules: LinkRules, until: int | None = None
) -> dict[Pair, EventVerdict]:
    """Store and return the verdicts on pairs of these articles' incidents with all others, of those that join.

    `until`: with those of articles up to this id only.
    """
    pairs = event_candidates(batch, article_ids, rules, until)
    told = incidents_told(batch, {number for pair in pairs for number in pair})
    verdicts: dict[Pair, EventVerdict] = {}
    for a, b in pairs:
        if verdict := joined(told[a], told[b], rules):
            verdicts[a, b] = verdict
    batch.copy(
        "event_pairs",
        ("a_id", "b_id", "score", "reasons"),
        [(a, b, v.score, list(v.reasons)) for (a, b), v in verdicts.items()],
    )
    return verdicts


def event_candidates(
    batch: Batch, article_ids: Collection[int], rules: LinkRules, until: int | None
) -> list[Pair]:
    """Pairs of incidents of different articles worth weighing: one unit or district within a day, or one story.

    Those that name different divisions contradict each other and are left out: there is a 城关派出所 in every county.
    OFFSET 0 keeps every look-up one by an index. Left to itself the planner takes a batch for so much that it reads
    whole tables.
    """
    ids = list(article_ids)
    found = batch.rows(
        "WITH n AS (SELECT * FROM unnest(%s::bigint[]) AS a (article),"
        "   LATERAL (SELECT id, province, city, district, station, kind, occurred_on FROM incidents"
        "     WHERE article_id = article AND withdrawn_at IS NULL OFFSET 0) AS i),"
        " o AS ("
        " SELECT n.id AS one, i.id AS other, i.article_id, NULL AS kind, NULL AS other_kind FROM n, LATERAL"
        "   (SELECT * FROM incidents WHERE station = n.station"
        "     AND occurred_on BETWEEN n.occurred_on - 1 AND n.occurred_on + 1 OFFSET 0) AS i"
        "   WHERE i.withdrawn_at IS NULL AND i.article_id <> n.article AND (i.province = n.province) IS NOT FALSE"
        "   AND (i.city = n.city) IS NOT FALSE AND (i.district = n.district) IS NOT FALSE"
        " UNION"
        " SELECT n.id, i.id, i.article_id, n.kind, i.kind FROM n, LATERAL"
        "   (SELECT * FROM incidents WHERE district = n.district"
        "     AND occurred_on BETWEEN n.occurred_on - 1 AND n.occurred_on + 1 OFFSET 0) AS i"
        "   WHERE i.withdrawn_at IS NULL AND i.article_id <> n.article AND (i.province = n.province) IS NOT FALSE"
        "   AND (i.city = n.city) IS NOT FALSE"
        " UNION"
        " SELECT n.id, i.id, i.article_id, NULL, NULL FROM n, LATERAL"
        "   (SELECT b_id AS article FROM story_pairs WHERE joined AND a_id = n.article"
        "     UNION ALL SELECT a_id FROM story_pairs WHERE joined AND b_id = n.article OFFSET 0) AS p, LATERAL"
        "   (SELECT * FROM incidents WHERE article_id = p.article OFFSET 0) AS i"
        "   WHERE i.withdrawn_at IS NULL)"
        " SELECT least(one, other), greatest(one, other), kind, other_kind FROM o"
        " WHERE %s::bigint IS NULL OR article_id <= %s",
        ids,
        until,
        until,
    )
    return sorted({(a, b) for a, b, kind, other in found if kind is None or akin(kind, other, rules)})
