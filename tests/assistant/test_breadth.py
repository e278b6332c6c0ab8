"""Broad questions: told by their form, answered by quotes that each add something."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.breadth import breadth_of, choose_many, other_wordings, statements_of_many, topic_of
from assistant.calibration import Calibration, load_calibrations
from assistant.evidence import weigh_sentences
from assistant.windows import question_window
from corpus.document import Document, PublishedDate

if TYPE_CHECKING:
    from assistant.settings import Settings
    from index.library import Library

HARBOUR = """The storm of 4 May 2011 broke the harbour wall.

The harbour wall broke in the storm of 4 May 2011.

The harbour was rebuilt in 2014 after the storm. The harbour took its first ship after the storm in March 2015.

The plan for the harbour after the storm has three parts:

- a longer wall,
- a lock for ships,
- a bridge for the railway.

Bread is cheap.
"""


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """One document that tells a thing twice, and has a list."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    published = PublishedDate(datetime.date(2016, 1, 1), "user")
    document = Document(text=HARBOUR, title="Harbour", origin="harbour", name="harbour", published=published)
    assert [added.status for added in library.add([document])] == ["added"]
    yield library
    library.close()


def quoted(library: Library, question: str) -> list[str]:
    breadth = breadth_of(question)
    assert breadth is not None
    weighed = weigh_sentences(question, library.search(question), library, load_calibrations())
    evidence = sorted(weighed, key=lambda item: -item.logit)
    window = question_window(question, datetime.date(2016, 1, 1))
    return [quote.text for quote in choose_many(evidence, library, breadth, window=window)]


def test_quotes_of_what_happened_are_in_the_order_of_time_and_none_twice(library: Library) -> None:
    """What was said already is not said again in other words."""
    quotes = quoted(library, "What happened to the harbour in the storm?")

    told = [quote for quote in quotes if "storm" in quote and "plan" not in quote]
    assert len([quote for quote in told if "2011" in quote]) == 1
    assert [quote for quote in told if "2014" in quote or "2015" in quote] == [
        "The harbour was rebuilt in 2014 after the storm.",
        "The harbour took its first ship after the storm in March 2015.",
    ]
    assert "2011" in told[0]
    assert 2 <= len(quotes) <= 5


def test_a_list_is_quoted_whole(library: Library) -> None:
    """With the line that leads to it."""
    quotes = quoted(library, "What are the points of the plan: a lock for ships, a longer wall?")

    (whole,) = [quote for quote in quotes if "lock" in quote]
    assert whole == (
        "The plan for the harbour after the storm has three parts:\n\n"
        "- a longer wall,\n- a lock for ships,\n- a bridge for the railway."
    )


def test_a_time_in_the_question_leaves_out_other_times(library: Library) -> None:
    """Only what happened then is quoted."""
    assert quoted(library, "What happened to the harbour after the storm in 2015?") == [
        "The harbour took its first ship after the storm in March 2015."
    ]


def test_what_happened_in_a_time_is_told_by_its_events(library: Library) -> None:
    """One quote an event, on the topic that is left when the time is taken out, in the order of time."""
    question = "What happened at the harbour between 2011 and 2014?"
    answer = Assistant(library, None, _dared()).ask(question)

    assert [citation.quote for citation in answer.citations] == [
        "The storm of 4 May 2011 broke the harbour wall.",
        "The harbour was rebuilt in 2014 after the storm.",
    ]


def test_a_topic_is_what_is_left_of_a_question() -> None:
    """Without the words that ask and those that name the time; empty where nothing telling is left."""
    breadth = breadth_of("What happened in Noto in January 2024?")
    window = question_window("What happened in Noto in January 2024?", datetime.date(2024, 6, 1))
    assert breadth is not None
    assert window is not None
    assert topic_of("What happened in Noto in January 2024?", breadth, window) == "in Noto"
    assert topic_of("What happened in January 2024?", breadth, window) == ""


def _dared() -> dict[str, Calibration]:
    """Whatever is found is answered."""
    return {name: replace(fitted, threshold=0.0) for name, fitted in load_calibrations().items()}


