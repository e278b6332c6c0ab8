"""The figures of the evaluation contract, on drafts whose figures are known."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation, Disagreement, DisagreementSide, Trace, Turn
from assistant.evaluation import (
    CoveragePoint,
    EvaluationError,
    Question,
    ask_all,
    auroc,
    find_evidence,
    holds,
    read_questions,
    summarise,
)
from corpus.catalog import DocumentInfo, StoredDocument
from corpus.document import Passage, Span
from corpus.filters import Filters
from index.library import RetrievedPassage

TEXTS = {
    "dam.md": "The dam was begun in 1931. It was finished in 1936. Its wall is 221 metres high.",
    "mill.md": "The mill burned down in 1936. Nobody was hurt.",
}


def info(name: str) -> DocumentInfo:
    return DocumentInfo(
        id=f"id-{name}",
        title=name.removesuffix(".md").title(),
        name=name,
        source="",
        author="",
        language="en",
        url="",
        media_type="text/markdown",
        published=None,
        passages=1,
        sentences=2,
        characters=len(TEXTS[name]),
        added=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        names=(name,),
    )


class Shelf:
    """The documents of ``TEXTS``."""

    def documents(self) -> list[DocumentInfo]:
        return [info(name) for name in TEXTS]

    def document(self, document_id: str) -> StoredDocument | None:
        name = document_id.removeprefix("id-")
        return StoredDocument(info(name), TEXTS[name], (), (), {}) if name in TEXTS else None


def passage(name: str, words: str) -> RetrievedPassage:
    """The passage of a document that is these words."""
    start = TEXTS[name].index(words)
    span = Span(start, start + len(words))
    return RetrievedPassage(
        passage=Passage(f"{name}:{start}", f"id-{name}", 0, span, words, 0, 0),
        core=span,
        document=info(name),
        score=0.5,
        members=(),
    )


def quote(name: str, words: str, score: float) -> Citation:
    start = TEXTS[name].index(words)
    return Citation(
        id=1,
        document_id=f"id-{name}",
        title="",
        source="",
        published=None,
        quote=words,
        span=Span(start, start + len(words)),
        answer=Span(0, len(words)),
        status="verbatim",
        score=score,
    )


@dataclass
class Scripted:
    """A draft that is known beforehand."""

    citations: tuple[Citation, ...] = ()
    passages: Sequence[RetrievedPassage] = ()
    answered: bool = True
    confidence: float = 0.5
    values: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        sides = tuple(DisagreementSide(value, (1,), (), (), ()) for value in self.values)
        return Answer(
            id="",
            question="",
            standalone_question="",
            answered=self.answered,
            reason=None,
            confidence=self.confidence,
            answerer="verbatim",
            text="",
            citations=self.citations,
            passages=(),
            trace=Trace(2, None, None),
            disagreements=(Disagreement("contradict", sides),) if sides else (),
        )


@dataclass
class Script:
    """Answers each question as the script says, and remembers how it was asked."""

    drafts: dict[str, Scripted]
    asked: list[tuple[str, tuple[Turn, ...], Filters]] = field(default_factory=list)

    def draft(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Scripted:
        self.asked.append((question, tuple(history), filters or Filters()))
        return self.drafts[question]


DAM = Question("1", "When was the dam finished?", True, ("1936",), ("dam.md",), "It was finished in 1936")
MILL = Question("2", "When did the mill burn?", True, ("In  1936",), ("mill.md",))
NOBODY = Question("3", "Who built the mill?", False)


def test_figures_of_a_small_set() -> None:
    """Every figure is what its definition says, worked out by hand."""
    drafts = {
        # The passage with the evidence is second; the best quote is of another document.
        DAM.text: Scripted(
            citations=(
                quote("dam.md", "It was finished in 1936.", 0.6),
                quote("mill.md", "The mill burned down in 1936.", 0.7),
            ),
            passages=[
                passage("dam.md", "The dam was begun in 1931."),
                passage("dam.md", "It was finished in 1936."),
            ],
            confidence=0.4,
            answered=False,
        ),
        MILL.text: Scripted(
            citations=(quote("mill.md", "The mill burned down in 1936.", 0.9),),
            passages=[passage("mill.md", "Nobody was hurt.")],
            confidence=0.9,
        ),
        NOBODY.text: Scripted(
            citations=(quote("mill.md", "Nobody was hurt.", 0.2),),
            passages=[passage("mill.md", "Nobody was hurt.")],
            confidence=0.6,
        ),
    }
    seconds = iter([0.0, 0.010, 1.0, 1.020, 2.0, 2.040])

    outcomes = list(ask_all(Script(drafts), Shelf(), [DAM, MILL, NOBODY], clock=lambda: next(seconds)))
    figures = summarise(outcomes, documents=2).to_dict()

    assert figures == {
        "documents": 2,
        "questions": 3,
        "hit@1": 0.5,
        "hit@5": 1.0,
        "mrr@10": 0.75,
        "answer@1": 0.5,
        "answer": 1.0,
        "citation_exact": 1.0,
        "answered_rate": {"answerable": 0.5, "unanswerable": 1.0},
        "auroc": 0.5,
        "coverage_accuracy": [
            {"coverage": 0.3333, "threshold": 0.9, "accuracy": 1.0},
            {"coverage": 0.6667, "threshold": 0.6, "accuracy": 0.5},
            {"coverage": 1.0, "threshold": 0.4, "accuracy": 0.3333},
        ],
        "disagreement": {"found": None, "false_alarms": None},
        "latency_ms": {"p50": 20.0, "p95": 38.0},
    }


def test_figures_that_do_not_apply_are_null() -> None:
    """Questions without answers, values and counterparts leave the figures on them open."""
    question = Question("1", "When was the dam finished?", True, documents=("dam.md",))
    draft = Scripted(passages=[passage("mill.md", "Nobody was hurt.")])

    outcomes = list(ask_all(Script({question.text: draft}), Shelf(), [question]))
    figures = summarise(outcomes, documents=2).to_dict()

    assert {name for name, value in figures.items() if value is None} == {
        "answer@1",
        "answer",
        "citation_exact",
        "auroc",
        "coverage_accuracy",
    }
    assert (figures["hit@1"], figures["hit@5"], figures["mrr@10"]) == (0.0, 0.0, 0.0)
    assert figures["answered_rate"] == {"answerable": 1.0, "unanswerable": None}


def test_a_quote_that_is_not_its_span_is_counted() -> None:
    """A quote that differs from its span by one letter makes the share of exact citations fall."""
    good = quote("mill.md", "Nobody was hurt.", 0.5)
    bad = Citation(**{**{name: getattr(good, name) for name in good.__slots__}, "quote": "Somebody was hurt"})

    outcomes = list(ask_all(Script({NOBODY.text: Scripted((good, bad))}), Shelf(), [NOBODY]))

    assert summarise(outcomes, documents=2).citation_exact == 0.5


def test_without_a_named_document_any_counts() -> None:
    """A row that names no document takes its answer and its evidence from any."""
    question = Question("1", "What happened in 1936?", True, ("1936",), evidence="burned down in 1936")
    draft = Scripted(
        (quote("dam.md", "It was finished in 1936.", 0.5),),
        [passage("mill.md", "The mill burned down in 1936.")],
    )

    (outcome,) = ask_all(Script({question.text: draft}), Shelf(), [question])

    assert (outcome.rank, outcome.answer_first, outcome.evidence_found) == (1, True, True)


def test_missing_documents_and_evidence_are_told() -> None:
    """Evidence that stands in no named document, and a document that is not there, are missed and told."""
    lost = Question("1", "a?", True, ("1936",), ("gone.md",))
    moved = Question("2", "b?", True, ("1936",), ("dam.md",), "burned down in 1936")
    draft = Scripted((), [passage("dam.md", "It was finished in 1936.")])

    outcomes = list(ask_all(Script({"a?": draft, "b?": draft}), Shelf(), [lost, moved]))

    assert [(outcome.rank, outcome.evidence_found) for outcome in outcomes] == [(None, False), (None, False)]


def test_disagreement_needs_both_values() -> None:
    """Both values must be named where a row has two; naming anything where it has none is a false alarm."""
    rows = [
        Question("1", "both?", True, disagreement=("$10.4 billion", "9 billion")),
        Question("2", "one?", True, disagreement=("France", "Germany")),
        Question("3", "alarm?", True, disagreement=()),
        Question("4", "calm?", True, disagreement=()),
        Question("5", "silent?", True),
    ]
    drafts = {
        "both?": Scripted(values=("10.4 billion", "9 billion")),
        "one?": Scripted(values=("France", "Francia")),
        "alarm?": Scripted(values=("1", "2")),
        "calm?": Scripted(),
        "silent?": Scripted(values=("1", "2")),
    }

    figures = summarise(list(ask_all(Script(drafts), Shelf(), rows)), documents=2)

    assert (figures.disagreement_found, figures.disagreement_false_alarms) == (0.5, 0.5)


def test_history_and_clock_of_a_row_reach_the_assistant() -> None:
    """A row's earlier turns and as-of day are handed on; the first is asked twice, to load models."""
    turns = (Turn("user", "What of the dam?"), Turn("assistant", "It is high."))
    day = datetime.date(2024, 11, 12)
    script = Script({"when?": Scripted(), "who?": Scripted()})

    list(
        ask_all(
            script,
            Shelf(),
            [Question("1", "when?", True, history=turns, as_of=day), Question("2", "who?", False)],
        )
    )

    first = ("when?", turns, Filters(as_of=day))
    assert script.asked == [first, first, ("who?", (), Filters())]


