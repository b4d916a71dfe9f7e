"""A user of the embedded server in a process of its own: reports its URL, then lives until told to end.

Arguments: the home. Prints the URL, or `error: ...`; ends when standard input does.
"""

import sys
from pathlib import Path

from etl.errors import StoreError
from etl.store import embedded

if __name__ == "__main__":
    try:
        with embedded.session(Path(sys.argv[1])) as url:
            print(url, flush=True)
            sys.stdin.read()
    except StoreError as e:
        print(f"error: {e}", flush=True)
