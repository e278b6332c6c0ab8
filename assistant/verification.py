"""Whether a quote says what a sentence of an LLM says: looked at by code, value by value and word by word.

A sentence passes where one quote holds every number, date and name of it, denies, doubts, plans and ascribes what the
sentence does, has the same people doing the same things, and says all its telling words, in these or in words that
WordNet lets stand for them; and where the two share few words, they must be near in the embedding. What fails is not
shown as fact.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from assistant.entailment import ENOUGH, Entailment
from assistant.statements import (
    FUNCTION_WORDS,
    ORDINAL,
    REPORTING,
    TIME,
    Acting,
    Statement,
    Word,
    dates_in,
    is_reporting,
    is_verb,
    take_apart,
)
from assistant.thesaurus import Thesaurus, load_thesaurus
from assistant.values import Value, numbers_in
from corpus.document import EventDate, Span
from index.embedding import Embedder, PassageText, Vector
from index.words import stems

Outcome = Literal["supported", "repaired", "unsupported"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Fitted by ``training/verification.py``."""

    coverage: float
    """Least share of a sentence's telling words that the quote must hold, 0 to 1."""
    cosine: float
    """Least cosine of sentence and quote."""


THRESHOLDS = Thresholds(coverage=1.0, cosine=0.40)


_SURELY_NEAR = 0.4
"""Jaccard similarity of words from which the embedding need not be asked: with so many, no cosine was below .6."""


@dataclass(frozen=True, slots=True)
class Source:
    """A numbered quote that a sentence may stand on."""

    id: int
    text: str
    published: datetime.date | None = None
    event_dates: tuple[EventDate, ...] | None = None
    """Their spans are in code points of ``text``; None to have them read from it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a sentence."""

    outcome: Outcome
    source_ids: tuple[int, ...] = ()
    """The quotes that support it; those that it named first."""
    span: Span | None = None
    """The words that support it, in code points of the first of these quotes."""
    reason: str = ""
    """Why it is not supported: the first thing that was missed in the quote that fits best."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One sentence held against one quote."""

    fault: str
    """What the quote lacks or says otherwise; empty where it is nothing."""
    coverage: float
    """Share of the sentence's telling words that the quote holds."""
    span: Span | None
    """From the first to the last word of the quote that the sentence says."""


@dataclass(frozen=True, slots=True)
class _Read:
    source: Source
    statement: Statement


class Verifier:
    """Holds sentences against the quotes of one answer. Threads may not share it."""

    def __init__(
        self,
        sources: Sequence[Source],
        embedder: Embedder,
        *,
        thesaurus: Thesaurus | None = None,
        thresholds: Thresholds = THRESHOLDS,
        entailment: Entailment | None = None,
    ) -> None:
        """
        Args:
            entailment: says whether a quote means what a sentence does; None to go by their words and the embedding.
        """
        self._embedder = embedder
        self._thesaurus = thesaurus or load_thesaurus()
        self._thresholds = thresholds
        self._entailment = entailment
        self._read = [
            _Read(source, self._take_apart(source.text, source.published, source.event_dates)) for source in sources
        ]
        self._vectors: dict[str, Vector] = {}

    def verify(self, sentence: str, named: Sequence[int]) -> Verdict:
        """Hold a sentence against the quotes that it names, and where none of them says it, against the others.

        Args:
            named: ids of quotes; unknown ones are passed over.
        """
        if not sentence.strip() or not self._read:
            return Verdict("unsupported", reason="there is nothing to hold it against")
        words = frozenset(stems(sentence))
        order = sorted(self._read, key=lambda read: (read.source.id not in named, -len(words & read.statement.stems)))
        fault = ""
        found: list[tuple[_Read, Comparison]] = []
        for read in order:
            if found and read.source.id not in named:
                break
            comparison = self.compare(sentence, read.source, read.statement)
            if self._entailment is not None:
                reason = comparison.fault or self._not_entailed(sentence, read.source.text, self._entailment)
            else:
                reason = self._fault(comparison)
                if not reason and len(words & read.statement.stems) < _SURELY_NEAR * len(words | read.statement.stems):
                    cosine = self.cosine(sentence, read.source)  # takes longest: asked last, and only in doubt
                    if cosine < self._thresholds.cosine:
                        reason = f"the quote is about something else (cosine {cosine:.2f})"
            if not reason:
                found.append((read, comparison))
            fault = fault or reason
        if not found:
            return Verdict("unsupported", reason=fault)
        best, comparison = found[0]
        return Verdict(
            "supported" if best.source.id in named else "repaired",
            tuple(read.source.id for read, _ in found),
            comparison.span,
        )

    def compare(self, sentence: str, source: Source, quote: Statement | None = None) -> Comparison:
        """One sentence against one quote, without the thresholds."""
        quote = quote or self._take_apart(source.text, source.published, source.event_dates)
        # The dates of the sentence are read against the day on which the quote's text appeared.
        claim = self._take_apart(sentence, source.published, None)
        return compare(claim, quote, self._thesaurus)

    def _fault(self, comparison: Comparison) -> str:
        if comparison.fault:
            return comparison.fault
        if comparison.coverage < self._thresholds.coverage:
            return f"the quote holds {comparison.coverage:.0%} of its telling words"
        return ""

    def _not_entailed(self, sentence: str, quote: str, entailment: Entailment) -> str:
        probability = entailment.probability(quote, sentence)
        if probability < ENOUGH:
            return f"it does not follow from the quote (entailment {probability:.2f})"
        return ""

    def cosine(self, sentence: str, source: Source) -> float:
        """Of a sentence and the quote, or that sentence of the quote which is nearest."""
        parts = dict.fromkeys((source.text, *_SENTENCE_END.split(source.text)))
        if new := [text for text in (sentence, *parts) if text not in self._vectors]:
            embedded = self._embedder.embed_passages([PassageText("", text, ()) for text in new])
            self._vectors.update(zip(new, (vectors.passage for vectors in embedded), strict=True))
        return max(float(self._vectors[sentence] @ self._vectors[part]) for part in parts)

    def _take_apart(self, text: str, published: datetime.date | None, dates: tuple[EventDate, ...] | None) -> Statement:
        return take_apart(text, dates if dates is not None else dates_in(text, published), self._thesaurus)


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")


def compare(claim: Statement, quote: Statement, thesaurus: Thesaurus) -> Comparison:
    """What a quote lacks of a sentence, or says otherwise."""
    aligned = _align(claim, quote, thesaurus)
    telling = [
        index
        for index, word in enumerate(claim.words)
        if word.kind == "content"
        and not _light(word)
        and not _in_favour(claim, index, quote)
        and not _adds_nothing(claim, index, aligned, quote, thesaurus)
    ]
    missed = [index for index in telling if not aligned[index]]
    coverage = 1.0 - len(missed) / len(telling) if telling else 1.0
    fault = next(
        (fault for check in _CHECKS for fault in check(claim, quote, aligned, thesaurus)),
        "",
    )
    if len(claim.words) < _FEWEST_WORDS or not _is_english(claim, thesaurus):
        fault = "it is no English sentence"
    if not fault and not telling and not claim.numbers and not claim.dates:
        fault = "it says nothing that could be looked up"
    if not fault:
        contrary = itertools.chain(
            _contrary(claim, quote, aligned, thesaurus), _undone(claim, quote, aligned, thesaurus)
        )
        fault = next(contrary, "")
    if not fault and missed:
        opposite = next(
            (
                (claim.words[index].text, word.text)
                for index in missed
                for word in quote.words
                if _opposite(claim.words[index], word, thesaurus)
            ),
            None,
        )
        if opposite is not None:
            fault = f"it says {opposite[0]!r}, the quote {opposite[1]!r}"
    met = sorted(at for places in aligned.values() for at in places[:1])
    span = Span(quote.words[met[0]].start, quote.words[met[-1]].end) if met else None
    return Comparison(fault, coverage, span)


