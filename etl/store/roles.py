"""Who may do what: an owner that migrates, a writer that loads, a reader that asks. Nobody needs more than one.

A role is given its rights on what there is, and by default privileges on the tables that later
migrations will make. Roles are created by whoever runs the server, with a password of their own.
"""

from __future__ import annotations

from psycopg import sql

from etl.errors import ConfigError
from etl.store.engine import Connection

KINDS = ("reader", "writer", "owner")
REWRITTEN = (  # the only tables that loading deletes rows of
    "incident_persons",
    "reported_figures",
    "article_bands",
    "article_signatures",
    "story_pairs",
    "event_pairs",
    "link_verdicts",
)
APPEND_ONLY = ("changes",)
SCHEMA_STATE = "alembic_version"  # migrations only


def statements(connection: Connection, kind: str, role: str) -> list[str]:
    """The SQL that makes `role` a reader, writer or owner of this database; safe to repeat.

    Raises ConfigError if there is no such role.
    """
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        raise ConfigError(f"there is no role {role!r}: CREATE ROLE ... LOGIN makes it")
    made = {"reader": reader, "writer": writer, "owner": owner}[kind](connection, sql.Identifier(role))
    return [statement.as_string(connection) for statement in made]


def reader(connection: Connection, role: sql.Identifier) -> list[sql.Composed]:
    """May connect and read everything that is loaded."""
    return [*entering(connection, role), *on_relations(connection, role, "SELECT", "r", "v", "m")]


def writer(connection: Connection, role: sql.Identifier) -> list[sql.Composed]:
    """May load: add and update rows, delete only what loading rewrites; may neither migrate nor truncate."""
    made = reader(connection, role)
    for name in relations(connection, "r"):
        if name == SCHEMA_STATE:
            continue
        rights = "INSERT" if name in APPEND_ONLY else "INSERT, UPDATE"
        rights += ", DELETE" if name in REWRITTEN else ""
        made.append(grant(rights, sql.SQL("TABLE ") + table(connection, name), role))
    made += on_relations(connection, role, "USAGE", "S")
    made.append(by_default(connection, "INSERT, UPDATE", "TABLES", role))
    made.append(by_default(connection, "USAGE", "SEQUENCES", role))
    return made


def owner(connection: Connection, role: sql.Identifier) -> list[sql.Composed]:
    """May migrate: owns every table and view, and may make more in their schema."""
    made = [*entering(connection, role), grant("CREATE", sql.SQL("SCHEMA ") + schema(connection), role)]
    for kind, names in (("TABLE", relations(connection, "r")), ("VIEW", relations(connection, "v"))):
        for name in names:
            words = sql.SQL("ALTER {} {} OWNER TO {}")
            made.append(words.format(sql.SQL(kind), table(connection, name), role))
    return made


def entering(connection: Connection, role: sql.Identifier) -> list[sql.Composed]:
    """What every role needs to see anything at all."""
    database = sql.Identifier(connection.info.dbname)
    return [
        grant("CONNECT", sql.SQL("DATABASE ") + database, role),
        grant("USAGE", sql.SQL("SCHEMA ") + schema(connection), role),
    ]


def on_relations(
    connection: Connection, role: sql.Identifier, rights: str, *kinds: str
) -> list[sql.Composed]:
    """Rights on all our relations of these kinds (as in pg_class), and on those still to come."""
    word = "SEQUENCE " if kinds == ("S",) else "TABLE "
    made = [
        grant(rights, sql.SQL(word) + table(connection, name), role) for name in relations(connection, *kinds)
    ]
    return made if word == "SEQUENCE " else [*made, by_default(connection, rights, "TABLES", role)]


def relations(connection: Connection, *kinds: str) -> list[str]:
    """Our relations: those that belong to whoever the migrations belong to, in the same schema."""
    rows = connection.execute(
        "SELECT c.relname FROM pg_class AS c JOIN pg_class AS ours ON ours.oid = to_regclass(%s)"
        " WHERE c.relnamespace = ours.relnamespace AND c.relowner = ours.relowner AND c.relkind = ANY(%s)"
        " ORDER BY 1",
        (SCHEMA_STATE, list(kinds)),
    )
    return [row[0] for row in rows]


def grant(rights: str, what: sql.Composable, role: sql.Identifier) -> sql.Composed:
    return sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), what, role)


def by_default(connection: Connection, rights: str, what: str, role: sql.Identifier) -> sql.Composed:
    """The same rights on what later migrations make."""
    row = connection.execute(
        "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass(%s)", (SCHEMA_STATE,)
    ).fetchone()
    assert row is not None
    words = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT {} ON {} TO {}")
    return words.format(
        sql.Identifier(row[0]),
        schema(connection),
        sql.SQL(rights),
        sql.SQL(what),
        role,
    )


def table(connection: Connection, name: str) -> sql.Composed:
    return schema(connection) + sql.SQL(".") + sql.Identifier(name)


def schema(connection: Connection) -> sql.Composed:
    row = connection.execute(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass(%s)", (SCHEMA_STATE,)
    ).fetchone()
    assert row is not None
    return sql.Composed([sql.Identifier(row[0])])
