"""Books (epub): the chapters in their order, under the names that the table of contents gives them.

EbookLib, which others use for it, is under the AGPL: what is needed of the format, a list of files in order, is read
here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from corpus.document import Document, PublishedDate
from corpus.published import best, from_value
from corpus.readers.archive import Parts
from corpus.readers.blocks import write_blocks
from corpus.readers.encoding import decode, line
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.text import readable
from corpus.readers.web import parse

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
_ENCRYPTION = "{http://www.w3.org/2001/04/xmlenc#}"
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Encryptions that hide fonts and leave the text open."""
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


@dataclass(frozen=True, slots=True)
class _Item:
    path: str
    media_type: str
    properties: tuple[str, ...]


def read_epub(raw: Raw) -> list[Document]:
    """The document of a book; its chapters are kept for citations."""
    parts = Parts(raw)
    if "META-INF/container.xml" not in parts.names:
        raise ReadError("The file is damaged, or not of the kind that its name says: it has no META-INF/container.xml.")
    _check_protection(parts)
    package_path = _package(parts)
    package = parts.xml(package_path)
    items = _items(package, posixpath.dirname(package_path))
    names = _chapter_names(parts, package, items)
    prose = Prose(raw.limits)
    number = 0
    label = ""
    for path in _spine(package, items):
        raw.budget.check_time()
        try:
            data = parts.read(path)
        except ReadError as error:  # one chapter that is missing is no reason to lose the others
            raw.on_problem(path, str(error))
            continue
        if len(data) > raw.limits.max_markup_bytes:
            raise ReadError(f"The file is refused: {path!r} in it has {len(data):,} bytes.")
        if not data.strip():
            continue
        tree = parse(decode(data))
        body = tree.find("body")
        if path in names or not names or not number:  # a file without a name goes on with the chapter before it
            number += 1
            label = names.get(path, "") or _first_heading(tree)
        with prose.page(number, "chapter", label):
            write_blocks(body if body is not None else tree, prose)
    title = _said(package, "title")
    language = _said(package, "language")[:2].lower()
    return [
        Document(
            text=prose.text,
            title=title[:500] or readable(raw.name),
            origin=raw.origin,
            name=raw.name,
            media_type="application/epub+zip",
            published=_published(package),
            source=_said(package, "publisher")[:500],
            author=", ".join(line(element.text or "") for element in package.iter(f"{_DC}creator"))[:500],
            language=language if len(language) == 2 and language.isascii() and language.isalpha() else "",
            headings=prose.headings,
            pages=prose.pages,
            metadata={
                key: said[:2_000]
                for key in ("identifier", "subject", "description", "rights")
                if (said := _said(package, key))
            },
        )
    ]


def _check_protection(parts: Parts) -> None:
    if "META-INF/encryption.xml" not in parts.names:
        return
    for method in parts.xml("META-INF/encryption.xml").iter(f"{_ENCRYPTION}EncryptionMethod"):
        if method.get("Algorithm") not in _FONTS_ONLY:
            raise ReadError("The book is protected against copying (DRM): its text can't be read.")


def _package(parts: Parts) -> str:
    for root in parts.xml("META-INF/container.xml").iter(f"{_CONTAINER}rootfile"):
        path = root.get("full-path")
        if path:
            return str(path)
    raise ReadError("The book is damaged: it does not name the list of its chapters.")


def _items(package: Any, folder: str) -> dict[str, _Item]:
    """The files of the book by their ids."""
    return {
        item.get("id", ""): _Item(
            _path(folder, item.get("href", "")), item.get("media-type", ""), tuple(item.get("properties", "").split())
        )
        for item in package.iter(f"{_OPF}item")
    }


def _path(folder: str, reference: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(reference.partition("#")[0])))


def _spine(package: Any, items: dict[str, _Item]) -> Iterator[str]:
    """The paths of the chapters in reading order; the table of contents is none."""
    for reference in package.iter(f"{_OPF}itemref"):
        item = items.get(reference.get("idref", ""))
        if item is not None and item.media_type in _PAGES and "nav" not in item.properties:
            yield item.path


def _chapter_names(parts: Parts, package: Any, items: dict[str, _Item]) -> dict[str, str]:
    """What the table of contents calls each file: its first entry for it."""
    names: dict[str, str] = {}
    spine = package.find(f"{_OPF}spine")
    contents = items.get(spine.get("toc", "")) if spine is not None else None
    nav = next((item for item in items.values() if "nav" in item.properties), None)
    if nav is not None and nav.path in parts.names:
        tree = parse(decode(parts.read(nav.path)))
        for link in tree.iter("a"):
            names.setdefault(_path(posixpath.dirname(nav.path), link.get("href") or ""), line("".join(link.itertext())))
    elif contents is not None and contents.path in parts.names:
        for point in parts.xml(contents.path).iter(f"{_NCX}navPoint"):
            content, text = point.find(f"{_NCX}content"), point.find(f"{_NCX}navLabel/{_NCX}text")
            if content is not None and text is not None:
                names.setdefault(_path(posixpath.dirname(contents.path), content.get("src", "")), line(text.text or ""))
    return names


def _first_heading(tree: Any) -> str:
    headings = (line("".join(element.itertext())) for tag in ("h1", "h2", "h3") for element in tree.iter(tag))
    return next((text for text in headings if text), "")


def _said(package: Any, name: str) -> str:
    return next((said for element in package.iter(f"{_DC}{name}") if (said := line(element.text or ""))), "")


def _published(package: Any) -> PublishedDate | None:
    """The date of publication; one that names no event is it by the format's rule, and often that of a conversion."""
    found = []
    for element in package.iter(f"{_DC}date"):
        event = element.get(f"{_OPF}event") or ""
        if event in ("", "publication", "original-publication"):
            found.append(from_value(line(element.text or ""), "metadata", 0.9 if event else 0.6))
    return best(*found)