def test_rows_are_read(tmp_path: Path) -> None:
    """Every field of a row is read; what is missing is empty."""
    path = tmp_path / "questions.jsonl"
    rows = [
        {
            "id": "a",
            "question": "When?",
            "answerable": True,
            "answers": ["1936"],
            "document": "dam.md",
            "documents": ["mill.md"],
            "evidence": "finished",
            "as_of": "2024-11-12",
            "history": [{"role": "user", "content": "Hm?"}],
            "disagreement": ["1", "2"],
            "kind": "x",
        },
        {"id": "b", "question": "Who?", "answerable": False, "disagreement": []},
    ]
    path.write_text("\n\n".join(json.dumps(row) for row in rows), "utf-8")

    assert read_questions(path) == [
        Question(
            "a",
            "When?",
            True,
            ("1936",),
            ("dam.md", "mill.md"),
            "finished",
            (Turn("user", "Hm?"),),
            datetime.date(2024, 11, 12),
            ("1", "2"),
        ),
        Question("b", "Who?", False, disagreement=()),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "questions.jsonl, line 2 is not JSON"),
        ("[]", "questions.jsonl, line 2 is not a JSON object."),
        ('{"question": " ", "answerable": true}', 'line 2: "question" should be a text'),
        ('{"question": "a?"}', 'line 2: "answerable" should be true or false, not None.'),
        ('{"question": "a?", "answerable": true, "answers": [1]}', '"answers" should be a list of texts'),
        (
            '{"question": "a?", "answerable": true, "as_of": "soon"}',
            '"as_of" should be a day like 2024-11-12',
        ),
        (
            '{"question": "a?", "answerable": true, "history": [{"role": "x"}]}',
            'a turn of "history" should hold',
        ),
        ('{"question": "a?", "answerable": true, "disagreement": ["1"]}', "should hold two values or none"),
        ('{"question": "a?", "answerable": true, "evidence": 3}', '"evidence" should be a text'),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, message: str) -> None:
    """A row that is not as it should be is named by its line, with what was expected."""
    path = tmp_path / "questions.jsonl"
    path.write_text('{"question": "a?", "answerable": true}\n' + line, "utf-8")

    with pytest.raises(EvaluationError, match=re.escape(message)):
        read_questions(path)


