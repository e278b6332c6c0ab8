"""The doctor: what is wrong is told, and mended on demand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.doctor import Check, examine
from assistant.ingestion import find, ingest
from assistant.settings import Settings
from index.embedding import Embedder, WordHashEmbedder
from index.library import Library


@dataclass
class Opened:
    """A library, and an assistant that is never too slow."""

    library: Library
    reader: None = None

    @property
    def assistant(self) -> Any:
        return self

    def draft(self, question: str) -> Any:
        assert self.library.search(question)
        return Draft()

    def close(self) -> None:
        self.library.close()


class Draft:
    class answer:  # noqa: N801 — the shape of a draft
        timings_ms = {"total": 1.0}  # noqa: RUF012


class OtherModel(WordHashEmbedder):
    name = "other"
    fingerprint = "other-1"


def opener(embedder: Embedder) -> Callable[..., Any]:
    return lambda settings, **options: Opened(Library.open(settings.data_dir, embedder, **options))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=0, reader="none")


@pytest.fixture
def library(settings: Settings, tmp_path: Path) -> Iterator[Library]:
    """Two documents from files."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "dam.txt").write_text("The dam is finished.", "utf-8")
    (files / "mill.txt").write_text("The mill burned down.", "utf-8")
    library = Library.open(settings.data_dir, WordHashEmbedder())
    assert len(list(ingest(library, find([files]).files))) == 2
    yield library
    library.close()


def checks(settings: Settings, *, fix: bool = False, embedder: Embedder | None = None) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in examine(settings, opener(embedder or WordHashEmbedder()), fix=fix):
        found.setdefault(check.name, []).append(check)
    return found


def all_well(settings: Settings, embedder: Embedder | None = None) -> bool:
    return all(check.ok for group in checks(settings, embedder=embedder).values() for check in group)


def test_a_library_in_order_has_nothing_to_mend(library: Library, settings: Settings) -> None:
    """Where nothing is wrong, every check is ok and none speaks of contents."""
    library.close()

    found = checks(settings, fix=True)

    assert [check.detail for check in found["library"]] == ["2 documents, 2 passages"]
    assert "contents" not in found
    assert all(check.ok for group in found.values() for check in group)


DAMAGE = {
    "orphans": "INSERT INTO texts VALUES ('gone', 0, 'A text of nothing.')",
    "words": "INSERT INTO words (rowid, context, text) VALUES (999, 'a', 'b')",
    "vector": "UPDATE passages SET vector = x'00' WHERE id = 1",
    "sentences": "DELETE FROM sentences WHERE document_id = (SELECT document_id FROM passages WHERE id = 1)",
    "word": "DELETE FROM words WHERE rowid = 1",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_contents_are_told_and_mended(library: Library, settings: Settings, statement: str) -> None:
    """Rows of nothing go, what is missing of a document is made again; without --fix it is only told."""
    with library.catalog.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.execute(sa.text(statement))
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    library.close()

    (told,) = checks(settings)["contents"]
    assert (told.ok, told.detail.endswith("dateline doctor --fix mends it")) == (False, True)
    assert checks(settings)["contents"] == [told]
    (mended,) = checks(settings, fix=True)["contents"]
    assert (mended.ok, mended.detail.startswith("mended: ")) == (True, True)
    assert all_well(settings)
    again = Library.open(settings.data_dir, WordHashEmbedder())
    assert again.search("dam")[0].passage.text == "The dam is finished."
    again.close()


def test_kept_files_and_the_catalog_are_brought_together(library: Library, settings: Settings) -> None:
    """A stray copy is removed; a lost one is told, and its file is read again the next time."""
    folder = settings.data_dir / "originals"
    stray = folder / "ab" / ("ab" * 16)
    lost = next(path for path in sorted(folder.rglob("*")) if path.is_file())
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left behind")
    lost.unlink()
    library.close()

    assert [check.ok for check in checks(settings)["contents"]] == [False, False]
    assert [check.ok for check in checks(settings, fix=True)["contents"]] == [True, True]
    assert not stray.exists()
    again = Library.open(settings.data_dir, WordHashEmbedder())
    list(ingest(again, find([settings.data_dir.parent / "files"]).files))
    again.close()
    assert lost.exists()
    assert all_well(settings)


@pytest.mark.parametrize("emptied", [False, True])
def test_a_half_written_vector_index_is_left_alone_until_asked(
    library: Library, settings: Settings, emptied: bool
) -> None:
    """The doctor does not open what a killed write left; with --fix it is rebuilt."""
    library.close()
    left = [path.relative_to(settings.data_dir) for path in (settings.data_dir / "vectors").iterdir()] * emptied
    shutil.rmtree(settings.data_dir / "vectors")
    for path in left:
        (settings.data_dir / path).mkdir(parents=True)

    (told,) = checks(settings)["vectors"]
    assert not told.ok
    assert not [path for path in (settings.data_dir / "vectors").rglob("*") if path.is_file()]
    (mended,) = checks(settings, fix=True)["vectors"]
    assert mended == Check("vectors", True, "the vector index is gone; rebuilt from the catalog")
    assert all_well(settings)


def test_another_model_is_told_and_indexed_anew(library: Library, settings: Settings) -> None:
    """After a change of model the doctor refuses by name, and with --fix builds the index anew."""
    library.close()

    (told,) = checks(settings, embedder=OtherModel())["library"]
    assert (told.ok, "dateline reindex" in told.detail) == (False, True)
    (mended,) = checks(settings, fix=True, embedder=OtherModel())["model"]
    assert mended == Check("model", True, "another model had built the library; 2 documents were indexed anew")
    assert all_well(settings, OtherModel())
