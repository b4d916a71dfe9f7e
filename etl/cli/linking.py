"""The command about stories and events: make them again, check them, decide by hand."""

from __future__ import annotations

import sys
from typing import Any

import click

from etl.cli.options import database_options, emit, output_options, set_up_logs, settings_from

DIFFERS = 3  # exit code: done, but what is stored was not what comes out


@click.group(invoke_without_command=True)
@click.option("--check", is_flag=True, help="Compare only: exit 3 if anything differs.")
@database_options
@output_options
def link(check: bool, **options: Any) -> None:
    """Make all stories and events again from what is stored, and write what differs.

    Loading keeps them current; this is for a new version of the rules, and to verify.

    \b
    Example:
      etl link --check
      etl link
      etl link split incidents 12 57 --note "two burglaries in one street"
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from etl import jobs, linking
    from etl.cli.loading import stopping

    set_up_logs(options)
    control = jobs.Control()
    with stopping(control):
        found = linking.link(settings_from(options), control, check=check)
    record = {
        "articles": found.articles,
        "signatures": found.signatures,
        "story_pairs": found.story_pairs,
        "event_pairs": found.event_pairs,
        "stories": found.stories,
        "events": found.events,
    }
    if options["as_json"]:
        emit({"check": check, **record})
    elif not options["quiet"]:
        said = ("would change:" if check else "changed:") if found.differs else "everything as stored"
        click.echo(f"{found.articles} articles linked again; {said}")
        for name, number in record.items():
            if number and name != "articles":
                click.echo(f"  {name.replace('_', ' '):12} {number}")
    if check and found.differs:
        sys.exit(DIFFERS)


def deciding(verdict: str) -> click.Command:
    """`etl link join`, `etl link split` and `etl link undo`."""

    @click.command(verdict)
    @click.argument("what", type=click.Choice(["articles", "incidents"]))
    @click.argument("first", type=int)
    @click.argument("second", type=int)
    @database_options
    @output_options
    def command(
        what: str, first: int, second: int, note: str | None = None, by: str | None = None, **options: Any
    ) -> None:
        import getpass

        from etl import linking
        from etl.store.verdicts import Decision

        set_up_logs(options)
        entity = what.removesuffix("s")
        decision = Decision(entity, (first, second), verdict, by or getpass.getuser(), note)
        clusters = linking.decide(settings_from(options), decision)
        if options["as_json"]:
            emit({"entity": entity, "verdict": verdict, "clusters": list(clusters)})
        elif not options["quiet"]:
            cluster = "story" if entity == "article" else "event"
            click.echo(
                f"{entity} {first} is in {cluster} {clusters[0]}, {entity} {second} in {cluster} {clusters[1]}"
            )

    if verdict == "undo":
        return command
    command = click.option("--by", help="Who decided [default: the name of the user].")(command)
    return click.option("--note", help="Why, for those who come after.")(command)


join = deciding("join")
join.help = """Put two articles into one story, or two incidents into one event, whatever the program thinks.

\b
Example:
  etl link join incidents 12 57 --note "same accident, the second report has the wrong day"
"""
split = deciding("split")
split.help = """Keep two articles or two incidents apart, whatever the program thinks.

\b
Example:
  etl link split articles 3 4 --note "two notices from one form"
"""
undo = deciding("undo")
undo.help = """Take a decision back: from now on the program decides about the two again.

\b
Example:
  etl link undo articles 3 4
"""
for one in (join, split, undo):
    link.add_command(one)
