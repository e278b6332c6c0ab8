"""The timeline: which dates a sentence tells of, what is one event, and that every entry is a quote."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.timeline import Timeline, told_dates
from corpus.dates import event_dates_of
from corpus.document import Document, PublishedDate, Sentence, Span
from corpus.filters import Filters

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.parts import Parts
    from assistant.settings import Settings
    from index.library import Library

PUBLISHED = datetime.date(2024, 11, 12)  # a Tuesday


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """A library that finds by shared words."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    yield library
    library.close()


@pytest.fixture
def assistant(library: Library) -> Assistant:
    from assistant.assistant import Assistant
    from assistant.calibration import load_calibrations

    return Assistant(library, None, load_calibrations())


def add(library: Library, title: str, text: str, published: str | None) -> str:
    day = PublishedDate(datetime.date.fromisoformat(published), "user") if published else None
    (added,) = library.add([Document(text=text, title=title, origin=title, name=title, published=day)])
    return added.document_id


def told(text: str) -> list[str]:
    sentence = Sentence("d", 0, Span(0, len(text)), text)
    (dates,) = event_dates_of([sentence], PUBLISHED)
    return [date.iso for date in told_dates(text, dates, 0)]


def entries(timeline: Timeline) -> list[tuple[str, str, list[str]]]:
    return [(event.iso, event.clock, [citation.title for citation in event.citations]) for event in timeline.events]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("The mill burned down on Monday.", ["2024-11-11"]),
        ("It tried twice this year, in May and in August.", ["2024-05", "2024-08"]),
        ("The rocket rose on Monday, at the third attempt this year.", ["2024-11-11"]),
        ("The minister said on Monday that the mill had burned down in 2019.", ["2019"]),
        ("The minister said on Monday that the mill was safe.", ["2024-11-11"]),
        ("On Monday he laid the treaty of June 2020 before the house.", ["2024-11-11"]),
        ("The treaty of 9 February 2000 is void.", []),
        ("The treaty of 9 February 2000 has 12 articles.", ["2000-02-09"]),
        ("With the exchange, the pact of 9 February 2000 lost its validity.", []),
        ("It replaces the pact of 1961, the treaty of 2000 and the notes of 2001.", []),
        ("The mill has to be ready by 2030.", []),
        ("He signed it two days earlier, on Saturday.", ["2024-11-09"]),
        ("The mill stands by the river.", []),
    ],
)
def test_the_dates_of_an_event_are_told_from_those_beside_it(text: str, dates: list[str]) -> None:
    """The day of a report, a year that a thing is named by, and a deadline date no event."""
    assert told(text) == dates


def test_events_stand_in_their_order_not_in_that_of_the_documents(assistant: Assistant, library: Library) -> None:
    """What a later document tells of an earlier time comes first; a month comes before its days."""
    add(library, "New", "The bridge opened in March 2020. The bridge had burned on 4 May 2011.", "2024-01-01")
    add(library, "Old", "The bridge opened for carts on 2 March 2020. The bridge was planned in 2009.", "2023-01-01")

    timeline = assistant.timeline("the bridge")

    assert [event.said for event in timeline.events] == ["2009", "4 May 2011", "March 2020", "2 March 2020"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("on 9 and 11 November", "9 and 11 November 2024"),
        ("on November 9 and 11", "9 and 11 November 2024"),
        ("on 9 or 11 November", "9 or 11 November 2024"),
        ("from 9 to 11 November", "9 to 11 November 2024"),
        ("between 9 and 11 November", "9 to 11 November 2024"),
    ],
)
def test_two_days_are_not_the_days_between(assistant: Assistant, library: Library, words: str, said: str) -> None:
    """Days that are joined by a word stand as they are told; a stretch of days reads as one."""
    add(library, "Bridge", f"The bridge burned {words}.", "2024-12-01")

    (event,) = assistant.timeline("the bridge burned").events

    assert (event.said, event.iso) == (said, "2024-11-09/2024-11-11")
    assert event.to_dict()["joined"] == (said.split()[1] if "to" not in said.split() else "")


def test_one_event_told_twice_is_one_entry_with_both_sources(assistant: Assistant, library: Library) -> None:
    """The finest date leads, and it is one that a quote names."""
    add(library, "Later", "The old bridge burned down in May 2011.", "2024-01-01")
    add(library, "Then", "The old bridge burned down on 4 May 2011.", "2011-05-05")
    add(library, "Elsewhere", "The old bridge was rebuilt in May 2012.", "2012-06-01")

    timeline = assistant.timeline("the old bridge")

    assert entries(timeline) == [("2011-05-04", "event", ["Then", "Later"]), ("2012-05", "event", ["Elsewhere"])]
    assert [citation.event_dates for citation in timeline.events[0].citations] == [("2011-05-04",), ("2011-05",)]


