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

from assistant.actors import asked_actor, prefer_actor
from assistant.answer import Answer, Citation, NearPassage, Step, Trace, Turn
from assistant.breadth import (
    MOST_QUOTES,
    Breadth,
    breadth_of,
    choose_events,
    choose_many,
    other_wording,
    statements_of_many,
    topic_of,
)
from assistant.calibration import Calibration, sigmoid
from assistant.compound import named_together, parts_of, said_missing
from assistant.disagreements import Difference, events_counted, find_difference, lead, name_sides
from assistant.entailment import Entailment
from assistant.evidence import Evidence, Found, find_evidence
from assistant.generative import Due, Phrased, Phrasing, Shown, choose_for_llm, whole_question
from assistant.llm import LanguageModel, LlmError
from assistant.order import Ordered, in_order
from assistant.question import StandAlone, stand_alone
from assistant.reader import Reader, ReaderError
from assistant.refusal import Hidden, hidden_by, nearest_of, reason_of, without_hints
from assistant.speakers import asked_speaker, prefer_speaker, speakers_of
from assistant.timeline import DATES_READ, MOST_EVENTS, Timeline, build_timeline, events_of_time, events_within
from assistant.values import asked_kind, marks
from assistant.verbatim import MOST_QUOTES as MOST_OF_ONE
from assistant.verbatim import Quote, check_citations, choose_quotes, quote_sides, repeats, write
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
    passages: tuple[RetrievedPassage, ...]
    """Best first."""
    evidence: tuple[Evidence, ...] = ()
    """Best first."""
    quotes: tuple[Quote, ...] = ()
    """Those of ``citations``."""
    difference: Difference | None = None
    due: tuple[Quote, ...] = ()
    """Those of ``quotes`` that an answer holds in any words: the sides of the difference, the best one of each part."""
    missing: str = ""
    """That some of those whom the question asks about are not answered for; empty where all are."""
    failure: str = ""
    """Why the LLM could not make the question whole; empty where it did not fail."""

    @property
    def answered(self) -> bool:
        return self.answer.answered

    @property
    def confidence(self) -> float:
        return self.answer.confidence


