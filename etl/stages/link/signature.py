"""What near-duplicates are looked for by: MinHash of telling shingles, cut into bands that an index can find.

Only shingles that hold a name, a date or a number go in, and no unit, no officer and no 一起 or 两人. Stock phrases
would make any two reports of the police share a band, and every article would have to be compared with more the more
are stored; what is left two articles share only if they tell the same. Two texts share the four values of one of 24
bands with probability 0.96 at a resemblance of 0.6, 0.79 at 0.5, 0.30 at 0.35, 0.04 at 0.2. With three values chance
would bring together several times as many. More keys find the short excerpt, by facts in a row that say enough:
the first ones, since it is nearly always the beginning, and a few others for one from the middle.
Keys of the first characters would do as well for beginnings, but all notices on one form share those, and each
would have to be compared with all.

rensa makes the signature: the fastest measured (14 µs for 1,000 shingles). Slicing costs more than hashing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct, pack
from zlib import crc32

from rensa import RMinHash

from etl.model import Signature
from etl.rules.link import LinkRules
from etl.stages.link.facts import PEOPLE, Fact, digits, fact_hash, find_facts, small, story_text

SCHEME = 4  # of text, facts and bands; raised with every change of them
SHINGLE = 5
INSIDE = 3  # characters of a fact that a telling shingle holds, or all of a shorter one
FEW = 14  # texts with fewer telling shingles are looked for by all of theirs
BANDS = 24
ROWS = 4
ROW_VALUES = Struct(f"{4 * ROWS}s")
SEED = 110
ENOUGH_BITS = 14  # from which a run of facts says enough
RUN = 3  # facts that are enough whatever they say
LEAD = 2  # keys of the beginning
INNER = 10  # keys of any other part
COMMON = frozenset({"unit", "officer"})  # kinds of facts that all notices of an office share
SURE = frozenset({"name", "time", "plate"})  # kinds that say which occurrence is meant
HOLDING = SURE | PEOPLE
UNTELLING = frozenset({"year", "unit", "trait"})  # 行政拘留十日 follows many a name
# What a fact of a kind says, in bits, roughly: a name is mostly a family name with 某 or a title.
BITS = {"plate": 20, "time": 10, "officer": 10, "date": 8, "name": 7}
BLOCK = 10_000  # shingles hashed at once, so that a text of any size takes little memory


def signature(body: str, rules: LinkRules) -> Signature:
    """The signature of an article's body; one of less than a shingle has no bands."""
    text = story_text(body, rules)
    facts = find_facts(text, rules)
    large = [fact for fact in facts if not small(fact)]
    starts = telling_shingles(text, large)
    keys = (*bands(text, starts), *part_keys(facts)) if starts else ()
    return Signature(SCHEME, len(text), tuple(sorted(set(map(fact_hash, large)))), keys)


def bands(text: str, starts: Sequence[int]) -> Iterator[int]:
    """The keys of a text, signed 64-bit numbers; equal keys of two texts make them worth comparing.

    `starts` are those of its telling shingles.
    """
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    for at in range(0, len(starts), BLOCK):
        sketch.update([text[i : i + SHINGLE] for i in starts[at : at + BLOCK]])
    values = sketch.digest()
    packed = ROW_VALUES.iter_unpack(pack(f">{BANDS * ROWS}I", *values))
    for first, (row,) in zip(values[::ROWS], packed, strict=True):
        yield signed(crc32(row) << 32 | first)


def part_keys(facts: Sequence[Fact]) -> list[int]:
    """Keys that a short excerpt shares with the whole: of two or three neighbouring facts that say enough together.

    The first ones find a beginning. Of the others that hold a name, a time or a plate, the smallest are taken:
    those of the whole that lie in a part are mostly among the part's smallest too. A fact told over and over
    counts once; years, units, ages and penalties say next to nothing.
    """
    said: list[str] = []
    worth: dict[str, int] = {}
    holding: set[str] = set()
    for fact in facts:
        if fact.kind in UNTELLING:
            continue
        label = f"{fact.kind}:{fact.text}"
        if label not in worth:
            worth[label] = bits(fact)
            if fact.kind in HOLDING:
                holding.add(label)
        if said[-1:] != [label]:
            said.append(label)
    keys: list[int] = []
    for at in range(len(said)):
        run = telling_run(said[at : at + RUN], worth)
        if run and (len(keys) < LEAD or not holding.isdisjoint(run)):
            keys.append(crc32(" ".join(run).encode()))
    return [*keys[:LEAD], *sorted(set(keys[LEAD:]).difference(keys[:LEAD]))[:INNER]]


def telling_run(said: Sequence[str], worth: Mapping[str, int]) -> list[str]:
    """As many of these facts, from the first on, as say enough; none if they are too few. `worth`: their bits.

    What is said again is no news.

    >>> worth = {"李某": 7, "周某": 7, "1起": 2}
    >>> telling_run(["李某", "周某", "1起"], worth), telling_run(["周某", "1起", "周某"], worth)
    (['李某', '周某'], [])
    """
    run: list[str] = []
    told = 0
    for one in said:
        if one not in run:
            run.append(one)
            told += worth[one]
            if len(run) == RUN or told >= ENOUGH_BITS:
                return run
    return []


def bits(fact: Fact) -> int:
    """About how much a fact says: two tell the same by chance once in 2 ** bits.

    >>> said = [("plate", "鲁AB1234"), ("time", "14:20"), ("number", "12640元"), ("number", "1起")]
    >>> [bits(Fact(kind, text, 0, len(text))) for kind, text in said]
    [20, 10, 10, 2]
    """
    if fact.kind == "number":
        return 2 * digits(fact.text)
    coarse = (fact.kind == "time" and ":" not in fact.text) or (
        fact.kind == "date" and not all(fact.text.split("-"))
    )
    return BITS[fact.kind] // 2 if coarse else BITS[fact.kind]


def telling_shingles(text: str, facts: Sequence[Fact]) -> Sequence[int]:
    """Where the shingles begin that hold one of the facts or enough of one; all of them if they are few."""
    starts: set[int] = set()
    for fact in facts:
        if fact.kind in COMMON:
            continue
        inside = min(INSIDE, fact.end - fact.start)
        starts.update(range(fact.start + inside - SHINGLE, fact.end - inside + 1))
    last = len(text) - SHINGLE
    starts.difference_update(range(-SHINGLE, 0), range(last + 1, len(text) + 1))
    return sorted(starts) if len(starts) >= FEW else range(last + 1)


def signed(value: int) -> int:
    """An unsigned 64-bit number as PostgreSQL's bigint holds it."""
    return value - (1 << 64) if value >> 63 else value


def shingles(text: str) -> frozenset[str]:
    """The set of all of a text's shingles."""
    return frozenset(text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1))
