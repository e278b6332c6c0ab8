"""Values: the date, number or name that a question asks for, found in a sentence and made comparable.

Used for what an answer shows bold, and to see whether documents give different values.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from corpus.document import EventDate, Span
from index.words import stems

Kind = Literal["date", "number", "name"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a sentence."""

    kind: Kind
    span: Span
    """In code points of the sentence."""
    text: str
    amount: float | None = None
    """Of a number, its scale (thousand, bn) worked in."""
    unit: str = ""
    """Of a number: ``$``, ``%``, ``people`` …, folded; empty where it has none."""
    first: datetime.date | None = None
    """Of a date: the first day it may mean."""
    last: datetime.date | None = None

    def agrees(self, other: Value) -> bool:
        """Whether two values say the same, each as precisely as it is given.

        A date agrees with the month that holds it, a rounded number with what it was rounded from, a surname with the
        full name.
        """
        if self.kind != other.kind:
            return False
        if self.first and self.last and other.first and other.last:
            return self.first <= other.last and other.first <= self.last
        if self.amount is not None and other.amount is not None:
            return _same_amount(self, other)
        return _same_name(self.text, other.text)


_ASKED: Sequence[tuple[Kind, re.Pattern[str]]] = (
    (
        "date",
        re.compile(
            r"\bwhen (?:did|does|do|was|were|is|are|will|would|has|have|had|can|could|should)\b|^\W*when\W*$"
            r"|\b(?:since|until|till|by|know|tell (?:me|us)|say|said|remember) (?:exactly )?when\b"
            r"|\b(?:what|which|in what|in which|on what|on which)\s+(?:\w+\s+)?(?:date|day|month|year)\b"
            r"|\b(?:release |start |end |opening )?date (?:of|for|when)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|tall|far|old|high|large|big|deep|heavy|fast|strong|wide)\b"
            r"|\bwhat (?:do|does|did|will|would) (?:\S+ ){1,8}?cost\b"
            r"|\bwhat (?:\S+ ){0,4}?(?:percentage|share|number|price|cost|revenue|population|magnitude|toll|amount|sum"
            r"|total|estimate|figure|size|weight|length|height|distance|depth|speed|rate|budget|profit|loss|score)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "name",
        re.compile(
            r"\b(?:who|whom|whose|where)\b|^\W*which\b|\b(?:in|at|to|from|by|of) which\b|\blocation\b"
            r"|\bwhat (?:is the name|\S+ ){0,3}?(?:city|country|company|team|club|party|person|place|movie|film|book"
            r"|song|ship|vessel|agency|province|state|town|river|university|school|name|organi[sz]ation)\b",
            re.IGNORECASE,
        ),
    ),
)


def asked_kind(question: str) -> Kind | None:
    """The kind of value that a question asks for; None where it asks for an explanation, a list or a yes."""
    found = [(match.start(), kind) for kind, form in _ASKED if (match := form.search(question)) is not None]
    return min(found)[1] if found else None


def values_in(text: str, kind: Kind, question: str, event_dates: Sequence[EventDate], offset: int) -> list[Value]:
    """The values of a kind in a sentence, in reading order, without those that the question itself names.

    Args:
        event_dates: of the sentence, in code points of its document.
        offset: where the sentence begins in its document.
    """
    if kind == "date":
        found = _dates(text, event_dates, offset)
    elif kind == "number":
        taken = [Span(date.span.start - offset, date.span.end - offset) for date in event_dates]
        found = [value for value in _ranges(text) if not any(value.span.overlaps(span) for span in taken)]
    else:
        found = _names(text)
    known = set(stems(question))
    return [value for value in found if counts_the_asked(value, question) and not set(stems(value.text)) <= known]


_TIME_UNITS = frozenset(
    stems("seconds minutes hours days nights weeks weekends fortnights months years decades centuries")
)
_ASKS_TIME = re.compile(
    r"\bhow (?:long|old|fast|often|far|late|early|soon)\b"
    r"|\b(?:ages?|duration|time|period|seconds?|minutes?|hours?|days?|nights?|weeks?|weekends?|months?|years?|decades?"
    r"|centur(?:y|ies))\b",
    re.IGNORECASE,
)


def counts_the_asked(value: Value, question: str) -> bool:
    """Whether a number may be what is asked for: "six months" and "two million dollars" are no "how many people"."""
    if value.unit in _TIME_UNITS and question and not _ASKS_TIME.search(question):
        return False
    return value.unit not in _MONEY or not _ASKS_COUNT.search(question)


_COINS = "dollars euros pounds yen yuan won rubles roubles rupees francs crowns kronor pesos lira dinars shekels cents"
_MONEY = frozenset(["$", "€", "£", "¥", "us$", *stems(_COINS)])
_ASKS_COUNT = re.compile(rf"\bhow many\b(?! (?:\S+ ){{0,3}}?(?:{_COINS.replace(' ', '|')})\b)", re.IGNORECASE)


def _dates(text: str, event_dates: Sequence[EventDate], offset: int) -> list[Value]:
    return [
        Value("date", span, span.of(text), first=date.first, last=date.last)
        for date in event_dates
        if (span := Span(max(date.span.start - offset, 0), max(date.span.end - offset, 0))).end <= len(text)
    ]


def numbers_in(text: str) -> Iterator[Value]:
    """Each number of a sentence by itself, also the two ends of a range."""
    return _numbers(text)


_RANGE = re.compile(r"\s*(?P<word>to|and|or|-|\u2013|\u2014)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s+(?:US\$|[$€£¥])?\s*$", re.IGNORECASE)


def _ranges(text: str) -> Iterator[Value]:
    """The numbers of a sentence; "50,000 to 100,000 tons" is one, with its upper end as the amount."""
    before: Value | None = None
    for value in _numbers(text):
        if before is not None:
            gap = _RANGE.fullmatch(text, before.span.end, max(value.span.start, before.span.end))
            between = _BETWEEN.search(text, 0, before.span.start)
            joined = gap is not None and (between is not None or gap["word"] != "and")
            if joined and (before.unit == value.unit or "" in (before.unit, value.unit)):
                span = Span(between.start() if between is not None else before.span.start, value.span.end)
                before = replace(value, span=span, text=span.of(text), unit=value.unit or before.unit)
                continue
            yield before
        before = value
    if before is not None:
        yield before


SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "k": 1e3,
    "million": 1e6,
    "m": 1e6,
    "mn": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
    "tn": 1e12,
}
_CURRENCIES = {"us$": "$", "usd": "$", "dollar": "$", "eur": "€", "euro": "€", "gbp": "£", "pound": "£", "yen": "¥"}
_SPELLED = (
    r"(?:(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million"
    r"|billion)(?:[- ]and[- ]|[- ])?)+"
)
_NUMBER = re.compile(
    rf"(?P<currency>US\$|[$€£¥]\s?)?(?:(?P<digits>(?<![\w.,])\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|(?<![\w.,])\d+(?:\.\d+)?)"
    rf"|\b(?P<words>{_SPELLED})(?<![- ])\b)"
    r"(?:[\s-]?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|tn|[km])\b)?"
    r"(?:\s?(?P<percent>%|per\s?cent|percent)|(?:[\s-]+(?:more|other|new|people's)?\s?(?P<unit>[a-z]{2,})))?",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"(?P<names>(?:[A-ZÀ-ÖØ-Þ][\w’-]*\s+){1,3})(?P<noun>[a-z]{2,})")
