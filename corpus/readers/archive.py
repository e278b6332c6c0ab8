"""What lies in a zip: archives, and the office files and books that are zips inside. Bombs are refused unopened."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from typing import Any

from corpus.readers.raw import Raw, ReadError

_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError)
_SMALL = 1024 * 1024
"""Bytes that a file may unpack to, however well it is packed."""
_HEAD = 4096
_DAMAGED = "The file is damaged or cut off: its parts can't be unpacked."
_ENTITIES = "The file is refused: its XML declares entities, which make a small file grow large, and no program needs."


class Parts:
    """The files in a zip by name, under the limits of the file that is read."""

    def __init__(self, raw: Raw) -> None:
        """Raises:
        ReadError: it is no zip, is damaged, or larger or more tightly packed than the limits.
        """
        self._raw = raw
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw.data))
        except _BROKEN as error:
            raise ReadError(_DAMAGED) from error
        limits = raw.limits
        infos = self._zip.infolist()
        if len(infos) > limits.max_members:
            raise ReadError(
                f"The file is refused: it holds {len(infos):,} others, at most {limits.max_members:,} are read."
            )
        unpacked = sum(info.file_size for info in infos)
        if unpacked > limits.max_unpacked_bytes:
            raise ReadError(
                f"The file is refused: unpacked it has {unpacked:,} bytes, "
                f"at most {limits.max_unpacked_bytes:,} are read."
            )
        for info in infos:
            if info.file_size > _SMALL and info.file_size > limits.max_ratio * max(info.compress_size, 1):
                raise ReadError(
                    f"The file is refused: {info.filename[-80:]!r} in it unpacks to more than {limits.max_ratio} times "
                    "its size, as those do that are meant to fill a computer."
                )

    @property
    def infos(self) -> list[zipfile.ZipInfo]:
        return self._zip.infolist()

    @property
    def names(self) -> list[str]:
        return self._zip.namelist()

    def read(self, part: str | zipfile.ZipInfo) -> bytes:
        """The bytes of one of them.

        Raises:
            ReadError: it is not there, is encrypted, or damaged.
        """
        return self._read(part, None)

    def head(self, part: str | zipfile.ZipInfo) -> bytes:
        """The first bytes of one of them, as many as tell its kind. Raises as ``read`` does."""
        return self._read(part, _HEAD)

    def _read(self, part: str | zipfile.ZipInfo, most: int | None) -> bytes:
        self._raw.budget.check_time()
        try:
            info = part if isinstance(part, zipfile.ZipInfo) else self._zip.getinfo(part)
            if info.flag_bits & 1:
                raise ReadError("It is encrypted: save it without its password, and add that.")
            with self._zip.open(info) as file:
                return file.read() if most is None else file.read(most)
        except KeyError as error:
            raise ReadError("The file is damaged: a part of it is missing.") from error
        except _BROKEN as error:
            raise ReadError(_DAMAGED) from error

    def xml(self, part: str) -> Any:
        """The root element of an XML part.

        Raises:
            ReadError: it is not there, is too large, is not XML, or declares a document type.
        """
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring

        data = self.read(part)
        if len(data) > self._raw.limits.max_markup_bytes:
            raise ReadError(f"The file is refused: {part!r} in it has {len(data):,} bytes.")
        try:
            return fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
        except DefusedXmlException as error:
            raise ReadError(_ENTITIES) from error
        except (ParseError, ValueError, LookupError) as error:
            raise ReadError(_DAMAGED) from error


def check_office(raw: Raw, main: str) -> Parts:
    """The parts of an Office Open XML file, of which a library is about to read more.

    Args:
        main: the folder of the parts that make it a text, a workbook or slides: ``word/``.

    Raises:
        ReadError: it is damaged, of another kind, too large, or its XML is not what office programs write.
    """
    parts = Parts(raw)
    if "[Content_Types].xml" not in parts.names or not any(name.startswith(main) for name in parts.names):
        raise ReadError("The file is damaged, or not of the kind that its name says.")
    for info in parts.infos:
        if info.filename.lower().endswith((".xml", ".rels")):
            if main != "xl/" and info.file_size > raw.limits.max_markup_bytes:
                raise ReadError(f"The file is refused: {info.filename!r} in it has {info.file_size:,} bytes.")
            if b"<!DOCTYPE" in parts.head(info):
                raise ReadError(_ENTITIES)
    return parts
