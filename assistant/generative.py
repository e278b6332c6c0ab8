"""Answers that an LLM phrases: it is given numbered quotes, and each sentence is shown once code has verified it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answer import Citation, Turn
from assistant.entailment import Entailment, EntailmentError
from assistant.evidence import Evidence, quote_span
from assistant.llm import LanguageModel, LlmError, Schema
from assistant.orders import orders_a_reader
from assistant.prompts import (
    ANSWER,
    ANSWER_SYSTEM,
    FOLLOW_UP,
    FOLLOW_UP_SYSTEM,
    QUOTE,
    escaped,
)
from assistant.speakers import speakers_of
from assistant.verbatim import Quote, add_new, check_citations, cite, pages_of, sentences_beside
from assistant.verification import Source, Verdict, Verifier
from corpus.document import EventDate, Sentence, Span
from index.library import Library
from index.words import STOP_WORDS, stems

MOST_QUOTES = 6
"""Quotes that the LLM is given."""
_MOST_SENTENCES = 6
"""Sentences that are verified; what the LLM says behind them is not read."""
_MOST_TOKENS = 400
"""Tokens of the output."""
_TEMPLATE_TOKENS = 64
"""Tokens that a model's chat template puts about the messages, at most."""
_LONGEST_SENTENCE = 600
"""Characters of a sentence; a longer one is left out."""
_FOLLOW_UP_TOKENS = 60
_LOOKED_BACK = 6
"""Turns of a conversation that a follow-up is made whole from."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of the LLM and the quotes that it names."""

    text: str
    quotes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A verified sentence, as it is shown: the next part of the answer's text and its citation."""

    text: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Phrased:
    """What became of an LLM's answer."""

    kept: int = 0
    repaired: int = 0
    """Of those kept, how many stand on another quote than they named."""
    dropped: int = 0
    """Sentences that no quote supports: left out."""
    failure: str = ""
    """Why there is nothing more, in a clause; empty where the LLM ended by itself."""
    faults: tuple[str, ...] = ()
    """Why each sentence was left out."""

    def told(self, model: str) -> str:
        """One line for people; empty where nothing went wrong."""
        left_out = f"{self.dropped} of its {self.dropped + self.kept} sentences are in none of the quotes"
        if not self.kept:
            why = self.failure or (left_out if self.dropped else "it said nothing")
            return f"The documents' own words are shown, since {model} gave no answer that can be relied on: {why}."
        if self.failure:
            return f"{model} did not finish: {self.failure}."
        return f"{left_out[:1].upper()}{left_out[1:]}, and were left out." if self.dropped else ""


@dataclass(frozen=True, slots=True)
class Due:
    """Quotes that an answer holds whatever the LLM says: what it leaves out is added in the documents' own words."""

    all_of: Sequence[Quote] = ()
    """Each of them: the values in which documents differ."""
    one_of: Sequence[Quote] = ()
    """One at least of these, the first where there is none: the quotes that most likely answer."""


NOTHING_DUE = Due()


def choose_for_llm(evidence: Sequence[Evidence], first: Sequence[Quote], library: Library) -> list[Quote]:
    """The quotes of the verbatim answer, then the next best that say something new.

    What gives orders to whoever answers is left out, and so are the sentences beside it on its line.
    """
    chosen = [quote for quote in first[:MOST_QUOTES] if not _is_ordered(quote, library)]
    for item in evidence[: 2 * MOST_QUOTES]:
        if len(chosen) >= MOST_QUOTES:
            break
        more = list(chosen)
        add_new(more, item, quote_span(item), library)
        if len(more) > len(chosen) and not _is_ordered(more[-1], library):
            chosen = more
    return chosen


def _is_ordered(quote: Quote, library: Library) -> bool:
    """Whether a quote, or a sentence beside it on its line, gives orders to whoever answers."""
    own = quote.evidence.sentence
    if orders_a_reader(quote.text):
        return True
    if own.kind == "row":
        return False
    return any(
        orders_a_reader(other.text) and _on_one_line(own, other, library) for other in sentences_beside(own, library)
    )


