"""Write the results into docs/queries.md, from a database with the samples: `python -m docs.make_queries`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl.store import embedded
from etl.store.engine import Connection, connect

PAGE = Path(__file__).parent / "queries.md"
# ```sql ... ``` and the table that follows, if there is one
ANSWERED_RE = re.compile(r"```sql\n(.*?)\n```\n(?:\n(?:\|[^\n]*\n)+)?", re.DOTALL)


def answered(page: str, connection: Connection) -> str:
    """The page with the result of each statement below it, as `etl db shell` shows times."""
    connection.execute("SET timezone = 'Asia/Shanghai'")
    return ANSWERED_RE.sub(lambda found: f"```sql\n{found[1]}\n```\n\n{answer(found[1], connection)}\n", page)


def answer(statement: str, connection: Connection) -> str:
    """The rows of a statement as a table."""
    found = connection.execute(statement.encode())
    assert found.description is not None
    lines = [[column.name for column in found.description], ["---"] * len(found.description)]
    lines += [[shown(value) for value in row] for row in found]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def shown(value: Any) -> str:
    """A value as it stands in a cell; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, timedelta):
        return str(value)
    return unicodedata.normalize("NFC", str(value)).replace("|", "\\|").replace("\n", " ")


def main() -> None:
    with tempfile.TemporaryDirectory() as home, embedded.session(Path(home)) as url:
        environment = {**os.environ, "ETL_DATABASE_URL": url, "ETL_SETTLE": "0"}
        command = [sys.executable, "-m", "etl", "run", "samples", "--quiet"]
        subprocess.run(command, cwd=PAGE.parents[1], env=environment, check=True)
        with connect(url) as connection:
            PAGE.write_text(answered(PAGE.read_text(encoding="utf-8"), connection), encoding="utf-8")


if __name__ == "__main__":
    main()
