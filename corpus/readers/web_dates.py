"""When a web page was published: what it says to machines, then what it shows beside its headline, then guesses.

The places are asked in the order of how rarely each is wrong: a page's ``date`` field is often the day on which it was
rendered, so that what stands beside the headline goes before it. What htmldate finds in running text comes last.
"""

from __future__ import annotations

import copy
import datetime
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from corpus.document import PublishedDate
from corpus.published import from_url, from_value, plausible, written_dates
from corpus.readers.header_lines import from_header_lines, labelled_date

_META = re.compile(
    r"publi(?:sh|shed|cation|que)?[-_:. ]?(?:date|time|at|on|$)|date[-_:. ]?publi(?!sher)|pub[-_.]?date|"
    r"date[-_.]?issued|"
    r"\bissued$|release[-_]?date|sailthru\.date$|displaydate",
    re.IGNORECASE,
)
_META_WEAK = re.compile(r"(?:dc\.|dcterms\.|dc:)?(?:date|created|date\.created|datum)", re.IGNORECASE)
_NOT_PUBLISHED = re.compile(
    r"modif|updat|expir|edited|aktualisiert|geändert|änderung|birth|event|copyright|stand\b", re.IGNORECASE
)
_PUBLISHED = re.compile(r"publi|posted|created?|entry-date|erschien|veröff", re.IGNORECASE)
_DATE_CLASS = re.compile(
    r"(?:^|[-_ \d])(?:(?:\w*|pub)date|dates?|datum|datetime|fecha|publi\w*|posted\w*|timestamp|timedata|time|byline|"
    r"dateline|meta|metadata|docdata|infos?|infoline|author\w*|created?|details)(?:$|[-_ \d])",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"comment|kommentar|disqus|related|recommend|teaser|sidebar|aside|widget|carousel|slider|breadcrumb|newsletter|"
    r"(?:^|[-_ ])(?:nav|menu|ad|ads|more|latest|recent|popular|trending|archive|calendar|event)(?:$|[-_ ])",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"(?:^|[-_ ])(?:comments?|kommentare?|disqus)(?:$|[-_ ])", re.IGNORECASE)
_FOOT = re.compile(r"(?:^|[-_ ])foot", re.IGNORECASE)
_ABOUT_IT = re.compile(r"meta|info|byline|posted|date", re.IGNORECASE)
_ARTICLE_CLASS = re.compile(r"(?:^|[-_ ])(?:article|post|entry|hentry|story)(?:$|[-_ ])", re.IGNORECASE)
_ARTICLE = re.compile(
    r"article|posting|report|review|recipe|blog|story|episode|videoobject|creativework", re.IGNORECASE
)
_PAGE = re.compile(r"page", re.IGNORECASE)
_INSIDE = frozenset({"comment", "comments", "review", "reviews", "haspart", "itemlistelement", "mentions", "ispartof",
                     "author", "publisher", "event", "subjectof", "citation", "relatedlink", "hasreview"})  # fmt: skip
_LONGEST = 160
"""Characters of an element that shows a date and little else."""
_LONGEST_ITEM = 80
"""Characters of a list's item that shows a date and little else."""
_LEVELS = 8
"""How far above the headline a date may stand beside it."""
_DEEPEST = 12
"""Levels of JSON-LD that are looked at."""


def published_of(tree: Any, text: str, url: str, language: str) -> PublishedDate | None:
    """The publication date of a parsed page; None where nothing certain enough is said.

    Args:
        tree: lxml's root element.
        text: the page's own, without menus.
        url: the page's own address where it names one.
        language: of the page; tells how 03/04/2024 is read. Empty where unknown.
    """
    day_first = None if language in ("", "en") else True
    machine = [*_json_ld(tree), *_meta(tree, _META, 0.95), *_microdata(tree)]
    if machine:
        best = max(candidate.confidence for candidate in machine)
        return _agreed([candidate for candidate in machine if candidate.confidence > best - 0.04])
    return (
        _beside_headline(tree, day_first)
        or _labelled(tree, day_first)
        or from_header_lines(text, day_first=day_first)
        or from_url(url)
        or next(_meta(tree, _META_WEAK, 0.6), None)
        or _guess(tree, url)
    )


