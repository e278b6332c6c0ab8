"""The time that a question asks about, and how well the dates of a sentence fit it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from corpus.dates import event_dates_of
from corpus.document import EventDate, Granularity, Span

Order = Literal["latest", "first"]


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a question asks about."""

    first: date
    last: date
    """Inclusive. ``date.min`` and ``date.max`` where the question leaves that end open, or names no date at all."""
    granularity: Granularity
    text: str
    """The words of the question: ``between 2004 and 2006``, ``most recently``."""
    order: Order | None = None
    """Which of several fitting events is asked for, where the question says so."""

    @property
    def bounded(self) -> bool:
        """Whether the question names a date, and not just an order."""
        return (self.first, self.last) != (date.min, date.max)

    def to_dict(self) -> dict[str, str]:
        """What is set: the words, the days, and which of several events is asked for."""
        said = {"words": self.text}
        if self.first != date.min:
            said["from"] = self.first.isoformat()
        if self.last != date.max:
            said["to"] = self.last.isoformat()
        return said | ({"order": self.order} if self.order is not None else {})


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as the reader of dates wants it: one sentence."""

    text: str

    @property
    def span(self) -> Span:
        return Span(0, len(self.text))


_LATEST = re.compile(
    r"\b(?:(?<!at the )latest|newest|most\s+recent(?:ly)?|recently|currently|at\s+present|nowadays|these\s+days|"
    r"last\s+time(?=\W*$)|the\s+last\s+time|so\s+far(?!\s+(?:as|from|away|north|south|east|west)\b)|to\s+date|"
    r"as\s+of\s+(?:now|today)|(?<!until )(?<!till )(?<!by )(?<!from )(?<!before )(?:right\s+)?"
    r"now(?!\s+(?:and|defunct|famous|infamous)\b|-)|"
    # Of water and electricity "current" is a thing, and nothing is asked of its time.
    r"(?<!ocean )(?<!electric )(?<!alternating )(?<!direct )(?<!sea )"
    r"current\s+(?!(?:in|of|through|flows?|and|is|was)\b)"
    r"(?=[a-z]))",
    re.IGNORECASE,
)
_FIRST = re.compile(
    r"\b(?:originally|initially|earliest|at\s+first(?!\s+(?:sight|glance))|the\s+first\s+time)\b", re.IGNORECASE
)
_ADVERB = re.compile(
    # "When was it first sold" asks for a time, "who was the first president" for a person: only an adverb orders.
    r"\b(?:did|does|do|was|were|is|are|has|have|had|when|who|what|which)\s+(?:\S+\s+){0,12}?"
    r"(?<!\bthe )(?<!\bhis )(?<!\bher )(?<!\bits )(?<!\btheir )(?<!\bour )(?<!\bmy )(?<!\byour )(?<!\ba )(?<!\ban )"
    r"(?<!\bin )(?<!\bon )(?<!\bat )(?<!\bof )(?<!\bfor )(?<!\bby )(?<!\bas )(?<!\bto )(?<!\bvery )(?<!\band )"
    r"(?<!\bthis )"
    r"(?<!['’]s )(?<!s['’] )(?<!\bit )(?<!\bthat )"
    r"(?P<adverb>first|last)\b(?!\s+(?:president|minister|lady|person|man|woman|time|names?|place|half|quarter|century|"
    r"division|class|round|season|edition|days?|weeks?|weekend|months?|years?|decades?|night|for|until|till|long|longer|of|"
    r"and|to|spring|summer|autumn|fall|winter)\b)(?:\s+[a-z]|\s*\?*$)",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"\b(?:january|february|april|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|"
    r"friday|saturday|sunday|(?:(?<=in\s)|(?<=since\s)|(?<=until\s)|(?<=last\s)|(?<=this\s)|(?<=next\s)|(?<=early\s)|"
    r"(?<=late\s)|(?<=during\s))(?:may|march)|(?:may|march)(?=\s+\d)|(?<=\d\s)(?:may|march)|"
    r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?=\.?\s+\d))\b"
)


def question_window(question: str, today: date) -> Window | None:
    """The time that a question names, or asks the latest or first of; None where it does neither.

    An event ("before the ratification") is no time. Two dates give the stretch from the one to the other, whichever
    stands first.

    Args:
        today: what "last month" is read against.
    """
    # People ask in small letters; the letters' number stays the same, and with it every offset.
    text = _NAMES.sub(lambda match: match[0].capitalize(), question)
    (dates,) = event_dates_of([_Question(text)], today)
    order, words = _order(question, dates)
    if dates:
        first, last = min(item.first for item in dates), max(item.last for item in dates)
        start, end = dates[0].span.start, dates[-1].span.end
        granularity = dates[0].granularity if len(dates) == 1 else "range"
        return Window(first, last, granularity, question[start:end], order)
    return Window(date.min, date.max, "range", words, order) if order is not None else None


def _order(question: str, dates: Sequence[EventDate]) -> tuple[Order | None, str]:
    """Which of several events is asked for, and the words that say so; words of a date ("the first half of") do not."""
    found: list[tuple[int, Order, str]] = []
    if latest := _LATEST.search(question):
        found.append((latest.start(), "latest", latest[0].strip()))
    if first := _FIRST.search(question):
        found.append((first.start(), "first", first[0]))
    if adverb := _ADVERB.search(question):
        word = adverb["adverb"].lower()
        verb_lasts = word == "last" and question[adverb.end("adverb") :].strip(" ?.!") == ""  # "how long did it last"
        if not verb_lasts:
            found.append((adverb.start("adverb"), "first" if word == "first" else "latest", adverb["adverb"]))
    for start, order, words in sorted(found):
        if not any(item.span.start <= start < item.span.end for item in dates):
            return order, words
    return None, ""


def period_match(window: Window, dates: Sequence[EventDate]) -> dict[str, float]:
    """How the dates of a sentence fit the time asked for: features from 0 to 1, all 0 for a window without dates.

    Returns:
        ``covers``: 1 where one of the dates holds the whole window ("since 2003" for "in 2005").
        ``overlaps``: the greatest share of the window's days that one date holds; of a window that is open to one
        side, the share of the date's days that lie in it.
        ``inside``: 1 where one of the dates lies within the window.
        ``misses``: 1 where the sentence has dates and none touches the window.
        ``undated``: 1 where the sentence has no dates.
    """
    features = dict.fromkeys(("covers", "overlaps", "inside", "misses", "undated"), 0.0)
    if not dates:
        features["undated"] = 1.0
        return features
    if not window.bounded:
        return features
    shares = [_share(window, item) for item in dates]
    features["covers"] = float(any(item.first <= window.first and window.last <= item.last for item in dates))
    features["inside"] = float(any(window.first <= item.first and item.last <= window.last for item in dates))
    features["overlaps"] = max(shares)
    features["misses"] = float(max(shares) == 0)
    return features


def _share(window: Window, item: EventDate) -> float:
    first, last = max(window.first, item.first), min(window.last, item.last)
    common = (last - first).days + 1
    if common <= 0:
        return 0.0
    is_open = window.first == date.min or window.last == date.max
    begin, end = (item.first, item.last) if is_open else (window.first, window.last)
    return common / ((end - begin).days + 1)


_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_DAY_AND_MONTH = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b(?:,?\s+(?P<year>\d{{4}}))?"
    rf"|\b(?P<month2>(?-i:May)|(?!may\b)(?:{_MONTH}))\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b"
    r"(?:,?\s+(?P<year2>\d{4}))?"
    r"|\b(?P<year3>[12]\d{3})-(?P<month3>\d{1,2})-(?P<day3>\d{1,2})\b",
    re.IGNORECASE,
)
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_A_LEAP_YEAR = 2000


def impossible_date(question: str) -> str | None:
    """The words of a date that no calendar holds: ``31 February``; None where there are none."""
    for match in _DAY_AND_MONTH.finditer(question):
        groups = match.groupdict()
        month = groups["month"] or groups["month2"]
        number = _MONTH_NAMES.index(month[:3].lower()) + 1 if month else int(groups["month3"])
        year = groups["year"] or groups["year2"] or groups["year3"]
        try:
            date(int(year or _A_LEAP_YEAR), number, int(groups["day"] or groups["day2"] or groups["day3"]))
        except ValueError:
            return match[0]
    return None
