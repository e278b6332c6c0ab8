"""What a refusal says: what was searched, what comes nearest, and which filter hides an answer."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant, QuestionError
from assistant.calibration import load_calibrations
from assistant.refusal import NO_QUESTION
from assistant.windows import impossible_date
from corpus.document import Document, PublishedDate
from corpus.filters import Filters

if TYPE_CHECKING:
    from assistant.answer import Answer
    from assistant.settings import Settings
    from index.library import Library

QUESTION = "When did the harbour reopen after the storm?"


def _by(feature: str) -> str:
    return f'{{"features": ["{feature}"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}}'


_PLAIN = f'{{"sentence": {_by("overlap")}, "confidence": {_by("best_overlap")}, "threshold": 0.5}}'
CALIBRATIONS = f'{{"calibrations": {{"plain": {_PLAIN}}}}}'
"""A question is answered when a sentence holds half of its rare words."""


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """Three dated documents; one of them answers."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    texts = {
        "Harbour": ("The harbour did reopen on Monday, two weeks after the storm.", "2024-11-12"),
        "Ferry": ("The old ferry was sold to a museum.", "2024-03-01"),
        "Mill": ("The mill has a new roof.", "2023-01-02"),
    }
    documents = [
        Document(text=text, title=title, origin=title, name=title, published=PublishedDate(_day(day), "user"))
        for title, (text, day) in texts.items()
    ]
    assert {added.status for added in library.add(documents)} == {"added"}
    yield library
    library.close()


@pytest.fixture
def assistant(library: Library) -> Assistant:
    return Assistant(library, None, load_calibrations(CALIBRATIONS))


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def hints(answer: Answer) -> list[dict[str, object]]:
    return [step.to_dict() for step in answer.trace.steps if step.name == "hidden"]


def test_a_refusal_names_what_was_searched_and_what_is_nearest(assistant: Assistant) -> None:
    """How many documents, of which time; the titles of the nearest in the text."""
    answer = assistant.ask("Why is saffron dear?")

    reason = (
        "This is not in the documents: the 3 documents searched, published from 2023-01-02 to 2024-11-12, "
        "give no answer that can be relied on."
    )
    assert (answer.answered, answer.reason) == (False, reason)
    assert answer.text.startswith(f"{reason} Nearest to it: “")
    assert answer.text.endswith(").") or answer.text.endswith(").".strip())


def test_a_filter_that_hides_the_answer_is_named(assistant: Assistant, library: Library) -> None:
    """The document's date is told, not its words; the trace has the same as data."""
    answer = assistant.ask(QUESTION, filters=Filters(before=_day("2024-11-01")))

    assert not answer.answered
    assert answer.reason is not None
    assert answer.reason.endswith(
        "A document published on 12 November 2024 would answer; the filter “before 1 November 2024” hides it."
    )
    (hint,) = hints(answer)
    assert hint == {
        "name": "hidden",
        "document_id": next(info.id for info in library.documents() if info.title == "Harbour"),
        "published": "2024-11-12",
        "filters": ["before"],
    }
    assert "Monday" not in answer.text


def test_two_filters_that_hide_it_are_both_named(assistant: Assistant, library: Library) -> None:
    """A choice of documents is a filter too."""
    ferry = next(info.id for info in library.documents() if info.title == "Ferry")
    answer = assistant.ask(QUESTION, filters=Filters(before=_day("2024-11-01"), document_ids=(ferry,)))

    assert answer.reason is not None
    assert answer.reason.endswith("the filter “before 1 November 2024” and the choice of documents hide it.")


def test_of_what_as_of_hides_there_is_no_hint(assistant: Assistant) -> None:
    """Documents published later do not exist, whatever other filters are set."""
    alone = assistant.ask(QUESTION, filters=Filters(as_of=_day("2024-06-01")))
    both = assistant.ask(QUESTION, filters=Filters(as_of=_day("2024-06-01"), before=_day("2024-05-01")))

    for answer in (alone, both):
        assert not answer.answered
        assert hints(answer) == []
        assert "would answer" not in answer.text
        assert "2024-11-12" not in answer.text


def test_without_an_answer_elsewhere_there_is_no_hint(assistant: Assistant) -> None:
    """A filter is not blamed for what no document says."""
    answer = assistant.ask("Why is saffron dear?", filters=Filters(after=_day("2024-01-01")))

    assert hints(answer) == []


@pytest.mark.parametrize(
    "filters",
    [
        Filters(after=_day("2024-05-01"), before=_day("2024-04-01")),
        Filters(after=_day("2024-05-01"), as_of=_day("2024-04-01")),
    ],
)
def test_filters_that_contradict_each_other_are_refused(assistant: Assistant, filters: Filters) -> None:
    """No face needs to check them for itself."""
    with pytest.raises(QuestionError, match="after 2024-05-01 is later than"):
        assistant.ask(QUESTION, filters=filters)
    with pytest.raises(QuestionError, match="after 2024-05-01 is later than"):
        assistant.timeline("harbour", filters=filters)


def test_an_as_of_in_the_future_is_told(assistant: Assistant) -> None:
    """It hides nothing, and the trace says so."""
    answer = assistant.ask(QUESTION, filters=Filters(as_of=_day("2999-01-01")))

    assert answer.answered
    assert answer.trace.steps[0].to_dict() == {
        "name": "note",
        "text": "as_of 2999-01-01 lies in the future: it hides nothing that is here today",
    }


def test_a_date_that_no_calendar_holds_is_told(assistant: Assistant) -> None:
    """It is no window, and the refusal says why."""
    answer = assistant.ask("Why was saffron dear on 31 February 2024?")

    assert answer.reason is not None
    assert not answer.answered
    assert answer.reason == (
        "No calendar holds '31 February 2024', so this was not answered. Ask with a date that there is."
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What opened on 31 November 2024?", "31 November 2024"),
        ("What happened on Feb. 30?", "Feb. 30"),
        ("Who came on 2023-02-29?", "2023-02-29"),
        ("Who came on 29 February 2024?", None),
        ("How did the marines 45 miles away hear of it?", None),
        ("How may 50 people vote?", None),
        ("What is in file 4321-99-11?", None),
    ],
)
def test_only_a_date_can_be_impossible(question: str, found: str | None) -> None:
    """Numbers near words that begin like a month are no dates."""
    assert impossible_date(question) == found


def test_a_time_after_all_documents_is_told(assistant: Assistant) -> None:
    """Where the question asks for what no document can know."""
    answer = assistant.ask("Why will saffron be dear in 2031?")

    assert answer.reason is not None
    assert answer.reason.endswith("They were all published before the time asked about (in 2031).")


@pytest.mark.parametrize("said", ["thanks", "Thank you very much!", "Good morning"])
def test_small_talk_is_told_that_nothing_was_asked(library: Library, said: str) -> None:
    """It names no documents and no passages, though words of it may stand somewhere."""
    answer = Assistant(library, None, load_calibrations(CALIBRATIONS)).ask(said)
    assert not answer.answered
    assert answer.text == answer.reason == NO_QUESTION
    assert answer.passages == ()
