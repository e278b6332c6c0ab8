"""The Assistant: the only place that knows the order of the steps from a question to an answer."""

from __future__ import annotations

import datetime
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.answer import Answer, Citation, NearPassage, Step, Trace, Turn
from assistant.calibration import Calibration, sigmoid
from assistant.evidence import Evidence, Found, find_evidence
from assistant.question import stand_alone
from assistant.reader import Reader
from assistant.timeline import MOST_EVENTS, Timeline, build_timeline
from assistant.values import marks
from assistant.verbatim import Quote, check_citation, choose_quotes, write
from assistant.windows import Window, question_window
from corpus.catalog import LibraryStats
from corpus.filters import Filters
from index.library import Library, RetrievedPassage

MOST_CHARACTERS = 10_000
_RETRIEVED = 10
"""Stretches that are looked for."""
_SHOWN = 5
"""Retrieved passages that an answer names."""

_PIECES = re.compile(r".+?(?:\n{2,}|\Z)", re.DOTALL)
"""A quote with its mark: what a stream sends at once."""

EventType = Literal["trace", "delta", "citations", "done"]


class QuestionError(ValueError):
    """A question that cannot be asked; the message says why."""


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
        most_characters: int = MOST_CHARACTERS,
        notes: Sequence[str] = (),
    ) -> None:
        """
        Args:
            reader: scores sentences; None to go without.
            calibrations: by way of scoring, ``plain`` and, for a reader, ``reader``.
            most_characters: of a question.
            notes: what a user should know of how this assistant was set up, shown in every trace.
        """
        self._library = library
        self._reader = reader
        self._calibrations = calibrations
        self._most_characters = most_characters
        self._notes = tuple(notes)
        self._warm = False

    @property
    def warm(self) -> bool:
        """Whether a question was answered since the start, so that the models are loaded."""
        return self._warm

    def ask(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Answer:
        """The answer, or the refusal, to a question.

        Raises:
            QuestionError: the question is empty or too long.
        """
        return self.draft(question, history=history, filters=filters).answer

    def stream(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Iterator[Event]:
        """The same answer piece by piece, as the API sends it.

        Raises:
            QuestionError: the question is empty or too long; before the first piece.
        """
        answer = self.ask(question, history=history, filters=filters)
        yield Event("trace", answer.trace.to_dict())
        for piece in _PIECES.findall(answer.text):
            yield Event("delta", {"text": piece})
        yield Event("citations", {"citations": [citation.to_dict() for citation in answer.citations]})
        yield Event("done", {"answer": answer.to_dict()}, answer)

    def timeline(self, topic: str, *, filters: Filters | None = None, limit: int = MOST_EVENTS) -> Timeline:
        """The dated events of a topic, the earliest first.

        Args:
            limit: events at most; the most relevant are kept.

        Raises:
            QuestionError: the topic is empty or too long.
        """
        topic = self._checked(topic, "topic")
        return build_timeline(topic, self._library, self._calibrations, filters=filters or Filters(), limit=limit)

    def draft(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Draft:
        """What would be answered, and what would be quoted even where the answer abstains.

        Raises:
            QuestionError: the question is empty or too long.
        """
        started = time.perf_counter()
        question = self._checked(question)
        filters = filters or Filters()
        timings: dict[str, float] = {}
        standalone = stand_alone(question, history, most_characters=self._most_characters)
        stats = self._library.stats(filters)

        since = time.perf_counter()
        retrieved = self._library.search(standalone, limit=_RETRIEVED, filters=filters)
        timings["search"] = _milliseconds(since)

        since = time.perf_counter()
        today = filters.as_of or datetime.date.today()
        window = question_window(question, today) or question_window(standalone, today)
        found = find_evidence(standalone, retrieved, self._library, self._reader, self._calibrations, window)
        timings["evidence"] = _milliseconds(since)

        calibration = self._calibrations["reader" if self._reader is not None else "plain"]
        confidence = _confidence(found, calibration)
        quotes = choose_quotes(found.evidence, self._library)
        written = write(quotes, self._library, marks=marks(question))
        for citation in written.citations:
            check_citation(citation, self._library)
        answered = bool(quotes) and confidence >= calibration.threshold
        reason = None if answered else _refusal(stats, filters)
        trace = Trace(
            searched_documents=stats.documents,
            published_from=stats.published_from,
            published_to=stats.published_to,
            filters=filters,
            steps=self._steps(found, window, quotes, confidence, calibration.threshold),
        )
        timings["total"] = _milliseconds(started)
        self._warm = True
        answer = Answer(
            id=uuid.uuid4().hex,
            question=question,
            standalone_question=standalone,
            answered=answered,
            reason=reason,
            confidence=confidence,
            answerer="verbatim",
            text=written.text if answered else reason or "",
            citations=written.citations if answered else (),
            passages=tuple(_near(item) for item in found.passages[:_SHOWN]),
            trace=trace,
            timings_ms=timings,
        )
        return Draft(answer, written.citations, found.passages)

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
        self, found: Found, window: Window | None, quotes: Sequence[Quote], confidence: float, threshold: float
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
        steps.append(
            Step("decide", {"confidence": round(confidence, 4), "threshold": threshold, "quotes": len(quotes)})
        )
        return tuple(steps)


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


def _refusal(stats: LibraryStats, filters: Filters) -> str:
    """What was searched in vain, in a sentence."""
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


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1000
