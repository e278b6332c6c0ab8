"""One question for each kind of file that only it can answer: the citation says where in the file the quote stands."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import docx
import pptx
import pytest
import xlsxwriter
from fpdf import FPDF

if TYPE_CHECKING:
    from assistant.parts import Parts


def _pdf() -> bytes:
    pdf = FPDF()
    for text in (
        "The board keeps nine lighthouses on the coast.",
        "The lamp of Skerry lighthouse was replaced by an electric one in May 2023.",
    ):
        pdf.add_page()
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(w=0, text=text)
    return bytes(pdf.output())


def _docx() -> bytes:
    file, out = docx.Document(), io.BytesIO()
    file.add_heading("Minutes of the ferry committee", 0)
    file.add_paragraph("12 November 2024")
    file.add_paragraph("The committee decided that the night ferry to Arran will sail at 23:40 from April.")
    file.save(out)
    return out.getvalue()


def _pptx() -> bytes:
    file, out = pptx.Presentation(), io.BytesIO()
    for title, text in (("Oyster farm", "An overview"), ("Harvest", "The oyster farm harvested 310 tonnes in 2022.")):
        slide = file.slides.add_slide(file.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    file.save(out)
    return out.getvalue()


def _xlsx() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("Exports")
    sheet.write_row(0, 0, ["Year", "Wool exports (tonnes)", "Price per kilo"])
    for number in range(12):
        sheet.write_row(number + 1, 0, [2012 + number, 1800 + 137 * number, 3.2 + number / 10])
    book.close()
    return out.getvalue()


def _epub() -> bytes:
    return _zip(
        {
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="book.opf"/></rootfiles></container>',
            "book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
            '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
            '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
            "a.xhtml": "<html><body><h1>Calm</h1><p>Nothing happened for a year.</p></body></html>",
            "b.xhtml": "<html><body><h1>The Storm</h1>"
            "<p>The schooner Medusa sank off Islay with a cargo of salt.</p></body></html>",
        }
    )


def _eml() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Date"], mail["Subject"] = "m@b.example", "Mon, 06 May 2024 09:00:00 +0100", "New loom"
    mail.set_content("The new loom arrives next Monday. It was built in Huddersfield.")
    return bytes(mail)


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "lighthouses.pdf": _pdf,
    "minutes.docx": _docx,
    "oysters.pptx": _pptx,
    "wool.xlsx": _xlsx,
    "rain.csv": lambda: b"Month;Rainfall (mm);Days of rain\nJanuary 2024;131;22\nFebruary 2024;98;17\n",
    "news.json": lambda: json.dumps(
        [{"title": "Puffins", "text": "Wardens counted 4,100 puffins on Staffa this week.", "date": "2023-06-12"}]
    ).encode(),
    "sea.epub": _epub,
    "loom.eml": _eml,
    "bees.zip": lambda: _zip({"bees.md": "# Bees\n\nThe bees of Colonsay are black bees, protected since 2014.\n"}),
    "glacier.txt": lambda: (
        b"Glacier report\n\nPublished: 3 March 2021\n\nThe Aletsch glacier lost 42 metres of its length last year.\n"
    ),
    "canal.md": lambda: b"---\ndate: 2022-07-04\n---\n# The canal\n\nThe canal of Corinth reopened on Monday.\n",
    "trams.tsv": lambda: b"City\tTrams\tOpened\nLisbon\t60\t1873\nPorto\t9\t1895\n",
    "owls.jsonl": lambda: "\n".join(
        json.dumps({"title": title, "text": text, "date": day})
        for title, text, day in (
            ("Owls of Oulu", "Ringers marked 212 tawny owls near Oulu in spring.", "2019-06-01"),
            ("Owl boxes", "Volunteers hung 90 owl boxes in Rovaniemi.", "2020-10-05"),
        )
    ).encode(),
    "windmill.mhtml": lambda: (
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n"
        b"<html><title>Windmill</title><meta property=article:published_time content=2018-05-06>"
        b"<p>The windmill of Kinderdijk was struck by lightning on Saturday.</html>\n--x--\n"
    ),
    "castle.html": lambda: b"<html><title>Castle</title><p>The castle of Duart was restored by Fitzroy Maclean.</html>",
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The real model over a file of each kind."""
    from assistant import ingestion
    from assistant.parts import open_parts
    from assistant.settings import Settings

    folder = tmp_path_factory.mktemp("files")
    for name, content in FILES.items():
        (folder / name).write_bytes(content())
    parts = open_parts(Settings(data_dir=tmp_path_factory.mktemp("data")))
    results = list(ingestion.ingest(parts.library, ingestion.find([Path(folder)]).files))
    assert {result.status for result in results} == {"added"}
    yield parts
    parts.close()


