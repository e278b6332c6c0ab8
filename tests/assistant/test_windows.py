"""The time that a question asks about."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.windows import Window, period_match, question_window
from corpus.dates import event_dates_of
from corpus.document import EventDate, Sentence, Span

TODAY = date(2024, 11, 12)


def dates_of(text: str) -> tuple[EventDate, ...]:
    (dates,) = event_dates_of([Sentence("d", 0, Span(0, len(text)), text)], TODAY)
    return dates


def window_of(question: str) -> Window:
    window = question_window(question, TODAY)
    assert window is not None
    return window


@pytest.mark.parametrize(
    ("question", "first", "last", "words"),
    [
        ("What happened to the bridge in June 2024?", date(2024, 6, 1), date(2024, 6, 30), "in June 2024"),
        ("Who led the party between 2004 and 2006?", date(2004, 1, 1), date(2006, 12, 31), "between 2004 and 2006"),
        ("Who coached the club from 2004 to 2005?", date(2004, 1, 1), date(2005, 12, 31), "from 2004 to 2005"),
        ("Which posts did she hold after 2010?", date(2011, 1, 1), date.max, "after 2010"),
        ("Who owned the mill before March 2020?", date.min, date(2020, 2, 29), "before March 2020"),
        ("What did the court decide last month?", date(2024, 10, 1), date(2024, 10, 31), "last month"),
        ("Where did he live in early 2000s?", date(2000, 1, 1), date(2004, 12, 31), "in early 2000s"),
        ("Who was mayor in the late 1990s?", date(1996, 1, 1), date(1999, 12, 31), "in the late 1990s"),
        ("what was said on november 4?", date(2024, 11, 4), date(2024, 11, 4), "on november 4"),
        ("what closed in may 2021", date(2021, 5, 1), date(2021, 5, 31), "in may 2021"),
        (
            "Who was the coach from Jan 2003 to Feb 2004?",
            date(2003, 1, 1),
            date(2004, 2, 29),
            "from Jan 2003 to Feb 2004",
        ),
        ("What was sold in 2003 or 2005?", date(2003, 1, 1), date(2005, 12, 31), "in 2003 or 2005"),
    ],
)
def test_the_dates_of_a_question_are_its_window(question: str, first: date, last: date, words: str) -> None:
    """Dates, stretches and open ends are read, against today where they must be, with the words that said so."""
    window = window_of(question)
    assert (window.first, window.last, window.text, window.order) == (first, last, words, None)


def test_an_upside_down_window_is_turned() -> None:
    """ "Between 2006 and 2004" asks for the same time as "between 2004 and 2006", in its own words."""
    window = window_of("What did he do between 2006 and 2004?")
    assert (window.first, window.last) == (date(2004, 1, 1), date(2006, 12, 31))
    assert window.text == "between 2006 and 2004"


@pytest.mark.parametrize(
    "question",
    [
        "Who governed before the ratification?",
        "Who was the first president of the republic?",
        "What was his first name?",
        "How long did the siege last?",
        "How strong is the ocean current there?",
        "What may the king decide?",
        "Who took the last seat?",
        "When did the 2024 people sign?",
        "Did they finish in first place?",
        "",
    ],
)
def test_a_question_without_a_time_has_no_window(question: str) -> None:
    """An event is no date, and "first" before a noun names a thing."""
    assert question_window(question, TODAY) is None


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("What is the latest price of the ticket?", "latest"),
        ("What is the most recent count?", "latest"),
        ("Where is the painting now?", "latest"),
        ("Who is currently the chair?", "latest"),
        ("Who is the current chair?", "latest"),
        ("When did the club last win the cup?", "latest"),
        ("When was the tower first opened?", "first"),
        ("What is the earliest record of the town?", "first"),
        ("What was the town originally called?", "first"),
    ],
)
def test_the_order_that_a_question_asks_for(question: str, order: str) -> None:
    """ "Latest" and "first" order the events that fit; without a date the window is open on both sides."""
    window = window_of(question)
    assert window.order == order
    assert not window.bounded


def test_a_window_may_have_an_order() -> None:
    """The latest of what happened in a year."""
    window = window_of("What was the latest offer in 2023?")
    assert (window.first.year, window.last.year, window.order) == (2023, 2023, "latest")


@pytest.mark.parametrize(
    ("question", "sentence", "features"),
    [
        ("in 2005", "He has led it since 2003.", {"covers": 1}),
        ("in 2005", "It was sold on 3 May 2005.", {"inside": 1}),
        ("in 2005", "It was sold in 2005.", {"covers": 1, "inside": 1}),
        ("in 2005", "It was sold in 2007.", {"misses": 1}),
        ("in 2005", "It was sold.", {"undated": 1}),
        ("after 2010", "It was sold in 2012.", {"inside": 1}),
        ("after 2010", "It was sold in 2010.", {"misses": 1}),
        ("before 2010", "It stood from 1999 to 2019.", {}),
    ],
)
def test_how_a_sentence_fits_the_time(question: str, sentence: str, features: dict[str, float]) -> None:
    """A period that holds the window covers it, a date in the window lies inside, all others miss it."""
    found = period_match(window_of(f"What happened {question}?"), dates_of(sentence))
    found.pop("overlaps")
    assert found == {"covers": 0, "inside": 0, "misses": 0, "undated": 0} | features


def test_the_share_of_the_time_that_a_date_holds() -> None:
    """Half a year of one asked for is about half."""
    window = window_of("What happened in 2005?")
    assert period_match(window, dates_of("It ran from July 2005 to June 2006."))["overlaps"] == pytest.approx(184 / 365)
    assert period_match(window, dates_of("It ran from 2004 to 2006."))["overlaps"] == 1


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from("first last latest now in 2004 and 2006 did may 5".split())).map(" ".join)
)
def test_no_question_is_too_odd(question: str) -> None:
    """Whatever is asked, the window's words stand in the question, and its features lie between 0 and 1."""
    window = question_window(question, TODAY)
    if window is not None:
        assert window.text in question
        assert window.first <= window.last
        for sentence in ("In 2004.", "Since 2003.", "Before 2005.", "After 2005."):
            assert all(0 <= value <= 1 for value in period_match(window, dates_of(sentence)).values())
