"""Answers as HTML: what the templates make of values that few questions give."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.answer import Answer, Citation, Disagreement, DisagreementSide, Trace
from assistant.ui import render
from assistant.ui.render import TurnView
from corpus.catalog import LibraryStats
from corpus.document import Document, Span

if TYPE_CHECKING:
    from assistant.settings import Settings
    from index.library import Library

TEXT = "So it goes. The dam was begun in May this year, and <b>Ada</b> paid. It was long."
QUOTE = Span(TEXT.index("The dam"), TEXT.index(" It was"))


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    assert [result.status for result in library.add([Document(TEXT, "The dam", "dam", "dam.txt")])] == ["added"]
    yield library
    library.close()


def citation(library: Library, **changes: object) -> Citation:
    facts: dict[str, object] = {
        "id": 1,
        "document_id": library.documents()[0].id,
        "title": "The dam",
        "source": "",
        "published": None,
        "quote": QUOTE.of(TEXT),
        "span": QUOTE,
        "answer": Span(0, len(QUOTE)),
        "status": "verbatim",
        "score": 0.9,
        "passage": Span(0, len(TEXT)),
        **changes,
    }
    return Citation(**facts)  # type: ignore[arg-type]


def answer(*citations: Citation, **changes: object) -> Answer:
    facts: dict[str, object] = {
        "id": "a",
        "question": "And when?",
        "standalone_question": "And when?",
        "answered": True,
        "reason": None,
        "confidence": 0.95,
        "answerer": "verbatim",
        "text": "",
        "citations": citations,
        "passages": (),
        "trace": Trace(1, None, None),
        **changes,
    }
    return Answer(**facts)  # type: ignore[arg-type]


def words(page: str) -> str:
    """The text of a page's HTML, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def held(library: Library) -> LibraryStats:
    return library.stats()


def test_asked_for_words_are_bold(library: Library) -> None:
    """The marked words of a quote stand in bold, all of it escaped; a mark that overlaps or leaves it is left out."""
    start = TEXT.index("in May this year")
    name = TEXT.index("<b>Ada</b>")
    marks = (Span(start, start + 16), Span(start + 3, start + 6), Span(name, name + 10), Span(name + 11, len(TEXT)))
    shown = render.conversation([render.turn_view(1, answer(citation(library, marks=marks)), library)], held(library))

    assert (
        "The dam was begun <strong>in May this year</strong>, and <strong>&lt;b&gt;Ada&lt;/b&gt;</strong> paid."
    ) in shown


def test_a_source_tells_when_and_who(library: Library) -> None:
    """Beside a quote stand the page, the dates that its words mean, and who says it."""
    cited = citation(
        library,
        source="Lune Post",
        published=datetime.date(1931, 7, 1),
        locator="page 3",
        event_texts=("in May this year",),
        event_dates=("1931-05",),
        speaker="the mayor",
    )
    panel = words(render.sources([render.turn_view(1, answer(cited), library)]))

    assert panel.startswith(
        "Source 1 The dam Lune Post · published 1931-07-01 · page 3 “in May this year” → 1931-05 said by the mayor "
        "So it goes. The dam was begun in May this year, and &lt;b&gt;Ada&lt;/b&gt; paid. It was long. "
        "Open at the quote"
    )


@pytest.mark.parametrize(
    ("kind", "caption"),
    [("contradict", "The documents differ"), ("changed over time", "The figure changed over time")],
)
def test_differing_values_stand_side_by_side(library: Library, kind: str, caption: str) -> None:
    """Where documents differ, a table above the quotes gives each value with its days and its sources."""
    sides = (
        DisagreementSide("15 million", (1,), ("q",), (datetime.date(2025, 1, 20),), ("Lune Post",)),
        DisagreementSide("<12 million>", (), ("q",), (None,), ("Gazette",)),
    )
    told = answer(citation(library), disagreements=(Disagreement(kind, sides),))  # type: ignore[arg-type]
    shown = words(render.conversation([render.turn_view(1, told, library)], held(library)))

    table = "Value Published Source 15 million 2025-01-20 [1] &lt;12 million&gt; no date Gazette"
    assert f"{caption} {table} The dam was begun" in shown


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (0.9, "Very likely what you asked for"),
        (0.89, "Probably what you asked for: check the source"),
        (0.7, "Probably what you asked for: check the source"),
        (0.69, "Not certain: read the source before relying on it"),
    ],
)
def test_confidence_is_put_in_words(library: Library, confidence: float, said: str) -> None:
    """The calibrated probability is told as one of three sentences."""
    turn = render.turn_view(1, answer(citation(library), confidence=confidence), library)

    assert words(render.conversation([turn], held(library))).endswith(said)


def test_a_follow_up_shows_how_it_was_understood(library: Library) -> None:
    """A question that was made whole is shown as it was searched."""
    told = answer(citation(library), standalone_question="When was the dam begun?")
    shown = words(render.conversation([render.turn_view(1, told, library)], held(library)))

    assert shown.startswith("And when? Understood as: When was the dam begun? The dam was begun")


def test_a_library_without_documents_says_how_to_fill_it() -> None:
    """The first screen of an empty library names the command that adds documents."""
    nothing = LibraryStats(documents=0, passages=0, sentences=0, published_from=None, published_to=None, undated=0)

    assert words(render.conversation([], nothing)) == (
        "Ask your documents There are no documents yet. Add some with dateline ingest FOLDER , then ask."
    )


def test_a_question_waits_for_its_answer(library: Library) -> None:
    """While it is searched for, an answer is a line that says so, and has no sources yet."""
    pending = TurnView(number=1, question="And <when>?", pending=True)

    assert words(render.conversation([pending], held(library))) == "And &lt;when&gt;? Searching the documents …"
    assert words(render.sources([pending])) == ""


def test_the_document_view_marks_the_span(library: Library) -> None:
    """The whole text stands there, escaped, in its language, with the span marked; without a span there is no mark."""
    stored = library.document(library.documents()[0].id)
    assert stored is not None

    marked = render.document_page(stored, QUOTE, "abc")
    assert '<div class="dl-text" dir="auto">So it goes. <mark id="quote">The dam was begun in May this year' in marked
    assert ", and &lt;b&gt;Ada&lt;/b&gt; paid.</mark> It was long.</div>" in marked
    assert '<style nonce="abc">' in marked
    assert '<p class="dl-by">no published date</p>' in marked
    assert "<mark" not in render.document_page(stored, None, "abc").partition("</style>")[2]
