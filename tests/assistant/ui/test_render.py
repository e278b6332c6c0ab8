"""Answers as HTML: what the templates make of values that few questions give."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.answer import Answer, Citation, Disagreement, DisagreementSide, NearPassage, Step, Trace
from assistant.ui import render
from assistant.ui.views import TurnView, library_view, text_view, turn_view
from corpus.catalog import LibraryStats
from corpus.document import Document, Span
from corpus.filters import Filters

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


def view(library: Library, *citations: Citation, **changes: object) -> TurnView:
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
    return turn_view(1, Answer(**facts).to_dict(), library)  # type: ignore[arg-type]


def words(page: str) -> str:
    """The text of a page's HTML, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_asked_for_words_are_bold(library: Library) -> None:
    """The marked words of a quote stand in bold, all of it escaped; a mark that overlaps or leaves it is left out."""
    start = TEXT.index("in May this year")
    name = TEXT.index("<b>Ada</b>")
    marks = (Span(start, start + 16), Span(start + 3, start + 6), Span(name, name + 10), Span(name + 11, len(TEXT)))
    shown = render.turn(view(library, citation(library, marks=marks)))

    assert (
        "The dam was begun <strong>in May this year</strong>, and <strong>&lt;b&gt;Ada&lt;/b&gt;</strong> paid."
    ) in shown


def test_a_source_tells_when_and_who(library: Library) -> None:
    """Beside a quote stand the page, the dates that its words mean, and who says it; the dates also right below it."""
    cited = citation(
        library,
        source="Lune Post",
        published=datetime.date(1931, 7, 1),
        locator="page 3",
        event_texts=("in May this year",),
        event_dates=("1931-05",),
        speaker="the mayor",
    )

    assert words(render.sources(view(library, cited))) == (
        "Source 1 The dam Lune Post · published 1931-07-01 · page 3 “ in May this year ” is 1931-05 said by the mayor "
        "So it goes. The dam was begun in May this year, and &lt;b&gt;Ada&lt;/b&gt; paid. It was long. "
        "Open at the quote"
    )
    assert words(render.turn(view(library, cited))).startswith(
        "And when? The dam was begun in May this year, and &lt;b&gt;Ada&lt;/b&gt; paid.&nbsp; [1] "
        "published 1931-07-01 · “ in May this year ” is 1931-05 · said by the mayor Very likely"
    )


@pytest.mark.parametrize("status", ["deleted", "changed"])
def test_a_withheld_quote_is_told(library: Library, status: str) -> None:
    """Where a document was deleted or changed since, its source stays, and says why there is no quote."""
    shown = view(library, citation(library, status=status, quote="", passage=None, answer=Span(0, 0)))

    assert words(render.sources(shown)) == (
        f"Source 1 The dam no published date The document was {status} since; its quote is withheld."
    )
    assert f"This is withheld: its document was {status} since.&nbsp; [1] Copy with sources" in words(
        render.turn(shown)
    )


def test_why_the_words_of_a_model_are_not_shown_stands_beside_the_answer(library: Library) -> None:
    """What went wrong on the way is told with the answer, not under "Why this answer" alone."""
    said = "The documents' own words are shown, since <m> gave no answer that can be relied on: it said nothing."
    trace = Trace(1, None, None, steps=(Step("note", {"text": said}),))
    shown = words(render.turn(view(library, citation(library), trace=trace))).partition("Why this answer")[0]

    assert "own words are shown, since &lt;m&gt; gave no answer that can be relied on: it said nothing." in shown


def test_the_opening_words_stand_before_the_quotes(library: Library) -> None:
    """What the assistant says before its first quote is a paragraph of its own."""
    quote = QUOTE.of(TEXT)
    shown = view(library, citation(library, answer=Span(8, 8 + len(quote))), text=f"It says: {quote} [1]")

    assert words(render.turn(shown)).startswith("And when? It says: The dam was begun")


def test_the_filters_of_an_answer_are_told(library: Library) -> None:
    """A question that was asked of a part of the library says so."""
    day = datetime.date(1931, 7, 1)
    trace = Trace(1, None, None, Filters(day, day, day, ("a", "b")))
    shown = words(render.turn(view(library, citation(library), trace=trace)))

    assert shown.startswith(
        "And when? Only documents that were chosen (2), known by 1931-07-01 , published from 1931-07-01 , "
        "published up to 1931-07-01 The dam was begun"
    )


def test_what_is_cited_is_not_also_searched(library: Library) -> None:
    """Beside an answer stand the passages that it does not cite, and those alone."""
    near = NearPassage(citation(library).document_id, "The dam", None, Span(0, 11), Span(0, 11), TEXT[:11], 0.5)
    same = NearPassage(near.document_id, "The dam", None, QUOTE, QUOTE, QUOTE.of(TEXT), 0.9)
    shown = words(render.sources(view(library, citation(library, passage=None), passages=(same, near))))

    assert shown.endswith("Also searched, not cited The dam no published date So it goes. Open the passage")


