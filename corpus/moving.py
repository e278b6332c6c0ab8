"""A catalog into another one, on SQLite or PostgreSQL: document by document, resumable, compared row by row.

What is derived from the catalog is not moved: the vector index is built from the vectors in it. The target bears a mark
until all is there and equal; a library with the mark is not opened. Moved again, documents that are there and equal are
passed over, those that are not are replaced, and those that the source no longer has go.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from corpus.catalog import Catalog, metadata
from corpus.errors import CatalogError
from corpus.queue import open_jobs

MOVING_FACT = "moving"
"""Fact in a catalog that another one is being moved into."""
_OF_THE_PLACE = (MOVING_FACT, "schema_version", "vectors", "vectors_open", "library", "staged_for")
"""Facts that say something of where a library is, not of what is in it."""
_facts, _documents, _texts, _origins, _files, _sentences, _passages, _stale_vectors, _loose_copies = (
    metadata.tables[name]
    for name in (
        "facts",
        "documents",
        "texts",
        "origins",
        "files",
        "sentences",
        "passages",
        "stale_vectors",
        "loose_copies",
    )
)
_OF_DOCUMENTS: dict[sa.Table, sa.Column[str]] = {
    _documents: _documents.c.id,
    _texts: _texts.c.document_id,
    _origins: _origins.c.document_id,
    _sentences: _sentences.c.document_id,
    _passages: _passages.c.document_id,
}
"""The tables that hold a document, in the order in which they are filled, and the column of its id."""
_AT_ONCE = 1000
"""Rows."""


@dataclass(frozen=True, slots=True)
class TableCount:
    """A table on both sides."""

    table: str
    source: int
    """Rows."""
    target: int
    equal: bool
    """Whether all rows are: by the sum of their hashes."""


class Move:
    """One catalog on its way into another. Nobody else may write to the target meanwhile."""

    def __init__(
        self, source: Catalog, target: Catalog, *, terms: Callable[[str], str], further: Sequence[sa.Table] = ()
    ) -> None:
        """
        Args:
            terms: what the word index files of a text: stems between spaces.
            further: tables beside the catalog's that are moved as well where the source has them, those first that
                others refer to.

        Raises:
            CatalogError: the target holds documents that were not moved there, or files wait in the source.
        """
        self._source = source
        self._target = target
        self._terms = terms
        there = set(sa.inspect(source.engine).get_table_names())
        self._further = [_files, *(table for table in further if table.name in there)]
        with source.engine.begin() as connection:
            waiting = open_jobs(connection)
        if waiting:
            raise CatalogError(f"{waiting} jobs of files wait in the library that is to be moved: let them end first")
        with target.engine.begin() as connection:
            for table in self._further:
                table.create(connection, checkfirst=True)
        held = len(self._ids(target))
        if held and target.fact(MOVING_FACT) is None and not all(table.equal for table in self.compare()):
            raise CatalogError(f"the target holds another library, of {held:,} documents: name one that is empty")
        target.set_fact(MOVING_FACT, "yes")

    def documents(self) -> Iterator[bool]:
        """Move them, one item each: whether it had to be moved, or was there.

        Raises:
            CatalogError: the target can't keep one.
        """
        wanted = self._ids(self._source)
        there = self._ids(self._target)
        gone = sorted(there.difference(wanted))
        if gone:
            self._target.remove(gone)
        for document_id in sorted(wanted):
            rows = self._rows(document_id)
            if document_id in there and self._sums(self._source, document_id) == self._sums(self._target, document_id):
                yield False
                continue
            self._put(document_id, rows)
            yield True

    def rest(self) -> None:
        """Move everything beside the documents."""
        for table in self._further:
            if self._sum(self._source, table) != self._sum(self._target, table):
                self._replace(table)
        with self._source.engine.begin() as connection:
            kept = _facts.c.name.not_in(_OF_THE_PLACE)
            facts = {row.name: row.value for row in connection.execute(sa.select(_facts).where(kept))}
            last_id = self._source.database.last_id(connection)
        for name, value in facts.items():
            self._target.set_fact(name, value)
        with self._target.engine.begin() as connection:
            self._target.database.set_last_id(connection, last_id)
            for table in (_stale_vectors, _loose_copies):
                connection.execute(sa.delete(table))

    def compare(self) -> list[TableCount]:
        """Count and hash all rows on both sides; the words, of which each database makes its own thing, are counted."""
        found = []
        for table in [*_OF_DOCUMENTS, *self._further]:
            (count, digest), (other_count, other_digest) = (
                self._sum(catalog, table) for catalog in (self._source, self._target)
            )
            found.append(TableCount(table.name, count, other_count, (count, digest) == (other_count, other_digest)))
        words = sa.select(sa.func.count()).select_from(sa.table("words"))
        counts = []
        for catalog in (self._source, self._target):
            with catalog.engine.begin() as connection:
                counts.append(connection.scalar(words) or 0)
        return [*found, TableCount("words", counts[0], counts[1], counts[0] == counts[1])]

    def finish(self) -> None:
        """Let the target be opened."""
        self._target.set_fact(MOVING_FACT, None)

    def _ids(self, catalog: Catalog) -> set[str]:
        with catalog.engine.begin() as connection:
            return set(connection.scalars(sa.select(_documents.c.id)))

    def _rows(self, document_id: str) -> dict[sa.Table, list[dict[str, Any]]]:
        with self._source.database.snapshots.begin() as connection:
            return {
                table: [_plain(row) for row in connection.execute(sa.select(table).where(column == document_id))]
                for table, column in _OF_DOCUMENTS.items()
            }

    def _put(self, document_id: str, rows: dict[sa.Table, list[dict[str, Any]]]) -> None:
        if not self._target.database.keeps_nul:
            _refuse_nul(rows)
        chunks = sorted(rows[_texts], key=lambda row: row["chunk"])
        text = "".join(row["text"] for row in chunks)
        words = [
            (row["id"], self._terms(row["context"]), self._terms(text[row["start"] : row["end"]]))
            for row in rows[_passages]
        ]
        self._target.remove([document_id])
        names = [row["origin"] for row in rows[_origins]]
        with self._target.engine.begin() as connection:
            connection.execute(sa.delete(_origins).where(_origins.c.origin.in_(names)))
            for table, of_document in rows.items():
                if of_document:
                    pending = {"state": "pending"} if table is _documents else {}
                    connection.execute(sa.insert(table), [row | pending for row in of_document])
            self._target.database.words.insert(connection, words)

    def _replace(self, table: sa.Table) -> None:
        with self._target.engine.begin() as into:
            for later in reversed(self._further[self._further.index(table) :]):
                into.execute(sa.delete(later))  # what refers to it would be deleted with it, or keep it from going
            with self._source.database.snapshots.begin() as connection:
                rows = connection.execution_options(yield_per=_AT_ONCE).execute(sa.select(table))
                for batch in rows.partitions(_AT_ONCE):
                    into.execute(sa.insert(table), [_plain(row) for row in batch])

    def _sums(self, catalog: Catalog, document_id: str) -> list[tuple[int, int]]:
        return [self._sum(catalog, table, column == document_id) for table, column in _OF_DOCUMENTS.items()]

    def _sum(
        self, catalog: Catalog, table: sa.Table, condition: sa.ColumnElement[bool] | None = None
    ) -> tuple[int, int]:
        """How many rows, and the sum of their hashes, which hangs on no order."""
        count, total = 0, 0
        statement = sa.select(table) if condition is None else sa.select(table).where(condition)
        with catalog.database.snapshots.begin() as connection:
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(statement):
                count += 1
                total += _hash(_plain(row))
        return count, total % (1 << 128)


def _plain(row: sa.Row[Any]) -> dict[str, Any]:
    """A row as both databases give it: times as UTC without a zone."""
    return {
        name: value.astimezone(datetime.UTC).replace(tzinfo=None)
        if isinstance(value, datetime.datetime) and value.tzinfo is not None
        else value
        for name, value in row._mapping.items()
    }


def _hash(row: dict[str, Any]) -> int:
    facts = {name: value for name, value in row.items() if name != "state"}
    encoded = json.dumps(facts, sort_keys=True, default=_plain_text)
    return int.from_bytes(hashlib.blake2b(encoded.encode(), digest_size=16).digest(), "big")


def _plain_text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _refuse_nul(rows: dict[sa.Table, list[dict[str, Any]]]) -> None:
    texts = (value for of_document in rows.values() for row in of_document for value in row.values())
    if any(isinstance(value, str) and "\0" in value for value in texts):
        (document,) = rows[_documents]
        raise CatalogError(
            f"the document {document['title']!r} ({document['id']}) holds a NUL character, which PostgreSQL does not "
            "keep: delete it, then go on"
        )
