"""Workbooks and text with delimiters: a row stays a row, with its headers."""

from __future__ import annotations

import csv
import datetime
import io

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from corpus.document import Document, PublishedDate
from corpus.readers.encoding import line
from corpus.readers.rows import row_line
from corpus.reading import Limits, ReadError, read_bytes


def read(text: str | bytes, name: str = "ships.csv", limits: Limits | None = None) -> list[Document]:
    data = text.encode() if isinstance(text, str) else text
    return read_bytes(data, name, origin="o", limits=limits)


def rows(document: Document) -> list[tuple[str, str]]:
    return [(page.locator, page.span.of(document.text)) for page in document.pages]


def workbook(*sheets: tuple[str, list[list[object]]], hidden: str = "") -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"})
    for name, content in sheets:
        sheet = book.add_worksheet(name)
        for place, row in enumerate(content):
            sheet.write_row(place, 0, row)
        if name == hidden:
            sheet.hide()
    book.close()
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ships.csv", "Year,Ships in port\n2022,33\n2023,35\n"),
        ("ships.csv", "Year;Ships in port\r\n2022;33\r\n2023;35\r\n"),
        ("ships.tsv", "Year\tShips in port\n2022\t33\n2023\t35\n"),
        ("ships.csv", 'Year|Ships in port\n"2022"|33\n2023|"35\n"'),
        ("ships.csv", "\ufeffYear,Ships in port\n2022,33\n2023,35"),
    ],
)
def test_a_row_is_a_line_with_its_headers(name: str, text: str) -> None:
    """Whatever parts its cells; and it is cited by the number that a spreadsheet gives it."""
    (document,) = read(text, name)
    assert document.title == "ships"
    assert rows(document) == [
        ("row 2", "Year: 2022; Ships in port: 33"),
        ("row 3", "Year: 2023; Ships in port: 35"),
    ]


def test_a_table_of_another_encoding_is_read() -> None:
    """Windows-1252, as spreadsheets of the west export."""
    (document,) = read("Stadt;Größe\nKöln;1.084.831\nMünchen;1.512.491\nNürnberg;523.026\n".encode("cp1252"))
    assert rows(document)[0] == ("row 2", "Stadt: Köln; Größe: 1.084.831")


