"""Vectors in Chroma, embedded; and the same search over the catalog's own vectors, without it.

What a Chroma server needs beside this stands in ``index.chroma_server``; no other file knows Chroma.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from corpus.catalog import Catalog
from corpus.filters import Filters
from index.embedding import Vector
from index.errors import LibraryUnusableError

if TYPE_CHECKING:
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

_Result = TypeVar("_Result")

VECTOR_BYTES = np.dtype("<f2")
"""How the catalog keeps vectors: float16, little endian; the cosine to float32 is above .9999."""
HNSW: CreateHNSWConfiguration = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
"""Recall@20 .9998 at 50,000 clustered vectors, against .984 with Chroma's defaults."""
_CHROMA_FILE = "chroma.sqlite3"
"""Chroma makes it when it opens a folder: one without it holds nothing."""
_BATCH = 200
"""Rows of one upsert: Chroma holds the interpreter's lock while it writes, for .1 to .3 s at this size."""
_PROBE_SECONDS = 120
"""Time that a child process is given to open a store and search it."""
_PROBE_NEIGHBOURS = 5
"""Among how many neighbours of its own vector a passage must be: copies of a text share a vector."""


@dataclass(frozen=True, slots=True)
class VectorMatch:
    """A passage near the question."""

    passage_id: int
    similarity: float
    """Cosine, -1 to 1."""


class VectorSearch(Protocol):
    """Nearest neighbours of a unit vector among passages."""

    def search(self, vector: Vector, *, limit: int) -> list[VectorMatch]:
        """The nearest, nearest first."""

    def count(self) -> int: ...


class ChromaCollection(ABC):
    """Vectors in a collection of Chroma, wherever that is; all that is raised is ``LibraryUnusableError``."""

    _collection: Collection
    _batch: int
    """Rows of one upsert."""

    def add(self, passage_ids: Sequence[int], vectors: Vector) -> None:
        """Add vectors, or replace them."""
        for start in range(0, len(passage_ids), self._batch):
            batch = slice(start, start + self._batch)
            ids = [str(passage_id) for passage_id in passage_ids[batch]]
            rows = np.ascontiguousarray(vectors[batch], dtype=np.float32)
            self._call("written", partial(self._collection.upsert, ids=ids, embeddings=rows))

    def remove(self, passage_ids: Sequence[int]) -> None:
        for start in range(0, len(passage_ids), self._batch):
            ids = [str(passage_id) for passage_id in passage_ids[start : start + self._batch]]
            self._call("written", partial(self._collection.delete, ids=ids))

    def search(self, vector: Vector, *, limit: int) -> list[VectorMatch]:
        ask = partial(
            self._collection.query, query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"]
        )
        found: Any = self._call("searched", ask)
        return [
            VectorMatch(int(passage_id), 1.0 - distance)
            for passage_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def count(self) -> int:
        return int(self._call("counted", self._collection.count))

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _call(self, done: str, call: Callable[[], _Result]) -> _Result:
        """Call Chroma; ``done`` says what was to be done, for the message of an error."""


class ChromaVectors(ChromaCollection):
    """A collection in an embedded Chroma. One process at a time: the caller holds the library's lock."""

    _batch = _BATCH

    def __init__(self, folder: Path, collection: str) -> None:
        """Open the collection, or make it.

        Raises:
            LibraryUnusableError: Chroma cannot open the folder.
        """
        os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
        import chromadb
        from chromadb.config import Settings

        self._folder = folder
        try:
            # `.env` in the working folder would be read otherwise.
            settings = Settings(_env_file=None, anonymized_telemetry=False, allow_reset=False)  # type: ignore[call-arg]
            self._client = chromadb.PersistentClient(str(folder), settings=settings)
            self._collection = self._client.get_or_create_collection(
                collection, embedding_function=None, configuration={"hnsw": HNSW}
            )
        except (chromadb.errors.ChromaError, ValueError, OSError) as error:
            raise LibraryUnusableError(
                f"the vector index cannot be opened ({error}); rebuild it from the catalog with: dateline reindex"
            ) from error

    def close(self) -> None:
        self._client.close()  # type: ignore[attr-defined]  # the class has it, the interface does not

    def _call(self, done: str, call: Callable[[], _Result]) -> _Result:
        with _own_errors(done):
            return call()


class Generations(Protocol):
    """The vector indexes of one library: the one that is searched, and one that is built to take its place."""

    @property
    def shared(self) -> bool:
        """Whether the store lives on without this process, and may change or end without it."""

    def exists(self, name: str) -> bool: ...

    def open(self, name: str, fingerprint: str) -> ChromaCollection: ...

    def create(self, name: str, fingerprint: str) -> ChromaCollection:
        """An empty one, in place of what an earlier try left under this name."""

    def is_whole(self, name: str, fingerprint: str, sample: Sequence[tuple[int, bytes]], count: int) -> bool:
        """Whether it holds ``count`` vectors, and these among them are found."""

    def keep_only(self, name: str) -> None:
        """Remove all others."""


class FolderGenerations:
    """Generations of an embedded Chroma: a folder each."""

    shared = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self, name: str) -> bool:
        return (self._folder / name / _CHROMA_FILE).is_file()

    def open(self, name: str, fingerprint: str) -> ChromaCollection:
        return ChromaVectors(self._folder / name, fingerprint)

    def create(self, name: str, fingerprint: str) -> ChromaCollection:
        folder = self._folder / name
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return ChromaVectors(folder, fingerprint)

    def is_whole(self, name: str, fingerprint: str, sample: Sequence[tuple[int, bytes]], count: int) -> bool:
        probe = probe_chroma(
            self._folder / name,
            fingerprint,
            [passage_id for passage_id, _ in sample],
            unpack_vectors(packed for _, packed in sample),
        )
        return probe == Probe(opened=True, count=count, found=len(sample))

    def keep_only(self, name: str) -> None:
        for other in self._folder.iterdir():
            if other.name != name:
                shutil.rmtree(other)


