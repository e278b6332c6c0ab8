"""The vector stores: one contract for an embedded Chroma, a Chroma server, and the exact search over the catalog's
vectors."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from index.chroma_server import ServedGenerations
from index.embedding import Vector
from index.servers import ChromaServer
from index.vectors import (
    CatalogVectors,
    ChromaVectors,
    FolderGenerations,
    Generations,
    VectorSearch,
    pack_vector,
    unpack_vectors,
)

Build = Callable[[list[int], Vector], VectorSearch]
DIMENSIONS = 16


def unit_vectors(count: int, seed: int = 3) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(params=["chroma", "served", "catalog"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Build]:
    """Makes a store of these ids and vectors."""
    opened: list[ChromaVectors] = []

    def chroma(ids: list[int], vectors: Vector) -> VectorSearch:
        store = ChromaVectors(tmp_path / "vectors", "test")
        opened.append(store)
        store.add(ids, vectors)
        return store

    def served(ids: list[int], vectors: Vector) -> VectorSearch:
        server = ChromaServer(request.getfixturevalue("chroma_process").url)
        store = ServedGenerations(server, uuid.uuid4().hex).create("000001", "test")
        store.add(ids, vectors)
        return store

    yield {"chroma": chroma, "served": served, "catalog": CatalogVectors}[request.param]
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


@pytest.fixture(params=["folder", "server"])
def generations(request: pytest.FixtureRequest, tmp_path: Path) -> Generations:
    """Where Chroma's collections of a library are."""
    if request.param == "folder":
        (tmp_path / "vectors").mkdir()
        return FolderGenerations(tmp_path / "vectors")
    return ServedGenerations(ChromaServer(request.getfixturevalue("chroma_process").url), uuid.uuid4().hex)


def test_chroma_never_finds_a_removed_vector(generations: Generations) -> None:
    """What was removed is not found, before and after the store is opened again."""
    vectors = unit_vectors(50)
    store = generations.create("000001", "test")
    store.add(list(range(50)), vectors)
    store.remove([7, 8])

    def found(opened: VectorSearch) -> set[int]:
        return {match.passage_id for match in opened.search(vectors[7], limit=50)}

    before = found(store)
    store.close()
    again = generations.open("000001", "test")
    assert before == found(again) == set(range(50)) - {7, 8}
    again.close()


def test_chroma_takes_an_id_again(generations: Generations) -> None:
    """Adding an id again replaces its vector."""
    vectors = unit_vectors(2)
    store = generations.create("000001", "test")
    store.add([1], vectors[:1])
    store.add([1], vectors[1:])

    (found,) = store.search(vectors[1], limit=5)

    assert (store.count(), found.passage_id) == (1, 1)
    assert found.similarity == pytest.approx(1.0, abs=1e-4)
    store.close()


def test_a_generation_takes_the_place_of_another(generations: Generations) -> None:
    """One can be built beside the one that is searched; whether it is whole is told, and the others go."""
    vectors = unit_vectors(60)
    sample = [(row, pack_vector(vectors[row])) for row in range(0, 60, 10)]
    for name, rows in (("000001", 30), ("000002", 60)):
        store = generations.create(name, "test")
        store.add(list(range(rows)), vectors[:rows])
        store.close()
    whole = {name: generations.is_whole(name, "test", sample, 60) for name in ("000001", "000002")}
    started_anew = generations.create("000001", "test")
    assert (whole, started_anew.count()) == ({"000001": False, "000002": True}, 0)
    started_anew.close()

    generations.keep_only("000002")

    assert [generations.exists(name) for name in ("000001", "000002", "000003")] == [False, True, False]


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
