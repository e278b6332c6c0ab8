"""A folder, and what the library holds of it, made equal. Uploads and other folders are never touched."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_to_bytes

from assistant.ingestion import FAILED, Ingested, digest_of, ingest, unchanged
from corpus.reading import Limits, ReadError, bytes_of, find_files, origin_of, read_bytes

if TYPE_CHECKING:
    from corpus.catalog import FileDocument
    from index.library import Library

FileState = Literal["as read", "changed", "gone"]
STATUSES = ("added", "replaced", "removed", "unchanged", "same content", FAILED)

_STATUS = {"new": "added", "changed": "replaced", "unchanged": "unchanged", "same content": "same content"}
_SETTLE_MS = 1600
"""Milliseconds that changes are gathered for: a file that is being written changes many times."""


class SyncError(Exception):
    """A folder that the library can't be made equal to. The message says why; nothing was done."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a folder holds, and what the library still holds of files that are no longer there."""

    files: tuple[Path, ...]
    gone: Mapping[str, tuple[FileDocument, ...]]
    """Documents by the origin of their file."""


def compare(library: Library, folder: Path, *, allow_empty: bool = False) -> Difference:
    """Look at a folder, without reading its files.

    Args:
        allow_empty: take a folder without files for what it is, and not for one that is not mounted.

    Raises:
        SyncError: it is no folder, a part of it cannot be listed, or it is empty and was not.
    """
    if not folder.is_dir():
        raise SyncError(f"{folder} is not a folder: nothing was changed.")
    try:
        files = tuple(find_files(folder))
    except OSError as error:
        raise SyncError(
            f"{error.filename or folder} can't be listed ({error.strerror}): nothing was changed."
        ) from error
    held = library.catalog.files_under(folder.resolve().as_uri().rstrip("/") + "/")
    if held and not files and not allow_empty:
        raise SyncError(
            f"{folder} holds no files, the library holds {len(held)} from it: nothing was changed. Give --allow-empty "
            "where they are to be removed."
        )
    present = {origin_of(path) for path in files}
    return Difference(files, {origin: tuple(documents) for origin, documents in held.items() if origin not in present})


def sync(
    library: Library,
    difference: Difference,
    *,
    limits: Limits | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Ingested]:
    """Add and replace what is there, then remove what is gone: a file that was moved is not embedded again.

    Raises:
        LibraryError: another process writes to the library, or the disk is full.
    """
    yield from ingest(library, difference.files, limits=limits, stop=stop)
    for origin, documents in difference.gone.items():
        if stop is not None and stop.is_set():
            return
        library.remove_files([origin])
        stays = library.catalog.infos([document.id for document in documents])
        for result in _removed(origin, documents):
            kept = stays.get(result.document_id or "")
            yield replace(result, detail=f"the document stays as {kept.name}") if kept is not None else result


def plan(library: Library, difference: Difference, *, limits: Limits | None = None) -> Iterator[Ingested]:
    """What ``sync`` would do, by reading what is new or changed; the library stays as it is."""
    limits = limits or Limits()
    coming: set[str] = set()
    for path in difference.files:
        problems: list[Ingested] = []

        def note(part: str, why: str, path: Path = path, problems: list[Ingested] = problems) -> None:
            problems.append(Ingested(path / part, FAILED, detail=why))

        try:
            data, origin = bytes_of(path, limits), origin_of(path)
            known = library.catalog.known_file(origin, digest_of(data))
            if known is not None:
                yield unchanged(path, known)
                continue
            documents = read_bytes(data, path.name, origin=origin, limits=limits, on_problem=note)
        except ReadError as error:
            yield Ingested(path, FAILED, detail=str(error))
            continue
        yield from problems
        for document in documents:
            found = library.catalog.lookup(document)
            twice = found.status == "new" and document.text_hash in coming
            coming.add(document.text_hash)
            yield Ingested(path, "same content" if twice else _STATUS[found.status], found.document_id, document.title)
    for gone, held in difference.gone.items():
        yield from _removed(gone, held)


def changes(folder: Path, stop: threading.Event) -> Iterator[None]:
    """One item for each time that something in a folder changed, until ``stop`` is set."""
    import watchfiles

    for _ in watchfiles.watch(folder, stop_event=stop, debounce=_SETTLE_MS, raise_interrupt=False):
        yield


def states(library: Library) -> dict[str, FileState]:
    """For each document of a file in a folder: whether a file of it is still as it was read.

    A file that was not written to since is taken to be so without reading it.
    """
    added = {info.id: info.added.timestamp() for info in library.documents()}
    found: dict[str, FileState] = {}
    for origin, documents in library.catalog.files_under("file://").items():
        state = _state(library, origin, min(added.get(document.id, 0.0) for document in documents))
        for document in documents:
            if found.get(document.id) != "as read":
                found[document.id] = state
    return found


def _state(library: Library, origin: str, read: float) -> FileState:
    path = _path_of(origin)
    try:
        if path.stat().st_mtime <= read:
            return "as read"
        data = bytes_of(path, Limits())
    except (OSError, ReadError):
        return "gone"
    return "changed" if library.catalog.known_file(origin, digest_of(data)) is None else "as read"


def _path_of(origin: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(origin.removeprefix("file://"))))


def _removed(origin: str, documents: tuple[FileDocument, ...]) -> Iterator[Ingested]:
    path = _path_of(origin)
    for document in documents:
        yield Ingested(path, "removed", document.id, document.title, document.passages)