@pytest.mark.parametrize(
    ("question", "quote", "page", "locator", "published"),
    [
        (
            "When was the lamp of Skerry lighthouse replaced?",
            "The lamp of Skerry lighthouse was replaced by an electric one in May 2023.",
            2, "page 2", None,
        ),
        (
            "When does the night ferry to Arran sail?",
            "The committee decided that the night ferry to Arran will sail at 23:40 from April.",
            None, None, "2024-11-12",
        ),
        (
            "How many tonnes did the oyster farm harvest in 2022?",
            "The oyster farm harvested 310 tonnes in 2022.",
            2, "slide 2 (Harvest)", None,
        ),
        (
            "What were the wool exports in 2021?",
            "Year: 2021; Wool exports (tonnes): 3033; Price per kilo: 4.1",
            11, "row 11 (Exports)", None,
        ),
        (
            "How much rain fell in February 2024?",
            "Month: February 2024; Rainfall (mm): 98; Days of rain: 17",
            3, "row 3", None,
        ),
        (
            "How many puffins were counted on Staffa?",
            "Wardens counted 4,100 puffins on Staffa this week.",
            None, None, "2023-06-12",
        ),
        (
            "Which schooner sank off Islay?",
            "The schooner Medusa sank off Islay with a cargo of salt.",
            2, "chapter 2 (The Storm)", None,
        ),
        ("When does the new loom arrive?", "The new loom arrives next Monday.", None, None, "2024-05-06"),
        (
            "Since when are the bees of Colonsay protected?",
            "The bees of Colonsay are black bees, protected since 2014.",
            None, None, None,
        ),
        (
            "How much did the Aletsch glacier lose?",
            "The Aletsch glacier lost 42 metres of its length last year.",
            None, None, "2021-03-03",
        ),
        (
            "When did the canal of Corinth reopen?",
            "The canal of Corinth reopened on Monday.",
            None, None, "2022-07-04",
        ),
        ("How many trams are there in Porto?", "City: Porto; Trams: 9; Opened: 1895", 3, "row 3", None),
        (
            "How many owl boxes were hung in Rovaniemi?",
            "Volunteers hung 90 owl boxes in Rovaniemi.",
            None, None, "2020-10-05",
        ),
        (
            "What struck the windmill of Kinderdijk?",
            "The windmill of Kinderdijk was struck by lightning on Saturday.",
            None, None, "2018-05-06",
        ),
        ("Who restored the castle of Duart?", "The castle of Duart was restored by Fitzroy Maclean.", None, None, None),
    ],
)  # fmt: skip
def test_each_kind_of_file_answers_and_says_where(
    parts: Parts, question: str, quote: str, page: int | None, locator: str | None, published: str | None
) -> None:
    """The first quote is the sentence or the row, with its page, slide, row or chapter, and the file's own date."""
    answer = parts.assistant.ask(question).to_dict()

    assert answer["answered"]
    first = answer["citations"][0]
    assert {key: first[key] for key in ("quote", "page", "locator", "published")} == {
        "quote": quote,
        "page": page,
        "locator": locator,
        "published": published,
    }
