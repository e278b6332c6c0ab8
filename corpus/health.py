"""Whether what a catalog holds fits together. No kill leaves any of this: it takes damage from outside."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from corpus.catalog import Catalog

_OF_DOCUMENTS = ("texts", "origins", "sentences", "passages", "staged_sentences", "staged_passages")
_ORPHAN = "document_id NOT IN (SELECT id FROM documents)"
_STRAY = "SELECT {id} FROM words WHERE {id} NOT IN (SELECT id FROM passages)"
_INCOMPLETE = """
SELECT id FROM documents AS d
WHERE passages != (SELECT count(*) FROM passages AS p WHERE p.document_id = d.id AND length(p.vector) = :size)
   OR sentences != (SELECT count(*) FROM sentences AS s WHERE s.document_id = d.id)
   OR EXISTS (SELECT 1 FROM passages AS p WHERE p.document_id = d.id AND p.id NOT IN (SELECT {id} FROM words))
ORDER BY id
"""
_USUAL_SIZE = "SELECT length(vector) FROM passages GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class CatalogHealth:
    """What does not fit together in a catalog."""

    damage: str
    """What SQLite finds wrong with the file; empty for nothing."""
    orphans: int
    """Rows of documents that are not there."""
    stray_words: int
    """Entries of the word index for passages that are not there."""
    incomplete: tuple[str, ...]
    """Documents without some of their sentences, passages, vectors or words."""


def examine_catalog(catalog: Catalog) -> CatalogHealth:
    """Look at every row; a second for some tens of thousands of passages."""
    with catalog.engine.begin() as connection:
        found = ["ok"]  # a server looks after its own files
        if connection.dialect.name == "sqlite":
            found = [str(row[0]) for row in connection.execute(sa.text("PRAGMA quick_check(3)"))]
        orphans = sum(
            connection.scalar(sa.text(f"SELECT count(*) FROM {table} WHERE {_ORPHAN}")) or 0  # noqa: S608 — our names
            for table in _OF_DOCUMENTS
        )
        stray = len(_stray(catalog, connection))
        size = connection.scalar(sa.text(_USUAL_SIZE)) or 0
        incomplete = tuple(
            connection.scalars(sa.text(_INCOMPLETE.format(id=catalog.database.words.id_column)), {"size": size})
        )
    return CatalogHealth("" if found == ["ok"] else "; ".join(found), orphans, stray, incomplete)


def remove_orphans(catalog: Catalog) -> None:
    """Remove rows of documents, and words of passages, that are not there."""
    with catalog.engine.begin() as connection:
        for table in _OF_DOCUMENTS:
            connection.execute(sa.text(f"DELETE FROM {table} WHERE {_ORPHAN}"))  # noqa: S608
        stray = _stray(catalog, connection)
        if stray:
            catalog.database.words.delete(connection, stray)


def _stray(catalog: Catalog, connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.text(_STRAY.format(id=catalog.database.words.id_column))))