_NO_UNIT = frozenset(
    "and or of in on at to for from by with was were is are had has as than that the but who which while after before "
    "more other new".split()
)


def _numbers(text: str) -> Iterator[Value]:
    from text_to_num import text2num

    for match in _NUMBER.finditer(text):
        digits, words = match["digits"], match["words"]
        if _is_label(text, match):
            continue
        if digits:
            amount = float(digits.replace(",", ""))
            end = match.end("digits")
        else:
            try:
                amount = float(text2num(words.strip(" -").casefold().replace("-", " "), "en"))
            except ValueError:
                continue
            if amount == 1:
                continue  # nearly always the pronoun
            end = match.end("words")
        if match["scale"]:
            amount *= SCALES[match["scale"].casefold()]
            end = match.end("scale")
        unit = ""
        if match["currency"]:
            unit = match["currency"].strip().casefold()
        elif match["percent"]:
            unit, end = "%", match.end("percent")
        elif match["unit"] and match["unit"].casefold() not in _NO_UNIT:
            counted = _COUNTED.match(text, match.start("unit"))  # "11,000 North Korean soldiers"
            noun, end = (counted["noun"], counted.end("noun")) if counted else (match["unit"], match.end("unit"))
            if counted and noun.casefold() in _NO_UNIT:  # "10,000 North Koreans were"
                noun, end = counted["names"].split()[-1], match.start("unit") + len(counted["names"].rstrip())
            unit = stems(noun)[0] if stems(noun) else ""
        span = Span(match.start(), end)
        yield Value("number", span, span.of(text), amount=amount, unit=_CURRENCIES.get(unit, unit))


_LABELLED = re.compile(
    r"\b(?:annex|appendix|articles?|block|bus|channel|chapters?|class|clauses?|days?|division|figs?\.|figures?|flight"
    r"|formula|gate|grade|group|highway|items?|level|lines?|model|nos?\.|number|numbers|pages?|paragraphs?"
    r"|parts?|phase|platform|pp?\.|psalm|resolutions?|room|route|rule|sections?|stage|steps?|tables?|track|type|unit"
    r"|version|volumes?|vol\.)\s*$",
    re.IGNORECASE,
)
"""A word that numbers things instead of counting them."""
_NAMED = re.compile(r"(?P<before>[\w.,’'-]+)\s+[A-ZÀ-ÖØ-Þ][\w’'&]*\s$")
_DETERMINERS = re.compile(
    r"(?:an?|the|this|that|these|those|some|both|several|many|every|each|his|her|its|their|one|two|three|four|five|six|seven|eight|nine|ten|new|old|\d+)$",
    re.IGNORECASE,
)
_CODE = re.compile(r"[^\W\d_][-\u2010\u2011]$")
_NOT_COUNTED = re.compile(r"(?:st|nd|rd|th)\b|:\d\d|[/.]\d|[-\u2013]\d\b")
_COUNTED_BEFORE = re.compile(r"\d[:/]$|\b\d[-\u2013]$")


