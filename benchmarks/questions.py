"""What a question costs beside the least that it must: each question in turn, all in one process.

    python benchmarks/questions.py DOCUMENTS QUESTIONS [--count 60] [--library DIR]

Prints one JSON object. ``floor`` is the bare embedding of the question (the packaged model, at the same precision, on
one thread) and an exact search by numpy over all vectors; ``passes`` are the bare forward passes of the reader over the
pairs that it read, side by side on all cores. Each question is asked each way before the next one comes, so that
whatever else runs falls on all alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from assistant import ingestion
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.evidence import READ_BY_READER, find_evidence
from assistant.parts import Parts, open_parts
from assistant.question import StandAlone
from assistant.reader import Candidate, Logits, PackagedReader, pair_ids
from assistant.settings import Settings
from index.embedding import has_fast_bfloat16, packaged_path
from index.passes import ForwardPasses
from index.vectors import CatalogVectors

BATCH = 8
"""Pairs of one bare pass of the reader, sorted by length and padded to the longest."""


class Listening:
    """A reader that remembers what it was given."""

    def __init__(self, reader: PackagedReader) -> None:
        self._reader = reader
        self.name = reader.name
        self.seen: tuple[str, Sequence[Candidate]] = ("", ())
        self.seconds = 0.0

    def score(self, question: str, candidates: Sequence[Candidate]) -> Logits:
        self.seen = question, candidates
        started = time.perf_counter()
        scores = self._reader.score(question, candidates)
        self.seconds = time.perf_counter() - started
        return scores


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bare_passes(
    reader: PackagedReader, passes: ForwardPasses, question: str, candidates: Sequence[Candidate]
) -> Callable[[], object]:
    """The reader's network over pairs that are already tokens, sorted by length."""
    tokenizer, model = reader._model()
    pairs = sorted((ids for ids, _ in pair_ids(tokenizer, question, candidates)), key=len)
    batches = []
    for start in range(0, len(pairs), BATCH):
        batch = pairs[start : start + BATCH]
        ids = torch.zeros(len(batch), max(map(len, batch)), dtype=torch.long)
        for row, one in enumerate(batch):
            ids[row, : len(one)] = torch.tensor(one)
        batches.append((ids, torch.zeros_like(ids), (ids != 0).long()))

    def run(batch: tuple[torch.Tensor, ...]) -> None:
        with torch.inference_mode():
            model(*batch)

    return lambda: passes.run(run, batches)


def measure(parts: Parts, questions: Sequence[str]) -> dict[str, Any]:
    library = parts.library
    assert isinstance(parts.reader, PackagedReader)
    listening = Listening(parts.reader)
    whole = Assistant(library, listening, load_calibrations())
    plain = Assistant(library, None, load_calibrations())
    bare = SentenceTransformer(str(packaged_path()), device="cpu", local_files_only=True)
    if has_fast_bfloat16():
        bare = bare.to(torch.bfloat16)
    torch.set_num_threads(1)
    passes = ForwardPasses()
    exact = CatalogVectors.of(library.catalog)
    calibrations = load_calibrations()
    times: dict[str, list[float]] = {}

    def floor(question: str) -> None:
        vector = bare.encode(question, normalize_embeddings=True, show_progress_bar=False)
        exact.search(np.asarray(vector, dtype=np.float32), limit=10)

    def evidence_alone(question: str) -> None:
        """Search, weigh and read: a question with the reader, without windows, speakers, differences and the like."""
        found = library.search(question, limit=10)
        find_evidence(StandAlone(question), found, library, listening, calibrations)

    ways: dict[str, Callable[[str], object]] = {
        "floor": floor,
        "search": lambda asked: library.search(asked, limit=10),
        "plain": plain.ask,
        "whole": whole.ask,
        "evidence": evidence_alone,
    }
    for number, question in enumerate(questions):
        row: dict[str, float] = {}
        for position, (name, way) in enumerate(ways.items()):
            asked = question + position * " ?"  # not the same twice: no vector of it is kept from before
            row[name] = seconds(lambda: way(asked))  # noqa: B023
            if name == "whole":
                row["reader"] = listening.seconds
                row["passes"] = seconds(bare_passes(parts.reader, passes, *listening.seen))
        if number < 3:
            continue  # everything is loaded and met once
        for name, value in row.items():
            times.setdefault(name, []).append(1000 * value)
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {
        "questions": len(times["floor"]),
        "passages": library.stats().passages,
        "pairs": READ_BY_READER,
        "p50_ms": {name: round(value, 1) for name, value in middle.items()},
        "p95_ms": {name: round(statistics.quantiles(values, n=20)[18], 1) for name, values in times.items()},
        "ratios": {
            "search to floor": round(middle["search"] / middle["floor"], 2),
            "question without the reader to floor": round(middle["plain"] / middle["floor"], 2),
            "reader to its bare passes": round(middle["reader"] / middle["passes"], 2),
            "whole answer to floor and passes": round(middle["whole"] / (middle["floor"] + middle["passes"]), 2),
            "whole answer to search, weighing and reading": round(middle["whole"] / middle["evidence"], 2),
        },
        "reader adds, ms": round(middle["whole"] - middle["plain"], 1),
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("documents", type=Path)
    options.add_argument("questions", type=Path, help="a JSON object with a question a line")
    options.add_argument("--count", type=int, default=60)
    options.add_argument("--library", type=Path, help="a data directory that holds the documents already")
    given = options.parse_args()
    rows = [json.loads(line) for line in given.questions.read_text("utf-8").splitlines() if line.strip()]
    step = max(1, len(rows) // (given.count + 3))
    questions = [row["question"] for row in rows[::step]][: given.count + 3]
    with tempfile.TemporaryDirectory() as folder:
        parts = open_parts(Settings(data_dir=given.library or Path(folder)))
        if given.library is None:
            for _ in ingestion.ingest(parts.library, ingestion.find([given.documents]).files):
                pass
        report = measure(parts, questions)
        parts.close()
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
