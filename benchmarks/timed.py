"""Run a command and say what it cost, as one line of JSON; what the command prints is thrown away.

    python -m benchmarks.timed COMMAND ARGUMENT...

Seconds of the whole process and to its first line, processor time and peak memory: of its largest process,
children included. A small process of its own, since Linux counts what a parent holds when it starts a child as
that child's peak, and the benchmarks themselves hold a lot.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    first = time.perf_counter() - start
    while child.stdout.read(1 << 16):
        pass
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"seconds": seconds, "first": first, "cpu": cpu, "mb": usage.ru_maxrss / 1024}))
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
