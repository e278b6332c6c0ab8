"""The library: documents in, retrieved passages out.

Writing: catalog first, in one transaction a document, with its words and vectors; then Chroma; then the document counts
as indexed. A death at any point leaves a document that is pending: not searched, and taken up again at the next start.
Chroma is rebuilt from the catalog then, and is not opened before: what a killed write leaves can end the process that
opens it. After a death between writes another process looks at it first.

Searching: nearest vectors and best words, joined by a convex combination of cosine and BM25 (Bruch et al. 2023,
arXiv:2210.11934), each hit widened by its neighbours to a stretch of about a thousand tokens ("small to big").
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import filelock
import numpy as np

from corpus.catalog import (
    Catalog,
    DocumentInfo,
    LibraryStats,
    NewPassage,
    NewSentence,
    Place,
    ReadFile,
    StoredDocument,
    StoredSentence,
)
from corpus.database import PostgresDatabase, WriterLock
from corpus.document import Document, EventDate, Passage, PublishedDate, Sentence, SourceFile, Span
from corpus.filters import Filters
from corpus.moving import MOVING_FACT
from corpus.originals import Originals, content_hash, open_originals
from corpus.sharing import CopyLocks, SharedWriting
from index.chroma_server import ServedGenerations
from index.embedding import Embedder, PassageText, PassageVectors, Vector
from index.errors import (
    CatalogError,
    LibraryError,
    LibraryLockedError,
    LibraryUnusableError,
    ModelChangedError,
    OriginalsError,
    ServerDownError,
)
from index.passages import PassageSpan, pack_passages, split_sentences
from index.servers import ChromaServer
from index.vectors import (
    CatalogVectors,
    ChromaCollection,
    FolderGenerations,
    Generations,
    VectorMatch,
    VectorSearch,
    pack_vector,
    unpack_vectors,
)
from index.words import WordIndex, stems

log = logging.getLogger(__name__)

Status = Literal["added", "unchanged", "replaced", "same content", "failed"]

_PASSAGE_TOKENS = 200
"""Tokens of a passage with its context: of 120, 160, 200 and 225 the best on the development sets."""
_WORD_WEIGHT = 0.25
"""What the best BM25 match adds to a cosine: between .2 and .35 the development sets do not differ."""
_POOL = 80
"""Passages that each of the two searches puts forward."""
_NEIGHBOURS = 2
"""Passages on each side that a hit is widened by."""
_READ_AHEAD = 4
"""Passages that are read at once for each stretch that is wanted: many of the best stand beside better ones."""
_EXACT_BELOW = 5_000
"""Passages up to which a filtered search compares every vector instead of asking Chroma for more and sieving."""
_OPEN_FACT = "vectors_open"
"""Fact in the catalog: there while a process has the vector index open, and after one that did not close it."""
_LIBRARY_FACT = "library"
"""Fact in the catalog: the id that the library's collections on a Chroma server bear."""
_STAGED_FACT = "staged_for"
"""Fact in the catalog: the fingerprint that a reindex under way builds for."""
_PROBED = 50
"""Passages that are looked for in a vector index that was not closed."""
_BATCH_PASSAGES = 256
"""Passages that are embedded and stored together: enough to sort them by length, few enough to lose."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one document that was to be added."""

    origin: str
    document_id: str
    name: str
    title: str
    status: Status
    passages: int
    detail: str = ""
    """For people: which document has the same content, or why it failed."""


