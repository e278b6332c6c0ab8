"""The dates of events: against a gold set written by hand, and against texts that no one would write.

The gold follows the conventions that ``corpus/dates.py`` names (thirds of a year, weeks from Monday …). In its rows, a
line break ends a sentence. It names years before Christ by ISO 8601 (``-0475`` is 476 BC), though none is read.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.dates import event_dates_of
from corpus.document import EventDate, Sentence, Span

GOLD = Path(__file__).parent / "dates_gold.jsonl"
PUBLISHED = datetime.date(2024, 11, 12)  # a Tuesday


def sentences_of(text: str) -> Iterator[Sentence]:
    start = 0
    for ordinal, line in enumerate(text.split("\n")):
        yield Sentence("d", ordinal, Span(start, start + len(line)), line)
        start += len(line) + 1


def read(text: str, published: datetime.date | None = PUBLISHED) -> list[EventDate]:
    return [date for dates in event_dates_of(list(sentences_of(text)), published) for date in dates]


def iso(text: str, published: datetime.date | None = PUBLISHED) -> list[str]:
    return [date.iso for date in read(text, published)]


def gold() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]


def published_of(row: dict[str, Any]) -> datetime.date | None:
    return datetime.date.fromisoformat(row["published"]) if row["published"] else None


def ends(words: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of ISO 8601 words: ``2024``, ``2024-06``, ``2004/2006``, ``../2012``."""
    begin, _, end = words.partition("/")
    first = begin if begin != ".." else "0001-01-01"
    last = (end or begin) if end != ".." else "9999-12-31"
    first += "-01-01"[len(first) - 4 :] if len(first) < 10 else ""
    match len(last):
        case 4:
            last += "-12-31"
        case 7:
            month = datetime.date.fromisoformat(f"{last}-01")
            last = ((month + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)).isoformat()
    return datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)


def finer(found: str, wanted: str) -> bool:
    """Whether a date lies within the one that the words give without being it."""
    (first, last), (begin, end) = ends(found), ends(wanted)
    return (first, last) != (begin, end) and begin <= first and last <= end


def test_the_dates_of_the_gold_set_are_read_to_the_letter() -> None:
    """At least 95 of 100 sentences have exactly their dates, no more and no less."""
    rows = gold()
    wrong = [
        f"{row['published']} {row['text']!r}: {found}, not {row['dates']}"
        for row in rows
        if (found := iso(row["text"], published_of(row))) != row["dates"]
    ]
    assert len(rows) >= 300
    assert len(wrong) <= 0.05 * len(rows), "\n".join(wrong)


def test_no_date_is_finer_than_its_words() -> None:
    """A month is never told as a day of it, nor a year as one of its months."""
    for row in gold():
        for found in iso(row["text"], published_of(row)):
            assert not any(finer(found, wanted) for wanted in row["dates"] if found not in row["dates"]), row


def test_what_names_no_date_gets_none() -> None:
    """Numbers, names and verbs that look like dates are passed over."""
    rows = [row for row in gold() if not row["dates"]]
    assert len(rows) >= 60
    misread = [row["text"] for row in rows if iso(row["text"], published_of(row))]
    assert len(misread) <= 0.05 * len(rows), misread


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She was elected in June this year.", "in June this year"),
        ("On Monday, November 11, 2024, it rained.", "On Monday, November 11, 2024"),
        ("It ran between 2004 and 2006 there.", "between 2004 and 2006"),
        ("Work was done over the past three years.", "over the past three years"),
        ("After the 2016 coup he fled.", "2016"),
        ("It rained on 3\u00a0May  2021 here.", "on 3\u00a0May  2021"),
    ],
)
def test_the_words_of_a_date_are_told_as_they_stand(text: str, words: str) -> None:
    """The text of a date is what stands at its span."""
    (found,) = read(text)
    assert found.text == words
    assert found.span.of(text) == words


