"""Be a good process 1, as in a container without an init: pass signals on, collect whoever ends.

Process 1 inherits every orphan, and the ended ones stay as zombies until it asks for them. Asking for
any child would steal the results of our own workers, so the program goes on in a child of its own.
"""

from __future__ import annotations

import os
import signal
import sys

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def take_over() -> None:
    """Return at once unless this is process 1; else return in a child, while process 1 serves it and ends as it ends.

    To be called before there are threads or connections.
    """
    if os.getpid() != 1:
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # none may come before it can be passed on
    child = os.fork()
    if child:
        for number in PASSED_ON:
            signal.signal(number, lambda number, frame: os.kill(child, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    if child:
        sys.exit(serve(child))


def serve(child: int) -> int:
    """Collect every process that ends, until `child` does: its exit code."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