@dataclass(frozen=True, slots=True)
class RetrievedPassage:
    """A stretch of a document that was found for a query."""

    passage: Passage
    """The best passage widened by its neighbours; the id is the best one's."""
    core: Span
    """The best passage itself."""
    document: DocumentInfo
    score: float
    """Cosine plus weighted BM25 of the best passage: at most about 1.25, comparable within one search."""
    members: tuple[tuple[int, int, float], ...]
    """The passages that it was made of, in reading order: (first sentence, last sentence, score)."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Content hashes of kept copies of files that are not as the catalog says."""

    stray: frozenset[str]
    """No file needs them."""
    lost: frozenset[str]
    """A file needs them, and they are gone."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    document: Document
    sentences: list[Sentence]
    spans: list[PassageSpan]
    texts: list[PassageText]
    dates: list[tuple[EventDate, ...]]


class Addition:
    """Documents on their way into a library, in batches. It is for one thread; several may add at once."""

    def __init__(self, library: Library) -> None:
        """Use ``Library.adding``."""
        self._library = library
        self._waiting: list[_Prepared] = []
        self._passages = 0
        self._origins: set[str] = set()
        self._hashes: set[str] = set()

    def take(self, document: Document) -> list[Added]:
        """Take one more document; what is given back is safe on disk and searchable.

        Raises:
            OriginalsError, CatalogError: the disk is full, or cannot be written.
        """
        # A document that hangs on one that waits can be looked up only when that one is in.
        waits = document.origin in self._origins or document.text_hash in self._hashes
        results = self.finish() if waits else []
        if not self._library.catalog.database.keeps_nul and _holds_nul(document):
            return [*results, _refused(document, "it holds a NUL character, which PostgreSQL does not keep")]
        known = self._library.catalog.lookup(document)
        if known.status == "unchanged":
            return [*results, self._library._keep_unchanged(document, known.document_id or document.id)]
        if known.status == "same content":
            return [*results, self._library._add_name(document, known.document_id or document.id)]
        prepared = self._library._prepare(document.with_published(known.published_by_hand or document.published))
        if not prepared.spans:
            return [*results, _refused(document, "it holds no text to answer from")]
        self._waiting.append(prepared)
        self._passages += len(prepared.spans)
        self._origins.add(document.origin)
        self._hashes.add(document.text_hash)
        return results + self.finish() if self._passages >= _BATCH_PASSAGES else results

    def finish(self) -> list[Added]:
        """Add what was taken and still waits."""
        waiting, self._waiting, self._passages = self._waiting, [], 0
        self._origins.clear()
        self._hashes.clear()
        return self._library._store(waiting)


class Library:
    """Documents that can be searched. Threads may share it; one process at a time writes."""

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        embedder: Embedder,
        lock: filelock.BaseFileLock | WriterLock | None,
        chroma_server: ChromaServer | None = None,
        originals_url: str | None = None,
    ) -> None:
        """Use ``Library.open``."""
        self._folder = folder
        self._chroma_server = chroma_server
        self._generations: Generations = FolderGenerations(folder / "vectors")
        self.catalog = catalog
        self.embedder = embedder
        self._lock = lock
        self._copy_locks: CopyLocks | None = None
        self._writing: AbstractContextManager[object] = threading.RLock()
        database = catalog.database
        self.shared = chroma_server is not None and isinstance(database, PostgresDatabase)
        """Whether other processes may write as well, each for a moment."""
        if self.shared and isinstance(database, PostgresDatabase):
            self._copy_locks = CopyLocks(database)
            self._writing = SharedWriting(database, self._follow)
        self._generation: str | None = None
        """The name of what ``_chroma`` is open on."""
        self.originals: Originals = open_originals(folder, originals_url)
        self._arriving: Counter[str] = Counter()
        """Copies of files whose documents are on their way in, by content hash."""
        self._words = WordIndex(catalog)
        self._chroma: ChromaCollection | None = None
        self._snapshot: tuple[tuple[int, int], CatalogVectors] | None = None
        self._embed_question = lru_cache(maxsize=1024)(embedder.embed_question)

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        *,
        any_model: bool = False,
        chroma_server: ChromaServer | None = None,
        database_url: str | None = None,
        originals_url: str | None = None,
    ) -> Library:
        """Open the library in a folder, or make it; after a crash, mend it.

        While another process has it open, this one reads beside it, and refuses to write; unless its vectors and its
        catalog are both on servers: then any number of processes read and write.

        Args:
            any_model: open a library that another model built, to ``reindex`` it.
            chroma_server: where the vectors are kept; None for an embedded Chroma in the folder.
            database_url: where the catalog is kept; None for SQLite in the folder.
            originals_url: where copies of files are kept, by fsspec; None for a folder in the folder.

        Raises:
            ServerDownError, CatalogDownError: the Chroma server, or that of the catalog, does not answer.
            LibraryUnusableError: the folder or the vector index cannot be used.
            CatalogError: the catalog cannot be used.
            OriginalsError: the place of the copies is of a kind that is not known, or not installed.
            ModelChangedError: another embedding model built the library.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            catalog = Catalog.at(folder, database_url)
            served = chroma_server is not None and isinstance(catalog.database, PostgresDatabase)
            lock = try_lock(folder, catalog) if not served else None
        except OSError as error:
            raise LibraryUnusableError(
                f"the data directory {str(folder)!r} cannot be written ({error.strerror}); "
                "name another with DATELINE_DATA_DIR or --data-dir"
            ) from error
        try:
            library = cls(folder, catalog, embedder, lock, chroma_server, originals_url)
        except OriginalsError:
            catalog.close()
            if lock is not None:
                lock.release()
            raise
        try:
            if catalog.fact(MOVING_FACT) is not None:
                raise LibraryUnusableError(
                    "a library is being moved here and is not whole yet: run the same `dateline migrate` again"
                )
            with library._writing if served else contextlib.nullcontext():
                library._check_model(any_model=any_model)
                if library.writable:
                    library._note_owner()
                    library._open_vectors()
        except BaseException:
            library.close()
            raise
        return library

    def close(self) -> None:
        """Let go of the files. A closed library cannot be used again."""
        with self._writing:
            if self._chroma is not None:
                self._chroma.close()
                self._chroma = None
                with contextlib.suppress(CatalogError):  # a mark that stays costs the next start a second
                    self.catalog.set_fact(_OPEN_FACT, None)
            self.catalog.close()
            if self._lock is not None:
                self._lock.release()
                self._lock = None
            if self._copy_locks is not None:
                self._copy_locks.close()

    def discard_vectors(self) -> None:
        """Delete the vector index, of a library that is to go. The library can only be closed afterwards.

        Raises:
            LibraryUnusableError: the Chroma server cannot be used.
        """
        with self._writing:
            self._generations.keep_only("")

    # writing

    def add(self, documents: Iterable[Document]) -> Iterator[Added]:
        """Add documents; each result is given once its document is safe on disk and searchable.

        Documents are taken as they come and embedded in batches, so a long iterable needs little memory.

        Raises:
            LibraryLockedError: another process writes to this library.
            LibraryUnusableError, CatalogError: the disk is full, or another process damaged what is on it.
        """
        addition = self.adding()
        for document in documents:
            yield from addition.take(document)
        yield from addition.finish()

    def adding(self) -> Addition:
        """To add documents one after the other.

        Raises:
            LibraryLockedError: another process writes to this library.
        """
        with self._writing:
            self._must_write()
            self._take_up_pending()
        return Addition(self)

    def keep_copy(self, data: bytes) -> str:
        """Keep a copy of a file before its documents are added; its content hash. ``end_files`` settles what stays.

        Raises:
            LibraryLockedError: another process writes to this library.
            LibraryUnusableError, CatalogError: the disk is full, or cannot be written.
        """
        hashed = content_hash(data)
        with self._writing:
            self._must_write()
            self._arriving[hashed] += 1
            if self._copy_locks is not None:
                self._copy_locks.hold(hashed)
            self.catalog.expect_copy(hashed)
            self.originals.keep(data, hashed)
        return hashed

    def end_files(self, read: Sequence[ReadFile], copies: Iterable[str]) -> None:
        """Settle files: what they no longer hold goes.

        Args:
            read: files that were read to their ends.
            copies: each content hash that ``keep_copy`` gave and that nothing more comes of.
        """
        copies = list(copies)
        with self._writing:
            self.catalog.end_files(read)
            if self._copy_locks is not None:
                for hashed in copies:
                    self._copy_locks.release(hashed)
            self._arriving.subtract(copies)
            self._arriving = +self._arriving
            self._drop_leftovers()

    def remove(self, document_ids: Iterable[str]) -> list[str]:
        """Remove documents with all that was made of them and was kept for them; the ids that were there."""
        self._must_write()
        with self._writing:
            removed = self.catalog.remove(document_ids)
            self._drop_leftovers()
        return removed

    def remove_files(self, origins: Sequence[str]) -> None:
        """Remove files; a document goes with the last file or upload that holds it."""
        self._must_write()
        with self._writing:
            self.catalog.remove_files(origins)
            self._drop_leftovers()

    def set_published(self, document_id: str, published: PublishedDate | None) -> bool:
        """Set or clear a published date by hand; event dates that hang on it are worked out again."""
        self._must_write()
        with self._writing:
            if not self.catalog.set_published(document_id, published):
                return False
            sentences = [stored.sentence for stored in self.catalog.sentences(document_id)]
            dates = _event_dates(sentences, published)
            self.catalog.set_event_dates(document_id, dates)
        return True

    def set_title(self, document_id: str, title: str) -> bool:
        """Set a title by hand; passages bear it, so the document is embedded again. False where it is not there."""
        self._must_write()
        with self._writing:
            info = self.catalog.infos([document_id]).get(document_id)
            if info is not None and info.title != title:
                self.catalog.set_title(document_id, title)
                self.recut([document_id])
        return info is not None

    def reindex(self) -> Iterator[DocumentInfo]:
        """Cut and embed every document anew with the present model, beside the index that is searched; then a fresh
        Chroma is built and the two are swapped. One item a document.

        Cut short, it leaves the old index as it was; the next time it goes on where it ended.
        """
        self._must_write()
        with self._writing:
            self._take_up_pending()
            if self.catalog.fact(_STAGED_FACT) != self.fingerprint:
                self.catalog.drop_staged()
                self.catalog.set_fact(_STAGED_FACT, self.fingerprint)
            staged = self.catalog.staged()
            for info in self.catalog.documents():
                if info.id in staged:
                    yield info
                    continue
                stored = self.catalog.document(info.id)
                if stored is None:
                    continue
                prepared = self._prepare(_as_document(stored))
                vectors = self.embedder.embed_passages(prepared.texts)
                self.catalog.stage(info.id, *_rows(prepared, vectors))
                yield info
            name, chroma = self._build_generation(self.fingerprint, self.catalog.staged_vectors())
            self.catalog.swap_staged(
                {
                    "vectors": name,
                    "fingerprint": self.fingerprint,
                    "model": self.embedder.name,
                    _STAGED_FACT: "none",
                }
            )
            self._enter_generation(name, chroma)

    def recut(self, document_ids: Iterable[str]) -> None:
        """Cut and embed some documents anew: what is missing of their index is there again."""
        with self._writing:
            self._must_write()
            for document_id in document_ids:
                stored = self.catalog.document(document_id)
                if stored is not None:
                    prepared = self._prepare(_as_document(stored))
                    vectors = self.embedder.embed_passages(prepared.texts)
                    self.catalog.put_index(document_id, *_rows(prepared, vectors))
            self._take_up_pending()

    @property
    def fingerprint(self) -> str:
        """Of the model and of how texts are cut: what vectors must share to be searched together."""
        return f"{self.embedder.fingerprint}-{_PASSAGE_TOKENS}"

    @property
    def model_changed(self) -> bool:
        """Whether another embedding model built the library than the one that is set."""
        return self._built_with() != self.fingerprint

    @property
    def writable(self) -> bool:
        """Whether this process may write: no other has the library open, or it is shared."""
        return self.shared or self._lock is not None

    def down(self) -> dict[str, str]:
        """What of ``catalog``, ``vectors`` and ``originals`` cannot be used now, each with a sentence."""
        found: dict[str, str] = {}
        looks: tuple[tuple[str, Callable[[], object]], ...] = (
            ("catalog", self.catalog.revision),
            ("vectors", self._look_at_server),
            ("originals", self.originals.look),
        )
        for part, look in looks:
            try:
                look()
            except LibraryError as error:
                found[part] = str(error)
        return found

    def _look_at_server(self) -> None:
        if self._chroma is not None and self._generations.shared:
            self._chroma.count()

    def compare_copies(self) -> Copies:
        """What does not fit together between the kept copies and the files of the catalog."""
        with self._writing:
            kept, needed = set(self.originals.hashes()), self.catalog.copies()
            stray = kept - needed - set(self._arriving) - set(self.catalog.loose_copies())
        return Copies(frozenset(stray), frozenset(needed - kept))

    def drop_copies(self, content_hashes: Iterable[str]) -> None:
        """Remove copies that no file needs."""
        with self._writing:
            self._must_write()
            for hashed in content_hashes:
                self.catalog.expect_copy(hashed)
            self._drop_leftovers()

    # reading

    def original(self, document_id: str) -> SourceFile | None:
        """The file that a document was read from, whose copy ``originals`` has; None where it came as text."""
        return self.catalog.file_of(document_id)

    def document(self, document_id: str) -> StoredDocument | None:
        return self.catalog.document(document_id)

    def sentences(self, document_id: str, first: int = 0, last: int | None = None) -> list[StoredSentence]:
        return self.catalog.sentences(document_id, first, last)

    def stretches(self, wanted: Sequence[tuple[str, int, int]]) -> list[list[StoredSentence]]:
        return self.catalog.stretches(wanted)

    def documents(
        self, *, limit: int | None = None, offset: int = 0, query: str = "", filters: Filters | None = None
    ) -> list[DocumentInfo]:
        return self.catalog.documents(limit=limit, offset=offset, query=query, filters=filters)

    def stats(self, filters: Filters | None = None) -> LibraryStats:
        return self.catalog.stats(filters)

    def embed_question(self, question: str) -> Vector:
        """The question's unit vector, kept for the next time."""
        return self._embed_question(question)

    def rarity(self, terms: Sequence[str]) -> dict[str, float]:
        """Inverse document frequency of stems among the library's passages."""
        return self._words.rarity(terms, total=self.catalog.passage_count())

    def search(self, query: str, *, limit: int = 20, filters: Filters | None = None) -> list[RetrievedPassage]:
        """The stretches of text nearest to a query, best first; they do not overlap."""
        if not query.strip():
            return []
        narrowed = filters if filters is not None and filters != Filters() else None
        vector = self.embed_question(query)
        near = self._nearest(vector, narrowed)
        words = self._words.search(query, limit=_POOL, filters=narrowed)
        top_bm25 = max((match.score for match in words), default=1.0)
        bm25 = {match.passage_id: match.score / top_bm25 for match in words}
        cosine = {match.passage_id: match.similarity for match in near}
        cosine |= _cosines(self.catalog.vectors_of([one for one in bm25 if one not in cosine]), vector)
        scores = {one: similarity + _WORD_WEIGHT * bm25.get(one, 0.0) for one, similarity in cosine.items()}
        return self._widen(scores, vector, limit)

    def _nearest(self, vector: Vector, filters: Filters | None) -> list[VectorMatch]:
        if filters is None:
            try:
                return self._vectors().search(vector, limit=_POOL)
            except ServerDownError:
                raise  # a library that has servers may be too large to be searched without them
            except LibraryUnusableError as error:
                log.warning("answered from the catalog's vectors: %s", error)
                return self._all_vectors().search(vector, limit=_POOL)
        allowed = self.catalog.passage_ids(filters)
        if len(allowed) <= _EXACT_BELOW:
            return CatalogVectors.of(self.catalog, filters).search(vector, limit=_POOL)
        vectors = self._vectors()
        share = len(allowed) / max(vectors.count(), 1)
        wider = vectors.search(vector, limit=min(int(2 * _POOL / share), vectors.count()))
        return [match for match in wider if match.passage_id in allowed][:_POOL]

    def vector_count(self) -> int:
        """Passages in the vector index."""
        return self._vectors().count()

    def _vectors(self) -> VectorSearch:
        if self.shared:
            self._follow()
        return self._chroma if self._chroma is not None else self._all_vectors()

    def _all_vectors(self) -> CatalogVectors:
        revision = self.catalog.revision()
        if self._snapshot is None or self._snapshot[0] != revision:
            self._snapshot = (revision, CatalogVectors.of(self.catalog))
        return self._snapshot[1]

    def _widen(self, scores: dict[int, float], vector: Vector, limit: int) -> list[RetrievedPassage]:
        """The best passages with their neighbours, as far as no better one took them; ``limit`` stretches."""
        known: dict[tuple[str, int], Place] = {}
        taken: set[tuple[str, int]] = set()
        runs: list[tuple[Place, list[tuple[str, int]]]] = []
        for place in self._ranked(scores, at_once=_READ_AHEAD * limit):
            if len(runs) >= limit:
                break
            known[place.document_id, place.ordinal] = place
            if (place.document_id, place.ordinal) in taken:
                continue
            run = [place.ordinal]
            for step in (-1, 1):
                for distance in range(1, _NEIGHBOURS + 1):
                    ordinal = place.ordinal + step * distance
                    if ordinal < 0 or (place.document_id, ordinal) in taken:
                        break
                    run.append(ordinal)
            positions = [(place.document_id, ordinal) for ordinal in sorted(run)]
            taken.update(positions)
            runs.append((place, positions))
        infos = self.catalog.infos(place.document_id for place, _ in runs)
        runs = [(place, positions) for place, positions in runs if place.document_id in infos]
        missing = [position for _, positions in runs for position in positions if position not in known]
        fetched = self.catalog.places_at(missing)
        known |= {(place.document_id, place.ordinal): place for place in fetched}
        scores = _cosines({place.passage_id: place.vector for place in fetched}, vector) | scores
        stretches: list[tuple[Place, list[Place]]] = [
            (place, [known[position] for position in positions if position in known]) for place, positions in runs
        ]
        texts = self.catalog.cut(
            [(place.document_id, Span(run[0].span.start, run[-1].span.end)) for place, run in stretches]
        )
        return [
            RetrievedPassage(
                passage=Passage(
                    id=str(place.passage_id),
                    document_id=place.document_id,
                    ordinal=place.ordinal,
                    span=Span(run[0].span.start, run[-1].span.end),
                    text=text,
                    first_sentence=run[0].first_sentence,
                    last_sentence=run[-1].last_sentence,
                    context=place.context,
                ),
                core=place.span,
                document=infos[place.document_id],
                score=scores[place.passage_id],
                members=tuple(
                    (member.first_sentence, member.last_sentence, scores[member.passage_id]) for member in run
                ),
            )
            for (place, run), text in zip(stretches, texts, strict=True)
        ]

    def _ranked(self, scores: dict[int, float], *, at_once: int) -> Iterator[Place]:
        """Where the passages stand, the best first, read as they are asked for; those that are gone are left out."""
        ranked = sorted(scores, key=lambda passage_id: (-scores[passage_id], passage_id))
        for start in range(0, len(ranked), at_once):
            batch = ranked[start : start + at_once]
            places = {place.passage_id: place for place in self.catalog.places(batch)}
            yield from (places[passage_id] for passage_id in batch if passage_id in places)

    # the way of a document into the library

    def _prepare(self, document: Document) -> _Prepared:
        sentences = split_sentences(document)
        counts = self.embedder.count_tokens([sentence.text for sentence in sentences])
        spans = pack_passages(document, sentences, counts, limit=min(_PASSAGE_TOKENS, self.embedder.max_tokens - 8))
        texts = [
            PassageText(
                passage.context,
                passage.span.of(document.text),
                tuple(
                    Span(sentence.span.start - passage.span.start, sentence.span.end - passage.span.start)
                    for sentence in sentences[passage.first_sentence : passage.last_sentence + 1]
                ),
            )
            for passage in spans
        ]
        return _Prepared(document, sentences, spans, texts, _event_dates(sentences, document.published))

    def _store(self, prepared: Sequence[_Prepared]) -> list[Added]:
        if not prepared:
            return []
        vectors = self.embedder.embed_passages([text for item in prepared for text in item.texts])
        with self._writing:
            chroma = self._must_write()
            ids: list[int] = []
            rows: list[Vector] = []
            results: list[Added] = []
            written: list[str] = []
            start = 0
            for item in prepared:
                document = item.document
                own = vectors[start : start + len(item.texts)]
                start += len(item.texts)
                known = self.catalog.lookup(document)
                if known.status == "unchanged":  # another writer was first with the file, or with its content
                    results.append(self._keep_unchanged(document, known.document_id or document.id))
                    continue
                if known.status == "same content":
                    results.append(self._add_name(document, known.document_id or document.id))
                    continue
                ids += self.catalog.put(document, *_rows(item, own))
                rows += [vector.passage for vector in own]
                stored = self.catalog.lookup(document).document_id or document.id
                written.append(stored)
                status: Status = "replaced" if known.status == "changed" else "added"
                results.append(Added(document.origin, stored, document.name, document.title, status, len(item.spans)))
            if ids:
                chroma.add(ids, np.stack(rows))
            self._drop_leftovers()
            self.catalog.mark_indexed(written)
        return results

    def _keep_unchanged(self, document: Document, document_id: str) -> Added:
        if document.file is not None:
            with self._writing:
                self.catalog.link(document, document_id)
        return self._done(document, document_id, "unchanged")

    def _add_name(self, document: Document, twin: str) -> Added:
        with self._writing:
            self.catalog.add_name(twin, document)
            self._drop_leftovers()
        info = self.catalog.infos([twin]).get(twin)
        title = info.name if info is not None else twin
        return replace(self._done(document, twin, "same content"), detail=f"same content as {title}")

    def _done(self, document: Document, document_id: str, status: Status) -> Added:
        info = self.catalog.infos([document_id]).get(document_id)
        passages = info.passages if info is not None else 0
        return Added(document.origin, document_id, document.name, document.title, status, passages)

    # the vector index: derived, and mended from the catalog

    def _must_write(self) -> ChromaCollection:
        """Chroma, for who may write; a process that only read takes over where the writing one has ended."""
        if self.shared and self._chroma is not None:
            return self._chroma
        if self._lock is not None and not self._lock.is_locked:
            self._let_go()
        if self._lock is None:
            with self._writing:
                self._lock = try_lock(self._folder, self.catalog)
                if self._lock is not None:
                    self._check_model(any_model=False)
                    self._note_owner()
                    self._open_vectors()
        if self._lock is None or self._chroma is None:
            raise LibraryLockedError(
                f"another process ({self._owner()}) has this library open for writing: add and delete there (in the "
                "page or through the API), or end it first"
            )
        return self._chroma

    def _follow(self) -> None:
        """Open the vector index that another process built, where this one is still at an older one."""
        generation = self.catalog.fact("vectors")
        if self._chroma is None or generation is None or generation == self._generation:
            return
        self._check_model(any_model=False)
        self._chroma, self._generation = self._generations.open(generation, self._built_with()), generation

    def _let_go(self) -> None:
        """Forget a lock that the database server lost when it was started again: another process may write by now."""
        with self._writing:
            if self._chroma is not None:
                self._chroma.close()
            self._lock, self._chroma = None, None

    def _note_owner(self) -> None:
        owner = {"pid": os.getpid(), "command": Path(sys.argv[0]).name}
        (self._folder / "library.owner").write_text(json.dumps(owner), "utf-8")

    def _owner(self) -> str:
        try:
            owner = json.loads((self._folder / "library.owner").read_text("utf-8"))
            return f"{owner['command']}, process {owner['pid']}"
        except (OSError, ValueError, KeyError):
            return "of unknown name"

    def _check_model(self, *, any_model: bool) -> None:
        built_with = self.catalog.fact("fingerprint")
        if built_with is None:
            if self.writable:
                self.catalog.set_fact("fingerprint", self.fingerprint)
                self.catalog.set_fact("model", self.embedder.name)
        elif built_with != self.fingerprint and not any_model:
            if self.catalog.stats().documents == 0 and self.writable:
                self.catalog.set_fact("fingerprint", self.fingerprint)
                self.catalog.set_fact("model", self.embedder.name)
                return
            raise ModelChangedError(
                f"this library was built with the embedding model {self.catalog.fact('model')!r} ({built_with}), the "
                f"setting names {self.embedder.name!r} ({self.fingerprint}): set DATELINE_EMBEDDING_MODEL back, "
                "or build the library anew from its own texts with: dateline reindex"
            )

    def _open_vectors(self) -> None:
        """Open Chroma; rebuild it from the catalog where it is not what the catalog says.

        An embedded one is not opened before where a write to it did not end: what that leaves can end this process.
        """
        if self._chroma_server is not None:
            self._generations = served_generations(self._chroma_server, self.catalog)
        generation = self.catalog.fact("vectors")
        unfinished = unfinished_write(self._generations, self.catalog)
        left_open = self.catalog.fact(_OPEN_FACT) is not None
        self.catalog.set_fact(_OPEN_FACT, "yes")
        if generation is None:
            self._rebuild_vectors()
        elif unfinished and not (self._generations.shared and self._generations.exists(generation)):
            log.warning("%s: it is rebuilt from the catalog", unfinished)
            self._rebuild_vectors()
        elif left_open and not self._generations.shared and not self._is_whole(generation):
            log.warning("the vector index was damaged when its process ended: it is rebuilt from the catalog")
            self._rebuild_vectors()
        else:
            self._enter_or_rebuild(generation)

    def _enter_or_rebuild(self, generation: str) -> None:
        try:
            self._chroma, self._generation = self._generations.open(generation, self._built_with()), generation
            self._take_up_pending()
            expected = self.catalog.passage_count()
            count = self._chroma.count()
            whole = count == expected and (not self._generations.shared or self._is_whole(generation))
            problem = "" if whole else f"the vector index holds {count} of {expected} passages, or does not find them"
        except LibraryUnusableError as error:
            if not self._generations.shared or isinstance(error, ServerDownError):
                raise
            problem = str(error)
        if problem:
            log.warning("%s: it is rebuilt from the catalog", problem)
            self._rebuild_vectors()

    def _is_whole(self, generation: str) -> bool:
        """Whether the vector index has in it what the catalog holds; an embedded one is opened by another process."""
        sample = self.catalog.sample_vectors(_PROBED)
        return self._generations.is_whole(generation, self._built_with(), sample, self.catalog.passage_count())

    def _take_up_pending(self) -> None:
        """Bring to its end what an earlier write of this process left when it failed."""
        pending = self.catalog.pending()
        if pending:
            chroma = self._must_write()
            for batch in self.catalog.vectors(document_ids=pending):
                chroma.add([passage_id for passage_id, _ in batch], unpack_vectors(packed for _, packed in batch))
            self.catalog.mark_indexed(pending)
        self._drop_leftovers()

    def _rebuild_vectors(self) -> None:
        """Fill a fresh Chroma from the catalog's vectors, then swap it in and remove the old one."""
        stale = self.catalog.stale_vectors()
        pending = self.catalog.pending()
        name, chroma = self._build_generation(self._built_with(), self.catalog.vectors())
        self.catalog.set_fact("vectors", name)
        self.catalog.mark_indexed(pending)
        self.catalog.forget_stale_vectors(stale)
        self._enter_generation(name, chroma)
        self._drop_leftovers()

    def _built_with(self) -> str:
        """The fingerprint that the library's vectors have: the embedder's, but while another one is set."""
        return self.catalog.fact("fingerprint") or self.fingerprint

    def _build_generation(
        self, collection: str, batches: Iterable[list[tuple[int, bytes]]]
    ) -> tuple[str, ChromaCollection]:
        """A Chroma beside the present one, and its name."""
        old = self.catalog.fact("vectors")
        name = f"{int(old or 0) + 1:06d}"
        chroma = self._generations.create(name, collection)
        for batch in batches:
            chroma.add([passage_id for passage_id, _ in batch], unpack_vectors(packed for _, packed in batch))
        return name, chroma

    def _enter_generation(self, name: str, chroma: ChromaCollection) -> None:
        """Search this Chroma from now on, and remove the older ones."""
        old, self._chroma, self._snapshot = self._chroma, chroma, None
        self._generation = name
        if old is not None:
            old.close()
        self._generations.keep_only(name)

    def _drop_leftovers(self) -> None:
        """Remove vectors of passages that are gone, and copies that no file needs."""
        stale = self.catalog.stale_vectors()
        if stale:
            self._must_write().remove(stale)
            self.catalog.forget_stale_vectors(stale)
        settled = {
            hashed: needed
            for hashed, needed in self.catalog.loose_copies().items()
            if hashed not in self._arriving and (self._copy_locks is None or self._copy_locks.is_free(hashed))
        }
        try:
            for hashed, needed in settled.items():
                if not needed:
                    self.originals.remove(hashed)
        except OriginalsError as error:
            log.warning("copies that no file needs stay until the next addition: %s", error)
            return
        if settled:
            self.catalog.forget_copies(list(settled))


