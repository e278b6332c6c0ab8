"""Rows of tables as lines that carry their headers: "Year: 2023; Exports: 5"."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[-+(]?[€$£¥]?\s?\d[\d.,\s]*\)?\s?(?:%|‰|[kKmMbB]n?)?")
_YEAR = re.compile(r"(?:1[5-9]|20)\d{2}(?:\s?[-/–]\s?\d{2,4})?[A-Za-z*]?|Q[1-4]\s?\d{2,4}")
_LONGEST_HEADER = 100


def is_header(row: Sequence[str], below: Sequence[str] | None) -> bool:
    """Whether a table's first row names its columns: short words (years count), no two the same, over another row."""
    named = [cell for cell in row if cell]
    if below is None or len(named) < 2 or len(set(named)) < len(named):
        return False
    if len(named) < sum(1 for cell in below if cell) - 1:  # the corner of a table is often left blank
        return False
    numbers = [cell for cell in named if _NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell)]
    if numbers or (row[0] and all(_YEAR.fullmatch(cell) for cell in named)):
        return False
    return all(len(cell) <= _LONGEST_HEADER for cell in named)


def row_line(headers: Sequence[str], cells: Sequence[str]) -> str:
    """One line for a row; cells without a header stand alone, empty ones are left out."""
    parts: list[str] = []
    for index, cell in enumerate(cells):
        if not cell:
            continue
        header = headers[index].rstrip(" :") if index < len(headers) else ""
        parts.append(f"{header}: {cell}" if header else cell)
    return "; ".join(parts)


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """A small table as lines; its header stands in each of them, and alone where there is no other row."""
    rows = [row for row in rows if any(row)]
    if len(rows) > 1 and is_header(rows[0], rows[1]):
        lines = [row_line(rows[0], row) for row in rows[1:]]
    else:
        lines = [row_line((), row) for row in rows]
    return [line for line in lines if line]