def test_a_year_and_a_day_in_it_stay_apart(assistant: Assistant, library: Library) -> None:
    """Much happens in a year."""
    add(library, "Review", "The old bridge burned down in 2011.", "2012-01-01")
    add(library, "Report", "The old bridge burned down on 4 May 2011.", "2011-05-05")

    assert entries(assistant.timeline("the old bridge")) == [
        ("2011", "event", ["Review"]),
        ("2011-05-04", "event", ["Report"]),
    ]


def test_of_equally_fine_dates_what_was_published_nearest_to_the_event_leads(
    assistant: Assistant, library: Library
) -> None:
    """A report of the day comes before a look back."""
    add(library, "Chronicle", "4 May 2011: the old bridge burned down.", "2024-01-01")
    add(library, "Report", "The old bridge burned down on Wednesday.", "2011-05-05")

    assert entries(assistant.timeline("the old bridge")) == [("2011-05-04", "event", ["Report", "Chronicle"])]


def test_reports_of_different_figures_stay_apart(assistant: Assistant, library: Library) -> None:
    """Two counts of one day are two entries, so that neither hides the other."""
    add(library, "One", "The storm of 4 May 2011 cut off 12,000 houses on the island.", "2011-05-05")
    add(library, "Other", "The storm of 4 May 2011 cut off 15,000 houses on the island.", "2011-05-06")

    assert entries(assistant.timeline("storm on the island houses")) == [
        ("2011-05-04", "event", ["One"]),
        ("2011-05-04", "event", ["Other"]),
    ]


def test_a_document_without_event_dates_stands_at_its_published_date(assistant: Assistant, library: Library) -> None:
    """The entry says that it is the day of publication; an undated document that names no date has no entry."""
    add(library, "Dated", "The bridge is closed for repairs.", "2024-03-02")
    add(library, "Undated", "The bridge is painted green.", None)

    timeline = assistant.timeline("the bridge")

    assert entries(timeline) == [("2024-03-02", "published", ["Dated"])]
    assert timeline.text == "2 March 2024 (published): The bridge is closed for repairs. [1]"


def test_a_time_in_the_topic_limits_the_events(assistant: Assistant, library: Library) -> None:
    """The trace says how the words were read."""
    add(library, "Bridge", "The bridge was planned in 2009. The bridge opened in March 2020.", "2024-01-01")

    timeline = assistant.timeline("the bridge in 2020")

    assert [event.iso for event in timeline.events] == ["2020-03"]
    assert timeline.trace.steps[0].to_dict() == {
        "name": "time",
        "words": "in 2020",
        "from": "2020-01-01",
        "to": "2020-12-31",
    }


def test_filters_hide_documents_and_as_of_those_published_later(assistant: Assistant, library: Library) -> None:
    """A filter is on the published date, as for a question."""
    add(library, "Early", "The bridge was planned in 2009.", "2010-01-01")
    add(library, "Late", "The bridge opened in March 2020.", "2020-03-05")

    def shown(filters: Filters) -> list[str]:
        return [event.iso for event in assistant.timeline("the bridge", filters=filters).events]

    assert shown(Filters()) == ["2009", "2020-03"]
    assert shown(Filters(as_of=datetime.date(2019, 1, 1))) == ["2009"]
    assert shown(Filters(after=datetime.date(2019, 1, 1))) == ["2020-03"]
    assert shown(Filters(before=datetime.date(2000, 1, 1))) == []


def test_nothing_on_the_topic_gives_a_reason(assistant: Assistant, library: Library) -> None:
    """No event is an answer too, and an empty library says that it is empty."""
    assert assistant.timeline("bridges").reason == (
        "No document passes the filters, or there are none yet, so nothing was searched."
    )
    add(library, "Bridge", "The bridge was planned in 2009.", "2010-01-01")

    timeline = assistant.timeline("saffron prices")

    assert (timeline.events, timeline.text) == ((), timeline.reason)
    assert timeline.reason == (
        "The documents tell of no dated event on this. Word the topic as they would, or widen the filters."
    )


