"""Which sentences are quoted: the fewest that answer, and those that say when, where that is asked."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from corpus.document import Document, PublishedDate
from index.embedding import WordHashEmbedder
from index.library import Library

if TYPE_CHECKING:
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
