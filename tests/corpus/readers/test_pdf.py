"""PDF: real files, written by fpdf2."""

from __future__ import annotations

import datetime
import io

import pytest
from fpdf import FPDF
from PIL import Image

from corpus.document import Document, Heading, PublishedDate, Span
from corpus.reading import Limits, ReadError, read_bytes

LONG = "The commission counted the ships that came in during the year, and found fewer than ever. "


class Report(FPDF):
    """A4 pages with a header and a page number, as office programs make them."""

    def header(self) -> None:
        self.set_font("helvetica", size=8)
        self.cell(text="Port Authority, Annual Review", new_x="LMARGIN", new_y="NEXT")
        self.ln(8)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("helvetica", size=8)
        self.cell(text=f"Page {self.page_no()} of {{nb}}", align="C", w=0)

    def lines(self, *lines: str, size: float = 11, style: str = "") -> None:
        self.set_font("helvetica", style=style, size=size)  # type: ignore[arg-type]
        for line in lines:
            self.cell(text=line, new_x="LMARGIN", new_y="NEXT")

    def table(self, *rows: tuple[str, ...]) -> None:  # type: ignore[override]
        self.set_font("helvetica", size=11)
        for row in rows:
            for text in row:
                self.cell(text=text, w=50)
            self.ln()


def read(pdf: FPDF, name: str = "report.pdf") -> Document:
    return read_bytes(bytes(pdf.output()), name, origin="o")[0]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.span.of(document.text)) for heading in document.headings]


def pages(document: Document) -> list[tuple[int, str]]:
    return [(page.number, page.span.of(document.text)) for page in document.pages]


def test_a_report_is_its_text_by_pages() -> None:
    """Headings, paragraphs and rows are kept, with their pages; headers, footers and page numbers are not."""
    pdf = Report()
    pdf.set_title("Traffic in the harbour")
    pdf.set_author("Ann Author")
    pdf.add_page()
    pdf.lines("Traffic in the harbour", size=20)
    pdf.lines("Published: 12 November 2024")
    pdf.ln(6)
    pdf.lines("Ships", size=14)
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(w=0, text=LONG * 3 + "It was the last count.")
    pdf.add_page()
    pdf.table(("Year", "Exports", "Imports"), ("2022", "1,204", "800"), ("2023", "1,405", "910"))
    pdf.add_page()
    pdf.lines("The end came soon.")
    document = read(pdf)
    assert document.title == "Traffic in the harbour"
    assert document.author == "Ann Author"
    assert document.media_type == "application/pdf"
    assert document.published == PublishedDate(
        datetime.date(2024, 11, 12), "header line", "Published: 12 November 2024", 0.95
    )
    assert headings(document) == [(1, "Traffic in the harbour"), (2, "Ships")]
    assert pages(document) == [
        (
            1,
            "Traffic in the harbour\n\nPublished: 12 November 2024\n\nShips\n\n" + LONG * 3 + "It was the last count.",
        ),
        (2, "Year: 2022; Exports: 1,204; Imports: 800\nYear: 2023; Exports: 1,405; Imports: 910"),
        (3, "The end came soon."),
    ]


def test_words_parted_at_a_line_end_are_made_whole() -> None:
    """A hyphen goes where a line's end put it, and stays where the document writes the word with one."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    for line in (
        "The administration spoke of a well-known plan for the infra-",
        "structure of the harbour, and everybody who lives in the well-",
        "known quarter beside it has asked for more of it until 2019-",
        "2020, when it came to an end.",
    ):
        pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    assert read(pdf).text == (
        "The administration spoke of a well-known plan for the infrastructure of the harbour, and everybody who lives "
        "in the well-known quarter beside it has asked for more of it until 2019-2020, when it came to an end."
    )


def test_a_sentence_runs_over_the_end_of_a_page() -> None:
    """It stays one sentence, which begins on the first of its pages."""
    pdf = Report()
    for lines in (
        ("The commission counted all of the ships that came in during the year and found",),
        ("fewer of them than ever. It will count again.",),
        ("Another page.",),
    ):
        pdf.add_page()
        pdf.lines(*lines)
    document = read(pdf)
    assert document.text == (
        "The commission counted all of the ships that came in during the year and found fewer of them than ever. It "
        "will count again.\n\nAnother page."
    )
    assert document.pages[1].span.of(document.text) == "fewer of them than ever. It will count again."


def test_columns_are_read_one_after_the_other() -> None:
    """Also where the file draws them line by line."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    left = [f"Left line number {number} goes on and" for number in range(20)]
    right = [f"Right line number {number} goes on and" for number in range(20)]
    for number in (3, 1, 2, 0, *range(19, 3, -1)):
        pdf.text(20, 20 + 6 * number, left[number])
        pdf.text(120, 20 + 6 * number, right[number])
    words = read(pdf).text
    assert [words.index(line) for line in (*left, *right)] == sorted(words.index(line) for line in (*left, *right))


