"""Documents that give different values: both are shown, a change is told from a contradiction, and spelling is none."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from assistant.answer import Answer
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.disagreements import asks_for_a_value, differing_values
from assistant.values import asked_kind
from corpus.dates import event_dates_of
from corpus.document import Document, PublishedDate, Sentence, Span
from index.library import Library

if TYPE_CHECKING:
    from assistant.parts import Parts

Ask = Callable[..., Answer]


@pytest.fixture
def ask(library: Library) -> Ask:
    """Ask texts, given as pairs of the day they appeared on and their words; whatever is found is answered."""
    dared = {name: replace(fitted, threshold=0.0) for name, fitted in load_calibrations().items()}

    def ask(question: str, *texts: tuple[str | None, str]) -> Answer:
        documents = [
            Document(
                text,
                f"Report {number}",
                f"report-{number}",
                f"report-{number}.txt",
                published=PublishedDate(datetime.date.fromisoformat(day), "user") if day else None,
            )
            for number, (day, text) in enumerate(texts, 1)
        ]
        assert {result.status for result in library.add(documents)} == {"added"}
        return Assistant(library, None, dared).ask(question)

    return ask


def values(answer: Answer) -> list[tuple[str, list[str]]]:
    return [(found.kind, [side.value for side in found.sides]) for found in answer.disagreements]


def test_both_values_are_shown_with_their_quotes(ask: Ask) -> None:
    """A contradiction names every value with its quotes, its source and how many documents give it."""
    answer = ask(
        "Who won the regatta at Lune in 2019?",
        ("2019-06-03", "Anna Berg won the regatta at Lune in 2019 by two lengths. Boats came from far."),
        ("2019-06-03", "Carl Stein won the regatta at Lune in 2019 by two lengths. It rained."),
        (None, "Carl Stein won the regatta at Lune in 2019 by two lengths, the paper wrote."),
    )

    (found,) = answer.disagreements
    assert found.kind == "contradict"
    assert [(side.value, side.documents) for side in found.sides] == [("Carl Stein", 2), ("Anna Berg", 1)]
    assert answer.text.startswith("The documents differ: Carl Stein")
    assert all(f"[{number}]" in answer.text.split("\n\n")[0] for number in (1, 2))
    for citation in answer.citations:
        assert answer.text[citation.answer.start : citation.answer.end] == citation.quote
    named = {number: side.value for side in found.sides for number in side.citation_ids}
    assert {number: value in answer.citations[number - 1].quote for number, value in named.items()} == dict.fromkeys(
        named, True
    )
    assert set(named) >= {1, 2}
    assert [step.detail for step in answer.trace.steps if step.name == "compare"] == [
        {"kind": "contradict", "values": ["Carl Stein", "Anna Berg"]}
    ]


def test_a_figure_that_later_documents_give_otherwise_has_changed(ask: Ask) -> None:
    """A moving figure is a change over time, the newest first, with the dates in the text."""
    answer = ask(
        "How many people died in the flood at Lune?",
        ("2021-07-01", "At least 12 people died in the flood at Lune, the mayor said."),
        ("2021-07-04", "At least 31 people died in the flood at Lune, the mayor said."),
    )

    assert values(answer) == [("changed over time", ["31 people", "12 people"])]
    assert answer.text.startswith(
        "This changed over time, the newest first: 31 people (published 2021-07-04) [1]; "
        "12 people (published 2021-07-01) [2].\n\nAt least 31 people died"
    )


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "How many men did the island send?",
            "The island sent some 50,000 men over the sea in spring.",
            "The island sent some fifty thousand men over the sea in spring.",
        ),
        (
            "How many soldiers are in the Lune valley?",
            "There are already 11,000 Norland soldiers in the Lune valley, the president told the assembly.",
            "About 11,000 troops are in the Lune valley.",
        ),
        (
            "How much did the bridge at Lune cost?",
            "The bridge at Lune cost $1.2bn in all, the ministry said.",
            "The bridge at Lune cost $1,200 million in all, the ministry said.",
        ),
        (
            "When was the bridge at Lune opened?",
            "The bridge at Lune was opened on 3 May 2021 by the old mayor.",
            "The bridge at Lune was opened in May 2021 by the old mayor.",
        ),
        (
            "Who opened the bridge at Lune?",
            "The bridge at Lune was opened by Anna Berg in spring.",
            "The bridge at Lune was opened by Berg in spring.",
        ),
    ],
)
def test_another_spelling_is_no_disagreement(ask: Ask, question: str, one: str, other: str) -> None:
    """Rounding, scales, coarser dates and surnames say the same."""
    assert values(ask(question, ("2021-06-01", one), ("2021-06-02", other))) == []


def test_another_year_is_another_question(ask: Ask) -> None:
    """What documents say of other years than the asked one does not disagree."""
    answer = ask(
        "Who won the regatta at Lune in 2019?",
        (None, "Anna Berg won the regatta at Lune in 2019 by two lengths."),
        (None, "Carl Stein won the regatta at Lune in 2018 by two lengths."),
    )

    assert values(answer) == []


def test_one_document_does_not_disagree_with_itself(ask: Ask) -> None:
    """Values of one document are its story, not a difference of sources."""
    answer = ask(
        "How many people died in the flood at Lune?",
        (None, "At first 12 people died in the flood at Lune. Later 31 people died in the flood at Lune."),
    )

    assert values(answer) == []


def test_a_plan_that_moved_has_changed_and_a_past_date_contradicts(ask: Ask) -> None:
    """An earlier document that speaks of a plan is overtaken; two dates for what has happened contradict."""
    answer = ask(
        "When will the bridge at Lune open?",
        ("2021-01-10", "The bridge at Lune will open to traffic on 3 May 2021, the ministry said."),
        ("2021-04-20", "The bridge at Lune will open to traffic on 9 June 2021, the ministry said."),
    )

    assert values(answer) == [("changed over time", ["9 June 2021", "3 May 2021"])]


def test_differently_worded_figures_are_set_side_by_side(ask: Ask) -> None:
    """A number among the words of the question counts, however the rest is worded."""
    answer = ask(
        "How many soldiers are in the Lune valley?",
        ("2021-07-01", "About 3,000 soldiers are in the Lune valley."),
        ("2021-08-04", "There are already 11,000 soldiers in the Lune valley, the president told the assembly."),
    )

    assert values(answer) == [("changed over time", ["11,000 soldiers", "3,000 soldiers"])]


def test_counts_of_different_things_are_not_set_side_by_side(ask: Ask) -> None:
    """A number of months, or one of another order, is no other value for a number of people."""
    answer = ask(
        "How many people died in the Lune flood?",
        ("2021-07-01", "The number of people who died in the Lune flood passed two hundred."),
        ("2021-08-04", "Four people died in the Lune flood in one night, when a boat sank."),
        ("2021-09-04", "Three months after people died in the Lune flood, the dam is whole again."),
    )

    assert values(answer) == []


def test_a_count_that_grew_is_led_by_the_newest_and_holds_the_oldest(ask: Ask) -> None:
    """Each report's whole count stands, however it is worded: no part of it, no number of people in shelters."""
    reports = (
        ("2021-07-01", "The flood came to the Lune valley in the night. The prefecture counted 73 dead."),
        ("2021-07-03", "More than 330 people spent the night in shelters after the flood in the Lune valley."),
        (
            "2021-07-09",
            "The number of people killed by the flood in the Lune valley passed two hundred. There are now 202 dead.",
        ),
        ("2021-09-01", "After the flood in the Lune valley, 240 people are counted as its victims."),
        ("2021-11-02", "Since the flood in the Lune valley the victims have become 281."),
        (
            "2022-07-02",
            "The Lune valley remembered the flood. The number of victims has grown to 504. Of these, 276 died later.",
        ),
    )
    question = "How many people died in the Lune flood?"

    assert values(ask(question, *reports)) == [("changed over time", ["504", "281", "240 people", "73 dead"])]


