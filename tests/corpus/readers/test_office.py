"""Texts and slides, written by python-docx and python-pptx."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import Any

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from corpus.document import Document, PublishedDate
from corpus.reading import ReadError, read_bytes

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def saved(file: Any) -> bytes:
    data = io.BytesIO()
    file.save(data)
    return data.getvalue()


def read(file: Any, name: str) -> Document:
    return read_bytes(saved(file), name, origin="o")[0]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.span.of(document.text)) for heading in document.headings]


def test_a_text_keeps_its_structure() -> None:
    """Headings, items and rows; the title, the author and the date that its first lines name."""
    file = docx.Document()
    file.core_properties.author = "Ann Author"
    file.core_properties.title = "Word Document"  # what the program put there
    file.add_heading("Traffic in the harbour", 0)
    file.add_paragraph("Published: 12 November 2024")
    file.add_heading("Ships", 1)
    file.add_paragraph("Fewer ships came in.\nThey were larger.")
    file.add_paragraph("Anna", style="List Bullet")
    file.add_paragraph("Berta", style="List Bullet")
    table = file.add_table(3, 2)
    for row, cells in zip(table.rows, (("Year", "Ships"), ("2022", "33"), ("2023", "35")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    file.add_heading("Crews", 2)
    file.add_paragraph("None were lost.")
    document = read(file, "traffic.docx")
    assert document.text == (
        "Traffic in the harbour\n\nPublished: 12 November 2024\n\nShips\n\nFewer ships came in.\nThey were larger.\n"
        "- Anna\n- Berta\n\nYear: 2022; Ships: 33\nYear: 2023; Ships: 35\n\nCrews\n\nNone were lost."
    )
    assert headings(document) == [(1, "Traffic in the harbour"), (1, "Ships"), (2, "Crews")]
    assert (document.title, document.author) == ("Traffic in the harbour", "Ann Author")
    assert document.published == PublishedDate(
        datetime.date(2024, 11, 12), "header line", "Published: 12 November 2024", 0.95
    )


def test_the_day_of_a_template_is_no_date() -> None:
    """python-docx's own template was made in 2013, and what is written from it was not."""
    file = docx.Document()
    file.add_paragraph("A text without a date.")
    assert read(file, "a.docx").published is None


def test_a_text_is_what_its_reader_sees() -> None:
    """Tracked deletions and codes of fields are not in it; insertions, content controls, boxes and notes are."""
    file = docx.Document()
    body = file.element.body
    for xml in (
        f"<w:p {W}><w:r><w:t>It was </w:t></w:r><w:del><w:r><w:delText>never </w:delText><w:t>not </w:t></w:r></w:del>"
        f"<w:ins><w:r><w:t>certainly </w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText><w:t>open.</w:t></w:r>"
        "</w:p>",
        f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>In a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        f"<w:p {W}><w:r><w:t>Beside a box.</w:t><w:pict><w:txbxContent><w:p><w:r><w:t>In the box.</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r></w:p>",
    ):
        body.insert(len(body) - 1, parse_xml(xml))
    assert read(file, "a.docx").text == ("It was certainly open.\n\nIn a control.\n\nBeside a box.\n\nIn the box.")


def test_slides_are_pages() -> None:
    """Each with its title, its texts from the top down, rows of tables and charts, and its notes."""
    file = pptx.Presentation()
    file.core_properties.title = "PowerPoint Presentation"
    slide = file.slides.add_slide(file.slide_layouts[1])
    slide.shapes.title.text = "Traffic in the harbour"
    slide.placeholders[1].text = "Fewer ships\nLarger ships"
    slide.notes_slide.notes_text_frame.text = "Say that the storm was the reason."
    slide = file.slides.add_slide(file.slide_layouts[6])
    low = slide.shapes.add_textbox(Inches(1), Inches(5), Inches(2), Inches(1))
    low.text_frame.text = "At the foot."
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame.text = "At the top."
    table = slide.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in zip(table.rows, (("Year", "Ships"), ("2022", "33"), ("2023", "35")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    data = CategoryChartData()
    data.categories = ["Lune", "Barrow"]
    data.add_series("Tons", (1.5, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, Inches(1), Inches(4), Inches(4), Inches(1), data)
    document = read(file, "traffic.pptx")
    assert document.title == "Traffic in the harbour"
    assert [(page.locator, page.span.of(document.text)) for page in document.pages] == [
        (
            "slide 1 (Traffic in the harbour)",
            "Traffic in the harbour\n\n- Fewer ships\n- Larger ships\n\nSay that the storm was the reason.",
        ),
        (
            "slide 2",
            "At the top.\n\nYear: 2022; Ships: 33\nYear: 2023; Ships: 35\n\n"
            "Category: Lune; Tons: 1.5\nCategory: Barrow; Tons: 2\n\nAt the foot.",
        ),
    ]
    assert headings(document) == [(1, "Traffic in the harbour")]


def changed(data: bytes, part: str, content: bytes) -> bytes:
    """An office file with one part put in another's place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return out.getvalue()


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><w:document %s><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>" % W.encode()
)


def test_files_that_are_meant_to_harm_are_refused() -> None:
    """Entities that grow, and parts that unpack to a thousand times their size."""
    data = saved(docx.Document())
    with pytest.raises(ReadError, match=r"^The file is refused: its XML declares entities"):
        read_bytes(changed(data, "word/document.xml", LAUGHS), "a.docx", origin="o")
    with pytest.raises(
        ReadError, match=r"^The file is refused: 'word/styles.xml' in it unpacks to more than 250 times"
    ):
        read_bytes(changed(data, "word/styles.xml", b" " * 20_000_000), "a.docx", origin="o")


def test_a_file_of_another_kind_says_so() -> None:
    """A picture named docx, slides named docx, and files of before 2007 or with a password."""
    with pytest.raises(ReadError, match=r"^The file's name ends in \.docx, but it holds a PNG picture: such"):
        read_bytes(b"\x89PNG\r\n\x1a\n", "a.docx", origin="o")
    with pytest.raises(ReadError, match=r"^The file is damaged, or not of the kind that its name says\.$"):
        read_bytes(saved(pptx.Presentation()), "a.docx", origin="o")
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    with pytest.raises(ReadError, match=r"^The file is in the office format of before 2007"):
        read_bytes(old, "a.docx", origin="o")
    with pytest.raises(ReadError, match=r"^The file is encrypted: save it without its password"):
        read_bytes(old + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", origin="o")
    with pytest.raises(ReadError, match=r"^Files of the kind '\.doc' are not read: save it as docx, and add that\.$"):
        read_bytes(old, "a.doc", origin="o")
