"""The loading connection of a run: had anew when it breaks, and work repeated until it is done or hopeless."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import psycopg

from etl.errors import StoreUnavailable
from etl.logs import LOG
from etl.store.engine import CONNECT_S, Connection, answered_within, connect, is_transient, name_error
from etl.store.lock import end_sessions

ATTEMPTS = 5
FIRST_PAUSE_S = 0.5
# What waits to be sorted into the search index: every search reads through it (0.1 s a MB), and sorting it in
# touches the more pages an article the less waits. A backfill empties it at its end.
WAITING, WAITING_IN_BULK = "256kB", "16MB"
ANSWER_S = 600.0  # for a whole batch; a single statement has the server's own limit
T = TypeVar("T")


def persistently(work: Callable[[int], T], check: Callable[[], None], attempts: int | None = None) -> T:
    """What `work` returns, given the number of the attempt; while the database is away, again with growing pauses.

    Raises StoreUnavailable when the last of them failed. `check` is called while waiting and may raise.
    """
    last = ATTEMPTS if attempts is None else attempts
    for attempt in range(last + 1):
        try:
            return work(attempt)
        except (psycopg.Error, StoreUnavailable) as e:
            if not is_transient(e):
                raise
            said = str(e) if isinstance(e, StoreUnavailable) else name_error(e)
            if attempt == last:
                raise StoreUnavailable(f"the database stayed away: {said}") from e
            LOG.info("the database is away, trying again: %s", said)
            for _ in pauses(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)):
                check()
    raise AssertionError("unreachable")


class Session:
    """`connection` is good for the next statement unless the server went away since; `surely` sees to that.

    `name` is what the server lists it under, used by no other session. `check` is called while waiting and
    may raise to give up. `bulk`: much will be loaded at once.
    """

    def __init__(
        self, url: str, name: str, check: Callable[[], None] = lambda: None, *, bulk: bool = False
    ) -> None:
        self.url = url
        self.name = name
        self.check = check
        self.bulk = bulk
        self.connection: Connection = self.connected()

    def connected(self) -> Connection:
        connection = connect(self.url, name=self.name)
        waiting = WAITING_IN_BULK if self.bulk else WAITING
        with answered_within(CONNECT_S, lambda: [connection]):
            connection.execute("SELECT set_config('gin_pending_list_limit', %s, false)", (waiting,))
        return connection

    def surely(
        self, work: Callable[[Connection], T], committed: Callable[[Connection], T | None] = lambda _: None
    ) -> T:
        """What `work` returns; while the database is away, again with growing pauses, then StoreUnavailable.

        `committed` is asked after a failure, before the work is repeated, since the answer to a commit may
        have been lost: not None is the result of work that did take place.
        """

        def once(attempt: int) -> T:
            with answered_within(ANSWER_S, lambda: [self.connection]):
                if attempt:
                    self.again()
                    done = committed(self.connection)
                    if done is not None:
                        return done
                return work(self.connection)

        return persistently(once, self.check)

    def again(self) -> None:
        """Reconnect, and end what the server may still hold for the broken connection.

        Otherwise a commit that is still under way there could be taken for one that did not happen.
        """
        self.close()
        self.connection = self.connected()
        end_sessions(self.connection, [self.name])

    def close(self) -> None:
        with suppress(psycopg.Error):
            self.connection.close()


def pauses(seconds: float) -> Iterator[None]:
    """Let `seconds` pass in short steps, so that the caller can look up in between."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
        yield