def _is_label(text: str, match: re.Match[str]) -> bool:
    """Whether a number names a thing (Article 4, Boeing 737, Hwasong-17, the 4th, 22:42) instead of counting.

    After a name it may do either: "in Gaza 40 people" counts, "a Boeing 737 jet" does not.
    """
    if not match["digits"] or match["currency"] or match["scale"] or match["percent"]:
        return False
    before = text[max(match.start() - 40, 0) : match.start()]
    after = text[match.end("digits") : match.end("digits") + 4]
    if _NOT_COUNTED.match(after) or _COUNTED_BEFORE.search(before) or _CODE.search(before) or _LABELLED.search(before):
        return True
    named = _NAMED.search(before)
    if named is None or "," in match["digits"] or "." in match["digits"]:
        return False
    counts = match["unit"] is not None and match["unit"].casefold() not in _NO_UNIT and match["unit"].islower()
    return not counts or bool(_DETERMINERS.match(named["before"]))


def _same_amount(one: Value, other: Value) -> bool:
    if one.amount is None or other.amount is None or (one.unit and other.unit and one.unit != other.unit):
        return False
    low, high = sorted((abs(one.amount), abs(other.amount)))
    if high - low > _ROUNDING * high:
        return False
    return low == high or any(_rounded(high, digits) == low or _rounded(low, digits) == high for digits in (1, 2, 3))


_ROUNDING = 0.05
"""Share of an amount that rounding may take or add: 11,000 is not a round 10,000."""


def _rounded(amount: float, digits: int) -> float:
    """To so many significant digits."""
    return float(f"{amount:.{digits - 1}e}")


_WORD = r"[A-ZÀ-ÖØ-Þ][\w’'.&-]*"
_NAME = re.compile(rf"\b{_WORD}(?:\s+(?:(?:of|the|de|da|di|van|von|der|den|la|le|al|bin)\s+){{0,2}}{_WORD})*")
_NO_NAME = frozenset(
    ["the", "a", "an", "in", "on", "at", "it", "he", "she", "they", "we", "i", "this", "that", "these", "those", "his"]
    + ["her", "its", "their", "our", "my", "and", "but", "or", "if", "when", "while", "after", "before", "as", "for"]
    + ["from", "with", "by", "to", "of", "there", "then", "however"]
    + [name.casefold() for name in (*calendar.day_name, *calendar.month_name[1:])]
)


def _names(text: str) -> list[Value]:
    found = []
    for match in _NAME.finditer(text):
        start, end = match.span()
        words = match.group().split()
        while words and words[0].casefold().strip(".,") in _NO_NAME:
            start += len(words[0])
            start += len(text[start:end]) - len(text[start:end].lstrip())
            words = words[1:]
        while words and words[-1].casefold().strip(".,") in _NO_NAME:
            end = start + len(text[start:end].rstrip()[: -len(words[-1])].rstrip())
            words = words[:-1]
        said = text[start:end].rstrip(".,’'-")
        if said.endswith(("’s", "'s")):
            said = said[:-2]
        if words and len(said) > 1:
            found.append(Value("name", Span(start, start + len(said)), said))
    return found


def _same_name(one: str, other: str) -> bool:
    own, theirs = _name_words(one), _name_words(other)
    return bool(own and theirs) and (own <= theirs or theirs <= own or _initials(one) == _initials(other) != "")


def _name_words(name: str) -> set[str]:
    return {word.strip(".,'’").casefold() for word in name.split()} - _NO_NAME


def _initials(name: str) -> str:
    """``US`` for both ``U.S.`` and ``United States``; empty for a single word that is no abbreviation."""
    plain = name.replace(".", "")
    if plain.isupper() and " " not in plain and len(plain) > 1:
        return plain
    words = [word for word in plain.split() if word[:1].isupper()]
    return "".join(word[0] for word in words) if len(words) > 1 else ""


def marks(question: str) -> Callable[[str, Sequence[EventDate], int], list[Span]]:
    """What to show bold in a sentence that answers a question: at most three values of the asked kind."""
    kind = asked_kind(question)

    def of(text: str, event_dates: Sequence[EventDate], offset: int) -> list[Span]:
        if kind is None:
            return []
        found = values_in(text, kind, question, event_dates, offset)
        return [value.span for value in found] if len(found) <= _MOST_MARKS else []

    return of


_MOST_MARKS = 3
"""Where a sentence holds more values than this, bold would say nothing."""