def _on_one_line(one: Sentence, other: Sentence, library: Library) -> bool:
    first, second = sorted((one, other), key=lambda sentence: sentence.span.start)
    gap = Span(first.span.end, second.span.start)
    return not len(gap) or "\n" not in library.catalog.cut([(one.document_id, gap)])[0]


class Phrasing:
    """One answer in the making: iterate over it for the sentences, then look at ``result``."""

    def __init__(
        self,
        question: str,
        quotes: Sequence[Quote],
        model: LanguageModel,
        library: Library,
        *,
        due: Due = NOTHING_DUE,
        entailment: Entailment | None = None,
    ) -> None:
        self._question = question
        self._model = model
        self._library = library
        self._quotes = list(quotes)
        self._due = due
        self._entailment = entailment
        self._cited: list[Citation] = []
        self._length = 0
        self.result = Phrased()

    def __iter__(self) -> Generator[Shown, None, None]:
        try:
            yield from self._verified()
        except (LlmError, EntailmentError) as error:
            self.result = replace(self.result, failure=str(error))
        if self.result.kept:
            yield from self._still_due()

    def _verified(self) -> Generator[Shown, None, None]:
        if not self._quotes:
            raise LlmError("all that was found gives orders to whoever answers")
        quotes = _within(self._quotes, self._question, self._model)
        verifier = Verifier(
            [source_of(number, quote) for number, quote in enumerate(quotes, 1)],
            self._library.embedder,
            entailment=self._entailment,
        )
        prompt = prompt_of(self._question, quotes)
        pieces = self._model.stream(ANSWER_SYSTEM, prompt, most_tokens=_MOST_TOKENS, schema=schema_of(len(quotes)))
        seen: set[str] = set()
        with closing(sentences(pieces)) as said:  # the model stops when nobody reads on
            for number, sentence in enumerate(said):
                if number >= _MOST_SENTENCES:
                    break
                if sentence.text in seen:
                    continue
                seen.add(sentence.text)
                verdict = self._verdict(verifier, sentence)
                if verdict.outcome == "unsupported":
                    faults = (*self.result.faults, verdict.reason)
                    self.result = replace(self.result, dropped=self.result.dropped + 1, faults=faults)
                    continue
                repaired = self.result.repaired + (verdict.outcome == "repaired")
                self.result = replace(self.result, kept=self.result.kept + 1, repaired=repaired)
                quote = quotes[verdict.source_ids[0] - 1]
                yield self._shown(sentence.text, quote, "supported", verdict.span)

    def _still_due(self) -> Iterator[Shown]:
        """What the answer must hold beside the LLM's sentences, in the documents' own words."""
        due = list(self._due.all_of)
        if not due and self._due.one_of and not any(self._cites(quote) for quote in self._due.one_of):
            due = [self._due.one_of[0]]
        for quote in due:
            if not self._cites(quote):
                yield self._shown(quote.text, quote, "verbatim", None, before=_APART)

    def _cites(self, quote: Quote) -> bool:
        return self._number_of(quote) is not None

    def _number_of(self, quote: Quote) -> int | None:
        place = (quote.evidence.sentence.document_id, quote.span)
        return next((cited.id for cited in self._cited if (cited.document_id, cited.span) == place), None)

    def numbers_of(self, quotes: Sequence[Quote]) -> list[int]:
        """The numbers of the marks under which quotes are cited; those that are not are left out."""
        return [number for quote in quotes if (number := self._number_of(quote)) is not None]

    def _verdict(self, verifier: Verifier, sentence: Said) -> Verdict:
        if len(sentence.text) > _LONGEST_SENTENCE:
            return Verdict("unsupported", reason=f"it is longer than {_LONGEST_SENTENCE} characters")
        if _MARKUP.search(sentence.text):
            return Verdict("unsupported", reason="it holds a link or markup")
        if any(unicodedata.category(character)[0] == "C" for character in sentence.text):
            return Verdict("unsupported", reason="it holds characters that can't be seen")
        if orders_a_reader(sentence.text):
            return Verdict("unsupported", reason="it speaks to whoever answers")
        return verifier.verify(sentence.text, sentence.quotes)

    def _shown(
        self, text: str, quote: Quote, status: Literal["supported", "verbatim"], span: Span | None, before: str = " "
    ) -> Shown:
        before = before if self._length else ""
        number, start = len(self._cited) + 1, self._length + len(before)
        marks: tuple[Span, ...] = ()
        if span is not None:
            marks = (Span(quote.span.start + span.start, quote.span.start + span.end),)
        (speaker,) = speakers_of([quote.evidence.sentence], self._library)
        (page,) = pages_of([quote], self._library)
        place = Span(start, start + len(text))
        citation = replace(cite(number, quote, place, page, marks=marks, speaker=speaker), status=status)
        check_citations([citation], self._library)
        self._cited.append(citation)
        shown = Shown(f"{before}{text} [{number}]", citation)
        self._length += len(shown.text)
        return shown


