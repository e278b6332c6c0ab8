"""The catalog: documents, their sentences and passages, and what is still to be done. The source of truth.

SQLite or PostgreSQL through SQLAlchemy Core. Vectors stand here too, so that the vector index, a derived thing,
can be rebuilt without embedding again. Every change of a document is one transaction: it is there whole, or not at all.
"""

from __future__ import annotations

import bisect
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from corpus import queue
from corpus.database import Database, open_database
from corpus.document import (
    Document,
    EventDate,
    Heading,
    Page,
    PublishedDate,
    Sentence,
    SourceFile,
    Span,
)
from corpus.errors import CatalogError
from corpus.filters import Filters
from corpus.schema import bring_up_to_date

CATALOG_FILE = "catalog.sqlite"
"""Name of the catalog in a library's folder."""
State = Literal["pending", "indexed"]
"""``pending``: in the catalog, its vectors not yet known to be in the vector index."""


_ADVICE = {
    "SQLITE_BUSY": "another process has been writing to it for half a minute; try again when that has ended",
    "SQLITE_READONLY": "its file and its folder must be writable",
}

metadata = sa.MetaData()

_facts = sa.Table(
    "facts",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

_documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("text_hash", sa.String, nullable=False, index=True),
    sa.Column("facts_hash", sa.String, nullable=False),
    sa.Column("characters", sa.Integer, nullable=False),
    sa.Column("media_type", sa.String, nullable=False),
    sa.Column("published", sa.Date, index=True),
    sa.Column("published_source", sa.String, nullable=False, default=""),
    sa.Column("published_text", sa.String, nullable=False, default=""),
    sa.Column("published_confidence", sa.Float, nullable=False, default=0.0),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("author", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("headings", sa.JSON, nullable=False),
    sa.Column("pages", sa.JSON, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("added", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("sentences", sa.Integer, nullable=False),
)

_INDEXED = _documents.c.state.concat("") == "indexed"
"""Nearly every document is, so SQLite must not begin at the index on the state: the empty string keeps it from that."""

_CHUNK = 32_768
"""Code points of a document's text in one row, so that a quote is cut without reading a whole book."""

_texts = sa.Table(
    "texts",
    metadata,
    sa.Column("document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("chunk", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)

_origins = sa.Table(
    "origins",
    metadata,
    sa.Column("origin", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("file", sa.String),
)
sa.Index("origins_by_file", _origins.c.file)

_files = sa.Table(
    "files",
    metadata,
    sa.Column("origin", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("media_type", sa.String, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.String, nullable=False, index=True),
    sa.Column("digest", sa.String, nullable=False),  # empty until all documents of the file are in
)

_loose_copies = sa.Table(  # kept copies of files that no file may need any more, or not yet
    "loose_copies",
    metadata,
    sa.Column("content_hash", sa.String, primary_key=True),
)

_sentences = sa.Table(
    "sentences",
    metadata,
    sa.Column("document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("event_dates", sa.String, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

_KEYS = ("id", "document_id")
_passages = sa.Table(
    "passages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("first_sentence", sa.Integer, nullable=False),
    sa.Column("last_sentence", sa.Integer, nullable=False),
    sa.Column("context", sa.String, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("document_id", "ordinal"),
    sqlite_autoincrement=True,  # an id is never used twice, so a stale vector can never stand for a newer passage
)

_staged_sentences = _sentences.to_metadata(metadata, name="staged_sentences")
_staged_passages = sa.Table(  # an index that is being built beside the one that is searched
    "staged_passages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True),
    *(sa.Column(column.name, column.type, nullable=False) for column in _passages.c if column.name not in _KEYS),
    sa.Column("context_terms", sa.String, nullable=False),
    sa.Column("terms", sa.String, nullable=False),
)

_stale_vectors = sa.Table(
    "stale_vectors",
    metadata,
    sa.Column("passage_id", sa.Integer, primary_key=True),
)


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document in the catalog, without its text."""

    id: str
    title: str
    name: str
    source: str
    author: str
    language: str
    url: str
    media_type: str
    published: PublishedDate | None
    passages: int
    sentences: int
    characters: int
    added: datetime.datetime
    """UTC."""
    names: tuple[str, ...] = ()
    """Every file name that this content came under."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the API and the CLI."""
        return {
            "id": self.id,
            "title": self.title,
            "name": self.name,
            "names": list(self.names),
            "source": self.source,
            "author": self.author,
            "language": self.language,
            "url": self.url,
            "media_type": self.media_type,
            "published": self.published.value.isoformat() if self.published else None,
            "published_from": self.published.source if self.published else None,
            "passages": self.passages,
            "sentences": self.sentences,
            "characters": self.characters,
            "added": self.added.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document in the catalog with its text."""

    info: DocumentInfo
    text: str
    headings: tuple[Heading, ...]
    pages: tuple[Page, ...]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredSentence:
    """A sentence in the catalog."""

    sentence: Sentence
    vector: bytes
    """float16, little endian."""


@dataclass(frozen=True, slots=True)
class NewSentence:
    """A sentence on its way into the catalog."""

    span: Span
    kind: str
    event_dates: tuple[EventDate, ...]
    vector: bytes


@dataclass(frozen=True, slots=True)
class NewPassage:
    """A passage on its way into the catalog."""

    span: Span
    first_sentence: int
    last_sentence: int
    context: str
    vector: bytes
    context_terms: str
    terms: str
    """What the word index files of the context and of the text: stems between spaces."""


@dataclass(frozen=True, slots=True)
class LibraryStats:
    """What a library, or the part of it that filters leave, holds."""

    documents: int
    passages: int
    sentences: int
    published_from: datetime.date | None
    published_to: datetime.date | None
    undated: int
    """Documents without a published date."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands, without its text."""

    passage_id: int
    document_id: str
    ordinal: int
    span: Span
    first_sentence: int
    last_sentence: int
    context: str
    vector: bytes
    """float16, little endian."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the catalog knows of a document that is about to be added."""

    status: Literal["new", "unchanged", "changed", "same content"]
    document_id: str | None
    """Its older self, or the other document with the same text; None for a new one."""
    published_by_hand: PublishedDate | None = None
    """The date that a person gave its older self, unless the document comes with another one given by hand."""


@dataclass(frozen=True, slots=True)
class FileDocument:
    """A document of a file, in short."""

    id: str
    title: str
    passages: int


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read to its end."""

    file: SourceFile
    digest: str
    """Of all that its documents hang on: equal digests give equal documents."""
    origins: tuple[str, ...]
    """The origins of its documents that are in the catalog."""


class Catalog:
    """All SQL on documents stands here. Threads may share it; each call is a transaction of its own."""

    def __init__(self, url: str) -> None:
        """``url``: a SQLAlchemy database URL.

        Raises:
            CatalogError: the database cannot be opened, or is of another schema.
        """
        self.database = open_database(url)
        self.engine = self.database.engine
        try:
            bring_up_to_date(self.database, self._create)
        except sa.exc.DatabaseError as error:
            raise CatalogError(
                f"the catalog cannot be opened: {error.orig}; expected a Dateline database "
                "in a folder that can be written"
            ) from error

    @classmethod
    def open(cls, path: Path) -> Catalog:
        """The catalog in a file, made where there is none."""
        return cls(f"sqlite:///{path}")

    @classmethod
    def at(cls, folder: Path, url: str | None) -> Catalog:
        """The catalog at a database URL; where that is None, the one in a library's folder."""
        return cls(url) if url is not None else cls.open(folder / CATALOG_FILE)

    def close(self) -> None:
        self.engine.dispose()

    def _create(self, connection: sa.Connection) -> None:
        """Make all tables; a change to them is a new revision in ``corpus.migrations`` as well."""
        metadata.create_all(connection)
        queue.metadata.create_all(connection)
        self.database.create_ids(connection)
        self.database.words.create(connection)

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        """A transaction.

        Raises:
            CatalogError: the disk is full, or the file cannot be read or written.
        """
        try:
            with self.database.snapshots.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            advice = _ADVICE.get(getattr(error.orig, "sqlite_errorname", ""), "look at it with: dateline doctor")
            raise CatalogError(f"the catalog cannot be used ({error.orig}): {advice}") from error

    # facts: small things that the library must remember of itself

    def fact(self, name: str) -> str | None:
        with self._begin() as connection:
            return connection.scalar(sa.select(_facts.c.value).where(_facts.c.name == name))

    def set_fact(self, name: str, value: str | None) -> None:
        with self._begin() as connection:
            connection.execute(sa.delete(_facts).where(_facts.c.name == name))
            if value is not None:
                connection.execute(sa.insert(_facts).values(name=name, value=value))

    # writing

    def lookup(self, document: Document) -> Lookup:
        """What adding ``document`` would do."""
        with self._begin() as connection:
            owner = connection.scalar(sa.select(_origins.c.document_id).where(_origins.c.origin == document.origin))
            if owner is not None:
                row = connection.execute(sa.select(*_INFO_COLUMNS, *_HASHES).where(_documents.c.id == owner)).one()
                by_hand = _by_hand(row, document)
                document = document.with_published(by_hand or document.published)
                day = document.published.value if document.published else None
                if (row.text_hash, row.facts_hash, row.published) == (document.text_hash, facts_hash(document), day):
                    return Lookup("unchanged", owner, by_hand)
                twin = _twin(connection, document, other_than=owner)
                return Lookup("same content", twin) if twin is not None else Lookup("changed", owner, by_hand)
            twin = _twin(connection, document, other_than=None)
            return Lookup("same content", twin) if twin is not None else Lookup("new", None)

    def put(self, document: Document, sentences: Sequence[NewSentence], passages: Sequence[NewPassage]) -> list[int]:
        """Write a document whole, in place of its older self; returns the ids of its passages, in order.

        It is ``pending`` until ``mark_indexed``.
        """
        with self._begin() as connection:
            left = _detach(self.database, connection, document.origin)
            document_id = _free_id(connection, document)
            _remove(self.database, connection, [document_id])
            published = document.published
            connection.execute(
                sa.insert(_documents).values(
                    id=document_id,
                    name=document.name,
                    title=document.title,
                    text_hash=document.text_hash,
                    facts_hash=facts_hash(document),
                    characters=len(document.text),
                    media_type=document.media_type,
                    published=published.value if published else None,
                    published_source=published.source if published else "",
                    published_text=published.text if published else "",
                    published_confidence=published.confidence if published else 0.0,
                    source=document.source,
                    author=document.author,
                    language=document.language,
                    url=document.url,
                    headings=[[heading.span.start, heading.span.end, heading.level] for heading in document.headings],
                    pages=[
                        [page.span.start, page.span.end, page.number, page.kind, page.label] for page in document.pages
                    ],
                    metadata=dict(document.metadata),
                    state="pending",
                    added=datetime.datetime.now(datetime.UTC),
                    passages=len(passages),
                    sentences=len(sentences),
                )
            )
            _attach(connection, document, document_id)
            _forget_files(connection, left)
            if document.text:
                connection.execute(
                    sa.insert(_texts),
                    [
                        {"document_id": document_id, "chunk": chunk, "text": document.text[start : start + _CHUNK]}
                        for chunk, start in enumerate(range(0, len(document.text), _CHUNK))
                    ],
                )
            return _write_index(self.database, connection, document_id, sentences, passages)

    def put_index(
        self, document_id: str, sentences: Sequence[NewSentence], passages: Sequence[NewPassage]
    ) -> list[int]:
        """Replace the sentences and passages of a document that stays as it is; it is ``pending`` again."""
        with self._begin() as connection:
            _remove_passages(self.database, connection, document_id)
            connection.execute(sa.delete(_sentences).where(_sentences.c.document_id == document_id))
            connection.execute(
                sa.update(_documents)
                .where(_documents.c.id == document_id)
                .values(state="pending", passages=len(passages), sentences=len(sentences))
            )
            return _write_index(self.database, connection, document_id, sentences, passages)

    def add_name(self, document_id: str, document: Document) -> None:
        """Remember that the content of this document also came under the origin, the name and the file of another."""
        with self._begin() as connection:
            left = _detach(self.database, connection, document.origin)
            _attach(connection, document, document_id)
            _forget_files(connection, left)

    def stage(self, document_id: str, sentences: Sequence[NewSentence], passages: Sequence[NewPassage]) -> None:
        """Keep new sentences and passages of a document beside those that are searched, until ``swap_staged``."""
        with self._begin() as connection:
            connection.execute(sa.delete(_staged_sentences).where(_staged_sentences.c.document_id == document_id))
            connection.execute(sa.delete(_staged_passages).where(_staged_passages.c.document_id == document_id))
            if sentences:
                connection.execute(sa.insert(_staged_sentences), _sentence_rows(document_id, sentences))
            if passages:
                ids = self.database.reserve_ids(connection, len(passages))
                rows = _passage_rows(document_id, ids, passages)
                terms = [{"context_terms": one.context_terms, "terms": one.terms} for one in passages]
                connection.execute(
                    sa.insert(_staged_passages), [row | term for row, term in zip(rows, terms, strict=True)]
                )

    def staged(self) -> set[str]:
        """The documents that are staged."""
        with self._begin() as connection:
            return set(connection.scalars(sa.select(_staged_passages.c.document_id).distinct()))

    def drop_staged(self) -> None:
        with self._begin() as connection:
            connection.execute(sa.delete(_staged_sentences))
            connection.execute(sa.delete(_staged_passages))

    def staged_vectors(self) -> Iterator[list[tuple[int, bytes]]]:
        """Batches of (passage id, vector) of what is staged."""
        return self._vector_batches(_staged_passages, sa.select(_staged_passages.c.id, _staged_passages.c.vector))

    def swap_staged(self, facts: Mapping[str, str]) -> None:
        """Search what is staged from now on, in place of what was; these facts hold from the same moment."""
        with self._begin() as connection:
            staged = sa.select(_staged_passages.c.document_id)
            words = self.database.words
            for ids in _id_batches(connection, _passages, _passages.c.document_id.in_(staged)):
                words.delete(connection, ids)
            connection.execute(sa.delete(_passages).where(_passages.c.document_id.in_(staged)))
            connection.execute(sa.delete(_sentences).where(_sentences.c.document_id.in_(staged)))
            for table, source in ((_sentences, _staged_sentences), (_passages, _staged_passages)):
                names = [column.name for column in table.c]
                connection.execute(sa.insert(table).from_select(names, sa.select(*(source.c[name] for name in names))))
            for ids in _id_batches(connection, _staged_passages, sa.true()):
                rows = connection.execute(
                    sa.select(_staged_passages.c.id, _staged_passages.c.context_terms, _staged_passages.c.terms).where(
                        _staged_passages.c.id.in_(ids)
                    )
                )
                words.insert(connection, [(row.id, row.context_terms, row.terms) for row in rows])
            for column, table in ((_documents.c.passages, _passages), (_documents.c.sentences, _sentences)):
                count = sa.select(sa.func.count()).where(table.c.document_id == _documents.c.id).scalar_subquery()
                connection.execute(sa.update(_documents).values({column: count}))
            connection.execute(sa.delete(_staged_sentences))
            connection.execute(sa.delete(_staged_passages))
            connection.execute(sa.delete(_stale_vectors))  # the new vector index never held them
            for name, value in facts.items():
                connection.execute(sa.delete(_facts).where(_facts.c.name == name))
                connection.execute(sa.insert(_facts).values(name=name, value=value))

    def mark_indexed(self, document_ids: Iterable[str]) -> None:
        with self._begin() as connection:
            connection.execute(
                sa.update(_documents).where(_documents.c.id.in_(list(document_ids))).values(state="indexed")
            )

    def remove(self, document_ids: Iterable[str]) -> list[str]:
        """Remove documents with everything of theirs; returns the ids that were there."""
        with self._begin() as connection:
            return _remove(self.database, connection, list(document_ids))

    # files, and the copies that are kept of them

    def expect_copy(self, content_hash: str) -> None:
        """Note that a copy of a file is about to be kept, before any document needs it."""
        with self._begin() as connection:
            _loosen(connection, content_hash)

    def loose_copies(self) -> dict[str, bool]:
        """Copies that no file may need any more, or not yet: whether one needs it."""
        needed = sa.exists().where(_files.c.content_hash == _loose_copies.c.content_hash)
        with self._begin() as connection:
            return {row[0]: bool(row[1]) for row in connection.execute(sa.select(_loose_copies.c.content_hash, needed))}

    def forget_copies(self, content_hashes: Sequence[str]) -> None:
        """These copies are gone, or are needed again."""
        with self._begin() as connection:
            for batch in _batches(content_hashes):
                connection.execute(sa.delete(_loose_copies).where(_loose_copies.c.content_hash.in_(batch)))

    def copies(self) -> set[str]:
        """The content hashes of all files."""
        with self._begin() as connection:
            return set(connection.scalars(sa.select(_files.c.content_hash)))

    def forget_digests(self, content_hashes: Sequence[str]) -> None:
        """Have files of this content read again when they come the next time."""
        with self._begin() as connection:
            for batch in _batches(content_hashes):
                connection.execute(sa.update(_files).where(_files.c.content_hash.in_(batch)).values(digest=""))

    def known_file(self, origin: str, digest: str) -> list[FileDocument] | None:
        """The documents of a file that was read to its end with this digest; None where there is no such file."""
        with self._begin() as connection:
            if connection.scalar(sa.select(_files.c.digest).where(_files.c.origin == origin)) != digest:
                return None
            rows = connection.execute(
                sa.select(_documents.c.id, _documents.c.title, _documents.c.passages)
                .join(_origins, _origins.c.document_id == _documents.c.id)
                .where(_origins.c.file == origin)
                .order_by(_origins.c.origin)
            )
            return [FileDocument(row.id, row.title, row.passages) for row in rows]

    def end_files(self, read: Sequence[ReadFile]) -> None:
        """Note that files were read to their ends: documents that they held before and no longer hold go."""
        with self._begin() as connection:
            for item in read:
                if not item.origins:
                    continue
                held = set(connection.scalars(sa.select(_origins.c.origin).where(_origins.c.file == item.file.origin)))
                for origin in held.difference(item.origins):
                    _detach(self.database, connection, origin)
                connection.execute(
                    sa.update(_files)
                    .where(_files.c.origin == item.file.origin, _files.c.content_hash == item.file.content_hash)
                    .values(digest=item.digest)
                )

    def link(self, document: Document, document_id: str) -> None:
        """Note the file that an unchanged document comes from now."""
        with self._begin() as connection:
            connection.execute(sa.delete(_origins).where(_origins.c.origin == document.origin))
            _attach(connection, document, document_id)

    def files_under(self, prefix: str) -> dict[str, list[FileDocument]]:
        """The files whose origins begin with this, each with its documents."""
        statement = (
            sa.select(_origins.c.file, _documents.c.id, _documents.c.title, _documents.c.passages)
            .join(_documents, _documents.c.id == _origins.c.document_id)
            .where(sa.func.substr(_origins.c.file, 1, len(prefix)) == prefix)  # LIKE would pass over case
            .order_by(_origins.c.file, _origins.c.origin)
        )
        found: dict[str, list[FileDocument]] = {}
        with self._begin() as connection:
            for row in connection.execute(statement):
                found.setdefault(row.file, []).append(FileDocument(row.id, row.title, row.passages))
        return found

    def remove_files(self, origins: Sequence[str]) -> None:
        """Forget files; a document goes where no other file and no upload holds it."""
        with self._begin() as connection:
            for file in origins:
                for origin in list(connection.scalars(sa.select(_origins.c.origin).where(_origins.c.file == file))):
                    _detach(self.database, connection, origin)
            _forget_files(connection, set(origins))

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document was read from, the first by name where there are several."""
        with self._begin() as connection:
            row = connection.execute(
                sa.select(_files)
                .join(_origins, _origins.c.file == _files.c.origin)
                .where(_origins.c.document_id == document_id)
                .order_by(_files.c.name)
                .limit(1)
            ).one_or_none()
        return SourceFile(row.origin, row.name, row.media_type, row.size, row.content_hash) if row else None

    def set_published(self, document_id: str, published: PublishedDate | None) -> bool:
        """Set or clear the published date by hand; False where there is no such document."""
        with self._begin() as connection:
            result = connection.execute(
                sa.update(_documents)
                .where(_documents.c.id == document_id)
                .values(
                    published=published.value if published else None,
                    published_source=published.source if published else "",
                    published_text=published.text if published else "",
                    published_confidence=published.confidence if published else 0.0,
                )
            )
            return result.rowcount > 0

    def set_title(self, document_id: str, title: str) -> None:
        with self._begin() as connection:
            connection.execute(sa.update(_documents).where(_documents.c.id == document_id).values(title=title))

    def set_event_dates(self, document_id: str, event_dates: Sequence[tuple[EventDate, ...]]) -> None:
        """Replace the event dates of all sentences of a document, in order."""
        with self._begin() as connection:
            for ordinal, dates in enumerate(event_dates):
                connection.execute(
                    sa.update(_sentences)
                    .where(_sentences.c.document_id == document_id, _sentences.c.ordinal == ordinal)
                    .values(event_dates=_dump_dates(dates))
                )

    # what the vector index still has to do

    def pending(self) -> list[str]:
        """Ids of documents whose vectors may not be in the vector index yet."""
        with self._begin() as connection:
            return list(connection.scalars(sa.select(_documents.c.id).where(_documents.c.state == "pending")))

    def stale_vectors(self) -> list[int]:
        """Ids of passages that are gone but whose vectors may still stand in the vector index."""
        with self._begin() as connection:
            return list(connection.scalars(sa.select(_stale_vectors.c.passage_id)))

    def forget_stale_vectors(self, passage_ids: Sequence[int]) -> None:
        with self._begin() as connection:
            for batch in _batches(passage_ids):
                connection.execute(sa.delete(_stale_vectors).where(_stale_vectors.c.passage_id.in_(batch)))

    def vectors(
        self, *, document_ids: Sequence[str] | None = None, filters: Filters | None = None
    ) -> Iterator[list[tuple[int, bytes]]]:
        """Batches of (passage id, vector): of some documents, indexed or pending, or of all that pass the filters.

        Vectors are float16, little endian.
        """
        statement = sa.select(_passages.c.id, _passages.c.vector)
        if document_ids is not None:
            statement = statement.where(_passages.c.document_id.in_(document_ids))
        if filters is not None:
            statement = statement.join(_documents, _documents.c.id == _passages.c.document_id).where(
                _INDEXED, *_conditions(filters)
            )
        return self._vector_batches(_passages, statement)

    def _vector_batches(self, table: sa.Table, statement: sa.Select[Any]) -> Iterator[list[tuple[int, bytes]]]:
        last = 0
        while True:
            with self._begin() as connection:
                batch = connection.execute(statement.where(table.c.id > last).order_by(table.c.id).limit(5000)).all()
            if not batch:
                return
            yield [(row.id, row.vector) for row in batch]
            last = batch[-1].id

    def sample_vectors(self, limit: int) -> list[tuple[int, bytes]]:
        """(passage id, vector) of at most ``limit`` passages, spread evenly over all."""
        with self._begin() as connection:
            ids = list(connection.scalars(sa.select(_passages.c.id).order_by(_passages.c.id)))
            chosen = ids[:: -(-len(ids) // limit)] if ids else []
            rows = connection.execute(
                sa.select(_passages.c.id, _passages.c.vector).where(_passages.c.id.in_(chosen))
            ).all()
        return [(row.id, row.vector) for row in rows]

    def passage_ids(self, filters: Filters) -> set[int]:
        """Ids of the passages of indexed documents that pass the filters."""
        statement = (
            sa.select(_passages.c.id)
            .join(_documents, _documents.c.id == _passages.c.document_id)
            .where(_INDEXED, *_conditions(filters))
        )
        with self._begin() as connection:
            return set(connection.scalars(statement))

    def revision(self) -> tuple[int, int]:
        """Changes with every document that comes or goes."""
        with self._begin() as connection:
            return self.database.last_id(connection), connection.scalar(
                sa.select(sa.func.count()).select_from(_documents)
            ) or 0

    # reading

    def document(self, document_id: str) -> StoredDocument | None:
        with self._begin() as connection:
            row = connection.execute(sa.select(_documents).where(_documents.c.id == document_id)).one_or_none()
            if row is None:
                return None
            names = _names(connection, [document_id])
            chunks = connection.scalars(
                sa.select(_texts.c.text).where(_texts.c.document_id == document_id).order_by(_texts.c.chunk)
            )
            text = "".join(chunks)
        return StoredDocument(
            info=_info(row, names.get(document_id, ())),
            text=text,
            headings=tuple(Heading(Span(start, end), level) for start, end, level in row.headings),
            pages=tuple(Page(Span(start, end), number, kind, label) for start, end, number, kind, label in row.pages),
            metadata=row.metadata,
        )

    def pages_at(self, places: Sequence[tuple[str, int]]) -> list[Page | None]:
        """The pages that hold code points of documents: (document id, offset).

        None where a document has no such parts, or is not there.
        """
        if not places:
            return []
        wanted = sorted({document_id for document_id, _ in places})
        pages: dict[str, list[Any]] = {}
        with self._begin() as connection:
            for batch in _batches(wanted):
                rows = connection.execute(
                    sa.select(_documents.c.id, _documents.c.pages).where(_documents.c.id.in_(batch))
                )
                pages |= {row.id: row.pages for row in rows}
        return [_page_at(pages.get(document_id, []), offset) for document_id, offset in places]

    def infos(self, document_ids: Iterable[str]) -> dict[str, DocumentInfo]:
        """The documents by id, without names; ids that are not there, or not yet indexed, are left out."""
        wanted = list(dict.fromkeys(document_ids))
        with self._begin() as connection:
            rows = connection.execute(sa.select(*_INFO_COLUMNS).where(_documents.c.id.in_(wanted), _INDEXED)).all()
        return {row.id: _info(row, ()) for row in rows}

    def documents(
        self, *, limit: int | None = None, offset: int = 0, query: str = "", filters: Filters | None = None
    ) -> list[DocumentInfo]:
        """Indexed documents, the last added first; ``query`` is looked for in titles, names and sources."""
        statement = (
            sa.select(*_INFO_COLUMNS)
            .where(_INDEXED, *_conditions(filters), *_matches(query))
            .order_by(_documents.c.added.desc(), _documents.c.id)
            .offset(offset)
        )
        if limit is not None:
            statement = statement.limit(limit)
        with self._begin() as connection:
            rows = connection.execute(statement).all()
            names = _names(connection, [row.id for row in rows])
        return [_info(row, names.get(row.id, ())) for row in rows]

    def count(self, *, query: str = "", filters: Filters | None = None) -> int:
        """How many documents ``documents`` would give without a limit."""
        with self._begin() as connection:
            return (
                connection.scalar(
                    sa.select(sa.func.count())
                    .select_from(_documents)
                    .where(_INDEXED, *_conditions(filters), *_matches(query))
                )
                or 0
            )

    def stats(self, filters: Filters | None = None) -> LibraryStats:
        with self._begin() as connection:
            row = connection.execute(
                sa.select(
                    sa.func.count(),
                    sa.func.coalesce(sa.func.sum(_documents.c.passages), 0),
                    sa.func.coalesce(sa.func.sum(_documents.c.sentences), 0),
                    sa.func.min(_documents.c.published),
                    sa.func.max(_documents.c.published),
                    sa.func.count(_documents.c.published),
                ).where(_documents.c.state == "indexed", *_conditions(filters))
            ).one()
        return LibraryStats(row[0], row[1], row[2], row[3], row[4], row[0] - row[5])

    def passage_count(self) -> int:
        """Passages of indexed documents."""
        statement = sa.select(sa.func.coalesce(sa.func.sum(_documents.c.passages), 0))
        with self._begin() as connection:
            return connection.scalar(statement.where(_documents.c.state == "indexed")) or 0

    def ever_held(self) -> bool:
        """Whether any document was ever added."""
        with self._begin() as connection:
            return self.database.last_id(connection) > 0

    def places(self, passage_ids: Sequence[int]) -> list[Place]:
        """Where these passages stand, in any order; ids that are gone, or not yet indexed, are left out."""
        places: list[Place] = []
        for batch in _batches(passage_ids):
            places += self._read_places(_passages.c.id.in_(batch))
        return places

    def passage_around(self, document_id: str, span: Span) -> Span | None:
        """From the first to the last passage that a span stands in; None where it stands in none."""
        statement = sa.select(sa.func.min(_passages.c.start), sa.func.max(_passages.c.end)).where(
            _passages.c.document_id == document_id, _passages.c.start < span.end, _passages.c.end > span.start
        )
        with self._begin() as connection:
            start, end = connection.execute(statement).one()
        return Span(start, end) if start is not None else None

    def vectors_of(self, passage_ids: Sequence[int]) -> dict[int, bytes]:
        """Vectors of these passages, packed, by id; ids that are gone are left out."""
        vectors: dict[int, bytes] = {}
        with self._begin() as connection:
            for batch in _batches(passage_ids):
                statement = sa.select(_passages.c.id, _passages.c.vector).where(_passages.c.id.in_(batch))
                vectors.update((passage_id, vector) for passage_id, vector in connection.execute(statement))
        return vectors

    def places_at(self, positions: Sequence[tuple[str, int]]) -> list[Place]:
        """The passages at these (document id, ordinal); what is not there is left out."""
        places: list[Place] = []
        for batch in _batches(positions):
            places += self._read_places(self.database.among(_passages.c.document_id, _passages.c.ordinal, batch))
        return places

    def _read_places(self, condition: sa.ColumnElement[bool]) -> list[Place]:
        statement = (
            sa.select(_passages).join(_documents, _documents.c.id == _passages.c.document_id).where(_INDEXED, condition)
        )
        with self._begin() as connection:
            return [
                Place(
                    row.id,
                    row.document_id,
                    row.ordinal,
                    Span(row.start, row.end),
                    row.first_sentence,
                    row.last_sentence,
                    row.context,
                    row.vector,
                )
                for row in connection.execute(statement)
            ]

    def sentences(self, document_id: str, first: int = 0, last: int | None = None) -> list[StoredSentence]:
        """The sentences ``first`` to ``last`` (inclusive) of a document, in reading order."""
        conditions = [_sentences.c.document_id == document_id, _sentences.c.ordinal >= first]
        if last is not None:
            if last < first:
                return []
            conditions.append(_sentences.c.ordinal <= last)
        return list(self._read_sentences(sa.and_(*conditions)).values())

    def stretches(self, wanted: Sequence[tuple[str, int, int]]) -> list[list[StoredSentence]]:
        """The sentences of several (document id, first, last inclusive), each in reading order, read together."""
        found: dict[tuple[str, int], StoredSentence] = {}
        for batch in _batches(wanted, 50):
            within = [
                sa.and_(_sentences.c.document_id == document_id, _sentences.c.ordinal.between(first, last))
                for document_id, first, last in batch
            ]
            found |= self._read_sentences(sa.or_(*within))
        return [
            [found[document_id, at] for at in range(first, last + 1) if (document_id, at) in found]
            for document_id, first, last in wanted
        ]

    def _read_sentences(self, condition: sa.ColumnElement[bool]) -> dict[tuple[str, int], StoredSentence]:
        """By document id and ordinal, in that order."""
        statement = sa.select(_sentences).where(condition).order_by(_sentences.c.document_id, _sentences.c.ordinal)
        with self._begin() as connection:
            rows = connection.execute(statement).all()
            texts = _cut(self.database, connection, [(row.document_id, Span(row.start, row.end)) for row in rows])
        return {
            (row.document_id, row.ordinal): StoredSentence(
                Sentence(
                    row.document_id, row.ordinal, Span(row.start, row.end), text, row.kind, _load_dates(row.event_dates)
                ),
                row.vector,
            )
            for row, text in zip(rows, texts, strict=True)
        }

    def cut(self, wanted: Sequence[tuple[str, Span]]) -> list[str]:
        """The text of spans of documents, in the order asked; empty where there is no such text."""
        with self._begin() as connection:
            return _cut(self.database, connection, wanted)

    # words

    def document_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each stem stands; stems in none are left out."""
        with self._begin() as connection:
            return self.database.words.frequencies(connection, terms)

    def match_words(self, terms: Sequence[str], limit: int, filters: Filters | None = None) -> list[tuple[int, float]]:
        """(passage id, score) of the passages that hold one of these stems, which all stand somewhere; best first.

        The score is BM25: higher is better, always above 0. Of equal ones the passage with the lower id comes first.
        """
        with self._begin() as connection:
            found = self.database.words.matching(connection, terms)
            statement = sa.select(found)
            if filters is not None:
                statement = (
                    statement.join(_passages, _passages.c.id == found.c.id)
                    .join(_documents, _documents.c.id == _passages.c.document_id)
                    .where(*_conditions(filters))
                )
            rows = connection.execute(statement.order_by(found.c.score.desc(), found.c.id).limit(limit))
            return [(row.id, row.score) for row in rows if row.score > 0]


_HASHES = (_documents.c.text_hash, _documents.c.facts_hash)
_INFO_COLUMNS = [
    column for column in _documents.c if column.name not in ("headings", "pages", "metadata", "text_hash", "facts_hash")
]


def facts_hash(document: Document) -> str:
    """BLAKE2b of everything but the text and the published date that an answer may show of a document."""
    import hashlib

    facts = [
        document.title,
        document.name,
        document.source,
        document.author,
        document.url,
        [[page.span.start, page.number, page.kind, page.label] for page in document.pages],
    ]
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()


def _by_hand(row: Any, document: Document) -> PublishedDate | None:
    """The date that a person gave the older self of a document that comes with none given by hand."""
    if row.published is None or row.published_source != "user":
        return None
    if document.published is not None and document.published.source == "user":
        return None
    return PublishedDate(row.published, row.published_source, row.published_text, row.published_confidence)


def _attach(connection: sa.Connection, document: Document, document_id: str) -> None:
    """Give a document in the catalog the origin, the name and the file of one that came."""
    file = document.file
    connection.execute(
        sa.insert(_origins).values(
            origin=document.origin,
            name=document.name,
            document_id=document_id,
            file=file.origin if file is not None else None,
        )
    )
    if file is None:
        return
    older = connection.scalar(sa.select(_files.c.content_hash).where(_files.c.origin == file.origin))
    connection.execute(sa.delete(_files).where(_files.c.origin == file.origin))
    connection.execute(
        sa.insert(_files).values(
            origin=file.origin,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            content_hash=file.content_hash,
            digest="",
        )
    )
    connection.execute(sa.delete(_loose_copies).where(_loose_copies.c.content_hash == file.content_hash))
    if older is not None and older != file.content_hash:
        _loosen(connection, older)


def _forget_files(connection: sa.Connection, origins: set[str]) -> None:
    """Forget those of these files that no document is left of; the others must be read again to be whole."""
    for origin in origins:
        is_file = _files.c.origin == origin
        if connection.scalar(sa.select(_origins.c.origin).where(_origins.c.file == origin).limit(1)) is not None:
            connection.execute(sa.update(_files).where(is_file).values(digest=""))
            continue
        content_hash = connection.scalar(sa.select(_files.c.content_hash).where(is_file))
        if content_hash is not None:
            connection.execute(sa.delete(_files).where(is_file))
            _loosen(connection, content_hash)


def _loosen(connection: sa.Connection, content_hash: str) -> None:
    connection.execute(sa.delete(_loose_copies).where(_loose_copies.c.content_hash == content_hash))
    connection.execute(sa.insert(_loose_copies).values(content_hash=content_hash))


def _twin(connection: sa.Connection, document: Document, *, other_than: str | None) -> str | None:
    statement = sa.select(_documents.c.id).where(_documents.c.text_hash == document.text_hash)
    if other_than is not None:
        statement = statement.where(_documents.c.id != other_than)
    return connection.scalar(statement.limit(1))


def _free_id(connection: sa.Connection, document: Document) -> str:
    """The document's own id, unless a document that once shared its origin still goes under it by another name."""
    taken = connection.scalar(sa.select(_documents.c.text_hash).where(_documents.c.id == document.id))
    if taken is None:
        return document.id
    import hashlib

    return hashlib.blake2b(f"{document.origin}\0{document.text_hash}".encode(), digest_size=8).hexdigest()


def _detach(database: Database, connection: sa.Connection, origin: str) -> set[str]:
    """Take an origin from its document, and remove the document where it was its last; the file that it came from."""
    row = connection.execute(
        sa.select(_origins.c.document_id, _origins.c.file).where(_origins.c.origin == origin)
    ).one_or_none()
    if row is None:
        return set()
    connection.execute(sa.delete(_origins).where(_origins.c.origin == origin))
    names = list(
        connection.scalars(
            sa.select(_origins.c.name).where(_origins.c.document_id == row.document_id).order_by(_origins.c.name)
        )
    )
    if names:
        misnamed = sa.and_(_documents.c.id == row.document_id, _documents.c.name.not_in(names))
        connection.execute(sa.update(_documents).where(misnamed).values(name=names[0]))
    else:
        _remove(database, connection, [row.document_id])
    return {row.file} if row.file is not None else set()


def _write_index(
    database: Database,
    connection: sa.Connection,
    document_id: str,
    sentences: Sequence[NewSentence],
    passages: Sequence[NewPassage],
) -> list[int]:
    if sentences:
        connection.execute(sa.insert(_sentences), _sentence_rows(document_id, sentences))
    if not passages:
        return []
    ids = database.reserve_ids(connection, len(passages))
    connection.execute(sa.insert(_passages), _passage_rows(document_id, ids, passages))
    terms = [(one, passage.context_terms, passage.terms) for one, passage in zip(ids, passages, strict=True)]
    database.words.insert(connection, terms)
    return ids


def _sentence_rows(document_id: str, sentences: Sequence[NewSentence]) -> list[dict[str, Any]]:
    return [
        {
            "document_id": document_id,
            "ordinal": ordinal,
            "start": sentence.span.start,
            "end": sentence.span.end,
            "kind": sentence.kind,
            "event_dates": _dump_dates(sentence.event_dates),
            "vector": sentence.vector,
        }
        for ordinal, sentence in enumerate(sentences)
    ]


def _passage_rows(document_id: str, ids: Sequence[int], passages: Sequence[NewPassage]) -> list[dict[str, Any]]:
    return [
        {
            "id": passage_id,
            "document_id": document_id,
            "ordinal": ordinal,
            "start": passage.span.start,
            "end": passage.span.end,
            "first_sentence": passage.first_sentence,
            "last_sentence": passage.last_sentence,
            "context": passage.context,
            "vector": passage.vector,
        }
        for ordinal, (passage_id, passage) in enumerate(zip(ids, passages, strict=True))
    ]


def _remove(database: Database, connection: sa.Connection, document_ids: list[str]) -> list[str]:
    found = list(connection.scalars(sa.select(_documents.c.id).where(_documents.c.id.in_(document_ids))))
    for document_id in found:
        of_document = sa.and_(_origins.c.document_id == document_id, _origins.c.file.is_not(None))
        files = set(connection.scalars(sa.select(_origins.c.file).where(of_document)))
        _remove_passages(database, connection, document_id)
        connection.execute(sa.delete(_documents).where(_documents.c.id == document_id))
        _forget_files(connection, files)
    return found


def _id_batches(
    connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]
) -> Iterator[Sequence[int]]:
    yield from _batches(list(connection.scalars(sa.select(table.c.id).where(condition))))


def _remove_passages(database: Database, connection: sa.Connection, document_id: str) -> None:
    ids = list(connection.scalars(sa.select(_passages.c.id).where(_passages.c.document_id == document_id)))
    if ids:
        rows = [{"passage_id": passage_id} for passage_id in ids]
        connection.execute(sa.insert(_stale_vectors), rows)
        database.words.delete(connection, ids)
        connection.execute(sa.delete(_passages).where(_passages.c.document_id == document_id))


def _cut(database: Database, connection: sa.Connection, wanted: Sequence[tuple[str, Span]]) -> list[str]:
    needed = {
        (document_id, chunk)
        for document_id, span in wanted
        for chunk in range(span.start // _CHUNK, max(span.end - 1, span.start) // _CHUNK + 1)
    }
    chunks: dict[tuple[str, int], str] = {}
    for batch in _batches(sorted(needed)):
        rows = connection.execute(sa.select(_texts).where(database.among(_texts.c.document_id, _texts.c.chunk, batch)))
        chunks.update({(row.document_id, row.chunk): row.text for row in rows})
    pieces: list[str] = []
    for document_id, span in wanted:
        first = span.start // _CHUNK
        last = max(span.end - 1, span.start) // _CHUNK
        text = "".join(chunks.get((document_id, chunk), "") for chunk in range(first, last + 1))
        pieces.append(text[span.start - first * _CHUNK : span.end - first * _CHUNK])
    return pieces


def _page_at(pages: Sequence[Any], offset: int) -> Page | None:
    place = bisect.bisect_right(pages, offset, key=lambda page: page[0]) - 1  # a sheet has thousands of rows
    if place < 0 or pages[place][1] <= offset:
        return None
    start, end, number, kind, label = pages[place]
    return Page(Span(start, end), number, kind, label)


def _names(connection: sa.Connection, document_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for batch in _batches(document_ids):
        rows = connection.execute(
            sa.select(_origins.c.document_id, _origins.c.name)
            .where(_origins.c.document_id.in_(batch))
            .order_by(_origins.c.name)
        )
        for document_id, name in rows:
            names[document_id] = (*names.get(document_id, ()), name)
    return names


def _conditions(filters: Filters | None) -> list[sa.ColumnElement[bool]]:
    """Filters as SQL; a document without a published date passes no date filter, since NULL compares to nothing."""
    if filters is None:
        return []
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.as_of is not None:
        conditions.append(_documents.c.published <= filters.as_of)
    if filters.after is not None:
        conditions.append(_documents.c.published >= filters.after)
    if filters.before is not None:
        conditions.append(_documents.c.published <= filters.before)
    if filters.document_ids is not None:
        conditions.append(_documents.c.id.in_(filters.document_ids))
    return conditions


def _matches(query: str) -> list[sa.ColumnElement[bool]]:
    if not query:
        return []
    columns = (_documents.c.title, _documents.c.name, _documents.c.source)
    return [sa.or_(*(column.icontains(query, autoescape=True) for column in columns))]


def _info(row: Any, names: tuple[str, ...]) -> DocumentInfo:
    added: datetime.datetime = row.added
    return DocumentInfo(
        id=row.id,
        title=row.title,
        name=row.name,
        source=row.source,
        author=row.author,
        language=row.language,
        url=row.url,
        media_type=row.media_type,
        published=PublishedDate(row.published, row.published_source, row.published_text, row.published_confidence)
        if row.published
        else None,
        passages=row.passages,
        sentences=row.sentences,
        characters=row.characters,
        added=added.replace(tzinfo=datetime.UTC) if added.tzinfo is None else added,
        names=names or (row.name,),
    )


def _dump_dates(dates: Sequence[EventDate]) -> str:
    return (
        json.dumps(
            [
                [
                    date.first.isoformat(),
                    date.last.isoformat(),
                    date.granularity,
                    date.span.start,
                    date.span.end,
                    date.text,
                ]
                for date in dates
            ],
            ensure_ascii=False,
        )
        if dates
        else ""
    )


def _load_dates(text: str) -> tuple[EventDate, ...]:
    if not text:
        return ()
    return tuple(
        EventDate(
            datetime.date.fromisoformat(first), datetime.date.fromisoformat(last), granularity, Span(start, end), words
        )
        for first, last, granularity, start, end, words in json.loads(text)
    )


def _batches(items: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
