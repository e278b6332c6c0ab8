"""Evidence: the sentences of the retrieved passages, weighed by how likely each answers the question.

First every sentence by what is known of it already (its vector, its words, its passage), then the best few dozen by the
reader, a cross-encoder that sees question and sentence together. A fitted logistic model joins the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.calibration import Calibration, Floats, sigmoid
from assistant.question import StandAlone
from assistant.reader import Candidate, Reader
from assistant.thesaurus import load_thesaurus
from assistant.windows import Window, period_match
from corpus.document import Sentence, Span
from index.library import Library, RetrievedPassage
from index.vectors import unpack_vectors
from index.words import query_terms, stems

READ_BY_READER = 32
"""Candidates that the reader scores: about 200 ms on two cores."""
TOPIC_WEIGHT = 0.5
"""What the question that a follow-up leans on counts when sentences are weighed, of 1 for the follow-up itself."""
_SEARCHED = 6
"""Retrieved stretches whose sentences are weighed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence and how likely it answers the question."""

    sentence: Sentence
    previous: Sentence | None
    """The sentence before it in its passage."""
    retrieved: RetrievedPassage
    logit: float
    """Log odds by the calibrated model."""
    reader_logit: float | None
    """What the reader gave; None where it did not read the sentence."""
    features: Mapping[str, float]
    vector: bytes = b""
    """Of the sentence, as the catalog keeps it; empty where it was weighed apart from a library."""

    @property
    def score(self) -> float:
        """Probability, 0 to 1, that the sentence answers the question."""
        return float(sigmoid(np.asarray([self.logit]))[0])


@dataclass(frozen=True, slots=True)
class Found:
    """All evidence for a question, the best first."""

    evidence: tuple[Evidence, ...]
    passages: tuple[RetrievedPassage, ...]
    """The retrieved stretches, best first."""
    confidence_features: Mapping[str, float]
    read: int
    """How many sentences the reader scored."""


def find_evidence(
    question: StandAlone,
    retrieved: Sequence[RetrievedPassage],
    library: Library,
    reader: Reader | None,
    calibrations: Mapping[str, Calibration],
    window: Window | None = None,
) -> Found:
    """Weigh the sentences of the best retrieved stretches.

    Args:
        window: the time that the question asks about; sentences whose dates fit it weigh more.
    """
    candidates = _candidates(retrieved[:_SEARCHED], library)
    if not candidates:
        return Found((), tuple(retrieved), {}, 0)
    features = _features(question, candidates, library, window)
    logits = calibrations["plain"].sentence.logits(features)
    reader_logits: dict[int, float] = {}
    if reader is not None:
        best = [int(row) for row in np.argsort(-logits, kind="stable")[:READ_BY_READER]]
        scores = reader.score(read_as(question), [candidate_of(candidates[row]) for row in best])
        reader_logits = dict(zip(best, map(float, scores), strict=True))
        read_features: dict[str, Floats] = {name: values[best] for name, values in features.items()}
        read_features["reader"] = np.asarray([reader_logits[row] for row in best])
        joined = calibrations["reader"].sentence.logits(read_features)
        order = [best[position] for position in np.argsort(-joined, kind="stable")]
        logits = logits.copy()
        logits[best] = joined
    else:
        order = [int(row) for row in np.argsort(-logits, kind="stable")]
    evidence = tuple(
        Evidence(
            sentence=candidates[row].sentence,
            previous=candidates[row].previous,
            retrieved=candidates[row].retrieved,
            logit=float(logits[row]),
            reader_logit=reader_logits.get(row),
            features={name: float(values[row]) for name, values in features.items()},
            vector=candidates[row].vector,
        )
        for row in order
    )
    return Found(
        evidence, _by_evidence(retrieved, evidence), confidence_features(evidence, retrieved), len(reader_logits)
    )


def weigh_sentences(
    topic: str,
    retrieved: Sequence[RetrievedPassage],
    library: Library,
    calibrations: Mapping[str, Calibration],
) -> tuple[Evidence, ...]:
    """Every sentence of the retrieved stretches, in their order, weighed without the reader."""
    candidates = _candidates(retrieved, library)
    if not candidates:
        return ()
    features = _features(StandAlone(topic), candidates, library, None)
    logits = calibrations["plain"].sentence.logits(features)
    return tuple(
        Evidence(
            sentence=candidate.sentence,
            previous=candidate.previous,
            retrieved=candidate.retrieved,
            logit=float(logits[row]),
            reader_logit=None,
            features={name: float(values[row]) for name, values in features.items()},
            vector=candidate.vector,
        )
        for row, candidate in enumerate(candidates)
    )


def sentence_vectors(evidence: Sequence[Evidence]) -> Floats:
    """Unit vectors of the sentences, shape (evidence, dimensions)."""
    return unpack_vectors(item.vector for item in evidence).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Candidate:
    sentence: Sentence
    previous: Sentence | None
    retrieved: RetrievedPassage
    vector: bytes
    member_score: float


def _candidates(retrieved: Sequence[RetrievedPassage], library: Library) -> list[_Candidate]:
    candidates: list[_Candidate] = []
    for item, stored in zip(retrieved, library.stretches([item.passage.stretch for item in retrieved]), strict=True):
        for position, current in enumerate(stored):
            if current.sentence.kind == "heading":
                continue
            ordinal = current.sentence.ordinal
            score = next((score for first, last, score in item.members if first <= ordinal <= last), item.score)
            previous = stored[position - 1].sentence if position else None
            candidates.append(_Candidate(current.sentence, previous, item, current.vector, score))
    return candidates


def read_as(question: StandAlone) -> str:
    """What the reader reads: the question first, then what it leans on."""
    return f"{question.question} ({question.topic})" if question.topic else question.question


def _features(
    question: StandAlone, candidates: Sequence[_Candidate], library: Library, window: Window | None
) -> dict[str, Floats]:
    """Shape (candidates,) each: what is known of a sentence without reading it.

    A follow-up is searched for with the question that it leans on, but a sentence must answer what is asked now: what
    only the earlier question says weighs ``TOPIC_WEIGHT`` of what this one says.
    """
    vectors = unpack_vectors(candidate.vector for candidate in candidates)
    cosine = vectors @ library.embed_question(question.text)
    if question.topic:
        cosine = TOPIC_WEIGHT * cosine + (1 - TOPIC_WEIGHT) * (vectors @ library.embed_question(question.question))
    overlap, context_overlap = _overlaps(question, candidates, library)
    passage = np.asarray([candidate.member_score for candidate in candidates])
    return {
        "cosine": cosine.astype(np.float64),
        "overlap": overlap,
        "context_overlap": context_overlap,
        "passage": passage,
        "passage_gap": passage - passage.max(),
        "length": np.log1p(np.asarray([len(candidate.sentence.text) for candidate in candidates], dtype=np.float64)),
        **_period_features(candidates, window),
    }


def _overlaps(question: StandAlone, candidates: Sequence[_Candidate], library: Library) -> tuple[Floats, Floats]:
    """Shape (candidates,) each, 0 to 1: the share of the question's words, by their rarity, that a sentence says; and
    that only its title and the sentence before it say. An irregular past is its verb: ``sent`` is ``send``.
    """
    thesaurus = load_thesaurus()
    asked = {thesaurus.plain_form(term) for term in query_terms(question.question)}
    terms = list(dict.fromkeys(map(thesaurus.plain_form, query_terms(question.text))))
    weights = library.rarity([form for term in terms for form in thesaurus.forms(term)])
    rarity = {  # a verb is as common as its commonest form: reports that hold no "say" hold many a "said"
        term: min(weights[form] for form in thesaurus.forms(term)) * (1 if term in asked else TOPIC_WEIGHT)
        for term in terms
    }
    total = sum(rarity.values()) or 1.0

    def words(text: str) -> set[str]:
        return set(map(thesaurus.plain_form, stems(text)))

    titles = {candidate.retrieved.passage.context for candidate in candidates}
    contexts = {title: words(title) for title in titles}
    overlap = np.zeros(len(candidates))
    context_overlap = np.zeros(len(candidates))
    for row, candidate in enumerate(candidates):
        own = words(candidate.sentence.text)
        around = contexts[candidate.retrieved.passage.context]
        if candidate.previous is not None:
            around = around | words(candidate.previous.text)
        for term, weight in rarity.items():
            if term in own:
                overlap[row] += weight
            elif term in around:
                context_overlap[row] += weight
    return overlap / total, context_overlap / total


PERIOD = ("covers", "overlaps", "inside", "misses", "undated", "starts", "near")
"""Features of how a sentence's dates fit the time asked for; all 0 for a question that names no time."""


