"""PDF: the text of its pages as its reader sees it, without what repeats on every page.

PDFium gives characters with their boxes. From these come lines, from lines paragraphs, headings and rows of tables.
Words that were parted at a line's end are made whole, and a sentence that runs over the end of a page stays one.
"""

from __future__ import annotations

import ctypes
import datetime
import itertools
import math
import re
import statistics
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from corpus.document import Document
from corpus.readers.properties import author_of, published_of, title_of
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.rows import is_header, row_line
from corpus.readers.text import readable

_PDFIUM = threading.Lock()
"""PDFium may not be called by two threads at once, not even for two files."""
_WRONG_PASSWORD = 4
"""FPDF_ERR_PASSWORD"""
_NO_TEXT = (
    "The PDF has no text layer, it holds pictures of pages: run OCR over it (with ocrmypdf, say) and add the result."
)
_PARTED = "\x02"
"""What PDFium gives for a hyphen that parts a word at a line's end."""
_CELL = "\t"
_CELL_GAP = 0.8
"""Space between the words of a line, in sizes of its font, from which they may be cells of a table."""
_ALIGNED = 2.0
"""Points by which the cells of a column may be out of line."""
_MARGIN = 0.15
"""Share of a page's height, at its top and foot, in which headers and footers stand."""
_OUTERMOST = 4
"""Lines at the top and at the foot of a page that may be header or footer."""
_SAME_PLACE = 6.0
"""Points by which a header may move from page to page."""
_LARGER = 1.12
"""Size of a heading by that of the body."""
_LONGEST_HEADING = 160
_MOST_UNREADABLE = 0.3
"""Share of characters without a meaning, from which a page's fonts tell nothing of its text."""
_DISORDER = 0.25
"""Share of lines that stand above the one before them, from which the order of the file is not that of reading."""
_PROSE = 25
"""Characters from which the parts of a line are those of columns of prose and not cells."""
_LINES_OF_COLUMNS = 6
_LIST_MARKER = re.compile(r"(?:[-*•‣–—▪●◦]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_CONTENTS_ENTRY = re.compile(r".*(?:\.[ \t]?){4,}[ \t]*[\divxlc]*")
_ENDS = re.compile(r"[.!?:;]['\"”’)\]]*$")
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)
_DATE = re.compile(r"D?:?(\d{4})(\d{2})(\d{2})")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page, or a part of one that stands apart; measures in points from the page's lower left corner."""

    text: str
    """With a tab between cells."""
    left: float
    bottom: float
    right: float
    top: float
    size: float
    """Of the font."""
    bold: bool
    parted: bool
    """Whether it ends within a word, at a hyphen that is no longer in the text."""
    cells: tuple[tuple[float, float], ...]
    """Left and right of each cell, or of the whole line."""

    @property
    def is_row(self) -> bool:
        return _CELL in self.text


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    height: float
    lines: tuple[_Line, ...]
    is_picture: bool
    """Whether it shows something, and has no text that can be read."""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    lines: tuple[_Line, ...]
    size: float
    is_bold: bool


@dataclass(frozen=True, slots=True)
class _File:
    pages: tuple[_Page, ...]
    outline: dict[str, int]
    """Titles of the bookmarks, folded: their levels from 1."""
    properties: dict[str, str]
    language: str


def read_pdf(raw: Raw) -> list[Document]:
    """The document of a PDF; its pages are kept for citations."""
    file = _content(raw)
    pictures = [page.number for page in file.pages if page.is_picture]
    if not any(page.lines for page in file.pages):
        raise ReadError(_NO_TEXT if pictures else "The PDF's pages are empty.")
    if pictures:
        raw.on_problem(
            _named(pictures), "Here is a picture without a text layer: it is not read, since that needs OCR."
        )
    pages = _without_furniture(file.pages)
    body = _body_size(pages)
    prose = Prose(raw.limits)
    writer = _Writer(prose, pages, body, file.outline)
    for page in pages:
        raw.budget.check_time()
        writer.write(page)
    text = prose.text
    made = _DATE.match(file.properties.get("CreationDate", ""))
    known = {"Title", "Author", "CreationDate", "ModDate", "Producer", "Creator", "Trapped"}
    first_page = prose.pages[0].span.of(text) if prose.pages else ""
    return [
        Document(
            text=text,
            title=title_of(file.properties.get("Title")) or _headline(pages, body) or readable(raw.name),
            origin=raw.origin,
            name=raw.name,
            media_type="application/pdf",
            published=published_of(first_page, raw.name, _day(made) if made else None),
            author=author_of(file.properties.get("Author")),
            language=file.language,
            headings=prose.headings,
            pages=prose.pages,
            metadata={
                **{key.casefold(): value for key, value in file.properties.items() if key not in known and value},
                **({"created": day.isoformat()} if made and (day := _day(made)) else {}),
            },
        )
    ]