def test_a_date_is_read_against_the_sentence_before_but_no_further() -> None:
    """ "Two days later" counts from a date in the same or the preceding sentence."""
    assert iso("It began on 5 May 2001.\nTwo days later it was over.") == ["2001-05-05", "2001-05-07"]
    assert iso("It began on 5 May 2001.\nNobody came.\nTwo days later it was over.") == ["2001-05-05"]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Heavy rain fell between Sunday and Wednesday.", ["2024-11-03/2024-11-06"]),
        ("The blockade ran from Friday to Monday.", ["2024-11-08/2024-11-11"]),
        ("The drivers called a walkout from Monday to Wednesday.", ["2024-11-11/2024-11-13"]),
        ("The fair will run from Monday to Wednesday.", ["2024-11-18/2024-11-20"]),
    ],
)
def test_a_stretch_of_weekdays_told_in_the_past_is_over(text: str, dates: list[str]) -> None:
    """A text of a Tuesday can't tell that it rained until Wednesday, but that a walkout until then was called."""
    assert iso(text) == dates


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("The lighthouse was repainted in the summer.", ["2024-06/2024-08"]),
        ("The ferry will sail again in the spring, its owner said.", ["2025-03/2025-05"]),
        ("Work must be done by the spring.", ["../2025-05"]),
        ("The lake freezes in the winter.", []),
        ("In the summer, if it is too hot, the roof can be opened.", []),
        ("Two climbers were hurt in the fall.", []),
        ("It was shut in the summer break.", []),
        ("The war began in 1912. In the winter it was over.", ["1912"]),
    ],
)
def test_a_season_without_a_year_is_read_where_the_verb_says_which(text: str, dates: list[str]) -> None:
    """Past and future point to one; a habit, a fall, a noun behind it or another year beside it do not."""
    assert iso(text) == dates


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("It rained in late May 2001, and three months later it snowed.", ["2001-05-21/2001-05-31", "2001-08"]),
        ("She joined in the spring of 2020 and left the following year.", ["2020-03/2020-05", "2021"]),
        ("He ruled from 2004 to 2006 and died two years later.", ["2004/2006"]),
        (
            "On Monday he read the treaty of June, and two days later the vote was held.",
            ["2024-11-11", "2024-06", "2024-11-13"],
        ),
        ("It snowed in early May 2001, and two days later it was warm.", ["2001-05-01/2001-05-10"]),
    ],
)
def test_what_comes_later_counts_from_a_season_too(text: str, dates: list[str]) -> None:
    """Where all of the season lies in one of the units that are counted, and no finer than they are."""
    assert iso(text) == dates


def test_a_time_that_names_a_manner_is_no_date() -> None:
    """A hall in 1890s style was not built in the 1890s."""
    assert iso("A 1960s-style kitchen and a hall in 1890s style were shown.") == []
    assert iso("A kitchen of the 1960s was shown.") == ["1960/1969"]


def test_without_a_published_date_nothing_is_guessed() -> None:
    """In an undated text only what names its year is a date."""
    assert iso("On Monday, in June, last year and on March 3 it rained.", None) == []
    assert iso("It has rained since 2019.", None) == ["2019/.."]


def test_an_open_range_ends_at_the_edge_of_the_calendar() -> None:
    """What is open to the future ends at the last day there is, and is written with two dots."""
    (after,) = read("Nothing was built after 2004.")
    assert (after.first, after.last, after.iso) == (datetime.date(2005, 1, 1), datetime.date.max, "2005/..")
    (until,) = read("It stood until 30 June 1990.")
    assert (until.first, until.last, until.iso) == (datetime.date.min, datetime.date(1990, 6, 30), "../1990-06")


_WORDS = st.sampled_from(
    (
        "on in since until before after by from to between and the of early mid- late – - , . ( ) next last this that "
        "week month year decade century quarter half first second third ago earlier later two 3 31 12 2024 1999 "
        "2004-06 February May March Nov. Monday Sun night spring Q3 19th 1990s '90s AD BC 0 9999 29 past 100 years "
        "days will said yesterday today following same day 31/12/2024 2024-02-30 12.11.2024 ended onwards "
        "present New Year's Eve"
    ).split()
)
_DATES = st.none() | st.dates() | st.sampled_from([datetime.date.min, datetime.date.max, datetime.date(2024, 2, 29)])


@given(st.lists(_WORDS, max_size=14).map(" ".join) | st.text(max_size=80), _DATES)
def test_no_text_is_too_odd(text: str, published: datetime.date | None) -> None:
    """Whatever stands there, reading ends well, and every date lies within its sentence, in order."""
    sentences = list(sentences_of(text))
    found = event_dates_of(sentences, published)
    assert len(found) == len(sentences)
    for sentence, dates in zip(sentences, found, strict=True):
        behind = sentence.span.start
        for date in dates:
            assert sentence.span.contains(date.span)
            assert date.span.of(text) == date.text != ""
            assert date.span.start >= behind
            assert date.first <= date.last
            assert ends(date.iso) == (date.first, date.last)
            behind = date.span.end


@given(st.dates(datetime.date(1000, 1, 1), datetime.date(2099, 12, 31)), st.sampled_from(["%d %B %Y", "%B %d, %Y"]))
def test_every_day_is_read_back(day: datetime.date, form: str) -> None:
    """A day written out in English is that day, whenever the text appeared."""
    assert iso(f"It happened on {day.strftime(form)}.") == [day.isoformat()]
