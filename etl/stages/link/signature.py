"""What near-duplicates are looked for by: MinHash of character shingles, cut into bands that an index can find.

Two texts share the two values of a band with the square of their resemblance, so of 24 bands at least one
is shared with probability 0.9995 at a resemblance of 0.5, 0.985 at 0.4 and 0.9 at 0.3. One more key, the
first characters of the text, finds the short excerpt, which is nearly always the beginning.

rensa makes the signature: the fastest measured (14 µs for 1,000 shingles, datasketch 1.4 ms), with a version
of its algorithm that goes into the scheme. Slicing the shingles costs ten times as much as hashing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from rensa import RMinHash

from etl.model import Signature
from etl.rules.link import LinkRules
from etl.stages.link.facts import fact_hash, find_facts, story_text

SCHEME = 1  # of text, facts and bands; raised with every change of them
SHINGLE = 5
BANDS = 24
ROWS = 2
SEED = 110
LEAD_CHARS = 24
BLOCK = 10_000  # shingles hashed at once, so that a text of any size takes little memory


def signature(body: str, rules: LinkRules) -> Signature:
    """The signature of an article's body; one of less than a shingle has no bands."""
    text = story_text(body, rules)
    facts = tuple(sorted({fact_hash(fact) for fact in find_facts(text, rules)}))
    return Signature(SCHEME, len(text), facts, tuple(bands(text)))


def bands(text: str) -> Iterator[int]:
    """The keys of a text, signed 64-bit numbers; equal keys of two texts make them worth comparing."""
    if len(text) < SHINGLE:
        return
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    for start in range(0, len(text) - SHINGLE + 1, BLOCK):
        stop = min(start + BLOCK, len(text) - SHINGLE + 1)
        sketch.update([text[i : i + SHINGLE] for i in range(start, stop)])
    values = sketch.digest()
    for first, second in zip(values[::2], values[1::2], strict=True):
        yield signed(first << 32 | second)
    if len(text) >= LEAD_CHARS:
        yield crc32(text[:LEAD_CHARS].encode())


def signed(value: int) -> int:
    """An unsigned 64-bit number as PostgreSQL's bigint holds it."""
    return value - (1 << 64) if value >> 63 else value


def shingles(text: str) -> frozenset[str]:
    """The set of a text's shingles."""
    return frozenset(text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1))
