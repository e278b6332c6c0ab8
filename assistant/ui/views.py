"""What the page shows of an answer or a document, worked out from the answer's JSON: what the templates are given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assistant.conversations import KeptTurn, was_stopped
from assistant.refusal import NO_QUESTION
from corpus.catalog import DocumentInfo, LibraryStats, StoredDocument
from corpus.document import Span, joined_by
from index.library import Library

Json = Mapping[str, Any]
State = Literal["pending", "done", "failed", "stopped"]

_NEAREST = 3
"""Passages that are shown beside an answer or a refusal."""
_CHUNK = 4_000
"""Characters after which a document is cut at the next line end: a browser lays out only the pieces in view."""
_GONE = ("deleted", "changed")
"""States of a citation whose quote is withheld."""
_MARK = re.compile(r"\s*\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class LibraryView:
    """How much the library holds."""

    documents: int
    undated: int
    first: str
    """ISO date; empty where no document has one."""
    last: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an answer's words, or the mark of a citation."""

    text: str
    bold: bool = False
    mark: int = 0
    """Number of the citation; its title is the text."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """A cited quote, or a passage that was found near, in its document."""

    id: int
    """Number of the citation; 0 for what is not cited."""
    document_id: str
    title: str
    source: str
    published: str | None
    quote: str
    span: Span
    around: Span
    """The passage that the quote was found in."""
    link: str
    before: str = ""
    after: str = ""
    locator: str | None = None
    dates: tuple[Json, ...] = ()
    """Words that stand for a time (``text``), what they mean (``iso``), and what joins its ends (``joined``)."""
    speaker: str | None = None
    gone: Literal["", "deleted", "changed"] = ""
    """What became of the document since, where the quote is withheld."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A quote, or a paragraph that a model wrote."""

    element: Literal["blockquote", "p"]
    pieces: tuple[Piece, ...]
    source: SourceView | None = None
    """Where the whole of it is quoted from."""


@dataclass(frozen=True, slots=True)
class TurnView:
    """One question and its answer."""

    number: int
    question: str
    state: State
    answer_id: str = ""
    """Of a kept answer, which can be rated; empty for others."""
    rating: Literal["", "up", "down"] = ""
    filters: Json | None = None
    answered: bool = False
    partial: str = ""
    """What has come of the answer, while it is pending."""
    error: str = ""
    reason: str = ""
    searched: bool = True
    """Whether something was asked and looked for."""
    understood: str = ""
    """The stand-alone question, where it is not the one that was typed."""
    phrased_by: str = ""
    """Name of the LLM; empty where the documents' own words are given."""
    notes: tuple[str, ...] = ()
    """What a reader should know of how the answer came about: why the LLM's words are not shown."""
    paragraphs: tuple[Paragraph, ...] = ()
    citations: tuple[SourceView, ...] = ()
    nearest: tuple[SourceView, ...] = ()
    disagreements: tuple[Json, ...] = ()
    confidence: Json | None = None
    """None where a quote is withheld: what was likely then says nothing of what is shown now."""
    steps: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Words of a document: plain, of the passage that was found, or of the quote."""

    text: str
    kind: Literal["plain", "passage", "quote"]
    first: bool = False
    """Whether the quote begins here: what is scrolled to."""


@dataclass(frozen=True, slots=True)
class TextView:
    """A document's text in pieces that a browser lays out one by one. Joined, they are the text."""

    info: Json
    pieces: tuple[tuple[Run, ...], ...]


def library_view(stats: LibraryStats) -> LibraryView:
    return LibraryView(
        documents=stats.documents,
        undated=stats.undated,
        first=stats.published_from.isoformat() if stats.published_from else "",
        last=stats.published_to.isoformat() if stats.published_to else "",
    )


def kept_view(turn: KeptTurn, library: Library) -> TurnView:
    """A kept turn as the page shows it."""
    view = turn_view(turn.number, turn.answer.to_dict(), library)
    return replace(view, rating=turn.feedback.rating if turn.feedback else "")


