"""Counts that later reports raise: of what a question asks for the number, and the number of it that a sentence gives.

Of "How many people died in the Noto earthquake?" the *deed* is what is said of those counted (died), the *event* the
words that say where or by what (earthquake). "504 victims" counts the dead, "33,000 people in shelters" does not: how
many are there is no answer to how many died, and what damage costs none to how many houses are damaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.evidence import Evidence
from assistant.statements import FUNCTION_WORDS, REPORTING
from assistant.thesaurus import load_thesaurus
from assistant.values import Value, counts_the_asked, values_in
from index.words import STOP_WORDS, stems

_MOVED = 1.5
"""Log odds that a sentence gains where it counts what is asked, and loses where it gives a sum of money instead; those,
too, by which an answer is less sure where none counts it. As much as a speaker's own words gain."""
_WEIGHED = 32
"""Best sentences whose numbers are looked at."""

_HOW_MANY = re.compile(r"\bhow many\s+(?P<said>[^?.;]+)", re.IGNORECASE)
_TOLL = re.compile(r"\b(?:death toll|number of (?:dead|deaths|victims|fatalities))\b(?P<said>[^?.;]*)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_LIGHT = frozenset(stems("live stay remain left have get sleep spend know count report there still now so far yet"))
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
        return self.tells(f"{before} {after}")

    def tells(self, text: str) -> bool:
        """Whether a text tells of the deed, in any form."""
        return any(self._says(word) for word in stems(text))

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


def prefer_count(question: str, evidence: Sequence[Evidence]) -> tuple[Evidence, ...] | None:
    """Evidence with what counts the asked things moved up, and what gives money or times alone moved down.

    None where no count is asked for ("How many houses were damaged?"), or nothing is moved.
    """
    if _HOW_MANY.search(question) is None and _TOLL.search(question) is None:
        return None
    counted = Counted.of(question)
    moved = []
    for item in evidence[:_WEIGHED]:
        sentence = item.sentence
        numbers = values_in(sentence.text, "number", "", sentence.event_dates, sentence.span.start)
        fitting = [value for value in numbers if counts_the_asked(value, question)]
        counts = counted is not None and any(value.unit and counted.counts(value, sentence.text) for value in fitting)
        change = _MOVED if counts else -_MOVED if numbers and not fitting else 0.0
        moved.append(replace(item, logit=item.logit + change) if change else item)
    if all(one is other for one, other in zip(moved, evidence, strict=False)):
        return None
    return tuple(sorted((*moved, *evidence[_WEIGHED:]), key=lambda item: -item.logit))


def uncounted(question: str, evidence: Sequence[Evidence]) -> float:
    """Log odds by which an answer is less sure, since its best sentence does not tell of the deed asked about; 0 else.

    "How many soldiers died in Kursk?" is not answered by how many are there. What the sentence before says, and the
    title with the headings, is said of those counted too.
    """
    deed = _deed_done(question)
    if deed is None or not evidence:
        return 0.0
    counted = Counted("", deed, frozenset())
    best = evidence[0]
    before = best.previous.text if best.previous is not None else ""
    return 0.0 if counted.tells(f"{best.retrieved.passage.context} {before} {best.sentence.text}") else _MOVED


def _deed_done(question: str) -> str | None:
    """The stem of a verb in the past that says what became of those counted: "died", "have been wounded"."""
    asked = _HOW_MANY.search(question)
    words = _WORD.findall(asked["said"]) if asked is not None else []
    past = load_thesaurus().past_forms
    for before, word, after in zip(words, words[1:], [*words[2:], "in"], strict=False):
        low = word.casefold()
        if low in ("do", "does", "did"):  # "How many goals did she score?" names who does it first
            return None
        ends = after.casefold() in FUNCTION_WORDS or not after.islower()  # else "damaged houses"
        in_past = low.endswith("ed") or low in past
        if in_past and ends and before.casefold() not in _DETERMINERS and not REPORTING.fullmatch(low):
            stem = stems(low)[0]
            return None if stem in _LIGHT or low in FUNCTION_WORDS else stem
    return None


_DETERMINERS = frozenset("the a an this that these those his her its their".split())
