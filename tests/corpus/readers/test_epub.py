"""Books, made as their format tells."""

from __future__ import annotations

import datetime
import io
import zipfile

import pytest

from corpus.document import Document, PublishedDate
from corpus.reading import ReadError, read_bytes

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:opf="http://www.idpf.org/2007/opf"><metadata>
<dc:title>The Harbour</dc:title><dc:creator>Ann Author</dc:creator><dc:publisher>Gazette Press</dc:publisher>
<dc:language>en-GB</dc:language><dc:date opf:event="publication">1998-03-12</dc:date>
<dc:date opf:event="conversion">2020-01-01</dc:date></metadata>
<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="text/one%20more.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="text/two.xhtml" media-type="application/xhtml+xml"/>
<item id="p" href="cover.png" media-type="image/png"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="c"/><itemref idref="lost"/></spine>
</package>"""
NAV = (
    '<nav><ol><li><a href="text/one.xhtml">The Storm</a></li><li><a href="text/two.xhtml#top">After</a></li></ol></nav>'
)


def page(body: str) -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{body}</body></html>'


PARTS = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/nav.xhtml": page(NAV),
    "OEBPS/text/one.xhtml": page("<h1>1</h1><p>It began at night.</p>"),
    "OEBPS/text/one more.xhtml": page("<p>It went on.</p>"),
    "OEBPS/text/two.xhtml": page("<h1>2</h1><p>All was quiet.</p>"),
}


def book(**changes: str | None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in {**PARTS, **changes}.items():
            if content is not None:
                file.writestr(name, content)
    return out.getvalue()


def read(data: bytes) -> Document:
    return read_bytes(data, "harbour.epub", origin="o")[0]


def test_a_book_is_its_chapters() -> None:
    """In reading order, under the names of the table of contents; a file without a name goes on with its chapter."""
    document = read(book())
    assert (document.title, document.author, document.source, document.language) == (
        "The Harbour", "Ann Author", "Gazette Press", "en",
    )  # fmt: skip
    assert document.published == PublishedDate(datetime.date(1998, 3, 12), "metadata", "1998-03-12", 0.9)
    assert [(item.locator, item.span.of(document.text)) for item in document.pages] == [
        ("chapter 1 (The Storm)", "1\n\nIt began at night."),
        ("chapter 1 (The Storm)", "It went on."),
        ("chapter 2 (After)", "2\n\nAll was quiet."),
    ]


def test_an_older_book_names_its_chapters_elsewhere() -> None:
    """In a file of its own kind (NCX), before EPUB 3."""
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Night</text></navLabel>'
        '<content src="text/one.xhtml"/></navPoint></navMap></ncx>'
    )
    package = (
        PACKAGE.replace('properties="nav"', "")
        .replace("nav.xhtml", "toc.ncx")
        .replace("<spine>", '<spine toc="n">')
        .replace('"toc.ncx" media-type="application/xhtml+xml"', '"toc.ncx" media-type="application/x-dtbncx+xml"')
    )
    document = read(book(**{"OEBPS/book.opf": package, "OEBPS/toc.ncx": ncx}))
    assert [item.locator for item in document.pages] == ["chapter 1 (Night)"] * 3


def test_a_chapter_that_is_missing_is_told() -> None:
    """The others are read."""
    told: list[tuple[str, str]] = []
    (document,) = read_bytes(
        book(**{"OEBPS/text/two.xhtml": None}), "h.epub", origin="o", on_problem=lambda *problem: told.append(problem)
    )
    assert document.text == "1\n\nIt began at night.\n\nIt went on."
    assert told == [("OEBPS/text/two.xhtml", "The file is damaged: a part of it is missing.")]


def test_books_that_cannot_be_read_say_why() -> None:
    """Protected, not a book, entities that grow."""
    locked = '<e xmlns:x="http://www.w3.org/2001/04/xmlenc#"><x:EncryptionMethod Algorithm="{}"/></e>'
    fonts = locked.format("http://www.idpf.org/2008/embedding")
    assert read(book(**{"META-INF/encryption.xml": fonts})).title == "The Harbour"
    with pytest.raises(ReadError, match=r"^The book is protected against copying \(DRM\): its text can't be read\.$"):
        read(book(**{"META-INF/encryption.xml": locked.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}))
    with pytest.raises(ReadError, match=r"not of the kind that its name says: it has no META-INF/container\.xml\.$"):
        read(book(**{"META-INF/container.xml": None}))
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><container>&b;</container>'
    with pytest.raises(ReadError, match=r"^The file is refused: its XML declares entities"):
        read(book(**{"META-INF/container.xml": laughs}))
