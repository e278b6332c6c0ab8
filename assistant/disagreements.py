"""Where documents give different values for what was asked, found by code.

Two signs count. *Twins*: sentences of different documents that say the same in the same words but for one value, as
reports do that go back to one source. The *same place*: sentences worded differently that both answer well, with a
number among the words of the question, or with a name behind the same title. A value is a date, a number or a name;
values that say the same, each as precisely as it is given, are one (``Value.agrees``).
"""

from __future__ import annotations

import datetime
import difflib
import functools
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.answer import Citation, Disagreement, DisagreementKind, DisagreementSide
from assistant.counts import Counted
from assistant.evidence import Evidence
from assistant.subjects import Subject, subjects_of
from assistant.values import Kind, Value, asked_kind, counts_the_asked, values_in
from corpus.document import Sentence, Span
from index.library import Library, RetrievedPassage
from index.words import STOP_WORDS, query_terms, stems

MOST_SIDES = 4
"""Values that are set side by side: more say that the question was not understood."""
_COMPARED = 24
"""Best sentences that are compared with all others."""
_FURTHEST = 3.0
"""Log odds by which a sentence may be weaker than the best one and still speak of what was asked."""
_NEAR = 2.25
"""The same for a sentence that lacks a name of the question: it must nearly be the best one."""
_SOME = 1 / 3
_MOST = 0.6
"""Shares of the question, weighed by rarity, that a sentence with what stands around it must hold."""
_ALIKE = 0.6
"""Share of the longer sentence that its twin repeats word for word."""
_FEWEST_SHARED = 4
"""Words that twins must share: shorter lines are alike by chance."""


@dataclass(frozen=True, slots=True)
class Side:
    """One value and the sentences that give it, the best first."""

    value: str
    evidence: tuple[Evidence, ...]

    @property
    def published(self) -> tuple[datetime.date, ...]:
        """When its documents appeared, as far as they say; in order."""
        days = (item.retrieved.document.published for item in self.evidence)
        return tuple(sorted(day.value for day in days if day is not None))


@dataclass(frozen=True, slots=True)
class Difference:
    """The values that documents give for one question."""

    kind: DisagreementKind
    sides: tuple[Side, ...]
    """Newest first where it is a change over time, else the best supported first."""


def find_difference(
    question: str, evidence: Sequence[Evidence], retrieved: Sequence[RetrievedPassage], library: Library
) -> Difference | None:
    """The different values that the documents give for what is asked; None where they agree or no value is asked for.

    Args:
        evidence: weighed sentences, the best first.
        retrieved: all stretches that were found, also those that ``evidence`` leaves out.
    """
    if not evidence or not asks_for_a_value(question):
        return None
    kind = asked_kind(question)
    asked = _Asked.of(question, library)
    lines = _lines(evidence, retrieved, library)
    best = evidence[0].logit
    about = sorted((line for line in lines if asked.speaks_of(line, best)), key=lambda line: -line.support)
    groups = _twins(about[:_COMPARED], lines, kind, asked, question)
    counted = Counted.of(question)
    subjects = {}
    if len(groups) < 2 and (counted is not None or kind == "number"):
        subjects = subjects_of((line.evidence.retrieved.document for line in lines), library)
    if len(groups) < 2 and counted and (counts := _newest_counts(lines, asked, counted, subjects)):
        return Difference("changed over time", tuple(counts))
    if len(groups) < 2 and kind == "number" and (counted is None or asked.names_an_event(counted)):
        groups = _numbers_in_place(lines, best, asked, question, subjects)
    elif len(groups) < 2 and kind == "name" and _OF_TITLE.match(question):
        groups = _titled_names(about[:_COMPARED], asked)
    if not 2 <= len(groups) <= MOST_SIDES:
        return None
    return _difference(groups, question)


def _twins(
    about: Sequence[_Line], lines: Sequence[_Line], kind: Kind | None, asked: _Asked, question: str
) -> list[_Group]:
    """The values in which sentences about the question differ from their twins."""
    groups: list[_Group] = []
    for line in about:
        for other in lines:
            if other.document_id == line.document_id or not line.may_be_twin(other):
                continue
            pair = differing_values(line.evidence.sentence, other.evidence.sentence, kind, question)
            if pair is not None:
                for value, side in zip(pair, (line, other), strict=True):
                    _add(groups, _whole_name(value, side, lines, asked), side.evidence, line.evidence.logit)
    return groups


