"""Kill -9 while files are being read into a library, again and again, and look at what is left.

    python benchmarks/crash.py [--kills 50] [--files 200] [--seed 1]

Each round forks a process that ingests a folder and tells each document that it acknowledges; it is killed at a random
moment. Another process then opens the library and looks at every document. When all files are in, all of them change,
so that later kills fall on replacements too. A stand-in for the model keeps the embedding short: nearly every kill
falls on a write. Standard output is one JSON object; the exit code is 1 where anything was found wrong.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import chromadb  # noqa: F401 — loaded once, before the forks

from assistant import ingestion
from index.embedding import WordHashEmbedder
from index.library import Library
from index.vectors import unpack_vectors

WORDS = "harbour storm bridge castle treaty dam mill river council fish tower market".split()


def text_of(name: str, version: int) -> str:
    """What a file holds: one to six passages, the same for a name and a version."""
    order = random.Random(f"{name} {version}")  # noqa: S311 — a test's text
    lines = [f"The {' '.join(order.choices(WORDS, k=30))} of {name}." for _ in range(order.choice((3, 10, 30)))]
    return "\n\n".join([*lines, f"The end of {name} in version {version}."])


def write_files(folder: Path, count: int, version: int) -> None:
    for number in range(count):
        (folder / f"file-{number:03}.txt").write_text(text_of(f"file-{number:03}", version), "utf-8")


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """A process that does ``work`` with the writing end of a pipe; its id and the reading end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            work(writing)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    return child, reading


def ingest(home: Path, files: Path, out: int) -> None:
    library = Library.open(home, WordHashEmbedder())
    for result in ingestion.ingest(library, ingestion.find([files]).files):
        os.write(out, f"{result.path.stem} {result.status}\n".encode())
    library.close()


def examine(home: Path, files: int, out: int) -> None:
    """Open the library as a server does, and tell what it holds and what is wrong in it."""
    started = time.perf_counter()
    library = Library.open(home, WordHashEmbedder())
    opened = time.perf_counter() - started
    wrong: list[str] = []
    held: dict[str, int] = {}
    for info in library.documents():
        stored = library.document(info.id)
        assert stored is not None
        version = int(stored.text.rstrip(".").rpartition(" ")[2])
        held[info.name.removesuffix(".txt")] = version
        if stored.text.strip() != text_of(info.name.removesuffix(".txt"), version).strip():
            wrong.append(f"{info.name} is not one of its versions")
        sentences = library.sentences(info.id)
        if [one.sentence.text for one in sentences] != [one.sentence.span.of(stored.text) for one in sentences]:
            wrong.append(f"a sentence of {info.name} is not its span")
        if len(sentences) != info.sentences or not sentences[-1].sentence.text.startswith("The end of"):
            wrong.append(f"{info.name} has {len(sentences)} of {info.sentences} sentences")
    vectors = library._vectors()
    passages = library.stats().passages
    if vectors.count() != passages:
        wrong.append(f"{vectors.count()} vectors for {passages} passages")
    if library.catalog.document_frequencies(["castl"]).get("castl", 0) > passages:
        wrong.append("words are left of passages that are gone")
    names = sorted(held)
    for name in random.Random(len(names)).sample(names, min(10, len(names))):  # noqa: S311
        found = library.search(name, limit=3)
        if name not in [result.document.name.removesuffix(".txt") for result in found]:
            wrong.append(f"{name} is not found")
    for passage_id, packed in library.catalog.sample_vectors(50):
        (vector,) = unpack_vectors([packed])
        if passage_id not in [match.passage_id for match in vectors.search(vector, limit=5)]:
            wrong.append(f"passage {passage_id} is not among the neighbours of its own vector")
    library.close()
    os.write(out, json.dumps({"held": held, "wrong": wrong, "opened_in": opened, "files": files}).encode())


def all_of(reading: int) -> str:
    with os.fdopen(reading, encoding="utf-8") as pipe:
        return pipe.read()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--files", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    arguments = options.parse_args()
    logging.disable(logging.WARNING)
    chance = random.Random(arguments.seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        files.mkdir()
        report = run(Path(folder), files, arguments.kills, arguments.files, chance)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 1 if report["wrong"] else 0


def run(folder: Path, files: Path, kills: int, count: int, chance: random.Random) -> dict[str, object]:
    write_files(files, count, version=0)
    started = time.perf_counter()
    child, reading = forked(lambda out: ingest(folder / "whole", files, out))
    whole = Counter(line.split()[1] for line in all_of(reading).splitlines())
    os.waitpid(child, 0)
    longest = time.perf_counter() - started
    assert whole == {"added": count}, whole

    home = folder / "killed"
    version = 0
    acknowledged: dict[str, int] = {}
    wrong: list[str] = []
    lasted: list[float] = []
    opened: list[float] = []
    killed = 0
    while killed < kills:
        moment = chance.uniform(0, longest)
        child, reading = forked(lambda out: ingest(home, files, out))
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        lines = [line.split(" ", 1) for line in all_of(reading).splitlines()]
        killed += os.WIFSIGNALED(status)
        lasted.append(moment)
        wrong += [f"{name} {said}" for name, said in lines if said not in ("added", "replaced", "unchanged")]
        acknowledged |= {name: version for name, _ in lines}
        checker, seeing = forked(lambda out: examine(home, count, out))
        seen = all_of(seeing)
        os.waitpid(checker, 0)
        if not seen:
            wrong.append(f"kill {killed}: the library could not be opened")
            continue
        found = json.loads(seen)
        wrong += [f"kill {killed}: {problem}" for problem in found["wrong"]]
        wrong += [
            f"kill {killed}: {name} was acknowledged in version {least}, there is {found['held'].get(name)}"
            for name, least in acknowledged.items()
            if found["held"].get(name, -1) < least
        ]
        opened.append(found["opened_in"])
        if len(acknowledged) == count and set(acknowledged.values()) == {version}:
            version += 1
            write_files(files, count, version)
    return {
        "kills": killed,
        "files": count,
        "versions": version + 1,
        "acknowledged": len(acknowledged),
        "seconds_to_kill": {"first": round(min(lasted), 2), "last": round(max(lasted), 2)},
        "seconds_to_open": {"median": round(sorted(opened)[len(opened) // 2], 2), "longest": round(max(opened), 2)},
        "wrong": wrong,
    }


if __name__ == "__main__":
    sys.exit(main())
