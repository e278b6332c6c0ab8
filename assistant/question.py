"""Follow-ups made whole: what a question leaves to the turns before it is taken from the last one that stands alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from assistant.answer import Turn
from assistant.windows import question_window
from index.words import query_terms

_LEANS = re.compile(
    r"^\W*(?:and|but|or|so|also|what about|how about|what else|who else|why not|really)\b"
    r"|\b(?:it|its|he|him|his|she|her|hers|they|them|their|theirs|this|these|those|there|one|ones|such|the same)\b"
    r"|\b(?:react|respond)(?:ed)?\W*$"  # to what, the question before it says
    r"|\bthat\s*(?:[?.,!]|$)|\b(?:does|did|is|was|do|about|of|like) that\b",
    re.IGNORECASE,
)
_SAYS_ALL = re.compile(r"^\W*(?i:who|what|where|when)(?:(?i:'s|’s)| (?i:is|are|was|were))(?i: the)? [A-Z]")
"""``Who is Kim?``: short, and yet whole."""
_SMALL_TALK = re.compile(
    r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|thanks?(?: you)?(?: very much| a lot)?|ok(?:ay)?|"
    r"great|good|bye|goodbye)\W*$",
    re.IGNORECASE,
)
_LED = re.compile(r"^\W*(?:and|but|so|or)?\s*(?:what about|how about)?\s*", re.IGNORECASE)
_JOINED = re.compile(r"^\W*(?:(?:and|but|so|also)\b[\s,]*)+", re.IGNORECASE)
_AUXILIARY = r"(?:is|are|was|were|did|does|do|has|have|had|will|would|can|could|should)"
_CLAUSE = re.compile(
    rf"(?:who|what|where|when|why|how|which)\b(?: \w+){{0,4}}? {_AUXILIARY}\b|{_AUXILIARY}\b|who \w+", re.IGNORECASE
)
"""How a question begins that is more than a phrase."""
_WORD = r"(?:[A-Z][\w.-]*\w|[A-Z])"
_NAME = rf"(?:[Tt]he )?{_WORD}(?: (?:(?:of|the|de|del|von|van|bin|al) )*{_WORD})*"
_OTHER = re.compile(
    rf"^(?:(?P<asks>(?i:who|what|where|when|why|how(?: (?:much|many|long|often|far))?) (?i:{_AUXILIARY})) )?"
    r"(?:(?P<place>(?i:in|at|from|to|for|with|by|of)) )?"
    rf"(?!(?i:who|what|where|when|why|how|which)\b)(?P<name>{_NAME})\W*$"
)
"""All that a question says after its lead: another name, at most with a question word or a preposition before it."""
_NAMED = re.compile(rf"(?:\b(?P<before>[a-z]+) )?(?<![\w'’])(?P<name>{_NAME})(?!['’](?!s\b)|\w)")
_FEW_WORDS = 1
"""Telling words up to which a question says too little by itself."""
_LOOKED_BACK = 20
"""Earlier turns in which the topic is looked for."""
_BETWEEN = ": "


@dataclass(frozen=True, slots=True)
class StandAlone:
    """A question with the earlier one that it leans on."""

    question: str
    """As it was asked, or said in full."""
    topic: str = ""
    """The earlier question; empty where this one says all by itself."""
    whole: bool = False
    """Whether only an "and" joins it to the topic, which helps to find the place then, not to choose the sentence."""

    @property
    def text(self) -> str:
        """Both in one, as it is searched for: ``When was the treaty signed: And where?``"""
        return f"{self.topic}{_BETWEEN}{self.question}" if self.topic else self.question

    @property
    def shown(self) -> str:
        """Both in one, as people are told how it was understood: ``Who opened the bridge? (after: Who built it?)``"""
        return f"{self.question} (after: {self.topic}?)" if self.topic and self.whole else self.text

    @property
    def weighed(self) -> StandAlone:
        """What a sentence must answer."""
        return StandAlone(self.question) if self.whole else self


def stand_alone(question: str, history: Sequence[Turn], *, most_characters: int) -> StandAlone:
    """The question, made whole by the one that it leans on.

    Where it only changes a name or a time, it is said in full: ``And in 2023?`` after ``Who led the party in 2019?`` is
    ``Who led the party in 2023?``. Else the earlier question leads it. A question that stands alone is left alone, and
    so is the first one of a conversation.

    Args:
        most_characters: of the result; where that is too little for both, the earlier question is cut, never this one.
    """
    if not history or not leans_on_history(question):
        return StandAlone(question)
    asked = [turn.content.strip() for turn in history[-_LOOKED_BACK:] if turn.role == "user" and turn.content.strip()]
    topic = next((earlier for earlier in reversed(asked) if not leans_on_history(earlier)), asked[0] if asked else "")
    whole = _with_other_time(question, topic) or _with_other_name(question, topic)
    if whole is not None and len(whole) <= most_characters:
        return StandAlone(whole)
    said = _JOINED.sub("", question)
    is_whole = said != question and _CLAUSE.match(said) is not None and not leans_on_history(said)
    if is_whole:
        question = said[0].upper() + said[1:]
    topic = topic[: max(most_characters - len(question) - len(_BETWEEN), 0)].rstrip(" ?.!")
    return StandAlone(question, topic, is_whole)


def leans_on_history(question: str) -> bool:
    """Whether a question names something only by pointing back, or hardly names anything."""
    if _LEANS.search(question):
        return True
    few = len(query_terms(question)) <= _FEW_WORDS
    return few and not _SAYS_ALL.search(question) and not is_small_talk(question)


def is_small_talk(text: str) -> bool:
    """Whether a text greets, thanks or agrees, and asks nothing: "thanks", "Good morning!"."""
    return _SMALL_TALK.search(text) is not None


def _with_other_time(question: str, topic: str) -> str | None:
    """The earlier question at the time that this one names, where it names nothing else."""
    said = question[_lead(question) :].rstrip(" ?.!")
    asked = question_window(said, date.today())
    if asked is None or not asked.bounded or asked.text.casefold() != said.casefold():
        return None
    earlier = question_window(topic, date.today())
    if earlier is not None and earlier.bounded and topic.count(earlier.text) == 1:
        return topic.replace(earlier.text, said)
    if earlier is not None:
        return None
    body = topic.rstrip(" ?.!")
    return f"{body} {said}{topic[len(body) :]}"


def _with_other_name(question: str, topic: str) -> str | None:
    """The earlier question about the name that this one names, where that can stand in one place only."""
    other = _OTHER.match(question[_lead(question) :])
    if other is None:
        return None
    start = re.match(r"\W*\w+", topic)
    names = list(_NAMED.finditer(topic, start.end() if start is not None else 0))
    if other["asks"] is not None:
        if not topic.casefold().startswith(f"{other['asks']} ".casefold()):
            return None
        auxiliary = other["asks"].split()[-1].casefold()
        names = [name for name in names if (name["before"] or "").casefold() == auxiliary]
    elif other["place"] is not None:
        names = [name for name in names if (name["before"] or "").casefold() == other["place"].casefold()]
    if len(names) != 1:
        return None
    return topic[: names[0].start("name")] + other["name"] + topic[names[0].end("name") :]


def _lead(question: str) -> int:
    """Where ``And what about`` ends."""
    match = _LED.match(question)
    return match.end() if match is not None else 0
