"""When the events of a sentence took place, read by rules against the day on which the text appeared.

What comes out is never finer than the words: ``three weeks ago`` is a week, ``a month ago`` a month, ``recently``
nothing. Conventions where English has none of its own:

- ``early``, ``mid`` and ``late`` are thirds of a month (1-10, 11-20, 21-) and of a year (Jan-Apr, May-Aug, Sep-Dec),
  and overlapping parts of decades (2000-2004, 2003-2007, 2006-2009) and centuries, whose parts have no agreed ends;
- weeks run from Monday to Sunday, seasons by whole months of the northern hemisphere; a winter named by one year is
  that year, since it may be either of two;
- a season without a year ("in the spring") is the one that a verb in the past or future points to, else a habit;
- what lasted "from Monday to Wednesday" is over: both days lie behind the text;
- ``before``, ``until`` and ``by`` are open to the past, ``after`` to the future, ``since`` runs to the published day.

A text without a published date is given only what names its year itself. Not read: years before Christ, which no
``date`` holds, and movable feasts, whose day hangs on a church, a country or the moon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from corpus.document import EventDate, Granularity, Span


class Readable(Protocol):
    """A sentence of a document."""

    @property
    def span(self) -> Span: ...
    @property
    def text(self) -> str: ...


def event_dates_of(sentences: Sequence[Readable], published: date | None) -> list[tuple[EventDate, ...]]:
    """The dates that each sentence names, in reading order; for each sentence, empty where it names none.

    Args:
        sentences: of one document, in reading order: "two days later" is read against the sentence before.
        published: when the text appeared; None where unknown.
    """
    result: list[tuple[EventDate, ...]] = []
    anchor: Period | None = None
    for sentence in sentences:
        if not _may_name_a_date(sentence.text):
            anchor = None
            result.append(())
            continue
        named = list(_read(sentence.text, published, anchor))
        anchor = None
        for item in named:
            anchor = _counted_from(item, anchor)
        result.append(
            tuple(
                EventDate(
                    item.period.first,
                    item.period.last,
                    item.period.granularity,
                    Span(sentence.span.start + item.start, sentence.span.start + item.end),
                    sentence.text[item.start : item.end],
                )
                for item in named
            )
        )
    return result


class Period(NamedTuple):
    """Whole days, both ends inclusive."""

    first: date
    last: date
    granularity: Granularity


class _Named(NamedTuple):
    start: int
    end: int
    period: Period
    of_a_thing: bool = False
    """Whether it stands behind "of", as in "the treaty of June"."""


class _UnknownError(ValueError):
    """The words hang on a date that is not known."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What words are read against."""

    text: str
    published: date | None
    anchor: Period | None
    """The date named last, in this sentence or the one before."""
    start: int = 0
    end: int = 0
    year: int | None = None
    """The year that a neighbour names: of March in "from March to May 2021"."""
    weekday: int | None = None
    """0 for Monday: of November 11 in "Monday, November 11"."""
    relation: str = ""

    @property
    def today(self) -> date:
        if self.published is None:
            raise _UnknownError("the text has no date")
        return self.published

    @property
    def named(self) -> Period:
        if self.anchor is None:
            raise _UnknownError("no date was named before")
        return self.anchor


Resolver = Callable[[_Context], Period | None]


@dataclass(frozen=True, slots=True)
class _Atom:
    """Words that name a period, without what stands before them ("early", "since") and what joins them."""

    start: int
    end: int
    kind: str
    resolve: Resolver
    open: bool = False
    """Names no year, so that a neighbour's counts, or the published date's."""
    weekday: int | None = None
    """0 for Monday: of November 11 in "Monday, November 11"."""


# periods


def _day(year: int, month: int, day: int) -> Period:
    value = date(year, month, day)
    return Period(value, value, "day")


def _month(year: int, month: int) -> Period:
    """A month; ``month`` may lie outside 1 to 12 and counts on into other years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    first = date(year, month, 1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1), "month")


def _year(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def _range(first: date, last: date) -> Period:
    """From one day to another, told as a day, month or year where it is just that."""
    first, last = min(first, last), max(first, last)
    for whole in (_day(first.year, first.month, first.day), _month(first.year, first.month), _year(first.year)):
        if (whole.first, whole.last) == (first, last):
            return whole
    return Period(first, last, "range")


def _years(first: int, last: int) -> Period:
    return _range(date(first, 1, 1), date(last, 12, 31))


def _months(year: int, first: int, last: int) -> Period:
    return _range(_month(year, first).first, _month(year, last).last)


def _week(day: date, weeks: int = 0) -> Period:
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=weeks)
    return Period(monday, monday + timedelta(days=6), "range")


def _decade(year: int) -> Period:
    return _years(year // 10 * 10, year // 10 * 10 + 9)


def _century(number: int) -> Period:
    return _years(number * 100 - 99, number * 100)


def _unit(unit: str, day: date, steps: int = 0) -> Period:
    """The day, week, month … that lies ``steps`` after the one that holds ``day``."""
    match unit:
        case "day":
            shifted = day + timedelta(days=steps)
            return Period(shifted, shifted, "day")
        case "week":
            return _week(day, steps)
        case "weekend":
            week = _week(day, steps)
            return Period(week.first + timedelta(days=5), week.last, "range")
        case "fortnight":
            return _week(day, 2 * steps)
        case "month":
            return _month(day.year, day.month + steps)
        case "quarter":
            start = (day.month - 1) // 3 * 3 + 1 + 3 * steps
            return _months(day.year, start, start + 2)
        case "year":
            return _year(day.year + steps)
        case "decade":
            return _decade(day.year + 10 * steps)
        case "century":
            return _century((day.year + 99) // 100 + steps)
    raise ValueError(f"{unit} is no unit of time")


def _part(period: Period, part: str) -> Period:
    """The early, middle or late part of a period; a day or a week stays whole."""
    first, last = period.first, period.last
    years = last.year - first.year + 1
    if part.startswith("week"):
        return _unit(part, first) if period.granularity == "day" else period
    if part.endswith("half"):
        return _half(period, part == "second half")
    if part in ("early-to-mid", "mid-to-late"):
        earlier, _, later = part.split("-")
        return _range(_part(period, earlier).first, _part(period, later).last)
    index = ("early", "mid", "late").index(part)
    if period.granularity == "month":
        return _range(
            first.replace(day=(1, 11, 21)[index]), (first.replace(day=10), first.replace(day=20), last)[index]
        )
    if period.granularity == "year":
        return _months(first.year, 4 * index + 1, 4 * index + 4)
    if years in (10, 100):
        ten = years // 10
        start, end = ((0, 5), (3, 8), (6, 10))[index]
        return _years(first.year + start * ten, first.year + end * ten - 1)
    return period


def _half(period: Period, second: bool) -> Period:
    first, last = period.first, period.last
    years = last.year - first.year + 1
    if period.granularity == "month":
        return _range(first.replace(day=16), last) if second else _range(first, first.replace(day=15))
    if period.granularity == "year":
        return _months(first.year, 7, 12) if second else _months(first.year, 1, 6)
    if years in (10, 100):
        return _years(first.year + years // 2, last.year) if second else _years(first.year, last.year - years // 2)
    return period


# words

_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CARDINALS = "one two three four five six seven eight nine ten eleven twelve".split()
_NUMBERS = {word: value for value, word in enumerate(_CARDINALS, start=1)}
_NUMBERS |= {"a": 1, "an": 1, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_OLD_CENTURIES = (
    "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_CENTURIES = {word: value for value, word in enumerate([*_OLD_CENTURIES.split(), "twenty-first"], start=10)}
_HOLIDAYS = {"new year's eve": (12, 31), "new year's day": (1, 1), "christmas eve": (12, 24), "christmas day": (12, 25)}
_HOLIDAYS |= {"boxing day": (12, 26), "valentine's day": (2, 14), "halloween": (10, 31)}
"""Those that fall on one day everywhere."""
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_STEPS = {"last": -1, "this past": -1, "this": 0, "this coming": 0, "current": 0, "next": 1, "coming": 1}
_NAMED_STEPS = {"that": 0, "that same": 0, "the same": 0, "the previous": -1, "the preceding": -1}
_NAMED_STEPS |= {"the following": 1, "the next": 1}


def _words(found: str | None) -> str:
    """In small letters with single blanks; empty for nothing."""
    return " ".join((found or "").lower().split())


def _number_of_month(name: str) -> int:
    return [month[:3] for month in _MONTHS].index(name[:3].capitalize()) + 1


def _number_of_weekday(name: str) -> int:
    return [day[:3] for day in _WEEKDAYS].index(name[:3].capitalize())


def _compile(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern in which a blank stands for any white space, since lines may be wrapped."""
    return re.compile(pattern.replace(" ", r"\s+"), flags)


