"""Vectors in Chroma: the one file that knows it. And the same search over the catalog's own vectors, without it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from corpus.catalog import Catalog
from corpus.filters import Filters
from index.embedding import Vector
from index.errors import LibraryUnusableError

if TYPE_CHECKING:
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection

VECTOR_BYTES = np.dtype("<f2")
"""How the catalog keeps vectors: float16, little endian; the cosine to float32 is above .9999."""
_HNSW: CreateHNSWConfiguration = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
"""Recall@20 .9998 at 50,000 clustered vectors, against .984 with Chroma's defaults."""
_BATCH = 200
"""Rows of one upsert: Chroma holds the interpreter's lock while it writes, for .1 to .3 s at this size."""


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


class ChromaVectors:
    """A collection in an embedded Chroma. One process at a time: the caller holds the library's lock."""

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
            self._collection: Collection = self._client.get_or_create_collection(
                collection, embedding_function=None, configuration={"hnsw": _HNSW}
            )
        except (chromadb.errors.ChromaError, ValueError, OSError) as error:
            raise LibraryUnusableError(
                f"the vector index cannot be opened ({error}); rebuild it from the catalog with: dateline reindex"
            ) from error

    def add(self, passage_ids: Sequence[int], vectors: Vector) -> None:
        for start in range(0, len(passage_ids), _BATCH):
            batch = slice(start, start + _BATCH)
            self._collection.upsert(
                ids=[str(passage_id) for passage_id in passage_ids[batch]],
                embeddings=np.ascontiguousarray(vectors[batch], dtype=np.float32),
            )

    def remove(self, passage_ids: Sequence[int]) -> None:
        for start in range(0, len(passage_ids), _BATCH):
            self._collection.delete(ids=[str(passage_id) for passage_id in passage_ids[start : start + _BATCH]])

    def search(self, vector: Vector, *, limit: int) -> list[VectorMatch]:
        found: Any = self._collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
        return [
            VectorMatch(int(passage_id), 1.0 - distance)
            for passage_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def count(self) -> int:
        return int(self._collection.count())

    def close(self) -> None:
        self._client.close()  # type: ignore[attr-defined]  # the class has it, the interface does not


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


def pack_vector(vector: Vector) -> bytes:
    """A vector as the catalog keeps it."""
    return vector.astype(VECTOR_BYTES).tobytes()


def unpack_vectors(packed: Iterable[bytes]) -> Vector:
    """Vectors of shape (n, d) from what the catalog keeps."""
    rows = list(packed)
    flat = np.frombuffer(b"".join(rows), dtype=VECTOR_BYTES).astype(np.float32)
    return flat.reshape(len(rows), -1) if rows else flat.reshape(0, 1)
