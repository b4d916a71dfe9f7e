"""A dry run: the ordinary pass, read, parsed and compared, with a tally where loading would be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from etl.loader import Loader
from etl.model import Found, Leaf
from etl.store import preview
from etl.store.ledger import Wanted, is_rejected
from etl.store.runs import Counts

SAMPLES = 5  # of each kind


@dataclass(slots=True)
class Tally:
    """What a run would do: counts per state, rows that would change, and a few leaves of each kind.

    `updated` counts leaves whose content replaces another one, or whose article would read otherwise.
    """

    counts: Counts = field(default_factory=Counts)
    updated: int = 0
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def sample(self, kind: str, leaf: Leaf, **more: Any) -> None:
        """Keep the leaf as an example of its kind, if there are not enough yet."""
        shown = self.samples.setdefault(kind, [])
        if len(shown) < SAMPLES:
            place = {"path": leaf.found.path, "member": leaf.member, "line": leaf.record_no}
            shown.append({name: value for name, value in (place | more).items() if value is not None})


class Previewer(Loader):
    """A loader that writes nothing; `tally` is what it would have written."""

    tally: Tally
    hashes: set[bytes]

    def load(self, tops: Sequence[str]) -> None:
        self.tally, self.hashes = Tally(), set()
        super().load(tops)

    def ask(self, files: Sequence[Found]) -> list[Wanted]:
        if self.scope.reprocess:
            return [Wanted(file, "reread") for file in files]
        return super().ask(files)

    def tidy(self) -> None:
        """Nothing: this would write."""

    def commit(self, leaves: Sequence[Leaf], again: bool = False) -> None:
        """Compare leaves with what is stored, and count what loading them would do."""
        counted, self.counted = self.counted, Counts()
        self.tally.counts.add(counted)
        good = [leaf for leaf in leaves if not is_rejected(leaf)]
        known = self.session.surely(partial(preview.known, leaves=good))
        for leaf in leaves:
            self.count(leaf, known)
        self.total = self.tally.counts

    def count(self, leaf: Leaf, known: preview.Known) -> None:
        """Put one leaf in the state that loading would give it."""
        counts, done = self.tally.counts, leaf.processed
        if done is not None and done.reason is not None:
            counts.rejected += 1
            self.tally.sample("rejected", leaf, reason=done.reason, detail=done.detail or None)
            return
        here = known.here.get((leaf.found.path, leaf.member, leaf.record_no))
        stays = here == leaf.raw_sha256
        identity = done.content_hash if done else None
        if done is None or identity in known.hashes or identity in self.hashes or stays:
            name = "unchanged" if stays else "duplicate"
            setattr(counts, name, getattr(counts, name) + 1)
        else:
            name = "loaded"
            counts.loaded += 1
            counts.incidents += len(done.extraction.incidents) if done.extraction else 0
        if identity is not None:
            self.hashes.add(identity)
        article = done.article if done else None
        title = {"title": article.title, "published": article.published_at} if article else {}
        if (here is not None and not stays) or (stays and done is not None and known.differs(done)):
            self.tally.updated += 1
            self.tally.sample("updated", leaf, **title)
        if name != "unchanged":
            self.tally.sample(name, leaf, **title)
