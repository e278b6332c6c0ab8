"""Who does what a question asks about: the deed of another is no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assistant.actors import asked_actor, asked_thing, prefer_thing
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from corpus.document import Document

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings


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


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("Where was the contract between Norland and Ostmark signed?", "contract"),
        ("When was the new bridge opened?", "bridge"),
        ("on which day was the old mill of Lenk sold", "mill"),
        ("When was the contract signed in Lenk ratified?", None),  # two deeds: of which?
        ("Where is the government that issued the stamp?", None),
        ("Where did Norland sign the contract?", None),
    ],
)
def test_what_something_was_done_to(question: str, thing: str | None) -> None:
    """The noun before what says more of it."""
    assert asked_thing(question) == thing


def test_the_same_deed_done_to_another_thing_is_no_answer(settings: Settings) -> None:
    """Where a receipt on the contract was signed is not where the contract was."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    receipt = (
        "Clerks of Norland and Ostmark signed a receipt for copies of the contract between Norland and Ostmark in Lenk."
    )
    contract = "The ministers signed the contract at sea off Port Anse."
    library = Library.open(settings.data_dir, WordHashEmbedder())
    list(library.add([Document(f"{receipt}\n\n{contract}", "Papers", "p", "p.txt")]))
    question = "Where was the contract between Norland and Ostmark signed?"
    evidence = Assistant(library, None, load_calibrations()).look(question).found.evidence
    assert evidence[0].sentence.text == receipt
    moved = prefer_thing(question, evidence)
    assert moved is not None
    change = {item.sentence.text: item.logit for item in moved}
    before = {item.sentence.text: item.logit for item in evidence}
    assert {text: round(change[text] - before[text], 6) for text in change} == {receipt: -1.5, contract: 1.5}
    assert prefer_thing("Where did Norland sign the contract?", evidence) is None
