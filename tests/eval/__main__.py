"""Print the scores of each folder; with --pin raise the floors to them: `python -m tests.eval [--pin]`."""

from __future__ import annotations

import json
import math
import sys

from tests.eval.harness import (
    HERE,
    article_kind_accuracy,
    article_kinds,
    articles,
    digest,
    golds,
    predictions,
)
from tests.eval.score import score

FOLDERS = ("dev", "heldout", "hard")
FLOORS = HERE / "floors.json"


def main() -> None:
    floors = json.loads(FLOORS.read_text(encoding="utf-8"))
    for folder in FOLDERS:
        if not articles(folder):
            floors.pop(folder, None)
            floors["corpus"].pop(folder, None)
            continue
        rows = score(golds(folder), predictions(folder))["rows"]
        print(f"{folder}: {len(articles(folder))} articles")
        for field, (p, r, f) in rows.items():
            print(f"  {field:24}{p:8.3f}{r:8.3f}{f:8.3f}")
        if articles(folder).keys() <= article_kinds().keys():
            print(f"  article kind{article_kind_accuracy(folder):36.3f}")
        floors.setdefault("corpus", {})[folder] = digest(folder)
        fields = floors.get(folder) or floors["dev"]
        floors[folder] = {field: math.floor(100 * rows[field][2]) / 100 for field in fields if field in rows}
    print(f"traps: {len(articles('traps'))} articles")
    print(f"  article kind{article_kind_accuracy('traps'):36.3f}")
    floors["article_kind"] = {
        folder: math.floor(100 * article_kind_accuracy(folder)) / 100 for folder in ("dev", "traps")
    }
    if "--pin" in sys.argv[1:]:
        FLOORS.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
