"""When a document says that it appeared. A wrong guess is worse than none: what is not certain stays unknown."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from corpus.document import PublishedDate

_KEYS = ("published", "date", "pubdate", "publication_date", "date_published", "datepublished", "created", "updated")
_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_MONTH = r"(?P<month_name>[A-Z][a-z]{2,8})\.?"
_WRITTEN = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ]\d{2}:\d{2}\S*)?"),
    re.compile(r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})"),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH},? (?P<year>\d{{4}})"),
    re.compile(rf"{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})"),
)
_FIRST_LINE = re.compile(
    r"\s*(?:date|published(?: on)?|publication date|dateline)\s*:?\s+(?P<rest>\S.*)", re.IGNORECASE
)
_IN_NAME = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})([-_.]?)(?P<month>0[1-9]|1[0-2])\2(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"
)


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
    if len({day for day, _ in found}) != 1:
        return None
    return PublishedDate(found[0][0], "file name", found[0][1], 0.8)


def _read(text: str, *, whole: bool) -> tuple[datetime.date, int] | None:
    """The date that a text begins with (or is), and its length."""
    for form in _WRITTEN:
        match = form.fullmatch(text.strip()) if whole else form.match(text)
        if match is not None and (day := _day(match)) is not None:
            return day, match.end()
    return None


def _day(match: re.Match[str]) -> datetime.date | None:
    groups = match.groupdict()
    if groups.get("month_name"):
        name = groups["month_name"].casefold()
        number = next((index for index, month in enumerate(_MONTHS, 1) if month.startswith(name)), 0)
    else:
        number = int(groups["month"])
    try:
        return datetime.date(int(groups["year"]), number, int(groups["day"]))
    except ValueError:
        return None
