"""Copies of the files that documents were read from, under the hash of their content: one copy however many names."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


def content_hash(data: bytes) -> str:
    """BLAKE2b-128: what a copy is kept under."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Originals:
    """A folder of copies. Which of them may go is for the catalog to say."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, hashed: str) -> Path:
        """Where the copy is, or would be."""
        return self._folder / hashed[:2] / hashed

    def keep(self, data: bytes, hashed: str) -> None:
        """Keep a copy; it is there whole, or not at all.

        Raises:
            OSError: the disk is full, or cannot be written.
        """
        path = self.path(hashed)
        if path.is_file() and path.stat().st_size == len(data):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{hashed}.part")
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    def remove(self, hashed: str) -> None:
        """Remove the copy, where there is one."""
        path = self.path(hashed)
        path.unlink(missing_ok=True)
        path.with_name(f"{hashed}.part").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other copies are in the folder, or it was never made
            path.parent.rmdir()

    def hashes(self) -> Iterator[str]:
        """Of all copies, whole or not."""
        for path in sorted(self._folder.glob("??/*")):
            yield path.name.removesuffix(".part")
