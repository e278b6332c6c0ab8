"""How the catalog's statements are carried out: by an index, so that they stay quick in a large library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from corpus.document import Document, PublishedDate, SourceFile
from corpus.filters import Filters
from index.library import Library

_SHORT = re.compile(
    r"VIRTUAL TABLE INDEX|CONSTANT ROW|SCAN (stale_vectors|loose_copies|sqlite_sequence)$"
    r"|SCAN documents USING INDEX ix_documents_added"
)
"""Steps that are short: words and parameters looked up, lists of what is left to do, one row a table, the last
added documents."""

Recorded = list[tuple[str, Any]]

WORDS = "the harbour was closed in the storm and the council voted on a bridge over the river".split()
FILTERS = Filters(as_of=date(2024, 12, 31), after=date(2024, 1, 1))


def _documents() -> Iterator[Document]:
    for number in range(8):
        words = WORDS[number:] + WORDS[:number]
        name = f"{number}.txt"
        file = SourceFile(f"file:///{name}", name, "text/plain", 100, content_hash=f"hash {number}")
        text = f"{' '.join(words)} {number}. ".capitalize() * 3
        published = PublishedDate(date(2024, 1 + number, 1), "text")
        yield Document(text, f"Report {number}", file.origin, name, published=published, file=file)


@contextmanager
def _recorded(library: Library) -> Iterator[Recorded]:
    statements: Recorded = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    sa.event.listen(library.catalog.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(library.catalog.engine, "before_cursor_execute", note)


def _scans(library: Library, statements: Recorded) -> dict[str, str]:
    """Statements that walk through a whole table, with the step that does."""
    found = {}
    with library.catalog.engine.connect() as connection:
        for statement, parameters in statements:
            if not re.match(r"\s*(SELECT (?!count|coalesce)|UPDATE|DELETE)", statement):  # totals are of all documents
                continue
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            walks = [step for step in steps if _is_long(step, parameters) and not _SHORT.search(step)]
            if walks:
                found[re.sub(r"\s+", " ", statement)] = walks[0]
    return found


def _is_long(step: str, parameters: Any) -> bool:
    """Nearly every document is ``indexed``, so what begins there looks at all."""
    return step.startswith("SCAN") or ("(state=?" in step and "indexed" in parameters)


def _search(library: Library) -> None:
    assert library.search("harbour storm")
    library.rarity(["harbour"])
    library.stats()


def _filtered_search(library: Library) -> None:
    assert library.search("harbour storm", filters=FILTERS)
    library.stats(FILTERS)


def _reading(library: Library) -> None:
    (info,) = library.documents(limit=1)
    assert library.document(info.id) is not None
    assert library.original(info.id) is not None
    assert library.sentences(info.id, 0, 2)
    assert library.stretches([(info.id, 0, 1), (info.id, 2, 2)])
    library.catalog.pages_at([(info.id, 3)])


def _adding(library: Library) -> None:
    document = Document("A new bridge was opened in the north of the town.", "Bridge", "text:bridge", "bridge.txt")
    assert [added.status for added in library.add([document])] == ["added"]
    assert [added.status for added in library.add(_documents())] == ["unchanged"] * 8


def _removing(library: Library) -> None:
    library.remove([info.id for info in library.documents(limit=2)])
    library.remove_files(["file:///1.txt"])


@pytest.mark.parametrize(
    "work", [_search, _filtered_search, _reading, _adding, _removing], ids=lambda work: work.__name__
)
def test_no_statement_walks_through_a_table(library: Library, work: Callable[[Library], None]) -> None:
    """Searching, reading, adding and removing find their rows by an index, whatever the size of the library."""
    list(library.add(_documents()))
    with _recorded(library) as statements:
        work(library)
    assert statements
    assert _scans(library, statements) == {}
