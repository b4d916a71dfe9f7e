"""The n-th call fails, for n = 1, 2, 3 until a run is clean: every point of the loading path, exhaustively."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any
from unittest import mock

import psycopg

from etl import jobs, loader, pipeline
from etl.cli import main
from etl.executors import local, work
from etl.model import Processed, RawFile
from etl.settings import Settings
from etl.store import load, session
from etl.store.batch import Batch
from tests.faults.world import World, differences, environment

POINTS: tuple[tuple[Any, str], ...] = (
    (loader, "read"),
    (jobs.ledger, "to_read"),
    (jobs.ledger, "known_bytes"),
    (loader, "load_batch"),
    (jobs.runs, "finish"),
    (jobs.runs, "counts"),
    (Batch, "rows"),
    (Batch, "do"),
    (Batch, "copy"),
    (Batch, "draw"),
    (load, "fence"),
    (work, "processing"),
    (pipeline, "decode"),
    (pipeline, "parse"),
)
ERRORS = (
    psycopg.OperationalError("the line went dead"),
    MemoryError(),
    OSError(28, "No space left on device"),
)


class InProcess(local.LocalPool):
    """The pool without processes, so that faults can be put into what workers do."""

    def submit(self, files: Sequence[RawFile]) -> Any:
        future: Future[list[Processed]] = Future()
        future.set_result(work.process_all(files))
        return local.Task(files, 0, future, None)  # type: ignore[arg-type]


class FailsAt:
    """Passes calls on, but for the n-th, which raises."""

    def __init__(self, real: Callable[..., Any], n: int, error: BaseException) -> None:
        self.real, self.left, self.error = real, n, error

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return self.real(*arguments, **more)


def every_point(world: World, most: int) -> int:
    """Faults injected; after each the tables are whole, and a clean run completes them."""
    injected = 0
    settings = Settings(database_url=world.url, workers=1, settle_s=0, batch_files=3)
    with mock.patch.object(jobs, "LocalPool", InProcess), mock.patch.object(session, "FIRST_PAUSE_S", 0.001):
        for place, name in POINTS:
            for error in ERRORS:
                n = 1
                while fault_at(world, settings, place, name, n, error):
                    injected += 1
                    n += 1
                    if injected >= most:
                        return injected
    return injected


def fault_at(world: World, settings: Settings, place: Any, name: str, n: int, error: BaseException) -> bool:
    """Whether the n-th call was reached; checks what came of it and empties the tables again."""
    real = getattr(place, name)
    failing = FailsAt(real, n, error)
    wrapped = (lambda *a, **k: failing(*a, **k)) if isinstance(place, type) else failing
    with mock.patch.object(place, name, wrapped):
        code = exit_code(world)
    reached = failing.left <= 0
    by_design = place in (
        work,
        pipeline,
    )  # a document whose processing fails is rejected, and tried again when told to
    assert code in ((0,) if by_design or not reached else (0, 1)), (name, n, error, code)
    if not by_design:
        assert differences(world, complete=code == 0) == [], (name, n, error, code)
    assert exit_code(world) == 0, (name, n, error)
    if by_design:
        left = world.sql("SELECT count(*) FROM rejections WHERE resolved_by IS NULL")
        again = isinstance(
            error, MemoryError
        )  # who lacked memory beside others is tried again alone, with success
        assert left == [(int(reached),)] or (again and left == [(0,)]), (name, n, error)
        jobs.retry(settings, None, [])
        assert world.sql("SELECT count(*) FROM rejections WHERE resolved_by IS NULL") == [(0,)]
        world.sql("DELETE FROM rejections RETURNING id")
    assert [d for d in differences(world) if not d.startswith("counts that are not")] == [], (name, n, error)
    with psycopg.connect(world.url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE runs, source_files, articles, article_bands, agencies RESTART IDENTITY CASCADE"
        )
    return reached


def exit_code(world: World) -> int:
    """What `etl run` over the folder ends with, the command running in this process."""
    arguments = ["etl", "run", str(world.folder), "--workers", "1", "--settle", "0", "--batch-files", "3"]
    with (
        mock.patch.object(sys, "argv", arguments),
        mock.patch.dict(os.environ, environment(ETL_DATABASE_URL=world.url), clear=True),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        try:
            main()
        except SystemExit as e:
            return int(e.code or 0)
