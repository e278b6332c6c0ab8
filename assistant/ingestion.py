"""Files and folders into a library, with a status for every document and every file that gave none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.document import Document
from corpus.reading import ReadError, find_files, read_file

if TYPE_CHECKING:
    from index.library import Library

FAILED = "failed"
STATUSES = ("added", "replaced", "unchanged", "same content", FAILED)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one document, or of a file that gave none."""

    path: Path
    """The file, as it was given or found."""
    status: str
    """``added``, ``unchanged``, ``replaced``, ``same content`` or ``failed``."""
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


def find(paths: Iterable[Path]) -> FoundFiles:
    """Every file under ``paths`` once, folders in order of their names."""
    files: dict[Path, Path] = {}
    missing: list[Ingested] = []
    for path in paths:
        if path.is_file():
            files.setdefault(path.resolve(), path)
        elif path.is_dir():
            try:
                inside = list(find_files(path))
            except OSError as error:
                missing.append(Ingested(path, FAILED, detail=f"The folder can't be read: {error.strerror}."))
                continue
            if not inside:
                missing.append(Ingested(path, FAILED, detail="The folder holds no files."))
            for file in inside:
                files.setdefault(file.resolve(), file)
        elif path.exists():
            missing.append(Ingested(path, FAILED, detail="This is neither a file nor a folder."))
        else:
            missing.append(Ingested(path, FAILED, detail="There is no such file or folder."))
    return FoundFiles(tuple(files.values()), tuple(missing))


def ingest(library: Library, files: Sequence[Path]) -> Iterator[Ingested]:
    """Read ``files`` and add their documents; what can't be read is reported, and the rest goes on."""
    reading: dict[str, list[tuple[str, Path]]] = {}
    """Documents on their way, by name: their ids and files."""
    failed: deque[Ingested] = deque()

    def documents() -> Iterator[Document]:
        for file in files:
            try:
                found = read_file(file)
            except ReadError as error:
                failed.append(Ingested(file, FAILED, detail=str(error)))
                continue
            for document in found:
                reading.setdefault(document.name, []).append((document.id, file))
                yield document

    for added in library.add(documents()):
        while failed:
            yield failed.popleft()
        # Results come in another order than documents: known ones overtake those that wait to be embedded. One
        # whose id is not its own has the content of another document, and is told as soon as it is read.
        waiting = reading[added.name]
        own = (place for place, (document_id, _) in enumerate(waiting) if document_id == added.document_id)
        _, file = waiting.pop(next(own, -1))
        yield Ingested(
            path=file,
            status=added.status,
            document_id=added.document_id,
            title=added.title,
            passages=added.passages,
            detail=added.detail,
        )
    yield from failed
