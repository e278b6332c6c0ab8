"""Follow-ups made whole: what a question leaves to the turns before it is taken from the last one that stands alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answer import Turn
from index.words import query_terms

_LEANS = re.compile(
    r"^\W*(?:and|but|or|so|also|what about|how about|what else|who else|why not|really)\b"
    r"|\b(?:it|its|he|him|his|she|her|hers|they|them|their|theirs|this|these|those|there|one|ones|such|the same)\b"
    r"|\bthat\s*(?:[?.,!]|$)|\b(?:does|did|is|was|do|about|of|like) that\b",
    re.IGNORECASE,
)
_FEW_WORDS = 1
"""Telling words up to which a question says too little by itself."""
_LOOKED_BACK = 20
"""Earlier turns in which the topic is looked for."""
_BETWEEN = ": "


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A question with the earlier one that it leans on."""

    question: str
    """As it was asked."""
    topic: str = ""
    """The earlier question; empty where this one says all by itself."""

    @property
    def text(self) -> str:
        """Both in one: ``When was the treaty signed: And where?``"""
        return f"{self.topic}{_BETWEEN}{self.question}" if self.topic else self.question


def stand_alone(question: str, history: Sequence[Turn], *, most_characters: int) -> StandAlone:
    """The question, led by the one that it leans on: ``When was it signed?`` after a question on a treaty.

    A question that stands alone is left alone, and so is the first one of a conversation.

    Args:
        most_characters: of the result; where that is too little for both, the earlier question is cut, never this one.
    """
    if not history or not leans_on_history(question):
        return StandAlone(question)
    asked = [turn.content.strip() for turn in history[-_LOOKED_BACK:] if turn.role == "user" and turn.content.strip()]
    topic = next((earlier for earlier in reversed(asked) if not leans_on_history(earlier)), asked[0] if asked else "")
    topic = topic[: max(most_characters - len(question) - len(_BETWEEN), 0)].rstrip(" ?.!")
    return StandAlone(question, topic)


def leans_on_history(question: str) -> bool:
    """Whether a question names something only by pointing back, or hardly names anything."""
    return bool(_LEANS.search(question)) or len(query_terms(question)) <= _FEW_WORDS
