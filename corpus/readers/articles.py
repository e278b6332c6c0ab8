"""Records into documents: what a field of a JSON file or a column of a table means when each record is an article."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.document import Document, PublishedDate
from corpus.published import best, from_url, from_value
from corpus.readers.encoding import line
from corpus.readers.header_lines import from_header_lines
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw
from corpus.readers.text import readable

_TEXT = "text body content articlebody articletext article maintext fulltext contenttext bodytext story".split()
_HTML = "contenthtml html bodyhtml articlehtml".split()
_SUMMARY = "description summary abstract snippet excerpt lead standfirst".split()
_TITLE = "title headline heading webtitle subject name".split()
_DATE = (
    "published date publisheddate publishdate datepublished publishedat publishedon publicationdate dateofpublication "
    "pubdate webpublicationdate firstpublished posted postedat dateposted issued releasedate datetime"
).split()
_WEAK_DATE = "createdat created datecreated timestamp time day".split()
_URL = "url link weburl canonicalurl permalink uri href sourceurl".split()
_SOURCE = "source publisher sitename site publication outlet newspaper sourcename provider domain".split()
_AUTHOR = "author authors byline creator writer".split()
_LANGUAGE = "language lang languagecode".split()
_KEY = "id guid uuid articleid docid documentid".split()
_LONGEST_VALUE = 2_000
_MARKUP = re.compile(
    r"</(?:p|div|li|h[1-6]|ul|ol|table|article|section|a|b|i|em|strong|span)>|<(?:br|p)\s*/?>", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a record by their folded names."""

    fields: Mapping[str, tuple[str, Any]]
    """Folded name: the name as it stands, and the value."""

    @classmethod
    def of(cls, values: Mapping[Any, Any]) -> Record:
        inner = values.get("_source")
        if isinstance(inner, Mapping):  # what Elasticsearch hands out
            values = {**{key: value for key, value in values.items() if key != "_source"}, **inner}
        fields: dict[str, tuple[str, Any]] = {}
        for key, value in values.items():
            fields.setdefault(fold(str(key)), (str(key), value))
        return cls(fields)

    @property
    def has_text(self) -> bool:
        return any(self._string(name).strip() for name in (*_TEXT, *_HTML))

    @property
    def is_article(self) -> bool:
        """Whether it holds a text; or a title and a summary, as a news feed has."""
        return self.has_text or (bool(self.first(_TITLE)) and bool(self.first(_SUMMARY)))

    def first(self, names: Iterable[str]) -> str:
        """The first of some fields that says something, as one line."""
        return next((value for name in names if (value := line(self._string(name)))), "")

    def document(self, raw: Raw, number: int) -> Document:
        """The article.

        Args:
            number: of the record in its file, from 1: names it where it has nothing else.
        """
        taken: set[str] = set()
        prose = Prose(raw.limits)
        for name in (*_TEXT, *_HTML, *_SUMMARY):
            text = self._string(name)
            if text.strip():
                _write(text, prose, is_html=name in _HTML or bool(_MARKUP.search(text)))
                taken.add(name)
                break
        title = self._take(_TITLE, taken)
        url = self._take(_URL, taken)
        url = url if url.startswith(("http://", "https://")) else ""
        language = self._take(_LANGUAGE, taken)[:2].lower()
        key = self._take(_KEY, taken)
        published = self._published(_DATE, 1.0, taken) or best(
            from_url(url), self._published(_WEAK_DATE, 0.6, taken), from_header_lines(prose.text)
        )
        source, author = self._take(_SOURCE, taken), self._take(_AUTHOR, taken)
        return Document(
            text=prose.text,
            title=title[:500] or f"{readable(raw.name)}, {number}",
            origin=f"{raw.origin}#{url or key or title or number}",
            name=raw.name,
            media_type="text/plain",
            published=published,
            source=source[:500],
            author=author[:500],
            language=language if len(language) == 2 and language.isascii() and language.isalpha() else "",
            url=url[:2_000],
            headings=prose.headings,
            metadata={
                line(name)[:100]: said
                for folded, (name, value) in self.fields.items()
                if folded not in taken and (said := line(_said(value))[:_LONGEST_VALUE])
            },
        )

    def _published(self, names: Iterable[str], confidence: float, taken: set[str]) -> PublishedDate | None:
        for name in names:
            value = self.fields[name][1] if name in self.fields else None
            if value is not None and (found := from_value(value, "metadata", confidence)) is not None:
                taken.add(name)
                return found
        return None

    def _take(self, names: Iterable[str], taken: set[str]) -> str:
        for name in names:
            if name not in taken and (value := line(self._string(name))):
                taken.add(name)
                return value
        return ""

    def _string(self, name: str) -> str:
        return _said(self.fields[name][1]) if name in self.fields else ""


def fold(name: str) -> str:
    """``Published at``, ``published_at`` and ``publishedAt`` are one name."""
    return re.sub(r"[\W_]+", "", name.casefold())


def apart(documents: Iterable[Document]) -> list[Document]:
    """Documents whose origins differ: where two records have one name, the later one gets its count."""
    from dataclasses import replace

    seen: dict[str, int] = {}
    found: list[Document] = []
    for document in documents:
        count = seen[document.origin] = seen.get(document.origin, 0) + 1
        found.append(document if count == 1 else replace(document, origin=f"{document.origin}#{count}"))
    return found


def _said(value: Any) -> str:
    """A value as text: names out of objects that have one, lists with commas; empty for what has no words."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return next((said for key in ("name", "title", "rendered", "value") if (said := _said(value.get(key)))), "")
    if isinstance(value, list):
        if value and all(isinstance(item, str) and len(item) > 80 for item in value):
            return "\n\n".join(value)  # paragraphs
        return ", ".join(said for item in value[:50] if (said := _said(item)))
    return "" if value is None else str(value)


def _write(text: str, prose: Prose, *, is_html: bool) -> None:
    if not is_html:
        prose.write(text)
        return
    from corpus.readers.blocks import write_blocks
    from corpus.readers.web import parse

    tree = parse(text)
    body = tree.find("body")
    write_blocks(body if body is not None else tree, prose)
