"""Linking measured on generated articles: what it finds, beside two common methods, and its share of loading.

    python -m benchmarks.link [ARTICLES]

Pages are loaded as `etl run` loads them; stories and events are compared with the truth, pair by pair;
word-MinHash and a whitespace simhash get the same bodies.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from rensa import RMinHash

from benchmarks.link_data import Made, generate
from etl import jobs
from etl.rules import load_rules
from etl.settings import Settings
from etl.stages.link.clusters import merge, singles
from etl.stages.link.events import grams
from etl.stages.link.signature import signature
from etl.store import contents, embedded, links, lookups, migrate
from etl.store import load as loading
from etl.store.batch import Batch
from etl.store.engine import Connection, connect
from tests.eval import test_link


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs found and pairs there are."""

    found: int
    right: int
    wanted: int

    def __add__(self, other: Score) -> Score:
        return Score(self.found + other.found, self.right + other.right, self.wanted + other.wanted)

    def __str__(self) -> str:
        precision = self.right / self.found if self.found else 1.0
        recall = self.right / self.wanted if self.wanted else 1.0
        counts = f"{self.right} right of {self.found}, {self.wanted} wanted"
        return f"precision {precision:.4f}   recall {recall:.4f}   ({counts})"


def pairs_of(clusters: Mapping[Hashable, Hashable]) -> set[tuple[int, int]]:
    """All pairs of members (numbers) with the same cluster."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for member, cluster in clusters.items():
        members[cluster].append(member)  # type: ignore[arg-type]
    return {pair for some in members.values() for pair in combinations(sorted(some), 2)}


def compare(found: set[tuple[int, int]], wanted: set[tuple[int, int]]) -> Score:
    return Score(len(found), len(found & wanted), len(wanted))


# ---------------------------------------------------------------- loading


T = TypeVar("T")


@dataclass(slots=True)
class Spent:
    """What linking took: seconds by the clock, and of processor time, here and in the server.

    `server` is the processor time of the server's process so far, with all else that it did.
    """

    clock: float = 0.0
    cores: float = 0.0
    server: float = 0.0


@contextmanager
def timed_linking() -> Iterator[Spent]:
    """What batches spend in linking while the context lasts."""
    spent = Spent()

    def timed(step: Callable[..., T]) -> Callable[..., T]:
        def run(batch: Batch, *given: Any) -> T:
            process = batch.connection.info.backend_pid
            start, used = time.perf_counter(), time.process_time() + server_seconds(process)
            try:
                return step(batch, *given)
            finally:
                spent.server = server_seconds(process)
                spent.clock += time.perf_counter() - start
                spent.cores += time.process_time() + spent.server - used

        return run

    loading.link = timed(links.link)
    contents.foresee_stories = timed(links.foresee_stories)
    try:
        yield spent
    finally:
        loading.link = links.link
        contents.foresee_stories = links.foresee_stories


def server_seconds(process: int) -> float:
    """Processor time so far of a process of a server on this machine."""
    # time running and time waiting, in nanoseconds, and slices of time
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def write_pages(folder: Path, made: Sequence[Made]) -> None:
    """Every article as a file named by its number."""
    for m in made:
        target = folder / f"{m.number // 1000:04}" / f"{m.number:07}.txt"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(m.page(Random(m.number)))
        os.utime(target, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))


@contextmanager
def without_linking() -> Iterator[None]:
    """Batches are loaded without being linked while the context lasts."""
    loading.link = lambda batch: None
    contents.foresee_stories = lambda batch, new: {}
    try:
        yield
    finally:
        loading.link = links.link
        contents.foresee_stories = links.foresee_stories


def timed_load(folder: Path, url: str, made: Sequence[Made]) -> None:
    """Load the pages as `etl run` does, and print the share of linking.

    By the clock against a load without it, in turn; and by processor time, which others' work on the machine
    does not change: in the driver and its server, and the signatures in workers.
    """
    settings = Settings(database_url=url, settle_s=0)
    with own_server() as (_, other), without_linking():
        start = time.perf_counter()
        jobs.run([str(folder)], replace(settings, database_url=other))
        plain = time.perf_counter() - start
    with timed_linking() as spent:
        start, used = time.perf_counter(), own_seconds()
        jobs.run([str(folder)], settings)
        whole, cores = time.perf_counter() - start, own_seconds() - used + spent.server
    rules = load_rules().link
    start = time.process_time()
    for m in made[:2000]:
        signature(m.body, rules)
    each = (time.process_time() - start) / len(made[:2000])
    signing = each * len(made)
    signed = signing / settings.workers  # by the workers in both loads
    print(
        f"loaded in {whole:.1f} s, without linking in {plain:.1f} s, signatures {signed:.1f} s of both: ",
        end="",
    )
    print(f"share {(whole - plain + signed) / whole:.3f} by the clock")
    print(f"the driver is in linking for {spent.clock:.1f} s, workers go on meanwhile")
    print(f"processor time: {cores:.1f} s, linking {spent.cores:.1f} s, signatures {signing:.1f} s: ", end="")
    print(f"share {(spent.cores + signing) / cores:.3f} ({1e6 * each:.0f} µs for each signature)")


def own_seconds() -> float:
    """Processor time so far of this process and of those it started that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


