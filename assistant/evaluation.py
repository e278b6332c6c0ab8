"""How well questions are answered: ``questions.jsonl`` in, figures out.

Definitions, each a mean over the questions that it applies to, null where there are none:

- ``hit@k``, ``mrr@10``: answerable questions; a passage counts when it overlaps the evidence in a named
  document, without evidence when it is of a named document. Where no document is named any document counts.
- ``answer@1``, ``answer``: answerable questions with answers; the quote with the highest score, or any quote,
  comes from a named document and holds one of the answers. What would be quoted counts even where the
  assistant abstains.
- ``citation_exact``: quotes that equal their span of their document.
- ``answered_rate``: how many of the answerable and of the unanswerable questions are answered.
- ``auroc``: probability that an answerable question has a higher confidence than an unanswerable one.
- ``coverage_accuracy``: when only the most confident share (coverage) of the questions is answered, the share
  of those answers that are right (``answer@1``; an unanswerable question has no right answer).
- ``disagreement``: both values named where a question has two; anything named where it has none.
- ``latency_ms``: a question from end to end, with the models loaded.
"""

from __future__ import annotations

import calendar
import datetime
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant.answer import Answer, Citation, Turn
from corpus.document import Span
from corpus.filters import Filters

if TYPE_CHECKING:
    from corpus.catalog import DocumentInfo, StoredDocument
    from index.library import RetrievedPassage

RANKED = 10
"""How many of the passages are looked at: ``mrr@10``."""
_CURVE_STEPS = 20
"""Points of the coverage curve: every 5 %."""


class EvaluationError(Exception):
    """Questions that can't be read. The message says where, what was found and what was expected."""


class Draft(Protocol):
    """What the assistant would say, whether it dares or not."""

    @property
    def citations(self) -> tuple[Citation, ...]: ...
    @property
    def passages(self) -> Sequence[RetrievedPassage]:
        """Ranked, the best one first; ten or more where there are as many."""

    @property
    def answered(self) -> bool: ...
    @property
    def confidence(self) -> float: ...
    @property
    def answer(self) -> Answer: ...


class Drafter(Protocol):
    """The part of the Assistant that is evaluated."""

    def draft(self, question: str, *, history: Sequence[Turn] = ..., filters: Filters | None = ...) -> Draft: ...