def turn_view(number: int, answer: Json, library: Library) -> TurnView:
    """An answer (``Answer.to_dict()``), fresh or kept, as the page shows it."""
    titles = {cited["id"]: cited["title"] for cited in answer["citations"]}
    standalone = answer["standalone_question"]
    citations = tuple(_citation(cited, library) for cited in answer["citations"])
    steps = answer["trace"]["steps"]
    stopped = was_stopped(answer["trace"])
    return TurnView(
        number=number,
        question=answer["question"],
        state="stopped" if stopped else "done",
        answer_id=answer["id"],
        filters=answer["trace"]["filters"],
        answered=answer["answered"],
        reason=_after_first_words(answer["reason"] or ""),
        searched=answer["reason"] != NO_QUESTION,
        understood=standalone if standalone != answer["question"] else "",
        phrased_by="" if answer["answerer"] == "verbatim" else answer["answerer"],
        paragraphs=tuple(_paragraphs(answer, citations)),
        citations=citations,
        nearest=tuple(_nearest(answer, library)),
        disagreements=tuple(_disagreement(item, titles) for item in answer["disagreements"]),
        notes=tuple(step["text"] for step in steps if step["name"] == "note"),
        confidence=None if any(source.gone for source in citations) else _confidence(answer["confidence"]),
        steps=() if stopped else tuple(_steps(answer["trace"])),
    )


def text_view(stored: StoredDocument, quote: Span | None, passage: Span | None) -> TextView:
    """A document with its quote, and the passage around it, told apart from the rest."""
    text = stored.text
    quote = quote or Span(0, 0)
    passage = Span(min(passage.start, quote.start), max(passage.end, quote.end)) if passage and quote else quote
    bounds = (
        (Span(0, passage.start), "plain"),
        (Span(passage.start, quote.start), "passage"),
        (quote, "quote"),
        (Span(quote.end, passage.end), "passage"),
        (Span(passage.end, len(text)), "plain"),
    )
    pieces: list[tuple[Run, ...]] = []
    open_piece: list[Run] = []
    size = 0
    for span, kind in bounds:
        first = True
        for line in span.of(text).splitlines(keepends=True):
            open_piece.append(Run(line, kind, first and kind == "quote"))  # type: ignore[arg-type]
            first = False
            size += len(line)
            if size >= _CHUNK and kind == "plain" and line.endswith("\n"):
                pieces.append(_joined(open_piece))
                open_piece, size = [], 0
    if open_piece:
        pieces.append(_joined(open_piece))
    return TextView(_info(stored.info), tuple(pieces))


def link(document_id: str, span: Span) -> str:
    """The page that opens a document at a span."""
    return f"/documents/{document_id}?start={span.start}&end={span.end}#quote"


