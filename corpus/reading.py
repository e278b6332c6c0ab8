"""Files into documents: what kind a file is, which reader reads it, and what is said where none can."""

from __future__ import annotations

import logging
import mimetypes
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from corpus.document import Document
from corpus.readers.encoding import clean
from corpus.readers.epub import read_epub
from corpus.readers.mail import read_mail
from corpus.readers.office import read_docx, read_pptx
from corpus.readers.pdf import read_pdf
from corpus.readers.raw import Budget, Limits, Raw, Reader, ReadError
from corpus.readers.records import read_json, read_json_lines
from corpus.readers.signatures import check_signature
from corpus.readers.tables import read_csv, read_workbook
from corpus.readers.text import read_markdown, read_text
from corpus.readers.web import read_mhtml, read_web_page
from corpus.readers.zipped import read_zip

__all__ = [
    "READERS",
    "READING_VERSION",
    "Limits",
    "ReadError",
    "bytes_of",
    "find_files",
    "media_type_of",
    "origin_of",
    "printable_name",
    "read_bytes",
    "read_file",
]

READING_VERSION = "2"
"""To be raised when readers give other documents for the same bytes, so that known files are read again."""

_log = logging.getLogger(__name__)

READERS: Mapping[str, Reader] = {
    "text/plain": read_text,
    "text/markdown": read_markdown,
    "text/html": read_web_page,
    "multipart/related": read_mhtml,
    "application/pdf": read_pdf,
    "text/csv": read_csv,
    "text/tab-separated-values": read_csv,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": read_workbook,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": read_docx,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": read_pptx,
    "application/json": read_json,
    "application/jsonl": read_json_lines,
    "message/rfc822": read_mail,
    "application/epub+zip": read_epub,
    "application/zip": read_zip,
}
"""Reader of each media type."""