def _content(raw: Raw) -> _File:
    """Everything that is wanted of PDFium, in one turn at it."""
    import pypdfium2
    from pypdfium2 import raw as pdfium

    with _PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(raw.data)
        except pypdfium2.PdfiumError as error:
            if error.err_code == _WRONG_PASSWORD:
                raise ReadError("The PDF is encrypted: save it without its password, and add that.") from error
            raise ReadError("The PDF is damaged or cut off: its pages can't be found.") from error
        try:
            if len(pdf) > raw.limits.max_pages:
                raise ReadError(f"The PDF has {len(pdf):,} pages, at most {raw.limits.max_pages:,} are read: split it.")
            pages = []
            for number in range(len(pdf)):
                raw.budget.check_time()
                pages.append(_page(pdf, number))
            length = pdfium.FPDFCatalog_GetLanguage(pdf, None, 0)
            buffer = ctypes.create_string_buffer(max(length, 2))
            pdfium.FPDFCatalog_GetLanguage(pdf, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
            language = buffer.raw.decode("utf-16-le", "replace").rstrip("\0")[:2].lower()
            return _File(
                tuple(pages),
                _outline(pdf),
                {key: " ".join(value.split()) for key, value in pdf.get_metadata_dict(skip_empty=True).items()},
                language if language.isascii() and language.isalpha() and len(language) == 2 else "",
            )
        finally:
            pdf.close()


def _outline(pdf: Any) -> dict[str, int]:
    """Some files have broken bookmarks and whole pages."""
    import pypdfium2

    try:
        return {_folded(mark.get_title()): mark.level + 1 for mark in pdf.get_toc(max_depth=6)}
    except pypdfium2.PdfiumError:
        return {}


def _page(pdf: Any, index: int) -> _Page:
    import pypdfium2

    try:
        page = pdf[index]
    except pypdfium2.PdfiumError:  # one damaged page is no reason to lose the others
        return _Page(index + 1, 0.0, (), is_picture=False)
    try:
        textpage = page.get_textpage()
        lines = _with_rows(_ordered(list(_lines(textpage))))
        characters = "".join(line.text for line in lines)
        unreadable = sum(
            character == "\N{REPLACEMENT CHARACTER}" or "\ue000" <= character <= "\uf8ff" for character in characters
        )
        if unreadable > _MOST_UNREADABLE * len(characters):
            lines = []
        shows = not lines and next(iter(page.get_objects(max_depth=4)), None) is not None
        return _Page(index + 1, page.get_height(), tuple(lines), shows)
    finally:
        page.close()


def _lines(textpage: Any) -> Iterator[_Line]:
    from pypdfium2 import raw as pdfium

    box = pdfium.FS_RECTF()
    written: list[str] = []
    seen: list[int] = []
    """Indices of the line's characters that can be seen."""
    cells: list[tuple[float, float]] = []
    bottom = top = 0.0
    upright = Counter[bool]()
    found: list[tuple[bool, _Line]] = []

    def close(*, parted: bool = False) -> None:
        text = _text(written)
        if text and seen:
            angle = pdfium.FPDFText_GetCharAngle(textpage, seen[0])
            level = (angle + 0.2) % (2 * math.pi) < 0.4
            upright[level] += len(text)
            size = max(_size(textpage, index) for index in {seen[0], seen[len(seen) // 2], seen[-1]})
            bold = all(_is_bold(textpage, index) for index in {seen[0], seen[-1]})
            left, right = min(cell[0] for cell in cells), max(cell[1] for cell in cells)
            found.append((level, _Line(text, left, bottom, right, top, size, bold, parted, tuple(cells))))
        written.clear()
        seen.clear()
        cells.clear()

    for index in range(textpage.count_chars()):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        character = chr(code) if code else "\N{REPLACEMENT CHARACTER}"
        if character in "\r\n":
            close()
        elif character in (_PARTED, "\ufffe"):
            close(parted=True)
        elif character.isspace():
            written.append(" ")
        elif not pdfium.FPDFText_GetLooseCharBox(textpage, index, box):
            written.append(character)
        else:
            if not cells:
                cells.append((box.left, box.right))
                bottom, top = box.bottom, box.top
            elif box.left - cells[-1][1] > _CELL_GAP * (top - bottom):
                written.append(_CELL)
                cells.append((box.left, box.right))
            else:
                cells[-1] = (min(cells[-1][0], box.left), max(cells[-1][1], box.right))
            if box.top - box.bottom > 1.05 * (top - bottom):  # a note's small number may open a line
                bottom, top = box.bottom, box.top
            seen.append(index)
            written.append(character)
    close()
    mostly = upright[True] >= upright[False]
    # A stamp along the margin, or a watermark across the page, is turned against the rest.
    yield from (line for level, line in found if level == mostly)


def _size(textpage: Any, index: int) -> float:
    """What the font's size comes to on the page."""
    from pypdfium2 import raw as pdfium

    matrix = pdfium.FS_MATRIX()
    scale = math.hypot(matrix.c, matrix.d) if pdfium.FPDFText_GetMatrix(textpage, index, matrix) else 1.0
    return float(round(pdfium.FPDFText_GetFontSize(textpage, index) * scale, 1))


def _with_rows(lines: Sequence[_Line]) -> list[_Line]:
    """Wide spaces are those between cells only where the cells of neighbouring lines stand below one another."""
    rows = {
        place
        for below, (above, line) in enumerate(itertools.pairwise(lines), 1)
        if above.is_row and line.is_row and _are_aligned(above, line)
        for place in (below - 1, below)
    }
    return [
        line if place in rows or not line.is_row else replace(line, text=line.text.replace(_CELL, " "))
        for place, line in enumerate(lines)
    ]


def _are_aligned(above: _Line, line: _Line) -> bool:
    """Whether all cells of the shorter line but the first stand below or above one of the other."""
    shorter, longer = sorted((above.cells, line.cells), key=len)
    return len(longer) - len(shorter) <= 1 and all(
        any(min(abs(one[0] - two[0]), abs(one[1] - two[1]), abs(sum(one) - sum(two)) / 2) <= _ALIGNED for two in longer)
        for one in shorter[1:]
    )


def _text(written: Sequence[str]) -> str:
    text = "".join(written).translate(_LIGATURES)
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # halves of a character in turn
    cells = [" ".join(cell.split()) for cell in text.split(_CELL)]
    return _CELL.join(cell for cell in cells if cell)


def _is_bold(textpage: Any, index: int) -> bool:
    from pypdfium2 import raw as pdfium

    if pdfium.FPDFText_GetFontWeight(textpage, index) >= 600:
        return True
    length = pdfium.FPDFText_GetFontInfo(textpage, index, None, 0, None)
    if length <= 0:
        return False
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFText_GetFontInfo(textpage, index, buffer, length, None)
    return any(word in buffer.value.lower() for word in (b"bold", b"black", b"heavy", b"cmbx"))


def _ordered(lines: list[_Line]) -> list[_Line]:
    """Lines as they are read. The order of the file is kept unless it jumps about, or runs across columns."""
    across = [line for line in lines if line.is_row and min(map(len, line.text.split(_CELL))) >= _PROSE]
    if len(across) >= max(_LINES_OF_COLUMNS, len(lines) // 2):
        return _by_columns([part for line in lines for part in (_split(line) if line in across else [line])])
    jumps = sum(
        line.bottom > before.top and line.left < before.right  # up, and not into the next column
        for before, line in itertools.pairwise(lines)
    )
    if jumps <= max(2, _DISORDER * len(lines)):
        return lines
    return _by_columns(lines)


def _split(line: _Line) -> list[_Line]:
    return [
        replace(
            line, text=text, left=cell[0], right=cell[1], cells=(cell,), parted=line.parted and cell is line.cells[-1]
        )
        for text, cell in zip(line.text.split(_CELL), line.cells, strict=True)
    ]


def _by_columns(lines: list[_Line]) -> list[_Line]:
    """Cut at the widest blank stripe, across or down, again and again (an XY cut)."""
    done: list[_Line] = []
    rest = [lines]
    while rest:
        part = rest.pop()
        cut = _cut(part) if len(part) > 1 else None
        if cut is None:
            done += sorted(part, key=lambda line: (-round(line.top), line.left))
        else:
            rest += reversed(cut)
    return done


def _cut(lines: list[_Line]) -> tuple[list[_Line], list[_Line]] | None:
    height = statistics.median(line.size for line in lines)
    across = _widest([(-line.top, -line.bottom) for line in lines])
    down = _widest([(line.left, line.right) for line in lines])
    if across is not None and across[0] > 0.8 * height and (down is None or across[0] >= down[0]):
        return [line for line in lines if -line.top < across[1]], [line for line in lines if -line.top >= across[1]]
    if down is not None and down[0] > 0.8 * height:
        return [line for line in lines if line.left < down[1]], [line for line in lines if line.left >= down[1]]
    return None


def _widest(intervals: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Width and middle of the widest gap between intervals."""
    best: tuple[float, float] | None = None
    end: float | None = None
    for start, stop in sorted(intervals):
        if end is not None and start > end and (best is None or start - end > best[0]):
            best = (start - end, (start + end) / 2)
        end = stop if end is None else max(end, stop)
    return best


# what repeats on every page


def _without_furniture(pages: Sequence[_Page]) -> list[_Page]:
    """The pages without headers, footers and page numbers."""
    body = _body_size(pages)
    places: dict[tuple[str, bool], list[tuple[int, _Line]]] = defaultdict(list)
    edges: dict[int, list[tuple[bool, _Line]]] = {}
    for page in pages:
        edges[page.number] = _edges(page)
        for at_top, line in edges[page.number]:
            if line.size <= body * _LARGER:
                places[re.sub(r"\d+|\b[ivxlc]+\b", "#", _folded(line.text)), at_top].append((page.number, line))
    enough = 3 if len(pages) > 2 else 2
    furniture: set[tuple[int, _Line]] = set()
    for found in places.values():
        middle = statistics.median(line.bottom for _, line in found)
        same = {(number, line) for number, line in found if abs(line.bottom - middle) <= _SAME_PLACE}
        if len({number for number, _ in same}) >= enough:
            furniture |= same
    heights = Counter(round(line.bottom) for _, line in furniture)
    usual = {height for height, count in heights.items() if count >= max(enough, 0.4 * len(pages))}
    for page in pages:
        for _, line in edges[page.number][:1] + edges[page.number][-1:]:
            # The header of a short chapter stands where the others do, and says something else.
            if round(line.bottom) in usual and line.size <= body * _LARGER and len(line.text) < 100:
                furniture.add((page.number, line))
    return [
        replace(page, lines=tuple(line for line in page.lines if (page.number, line) not in furniture))
        for page in pages
    ]


def _edges(page: _Page) -> list[tuple[bool, _Line]]:
    """The outermost lines at the top (True) and at the foot of a page, from the top down."""
    lines = sorted(page.lines, key=lambda line: -line.bottom)
    top = [line for line in lines[:_OUTERMOST] if line.bottom > page.height * (1 - _MARGIN)]
    foot = [line for line in lines[-_OUTERMOST:] if line.bottom < page.height * _MARGIN and line not in top]
    return [*((True, line) for line in top), *((False, line) for line in foot)]


def _body_size(pages: Sequence[_Page]) -> float:
    """The height in which most of the text is set."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


# lines into text


class _Writer:
    """Writes pages into a text; remembers how the last one ended, for the sentence that runs on."""

    def __init__(self, prose: Prose, pages: Sequence[_Page], body: float, outline: dict[str, int]) -> None:
        self._prose = prose
        self._body = body
        self._outline = outline
        sizes = {round(line.size, 1) for page in pages for line in page.lines}
        self._larger = sorted((size for size in sizes if size > body * _LARGER), reverse=True)
        bold = sum(len(line.text) for page in pages for line in page.lines if line.bold)
        self._bold_is_rare = bold * 3 < sum(len(line.text) for page in pages for line in page.lines)
        self._words = Counter(
            word for page in pages for line in page.lines for word in re.findall(r"[\w-]+", line.text.casefold())
        )
        self._last: _Line | None = None
        """The last line, if its sentence may run on."""

    def write(self, page: _Page) -> None:
        lines = [line for line in page.lines if not _CONTENTS_ENTRY.fullmatch(line.text)]
        with self._prose.page(page.number):
            for is_table, group in itertools.groupby(lines, key=lambda line: line.is_row):
                if is_table:
                    self._rows(list(group))
                else:
                    for paragraph in _paragraphs(list(group)):
                        self._paragraph(paragraph)

    def _rows(self, lines: list[_Line]) -> None:
        rows = [line.text.split(_CELL) for line in lines]
        headers: list[str] = []
        if len(rows) > 2 and len(rows[0]) == len(rows[1]) and is_header(rows[0], rows[1]):
            headers, rows = rows[0], rows[1:]
        for number, row in enumerate(rows):
            named = headers if len(headers) == len(row) else []  # of another width: its cells are not told apart
            self._prose.write(row_line(named, row), "\n" if number else "\n\n")
        self._last = None

    def _paragraph(self, paragraph: _Paragraph) -> None:
        text = self._joined(paragraph.lines)
        level = self._level(paragraph, text)
        if level:
            self._prose.heading(text, level)
            self._last = None
            return
        gap = "\n\n"
        last = self._last
        if last is not None and text[:1].islower() and abs(last.size - paragraph.size) < 0.5:
            gap = self._seam(last, text)
        self._prose.write(text, gap)
        end = paragraph.lines[-1]
        runs_on = end.parted or not _ENDS.search(end.text)
        self._last = end if runs_on and len(text) > 60 else None

    def _level(self, paragraph: _Paragraph, text: str) -> int:
        if len(text) > _LONGEST_HEADING or len(paragraph.lines) > 3 or not any(map(str.isalpha, text)):
            return 0
        folded = _folded(text)
        if folded in self._outline:
            return self._outline[folded]
        if (bare := re.sub(r"^[\divxlc.]+\s+", "", folded)) in self._outline:
            return self._outline[bare]
        if paragraph.size > self._body * _LARGER:
            return min(self._larger.index(round(paragraph.size, 1)) + 1, 6)
        if paragraph.is_bold and self._bold_is_rare and not _ENDS.search(text) and len(paragraph.lines) == 1:
            return min(len(self._larger) + 1, 6)
        return 0

    def _joined(self, lines: Sequence[_Line]) -> str:
        text = lines[0].text
        for before, line in itertools.pairwise(lines):
            text += self._seam(before, line.text, text) + line.text
        return text

    def _seam(self, before: _Line, after: str, text: str = "") -> str:
        """What stands between two lines: nothing where they part a word, a hyphen where it has one, else a space."""
        if not before.parted:
            return "" if re.search(r"\w[-‐]$", before.text) and after[:1].isalnum() else " "
        return "" if self._is_whole(text or before.text, after) else "-"

    def _is_whole(self, text: str, after: str) -> bool:
        """Whether the parts are one word without a hyphen: as the rest of the document writes it, if it does."""
        first = re.search(r"[\w-]+$", text)
        second = re.match(r"[\w-]+", after)
        if first is None or second is None:
            return True
        one, other = first[0].casefold(), second[0].casefold()
        whole, with_hyphen = self._words[one + other], self._words[f"{one}-{other}"]
        if whole != with_hyphen:
            return whole > with_hyphen
        return second[0][0].islower() and not one[-1].isdigit()


def _paragraphs(lines: list[_Line]) -> Iterator[_Paragraph]:
    """Lines into paragraphs, by the space between them and by how far they reach."""
    steps = [
        before.bottom - line.bottom
        for before, line in itertools.pairwise(lines)
        if 0 < before.bottom - line.bottom < 3 * line.size
    ]
    leading = statistics.median_low(steps) if steps else 0.0
    run: list[_Line] = []
    for line in lines:
        if run and _begins(line, run, lines, leading):
            yield _of(run)
            run = []
        run.append(line)
    if run:
        yield _of(run)


def _of(run: list[_Line]) -> _Paragraph:
    return _Paragraph(
        tuple(run), statistics.median_low(line.size for line in run), is_bold=all(line.bold for line in run)
    )


def _begins(line: _Line, run: list[_Line], lines: Sequence[_Line], leading: float) -> bool:
    """Whether a line opens a paragraph."""
    before = run[-1]
    if before.parted:
        return False
    if abs(line.size - before.size) > 0.08 * before.size or line.bold != before.bold or _LIST_MARKER.match(line.text):
        return True
    column = [other for other in lines if other.left < before.right and before.left < other.right]
    word = line.text.split(maxsplit=1)[0]
    width = (line.right - line.left) / len(line.text) * (len(word) + 1)
    if before.right + width < max(other.right for other in column):
        return True  # its first word had room in the line before
    step = before.bottom - line.bottom
    if step <= 0 or step > max(1.35 * leading, 1.1 * line.size):
        return not (line.text[:1].islower() and not _ENDS.search(before.text))
    indent = 0.8 * line.size
    return line.left > before.left + indent and (len(run) > 1 or not _LIST_MARKER.match(run[0].text))


def _headline(pages: Sequence[_Page], body: float) -> str:
    """The largest line of the first page that has text, with the lines of its size that follow it."""
    lines = next((page.lines for page in pages if page.lines), ())
    largest = max((line.size for line in lines if sum(map(str.isalpha, line.text)) > 2), default=0.0)
    if largest <= body * _LARGER:
        return ""
    from_largest = itertools.dropwhile(lambda line: line.size < largest * 0.97, lines)
    title = list(itertools.takewhile(lambda line: line.size >= largest * 0.97, from_largest))[:3]
    return " ".join(" ".join(line.text.split()) for line in title)[:300]


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _day(match: re.Match[str]) -> datetime.date | None:
    try:
        return datetime.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def _named(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:5]) + (" …" if len(numbers) > 5 else "")
    return f"page {shown}" if len(numbers) == 1 else f"pages {shown}"
