"""Answers in the documents' own words: which sentences are quoted, in which order, and that they are quotes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.answer import Citation
from assistant.evidence import Evidence, quote_span
from assistant.values import asked_kind, values_in
from corpus.document import EventDate, Page, Sentence, Span
from index.library import Library
from index.words import stems

MOST_QUOTES = 3
_ENOUGH = 0.85
"""Share of the best candidates' probability that the quotes must hold before no further one is added."""
_FAINTEST = 0.05
"""Share of the best sentence's probability below which none is looked at."""
_FAINT = 0.15
"""Share of the best quote's probability that a further quote must have."""
_READ_AS_WELL = 2.0
"""Reader's log odds behind the best quote up to which a further one is as good an answer, whatever its probability."""
_SURE = 0.3
"""Share of the best quote's probability that a further one must have where it holds no value of the asked kind."""
_WEIGHED = 12
"""Candidates whose probabilities are compared for that."""
_SAME = 0.8
"""Jaccard similarity of words from which two quotes say the same."""


class MisquoteError(Exception):
    """A quote is not what the document says at its span: an error of ours, never shown as an answer."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a document that is to be quoted."""

    evidence: Evidence
    span: Span
    text: str
    dated: Sentence | None = None
    """The sentence next to that of the evidence that is quoted with it, because it says when."""

    @property
    def sentences(self) -> list[Sentence]:
        """All that it quotes of, in reading order."""
        several = (self.evidence.previous, self.evidence.sentence, self.dated)
        found = {one.ordinal: one for one in several if one is not None and one.span.overlaps(self.span)}
        return [found[ordinal] for ordinal in sorted(found)]

    @property
    def says_when(self) -> bool:
        """Whether any of them has a date."""
        return any(sentence.event_dates for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Written:
    """The answer's text and its citations."""

    text: str
    citations: tuple[Citation, ...]


def choose_quotes(
    evidence: Sequence[Evidence], library: Library, question: str, *, most: int = MOST_QUOTES
) -> list[Quote]:
    """One to ``most`` quotes, the best first: the fewest that probably hold the answer, each saying something new.

    Where a date is asked for, news says what happened in one sentence and when in the next: a quote without a date
    brings the sentence beside it along that has one, and is left out where it has none and another quote has. A dated
    quote that holds as much of the question leads before one without.
    """
    when = asked_kind(question) == "date"
    weighed = evidence[:_WEIGHED]
    total = sum(item.score for item in weighed)
    chosen: list[Quote] = []
    held = 0.0
    for item in weighed:
        if len(chosen) >= most or (chosen and (held >= _ENOUGH * total or item.score < _FAINTEST * weighed[0].score)):
            break
        held += item.score
        if chosen and not _worth_adding(item, weighed[0], question):
            continue
        span = quote_span(item)
        dated = _dated_beside(item, evidence, library) if when else None
        if when and dated is None and not item.sentence.event_dates and any(quote.says_when for quote in chosen):
            continue
        if dated is not None:
            span = Span(min(span.start, dated.span.start), max(span.end, dated.span.end))
        add_new(chosen, item, span, library, dated=dated)
    return _dated_first(chosen) if when else chosen


def _worth_adding(item: Evidence, best: Evidence, question: str) -> bool:
    """Whether a sentence, quoted beside the best one, is likely enough to answer, or adds a value that is asked for."""
    behind = math.inf
    if best.reader_logit is not None and item.reader_logit is not None:
        behind = best.reader_logit - item.reader_logit
    if item.score < _FAINT * best.score and behind > _READ_AS_WELL:
        return False
    kind, own = asked_kind(question), item.sentence
    return (
        kind is None
        or item.score >= _SURE * best.score
        or bool(values_in(own.text, kind, question, own.event_dates, own.span.start))
    )


def _dated_first(quotes: list[Quote]) -> list[Quote]:
    """The quotes, led by the first one with a date of its own that holds as many of the question's words as the best.

    Only where the best says nothing of when.
    """
    if not quotes or quotes[0].says_when:
        return quotes
    held = quotes[0].evidence.features.get("overlap", 0.0)
    own = (quote for quote in quotes if quote.evidence.sentence.event_dates)
    dated = next((quote for quote in own if quote.evidence.features.get("overlap", 0.0) >= held), None)
    return [dated, *(quote for quote in quotes if quote is not dated)] if dated is not None else quotes


def add_new(
    quotes: list[Quote], item: Evidence, span: Span, library: Library, *, dated: Sentence | None = None
) -> None:
    """Quote a span of some evidence after ``quotes``, unless it overlaps or repeats one of them."""
    if not any(repeats(item, span, quote) for quote in quotes):
        quotes.append(Quote(item, span, text_at(item, span, library), dated))


def _dated_beside(item: Evidence, evidence: Sequence[Evidence], library: Library) -> Sentence | None:
    """The sentence before or after an undated one that has a date, the better one of two; None where none has."""
    own = item.sentence
    if own.event_dates:
        return None
    weights = {
        other.sentence.ordinal: other.logit for other in evidence if other.sentence.document_id == own.document_id
    }
    dated = [sentence for sentence in sentences_beside(own, library) if sentence.event_dates]
    return max(dated, key=lambda sentence: weights.get(sentence.ordinal, -math.inf), default=None)


def sentences_beside(own: Sentence, library: Library) -> list[Sentence]:
    """The sentences right before and after one that are of its kind: a line of text, an item, a row."""
    stored = library.sentences(own.document_id, max(own.ordinal - 1, 0), own.ordinal + 1)
    return [one.sentence for one in stored if one.sentence.ordinal != own.ordinal and one.sentence.kind == own.kind]


def text_at(item: Evidence, span: Span, library: Library) -> str:
    """What a span says in the document of some evidence: cut from its passage where that holds it."""
    passage = item.retrieved.passage
    if passage.span.contains(span):
        return passage.text[span.start - passage.span.start : span.end - passage.span.start]
    return library.catalog.cut([(item.sentence.document_id, span)])[0]


def quote_sides(sides: Sequence[Evidence], quotes: Sequence[Quote], library: Library) -> list[Quote]:
    """The best sentence for each of several values, in their order; then the first of ``quotes`` that answers better.

    The sentences may repeat each other: they are quoted for what they differ in.
    """
    spans = [quote_span(item) for item in sides]
    chosen = [Quote(item, span, text_at(item, span, library)) for item, span in zip(sides, spans, strict=True)]
    given = max(item.logit for item in sides)
    better = [quote for quote in quotes if quote.evidence.logit > given]
    return chosen + [
        quote for quote in better[:1] if not any(repeats(quote.evidence, quote.span, known) for known in chosen)
    ]


def repeats(item: Evidence, span: Span, quote: Quote) -> bool:
    """Whether a sentence, quoted at a span, overlaps a quote or says the same in nearly the same words."""
    if item.sentence.document_id == quote.evidence.sentence.document_id and span.overlaps(quote.span):
        return True
    own, other = set(stems(item.sentence.text)), set(stems(quote.evidence.sentence.text))
    return len(own & other) >= _SAME * len(own | other)


def write(
    quotes: Sequence[Quote],
    library: Library,
    *,
    lead: str = "",
    marks: Callable[[str, Sequence[EventDate], int], Sequence[Span]] = lambda _text, _dates, _start: (),
    speakers: Sequence[str | None] = (),
) -> Written:
    """Quotes joined to an answer, each followed by its mark ``[n]``.

    Args:
        lead: a sentence of our own that comes first, where documents differ.
        marks: the spans to show bold in a sentence, in code points of it, from its text, its dates and where it begins.
        speakers: who is reported as saying each quote; empty where that is not told.
    """
    parts: list[str] = [lead] if lead else []
    citations: list[Citation] = []
    position = len(lead) + len(_BETWEEN) if lead else 0
    pages = pages_of(quotes, library)
    told_by = speakers or [None] * len(quotes)
    for number, (quote, page, speaker) in enumerate(zip(quotes, pages, told_by, strict=True), 1):
        answer = Span(position, position + len(quote.text))
        citation = cite(number, quote, answer, page, marks=_marked(quote, marks), speaker=speaker)
        citations.append(citation)
        part = f"{quote.text} [{number}]"
        parts.append(part)
        position += len(part) + len(_BETWEEN)
    return Written(_BETWEEN.join(parts), tuple(citations))


_BETWEEN = "\n\n"


def _marked(quote: Quote, marks: Callable[[str, Sequence[EventDate], int], Sequence[Span]]) -> tuple[Span, ...]:
    found: list[Span] = []
    for sentence in (quote.evidence.sentence, quote.dated):
        if sentence is not None:
            start = sentence.span.start
            said = marks(sentence.text, sentence.event_dates, start)
            found += [Span(start + mark.start, start + mark.end) for mark in said]
    return tuple(sorted(found, key=lambda mark: mark.start))


def pages_of(quotes: Sequence[Quote], library: Library) -> list[Page | None]:
    """The pages that quotes begin on."""
    return library.catalog.pages_at([(quote.evidence.sentence.document_id, quote.span.start) for quote in quotes])


def cite(
    number: int,
    quote: Quote,
    answer: Span,
    page: Page | None,
    *,
    marks: tuple[Span, ...] = (),
    speaker: str | None = None,
) -> Citation:
    """The citation of a quote.

    Args:
        answer: the words of the answer that it supports, in code points of the answer's text.
        page: the page that it begins on.
        marks: what to show bold, in code points of the document.
    """
    evidence = quote.evidence
    retrieved = evidence.retrieved
    document = retrieved.document
    dates = [date for sentence in quote.sentences for date in sentence.event_dates]
    return Citation(
        id=number,
        document_id=document.id,
        title=document.title,
        source=document.source or document.author,
        published=document.published.value if document.published else None,
        quote=quote.text,
        span=quote.span,
        answer=answer,
        status="verbatim",
        score=evidence.score,
        page=page.number if page is not None else None,
        locator=page.locator if page is not None else None,
        event_dates=tuple(date.iso for date in dates),
        event_texts=tuple(date.text for date in dates),
        speaker=speaker,
        url=document.url,
        passage=retrieved.core if retrieved.core.contains(quote.span) else retrieved.passage.span,
        marks=marks,
    )


def check_citations(citations: Sequence[Citation], library: Library) -> None:
    """Raises MisquoteError unless each document says at the span, word for word, what the citation quotes."""
    texts = library.catalog.cut([(citation.document_id, citation.span) for citation in citations])
    for citation, said in zip(citations, texts, strict=True):
        if said != citation.quote or not said:
            raise MisquoteError(
                f"document {citation.document_id} says {said!r} at {citation.span}, "
                f"the citation quotes {citation.quote!r}"
            )
