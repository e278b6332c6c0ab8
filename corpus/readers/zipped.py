"""Archives (zip): each file inside as if it had been given by itself. Nothing is written to the disk."""

from __future__ import annotations

import stat
import zipfile

from corpus.document import Document
from corpus.readers.archive import Parts
from corpus.readers.encoding import line
from corpus.readers.raw import Raw, ReadError


def read_zip(raw: Raw) -> list[Document]:
    """The documents of the files in an archive; what can't be read is told, and the rest goes on.

    Raises:
        ReadError: the archive is damaged, unpacks to more than the limits, or nothing in it can be read.
    """
    parts = Parts(raw)
    files = {info.filename: info for info in parts.infos if not _is_passed_over(info)}  # of two with one name the last
    if not files:
        raise ReadError("The archive holds no files.")
    found: list[Document] = []
    problems: list[tuple[str, str]] = []
    for name, info in files.items():
        raw.budget.check_time()
        if problem := _unsafe(info):
            problems.append((line(name), problem))
            continue
        raw.budget.unpack(info.file_size)  # what is too large as a whole is refused as a whole
        try:
            found += raw.member(name, parts.read(info))
        except ReadError as error:
            problems.append((line(name), str(error)))
    if not found:
        name, problem = problems[0]
        if raw.depth:  # the outermost archive names its file, the innermost one says what is wrong
            raise ReadError(problem)
        raise ReadError(f"Nothing in the archive can be read. The first file, {name[-80:]}: {problem}")
    for name, problem in problems:
        raw.on_problem(name, problem)
    return found


def _is_passed_over(info: zipfile.ZipInfo) -> bool:
    """Folders, hidden files, and what one system's archives hold for itself."""
    parts = info.filename.split("/")
    is_hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return info.is_dir() or is_hidden or parts[0] == "__MACOSX"


def _unsafe(info: zipfile.ZipInfo) -> str:
    """What speaks against reading a file in the archive; empty where nothing does."""
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
        return "Its name leads out of the archive: it is not read."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "It is a link to another file: it is not read."
    return ""
