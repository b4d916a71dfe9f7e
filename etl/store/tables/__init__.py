"""The schema, declared once. Alembic creates and changes it; a test holds the two equal.

All instants are `timestamptz`; the `*_on` dates are generated in Chinese civil time, because `::date`
in a UTC session is the day before for anything that happened before 08:00.
"""

from etl.store.tables import articles, decisions, incidents, ledger, links, lookups
from etl.store.tables.columns import metadata

__all__ = ["articles", "decisions", "incidents", "ledger", "links", "lookups", "metadata"]