_NEIGHBOURS = 7
"""Words on each side of a number among which the question's are looked for."""
_TITLE = 3
"""Words of a title that two sentences must share."""
_OF_TITLE = re.compile(r"^\W*who(?:['’]s|\s+(?:is|was|are|were|heads?|leads?|runs?|headed|led))\b", re.IGNORECASE)


def _numbers_in_place(
    lines: Sequence[_Line], best: float, asked: _Asked, question: str, subjects: Mapping[str, Subject]
) -> list[_Group]:
    """The numbers that differently worded sentences give in the place that the question asks for, one a document.

    What the subject of a document is called need only stand at its head. Where the question names nobody and nothing,
    all documents must tell of what the first one tells of. A word of the question that its best sentence does without
    is not asked of those that put their number in the same words.
    """
    near = [
        line
        for line in sorted(lines, key=lambda line: -line.support)
        if best - line.evidence.logit <= _NEAR and asked.speaks_of(line, best, subjects[line.document_id])
    ]
    places = [(line, value) for line in near[:_COMPARED] if (value := _number_in_place(line, asked, question))]
    best_place = next(((line, value) for line, value in places if line.evidence.logit == best), None)
    spared = asked.missing(best_place[1], best_place[0], subjects[best_place[0].document_id]) if best_place else set()
    groups: list[_Group] = []
    seen: set[str] = set()
    leading: Subject | None = None
    for line, value in places:
        subject = subjects[line.document_id]
        missing = asked.missing(value, line, subject)
        if missing and not (best_place and missing <= spared and _same_place((line, value), best_place, asked)):
            continue
        leading = leading or subject
        if not asked.required and not subject.may_be(leading):
            continue
        if line.off_time or line.document_id in seen or (groups and not _comparable(value, groups[0].values[0])):
            continue
        seen.add(line.document_id)
        _add(groups, value, line.evidence, line.evidence.logit)
    return groups


_SAME_PLACE = 3
"""Telling words that two numbers must have about them to stand in the same place: "the new bridge will cost …"."""


def _same_place(one: tuple[_Line, Value], best: tuple[_Line, Value], asked: _Asked) -> bool:
    """Whether a number has about it the words of the question that the best one has, and more of its words besides."""
    around = _around(*best)
    shared = {word for word in (_around(*one) & around) - STOP_WORDS if not word.isdigit()}
    return set(asked.terms) & around <= shared and len(shared) >= _SAME_PLACE and one[1].unit == best[1].unit


def _titled_names(about: Sequence[_Line], asked: _Asked) -> list[_Group]:
    """The names that differently worded sentences give behind one title, one a document."""
    places = [(line, *_name_behind_title(line, asked)) for line in about]
    best_title: tuple[str, ...] = next((title for _, value, title in places if value is not None), ())
    groups: list[_Group] = []
    seen: set[str] = set()
    for line, value, title in places:
        if value is not None and title == best_title and not line.off_time and line.document_id not in seen:
            seen.add(line.document_id)
            _add(groups, value, line.evidence, line.evidence.logit)
    return groups


def _newest_counts(
    lines: Sequence[_Line], asked: _Asked, counted: Counted, subjects: Mapping[str, Subject]
) -> list[Side]:
    """A count as one report after another gave it, the newest first and the oldest last; empty where none changed it.

    Of each document the largest number that counts what is asked is taken, one that names the event before others. The
    best of these sentences sets the measure for the rest, and says what is told of where the question names nothing.
    """
    found = _counts(lines, asked, counted)
    if len(found) < 2:
        return []
    of_best, measure = _measure(found)
    if not asked.required:  # "How many died?" may mean anything that happened
        found = {key: entries for key, entries in found.items() if subjects[key].may_be(subjects[of_best])}
    groups: list[_Group] = []
    for entries in found.values():
        fitting = [entry for entry in entries if _comparable(entry[2], measure)]
        if fitting:
            _, _, total, _ = max(fitting, key=lambda entry: entry[:2])
            same = [entry for entry in fitting if _agree(entry[2], total)]  # "two hundred" is 202 in the next sentence
            _, _, value, line = max(same, key=lambda entry: entry[1])
            _add(groups, value, line.evidence, line.evidence.logit)
    sides = sorted((group.side() for group in groups), key=lambda side: side.published[-1], reverse=True)
    if len(sides) < 2 or sides[0].published[-1] == sides[1].published[-1]:
        return []
    return sides if len(sides) <= MOST_SIDES else [*sides[: MOST_SIDES - 1], sides[-1]]