@pytest.mark.parametrize(
    ("question", "arrangement"),
    [
        ("What happened in Sinuiju?", "time"),
        ("what has happened since the storm", "time"),
        ("What else happened in October 2023?", "time"),
        ("How did the talks unfold?", "time"),
        ("Tell me about the floods.", "reading"),
        ("What does the treaty provide?", "reading"),
        ("What did each side promise?", "reading"),
        ("How did governments react to the pact?", "reading"),
        ("List the countries that joined.", "reading"),
        ("What are the main terms of the accord?", "reading"),
        ("Could you summarise the report?", "reading"),
        ("What is known about the satellite?", "reading"),
    ],
)
def test_a_broad_question_is_told_by_its_form(question: str, arrangement: str) -> None:
    """Questions of events are answered in the order of time, others in that of the documents."""
    breadth = breadth_of(question)
    assert breadth is not None
    assert breadth.arrangement == arrangement


@pytest.mark.parametrize(
    "question",
    [
        "When was the treaty signed?",
        "Who signed the treaty?",
        "How many soldiers were sent?",
        "Where did the leaders meet?",
        "Did the mill burn down?",
        "Which river burst its banks?",
        "What is the capital of Norway?",
        "What did Kim give Putin?",
        "Why did the talks fail?",
        "When did each side sign?",
    ],
)
def test_a_question_for_one_thing_is_not_broad(question: str) -> None:
    """A date, a number, a name, a reason or a yes is one quote's work."""
    assert breadth_of(question) is None


@pytest.mark.parametrize(
    ("question", "wording"),
    [
        ("What did each side promise in the treaty?", "What does the treaty provide?"),
        ("what must both parties undertake to do under the lease", "What does the lease provide?"),
        ("What have the two countries agreed to in the accord of 1961?", "What does the accord of 1961 provide?"),
        ("How did other countries react to the treaty?", "What did governments say about the treaty?"),
        ("How has the rest of the world responded to the veto?", "What did governments say about the veto?"),
        ("How did other countries react?", None),
        ("How did Japan react to the treaty?", None),
        ("How did stock markets in other countries react to the treaty?", None),
        ("What did Kim promise in the treaty?", None),
        ("What did each side say?", None),
    ],
)
def test_a_subject_that_names_nobody_is_worded_as_documents_do(question: str, wording: str | None) -> None:
    """Where it names somebody, or says too little to be asked about, it is left alone."""
    others = other_wordings(question)
    assert (others[0].question if others else None) == wording


def test_an_earlier_question_says_what_others_react_to() -> None:
    """The follow-up alone says nothing of it."""
    others = other_wordings("How did other countries react?", has_topic=True)
    assert [other.question for other in others] == [
        "What did governments say about it?",
        "What did ambassadors or ministers say about it?",
    ]


PACT = """{first}

Anna Berg, the minister of Norway, said that the pact was a mistake.

The pact has ten pages. It was printed on Tuesday.
"""


@pytest.mark.parametrize(
    ("first", "quotes"),
    [
        ("Many governments condemned the pact on Monday.", 2),
        ("The government condemned the pact on Monday.", 0),
    ],
)
def test_what_many_say_is_not_what_one_says(settings: Settings, first: str, quotes: int) -> None:
    """The best sentence must tell of several; beside it stands what its document reports as said."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    list(library.add([Document(text=PACT.format(first=first), title="Pact", origin="pact", name="pact")]))
    question = "condemned the pact governments government"
    weighed = weigh_sentences(question, library.search(question), library, load_calibrations())
    told = statements_of_many(sorted(weighed, key=lambda item: -item.logit), library)
    library.close()

    said = [first, "Anna Berg, the minister of Norway, said that the pact was a mistake."]
    assert [item.sentence.text for item in told] == said[:quotes]


@pytest.mark.parametrize(
    ("second", "many"),
    [
        ("Sweden's ambassador, Carl Stein, said that the pact was a step.", True),
        ("Norway's ambassador, Carl Stein, said that the pact was a step.", False),
        ("Carl Stein, a baker, said that the pact was a step.", False),
    ],
)
def test_those_who_speak_for_several_countries_are_many(settings: Settings, second: str, many: bool) -> None:
    """Two officials of one country are not, and whom the words do not give to a country speaks for none."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    first = "The foreign minister of Norway, Anna Berg, said that the pact was a mistake."
    text = f"{first}\n\n{second}\n\nThe spokesman, Tom Vale, said that the pact had ten pages.\n"
    list(library.add([Document(text=text, title="Pact", origin="pact", name="pact")]))
    question = "minister Norway mistake"
    weighed = weigh_sentences(question, library.search(question), library, load_calibrations())
    told = statements_of_many(sorted(weighed, key=lambda item: -item.logit), library)
    library.close()

    assert [item.sentence.text for item in told] == ([first, second] if many else [])
