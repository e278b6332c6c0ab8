"""Answers as HTML. Every text of a document, a model or a user goes through Jinja's autoescape: it is always text."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import jinja2
import markupsafe

from assistant.answer import Answer, Citation, Disagreement, NearPassage
from corpus.catalog import LibraryStats, StoredDocument
from corpus.document import Span
from index.library import Library

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TurnView:
    """One question and its answer, ready for the templates."""

    number: int
    question: str
    answered: bool = False
    pending: bool = False
    error: str = ""
    reason: str = ""
    understood: str = ""
    """The stand-alone question, where it is not the one that was typed."""
    citations: tuple[Json, ...] = ()
    passages: tuple[Json, ...] = ()
    disagreements: tuple[Json, ...] = ()
    confidence: Json = field(default_factory=dict)
    steps: tuple[Json, ...] = ()


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("assistant.ui", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["dates"] = _unbroken_dates
    return environment


def _unbroken_dates(text: str) -> markupsafe.Markup:
    """The text with its ISO dates kept on one line each."""
    escaped = str(markupsafe.escape(text))
    return markupsafe.Markup(re.sub(r"\d{4}-\d{2}-\d{2}", r'<span class="dl-date">\g<0></span>', escaped))  # noqa: S704


def style() -> str:
    """The style sheet of page and document view."""
    return (resources.files("assistant.ui") / "style.css").read_text("utf-8")


def script(name: str) -> str:
    """What makes a part of the page move: ``page`` (marks open their sources) or ``sources`` (quotes are in view)."""
    return (resources.files("assistant.ui") / f"{name}.js").read_text("utf-8")


def conversation(turns: Sequence[TurnView], stats: LibraryStats) -> str:
    library = {"documents": stats.documents, "undated": stats.undated, "period": _period(stats)}
    return _templates().get_template("conversation.html").render(turns=turns, library=library)


def sources(turns: Sequence[TurnView]) -> str:
    current = turns[-1].number if turns else 0
    return _templates().get_template("sources.html").render(turns=turns, current=current)


def document_page(stored: StoredDocument, span: Span | None, nonce: str) -> str:
    """A whole document as a page, with a span of it marked and scrolled to (``#quote``)."""
    span = span or Span(0, 0)
    info = stored.info
    return (
        _templates()
        .get_template("document.html")
        .render(
            title=info.title,
            by=_by(info.source, info.published.value if info.published else None),
            language=info.language,
            before=stored.text[: span.start],
            quote=span.of(stored.text),
            after=stored.text[span.end :],
            nonce=nonce,
            style=style(),
        )
    )


def turn_view(number: int, answer: Answer, library: Library) -> TurnView:
    """An answer as the templates want it."""
    return TurnView(
        number=number,
        question=answer.question,
        answered=answer.answered,
        reason=_after_first_sentence(answer.reason or ""),
        understood=answer.standalone_question if answer.standalone_question != answer.question else "",
        citations=tuple(_citation(citation, library) for citation in answer.citations),
        passages=tuple(_passage(passage, library) for passage in answer.passages[:3]),
        disagreements=tuple(_disagreement(item) for item in answer.disagreements),
        confidence=_confidence(answer.confidence),
        steps=tuple(_step(step.to_dict()) for step in answer.trace.steps),
    )


def _citation(citation: Citation, library: Library) -> Json:
    around = citation.passage or citation.span
    before, after = library.catalog.cut(
        [
            (citation.document_id, Span(min(around.start, citation.span.start), citation.span.start)),
            (citation.document_id, Span(citation.span.end, max(around.end, citation.span.end))),
        ]
    )
    return {
        "id": citation.id,
        "title": citation.title,
        "by": _by(citation.source, citation.published),
        "dates": [f"“{text}” → {iso}" for text, iso in zip(citation.event_texts, citation.event_dates, strict=True)],
        "speaker": citation.speaker,
        "locator": citation.locator,
        "pieces": _pieces(citation),
        "quote": citation.quote,
        "before": before,
        "after": after,
        "link": link(citation.document_id, citation.span),
    }


def _pieces(citation: Citation) -> list[Json]:
    """The quote cut at its marks, so that the marked words can be shown bold."""
    pieces: list[Json] = []
    position = citation.span.start
    for mark in sorted(citation.marks):
        if mark.start < position or mark.end > citation.span.end:
            continue
        pieces.append({"text": _within(citation, position, mark.start), "bold": False})
        pieces.append({"text": _within(citation, mark.start, mark.end), "bold": True})
        position = mark.end
    pieces.append({"text": _within(citation, position, citation.span.end), "bold": False})
    return [piece for piece in pieces if piece["text"]]


def _within(citation: Citation, start: int, end: int) -> str:
    return citation.quote[start - citation.span.start : end - citation.span.start]


def _passage(passage: NearPassage, library: Library) -> Json:
    text = library.catalog.cut([(passage.document_id, passage.focus)])[0]
    return {
        "title": passage.title,
        "by": _by("", passage.published),
        "text": text,
        "link": link(passage.document_id, passage.focus),
    }


def _disagreement(item: Disagreement) -> Json:
    caption = "The documents differ" if item.kind == "contradict" else "The figure changed over time"
    return {
        "caption": caption,
        "sides": [
            {
                "value": side.value,
                "published": ", ".join(day.isoformat() if day else "no date" for day in side.published),
                "sources": ", ".join(f"[{number}]" for number in side.citation_ids) or ", ".join(side.sources),
            }
            for side in item.sides
        ],
    }


def _confidence(value: float) -> Json:
    if value >= 0.9:
        return {"level": "high", "words": "Very likely what you asked for"}
    if value >= 0.7:
        return {"level": "fair", "words": "Probably what you asked for: check the source"}
    return {"level": "low", "words": "Not certain: read the source before relying on it"}


def _step(step: Json) -> Json:
    said = {name: value for name, value in step.items() if name not in ("name", "best") and value is not None}
    return {
        "name": step["name"],
        "text": ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in said.items()),
    }


def _by(source: str, published: Any) -> str:
    day = f"published {published.isoformat()}" if published else "no published date"
    return f"{source} · {day}" if source else day


def _period(stats: LibraryStats) -> str:
    if stats.published_from is None or stats.published_to is None:
        return ""
    if stats.published_from == stats.published_to:
        return stats.published_from.isoformat()
    return f"{stats.published_from.isoformat()} to {stats.published_to.isoformat()}"


def _after_first_sentence(reason: str) -> str:
    """The reason without its opening words, which the page shows in bold itself."""
    said = reason.removeprefix("This is not in the documents: ")
    return said[:1].upper() + said[1:]


def link(document_id: str, span: Span) -> str:
    """The page that opens a document at a span."""
    return f"/documents/{document_id}?start={span.start}&end={span.end}#quote"
