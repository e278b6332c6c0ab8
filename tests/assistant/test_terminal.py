"""What people see on a terminal."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from assistant.answer import (
    Answer,
    Citation,
    Disagreement,
    DisagreementSide,
    NearPassage,
    Trace,
)
from assistant.evaluation import summarise
from assistant.terminal import printable, progress_bar, show_answer, show_evaluations, show_passages
from corpus.document import Span
from corpus.filters import Filters

TEXT = "It was begun in May this year. [1]\n\nIt was finished in 1936. [2]"
BEGUN = Citation(
    id=1,
    document_id="0123456789abcdef",
    title="The dam",
    source="Dateline sample",
    published=datetime.date(1931, 7, 1),
    quote="It was begun in May this year.",
    span=Span(100, 130),
    answer=Span(0, 30),
    status="verbatim",
    score=0.9,
    locator="page 3",
    event_dates=("1931-05",),
    event_texts=("in May this year",),
    speaker="the mayor",
    marks=(Span(116, 129),),
)
FINISHED = Citation(
    id=2,
    document_id="fedcba9876543210",
    title="The end",
    source="",
    published=None,
    quote="It was finished in 1936.",
    span=Span(0, 24),
    answer=Span(36, 60),
    status="verbatim",
    score=0.8,
)
NEAREST = NearPassage(
    "0123456789abcdef",
    "The dam",
    datetime.date(1931, 7, 1),
    Span(0, 24),
    Span(12, 24),
    "So it goes. A dam\nis it.",
    0.4,
)
TRACE = Trace(2, datetime.date(1931, 7, 1), datetime.date(1936, 3, 1), Filters(as_of=datetime.date(1940, 1, 1)))


def answer(**changes: object) -> Answer:
    facts: dict[str, object] = {
        "id": "a",
        "question": "When?",
        "standalone_question": "When?",
        "answered": True,
        "reason": None,
        "confidence": 0.9,
        "answerer": "verbatim",
        "text": TEXT,
        "citations": (BEGUN, FINISHED),
        "passages": (),
        "trace": TRACE,
        **changes,
    }
    return Answer(**facts)  # type: ignore[arg-type]


def test_an_answer_shows_quotes_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    """Each quote stands in quotation marks with its number, and each source with its date and document."""
    show_answer(answer())

    assert capsys.readouterr().out == (
        "“It was begun in May this year.” [1]\n"
        "\n"
        "“It was finished in 1936.” [2]\n"
        "\n"
        "Sources\n"
        "  [1] The dam  Dateline sample, published 1931-07-01, page 3, document 0123456789abcdef\n"
        "      “in May this year” is 1931-05\n"
        "      said by the mayor\n"
        "  [2] The end  undated, document fedcba9876543210\n"
    )


def test_a_refusal_shows_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an answer the reason, the filters and the nearest passages are shown."""
    show_answer(
        answer(answered=False, reason="The documents do not say.", text="", citations=(), passages=(NEAREST,) * 5)
    )

    nearest = "  The dam  published 1931-07-01, document 0123456789abcdef\n    A dam is it.\n"
    assert capsys.readouterr().out == (
        "The documents do not say.\nOnly looked at: as of 1940-01-01.\n\nNearest passages\n" + nearest * 3
    )


def test_a_follow_up_shows_how_it_was_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """A question that was made whole is shown as it was searched."""
    show_answer(answer(question="And when?", standalone_question="When was the dam begun?"))

    assert capsys.readouterr().out.startswith("Understood as: When was the dam begun?\n“It was begun")


def test_differing_values_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    """Values that differ stand in a table above the quotes, in place of the sentence that names them in the text."""
    sides = (
        DisagreementSide("1936", (2,), ("q",), (None,), ("",), documents=3),
        DisagreementSide("1935", (1,), ("q",), (datetime.date(1931, 7, 1),), ("",)),
    )
    lead = "The documents differ: 1936 [2]; 1935 [1].\n\n"
    moved = tuple(
        replace(citation, answer=Span(citation.answer.start + len(lead), citation.answer.end + len(lead)))
        for citation in (BEGUN, FINISHED)
    )
    show_answer(answer(text=lead + TEXT, citations=moved, disagreements=(Disagreement("contradict", sides),)))

    assert [line.split() for line in capsys.readouterr().out.splitlines()[:6]] == [
        ["The", "documents", "differ"],
        ["Value", "Published", "Document"],
        ["1936", "undated", "[2]", "The", "end,", "and", "2", "more"],
        ["1935", "1931-07-01", "[1]", "The", "dam"],
        [],
        ["“It", "was", "begun", "in", "May", "this", "year.”", "[1]"],
    ]


def test_long_passages_are_cut_at_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a long passage the beginning is shown."""
    show_passages([NearPassage("d", "T", None, Span(0, 900), Span(0, 900), "word " * 180, 0.4)])

    shown = capsys.readouterr().out
    assert shown.count("word") == 56
    assert shown.endswith("word …\n")


def test_control_characters_are_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    """What a terminal would obey in a text, a title or a reason is shown as a replacement character."""
    assert printable("a\x1b[2Jb\x9b\u202ec\td\n") == "a\ufffd[2Jb\ufffd\ufffdc\td\n"

    show_answer(answer(answered=False, reason="\x1b]0;x\x07", text="", citations=()))

    assert "\x1b" not in capsys.readouterr().out


def test_figures_that_do_not_apply_are_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    """A table of figures has a column for each set and a dash for what does not apply."""
    nothing = summarise([], documents=3)

    show_evaluations({"one": nothing, "two": nothing})

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[:4] == [["one", "two"], ["documents", "3", "3"], ["questions", "0", "0"], ["hit@1", "–", "–"]]


def test_without_a_terminal_no_bar_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines go to standard output, and standard error stays empty."""
    with progress_bar("Reading", 2) as bar:
        bar.advance()
        bar.update(2)
        bar.say("one\x1b")

    assert capsys.readouterr() == ("one\ufffd\n", "")
