"""Who does what a question asks about, or what it is done to: another deed of the same kind is no answer to it.

"When did Russia ratify the treaty?" shares all its words with a sentence that says that North Korea ratified it, and
"Where was the treaty signed?" with one that says where a protocol on the treaty was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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
    return _moved(evidence, lambda text: _whose(text, *asked, thesaurus))


def prefer_thing(question: str, evidence: Sequence[Evidence]) -> tuple[Evidence, ...] | None:
    """Evidence with what is done to the asked thing moved up, the same done to another moved down ("Where was …?").

    None where the question asks of no thing what was done to it, or no sentence tells of the same deed.
    """
    thesaurus = load_thesaurus()
    asked = _asked_thing(question, thesaurus)
    if asked is None:
        return None
    return _moved(evidence, lambda text: _done_to(text, *asked, thesaurus))


def _moved(evidence: Sequence[Evidence], fits: Callable[[str], int]) -> tuple[Evidence, ...] | None:
    moved = []
    for item in evidence[:_WEIGHED]:
        whose = fits(item.sentence.text)
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


def asked_thing(question: str) -> str | None:
    """What a question asks about that something was done to: "Where was the treaty signed?"."""
    asked = _asked_thing(question, load_thesaurus())
    return asked[0].text if asked is not None else None


_PASSIVE = re.compile(
    r"^\W*(?:where|when|how|why|(?:on|in|at) (?:what|which) \w+|wh(?:at|ich) (?:date|day|month|year))\s+"
    r"(?:was|were|is|are)\s+(?P<thing>(?:the|an?|this|that|its|his|her|their)\s+(?:[\w’'-]+\s+)+)",
    re.IGNORECASE,
)


def _asked_thing(question: str, thesaurus: Thesaurus) -> tuple[Word, Word] | None:
    """The noun of what it is done to, and the verb: "the new treaty between …" is a treaty."""
    asked = _PASSIVE.match(question)
    if asked is None:
        return None
    words = take_apart(question, (), thesaurus).words
    telling = [word for word in words if word.start >= asked.start("thing")]
    verbs = [at for at, word in enumerate(telling) if at > 1 and _is_past(word, thesaurus)]
    if len(verbs) != 1 or telling[verbs[0] - 1].low in _RELATIVE:
        return None
    (verb,) = verbs
    if verb + 1 < len(telling) and telling[verb + 1].kind == "content":  # "the short-termed agency"
        return None
    ends = next(at for at in range(1, verb + 1) if at == verb or telling[at].kind in ("function", "date", "number"))
    thing = telling[ends - 1]
    return (thing, telling[verb]) if thing.kind == "content" else None


_RELATIVE = frozenset(["that", "which", "who", "whom"])


def _is_past(word: Word, thesaurus: Thesaurus) -> bool:
    return word.kind == "content" and (word.low.endswith("ed") or word.low in thesaurus.past_forms)


def _done_to(text: str, thing: Word, verb: Word, thesaurus: Thesaurus) -> int:
    """1 where the deed of a sentence is done to the asked thing, -1 where to others alone, 0 where it tells of none."""
    said = take_apart(text, (), thesaurus)
    done = [
        [said.words[at] for at in sorted(acting.patients)]
        for acting in said.actions
        if acting.patients and said.words[acting.verb].stem == verb.stem  # WordNet lets "ratify" stand for "sign"
    ]
    if any(_is_deed(word, thing, thesaurus) for words in done for word in words):
        return 1
    return -1 if done and all(any(word.kind != "function" for word in words) for words in done) else 0


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
