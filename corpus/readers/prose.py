"""A document's text while it is written: blocks, headings and pages keep their offsets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from corpus.document import Heading, Page, PageKind, Span
from corpus.readers.encoding import clean
from corpus.readers.raw import Limits, ReadError


class Prose:
    """Collects a text block by block; what is written is never changed again."""

    def __init__(self, limits: Limits) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._limits = limits
        self._headings: list[Heading] = []
        self._pages: list[Page] = []

    def __len__(self) -> int:
        return self._length

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def headings(self) -> tuple[Heading, ...]:
        return tuple(self._headings)

    @property
    def pages(self) -> tuple[Page, ...]:
        return tuple(self._pages)

    def write(self, text: str, gap: str = "\n\n") -> Span:
        """Add a block after a gap; its span. White space around it is left out, and an empty block altogether.

        Raises:
            ReadError: the text becomes longer than the limit.
        """
        text = clean(text).strip()
        if not text:
            return Span(self._length, self._length)
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        if self._length > self._limits.max_characters:
            raise ReadError(
                f"The text has more than {self._limits.max_characters:,} characters, the most that is read."
            )
        return Span(start, self._length)

    def heading(self, text: str, level: int) -> Span:
        """Add a heading of one line."""
        span = self.write(" ".join(text.split()))
        if len(span):
            self._headings.append(Heading(span, min(max(level, 1), 6)))
        return span

    @contextmanager
    def page(self, number: int, kind: PageKind = "page", label: str = "") -> Iterator[None]:
        """What is written within stands on this page; one on which nothing is written does not count.

        Raises:
            ReadError: there are more pages than the limit.
        """
        blocks = len(self._parts)
        yield
        if len(self._parts) == blocks:
            return
        # The gap before the page's first block belongs to no page.
        start = self._length - sum(len(part) for part in self._parts[blocks + (1 if blocks else 0) :])
        most = self._limits.max_rows if kind == "row" else self._limits.max_pages
        if len(self._pages) >= most:
            raise ReadError(f"The file has more than {most:,} {kind}s, the most that are read: split it.")
        self._pages.append(Page(Span(start, self._length), number, kind, " ".join(clean(label).split())))
