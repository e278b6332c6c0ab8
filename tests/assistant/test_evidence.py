"""How sentences are weighed: what is known of one before the reader sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from assistant.calibration import load_calibrations
from assistant.evidence import weigh_sentences
from corpus.document import Document
from index.embedding import WordHashEmbedder
from index.library import Library

if TYPE_CHECKING:
    from assistant.settings import Settings

TEXT = "Norland used to send herring. Its farmers grow barley. The king gave silver."


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """Three short sentences."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    document = Document(text=TEXT, title="Trade", origin="trade", name="trade.txt")
    assert [added.status for added in library.add([document])] == ["added"]
    yield library
    library.close()


def _overlap(library: Library, question: str) -> list[float]:
    """Of each sentence."""
    weighed = weigh_sentences(question, library.search(question), library, load_calibrations())
    return [item.features["overlap"] for item in weighed]


def test_an_irregular_past_is_its_verb(library: Library) -> None:
    """A question for what was sent meets what somebody used to send; the words that ask for a number are no words."""
    assert _overlap(library, "How much herring was sent?") == pytest.approx([1, 0, 0])


def test_a_verb_is_as_common_as_its_commonest_form(settings: Settings) -> None:
    """Reports that never have "say" are full of "said": it tells no more than another word of the passage."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    document = Document(text="Norland was quiet. Eskham said no.", title="Talks", origin="talks", name="talks.txt")
    assert [added.status for added in library.add([document])] == ["added"]

    assert _overlap(library, "What did Norland say?") == pytest.approx([0.5, 0.5])
    library.close()
