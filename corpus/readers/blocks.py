"""HTML as its reader sees it, block by block: for pages without menus, chapters of books, messages."""

from __future__ import annotations

import re
from typing import Any

from corpus.readers.prose import Prose
from corpus.readers.rows import table_lines

_HEADING = {f"h{level}": level for level in range(1, 7)}
_BLOCK = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure "
    "footer form header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
) | frozenset(_HEADING)
_UNSEEN = frozenset(
    "script style noscript template head title svg iframe object embed select button input textarea "
    "canvas audio video rp rt".split()
)
_HIDDEN = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|"
    r"font-size\s*:\s*0*\.?0+(?![\d.])|"
    r"font\s*:[^;]*(?<![\d.])0+(?:\.0+)?(?:px|pt|em|rem|%)|"
    r"(?:left|right|top|text-indent)\s*:\s*-\d{4,}|"
    r"(?:color|-webkit-text-fill-color)\s*:\s*transparent|clip\s*:\s*rect\(\s*0)",
    re.IGNORECASE,
)
"""Inline styles under which nothing is seen."""
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})")
_NAMED = {"white": "ffffff", "black": "000000", "red": "ff0000", "yellow": "ffff00", "blue": "0000ff"}
_LONGEST_CELL = 300


def write_blocks(root: Any, prose: Prose, *, leave_out: frozenset[str] = frozenset()) -> None:
    """Write the blocks under an lxml element: paragraphs, headings, items, and rows of tables.

    It walks instead of calling itself, so that the depth of a page is no matter. What is not seen is taken out of the
    tree.

    Args:
        leave_out: more tags whose content is not wanted.
    """
    from lxml import etree

    leave_out_unseen(root)
    line: list[str] = []
    level = 0
    marker = ""

    def flush() -> None:
        nonlocal marker, level
        text = _lines("".join(line))
        line.clear()
        if not text:
            return
        if level:
            prose.heading(text, level)
        else:
            prose.write(marker + text, "\n" if marker else "\n\n")
        marker = ""

    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if not tag or tag in _UNSEEN or tag in leave_out:
                walk.skip_subtree()
                continue
            if tag in _BLOCK:
                flush()
            if tag == "table" and (rows := _data_rows(element)) is not None:
                for number, row in enumerate(table_lines(rows)):
                    prose.write(row, "\n" if number else "\n\n")
                walk.skip_subtree()
                continue
            if tag == "br":
                line.append("\n")
            elif tag in _HEADING:
                level = _HEADING[tag]
            elif tag == "li":
                marker = _marker(element)
            line.append(_spaced(element.text))
        else:
            if tag in _BLOCK:
                flush()
            if tag in _HEADING:
                level = 0
            if tag == "li":
                marker = ""
            if element is not root:
                line.append(_spaced(element.tail))
    flush()


def _spaced(text: str | None) -> str:
    """Line ends in HTML are spaces; those that count are ``br``."""
    return re.sub(r"\s+", " ", text) if text else ""


def _lines(text: str) -> str:
    return "\n".join(line for part in text.split("\n") if (line := " ".join(part.split())))


def leave_out_unseen(root: Any) -> None:
    """Take what its own markup hides out of an lxml tree: nobody who sees the page has read it.

    Styles that stand elsewhere are not looked at: they hide what a click shows.
    """
    for element in [one for one in root.iterdescendants() if isinstance(one.tag, str) and _is_hidden(one)]:
        if element.getparent() is not None:
            element.drop_tree()


def _is_hidden(element: Any) -> bool:
    style = element.get("style") or ""
    return element.get("hidden") is not None or bool(_HIDDEN.search(style)) or _is_in_its_background(element, style)


def _is_in_its_background(element: Any, style: str) -> bool:
    """Whether an element has the colour of the background that it, or the next element about it, is given inline."""
    colour = _colour(_COLOUR, style) or _hex(element.get("color") or "")
    if not colour:
        return False
    for around in (element, *element.iterancestors()):
        background = _colour(_BACKGROUND, around.get("style") or "") or _hex(around.get("bgcolor") or "")
        if background:
            return background == colour
    return False


def _colour(form: re.Pattern[str], style: str) -> str:
    found = form.findall(style)
    return _hex(found[-1]) if found else ""


def _hex(colour: str) -> str:
    """A colour as six digits; empty for one that is written in another way."""
    colour = colour.strip().casefold()
    if (rgb := _RGB.match(colour)) is not None:
        return "".join(f"{min(int(part), 255):02x}" for part in rgb.groups())
    digits = colour.split()[0].removeprefix("#") if colour else ""
    if digits in _NAMED:
        return _NAMED[digits]
    if re.fullmatch(r"[0-9a-f]{3}", digits):
        return "".join(2 * digit for digit in digits)
    return digits if re.fullmatch(r"[0-9a-f]{6}", digits) else ""


def _marker(item: Any) -> str:
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "- "
    start = parent.get("start") or "1"
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 6 else 1
    return f"{first + sum(1 for _ in item.itersiblings('li', preceding=True))}. "


def _data_rows(table: Any) -> list[list[str]] | None:
    """The cells of a table that holds data; None for one that only arranges the page."""
    if table.find(".//table") is not None or any(
        table.find(f".//{tag}") is not None for tag in ("h1", "h2", "ul", "ol")
    ):
        return None
    rows = [
        [" ".join(" ".join(cell.itertext()).split()) for cell in row.iterchildren("td", "th")]
        for row in table.iter("tr")
    ]
    rows = [row for row in rows if any(row)]
    if max((len(row) for row in rows), default=0) < 2:
        return None
    return None if any(len(cell) > _LONGEST_CELL for row in rows for cell in row) else rows