def test_files_without_questions_are_refused(tmp_path: Path) -> None:
    """A missing, an empty and a binary file each give one sentence."""
    binary, empty = tmp_path / "binary.jsonl", tmp_path / "empty.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    empty.write_text("\n", "utf-8")

    for path, message in [
        (tmp_path / "none.jsonl", "can't be read: No such file or directory."),
        (binary, "is not UTF-8 text"),
        (empty, "holds no question"),
    ]:
        with pytest.raises(EvaluationError, match=re.escape(message)):
            read_questions(path)


def test_evidence_is_found_through_markup_and_case() -> None:
    """Evidence is found to the letter, else with case, white space and punctuation passed over."""
    assert find_evidence("one two one", "one") == (Span(0, 3), Span(8, 11))
    assert find_evidence("The **Dam**\nwas, begun", "the dam was begun") == (Span(0, 22),)
    assert find_evidence("The dam", "the mill") == ()
    assert find_evidence("The dam", " ") == ()
    assert find_evidence("The dam", "…") == ()


@given(st.text(min_size=1), st.text(), st.text())
def test_evidence_is_found_wherever_it_is_put(evidence: str, before: str, after: str) -> None:
    """Any text that is put into another is found where it was put."""
    spans = find_evidence(before + evidence + after, evidence)

    assert not evidence.strip() or Span(len(before), len(before) + len(evidence)) in spans


def test_case_and_white_space_are_folded() -> None:
    """An answer is held whatever its case and its white space."""
    assert holds("It was the STRASSE\n of  Berlin.", "straße of berlin")
    assert not holds("It was the street.", "streets")


@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.7]), min_size=1, max_size=20),
    st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.7]), min_size=1, max_size=20),
)
def test_auroc_is_the_share_of_ordered_pairs(positives: list[float], negatives: list[float]) -> None:
    """AUROC equals the count over all pairs, equal ones counting half."""
    pairs = [(p > n) + (p == n) / 2 for p in positives for n in negatives]

    assert auroc(positives, negatives) == pytest.approx(sum(pairs) / len(pairs))


def test_equal_confidences_are_answered_together() -> None:
    """The curve has one point for questions that no threshold can tell apart."""
    drafts = {
        MILL.text: Scripted((quote("mill.md", "The mill burned down in 1936.", 0.9),), confidence=0.5),
        NOBODY.text: Scripted(confidence=0.5),
    }

    outcomes = list(ask_all(Script(drafts), Shelf(), [MILL, NOBODY]))

    assert summarise(outcomes, documents=2).coverage_accuracy == (CoveragePoint(1.0, 0.5, 0.5),)