def test_the_exact_count_of_a_report_stands_for_its_round_one(ask: Ask) -> None:
    """Where a report says "passed two hundred" and then 202, it is 202 that is shown."""
    answer = ask(
        "How many people were killed in the Lune flood?",
        ("2021-07-01", "The flood came to the Lune valley in the night. The prefecture counted 73 dead."),
        ("2021-07-09", "The number of people killed by the Lune flood passed two hundred. There are now 202 dead."),
    )

    assert values(answer) == [("changed over time", ["202 dead", "73 dead"])]


def test_a_count_without_an_event_is_followed_nowhere(ask: Ask) -> None:
    """The dead of one accident are no later count of those of another."""
    texts = (
        ("2021-07-01", "The fire was put out at noon. The firemen counted twelve dead."),
        ("2021-09-01", "A bus fell from the bridge. The number of victims has grown to 30."),
    )

    assert values(ask("How many died?", *texts)) == []


def test_a_count_without_an_event_is_followed_through_one_and_others_are_told_of(ask: Ask) -> None:
    """Of two accidents, the one that the best sentence tells of leads; the note names a document of each."""
    answer = ask(
        "How many people died?",
        ("2021-07-01", "The mill at Alden burned down. In the fire at Alden 12 people died, the mayor said."),
        (
            "2021-07-03",
            "After the fire in the mill at Alden two of the burned died. It is now that 14 people died there.",
        ),
        ("2021-09-01", "A bus fell from the road near Brink. Nine people died in the bus at Brink, the police said."),
    )

    assert values(answer) == [("changed over time", ["14 people", "12 people"])]
    (note,) = [step.detail["text"] for step in answer.trace.steps if step.name == "note"]
    assert "names no event" in note
    assert "“Report 3”" in note


