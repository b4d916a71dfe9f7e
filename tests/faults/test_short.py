"""A short F1, F2, F9 and F13 in every test run; `make faults` injects the full amounts of the whole plan.

F14 is not repeated here: tests/integration/test_embedded.py and tests/acceptance/test_crash.py are its cases.
"""

from __future__ import annotations

from unittest import mock

from tests.faults import nth_call, plan
from tests.faults.world import World


def test_f1_killed_at_random_moments(world: World) -> None:
    assert plan.f1_kill(world, 6)["kills"] == 6


def test_f2_the_nth_call_fails(world: World) -> None:
    assert plan.f2_nth_call(world, 12)["faults"] == 12


def test_f2_reaches_what_workers_do(world: World) -> None:
    with mock.patch.object(nth_call, "POINTS", nth_call.POINTS[-1:]):
        assert plan.f2_nth_call(world, 1000)["faults"] == 18  # three errors at each of six files


def test_f9_fuzzed_inputs(world: World) -> None:
    assert plan.f9_fuzz(world, 400)["inputs"] == 400


def test_f13_first_migrations_at_once(world: World) -> None:
    assert plan.f13_migrations(world, 1)["rounds of 8"] == 1
