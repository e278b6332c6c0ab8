"""Files into documents: what kind a file is, which reader reads it, and what is said where none can."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus.document import Document
from corpus.readers.text import read_markdown, read_text


class ReadError(Exception):
    """A file that cannot be read as documents; the message is one sentence for people."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost."""

    max_bytes: int = 256 * 1024 * 1024
    """Size of a file."""
    max_characters: int = 100_000_000
    """Length of a document's text."""


READERS: Mapping[str, Callable[[str, str, str], Document]] = {
    "text/plain": read_text,
    "text/markdown": read_markdown,
}
"""Reader of each media type: (text, file name, origin) to a document."""

_MEDIA_TYPES: Mapping[str, str] = {
    "": "text/plain",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
}


def find_files(path: Path) -> Iterator[Path]:
    """The files under a folder in the order of their names, or the file itself; hidden ones are passed over.

    Links to folders are not followed, so a loop of them ends.

    Raises:
        OSError: the folder cannot be listed.
    """
    if path.is_file():
        yield path
        return
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from find_files(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def read_file(
    path: Path, *, origin: str | None = None, name: str | None = None, limits: Limits | None = None
) -> list[Document]:
    """The documents of a file.

    Args:
        origin: what the document is identified by; by default a hash of the file's full path.
        name: shown to people; by default the file's own.

    Raises:
        ReadError: the file cannot be read, is too large, or is of no known kind.
    """
    limits = limits or Limits()
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise ReadError(_too_large(size, limits))
        data = path.read_bytes()
    except OSError as error:
        raise ReadError(f"The file can't be read: {error.strerror}.") from error
    if origin is None:
        full = os.fsencode(path.resolve())
        origin = f"file:{hashlib.blake2b(full, digest_size=16).hexdigest()}"
    return read_bytes(data, name or _printable(path.name), origin=origin, limits=limits)


def read_bytes(data: bytes, name: str, *, origin: str, limits: Limits | None = None) -> list[Document]:
    """The documents of a file that is already in memory.

    Raises:
        ReadError: it is empty, too large, of no known kind, or not what its name says.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise ReadError(_too_large(len(data), limits))
    if not data.strip():
        raise ReadError("The file is empty.")
    suffix = Path(name).suffix.lower()
    media_type = _MEDIA_TYPES.get(suffix)
    if media_type is None:
        known = ", ".join(ending for ending in _MEDIA_TYPES if ending)
        raise ReadError(f"Files of the kind {suffix!r} are not read; the kinds that are: {known}.")
    text = decode(data)
    if len(text) > limits.max_characters:
        raise ReadError(f"The text has {len(text):,} characters, at most {limits.max_characters:,} are read.")
    document = READERS[media_type](text, _printable(name), origin)
    if not document.text.strip():
        raise ReadError("The file holds no text.")
    return [document]


def decode(data: bytes) -> str:
    """Text in UTF-8, UTF-16 with its mark, or an encoding that the bytes themselves make out; line ends become LF.

    Raises:
        ReadError: the bytes are not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data:
        raise ReadError("The file is not text: it holds NUL bytes. Is its name's ending right?")
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = _guessed(data, error)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


def _guessed(data: bytes, cause: UnicodeDecodeError) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None or _binary_share(str(best)) > _MOST_BINARY:
        raise ReadError("The file is not text in any encoding that can be made out: save it as UTF-8.") from cause
    return str(best)


_MOST_BINARY = 0.01
"""Share of control characters from which decoded bytes are not text."""


def _binary_share(text: str) -> float:
    control = sum(character < " " and character not in "\t\n\r\f\v" for character in text)
    return control / max(len(text), 1)


def _too_large(size: int, limits: Limits) -> str:
    return f"The file has {size:,} bytes, at most {limits.max_bytes:,} are read."


def _printable(name: str) -> str:
    """A file's name without what cannot be written as UTF-8."""
    return name.encode("utf-8", "replace").decode("utf-8")
