"""The library's search as a LlamaIndex retriever, so that it fits into any LlamaIndex pipeline."""

from __future__ import annotations

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from corpus.filters import Filters
from index.library import Library, RetrievedPassage


class LibraryRetriever(BaseRetriever):
    """Gives the stretches that ``Library.search`` finds as text nodes.

    A node's ``start_char_idx`` and ``end_char_idx`` are exact in the document; its metadata name the document, its
    title, source and published date; its id is the passage's, and stays the same from question to question.
    """

    def __init__(self, library: Library, *, limit: int = 10, filters: Filters | None = None) -> None:
        super().__init__()
        self._library = library
        self._limit = limit
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._library.search(query_bundle.query_str, limit=self._limit, filters=self._filters)
        return [NodeWithScore(node=_node(retrieved), score=retrieved.score) for retrieved in found]


def _node(retrieved: RetrievedPassage) -> TextNode:
    document, passage = retrieved.document, retrieved.passage
    metadata = {
        "document_id": document.id,
        "title": document.title,
        "source": document.source,
        "published": document.published.value.isoformat() if document.published else None,
    }
    return TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.span.start,
        end_char_idx=passage.span.end,
        metadata=metadata,
        excluded_embed_metadata_keys=list(metadata),
        excluded_llm_metadata_keys=["document_id"],
    )