def _period_features(candidates: Sequence[_Candidate], window: Window | None) -> dict[str, Floats]:
    features = {name: np.zeros(len(candidates)) for name in PERIOD}
    if window is None or not window.bounded:
        return features
    for row, candidate in enumerate(candidates):
        own = candidate.sentence.event_dates
        for name, value in period_match(window, own).items():
            features[name][row] = value
        features["starts"][row] = float(any(date.first.year == window.first.year for date in own))
        if not own and candidate.previous is not None:
            # "In 2004 he moved to Leeds. There he …": an undated sentence goes on where the one before it stood.
            before = period_match(window, candidate.previous.event_dates)
            features["near"][row] = max(before["overlaps"], before["inside"])
    return features


def candidate_of(item: _Candidate | Evidence) -> Candidate:
    """What the reader is given of a sentence."""
    return Candidate(
        sentence=item.sentence.text,
        previous=item.previous.text if item.previous is not None else "",
        title=item.retrieved.passage.context,
    )


def _by_evidence(retrieved: Sequence[RetrievedPassage], evidence: Sequence[Evidence]) -> tuple[RetrievedPassage, ...]:
    """Stretches in the order of their best evidence; those without stay behind, as they were."""
    order = {id(item.retrieved): rank for rank, item in reversed(list(enumerate(evidence)))}
    return tuple(sorted(retrieved, key=lambda item: order.get(id(item), len(evidence))))


