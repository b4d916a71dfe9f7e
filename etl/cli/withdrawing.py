"""Taking a content down, and letting it back in."""

from __future__ import annotations

from typing import Any

import click

from etl.cli.options import database_options, emit, output_options, set_up_logs
from etl.errors import ConfigError


@click.command()
@click.argument("content_hash", nargs=-1, required=True)
@click.option("--why", help="The reason, kept with the takedown.")
@click.option("--by", "who", help="Who decided it [default: the user and host that run this].")
@click.option(
    "--lift", "lifting", is_flag=True, help="Take the takedown back: the next run loads the content again."
)
@database_options
@output_options
def withdraw(
    content_hash: tuple[str, ...], why: str | None, who: str | None, lifting: bool, **options: Any
) -> None:
    """Take contents down: their text is erased, and no later load brings them back.

    CONTENT_HASH is the column of that name in current_articles. Facts, people, figures and corrections go with the
    text. Files stay where they are, and their paths in the database.

    \b
    Example:
      etl db shell -c "SELECT content_hash FROM current_articles WHERE article_id = 17"
      etl withdraw 3f9a… --why "court order of 2026-03-02"
    """
    from etl.store import migrate, withdrawals
    from etl.store.engine import connect
    from etl.store.opened import opened
    from etl.store.runs import owner

    set_up_logs(options)
    hashes = [hash_of(text) for text in content_hash]
    why, who = (why or "").strip(), (who or "").strip()
    if not lifting and not why:
        raise ConfigError("--why is needed: a takedown is kept with its reason")
    results = []
    with opened(options["database_url"], options["home"], create=False) as url, connect(url) as connection:
        migrate.check(connection)
        for digest in hashes:
            if lifting:
                results.append({"content_hash": digest.hex(), "lifted": withdrawals.lift(connection, digest)})
            else:
                article = withdrawals.withdraw(connection, digest, who or owner(), why)
                results.append({"content_hash": digest.hex(), "article_id": article})
    if options["as_json"]:
        emit(results)
    elif not options["quiet"]:
        for result in results:
            click.echo(told(result))


def told(result: dict[str, Any]) -> str:
    """One takedown in words."""
    name = result["content_hash"][:16] + "…"
    if "lifted" in result:
        return f"{name} " + ("may be loaded again" if result["lifted"] else "was not taken down")
    if result["article_id"] is None:
        return f"{name} is of no article loaded so far; should it come, it will not be loaded"
    return f"{name} is taken down: article {result['article_id']} is erased"


def hash_of(text: str) -> bytes:
    """The SHA-256 that `text` spells in hexadecimal, with or without PostgreSQL's \\x."""
    try:
        digest = bytes.fromhex(text.removeprefix("\\x"))
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ConfigError(f"{text!r} is no content hash: 64 hexadecimal digits, as in current_articles")
    return digest