@dataclass(frozen=True, slots=True)
class _Parts:
    """What answers a question that is several."""

    evidence: tuple[Evidence, ...]
    """Of the parts that are answered, best first."""
    quotes: tuple[Quote, ...]
    """In the order of the parts."""
    best: tuple[Quote, ...]
    """The first quote of each part, where it is another's than that of an earlier one."""
    confidence: float
    """Of the part that is least sure of those that are answered."""
    missing: tuple[str, ...]
    """Whom the documents give no answer for."""
    step: Step


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked for and found, before an answer is chosen."""

    question: StandAlone
    window: Window | None
    """The time that the question asks about."""
    retrieved: tuple[RetrievedPassage, ...]
    """As the search ranks them, best first."""
    found: Found
    timings_ms: Mapping[str, float]


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
        difference = draft.difference
        phrasing = Phrasing(
            draft.answer.standalone_question,
            choose_for_llm(draft.evidence, draft.quotes, self._library),
            llm,
            self._library,
            due=Due(all_of=draft.due, one_of=draft.quotes),
            entailment=self._entailment,
        )
        shown: list[Shown] = []
        with closing(iter(phrasing)) as sentences:
            for sentence in sentences:
                shown.append(sentence)
                yield Event("delta", {"text": sentence.text})
        text, citations = "".join(item.text for item in shown), tuple(item.citation for item in shown)
        answer = draft.answer
        if shown and difference is not None:
            told = f"\n\n{lead(difference, phrasing.numbers_of(draft.due))}"
            yield Event("delta", {"text": told})
            answer = replace(answer, disagreements=(name_sides(difference, citations),))
            text += told
        if shown and draft.missing:
            told = f"\n\n{draft.missing}"
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
        calibration = self._calibrations["reader" if self._reader is not None else "plain"]
        confidence = _confidence(looked.found, calibration)
        reworded = None
        if confidence < calibration.threshold:
            reworded = self._reworded(question, asked, filters, calibration)
            looked, confidence = reworded or (looked, confidence)
        found, window = looked.found, looked.window
        timings: dict[str, float] = dict(looked.timings_ms)
        ordered = in_order(found.evidence, window) if window is not None and window.order is not None else None
        evidence = ordered.evidence if ordered is not None else found.evidence
        spoken = prefer_speaker(looked.question.text, evidence)
        evidence = spoken if spoken is not None else evidence
        acted = prefer_actor(looked.question.text, evidence)
        evidence = acted if acted is not None else evidence
        breadth = breadth_of(question)
        difference = None
        counted: tuple[str, ...] = ()
        events = self._events_of_time(looked, breadth, filters)
        ranked = found.passages
        parts = None if events else self._parts(looked, filters, calibration)
        if parts is not None:
            evidence, quotes, confidence = parts.evidence, list(parts.quotes), parts.confidence
            ranked = _with_those_of([quote.evidence for quote in quotes], ranked)
            ordered = spoken = acted = breadth = None
        elif events:
            evidence = tuple(events)
            ranked = _with_those_of(events, ranked)
            quotes = choose_events(events, self._library)
            confidence = max(confidence, DATES_READ)
        elif breadth is not None:
            quotes = self._broad(looked, breadth, evidence, filters)
        else:
            quotes = choose_quotes(evidence, self._library, when=asked_kind(question) == "date")
            if ordered is None:  # "last" or "first" already says which of the values is asked for
                compared = (looked.question.text, found.evidence, looked.retrieved, self._library)
                difference, counted = find_difference(*compared), events_counted(*compared)
            if difference is not None:
                quotes = quote_sides([side.evidence[0] for side in difference.sides], quotes, self._library)
        missing = said_missing(parts.missing) if parts is not None else ""
        due = quotes[: len(difference.sides)] if difference is not None else parts.best if parts is not None else ()
        opening = lead(difference) if difference is not None else missing
        speakers = speakers_of([quote.evidence.sentence for quote in quotes], self._library)
        written = write(quotes, self._library, lead=opening, marks=marks(question), speakers=speakers)
        check_citations(written.citations, self._library)
        impossible = impossible_date(question)
        answered = bool(quotes) and confidence >= calibration.threshold and impossible is None
        hidden, reason, refusal = None, None, ""
        passages = tuple(_near(item) for item in ranked[:_SHOWN])
        if not answered:
            if impossible is None:  # else no filter is what hides an answer
                hidden = self._hidden(asked, window, filters, calibration)
            reason = reason_of(stats, filters, window=window, hidden=hidden, impossible=impossible)
            refusal = f"{reason} {nearest_of(passages)}".rstrip()
        trace = Trace(
            searched_documents=stats.documents,
            published_from=stats.published_from,
            published_to=stats.published_to,
            filters=filters,
            steps=(
                *_notes(filters, impossible, counted),
                *self._steps(found, window, difference, quotes, confidence, calibration.threshold),
                *([Step("speaker", {"words_of": asked_speaker(looked.question.text)})] if spoken is not None else []),
                *([Step("actor", {"deeds_of": asked_actor(looked.question.text)})] if acted is not None else []),
                *([Step("wording", {"asked_as": looked.question.question})] if reworded is not None else []),
                *([parts.step] if parts is not None else []),
                *_readings(ordered, breadth, events, hidden),
            ),
        )
        timings["total"] = _milliseconds(started)
        self._warm = True
        answer = Answer(
            id=uuid.uuid4().hex,
            question=question,
            standalone_question=asked.text,
            answered=answered,
            reason=reason,
            confidence=confidence,
            answerer="verbatim",
            text=written.text if answered else refusal,
            citations=written.citations if answered else (),
            passages=passages,
            trace=trace,
            disagreements=(name_sides(difference, written.citations),) if difference is not None and answered else (),
            timings_ms=timings,
        )
        return Draft(
            answer,
            written.citations,
            ranked,
            evidence=tuple(evidence),
            quotes=tuple(quotes),
            difference=difference,
            due=tuple(due),
            missing=missing,
            failure=failure,
        )

    def _reworded(
        self, question: str, asked: StandAlone, filters: Filters, calibration: Calibration
    ) -> tuple[Looked, float] | None:
        """What is found for a question in the words of documents, and how sure; None where that is no answer either."""
        wording = other_wording(asked.question, has_topic=bool(asked.topic))
        if wording is None:
            return None
        looked = self._look(question, StandAlone(wording.question, asked.topic), filters)
        confidence = _confidence(looked.found, calibration)
        if confidence < calibration.threshold:
            return None
        if wording.of_many:
            told = statements_of_many(looked.found.evidence, self._library)
            if not told:
                return None
            looked = replace(looked, found=replace(looked.found, evidence=tuple(told)))
        return looked, confidence

    def _parts(self, looked: Looked, filters: Filters, calibration: Calibration) -> _Parts | None:
        """What answers each of several questions in one.

        None where the question is one, where the best sentence names all whom it asks about in one breath, and where no
        part is answered.
        """
        asked, whole = looked.question, looked.found.evidence
        parts = parts_of(asked.question)
        if not parts or (whole and named_together(parts, whole[0].sentence.text)):
            return None
        weighed: list[tuple[Evidence, ...]] = []
        quotes: list[Quote] = []
        best: list[Quote] = []
        sure: list[float] = []
        missing: list[str] = []
        told: list[dict[str, Any]] = []
        for part in parts:
            found = self._look(part.question, StandAlone(part.question, asked.topic), filters).found
            confidence = _confidence(found, calibration)
            told.append({"question": part.question, "confidence": round(confidence, 4)})
            if confidence < calibration.threshold:
                missing.append(part.name)
                continue
            sure.append(confidence)
            evidence = prefer_speaker(part.question, found.evidence) or found.evidence
            weighed.append(prefer_actor(part.question, evidence) or evidence)
        for evidence in weighed:
            most = min(MOST_QUOTES // len(weighed) or 1, MOST_OF_ONE)
            for rank, quote in enumerate(choose_quotes(evidence, self._library, most=most)):
                if not any(repeats(quote.evidence, quote.span, known) for known in quotes):
                    quotes.append(quote)
                    best += [quote] if rank == 0 else []
        if not sure:
            return None
        together = sorted((item for evidence in weighed for item in evidence), key=lambda item: -item.logit)
        return _Parts(
            tuple(together), tuple(quotes), tuple(best), min(sure), tuple(missing), Step("parts", {"parts": told})
        )

    def _events_of_time(self, looked: Looked, breadth: Breadth | None, filters: Filters) -> list[Evidence]:
        """The events that answer a question for nothing but what happened in a time; empty for any other question."""
        window = looked.window
        if breadth is None or breadth.arrangement != "time" or window is None or not window.bounded:
            return []
        if topic_of(looked.question.text, breadth, window):
            return []
        return events_of_time(window, self._library, self._calibrations, filters=filters)

    def _broad(self, looked: Looked, breadth: Breadth, evidence: Sequence[Evidence], filters: Filters) -> list[Quote]:
        """The quotes for a broad question: the events of the time that it names, else what answers it best."""
        window = looked.window
        if breadth.arrangement == "time" and window is not None and window.bounded:
            topic = topic_of(looked.question.text, breadth, window)
            events = events_within(topic, window, self._library, self._calibrations, filters=filters) if topic else []
            if events:
                return choose_events(events, self._library)
        return choose_many(evidence, self._library, breadth, window=window)

    def _hidden(
        self, question: StandAlone, window: Window | None, filters: Filters, calibration: Calibration
    ) -> Hidden | None:
        """The document that would answer if the filters did not hide it; asked only where there are such filters."""
        wider = without_hints(filters)
        if wider is None:
            return None
        retrieved = self._library.search(question.text, limit=_RETRIEVED, filters=wider)
        found = self._found(question, retrieved, window)
        if not found.evidence or _confidence(found, calibration) < calibration.threshold:
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
        found = self._found(asked, retrieved, window)
        timings = {"search": (searched - started) * 1000, "evidence": _milliseconds(searched)}
        return Looked(asked, window, tuple(retrieved), found, timings)

    def _found(self, question: StandAlone, retrieved: Sequence[RetrievedPassage], window: Window | None) -> Found:
        """The weighed evidence, without the reader from when on it could not be loaded."""
        try:
            return find_evidence(question, retrieved, self._library, self._reader, self._calibrations, window)
        except ReaderError as error:
            log.error("answers are given without the reader: %s", error)
            self._reader = None
            self._notes = (*self._notes, f"answers are given without the reader: {error}")
            return find_evidence(question, retrieved, self._library, None, self._calibrations, window)

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

    def _steps(
        self,
        found: Found,
        window: Window | None,
        difference: Difference | None,
        quotes: Sequence[Quote],
        confidence: float,
        threshold: float,
    ) -> tuple[Step, ...]:
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
        steps.append(
            Step("decide", {"confidence": round(confidence, 4), "threshold": threshold, "quotes": len(quotes)})
        )
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


def _with_those_of(evidence: Sequence[Evidence], passages: Sequence[RetrievedPassage]) -> tuple[RetrievedPassage, ...]:
    """The stretches that some evidence stands in, and then those of ``passages`` that lie apart from them."""
    chosen: list[RetrievedPassage] = []
    for item in [*(one.retrieved for one in evidence), *passages]:
        if not any(_share_text(item, other) for other in chosen):
            chosen.append(item)
    return tuple(chosen)


def _share_text(one: RetrievedPassage, other: RetrievedPassage) -> bool:
    return one.document.id == other.document.id and one.passage.span.overlaps(other.passage.span)


def _readings(
    ordered: Ordered | None, breadth: Breadth | None, events: Sequence[Evidence], hidden: Hidden | None
) -> Iterator[Step]:
    if ordered is not None:
        yield Step("order", ordered.reading)
    if breadth is not None:
        found = {"events": len(events)} if events else {}
        yield Step("broad", {"words": breadth.words, "arrangement": breadth.arrangement, **found})
    if hidden is not None:
        yield Step("hidden", hidden.to_dict())


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1000
