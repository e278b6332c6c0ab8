"""Follow-ups made whole."""

from __future__ import annotations

import pytest

from assistant.answer import Turn
from assistant.question import stand_alone

TREATY = [Turn("user", "When was the treaty signed?"), Turn("assistant", "It was signed in June. [1]")]


@pytest.mark.parametrize(
    "question",
    [
        "Who signed it?",
        "And in Moscow?",
        "What about Japan?",
        "Why?",
        "What did they promise?",
        "Who said that?",
        "Cost?",
        "How did other countries react?",
        "How has Japan responded?",
    ],
)
def test_a_follow_up_is_led_by_the_question_that_it_leans_on(question: str) -> None:
    """What points back, or says next to nothing, is joined to the last question that stands alone."""
    assert stand_alone(question, TREATY, most_characters=1000).text == f"When was the treaty signed: {question}"


@pytest.mark.parametrize(
    "question",
    [
        "How much rice was sent to North Korea?",
        "Who is the president of Ukraine?",
        "How did Japan respond to the satellite of the North?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    """A change of topic brings nothing along."""
    assert stand_alone(question, TREATY, most_characters=1000).text == question


@pytest.mark.parametrize(
    ("earlier", "question", "whole"),
    [
        ("When did Norland ratify the pact?", "And when did Ostmark?", "When did Ostmark ratify the pact?"),
        (
            "When did Norland ratify the pact?",
            "What about the Union of Ostmark?",
            "When did the Union of Ostmark ratify the pact?",
        ),
        ("How many died in Port Anse in the floods?", "And in Lenk?", "How many died in Lenk in the floods?"),
        ("What is the population of Ostmark's capital?", "Norland?", "What is the population of Norland's capital?"),
        ("Is Per Aas Lund the leader?", "And Ida Moe?", "Is Ida Moe the leader?"),
        ("What did Lund and Moe agree in Lenk?", "And in Port Anse?", "What did Lund and Moe agree in Port Anse?"),
        ("Who led the party in 2019?", "and in 2023?", "Who led the party in 2023?"),
        ("Who led the party between 2001 and 2003?", "What about last year?", "Who led the party last year?"),
        ("When was the treaty signed?", "And in June?", "When was the treaty signed in June?"),
    ],
)
def test_a_follow_up_that_changes_only_a_name_or_a_time_is_said_in_full(
    earlier: str, question: str, whole: str
) -> None:
    """The other name or time takes the place of the earlier question's own."""
    assert stand_alone(question, [Turn("user", earlier)], most_characters=1000).text == whole


@pytest.mark.parametrize(
    ("earlier", "question"),
    [
        ("What did Lund and Moe agree in Lenk?", "What about Aas?"),  # in whose place?
        ("When did Norland ratify the pact?", "Who did Ostmark?"),  # another question word
        ("When did Norland ratify the pact?", "And Lund's?"),
        ("When did Norland ratify the pact?", "What about the cost?"),
        ("When did O'Neill resign?", "And Lund?"),
    ],
)
def test_what_could_be_meant_in_several_ways_is_not_put_in_a_place(earlier: str, question: str) -> None:
    """Then both questions stand beside each other, as they were asked."""
    whole = stand_alone(question, [Turn("user", earlier)], most_characters=1000).text
    assert whole == f"{earlier.rstrip('?')}: {question}"


@pytest.mark.parametrize("said", ["Who is Lund?", "Where was the Ostmark?", "hello", "Thank you very much!"])
def test_short_and_whole_needs_no_earlier_question(said: str) -> None:
    """Neither a name that is asked about nor small talk asks the earlier question again."""
    assert stand_alone(said, TREATY, most_characters=1000).text == said


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("And when was the harbour open again?", "When was the harbour open again?"),
        ("but how many ships were sunk", "How many ships were sunk"),
        ("So, did the mayor resign?", "Did the mayor resign?"),
    ],
)
def test_a_question_that_only_an_and_joins_is_read_by_itself(question: str, whole: str) -> None:
    """The question before it helps to find the place; no sentence has to answer it too."""
    asked = stand_alone(question, TREATY, most_characters=1000)
    assert asked.text == f"When was the treaty signed: {whole}"
    assert asked.shown == f"{whole} (after: When was the treaty signed?)"
    assert (asked.weighed.question, asked.weighed.topic) == (whole, "")


@pytest.mark.parametrize("question", ["And who signed it?", "And the cost of the ceremony?", "Who signed it?"])
def test_what_leans_by_more_than_an_and_is_weighed_with_its_topic(question: str) -> None:
    """A pronoun, or a phrase that is no question."""
    asked = stand_alone(question, TREATY, most_characters=1000)
    assert asked.weighed is asked
    assert asked.shown == asked.text == f"When was the treaty signed: {question}"


def test_a_first_question_is_left_alone() -> None:
    """Without earlier turns there is nothing to lean on."""
    assert stand_alone("Who signed it?", [], most_characters=1000).text == "Who signed it?"


def test_the_topic_is_found_behind_other_follow_ups() -> None:
    """A chain of follow-ups leans on the question that began it."""
    history = [*TREATY, Turn("user", "Who signed it?"), Turn("assistant", "The two leaders. [1]")]
    assert stand_alone("And where?", history, most_characters=1000).text == "When was the treaty signed: And where?"


@pytest.mark.parametrize("most", [10, 14, 20, 100])
def test_a_long_earlier_question_never_pushes_out_the_one_that_is_asked(most: int) -> None:
    """Where both are too long together, only the earlier one is cut."""
    whole = stand_alone("Who signed it?", [Turn("user", "treaty " * 3000)], most_characters=most).text
    assert whole.endswith("Who signed it?")
    assert len(whole) <= max(most, len("Who signed it?"))
