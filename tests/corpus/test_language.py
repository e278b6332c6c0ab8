"""The language of texts that do not name it."""

from __future__ import annotations

import pytest

from corpus.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Am 3. Mai wurde die neue Brücke eröffnet. Danach kamen rund dreißig Leute zum Fest am Ufer.", "de"),
        ("The new bridge was opened on 3 May. Some thirty people came to the feast on the bank.", "en"),
        ("Le nouveau pont a été ouvert le 3 mai. Une trentaine de personnes sont venues à la fête.", "fr"),
        ("", ""),
    ],
)
def test_prose_shows_its_language(text: str, language: str) -> None:
    """An empty text shows none."""
    assert language_of(text) == language
