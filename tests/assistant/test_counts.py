"""Counts that are asked for: money, times and counts of something else are no answer."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.counts import prefer_count, uncounted
from assistant.values import values_in
from corpus.document import Document, PublishedDate

if TYPE_CHECKING:
    from assistant.evidence import Evidence
    from assistant.settings import Settings

_BY_WORDS = '{"features": ["overlap"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}'
_CONFIDENT = _BY_WORDS.replace("overlap", "best_overlap")
CALIBRATIONS = (
    f'{{"calibrations": {{"plain": {{"sentence": {_BY_WORDS}, "confidence": {_CONFIDENT}, "threshold": 0.5}}}}}}'
)
STORM = """The storm over Lenk did damage of 40 million dollars to barns and sheds in the valley.

The mayor counted 310 huts that the storm had wrecked.

Sailors of the Ostmark fleet came to Port Anse: 900 sailors are there to clear the harbour."""


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """One report with a sum of money, a count of things and a count of people."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    day = PublishedDate(datetime.date(2031, 3, 4), "user")
    (added,) = library.add([Document(text=STORM, title="The week", origin="a", name="a", published=day)])
    assert added.status == "added"
    yield Assistant(library, None, load_calibrations(CALIBRATIONS))
    library.close()


def _weighed(assistant: Assistant, question: str) -> Sequence[Evidence]:
    return assistant.look(question).found.evidence


def test_a_count_of_things_leads_before_a_sum_of_money(assistant: Assistant) -> None:
    """Both are numbers; the sum shares more words with the question."""
    question = "How many barns and sheds did the storm wreck in the valley of Lenk?"
    evidence = _weighed(assistant, question)
    assert "dollars" in evidence[0].sentence.text
    moved = prefer_count(question, evidence)
    assert moved is not None
    money = next(item for item in moved if "dollars" in item.sentence.text)
    assert money.logit == evidence[0].logit - 1.5
    huts = next(item for item in evidence if "310" in item.sentence.text)
    behind = replace(huts, logit=evidence[0].logit - 2.5)
    counted = prefer_count("How many huts were wrecked?", [evidence[0], behind])
    assert counted is not None
    assert counted[0].sentence == huts.sentence


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("How many barns were damaged?", []),
        ("How many dollars did the damage come to?", ["40 million dollars"]),
        ("How much was the damage?", ["40 million dollars"]),
    ],
)
def test_money_is_counted_only_where_money_is_asked_for(question: str, counted: list[str]) -> None:
    """Its unit is no thing."""
    text = "The storm did damage of 40 million dollars to barns."
    assert [value.text for value in values_in(text, "number", question, (), 0)] == counted


@pytest.mark.parametrize("deed", ["died", "were wounded", "have been rescued"])
def test_how_many_are_there_is_no_answer_to_how_many(assistant: Assistant, deed: str) -> None:
    """Every other word of the question is in the sentence, but nothing of what became of them."""
    there = assistant.draft("How many sailors of the Ostmark fleet are in Port Anse?")
    asked = assistant.draft(f"How many sailors of the Ostmark fleet {deed} in Port Anse?")
    assert there.answered
    assert "900 sailors" in asked.chosen.quotes[0].text
    assert uncounted(asked.answer.question, asked.chosen.evidence) == 1.5
    assert uncounted(there.answer.question, there.chosen.evidence) == 0


@pytest.mark.parametrize(
    "question",
    [
        "How many huts were destroyed by the storm?",  # "wrecked" may stand for it
        "How many wrecked huts are there?",  # nothing became of them in the question
        "How many huts did the storm wreck?",
        "What did the storm wreck?",
    ],
)
def test_a_deed_in_other_words_or_none_takes_no_certainty_away(assistant: Assistant, question: str) -> None:
    """Only what is said nowhere does."""
    huts = next(item for item in _weighed(assistant, question) if "310" in item.sentence.text)
    assert uncounted(question, [huts]) == 0
