"""The nouns at the bottom: what a source text is, and the pieces it is cut into.

Everything here is a frozen value without I/O. All offsets in Dateline are half-open ranges of Unicode code
points of ``Document.text``: ``document.text[span.start:span.end]``.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

Granularity = Literal["day", "month", "year", "range"]
PageKind = Literal["page", "slide", "sheet", "row", "chapter", "part"]
SentenceKind = Literal["sentence", "heading", "item", "row"]

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span runs from 0 <= start to end, not {self.start} to {self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The part of ``text`` that the span covers."""
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class PublishedDate:
    """When a document says that it appeared."""

    value: datetime.date
    source: str
    """Where it was found: ``user``, ``front matter``, ``first line``, ``file name``, ``url``, ``metadata`` …"""
    text: str = ""
    """The characters that were read as this date, as they stand there."""
    confidence: float = 1.0
    """0 to 1; 1 where the place says nothing else than the publication date."""


@dataclass(frozen=True, slots=True)
class Page:
    """A numbered part of the original (page, slide, row, chapter …) and where its text stands."""

    span: Span
    number: int
    """Counted from 1, as the original's readers count."""
    kind: PageKind = "page"
    label: str = ""
    """What the original calls it: a chapter's title, a sheet's name; empty where it has only a number."""

    @property
    def locator(self) -> str:
        """For people: ``page 3``, ``slide 4``, ``row 17 (Sheet1)``."""
        return f"{self.kind} {self.number}" + (f" ({self.label})" if self.label else "")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that stands in the text."""

    span: Span
    level: int
    """1 (the highest) to 6."""


@dataclass(frozen=True, slots=True)
class EventDate:
    """When something in a sentence took place: never finer than its words."""

    first: datetime.date
    last: datetime.date
    """Inclusive; equal to ``first`` for a day. An open range begins at ``date.min`` or ends at ``date.max``."""
    granularity: Granularity
    span: Span
    """Where the words stand, in code points of the document."""
    text: str
    """The words: ``in June this year``."""

    @property
    def iso(self) -> str:
        """ISO 8601 at the granularity of the words: ``2024-06-19``, ``2024-06``, ``2024``, ``2004-01/2006-03``.

        A range is written at the coarsest form that keeps its ends exact; one that is open reads ``2010/..`` or
        ``../2010``.
        """
        match self.granularity:
            case "day":
                return self.first.isoformat()
            case "month":
                return self.first.isoformat()[:7]  # strftime writes the year 79 with two digits
            case "year":
                return f"{self.first.year:04d}"
            case _:
                return _iso_range(self.first, self.last)


def joined_by(text: str) -> str:
    """The word between two days that are named together: ``and`` in ``on 9 and 11 November``.

    Empty where the words mean the days between them too: ``from 9 to 11 November``, ``between 9 and 11 November``.
    """
    found = _TWO_DAYS.search(text)
    return found[1].lower() if found is not None and not _BETWEEN.match(text) else ""


_TWO_DAYS = re.compile(r"\b\d{1,2}(?:st|nd|rd|th)?,? (and|or) (?:the )?\d{1,2}(?:st|nd|rd|th)?\b", re.IGNORECASE)
_BETWEEN = re.compile(r"between\b", re.IGNORECASE)


def _iso_range(first: datetime.date, last: datetime.date) -> str:
    """``2004/2006``, ``2004-01/2005-06``, ``2004-01-31/2004-02-03``; ``..`` for an end that is open (ISO 8601-2)."""
    starts_open, ends_open = first == datetime.date.min, last == datetime.date.max
    ends_month = ends_open or (last + datetime.timedelta(days=1)).day == 1
    length = len("2024-01-01")
    if (starts_open or first.day == 1) and ends_month:
        whole_years = (starts_open or first.month == 1) and (ends_open or last.month == 12)
        length = len("2024") if whole_years else len("2024-01")
    start = ".." if starts_open else first.isoformat()[:length]
    end = ".." if ends_open else last.isoformat()[:length]
    return f"{start}/{end}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that documents were read from, as it came."""

    origin: str
    """What the file is identified by, opaque: the same origin again is the same file."""
    name: str
    """For people; no path."""
    media_type: str
    size: int
    """Bytes."""
    content_hash: str
    """BLAKE2b-128 of its bytes: the name of the kept copy."""


@dataclass(frozen=True, slots=True)
class Document:
    """One source text with its metadata, as a reader gives it."""

    text: str
    title: str
    origin: str
    """What the document is identified by, opaque: the same origin again is the same document."""
    name: str
    """The file's name, for people; no path."""
    media_type: str = "text/plain"
    published: PublishedDate | None = None
    source: str = ""
    """Publisher or author as the document names it; empty where it names none."""
    author: str = ""
    language: str = ""
    """ISO 639-1; empty where unknown."""
    url: str = ""
    headings: tuple[Heading, ...] = ()
    """In reading order."""
    pages: tuple[Page, ...] = ()
    """In reading order, not overlapping."""
    metadata: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Everything else that the original says of itself."""
    file: SourceFile | None = None
    """The file that it was read from; None where it came as text."""

    def __post_init__(self) -> None:
        try:
            self.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(
                f"the text of {self.name!r} holds a lone surrogate at {error.start}; a reader must replace it"
            ) from error

    @property
    def id(self) -> str:
        """Stable for an origin: 16 hexadecimal digits."""
        return hashlib.blake2b(self.origin.encode("utf-8"), digest_size=8).hexdigest()

    @property
    def text_hash(self) -> str:
        """BLAKE2b-128 of the text: equal for the same content under another name."""
        return hashlib.blake2b(self.text.encode("utf-8"), digest_size=16).hexdigest()

    def with_published(self, published: PublishedDate | None) -> Document:
        return replace(self, published=published)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is quoted: one sentence (or heading, list item, table row) of a document."""

    document_id: str
    ordinal: int
    """0 for the first sentence of the document."""
    span: Span
    text: str
    kind: SentenceKind = "sentence"
    event_dates: tuple[EventDate, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded: a run of whole sentences of one document."""

    id: str
    document_id: str
    ordinal: int
    """0 for the first passage of the document."""
    span: Span
    text: str
    first_sentence: int
    last_sentence: int
    """Ordinals of its sentences, both inclusive."""
    context: str = ""
    """Title and headings above it: embedded with the text, never part of the span."""

    @property
    def stretch(self) -> tuple[str, int, int]:
        """Document id, first and last sentence: where its sentences are found."""
        return self.document_id, self.first_sentence, self.last_sentence