_Counts = dict[str, list[tuple[bool, float, Value, "_Line"]]]
"""Document id -> whether the sentence names the event, the amount, the number and its sentence."""


def _measure(found: _Counts) -> tuple[str, Value]:
    """The document and the number of the best sentence."""
    every = [(key, entry) for key, entries in found.items() for entry in entries]
    key, (_, _, value, _) = max(every, key=lambda pair: pair[1][3].support)
    return key, value


def _counts(lines: Sequence[_Line], asked: _Asked, counted: Counted) -> _Counts:
    """The numbers of dated documents that count what is asked."""
    found: _Counts = {}
    for line in lines:
        dated = line.evidence.retrieved.document.published is not None
        # A town that the sentence before names is another place.
        named_in = line.scope if counted.event else line.own
        if not dated or line.off_time or not asked.required <= named_in or not counted.in_event(line.scope):
            continue
        sentence = line.evidence.sentence
        named = counted.in_event(stems(sentence.text))
        for value in _of(sentence, "number"):
            if value.amount and counted.counts(value, sentence.text):
                found.setdefault(line.document_id, []).append((named, value.amount, value, line))
    return found


def events_counted(
    question: str, evidence: Sequence[Evidence], retrieved: Sequence[RetrievedPassage], library: Library
) -> tuple[str, ...]:
    """The titles of documents, one an event, the best one's first, where a question names none and several are counted.

    ``How many people died?`` may mean the dead of any of them.
    """
    counted = Counted.of(question)
    if counted is None or not evidence:
        return ()
    asked = _Asked.of(question, library)
    if asked.names_an_event(counted):
        return ()
    best = evidence[0].logit
    lines = [line for line in _lines(evidence, retrieved, library) if best - line.support <= _FURTHEST]
    documents = {line.document_id: line.evidence.retrieved.document for line in lines}
    subjects = subjects_of(documents.values(), library)
    found = _counts(lines, asked, counted)
    events: dict[str, Value] = {}
    for key in sorted(found, key=lambda key: -max(entry[3].support for entry in found[key])):
        told = [known for known in events if subjects[key].may_be(subjects[known])]
        if not any(_comparable(entry[2], events[known]) for known in told for entry in found[key]):
            events[key] = _measure({key: found[key]})[1]
    return tuple(documents[key].title for key in events) if len(events) > 1 else ()


_FARTHEST_APART = 20.0
"""Times one number in the place may be another: eight dead and two hundred dead are counts of different things."""


def _comparable(one: Value, other: Value) -> bool:
    if not one.amount or not other.amount:
        return True
    low, high = sorted((abs(one.amount), abs(other.amount)))
    return high <= _FARTHEST_APART * low


def _number_in_place(line: _Line, asked: _Asked, question: str) -> Value | None:
    """The number with the most words of the question about it, two at least; None where two have as many."""
    sentence = line.evidence.sentence
    rated = [
        (len(_around(line, value) & set(asked.terms)), value)
        for value in _of(sentence, "number")
        if counts_the_asked(value, question)
    ]
    rated.sort(key=lambda rate: -rate[0])
    if not rated or rated[0][0] < 2 or (len(rated) > 1 and rated[1][0] == rated[0][0]):
        return None
    return rated[0][1]


def _around(line: _Line, value: Value) -> set[str]:
    """Stems of the words about a number, within its clause."""
    text = line.evidence.sentence.text
    after = re.split(r"[;:.]\s|,\s(?:and|but|which|who)\b", text[value.span.start :])[0]
    before = re.split(r"[;:.]\s|,\s", text[: value.span.start])[-1]
    return {*stems(" ".join(before.split()[-_NEIGHBOURS:])), *stems(" ".join(after.split()[: _NEIGHBOURS + 1]))}


