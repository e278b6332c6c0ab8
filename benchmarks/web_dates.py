"""How well the publication dates of real web pages are found: ``python benchmarks/web_dates.py FOLDER``.

The folder holds ``dates.jsonl``, a row ``{"file": …, "published": "2024-11-12"}`` a page, and the pages in
``documents/`` or beside it. A date is right where the day is.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from corpus.reading import ReadError, read_file


def main() -> None:
    """Print accuracy, wrong and missing dates, and with ``--verbose`` each page that is not right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="print each page whose date is wrong or missing")
    arguments = parser.parse_args()
    rows = [json.loads(row) for row in (arguments.folder / "dates.jsonl").read_text().splitlines() if row.strip()]
    beside = arguments.folder / "documents"
    counts = {"right": 0, "wrong": 0, "missing": 0, "failed": 0}
    started = time.perf_counter()
    for row in rows:
        path = (beside if beside.is_dir() else arguments.folder) / row["file"]
        try:
            published = read_file(path, name="page.html")[0].published
        except ReadError as error:
            counts["failed"] += 1
            print(f"{row['file']}: {error}")
            continue
        found = published.value.isoformat() if published else ""
        verdict = "right" if found == row["published"] else "wrong" if found else "missing"
        counts[verdict] += 1
        if arguments.verbose and verdict != "right":
            print(f"{row['file']}: {row['published']}, found {published}")
    total = max(len(rows), 1)
    print(
        f"pages {len(rows)}  accuracy {counts['right'] / total:.3f}  wrong {counts['wrong'] / total:.3f}  "
        f"missing {counts['missing'] / total:.3f}  failed {counts['failed']}  "
        f"seconds {time.perf_counter() - started:.1f}"
    )


if __name__ == "__main__":
    main()
