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
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_LONGEST_CELL = 300


def write_blocks(root: Any, prose: Prose, *, leave_out: frozenset[str] = frozenset()) -> None:
    """Write the blocks under an lxml element: paragraphs, headings, items, and rows of tables.

    It walks instead of calling itself, so that the depth of a page is no matter.

    Args:
        leave_out: more tags whose content is not wanted.
    """
    from lxml import etree

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
            if not tag or tag in _UNSEEN or tag in leave_out or _is_hidden(element):
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


def _is_hidden(element: Any) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


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
