"""Questions to begin with, made of headlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.ui.examples import example_questions
from corpus.document import Document
from index.embedding import WordHashEmbedder
from index.library import Library

if TYPE_CHECKING:
    from assistant.settings import Settings


def examples(settings: Settings, *titles: str) -> list[str]:
    """The questions of a library that was given these titles, the last one last."""
    library = Library.open(settings.data_dir, WordHashEmbedder())
    documents = [Document(f"Text {number}.", title, title, title) for number, title in enumerate(titles)]
    assert {result.status for result in library.add(documents)} == {"added"}
    questions = example_questions(library)
    library.close()
    return questions


def test_a_headline_becomes_a_question(settings: Settings) -> None:
    """Headlines with a verb become questions of when; what is joined to them by "and", "as" or a comma is left out."""
    titles = (
        "Mayor opens the bridge, and thousands come",
        "Upper house approves the budget as farmers protest",
        "Ada Brook visits Ness and promises a quay",
    )
    assert examples(settings, *titles) == [
        "When did Ada Brook visit Ness?",
        "When did the Upper house approve the budget?",
        "When did Mayor open the bridge?",
    ]


def test_the_questions_are_of_different_things(settings: Settings) -> None:
    """Of many headlines those come first that share the fewest words."""
    titles = (
        "Notes on eels",
        "Storm closes the harbour of Ness",
        "Ness reopens the harbour after the storm",
        "Council approves the harbour of Ness",
    )
    assert examples(settings, *titles) == [
        "When did Council approve the harbour of Ness?",
        "When did Ness reopen the harbour?",
        "When did Storm close the harbour of Ness?",
    ]