def _name_behind_title(line: _Line, asked: _Asked) -> tuple[Value | None, tuple[str, ...]]:
    """The name behind words of the question, as in "the Norland defence minister, Nora Dahl", and those words."""
    sentence = line.evidence.sentence
    for value in _of(sentence, "name"):
        words = [word.casefold() for word in _WORD.findall(sentence.text[: value.span.start])[-_TITLE:]]
        close = re.search(r"\w,?\s$", sentence.text[: value.span.start])
        named = set(stems(value.text)) & set(asked.terms)
        if close and not named and len(words) == _TITLE and len(set(stems(" ".join(words[1:]))) & set(asked.terms)) > 1:
            return value, tuple(words)
    return None, ()


_EXPLAINS = re.compile(
    r"^\W*(?:why|how(?! (?:many|much|long|tall|far|old|high|large|big|deep|heavy|fast|strong|wide)\b)|"
    r"(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)\b|tell|describe|explain|list|summari[sz]e)",
    re.IGNORECASE,
)


def asks_for_a_value(question: str) -> bool:
    """Whether a date, a number or a name would answer: no explanation, list or yes is asked for."""
    return asked_kind(question) is not None or not _EXPLAINS.match(question)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a sentence must speak of to be about the question."""

    terms: dict[str, float]
    """Stem -> rarity."""
    required: frozenset[str]
    """Stems of the numbers and names: another year or another firm is another question."""

    @classmethod
    def of(cls, question: str, library: Library) -> _Asked:
        words = _WORD.findall(_plain(question))
        named = [
            word
            for position, word in enumerate(words)
            if word[0].isdigit() or (word[0].isupper() and (position or word.casefold() not in STOP_WORDS))
        ]
        terms = query_terms(_plain(question))
        return cls(library.rarity(terms), frozenset(stems(" ".join(named))))

    def names_an_event(self, counted: Counted) -> bool:
        """Whether the question says where or by what: "How many people died?" does not."""
        return bool(counted.event or self.required)

    def _named_by(self, subject: Subject | None) -> frozenset[str]:
        """Names of the question that a document's head gives. A year there may be another event's."""
        return frozenset(name for name in self.required if not name.isdigit()) & (subject.names if subject else set())

    def speaks_of(self, line: _Line, best: float, subject: Subject | None = None) -> bool:
        """Whether a sentence is about the question: by its weight, by the words, and by no other year or name.

        Args:
            best: log odds of the best sentence.
            subject: of the sentence's document, where its names count for the sentence.
        """
        scope = line.scope | self._named_by(subject)
        behind = best - line.support
        if _FURTHEST < behind < math.inf:
            return False
        total = sum(self.terms.values()) or 1.0
        held = sum(weight for term, weight in self.terms.items() if term in scope) / total
        missing = self.required - scope
        if not missing:
            return held >= (_MOST if math.isinf(behind) else _SOME)
        if any(_YEAR.fullmatch(term) for term in missing) and any(_YEAR.fullmatch(term) for term in scope):
            return False
        return held >= _MOST and behind <= _NEAR

    def missing(self, value: Value, line: _Line, subject: Subject) -> frozenset[str]:
        """What speaks against a number's counting what is asked; nothing where it counts something rare.

        That is every word of the question, at least as rare as they are on the average, that neither the sentence nor
        its title holds; a neighbour's do not count, for names those at the document's head do. Containers say
        themselves what is counted. People do not: they may have died of the flood that came to the town of the
        earthquake.
        """
        total = sum(self.terms.values()) or 1.0
        if self.terms.get(value.unit, 0.0) * len(self.terms) >= total:
            return frozenset()
        rare = {term for term, weight in self.terms.items() if weight * len(self.terms) >= total}
        return frozenset(rare - line.own - self._named_by(subject))


_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")


@dataclass(frozen=True)
class _Line:
    """A sentence with its neighbours."""

    evidence: Evidence
    support: float
    """Log odds of the sentence or of a neighbour, whichever is better: a text may name its subject only once."""
    around: tuple[str, ...]
    """The sentence before it, itself, the one after it, its title and headings, the year it was published in."""

    @property
    def document_id(self) -> str:
        return self.evidence.sentence.document_id

    @functools.cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in _WORD.findall(self.evidence.sentence.text))

    @functools.cached_property
    def scope(self) -> frozenset[str]:
        return frozenset(stems(_plain(" ".join(self.around))))

    @functools.cached_property
    def own(self) -> frozenset[str]:
        """Stems of the sentence, its title and headings."""
        context = self.evidence.retrieved.passage.context
        return frozenset((*stems(self.evidence.sentence.text), *stems(context)))

    @property
    def off_time(self) -> bool:
        """Whether its dates miss the time that the question asks about."""
        return self.evidence.features.get("misses", 0.0) > 0

    def may_be_twin(self, other: _Line) -> bool:
        shared = len(self.words & other.words)
        return shared >= _FEWEST_SHARED and shared >= _ALIKE * max(len(self.words), len(other.words))


def _lines(evidence: Sequence[Evidence], retrieved: Sequence[RetrievedPassage], library: Library) -> list[_Line]:
    """All sentences of the retrieved stretches, those without weight with one of minus infinity."""
    weighed = {(item.sentence.document_id, item.sentence.ordinal): item for item in evidence}
    seen = {id(item.retrieved) for item in evidence}
    others = [stretch for stretch in retrieved if id(stretch) not in seen]
    for stretch, sentences in zip(others, library.stretches([item.passage.stretch for item in others]), strict=True):
        previous: Sentence | None = None
        for stored in sentences:
            if stored.sentence.kind != "heading":
                key = (stored.sentence.document_id, stored.sentence.ordinal)
                weighed.setdefault(key, Evidence(stored.sentence, previous, stretch, -math.inf, None, {}))
            previous = stored.sentence
    lines = []
    for (document_id, ordinal), item in weighed.items():
        near = [found for step in (-1, 0, 1) if (found := weighed.get((document_id, ordinal + step))) is not None]
        published = item.retrieved.document.published
        year = str(published.value.year) if published else ""
        around = (*(line.sentence.text for line in near), item.retrieved.passage.context, year)
        lines.append(_Line(item, max(line.logit for line in near), around))
    return lines


def _plain(text: str) -> str:
    """``U.S.`` as ``US``, so that it is one word."""
    return re.sub(r"\b(?:[A-Z]\.){2,}", lambda match: match[0].replace(".", ""), text)


_WORD = re.compile(r"\w+(?:[.,]\d+)*")
_TOKEN = re.compile(r"\w+(?:[.,]\d+)*|[^\w\s]")


def differing_values(one: Sentence, other: Sentence, kind: Kind | None, question: str) -> tuple[Value, Value] | None:
    """The values in which two sentences differ that are the same otherwise; None where they are no twins.

    Args:
        kind: of the value that is asked for; None for any.
    """
    tokens = [list(_TOKEN.finditer(sentence.text)) for sentence in (one, other)]
    words = [[token.group().casefold() for token in side] for side in tokens]
    changes = difflib.SequenceMatcher(None, words[0], words[1], autojunk=False).get_opcodes()
    shared = [
        word for op, start, end, _, _ in changes if op == "equal" for word in words[0][start:end] if word[0].isalnum()
    ]
    longest = max(sum(word[0].isalnum() for word in side) for side in words)
    if len(shared) < _FEWEST_SHARED or len(shared) < _ALIKE * longest:
        return None
    known = set(stems(question))
    found: dict[tuple[str, str], tuple[Value, Value]] = {}
    for first, second in _replaced(changes, words):
        pair = _values_at(one, other, _cut(tokens[0], first), _cut(tokens[1], second), kind)
        if pair is not None and not all(counts_the_asked(value, question) for value in pair):
            return None
        if pair is None:
            added = first.start == first.stop or second.start == second.stop
            if added and all(_ADDED.fullmatch(token.group()) for token in (*tokens[0][first], *tokens[1][second])):
                continue
            return None
        if any(set(stems(value.text)) <= known for value in pair):
            return None
        if not _agree(*pair):
            found[(_folded(pair[0].text), _folded(pair[1].text))] = pair
    return next(iter(found.values())) if len(found) == 1 else None


def _replaced(
    changes: Sequence[tuple[str, int, int, int, int]], words: Sequence[Sequence[str]]
) -> Iterator[tuple[slice, slice]]:
    """Runs of tokens that stand in each other's place; runs that only a comma parts are one."""
    joined: list[list[int]] = []
    for op, start, end, other_start, other_end in changes:
        if op == "equal":
            continue
        if joined and words[0][joined[-1][1] : start] == [","]:
            joined[-1][1], joined[-1][3] = end, other_end
        else:
            joined.append([start, end, other_start, other_end])
    for start, end, other_start, other_end in joined:
        yield slice(start, end), slice(other_start, other_end)


