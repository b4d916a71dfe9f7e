"""Inject the faults of the plan: `python -m tests.faults [--share 0.1] [F1 F9 ...]`. Prints seed and figures.

On a server of yours (ETL_TEST_DATABASE_URL, where databases can be created), else on an embedded one.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from etl.store import embedded, migrate
from tests.conftest import create, drop, on_database
from tests.faults.plan import PLAN
from tests.faults.world import World


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", choices=[*PLAN, []], metavar="F1")
    parser.add_argument("--share", type=float, default=1.0, help="of the full amounts")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = parser.parse_args()
    print(f"seed {given.seed}, share {given.share}, {os.cpu_count()} cores", flush=True)
    amounts = {
        name: max(1, round(fault.amount * given.share))
        for name, fault in PLAN.items()
        if name in given.faults or not given.faults
    }
    server = os.environ.get("ETL_TEST_DATABASE_URL")
    if server:
        return sum(inject(name, server, amount, given.seed) for name, amount in amounts.items())
    with tempfile.TemporaryDirectory() as home, embedded.session(Path(home)) as url:
        return sum(inject(name, url, amount, given.seed) for name, amount in amounts.items())


def inject(name: str, server: str, amount: int, seed: int) -> int:
    """One fault in a database of its own; 1 if it was not survived."""
    database = f"faults_{os.getpid()}_{name.lower()}"
    create(server, database)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "in"
            folder.mkdir()
            url = on_database(server, database)
            migrate.upgrade(url)
            world = World(folder, url, random.Random(f"{seed} {name}"))
            result = PLAN[name].inject(world, amount)
    except Exception as e:
        print(f"{name} FAILED after {time.monotonic() - began:.0f} s: {type(e).__name__}", flush=True)
        traceback.print_exc()
        return 1
    finally:
        drop(server, database)
    print(f"{name} held, {time.monotonic() - began:.0f} s: {result}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