class Documents(Protocol):
    """The part of the Library that quotes and evidence are held against."""

    def documents(self) -> Sequence[DocumentInfo]: ...
    def document(self, document_id: str) -> StoredDocument | None: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One row of ``questions.jsonl``."""

    id: str
    text: str
    answerable: bool
    answers: tuple[str, ...] = ()
    """Any of them is right."""
    documents: tuple[str, ...] = ()
    """File names; any of them counts. Empty: any document does."""
    evidence: str | None = None
    """Words of the document that the answer stands in."""
    history: tuple[Turn, ...] = ()
    as_of: datetime.date | None = None
    disagreement: tuple[str, ...] | None = None
    """Two values that the documents give, or none; None where the row does not say."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went. None stands for what does not apply to it."""

    question: Question
    rank: int | None
    """Rank of the first passage that counts, from 1; None where none of the first ten does."""
    answer_first: bool | None
    answer_any: bool | None
    quotes: int
    exact_quotes: int
    answered: bool
    confidence: float
    both_values: bool | None
    any_value: bool | None
    milliseconds: float
    evidence_found: bool
    """False where the row's evidence stands in no named document, or no such document is in the library."""
    citations: tuple[Citation, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """One line of the details: what was asked, what was said, how it was judged."""
        return {
            "id": self.question.id,
            "question": self.question.text,
            "answerable": self.question.answerable,
            "answers": list(self.question.answers),
            "rank": self.rank,
            "answer@1": self.answer_first,
            "answer": self.answer_any,
            "answered": self.answered,
            "confidence": round(self.confidence, 4),
            "both_values": self.both_values,
            "any_value": self.any_value,
            "evidence_found": self.evidence_found,
            "milliseconds": round(self.milliseconds, 2),
            "quotes": [
                {"document_id": c.document_id, "title": c.title, "quote": c.quote, "score": round(c.score, 4)}
                for c in self.citations
            ],
        }


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """When only confidences of at least ``threshold`` are answered."""

    coverage: float
    threshold: float
    accuracy: float

    def to_dict(self) -> dict[str, float]:
        return {
            "coverage": round(self.coverage, 4),
            "threshold": round(self.threshold, 4),
            "accuracy": round(self.accuracy, 4),
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures; each from 0 to 1 but the counts and the latencies. None where a figure does not apply."""

    documents: int
    questions: int
    hit_at_1: float | None
    hit_at_5: float | None
    mrr_at_10: float | None
    answer_at_1: float | None
    answer: float | None
    citation_exact: float | None
    answered_answerable: float | None
    answered_unanswerable: float | None
    auroc: float | None
    coverage_accuracy: tuple[CoveragePoint, ...] | None
    disagreement_found: float | None
    disagreement_false_alarms: float | None
    latency_p50: float | None
    """Milliseconds."""
    latency_p95: float | None
    """Milliseconds."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        curve = self.coverage_accuracy
        return {
            "documents": self.documents,
            "questions": self.questions,
            "hit@1": _rounded(self.hit_at_1),
            "hit@5": _rounded(self.hit_at_5),
            "mrr@10": _rounded(self.mrr_at_10),
            "answer@1": _rounded(self.answer_at_1),
            "answer": _rounded(self.answer),
            "citation_exact": _rounded(self.citation_exact),
            "answered_rate": {
                "answerable": _rounded(self.answered_answerable),
                "unanswerable": _rounded(self.answered_unanswerable),
            },
            "auroc": _rounded(self.auroc),
            "coverage_accuracy": None if curve is None else [point.to_dict() for point in curve],
            "disagreement": {
                "found": _rounded(self.disagreement_found),
                "false_alarms": _rounded(self.disagreement_false_alarms),
            },
            "latency_ms": {"p50": _rounded(self.latency_p50, 2), "p95": _rounded(self.latency_p95, 2)},
        }


def read_questions(path: Path) -> list[Question]:
    """The rows of a ``questions.jsonl``, in order; blank lines are skipped.

    Raises EvaluationError where the file can't be read, holds no row, or a row is not as it should be.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}.") from error
    questions = [_question(line, f"{path.name}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not questions:
        raise EvaluationError(f"{path} holds no question; each line should be a JSON object with one.")
    return questions


def ask_all(
    drafter: Drafter,
    library: Documents,
    questions: Sequence[Question],
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Outcome]:
    """Ask one question after the other and judge each draft.

    The first question is asked once more beforehand, so that no latency holds the loading of the models.

    Args:
        library: the one that ``drafter`` answers from.
        clock: seconds.
    """
    judge = _Judge(library)
    for position, question in enumerate(questions):
        filters = Filters(as_of=question.as_of)
        if position == 0:
            drafter.draft(question.text, history=question.history, filters=filters)
        started = clock()
        draft = drafter.draft(question.text, history=question.history, filters=filters)
        yield judge.outcome(question, draft, milliseconds=(clock() - started) * 1000)


def summarise(outcomes: Sequence[Outcome], *, documents: int) -> Evaluation:
    """The figures over all ``outcomes`` on a library of so many ``documents``."""
    quotes = sum(outcome.quotes for outcome in outcomes)
    answerable = [outcome for outcome in outcomes if outcome.question.answerable]
    unanswerable = [outcome for outcome in outcomes if not outcome.question.answerable]
    latencies = sorted(outcome.milliseconds for outcome in outcomes)
    return Evaluation(
        documents=documents,
        questions=len(outcomes),
        hit_at_1=_mean([outcome.rank == 1 for outcome in answerable]),
        hit_at_5=_mean([outcome.rank is not None and outcome.rank <= 5 for outcome in answerable]),
        mrr_at_10=_mean([1 / outcome.rank if outcome.rank is not None else 0.0 for outcome in answerable]),
        answer_at_1=_mean([outcome.answer_first for outcome in outcomes]),
        answer=_mean([outcome.answer_any for outcome in outcomes]),
        citation_exact=sum(outcome.exact_quotes for outcome in outcomes) / quotes if quotes else None,
        answered_answerable=_mean([outcome.answered for outcome in answerable]),
        answered_unanswerable=_mean([outcome.answered for outcome in unanswerable]),
        auroc=auroc([outcome.confidence for outcome in answerable], [outcome.confidence for outcome in unanswerable]),
        coverage_accuracy=coverage_accuracy(outcomes),
        disagreement_found=_mean([outcome.both_values for outcome in outcomes]),
        disagreement_false_alarms=_mean([outcome.any_value for outcome in outcomes]),
        latency_p50=_percentile(latencies, 0.5),
        latency_p95=_percentile(latencies, 0.95),
    )


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Probability that a positive scores higher than a negative, ties counting half; None without either."""
    if not positives or not negatives:
        return None
    counts, others = Counter(positives), Counter(negatives)
    above = 0.0
    negatives_below = 0
    for score in sorted({*counts, *others}):
        above += counts[score] * (negatives_below + others[score] / 2)
        negatives_below += others[score]
    return above / (len(positives) * len(negatives))


def coverage_accuracy(outcomes: Sequence[Outcome]) -> tuple[CoveragePoint, ...] | None:
    """Accuracy by coverage, from the most confident 5 % to all; equal confidences are answered together.

    Answerable questions without answers can't be judged and are left out; None where nothing can be judged.
    """
    judged = [
        (outcome.confidence, bool(outcome.answer_first))
        for outcome in outcomes
        if outcome.answer_first is not None or not outcome.question.answerable
    ]
    if not any(outcome.answer_first is not None for outcome in outcomes):
        return None
    confidences = sorted((confidence for confidence, _ in judged), reverse=True)
    points: dict[float, CoveragePoint] = {}
    for step in range(1, _CURVE_STEPS + 1):
        threshold = confidences[math.ceil(step / _CURVE_STEPS * len(judged)) - 1]
        right = [correct for confidence, correct in judged if confidence >= threshold]
        points[threshold] = CoveragePoint(len(right) / len(judged), threshold, sum(right) / len(right))
    return tuple(points.values())


def find_evidence(text: str, evidence: str) -> tuple[Span, ...]:
    """Everywhere that ``evidence`` stands in ``text``, in code points of ``text``.

    Where it does not stand there to the letter, case, white space and punctuation are passed over.
    """
    if not evidence.strip():
        return ()
    exact = tuple(Span(start, start + len(evidence)) for start in _positions(text, evidence))
    if exact:
        return exact
    letters, offsets = _letters(text)
    wanted, _ = _letters(evidence)
    if not wanted:
        return ()
    return tuple(Span(offsets[start], offsets[start + len(wanted) - 1] + 1) for start in _positions(letters, wanted))


def holds(text: str, value: str) -> bool:
    """Whether ``text`` holds ``value``, case and white space folded."""
    return _folded(value) in _folded(text)


@dataclass(slots=True)
class _Judge:
    """Holds drafts against what the rows say, and quotes against the documents."""

    library: Documents
    names: Mapping[str, frozenset[str]] = field(init=False)
    """File name -> ids of the documents that came from it."""
    texts: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names: dict[str, set[str]] = {}
        for info in self.library.documents():
            for name in {info.name, *info.names}:
                names.setdefault(name, set()).add(info.id)
        self.names = {name: frozenset(ids) for name, ids in names.items()}

    def text(self, document_id: str) -> str | None:
        if document_id not in self.texts:
            document = self.library.document(document_id)
            self.texts[document_id] = document.text if document else None
        return self.texts[document_id]

    def outcome(self, question: Question, draft: Draft, *, milliseconds: float) -> Outcome:
        named = self.named(question)
        evidence = self.evidence(question, named)
        citations = sorted(draft.citations, key=lambda citation: -citation.score)
        right = [
            (named is None or citation.document_id in named)
            and any(holds(citation.quote, answer) for answer in question.answers)
            for citation in citations
        ]
        judged = question.answerable and bool(question.answers)
        values = [side.value for found in draft.answer.disagreements for side in found.sides]
        expected = question.disagreement
        return Outcome(
            question=question,
            rank=next(
                (rank for rank, found in enumerate(draft.passages[:RANKED], 1) if self.counts(found, named, evidence)),
                None,
            )
            if question.answerable
            else None,
            answer_first=bool(right) and right[0] if judged else None,
            answer_any=any(right) if judged else None,
            quotes=len(citations),
            exact_quotes=sum(self.is_exact(citation) for citation in citations),
            answered=draft.answered,
            confidence=draft.confidence,
            both_values=all(any(_same_value(value, given) for given in values) for value in expected)
            if expected
            else None,
            any_value=bool(values) if expected is not None and not expected else None,
            milliseconds=milliseconds,
            evidence_found=(named is None or bool(named)) and (evidence is None or any(evidence.values())),
            citations=tuple(citations),
        )

    def named(self, question: Question) -> frozenset[str] | None:
        """Ids of the documents that the row names; None where it names none, and any counts."""
        if not question.documents:
            return None
        return frozenset[str]().union(*(self.names.get(Path(name).name, ()) for name in question.documents))

    def evidence(self, question: Question, named: frozenset[str] | None) -> Mapping[str, tuple[Span, ...]] | None:
        """Where the evidence stands, by document; None where the row gives none."""
        if question.evidence is None:
            return None
        ids = named if named is not None else frozenset[str]().union(*self.names.values())
        return {document_id: find_evidence(self.text(document_id) or "", question.evidence) for document_id in ids}

    def counts(
        self,
        found: RetrievedPassage,
        named: frozenset[str] | None,
        evidence: Mapping[str, tuple[Span, ...]] | None,
    ) -> bool:
        document_id = found.passage.document_id
        if evidence is None:
            return named is None or document_id in named
        return any(found.passage.span.overlaps(span) for span in evidence.get(document_id, ()))

    def is_exact(self, citation: Citation) -> bool:
        text = self.text(citation.document_id)
        return text is not None and citation.span.of(text) == citation.quote


def _question(line: str, place: str) -> Question:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{place} is not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise EvaluationError(f"{place} is not a JSON object.")
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise EvaluationError(f'{place}: "question" should be a text, not {text!r}.')
    answerable = row.get("answerable")
    if not isinstance(answerable, bool):
        raise EvaluationError(f'{place}: "answerable" should be true or false, not {answerable!r}.')
    disagreement = None if row.get("disagreement") is None else _texts(row, "disagreement", place)
    if disagreement and len(disagreement) != 2:
        raise EvaluationError(f'{place}: "disagreement" should hold two values or none.')
    evidence = row.get("evidence")
    if evidence is not None and not isinstance(evidence, str):
        raise EvaluationError(f'{place}: "evidence" should be a text, not {evidence!r}.')
    return Question(
        id=str(row.get("id", place)),
        text=text,
        answerable=answerable,
        answers=_texts(row, "answers", place),
        documents=_texts(row, "document", place) + _texts(row, "documents", place),
        evidence=evidence or None,
        history=_history(row, place),
        as_of=_day(row, place),
        disagreement=disagreement,
    )


def _texts(row: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = row.get(key)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise EvaluationError(f'{place}: "{key}" should be a list of texts, not {value!r}.')
    return tuple(item for item in values if item.strip())


def _history(row: Mapping[str, Any], place: str) -> tuple[Turn, ...]:
    turns = []
    for turn in row.get("history") or ():
        match turn:
            case {"role": "user" | "assistant" as role, "content": str(content)}:
                turns.append(Turn(role, content))
            case _:
                raise EvaluationError(
                    f'{place}: a turn of "history" should hold "role" (user or assistant) and "content", not {turn!r}.'
                )
    return tuple(turns)


def _day(row: Mapping[str, Any], place: str) -> datetime.date | None:
    value = row.get("as_of")
    if value is None:
        return None
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f'{place}: "as_of" should be a day like 2024-11-12, not {value!r}.') from error


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits alone, case folded, and where each stands in ``text``."""
    letters: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        if character.isalnum():
            folded = character.casefold()
            letters.append(folded)
            offsets.extend([offset] * len(folded))
    return "".join(letters), offsets


def _positions(text: str, part: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


_MONTHS = {name[:3].casefold(): f"month {number}" for number, name in enumerate(calendar.month_name) if name}


def _same_value(one: str, other: str) -> bool:
    """Whether two values are the same, or one holds the other: ``$10.4 billion`` and ``10.4 billion``.

    Punctuation is passed over: ``November 21 1998`` is ``November 21, 1998``, and so is ``21 Nov. 1998``.
    """
    first, second = " ".join(_words(one)), " ".join(_words(other))
    if not first or not second:
        return False
    days = [{_MONTHS.get(word[:3], word) for word in _words(value)} for value in (one, other)]
    if all(day & {*_MONTHS.values()} for day in days):
        return days[0] <= days[1] or days[1] <= days[0]
    return f" {first} " in f" {second} " or f" {second} " in f" {first} "


def _words(value: str) -> list[str]:
    kept = "".join(character if character.isalnum() or character in ".%" else " " for character in value.casefold())
    return [word for word in (part.strip(".") for part in kept.split()) if word]


def _mean(values: Sequence[float | bool | None]) -> float | None:
    applying = [float(value) for value in values if value is not None]
    return math.fsum(applying) / len(applying) if applying else None


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    """Linear between the two nearest ranks."""
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