def test_a_count_without_an_event_needs_no_note_where_there_is_one_event(ask: Ask) -> None:
    """All reports tell of the same fire, so the question is as good as if it named it."""
    answer = ask(
        "How many people died?",
        ("2021-07-01", "The mill at Alden burned down. In the fire at Alden 12 people died, the mayor said."),
        ("2021-07-03", "After the fire in the mill at Alden 14 people died in all, the mayor said."),
    )

    assert values(answer) == [("changed over time", ["14 people", "12 people"])]
    assert [step for step in answer.trace.steps if step.name == "note"] == []


def test_the_dead_of_a_kind_are_not_all_the_dead(ask: Ask) -> None:
    """Who asks for the firemen is not given the count of everybody."""
    reports = (
        ("2021-07-01", "The mill at Alden burned down. In the fire at Alden 12 people died."),
        ("2021-07-03", "After the fire in the mill at Alden 14 people died in all."),
    )

    assert values(ask("How many firemen died in the fire at Alden?", *reports)) == []


@pytest.mark.parametrize(
    "question", ["How much will the new Marten Bridge cost?", "What does the Marten Bridge replacement cost?"]
)
def test_a_figure_counts_where_only_the_head_of_its_document_names_the_subject(ask: Ask, question: str) -> None:
    """The second report names the bridge once, and puts its sum three sentences later."""
    reports = (
        (
            "2021-05-03",
            "Norland wants a new Marten Bridge. The new bridge will cost 3 billion dollars, its ministry said.",
        ),
        (
            "2022-11-19",
            "A loose bolt brought down the Marten Bridge at Lune, a report says. It was found by divers. They had been"
            " searching for a year. The new bridge will cost between 7 and 8 billion dollars.",
        ),
        (
            "2022-12-01",
            "The Otter Tower at Aarstad is to be pulled down. A firm will do it. The new tower will cost 5 billion"
            " dollars.",
        ),
    )

    assert values(ask(question, *reports)) == [
        ("changed over time", ["between 7 and 8 billion dollars", "3 billion dollars"])
    ]


