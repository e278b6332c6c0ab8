"""Texts and slides of office programs: docx and pptx."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from corpus.document import Document
from corpus.readers.archive import check_office
from corpus.readers.encoding import line
from corpus.readers.properties import author_of, published_of, title_of
from corpus.readers.prose import Prose
from corpus.readers.raw import Raw, ReadError
from corpus.readers.rows import table_lines
from corpus.readers.text import readable

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|nagłówek|заголовок) ?(\d)", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|table of figures|verzeichnis|tm|tdc) ?\d*( heading)?", re.IGNORECASE)
_MOST_LEVELS = 60
"""Groups of shapes within one another."""
_ROW = 100_000
"""English Metric Units (914,400 to an inch) within which shapes stand side by side."""


def read_docx(raw: Raw) -> list[Document]:
    """Headings, paragraphs, items, rows of tables and notes; what tracked changes took out is left out."""
    import docx

    check_office(raw, "word/")
    file = docx.Document(io.BytesIO(raw.data))
    prose = Prose(raw.limits)
    styles = {
        style.style_id: (style.name or "", _outline(style)) for style in file.styles if hasattr(style, "style_id")
    }
    title = ""
    for number, block in enumerate(_blocks(file.element.body)):
        if number % 500 == 0:
            raw.budget.check_time()
        if block.tag == f"{_W}tbl":
            for row, text in enumerate(table_lines(_rows(block))):
                prose.write(text, "\n" if row else "\n\n")
            continue
        text = _paragraph(block)
        name, level = styles.get(_style(block), ("", 0))
        if not text.strip() or _CONTENTS.fullmatch(name):
            continue
        own = block.find(f"{_W}pPr/{_W}outlineLvl")
        if own is not None and (own.get(f"{_W}val") or "").isdigit():
            level = int(own.get(f"{_W}val")) + 1
        if name.casefold() in ("title", "titel", "titre", "título", "titolo"):
            title = title or line(text)
            prose.heading(text, 1)
        elif 1 <= level <= 6 and len(text) <= 300:
            prose.heading(text, level)
        elif block.find(f"{_W}pPr/{_W}numPr") is not None or name.casefold().startswith("list"):
            prose.write("- " + line(text), "\n")
        else:
            prose.write(text)
    for note in _notes(file):
        prose.write(note)
    properties = file.core_properties
    return [
        _document(
            raw,
            prose,
            title_of(properties.title) or title or _first_heading(prose),
            properties,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        )
    ]


def read_pptx(raw: Raw) -> list[Document]:
    """Slide by slide: title, texts in the order of their places, rows of tables and charts, the speaker's notes."""
    import pptx

    check_office(raw, "ppt/")
    file = pptx.Presentation(io.BytesIO(raw.data))
    slides = list(file.slides)
    if len(slides) > raw.limits.max_pages:
        raise ReadError(f"The file has {len(slides):,} slides, at most {raw.limits.max_pages:,} are read: split it.")
    prose = Prose(raw.limits)
    first_title = ""
    for number, slide in enumerate(slides, 1):
        raw.budget.check_time()
        title = slide.shapes.title
        heading = line(title.text_frame.text) if title is not None else ""
        first_title = first_title or heading
        with prose.page(number, "slide", heading):
            prose.heading(heading, 1)
            for shape in _shapes(slide.shapes):
                if title is None or shape.shape_id != title.shape_id:
                    _write_shape(shape, prose)
            if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
                prose.write(notes.text)
    properties = file.core_properties
    return [
        _document(
            raw,
            prose,
            title_of(properties.title) or first_title,
            properties,
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        )
    ]


def _document(raw: Raw, prose: Prose, title: str, properties: Any, media_type: str) -> Document:
    made = properties.created
    text = prose.text
    language = line(properties.language or "")[:2].lower()
    return Document(
        text=text,
        title=title or readable(raw.name),
        origin=raw.origin,
        name=raw.name,
        media_type=media_type,
        published=published_of(text, raw.name, made.date() if isinstance(made, datetime.datetime) else None),
        author=author_of(properties.author),
        language=language if language.isascii() and language.isalpha() and len(language) == 2 else "",
        headings=prose.headings,
        pages=prose.pages,
        metadata={
            key: said
            for key in ("subject", "keywords", "category", "comments")
            if (said := line(getattr(properties, key) or "")[:2_000]) and not said.startswith("generated by python-")
        },
    )


def _first_heading(prose: Prose) -> str:
    return next((heading.span.of(prose.text) for heading in prose.headings if heading.level == 1), "")


# docx


