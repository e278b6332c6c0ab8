"""What kind a file is by its first bytes: names lie."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.readers.raw import ReadError

_ZIPPED = frozenset(
    {
        "application/zip",
        "application/epub+zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class _Kind:
    what: str
    """For people, after "it holds"."""
    media_types: frozenset[str] = frozenset()
    """Those that such files can be of; none where they are not read."""


_SIGNATURES: tuple[tuple[bytes, _Kind], ...] = (
    (b"%PDF-", _Kind("a PDF", frozenset({"application/pdf"}))),
    (b"PK\x03\x04", _Kind("a zip archive or an office file", _ZIPPED)),
    (b"PK\x05\x06", _Kind("an empty zip archive", _ZIPPED)),
    (b"\x89PNG\r\n", _Kind("a PNG picture")),
    (b"\xff\xd8\xff", _Kind("a JPEG picture")),
    (b"GIF8", _Kind("a GIF picture")),
    (b"II*\0", _Kind("a TIFF picture")),
    (b"MM\0*", _Kind("a TIFF picture")),
    (b"RIFF", _Kind("a picture, a sound or a film")),
    (b"\x1f\x8b\x08", _Kind("a gzip archive")),
    (b"7z\xbc\xaf\x27\x1c", _Kind("a 7z archive")),
    (b"Rar!\x1a\x07", _Kind("a RAR archive")),
    (b"\xfd7zXZ\0", _Kind("an xz archive")),
    (b"\x28\xb5\x2f\xfd", _Kind("a zstd archive")),
    (b"\x7fELF", _Kind("a program")),
    (b"SQLite format 3\0", _Kind("a SQLite database")),
    (b"{\\rtf", _Kind("an RTF text")),
    (b"%!PS", _Kind("a PostScript text")),
    (b"ID3", _Kind("a sound")),
)
_NEED_A_SIGNATURE = _ZIPPED | {"application/pdf"}


def check_signature(data: bytes, suffix: str, media_type: str) -> None:
    """Raises ReadError where a file's first bytes are not those of the kind that its name says.

    Args:
        suffix: of its name, with the dot; for the message.
    """
    if data.startswith(_OFFICE):
        if _ENCRYPTED_OFFICE in data:
            raise ReadError("The file is encrypted: save it without its password, and add that.")
        raise ReadError("The file is in the office format of before 2007: save it as docx, xlsx or pptx, and add that.")
    kind = next((kind for begin, kind in _SIGNATURES if data.startswith(begin)), None)
    if kind is not None and media_type not in kind.media_types:
        advice = "give it its right name" if kind.media_types else "such files are not read"
        raise ReadError(f"The file's name ends in {suffix or 'nothing'}, but it holds {kind.what}: {advice}.")
    is_pdf = media_type == "application/pdf" and b"%PDF-" in data[:1024]  # mail servers put lines before it
    if kind is None and media_type in _NEED_A_SIGNATURE and not is_pdf:
        raise ReadError(f"The file's name ends in {suffix}, but it does not begin as such files do.")
