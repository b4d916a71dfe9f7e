"""Which database a command talks to: the one named, or the embedded server for as long as it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.errors import StoreError


@contextmanager
def opened(database_url: str | None, home: Path | None, *, create: bool = True) -> Iterator[str]:
    """A URL that is good until the context ends; starts the embedded server if no URL is given.

    Raises StoreError if there is no embedded database yet and `create` is off: looking makes nothing.
    """
    if database_url:
        yield database_url
        return
    from etl.store import embedded

    home = home or embedded.default_home()
    if not create and not embedded.status(home).data.exists():
        raise StoreError(f"no database yet under {home}: `etl run PATH` makes it")
    with embedded.session(home) as url:
        yield url
