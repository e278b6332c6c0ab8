"""What leaves the assistant: an Answer with its Citations; ``Answer.to_dict`` is the JSON of API, CLI and page."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from corpus.document import Span
from corpus.filters import Filters

Status = Literal["verbatim", "supported", "deleted", "changed"]
"""The last two are of kept answers alone: what was quoted is gone from the document, or gone with it."""
DisagreementKind = Literal["changed over time", "contradict"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that was checked against its document: ``document.text[span.start:span.end] == quote``."""

    id: int
    """The number in the mark ``[n]``, counted from 1."""
    document_id: str
    title: str
    source: str
    published: datetime.date | None
    quote: str
    span: Span
    """In code points of the document."""
    answer: Span
    """The words of the answer that the quote supports, in code points of ``Answer.text``, without the mark."""
    status: Status
    score: float
    """Probability (0 to 1) that the quote answers the question, as the calibrated model sees it."""
    page: int | None = None
    locator: str | None = None
    """``page 3``, ``slide 4``, ``row 17``: where the original has such parts."""
    event_dates: tuple[str, ...] = ()
    """ISO 8601, as fine as the words: ``2024-06``."""
    event_texts: tuple[str, ...] = ()
    """The words that each event date was read from: ``in June this year``."""
    speaker: str | None = None
    url: str = ""
    passage: Span | None = None
    """The passage that the quote was found in, in code points of the document."""
    marks: tuple[Span, ...] = ()
    """The asked-for date, number or name inside the quote, in code points of the document: shown bold."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "document_id": self.document_id,
            "title": self.title,
            "source": self.source,
            "published": self.published.isoformat() if self.published else None,
            "quote": self.quote,
            "span": _span(self.span),
            "page": self.page,
            "locator": self.locator,
            "answer": _span(self.answer),
            "status": self.status,
            "event_dates": list(self.event_dates),
            "event_texts": list(self.event_texts),
            "speaker": self.speaker,
            "url": self.url,
            "passage": _span(self.passage) if self.passage else None,
            "marks": [_span(mark) for mark in self.marks],
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True)
class DisagreementSide:
    """One of the values, and who gives it. Quotes, dates and sources are those of its citations, in their order."""

    value: str
    citation_ids: tuple[int, ...]
    quotes: tuple[str, ...]
    published: tuple[datetime.date | None, ...]
    sources: tuple[str, ...]
    documents: int = 1
    """How many documents give it, also those that are not quoted."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "citation_ids": list(self.citation_ids),
            "quotes": list(self.quotes),
            "published": [day.isoformat() if day else None for day in self.published],
            "sources": list(self.sources),
            "documents": self.documents,
        }


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Documents that give different values for what was asked."""

    kind: DisagreementKind
    sides: tuple[DisagreementSide, ...]
    """Newest first where it is a change over time."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "values": [side.value for side in self.sides],
            "sides": [side.to_dict() for side in self.sides],
        }


@dataclass(frozen=True, slots=True)
class NearPassage:
    """A retrieved passage, shown as what was searched."""

    document_id: str
    title: str
    published: datetime.date | None
    span: Span
    """The stretch of the document that was found."""
    focus: Span
    """The best part of it, in code points of the document: what to show where room is short."""
    text: str
    score: float
    """Relevance from 0 to 1, comparable within one answer."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "document_id": self.document_id,
            "title": self.title,
            "published": self.published.isoformat() if self.published else None,
            "span": _span(self.span),
            "focus": _span(self.focus),
            "text": self.text,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One step of how an answer came about, as data."""

    name: str
    detail: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, **self.detail}


@dataclass(frozen=True, slots=True)
class Trace:
    """What was searched, and how."""

    searched_documents: int
    published_from: datetime.date | None
    published_to: datetime.date | None
    filters: Filters = field(default_factory=Filters)
    steps: tuple[Step, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "searched_documents": self.searched_documents,
            "published_from": self.published_from.isoformat() if self.published_from else None,
            "published_to": self.published_to.isoformat() if self.published_to else None,
            "filters": self.filters.to_dict(),
            "steps": [step.to_dict() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a refusal (``answered`` is False, ``reason`` says why, ``passages`` are the nearest)."""

    id: str
    question: str
    standalone_question: str
    answered: bool
    reason: str | None
    confidence: float
    """Calibrated probability (0 to 1) that the documents answer the question and the first quote does so."""
    answerer: str
    """``verbatim``, or the name of the LLM."""
    text: str
    citations: tuple[Citation, ...]
    passages: tuple[NearPassage, ...]
    trace: Trace
    disagreements: tuple[Disagreement, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by step; ``total`` is always there."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, the same from CLI, API and page."""
        return {
            "id": self.id,
            "question": self.question,
            "standalone_question": self.standalone_question,
            "answered": self.answered,
            "reason": self.reason,
            "confidence": round(self.confidence, 4),
            "answerer": self.answerer,
            "as_of": self.trace.filters.as_of.isoformat() if self.trace.filters.as_of else None,
            "text": self.text,
            "citations": [citation.to_dict() for citation in self.citations],
            "disagreements": [disagreement.to_dict() for disagreement in self.disagreements],
            "passages": [passage.to_dict() for passage in self.passages],
            "trace": self.trace.to_dict(),
            "timings_ms": {name: round(value, 2) for name, value in self.timings_ms.items()},
        }


def _span(span: Span) -> dict[str, int]:
    return {"start": span.start, "end": span.end}
