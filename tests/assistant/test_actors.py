"""Who does what a question asks about: the deed of another is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.actors import asked_actor

if TYPE_CHECKING:
    from assistant.parts import Parts


@pytest.mark.parametrize(
    ("question", "actor"),
    [
        ("When did Russia ratify the treaty?", "Russia"),
        ("how much rice did North Korea send to Moscow?", "North Korea"),
        ("Where did the United States keep its embassy?", "United States"),
        ("When was the treaty ratified?", None),
        ("Did Russia ratify the treaty?", None),
        ("When did the ministers meet?", None),
        ("Who is the president of Russia?", None),
    ],
)
def test_whose_deed_is_asked_about(question: str, actor: str | None) -> None:
    """A name between an auxiliary and its verb; nobody else."""
    assert asked_actor(question) == actor


@pytest.mark.parametrize(
    ("question", "first", "never_first"),
    [
        ("When did Russia ratify the treaty?", "State Duma, ratified", "North Korea has ratified"),
        ("When did North Korea ratify the treaty?", "North Korea has ratified", "State Duma, ratified"),
    ],
)
def test_the_deed_of_whom_the_question_names_leads(
    sample_parts: Parts, question: str, first: str, never_first: str
) -> None:
    """Both sentences hold every word of both questions; the first quote is that in which the right one ratifies."""
    answer = sample_parts.assistant.ask(question)
    assert first in answer.citations[0].quote
    assert never_first not in answer.citations[0].quote
    assert [step.detail for step in answer.trace.steps if step.name == "actor"] == [{"deeds_of": asked_actor(question)}]
