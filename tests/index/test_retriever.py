"""The search as a LlamaIndex retriever: alone, and as a part of LlamaIndex's own query engine."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine

from corpus.document import Document, PublishedDate
from corpus.filters import Filters
from index.embedding import WordHashEmbedder
from index.library import Library
from index.retriever import LibraryRetriever

if TYPE_CHECKING:
    from assistant.settings import Settings

HARBOUR = "The harbour of Norby was dug in 1871. It freezes in hard winters.\n\nFerries leave for Eskham at noon."
MILL = "The mill of Calder grinds barley. Its wheel was made of oak."


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """Two documents, one of them dated."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    published = PublishedDate(datetime.date(2024, 11, 12), "user")
    documents = [
        Document(text=HARBOUR, title="Harbour", origin="harbour", name="harbour.txt", published=published),
        Document(text=MILL, title="Mill", origin="mill", name="mill.txt"),
    ]
    assert [added.status for added in library.add(documents)] == ["added", "added"]
    yield library
    library.close()


def test_nodes_are_the_stretches_of_a_search(library: Library) -> None:
    """In its order, with its scores; the places of a node are exact in the document, and its metadata name it."""
    nodes = LibraryRetriever(library, limit=2).retrieve("When was the harbour of Norby dug?")

    found = library.search("When was the harbour of Norby dug?", limit=2)
    assert [(node.score, node.text) for node in nodes] == [(item.score, item.passage.text) for item in found]
    node = nodes[0].node
    assert node.metadata == {
        "document_id": found[0].document.id,
        "title": "Harbour",
        "source": found[0].document.source,
        "published": "2024-11-12",
    }
    assert HARBOUR[node.start_char_idx : node.end_char_idx] == nodes[0].text
    again = LibraryRetriever(library, limit=2).retrieve("When was the harbour of Norby dug?")
    assert [node.node_id for node in again] == [node.node_id for node in nodes]


def test_filters_hold(library: Library) -> None:
    """What they leave out is not found."""
    early = Filters(as_of=datetime.date(2024, 1, 1))

    titles = {node.metadata["title"] for node in LibraryRetriever(library, filters=early).retrieve("harbour of Norby")}

    assert "Harbour" not in titles


def test_a_query_engine_takes_it(library: Library) -> None:
    """LlamaIndex's own engine gives the model its text, and the nodes as sources."""
    engine = RetrieverQueryEngine.from_args(LibraryRetriever(library, limit=1), llm=MockLLM())

    answer = engine.query("When was the harbour of Norby dug?")

    assert [node.metadata["title"] for node in answer.source_nodes] == ["Harbour"]
    assert "dug in 1871" in str(answer)
