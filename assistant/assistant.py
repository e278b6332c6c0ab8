"""The Assistant: the only place that knows the order of the steps from a question to an answer."""

from __future__ import annotations

import datetime
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from assistant.answer import Answer, Citation, NearPassage, Step, Trace, Turn
from assistant.breadth import other_wordings, statements_of_many
from assistant.calibration import Calibration, sigmoid
from assistant.choosing import Chooser, Chosen, Looked
from assistant.disagreements import lead, name_sides
from assistant.entailment import Entailment
from assistant.evidence import Evidence, Found, find_evidence
from assistant.generative import Due, Phrased, Phrasing, Shown, choose_for_llm, whole_question
from assistant.llm import LanguageModel, LlmError
from assistant.question import StandAlone, is_small_talk, stand_alone
from assistant.reader import Reader, ReaderError
from assistant.refusal import NO_QUESTION, Hidden, hidden_by, nearest_of, reason_of, without_hints
from assistant.speakers import speakers_of
from assistant.timeline import MOST_EVENTS, Timeline, build_timeline
from assistant.values import marks
from assistant.verbatim import check_citations, write
from assistant.windows import Window, impossible_date, question_window
from corpus.filters import Filters
from index.library import Library, RetrievedPassage

log = logging.getLogger(__name__)

MOST_CHARACTERS = 10_000
_RETRIEVED = 10
"""Stretches that are looked for."""
_SHOWN = 5
"""Retrieved passages that an answer names."""
_EVENTS_NAMED = 3
"""Titles that the note on a count without an event names at most."""

_PIECES = re.compile(r".+?(?:\n{2,}|\Z)", re.DOTALL)
"""A quote with its mark: what a stream sends at once."""

Answerer = Literal["verbatim", "llm"]
EventType = Literal["trace", "delta", "citations", "done"]


class QuestionError(ValueError):
    """A question that cannot be asked; the message says why."""


class NoLlmError(QuestionError):
    """An answer was asked of an LLM where none is named."""


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of a streamed answer.

    ``trace``: what was searched; ``delta``: the next part of the text under ``text``; ``citations``: all of them;
    ``done``: the whole answer under ``answer``. The deltas joined are ``Answer.text``.
    """

    type: EventType
    data: dict[str, Any]
    answer: Answer | None = None
    """Of ``done`` alone: the answer itself."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the assistant would quote, whether or not it dares."""

    answer: Answer
    citations: tuple[Citation, ...]
    """Of the quotes it would give, even where the answer abstains."""
    chosen: Chosen
    failure: str = ""
    """Why the LLM could not make the question whole; empty where it did not fail."""

    @property
    def passages(self) -> tuple[RetrievedPassage, ...]:
        """Best first."""
        return self.chosen.passages

    @property
    def answered(self) -> bool:
        return self.answer.answered

    @property
    def confidence(self) -> float:
        return self.answer.confidence


