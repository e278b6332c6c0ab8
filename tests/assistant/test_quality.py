"""The figures on the project's own questions about the sample: they may rise, not fall."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assistant.evaluation import ask_all, read_questions, summarise

if TYPE_CHECKING:
    from assistant.parts import Parts

QUESTIONS = read_questions(Path(__file__).parent.parent / "eval" / "sample" / "questions.jsonl")
FLOORS = {"hit@5": 0.98, "answer@1": 0.73, "answer": 0.84, "auroc": 0.81, "citation_exact": 1.0}
"""Measured on 2026-11-28: .991, .754, .868, .839, 1.0; without the reader answer@1 .675, auroc .797."""


@pytest.fixture(scope="module")
def figures(sample_parts: Parts) -> dict[str, Any]:
    outcomes = list(ask_all(sample_parts.assistant, sample_parts.library, QUESTIONS))
    assert all(outcome.evidence_found for outcome in outcomes if outcome.question.answerable)
    return summarise(outcomes, documents=sample_parts.library.stats().documents).to_dict()


def test_the_set_is_large_enough_to_tell() -> None:
    """Eighty questions or more, with some that the sample does not answer and some that lean on earlier turns."""
    assert len(QUESTIONS) >= 80
    assert sum(not question.answerable for question in QUESTIONS) >= 20
    assert sum(bool(question.history) for question in QUESTIONS) >= 5


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_no_figure_falls(figures: dict[str, Any], name: str) -> None:
    """Search, answers, citations and confidence are as good as they were."""
    assert figures[name] >= FLOORS[name]


BROAD = read_questions(Path(__file__).parent.parent / "eval" / "broad" / "questions.jsonl")


def test_broad_questions_are_answered_where_the_documents_tell(sample_parts: Parts) -> None:
    """A time, several people, each side, other countries: answered, or refused, as the documents have it."""
    outcomes = list(ask_all(sample_parts.assistant, sample_parts.library, BROAD))
    figures = summarise(outcomes, documents=sample_parts.library.stats().documents).to_dict()

    assert len(BROAD) >= 24
    assert figures["answered_rate"]["answerable"] >= 0.9
    assert figures["answered_rate"]["unanswerable"] <= 0.07
    assert figures["answer"] >= 0.9
    assert figures["citation_exact"] == 1.0
