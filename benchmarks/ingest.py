"""How fast files go into a library, and what that needs.

    python benchmarks/ingest.py pace DIR [--files 40] [--rounds 3]
        A whole ingest against SentenceTransformer.encode on the same passages at the same precision, in turn.
    python benchmarks/ingest.py many [--files 1000]
        Generated files: the first time, again unchanged, and the memory from the hundredth to the last.

Each prints one JSON object. Wall time is of all that runs on the machine, processor time of this process alone.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from assistant import ingestion
from index.embedding import PassageText, PassageVectors, SentenceTransformerEmbedder
from index.library import Library

WORDS = (
    "the council harbour river storm bridge treaty market tower minister report winter fish road school of and in to "
    "was is after before new old great million vote budget crossing valley engine people"
).split()
KINDS = (".txt", ".md", ".html")


class Listening(SentenceTransformerEmbedder):
    """Keeps the texts that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed_passages(self, passages: list[PassageText]) -> list[PassageVectors]:  # type: ignore[override]
        self.texts += [passage.joined for passage in passages]
        return super().embed_passages(passages)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and on the processors."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def read_into(folder: Path, embedder: SentenceTransformerEmbedder, files: list[Path]) -> None:
    library = Library.open(folder, embedder)
    statuses = {result.status for result in ingestion.ingest(library, files)}
    assert statuses <= {"added", "same content"}, statuses
    library.close()


def pace(documents: Path, count: int, rounds: int) -> dict[str, object]:
    files = list(ingestion.find([documents]).files)
    files = files[:: max(1, len(files) // count)][:count]
    embedder = Listening()
    with tempfile.TemporaryDirectory() as folder:
        read_into(Path(folder) / "warm", embedder, files)  # everything is imported and loaded
        texts = list(embedder.texts)
        whole: list[tuple[float, float]] = []
        bare: list[tuple[float, float]] = []
        for number in range(rounds):
            bare.append(timed(lambda: embedder._model.encode(texts, batch_size=32, show_progress_bar=False)))
            whole.append(timed(lambda to=Path(folder) / str(number): read_into(to, embedder, files)))  # type: ignore[misc]
    ratios = [
        [mine / its for mine, its in zip(one, other, strict=True)] for one, other in zip(whole, bare, strict=True)
    ]
    return {
        "files": len(files),
        "passages": len(texts),
        "precision": str(next(embedder._model.parameters()).dtype).removeprefix("torch."),
        "encode_seconds": {"wall": _median(bare, 0), "processor": _median(bare, 1)},
        "ingest_seconds": {"wall": _median(whole, 0), "processor": _median(whole, 1)},
        "ratio": {"wall": _median(ratios, 0), "processor": _median(ratios, 1)},
    }


def many(count: int) -> dict[str, object]:
    chance = random.Random(5)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        files.mkdir()
        for number in range(count):
            write_file(files / f"{number:05}{KINDS[number % len(KINDS)]}", chance)
        library = Library.open(Path(folder) / "library", SentenceTransformerEmbedder())
        found = ingestion.find([files]).files
        memory: list[float] = []
        started = time.perf_counter(), time.process_time()
        for result in ingestion.ingest(library, found):
            assert result.status == "added", result
            memory.append(resident_mb())
        first = time.perf_counter() - started[0], time.process_time() - started[1]
        again = timed(lambda: [result.status for result in ingestion.ingest(library, found)])
        stats = library.stats()
        library.close()
    return {
        "files": stats.documents,
        "passages": stats.passages,
        "first_seconds": {"wall": round(first[0], 1), "processor": round(first[1], 1)},
        "unchanged_seconds": {"wall": round(again[0], 2), "processor": round(again[1], 2)},
        "times_faster": {"wall": round(first[0] / again[0]), "processor": round(first[1] / again[1])},
        "resident_mb": {"at_100": round(memory[99]), "at_last": round(memory[-1]), "most": round(max(memory))},
    }


def write_file(path: Path, chance: random.Random) -> None:
    paragraphs = [" ".join(chance.choices(WORDS, k=chance.randint(20, 90))).capitalize() + "." for _ in range(4)]
    match path.suffix:
        case ".html":
            body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
            text = f"<html><head><title>Report {path.stem}</title></head><body><article>{body}</article></body></html>"
        case ".md":
            text = f"# Report {path.stem}\n\n" + "\n\n".join(paragraphs)
        case _:
            text = "\n\n".join(paragraphs)
    path.write_text(text, "utf-8")


def resident_mb() -> float:
    """Memory of this process that is in RAM."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024


def _median(rows: list[tuple[float, float]] | list[list[float]], column: int) -> float:
    return round(statistics.median(row[column] for row in rows), 2)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = options.add_subparsers(dest="command", required=True)
    paced = commands.add_parser("pace")
    paced.add_argument("documents", type=Path)
    paced.add_argument("--files", type=int, default=40)
    paced.add_argument("--rounds", type=int, default=3)
    commands.add_parser("many").add_argument("--files", type=int, default=1000)
    given = options.parse_args()
    report = pace(given.documents, given.files, given.rounds) if given.command == "pace" else many(given.files)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
