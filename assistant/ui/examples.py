"""Questions to begin with, made of the headlines in the library."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from index.library import Library

_EXAMPLES = 3
_LOOKED_AT = 30
"""Documents, the last added ones, whose titles are tried."""
_LONGEST = 80
"""Characters of an example."""

_VERBS = (
    {
        f"{verb}s": verb
        for verb in (
            "accept agree announce appoint arrest ask attack back ban begin block bomb build buy call cancel "
            "claim close condemn confirm cut declare defeat demand elect end enter expand fall fire gain give "
            "halt hit hold hope join kill launch lead leave lift lose make meet name offer open order pay plan "
            "pledge promise propose quit raise recall reject remain reopen report resign resume return reveal "
            "rise say seek seize sell send shut sign start stop suspend take threaten tour unveil urge visit "
            "vote vow warn win withdraw"
        ).split()
    }
    | {f"{verb}es": verb for verb in ("approach", "crash", "discuss", "do", "go", "pass", "publish", "push", "reach")}
    | {"approves": "approve", "carries": "carry", "denies": "deny", "ratifies": "ratify", "refuses": "refuse"}
)
"""Verbs of headlines, in the third person and in the plain form."""


_ARTICLES = frozenset(("A", "An", "The"))


def example_questions(library: Library) -> list[str]:
    """Up to three questions that documents of the library are about."""
    titles = [" ".join(info.title.split()) for info in library.documents(limit=_LOOKED_AT)]
    asked = [question for title in titles if (question := _when(title))]
    about = [f"What is said about “{textwrap.shorten(title, _LONGEST - 24, placeholder=' …')}”?" for title in titles]
    return [*_far_apart(asked), *_far_apart(about)][:_EXAMPLES]


def _far_apart(questions: Iterable[str]) -> Iterator[str]:
    """The first, then always the next that shares the fewest names and words with those before it."""
    left = {question: set(re.findall(r"\w{4,}", question.lower())) for question in questions}
    told: set[str] = set()
    while left:
        question = min(left, key=lambda question: len(left[question] & told))
        told |= left.pop(question)
        yield question


def _when(headline: str) -> str | None:
    """``Kim ratifies the treaty`` -> ``When did Kim ratify the treaty?``; None for what is not built like this."""
    words = re.split(r"[;,:]| as | after | and (?=\w+s\b)", headline)[0].split()
    for place in range(1, min(len(words), 6)):
        verb = _VERBS.get(words[place])
        if verb is not None:
            article = ["the"] if place > 1 and words[place - 1].islower() and words[0] not in _ARTICLES else []
            question = f"When did {' '.join([*article, *words[:place], verb, *words[place + 1 :]])}?"
            return question if len(question) <= _LONGEST else None
    return None