def try_lock(folder: Path, catalog: Catalog) -> filelock.BaseFileLock | WriterLock | None:
    """The lock that the writing process holds; the system frees it when the process ends, however it ends."""
    if isinstance(catalog.database, PostgresDatabase):
        return catalog.database.writer_lock()
    lock = filelock.FileLock(folder / "library.lock", thread_local=False)
    with contextlib.suppress(filelock.Timeout):
        lock.acquire(blocking=False)
    return lock if lock.is_locked else None


def _event_dates(sentences: Sequence[Sentence], published: PublishedDate | None) -> list[tuple[EventDate, ...]]:
    from corpus.dates import event_dates_of

    return event_dates_of(sentences, published.value if published else None)


def served_generations(server: ChromaServer, catalog: Catalog) -> ServedGenerations:
    """The library's collections on a Chroma server; a library that has no id yet is given one.

    Raises:
        ServerDownError: the server does not answer.
        LibraryUnusableError: what answers is no Chroma server, or refuses us.
    """
    library = catalog.fact(_LIBRARY_FACT)
    if library is None:
        library = uuid.uuid4().hex
        catalog.set_fact(_LIBRARY_FACT, library)
    return ServedGenerations(server, library)


def unfinished_write(generations: Generations, catalog: Catalog) -> str:
    """What is wrong with the vector index of a library that nobody writes to; empty for nothing."""
    generation = catalog.fact("vectors")
    if generation is None:
        return ""
    if not generations.exists(generation):
        return "the vector index is gone"
    left = len(catalog.pending()) + len(catalog.stale_vectors())
    return "the last write to the vector index did not end" if left else ""


