"""A document cut into sentences, and sentences packed into passages. Offsets are exact by construction.

Sentence boundaries come from ``sentencex`` (Wikimedia's rule-based segmenter for some 240 languages). It is asked block
by block, so that a heading, a list item or a table row never runs into its neighbour.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus.document import Document, Sentence, SentenceKind, Span
from corpus.language import language_of

_LIST_MARKER = re.compile(r"[-*•‣–—]\s+|\(?\d{1,3}[.)]\s+|\(?[a-z][.)]\s+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_WRAPPED_WIDTH = range(45, 101)
"""Widths, in characters, at which plain text is commonly hard-wrapped."""
_MAY_BE_WRAPPED = frozenset({"text/plain", "message/rfc822"})
"""Media types whose line ends may be no more than those of a column; readers of the others write a block a line."""
_MIN_PARAGRAPH_SHARE = 0.5
"""A passage ends at a paragraph's end once it is at least this full."""


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """Whole sentences that go into one passage."""

    span: Span
    first_sentence: int
    last_sentence: int
    """Inclusive."""
    context: str
    """Title and headings above the passage; not part of the span."""


@dataclass(frozen=True, slots=True)
class _Block:
    span: Span
    kind: SentenceKind


def split_sentences(document: Document) -> list[Sentence]:
    """Every sentence, heading, list item and row of a document, in reading order.

    The spans do not overlap, hold no white space at their ends, and cover every other character of the text.
    """
    from sentencex import get_sentence_boundaries

    language = document.language or language_of(document.text) or "en"
    sentences: list[Sentence] = []

    def append(start: int, end: int, kind: SentenceKind) -> None:
        piece = document.text[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        if start < end:
            sentences.append(Sentence(document.id, len(sentences), Span(start, end), document.text[start:end], kind))

    for block in _blocks(document):
        text = block.span.of(document.text)
        if block.kind in ("heading", "row"):
            append(block.span.start, block.span.end, block.kind)
            continue
        # A soft wrap inside a block is a space to the segmenter; the length, and so the offsets, stay the same.
        start = 0
        for boundary in get_sentence_boundaries(language, text.replace("\n", " ")):
            end = start + len(boundary["text"])
            append(block.span.start + start, block.span.start + end, block.kind)
            start = end
        append(block.span.start + start, block.span.end, block.kind)
    return sentences


def pack_passages(
    document: Document, sentences: Sequence[Sentence], token_counts: Sequence[int], *, limit: int
) -> list[PassageSpan]:
    """Runs of whole sentences of at most ``limit`` tokens, context included; a longer sentence stands alone.

    A passage ends before a heading, and at a paragraph's end once it is half full.

    Args:
        token_counts: tokens of each sentence by the embedder's tokenizer, without special tokens.
        limit: tokens of a passage with its context, estimated at one token per four characters for the context.
    """
    passages: list[PassageSpan] = []
    headings: list[tuple[int, str]] = []
    levels = {heading.span.start: heading.level for heading in document.headings}
    run: list[int] = []
    used = 0

    def context() -> str:
        parts = [document.title, *(text for _, text in headings)]
        return " – ".join(dict.fromkeys(part for part in parts if part))

    def close() -> None:
        nonlocal used
        if run:
            span = Span(sentences[run[0]].span.start, sentences[run[-1]].span.end)
            passages.append(PassageSpan(span, run[0], run[-1], context()))
        run.clear()
        used = 0

    for index, sentence in enumerate(sentences):
        if sentence.kind == "heading":
            if any(sentences[position].kind != "heading" for position in run):
                close()
            level = levels.get(sentence.span.start, 6)
            if not run:
                while headings and headings[-1][0] >= level:
                    headings.pop()
            if sentence.text.lstrip("# ").strip() != document.title:
                headings.append((level, sentence.text))
        room = limit - len(context()) // 4
        if run and used + token_counts[index] > room:
            close()
        elif run and _paragraph_ends(document.text, sentences[run[-1]].span.end, sentence.span.start):
            only_headings = all(sentences[position].kind == "heading" for position in run)
            if used >= room * _MIN_PARAGRAPH_SHARE and not only_headings:
                close()
        run.append(index)
        used += token_counts[index]
    close()
    return passages


def _paragraph_ends(text: str, end: int, start: int) -> bool:
    return "\n" in text[end:start]


def _blocks(document: Document) -> Iterator[_Block]:
    """Paragraphs, headings, list items and rows: what no sentence runs across."""
    text = document.text
    headings = {heading.span.start: heading.span.end for heading in document.headings}
    rows = {page.span.start for page in document.pages if page.kind == "row"}
    wrapped = document.media_type in _MAY_BE_WRAPPED and _is_hard_wrapped(text)
    for paragraph in _paragraphs(text, sorted(headings.items())):
        if paragraph.start in headings:
            yield _Block(paragraph, "heading")
            continue
        start = paragraph.start
        kind: SentenceKind = "sentence"
        lines = list(_lines(text, paragraph))
        for number, line in enumerate(lines):
            content = line.of(text)
            stripped = content.lstrip()
            before = lines[number - 1]
            goes_on = wrapped and not {before.start, line.start} & rows and _continues(before.of(text), stripped)
            if number and not goes_on:
                yield _Block(Span(start, lines[number - 1].end), kind)
                start, kind = line.start, "sentence"
            if start == line.start:
                if line.start in rows:
                    kind = "row"
                elif _LIST_MARKER.match(stripped):
                    kind = "item"
        yield _Block(Span(start, paragraph.end), kind)


def _paragraphs(text: str, headings: Sequence[tuple[int, int]]) -> Iterator[Span]:
    cuts = {0, len(text)}
    cuts.update(match.end() for match in _BLANK_LINE.finditer(text))
    for start, end in headings:
        cuts.update((start, end))
    ordered = sorted(cuts)
    for start, end in itertools.pairwise(ordered):
        if text[start:end].strip():
            yield Span(start, end)


def _lines(text: str, span: Span) -> Iterator[Span]:
    start = span.start
    while start < span.end:
        newline = text.find("\n", start, span.end)
        end = span.end if newline < 0 else newline
        if text[start:end].strip():
            yield Span(start, end)
        start = end + 1


def _is_hard_wrapped(text: str) -> bool:
    """Whether lines end because a column was reached, as in mail and old plain text, not because a thought did."""
    lines = [len(line.rstrip()) for line in text.split("\n") if line.strip()]
    if len(lines) < 3 or max(lines) not in _WRAPPED_WIDTH:
        return False
    return statistics.median(lines) >= 0.75 * max(lines)


def _continues(previous: str, line: str) -> bool:
    """Whether a line of hard-wrapped text goes on with the sentence of the line before it."""
    return not _LIST_MARKER.match(line) and len(previous.rstrip()) >= _WRAPPED_WIDTH.start - 5