def _contrary(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    """A word where the quote has its opposite, before or behind the same word: temporary homes, permanent homes."""
    for index, places in aligned.items():
        word = claim.words[index]
        if word.kind != "content" or any(quote.words[at].stem == word.stem for at in places):
            continue
        for step in (-1, 1):
            beside = index + step
            for at in aligned.get(beside, ()):
                if quote.words[at].stem != claim.words[beside].stem or not 0 <= at - step < len(quote.words):
                    continue
                other = quote.words[at - step]
                if other.kind == "content" and _opposite(word, other, thesaurus):
                    yield f"it says {word.text!r}, the quote {other.text!r}"


def _undone(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    """A verb where the quote has its opposite with the same about it: flights were stopped, flights were resumed."""
    for acting in claim.actions:
        word = claim.words[acting.verb]
        if any(quote.words[at].stem == word.stem for at in aligned[acting.verb]):
            continue
        about = {at for index in acting.patients for at in aligned[index]}
        for other in quote.actions:
            if about & other.patients and _opposite(word, quote.words[other.verb], thesaurus):
                yield f"it says {word.text!r}, the quote {quote.words[other.verb].text!r}"


_FEWEST_WORDS = 3


_ENDED = re.compile(r"[.!?][\"'”’)\]]*\s*$")
_VERBS = frozenset(
    "is are was were be been has have had do does did will would can could may might must should".split()
)


def _tells(statement: Statement, index: int, thesaurus: Thesaurus) -> bool:
    """Whether a word has the form of a verb; what has none and no full stop is a heading."""
    word = statement.words[index]
    return word.low in _VERBS or REPORTING.fullmatch(word.low) is not None or is_verb(statement.words, index, thesaurus)


def _is_english(statement: Statement, thesaurus: Thesaurus) -> bool:
    """Whether it is a sentence with a telling word that the thesaurus knows: the rules are made for English."""
    telling = [word for word in statement.words if word.kind == "content"]
    if not _ENDED.search(statement.text) and not any(
        _tells(statement, at, thesaurus) for at in range(len(statement.words))
    ):
        return False
    return not telling or any(thesaurus.knows(word.stem) or word.low in thesaurus.past_forms for word in telling)


_LIGHT = frozenset("people persons person number total time times thing way place part kind sort type".split())
"""Nouns that add nothing to a number or a name."""


def _light(word: Word) -> bool:
    return word.low in _LIGHT


def _in_favour(claim: Statement, index: int, quote: Statement) -> bool:
    """Whether a word only makes a preposition that the quote has: "voted in favour" for "voted for it"."""
    is_one = claim.words[index].low in ("favour", "favor") and index > 0 and claim.words[index - 1].low == "in"
    return is_one and "for" in quote.lows and "against" not in quote.lows


_CARRYING = frozenset(
    "hold holds held make makes made pay pays paid give gives gave given carry carries carried conduct conducts "
    "conducted undertake undertakes undertook undertaken perform performs performed".split()
)


def _adds_nothing(claim: Statement, index: int, aligned: Aligned, quote: Statement, thesaurus: Thesaurus) -> bool:
    """Whether a word says nothing but that what follows is done, lacking or planned, as it is in the quote.

    "Carried out a test" for "tested", "lacked water" for "had no water", "is scheduled to close" for "is to close".
    """
    word = claim.words[index]
    following = next((at for at in range(index + 1, len(claim.words)) if claim.words[at].kind == "content"), index)
    if word.low in _EMPTY or (word.stem in _IN_WORDS and _IN_WORDS[word.stem].search(quote.text)):
        return True
    if word.low in _POSTURE:
        return any(other.low in _LOCAL or other.low == "next" for other in claim.words[index + 1 : index + 2])
    if word.low in _LACKING:
        return any("denied" in quote.words[at].holds for at in aligned.get(following, ()) if following > index)
    if word.low in _PLANNED and claim.words[index + 1 : index + 2] and claim.words[index + 1].low in ("to", "for"):
        return any("intended" in quote.words[at].holds for at in aligned.get(following, ()) if following > index)
    if word.low not in _CARRYING:
        return False
    behind = range(index + 1, min(index + 1 + _CARRIED_WITHIN, len(claim.words)))
    for at in behind:
        if claim.words[at].kind == "content" and any(
            quote.words[place].stem == claim.words[at].stem or _derived(claim.words[at].stem, quote.words[place].stem)
            for place in aligned[at]
            if is_verb(quote.words, place, thesaurus)
        ):
            return True
    return False


_IN_WORDS = {
    stems(word)[0]: re.compile(rf"\b(?:{said})\b", re.IGNORECASE)
    for word, said in (
        ("immediately", "at once|without delay|right away|straight away"),
        ("daily", "(?:a|per|each|every) day"),
        ("weekly", "(?:a|per|each|every) week"),
        ("monthly", "(?:a|per|each|every) month"),
        ("yearly", "(?:a|per|each|every) year"),
        ("annually", "(?:a|per|each|every) year"),
        ("temporarily", "for the time being|for now|for a time|for a while"),
        ("currently", "now|at present|for the time being"),
        ("elderly", "(?:old|older) people|the old"),
        ("simultaneously", "at the same time"),
        ("repeatedly", "again and again|several times|many times"),
        ("publicly", "in public"),
        ("privately", "in private"),
        ("nationwide", "across the country|throughout the country"),
        ("indefinitely", "until further notice|for an unlimited time"),
        ("remain", "still"),
        ("continue", "still|goes on|go on|keeps?"),
        ("including", "among (?:them|others)|with"),
        ("include", "among (?:them|others)|with"),
        ("overnight", "in the night|during the night"),
    )
}
"""Words, by stem, and how the same is said in others, or in several."""
_CARRIED_WITHIN = 4
_EMPTY = frozenset("reason reasons fact facts figure figures amount amounts member members".split())
_POSTURE = frozenset("standing lying sitting located situated".split())
_LACKING = frozenset("lack lacks lacked".split())
_PLANNED = frozenset("scheduled due set planned expected".split())


Aligned = dict[int, list[int]]
"""For each word of the sentence the words of the quote that say it, the nearest in form first."""


def _align(claim: Statement, quote: Statement, thesaurus: Thesaurus) -> Aligned:
    aligned = {
        index: _places(word, quote, thesaurus) if word.kind in ("content", "name") else []
        for index, word in enumerate(claim.words)
    }
    for index, places in aligned.items():
        if len(places) > 1 and is_verb(claim.words, index, thesaurus):
            aligned[index] = [at for at in places if is_verb(quote.words, at, thesaurus)] or places
    return aligned


def _places(word: Word, quote: Statement, thesaurus: Thesaurus) -> list[int]:
    same, near, related = [], [], []
    for at, other in enumerate(quote.words):
        if other.kind not in ("content", "name"):
            continue
        if other.stem == word.stem:
            same.append(at)
        elif _derived(word.stem, other.stem):
            near.append(at)
        elif (other.kind == word.kind or other.opens) and _stands_for(word.stem, other.stem, thesaurus):
            related.append(at)
    return same or near or related


_UNITS = frozenset(
    "second minut hour day week month year centuri metr meter kilometr kilomet km mile foot feet inch yard ton tonn "
    "kilo kilogram gram pound ounc dollar euro yen hectar acr litr liter gallon degre percent point volt watt red "
    "green blue black white yellow".split()
)
"""Stems that only stand for themselves, though WordNet has "second" and "minute" both for a moment."""


def _stands_for(one: str, other: str, thesaurus: Thesaurus) -> bool:
    if one in _UNITS or other in _UNITS:
        return one == other
    return thesaurus.may_stand_for(one, other) and not thesaurus.opposite(one, other)


_LONG = 5


def _derived(one: str, other: str) -> bool:
    """Whether two stems share all but their endings: ratif(y), ratific(ation)."""
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= _LONG and max(len(one), len(other)) - shared <= 3


_OPPOSITES = [
    ("more", "fewer less"),
    ("up", "down"),
    ("before", "after"),
    ("above", "below"),
    ("over", "under"),
    ("first", "last"),
    ("earlier", "later"),
    ("rose", "fell"),
    ("rise", "fall"),
    ("grew", "shrank fell"),
    ("import", "export"),
    ("open", "clos shut"),
    ("reopen", "clos shut"),
    ("won", "lost"),
    ("win", "lose"),
    ("north", "south"),
    ("east", "west"),
    ("northern", "southern"),
    ("eastern", "western"),
    ("short", "long"),
    ("late", "early"),
    ("late", "earli"),
    ("upper", "lower"),
    ("alive", "dead"),
    ("dead", "surviv"),
    ("bought", "sold"),
    ("buy", "sell"),
    ("arriv", "left leav depart"),
    ("victim", "culprit"),
    ("guilti", "innoc"),
    ("save", "kill"),
    ("man", "woman"),
    ("men", "women"),
    ("father", "mother son"),
    ("husband", "wife"),
    ("buyer", "seller"),
    ("friend", "enemi"),
    ("democrat", "authoritarian"),
    ("resum", "stop suspend halt end"),
    ("perman", "temporari interim"),
    ("privat", "public"),
    ("domest", "foreign"),
    ("maximum", "minimum"),
    ("civilian", "militari"),
    ("ceil", "floor"),
    ("rural", "urban"),
    ("attack", "defend"),
    ("arrest", "releas"),
    ("partial", "complet full"),
]
_OPPOSITE_PAIRS = frozenset(
    pair for one, others in _OPPOSITES for other in others.split() for pair in ((one, other), (other, one))
)
"""Stems and function words that WordNet does not set against each other."""


def _opposite(word: Word, other: Word, thesaurus: Thesaurus) -> bool:
    return (
        (word.low, other.low) in _OPPOSITE_PAIRS
        or (word.stem, other.stem) in _OPPOSITE_PAIRS
        or thesaurus.opposite(word.stem, other.stem)
    )


# numbers


def _numbers(claim: Statement, quote: Statement, _aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    years = {year for date in quote.dates for year in (date.first.year, date.last.year)}
    for value in claim.numbers:
        if value.unit == "" and value.amount in years and float(value.amount or 0).is_integer():
            continue
        held = [other for other in quote.numbers if _same_number(value, other, claim, quote, thesaurus)]
        if not held and any(_same_number(value, other, claim, quote, thesaurus) for other in _numbers_of_dates(quote)):
            continue  # "ten days earlier" is a number, "ten days before" a date
        if not held:
            yield f"the number {value.text!r} is not in the quote"
            continue
        if all(_bound(value, claim) != _bound(other, quote) for other in held):
            yield f"the quote gives {value.text!r} as more, less, or about"
        ways = {_way(other, quote) for other in held}
        if _way(value, claim) and "" not in ways and _way(value, claim) not in ways:
            yield f"in the quote it is not {_way(value, claim)!r} {value.text!r}"
    yield from _number_order(claim, quote)


_WAY = re.compile(
    r"\b(to|from|by)\s+(?:(?:about|around|some|roughly|approximately|nearly|almost|over)\s+|[$€£¥])*$", re.I
)


def _way(value: Value, statement: Statement) -> str:
    """The preposition before a number that tells where a change leads: rose to, from, by."""
    found = _WAY.search(statement.text[: value.span.start])
    return found[1].casefold() if found is not None else ""


def _numbers_of_dates(quote: Statement) -> Iterator[Value]:
    for date in quote.dates:
        for value in numbers_in(date.text):
            start = date.span.start
            yield replace(value, span=Span(start + value.span.start, start + value.span.end))


_BOUNDS = (
    (
        "more",
        re.compile(
            r"(?:more than|over|at least|exceeding|upwards of|above|passed|exceeded|surpassed|topped|no fewer than|"
            r"no less than)(?: an?)?\s*$",
            re.I,
        ),
    ),
    (
        "less",
        re.compile(
            r"(?:fewer than|less than|under|below|up to|at most|as (?:much|many|high) as|a maximum of|no more than|"
            r"nearly|almost)(?: an?)?\s*$",
            re.I,
        ),
    ),
    ("only", re.compile(r"(?:exactly|precisely)\s*$", re.I)),
)


def _bound(value: Value, statement: Statement) -> str:
    before = statement.text[: value.span.start]
    return next((name for name, form in _BOUNDS if form.search(before)), "")


_ABOUT = re.compile(r"(?:about|around|some|roughly|approximately|nearly|almost|over|more than|less than)\s*$", re.I)
_MEASURES = frozenset(["%", "$", "€", "£", "¥", TIME])


def _same_number(value: Value, other: Value, claim: Statement, quote: Statement, thesaurus: Thesaurus) -> bool:
    if value.amount is None or other.amount is None:
        return False
    if value.unit == other.unit == TIME and _same_hour(value, other):
        return True
    if value.amount != other.amount:
        rounded = (
            _ABOUT.search(claim.text[: value.span.start]) is not None
            and other.agrees(value)
            and _digits(value.amount) < _digits(other.amount)
        )
        if not rounded or value.unit == ORDINAL:
            return False
    if (value.unit == ORDINAL) != (other.unit == ORDINAL):
        return False
    if value.unit in _MEASURES or other.unit in _MEASURES:
        if not other.unit and value.unit != "%":
            return any(number.unit == value.unit for number in quote.numbers)  # "from 2 to 3 billion" of dollars
        return value.unit == other.unit or (not value.unit and other.unit != "%")
    counted, theirs = _counted(value, claim, thesaurus), _counted(other, quote, thesaurus)
    if not counted or not theirs:
        return True
    if _PERSON in counted and not _THINGS.intersection(theirs):
        return True
    return any(
        one == two or _derived(one, two) or _stands_for(one, two, thesaurus) for one in counted for two in theirs
    )


_HALF_DAY = 720


def _same_hour(value: Value, other: Value) -> bool:
    """Whether two times of the day are the same, those in words in either half of it."""
    in_words = not value.text[0].isdigit() or not other.text[0].isdigit()
    return in_words and (value.amount or 0) % _HALF_DAY == (other.amount or 0) % _HALF_DAY


_PEOPLE = frozenset(["people", "persons", "person"])
_PERSON = "peopl"
_THINGS = frozenset(
    stems(
        "household house home building flat family firm company ship vessel aircraft vehicle car lorry container "
        "missile rocket shell ton tonne litre metre mile kilometre yen dollar euro pound percent room bed shelter "
        "village town place"
    )
)
"""Stems of what is often counted beside people, and is none."""
_COUNTED_WITHIN = 4
"""Words behind a number among which what it counts is looked for."""


def _digits(amount: float) -> int:
    """Significant digits: two of 4,100."""
    return len(f"{amount:.12g}".replace(".", "").strip("0"))


def _counted(value: Value, statement: Statement, thesaurus: Thesaurus) -> list[str]:
    """Stems of the words behind a number: what it counts, without function words."""
    behind = [at for at, word in enumerate(statement.words) if word.start >= value.span.start]
    while behind and statement.words[behind[0]].kind == "number" and statement.words[behind[0]].end <= value.span.end:
        behind.pop(0)
    found: list[str] = []
    for at in behind[: _COUNTED_WITHIN + 1]:
        word = statement.words[at]
        gap = statement.text[statement.words[at - 1].end : word.start] if at else ""
        if re.search(r"[,;:.()]", gap) or word.kind in ("date", "number"):
            break
        if word.kind == "function" and word.low not in ("of", "the", "more", "other", "further", "its", "their"):
            break
        if word.low in _PEOPLE:
            return [*found, _PERSON]
        if not _light(word) and word.kind in ("content", "name"):
            if not found and (word.low.endswith("ed") or word.low in thesaurus.past_forms):
                break  # "5,000 of 6,800 planned", "5,000 stood"
            found.append(word.stem)
    return found


def _number_order(claim: Statement, quote: Statement) -> Iterator[str]:
    """Numbers that are given as a pair, the other way round: 121 votes to 164."""
    wholes = {value.amount for value in quote.numbers if _is_whole(value, quote)}
    for value in claim.numbers:
        if wholes and _is_whole(value, claim) and value.amount not in wholes:
            yield f"in the quote {value.text!r} is not what there is in all"
    for one, two in zip(claim.numbers, claim.numbers[1:], strict=False):
        if claim.text[one.span.end : two.span.start].count(" ") > 5:
            continue
        firsts = [at for at, other in enumerate(quote.numbers) if other.amount == one.amount]
        seconds = [at for at, other in enumerate(quote.numbers) if other.amount == two.amount]
        if len(firsts) == len(seconds) == 1 and seconds[0] + 1 == firsts[0]:
            between = quote.text[quote.numbers[seconds[0]].span.end : quote.numbers[firsts[0]].span.start]
            own = claim.text[one.span.end : two.span.start]
            if re.search(r"\b(?:to|of|from|than|against)\b|[-–:]", between) and re.search(
                r"\b(?:to|of|than|against)\b|[-–:]", own
            ):
                yield f"the quote gives {two.text!r} before {one.text!r}"


_WHOLE = re.compile(r"(?:\bof (?:the|its|their|these|those|all)|\bout of|^of)\s+(?:[a-z]+\s+)?$", re.I)


def _is_whole(value: Value, statement: Statement) -> bool:
    """Whether a number is what others are a part of: "of the 281, 229 died"."""
    before = statement.text[: value.span.start]
    return _WHOLE.search(before) is not None


# dates


def _dates(claim: Statement, quote: Statement, _aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    for date in claim.dates:
        if not any(_same_date(date, other) for other in quote.dates) and not _named_alike(date, quote):
            yield f"the date {date.text!r} is not in the quote"
        elif (own := _parts_of_day(date.text)) and (theirs := _parts_of_day(quote.text)) and not own <= theirs:
            yield f"the quote does not say {date.text!r}"
        elif (day := _wrong_weekday(date)) is not None:
            yield f"{date.first} was no {day}"


_PART_OF_DAY = re.compile(r"\b(?:early|late|morning|noon|afternoon|evening|night|midnight|dawn)\b", re.IGNORECASE)


def _parts_of_day(text: str) -> set[str]:
    return {part.casefold() for part in _PART_OF_DAY.findall(text)}


_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)


def _wrong_weekday(date: EventDate) -> str | None:
    """The weekday that a date names, where it fell on another one."""
    day = _WEEKDAY.search(date.text) if date.first == date.last else None
    return day.group() if day is not None and day.group().casefold() != f"{date.first:%A}".casefold() else None


def _same_date(date: EventDate, other: EventDate) -> bool:
    """Whether a date is one of the quote, or holds it: June 2024 for 19 June 2024."""
    if (date.first, date.last) == (other.first, other.last):
        return True
    if date.granularity == "range":
        return False
    return date.first <= other.first and other.last <= date.last


_LETTERS = re.compile(r"\W+")
_LED = re.compile(r"^(?:by|on|at|in) ")
"""What may change before a date: "by Wednesday evening", "on Wednesday evening"."""


def _named_alike(date: EventDate, quote: Statement) -> bool:
    """Whether the quote names the time in the same words, whatever they mean there."""
    return any(
        _LED.sub("", _LETTERS.sub(" ", date.text).casefold()) == _LED.sub("", _LETTERS.sub(" ", other.text).casefold())
        for other in quote.dates
    )


# names


def _names(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    whole = [_name_words(name, quote) for name in quote.names]
    for name in claim.names:
        indices = [at for at in _name_words(name, claim) if claim.words[at].kind == "name"]
        if not indices:
            continue
        if indices == [0] and not aligned[0] and claim.words[0].low in _all_lows(quote):
            continue
        yield from _name(claim, indices, quote, whole, aligned, thesaurus)


def _all_lows(quote: Statement) -> frozenset[str]:
    return quote.lows


def _name_words(name: Value, statement: Statement) -> list[int]:
    return [at for at, word in enumerate(statement.words) if name.span.start <= word.start < name.span.end]


def _name(
    claim: Statement,
    indices: Sequence[int],
    quote: Statement,
    whole: Sequence[Sequence[int]],
    aligned: Aligned,
    thesaurus: Thesaurus,
) -> Iterator[str]:
    """A name word by word: runs of words that one name of the quote holds, all but the last run whole names."""
    at = 0
    while at < len(indices):
        best = 0
        complete = False
        for name in whole:
            length = 0
            while at + length < len(indices) and _in_name(claim.words[indices[at + length]], name, quote, thesaurus):
                length += 1
            if length > best or (length == best and length and length >= len(name)):
                best, complete = length, length >= len(name)
        word = claim.words[indices[at]]
        if not best:
            if word.low in FUNCTION_WORDS or (aligned[indices[at]] and _is_title(word, quote)):
                at += 1
                continue
            if (
                word.opens
                and len(indices) == 1
                and any(
                    other.stem == word.stem
                    or (other.kind == "content" and _stands_for(word.stem, other.stem, thesaurus))
                    for other in quote.words
                )
            ):
                at += 1
                continue
            if _initials_of(word.text, quote):
                at += 1
                continue
            yield f"the name {word.text!r} is not in the quote"
            return
        at += best
        if at < len(indices) and not complete:
            yield f"the quote has no {' '.join(claim.words[index].text for index in indices)!r}"
            return


def _in_name(word: Word, name: Sequence[int], quote: Statement, thesaurus: Thesaurus) -> bool:
    return any(_same_name_word(word, quote.words[at], thesaurus) for at in name)


def _same_name_word(word: Word, other: Word, thesaurus: Thesaurus) -> bool:
    if word.low == other.low:
        return True
    alike = word.low[:2] == other.low[:2] and other.text[:1].isupper()
    return alike and len(word.low) > 3 and (thesaurus.may_stand_for(word.stem, other.stem) or word.stem == other.stem)


def _is_title(word: Word, quote: Statement) -> bool:
    """Whether a word of a name is one that the quote writes small: Foreign Minister, foreign minister."""
    return any(other.stem == word.stem and other.kind == "content" for other in quote.words)


def _initials_of(text: str, quote: Statement) -> bool:
    """Whether an abbreviation is made of the initials of a name in the quote."""
    if not (text.isupper() and len(text) > 1):
        return False
    for name in quote.names:
        initials = "".join(word[0] for word in name.text.split() if word[:1].isupper())
        if initials == text:
            return True
    return False


# what holds over the words


def _holding(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    """Denials, doubts, plans, duties and conditions: the same over each word that both say."""
    if _WHEN & quote.lows and not any("on condition" in word.holds for word in quote.words):
        # "if it threatens" says less than "when it threatens"
        claim = replace(claim, words=tuple(_without_condition(word) for word in claim.words))
    in_claim = {name for word in claim.words for name in word.holds}
    in_quote = {name for word in quote.words for name in word.holds}
    for name in sorted(in_claim - in_quote):
        yield f"nothing in the quote is {name}"
    for index, places in aligned.items():
        word = claim.words[index]
        if places and "ordered" not in word.holds and all("ordered" in quote.words[at].holds for at in places):
            yield f"the quote does not say {word.text!r}, it orders to say it"
        if not places or word.kind != "content":
            continue
        if not any(_alike(claim, index, quote, at, in_claim, in_quote, thesaurus) for at in places):
            other = quote.words[places[0]]
            yield f"{word.text!r} is {_told(word.holds)} in it, {_told(other.holds)} in the quote"


_WHEN = frozenset(["when", "once", "whenever"])


def _without_condition(word: Word) -> Word:
    return replace(word, holds=tuple(name for name in word.holds if name != "on condition"))


def _alike(
    claim: Statement,
    index: int,
    quote: Statement,
    at: int,
    in_claim: Set[str],
    in_quote: Set[str],
    thesaurus: Thesaurus,
) -> bool:
    """Whether the same holds over a word on both sides.

    A noun may stand before what holds over it ("the bridge is to be closed"), so for one it is enough that the same
    holds somewhere in both.

    Args:
        in_claim: what holds over any word of the sentence.
        in_quote: what holds over any word of the quote.
    """
    own, theirs = claim.words[index].holds, quote.words[at].holds
    denied = own.count("denied"), theirs.count("denied")
    if denied[0] == denied[1] and set(own) == set(theirs):
        return True
    if all(denied) and denied[0] != denied[1]:
        return False
    if is_verb(claim.words, index, thesaurus) or is_verb(quote.words, at, thesaurus):
        return False
    if "denied" in own and "denied" not in theirs:
        return "denied" in in_quote and (_presupposed(claim, index) or _definite(claim, index))
    if "denied" not in theirs and _definite(claim, index) and _definite(quote, at):
        return True  # "whether the treaty covers it" does not doubt the treaty
    return set(own) <= in_quote and (bool(own) or not set(theirs) or not in_claim.isdisjoint(theirs))


def _presupposed(statement: Statement, index: int) -> bool:
    """Whether a noun is only where something is denied: "nobody was hurt in the fire"."""
    return statement.words[index - 1].low == "the" and _preposition(statement, index) in ("in", "at", "during", "from")


def _definite(statement: Statement, index: int) -> bool:
    """Whether a noun is one that is there in any case: the treaty, its wording."""
    at = index - 1
    while at >= 0 and statement.words[at].kind in ("content", "name", "number") and not _gap(statement, at):
        at -= 1
    return at >= 0 and statement.words[at].low in ("the", "this", "that", "its", "his", "her", "their")


def _told(holds: Sequence[str]) -> str:
    return " and ".join(holds) if holds else "plain"


def _infinitives(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    """ "has ten days to sign" is not "signed"."""
    for index, places in aligned.items():
        word = claim.words[index]
        finite = word.kind == "content" and (word.low.endswith("ed") or word.low in thesaurus.past_forms)
        if not finite or not places or (index and claim.words[index - 1].low in ("to", "be")):
            continue
        if all(at and quote.words[at - 1].low == "to" and quote.words[at].low != word.low for at in places):
            yield f"the quote does not say that it {word.text!r}, only 'to {quote.words[places[0]].text}'"


def _reporting(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    """What the quote gives as somebody's word stays that person's word."""
    if claim.reports and not quote.reports:
        if _finds(claim, quote, aligned):
            return
        yield "the quote does not say that anybody said it"
        return
    if not claim.reports:
        for index, places in aligned.items():
            if places and claim.words[index].kind == "content" and all(quote.words[at].reported for at in places):
                yield f"the quote gives {claim.words[index].text!r} as somebody's word"
                return
        return
    who = [at for at in claim.reporters if claim.words[at].kind in ("name", "content")]
    theirs = {at for at in quote.reporters if quote.words[at].kind in ("name", "content")}
    if any(quote.words[at].low in ("he", "she", "it", "they") for at in quote.reporters):
        # Who a pronoun means stands before it.
        theirs |= {at for at in range(min(quote.reporters)) if quote.words[at].kind in ("name", "content")}
    yield from _manner(claim, quote, thesaurus)
    yield from _pronouns(claim, quote)
    named = any(
        claim.words[at].kind == "name"
        and any(_says(claim.words[at], quote.words[other], thesaurus) for other in theirs)
        for at in who
    )
    for at in who:
        if named and claim.words[at].kind == "content":
            continue  # what he is may stand elsewhere
        word = claim.words[at]
        if _initials_of(word.text, quote):
            continue
        if not theirs or any(_says(word, quote.words[other], thesaurus) for other in theirs) or _light(word):
            continue
        yield f"the quote does not name {word.text!r} as who says it"


_FINDING = frozenset(
    "put puts count counts counted speak speaks spoke spoken describe describes described find finds found conclude "
    "concludes concluded measure measures measured record records recorded list lists listed blame blames blamed fault "
    "faults faulted expect expects expected fear fears feared hope hopes hoped identify identifies identified".split()
)
"""Verbs of whose doer it may be told that he said it: "the agency put it at 7.6"."""


def _finds(claim: Statement, quote: Statement, aligned: Aligned) -> bool:
    """Whether who says it in the sentence is who finds it in the quote."""
    said = [at for at, word in enumerate(claim.words) if is_reporting(claim.words, at) and word.low not in _NEUTRAL]
    who = [at for at in claim.reporters if claim.words[at].kind in ("name", "content")]
    finders = {at for acting in quote.actions if quote.words[acting.verb].low in _FINDING for at in acting.agents}
    return bool(who) and not said and all(finders.intersection(aligned[at]) for at in who)


_NEUTRAL = frozenset(
    "say says said saying tell tells told report reports reported announce announces announced state states stated add "
    "adds added declare declares declared note noted write writes wrote written according explain explains explained "
    "argue argues argued".split()
)


_PRONOUNS = frozenset(["he", "she", "it", "they"])


def _pronouns(claim: Statement, quote: Statement) -> Iterator[str]:
    """What he called so is not what it called so."""
    theirs: dict[str, set[str]] = {}
    for before, word in itertools.pairwise(quote.words):
        theirs.setdefault(word.stem, set()).add(before.low)
    for at, (before, word) in enumerate(itertools.pairwise(claim.words), 1):
        there = theirs.get(word.stem, set())
        if before.low in _PRONOUNS and is_reporting(claim.words, at) and there and there <= _PRONOUNS - {before.low}:
            yield f"in the quote it is not {before.low!r} who {word.text!r} it"


def _manner(claim: Statement, quote: Statement, thesaurus: Thesaurus) -> Iterator[str]:
    """To confirm, to deny and to warn is more than to say."""
    own = [word for at, word in enumerate(claim.words) if is_reporting(claim.words, at) and word.low not in _NEUTRAL]
    for word in own:
        if not any(
            word.stem == other.stem or _derived(word.stem, other.stem) or thesaurus.may_stand_for(word.stem, other.stem)
            for other in quote.words
        ):
            yield f"the quote does not say that anybody {word.text!r} it"


def _says(word: Word, other: Word, thesaurus: Thesaurus) -> bool:
    return (
        word.stem == other.stem
        or _derived(word.stem, other.stem)
        or _same_name_word(word, other, thesaurus)
        or thesaurus.may_stand_for(word.stem, other.stem)
    )


_STRONG = {
    "all": "all every each whole",
    "every": "all every each",
    "each": "all every each both",
    "most": "most majority",
    "both": "both two",
    "always": "always",
    "only": "only just alone",
    "alone": "only alone",
    "against": "against",
    "despite": "despite although though",
    "exactly": "exactly",
    "entire": "all entire whole",
    "unless": "unless",
    "some": "some several few part among",
    "many": "many",
    "few": "few some several",
    "several": "several some few",
    "half": "half",
}
_WEAK = {
    "some": "some several among",
    "part": "part partly some",
    "few": "few some several",
    "most": "most majority",
    "half": "half",
    "several": "several some",
    "nearly": "nearly almost about close",
    "almost": "nearly almost about close",
}
_RATE = re.compile(r"\b(?:a|per) (?:day|night|week|month|year|hour)\b", re.IGNORECASE)
_PARTS = frozenset(["part", "half", "most"])
_NONE = frozenset("none nobody".split())
_MANY = frozenset("many some most several few half".split())
_INDEFINITE = frozenset(["some", "few", "several"])
"""Of these a plain plural may be left: "several officers came" as "officers came", not as "the officers came"."""
_AGAINST = frozenset(["against", "despite", "except"])
_BEFORE_AND_AFTER = {"before": "after since", "after": "before until", "until": "since after", "since": "until before"}


_CAUSE = re.compile(
    r"\b(?:because|since|as|due|owing|thanks|caus\w+|so|therefore|reason|for|by|after|from|result\w*)\b", re.I
)
_IF = re.compile(r"(?<!\bas)(?<!\beven)(?<!,)\s\bif\b")
_ON_CONDITION = re.compile(
    r"\b(?:if|when|once|whether|unless|should|in case|provided|condition|would|could)\b", re.IGNORECASE
)


def _reasons(claim: Statement, quote: Statement, aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    """Why it is so, and on what condition: "helps if it is attacked" is not "helps"."""
    if "because" in claim.lows and not _CAUSE.search(quote.text):
        yield "the quote gives no reason"
    if _ON_CONDITION.search(claim.text):
        return
    said = [places for index, places in aligned.items() if places and claim.words[index].kind == "content"]
    for match in _IF.finditer(quote.text):
        begins = max((found.end() for found in _CLAUSE.finditer(quote.text, 0, match.start())), default=0)
        if any(all(begins <= quote.words[at].start < match.start() for at in places) for places in said):
            yield "the quote says it on a condition"


_CLAUSE = re.compile(r"[,;.:?!()]\s|\b(?:that|and|but)\b")
_FOR_NOW = re.compile(r"\b(?:for the time being|for now|for the moment|temporarily|provisionally)\b", re.IGNORECASE)
_NOT_FOR_GOOD = re.compile(
    r"\b(?:time being|for now|for the moment|for a (?:time|while)|temporar|provisional|suspend|paus|interrupt|"
    r"so far|yet|currently|at present)",
    re.IGNORECASE,
)


def _for_now(claim: Statement, quote: Statement, aligned: Aligned) -> Iterator[str]:
    """What is stopped for the time being is not stopped."""
    if _NOT_FOR_GOOD.search(claim.text):
        return
    said = {place for places in aligned.values() for place in places}
    for match in _FOR_NOW.finditer(quote.text):
        before = [at for at, word in enumerate(quote.words) if word.end <= match.start()][-1:]
        if said.intersection(before):
            yield f"the quote says {match.group()!r}"


_ORDER = frozenset(
    "before after earlier until till prior previous previously ahead already since former formerly first then later "
    "last afterwards following".split()
)
"""Words of which the quote must have one where a sentence says that something came before."""


def _order(claim: Statement, quote: Statement, aligned: Aligned) -> tuple[int, int] | None:
    """How many words stand on the same side in time, and how many on the other; None where there are no sides."""
    own, theirs = _sides(claim), _sides(quote)
    if own is None or theirs is None:
        return None
    same = other = 0
    for mine, here, there in ((own[0], theirs[0], theirs[1]), (own[1], theirs[1], theirs[0])):
        for index in mine:
            places = set(aligned.get(index, ()))
            same += bool(places & here and not places & there)
            other += bool(places & there and not places & here)
    return same, other


def _sides(statement: Statement) -> tuple[frozenset[int], frozenset[int]] | None:
    """The words that tell what came first and those that tell what came then, by "before" or "after"."""
    at = [index for index, word in enumerate(statement.words) if word.low in ("before", "after")]
    if len(at) != 1 or statement.words[at[0]].kind not in ("function", "date"):
        return None
    (at_it,) = at
    telling = [index for index, word in enumerate(statement.words) if word.kind in ("content", "name")]
    ends = [
        index
        for index in range(1, len(statement.words))
        if re.search(r"[,;.?!]", statement.text[statement.words[index - 1].end : statement.words[index].start])
    ]
    first = max((index for index in ends if index <= at_it), default=0)
    if first == at_it:
        last = min((index for index in ends if index > at_it), default=len(statement.words))
    else:
        last = next((index + 1 for index in range(at_it, len(statement.words)) if _ends_there(statement, index)), at_it)
    hanging = frozenset(index for index in telling if at_it < index < last)
    if first == at_it:
        main = frozenset(index for index in telling if index >= last) or frozenset(
            index for index in telling if index < at_it
        )
    else:
        main = frozenset(index for index in telling if first <= index < at_it)
    if not hanging or not main:
        return None
    return (main, hanging) if statement.words[at_it].low == "before" else (hanging, main)


def _ends_there(statement: Statement, index: int) -> bool:
    """Whether a sentence or clause ends behind a word."""
    if index + 1 >= len(statement.words):
        return True
    return bool(re.search(r"[.;?!]", statement.text[statement.words[index].end : statement.words[index + 1].start]))


def _leads(statement: Statement, index: int) -> bool:
    """Whether a word has the form of a verb that what follows it may hang on."""
    word = statement.words[index]
    return word.kind == "content" and word.low.endswith(("ed", "ing"))


def _quantities(claim: Statement, quote: Statement, aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    """How many of them, for or against, before or after."""
    order = _order(claim, quote, aligned)
    for index, word in enumerate(claim.words):
        if word.low in _NONE and not _NONE & quote.lows and _MANY & quote.lows:
            yield f"{word.text!r} is not in the quote"
        if word.low == "some" and index + 1 < len(claim.words) and claim.words[index + 1].kind == "number":
            continue  # about so many
        if word.low in ("every", "each") and _RATE.search(quote.text):
            continue
        if word.low in _STRONG and not any(other in quote.lows for other in _STRONG[word.low].split()):
            yield f"{word.text!r} is not in the quote"
        if word.low in _BEFORE_AND_AFTER and word.low not in quote.lows and word.kind == "function":
            if word.low == "before" and not _ORDER & quote.lows:
                yield f"{word.text!r} is not in the quote"
            if order is not None and order[0] > order[1]:
                continue
            wrong = [other for other in _BEFORE_AND_AFTER[word.low].split() if other in quote.lows]
            if wrong:
                yield f"it says {word.text!r}, the quote {wrong[0]!r}"
        if word.kind == "function" and word.low not in quote.lows:
            wrong = [other.low for other in quote.words if (word.low, other.low) in _OPPOSITE_PAIRS]
            if wrong and word.low not in _BEFORE_AND_AFTER:
                yield f"it says {word.text!r}, the quote {wrong[0]!r}"
    if order is not None and order[1] > max(1, 3 * order[0]):
        yield "in the quote it is the other way round in time"
    yield from _for_now(claim, quote, aligned)
    said = {place for places in aligned.values() for place in places}
    for at, word in enumerate(quote.words):
        end = next((other + 1 for other in range(at, at + 3) if _ends_there(quote, other)), at + 4)
        if word.low in _AGAINST and word.low not in claim.lows and any(place in said for place in range(at + 1, end)):
            yield f"the quote says {word.text!r}"
        if word.low not in _WEAK or any(other in claim.lows for other in _WEAK[word.low].split()):
            continue
        behind = next((other for other in range(at + 1, len(quote.words)) if quote.words[other].kind != "function"), at)
        if behind not in said or behind - at > 4 or any(_ends_there(quote, other) for other in range(at, behind)):
            continue
        if word.low in _PARTS and any(
            _leads(quote, other) and other not in said for other in range(max(at - 2, 0), at)
        ):
            continue  # "suspended part of the treaty that both had signed": both signed the whole
        mine = [index for index, places in aligned.items() if behind in places]
        if word.low in _INDEFINITE and not any(_definite(claim, index) for index in mine):
            continue
        yield f"the quote says {word.text!r}"


# who does what


_MUTUAL = frozenset(
    "meet met talk speak spoke discuss negoti play face border share agre cooper marri fight fought".split()
)
"""Stems of verbs whose two sides do the same."""


def _roles(claim: Statement, quote: Statement, aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    """The same who does it, and to whom."""
    for acting in claim.actions:
        if claim.words[acting.verb].stem in _MUTUAL:
            continue
        places = set(aligned[acting.verb])
        theirs = [other for other in quote.actions if other.verb in places]
        if not theirs:
            continue
        verdicts = [list(_filled(claim, acting, quote, other, aligned)) for other in theirs]
        if all(verdicts):
            yield from verdicts[0]


_HAPPENING = frozenset(
    stems(
        "open close start begin began begun end finish stop change move increase decrease grow sink sank sunk break "
        "broke broken burn explode collapse reopen shut launch resume expand begin restart spread turn"
    )
)
"""Stems of verbs that tell of a thing what might be told of who did it."""


def _filled(claim: Statement, acting: Acting, quote: Statement, other: Acting, aligned: Aligned) -> Iterator[str]:
    verb = claim.words[acting.verb].text
    happens = claim.words[acting.verb].stem in _HAPPENING and not (acting.patients and acting.agents)
    for own, same, opposite in (
        (acting.agents, other.agents, other.patients),
        (acting.patients, other.patients, other.agents),
    ):
        own_places = {at: set(aligned[at]) for at in own if aligned[at] and not _light(claim.words[at])}
        if not own_places:
            continue
        fits = any(places & same for places in own_places.values())
        for at, places in own_places.items():
            if fits and claim.words[at].kind == "content":
                continue  # "its rival" may stand on either side
            if happens:
                continue  # "the bridge opened" for "the bridge was opened"
            if _preposition(claim, at) != "of" and places & opposite and not places & same:
                yield f"in the quote {claim.words[at].text!r} is at the other end of {verb!r}"
                return
        if same and not other.leans and not fits and not happens:
            theirs = quote.words[min(same)].text
            yield f"in the quote it is {theirs!r} with {verb!r}, not {claim.words[min(own)].text!r}"
            return


_WAYS = frozenset(["to", "from", "into", "towards", "against"])
_PLACES = frozenset(["to", "from", "into", "towards", "toward", "in", "at", "on", "against", "for"])
_TOWARDS = frozenset(["to", "into", "towards", "toward", "for"])


def _directions(claim: Statement, quote: Statement, aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    """From here to there, not from there to here."""
    for index, places in aligned.items():
        if not places or claim.words[index].kind not in ("name", "content"):
            continue
        own = _preposition(claim, index)
        theirs = {_preposition(quote, at) for at in places}
        if (own == "from" and theirs & _TOWARDS and "from" not in theirs) or (
            own in _TOWARDS and "from" in theirs and not theirs & _TOWARDS
        ):
            yield f"{own!r} {claim.words[index].text!r} is the wrong direction"
        elif own in _WAYS and claim.words[index].kind == "name" and own not in theirs:
            there = [
                word.text
                for at, word in enumerate(quote.words)
                if word.kind == "name" and at not in places and _preposition(quote, at) == own
            ]
            if there and not theirs & _PLACES:
                yield f"it says {own!r} {claim.words[index].text!r}, the quote {own!r} {there[0]!r}"
    yield from _places_swapped(claim, quote, aligned)


def _places_swapped(claim: Statement, quote: Statement, aligned: Aligned) -> Iterator[str]:
    """Two words that changed their prepositions: over the town and in a school, over a school and in the town."""
    led = [
        (index, own, {_preposition(quote, at) for at in places})
        for index, places in aligned.items()
        if places and (own := _preposition(claim, index)) in _LOCAL
    ]
    for (one, own, theirs), (other, other_own, other_theirs) in itertools.combinations(led, 2):
        kept = own == other_own or own in theirs or other_own in other_theirs
        if not kept and own in other_theirs and other_own in theirs:
            yield f"{claim.words[one].text!r} and {claim.words[other].text!r} stand the other way round in the quote"


_LOCAL = frozenset("in on at over under near from to into onto towards through across along".split())


def _preposition(statement: Statement, index: int) -> str:
    """The preposition right before a word, articles and other words of its name passed over."""
    at = index - 1
    while at >= 0 and statement.words[at].kind == statement.words[index].kind == "name" and not _gap(statement, at):
        at -= 1
    while at >= 0 and statement.words[at].low in ("the", "a", "an", "its", "his", "her", "their"):
        at -= 1
    if at < 0 or _gap(statement, at) or (at and statement.words[at - 1].low == "according"):
        return ""
    return statement.words[at].low


# what belongs to what


_NEAR = 3
"""Words before a value among which stands what it belongs to."""
_CLEARLY = 3
"""How much nearer another value must stand in the quote to be the one that belongs there."""
_FAR = 12
"""Words between a number and a date from which they do not belong together."""
_CROSSING = 3
"""Words that a comma or an "and" between two words counts for."""


def _bindings(claim: Statement, quote: Statement, aligned: Aligned, thesaurus: Thesaurus) -> Iterator[str]:
    """The date or number that belongs to a word in the quote, not another one that stands there too."""
    yield from _bound_values(claim, quote, aligned, _date_places, thesaurus)
    yield from _bound_values(claim, quote, aligned, _number_places, thesaurus)
    yield from _bound_values(claim, quote, aligned, _name_places, thesaurus)
    yield from _dated_numbers(claim, quote)
    yield from _named_nouns(claim, quote, aligned)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands in a statement."""

    key: object
    """Equal for equal values."""
    unit: str
    first: int
    last: int
    """First and last word of it."""
    text: str


_Places = Callable[[Statement], list[_Place]]


def _date_places(statement: Statement) -> list[_Place]:
    return [
        _Place((date.first, date.last), "", *inside, date.text)
        for date in statement.dates
        if (inside := _word_range(statement, date.span)) is not None
    ]


def _number_places(statement: Statement) -> list[_Place]:
    return [
        _Place(value.amount, value.unit, *inside, value.text)
        for value in statement.numbers
        if value.unit != ORDINAL and (inside := _word_range(statement, value.span)) is not None
    ]


def _name_places(statement: Statement) -> list[_Place]:
    """Names behind a preposition of place; the preposition stands for the unit."""
    places = []
    for name in statement.names:
        inside = _word_range(statement, name.span)
        if inside is None or statement.words[inside[0]].kind != "name":
            continue
        preposition = _preposition(statement, inside[0])
        if preposition in ("in", "at", "near", "from", "to"):
            places.append(_Place(statement.words[inside[1]].stem, preposition, *inside, name.text))
    return places


def _word_range(statement: Statement, span: Span) -> tuple[int, int] | None:
    inside = [at for at, word in enumerate(statement.words) if span.start <= word.start < span.end]
    return (inside[0], inside[-1]) if inside else None


def _bound_values(
    claim: Statement, quote: Statement, aligned: Aligned, places_of: _Places, thesaurus: Thesaurus
) -> Iterator[str]:
    theirs = places_of(quote)
    for own in places_of(claim):
        same = [place for place in theirs if place.key == own.key]
        others = [place for place in theirs if place.key != own.key and place.unit == own.unit]
        near = range(max(own.first - _NEAR, 0), own.first)
        anchors = [at for at in near if claim.words[at].kind == "content" and aligned[at]]
        if not same or not others or not anchors:
            continue
        if not is_verb(claim.words, anchors[-1], thesaurus) and _settled(claim, own, quote, same):
            continue
        led = _preposition(claim, own.first)
        if led in _WAYS and any(_preposition(quote, place.first) == led for place in same):
            continue  # "from 18 to 26": the preposition tells which is meant
        for_it = min(_distance(quote, at, place) for at in aligned[anchors[-1]] for place in same)
        for_other = min(
            (_distance(quote, at, place) for at in aligned[anchors[-1]] for place in others if place.first > at),
            default=for_it,
        )
        if for_it - for_other >= _CLEARLY:
            yield f"in the quote {own.text!r} does not belong to {claim.words[anchors[-1]].text!r}"


def _settled(claim: Statement, own: _Place, quote: Statement, same: Sequence[_Place]) -> bool:
    """Whether the date or name that stands by a value in the quote, of several, is that of the sentence."""
    for places_of in (_date_places, _whole_names):
        mine, theirs = ([place for place in places_of(one) if place.key != own.key] for one in (claim, quote))
        if not mine or len({place.key for place in theirs}) <= 1:
            continue
        by_own = min(mine, key=lambda place: _distance(claim, own.first, place))
        for value in same:
            by_it = min(theirs, key=lambda place: _distance(quote, value.first, place))
            if by_it.key == by_own.key:
                return True
    return False


def _whole_names(statement: Statement) -> list[_Place]:
    return [
        _Place(statement.words[inside[1]].stem, "", *inside, name.text)
        for name in statement.names
        if (inside := _word_range(statement, name.span)) is not None
    ]


def _distance(statement: Statement, at: int, place: _Place) -> int:
    start, end = (at, place.first) if at < place.first else (place.last, at)
    between = statement.text[statement.words[start].end : statement.words[end].start]
    crossing = len(re.findall(r"[,;:]|\band\b|\bbut\b|\bwhile\b", between))
    return end - start + _CROSSING * crossing


def _dated_numbers(claim: Statement, quote: Statement) -> Iterator[str]:
    """A number and the time that it is given for."""
    dates, numbers = _date_places(quote), _number_places(quote)
    own_dates = _date_places(claim)
    if len({date.key for date in dates}) < 2 or len(own_dates) != 1:
        return
    (date,) = own_dates
    same = [place for place in dates if place.key == date.key]
    for number in _number_places(claim):
        held = [place for place in numbers if place.key == number.key]
        if not held or not same or _distance(claim, number.last, date) >= _FAR:
            continue
        for_it = min(_distance(quote, place.last, other) for place in held for other in same)
        nearest = min(_distance(quote, place.last, other) for place in held for other in dates)
        if for_it > nearest:
            yield f"in the quote {number.text!r} is not given for {date.text!r}"


def _named_nouns(claim: Statement, quote: Statement, aligned: Aligned) -> Iterator[str]:
    """His daughter Cornelia, the foreign minister, Choe Son Hui: the noun stays with its name."""
    for index, word in enumerate(claim.words):
        if word.kind != "content" or index + 1 >= len(claim.words) or not aligned[index]:
            continue
        following = claim.words[index + 1]
        if following.kind != "name" or claim.text[word.end : following.start].strip() not in ("", ","):
            continue
        own = set(aligned[index + 1])
        last = index + 1
        while last + 1 < len(claim.words) and claim.words[last + 1].kind == "name":
            last += 1
            own |= set(aligned[last])
        wrong: list[str] = []
        for at in aligned[index]:
            gap = quote.text[quote.words[at].end : quote.words[at + 1].start] if at + 1 < len(quote.words) else "."
            run = list(
                itertools.takewhile(lambda other: quote.words[other].kind == "name", range(at + 1, len(quote.words)))
            )
            if any(other in own and not quote.words[other].low.isdigit() for other in run):
                wrong = []
                break
            if run and gap.strip() in ("", ","):
                wrong.append(quote.words[run[0]].text)
        if wrong and len(wrong) == len(aligned[index]):
            yield f"in the quote {word.text!r} stands with {wrong[0]!r}"


def _owners(claim: Statement, quote: Statement, aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    """Russia's minister is not Ukraine's."""
    for index, word in enumerate(claim.words):
        if word.kind != "content" or not aligned[index]:
            continue
        own = _owner(claim, index)
        if own is None:
            continue
        theirs = [_owner(quote, at) for at in aligned[index]]
        if all(owner is not None and owner not in aligned[own] for owner in theirs):
            other = next(owner for owner in theirs if owner is not None)
            yield f"in the quote {word.text!r} is of {quote.words[other].text!r}, not of {claim.words[own].text!r}"


def _owner(statement: Statement, index: int) -> int | None:
    """The name right before a noun and its adjectives: Russia's defence minister."""
    at = index - 1
    while at >= 0 and statement.words[at].kind == "content" and not _gap(statement, at):
        at -= 1
    if at < 0 or statement.words[at].kind != "name" or _gap(statement, at):
        return None
    genitive = statement.words[at].text.casefold().endswith(("'s", "’s"))
    return at if genitive else None


def _gap(statement: Statement, at: int) -> bool:
    """Whether more than a blank stands between a word and the next."""
    return bool(statement.text[statement.words[at].end : statement.words[at + 1].start].strip(" -’'"))


def _of(claim: Statement, quote: Statement, aligned: Aligned, _thesaurus: Thesaurus) -> Iterator[str]:
    """Guilty of this, not of that."""
    for index in range(1, len(claim.words) - 1):
        if claim.words[index].low != "of" or not aligned[index - 1]:
            continue
        thing = next((at for at in range(index + 1, len(claim.words)) if claim.words[at].kind != "function"), None)
        if thing is None or claim.words[thing].kind not in ("content", "name") or not aligned[thing]:
            continue
        heads = [at for at in aligned[index - 1] if _leads_with_of(quote, at)]
        if heads and not any(at < place <= at + _OF_WITHIN for at in heads for place in aligned[thing]):
            yield f"in the quote {claim.words[index - 1].text!r} is not of {claim.words[thing].text!r}"


def _leads_with_of(statement: Statement, at: int) -> bool:
    """Whether "of" and a telling word follow a word."""
    if at + 1 >= len(statement.words) or statement.words[at + 1].low != "of":
        return False
    behind = next((word for word in statement.words[at + 2 :] if word.kind != "function"), None)
    return behind is not None and behind.kind in ("content", "name")


_OF_WITHIN = 6
"""Words behind "of" among which what it leads is looked for."""


_CHECKS = (
    _numbers,
    _dates,
    _names,
    _holding,
    _infinitives,
    _reporting,
    _reasons,
    _quantities,
    _roles,
    _directions,
    _owners,
    _of,
    _bindings,
)
"""Each yields what is wrong, in words for the trace."""
