"""What a pool of workers is: leaves in, what became of them out. Workers only compute; the driver loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from etl.model import Processed, RawFile


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use: seconds of the processor per document, bytes of address space."""

    timeout_s: float = 10.0
    memory_bytes: int = 1 << 30


class Pool(Protocol):
    """Somebody who runs `work.process_all` over leaves, on top of a `concurrent.futures.Executor`.

    A task may run twice (a worker died): it writes nothing, so that does no harm.
    """

    def submit(self, files: Sequence[RawFile]) -> Any:
        """A task for these leaves, under way; `result` takes it."""

    def result(self, task: Any) -> list[Processed]:
        """What became of each leaf of a task, in order; a leaf that ends its worker twice is rejected."""

    def close(self) -> None:
        """End all workers now."""


# Makes a pool: workers wanted, limits, and what to call while waiting (it may raise to give up).
MakePool = Callable[[int, Limits, Callable[[], None]], Pool]
