"""Counts that later reports raise: of what a question asks for the number, and the number of it that a sentence gives.

Of "How many people died in the Noto earthquake?" the *deed* is what is said of those counted (died), the *event* the
words that say where or by what (earthquake). "504 victims" counts the dead, "33,000 people in shelters" does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.thesaurus import load_thesaurus
from assistant.values import Value
from index.words import STOP_WORDS, stems

_HOW_MANY = re.compile(r"\bhow many\s+(?P<said>[^?.;]+)", re.IGNORECASE)
_TOLL = re.compile(r"\b(?:death toll|number of (?:dead|deaths|victims|fatalities))\b(?P<said>[^?.;]*)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_LIGHT = frozenset(stems("live stay remain have get sleep spend know count report there still now so far yet"))
"""Words that say too little of those counted: what tells them apart comes after."""
_DEAD = frozenset(stems("die died dies dead death deaths kill kills killed victim lives fatality fatalities"))
_ANYBODY = frozenset(["", *stems("people persons humans lives souls victims inhabitants")])
_ACROSS = re.compile(r"[;:.]\s|,\s")


@dataclass(frozen=True, slots=True)
class Counted:
    """What a question asks the number of; all words as stems."""

    noun: str
    """The things or people counted."""
    deed: str
    """What is said of them."""
    event: frozenset[str]
    """Where or by what, without names."""

    @classmethod
    def of(cls, question: str) -> Counted | None:
        """None where no count of things that something is said of is asked for."""
        if (toll := _TOLL.search(question)) is not None:
            return cls("", "dead", frozenset(_plain_stems(_WORD.findall(toll["said"]))))
        asked = _HOW_MANY.search(question)
        words = _plain_stems(_WORD.findall(asked["said"])) if asked is not None else []
        telling = [word for word in words[1:] if word not in _LIGHT]
        return cls(words[0], telling[0], frozenset(telling[1:])) if telling else None

    def in_event(self, words: Iterable[str]) -> bool:
        """Whether words name all of the event, themselves or by words that may stand for its own.

        Of the dead it must be said too who they were, where more than people are asked for.
        """
        said = set(words)
        whose = {self.noun} - _ANYBODY if self.deed in _DEAD else set()
        return all(any(_means(word, other) for other in said) for word in self.event | whose)

    def counts(self, value: Value, text: str) -> bool:
        """Whether a number of a sentence counts what is asked for, as a whole: no part and no addition is meant."""
        if _PART.match(text) or (value.unit and not self._may_be_of(value.unit)):
            return False
        after = _ACROSS.split(text[value.span.start :])[0]
        before = _ACROSS.split(text[: value.span.start])[-1]
        return any(self._says(word) for word in stems(f"{before} {after}"))

    def _may_be_of(self, unit: str) -> bool:
        if self.deed in _DEAD:
            return unit in _DEAD or unit in _PEOPLE or _means(self.noun, unit)
        return unit == self.deed or _means(self.noun, unit)

    def _says(self, word: str) -> bool:
        return word in _DEAD if self.deed in _DEAD else _means(self.deed, word)


_PART = re.compile(r"\W*(?:of|among) (?:these|those|them|the \S*\d)", re.IGNORECASE)
"""How a sentence begins that tells what a count is made of."""
_PEOPLE = frozenset(stems("people person men women children residents inhabitants civilians workers soldiers others"))


def _plain_stems(words: Sequence[str]) -> list[str]:
    """The stems of the words that are no names and no function words, in order."""
    plain = [word for word in words if word[0].islower() and word not in STOP_WORDS]
    return [stem for word in plain for stem in stems(word)]


def _means(word: str, said: str) -> bool:
    return word == said or load_thesaurus().may_stand_for(word, said)