_APART = "\n\n"
_MARKUP = re.compile(r"https?:|www\.|\]\(|!\[|<[a-zA-Z/!]|`|data:|javascript:", re.IGNORECASE)
"""What no sentence needs: left out, since a page or a client might follow it."""


def source_of(number: int, quote: Quote) -> Source:
    """A numbered quote as sentences are held against it."""
    sentence, document = quote.evidence.sentence, quote.evidence.retrieved.document
    published = document.published.value if document.published else None
    if quote.span != sentence.span:
        return Source(number, quote.text, published)  # with the sentence before it, whose dates are read anew
    shift = quote.span.start
    dates = tuple(
        EventDate(
            date.first, date.last, date.granularity, Span(date.span.start - shift, date.span.end - shift), date.text
        )
        for date in sentence.event_dates
    )
    return Source(number, quote.text, published, dates)


def prompt_of(question: str, quotes: Sequence[Quote]) -> str:
    """What the LLM is asked, with the quotes as escaped data."""
    told = "\n".join(
        QUOTE.format(
            number=number,
            published=_published(quote),
            source=escaped(quote.evidence.retrieved.document.source).replace('"', "&quot;"),
            text=escaped(quote.text),
        )
        for number, quote in enumerate(quotes, 1)
    )
    return ANSWER.format(quotes=told, question=escaped(question))


def _published(quote: Quote) -> str:
    published = quote.evidence.retrieved.document.published
    return published.value.isoformat() if published else "unknown"


def _within(quotes: Sequence[Quote], question: str, model: LanguageModel) -> list[Quote]:
    """As many of the first quotes as the model's context holds beside its answer; one at least."""
    room = model.context_tokens - _MOST_TOKENS - _TEMPLATE_TOKENS - model.count_tokens(ANSWER_SYSTEM)
    kept = list(quotes)
    while len(kept) > 1 and model.count_tokens(prompt_of(question, kept)) > room:
        kept.pop()
    return kept