def test_the_limit_keeps_the_most_relevant(assistant: Assistant, library: Library) -> None:
    """Not the earliest ones."""
    add(library, "Bridge", "Stones were cut in 2008. The bridge on the river Ness opened in 2010.", "2012-01-01")

    timeline = assistant.timeline("bridge on the river Ness opened", limit=1)

    assert [event.iso for event in timeline.events] == ["2010"]


def test_every_entry_of_the_sample_is_a_quote(sample_parts: Parts) -> None:
    """Each citation is what the document says at its span, numbered along the text, with its date marked in it."""
    timeline = sample_parts.assistant.timeline("treaty between Russia and North Korea")

    assert [citation.id for citation in timeline.citations] == list(range(1, len(timeline.citations) + 1))
    for event in timeline.events:
        lead = event.citations[0]
        assert lead.answer.of(timeline.text) == lead.quote
        for citation in event.citations:
            document = sample_parts.library.document(citation.document_id)
            assert document is not None
            assert citation.span.of(document.text) == citation.quote
            assert citation.answer == lead.answer
            assert bool(citation.marks) == (event.clock == "event")
            assert all(citation.span.contains(mark) for mark in citation.marks)


def test_the_sample_tells_the_way_of_the_treaty(sample_parts: Parts) -> None:
    """Signed, approved, ratified and in force, in this order, the signing with all documents that tell of it."""
    timeline = sample_parts.assistant.timeline("treaty between Russia and North Korea")

    dates = [event.iso for event in timeline.events]
    steps = ["2024-06-19", "2024-10-24", "2024-11-06", "2024-11-09", "2024-11-11", "2024-12-04"]
    assert [date for date in dict.fromkeys(dates) if date in steps] == steps
    signed = next(event for event in timeline.events if event.iso == "2024-06-19")
    assert len(signed.citations) >= 3


def test_a_time_without_a_topic_is_answered_by_its_events(library: Library, assistant: Assistant) -> None:
    """Whatever they are about, in the order of time; not what is planned for then, and nothing where there is none."""
    add(library, "Mill", "The mill burned down on Monday. It was insured.", "2024-11-12")
    add(library, "Ferry", "The ferry sank on 3 November. A new one is to sail on 20 November 2024.", "2024-11-05")
    add(library, "Bakery", "The bakery was built in 2024 and opened on 9 May 2024.", "2024-12-24")

    answer = assistant.ask("What happened in November 2024?")

    assert answer.answered
    assert [citation.quote for citation in answer.citations] == [
        "The ferry sank on 3 November.",
        "The mill burned down on Monday.",
    ]
    assert {passage.title for passage in answer.passages} >= {"Ferry", "Mill"}
    assert not assistant.ask("What happened in December 2024?").answered
    assert not assistant.ask("What happened on 4 November 2024?").answered
    assert not assistant.ask("What happened in November 1994?").answered


def test_the_events_of_a_time_keep_to_the_filters(library: Library, assistant: Assistant) -> None:
    """What was published later than the reader's clock, or on another side of a filter, tells of nothing."""
    add(library, "Mill", "The mill burned down on Monday.", "2024-11-12")
    add(library, "Ferry", "The ferry sank on 3 November.", "2024-11-05")

    early = assistant.ask("What happened in November 2024?", filters=Filters(as_of=datetime.date(2024, 11, 6)))
    late = assistant.ask("What happened in November 2024?", filters=Filters(after=datetime.date(2024, 11, 6)))
    never = assistant.ask("What happened in November 2024?", filters=Filters(before=datetime.date(2024, 10, 6)))

    assert [citation.title for citation in early.citations] == ["Ferry"]
    assert [citation.title for citation in late.citations] == ["Mill"]
    assert not never.answered


def test_a_long_time_is_told_from_many_documents(library: Library, assistant: Assistant) -> None:
    """One event of each document that was published then, before a second of any or what looks back."""
    for month, name in enumerate(["mill", "ferry", "bakery", "harbour"], 3):
        text = f"The {name} burned down on 1 {datetime.date(2023, month, 1):%B} 2023. Its owner left town that year."
        add(
            library,
            name,
            f"{text} A {name} of glass was drawn on 2 {datetime.date(2023, month, 1):%B} 2023.",
            f"2023-0{month}-03",
        )
    add(library, "Chronicle", "A bell was cast on 5 May 2023.", "2030-01-01")

    answer = assistant.ask("What happened in 2023?")

    assert [citation.quote.split(" burned")[0] for citation in answer.citations[:1]] == ["The mill"]
    assert {citation.title for citation in answer.citations} == {"mill", "ferry", "bakery", "harbour"}
    assert len(answer.citations) == 5
