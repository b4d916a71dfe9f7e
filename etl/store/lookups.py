"""Fill the lookup tables from the rule files, writing only what differs."""

from __future__ import annotations

from psycopg import sql

from etl.rules import Rules
from etl.store.engine import Connection


def sync(connection: Connection, rules: Rules) -> None:
    """Bring every lookup table to what the rules say. A code that left the rules stays, since rows use it."""
    with connection.transaction():
        for table, rows in rules.lookups.items():
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
            for row in rows:
                if tuple(row.values()) not in known:
                    connection.execute(upsert, tuple(row.values()))