_ADDED = re.compile(r"(?!(?:not?|never|nor|without|t)$)[^\W\dA-ZÀ-ÖØ-Þ][^\W\d]*|[^\w\s]")
"""What one of two twins may say besides: words in small letters and punctuation, but no negation."""


def _cut(tokens: Sequence[re.Match[str]], run: slice) -> Span:
    if run.start == run.stop:
        at = tokens[run.start].start() if run.start < len(tokens) else tokens[-1].end()
        return Span(at, at)
    return Span(tokens[run.start].start(), tokens[run.stop - 1].end())


def _values_at(
    one: Sentence, other: Sentence, first: Span, second: Span, kind: Kind | None
) -> tuple[Value, Value] | None:
    """The values of one kind at two spans; None where either holds none of the asked kind."""
    tried: Sequence[Kind] = ("name", "number") if kind is None else (kind,)
    for candidate in tried:
        if candidate == "name":
            names = _name_at(one.text, first), _name_at(other.text, second)
            if names[0] is not None and names[1] is not None:
                return names[0], names[1]
            continue
        values = [
            next((value for value in _of(sentence, candidate) if _touches(value.span, span)), None)
            for sentence, span in ((one, first), (other, second))
        ]
        if values[0] is not None and values[1] is not None:
            return values[0], values[1]
    return None