def _agreed(candidates: list[PublishedDate]) -> PublishedDate:
    """What most places say; of equals the earliest, since later ones tell of a change."""
    counts = Counter(candidate.value for candidate in candidates)
    most = max(counts.values())
    day = min(value for value, count in counts.items() if count == most)
    return next(candidate for candidate in candidates if candidate.value == day)


def _json_ld(tree: Any) -> Iterator[PublishedDate]:
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        text = (script.text or "").strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
        try:
            data = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            # Pages often hold JSON with a stray comma; the field itself is still plain to see.
            for match in re.finditer(r'"datePublished"\s*:\s*"([^"]{8,40})"', text):
                if (found := from_value(match[1], "json-ld", 0.9)) is not None:
                    yield found
            continue
        yield from _json_objects(data, 0)


def _json_objects(data: Any, depth: int) -> Iterator[PublishedDate]:
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        for item in data:
            yield from _json_objects(item, depth + 1)
    elif isinstance(data, dict):
        kinds = " ".join(str(kind) for kind in _listed(data.get("@type")))
        confidence = 0.97 if _ARTICLE.search(kinds) else 0.9 if _PAGE.search(kinds) else 0.0
        if confidence:
            for key, certain in (("datePublished", confidence), ("uploadDate", 0.8), ("dateCreated", 0.75)):
                found = from_value(data[key], "json-ld", certain) if isinstance(data.get(key), str) else None
                if found is not None:
                    yield found
                    break
        for key, value in data.items():
            if isinstance(value, dict | list) and str(key).casefold() not in _INSIDE:
                yield from _json_objects(value, depth + 1)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _meta(tree: Any, names: re.Pattern[str], confidence: float) -> Iterator[PublishedDate]:
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        is_named = names.fullmatch(name) if names is _META_WEAK else names.search(name)
        if not is_named or _NOT_PUBLISHED.search(name):
            continue
        found = from_value(element.get("content") or element.get("datetime") or "", "metadata", confidence)
        if found is not None:
            yield found


def _microdata(tree: Any) -> Iterator[PublishedDate]:
    found = [
        candidate
        for element in tree.xpath("//*[contains(@itemprop, 'datePublished') or @pubdate][not(self::meta)]")
        if not _is_elsewhere(element) and (candidate := _shown(element, None, 0.95, "microdata")) is not None
    ]
    if len({candidate.value for candidate in found}) <= 2:  # more of them belong to a list of other pages
        yield from found[:1]


def _shown(element: Any, day_first: bool | None, confidence: float, source: str) -> PublishedDate | None:
    """The date of an element: what it tells machines, else what it shows."""
    for text in (element.get("datetime"), element.get("content"), _text(element)):
        if text and len(text) <= _LONGEST:
            found = next(written_dates(text, day_first=day_first), None)
            if found is not None and plausible(found.day):
                return PublishedDate(found.day, source, " ".join(text.split()), confidence)
    return None


def _text(element: Any) -> str:
    """What an element shows, cut off where it is more than a date's surroundings."""
    pieces: list[str] = []
    length = 0
    for piece in element.itertext():
        pieces.append(piece)
        length += len(piece)
        if length > 20 * _LONGEST:
            break
    return " ".join(" ".join(pieces).split())


def _just_before(element: Any) -> str:
    """The words before an element in its line: "Last edited" """
    previous = element.getprevious()
    text = element.getparent().text if previous is None else previous.tail or _text(previous)
    return (text or "")[-40:]


def _names(element: Any) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def _is_elsewhere(element: Any, root: Any = None) -> bool:
    """Whether an element stands in a part of the page that is about other pages, within ``root``."""
    article = next((part for part in element.iterancestors() if _is_article(part)), None)
    within = False  # the article; its own foot and margin often hold its date
    for ancestor in reversed([element, *itertools.takewhile(lambda part: part is not root, element.iterancestors())]):
        within = within or ancestor is article
        if ancestor.tag in ("body", "html"):
            continue
        names = _names(ancestor)
        if ancestor.tag in ("nav", "a") or _ELSEWHERE.search(names):
            return True
        if not within and (ancestor.tag == "footer" or _FOOT.search(names)):
            return True
        if ancestor.tag == "aside" and not (within and _ABOUT_IT.search(names)):
            return True
        if ancestor.tag == "li" and len(_text(ancestor)) > _LONGEST_ITEM:
            return True  # an entry of a list that says more than its date is about something else
        if ancestor.tag == "header" and ancestor.find(".//h1") is None and ancestor.find(".//h2") is None:
            return True
    return False