def test_a_stamp_along_the_margin_is_left_out() -> None:
    """Text that is turned against the rest is not of the text."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(w=0, text=LONG * 2)
    with pdf.rotation(90, 10, 200):
        pdf.text(10, 200, "DRAFT, not for distribution")
    assert read(pdf).text == (LONG * 2).strip()


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (datetime.datetime(2024, 3, 14, tzinfo=datetime.UTC), datetime.date(2024, 3, 14)),
        (datetime.datetime(2025, 1, 2, tzinfo=datetime.UTC), None),
    ],
)
def test_the_day_of_making_counts_only_where_the_text_bears_it_out(
    made: datetime.datetime, expected: datetime.date | None
) -> None:
    """Files are made anew long after they appeared: a wrong date is worse than none."""
    pdf = FPDF()
    pdf.set_creation_date(made)
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(w=0, text="Ships in the harbour, March 2024\n\n" + LONG)
    document = read(pdf)
    assert (document.published.value if document.published else None) == expected
    assert document.metadata == {"created": made.date().isoformat()}


def picture() -> FPDF:
    pdf = FPDF()
    pdf.add_page()
    pdf.image(Image.new("RGB", (60, 60), "grey"), w=100)
    return pdf


def test_pictures_of_pages_are_not_taken_for_text() -> None:
    """A PDF without a text layer is refused with what to do; single pages without one are told."""
    with pytest.raises(ReadError, match=r"^The PDF has no text layer, it holds pictures of pages: run OCR over it"):
        read(picture())
    pdf = picture()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.multi_cell(w=0, text=LONG)
    told: list[tuple[str, str]] = []
    document = read_bytes(
        bytes(pdf.output()), "report.pdf", origin="o", on_problem=lambda name, problem: told.append((name, problem))
    )[0]
    assert pages(document) == [(2, LONG.strip())]
    assert told == [("page 1", "Here is a picture without a text layer: it is not read, since that needs OCR.")]


def test_a_locked_or_broken_pdf_says_what_is_wrong() -> None:
    """One sentence for each."""
    pdf = FPDF()
    pdf.add_page()
    whole = bytes(pdf.output())
    with pytest.raises(ReadError, match=r"^The PDF's pages are empty\.$"):
        read_bytes(whole, "a.pdf", origin="o")
    with pytest.raises(ReadError, match=r"^The PDF is damaged or cut off: its pages can't be found\.$"):
        read_bytes(whole[:100], "a.pdf", origin="o")
    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption(owner_password="owner", user_password="user")
    with pytest.raises(ReadError, match=r"^The PDF is encrypted: save it without its password, and add that\.$"):
        read(pdf)


def test_pages_are_limited() -> None:
    """A book beyond the limit is refused by its number of pages."""
    pdf = Report()
    for _ in range(3):
        pdf.add_page()
    with pytest.raises(ReadError, match=r"^The PDF has 3 pages, at most 2 are read: split it\.$"):
        read_bytes(bytes(pdf.output()), "a.pdf", origin="o", limits=Limits(max_pages=2))


def test_bookmarks_are_headings() -> None:
    """Whatever they look like on the page, at the level that they have."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=11)
    pdf.start_section("Ships and their crews")
    pdf.cell(text="1 Ships and their crews", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    pdf.multi_cell(w=0, text=LONG)
    document = read(pdf)
    start = document.text.index("1 Ships")
    assert document.headings == (Heading(Span(start, start + 23), 1),)


def test_two_threads_read_at_once() -> None:
    """PDFium may not be called by two at once: they wait for one another."""
    from concurrent.futures import ThreadPoolExecutor

    pdf = Report()
    for _ in range(5):
        pdf.add_page()
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(w=0, text=LONG * 20)
    data = io.BytesIO(bytes(pdf.output())).getvalue()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: read_bytes(data, "a.pdf", origin="o")[0].text, range(8)))
    assert len(set(found)) == 1
