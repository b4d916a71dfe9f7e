"""Fill the lookup tables from the rule files, writing only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from etl.rules import Rules
from etl.store.engine import Connection


def sync(connection: Connection, rules: Rules) -> None:
    """Bring every lookup table to what the rules say. A code that left the rules stays, since rows use it."""
    with connection.transaction():
        tables: dict[str, Sequence[Mapping[str, Any]]] = {**rules.lookups, "divisions": rules.divisions}
        for table, rows in tables.items():
            columns = list(rows[0])
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            query = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(table))
            known = set(connection.execute(query))
            upsert = sql.SQL(
                "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (code) DO UPDATE SET ({}) = ROW ({})"
            ).format(
                sql.Identifier(table),
                names,
                sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
                names,
                sql.SQL(", ").join(sql.Identifier("excluded", column) for column in columns),
            )
            missing = [tuple(row.values()) for row in rows if tuple(row.values()) not in known]
            if missing:
                with connection.cursor() as cursor:
                    cursor.executemany(upsert, missing)
