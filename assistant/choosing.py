"""What is quoted for a question: what answers each of its parts, the events of a time, several quotes or the fewest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.actors import asked_actor, asked_thing, prefer_actor, prefer_thing
from assistant.answer import Step
from assistant.breadth import MOST_QUOTES, Breadth, breadth_of, choose_events, choose_many, topic_of
from assistant.calibration import Calibration, shifted
from assistant.compound import named_together, parts_of, said_missing
from assistant.counts import prefer_count, uncounted
from assistant.disagreements import Difference, events_counted, find_difference
from assistant.evidence import Evidence, Found
from assistant.order import in_order
from assistant.question import StandAlone
from assistant.speakers import asked_speaker, prefer_speaker, speaker_certainty
from assistant.timeline import DATES_READ, events_of_time, events_within
from assistant.verbatim import MOST_QUOTES as MOST_OF_ONE
from assistant.verbatim import Quote, choose_quotes, quote_sides, repeats
from assistant.windows import Window
from corpus.filters import Filters
from index.library import Library, RetrievedPassage


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked for and found, before an answer is chosen."""

    question: StandAlone
    window: Window | None
    """The time that the question asks about."""
    retrieved: tuple[RetrievedPassage, ...]
    """As the search ranks them, best first."""
    found: Found
    confidence: float
    threshold: float
    """Confidence from which on is answered."""
    timings_ms: Mapping[str, float]
    steps: tuple[Step, ...] = ()
    """What was done to find it, for the trace."""

    @property
    def sure(self) -> bool:
        """Whether what was found is enough to answer."""
        return self.confidence >= self.threshold