_FULL_MONTH = "|".join(f"{name}|{name.upper()}" for name in _MONTHS)
_ANY_MONTH = "(?:" + _FULL_MONTH + r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
_FULL_MONTH = f"(?:{_FULL_MONTH})"
_WEEKDAY = "(?:" + "|".join(_WEEKDAYS) + ")"
_NUMBER = r"(?:\d{1,3}|" + "|".join(_NUMBERS) + ")"
_UNITS = r"(?:day|week|fortnight|month|quarter|year|decade)"
_SEASON = r"(?:[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter)"
_COUNTED = (
    r"(?![-\s]+(?:people|persons?|(?:wo)?men|children|workers|employees|soldiers|troops|police|officers|students|pupils|"
    r"residents|families|house(?:hold|s)|homes|refugees|migrants|passengers|prisoners|patients|victims|deaths|dead|cases|"
    r"infections|votes|seats|points|dollars|euros|pounds|yen|rupees|yuan|francs|tons?|tonnes|kilo|kg|km|kW|MW|cm|mm|m|ft|"
    r"met(?:er|re)s?|miles?|feet|foot|yards?|acres|hectares|square|cubic|lit(?:er|re)s?|gallons|barrels|watts|volts|"
    r"calories|degrees|percent|per|hours?|hrs|minutes|seconds|days|weeks|months|years|times|copies|units|jobs|vehicles|"
    r"cars|aircraft|ships|trees|species|books|pages|words|items|shares|lines|rpm|hp|horsepower|runs|fans|supporters|"
    r"delegates|participants|protest[eo]rs|demonstrators|fighters|civilians|members|visitors|tourists|athletes|companies|"
    r"schools|villages|GMT|UTC|BCE?|B\.C|BE|B\.E|million|billion|thousand)\b)"
)
"""Stands after a number that counts something, so that it is no year."""
_YEAR = r"(?:1[0-9]|20)\d\d(?![\d%])(?![.,:]\d)" + _COUNTED
_OF_YEAR = (
    rf"(?:,? (?:(?:of|in) )?(?:(?P<year>{_YEAR})"
    r"|(?P<rel>this|last|next|that|that same|the same|the previous|the following) year))"
)
_NO_NUMBER_BEFORE = r"(?<![\w.,:/$€£#-])"

_Build = Callable[[re.Match[str]], _Atom]
_Read = Callable[[re.Match[str], _Context], Period | None]
_RULES: list[tuple[re.Pattern[str], _Build]] = []


def _rule(pattern: str, kind: str, flags: int = 0) -> Callable[[_Read], _Read]:
    """Read what the pattern finds with the decorated function; ``kind`` tells what may stand around it."""

    def add(read: _Read) -> _Read:
        def build(match: re.Match[str]) -> _Atom:
            groups = match.groupdict()
            is_open = "year" in groups and not groups["year"] and not groups.get("rel")
            return _Atom(match.start(), match.end(), kind, lambda context: read(match, context), is_open)

        _RULES.append((_compile(pattern, flags), build))
        return read

    return add


def _year_of(match: re.Match[str], context: _Context) -> int | None:
    """The year that the words or a neighbour name; None where they name none."""
    groups = match.groupdict()
    if groups.get("year"):
        return int(groups["year"])
    rel = groups.get("rel")
    if rel in _STEPS:
        return context.today.year + _STEPS[rel]
    if rel:
        return context.named.first.year + _NAMED_STEPS[_words(rel)]
    return context.year


@_rule(rf"{_NO_NUMBER_BEFORE}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}})(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?(?![\w/-])", "day")
def _iso(match: re.Match[str], _context: _Context) -> Period | None:
    return _day(int(match[1]), int(match[3]), int(match[4]))


@_rule(rf"{_NO_NUMBER_BEFORE}(\d{{1,2}})([-/.])(\d{{1,2}})\2((?:19|20)\d\d)(?![\w/-])", "day")
def _numeric(match: re.Match[str], _context: _Context) -> Period | None:
    """12.11.2024 is written by those who put the day first; 12/11/2024 by both, so that only the year is sure."""
    one, other, year = int(match[1]), int(match[3]), int(match[4])
    if match[2] == "." or one > 12 or one == other:
        return _day(year, other, one)
    if other > 12:
        return _day(year, one, other)
    _day(year, other, one)
    return _year(year)


_LAST_DAY = (
    r"(?:(?: (?:to|through|and|or|until) |\s*[-–—]\s*)(?P<last>\d{1,2})(?:st|nd|rd|th)?"
    r"(?![\d:%]|\s*[ap]\.?m\b|[.,]\d))?"
)


