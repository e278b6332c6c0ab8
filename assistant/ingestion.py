"""Files into a library, with a status for every document and every file that gave none.

Files are read in a thread of their own, a few ahead of the embedding. A file whose bytes are those of the last time is
not read at all.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from corpus.catalog import FileDocument, ReadFile
from corpus.document import Document, PublishedDate, SourceFile
from corpus.reading import (
    READING_VERSION,
    Limits,
    ReadError,
    bytes_of,
    find_files,
    media_type_of,
    origin_of,
    printable_name,
    read_bytes,
)

if TYPE_CHECKING:
    from index.library import Added, Library

FAILED = "failed"
STATUSES = ("added", "replaced", "unchanged", "same content", FAILED)

_AHEAD = 4
"""Files that are read ahead of the one whose documents are being embedded."""
_SETTLED_TOGETHER = 32
"""Files that are noted as read in one transaction; a kill before that has them read again, not embedded again."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one document, or of a file that gave none or whose documents stayed as they are."""

    path: Path
    """The file, as it was given or found."""
    status: str
    """``added``, ``unchanged``, ``replaced``, ``same content`` or ``failed``; ``removed`` by a sync."""
    document_id: str | None = None
    title: str = ""
    passages: int = 0
    detail: str = ""
    """One sentence: why it failed, which document has the same content."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "status": self.status,
            "document_id": self.document_id,
            "title": self.title,
            "passages": self.passages,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files under some paths, and the paths that gave none."""

    files: tuple[Path, ...]
    missing: tuple[Ingested, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that is to be read."""

    path: Path
    """For people."""
    origin: Callable[[], str]
    """Raises ``ReadError``."""
    load: Callable[[], bytes]
    """Raises ``ReadError``."""


@dataclass(slots=True, eq=False)
class _Arrival:
    """A file that was looked at, on its way in."""

    path: Path
    results: list[Ingested] = field(default_factory=list)
    """What is known of it before anything is added."""
    documents: list[Document] = field(default_factory=list)
    file: SourceFile | None = None
    """None where nothing of it is to be added."""
    digest: str = ""
    waiting: int = 0
    """Documents that no result was given for yet."""
    expected: tuple[str, ...] = ()
    """Origins of all its documents."""
    origins: list[str] = field(default_factory=list)
    """Of its documents that are in."""


def find(paths: Iterable[Path]) -> FoundFiles:
    """Every file under ``paths`` once, folders in order of their names."""
    files: dict[str, Path] = {}
    missing: list[Ingested] = []

    def note(folder: Path, error: OSError) -> None:
        missing.append(Ingested(folder, FAILED, detail=f"The folder can't be read: {error.strerror}."))

    for path in paths:
        if path.is_file():
            files.setdefault(os.path.realpath(path), path)
        elif path.is_dir():
            told = len(missing)
            inside = list(find_files(path, note))
            if not inside and len(missing) == told:
                missing.append(Ingested(path, FAILED, detail="The folder holds no files."))
            for file in inside:
                files.setdefault(os.path.realpath(file), file)  # resolve() fails on a loop of links
        elif path.exists():
            missing.append(Ingested(path, FAILED, detail="This is neither a file nor a folder."))
        else:
            missing.append(Ingested(path, FAILED, detail="There is no such file or folder."))
    return FoundFiles(tuple(files.values()), tuple(missing))


def ingest(
    library: Library,
    files: Sequence[Path],
    *,
    published: PublishedDate | None = None,
    limits: Limits | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Ingested]:
    """Read ``files`` and add their documents; what can't be read is reported, and the rest goes on.

    A part of a file, or a file inside of it, that can't be read is reported as if it stood in a folder of its name.

    Args:
        published: a date given by hand, for every document; it goes before any that a file names.
        limits: what reading a file may cost.
        stop: once set, no more is added than is being added; what was reported stays.

    Raises:
        LibraryError: another process writes to the library, or the disk is full.
    """
    cost = limits or Limits()

    def source(path: Path) -> _Source:
        return _Source(path, lambda: origin_of(path), lambda: bytes_of(path, cost))

    return _ingest(library, map(source, files), published, cost, stop or threading.Event())


def ingest_upload(
    library: Library,
    name: str,
    data: bytes,
    *,
    published: PublishedDate | None = None,
    limits: Limits | None = None,
) -> Iterator[Ingested]:
    """Add the documents of a file that came by name; an upload of the same name replaces it.

    Raises:
        LibraryError: another process writes to the library, or the disk is full.
    """
    source = _Source(Path(name), lambda: f"upload:{name}", lambda: data)
    return _ingest(library, [source], published, limits or Limits(), threading.Event())


def digest_of(data: bytes) -> str:
    """What all documents of a file hang on: its bytes, and how files are read."""
    return hashlib.blake2b(data, digest_size=16, person=READING_VERSION.encode()).hexdigest()


def unchanged(path: Path, documents: Sequence[FileDocument]) -> Ingested:
    """The result for a file that is in the library as it is."""
    one = documents[0] if len(documents) == 1 else None
    return Ingested(
        path,
        "unchanged",
        one.id if one is not None else None,
        one.title if one is not None else "",
        sum(document.passages for document in documents),
        "" if one is not None else f"{len(documents)} documents",
    )


def _ingest(
    library: Library,
    sources: Iterable[_Source],
    published: PublishedDate | None,
    limits: Limits,
    stop: threading.Event,
) -> Iterator[Ingested]:
    addition = library.adding()
    room = threading.Semaphore(_AHEAD)
    ended = threading.Event()
    inbox: SimpleQueue[_Arrival | BaseException | None] = SimpleQueue()

    def read_ahead() -> None:
        try:
            for source in sources:
                room.acquire()
                if ended.is_set():
                    return
                inbox.put(_look_at(library, source, published, limits))
            inbox.put(None)
        except BaseException as error:  # noqa: BLE001 — raised again where the results are taken
            inbox.put(error)

    reader = threading.Thread(target=read_ahead, name="read-files", daemon=True)
    reader.start()
    under_way: dict[str, _Arrival] = {}
    """By the origin of a document."""
    finished: list[_Arrival] = []

    def told(added: Iterable[Added]) -> Iterator[Ingested]:
        for one in added:
            arrival = under_way[one.origin]
            arrival.waiting -= 1
            failed = one.status == FAILED
            if not failed:
                arrival.origins.append(one.origin)
            if not arrival.waiting:
                finished.append(arrival)
            yield Ingested(
                arrival.path, one.status, None if failed else one.document_id, one.title, one.passages, one.detail
            )

    def settle() -> None:
        for arrival in finished:
            for origin in arrival.expected:
                under_way.pop(origin, None)
        _settle(library, finished, finished)
        finished.clear()

    try:
        while not stop.is_set():
            arrival = inbox.get()
            room.release()
            if arrival is None:
                yield from told(addition.finish())
                break
            if isinstance(arrival, BaseException):
                raise arrival
            documents, arrival.documents = arrival.documents, []
            under_way |= dict.fromkeys(arrival.expected, arrival)
            yield from arrival.results
            for document in documents:
                yield from told(addition.take(document))
                if stop.is_set():
                    break
            if len(finished) >= _SETTLED_TOGETHER:
                settle()
    finally:
        ended.set()
        room.release()
        reader.join()
        left = {id(arrival): arrival for arrival in under_way.values()}
        while not inbox.empty():
            arrival = inbox.get()
            if isinstance(arrival, _Arrival):
                left[id(arrival)] = arrival
        _settle(library, finished, left.values())


def _settle(library: Library, finished: Iterable[_Arrival], done_with: Iterable[_Arrival]) -> None:
    library.end_files(
        [
            ReadFile(arrival.file, arrival.digest, tuple(arrival.origins))
            for arrival in finished
            if arrival.file is not None
        ],
        [arrival.file.content_hash for arrival in done_with if arrival.file is not None],
    )


def _look_at(library: Library, source: _Source, published: PublishedDate | None, limits: Limits) -> _Arrival:
    """Read a file, unless its bytes are known; a copy of it is kept where it holds documents."""
    problems: list[Ingested] = []

    def note(name: str, why: str) -> None:
        problems.append(Ingested(source.path / name, FAILED, detail=why))

    try:
        origin, data = source.origin(), source.load()
        digest = digest_of(data)
        known = library.catalog.known_file(origin, digest)
        if known is not None and published is None:
            return _Arrival(source.path, [unchanged(source.path, known)])
        documents = read_bytes(data, source.path.name, origin=origin, limits=limits, on_problem=note)
    except ReadError as error:
        return _Arrival(source.path, [Ingested(source.path, FAILED, detail=str(error))])
    name = printable_name(source.path.name)
    file = SourceFile(origin, name, media_type_of(name), len(data), content_hash=library.keep_copy(data))
    return _Arrival(
        source.path,
        problems,
        [replace(document, file=file, published=published or document.published) for document in documents],
        file,
        "" if problems else digest,  # what could not be read is tried, and told, again the next time
        len(documents),
        tuple(document.origin for document in documents),
    )
