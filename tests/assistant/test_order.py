"""Order words: among sentences that answer about equally well, the latest or the first leads."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from corpus.document import Document, PublishedDate
from corpus.filters import Filters

if TYPE_CHECKING:
    from assistant.settings import Settings
    from index.library import Library

_BY_WORDS = '{"features": ["overlap"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}'
_CONFIDENT = _BY_WORDS.replace("overlap", "best_overlap")
CALIBRATIONS = (
    f'{{"calibrations": {{"plain": {{"sentence": {_BY_WORDS}, "confidence": {_CONFIDENT}, "threshold": 0.1}}}}}}'
)


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Assistant]:
    """Visits in an order that is neither that of the documents nor that of their dates; a toll that changes."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    _fill(library)
    yield Assistant(library, None, load_calibrations(CALIBRATIONS))
    library.close()


def _fill(library: Library) -> None:
    texts = {
        "Middle": ("The minister visited the dam in May 2021.", "2022-03-01"),
        "Last": ("The minister visited the dam in June 2023.", "2023-07-01"),
        "First": ("The minister visited the dam in April 2019.", "2024-01-01"),
        "Toll early": ("The toll of the storm is 12 dead.", "2020-02-01"),
        "Toll late": ("The toll of the storm is 19 dead.", "2020-02-09"),
        "Elsewhere": ("The minister opened a school in 2024.", "2024-05-01"),
    }
    documents = [
        Document(
            text=text,
            title=title,
            origin=title,
            name=title,
            published=PublishedDate(datetime.date.fromisoformat(day), "user"),
        )
        for title, (text, day) in texts.items()
    ]
    assert {added.status for added in library.add(documents)} == {"added"}


@pytest.mark.parametrize(
    ("question", "title", "reading"),
    [
        ("When was the last time that the minister visited the dam?", "Last", ("latest", ["event"])),
        ("When did the minister most recently visit the dam?", "Last", ("latest", ["event"])),
        ("When did the minister first visit the dam?", "First", ("first", ["event"])),
        ("What is the toll of the storm so far?", "Toll late", ("latest", ["published"])),
        ("What was the toll of the storm initially?", "Toll early", ("first", ["published"])),
    ],
)
def test_an_order_word_decides_between_equals(
    assistant: Assistant, question: str, title: str, reading: tuple[str, list[str]]
) -> None:
    """By the date of the event, or by that of publication; a later event that answers less well stays behind."""
    draft = assistant.draft(question)

    best = max(draft.citations, key=lambda citation: citation.score)
    assert (best.title, draft.citations[0].title) == (title, title)
    (step,) = [step.to_dict() for step in draft.answer.trace.steps if step.name == "order"]
    assert (step["order"], step["by"]) == reading


def test_without_an_order_word_nothing_is_moved(assistant: Assistant) -> None:
    """The trace then names no order."""
    draft = assistant.draft("When did the minister visit the dam?", filters=Filters())

    assert "order" not in [step.name for step in draft.answer.trace.steps]