@_rule(
    rf"\b(?P<month>{_ANY_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:%]|[.,]\d){_LAST_DAY}(?:{_OF_YEAR})?",
    "day",
)
@_rule(
    rf"{_NO_NUMBER_BEFORE}(?:[Tt]he )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_LAST_DAY}"
    rf" (?:of )?(?P<month>{_ANY_MONTH})(?!\w)(?:{_OF_YEAR})?",
    "day",
)
def _month_and_day(match: re.Match[str], context: _Context) -> Period | None:
    month, day = _number_of_month(match["month"]), int(match["day"])
    last = int(match["last"] or day)
    year = _year_of(match, context)
    if year is None:
        return _nearest(context, lambda year: _range(date(year, month, day), date(year, month, last)))
    return _range(date(year, month, day), date(year, month, last))


@_rule(
    r"\b(?P<name>New Year['’]s (?:Eve|Day)|Christmas (?:Eve|Day)|Boxing Day|Valentine['’]s Day|Halloween)"
    rf"(?!\w)(?:{_OF_YEAR})?",
    "day",
)
def _holiday(match: re.Match[str], context: _Context) -> Period | None:
    month, day = _HOLIDAYS[_words(match["name"]).replace("’", "'")]
    year = _year_of(match, context)
    return _nearest(context, lambda year: _day(year, month, day)) if year is None else _day(year, month, day)


@_rule(rf"\b(?P<month>{_ANY_MONTH})(?!\w){_OF_YEAR}", "month")
@_rule(rf"\b(?P<month>{_FULL_MONTH}|Sept\.|Oct\.|Nov\.|Dec\.|Jan\.|Feb\.|Aug\.)(?!\w)(?P<year>(?!))?", "bare month")
def _month_alone(match: re.Match[str], context: _Context) -> Period | None:
    month = _number_of_month(match["month"])
    year = _year_of(match, context)
    return _nearest(context, lambda year: _month(year, month)) if year is None else _month(year, month)


@_rule(
    rf"\b(?:(?P<weekday>{_WEEKDAY})\b|(?P<short>Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?)(?!\w)"
    r"(?: (?:morning|afternoon|evening|night)\b)?",
    "weekday",
)
def _weekday(match: re.Match[str], context: _Context) -> Period | None:
    if match["short"]:
        return None  # "Sat" and "Sun" alone are words; before a date they only confirm it
    today, number = context.today, _number_of_weekday(match[0])
    ahead = (number - today.weekday()) % 7
    day = today + timedelta(days=ahead if _direction(context) in ("future", "would") else ahead - 7 if ahead else 0)
    return Period(day, day, "day")


@_rule(
    r"\b(?:yesterday|today(?!['’]s (?:world|society|market|economy|standards|prices|money|terms|young|"
    r"youth))|tonight|tomorrow)\b(?: (?:morning|afternoon|evening|night)\b)?",
    "said",
    re.I,
)
@_rule(r"\bthe day (?:before yesterday|after tomorrow)\b|\blast night\b", "said", re.I)
@_rule(r"\b(?:this|earlier this) (?:morning|afternoon|evening)\b|\blater today\b|\bearlier today\b", "said", re.I)
def _day_word(match: re.Match[str], context: _Context) -> Period | None:
    words = match[0].lower()
    steps = 2 if "after tomorrow" in words else -2 if "before yesterday" in words else 0
    if not steps:
        steps = 1 if "tomorrow" in words else -1 if "yesterday" in words or "last" in words else 0
    return _unit("day", context.today, steps)


_MORE_OR_LESS = (
    r"(?:(?P<fuzzy>about|around|some|roughly|approximately|nearly|almost|(?:more|less) than|(?:just )?over|at least|"
    r"up to) )?"
)
_DEICTIC = r"(?P<step>last|this past|this coming|this|current|next|coming)"


@_rule(
    rf"\b(?:(?:the )?(?P<part>early|mid|late|(?:beginning|start|middle|end|rest|close) of|earlier|later)[-\s](?:in )?)?"
    rf"(?:the )?{_DEICTIC} (?P<unit>weekend|week|month|quarter|year|decade|century)\b",
    "said",
    re.I,
)
@_rule(
    r"\b(?:the )?(?P<part>(?:beginning|start|middle|end|rest|close) of|(?:earlier|later|late|early) in) "
    r"(?P<step>the) (?P<unit>week|month|year|decade|century)\b(?! of| that)",
    "said",
    re.I,
)
@_rule(r"\b(?P<part>over) (?P<step>the) (?P<unit>weekend)\b", "said", re.I)
def _this_unit(match: re.Match[str], context: _Context) -> Period | None:
    step = _words(match["step"])
    unit = match["unit"].lower()
    steps = _STEPS.get(step, 0)
    if step == "the" and unit == "weekend":
        # Named on a Saturday or Sunday it is the one that runs, otherwise the one behind.
        steps = 0 if context.today.weekday() >= 5 or _direction(context) == "future" else -1
    elif unit == "weekend" and step == "last" and context.today.weekday() < 5:
        steps = -1
    period = _unit(unit, context.today, steps)
    part = (match["part"] or "").lower().partition(" ")[0]
    part = {"beginning": "early", "start": "early", "middle": "mid", "end": "late", "close": "late"}.get(part, part)
    return _part(period, part) if part in ("early", "mid", "late") else period


@_rule(rf"\b{_DEICTIC} (?P<month>{_FULL_MONTH})(?: (?P<day>\d{{1,2}})(?:st|nd|rd|th)?)?(?![\w])", "said")
def _this_month_name(match: re.Match[str], context: _Context) -> Period | None:
    today, month, step = context.today, _number_of_month(match["month"]), _STEPS[match["step"]]
    year = today.year
    if step < 0 and month >= today.month:
        year -= 1
    elif step > 0 and month <= today.month:
        year += 1
    return _day(year, month, int(match["day"])) if match["day"] else _month(year, month)


@_rule(rf"\b{_DEICTIC} (?P<weekday>{_WEEKDAY})\b(?: (?:morning|afternoon|evening|night)\b)?", "said", re.I)
def _this_weekday(match: re.Match[str], context: _Context) -> Period | None:
    today, number = context.today, _number_of_weekday(match["weekday"])
    step = _STEPS[_words(match["step"])]
    ahead = (number - today.weekday()) % 7
    if step < 0:
        return _unit("day", today, ahead - 7)
    if step > 0:
        return _unit("day", today, ahead or 7)
    past = "coming" not in match["step"] and _direction(context) == "past"
    return _unit("day", today, ahead - 7 if past and ahead else ahead)


@_rule(rf"\b{_DEICTIC} (?P<season>{_SEASON})\b", "said", re.I)
def _this_season(match: re.Match[str], context: _Context) -> Period | None:
    today, start = context.today, _SEASONS[match["season"].lower()]
    step = _STEPS[_words(match["step"])]
    near = [_months(year, start, start + 2) for year in range(today.year - 2, today.year + 3)]
    if step < 0:
        return [season for season in near if season.last < today][-1]
    if step > 0:
        return next(season for season in near if season.first > today)
    if start == 12:
        return next(season for season in near if season.last >= today)
    return near[2]


