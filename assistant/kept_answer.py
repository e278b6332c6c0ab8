"""Answers as they are kept: every quote as its place in a document and a hash, never as a copy.

When a kept answer is read again, its quotes are cut from the documents once more. What is no longer there, letter for
letter, is withheld: so a deleted document is never cited again, however long ago the answer was given.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.answer import (
    Answer,
    Citation,
    Disagreement,
    DisagreementSide,
    NearPassage,
    Status,
    Step,
    Trace,
)
from corpus.catalog import Catalog
from corpus.document import Span
from corpus.filters import Filters

Json = Mapping[str, Any]

_WITHHELD: Mapping[Status, str] = {
    "deleted": "(This is withheld: its document was deleted.)",
    "changed": "(This is withheld: its document was changed since.)",
}


def to_kept(answer: Answer) -> dict[str, Any]:
    """The answer as JSON without a word of the documents that can be cut from them again."""
    kept = answer.to_dict()
    kept["text"] = _pieces(answer)
    for citation in kept["citations"]:
        citation["quote"] = _hash(citation["quote"])
    for passage in kept["passages"]:
        passage["text"] = _hash(passage["text"])
    for disagreement in kept["disagreements"]:
        for side in disagreement["sides"]:
            del side["quotes"]
    return kept


def from_kept(kept: Json, catalog: Catalog) -> Answer:
    """The answer with its quotes cut anew; those that are gone have the status ``deleted`` or ``changed``."""
    citations = _citations(kept["citations"], catalog)
    text, places = _text(kept["text"], citations)
    citations = {number: replace(citation, answer=places[number]) for number, citation in citations.items()}
    whole = all(citation.quote for citation in citations.values())
    trace = kept["trace"]
    return Answer(
        id=kept["id"],
        question=kept["question"],
        standalone_question=kept["standalone_question"],
        answered=kept["answered"],
        reason=kept["reason"],
        confidence=kept["confidence"],
        answerer=kept["answerer"],
        text=text,
        citations=tuple(citations.values()),
        passages=_passages(kept["passages"], catalog),
        trace=Trace(
            searched_documents=trace["searched_documents"],
            published_from=_day(trace["published_from"]),
            published_to=_day(trace["published_to"]),
            filters=_filters(trace["filters"]),
            # Steps and disagreements may hold words of what is withheld.
            steps=tuple(
                Step(step["name"], {name: value for name, value in step.items() if name != "name"})
                for step in trace["steps"]
                if whole
            ),
        ),
        disagreements=tuple(_disagreement(item, citations) for item in kept["disagreements"] if whole),
        timings_ms=kept["timings_ms"],
    )


def _pieces(answer: Answer) -> list[dict[str, Any]]:
    """The text cut at its citations.

    Each piece has its ``text``; one that rests on documents also the ids that it ``cites``. A quote is told by its id
    alone.
    """
    cited: dict[Span, list[Citation]] = {}
    for citation in sorted(answer.citations, key=lambda citation: citation.answer):
        cited.setdefault(citation.answer, []).append(citation)
    pieces: list[dict[str, Any]] = []
    position = 0
    for span, citations in cited.items():
        pieces.append({"text": answer.text[position : span.start]})
        piece: dict[str, Any] = {"cites": [citation.id for citation in citations]}
        words = span.of(answer.text)
        if words != citations[0].quote:
            piece["text"] = words
        pieces.append(piece)
        position = span.end
    pieces.append({"text": answer.text[position:]})
    return [piece for piece in pieces if piece.get("cites") or piece["text"]]


def _text(pieces: Sequence[Json], citations: Mapping[int, Citation]) -> tuple[str, dict[int, Span]]:
    """The text put together again, and where each citation's words stand in it."""
    text = ""
    places: dict[int, Span] = {}
    for piece in pieces:
        cites = [citations[number] for number in piece.get("cites", ())]
        withheld = [_WITHHELD[citation.status] for citation in cites if citation.status in _WITHHELD]
        words = withheld[0] if withheld else piece.get("text", cites[0].quote if cites else "")
        places.update(dict.fromkeys(piece.get("cites", ()), Span(len(text), len(text) + len(words))))
        text += words
    return text, places


def _citations(kept: Sequence[Json], catalog: Catalog) -> dict[int, Citation]:
    quotes = catalog.cut([(item["document_id"], _span(item["span"])) for item in kept])
    there = catalog.infos(item["document_id"] for item in kept)
    citations = {}
    for item, quote in zip(kept, quotes, strict=True):
        status: Status = item["status"]
        if _hash(quote) != item["quote"]:
            status = "changed" if item["document_id"] in there else "deleted"
        gone = status in _WITHHELD
        citations[item["id"]] = Citation(
            id=item["id"],
            document_id=item["document_id"],
            title=item["title"],
            source=item["source"],
            published=_day(item["published"]),
            quote="" if gone else quote,
            span=_span(item["span"]),
            answer=_span(item["answer"]),
            status=status,
            score=item["score"],
            page=item["page"],
            locator=item["locator"],
            event_dates=() if gone else tuple(item["event_dates"]),
            event_texts=() if gone else tuple(item["event_texts"]),
            speaker=None if gone else item["speaker"],
            url=item["url"],
            passage=_span(item["passage"]) if item["passage"] and not gone else None,
            marks=() if gone else tuple(_span(mark) for mark in item["marks"]),
        )
    return citations


def _passages(kept: Sequence[Json], catalog: Catalog) -> tuple[NearPassage, ...]:
    """The passages that still stand where they stood."""
    texts = catalog.cut([(item["document_id"], _span(item["span"])) for item in kept])
    return tuple(
        NearPassage(
            document_id=item["document_id"],
            title=item["title"],
            published=_day(item["published"]),
            span=_span(item["span"]),
            focus=_span(item["focus"]),
            text=text,
            score=item["score"],
        )
        for item, text in zip(kept, texts, strict=True)
        if _hash(text) == item["text"]
    )


def _disagreement(kept: Json, citations: Mapping[int, Citation]) -> Disagreement:
    return Disagreement(
        kept["kind"],
        tuple(
            DisagreementSide(
                value=side["value"],
                citation_ids=tuple(side["citation_ids"]),
                quotes=tuple(citations[number].quote for number in side["citation_ids"]),
                published=tuple(_day(day) for day in side["published"]),
                sources=tuple(side["sources"]),
                documents=side["documents"],
            )
            for side in kept["sides"]
        ),
    )


def _filters(kept: Json) -> Filters:
    ids = kept.get("document_ids")
    return Filters(
        as_of=_day(kept.get("as_of")),
        after=_day(kept.get("after")),
        before=_day(kept.get("before")),
        document_ids=tuple(ids) if ids is not None else None,
    )


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def _span(kept: Json) -> Span:
    return Span(kept["start"], kept["end"])


def _day(kept: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(kept) if kept else None
