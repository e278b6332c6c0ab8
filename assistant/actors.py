"""Who does what a question asks about: another's deed of the same kind is no answer to it.

"When did Russia ratify the treaty?" shares all its words with a sentence that says that North Korea ratified it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.evidence import Evidence
from assistant.statements import Word, take_apart
from assistant.thesaurus import Thesaurus, load_thesaurus

_MOVED = 1.5
"""Log odds that a sentence gains where whom the question asks about does it, and loses where another does: as much as
a speaker's own words gain."""
_WEIGHED = 32
"""Best sentences whose deeds are looked at."""
_ASKED = re.compile(
    r"^\W*(?i:on what|in what|when|where|why|how|what|which|whom?)\b[^?]*?\b(?:did|does|has|have|had|will)\s+"
    r"(?P<rest>(?:the\s+)?[A-Z].*)$"
)


def prefer_actor(question: str, evidence: Sequence[Evidence]) -> tuple[Evidence, ...] | None:
    """Evidence with what the question's actor does moved up, with what another does moved down ("When did X sign …?").

    None where it names nobody who does something, or no sentence tells who does the same.
    """
    thesaurus = load_thesaurus()
    asked = _asked_deed(question, thesaurus)
    if asked is None:
        return None
    moved = []
    for item in evidence[:_WEIGHED]:
        whose = _whose(item.sentence.text, *asked, thesaurus)
        at_another_time = any(item.features.get(name) for name in ("misses", "undated"))
        moved.append(item if whose > 0 and at_another_time else replace(item, logit=item.logit + _MOVED * whose))
    if all(one.logit == other.logit for one, other in zip(moved, evidence, strict=False)):
        return None
    return tuple(sorted((*moved, *evidence[_WEIGHED:]), key=lambda item: -item.logit))


def asked_actor(question: str) -> str | None:
    """Whose deed a question asks about, by name: "When did the Duma ratify …?"."""
    asked = _asked_deed(question, load_thesaurus())
    return " ".join(word.text for word in asked[0]) if asked is not None else None


def _asked_deed(question: str, thesaurus: Thesaurus) -> tuple[Sequence[Word], Word] | None:
    """The name of who does it, and the verb."""
    asked = _ASKED.match(question)
    if asked is None:
        return None
    words = take_apart(asked["rest"], (), thesaurus).words
    verb = next((at for at, word in enumerate(words) if word.kind != "name" and word.low != "the"), 0)
    names = [word for word in words[:verb] if word.kind == "name"]
    return (names, words[verb]) if names and words[verb].kind == "content" else None


def _whose(text: str, names: Sequence[Word], verb: Word, thesaurus: Thesaurus) -> int:
    """1 where a sentence has whom the question asks about do it, -1 where it names him and another does it, else 0."""
    said = take_apart(text, (), thesaurus)
    actor = {word.stem for word in names}
    if not actor <= said.stems:
        return 0
    doers = [
        said.words[min(acting.agents) : max(acting.agents) + 1]
        for acting in said.actions
        if acting.agents and _is_deed(said.words[acting.verb], verb, thesaurus)
    ]
    if any(actor <= {word.stem for word in doer} for doer in doers):
        return 1
    named = all(any(word.kind == "name" for word in doer) for doer in doers)
    return -1 if doers and named and not any(word.stem in actor for doer in doers for word in doer) else 0


def _is_deed(word: Word, verb: Word, thesaurus: Thesaurus) -> bool:
    return word.stem == verb.stem or thesaurus.may_stand_for(word.stem, verb.stem)
