"""When a document says that it appeared. A wrong guess is worse than none: what is not certain stays unknown."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from corpus.document import PublishedDate

_KEYS = ("published", "date", "pubdate", "publication_date", "date_published", "datepublished", "created", "updated")
_MONTHS_OF = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber mrz apr mai juni juli aug sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago set oct nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
)
_MONTHS = {name: number for names in _MONTHS_OF for number, name in enumerate(names.split(), 1)}
_MONTH = r"(?P<month_name>[^\W\d_]{3,12})\.?"
_TIME = r"(?:[T ]\d{2}:\d{2}[\d:.,]*(?:Z|[+-]\d{2}:?\d{2})?)?"
_WRITTEN = (
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}}){_TIME}(?!\d)"),
    re.compile(r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日"),
    re.compile(
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[ \u00a0-](?:de |of )?"
        rf"{_MONTH},?[ \u00a0-](?:de )?(?P<year>\d{{4}})(?!\d)"
    ),
    re.compile(rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})(?!\d)"),
    re.compile(r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?P<one>\d{1,2})(?P<sign>[/-])(?P<other>\d{1,2})(?P=sign)(?P<year>\d{4})(?!\d)"),
)
_FIRST_LINE = re.compile(
    r"\s*(?:date|published(?: on)?|publication date|dateline)\s*:?\s+(?P<rest>\S.*)", re.IGNORECASE
)
_IN_NAME = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})([-_.]?)(?P<month>0[1-9]|1[0-2])\2(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"
)
_IN_URL = re.compile(
    r"/(?P<year>(?:19|20)\d{2})(?P<sign>[/-])(?P<month>0?[1-9]|1[0-2])(?P=sign)(?P<day>0?[1-9]|[12]\d|3[01])(?=[/-]|$)"
)


class Written(NamedTuple):
    """A date as it stands in a text."""

    day: datetime.date
    start: int
    end: int


def from_front_matter(metadata: Mapping[str, Any]) -> PublishedDate | None:
    """The date that front matter names; keys in any case."""
    folded = {str(key).casefold().replace(" ", "_"): value for key, value in metadata.items()}
    for key in _KEYS:
        value = folded.get(key)
        if isinstance(value, datetime.datetime):
            return PublishedDate(value.date(), "front matter", str(value))
        if isinstance(value, datetime.date):
            return PublishedDate(value, "front matter", value.isoformat())
        if isinstance(value, str) and (found := _read(value, whole=True)) is not None:
            return PublishedDate(found[0], "front matter", value)
    return None


def from_first_line(line: str) -> tuple[PublishedDate, int] | None:
    """The date that a first line such as ``date 2024-11-12`` names, and where the text after it begins in the line."""
    head = _FIRST_LINE.match(line)
    if head is None:
        return None
    found = _read(head["rest"], whole=False)
    if found is None:
        return None
    day, length = found
    end = head.start("rest") + length
    after = line[end:]
    end += len(after) - len(after.lstrip(" \t,;:–—-"))
    return PublishedDate(day, "first line", line[head.start() : head.start("rest") + length].strip()), end


def from_file_name(name: str) -> PublishedDate | None:
    """The one date in a file name; none where there are two that differ."""
    found = [(day, match.group()) for match in _IN_NAME.finditer(name) if (day := _day(match)) is not None]
    if len({day for day, _ in found}) != 1 or not plausible(found[0][0]):
        return None
    return PublishedDate(found[0][0], "file name", found[0][1], 0.8)


def from_url(url: str) -> PublishedDate | None:
    """The day in an address such as ``/2024/11/12/``; none where it names the month alone."""
    match = _IN_URL.search(url)
    if match is None or (day := _day(match)) is None or not plausible(day):
        return None
    return PublishedDate(day, "url", match.group().strip("/"), 0.85)


def from_value(
    value: object, source: str, confidence: float = 1.0, *, day_first: bool | None = None
) -> PublishedDate | None:
    """The date in a field that holds one: text, a day, a moment, or seconds since 1970."""
    text = str(value).strip()
    if isinstance(value, datetime.datetime):
        day = value.date()
    elif isinstance(value, datetime.date):
        day = value
    elif isinstance(value, int | float) and not isinstance(value, bool) and 10**8 < abs(value) < 10**13:
        seconds = value / 1000 if abs(value) > 10**11 else value
        day = datetime.datetime.fromtimestamp(seconds, datetime.UTC).date()
    else:
        found = next(written_dates(text[:200], day_first=day_first), None)
        if found is None:
            return from_value(compact, source, confidence) if (compact := _compact(text)) else None
        day = found.day
    return PublishedDate(day, source, text[:100], confidence) if plausible(day) else None


def best(*candidates: PublishedDate | None) -> PublishedDate | None:
    """The most certain one; the first among equals."""
    found = [candidate for candidate in candidates if candidate is not None]
    return max(found, key=lambda candidate: candidate.confidence, default=None)


def plausible(day: datetime.date) -> bool:
    """Nothing has appeared tomorrow (but for those who live east of here), or before there was print."""
    return day.year >= 1450 and day <= datetime.date.today() + datetime.timedelta(days=1)


def written_dates(text: str, *, day_first: bool | None = None) -> Iterator[Written]:
    """Every full date in a text, in reading order.

    Args:
        day_first: how 03/04/2024 is read; None leaves out what can be read in two ways.
    """
    position = 0
    while (start := _DIGIT_NEAR.search(text, position)) is not None:
        position = start.end()
        if start.start() and text[start.start() - 1].isalnum():
            continue
        for form in _WRITTEN:
            match = form.match(text, start.start())
            if match is not None and (day := _day(match, day_first)) is not None:
                yield Written(day, match.start(), match.end())
                position = match.end()
                break


def months_named(text: str) -> set[tuple[int, int]]:
    """Year and month of every month that a text names: "November 2024", "12 November 2024", "2024-11"."""
    found = {(written.day.year, written.day.month) for written in written_dates(text)}
    for match in _MONTH_OF_YEAR.finditer(text):
        month = int(match["number"]) if match["number"] else _MONTHS.get(match["name"].casefold(), 0)
        if 1 <= month <= 12:
            found.add((int(match["year"] or match["year_first"]), month))
    return found


_MONTH_OF_YEAR = re.compile(
    r"(?<!\w)(?:(?P<name>[^\W\d_]{3,12})\.?,? (?:de |of )?(?P<year>\d{4})|"
    r"(?P<year_first>\d{4})-(?P<number>\d{2}))(?![\w-])"
)
_DIGIT_NEAR = re.compile(r"\d+|[^\W\d_]{3,12}(?=\.? \d)")
"""Where a date can begin: at a number, or at a word that stands before one."""


def _compact(text: str) -> datetime.date | None:
    """20241112, with or without a time after it."""
    match = _IN_NAME.match(text)
    return _day(match) if match is not None else None


def _read(text: str, *, whole: bool) -> tuple[datetime.date, int] | None:
    """The date that a text begins with (or is), and its length."""
    for form in _WRITTEN:
        match = form.fullmatch(text.strip()) if whole else form.match(text)
        if match is not None and (day := _day(match)) is not None:
            return day, match.end()
    return None


def _day(match: re.Match[str], day_first: bool | None = None) -> datetime.date | None:
    groups = match.groupdict()
    if groups.get("month_name"):
        day, month = int(groups["day"]), _MONTHS.get(groups["month_name"].casefold(), 0)
    elif groups.get("one"):
        one, other = int(groups["one"]), int(groups["other"])
        if day_first is None and one != other and max(one, other) <= 12:
            return None
        swapped = other > 12 or (one <= 12 and day_first is False)
        day, month = (other, one) if swapped else (one, other)
    else:
        day, month = int(groups["day"]), int(groups["month"])
    try:
        return datetime.date(int(groups["year"]), month, day)
    except ValueError:
        return None
