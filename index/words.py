"""The word index: BM25 over passages, in the catalog's own database and so in its transactions.

Words are filed as their stems (Snowball's English stemmer, accents removed), by the same function for texts and
questions. A question's commonest words carry next to no weight in BM25, yet most of its cost: their postings. So a
query takes its stems from the rarest on, until a budget of postings is spent; that bounds its time in any library.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import Stemmer

from corpus.catalog import Catalog
from corpus.filters import Filters

_POSTINGS_BUDGET = 20_000
"""Postings a query may touch: about 10 ms on one core."""
_WORD = re.compile(r"[^\W_]+")
_LONGEST_QUERY = 64
"""Distinct stems of a query that are looked up."""

STOP_WORDS = frozenset(
    "a about an and are as at be been but by can could did do does for from had has have he her him his how i if in is "
    "it its may me my of on or our s she should so some such t than that the their them then there these they this "
    "those to us was we were what when where which who whom whose why will with would you your".split()
)
"""English function words and question words: they say how a question is asked, not what about."""
_QUANTIFIERS = frozenset("all any both each every few other others own same".split())
"""Say how many of a thing: nothing to look for in a question, though they change what a statement says."""

_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|tall|far|old|high|large|big|deep|heavy|fast|strong|wide)\b", re.IGNORECASE
)
"""Words that ask for a number: no answer repeats them."""


@dataclass(frozen=True, slots=True)
class WordMatch:
    """A passage that holds words of the query."""

    passage_id: int
    score: float
    """BM25, above 0."""


class WordIndex:
    """BM25 over the passages of a catalog. Writing is the catalog's: words go in and out with their document."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def search(self, query: str, *, limit: int, filters: Filters | None = None) -> list[WordMatch]:
        """The best passages by BM25, best first; none where no word of the query stands anywhere."""
        frequencies = self._catalog.document_frequencies(query_terms(query))
        chosen: list[str] = []
        spent = 0
        for term, frequency in sorted(frequencies.items(), key=lambda item: (item[1], item[0])):
            if chosen and spent + frequency > _POSTINGS_BUDGET:
                break
            chosen.append(term)
            spent += frequency
        if not chosen:
            return []
        return [WordMatch(passage_id, score) for passage_id, score in self._catalog.match_words(chosen, limit, filters)]

    def rarity(self, stems: Sequence[str], *, total: int) -> dict[str, float]:
        """Inverse document frequency of stems (Robertson-Spärck Jones, never negative) among ``total`` passages."""
        frequencies = self._catalog.document_frequencies(stems)
        return {term: _idf(min(frequencies.get(term, 0), total), total) for term in stems}


def _idf(frequency: int, total: int) -> float:
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def stems(text: str) -> list[str]:
    """The stems of all words of a text, in order: what the word index files."""
    return list(_stems(text))


@functools.lru_cache(maxsize=2_000)
def _stems(text: str) -> tuple[str, ...]:
    """Kept, since the steps of an answer ask for the same sentences one after the other."""
    return tuple(map(_stem, _WORD.findall(text)))


def query_terms(text: str) -> list[str]:
    """The distinct stems of the words that say something, in order; of all words where none does."""
    words = _WORD.findall(_QUANTITY.sub("", text))
    telling = [word for word in words if word.casefold() not in STOP_WORDS | _QUANTIFIERS]
    return list(dict.fromkeys(map(_stem, telling or _WORD.findall(text))))[:_LONGEST_QUERY]


@functools.lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    folded = unicodedata.normalize("NFD", word.casefold())
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    return _stemmer().stemWord(plain) if plain else word.casefold()


@functools.cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")
