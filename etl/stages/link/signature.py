"""What near-duplicates are looked for by: MinHash of telling shingles, cut into bands that an index can find.

Only shingles that hold a name, a date or a number go in, and no unit or officer. Stock phrases would make any two
reports of the police share a band, and every article would have to be compared with more the more are stored;
what is left two articles share only if they tell the same. Two texts share the three values of one of 28 bands with
probability 0.999 at a resemblance of 0.6, 0.98 at 0.5, 0.7 at 0.35. More keys find the short excerpt, by three
facts in a row: the first ones, since it is nearly always the beginning, and a few others for one from the middle.
Keys of the first characters would do as well for beginnings, but all notices on one form share those, and each
would have to be compared with all.

rensa makes the signature: the fastest measured (14 µs for 1,000 shingles). Slicing costs more than hashing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from zlib import crc32

from rensa import RMinHash

from etl.model import Signature
from etl.rules.link import LinkRules
from etl.stages.link.facts import Fact, fact_hash, find_facts, story_text

SCHEME = 3  # of text, facts and bands; raised with every change of them
SHINGLE = 5
INSIDE = 3  # characters of a fact that a telling shingle holds, or all of a shorter one
FEW = 20  # texts with fewer telling shingles are looked for by all of theirs
BANDS = 28
ROWS = 3
SEED = 110
ENOUGH_BANDS = 2  # shared by two articles that are worth comparing
LEAD = 2  # keys of the beginning
INNER = 10  # keys of any other part
COMMON = frozenset({"unit", "officer"})  # kinds of facts that all notices of an office share
SURE = frozenset({"name", "time", "plate"})  # kinds that say which occurrence is meant
PEOPLE = frozenset({"name", "officer"})
HOLDING = SURE | PEOPLE
UNTELLING = frozenset({"year", "unit"})
BLOCK = 10_000  # shingles hashed at once, so that a text of any size takes little memory


def signature(body: str, rules: LinkRules) -> Signature:
    """The signature of an article's body; one of less than a shingle has no bands."""
    text = story_text(body, rules)
    facts = find_facts(text, rules)
    hashes = tuple(sorted({fact_hash(fact) for fact in facts}))
    return Signature(SCHEME, len(text), hashes, tuple(bands(text, facts)))


def bands(text: str, facts: Sequence[Fact]) -> Iterator[int]:
    """The keys of a text, signed 64-bit numbers; equal keys of two texts make them worth comparing."""
    starts = telling_shingles(text, facts)
    if not starts:
        return
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    for at in range(0, len(starts), BLOCK):
        sketch.update([text[i : i + SHINGLE] for i in starts[at : at + BLOCK]])
    values = sketch.digest()
    for band in range(BANDS):
        packed = b"".join(v.to_bytes(4, "big") for v in values[ROWS * band : ROWS * (band + 1)])
        yield signed(crc32(packed) << 32 | values[ROWS * band])
    yield from part_keys(facts)


def part_keys(facts: Sequence[Fact]) -> list[int]:
    """Keys that a short excerpt shares with the whole: of three neighbouring facts, and of two people named together.

    The first ones find a beginning. Of the others that hold a name, a time or a plate, the smallest are taken:
    those of the whole that lie in a part are mostly among the part's smallest too. A fact told over and over
    counts once; years and units say next to nothing.
    """
    said = [(f.kind, f"{f.kind}:{f.text}") for f in facts if f.kind not in UNTELLING]
    said = [one for one, _ in groupby(said)]
    runs = [said[i : i + 3] for i in range(len(said) - 2)]
    runs += [list(two) for two in pairwise(said) if len(said) == 2 or {kind for kind, _ in two} <= PEOPLE]
    keys = [crc32(" ".join(text for _, text in run).encode()) for run in runs]
    holding = {key for key, run in zip(keys, runs, strict=True) if any(kind in HOLDING for kind, _ in run)}
    return [*keys[:LEAD], *sorted(holding.difference(keys[:LEAD]))[:INNER]]


def bands_worth(key: int) -> int:
    """How many bands a shared key counts for: one of neighbouring facts is enough by itself.

    Of the pairs that chance brings together more than half share a single band, of 4,957 generated pairs of one
    story none did.
    """
    return ENOUGH_BANDS if 0 <= key < 1 << 32 else 1


def telling_shingles(text: str, facts: Sequence[Fact]) -> Sequence[int]:
    """Where the shingles begin that hold a fact or enough of one; all of them if they are few."""
    starts: set[int] = set()
    for fact in facts:
        if fact.kind in COMMON:
            continue
        inside = min(INSIDE, fact.end - fact.start)
        starts.update(range(fact.start + inside - SHINGLE, fact.end - inside + 1))
    last = len(text) - SHINGLE
    found = sorted(start for start in starts if 0 <= start <= last)
    return found if len(found) >= FEW else range(last + 1)


def signed(value: int) -> int:
    """An unsigned 64-bit number as PostgreSQL's bigint holds it."""
    return value - (1 << 64) if value >> 63 else value


def shingles(text: str) -> frozenset[str]:
    """The set of all of a text's shingles."""
    return frozenset(text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1))
