"""The refusal that helps: what was searched, of which time, what comes nearest, whether a filter hides an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from assistant.answer import NearPassage
from assistant.windows import Window
from corpus.catalog import DocumentInfo, LibraryStats
from corpus.filters import Filters

NO_QUESTION = "That asks nothing, so nothing was looked up. Ask about what is in the documents."
"""Why small talk is not answered."""
_NEAREST = 3
"""Passages that a refusal names."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A document that would answer if a filter did not hide it. It is told of, not quoted."""

    document_id: str
    published: date | None
    filters: tuple[str, ...]
    """Names of those that hide it: ``after``, ``before``, ``document_ids``."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "document_id": self.document_id,
            "published": self.published.isoformat() if self.published else None,
            "filters": list(self.filters),
        }


def without_hints(filters: Filters) -> Filters | None:
    """The filters of which a refusal may tell that they hide an answer taken away; None where none of them is set.

    ``as_of`` stays: documents published later do not exist, not even for a hint.
    """
    wider = replace(filters, after=None, before=None, document_ids=None)
    return wider if wider != filters else None


def hidden_by(document: DocumentInfo, filters: Filters) -> Hidden:
    """Which filters keep a document from being searched."""
    published = document.published.value if document.published else None
    names = []
    if filters.after is not None and (published is None or published < filters.after):
        names.append("after")
    if filters.before is not None and (published is None or published > filters.before):
        names.append("before")
    if filters.document_ids is not None and document.id not in filters.document_ids:
        names.append("document_ids")
    return Hidden(document.id, published, tuple(names))


def reason_of(
    stats: LibraryStats,
    filters: Filters,
    *,
    window: Window | None = None,
    hidden: Hidden | None = None,
    impossible: str | None = None,
) -> str:
    """Why there is no answer, in a few sentences.

    Args:
        window: the time that the question asks about.
        impossible: a date in the question that no calendar holds.
    """
    if impossible is not None:
        return f"No calendar holds {impossible!r}, so this was not answered. Ask with a date that there is."
    said = [_searched(stats, filters)]
    if window is not None and window.bounded and stats.published_to and window.first > stats.published_to:
        said.append(f"They were all published before the time asked about ({window.text}).")
    if hidden is not None:
        said.append(_hint(hidden, filters))
    return " ".join(said)


def nearest_of(passages: Sequence[NearPassage]) -> str:
    """The two or three nearest passages by name, in a sentence; empty where there are none."""
    names = list(
        dict.fromkeys(
            f"“{passage.title}” ({said_day(passage.published) if passage.published else 'undated'})"
            for passage in passages
        )
    )[:_NEAREST]
    if not names:
        return ""
    *first, last = names
    return f"Nearest to it: {', '.join(first) + ' and ' if first else ''}{last}."


def said_day(day: date) -> str:
    """``12 November 2024``."""
    return f"{day.day} {day:%B} {day.year}"


def _searched(stats: LibraryStats, filters: Filters) -> str:
    if not stats.documents:
        if filters != Filters():
            return "No document passes the filters, so nothing was searched. Widen them, or leave them out."
        return "There are no documents yet, so there is nothing to answer from. Add some first."
    one = stats.documents == 1
    searched = "the one document" if one else f"the {stats.documents:,} documents"
    if stats.published_from and stats.published_to:
        period = (
            f", published on {stats.published_from}"
            if stats.published_from == stats.published_to
            else f", published from {stats.published_from} to {stats.published_to}"
        )
        if stats.undated:
            period += f" ({stats.undated:,} without a date)"
        period += ","
    else:
        period = ""
    gives = "gives" if one else "give"
    return f"This is not in the documents: {searched} searched{period} {gives} no answer that can be relied on."


def _hint(hidden: Hidden, filters: Filters) -> str:
    which = f"A document published on {said_day(hidden.published)}" if hidden.published else "An undated document"
    names = []
    for name in hidden.filters:
        limit = getattr(filters, name)
        names.append("the choice of documents" if name == "document_ids" else f"the filter “{name} {said_day(limit)}”")
    hides = "hides" if len(names) == 1 else "hide"
    return f"{which} would answer; {' and '.join(names)} {hides} it."
