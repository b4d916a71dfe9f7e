"""Makes the samples that nobody can type: damaged pages, and files that are no articles.

    python -m tests.support.make_samples

Always the same bytes: the lots are drawn from fixed seeds, chosen so that all that the damage hid can be
known again. samples/damaged/lost-wallet.txt is samples/bare/lost-wallet.txt, so both are one article.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.support.damage import damage

ROOT = Path(__file__).parents[2]
CLEAN = ROOT / "tests" / "support" / "clean"
SEEDS = {"lost-wallet": 23, "runaway-girl": 264, "stolen-tricycle": 175}


def made() -> Iterator[tuple[str, bytes]]:
    """Every generated sample: its path below samples/, and its bytes."""
    for name, seed in SEEDS.items():
        yield f"damaged/{name}.txt", damage(clean(name), Random(seed)).text.encode()
    noise = Random(0)
    yield "bad/empty.txt", b""
    yield "bad/picture.txt", b"\x89PNG\r\n\x1a\n" + noise.randbytes(600)
    yield "bad/scrambled.txt", noise.randbytes(800)


def clean(name: str) -> str:
    """What the damaged sample `name` said before: a title and a paragraph a line."""
    if name == "lost-wallet":
        lines = (ROOT / "samples" / "bare" / "lost-wallet.txt").read_text(encoding="utf-8").splitlines()
        return "\n".join([lines[0], *lines[3:]])  # the copy was made without the date line
    return (CLEAN / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


if __name__ == "__main__":
    for path, data in made():
        (ROOT / "samples" / path).write_bytes(data)
