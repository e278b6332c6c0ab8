"""Who is reported as saying a sentence, measured on sentences written for this, and what the assistant makes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.speakers import asked_speaker, prefer_speaker, speaker_certainty, speakers, speakers_of, speaks
from corpus.document import Document, Heading, Span
from index.embedding import WordHashEmbedder
from index.library import Library

if TYPE_CHECKING:
    from assistant.settings import Settings

GOLD = [json.loads(line) for line in (Path(__file__).parent / "speakers_gold.jsonl").read_text("utf-8").splitlines()]
LEAST = 0.97
"""Precision and recall; measured on 2026-11-25: 1.0 and .994."""


def test_speakers_are_found_in_the_gold_set() -> None:
    """Of at least 150 sentences, a third without a speaker, nearly all speakers are named, and named rightly."""
    found = [(speakers([*row["before"], row["text"]])[-1], row["speaker"]) for row in GOLD]
    right = sum(said is not None and said == gold for said, gold in found)

    assert len(GOLD) >= 150
    assert sum(gold is None for _, gold in found) >= 50
    assert right >= LEAST * sum(said is not None for said, _ in found)
    assert right >= LEAST * sum(gold is not None for _, gold in found)


@pytest.mark.parametrize(
    ("question", "who"),
    [
        ("What did Anna Berg say about the bridge?", "Anna Berg"),
        ("What has the ministry said about the vote?", "ministry"),
        ("How did the mayor comment on the fire?", "mayor"),
        ("How many boats came in June 2021, according to the coast guard?", "coast guard"),
        ("How many boats came according to the coast guard in June 2021?", "coast guard"),
        ("What did he say about it?", None),
        ("What did the guests eat at the state banquet?", None),
        ("When was the bridge opened?", None),
    ],
)
def test_a_question_asks_for_the_words_of_someone(question: str, who: str | None) -> None:
    """ "What did X say" and "according to X" name X; a pronoun names nobody."""
    assert asked_speaker(question) == who


@pytest.mark.parametrize(
    ("speaker", "same"),
    [("Anna Berg", True), ("Mayor Anna Berg", True), ("Berg", True), ("Carl Stein", False), (None, False)],
)
def test_a_speaker_is_known_by_part_of_the_name(speaker: str | None, same: bool) -> None:
    """A title more or a first name less is the same speaker."""
    assert speaks("What did Anna Berg say about the bridge?", speaker) is same


TEXT = """The mayor of Lune, Anna Berg, opened the bridge in May.

“The bridge is safe,” said Carl Stein, who built it. He added that the bridge would stand for a century.

Asked about the cost of the bridge, Berg said that the bridge had cost less than was feared.
"""


@pytest.fixture
def assistant(settings: Settings) -> Assistant:
    library = Library.open(settings.data_dir, WordHashEmbedder())
    assert [result.status for result in library.add([Document(TEXT, "The bridge", "b", "b.txt")])] == ["added"]
    return Assistant(
        library, None, {name: replace(fitted, threshold=0.0) for name, fitted in load_calibrations().items()}
    )


def test_the_speaker_stands_beside_the_quote(assistant: Assistant) -> None:
    """A citation names who is reported as saying it, a pronoun read back to the sentence before."""
    (citation, *_) = assistant.ask("Would the bridge stand for a century?").citations

    assert citation.quote.endswith("He added that the bridge would stand for a century.")
    assert citation.speaker == "Carl Stein"


@pytest.mark.parametrize(
    ("sentence", "speaker"),
    [
        ("The water board there said that the pipes were old.", "water board"),
        (
            "The pipes are old, as the water board here and the mayor's office announced.",
            "water board and the mayor's office",
        ),
        ("The mayor said that nobody was there.", "mayor"),
    ],
)
def test_a_speaker_reads_as_a_whole(sentence: str, speaker: str) -> None:
    """A "there" behind the noun is left out."""
    assert speakers([sentence]) == [speaker]


def test_whose_words_are_asked_for_comes_first(assistant: Assistant) -> None:
    """ "What did X say about Y" prefers the sentences that X is reported as saying, and the trace says so."""
    for who, words in (("Berg", "had cost less"), ("Carl Stein", "said Carl Stein")):
        answer = assistant.ask(f"What did {who} say about the bridge?")

        assert words in answer.citations[0].quote
        assert [step.detail for step in answer.trace.steps if step.name == "speaker"] == [{"words_of": who}]


@pytest.mark.parametrize(
    ("question", "surer"),
    [
        ("What did Anna Berg say about the ferry in May 2031?", 1.5),
        ("What did Anna Berg say about the ferry in June 2031?", 0),  # of another time
        ("What did Anna Berg say about the tunnel in May 2031?", 0),  # of something else
        ("What did Ida Moe say about the ferry in May 2031?", -1.5),  # another's word
        ("What is known about the ferry?", 0),
    ],
)
def test_an_answer_is_surer_for_whose_word_it_is(settings: Settings, question: str, surer: float) -> None:
    """The asked one's word on what is asked, of the time that is asked about; another's is no answer."""
    text = "Anna Berg, the mayor, said on 12 May 2031 that the ferry was late again."
    library = Library.open(settings.data_dir, WordHashEmbedder())
    list(library.add([Document(text, "Harbour", "h", "h.txt")]))
    looked = Assistant(library, None, load_calibrations()).look(question)
    evidence = prefer_speaker(question, looked.found.evidence) or looked.found.evidence
    assert speaker_certainty(question, evidence, looked.window) == surer


def test_a_heading_ends_what_a_pronoun_can_point_to(settings: Settings) -> None:
    """Nobody before a heading is the "he" behind it."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    text = "News\n\nAnna Berg said that it rained. She said that it was cold.\n\nSport\n\nShe said that it was late.\n"
    headings = tuple(Heading(Span(text.index(name), text.index(name) + len(name)), 1) for name in ("News", "Sport"))
    list(library.add([Document(text, "News", "n", "n.txt", headings=headings)]))
    (info,) = library.documents()
    sentences = [stored.sentence for stored in library.sentences(info.id) if stored.sentence.kind != "heading"]
    said = {one.text: speaker for one, speaker in zip(sentences, speakers_of(sentences, library), strict=True)}
    assert said == {
        "Anna Berg said that it rained.": "Anna Berg",
        "She said that it was cold.": "Anna Berg",
        "She said that it was late.": None,
    }