def _of(sentence: Sentence, kind: Kind) -> list[Value]:
    return values_in(sentence.text, kind, "", sentence.event_dates, sentence.span.start)


def _touches(value: Span, changed: Span) -> bool:
    return value.overlaps(changed) or value.contains(changed)


_LINKS = frozenset(["of", "the", "and", "de", "da", "di", "van", "von", "der", "den", "la", "le", "al", "bin"])


def _name_at(text: str, span: Span) -> Value | None:
    parts = [part for part in _WORD.findall(span.of(text)) if part not in _LINKS]
    if not any(part[0].isupper() for part in parts) or any(part[0].islower() for part in parts):
        return None
    return Value("name", span, span.of(text))


_BEFORE = re.compile(r"[A-ZÀ-ÖØ-Þ][\w-]*\s$")
_AFTER = re.compile(r"\s[A-ZÀ-ÖØ-Þ][\w-]*")


def _whole_name(value: Value, line: _Line, lines: Sequence[_Line], asked: _Asked) -> Value:
    """A name with the capitalised words about it that are its own: those that stand with it elsewhere too.

    Of "Kim Jong Un" and "Kim Jong Il" only the last word differs.
    """
    if value.kind != "name":
        return value
    text = line.evidence.sentence.text
    span = value.span
    while True:
        before, after = _BEFORE.search(text[: span.start]), _AFTER.match(text[span.end :])
        grown = [Span(before.start(), span.end)] if before else []
        grown += [Span(span.start, span.end + after.end())] if after else []
        wider = next((new for new in grown if _is_name(new.of(text), line, lines, asked)), None)
        if wider is None:
            return Value("name", span, span.of(text))
        span = wider


def _is_name(name: str, line: _Line, lines: Sequence[_Line], asked: _Asked) -> bool:
    if set(stems(name)) & set(asked.terms):
        return False
    return any(name in other.evidence.sentence.text for other in lines if not line.may_be_twin(other))


def _agree(one: Value, other: Value) -> bool:
    """Whether two values say the same of what was asked, where 10,000 troops are 10,000 soldiers."""
    return _bare(one).agrees(_bare(other))


def _bare(value: Value) -> Value:
    """A number without the noun that it counts; a currency or a per cent sign stays."""
    return replace(value, unit="") if value.unit.isalpha() else value