# ---------------------------------------------------------------- two common methods


def word_minhash(bodies: Mapping[int, str]) -> set[tuple[int, int]]:
    """Pairs by MinHash over words, here runs of word characters: 128 values, 32 bands of 4, estimate from 0.5."""
    digests: dict[int, list[int]] = {}
    buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, body in bodies.items():
        sketch = RMinHash(num_perm=128, seed=1)
        sketch.update(re.findall(r"\w+", body))
        digests[number] = digest = sketch.digest()
        for band in range(32):
            buckets[band, *digest[4 * band : 4 * band + 4]].append(number)
    candidates = {pair for some in buckets.values() for pair in combinations(sorted(some), 2)}
    alike = {
        (a, b)
        for a, b in candidates
        if sum(x == y for x, y in zip(digests[a], digests[b], strict=True)) >= 64
    }
    return clustered(bodies, alike)


def whitespace_simhash(bodies: Mapping[int, str]) -> set[tuple[int, int]]:
    """Pairs by a 64-bit simhash of what white space separates, at most 3 bits apart."""
    prints: dict[int, int] = {}
    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, body in bodies.items():
        sums = [0] * 64
        for word in body.split():
            value = int.from_bytes(sha256(word.encode()).digest()[:8], "big")
            for bit in range(64):
                sums[bit] += 1 if value >> bit & 1 else -1
        prints[number] = whole = sum(1 << bit for bit in range(64) if sums[bit] > 0)
        for block in range(4):
            buckets[block, whole >> 16 * block & 0xFFFF].append(number)
    candidates = {pair for some in buckets.values() for pair in combinations(sorted(some), 2)}
    return clustered(bodies, {(a, b) for a, b in candidates if (prints[a] ^ prints[b]).bit_count() <= 3})


