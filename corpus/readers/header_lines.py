"""The publication date in the first lines of a text, in the forms that news and reports use.

``Published: 12 November 2024`` · ``By Ann Author | 12 Nov 2024`` · ``PARIS, Nov 12, 2024 (Agency) —`` ·
``Tuesday, 12 November 2024`` alone in its line · ``Updated 12 Nov 2024`` where nothing else is said.
A date in running prose is no publication date.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from corpus.document import PublishedDate
from corpus.published import Written, best, plausible, written_dates

_LINES = 15
_CHARACTERS = 2_500
_LONGEST_BYLINE = 160
_LONGEST_LABELLED = 200
_NEAR = datetime.timedelta(days=10)

_PUBLISHED = (
    r"(?:first |originally )?published|publication date|date of publication|date published|posted|issued|"
    r"released?|release date|date|dated|veröffentlicht|erschienen|datum|publiée?|paru|mis en ligne|date de publication|"
    r"publicado|publicación|fecha(?: de publicación)?|pubblicato|gepubliceerd|geplaatst|publicerad|opublikowano|"
    r"опубликовано"
)
_UPDATED = (
    r"(?:last )?updated|(?:last )?modified|last update|aktualisiert|zuletzt (?:aktualisiert|geändert)|letzte änderung|"
    r"mise? à jour|actualizado|aggiornato|atualizado|bijgewerkt|uppdaterad"
)
_LABELLED = re.compile(
    rf"(?<![\w-])(?:(?P<published>{_PUBLISHED})|(?P<updated>{_UPDATED}))"
    r"(?![\w-])(?: on| am| le| el| il| em| op| den|:|\s|-|–|—|\|)*",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"(?:by|von|par|por|di|door|av)\s+[^\W\d_]", re.IGNORECASE)
_RANGE = re.compile(
    r"\s*(?:to|until|till|through|bis|au|al|a|tot|[-–—])\s+(?=\d{1,4}[-/. ]|[^\W\d_]{3,9}\.? \d)", re.IGNORECASE
)
_PARTED = re.compile(r"[|•·,–—-]\W*$|\bon $")
_DATELINE_END = re.compile(r"\)?,?\s*(?:\([^()]{2,40}\)\s*)?(?:[-–—]|--|:)\s*(?=\S)")
_DATELINE_PLACE = re.compile(
    r"[^\W\d_a-zß-ÿ](?:[^\W\d_a-zß-ÿ]|[ .'’/-]){1,40}(?:, ?(?:[^\W\d_]|[. ]){2,30})?(?:, ?| ?\()"
)
_DATELINE_DAY = re.compile(r"[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}\.?")
_ALONE = re.compile(
    r"(?:\s|[|•·,;:()–—-]|\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?|\b(?:[ap]\.?m\.?|uhr|h|at|um|à|on|am|the|le|gmt|utc|[a-z]{2,3}t)\b|"
    r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:mo|di(?:ens)?|mitt?|do(?:nners)?|"
    r"frei?|sams|sonn|mon)(?:tag|woch)?\b|\b(?:lun|mar|mercre|jeu|vendre|same)di\b|\bdimanche\b|"
    r"\b\d{1,2} min(?:ute)?s? read\b)*",
    re.IGNORECASE,
)


def from_header_lines(
    text: str, *, near: datetime.date | None = None, day_first: bool | None = None
) -> PublishedDate | None:
    """The date that the first lines name.

    Args:
        near: a day close to which the text was written, if something else tells: gives a dateline without a year its
            year.
        day_first: how 03/04/2024 is read; None leaves out what can be read in two ways.
    """
    lines = [line.strip() for line in text[:_CHARACTERS].split("\n")]
    lines = [line for line in lines if line][:_LINES]
    return best(
        *(found for line in lines for found in _labelled(line, day_first)),
        *(_dateline(line, near, day_first) for line in lines),
        *(_byline(line, day_first) for line in lines),
        *(_alone(line, day_first) for line in lines[:8]),
    )


def labelled_date(text: str, *, day_first: bool | None = None) -> PublishedDate | None:
    """The date that stands behind a word such as "Published" in a line."""
    return best(*_labelled(text, day_first))


def _labelled(line: str, day_first: bool | None) -> Iterator[PublishedDate]:
    for match in _LABELLED.finditer(line[:_LONGEST_LABELLED]):
        rest = line[match.end() : match.end() + 60]
        found = next(written_dates(rest, day_first=day_first), None)
        if found is None or _ALONE.fullmatch(_before(rest, found)) is None or not plausible(found.day):
            continue
        if _RANGE.match(rest, found.end) is not None:
            continue
        # Within a sentence ("was released on 3 May 2020") the word is about something else: it begins its line, or
        # stands behind a sign that parts it from what is before.
        before = line[: match.start()].rstrip()
        if before and before[-1] not in "|•·–—-/)":
            continue
        # A line that goes on as a sentence is prose ("Released 3 May 2020, the album sold ...").
        if len(line) - match.end() - found.end > 60 and ":" not in match.group():
            continue
        words = line[match.start() : match.end() + found.end]
        yield PublishedDate(found.day, "header line", words, 0.95 if match["published"] else 0.6)


def _byline(line: str, day_first: bool | None) -> PublishedDate | None:
    """``By Ann Author | 12 Nov 2024``: the date ends the line, but for a time."""
    if len(line) > _LONGEST_BYLINE or _BYLINE.match(line) is None:
        return None
    found = next(written_dates(line, day_first=day_first), None)
    if found is None or _ALONE.fullmatch(line, found.end) is None or not plausible(found.day):
        return None
    return PublishedDate(found.day, "header line", line, 0.85) if _PARTED.search(_before(line, found)) else None


def _dateline(line: str, near: datetime.date | None, day_first: bool | None) -> PublishedDate | None:
    """``PARIS, Nov 12, 2024 (Agency) — ``"""
    place = _DATELINE_PLACE.match(line)
    if place is None:
        return None
    rest = line[place.end() : place.end() + 60]
    found = next(written_dates(rest, day_first=day_first), None)
    if found is not None and found.start == 0:
        if _DATELINE_END.match(rest, found.end) is None or not plausible(found.day):
            return None
        return PublishedDate(found.day, "dateline", line[: place.end() + found.end].strip(), 0.9)
    short = _DATELINE_DAY.match(rest)
    if short is None or near is None or _DATELINE_END.match(rest, short.end()) is None:
        return None
    for year in (near.year, near.year - 1, near.year + 1):
        whole = next(written_dates(f"{short.group().replace('.', '')} {year}"), None)
        if whole is not None and abs(whole.day - near) <= _NEAR and plausible(whole.day):
            return PublishedDate(whole.day, "dateline", line[: place.end() + short.end()].strip(), 0.7)
    return None


def _alone(line: str, day_first: bool | None) -> PublishedDate | None:
    """A line that holds a date and nothing else but a weekday or a time."""
    if len(line) > 80:
        return None
    found = next(written_dates(line, day_first=day_first), None)
    if found is None or _ALONE.fullmatch(_before(line, found)) is None or _ALONE.fullmatch(line, found.end) is None:
        return None
    return PublishedDate(found.day, "header line", line, 0.75) if plausible(found.day) else None


def _before(line: str, found: Written) -> str:
    return line[: found.start]
