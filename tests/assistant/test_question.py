"""Follow-ups made whole."""

from __future__ import annotations

import pytest

from assistant.answer import Turn
from assistant.question import stand_alone

TREATY = [Turn("user", "When was the treaty signed?"), Turn("assistant", "It was signed in June. [1]")]


@pytest.mark.parametrize(
    "question",
    ["Who signed it?", "And in Moscow?", "What about Japan?", "Why?", "What did they promise?", "Who said that?"],
)
def test_a_follow_up_is_led_by_the_question_that_it_leans_on(question: str) -> None:
    """What points back, or says next to nothing, is joined to the last question that stands alone."""
    assert stand_alone(question, TREATY, most_characters=1000).text == f"When was the treaty signed: {question}"


@pytest.mark.parametrize("question", ["How much rice was sent to North Korea?", "Who is the president of Ukraine?"])
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    """A change of topic brings nothing along."""
    assert stand_alone(question, TREATY, most_characters=1000).text == question


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