def clustered(bodies: Mapping[int, str], pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """All pairs of the connected components of `pairs`."""
    clustering = singles(bodies)
    merge(clustering, pairs)
    return pairs_of({number: min(cluster) for number, cluster in clustering.items()})


METHODS = {"word-MinHash": word_minhash, "whitespace simhash": whitespace_simhash}

# ---------------------------------------------------------------- quality


def story_truth(made: Sequence[Made], articles: Mapping[int, int]) -> dict[int, int]:
    """article id -> story, as generated; `articles` gives the article id of each number."""
    return {articles[m.number]: m.story for m in made if m.number in articles}


def event_truth(connection: Connection, made: Sequence[Made], articles: Mapping[int, int]) -> dict[int, int]:
    """incident id -> event, for extracted incidents whose evidence is mostly one generated passage."""
    stored: dict[int, list[tuple[int, frozenset[str]]]] = defaultdict(list)
    for number, article, evidence in connection.execute(
        "SELECT i.id, article_id, substr(body, evidence_start + 1, evidence_end - evidence_start)"
        " FROM incidents AS i JOIN articles AS a ON a.id = article_id ORDER BY i.id"
    ):
        stored[article].append((number, grams(evidence)))
    truth: dict[int, int] = {}
    for m in made:
        free = dict(stored.get(articles.get(m.number, 0), ()))
        for event, passage in m.told:
            told = grams(passage)
            best = max(free, key=lambda n: len(free[n] & told), default=None)
            if best is not None and len(free[best] & told) >= 0.5 * min(len(free[best]), len(told)):
                truth[best] = event.number
                del free[best]
    return truth


def report_misses(
    made: Sequence[Made], articles: Mapping[int, int], missed: Iterable[tuple[int, int]]
) -> str:
    roles = {articles[m.number]: m.role for m in made if m.number in articles}
    counted = Counter("+".join(sorted((roles[a], roles[b]))) for a, b in missed)
    return ", ".join(f"{kind} {n}" for kind, n in counted.most_common(8))


@contextmanager
def own_server() -> Iterator[tuple[Path, str]]:
    """A folder of its own and an embedded server in it; the folder goes when the server is down."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        try:
            with embedded.session(scratch / "home") as url:
                yield scratch, url
        finally:
            embedded.stop(scratch / "home")


def quality(articles: int = 20_000) -> None:
    made = list(generate(articles))
    print(f"{len(made)} articles: {dict(Counter(m.role for m in made).most_common())}", flush=True)
    with own_server() as (scratch, url):
        folder = scratch / "pages"
        folder.mkdir()
        write_pages(folder, made)
        timed_load(folder, url, made)
        with connect(url, limits=False) as connection:
            numbers = {
                int(Path(path).stem): article
                for path, article in connection.execute(
                    "SELECT path, article_id FROM sightings AS s JOIN source_files AS f ON f.id = s.source_file_id"
                )
            }
            print_stories(connection, made, numbers)
            print_events(connection, made, numbers)
    print_by_hand()


def print_stories(connection: Connection, made: Sequence[Made], numbers: Mapping[int, int]) -> None:
    wanted = pairs_of(story_truth(made, numbers))
    found = pairs_of(dict(connection.execute("SELECT id, story_id FROM articles").fetchall()))
    notices = {numbers[m.number] for m in made if m.role == "notice"}
    merged = sum(1 for a, b in found - wanted if a in notices and b in notices)
    print(f"stories              {compare(found, wanted)}   template notices merged: {merged}")
    bodies = dict(connection.execute("SELECT id, body FROM articles").fetchall())
    for name, method in METHODS.items():
        theirs = method(bodies)
        merged = sum(1 for a, b in theirs - wanted if a in notices and b in notices)
        print(f"  {name:18} {compare(theirs, wanted)}   template notices merged: {merged}")
    print(f"  missed: {report_misses(made, numbers, wanted - found)}")
    print(f"  wrong:  {report_misses(made, numbers, found - wanted)}")
    print(
        f"  relations: {dict(connection.execute('SELECT relation, count(*) FROM story_pairs GROUP BY 1').fetchall())}"
    )


def print_by_hand() -> None:
    """The pairs written by hand: stories and events of ours, stories of the two methods, which know no events."""
    ours, events, theirs = Score(0, 0, 0), Score(0, 0, 0), {name: Score(0, 0, 0) for name in METHODS}
    for half in test_link.HALVES:
        with own_server() as (_, url):
            migrate.upgrade(url)
            with connect(url) as connection:
                lookups.sync(connection, load_rules())
                pairs = test_link.pairs(connection, half)
        labelled = list(enumerate(test_link.texts(half)))
        grouped = [(x, y) for x, y in combinations(labelled, 2) if x[1][0] == y[1][0]]
        inside = {(m, n) for (m, _), (n, _) in grouped}
        wanted = {(m, n) for (m, (_, one)), (n, (_, two)) in grouped if one["story"] == two["story"]}
        ours += Score(
            sum(p.one_story for p in pairs), sum(p.one_story and p.same_story for p in pairs), len(wanted)
        )
        events += Score(
            sum(p.one_event for p in pairs),
            sum(p.one_event and p.same_event for p in pairs),
            sum(p.same_event for p in pairs),
        )
        bodies = {number: text["body"] for number, (_, text) in labelled}
        for name, method in METHODS.items():
            theirs[name] += compare(method(bodies) & inside, wanted)
    print(f"by hand: stories     {ours}")
    for name, score in theirs.items():
        print(f"  {name:18} {score}")
    print(f"by hand: events      {events}")


def print_events(connection: Connection, made: Sequence[Made], numbers: Mapping[int, int]) -> None:
    truth = event_truth(connection, made, numbers)
    told = sum(len(m.told) for m in made)
    stored = dict(connection.execute("SELECT id, event_id FROM incidents").fetchall())
    wanted = pairs_of(truth)
    found = pairs_of({n: e for n, e in stored.items() if n in truth})
    print(f"events               {compare(found, wanted)}   ({len(truth)} of {told} passages extracted)")
    where = dict(connection.execute("SELECT id, article_id FROM incidents").fetchall())
    for name, pairs in (("missed", wanted - found), ("wrong", found - wanted)):
        as_articles = [(where[a], where[b]) for a, b in pairs]
        print(f"  {name}: {report_misses(made, numbers, as_articles)}")
    others = len(pairs_of(stored)) - len(found)
    print(f"  pairs with an incident of no generated event: {others}")


if __name__ == "__main__":
    quality(*map(int, sys.argv[1:]))