class CatalogVectors:
    """Exact search over the vectors that the catalog keeps: for readers beside a process that owns Chroma, and for
    small selections of passages."""

    def __init__(self, ids: Sequence[int], vectors: Vector) -> None:
        self._ids = np.asarray(ids, dtype=np.int64)
        self._vectors = vectors

    @classmethod
    def of(cls, catalog: Catalog, filters: Filters | None = None) -> CatalogVectors:
        """The passages that pass the filters."""
        ids: list[int] = []
        vectors: list[Vector] = []
        for batch in catalog.vectors(filters=filters or Filters()):
            ids.extend(passage_id for passage_id, _ in batch)
            vectors.append(unpack_vectors([packed for _, packed in batch]))
        return cls(ids, np.concatenate(vectors) if vectors else np.zeros((0, 1), dtype=np.float32))

    def search(self, vector: Vector, *, limit: int) -> list[VectorMatch]:
        if not len(self._ids):
            return []
        similarities = self._vectors @ vector
        limit = min(limit, len(self._ids))
        best = np.argpartition(-similarities, limit - 1)[:limit]
        best = best[np.argsort(-similarities[best], kind="stable")]
        return [VectorMatch(int(self._ids[row]), float(similarities[row])) for row in best]

    def count(self) -> int:
        return len(self._ids)


@dataclass(frozen=True, slots=True)
class Probe:
    """What another process saw of a store."""

    opened: bool
    count: int
    """Vectors that the store says it holds."""
    found: int
    """How many of the vectors that were looked for are found."""


def probe_chroma(folder: Path, collection: str, passage_ids: Sequence[int], vectors: Vector) -> Probe:
    """Open a store in a child process and look for some of its vectors.

    A store whose process was killed in the middle of a write can end the process that opens it with a segmentation
    fault, and its own count can be far from what its searches reach.
    """
    rows = io.BytesIO()
    np.savez(rows, ids=np.asarray(passage_ids, dtype=np.int64), vectors=vectors)
    root = str(Path(__file__).resolve().parent.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    try:
        child = subprocess.run(  # noqa: S603 — this very file
            [sys.executable, "-m", "index.vectors", str(folder), collection],
            input=rows.getvalue(),
            capture_output=True,
            env=environment,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(opened=False, count=0, found=0)
    if child.returncode != 0:
        return Probe(opened=False, count=0, found=0)
    seen = json.loads(child.stdout)
    return Probe(opened=True, count=seen["count"], found=seen["found"])


def _probe(folder: Path, collection: str) -> None:
    """What the child process does: vectors come in by standard input, the figures go out by standard output."""
    rows = np.load(io.BytesIO(sys.stdin.buffer.read()))
    store = ChromaVectors(folder, collection)
    found = count_found(store, rows["ids"].tolist(), rows["vectors"])
    sys.stdout.write(json.dumps({"count": store.count(), "found": found}))
    store.close()


def count_found(store: VectorSearch, passage_ids: Sequence[int], vectors: Vector) -> int:
    """How many of these passages are found by their own vectors."""
    return sum(
        passage_id in {match.passage_id for match in store.search(vector, limit=_PROBE_NEIGHBOURS)}
        for passage_id, vector in zip(passage_ids, vectors, strict=True)
    )


@contextmanager
def _own_errors(done: str) -> Iterator[None]:
    import chromadb

    try:
        yield
    except (chromadb.errors.ChromaError, OSError) as error:
        advice = "free some space on its disk" if "full" in str(error).casefold() else "start Dateline again"
        raise LibraryUnusableError(
            f"the vector index cannot be {done} ({error}): {advice}; it is rebuilt from the catalog, nothing is lost"
        ) from error


def pack_vector(vector: Vector) -> bytes:
    """A vector as the catalog keeps it."""
    return vector.astype(VECTOR_BYTES).tobytes()


def unpack_vectors(packed: Iterable[bytes]) -> Vector:
    """Vectors of shape (n, d) from what the catalog keeps."""
    rows = list(packed)
    flat = np.frombuffer(b"".join(rows), dtype=VECTOR_BYTES).astype(np.float32)
    return flat.reshape(len(rows), -1) if rows else flat.reshape(0, 1)


if __name__ == "__main__":
    _probe(Path(sys.argv[1]), sys.argv[2])
