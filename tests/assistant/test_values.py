"""The values that a question asks for: what is shown bold, and when two values say the same."""

from __future__ import annotations

from datetime import date

import pytest

from assistant.values import Kind, Value, marks, values_in
from corpus.dates import event_dates_of
from corpus.document import EventDate, Sentence, Span

PUBLISHED = date(2024, 11, 12)
START = 100
"""Where the sentences begin in their document."""


def dates_of(text: str) -> tuple[EventDate, ...]:
    (dates,) = event_dates_of([Sentence("d", 0, Span(START, START + len(text)), text)], PUBLISHED)
    return dates


def value(kind: Kind, text: str) -> Value:
    found = values_in(text, kind, "", dates_of(text), START)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("question", "sentence", "bold"),
    [
        ("When was the bridge opened?", "The bridge was opened on 3 May 2021 by the mayor.", ["on 3 May 2021"]),
        ("How many houses were flooded?", "About 4,100 houses were under water on 27 July.", ["4,100 houses"]),
        ("How many men were sent?", "The North sent fifty thousand men.", ["fifty thousand men"]),
        ("Who signed the treaty?", "The treaty was signed by Anna Berg and the minister.", ["Anna Berg"]),
        ("Why did it fall?", "It fell on 3 May 2021.", []),
        ("How many?", "It had 12 doors, 30 windows, 4 towers and 9 bells.", []),
    ],
)
def test_what_is_asked_for_is_bold(question: str, sentence: str, bold: list[str]) -> None:
    """The asked-for date, number or name; nothing where none is asked for, or where a sentence is full of them."""
    assert [mark.of(sentence) for mark in marks(question)(sentence, dates_of(sentence), START)] == bold


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Moscow sent 50,000 to 100,000 tons of rice.", [("50,000 to 100,000 tons", 100_000.0, "ton")]),
        ("It will cost between 4.3 and 5.2 billion dollars.", [("between 4.3 and 5.2 billion dollars", 5.2e9, "$")]),
        ("It will cost $1.7-1.9 billion.", [("$1.7-1.9 billion", 1.9e9, "$")]),
        ("There were 10 and 12 people.", [("10", 10.0, ""), ("12 people", 12.0, "peopl")]),
        ("He saw 10,000 South Osmian soldiers.", [("10,000 South Osmian soldiers", 10_000.0, "soldier")]),
        ("He saw 10,000 South Osmians who marched.", [("10,000 South Osmians", 10_000.0, "osmian")]),
    ],
)
def test_a_number_with_its_unit_is_one_value(sentence: str, found: list[tuple[str, float, str]]) -> None:
    """Of a range the upper end is the amount."""
    said = values_in(sentence, "number", "", (), START)
    assert [(value.text, value.amount, value.unit) for value in said] == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many people died?", ["281 people"]),
        ("How long did it take?", ["Six months", "281 people"]),
        ("How many months after the quake were people found?", ["Six months", "281 people"]),
    ],
)
def test_a_time_is_no_count_of_people(question: str, found: list[str]) -> None:
    """A number of months answers only a question about time."""
    text = "Six months after the earthquake, 281 people are counted as its victims."
    assert [value.text for value in values_in(text, "number", question, (), START)] == found


@pytest.mark.parametrize(
    ("sentence", "counts"),
    [
        ("Under Article 4 it gives help.", []),
        ("See page 12, Chapter 2 and No. 5.", []),
        ("A Boeing 737 crashed near the airport.", []),
        ("Those Boeing 737 jets were damaged.", []),
        ("Some 50-60 people came.", ["50-60 people"]),
        ("The missile, a Hwasong-17, was seen at 22:42.", []),
        ("It was their 4th meeting, won 6-4.", []),
        ("In Gaza 40 people were killed.", ["40 people"]),
        ("About 4,100 houses stood in Ward 6.", ["4,100 houses"]),
        ("The treaty has 23 articles.", ["23 articles"]),
        ("There were 11,000 North Norland soldiers.", ["11,000 North Norland soldiers"]),
        ("He paid Anna $5 for Article 7.", ["$5"]),
    ],
)
def test_a_number_that_labels_a_thing_is_no_count(sentence: str, counts: list[str]) -> None:
    """An article, a page, a model of aircraft, a time and an ordinal are not what "how many" asks for."""
    assert [found.text for found in values_in(sentence, "number", "", (), START)] == counts


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("number", "some 50,000 men", "fifty thousand men", True),
        ("number", "some 50,000 men", "60,000 men", False),
        ("number", "some 50,000 men", "49,600 men", True),
        ("number", "some 10,000 men", "11,000 men", False),
        ("number", "a bill of $1.2bn", "a bill of $1,200 million", True),
        ("number", "a rise of 5 %", "5 ships came", False),
        ("date", "It fell on 3 May 2021.", "It fell in May 2021.", True),
        ("date", "It fell on 3 May 2021.", "It fell in June 2021.", False),
        ("name", "said Anna Berg", "said Berg", True),
        ("name", "said Anna Berg", "said Carl Stein", False),
    ],
)
def test_values_agree_as_precisely_as_they_are_given(kind: Kind, one: str, other: str, same: bool) -> None:
    """Spelling, scale, a coarser date and a surname are no difference; another amount, unit, day or person is."""
    assert value(kind, one).agrees(value(kind, other)) is same
    assert value(kind, other).agrees(value(kind, one)) is same
