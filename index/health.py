"""What is wrong with a library, and how each of it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corpus.catalog import CATALOG_FILE, Catalog
from corpus.health import examine_catalog, remove_orphans
from index.library import Library, served_generations, unfinished_write
from index.servers import ChromaServer
from index.vectors import FolderGenerations


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    said: str
    """A sentence without its full stop."""
    mend: Callable[[], None] | None
    """None where only a person can mend it: the sentence says how."""


def unopened_problem(folder: Path, chroma_server: ChromaServer | None = None, database_url: str | None = None) -> str:
    """What is wrong with a vector index, by what the catalog says and without opening it; empty for nothing.

    Raises:
        CatalogError: the catalog cannot be used.
        LibraryUnusableError: the Chroma server cannot be used.
    """
    if database_url is None and not (folder / CATALOG_FILE).exists():
        return ""
    catalog = Catalog.at(folder, database_url)
    try:
        served = served_generations(chroma_server, catalog) if chroma_server is not None else None
        return unfinished_write(served or FolderGenerations(folder / "vectors"), catalog)
    finally:
        catalog.close()


def problems(library: Library) -> list[Problem]:
    """What is wrong with an open library."""
    catalog = library.catalog
    health = examine_catalog(catalog)
    found: list[Problem] = []
    if health.damage:
        found.append(
            Problem(
                f"the file of the catalog is damaged ({health.damage}): put a backup in its place, or read the files "
                "into a new data directory",
                None,
            )
        )
    if health.orphans or health.stray_words:
        rows = health.orphans + health.stray_words
        found.append(Problem(f"{rows} rows belong to documents that are gone", lambda: remove_orphans(catalog)))
    if health.incomplete:
        found.append(
            Problem(
                f"{len(health.incomplete)} documents lack passages, vectors or words",
                lambda: library.recut(health.incomplete),
            )
        )
    copies = library.compare_copies()
    if copies.stray:
        found.append(
            Problem(f"{len(copies.stray)} kept files belong to no document", lambda: library.drop_copies(copies.stray))
        )
    if copies.lost:
        found.append(
            Problem(
                f"the kept copies of {len(copies.lost)} files are gone; they are kept again when the files are read "
                "the next time",
                lambda: catalog.forget_digests(sorted(copies.lost)),
            )
        )
    return found
