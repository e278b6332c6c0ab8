"""Several questions in one: told by their form, each answered, or not, by itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.compound import named_together, parts_of, said_missing
from corpus.document import Document, PublishedDate
from corpus.filters import Filters

if TYPE_CHECKING:
    from assistant.settings import Settings

HARBOUR = """The council decided on Monday that the harbour will be closed.

Mayor Anna Berg said that the closing of the harbour was a loss for the town.

The fishermen's union, Havn, said that the closing of the harbour came too early.

Bread is cheap. The mill stands by the river. A new school was opened in the valley.
"""


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """One document, in which two of three speak."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    published = PublishedDate(datetime.date(2016, 1, 1), "user")
    added = library.add([Document(text=HARBOUR, title="Town", origin="town", name="town", published=published)])
    assert [one.status for one in added] == ["added"]
    yield Assistant(library, None, load_calibrations())
    library.close()


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "What did NATO, Japan and China say about the pact?",
            [
                "What did NATO say about the pact?",
                "What did Japan say about the pact?",
                "What did China say about the pact?",
            ],
        ),
        ("what did nato and japan say", ["what did nato say", "what did japan say"]),
        (
            "How did the United States and Ukraine react?",
            ["How did the United States react?", "How did Ukraine react?"],
        ),
        (
            "What have Seoul, Tokyo, and Kyiv offered?",
            [f"What has {name} offered?" for name in ("Seoul", "Tokyo", "Kyiv")],
        ),
        ("What do NATO and Japan want?", ["What does NATO want?", "What does Japan want?"]),
        (
            "What did Seoul and Tokyo each undertake to do?",
            [f"What did {a} undertake to do?" for a in ("Seoul", "Tokyo")],
        ),
        ("What did Lund Rope & Wire do?", []),
        ("What did Kim and Putin sign?", []),
        ("When did Kim and Putin conclude the treaty?", []),
        ("What did Kim say about Russia and China?", []),
        ("What did Kim say and do?", []),
        ("What did he and Putin say?", []),
        ("What did Research and development say?", []),
        ("What did NATO say?", []),
        ("Who said that Kim and Putin said so?", []),
    ],
)
def test_a_question_is_taken_apart_by_its_form(question: str, parts: list[str]) -> None:
    """What each of several people said or did is a question for each; what they do together is one."""
    assert [part.question for part in parts_of(question)] == parts


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("Bosnia and Herzegovina joined.", True),
        ("bosnia and herzegovina joined.", True),
        ("Herzegovina and Bosnia joined.", False),
        ("Bosnia joined, and Herzegovina did not.", False),
        ("Bosnia and Herzegovinans joined.", False),
    ],
)
def test_a_name_with_an_and_is_one(text: str, together: bool) -> None:
    """Where the documents name both in one breath."""
    assert named_together(parts_of("What did Bosnia and Herzegovina say?"), text) is together


def test_who_is_not_answered_for_is_told() -> None:
    """By name, and nothing where all are."""
    assert said_missing([]) == ""
    assert said_missing(["Brazil"]).startswith("For Brazil the documents")
    assert said_missing(["Brazil", "India", "Peru"]).startswith("For Brazil, India and Peru the documents")


def test_each_part_is_answered_by_itself(assistant: Assistant) -> None:
    """In the order of the question; who is not answered for is named; the trace has each part."""
    answer = assistant.ask("What did Anna Berg, Peru and Havn say about the closing of the harbour?")

    assert answer.answered
    assert [citation.quote for citation in answer.citations] == [
        "Mayor Anna Berg said that the closing of the harbour was a loss for the town.",
        "The fishermen's union, Havn, said that the closing of the harbour came too early.",
    ]
    assert answer.text.startswith("For Peru the documents give no answer that can be relied on.\n\nMayor Anna Berg")
    assert all(citation.answer.of(answer.text) == citation.quote for citation in answer.citations)
    (step,) = [step for step in answer.trace.steps if step.name == "parts"]
    assert [part["question"] for part in step.detail["parts"]] == [
        f"What did {name} say about the closing of the harbour?" for name in ("Anna Berg", "Peru", "Havn")
    ]
    assert answer.confidence == pytest.approx(min(step.detail["parts"][row]["confidence"] for row in (0, 2)), abs=1e-4)


def test_no_part_answered_is_a_refusal(assistant: Assistant) -> None:
    """Of the whole question, as for any other."""
    answer = assistant.ask("What did Peru and India say about the volcano?")
    assert not answer.answered
    assert not answer.citations
    hidden = assistant.ask("What did Anna Berg and Havn say?", filters=Filters(before=datetime.date(2015, 1, 1)))
    assert not hidden.answered
