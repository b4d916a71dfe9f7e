"""Load one batch: rows, ledger, changes and run counts in one transaction, closed by the fence.

The batch first asks the server by hash what it knows, decides here what is new, and then sends bodies
only for new content, by COPY straight into the tables: ids are drawn beforehand, and an advisory lock
that lasts as long as the transaction keeps any other batch from deciding about the same rows. So there
is no staging table to merge from, no conflict to resolve and no deadlock, and a row is written once.
The same lock makes the order of `changes.seq` the order of commits. What exists already is updated only
where a value differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg import errors

from etl.logs import LOG
from etl.model import Leaf
from etl.rules import load_rules
from etl.store.batch import Batch, still_so
from etl.store.contents import write_contents
from etl.store.engine import Connection
from etl.store.ledger import is_rejected, write_files, write_rejections
from etl.store.links import link
from etl.store.runs import Counts, Run, do_not_wait_for_disk, fence
from etl.store.withdrawals import refuse_withdrawn


def prepare() -> None:
    """Read the rules that loading asks for, while there is nothing to load yet."""
    _ = load_rules().link


def load_batch(
    connection: Connection, run: Run, leaves: Sequence[Leaf], counted: Counts, *, again: bool = False
) -> Counts:
    """Write what `leaves` bring and add it, with what was `counted` without loading, to the run.

    Returns the counts of both. `again`: this run has counted these files before, so that only new incidents count.

    All or nothing: any error leaves the database as it was. Raises RunLost if the run was taken over,
    psycopg.Error for what the server refuses.
    """
    leaves = sorted(leaves, key=lambda x: (x.found.path, x.position, x.member or "", x.record_no or 0))
    with connection.transaction():
        batch = Batch(connection, run, datetime.now(UTC))
        if leaves:
            batch.lock()
            leaves = refuse_withdrawn(batch, still_so(batch, leaves))
            write_files(batch, leaves)
            write_rejections(batch, leaves)
            write_contents(
                batch, [x for x in leaves if not is_rejected(x)], [x for x in leaves if is_rejected(x)]
            )
            link(batch)
            batch.write_changes()
        else:
            do_not_wait_for_disk(connection)
        if again:
            batch.counts = Counts(incidents=batch.counts.incidents)
        else:
            batch.counts.add(counted)
        fence(connection, run, batch.counts)
    return batch.counts


def sort_in(connection: Connection) -> None:
    """Sort into the search index what waits to be, which every search would have to read through.

    That is for the owner of the table alone; where the run is not, the next one that loads does it, or autovacuum.
    """
    try:
        connection.execute("SELECT gin_clean_pending_list('ix_articles_search')")
    except errors.InsufficientPrivilege:
        LOG.info(
            "searches are slow until autovacuum has sorted in what was loaded: only the owner may do so now"
        )