def test_a_written_answer_keeps_its_marks(library: Library) -> None:
    """The text of a model stands in paragraphs, escaped, with a mark for each citation there is, and no others."""
    shown = render.turn(
        view(library, citation(library), answerer="a model", text="In <i>May</i>. [1]\n\nBut [7] is no source.")
    )

    assert words(shown).startswith(
        "And when? In &lt;i&gt;May&lt;/i&gt;.&nbsp; [1] But [7] is no source. "
        "Phrased by a model ; each sentence was checked against its quote. Very likely what you asked for"
    )
    assert shown.count('data-source="dl-source-1-1"') == 1


@pytest.mark.parametrize(
    ("kind", "caption"),
    [("contradict", "The documents differ"), ("changed over time", "This changed over time")],
)
def test_differing_values_stand_side_by_side(library: Library, kind: str, caption: str) -> None:
    """Where documents differ, a table above the quotes gives each value with its days and its sources."""
    sides = (
        DisagreementSide("15 million", (1,), ("q",), (datetime.date(2025, 1, 20),), ("Lune Post",)),
        DisagreementSide("<12 million>", (), ("q",), (None,), ("Gazette",)),
    )
    shown = words(render.turn(view(library, citation(library), disagreements=(Disagreement(kind, sides),))))  # type: ignore[arg-type]

    table = "Value Published Source 15 million 2025-01-20 [1] &lt;12 million&gt; no date Gazette"
    assert f"And when? {caption} {table} The dam was begun" in shown


def test_differing_values_are_told_once(library: Library) -> None:
    """What a model's answer says of the difference at its end stands in the table, and not below it again."""
    side = DisagreementSide("15 million", (1,), ("q",), (None,), ("Lune Post",))
    shown = words(
        render.turn(
            view(
                library,
                citation(library),
                answerer="a model",
                text="It cost 15 million. [1]\n\nThe documents differ: 15 million (Lune Post) [1].",
                disagreements=(Disagreement("contradict", (side,)),),
            )
        )
    )

    assert "It cost 15 million.&nbsp; [1] Phrased by a model" in shown


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
    assert f" {said} Copy with sources" in words(render.turn(view(library, citation(library), confidence=confidence)))


def test_a_follow_up_shows_how_it_was_understood(library: Library) -> None:
    """A question that was made whole is shown as it was searched."""
    shown = words(render.turn(view(library, citation(library), standalone_question="When was the dam begun?")))

    assert shown.startswith("And when? Understood as: When was the dam begun? The dam was begun")


def test_a_library_without_documents_says_how_to_fill_it() -> None:
    """The first screen of an empty library names the ways to add documents."""
    nothing = LibraryStats(documents=0, passages=0, sentences=0, published_from=None, published_to=None, undated=0)

    assert words(render.welcome(library_view(nothing), [])) == (
        "Ask your documents There are no documents yet. Add some under “Documents”, or with dateline ingest FOLDER , "
        "then ask."
    )


def test_a_question_waits_for_its_answer() -> None:
    """While it is searched for, an answer is a line that says so, or what has come of it, and has no sources yet."""
    pending = TurnView(number=1, question="And <when>?", state="pending")
    begun = TurnView(number=1, question="And <when>?", state="pending", partial="In <May>")

    assert words(render.turn(pending)) == "And &lt;when&gt;? Searching the documents …"
    assert words(render.turn(begun)) == "And &lt;when&gt;? In &lt;May&gt;"
    assert words(render.sources(pending)) == ""


def test_the_document_view_marks_the_span(library: Library) -> None:
    """The whole text stands there, escaped, with quote and passage marked; without a span there is no mark."""
    stored = library.document(library.documents()[0].id)
    assert stored is not None

    marked = render.document_page(text_view(stored, QUOTE, Span(0, QUOTE.end)), "abc")
    assert (
        '<div class="dl-text"><div class="dl-chunk" dir="auto"><span class="dl-tint">So it goes. </span>'
        '<mark id="quote" tabindex="-1">The dam was begun in May this year, and &lt;b&gt;Ada&lt;/b&gt; paid.</mark>'
        " It was long.</div></div>"
    ) in marked
    assert '<style nonce="abc">' in marked
    assert '<p class="dl-by" dir="ltr">no published date</p></header>' in marked
    assert "<mark" not in render.document_page(text_view(stored, None, None), "abc").partition("</style>")[2]


@pytest.mark.parametrize("ending", ["\n", "\n\n", "\r", "\u2028", "\f\n"])
def test_a_long_document_is_cut_without_loss(library: Library, ending: str) -> None:
    """A long text stands in pieces that end with a line and give the text when joined; the quote is one of its runs."""
    text = ending.join(f"Line {number} tells of nets and ropes." for number in range(2000))
    (added,) = library.add([Document(text, "Long", "long", "long.txt")])
    stored = library.document(added.document_id)
    assert stored is not None
    quote = Span(stored.text.index("Line 1500"), stored.text.index("Line 1501") + 9)
    shown = text_view(stored, quote, Span(quote.start - 200, quote.end + 200))

    assert "".join(run.text for piece in shown.pieces for run in piece) == stored.text
    assert ["".join(run.text for run in piece if run.kind == "quote") for piece in shown.pieces].count(
        quote.of(stored.text)
    ) == 1
    assert [run.first for piece in shown.pieces for run in piece if run.first] == [True]
    if "\n" in ending:
        assert max(sum(len(run.text) for run in piece) for piece in shown.pieces) < 6_000