@dataclass(slots=True)
class _Group:
    """Values that agree, and who gives them."""

    values: list[Value]
    evidence: dict[str, Evidence]
    """Document id -> its best sentence."""

    @property
    def name(self) -> str:
        """The value as most sentences have it, the longest of those."""
        counts = Counter(_LEADING.sub("", value.text) for value in self.values)
        return max(counts, key=lambda text: (counts[text], len(text)))

    def side(self) -> Side:
        return Side(self.name, tuple(sorted(self.evidence.values(), key=lambda item: -item.logit)))


_LEADING = re.compile(r"^(?:on|in|at)\s+", re.IGNORECASE)


def _add(groups: list[_Group], value: Value, item: Evidence, weight: float) -> None:
    """Put a value and the sentence that gives it to those that it agrees with.

    Args:
        weight: log odds of its twin, which count for a sentence that was not weighed itself.
    """
    item = replace(item, logit=max(item.logit, weight))
    group = next((group for group in groups if any(_agree(value, known) for known in group.values)), None)
    if group is None:
        group = _Group([], {})
        groups.append(group)
    group.values.append(value)
    known = group.evidence.get(item.sentence.document_id)
    if known is None or item.logit > known.logit:
        group.evidence[item.sentence.document_id] = item


def _difference(groups: Sequence[_Group], question: str) -> Difference:
    by_age = sorted(groups, key=lambda group: group.side().published[:1])
    sides = [group.side() for group in by_age]
    later = all(
        one.published and other.published and one.published[-1] < other.published[0]
        for one, other in itertools.pairwise(sides)
    )
    if later and _moves(by_age, question):
        return Difference("changed over time", tuple(reversed(sides)))
    return Difference(
        "contradict", tuple(sorted(sides, key=lambda side: (-len(side.evidence), -side.evidence[0].logit)))
    )


_PRESENT = re.compile(
    r"\b(?:is|are|am|has|have|does|do|heads?|leads?|runs?|owns?|now|currently|present)\b", re.IGNORECASE
)
_PLANS = re.compile(
    r"\b(?:will|would|shall|plan(?:s|ned)?|expect(?:s|ed)?|schedule[ds]?|due|set to|slated|aims?|intends?|is to|are to"
    r"|was to|were to|tentatively|likely)\b",
    re.IGNORECASE,
)


def _moves(groups: Sequence[_Group], question: str) -> bool:
    """Whether the value is one that time changes: a figure, a plan's date, who holds an office.

    Args:
        groups: the oldest first.
    """
    kind = groups[0].values[0].kind
    if kind == "number":
        return True
    if kind == "date":
        return all(any(_PLANS.search(item.sentence.text) for item in group.evidence.values()) for group in groups[:-1])
    return bool(_PRESENT.search(question))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def name_sides(difference: Difference, citations: Sequence[Citation]) -> Disagreement:
    """The difference as an answer shows it, each value with the citations that give it."""
    sides = []
    for side in difference.sides:
        given = {(item.sentence.document_id, item.sentence.span.end) for item in side.evidence}
        cited = [citation for citation in citations if (citation.document_id, citation.span.end) in given]
        sides.append(
            DisagreementSide(
                value=side.value,
                citation_ids=tuple(citation.id for citation in cited),
                quotes=tuple(citation.quote for citation in cited),
                published=tuple(citation.published for citation in cited),
                sources=tuple(citation.source or citation.title for citation in cited),
                documents=len(side.evidence),
            )
        )
    return Disagreement(difference.kind, tuple(sides))


def lead(difference: Difference, numbers: Iterable[int] | None = None) -> str:
    """The sentence that an answer begins with: every value with its dates and its mark, the order as in ``sides``.

    Args:
        numbers: of the quote of each side; by default the first quote belongs to the first side, and so on.
    """
    named = []
    for number, side in zip(numbers or itertools.count(1), difference.sides, strict=False):
        document = side.evidence[0].retrieved.document
        day = f" (published {document.published.value.isoformat()})" if document.published else ""
        named.append(f"{side.value}{day} [{number}]")
    opening = (
        "This changed over time, the newest first" if difference.kind == "changed over time" else "The documents differ"
    )
    return f"{opening}: {'; '.join(named)}."
