"""What an ingest and a question cost, in counts that do not depend on the machine.

    python benchmarks/costs.py [--write]

Prints one JSON object; ``--write`` makes it the figures that the tests hold the code to (``tests/costs.json``).
The sample documents are read into a library of their own, with the real models, and the sample questions asked.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import torch
from chromadb.api.models.Collection import Collection

from assistant import ingestion
from assistant.parts import Parts, open_parts
from assistant.settings import Settings
from corpus.catalog import Catalog

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "tests" / "costs.json"
SAMPLE = ROOT / "corpus" / "sample"
QUESTIONS = ROOT / "tests" / "eval" / "sample" / "questions.jsonl"
_EVERY = 12
"""Of the sample questions, one in so many is asked."""


class Counts:
    """Counts of what a piece of work asked of the models, the catalog and Chroma."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.seen: Counter[str] = Counter()

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """The counts of what is done inside."""
        self.seen = Counter()
        hook = torch.nn.modules.module.register_module_forward_pre_hook(self._forward)
        sa.event.listen(self._catalog.engine, "before_cursor_execute", self._statement)
        sa.event.listen(self._catalog.engine, "commit", self._commit)
        written = bytes_written()
        calls = {name: getattr(Collection, name) for name in _CHROMA_CALLS}
        for name, call in calls.items():
            setattr(Collection, name, self._counted(call))
        try:
            yield self.seen
        finally:
            for name, call in calls.items():
                setattr(Collection, name, call)
            self.seen["bytes_written"] = bytes_written() - written
            sa.event.remove(self._catalog.engine, "commit", self._commit)
            sa.event.remove(self._catalog.engine, "before_cursor_execute", self._statement)
            hook.remove()

    def _forward(self, module: torch.nn.Module, given: tuple[Any, ...]) -> None:
        """Every pass through a network begins at its table of words, so both are counted there."""
        if isinstance(module, torch.nn.Embedding) and module.num_embeddings > _VOCABULARY:
            self.seen["forward_passes"] += 1
            self.seen["padded_tokens"] += given[0].numel()
            self.seen["tokens"] += int((given[0] != _PADDING).sum())

    def _statement(self, *_: object) -> None:
        self.seen["sql_statements"] += 1

    def _commit(self, *_: object) -> None:
        self.seen["transactions"] += 1

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def counted(*given: Any, **named: Any) -> Any:
            self.seen["chroma_calls"] += 1
            return call(*given, **named)

        return counted


_VOCABULARY = 10_000
"""A table with more rows than this holds words: the others of the networks hold positions and types."""
_PADDING = 0
_CHROMA_CALLS = ("add", "count", "delete", "get", "peek", "query", "update", "upsert")


def bytes_written() -> int:
    """Bytes that this process gave to the system to write; 0 where the system does not tell."""
    counters = Path("/proc/self/io")
    if not counters.exists():
        return 0
    lines = dict(line.split(": ") for line in counters.read_text("ascii").splitlines())
    return int(lines["wchar"])


def measure() -> dict[str, dict[str, float]]:
    """Costs by piece of work: of a whole ingest, of the same again, and of a question at most."""
    with tempfile.TemporaryDirectory() as folder:
        parts = open_parts(Settings(data_dir=Path(folder)))
        try:
            return _measure(parts)
        finally:
            parts.close()


def _measure(parts: Parts) -> dict[str, dict[str, float]]:
    counts = Counts(parts.catalog)
    parts.assistant.ask("Is everything loaded?")
    files = ingestion.find([SAMPLE]).files
    with counts.counting() as first:
        assert {result.status for result in ingestion.ingest(parts.library, files)} == {"added"}
    with counts.counting() as again:
        assert {result.status for result in ingestion.ingest(parts.library, files)} == {"unchanged"}
    stats = parts.library.stats()
    asked = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()][::_EVERY]
    most: Counter[str] = Counter()
    for row in asked:
        with counts.counting() as one:
            parts.assistant.ask(row["question"])
        most |= one
    del most["bytes_written"]
    return {
        "ingest": {
            "documents": stats.documents,
            "passages": stats.passages,
            "forward_passes": first["forward_passes"],
            "tokens_per_passage": round(first["tokens"] / stats.passages, 1),
            "padded_tokens_per_passage": round(first["padded_tokens"] / stats.passages, 1),
            "sql_statements_per_document": round(first["sql_statements"] / stats.documents, 1),
            "transactions_per_document": round(first["transactions"] / stats.documents, 1),
            "chroma_calls": first["chroma_calls"],
            "bytes_written_per_passage": round(first["bytes_written"] / stats.passages),
        },
        "ingest_unchanged": {
            "forward_passes": again["forward_passes"],
            "sql_statements_per_document": round(again["sql_statements"] / stats.documents, 1),
            "chroma_calls": again["chroma_calls"],
            "bytes_written_per_document": round(again["bytes_written"] / stats.documents),
        },
        "question_at_most": {
            name: most[name] for name in ("forward_passes", "padded_tokens", "sql_statements", "chroma_calls")
        },
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--write", action="store_true", help="make them the figures that the tests hold the code to")
    text = json.dumps(measure(), indent=2) + "\n"
    if options.parse_args().write:
        FIGURES.write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
