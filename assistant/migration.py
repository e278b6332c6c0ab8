"""A whole library from one machine to servers, or back: documents, conversations, keys and originals.

Nothing is embedded again: the vectors are in the catalog, and the vector index is built from them at the new place. The
old library stays as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant import conversations, keys
from assistant.settings import Settings, SettingsError
from corpus.catalog import CATALOG_FILE, Catalog
from corpus.database import PostgresDatabase
from corpus.moving import Move, TableCount
from corpus.originals import Originals, content_hash, open_originals, read_whole
from corpus.sharing import SharedWriting
from index.embedding import open_embedder
from index.errors import LibraryLockedError, LibraryUnusableError
from index.library import Library, try_lock
from index.words import stems

SERVERS = "servers"


@dataclass(frozen=True, slots=True)
class Migration:
    """What was moved."""

    documents: int
    moved: int
    """Documents that were not there yet."""
    tables: tuple[TableCount, ...]
    originals: int
    lost: tuple[str, ...]
    """Content hashes of originals that the old place had lost already."""
    vectors: int
    """In the vector index at the new place."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "moved": self.moved,
            "tables": {table.table: [table.source, table.target] for table in self.tables},
            "originals": self.originals,
            "lost_originals": list(self.lost),
            "vectors": self.vectors,
        }


def migrate(settings: Settings, to: str, *, of: Path | None, begin: Callable[[int], Callable[[], None]]) -> Migration:
    """Move a library, or go on with a move that was cut short.

    Args:
        to: ``servers``, those that the settings name, or a folder.
        of: the folder whose library goes to the servers; None for the data folder.
        begin: told how many documents there are; gives what is called after each.

    Raises:
        SettingsError: there is no such place, or the two are one.
        LibraryError: a place can't be used, or what arrived is not what was sent.
    """
    source_folder = of or settings.data_dir
    to_servers = to == SERVERS
    if to_servers and settings.catalog_url is None:
        raise SettingsError("there are no servers to move to: set DATELINE_DATABASE_URL, and DATELINE_CHROMA_URL")
    if not to_servers and of is not None:
        raise SettingsError("--from is for a move to servers: to a folder, the library that the settings name is moved")
    folder = settings.data_dir if to_servers else Path(to).expanduser().absolute()
    source_url = None if to_servers else settings.catalog_url
    if source_url is None and not (source_folder / CATALOG_FILE).is_file():
        raise SettingsError(f"the folder {str(source_folder)!r} holds no library")
    if not to_servers and source_url is None and folder.resolve() == source_folder.resolve():
        raise SettingsError("the library is in that folder already")
    folder.mkdir(parents=True, exist_ok=True)
    target_url = settings.catalog_url if to_servers else None
    with (
        contextlib.closing(Catalog.at(source_folder, source_url)) as source,
        contextlib.closing(Catalog.at(folder, target_url)) as target,
        _writing(folder, target),
    ):
        move = Move(
            source,
            target,
            terms=lambda text: " ".join(stems(text)),
            further=(*keys.TABLES, *conversations.TABLES),
        )
        after_each = begin(source.count())
        documents = moved = 0
        for was_moved in move.documents():
            documents, moved = documents + 1, moved + was_moved
            after_each()
        move.rest()
        old = open_originals(source_folder, None if to_servers else settings.copies_url)
        new = open_originals(folder, settings.copies_url if to_servers else None)
        kept, lost = _copy_originals(source, old, new)
        tables = move.compare()
        different = [table for table in tables if not table.equal]
        if different:
            told = "; ".join(f"{one.table}: {one.source:,} and {one.target:,} rows" for one in different)
            raise LibraryUnusableError(f"the two places differ ({told}): something was changed meanwhile; run it again")
        move.finish()
    vectors = _open_vectors(settings, folder, to_servers=to_servers)
    return Migration(documents, moved, tuple(tables), kept, tuple(lost), vectors)


@contextlib.contextmanager
def _writing(folder: Path, target: Catalog) -> Iterator[None]:
    """Nobody else writes to the target."""
    lock = try_lock(folder, target)
    if lock is None:
        raise LibraryLockedError("another process has the library at the new place open: end it first")
    database = target.database
    shared = SharedWriting(database, lambda: None) if isinstance(database, PostgresDatabase) else None
    try:
        with shared or contextlib.nullcontext():
            yield
    finally:
        lock.release()


def _copy_originals(source: Catalog, old: Originals, new: Originals) -> tuple[int, list[str]]:
    """How many are there, and which were lost before."""
    kept, lost = 0, []
    for hashed in sorted(source.copies()):
        data = read_whole(old, hashed) or read_whole(new, hashed) or b""
        if content_hash(data) != hashed:
            lost.append(hashed)
            continue
        new.keep(data, hashed)
        kept += 1
    return kept, lost


def _open_vectors(settings: Settings, folder: Path, *, to_servers: bool) -> int:
    """Build the vector index at the new place, from the catalog's vectors.

    Raises:
        LibraryUnusableError: it does not hold what the catalog does.
    """
    library = Library.open(
        folder,
        open_embedder(settings.embedding_model, precision=settings.precision),
        any_model=True,
        chroma_server=settings.chroma_server if to_servers else None,
        database_url=settings.catalog_url if to_servers else None,
        originals_url=settings.copies_url if to_servers else None,
    )
    try:
        held, expected = library.vector_count(), library.stats().passages
        if held != expected:
            raise LibraryUnusableError(f"the vector index holds {held:,} of {expected:,} passages: run it again")
        return held
    finally:
        library.close()