class Assistant:
    """Answers questions from a library. Threads may share it."""

    def __init__(
        self,
        library: Library,
        reader: Reader | None,
        calibrations: Mapping[str, Calibration],
        *,
        llm: LanguageModel | None = None,
        entailment: Entailment | None = None,
        most_characters: int = MOST_CHARACTERS,
        notes: Sequence[str] = (),
    ) -> None:
        """
        Args:
            reader: scores sentences; None to go without.
            calibrations: by way of scoring, ``plain`` and, for a reader, ``reader``.
            llm: phrases answers; None to give them in the documents' own words.
            entailment: says whether a quote means what a sentence of the LLM does; None to go by their words.
            most_characters: of a question.
            notes: what a user should know of how this assistant was set up, shown in every trace.
        """
        self._library = library
        self._reader = reader
        self._calibrations = calibrations
        self._llm = llm
        self._entailment = entailment
        self._most_characters = most_characters
        self._notes = tuple(notes)
        self._chooser = Chooser(library, calibrations, self._look)
        self._warm = False
        self._listeners: list[Callable[[Answer], None]] = []
        self._running = 0
        self._counting = threading.Lock()

    @property
    def warm(self) -> bool:
        """Whether a question was answered since the start, so that the models are loaded."""
        return self._warm

    @property
    def running(self) -> int:
        """How many questions are being answered."""
        return self._running

    def tell(self, listener: Callable[[Answer], None]) -> None:
        """Have a listener told of each answer that is given, in the thread that gives it."""
        self._listeners.append(listener)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        answerer: Answerer | None = None,
    ) -> Answer:
        """The answer, or the refusal, to a question.

        Args:
            answerer: None for the LLM where there is one.

        Raises:
            QuestionError: the question is empty or too long, the filters contradict each other, or there is no LLM.
        """
        events = self.stream(question, history=history, filters=filters, answerer=answerer)
        return next(event.answer for event in events if event.answer is not None)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        answerer: Answerer | None = None,
    ) -> Generator[Event, None, None]:
        """The same answer piece by piece, as the API sends it: an LLM's sentences as they are verified.

        Closing the generator stops the LLM.

        Raises:
            QuestionError: as for ``ask``; before the first piece.
        """
        llm = self._answering(answerer)
        with self._counted():
            draft = self._draft(question, history, filters, llm)
            yield Event("trace", draft.answer.trace.to_dict())
            answer = draft.answer
            if llm is not None and draft.answered:
                answer = yield from self._phrase(draft, llm)
            if answer.answerer == "verbatim":
                for piece in _PIECES.findall(answer.text):
                    yield Event("delta", {"text": piece})
            for listener in self._listeners:
                listener(answer)
            yield Event("citations", {"citations": [citation.to_dict() for citation in answer.citations]})
            yield Event("done", {"answer": answer.to_dict()}, answer)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._counting:
            self._running += 1
        try:
            yield
        finally:
            with self._counting:
                self._running -= 1

    def _phrase(self, draft: Draft, llm: LanguageModel) -> Generator[Event, None, Answer]:
        """The answer in the LLM's words, or where none of them are left in the documents', and why."""
        if draft.failure:
            return _told(draft.answer, Phrased(failure=draft.failure), llm.name, 0.0)
        started = time.perf_counter()
        chosen = draft.chosen
        phrasing = Phrasing(
            draft.answer.standalone_question,
            choose_for_llm(chosen.evidence, chosen.quotes, self._library),
            llm,
            self._library,
            due=Due(all_of=chosen.due, one_of=chosen.quotes),
            entailment=self._entailment,
        )
        shown: list[Shown] = []
        with closing(iter(phrasing)) as sentences:
            for sentence in sentences:
                shown.append(sentence)
                yield Event("delta", {"text": sentence.text})
        text, citations = "".join(item.text for item in shown), tuple(item.citation for item in shown)
        answer = draft.answer
        if shown and chosen.difference is not None:
            told = f"\n\n{lead(chosen.difference, phrasing.numbers_of(chosen.due))}"
            yield Event("delta", {"text": told})
            answer = replace(answer, disagreements=(name_sides(chosen.difference, citations),))
            text += told
        if shown and chosen.missing:
            told = f"\n\n{chosen.missing}"
            yield Event("delta", {"text": told})
            text += told
        if shown:
            answer = replace(answer, answerer=llm.name, text=text, citations=citations)
        return _told(answer, phrasing.result, llm.name, _milliseconds(started))

    @property
    def answerers(self) -> tuple[Answerer, ...]:
        """The ways that a question can be answered; the first is taken where none is asked for."""
        return ("llm", "verbatim") if self._llm is not None else ("verbatim",)

    def _answering(self, answerer: Answerer | None) -> LanguageModel | None:
        if answerer == "llm" and self._llm is None:
            raise NoLlmError("there is no LLM to answer: name one with DATELINE_LLM, or ask for 'verbatim'")
        return None if answerer == "verbatim" else self._llm

    def timeline(self, topic: str, *, filters: Filters | None = None, limit: int = MOST_EVENTS) -> Timeline:
        """The dated events of a topic, the earliest first.

        Args:
            limit: events at most; the most relevant are kept.

        Raises:
            QuestionError: the topic is empty or too long, or the filters contradict each other.
        """
        topic = self._checked(topic, "topic")
        return build_timeline(topic, self._library, self._calibrations, filters=_possible(filters), limit=limit)

    def draft(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Draft:
        """What would be answered, and what would be quoted even where the answer abstains.

        Raises:
            QuestionError: the question is empty or too long, or the filters contradict each other.
        """
        return self._draft(question, history, filters, None)

    def _draft(
        self, question: str, history: Sequence[Turn], filters: Filters | None, llm: LanguageModel | None
    ) -> Draft:
        started = time.perf_counter()
        question = self._checked(question)
        filters = _possible(filters)
        asked = stand_alone(question, history, most_characters=self._most_characters)
        failure = ""
        if llm is not None and asked.topic:
            try:
                asked = StandAlone(whole) if (whole := whole_question(question, history, llm)) else asked
            except LlmError as error:
                failure = str(error)
        stats = self._library.stats(filters)
        looked = self._look(question, asked, filters)
        if not looked.sure:
            looked = self._reworded(question, asked, filters) or looked
        chosen = self._chooser.choose(question, looked, filters)
        difference = chosen.difference
        written = write(
            chosen.quotes,
            self._library,
            lead=lead(difference) if difference is not None else chosen.missing,
            marks=marks(question),
            speakers=speakers_of([quote.evidence.sentence for quote in chosen.quotes], self._library),
        )
        check_citations(written.citations, self._library)
        impossible = impossible_date(question)
        threshold = self._calibration.threshold
        can_be = impossible is None and not is_small_talk(question)
        answered = bool(chosen.quotes) and chosen.confidence >= threshold and can_be
        hidden, reason, refusal = None, None, ""
        passages = () if is_small_talk(question) else tuple(_near(item) for item in chosen.passages[:_SHOWN])
        if not answered:
            if can_be:  # else no filter is what hides an answer
                hidden = self._hidden(asked, looked.window, filters)
            reason = reason_of(stats, filters, window=looked.window, hidden=hidden, impossible=impossible)
            reason = NO_QUESTION if is_small_talk(question) else reason
            refusal = f"{reason} {nearest_of(passages)}".rstrip()
        trace = Trace(
            searched_documents=stats.documents,
            published_from=stats.published_from,
            published_to=stats.published_to,
            filters=filters,
            steps=(
                *_notes(filters, impossible, chosen.counted),
                *self._steps(looked, chosen, threshold),
                *chosen.steps,
                *([Step("hidden", hidden.to_dict())] if hidden is not None else []),
            ),
        )
        timings = {**looked.timings_ms, "total": _milliseconds(started)}
        self._warm = True
        answer = Answer(
            id=uuid.uuid4().hex,
            question=question,
            standalone_question=asked.shown,
            answered=answered,
            reason=reason,
            confidence=chosen.confidence,
            answerer="verbatim",
            text=written.text if answered else refusal,
            citations=written.citations if answered else (),
            passages=passages,
            trace=trace,
            disagreements=(name_sides(difference, written.citations),) if difference is not None and answered else (),
            timings_ms=timings,
        )
        return Draft(answer, written.citations, chosen, failure)

    def _reworded(self, question: str, asked: StandAlone, filters: Filters) -> Looked | None:
        """What is found for a question in the words of documents; None where that is no answer either."""
        for wording in other_wordings(asked.question, has_topic=bool(asked.topic)):
            looked = self._look(question, StandAlone(wording.question, asked.topic), filters)
            found = looked.found
            if looked.sure and wording.of_many:
                found = replace(found, evidence=tuple(statements_of_many(found.evidence, self._library)))
            if looked.sure and found.evidence:
                return replace(looked, found=found, steps=(Step("wording", {"asked_as": wording.question}),))
        return None

    def _hidden(self, question: StandAlone, window: Window | None, filters: Filters) -> Hidden | None:
        """The document that would answer if the filters did not hide it; asked only where there are such filters."""
        wider = without_hints(filters)
        if wider is None:
            return None
        retrieved = self._library.search(question.text, limit=_RETRIEVED, filters=wider)
        found = self._found(question, retrieved, window)
        if not found.evidence or _confidence(found, self._calibration) < self._calibration.threshold:
            return None
        hidden = hidden_by(found.evidence[0].retrieved.document, filters)
        return hidden if hidden.filters else None

    def look(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Looked:
        """The evidence for a question, before anything is chosen or dared."""
        asked = stand_alone(question, history, most_characters=self._most_characters)
        return self._look(question, asked, filters or Filters())

    def _look(self, question: str, asked: StandAlone, filters: Filters) -> Looked:
        started = time.perf_counter()
        retrieved = self._library.search(asked.text, limit=_RETRIEVED, filters=filters)
        searched = time.perf_counter()
        today = filters.as_of or datetime.date.today()
        window = question_window(question, today) or question_window(asked.text, today)
        found = self._found(asked.weighed, retrieved, window)
        timings = {"search": (searched - started) * 1000, "evidence": _milliseconds(searched)}
        confidence = _confidence(found, self._calibration)
        return Looked(asked.weighed, window, tuple(retrieved), found, confidence, self._calibration.threshold, timings)

    def _found(self, question: StandAlone, retrieved: Sequence[RetrievedPassage], window: Window | None) -> Found:
        """The weighed evidence, without the reader from when on it could not be loaded."""
        try:
            return find_evidence(question, retrieved, self._library, self._reader, self._calibrations, window)
        except ReaderError as error:
            log.error("answers are given without the reader: %s", error)
            self._reader = None
            self._notes = (*self._notes, f"answers are given without the reader: {error}")
            return find_evidence(question, retrieved, self._library, None, self._calibrations, window)

    @property
    def _calibration(self) -> Calibration:
        return self._calibrations["reader" if self._reader is not None else "plain"]

    def _checked(self, question: str, noun: str = "question") -> str:
        question = question.strip()
        if not question:
            raise QuestionError(f"the {noun} is empty: ask something in words")
        if len(question) > self._most_characters:
            raise QuestionError(
                f"the {noun} has {len(question):,} characters, at most {self._most_characters:,} are read: "
                "shorten it, or add the text as a document and ask about it"
            )
        return question

    def _steps(self, looked: Looked, chosen: Chosen, threshold: float) -> tuple[Step, ...]:
        found, window, difference = looked.found, looked.window, chosen.difference
        steps = [Step("note", {"text": note}) for note in self._notes]
        if window is not None:
            steps.append(Step("time", window.to_dict()))
        steps.append(Step("search", {"passages": len(found.passages)}))
        steps.append(
            Step(
                "weigh",
                {
                    "sentences": len(found.evidence),
                    "read": found.read,
                    "reader": self._reader.name if self._reader is not None else None,
                    "best": [_weighed(item) for item in found.evidence[:5]],
                },
            )
        )
        if difference is not None:
            values = [side.value for side in difference.sides]
            steps.append(Step("compare", {"kind": difference.kind, "values": values}))
        decided = {"confidence": round(chosen.confidence, 4), "threshold": threshold, "quotes": len(chosen.quotes)}
        steps.append(Step("decide", decided))
        return tuple(steps)


def _told(answer: Answer, result: Phrased, model: str, milliseconds: float) -> Answer:
    """The answer with what became of the LLM's sentences in its trace."""
    detail = {
        "model": model,
        "kept": result.kept,
        "repaired": result.repaired,
        "dropped": result.dropped,
        "faults": list(result.faults),
    }
    steps = [*answer.trace.steps, Step("phrase", detail)]
    if told := result.told(model):
        steps.append(Step("note", {"text": told}))
    total = answer.timings_ms.get("total", 0.0) + milliseconds
    return replace(
        answer,
        trace=replace(answer.trace, steps=tuple(steps)),
        timings_ms={**answer.timings_ms, "llm": milliseconds, "total": total},
    )


def _confidence(found: Found, calibration: Calibration) -> float:
    if not found.evidence:
        return 0.0
    features = {name: _column(value) for name, value in found.confidence_features.items()}
    return float(sigmoid(calibration.confidence.logits(features))[0])


def _column(value: float) -> Any:
    import numpy as np

    return np.asarray([value])


def _weighed(item: Evidence) -> dict[str, Any]:
    return {
        "document_id": item.sentence.document_id,
        "span": {"start": item.sentence.span.start, "end": item.sentence.span.end},
        "score": round(item.score, 4),
        "reader": round(item.reader_logit, 3) if item.reader_logit is not None else None,
        **{name: round(value, 3) for name, value in item.features.items()},
    }


def _near(item: RetrievedPassage) -> NearPassage:
    return NearPassage(
        document_id=item.document.id,
        title=item.document.title,
        published=item.document.published.value if item.document.published else None,
        span=item.passage.span,
        focus=item.core,
        text=item.passage.text,
        score=max(0.0, min(1.0, item.score / 1.25)),
    )


def _possible(filters: Filters | None) -> Filters:
    filters = filters or Filters()
    if filters.contradiction is not None:
        raise QuestionError(filters.contradiction)
    return filters


def _notes(filters: Filters, impossible: str | None, counted: Sequence[str]) -> Iterator[Step]:
    if filters.as_of is not None and filters.as_of > datetime.date.today():
        yield Step("note", {"text": f"as_of {filters.as_of} lies in the future: it hides nothing that is here today"})
    if impossible is not None:
        yield Step("note", {"text": f"no calendar holds {impossible!r}"})
    if counted:
        told = "; ".join(f"“{title}”" for title in counted[:_EVENTS_NAMED])
        yield Step("note", {"text": f"The question names no event, and the documents count those of several: {told}."})


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1000
