"""Several processes on one library, whose catalog and vectors are on real servers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.document import Document, SourceFile
from corpus.originals import read_whole
from index.embedding import WordHashEmbedder
from index.library import Library
from index.servers import ChromaServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def chroma_server(chroma_process: Any) -> ChromaServer:
    return ChromaServer(chroma_process.url)


@pytest.fixture
def database_url(postgres_database: str) -> str:
    return postgres_database


@pytest.fixture
def two(open_library: Callable[[], Library]) -> tuple[Library, Library]:
    """The library as two app processes have it open."""
    return open_library(), open_library()


def document(name: str, text: str = "") -> Document:
    return Document(text or f"The {name} is finished.", title=name, origin=f"test:{name}", name=name)


def titles(library: Library, query: str) -> list[str]:
    return sorted(result.document.title for result in library.search(query))


def test_what_one_adds_and_removes_the_other_answers_with(two: tuple[Library, Library]) -> None:
    """A document that one process added is found by the other at once, by its words and by its vector; a document that
    one removed is found by none."""
    one, other = two
    (dam,) = one.add([document("dam")])
    list(other.add([document("mill")]))

    assert (one.writable, other.writable) == (True, True)
    assert titles(one, "mill dam") == titles(other, "mill dam") == ["dam", "mill"]
    assert (one._vectors().count(), other._vectors().count()) == (2, 2)

    other.remove([dam.document_id])
    assert titles(one, "mill dam") == titles(other, "mill dam") == ["mill"]


class Waiting(WordHashEmbedder):
    """Embeds when all that are to write have come so far."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self._barrier = barrier

    def embed_passages(self, texts: Any) -> Any:
        self._barrier.wait(30)
        return super().embed_passages(texts)


@pytest.mark.parametrize("names", [("same", "same"), ("one", "other")])
def test_one_file_by_two_writers_is_one_document(
    tmp_path: Path, chroma_server: ChromaServer, database_url: str, names: tuple[str, str]
) -> None:
    """Two processes that have both found a file new, and embed it at the same time, make one document of it; also where
    it has two names."""
    barrier = threading.Barrier(2)
    libraries = [
        Library.open(tmp_path, Waiting(barrier), chroma_server=chroma_server, database_url=database_url) for _ in names
    ]
    statuses: list[str] = []

    def write(library: Library, name: str) -> None:
        statuses.extend(added.status for added in library.add([document(name, "The dam is finished.")]))

    threads = [threading.Thread(target=write, args=each) for each in zip(libraries, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = "unchanged" if names[0] == names[1] else "same content"
    assert sorted(statuses) == sorted(["added", expected])
    for library in libraries:
        (info,) = library.documents()
        assert info.names == tuple(sorted(set(names)))
        assert library._vectors().count() == library.stats().passages == 1
        library.close()


def test_a_reindex_is_followed_by_the_other(two: tuple[Library, Library]) -> None:
    """Where one process built the vector index anew, the other searches and writes in the new one."""
    one, other = two
    list(one.add([document("dam")]))
    assert titles(other, "dam") == ["dam"]

    list(one.reindex())

    assert titles(other, "dam") == ["dam"]
    list(other.add([document("mill")]))
    assert titles(one, "mill dam") == titles(other, "mill dam") == ["dam", "mill"]
    assert (one._vectors().count(), other._vectors().count(), one.down(), other.down()) == (2, 2, {}, {})


def test_a_copy_on_its_way_in_is_left_by_the_other(two: tuple[Library, Library]) -> None:
    """The copy of a file that one process has kept stays while its documents are still to come, whatever the other
    removes; one that nothing came of goes."""
    one, other = two
    (gone,) = other.add([document("mill")])
    data = b"The dam is finished."
    hashed = one.keep_copy(data)
    stray = other.keep_copy(b"nothing")

    other.remove([gone.document_id])
    other.end_files([], [stray])

    source = SourceFile("file:dam", "dam.txt", "text/plain", len(data), hashed)
    (dam,) = one.add([Document(data.decode(), "dam", origin="test:dam", name="dam.txt", file=source)])
    one.end_files([], [hashed])
    found = other.original(dam.document_id)
    assert found is not None
    assert read_whole(other.originals, found.content_hash) == data
    assert (one.compare_copies().stray, one.compare_copies().lost) == (frozenset(), frozenset())


WRITER = """
import sys
from pathlib import Path
from corpus.document import Document
from index.embedding import WordHashEmbedder
from index.library import Library
from index.servers import ChromaServer
folder, chroma, database, start, end = sys.argv[1:]
library = Library.open(Path(folder), WordHashEmbedder(), chroma_server=ChromaServer(chroma), database_url=database)
print("ready", flush=True)
for number in range(int(start), int(end)):
    name = f"file {number}"
    for added in library.add([Document(f"The report {number} is ready.", name, origin=f"test:{name}", name=name)]):
        print(added.status, added.name, flush=True)
library.close()
"""


@pytest.fixture
def writer(tmp_path: Path, chroma_server: ChromaServer, database_url: str) -> Iterator[Callable[..., Any]]:
    started: list[subprocess.Popen[str]] = []

    def start(first: int, end: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WRITER, str(tmp_path / "library"), chroma_server.url, database_url]
        process = subprocess.Popen(
            [*command, str(first), str(end)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_writer_that_is_killed_loses_and_doubles_nothing(
    writer: Callable[..., Any], open_library: Callable[[], Library]
) -> None:
    """While two processes write files of which half are the same, one is killed: the other goes on, and every document
    that either acknowledged is there once, whole and found."""
    first, second = writer(0, 30), writer(15, 45)
    acknowledged: list[str] = []
    for line in first.stdout:
        acknowledged += [line.split(" ", 1)[1].strip()] if line.startswith("added") else []
        if len(acknowledged) >= 5:
            break
    first.kill()
    for line in second.stdout:
        acknowledged += [line.split(" ", 1)[1].strip()] if line.startswith("added") else []
    assert second.wait() == 0

    library = open_library()
    held = [info.title for info in library.documents()]

    assert len(held) == len(set(held))
    assert set(acknowledged) <= set(held)
    assert {f"file {number}" for number in range(15, 45)} <= set(held)
    assert library._vectors().count() == library.stats().passages == len(held)


def test_a_document_of_another_process_is_found_within_two_seconds(
    writer: Callable[..., Any], open_library: Callable[[], Library]
) -> None:
    """From the moment that another process acknowledged it."""
    library = open_library()
    process = writer(7, 8)
    for line in process.stdout:
        if line.startswith("added"):
            break
    started = time.monotonic()

    assert titles(library, "report 7") == ["file 7"]
    assert time.monotonic() - started < 2
