"""Tables: workbooks, and text with commas, semicolons or tabs. A row becomes one line that carries its headers.

A table whose rows are articles (a column "text" with prose in it) becomes a document for each of them.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import re
import statistics
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.document import Document
from corpus.published import from_file_name
from corpus.readers.archive import check_office
from corpus.readers.articles import Record, apart, fold
from corpus.readers.encoding import decode, line
from corpus.readers.properties import author_of, title_of
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.rows import is_header, row_line
from corpus.readers.text import readable

_DELIMITERS = ",;\t|"
_LOOKED_AT = 50
"""Rows that tell the delimiter."""
_ARTICLE_COLUMNS = frozenset(
    {"text", "body", "content", "article", "articletext", "articlebody", "maintext", "fulltext"}
)
_SHORTEST_ARTICLE = 200
"""Characters, by the median, from which a column's cells are articles and no notes."""
_CHECK_TIME = 500
"""Rows between two looks at the clock."""
_FORMAT_TEXT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?:[A-Za-z]+\d*|[<>=][^\]]*)\]')
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.([0?#]+))?")
_CURRENCY = re.compile(r"\[\$([^\]-]+)[^\]]*\]|([$€£¥₽₹₩])")


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    """As a spreadsheet counts, from 1."""
    cells: tuple[str, ...]
    """Each of one line."""


def read_csv(raw: Raw) -> list[Document]:
    """Rows of text with a delimiter, whichever it is."""
    text = decode(raw.data)
    is_tabbed = raw.name.lower().endswith((".tsv", ".tab"))
    delimiter = "\t" if is_tabbed else _delimiter(text)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) % _CHECK_TIME == 0:
                raw.budget.check_time()
            rows.append(row)
            _check_rows(len(rows), raw)
    except csv.Error as error:
        raise ReadError(f"The table can't be read: {error} in row {len(rows) + 1:,}.") from error
    if articles := _articles(rows, raw):
        return articles
    prose = Prose(raw.limits)
    _write(_numbered(rows), prose, raw)
    media_type = "text/tab-separated-values" if delimiter == "\t" else "text/csv"
    return [_document(prose, raw, media_type)]


def read_workbook(raw: Raw) -> list[Document]:
    """The visible sheets of a workbook, with values as they are shown."""
    from openpyxl import load_workbook

    check_office(raw, "xl/")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that it leaves out
        book = load_workbook(io.BytesIO(raw.data), read_only=True, data_only=True, keep_links=False)
        try:
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            prose = Prose(raw.limits)
            total = 0
            for sheet in sheets:
                sheet.reset_dimensions()  # some programs write wrong ones
                rows: list[_Row] = []
                for number, cells in enumerate(sheet.iter_rows(), 1):
                    if number % _CHECK_TIME == 0:
                        raw.budget.check_time()
                    shown = tuple(_shown(cell) for cell in cells)
                    if any(shown):
                        total += 1
                        _check_rows(total, raw)
                    rows.append(_Row(number, shown))
                if len(sheets) == 1 and (articles := _articles([row.cells for row in rows], raw)):
                    return articles
                if len(sheets) > 1 and any(any(row.cells) for row in rows):
                    prose.heading(sheet.title, 1)
                _write(rows, prose, raw, sheet.title)
            properties = book.properties
        finally:
            book.close()
    hidden = ", ".join(sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible")
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return [_document(prose, raw, media_type, title_of(properties.title), author_of(properties.creator), hidden)]


def _document(prose: Prose, raw: Raw, media_type: str, title: str = "", author: str = "", hidden: str = "") -> Document:
    return Document(
        text=prose.text,
        title=title or readable(raw.name),
        origin=raw.origin,
        name=raw.name,
        media_type=media_type,
        published=from_file_name(raw.name),
        author=author,
        headings=prose.headings,
        pages=prose.pages,
        metadata={"hidden sheets, not read": hidden} if hidden else {},
    )


def _write(rows: Iterable[_Row], prose: Prose, raw: Raw, sheet: str = "") -> None:
    """The tables of a sheet: an empty row parts them, and the second may go on with the headers of the first."""
    headers: tuple[str, ...] = ()
    for is_blank, block in itertools.groupby(rows, key=lambda row: not any(row.cells)):
        if is_blank:
            continue
        table = list(block)
        while table and sum(map(bool, table[0].cells)) == 1 and (len(table) == 1 or _width(table[1]) > 1):
            with prose.page(table[0].number, "row", sheet):  # a caption
                prose.heading(next(cell for cell in table[0].cells if cell), 2)
            del table[0]
        if len(table) > 1 and is_header(table[0].cells, table[1].cells):
            headers = table[0].cells
            del table[0]
        elif table and _width(table[0]) > len(headers):
            headers = ()
        for number, row in enumerate(table):
            if number % _CHECK_TIME == 0:
                raw.budget.check_time()
            # Alone in a wide table stands a note, or the name of a group, and nothing of the first column.
            is_note = len(headers) > 2 and _width(row) == 1 and not any(map(str.isdigit, row.cells[0]))
            with prose.page(row.number, "row", sheet):
                prose.write(row_line(() if is_note else headers, row.cells), "\n" if number else "\n\n")


def _width(row: _Row) -> int:
    """Cells up to the last one that says something."""
    return max((place for place, cell in enumerate(row.cells, 1) if cell), default=0)


def _numbered(rows: Iterable[Sequence[str]]) -> Iterator[_Row]:
    for number, row in enumerate(rows, 1):
        yield _Row(number, tuple(line(cell) for cell in row))


def _articles(rows: Sequence[Sequence[str]], raw: Raw) -> list[Document]:
    """The articles of a table of articles; none where it is another table."""
    if len(rows) < 2:
        return []
    names = [fold(cell) for cell in rows[0]]
    column = next((place for place, name in enumerate(names) if name in _ARTICLE_COLUMNS), None)
    if column is None or len(names) < 2:
        return []
    lengths = [len(row[column]) for row in rows[1:] if len(row) > column]
    if not lengths or statistics.median(lengths) < _SHORTEST_ARTICLE:
        return []
    records = (Record.of(dict(zip(rows[0], row, strict=False))) for row in rows[1:])
    found: list[Document] = []
    for number, record in enumerate(records, 2):
        if number % _CHECK_TIME == 0:
            raw.budget.check_time()
        if record.is_article:
            found.append(record.document(raw, number))
    return apart(found)


def _delimiter(text: str) -> str:
    """The sign that parts most rows into equally many cells."""
    best = (0.0, 0, ",")
    sample = text[: 256 * 1024]
    for delimiter in _DELIMITERS:
        try:
            rows = itertools.islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), _LOOKED_AT)
            widths = [len(row) for row in rows if row]
        except csv.Error:
            continue  # a quote that never ends, with this sign
        if not widths:
            continue
        usual = statistics.mode(widths)
        share = widths.count(usual) / len(widths) if usual > 1 else 0.0
        best = max(best, (round(share, 2), usual, delimiter))
    return best[2]


def _check_rows(count: int, raw: Raw) -> None:
    if count > raw.limits.max_rows:
        raise ReadError(f"The file has more than {raw.limits.max_rows:,} rows, the most that are read: split it.")


def _shown(cell: Any) -> str:
    """What a cell of a workbook shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return line(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "")
    return str(value)


def _number(value: float, form: str) -> str:
    """A number in the parts of its format that change its meaning: percent, decimals, thousands, currency."""
    form = form.partition(";")[0]
    currency = _CURRENCY.search(form)
    bare = _CURRENCY.sub("", _FORMAT_TEXT.sub("", form))
    digits = _DIGITS.search(bare)
    if digits is None or re.search(r"[eE][+-]|/", bare):
        return f"{value:.15g}"
    percent = "%" if "%" in bare else ""
    value = value * 100 if percent else value
    decimals = len(digits[1] or "")
    text = f"{value:{',' if ',' in digits.group() else ''}.{decimals}f}"
    if currency is not None:
        sign = currency[1] or currency[2]
        before = currency.start() < (_DIGITS.search(form) or digits).start()
        text = f"{sign}{text}" if before else f"{text} {sign}"
    return text + percent
