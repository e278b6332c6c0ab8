"""What a document is about, as far as the names at its head say: whether two documents may tell of one event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.catalog import DocumentInfo
from index.library import Library
from index.words import STOP_WORDS, stems

_HEAD = 4
"""Sentences in which news has named its subject."""
_CAPITALISED = re.compile(r"\b[A-ZÀ-ÖØ-Þ][\w’'-]*")
_OPENS = re.compile(r"(?:^|[.!?])\W*$")
_TIMES = frozenset(
    stems("Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August")
    + stems("September October November December")
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The names at the head of a document, as stems."""

    title: frozenset[str]
    names: frozenset[str]
    """Of the title and the first sentences."""

    def may_be(self, other: Subject) -> bool:
        """Whether two documents may tell of one event: the one's title names what the head of the other names too.

        Where a title names nothing, any name of the two heads will do.
        """
        if self.title and other.title:
            return bool(self.title & other.names or other.title & self.names)
        return bool(self.names & other.names)


def subjects_of(documents: Iterable[DocumentInfo], library: Library) -> dict[str, Subject]:
    """By document id."""
    titles = {document.id: document.title for document in documents}
    heads = library.stretches([(document_id, 0, _HEAD - 1) for document_id in titles])
    found = {}
    for (document_id, title), head in zip(titles.items(), heads, strict=True):
        texts = [title, *(stored.sentence.text for stored in head)]
        sure = frozenset(name for text in texts for name in _names(text, opening=False))
        title_names = frozenset(_names(title, opening=True)) & sure
        found[document_id] = Subject(title_names, sure)
    return found


def _names(text: str, *, opening: bool) -> list[str]:
    """Stems of the capitalised words, with those that open a sentence, which may be any words, or without them."""
    words = [
        match[0]
        for match in _CAPITALISED.finditer(text)
        if match[0].casefold() not in STOP_WORDS and (opening or not _OPENS.search(text[: match.start()]))
    ]
    return [stem for word in words for stem in stems(word) if stem not in _TIMES]