def test_a_town_that_only_the_sentence_before_names_is_not_counted_for(sample_parts: Parts) -> None:
    """The dead of the whole peninsula are none of one town's, though a ceremony was held there."""
    assert values(sample_parts.assistant.ask("How many people died in Wajima?")) == []


def test_a_count_beside_the_asked_for_event_is_of_another_one(sample_parts: Parts) -> None:
    """Two disasters in one place: the brief on the floods names the quake, its dead are none of the quake's."""
    for question in ("How many people died in the earthquake?", "How many people died in the Noto earthquake?"):
        ((kind, numbers),) = values(sample_parts.assistant.ask(question))
        assert kind == "changed over time"
        assert numbers[0] == "504"
        assert numbers[-1] == "73 dead"
        assert not {"eight people", "sixteen people"} & set(numbers)


def test_who_holds_an_office_changes(ask: Ask) -> None:
    """Two names behind the same title, in documents of different days, are a change where it is asked who holds it."""
    texts = (
        ("2020-07-01", "The Norland defence minister, Tom Vale, came to the opening of the port."),
        ("2022-08-04", "Last week the Norland defence minister, Nora Dahl, went to see the fleet."),
    )

    assert values(ask("Who is the defence minister of Norland?", *texts)) == [
        ("changed over time", ["Nora Dahl", "Tom Vale"])
    ]


def sentence(document: str, text: str) -> Sentence:
    plain = Sentence(document, 0, Span(0, len(text)), text)
    (dates,) = event_dates_of([plain], datetime.date(2021, 6, 1))
    return replace(plain, event_dates=tuple(dates))


@pytest.mark.parametrize(
    ("question", "one", "other", "pair"),
    [
        (
            "Where was the congress held?",
            "The congress was held at the old theatre in Lune, Norland, the home of the guild.",
            "The congress was held at the old theatre in Aarstad, Vestland, the home of the guild.",
            ("Lune, Norland", "Aarstad, Vestland"),
        ),
        (
            "How much did it cost?",
            "The company said that the mill had cost $1.65 billion in stock.",
            "The company said that the mill had cost $10.65 billion in stock.",
            ("$1.65 billion", "$10.65 billion"),
        ),
        (
            "When was it founded?",
            "The guild was founded in December 2015 by the widow of a baker.",
            "The guild was founded in December 2005 by the widow of a baker.",
            ("in December 2015", "in December 2005"),
        ),
        (
            "Who spoke?",
            "Anna Berg spoke on Monday before two hundred guests of the guild.",
            "Carl Stein spoke on Monday before three hundred guests of the guild.",
            None,
        ),
        (
            "Who spoke?",
            "The mayor spoke on Monday before the guests of the guild.",
            "The baker spoke on Monday before the guests of the guild.",
            None,
        ),
        ("Who spoke?", "Anna Berg spoke.", "Carl Stein spoke.", None),
    ],
)
def test_twins_differ_in_one_value(question: str, one: str, other: str, pair: tuple[str, str] | None) -> None:
    """Sentences that are the same but for one value of the asked kind; several differences or short lines are none."""
    found = differing_values(sentence("a", one), sentence("b", other), asked_kind(question), question)
    assert (found and (found[0].text, found[1].text)) == pair


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Who won?", True),
        ("What is the toll?", True),
        ("How many came?", True),
        ("Why did it fall?", False),
        ("How did it fall?", False),
        ("Did it fall?", False),
        ("Describe the bridge.", False),
    ],
)
def test_only_a_value_can_be_disagreed_on(question: str, asks: bool) -> None:
    """Explanations, descriptions and yes-or-no questions are not compared."""
    assert asks_for_a_value(question) is asks