@_rule(
    rf"\b(?P<season>{_SEASON})(?:,? of)?"
    rf"(?:,? (?:(?P<year>{_YEAR})(?:[-–/](?P<next>\d{{2,4}})\b)?|(?P<rel>this|last|next) year))",
    "season",
)
def _season(match: re.Match[str], context: _Context) -> Period | None:
    year, start = _year_of(match, context), _SEASONS[match["season"].lower()]
    if year is None:
        return None
    if start == 12:
        return _months(year, 12, 14) if match["next"] else _year(year)
    return _months(year, start, start + 2)


@_rule(
    r"\b[Tt]he (?P<season>[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter)\b(?!,? \d)"
    r"(?=[,.;:!?)]|$| (?:and|or|but|to|in|at|on|from|with|by|for|as|after|before|when|while|have|has|had|was|were|is"
    r"|are|will|would|could|said)\b)",
    "bare season",
)
def _bare_season(match: re.Match[str], context: _Context) -> Period | None:
    """ "In the fall" is left out: somebody may have been hurt in it."""
    start, habit = _SEASONS[match["season"].lower()], _HABIT.search(context.text) is not None
    known = _direction(context) and not habit
    season = _nearest(context, lambda year: _months(year, start, start + 2)) if known else None
    elsewhere = season is not None and context.anchor is not None and context.anchor.first.year != season.first.year
    return None if elsewhere else season


@_rule(
    rf"{_NO_NUMBER_BEFORE}(?:Q(?P<quarter>[1-4])|(?P<ordinal>[Ff]irst|[Ss]econd|[Tt]hird|[Ff]ourth)[-\s](?P<what>quarter|half)){_OF_YEAR}",
    "quarter",
)
@_rule(
    rf"\b(?P<ordinal>[Ff]irst|[Ff]inal|[Ll]ast) (?P<number>{_NUMBER}) (?P<what>months|quarters) (?:of|in) "
    rf"(?:(?P<year>{_YEAR})|(?P<rel>this|last|next) year)",
    "quarter",
)
@_rule(rf"{_NO_NUMBER_BEFORE}(?P<year>{_YEAR}) Q(?P<quarter>[1-4])\b", "quarter")
def _quarter(match: re.Match[str], context: _Context) -> Period | None:
    groups, year = match.groupdict(), _year_of(match, context)
    if year is None:
        return None
    ordinal = (groups.get("ordinal") or "").lower()
    if groups.get("number"):
        months = _number(match["number"]) * (3 if match["what"] == "quarters" else 1)
        return _months(year, 1, months) if ordinal == "first" else _months(year, 13 - months, 12)
    number = int(groups.get("quarter") or _ORDINALS[ordinal])
    length = 6 if groups.get("what") == "half" else 3
    if number * length > 12:
        raise ValueError("a year has two halves")
    return _months(year, (number - 1) * length + 1, number * length)


@_rule(r"(?:\b(?P<base>1[0-9]|20)(?P<decade>\d)0|(?P<short>['’‘][3-9]0))['’]?s\b", "decade")
def _decade_name(match: re.Match[str], _context: _Context) -> Period | None:
    if match["short"]:
        return _decade(1900 + int(match["short"][1:3]))
    year = int(match[0][:4])
    # "The 1900s" are a century, "the 2000s" a decade far more often than not.
    return _years(year, year + 99) if year % 100 == 0 and year < 2000 else _decade(year)


@_rule(
    rf"\b(?:(?P<number>\d{{1,2}})(?:st|nd|rd|th)|(?P<word>{'|'.join(_CENTURIES)}))[-\s]+century\b(?![-\s]+(?:BC|B\.C))",
    "century",
    re.I,
)
def _century_name(match: re.Match[str], _context: _Context) -> Period | None:
    return _century(int(match["number"] or _CENTURIES[match["word"].lower()]))


@_rule(
    rf"{_NO_NUMBER_BEFORE}(?P<first>1[0-9]\d\d|20\d\d)(?P<sep>\s?[-–—]\s?|/)(?P<last>\d\d(?:\d\d)?)(?![\w%])(?![.,:/-]\d){_COUNTED}",
    "years",
)
def _year_to_year(match: re.Match[str], _context: _Context) -> Period | None:
    first, short = int(match["first"]), match["last"]
    last = int(short) if len(short) == 4 else first // 100 * 100 + int(short)
    if last <= first and len(short) == 2:
        if match["sep"] == "-" and 1 <= int(short) <= 12:
            return _month(first, int(short))
        last += 100
    # 2004-06 is June or the years to 2006: those hold the month as well.
    plausible = first < last <= first + 150 and (match["sep"] != "/" or last == first + 1)
    return _years(first, last) if plausible else None


@_rule(r"\bA\.?D\.? (?P<after>\d{1,4})\b|\b(?P<before>\d{1,4}) (?:A\.?D|CE)\b(?P<other>\.?)", "sure year")
def _year_of_our_lord(match: re.Match[str], _context: _Context) -> Period | None:
    return _year(int(match["after"] or match["before"]))


@_rule(rf"(?:{_NO_NUMBER_BEFORE}|(?<=[Mm]id-)|(?<=[Pp]re-)|(?<=[Pp]ost-))(?P<year>{_YEAR})(?![\w/]|-\d)", "year")
@_rule(
    rf"\b(?:FY\s?|[Ff]iscal (?:year )?|[Cc]alendar (?:year )?|model year |[Tt]he year )(?P<year>{_YEAR})(?!\w)",
    "sure year",
)
def _year_alone(match: re.Match[str], _context: _Context) -> Period | None:
    return _year(int(match["year"]))


_LASTS = _compile(r"\b(?:will|would|could|can|may|might|must|should|to|not|only|did|does|n['’]t) $")
"""What stands before "last" where it is a verb."""


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]


@_rule(
    rf"\b{_MORE_OR_LESS}(?P<number>{_NUMBER}) (?P<unit>{_UNITS})s? (?P<way>ago|from now)\b(?: (?P<today>today)\b)?",
    "said",
    re.I,
)
def _ago(match: re.Match[str], context: _Context) -> Period | None:
    way = -1 if match["way"].lower() == "ago" else 1
    number, unit, fuzzy = _number(match["number"]), match["unit"].lower(), (match["fuzzy"] or "").lower()
    today = context.today
    if match["today"] and unit in ("week", "year"):
        if unit == "week":
            return _unit("day", today, 7 * way * number)
        return _day(today.year + way * number, today.month, today.day)
    period = _unit(unit, today, way * number)
    if unit == "decade":  # three decades ago is thirty years ago, give or take five
        period = _years(today.year + way * 10 * number - 5, today.year + way * 10 * number + 5)
    match fuzzy.split()[-1:]:
        case []:
            return period
        case ["than"] if fuzzy == "less than":
            return _range(period.first, today)
        case ["than" | "over" | "least"]:
            return Period(date.min, period.last, "range") if way < 0 else Period(period.first, date.max, "range")
        case ["to"]:
            return _range(period.first, today)
    nearer, farther = _unit(unit, today, way * (number - 1)), _unit(unit, today, way * (number + 1))
    if fuzzy in ("nearly", "almost"):
        farther = period
    return _range(min(nearer.first, farther.first), max(nearer.last, farther.last))


