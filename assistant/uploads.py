"""Files and texts that people send, into a library, with a result for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from assistant.ingestion import ingest_upload
from corpus.document import Document, PublishedDate
from corpus.reading import Limits
from index.library import Added, Library


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    name: str
    data: bytes
    published: PublishedDate | None = None
    """Given by whoever sent it, for all documents of the file."""

    @property
    def file_name(self) -> str:
        """The name without the folders that a client writes before it."""
        return self.name.replace("\\", "/").rpartition("/")[2] or "unnamed"


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What became of one document, or of a file that gave none."""

    name: str
    status: str
    """``added``, ``unchanged``, ``replaced``, ``same content`` or ``failed``."""
    document_id: str | None = None
    title: str = ""
    passages: int = 0
    detail: str = ""
    """One sentence: why it failed, which document has the same content."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "document_id": self.document_id,
            "title": self.title,
            "passages": self.passages,
            "detail": self.detail,
        }


def add_upload(library: Library, upload: Upload, *, limits: Limits) -> list[UploadResult]:
    """Read a file and add its documents; what can't be read, of it or inside of it, is a result too.

    Raises:
        LibraryLockedError: another process writes to this library.
    """
    name = upload.file_name
    return [
        UploadResult(
            result.path.as_posix(), result.status, result.document_id, result.title, result.passages, result.detail
        )
        for result in ingest_upload(library, name, upload.data, published=upload.published, limits=limits)
    ]


def add_documents(library: Library, documents: Iterable[Document]) -> Iterator[UploadResult]:
    """Add documents; a result for each.

    Raises:
        LibraryLockedError: another process writes to this library.
    """
    for added in library.add(documents):
        yield _result(added)


def _result(added: Added) -> UploadResult:
    return UploadResult(
        name=added.name,
        status=added.status,
        document_id=added.document_id if added.status != "failed" else None,
        title=added.title,
        passages=added.passages,
        detail=added.detail,
    )