@dataclass(frozen=True, slots=True)
class Chosen:
    """What would be quoted, and how sure that is."""

    evidence: tuple[Evidence, ...]
    """Best first."""
    quotes: tuple[Quote, ...]
    """In the order of the answer."""
    confidence: float
    passages: tuple[RetrievedPassage, ...]
    """Best first."""
    steps: tuple[Step, ...]
    """How they were chosen, for the trace."""
    difference: Difference | None = None
    counted: tuple[str, ...] = ()
    """Titles on the events that the documents count, where the question names none of them."""
    due: tuple[Quote, ...] = ()
    """Those of ``quotes`` that an answer holds in any words: the sides of the difference, the best one of each part."""
    missing: str = ""
    """That some of those whom the question asks about are not answered for; empty where all are."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """Evidence in another order."""

    evidence: tuple[Evidence, ...]
    steps: tuple[Step, ...]
    """What moved it, for the trace."""


class Chooser:
    """Chooses what is quoted. Threads may share it."""

    def __init__(
        self,
        library: Library,
        calibrations: Mapping[str, Calibration],
        look: Callable[[str, StandAlone, Filters], Looked],
    ) -> None:
        """
        Args:
            look: finds the evidence for a part of a question.
        """
        self._library = library
        self._calibrations = calibrations
        self._look = look

    def choose(self, question: str, looked: Looked, filters: Filters) -> Chosen:
        """What is quoted for a question as it was typed, of what was found for it."""
        breadth = breadth_of(question)
        moved = _moved(looked)
        events = self._events_of_time(looked, breadth, filters) if breadth is not None else []
        if breadth is not None and events:
            return Chosen(
                evidence=tuple(events),
                quotes=tuple(choose_events(events, self._library)),
                confidence=max(looked.confidence, DATES_READ),
                passages=_with_those_of(events, looked.found.passages),
                steps=(*moved.steps, _broad_step(breadth, events=len(events))),
            )
        if (parts := self._parts(looked, filters)) is not None:
            return parts
        if breadth is not None:
            return Chosen(
                evidence=moved.evidence,
                quotes=tuple(self._broad(looked, breadth, moved.evidence, filters)),
                confidence=_certainty(looked, moved),
                passages=looked.found.passages,
                steps=(*moved.steps, _broad_step(breadth)),
            )
        return self._fewest(question, looked, moved)

    def _events_of_time(self, looked: Looked, breadth: Breadth, filters: Filters) -> list[Evidence]:
        """The events that answer a question for nothing but what happened in a time; empty for any other question."""
        window = looked.window
        if breadth.arrangement != "time" or window is None or not window.bounded:
            return []
        if topic_of(looked.question.text, breadth, window):
            return []
        return events_of_time(window, self._library, self._calibrations, filters=filters)

    def _parts(self, looked: Looked, filters: Filters) -> Chosen | None:
        """What answers each of several questions in one, as sure as the least sure part that is answered.

        None where the question is one, where the best sentence names all whom it asks about in one breath, and where no
        part is answered.
        """
        asked, whole = looked.question, looked.found.evidence
        parts = parts_of(asked.question)
        if not parts or (whole and named_together(parts, whole[0].sentence.text)):
            return None
        weighed: list[tuple[str, tuple[Evidence, ...]]] = []
        quotes: list[Quote] = []
        best: list[Quote] = []
        sure: list[float] = []
        missing: list[str] = []
        told: list[dict[str, Any]] = []
        for part in parts:
            own = self._look(part.question, StandAlone(part.question, asked.topic), filters)
            moved = _moved(own)
            certainty = _certainty(own, moved)
            told.append({"question": part.question, "confidence": round(certainty, 4)})
            if certainty >= own.threshold:
                sure.append(certainty)
                weighed.append((part.question, moved.evidence))
            else:
                missing.append(part.name)
        if not sure:
            return None
        for asks, evidence in weighed:
            most = min(MOST_QUOTES // len(weighed) or 1, MOST_OF_ONE)
            for rank, quote in enumerate(choose_quotes(evidence, self._library, asks, most=most)):
                if not any(repeats(quote.evidence, quote.span, known) for known in quotes):
                    quotes.append(quote)
                    best += [quote] if rank == 0 else []
        return Chosen(
            evidence=tuple(
                sorted((item for _, evidence in weighed for item in evidence), key=lambda item: -item.logit)
            ),
            quotes=tuple(quotes),
            confidence=min(sure),
            passages=_with_those_of([quote.evidence for quote in quotes], looked.found.passages),
            steps=(*looked.steps, Step("parts", {"parts": told})),
            due=tuple(best),
            missing=said_missing(missing),
        )

    def _broad(self, looked: Looked, breadth: Breadth, evidence: Sequence[Evidence], filters: Filters) -> list[Quote]:
        """The quotes for a broad question: the events of the time that it names, else what answers it best."""
        window = looked.window
        if breadth.arrangement == "time" and window is not None and window.bounded:
            topic = topic_of(looked.question.text, breadth, window)
            events = events_within(topic, window, self._library, self._calibrations, filters=filters) if topic else []
            if events:
                return choose_events(events, self._library)
        return choose_many(evidence, self._library, breadth, window=window)

    def _fewest(self, question: str, looked: Looked, moved: _Moved) -> Chosen:
        """The fewest quotes that answer a question for one thing; where documents differ in it, one for each side."""
        window, difference, due = looked.window, None, 0
        counted: tuple[str, ...] = ()
        quotes = choose_quotes(moved.evidence, self._library, question)
        if window is None or window.order is None:  # "last" or "first" already says which of the values is asked for
            compared = (looked.question.text, looked.found.evidence, looked.retrieved, self._library)
            difference, counted = find_difference(*compared), events_counted(*compared)
        if difference is not None:
            known = {(item.sentence.document_id, item.sentence.ordinal): item for item in moved.evidence}
            best = [side.evidence[0] for side in difference.sides]
            sides = [known.get((item.sentence.document_id, item.sentence.ordinal), item) for item in best]
            quotes = quote_sides(sides, quotes, self._library)
            due = len(difference.sides)
        return Chosen(
            evidence=moved.evidence,
            quotes=tuple(quotes),
            confidence=_certainty(looked, moved),
            passages=looked.found.passages,
            steps=moved.steps,
            difference=difference,
            counted=counted,
            due=tuple(quotes[:due]),
        )


def _moved(looked: Looked) -> _Moved:
    """The evidence in the order that the question asks for, with what whom it names says or does moved up."""
    window, evidence = looked.window, looked.found.evidence
    ordered = in_order(evidence, window) if window is not None and window.order is not None else None
    moved = _prefer_asked(looked.question.text, ordered.evidence if ordered is not None else evidence)
    order = [Step("order", ordered.reading)] if ordered is not None else []
    return _Moved(moved.evidence, (*moved.steps, *looked.steps, *order))


def _certainty(looked: Looked, moved: _Moved) -> float:
    """How sure the answer is, whose word its best sentence is and what that counts taken into account."""
    question = looked.question.text
    change = speaker_certainty(question, moved.evidence, looked.window) - uncounted(question, moved.evidence)
    return shifted(looked.confidence, change) if change else looked.confidence


def _prefer_asked(question: str, evidence: tuple[Evidence, ...]) -> _Moved:
    """Evidence with the words, the deeds, the thing or the count that a question asks for moved up."""
    steps: list[Step] = []
    if (spoken := prefer_speaker(question, evidence)) is not None:
        evidence = spoken
        steps.append(Step("speaker", {"words_of": asked_speaker(question)}))
    if (acted := prefer_actor(question, evidence)) is not None:
        evidence = acted
        steps.append(Step("actor", {"deeds_of": asked_actor(question)}))
    if (done := prefer_thing(question, evidence)) is not None:
        evidence = done
        steps.append(Step("thing", {"done_to": asked_thing(question)}))
    if (counted := prefer_count(question, evidence)) is not None:
        moved = sum(one.logit != other.logit for one, other in zip(counted, evidence, strict=True))
        evidence = counted
        steps.append(Step("count", {"moved": moved}))
    return _Moved(evidence, tuple(steps))


def _broad_step(breadth: Breadth, **found: int) -> Step:
    return Step("broad", {"words": breadth.words, "arrangement": breadth.arrangement, **found})


def _with_those_of(evidence: Sequence[Evidence], passages: Sequence[RetrievedPassage]) -> tuple[RetrievedPassage, ...]:
    """The stretches that some evidence stands in, and then those of ``passages`` that lie apart from them."""
    chosen: list[RetrievedPassage] = []
    for item in [*(one.retrieved for one in evidence), *passages]:
        if not any(_share_text(item, other) for other in chosen):
            chosen.append(item)
    return tuple(chosen)


def _share_text(one: RetrievedPassage, other: RetrievedPassage) -> bool:
    return one.document.id == other.document.id and one.passage.span.overlaps(other.passage.span)
