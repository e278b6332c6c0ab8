"""What an ingest and a question cost, in counts: a change that makes them dearer must say so in costs.json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FIGURES = json.loads((ROOT / "tests" / "costs.json").read_text("utf-8"))
REWRITE = "where that is meant, write the figures anew with: python benchmarks/costs.py --write"


@pytest.mark.timeout(900)
def test_an_ingest_and_a_question_cost_no_more_than_committed() -> None:
    """Passes through the models, tokens, SQL statements, Chroma calls and bytes written stay within costs.json."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "costs.py")], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert {work: list(figures) for work, figures in measured.items()} == {
        work: list(figures) for work, figures in FIGURES.items()
    }
    held = [measured["ingest"][name] for name in ("documents", "passages")]
    assert held == [FIGURES["ingest"][name] for name in ("documents", "passages")], f"other sample documents: {REWRITE}"
    dearer = [
        f"{work}, {name}: {figure} instead of {FIGURES[work][name]}"
        for work, figures in measured.items()
        for name, figure in figures.items()
        if figure > _most(name, FIGURES[work][name])
    ]
    assert not dearer, f"{'; '.join(dearer)}; {REWRITE}"


def _most(name: str, committed: float) -> float:
    """Bytes vary by when SQLite moves its log into the database, and a few more statements are no event."""
    if name.startswith("bytes"):
        return 1.1 * committed + 2_000
    return 1.2 * committed if name.startswith("sql") else committed