def _is_about_others(element: Any) -> bool:
    """Whether an element stands among comments or other pages; a page's foot may well name its own date."""
    return any(_ELSEWHERE.search(_names(part)) for part in (element, *element.iterancestors()) if part.tag != "body")


def _is_article(element: Any) -> bool:
    return element.tag in ("article", "main") or bool(_ARTICLE_CLASS.search(_names(element)))


def _headlines(tree: Any) -> list[Any]:
    """The page's main heading: an h1 if there is one; where none, the first h2."""
    found = [element for element in tree.iter("h1") if _text(element)]
    found = [element for element in found if not _is_elsewhere(element)] or found
    return found[:3] or [element for element in tree.iter("h2") if _text(element) and not _is_elsewhere(element)][:1]


def _beside_headline(tree: Any, day_first: bool | None) -> PublishedDate | None:
    """The date in the smallest part of the page that holds both the headline and a date."""
    body = tree.find(".//body")
    for headline in _headlines(tree):
        for level, part in enumerate(headline.iterancestors()):
            if level > _LEVELS or part is body or part.tag in ("body", "html"):
                break
            found = list(_dated(part, day_first))
            if found:
                certain = [candidate for sure, candidate in found if sure]
                return (certain or [candidate for _, candidate in found])[0]
    return None


def _dated(part: Any, day_first: bool | None) -> Iterator[tuple[bool, PublishedDate]]:
    """The elements within a part that show a date, in reading order, and whether they say that it is this one."""
    for element in part.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style", "body", "a"):
            continue
        names = _names(element)
        is_time = element.tag == "time"
        if not is_time and not _DATE_CLASS.search(names):
            continue
        text = _text(element)
        if len(text) > _LONGEST or _is_elsewhere(element, part):
            continue
        says = bool(_PUBLISHED.search(names) or _PUBLISHED.search(text))
        if not says and _NOT_PUBLISHED.search(f"{names} {_just_before(element)} {text}"):
            continue
        labelled = labelled_date(text, day_first=day_first)
        if labelled is not None and labelled.confidence > 0.9:
            yield True, PublishedDate(labelled.value, "page", text, 0.9)
        elif (found := _shown(element, day_first, 0.85, "page")) is not None:
            yield says or is_time, found


def _labelled(tree: Any, day_first: bool | None) -> PublishedDate | None:
    """A line such as "Published on: 1 November 2023" anywhere outside of comments and lists of other pages."""
    body = tree.find(".//body")
    if body is None:
        return None
    found: list[PublishedDate] = []
    for element in body.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style", "noscript"):
            continue
        for text in (element.text, *(child.tail for child in element)):
            if not text or not any(character.isdigit() for character in text) or len(text) > 400:
                continue
            candidate = labelled_date(" ".join(text.split()), day_first=day_first)
            if candidate is not None and candidate.confidence > 0.9 and not _is_about_others(element):
                found.append(PublishedDate(candidate.value, "page", candidate.text, 0.8))
    return found[0] if len({candidate.value for candidate in found}) == 1 else None


def _guess(tree: Any, url: str) -> PublishedDate | None:
    """What htmldate finds by its patterns; a first of the month or year is a month or year that it filled up."""
    from htmldate import find_date

    tree = copy.deepcopy(tree)
    for element in tree.xpath("//body//*[@class or @id]"):
        if _COMMENTS.search(_names(element)) and element.getparent() is not None:
            element.drop_tree()
    found = find_date(tree, extensive_search=True, original_date=True, url=url or None)
    if found is None:
        return None
    day = datetime.date.fromisoformat(found)
    if day.day == 1 or not plausible(day) or _is_of_a_change(tree, day):
        return None
    return PublishedDate(day, "page", found, 0.5)


def _is_of_a_change(tree: Any, day: datetime.date) -> bool:
    """Whether the page shows a day only as that of its last change."""
    changes = [
        bool(_NOT_PUBLISHED.search(f"{_just_before(element)} {text[: found.start]}"))
        for element in tree.xpath("//body//*[not(self::script or self::style)][text()]")
        for text in [" ".join(element.xpath("text()"))[:2_000]]
        for found in written_dates(text)
        if found.day == day
    ]
    return bool(changes) and all(changes)