def confidence_features(evidence: Sequence[Evidence], retrieved: Sequence[RetrievedPassage]) -> dict[str, float]:
    """What tells an answerable question from another: how good the best sentence is, and how far ahead."""
    best = evidence[0]
    second = evidence[1].logit if len(evidence) > 1 else best.logit - 5.0
    features = {
        "best_logit": best.logit,
        "margin": best.logit - second,
        "best_cosine": max(item.features["cosine"] for item in evidence),
        "best_overlap": max(item.features["overlap"] for item in evidence),
        "best_covered": max(item.features["overlap"] + item.features["context_overlap"] for item in evidence),
        "best_passage": retrieved[0].score,
        **{f"best_{name}": best.features[name] for name in PERIOD},
    }
    read = [item.reader_logit for item in evidence if item.reader_logit is not None]
    if read:
        features["best_reader"] = max(read)
    return features


def quote_span(evidence: Evidence) -> Span:
    """The span to quote: the sentence, with the one before it where it leans on that one; no mark of a list."""
    previous, sentence = evidence.previous, evidence.sentence
    own = Span(sentence.span.start + _list_mark(sentence), sentence.span.end)
    if previous is None or previous.kind == "heading" or not leans(sentence.text):
        return own
    start = previous.span.start + _list_mark(previous)
    return own if sentence.span.end - start > _LONGEST_QUOTE else Span(start, sentence.span.end)


_BULLET = re.compile(r"[-–—•*+]\s+(?=\S)")
_ITEM_NUMBER = re.compile(r"(?:\d{1,3}|[a-z])[.)]\s+(?=\S)", re.IGNORECASE)


def _list_mark(sentence: Sentence) -> int:
    """Code points of the mark that a list item begins with: ``- ``, ``2. ``."""
    mark = _BULLET.match(sentence.text)
    if mark is None and sentence.kind == "item":
        mark = _ITEM_NUMBER.match(sentence.text)
    return mark.end() if mark is not None else 0


_LONGEST_QUOTE = 700
"""Code points that a quote may have before the sentence that it leans on is left out."""

_LEANING = frozenset(
    ["he", "she", "they", "it", "this", "these", "those", "his", "her", "their", "its", "such", "both", "him", "them"]
)


def leans(text: str) -> bool:
    """Whether a sentence begins with a word that says nothing without the sentence before it."""
    words = text.lstrip("\"'“”‘’([-–—•* ").split(maxsplit=1)
    return bool(words) and words[0].rstrip(",;:'’s").casefold() in _LEANING