def _joined(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The same words with runs of one kind joined."""
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].kind == run.kind:
            joined[-1] = Run(joined[-1].text + run.text, run.kind, joined[-1].first)
        else:
            joined.append(run)
    return tuple(joined)


def _info(info: DocumentInfo) -> Json:
    return {
        "id": info.id,
        "title": info.title,
        "source": info.source,
        "language": info.language,
        "published": info.published.value.isoformat() if info.published else None,
    }


def _paragraphs(answer: Json, citations: Sequence[SourceView]) -> Iterator[Paragraph]:
    if not answer["answered"]:
        return
    if answer["answerer"] == "verbatim":
        first = min((cited["answer"]["start"] for cited in answer["citations"]), default=0)
        # Where documents differ, the table says what the opening words say.
        if (opening := answer["text"][:first].strip()) and not answer["disagreements"]:
            yield Paragraph("p", (Piece(opening),))
        for cited, source in zip(answer["citations"], citations, strict=True):
            yield Paragraph("blockquote", (*_quoted(cited), Piece(source.title, mark=source.id)), source)
        return
    titles = {source.id: source.title for source in citations}
    written = re.split(r"\n{2,}", answer["text"])
    for paragraph in written[:-1] if answer["disagreements"] else written:  # the last one says what the table says
        pieces: list[Piece] = []
        position = 0
        for mark in _MARK.finditer(paragraph):
            number = int(mark[1])
            if number in titles:
                pieces += [Piece(paragraph[position : mark.start()]), Piece(titles[number], mark=number)]
                position = mark.end()
        yield Paragraph("p", (*pieces, Piece(paragraph[position:])))


def _quoted(cited: Json) -> Iterator[Piece]:
    """The quote cut at the words that were asked for, which are shown bold."""
    if cited["status"] in _GONE:
        yield Piece(f"This is withheld: its document was {cited['status']} since.")
        return
    quote, begin = cited["quote"], cited["span"]["start"]
    position = 0
    for mark in sorted(cited["marks"], key=lambda mark: (mark["start"], mark["end"])):
        start, end = mark["start"] - begin, mark["end"] - begin
        if start < position or end > len(quote):
            continue
        yield Piece(quote[position:start])
        yield Piece(quote[start:end], bold=True)
        position = end
    yield Piece(quote[position:])


def _citation(cited: Json, library: Library) -> SourceView:
    document_id, span = cited["document_id"], _span(cited["span"])
    around = _span(cited["passage"] or cited["span"])
    around = Span(min(around.start, span.start), max(around.end, span.end))
    before, after = library.catalog.cut(
        [(document_id, Span(around.start, span.start)), (document_id, Span(span.end, around.end))]
    )
    return SourceView(
        id=cited["id"],
        document_id=document_id,
        title=cited["title"],
        source=cited["source"],
        published=cited["published"],
        quote=cited["quote"],
        span=span,
        around=around,
        link=link(document_id, span),
        before=before.lstrip(),
        after=after.rstrip(),
        locator=cited["locator"],
        dates=tuple(
            {"text": text, "iso": iso, "joined": joined_by(text)}
            for text, iso in zip(cited["event_texts"], cited["event_dates"], strict=True)
            if iso not in text  # "in 2000" needs no telling
        ),
        speaker=cited["speaker"],
        gone=cited["status"] if cited["status"] in _GONE else "",
    )


def _nearest(answer: Json, library: Library) -> Iterator[SourceView]:
    """The passages that were found nearest; beside an answer those that it does not cite."""
    cited = [(item["document_id"], _span(item["span"])) for item in answer["citations"]]
    near = [
        passage
        for passage in answer["passages"]
        if not any(
            document_id == passage["document_id"] and span.overlaps(_span(passage["focus"]))
            for document_id, span in cited
        )
    ][:_NEAREST]
    texts = library.catalog.cut([(passage["document_id"], _span(passage["focus"])) for passage in near])
    for passage, text in zip(near, texts, strict=True):
        if text:
            yield SourceView(
                id=0,
                document_id=passage["document_id"],
                title=passage["title"],
                source="",
                published=passage["published"],
                quote=text,
                span=_span(passage["focus"]),
                around=_span(passage["focus"]),
                link=link(passage["document_id"], _span(passage["focus"])),
            )


def _disagreement(item: Json, titles: Mapping[int, str]) -> Json:
    return {
        "caption": "The documents differ" if item["kind"] == "contradict" else "This changed over time",
        "sides": [
            {
                "value": side["value"],
                "days": side["published"],
                "cited": [{"id": number, "title": titles[number]} for number in side["citation_ids"]],
                "sources": ", ".join(side["sources"]),
            }
            for side in item["sides"]
        ],
    }


def _confidence(value: float) -> Json:
    if value >= 0.9:
        return {"level": "high", "words": "Very likely what you asked for"}
    if value >= 0.7:
        return {"level": "fair", "words": "Probably what you asked for: check the source"}
    return {"level": "low", "words": "Not certain: read the source before relying on it"}


_STEP_NAMES = {
    "search": "Searched",
    "weigh": "Weighed",
    "decide": "Decided",
    "phrase": "Phrased",
    "time": "Time asked about",
    "note": "Note",
    "parts": "Asked one by one",
}


def _steps(trace: Json) -> Iterator[Json]:
    """The trace in words; a step that is not known here shows its values by their names."""
    for step in trace["steps"]:
        values = {
            name: value for name, value in step.items() if name not in ("name", "best") and value not in (None, "")
        }
        said = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in values.items())
        if step["name"] == "search":
            said = f"{trace['searched_documents']:,} documents, {step['passages']:,} stretches of text found"
        elif step["name"] == "weigh":
            said = f"{step['sentences']:,} sentences" + (
                f", {step['read']:,} of them read by {step['reader']}" if step["reader"] else ""
            )
        elif step["name"] == "decide":
            said = (
                f"{step['confidence']:.0%} sure of the best quote; answers are given from {step['threshold']:.0%}, "
                f"with {step['quotes']} {'quote' if step['quotes'] == 1 else 'quotes'} here"
            )
        elif step["name"] == "compare":
            said = f"{step['kind']}: {', '.join(step['values'])}"
        elif step["name"] == "phrase":
            said = (
                f"by {step['model']}: {step['kept']:,} of its sentences kept, {step['repaired']:,} of them under "
                f"another mark than its own; {step['dropped']:,} left out"
            )
        elif step["name"] == "parts":
            said = "; ".join(f"{part['question']} {part['confidence']:.0%} sure" for part in step["parts"])
        elif step["name"] == "note":
            said = step["text"]
        yield {"name": _STEP_NAMES.get(step["name"], step["name"].replace("_", " ").capitalize()), "text": said}


def _after_first_words(reason: str) -> str:
    """The reason without its opening words, which the page shows in bold itself."""
    said = reason.removeprefix("This is not in the documents: ")
    return said[:1].upper() + said[1:]


def _span(span: Json) -> Span:
    return Span(span["start"], span["end"])