def test_the_values_of_a_workbook_are_as_they_are_shown() -> None:
    """Formats, dates, several sheets and several tables on one; hidden sheets are left out."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    book.set_properties({"title": "Traffic", "author": "Ann Author"})
    form = {
        key: book.add_format({"num_format": value})
        for key, value in {
            "%": "0.0%",
            "day": "d/m/yy",
            "€": "[$€-407] #,##0.00",
            ",": "#,##0",
            "kr": '#,##0 "kr"',
        }.items()
    }
    sheet = book.add_worksheet("Exports")
    sheet.write(0, 0, "Exports of the harbour")
    sheet.write_row(2, 0, ["Year", "Tons", "Share", "Closed on", "Revenue", "Paid"])
    sheet.write(3, 0, 2022)
    sheet.write(3, 1, 1204, form[","])
    sheet.write(3, 2, 0.331, form["%"])
    sheet.write_datetime(3, 3, datetime.datetime(2022, 12, 30), form["day"])
    sheet.write(3, 4, 1234.5, form["€"])
    sheet.write(3, 5, 7000, form["kr"])
    sheet.write(4, 0, "Source: the Port Authority")
    sheet.write_row(6, 0, [2023, 0.1 + 0.2, True])
    crews = book.add_worksheet("Crews")
    crews.write_row(0, 0, ["Ship", "Crew"])
    crews.write_row(1, 0, ["Anna", 12])
    book.add_worksheet("Notes").hide()
    book.close()
    (document,) = read(file.getvalue(), "t.xlsx")
    assert (document.title, document.author) == ("Traffic", "Ann Author")
    assert rows(document) == [
        ("row 1 (Exports)", "Exports of the harbour"),
        (
            "row 4 (Exports)",
            "Year: 2022; Tons: 1,204; Share: 33.1%; Closed on: 2022-12-30; Revenue: €1,234.50; Paid: 7,000",
        ),
        ("row 5 (Exports)", "Source: the Port Authority"),
        ("row 7 (Exports)", "Year: 2023; Tons: 0.3; Share: TRUE"),
        ("row 2 (Crews)", "Ship: Anna; Crew: 12"),
    ]
    assert [(heading.level, heading.span.of(document.text)) for heading in document.headings] == [
        (1, "Exports"),
        (2, "Exports of the harbour"),
        (1, "Crews"),
    ]
    assert document.metadata == {"hidden sheets, not read": "Notes"}


def test_a_row_is_one_sentence() -> None:
    """However many full stops its cells hold."""
    from index.passages import split_sentences

    (document,) = read("Ship,Note\nAnna,Came late. It rained. Dr. Low was there.\nBerta,Sank.\n")
    assert [(sentence.kind, sentence.text) for sentence in split_sentences(document)] == [
        ("row", "Ship: Anna; Note: Came late. It rained. Dr. Low was there."),
        ("row", "Ship: Berta; Note: Sank."),
    ]


def test_rows_of_equal_length_are_not_taken_for_wrapped_prose() -> None:
    """Plain text of lines that are all about as long is put together; a table never is."""
    from index.passages import split_sentences

    lines = [f"{2012 + number},{1800 + number} tonnes of wool,{3 + number} pounds a kilo" for number in range(12)]
    (document,) = read("\n".join(("Year,Exports in the year,Price of wool on average", *lines)))
    assert len(split_sentences(document)) == 12
    prose = Document(
        text="\n".join(f"{number} A line that is about as long as the others and goes" for number in range(9)),
        title="a", origin="o", name="a",
    )  # fmt: skip
    assert len(split_sentences(prose)) == 1


def test_a_table_of_articles_becomes_documents() -> None:
    """A row with a text in it is an article; what its columns say of it is known."""
    text = "The harbour reopened on Monday, two weeks after the storm. " * 5
    table = (
        "headline,text,Published At,url,section\n"
        f'Harbour reopens,"{text}",2024-03-12,https://gazette.example/a,local\n'
        f'Bridge closed,"{text[::-1]}",12 May 2024,,local\n'
    )
    first, second = read(table)
    assert (first.title, first.text, first.url, first.metadata) == (
        "Harbour reopens", text.strip(), "https://gazette.example/a", {"section": "local"},
    )  # fmt: skip
    assert first.published == PublishedDate(datetime.date(2024, 3, 12), "metadata", "2024-03-12", 1.0)
    assert (second.title, second.published and second.published.value) == ("Bridge closed", datetime.date(2024, 5, 12))
    assert (first.origin, second.origin) == ("o#https://gazette.example/a", "o#Bridge closed")


def test_tables_are_limited() -> None:
    """Rows beyond the limit are refused by their number."""
    message = r"^The file has more than 2 rows, the most that are read: split it\.$"
    with pytest.raises(ReadError, match=message):
        read("a,b\n1,2\n3,4\n5,6\n", limits=Limits(max_rows=2))
    with pytest.raises(ReadError, match=message):
        read(workbook(("A", [["a", "b"], [1, 2], [3, 4]])), "a.xlsx", Limits(max_rows=2))


_CELL = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(lambda cell: bool(line(cell)))


@given(st.lists(st.lists(_CELL, min_size=3, max_size=3), max_size=6))
def test_no_cell_of_a_table_is_lost(table: list[list[str]]) -> None:
    """Every word of every cell stands in the text, whatever the cells hold."""
    file = io.StringIO()
    csv.writer(file, delimiter="\t").writerows(table)
    try:
        (document,) = read(file.getvalue(), "a.tsv")
    except ReadError:
        return
    told = "".join(document.text.split())
    for row in table:
        assert all("".join(line(cell).rstrip(" :").split()) in told for cell in row)


def test_a_row_without_headers_is_its_cells() -> None:
    """Empty cells are left out."""
    assert row_line((), ["a", "", "b"]) == "a; b"
    assert row_line(["x", "y", ""], ["1", "", "2"]) == "x: 1; 2"
