"""Which words may stand for which: WordNet 3.0, cut down by ``training/thesaurus.py``.

WordNet 3.0 Copyright 2006 by Princeton University; its licence is in ``docs/wordnet-licence.txt``.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from index.words import stems

_FILE = "wordnet.tsv.gz"
_NONE: frozenset[str] = frozenset()
_NO_GROUP: frozenset[int] = frozenset()

_ALSO = """
fire launch shoot | defeat beat overcome | put place | visit trip tour stay | buy acquire purchase | hand give gave pass
end finish conclude close stop | start begin | build construct erect | help aid assist support assistance
die dead death killed | hurt injure wound | soldier troop | illness disease | lorry truck | ship boat vessel
plane aircraft airplane jet | firm company business corporation | agreement accord treaty pact deal
meeting summit talk | attack strike assault | rise increase grow climb grew rose | fall drop decline decrease fell slip
choose elect pick | leave depart | reach arrive land | use employ | ask request | replace substitute place
stay remain keep left kept | get receive obtain got | big large great | small little | quick fast rapid swift
evidence proof | blaze fire | inhabitant resident | send dispatch deploy ship sent | weapon arm armament
ammunition munition | spokesman spokeswoman spokesperson | carry transport bring take took brought carried
establish found create set | approve pass adopt | demand require | monitor watch observe | worker employee
child kid | country nation state | expire run | shut close | damage harm | car automobile vehicle | wish want
permit allow let admit | meet met encounter | live reside | speak talk spoke | voice express | likely probable
complete finish | sign ink | evade dodge escape | main chief principal | former previous earlier | near close
hand give
release publish issue | image picture photograph photo | fake forged false | supply deliver provide send | relief aid
goods supply | retreat withdraw | enter cross | expand grow | restart resume | location place site | demolish raze
review reconsider rethink | encourage embolden | respond answer reply | collapse fall fell | welcome receive greet
spy reconnaissance | gather meet | celebrate mark | show present | effect force | search hunt | pledge promise vow
halt stop end | probe inquiry investigation | doctor physician | injured hurt wounded | huge enormous vast
recover find found | sue suit lawsuit | scrap abandon | rebuild reconstruct | rescue save | head lead chief led
award grant give | power electricity | home house household | phone telephone | back support endorse | jail imprison
praise laud hail commend | dismiss sack fire oust | seize confiscate take | curb restrict limit | boost increase raise
slash cut reduce lower | soar surge jump rise | warn caution | unveil present reveal show | flee escape
suspend halt stop pause interrupt | elderly old | quake earthquake tremor | crash collide collision | ruin destroy wreck
relocate move shift | repair fix mend | adopt approve endorse | law legislation | envoy ambassador | tour visit
finalise finalize settle decide | anticipate expect | show display exhibit | hit strike batter | serve use
army military troop | frontier border | stranded stuck | resign quit | fund finance pay | await expect
west western | east eastern | south southern | north northern
next beside alongside near close
hamper hinder | postpone delay | criticise criticize reproach | poor bad | trip journey | roughly about | toll number
""".replace("\n", " | ")
"""Groups of words that newspapers exchange and that WordNet keeps apart."""


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """Words are given as the stems that ``index.words.stems`` makes of them."""

    _entries: Mapping[str, str]
    """By stem: its synsets, the broader ones and its opposites, as the file has them; read when asked for."""
    _groups: Mapping[str, frozenset[int]]
    past_forms: frozenset[str]
    """Irregular past forms of verbs, in small letters: ``met``."""
    _verbs: Mapping[str, str]
    """By the stem of such a form, the stem of its verb."""
    _past: Mapping[str, frozenset[str]]
    """And the other way."""

    def plain_form(self, word: str) -> str:
        """The verb of an irregular past form, ``send`` of ``sent``; any other word as it is."""
        return self._verbs.get(word, word)

    def forms(self, word: str) -> frozenset[str]:
        """A plain form with the irregular past forms of it."""
        return self._past.get(word, _NONE) | {word}

    def may_stand_for(self, word: str, said: str) -> bool:
        """Whether ``word`` means the same as ``said``, or one step more in general."""
        if not self._groups.get(word, _NO_GROUP).isdisjoint(self._groups.get(said, _NO_GROUP)):
            return True
        one, other = self._entries.get(word), self._entries.get(said)
        if one is None or other is None:
            return False
        same, _, _ = _parsed(one)
        theirs, broader, _ = _parsed(other)
        return not same.isdisjoint(theirs) or not same.isdisjoint(broader)

    def knows(self, word: str) -> bool:
        """Whether it is a word of the thesaurus."""
        return word in self._entries

    def opposite(self, word: str, other: str) -> bool:
        """Whether the one means the opposite of the other."""
        return other in self._opposites(word) or word in self._opposites(other)

    def _opposites(self, word: str) -> frozenset[str]:
        entry = self._entries.get(word)
        return _parsed(entry)[2] if entry is not None else _NONE


@functools.lru_cache(maxsize=20_000)
def _parsed(entry: str) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    same, broader, opposites = entry.split("\t")
    return _set(same), _set(broader), _set(opposites)


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split(",")) if listed else _NONE


@functools.cache
def load_thesaurus() -> Thesaurus:
    """The thesaurus that comes with Dateline, read once: about 50 ms and 15 MB."""
    text = gzip.decompress((resources.files("assistant") / "weights" / _FILE).read_bytes()).decode()
    _, past, *lines = text.split("\n")
    entries = dict(line.split("\t", 1) for line in lines)
    verbs = dict(form.split("=") for form in past.split(" "))
    of_stems = {stems(form)[0]: stems(verb)[0] for form, verb in verbs.items()}
    forms: dict[str, set[str]] = {}
    for form, verb in of_stems.items():
        forms.setdefault(verb, set()).add(form)
    past_of = {verb: frozenset(known) for verb, known in forms.items()}
    return Thesaurus(entries, _groups(verbs), frozenset(verbs), of_stems, past_of)


def _groups(past: Mapping[str, str]) -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(_ALSO.split("|")):
        for stem in stems(group):
            groups.setdefault(stem, set()).add(number)
    for form, verb in past.items():
        if (numbers := groups.get(stems(verb)[0])) is not None:
            groups.setdefault(stems(form)[0], set()).update(numbers)
    return {stem: frozenset(numbers) for stem, numbers in groups.items()}