def _blocks(body: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those in content controls; text boxes come after the paragraph that they hang on."""
    for element in body.iterchildren():
        if element.tag in (f"{_W}p", f"{_W}tbl"):
            yield element
            if element.tag == f"{_W}p":
                for box in element.iter(f"{_W}txbxContent"):
                    if next(box.iterancestors(_ALTERNATIVE), None) is None:  # the same box for older programs
                        yield from box.iterchildren(f"{_W}p", f"{_W}tbl")
        elif element.tag == f"{_W}sdt":
            content = element.find(f"{_W}sdtContent")
            if content is not None:
                yield from _blocks(content)


def _paragraph(paragraph: Any) -> str:
    """Its text without what tracked changes deleted, codes of fields, and boxes that hang on it."""
    from lxml import etree

    pieces: list[str] = []
    walk = etree.iterwalk(paragraph, events=("start",))
    for _, element in walk:
        if element.tag in (f"{_W}del", f"{_W}moveFrom", f"{_W}txbxContent", _ALTERNATIVE, f"{_W}instrText"):
            walk.skip_subtree()
        elif element.tag == f"{_W}t":
            pieces.append(element.text or "")
        elif element.tag in (f"{_W}tab", f"{_W}ptab") and element.getparent().tag == f"{_W}r":
            pieces.append("\t")
        elif element.tag in (f"{_W}br", f"{_W}cr"):
            pieces.append("\n")
        elif element.tag == f"{_W}noBreakHyphen":
            pieces.append("-")
    return "".join(pieces)


def _style(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return (style.get(f"{_W}val") or "") if style is not None else ""


def _outline(style: Any) -> int:
    """The level of a style of headings, from 1; 0 for another."""
    found = _HEADING.match(style.name or "")
    if found is not None:
        return int(found[1])
    level = style.element.find(f"{_W}pPr/{_W}outlineLvl")
    value = level.get(f"{_W}val") if level is not None else None
    return int(value) + 1 if value is not None and value.isdigit() and int(value) < 6 else 0


def _rows(table: Any) -> list[list[str]]:
    return [
        [line(" ".join(_paragraph(part) for part in cell.iter(f"{_W}p"))) for cell in row.iter(f"{_W}tc")]
        for row in table.iterchildren(f"{_W}tr")
    ]


def _notes(file: Any) -> Iterator[str]:
    """Foot- and endnotes, which python-docx keeps as parts without a reading of its own."""
    from docx.oxml import parse_xml

    for relation in file.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
            for note in parse_xml(relation.target_part.blob):
                if note.get(f"{_W}type") is None:  # the others are lines that part them from the text
                    yield line(" ".join(_paragraph(part) for part in note.iter(f"{_W}p")))


# pptx


def _shapes(shapes: Iterable[Any], level: int = 0) -> Iterator[Any]:
    """The shapes of a slide from the top down, those side by side from the left; groups opened."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    furniture = {PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.HEADER}
    ordered = sorted(shapes, key=lambda shape: ((shape.top or 0) // _ROW, shape.left or 0))
    for shape in ordered:
        if shape.is_placeholder and shape.placeholder_format.type in furniture:
            continue
        if hasattr(shape, "shapes"):
            if level < _MOST_LEVELS:
                yield from _shapes(shape.shapes, level + 1)
        else:
            yield shape


def _write_shape(shape: Any, prose: Prose) -> None:
    if shape.has_text_frame:
        paragraphs = [text for part in shape.text_frame.paragraphs if (text := line(part.text))]
        is_list = len(paragraphs) > 1
        for number, text in enumerate(paragraphs):
            prose.write(f"- {text}" if is_list else text, "\n" if number else "\n\n")
    elif getattr(shape, "has_table", False):
        rows = [[line(cell.text) for cell in row.cells] for row in shape.table.rows]
        for number, text in enumerate(table_lines(rows)):
            prose.write(text, "\n" if number else "\n\n")
    elif getattr(shape, "has_chart", False):
        for number, text in enumerate(table_lines(_chart_rows(shape.chart))):
            prose.write(text, "\n" if number else "\n\n")


def _chart_rows(chart: Any) -> list[list[str]]:
    """The figures of a chart: a row a category, a column a series."""
    plot = next(iter(chart.plots), None)
    if plot is None:
        return []
    series = list(plot.series)
    names = [line(str(one.name or "")) for one in series]
    rows = [["Category", *names]]
    for place, category in enumerate(plot.categories):
        values = [one.values[place] if place < len(one.values) else None for one in series]
        rows.append([line(str(category)), *("" if value is None else f"{value:.15g}" for value in values)])
    return rows
