"""The language of a text whose file names none."""

from __future__ import annotations

_SAMPLE = 4000
"""Characters that are looked at."""


def language_of(text: str) -> str:
    """The ISO 639-1 code of the language that a text seems to be written in, by ``chardet``; empty where it names none.

    Good enough for the rules of sentences: lists of names and results may come out as any language.
    """
    from chardet import detect

    return detect(text[:_SAMPLE].encode())["language"] or ""
