"""Libraries in a folder of the test's own: real SQLite, real Chroma, a stand-in for the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.embedding import WordHashEmbedder
from index.library import Library
from index.servers import ChromaServer


@pytest.fixture
def chroma_server() -> ChromaServer | None:
    """Where the vectors of the test's library are: embedded, unless a test file has it run on both."""
    return None


@pytest.fixture
def database_url() -> str | None:
    """Where the catalog of the test's library is: SQLite in its folder, unless a test file has it run on both."""
    return None


@pytest.fixture
def open_library(
    tmp_path: Path, chroma_server: ChromaServer | None, database_url: str | None
) -> Iterator[Callable[[], Library]]:
    """Opens the test's library; what is still open at the end is closed."""
    opened: list[Library] = []

    def open_it() -> Library:
        library = Library.open(
            tmp_path / "library", WordHashEmbedder(), chroma_server=chroma_server, database_url=database_url
        )
        opened.append(library)
        return library

    yield open_it
    for library in opened:
        library.close()


@pytest.fixture
def library(open_library: Callable[[], Library]) -> Library:
    return open_library()