def _as_document(stored: StoredDocument) -> Document:
    """What is cut again of a document in the catalog."""
    info = stored.info
    return Document(
        text=stored.text,
        title=info.title,
        origin=info.id,
        name=info.name,
        media_type=info.media_type,
        published=info.published,
        language=info.language,
        headings=stored.headings,
        pages=stored.pages,
    )


def _holds_nul(document: Document) -> bool:
    facts = (document.text, document.title, document.name, document.origin, document.source, document.author)
    return any("\0" in one for one in (*facts, document.url, *document.metadata.values()))


def _refused(document: Document, why: str) -> Added:
    return Added(document.origin, document.id, document.name, document.title, "failed", 0, why)


def _rows(item: _Prepared, vectors: Sequence[PassageVectors]) -> tuple[list[NewSentence], list[NewPassage]]:
    sentence_vectors = [row for vector in vectors for row in vector.sentences]
    sentences = [
        NewSentence(sentence.span, sentence.kind, dates, pack_vector(vector))
        for sentence, dates, vector in zip(item.sentences, item.dates, sentence_vectors, strict=True)
    ]
    passages = [
        NewPassage(
            passage.span,
            passage.first_sentence,
            passage.last_sentence,
            passage.context,
            pack_vector(vector.passage),
            " ".join(stems(passage.context)),
            " ".join(stems(text.text)),
        )
        for passage, text, vector in zip(item.spans, item.texts, vectors, strict=True)
    ]
    return sentences, passages


def _cosines(packed: Mapping[int, bytes], vector: Vector) -> dict[int, float]:
    """Similarities of passages, by id."""
    if not packed:
        return {}
    return dict(zip(packed, (unpack_vectors(packed.values()) @ vector).tolist(), strict=True))
