"""Files that are not what they should be: each a clear sentence, and no crash, whatever is in them."""

from __future__ import annotations

import email.message
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
import xlsxwriter
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.document import Document
from corpus.reading import Limits, ReadError, find_files, read_bytes, read_file

TEXT = "The harbour reopened on Monday, two weeks after the storm. Thirty-three ships came in."
LIMITS = Limits(max_bytes=4_000_000, max_unpacked_bytes=16_000_000, max_members=200, max_seconds=20)


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def _pdf() -> bytes:
    pdf = FPDF()
    for number in range(3):
        pdf.add_page()
        pdf.set_font("helvetica", size=18)
        pdf.start_section(f"Part {number}")
        pdf.cell(text=f"Part {number}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(w=0, text=TEXT * 5)
    return bytes(pdf.output())


def _docx() -> bytes:
    file, out = docx.Document(), io.BytesIO()
    file.add_heading("Harbour", 1)
    file.add_paragraph(TEXT)
    file.add_table(2, 2).rows[0].cells[0].text = "Year"
    file.save(out)
    return out.getvalue()


def _pptx() -> bytes:
    file, out = pptx.Presentation(), io.BytesIO()
    slide = file.slides.add_slide(file.slide_layouts[1])
    slide.shapes.title.text = "Harbour"
    slide.placeholders[1].text = TEXT
    slide.notes_slide.notes_text_frame.text = TEXT
    file.save(out)
    return out.getvalue()


def _xlsx() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("Ships")
    sheet.write_row(0, 0, ["Year", "Ships"])
    sheet.write_row(1, 0, [2022, 33.5], book.add_format({"num_format": "#,##0.00 €"}))
    book.close()
    return out.getvalue()


def _eml() -> bytes:
    mail = email.message.EmailMessage()
    mail["From"], mail["Date"], mail["Subject"] = "a@b.example", "Tue, 12 Mar 2024 08:00:00 +0000", "Häfen"
    mail.set_content(TEXT)
    mail.add_alternative(f"<p>{TEXT}</p>", subtype="html")
    mail.add_attachment(b"Ship,Crew\nAnna,12\n", maintype="text", subtype="csv", filename="crews.csv")
    return bytes(mail)


def _epub() -> bytes:
    return _zip(
        {
            "META-INF/container.xml": b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            b'<rootfile full-path="book.opf"/></rootfiles></container>',
            "book.opf": b'<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
            b'<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            b'<spine><itemref idref="a"/></spine></package>',
            "a.xhtml": f"<html><body><h1>Harbour</h1><p>{TEXT}</p></body></html>".encode(),
        }
    )


_HTML = (
    f"<html lang=en><head><title>Harbour</title><meta name=date content=2024-03-12></head><body><nav>menu</nav>"
    f"<article><h1>Harbour</h1><p>{TEXT * 4}</p><table><tr><th>a<th>b<tr><td>1<td>2</table></article></body></html>"
).encode()
_ARTICLES = [
    {"title": f"Harbour {number}", "text": TEXT, "date": "2024-03-12", "url": "https://a.example"} for number in (1, 2)
]
SAMPLES: dict[str, Callable[[], bytes]] = {
    "a.txt": lambda: f"Harbour\n\nPublished: 12 March 2024\n\n{TEXT}\n\n- one\n- two\n".encode(),
    "a.md": lambda: (
        f"---\ntitle: Harbour\ndate: 2024-03-12\n---\n# Harbour\n\n{TEXT}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode()
    ),
    "a.html": lambda: _HTML,
    "a.mhtml": lambda: (
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n"
        + _HTML
        + b"\n--x--\n"
    ),
    "a.pdf": _pdf,
    "a.docx": _docx,
    "a.pptx": _pptx,
    "a.xlsx": _xlsx,
    "a.csv": lambda: 'Year;Ships;Note\n2022;33;"one; two"\n2023;35;ü\n'.encode(),
    "a.tsv": lambda: b"Year\tShips\n2022\t33\n2023\t35\n",
    "a.json": lambda: json.dumps({"articles": _ARTICLES}).encode(),
    "a.jsonl": lambda: "\n".join(json.dumps(article) for article in _ARTICLES).encode(),
    "a.eml": _eml,
    "a.epub": _epub,
    "a.zip": lambda: _zip({"a.txt": TEXT.encode(), "b/c.csv": b"a,b\n1,2\n", "d.epub": _epub()}),
}
ZIPPED = frozenset({"a.docx", "a.pptx", "a.xlsx", "a.epub", "a.zip"})


@cache
def sample(name: str) -> bytes:
    return SAMPLES[name]()


def check(documents: list[Document]) -> None:
    """What every document holds to, whatever it was made of."""
    assert documents
    for document in documents:
        assert document.text.strip()
        document.title.encode()
        "".join((document.source, document.author, document.url, document.name, document.origin)).encode()
        json.dumps(dict(document.metadata)).encode()
        "".join([*document.metadata, *document.metadata.values()]).encode()
        assert "\0" not in document.text
        ends = [0, *(page.span.end for page in document.pages)]
        assert all(page.span.start >= end for page, end in zip(document.pages, ends, strict=False))
        assert ends[-1] <= len(document.text)
        assert all(heading.span.of(document.text).strip() for heading in document.headings)


def told(data: bytes, name: str, limits: Limits = LIMITS) -> str:
    """Why a file can't be read; empty where it can."""
    problems: list[str] = []
    try:
        check(read_bytes(data, name, origin="o", limits=limits, on_problem=lambda _, problem: problems.append(problem)))
    except ReadError as error:
        problems.append(str(error))
    for problem in problems:
        assert re.fullmatch(r"[A-Z].{8,400}[.…?]", problem), problem  # a sentence, on one line
    return problems[-1] if problems else ""


@pytest.mark.parametrize("name", SAMPLES)
def test_each_kind_is_read(name: str) -> None:
    """The samples that the tests below spoil are whole."""
    assert told(sample(name), name) == ""


@st.composite
def spoiled(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with a few places changed, cut out, doubled or cut off."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(start + draw(st.sampled_from((1, 2, 8, 100, 2_000))), len(data))
        match draw(st.sampled_from(("change", "remove", "double", "insert", "cut off"))):
            case "change":
                data = (
                    data[:start]
                    + draw(
                        st.binary(min_size=end - start, max_size=end - start)
                        if end - start < 9
                        else st.just(b"\xff" * (end - start))
                    )
                    + data[end:]
                )
            case "remove":
                data = data[:start] + data[end:]
            case "double":
                data = data[:end] + data[start:end] * draw(st.sampled_from((1, 3, 50))) + data[end:]
            case "insert":
                nasty = (
                    b"\0",
                    b"<",
                    b"&",
                    b'"',
                    b"\xed\xa0\x80",
                    b"\\ud800",
                    b"<!DOCTYPE x>",
                    b"[" * 3_000,
                    b"<div>" * 3_000,
                )
                data = data[:start] + draw(st.sampled_from(nasty)) + data[start:]
            case _:
                data = data[:start]
    return data


@st.composite
def spoiled_part(draw: st.DrawFn, data: bytes) -> bytes:
    """A zip with one of the files inside spoiled."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = draw(st.sampled_from(sorted(members)))
    return _zip({**members, name: draw(spoiled(members[name]))})


@pytest.mark.parametrize("name", SAMPLES)
@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "25")),
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_spoiled_file_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Documents that hold to every law, or one clear sentence: nothing else comes out of a reader."""
    inside = name in ZIPPED and data.draw(st.booleans())
    told(data.draw(spoiled_part(sample(name)) if inside else spoiled(sample(name))), name)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_empty_file_says_so(name: str) -> None:
    """Of any kind, of no bytes or of white space."""
    assert told(b"", name) == "The file is empty."
    assert told(b" \r\n\t ", name) == "The file is empty."


@pytest.mark.parametrize("name", sorted({"a.pdf", *ZIPPED}))
def test_half_a_file_says_so(name: str) -> None:
    """A download that was cut off."""
    assert re.search("damaged|cut off", told(sample(name)[: len(sample(name)) // 2], name))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_picture_by_any_other_name_is_refused(name: str) -> None:
    """By what it is."""
    problem = told(b"\x89PNG\r\n\x1a\n" + b"\0\1\2\3" * 100, name)
    assert problem.startswith(f"The file's name ends in {Path(name).suffix}, but it holds a PNG picture")


@pytest.mark.parametrize(
    ("data", "name"), [("a.pdf", "b.txt"), ("a.docx", "b.pdf"), ("a.zip", "b.md"), ("a.xlsx", "b.csv")]
)
def test_a_file_under_another_kinds_name_is_refused(data: str, name: str) -> None:
    """Rather than read as what it is not."""
    assert re.search(r"but it holds a .*: give it its right name\.$", told(sample(data), name))


def test_a_text_by_the_name_of_another_kind_is_refused() -> None:
    """A page that says "please log in", saved under the name of the file behind it."""
    assert told(_HTML, "a.pdf") == "The file's name ends in .pdf, but it does not begin as such files do."


def test_ten_thousand_elements_within_one_another_are_read() -> None:
    """The text of a page counts, however deep it lies."""
    page = b"<html><body>" + b"<div>" * 10_000 + TEXT.encode() + b"</div>" * 10_000
    assert [document.text for document in read_bytes(page, "a.html", origin="o")] == [TEXT]


def test_half_characters_and_nul_bytes_are_replaced() -> None:
    """In texts and in names."""
    (document,) = read_bytes(b"\0One \xed\xa0\x80 text." + " Über".encode() * 40, "a\udc80.txt", origin="o")
    assert (document.text, document.name) == ("One \ufffd\ufffd\ufffd text." + " Über" * 40, "a?.txt")


def test_limits_are_told() -> None:
    """What was found, and what is read at most."""
    assert told(b"a" * 11, "a.txt", Limits(max_bytes=10)) == "The file has 11 bytes, at most 10 are read."
    assert told(b"a" * 11, "a.txt", Limits(max_characters=10)) == "The text has 11 characters, at most 10 are read."
    assert told(_HTML, "a.html", Limits(max_markup_bytes=10)).endswith("bytes, at most 10 are read.")
    assert told(sample("a.pdf"), "a.pdf", Limits(max_seconds=0)) == "The file took longer than 0 seconds to read."


class BeingWritten(type(Path())):
    """A file to which somebody adds a line whenever it is opened."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        with super().open("a") as file:
            file.write("One more.\n")
        return super().open(*arguments, **options)


def test_a_file_that_is_being_written_is_refused(tmp_path: Path) -> None:
    """Rather than read half; once it is written it is read."""
    path = tmp_path / "log.txt"
    path.write_text("A line of the log.\n")
    with pytest.raises(ReadError, match=r"^The file changed while it was read: try again when it is written\.$"):
        read_file(BeingWritten(path))
    assert len(read_file(path)) == 1


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """Links to folders are not followed, those to files are; one to itself or to nothing is told when it is read."""
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "c.txt").symlink_to(tmp_path / "c.txt")
    (tmp_path / "d.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "e.txt").symlink_to(tmp_path / "lost.txt")
    assert [path.name for path in find_files(tmp_path)] == ["a.txt", "c.txt", "d.txt", "e.txt"]
    with pytest.raises(ReadError, match=r"^The file can't be read: "):
        read_file(tmp_path / "c.txt")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, a file that is not there."""
    os.mkfifo(tmp_path / "pipe.txt")
    for path, problem in (
        (tmp_path, "It is not a regular file."),
        (tmp_path / "pipe.txt", "It is not a regular file."),
    ):
        with pytest.raises(ReadError, match=re.escape(problem)):
            read_file(path)
    with pytest.raises(ReadError, match=r"^The file can't be read: No such file or directory\.$"):
        read_file(tmp_path / "lost.txt")


def test_a_nul_in_a_short_table_makes_it_no_other_encoding() -> None:
    """Its digits never become letters of another script: it is refused as what it is."""
    with pytest.raises(ReadError, match="holds NUL bytes"):
        read_bytes(b"0\t0\t1\0\r\n", "a.tsv", origin="o")
