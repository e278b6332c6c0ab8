"""What a reader is given, what reading may cost, and what is said where it fails.

A reader is a function ``(Raw) -> list[Document]``. It raises ``ReadError`` for what it foresees; what a library raises
beyond that is caught in one place, ``corpus.reading``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from corpus.document import Document


class ReadError(Exception):
    """A file that cannot be read as documents; the message is one sentence for people."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost."""

    max_bytes: int = 256 * 1024 * 1024
    """Size of a file."""
    max_characters: int = 100_000_000
    """Length of a document's text."""
    max_markup_bytes: int = 32 * 1024 * 1024
    """Size of a web page: its tree takes some thirty times as much memory."""
    max_pages: int = 20_000
    """Pages, slides or chapters of a file."""
    max_rows: int = 200_000
    """Rows of a table or a workbook, and articles of a JSON file."""
    max_unpacked_bytes: int = 1024 * 1024 * 1024
    """Size of everything in an archive, and in the archives inside of it, once unpacked."""
    max_members: int = 10_000
    """Files in an archive, and in the archives inside of it."""
    max_ratio: int = 250
    """Unpacked by packed size, above which a large file in an archive is taken for a bomb."""
    max_depth: int = 4
    """Archives and messages within one another."""
    max_seconds: float = 600.0
    """Time for a file; looked at between its parts, so that one part may run over."""


@dataclass(slots=True)
class Budget:
    """What is left of the limits for a file and everything inside of it: archives in archives share it."""

    unpacked_bytes: int
    members: int
    deadline: float
    seconds: float

    @classmethod
    def of(cls, limits: Limits) -> Budget:
        return cls(
            limits.max_unpacked_bytes, limits.max_members, time.monotonic() + limits.max_seconds, limits.max_seconds
        )

    def unpack(self, size: int) -> None:
        """Take the unpacked size of one file in an archive.

        Raises:
            ReadError: there is no room for it.
        """
        self.unpacked_bytes -= size
        self.members -= 1
        if self.unpacked_bytes < 0:
            raise ReadError("The archive is refused: unpacked it is larger than the limit.")
        if self.members < 0:
            raise ReadError("The archive is refused: it holds more files than the limit.")

    def check_time(self) -> None:
        """Raises:
        ReadError: the time for the file is over.
        """
        if time.monotonic() > self.deadline:
            raise ReadError(f"The file took longer than {self.seconds:g} seconds to read.")


def _pass_over(name: str, problem: str) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A file as it came, and how what is inside of it is read."""

    data: bytes = field(repr=False)
    name: str
    """For people; its ending says the kind."""
    origin: str
    limits: Limits
    budget: Budget
    read: Callable[[Raw], list[Document]] = field(repr=False)
    """Reads a file of any known kind: for those that hold others."""
    on_problem: Callable[[str, str], None] = field(default=_pass_over, repr=False)
    """Told the name and the reason where a part of this file, or a file inside of it, is passed over."""
    depth: int = 0
    """How many files this one is inside of."""

    def member(self, name: str, data: bytes) -> list[Document]:
        """The documents of a file inside of this one.

        Raises:
            ReadError: it cannot be read, or lies too deep.
        """
        if self.depth >= self.limits.max_depth:
            raise ReadError(f"It lies inside of more than {self.limits.max_depth} other files.")
        self.budget.check_time()
        inner = name.replace("\\", "/").rpartition("/")[2]

        def told(part: str, problem: str) -> None:
            self.on_problem(f"{inner}/{part}", problem)

        origin = f"{self.origin}#{name}"
        return self.read(replace(self, data=data, name=inner, origin=origin, on_problem=told, depth=self.depth + 1))


Reader: TypeAlias = Callable[[Raw], list[Document]]
