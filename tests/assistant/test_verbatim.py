"""Which sentences are quoted: the fewest that answer, and those that say when, where that is asked."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.verbatim import choose_quotes
from corpus.document import Document, PublishedDate
from index.embedding import WordHashEmbedder
from index.library import Library

if TYPE_CHECKING:
    from assistant.evidence import Evidence
    from assistant.settings import Settings

DECREE = """Norland has ratified the fishing treaty. Queen Ada signed the decree on Monday in the old palace.

The fishing treaty has twelve articles. Herring is cheap this winter. The harbour of Norland is wide."""


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """A report of Tuesday, 12 November 2024; whatever is found is answered."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    published = PublishedDate(datetime.date(2024, 11, 12), "user")
    (added,) = library.add([Document(DECREE, "Treaty", "treaty", "treaty.txt", published=published)])
    assert added.status == "added"
    dared = {name: replace(fitted, threshold=0.0) for name, fitted in load_calibrations().items()}
    yield Assistant(library, None, dared)
    library.close()


def test_an_undated_quote_brings_the_date_beside_it(assistant: Assistant) -> None:
    """News says what happened in one sentence and when in the next: both are quoted, and the date is resolved."""
    answer = assistant.ask("When has Norland ratified the fishing treaty?")

    first = answer.citations[0]
    assert (
        first.quote
        == "Norland has ratified the fishing treaty. Queen Ada signed the decree on Monday in the old palace."
    )
    assert first.event_dates == ("2024-11-11",)
    assert [mark.of(DECREE) for mark in first.marks] == ["on Monday"]
    assert all("on Monday" in citation.quote for citation in answer.citations)


def test_a_date_is_quoted_once(assistant: Assistant) -> None:
    """A sentence that was quoted already is not brought along again."""
    answer = assistant.ask("When was the fishing treaty decree signed by Queen Ada of Norland?")

    assert [citation.quote.count("on Monday") for citation in answer.citations] == [1]


def test_only_a_question_for_a_date_does_so(assistant: Assistant) -> None:
    """Else the sentence that answers stands alone."""
    answer = assistant.ask("Who has ratified the fishing treaty?")

    assert answer.citations[0].quote == "Norland has ratified the fishing treaty."
    assert answer.citations[0].event_dates == ()


def _of(assistant: Assistant, question: str, weights: dict[str, tuple[float, float | None]]) -> list[Evidence]:
    """The evidence for a question with log odds and reader's scores of our own, by how a sentence begins."""
    found = []
    for item in assistant.look(question).found.evidence:
        for start, (logit, read) in weights.items():
            if item.sentence.text.startswith(start):
                found.append(replace(item, logit=logit, reader_logit=read))
    return sorted(found, key=lambda item: -item.logit)


@pytest.mark.parametrize(
    ("herring", "quoted"),
    [
        ((-0.5, -9.0), 2),  # likely enough by itself
        ((-2.4, -9.0), 1),
        ((-2.4, 3.0), 2),  # unlikely, but read as nearly as good an answer
        ((-2.4, 1.0), 1),
        ((-2.4, None), 1),
        ((-9.0, 4.0), 1),
    ],
)
def test_a_further_quote_is_likely_or_read_as_well(
    assistant: Assistant, herring: tuple[float, float | None], quoted: int
) -> None:
    """Beside a best quote with log odds of .5 and a reader's score of 4."""
    question = "Why is fish a matter of the treaty?"
    evidence = _of(assistant, question, {"The fishing": (0.5, 4.0), "Herring": herring, "The harbour": (-2.5, -9.0)})
    assert len(choose_quotes(evidence, assistant._library, question)) == quoted


def test_a_further_quote_without_the_asked_value_must_be_likelier(assistant: Assistant) -> None:
    """Of a number, one that names none adds nothing unless it is nearly as good."""
    for question, quoted in (("How many articles are there?", 1), ("Why are there articles?", 2)):
        evidence = _of(assistant, question, {"The fishing": (0.5, None), "Herring": (-1.5, None)})
        assert len(choose_quotes(evidence, assistant._library, question)) == quoted


def test_a_dated_quote_with_as_many_words_of_the_question_leads(settings: Settings) -> None:
    """Where a day is asked for, "two weeks earlier" says less than "on Thursday"."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    later = "The clerks went home.\n\nThe council had voted two weeks earlier.\n\nThe mill was closed."
    vote = "The council approved the budget on Thursday without a vote against.\n\nThe ferry rests on Thursday."
    for name, text, day in (("later", later, 20), ("vote", vote, 8)):
        published = PublishedDate(datetime.date(2031, 3, day), "user")
        list(library.add([Document(text, name, name, name, published=published)]))
    assistant = Assistant(library, None, load_calibrations())
    question = "When did the council vote?"
    weights = {"The council had": (1.0, None), "The council approved": (0.2, None), "The ferry": (0.4, None)}
    evidence = _of(assistant, question, weights)
    quotes = choose_quotes(evidence, library, question)
    assert quotes[0].text.startswith("The council approved")
    assert evidence[0].sentence.text.startswith("The council had")
    library.close()