@_rule(
    rf"\b(?:exactly |just |only )?(?P<number>{_NUMBER}) (?P<unit>{_UNITS})s? "
    r"(?P<way>earlier|before|previously|later|afterwards?|after)\b",
    "said",
    re.I,
)
@_rule(r"\bthe (?P<unit>day|week|month|year) (?P<way>before|after)\b", "said", re.I)
def _shifted(match: re.Match[str], context: _Context) -> Period | None:
    """Two days later: against the date named last, and no finer than that date and the unit are."""
    word = match["way"].lower()
    following = context.text[match.end() :].lstrip()
    if word in ("before", "after") and following[:1] not in ("", ".", ",", ";", ")", ":", "—", "–"):
        return None  # before an event, or a date that the walk over the atoms takes into account
    way = -1 if word in ("earlier", "before", "previously") else 1
    number = _number(match.groupdict().get("number") or "one")
    return _shift(context.named, match["unit"].lower(), way * number)


@_rule(
    rf"\b(?P<step>that|that same|the same|the previous|the preceding|the following|the next) "
    rf"(?:(?P<unit>day|week|weekend|month|year)|(?P<part>morning|afternoon|evening|night)|(?P<month>{_FULL_MONTH})"
    rf"|(?P<weekday>{_WEEKDAY}))\b(?!['’])",
    "said",
    re.I,
)
def _named_unit(match: re.Match[str], context: _Context) -> Period | None:
    anchor, steps = context.named, _NAMED_STEPS[_words(match["step"])]
    if match["month"]:
        month, year = _number_of_month(match["month"]), anchor.first.year
        if anchor.granularity != "year" and steps:
            year += steps if (anchor.first.month - month) * steps >= 0 else 0
        return _month(year + (steps if anchor.granularity == "year" else 0), month)
    if match["weekday"]:
        if anchor.granularity != "day" or not steps:
            return None
        ahead = (_number_of_weekday(match["weekday"]) - anchor.first.weekday()) % 7
        return _unit("day", anchor.first, (ahead or 7) if steps > 0 else ahead - 7)
    unit = (match["unit"] or "day").lower()
    return _shift(anchor, "day" if match["part"] else unit, steps)


def _shift(anchor: Period, unit: str, steps: int) -> Period | None:
    if _unit(unit, anchor.first) != _unit(unit, anchor.last):
        return None  # two days after some day of 2004
    return _unit(unit, anchor.first, steps)


