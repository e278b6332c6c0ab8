"""The vector stores: one contract for Chroma and for the exact search over the catalog's vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from index.embedding import Vector
from index.vectors import CatalogVectors, ChromaVectors, VectorSearch, pack_vector, unpack_vectors

Build = Callable[[list[int], Vector], VectorSearch]
DIMENSIONS = 16


def unit_vectors(count: int, seed: int = 3) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(params=["chroma", "catalog"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Build]:
    """Makes a store of these ids and vectors."""
    opened: list[ChromaVectors] = []

    def chroma(ids: list[int], vectors: Vector) -> VectorSearch:
        store = ChromaVectors(tmp_path / "vectors", "test")
        opened.append(store)
        store.add(ids, vectors)
        return store

    yield chroma if request.param == "chroma" else CatalogVectors
    for store in opened:
        store.close()


def test_the_nearest_come_first_with_their_cosines(build: Build) -> None:
    """A search gives the ids of the nearest vectors, nearest first, each with its cosine."""
    vectors = unit_vectors(300)
    question = unit_vectors(1, seed=9)[0]
    cosines = vectors @ question
    nearest = np.argsort(-cosines)[:10]

    found = build(list(range(1000, 1300)), vectors).search(question, limit=10)

    assert [match.passage_id for match in found] == [1000 + int(row) for row in nearest]
    assert [match.similarity for match in found] == pytest.approx([float(cosines[row]) for row in nearest], abs=1e-4)


def test_a_vector_finds_itself(build: Build) -> None:
    """The nearest to a stored vector is that vector, with a cosine of one."""
    vectors = unit_vectors(20)
    store = build(list(range(20)), vectors)

    found = [store.search(vector, limit=1)[0] for vector in vectors]

    assert [match.passage_id for match in found] == list(range(20))
    assert [match.similarity for match in found] == pytest.approx([1.0] * 20, abs=1e-4)


def test_a_limit_above_the_count_gives_all(build: Build) -> None:
    """Asking for more than there is gives all there is."""
    store = build([1, 2, 3], unit_vectors(3))

    assert store.count() == 3
    assert {match.passage_id for match in store.search(unit_vectors(1)[0], limit=50)} == {1, 2, 3}


def test_an_empty_store_finds_nothing(build: Build) -> None:
    """A store without vectors has a count of zero and finds nothing."""
    store = build([], np.zeros((0, DIMENSIONS), dtype=np.float32))

    assert (store.count(), store.search(unit_vectors(1)[0], limit=5)) == (0, [])


def test_chroma_never_finds_a_removed_vector(tmp_path: Path) -> None:
    """What was removed is not found, before and after the store is opened again."""
    vectors = unit_vectors(50)
    store = ChromaVectors(tmp_path, "test")
    store.add(list(range(50)), vectors)
    store.remove([7, 8])

    def found(opened: ChromaVectors) -> set[int]:
        return {match.passage_id for match in opened.search(vectors[7], limit=50)}

    before = found(store)
    store.close()
    again = ChromaVectors(tmp_path, "test")
    assert before == found(again) == set(range(50)) - {7, 8}
    again.close()


def test_chroma_takes_an_id_again(tmp_path: Path) -> None:
    """Adding an id again replaces its vector."""
    vectors = unit_vectors(2)
    store = ChromaVectors(tmp_path, "test")
    store.add([1], vectors[:1])
    store.add([1], vectors[1:])

    (found,) = store.search(vectors[1], limit=5)

    assert (store.count(), found.passage_id) == (1, 1)
    assert found.similarity == pytest.approx(1.0, abs=1e-4)
    store.close()


@given(arrays.arrays(np.float32, (3, 8), elements=st.floats(-1, 1, width=16)))
def test_packing_keeps_what_half_precision_holds(vectors: Vector) -> None:
    """Vectors that float16 can hold come back from the catalog as they went in."""
    assert np.array_equal(unpack_vectors([pack_vector(vector) for vector in vectors]), vectors)


def test_packing_turns_a_unit_vector_by_next_to_nothing() -> None:
    """The cosine between a vector and its packed form is above .9999."""
    vectors = unit_vectors(200)

    packed = unpack_vectors([pack_vector(vector) for vector in vectors])

    cosines = (packed * vectors).sum(axis=1) / np.linalg.norm(packed, axis=1)
    assert float(cosines.min()) > 0.9999