_MEDIA_TYPES: Mapping[str, str] = {
    "": "text/plain",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".mhtml": "multipart/related",
    ".mht": "multipart/related",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".eml": "message/rfc822",
    ".epub": "application/epub+zip",
    ".zip": "application/zip",
    ".xlsm": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_SAVE_AS: Mapping[str, str] = {
    ".doc": "docx",
    ".rtf": "docx",
    ".odt": "docx",
    ".pages": "docx",
    ".xls": "xlsx",
    ".ods": "xlsx",
    ".numbers": "xlsx",
    ".ppt": "pptx",
    ".odp": "pptx",
    ".key": "pptx",
    ".msg": "eml",
    ".mobi": "epub",
    ".azw3": "epub",
    ".xml": "html or txt",
}
"""Kinds that are not read, and what their programs can save them as."""


def find_files(path: Path, on_unlisted: Callable[[Path, OSError], None] | None = None) -> Iterator[Path]:
    """The files under a folder in the order of their names, or the file itself; hidden ones are passed over.

    Links to folders are not followed, so a loop of them ends. A link that leads nowhere is given, and told when read.

    Args:
        on_unlisted: told of a folder that cannot be listed, and why; the rest goes on.

    Raises:
        OSError: a folder cannot be listed, and nobody is told.
    """
    if path.is_file():
        yield path
        return
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        if on_unlisted is None:
            raise
        on_unlisted(path, error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from find_files(Path(entry.path), on_unlisted)
        elif _is_file(entry):
            yield Path(entry.path)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file() or (entry.is_symlink() and not entry.is_dir())
    except OSError:  # a link that leads to itself
        return True


def origin_of(path: Path) -> str:
    """What the file at a path is identified by: its address, in the folder that it is listed in.

    Raises:
        ReadError: there can be no such file.
    """
    try:
        return (path.parent.resolve() / path.name).as_uri()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null byte
        raise ReadError("The file can't be read: its path is not valid.") from error


def bytes_of(path: Path, limits: Limits) -> bytes:
    """All bytes of a file.

    Raises:
        ReadError: it cannot be read, is too large, or changes meanwhile.
    """
    try:
        return _bytes_of(path, limits)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its path is not valid"
        raise ReadError(f"The file can't be read: {reason}.") from error


def media_type_of(name: str) -> str:
    """What a file of this name is told to be when it is handed out."""
    known = _MEDIA_TYPES.get(Path(name).suffix.lower())
    return known or mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"


def read_file(
    path: Path,
    *,
    origin: str | None = None,
    name: str | None = None,
    limits: Limits | None = None,
    on_problem: Callable[[str, str], None] | None = None,
) -> list[Document]:
    """The documents of a file.

    Args:
        origin: what the document is identified by; by default the file's address.
        name: shown to people; by default the file's own.
        on_problem: told the name and the reason where a part of the file (a page, a line), or a file inside of it (in
            an archive, attached to a message), is passed over; by default that is logged.

    Raises:
        ReadError: the file cannot be read, is too large, or is of no known kind.
    """
    limits = limits or Limits()
    data = bytes_of(path, limits)
    return read_bytes(data, name or path.name, origin=origin or origin_of(path), limits=limits, on_problem=on_problem)


def read_bytes(
    data: bytes,
    name: str,
    *,
    origin: str,
    limits: Limits | None = None,
    on_problem: Callable[[str, str], None] | None = None,
) -> list[Document]:
    """The documents of a file that is already in memory.

    Raises:
        ReadError: it is empty, too large, of no known kind, or not what its name says.
    """
    limits = limits or Limits()
    return _read(Raw(data, name, origin, limits, Budget.of(limits), _read, on_problem or _log_problem))


def _read(raw: Raw) -> list[Document]:
    limits = raw.limits
    if len(raw.data) > limits.max_bytes:
        raise ReadError(_too_large(len(raw.data), limits))
    if not raw.data.strip():
        raise ReadError("The file is empty.")
    raw = replace(raw, name=printable_name(raw.name))
    media_type = _media_type(raw)
    documents = _guarded(READERS[media_type], raw)
    for document in documents:
        if len(document.text) > limits.max_characters:
            raise ReadError(
                f"The text has {len(document.text):,} characters, at most {limits.max_characters:,} are read."
            )
    documents = [document for document in documents if document.text.strip()]
    if not documents:
        raise ReadError("The file holds no text.")
    return documents


def _media_type(raw: Raw) -> str:
    suffix = Path(raw.name).suffix.lower()
    media_type = _MEDIA_TYPES.get(suffix)
    if media_type is None and suffix in _SAVE_AS:
        raise ReadError(f"Files of the kind {suffix!r} are not read: save it as {_SAVE_AS[suffix]}, and add that.")
    if media_type is None:
        known = ", ".join(ending for ending in _MEDIA_TYPES if ending)
        raise ReadError(f"Files of the kind {suffix!r} are not read; the kinds that are: {known}.")
    check_signature(raw.data, suffix, media_type)
    return media_type


def _guarded(reader: Reader, raw: Raw) -> list[Document]:
    """The one place where what a library raises on a damaged file becomes a sentence."""
    try:
        return reader(raw)
    except ReadError:
        raise
    except RecursionError as error:
        raise ReadError("The file's parts lie too deep inside of one another to be read.") from error
    except MemoryError as error:
        raise ReadError("The file needs more memory than there is.") from error
    except Exception as error:
        _log.debug("%s: %r", raw.name, error, exc_info=True)
        raise ReadError("The file is damaged, or not of the kind that its name says.") from error


def _bytes_of(path: Path, limits: Limits) -> bytes:
    """All bytes of one moment: a file that is being written is read again, once."""
    for _ in range(2):
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            raise ReadError("It is not a regular file.")
        if before.st_size > limits.max_bytes:
            raise ReadError(_too_large(before.st_size, limits))
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)
        after = path.stat()
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size) and len(data) == after.st_size:
            return data
    raise ReadError("The file changed while it was read: try again when it is written.")


def _log_problem(name: str, problem: str) -> None:
    _log.warning("%s is passed over: %s", name, problem)


def _too_large(size: int, limits: Limits) -> str:
    return f"The file has {size:,} bytes, at most {limits.max_bytes:,} are read."


def printable_name(name: str) -> str:
    """A file's name without what cannot be written as UTF-8: to a system a name may be any bytes."""
    return clean(name.encode("utf-8", "replace").decode("utf-8"))
