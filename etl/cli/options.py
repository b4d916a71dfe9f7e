"""Options that many commands share, and how a command speaks and reaches the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.times import DueTimes

if TYPE_CHECKING:
    from etl.health import Thresholds
    from etl.settings import Settings
    from etl.store.engine import Connection

Command = Callable[..., Any]
RECORD_FIELDS = ("title", "body", "published", "source", "site", "author", "url")
ALARM = 3  # exit code: done, but something was rejected, the run is suspect, or a check raises an alarm


class Duration(click.ParamType[float]):
    """A number with s, m, h or d; its value is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from etl.settings import seconds_of

        try:
            return value if isinstance(value, float | int) else float(seconds_of(value))
        except ValueError as e:
            self.fail(f"{value!r}: {e}", param, ctx)


def not_blank(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The value, or a usage error for a blank one: `--database-url "$UNSET"` must not mean another database."""
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty", context, parameter)
    return value


def known_reason(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The value, or a usage error for what is neither a reason of rejections nor a family of them."""
    from etl.rules import load_rules

    if value is None:
        return None
    codes = sorted(row["code"] for row in load_rules().lookups["rejection_reasons"])
    if not any(code == value or code.startswith(value + "_") for code in codes):
        raise click.BadParameter(f"no such reason; there are {', '.join(codes)}", context, parameter)
    return value


def known_fields(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """The values, or a usage error for one that is not `field=key`."""
    for value in values:
        name, _, key = value.partition("=")
        if name not in RECORD_FIELDS or not key:
            fields = ", ".join(RECORD_FIELDS)
            raise click.BadParameter(f"{value!r}: expected FIELD=KEY, with FIELD one of {fields}")
    return values


def database_options(command: Command) -> Command:
    """Where the data is."""
    for option in (
        click.option(
            "--home",
            type=click.Path(file_okay=False, path_type=Path),
            envvar="ETL_HOME",
            help="Folder of the embedded server's data [env ETL_HOME; default: the user's data folder].",
        ),
        click.option(
            "--database-url",
            callback=not_blank,
            envvar="ETL_DATABASE_URL",
            help="PostgreSQL 15 or newer to use instead of the embedded one [env ETL_DATABASE_URL].",
        ),
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """How to speak."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Errors only."),
        click.option("-v", "--verbose", count=True, help="Say more; twice for everything."),
        click.option(
            "--log-format",
            type=click.Choice(["human", "json"]),
            default="human",
            envvar="ETL_LOG_FORMAT",
            help="Log lines for people or as JSON [env ETL_LOG_FORMAT].",
        ),
        click.option("--json", "as_json", is_flag=True, help="Result as JSON on stdout."),
    ):
        command = option(command)
    return command


def schedule_options(command: Command) -> Command:
    """When to run."""
    for option in (
        click.option(
            "--timezone",
            type=DueTimes("timezone"),
            default="Asia/Shanghai",
            envvar="ETL_TIMEZONE",
            show_default=True,
            help="Civil time of --cron [env ETL_TIMEZONE].",
        ),
        click.option(
            "--every",
            type=DueTimes("every"),
            envvar="ETL_EVERY",
            help="An interval, 15m or 1h, counted from 1970 [env ETL_EVERY].",
        ),
        click.option(
            "--cron",
            type=DueTimes("cron"),
            envvar="ETL_CRON",
            help="Due times as in a crontab, '*/15 * * * *' [env ETL_CRON].",
        ),
    ):
        command = option(command)
    return command


dask_option = click.option(
    "--dask",
    metavar="ADDRESS",
    envvar="ETL_DASK",
    help="Compute on the Dask cluster whose scheduler is here, tcp://host:8786 [env ETL_DASK].",
)


def alarm_options(command: Command) -> Command:
    """When to raise an alarm."""
    for option in (
        click.option(
            "--alarm-heartbeat",
            "heartbeat_s",
            type=Duration(),
            envvar="ETL_ALARM_HEARTBEAT",
            help="Alarm if a run that is going on is silent for so long [env ETL_ALARM_HEARTBEAT; default 1m].",
        ),
        click.option(
            "--alarm-silent",
            "silent_s",
            type=Duration(),
            envvar="ETL_ALARM_SILENT",
            help="Alarm if a source brought nothing new for so long [env ETL_ALARM_SILENT; default 3d, 0s never].",
        ),
        click.option(
            "--alarm-reject-share",
            "reject_share",
            type=click.FloatRange(0, 1),
            envvar="ETL_ALARM_REJECT_SHARE",
            help="Alarm if more than this share of the last day's new or changed files was rejected"
            " [env ETL_ALARM_REJECT_SHARE; default 0.2].",
        ),
        click.option(
            "--alarm-late",
            "late_s",
            type=Duration(),
            envvar="ETL_ALARM_LATE",
            help="Alarm if a due time passed so long ago and nothing ran [env ETL_ALARM_LATE; default 10m].",
        ),
        click.option(
            "--alarm-age",
            "age_s",
            type=Duration(),
            envvar="ETL_ALARM_AGE",
            help="Alarm if the last success is older [env ETL_ALARM_AGE; default 26h].",
        ),
    ):
        command = option(command)
    return command


def loading_options(command: Command) -> Command:
    """What to load and with what means."""
    for option in (
        click.option(
            "--metrics-file",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar="ETL_METRICS_FILE",
            help="Write the figures of the runs here for Prometheus after each run [env ETL_METRICS_FILE].",
        ),
        click.option(
            "--fail-on-reject",
            is_flag=True,
            envvar="ETL_FAIL_ON_REJECT",
            help="Exit 3 if anything was rejected [env ETL_FAIL_ON_REJECT].",
        ),
        click.option(
            "--max-reject-share",
            type=click.FloatRange(0, 1),
            envvar="ETL_MAX_REJECT_SHARE",
            help="A run is suspect (exit 3) if it rejects more than this share of the new or changed files"
            " [env ETL_MAX_REJECT_SHARE; default 1, never].",
        ),
        click.option(
            "--min-seen-share",
            type=click.FloatRange(0, 1),
            envvar="ETL_MIN_SEEN_SHARE",
            help="A run is suspect (exit 3) if it sees less than this share of the files that runs over the same"
            " sources saw lately [env ETL_MIN_SEEN_SHARE; default 0.5].",
        ),
        click.option(
            "--document-timeout",
            "document_timeout_s",
            type=click.FloatRange(min=0.1),
            envvar="ETL_DOCUMENT_TIMEOUT",
            help="Seconds of the processor that one document may take [env ETL_DOCUMENT_TIMEOUT; default 10].",
        ),
        click.option(
            "--worker-memory-bytes",
            type=click.IntRange(min=200 << 20),
            envvar="ETL_WORKER_MEMORY_BYTES",
            help="Memory that one worker may use [env ETL_WORKER_MEMORY_BYTES; default 1073741824].",
        ),
        click.option(
            "--max-file-bytes",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_FILE_BYTES",
            help="Largest file that is read [env ETL_MAX_FILE_BYTES; default 20971520].",
        ),
        click.option(
            "--json-field",
            "json_fields",
            multiple=True,
            callback=known_fields,
            envvar="ETL_JSON_FIELD",
            help="JSON Lines: the key that holds a field, body=data.text; fields are title, body, published,"
            " source, site, author, url [env ETL_JSON_FIELD; default: the usual names].",
        ),
        click.option(
            "--max-archive-depth",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_ARCHIVE_DEPTH",
            help="Archives in archives that are read [env ETL_MAX_ARCHIVE_DEPTH; default 2].",
        ),
        click.option(
            "--max-archive-members",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_ARCHIVE_MEMBERS",
            help="Members of one archive, those inside inner ones too [env ETL_MAX_ARCHIVE_MEMBERS; default 10000].",
        ),
        click.option(
            "--max-archive-ratio",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_ARCHIVE_RATIO",
            help="How many times its own size, beyond 1 MiB, may come out of a file"
            " [env ETL_MAX_ARCHIVE_RATIO; default 200].",
        ),
        click.option(
            "--max-archive-bytes",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_ARCHIVE_BYTES",
            help="Bytes that may come out of one file [env ETL_MAX_ARCHIVE_BYTES; default 1073741824].",
        ),
        click.option(
            "--max-member-bytes",
            type=click.IntRange(min=1),
            envvar="ETL_MAX_MEMBER_BYTES",
            help="Largest member of an archive that is read [env ETL_MAX_MEMBER_BYTES; default 52428800].",
        ),
        click.option(
            "--settle",
            "settle_s",
            type=click.FloatRange(min=0),
            envvar="ETL_SETTLE",
            help="Seconds without change after which a file counts as finished [env ETL_SETTLE; default 2].",
        ),
        click.option(
            "--batch-bytes",
            type=click.IntRange(min=1),
            envvar="ETL_BATCH_BYTES",
            help="Bytes of files loaded in one transaction [env ETL_BATCH_BYTES; default 33554432].",
        ),
        click.option(
            "--batch-files",
            type=click.IntRange(min=1),
            envvar="ETL_BATCH_FILES",
            help="Files loaded in one transaction [env ETL_BATCH_FILES; default 500].",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            envvar="ETL_WORKERS",
            help="Worker processes [env ETL_WORKERS; default: one a core].",
        ),
        click.option(
            "--exclude",
            multiple=True,
            envvar="ETL_EXCLUDE",
            help="Leave out files whose path below the folder fits this glob [env ETL_EXCLUDE].",
        ),
        click.option(
            "--include",
            multiple=True,
            envvar="ETL_INCLUDE",
            help="Only files whose path below the folder fits this glob [env ETL_INCLUDE].",
        ),
    ):
        command = option(command)
    return command


def settings_from(options: dict[str, Any]) -> Settings:
    """Settings from the options a command was given; what nobody set keeps its default."""
    from dataclasses import fields

    from etl.settings import Settings

    names = {f.name for f in fields(Settings)}
    given = {k: v for k, v in options.items() if k in names and v not in (None, ())}
    return Settings(**given)


def thresholds_from(options: dict[str, Any]) -> Thresholds:
    """Thresholds from the options a command was given; what nobody set keeps its default."""
    from dataclasses import fields

    from etl.health import Thresholds

    given = {f.name: options[f.name] for f in fields(Thresholds) if options[f.name] is not None}
    return Thresholds(**given)


def set_up_logs(options: dict[str, Any]) -> None:
    from etl import logs

    logs.set_up(-1 if options["quiet"] else options["verbose"], options["log_format"])


@contextmanager
def looking(options: dict[str, Any]) -> Iterator[Connection]:
    """A connection for reading, to a database that is there and of our schema."""
    from etl.store import migrate
    from etl.store.engine import connect
    from etl.store.opened import opened

    set_up_logs(options)
    with (
        opened(options["database_url"], options["home"], create=False) as url,
        connect(url) as connection,
    ):
        connection.read_only = True
        migrate.check(connection)
        yield connection


def emit(value: Any) -> None:
    """A result for machines: one JSON value, one line."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
