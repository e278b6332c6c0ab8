"""Several questions in one: those that ask what each of several people said or did, taken apart.

``What did NATO, Japan and China say about the pact?`` is three questions. Each of them is answered, or not, by itself.
What people do with each other ("What did Kim and Putin sign?") is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_PARTS = 6
_LONGEST_NAME = 6
"""Words."""

_VERBS = (
    r"say|think|believe|argue|claim|state|write|report|announce|declare|reply|answer|respond|react|warn|threaten|want"
    r"|demand|ask|promise|pledge|undertake|offer|propose|suggest|expect|fear|deny|admit|do"
    r"|said|thought|believed|argued|claimed|stated|written|reported|announced|declared|replied|answered|responded"
    r"|reacted|warned|threatened|wanted|demanded|asked|promised|pledged|offered|proposed|suggested|expected|denied"
    r"|admitted|done"
)
_SEVERAL = re.compile(
    rf"^(?P<before>\W*(?:what|how|why)\s+)(?P<verb>did|do|does|have|has|had|will|would)\s+"
    rf"(?P<names>[^?!.;:]+?)(?:\s+(?:each|both|all))?(?P<after>\s+(?:{_VERBS})\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
"""Not "&": that stands in the names of firms."""
_NOBODY = frozenset("he she it they we you i him her them us both each all others".split())
_OF_ONE = {"do": "does", "have": "has"}


@dataclass(frozen=True, slots=True)
class Part:
    """One of several questions."""

    name: str
    """Whom it asks about."""
    question: str
    """On that one alone."""


def named_together(parts: Sequence[Part], text: str) -> bool:
    """Whether a text names all of them as one: "Bosnia and Herzegovina"."""
    first, *others = (re.escape(part.name) for part in parts)
    together = first + "".join(rf"(?:,? and |, ){name}" for name in others)
    return re.search(rf"(?<!\w){together}(?!\w)", text, re.IGNORECASE) is not None


def parts_of(question: str) -> tuple[Part, ...]:
    """The questions that a question is made of; none where it is one.

    A name is told by its capital letter, but for a question that has none at all.
    """
    match = _SEVERAL.match(question)
    if match is None:
        return ()
    names = _AND.split(match["names"].strip())
    if not 2 <= len(names) <= MOST_PARTS or not all(_is_name(name, question) for name in names):
        return ()
    verb = _OF_ONE.get(match["verb"].lower(), match["verb"])
    return tuple(Part(name, f"{match['before']}{verb} {name}{match['after']}") for name in names)


def _is_name(name: str, question: str) -> bool:
    words = name.split()
    if not 1 <= len(words) <= _LONGEST_NAME or name.casefold() in _NOBODY:
        return False
    return question[1:].islower() or any(word[0].isupper() for word in words)


def said_missing(names: Sequence[str]) -> str:
    """That some of those who were asked about are not answered for; empty where all are."""
    if not names:
        return ""
    *first, last = names
    return (
        f"For {', '.join(first) + ' and ' if first else ''}{last} the documents give no answer that can be relied on."
    )