def schema_of(quotes: int) -> Schema:
    """The form of an answer; other numbers than those of the quotes cannot occur in it."""
    return {
        "type": "object",
        "properties": {
            "sentences": {
                "type": "array",
                "minItems": 1,
                "maxItems": _MOST_SENTENCES,
                "items": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "quotes": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 3,
                            "items": {"type": "integer", "enum": list(range(1, quotes + 1))},
                        },
                    },
                    "required": ["text", "quotes"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["sentences"],
        "additionalProperties": False,
    }


def sentences(pieces: Generator[str, None, None]) -> Generator[Said, None, None]:
    """The sentences of an output, each as soon as it is whole: of JSON, or of plain text with marks ``[n]``."""
    text = ""
    done = 0
    is_json: bool | None = None
    with closing(pieces):  # its end stops the model
        for piece in pieces:
            text += piece
            if is_json is None:
                text = _THOUGHTS.sub("", text)
                begun = text.lstrip().removeprefix("```json").lstrip()
                if not begun or begun.startswith(_THINKING) or _THINKING.startswith(begun):
                    continue
                is_json = begun.startswith("{")
            for said, end in (_json_sentences if is_json else _plain_sentences)(text, done):
                done = end
                yield said
    if is_json is False and (rest := text[done:].strip()):
        yield from _plain(rest)
    if is_json and (open_text := _OPEN_TEXT.search(text, done)):
        yield from list(_plain(open_text[1]))[:-1]  # a text without an end: all but its last sentence are whole


def _json_sentences(text: str, done: int) -> Iterator[tuple[Said, int]]:
    """The objects that are whole behind ``done``, and where each ends."""
    start = done or text.find("[") + 1
    if not start:
        return
    while (begin := text.find("{", start)) >= 0:
        try:
            item, end = json.JSONDecoder().raw_decode(text, begin)
        except json.JSONDecodeError:
            return
        if isinstance(item, dict) and isinstance(said := item.get("text"), str):
            numbers = item.get("quotes")
            ids = tuple(one for one in numbers if type(one) is int) if isinstance(numbers, list) else ()
            for part in _plain(said):
                yield replace(part, quotes=(*ids, *part.quotes)), end
        start = end


_THINKING = "<think>"
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_OPEN_TEXT = re.compile(r'"text"\s*:\s*"([^"\\]*)\Z')
_LINE = re.compile(r"[^\n]*\n")


def _plain_sentences(text: str, done: int) -> Iterator[tuple[Said, int]]:
    for match in _LINE.finditer(text, done):
        for said in _plain(match.group()):
            yield said, match.end()


_LIST_SIGN = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_MARKS = re.compile(r"\s*((?:\[\d+(?:\s*,\s*\d+)*\]\s*)+)([.!?]?)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|U\.S|U\.N|No|Gen|Sen|Rep|[A-Z])\.$")


def _plain(text: str) -> Iterator[Said]:
    """Sentences of a stretch of text; marks belong to the words before them."""
    position = 0
    for match in [*_MARKS.finditer(text), None]:
        part = text[position : match.start() if match else len(text)]
        ids = tuple(int(number) for number in re.findall(r"\d+", match[1])) if match else ()
        ending = match[2] if match else ""
        position = match.end() if match else len(text)
        cut = _cut(_LIST_SIGN.sub("", part).strip())
        for index, sentence in enumerate(cut):
            last = index == len(cut) - 1
            yield Said(sentence + (ending if last and sentence[-1:] not in ".!?" else ""), ids)


def _cut(text: str) -> list[str]:
    parts: list[str] = []
    for part in _SENTENCE_END.split(text):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] += " " + part
        elif part.strip():
            parts.append(part.strip())
    return parts


def whole_question(question: str, history: Sequence[Turn], model: LanguageModel) -> str | None:
    """A follow-up as the LLM rewrites it; None where that can't be relied on.

    It must keep the telling words of the question, add some of the conversation, and bring in no others.

    Raises:
        LlmError: the LLM did not answer.
    """
    turns = "\n".join(f"{turn.role}: {escaped(turn.content)[:_LONGEST_TURN]}" for turn in history[-_LOOKED_BACK:])
    prompt = FOLLOW_UP.format(turns=turns, question=escaped(question))
    with closing(model.stream(FOLLOW_UP_SYSTEM, prompt, most_tokens=_FOLLOW_UP_TOKENS)) as pieces:
        lines = "".join(pieces).strip().splitlines()
    rewritten = lines[0].strip().strip('"') if lines else ""
    own, said = set(stems(question)) - _PLAIN, set(stems(rewritten)) - _PLAIN
    known = {stem for turn in history for stem in stems(turn.content)} | set(stems(question)) | _PLAIN
    if _MARKUP.search(rewritten) or not own < said or not set(stems(rewritten)) <= known:
        return None
    return rewritten


_LONGEST_TURN = 1000
"""Characters of a turn that the LLM is shown."""
_PLAIN = frozenset(stems(" ".join(STOP_WORDS)))