@_rule(
    rf"\b(?:the )?(?P<step>past|last|previous|next|coming|following) (?P<number>{_NUMBER}) (?P<unit>hour|{_UNITS})s?\b",
    "said",
    re.I,
)
@_rule(r"\bthe (?P<step>past) (?P<unit>day|week|month|year|decade)\b", "said", re.I)
@_rule(
    r"\b(?:over|in|during|within|for) the (?P<step>last|next|coming) (?P<unit>week|month|year|decade)\b", "said", re.I
)
def _stretch(match: re.Match[str], context: _Context) -> Period | None:
    """The past three years: whole years, since nobody counts the days; only days and weeks are counted out."""
    if match["step"] == "last" and _LASTS.search(context.text, 0, match.start()) is not None:
        return None
    today, unit = context.today, match["unit"].lower()
    way = 1 if match["step"].lower() in ("next", "coming", "following") else -1
    number = _number(match.groupdict().get("number") or "one")
    match unit:
        case "hour":
            unit, number = "day", -(-number // 24)
        case "week" | "fortnight":
            unit, number = "day", number * (7 if unit == "week" else 14)
        case "decade":
            unit, number = "year", number * 10
    far, near = _unit(unit, today, way * number), _unit(unit, today)
    return _range(min(far.first, near.first), max(far.last, near.last))


# tense: whether "on Friday" is behind or ahead

_BE = r"(?: (?:not|also|soon|now|only|still|then|never|again|likely|probably))?(?: (?:be|have|have been)(?: \w+)?)?"
_CUES = _compile(
    rf"\b(?:(?P<would>(?:would|could|might){_BE})|(?P<future>(?:will|won['’]t|shall|must|should|can|(?-i:may)|to){_BE}\b"
    r"(?<!\bto)|(?:is|are|was|were|be|been) (?:due|set|scheduled|slated|expected|planned|going|poised|likely|to)|"
    r"plans?|due|scheduled|slated|planned|expected|expects?|forecasts?|predicts?|upcoming|"
    r"deadline|begins?|starts?(?! of)|opens?(?! (?:to|for))|closes?(?! (?:to|of|by))|ends?(?! of)|"
    r"plays?|hosts?|(?<!\d\s)votes|(?:is|are)(?= on\b)|"
    r"next (?:round|meeting|hearing|match|game|vote|election|session|talks)|"
    r"(?:gave|given|gives?|granted) (?:\w+ ){1,4}(?=until)|"
    r"meets?|resumes?|expires?|kicks off|takes? effect|faces?|ahead of|(?:hopes?|wants?|intends?|needs?|vow(?:s|ed)|"
    r"pledge[sd]|agreed|promised) to)|"
    r"(?P<past>was|were|had|has been|have been|did|said|says|told|\w{2,}ed|ago|began|came|won|lost|fell|rose|shot|held|"
    r"took|met|made|left|went|gave|found|broke|hit|saw|led|struck|became|spoke|ran|wrote|sent|put|cut|beat|drew|grew|"
    r"brought|sought|caught|taught|thought|kept|paid|sold|spent|stood|threw|understood|withdrew|swore|quit|flew|fled|"
    r"drove|chose|heard|built|bought|died))\b|(?P<short>['’]ll)\b",
    re.IGNORECASE,
)
_CLAUSE_OPENS = re.compile(r"(?:^|[,;:—–(]|\b(?:and|but|that|while|when))\W*$", re.IGNORECASE)


def _direction(context: _Context) -> str:
    """What the verb says that stands nearest: ``future``, ``would``, ``past`` or, where none is known, nothing.

    A date that opens its clause belongs to the verb behind it, any other to the one before.
    """
    cues = [(cue.start(), cue.end(), cue.lastgroup or "") for cue in _CUES.finditer(context.text)]
    before = [kind for _, end, kind in cues if end <= context.start]
    after = [kind for start, _, kind in cues if start >= context.end]
    opens = _CLAUSE_OPENS.search(context.text[max(0, context.start - 12) : context.start]) is not None
    kind = after[0] if after and (opens or not before) else before[-1] if before else ""
    if context.relation == "since":
        return "past"
    if not kind.startswith("past") and context.relation in ("until", "till", "through", "by"):
        return "future"
    return "future" if kind == "short" else kind


_HABIT = re.compile(
    r"\b(?:can|may|if|often|usually|always|every|each|should|generally|typically|seldom|rarely)\b", re.I
)
"""Words of what comes again or is a rule."""


def _nearest(context: _Context, make: Callable[[int], Period]) -> Period | None:
    """A date that comes every year, in the year that the verb and the published date suggest."""
    today = context.today
    candidates: list[Period] = []
    for year in range(today.year - 4, today.year + 5):
        try:
            candidates.append(make(year))
        except ValueError:
            continue  # 29 February
    if context.weekday is not None:
        fitting = [period for period in candidates if period.first.weekday() == context.weekday]
        near = [period for period in fitting if abs((period.first - today).days) < 370]
        if near:
            return min(near, key=lambda period: abs((period.first - today).days))
    direction = _direction(context)
    ahead = [period for period in candidates if period.last >= today]
    # A text may appear some days before what it tells of, and a date be set ahead of its time zone.
    behind = [
        period for period in candidates if period.first <= today + timedelta(days=1 if direction == "past" else 5)
    ]
    match direction:
        case "future" if ahead:
            return ahead[0]
        case "would" if candidates:
            return min(candidates, key=lambda period: abs((period.first - today).days))
    return behind[-1] if behind else None


# putting the pieces together

_REACH = 48
"""Characters before a date in which its prepositions are looked for."""
_PART = (
    r"(?P<part>early(?:[-\s]to[-\s]mid)?|mid(?:[-\s]+to[-\s]late)?|late|"
    r"(?:very )?(?:beginning|start|middle|end|close|first half|second half|week(?:end)?)(?= of)|"
    r"(?:first|second) half(?= of))(?: of)?"
)
_LEAD = _compile(
    r"(?:(?P<duration>\b\w+ (?:day|week|month|quarter|year)s?) )?"
    r"(?:(?:\b(?P<outer>early|late|later|earlier|sometime|back) )?"
    r"\b(?P<relation>in|on|at|during|since|until|till|up to|before|"
    r"prior to|after|by|from|between|as of|through|throughout|around|over|within|circa|of|for|to|ended|ending) )?"
    rf"(?P<the>the )?(?:{_PART}[-\s]+(?:in |on )?(?:the )?)?$",
    re.IGNORECASE,
)
_JOIN = _compile(
    r"\s*(?:(?P<to>to|until|till|through|thru|up to|[-–—])|(?P<also>, and|, or|and in|and on|and|or|,))"
    rf"(?:\s+|(?<=[-–—]))(?:the )?(?:{_PART}[-\s]+)?(?:the )?",
    re.IGNORECASE,
)
_PRESENT = _compile(r"(?:\s*[-–—]\s*| to | until )(?:the )?(?:present|now|date)\b(?: day\b)?", re.I)
_ONWARD = _compile(r" (?:onwards?|on)\b(?! [A-Z0-9t])")
_PARTS = {"beginning": "early", "start": "early", "middle": "mid", "end": "late", "close": "late"}
_MOVED = _compile(
    r"\b(?:moved|moving|postponed|shifted|delayed|rescheduled|pushed|slipped|put off|switched|"
    r"brought forward|changed)\b[^.;]{0,40}$",
    re.I,
)
_SOME_WEEKDAY = _compile(
    r"\b(?:a|an|every|each|any|one|most|some|other|alternate|black|good|ash|bloody|super|palm|easter|cyber|holy|maundy|"
    r"whit|giving|fat|shrove|freaky|ruby|casual|blue|manic|sheffield|girl|man|spy)[-\s]+$",
    re.I,
)
_WEEKDAY_NAME = _compile(
    r"s\b| (?:Times|Mail|Mirror|Express|Telegraph|Herald|Night|Addams|"
    r"Club|Independent|Star|Sport|League|School|Bloody)\b"
)
_COUNT_BEFORE = _compile(
    r"(?:\b(?:than|about|nearly|over|almost|some|approximately|roughly|least|most|additional|another|first|last|top|no|nos|"
    r"numbers?|room|flight|pages?|pp?|lines?|highway|route|section|article|model|windows|boeing|version|release|building|"
    r"block|(?:total|average|maximum|minimum|height|elevation|altitude|length|distance|capacity|population) of)"
    r"\b\.?|[#$€£¥№])\s*$",
    re.I,
)
_YEAR_BEFORE = _compile(
    r"(?:\b(?:born|died|founded|dated|est\.?|established|b\.|d\.|c\.|season|class of|released|built|elected|annus)|"
    r"[(\[]|\bpre-|\bpost-|\b(?:year|founded|established|born|date|released|since):)\s*$",
    re.I,
)
_DETERMINER_BEFORE = re.compile(
    r"(?:\b(?:[Tt]he|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[Oo]ur|[Mm]y|[Tt]his|[Tt]hat|[Aa]n?|[Ee]ach|[Bb]oth|[Oo]ne\s+of)|['’]s?|^)"
    r"(?P<between>(?:\s+[a-z][a-z-]+){0,2})\s*$"
)
_NOUN_AFTER = re.compile(
    r"\s+(?!(?:and|or|to|in|is|was|were|are|of|at|on|for|with|has|had|by|from|the|a|an|that|which)\b)[A-Za-z]|-[a-z]"
)
_MANNER = _compile(r"(?:[-\s])(?:style[ds]?|inspired|themed)\b|-(?:like|esque)\b", re.I)
"""Behind a time that only names a manner: a house in 1890s style."""
_VERB_AFTER = _compile(r" (?:was|is|saw|has|had|will|marked|brought|became|began|ended|would|turned|proved)\b")
_YEAR_RELATIONS = frozenset(
    [
        "in",
        "during",
        "since",
        "until",
        "till",
        "before",
        "after",
        "by",
        "from",
        "between",
        "through",
        "throughout",
        "around",
        "circa",
        "of",
        "for",
    ]
) | {"up to", "prior to", "as of"}
_MONTH_RELATIONS = _YEAR_RELATIONS - {"circa"}
_VERBS_AND_PEOPLE = frozenset(["in", "since", "until", "during", "through", "between", "from"]) | {"as of"}
"""What may stand before May and March, which are a verb and people as well."""


_BACK = ("to", "ended", "ending")
"""What stands between a stretch and its last day: "the year to March"."""


class _Lead(NamedTuple):
    """What stands before a date."""

    start: int
    """Where the words begin that belong to the date."""
    relation: str = ""
    part: str = ""
    duration: str = ""
    """The words "two days" of "two days before"."""
    duration_start: int = 0


def _atoms(text: str) -> list[_Atom]:
    """The longest match at the leftmost place, then the next behind it; a weekday joins the date behind it."""
    found = [
        (match.start(), -match.end(), number, match)
        for number, (pattern, _) in enumerate(_RULES)
        for match in pattern.finditer(text)
    ]
    atoms: list[_Atom] = []
    for start, _, number, match in sorted(found, key=lambda item: item[:3]):
        if atoms and start < atoms[-1].end:
            continue
        atom = _RULES[number][1](match)
        if (
            atom.kind == "day"
            and atoms
            and atoms[-1].kind == "weekday"
            and not text[atoms[-1].end : start].strip(" ,.\n\t")
        ):
            weekday = atoms.pop()
            number = _number_of_weekday(text[weekday.start : weekday.end])
            atom = replace(atom, start=weekday.start, weekday=number)
        atoms.append(atom)
    return atoms


def _lead(text: str, behind: int, atom: _Atom) -> _Lead:
    base = max(behind, atom.start - _REACH)
    match = _LEAD.search(text[base : atom.start])
    if match is None:
        return _Lead(atom.start)
    relation, part = _words(match["relation"]), _words(match["part"]) or _words(match["outer"])
    part = part.removeprefix("very ").replace("- to", "-to").replace(" to ", "-to-").replace(" late", "-late")
    part = _PARTS.get(part, part)
    if match["the"] and not match["part"] and atom.kind in ("day", "month", "bare month", "year", "years"):
        return _Lead(atom.start)  # "after the 2016 coup" is about the coup
    inside = [match.start(name) for name in ("outer", "relation", "the", "part") if match[name] is not None]
    if relation in ("of", "for"):
        inside = [match.start(name) for name in ("the", "part") if match["part"] and match[name] is not None]
    start = base + min(inside) if inside and (relation or part) else atom.start
    duration = _words(match["duration"])
    part = part if part in _PART_NAMES else ""
    if relation in _BACK and not duration:
        return _Lead(start if match["part"] else atom.start, "", part)
    return _Lead(start, relation, part, duration, base + match.start("duration"))


_PART_NAMES = ("early", "early-to-mid", "mid", "mid-to-late", "late", "first half", "second half", "week", "weekend")


def _read(text: str, published: date | None, anchor: Period | None) -> Iterator[_Named]:
    """The dates of one sentence. Words that look like dates and are none keep other rules off their place."""
    atoms = _atoms(text)
    behind, index = 0, 0
    while index < len(atoms):
        atom, following = atoms[index], atoms[index + 1] if index + 1 < len(atoms) else None
        lead = _lead(text, behind, atom)
        context = _Context(text, published, anchor, atom.start, atom.end, None, atom.weekday, lead.relation)
        listed = bool(behind) and _JOIN.fullmatch(text, behind, atom.start) is not None
        index += 1
        if following is not None and _told_again(text, atom, following):
            continue
        named: _Named | None = None
        try:
            if following is not None and (pair := _from_to(context, atom, following, lead)) is not None:
                yield from pair
                index += 1
                behind = following.end
                for item in pair:
                    anchor = _counted_from(item, anchor)
            elif listed or _stands(text, atom, lead):
                year = _year_behind(context, atoms, index - 1) if atom.open else None
                named = _one(replace(context, year=year), atom, lead)
        except (ValueError, OverflowError):
            continue  # no such day, none that the calendar holds, or none that can be known
        if named is not None:
            named = named._replace(of_a_thing=lead.relation == "of")
            yield named
            behind = named.end
            anchor = _counted_from(named, anchor)


def _counted_from(named: _Named, before: Period | None) -> Period | None:
    """What "two years later" counts from behind a date.

    A summer will do, a stretch of years will not, and the month that a thing is named by ("on Monday the treaty of June
    was read") does not take the place of the day before it.
    """
    period = named.period
    if period.granularity == "range" and period.first.year != period.last.year:
        return before
    names = named.of_a_thing and before is not None and before.granularity == "day" != period.granularity
    return before if names else period


_APPOSED = re.compile(r",\s+(?:on\s+)?")


def _told_again(text: str, atom: _Atom, following: _Atom) -> bool:
    """Whether a shifted day is told once more by its name: "two days earlier, on Saturday" is that Saturday."""
    return (
        following.kind in ("weekday", "day")
        and re.search(r"\b(?:earlier|before|later|after|afterwards?|ago)$", text[atom.start : atom.end], re.I)
        is not None
        and _APPOSED.fullmatch(text, atom.end, following.start) is not None
    )


def _stands(text: str, atom: _Atom, lead: _Lead) -> bool:
    """Whether words that may be something else are a date here."""
    before, after = text[max(0, atom.start - _REACH) : atom.start], text[atom.end : atom.end + _REACH]
    if atom.kind in ("decade", "century", "year", "years") and _MANNER.match(after) is not None:
        return False
    match atom.kind:
        case "weekday":
            return _SOME_WEEKDAY.search(before) is None and _WEEKDAY_NAME.match(after) is None
        case "bare month":
            doubtful = text[atom.start : atom.end].capitalize() in ("May", "March")
            if doubtful and after[:1] in ("'", "’"):
                return False
            if lead.duration and lead.relation in _BACK:
                return True
            return bool(lead.part) or lead.relation in (_VERBS_AND_PEOPLE if doubtful else _MONTH_RELATIONS)
        case "bare season":
            return lead.relation in ("in", "by")
        case "years":
            return _COUNT_BEFORE.search(before) is None
        case "year":
            if _COUNT_BEFORE.search(before) is not None or re.match(r"\s+to\s+[\d$€£]", after):
                return False
            return (
                bool(lead.part)
                or lead.relation in _YEAR_RELATIONS
                or _YEAR_BEFORE.search(before) is not None
                or _describes(before, after)
                or (_CLAUSE_OPENS.search(before) is not None and _VERB_AFTER.match(after) is not None)
            )
    return True


def _describes(before: str, after: str) -> bool:
    """Whether a year stands as an adjective: the 2016 vote, but not the asteroid 1998 passed."""
    determiner, noun = _DETERMINER_BEFORE.search(before), _NOUN_AFTER.match(after)
    if determiner is None or noun is None:
        return False
    return not (determiner["between"] and re.match(r"\s+\w+ed\b", after))


def _one(context: _Context, atom: _Atom, lead: _Lead) -> _Named | None:
    """A date by itself, with what its prepositions make of it."""
    text, start, end = context.text, lead.start, atom.end
    period = atom.resolve(context)
    if period is None:
        return None
    if lead.part:
        period = _part(period, lead.part)
    until_now = context.published if context.published and context.published >= period.first else date.max
    if onward := _PRESENT.match(text, end):
        return _Named(start, onward.end(), _range(period.first, until_now))
    if text[end : end + 2] in ("'s", "’s") and lead.relation != "since":
        return _Named(atom.start if lead.relation in ("before", "after", "until", "by") else start, end, period)
    if lead.duration and lead.relation in ("before", "after", *_BACK):
        word, _, unit = lead.duration.partition(" ")
        number = 1 if word == "the" else _number(word) if word.isdigit() or word in _NUMBERS else 0
        if not number and lead.relation in ("before", "after"):
            return None
        start = lead.duration_start
        if lead.relation in ("before", "after"):
            shifted = _shift(period, unit.rstrip("s"), number if lead.relation == "after" else -number)
            return _Named(start, end, shifted) if shifted is not None else None
        return _Named(start, end, _back(period, number or 1, unit.rstrip("s")))
    match lead.relation:
        case "since":
            period = _range(period.first, until_now) if until_now != date.max else _from(period.first)
        case "until" | "till" | "up to" | "by":
            period = _to(period.last)
        case "through" if atom.kind not in ("decade", "century", "said"):
            period = _to(period.last)
        case "before" | "prior to":
            period = _to(period.last if lead.part == "late" else period.first - timedelta(days=1))
        case "after":
            period = _from(period.last + timedelta(days=1))
        case "from" if onward := _ONWARD.match(text, end):
            period, end = _from(period.first), onward.end()
        case "around" | "circa" if period.granularity != "range":
            unit = period.granularity
            period = _range(_unit(unit, period.first, -1).first, _unit(unit, period.first, 1).last)
    return _Named(start, end, period)


def _back(period: Period, number: int, unit: str) -> Period:
    """The stretch of so many units that a period ends: the twelve months to November 2020."""
    if unit in ("day", "week"):
        return _range(period.last - timedelta(days=number * (7 if unit == "week" else 1) - 1), period.last)
    months = number * {"month": 1, "quarter": 3, "year": 12}[unit]
    if period.granularity == "day" and (period.last + timedelta(days=1)).day != 1:
        start = _month(period.last.year, period.last.month - months).first
        return _range(start.replace(day=min(period.last.day + 1, 28)), period.last)
    return _range(_month(period.last.year, period.last.month - months + 1).first, period.last)


def _from(first: date) -> Period:
    return Period(first, date.max, "range")


def _to(last: date) -> Period:
    return Period(date.min, last, "range")


def _from_to(context: _Context, atom: _Atom, following: _Atom, lead: _Lead) -> list[_Named] | None:
    """From the one date to the other; None where nothing joins them."""
    text = context.text
    join = _JOIN.fullmatch(text, atom.end, following.start)
    if join is None or not (join["to"] or lead.relation == "between"):
        return None
    if "weekday" in (atom.kind, following.kind) and lead.relation not in ("from", "between"):
        return []  # "open Monday to Friday"
    if not (_stands(text, atom, lead) or lead.relation == "from" or following.kind == "month"):
        return None
    behind = replace(context, start=following.start, end=following.end, weekday=following.weekday)
    if following.open or following.kind == "weekday":
        first = atom.resolve(context)
        second = _next_after(first, following, behind) if first is not None else None
    else:
        second = following.resolve(behind)
        first = atom.resolve(replace(context, year=second.first.year)) if second is not None else None
        if first is not None and second is not None and atom.open and first.first > second.last:
            first = atom.resolve(replace(context, year=second.first.year - 1))
    if first is None or second is None:
        return None
    if following.kind == "weekday" and _is_over(context, second):
        first, second = _days_earlier(first, 7), _days_earlier(second, 7)
    part = _PARTS.get(_words(join["part"]), _words(join["part"]))
    first = _part(first, lead.part) if lead.part else first
    second = _part(second, part) if part in _PART_NAMES else second
    if lead.relation == "from" and _MOVED.search(text[: lead.start]) is not None:
        return [_Named(lead.start, atom.end, first), _Named(following.start, following.end, second)]
    whole = _range(min(first.first, second.first), max(first.last, second.last))
    return [_Named(lead.start, following.end, whole)]


_SET = _compile(
    r"\b(?:announced|called|declared|ordered|imposed|planned|proposed|scheduled|extended|set|agreed|said|warned)\b",
    re.I,
)
"""Verbs in the past that set days ahead: "called a strike from Monday to Wednesday"."""


def _is_over(context: _Context, end: Period) -> bool:
    """Whether a stretch of weekdays that would end ahead of the text is told in the past."""
    return end.last > context.today and _direction(context) == "past" and _SET.search(context.text) is None


def _days_earlier(period: Period, days: int) -> Period:
    return period._replace(first=period.first - timedelta(days=days), last=period.last - timedelta(days=days))


def _next_after(first: Period, atom: _Atom, context: _Context) -> Period | None:
    """The second end of a stretch that names no year: the first such date behind the first end."""
    if atom.kind == "weekday":
        if first.granularity != "day":
            return None
        ahead = (_number_of_weekday(context.text[atom.start : atom.end]) - first.first.weekday()) % 7
        return _unit("day", first.first, ahead)
    second = atom.resolve(replace(context, year=first.first.year))
    if second is not None and second.last < first.first:
        second = atom.resolve(replace(context, year=first.first.year + 1))
    return second


def _year_behind(context: _Context, atoms: Sequence[_Atom], index: int) -> int | None:
    """The year that ends a list of dates: of June in "June, July and August 2024"."""
    while index + 1 < len(atoms):
        atom, following = atoms[index], atoms[index + 1]
        join = _JOIN.fullmatch(context.text, atom.end, following.start)
        if join is None or ("month" not in following.kind and following.kind != "day"):
            return None
        if not following.open:
            period = following.resolve(replace(context, start=following.start, end=following.end))
            return period.first.year if period is not None else None
        index += 1
    return None


_HINTS = (
    *(name[:3] for name in (*_MONTHS, "Christmas", "Halloween")),
    *(name.upper() for name in _MONTHS),
    *("day Day DAY week Week month year quarter decade Decade hour night centur Centur tomorrow Tomorrow".split()),
    *("morning afternoon evening pring ummer utumn fall Fall inter Eve".split()),
)
_NUMERALS = re.compile(r"\d\d\d|\d0['’]?s|A\.?D\b|CE\b|Q[1-4]")


def _may_name_a_date(text: str) -> bool:
    """Whether it is worth a closer look: most sentences hold no word of time, and this is all they cost."""
    return any(hint in text for hint in _HINTS) or _NUMERALS.search(text) is not None
