"""The commands for single files, without a database: explain, extract, repair."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from etl.cli.options import database_options, emit, looking, output_options, set_up_logs
from etl.errors import ConfigError


@click.command()
@click.argument("file", type=click.Path(), required=False)
@click.option("--articles", type=int, nargs=2, help="Instead: why two stored articles are one story, or not.")
@click.option(
    "--incidents", type=int, nargs=2, help="Instead: why two stored incidents are one event, or not."
)
@database_options
@output_options
def explain(
    file: str | None,
    articles: tuple[int, int] | None,
    incidents: tuple[int, int] | None,
    **options: Any,
) -> None:
    """Show what every stage makes of FILE: decoded, repaired, removed, dated, hashed, extracted.

    \b
    Example:
      etl explain samples/damaged/lost-wallet.txt
      etl explain --articles 12 57
    """
    if sum(x is not None for x in (file, articles, incidents)) != 1:
        raise ConfigError("one of FILE, --articles A B and --incidents A B is needed")
    if articles is not None:
        return explain_pair("article", articles, options)
    if incidents is not None:
        return explain_pair("incident", incidents, options)
    assert file is not None
    from etl import show
    from etl.pipeline import trace_stages
    from etl.rules import load_rules

    set_up_logs(options)
    rules = load_rules()
    trace = trace_stages(read_input(file), rules)
    emit(show.trace_record(trace, rules)) if options["as_json"] else show.explain(file, trace, rules)
    return None


def explain_pair(entity: str, pair: tuple[int, int], options: dict[str, Any]) -> None:
    """Why two stored articles or incidents are together, or not."""
    from etl import linking, show

    with looking(options) as connection:
        record = linking.why(connection, entity, pair)
    emit(record) if options["as_json"] else show.record(record)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@output_options
def extract(files: Sequence[str], **options: Any) -> None:
    """Print what FILES tell, one JSON object a line; no database.

    The id is the file's name, or its path if several FILES have that name. What can't be read is told on
    stderr, the rest is printed, and the exit code is 1.

    \b
    Example:
      etl extract samples/*/*.txt > extracted.jsonl
    """
    from etl.errors import ArticleError
    from etl.pipeline import trace_stages
    from etl.prediction import prediction
    from etl.rules import load_rules

    set_up_logs(options)
    rules = load_rules()
    unread = False
    for file, name in ids_of(files).items():
        try:
            trace = trace_stages(read_input(file), rules)
        except ArticleError as e:
            emit({"id": name, "error": e.reason, "detail": e.detail})
        except ConfigError as e:
            click.echo(f"etl: {e}", err=True)
            unread = True
        else:
            emit(prediction(trace.article, trace.extraction, name))
    if unread:
        sys.exit(1)


def ids_of(files: Sequence[str]) -> dict[str, str]:
    """A printable id for each file: its name if no other file has it, else its path.

    >>> ids_of(["a/1.txt", "b/1.txt", "b/2.txt"])
    {'a/1.txt': 'a/1.txt', 'b/1.txt': 'b/1.txt', 'b/2.txt': '2.txt'}
    """
    from etl.sources.paths import escape_path

    names = Counter(Path(file).name for file in dict.fromkeys(files))
    ids = {file: file if names[Path(file).name] > 1 else Path(file).name for file in files}
    return {file: escape_path(os.fsencode(id_)) for file, id_ in ids.items()}


@click.command()
@click.argument("file", default="-", type=click.Path(allow_dash=True))
@click.option("--explain", "explaining", is_flag=True, help="List each change instead of the text.")
@output_options
def repair(file: str, explaining: bool, **options: Any) -> None:
    """Repair a text: FILE or standard input in, repaired text out. No layout, no database.

    \b
    Example:
      etl repair < damaged.txt > repaired.txt
      etl repair --explain damaged.txt
    """
    from etl import show
    from etl.rules import load_rules
    from etl.stages.decode import decode
    from etl.stages.repair import repair as repair_text

    set_up_logs(options)
    data = sys.stdin.buffer.read() if file == "-" else read_input(file)
    repaired = repair_text(decode(data).text if data else "", load_rules().repair)
    if options["as_json"]:
        emit(show.repaired_record(repaired))
    elif explaining:
        show.repairs(repaired.text.repairs, repaired.text.value)
    else:
        sys.stdout.write(repaired.text.value)


def read_input(path: str) -> bytes:
    """The bytes of a file that the user named. Raises ConfigError if it can't be read or is larger than a run takes."""
    from etl.settings import Settings
    from etl.sources.paths import escape_path

    shown = escape_path(os.fsencode(path))
    most = Settings().max_file_bytes
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as e:
        raise ConfigError(f"{shown}: {e.strerror if isinstance(e, OSError) else e}") from e
    if len(data) > most:
        raise ConfigError(f"{shown}: more than {most} bytes")
    return data
