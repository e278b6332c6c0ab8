"""The word index: the same on SQLite's FTS5 and on PostgreSQL's full-text search."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.document import Document, PublishedDate
from corpus.filters import Filters
from index.library import Library
from index.words import STOP_WORDS, WordIndex, query_terms, stems


def document(name: str, text: str, year: int | None = None) -> Document:
    published = PublishedDate(datetime.date(year, 1, 1), "user") if year else None
    return Document(text, name, origin=f"test:{name}", name=name, published=published)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def words(library: Library) -> WordIndex:
    """Four documents of one passage each; their titles are the numerals."""
    texts = {
        "one": "The harbour reopened. The harbour is deep.",
        "two": "A storm closed the harbour for the whole of a very long and cold winter that year.",
        "three": "The bridge was finished.",
        "four": "The café by the bridge serves fish.",
    }
    list(library.add(document(name, text, 2000 + at) for at, (name, text) in enumerate(texts.items(), 1)))
    return WordIndex(library.catalog)


def titles(library: Library, words: WordIndex, query: str, **options: Filters) -> list[str]:
    places = {
        place.passage_id: place.document_id
        for place in library.catalog.places([match.passage_id for match in words.search(query, limit=10, **options)])
    }
    infos = library.catalog.infos(places.values())
    return [infos[places[match.passage_id]].title for match in words.search(query, limit=10, **options)]


def test_more_of_a_word_in_less_text_ranks_higher(library: Library, words: WordIndex) -> None:
    """BM25 puts the short text that repeats the word before the long one that names it once."""
    assert titles(library, words, "harbour") == ["one", "two"]


def test_only_passages_with_a_word_of_the_query_are_found(words: WordIndex) -> None:
    """Where no word of the query stands anywhere, nothing is found, whatever the limit; scores are above zero."""
    assert words.search("submarine cable", limit=10) == []
    assert words.search("", limit=10) == []
    assert all(match.score > 0 for match in words.search("harbour bridge storm", limit=10))


@pytest.mark.parametrize("query", ["Harbours", "HARBOUR", "reopening", "one"])
def test_forms_of_a_word_are_one_word(library: Library, words: WordIndex, query: str) -> None:
    """Case and inflection do not matter, and a word of the title counts."""
    assert titles(library, words, query)[0] == "one"


def test_accents_do_not_matter(library: Library, words: WordIndex) -> None:
    """A word is found with and without its accents."""
    assert titles(library, words, "cafe") == titles(library, words, "CAFÉ") == ["four"]


def test_filters_hold(library: Library, words: WordIndex) -> None:
    """Only documents that pass the filters are found."""
    later = Filters(after=datetime.date(2002, 1, 1))
    assert titles(library, words, "harbour", filters=later) == ["two"]


@pytest.mark.parametrize("query", ['"', "harbour OR", "NEAR(a b)", "text:harbour", "* - ^ ( )", "harbour' --", "\0"])
def test_a_query_is_never_syntax(words: WordIndex, query: str) -> None:
    """What the word index would read as operators is looked for as words, or passed over."""
    words.search(query, limit=10)


@given(st.text())
def test_any_text_has_stems(text: str) -> None:
    """Stems are never empty and hold no quotes or spaces, so that they can stand in an expression."""
    assert all(stem and '"' not in stem and not any(map(str.isspace, stem)) for stem in stems(text))


def test_words_that_say_nothing_are_left_out_of_a_query() -> None:
    """Function words are passed over where others are left, and kept where there are none."""
    assert query_terms("What is the harbour of the town?") == ["harbour", "town"]
    assert query_terms("Who are you?") == ["who", "are", "you"]
    assert query_terms("How many ships were sunk?") == ["ship", "sunk"]
    assert query_terms("How many?") == ["how", "mani"]
    assert {"the", "who"} <= STOP_WORDS


def test_rare_words_weigh_more(words: WordIndex) -> None:
    """Inverse document frequency falls with the number of passages, and is highest for words in none."""
    rarity = words.rarity(["harbour", "storm", "absent"], total=4)
    assert 0 < rarity["harbour"] < rarity["storm"] < rarity["absent"]


def test_words_go_with_their_document(library: Library, words: WordIndex) -> None:
    """The words of a removed document are neither found nor counted."""
    (info,) = library.documents(query="two")
    library.remove([info.id])

    assert titles(library, words, "harbour storm") == ["one"]
    assert library.catalog.document_frequencies(["storm", "harbour"]) == {"harbour": 1}
