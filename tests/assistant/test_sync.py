"""A folder and the library made equal, and nothing else touched."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.ingestion import Ingested, ingest_upload
from assistant.sync import SyncError, changes, compare, plan, states, sync
from index.library import Library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    (folder / "deep er").mkdir(parents=True)
    (folder / "dam.txt").write_text("The dam is finished.", "utf-8")
    (folder / "deep er" / "mühle ☂.txt").write_text("The mill burned.", "utf-8")
    (folder / "fish.txt").write_text("Fish is sold here.", "utf-8")
    return folder


def made_equal(library: Library, folder: Path) -> dict[str, str]:
    """Sync; the status of each file. The plan before it must have said the same."""

    def said(results: Iterator[Ingested]) -> dict[str, str]:
        return {result.path.relative_to(folder).as_posix(): result.status for result in results}

    before = library.documents()
    planned = said(plan(library, compare(library, folder)))
    assert library.documents() == before
    done = said(sync(library, compare(library, folder)))
    assert planned == done
    return done


def titles(library: Library) -> set[str]:
    return {info.title for info in library.documents()}


def test_the_library_becomes_the_folder(library: Library, folder: Path) -> None:
    """What is new is added, what changed replaced, what is gone removed, and the dry run says so before."""
    assert set(made_equal(library, folder).values()) == {"added"}
    (folder / "fish.txt").unlink()
    (folder / "dam.txt").write_text("The dam is higher now.", "utf-8")
    (folder / "tower.txt").write_text("The tower leans.", "utf-8")

    assert made_equal(library, folder) == {
        "dam.txt": "replaced",
        "deep er/mühle ☂.txt": "unchanged",
        "fish.txt": "removed",
        "tower.txt": "added",
    }
    assert titles(library) == {"dam", "mühle ☂", "tower"}
    assert library.search("fish")[0].document.title != "fish"


def test_uploads_and_other_folders_stay(library: Library, folder: Path, tmp_path: Path) -> None:
    """A folder's sync removes nothing that came by another way, though it has the same name or the same content."""
    other = tmp_path / "notes-2"
    other.mkdir()
    (other / "bridge.txt").write_text("The bridge is open.", "utf-8")
    made_equal(library, folder)
    made_equal(library, other)
    list(ingest_upload(library, "upload.txt", b"An upload stays."))
    list(ingest_upload(library, "fish.txt", b"Fish is sold here."))
    (folder / "fish.txt").unlink()
    (folder / "dam.txt").unlink()

    assert made_equal(library, folder)["dam.txt"] == "removed"

    assert titles(library) == {"mühle ☂", "bridge", "upload", "fish"}


def test_a_moved_file_is_not_embedded_again(library: Library, folder: Path) -> None:
    """Under its new name a file is the same content; its old name goes."""
    made_equal(library, folder)
    before = {info.id for info in library.documents()}
    (folder / "dam.txt").rename(folder / "deep er" / "wall.txt")

    assert made_equal(library, folder)["deep er/wall.txt"] == "same content"

    assert {info.id for info in library.documents()} == before
    assert {info.name for info in library.documents()} == {"wall.txt", "mühle ☂.txt", "fish.txt"}


def test_a_subfolder_is_synced_alone(library: Library, folder: Path) -> None:
    """Syncing a folder inside of another one leaves the outer files alone."""
    made_equal(library, folder)
    (folder / "dam.txt").unlink()
    (folder / "deep er" / "mühle ☂.txt").unlink()
    (folder / "deep er" / "new.txt").write_text("It is new.", "utf-8")

    made_equal(library, folder / "deep er")

    assert titles(library) == {"dam", "fish", "new"}


def test_each_document_tells_how_its_file_stands(library: Library, folder: Path, tmp_path: Path) -> None:
    """The file of a document is as it was read, changed, or gone since; a document without a folder has no state."""
    made_equal(library, folder)
    by_title = {info.title: info.id for info in library.documents()}
    list(ingest_upload(library, "note.txt", b"A note that came alone."))
    assert states(library) == dict.fromkeys(by_title.values(), "as read")

    (folder / "dam.txt").write_text("The dam is higher now.", "utf-8")
    (folder / "fish.txt").unlink()
    later = time.time() + 60
    for touched in (folder / "dam.txt", folder / "deep er" / "mühle ☂.txt"):
        os.utime(touched, (later, later))
    assert states(library) == {by_title["dam"]: "changed", by_title["fish"]: "gone", by_title["mühle ☂"]: "as read"}


def test_an_emptied_or_missing_folder_removes_nothing_unasked(library: Library, folder: Path) -> None:
    """A folder that is not there, or has lost all its files, is told; only by permission are its documents removed."""
    made_equal(library, folder)
    for path in list(folder.rglob("*.txt")):
        path.unlink()

    with pytest.raises(SyncError, match="holds no files, the library holds 3 from it"):
        compare(library, folder)
    with pytest.raises(SyncError, match="is not a folder"):
        compare(library, folder / "gone")
    assert library.stats().documents == 3
    list(sync(library, compare(library, folder, allow_empty=True)))
    assert library.stats().documents == 0


def test_a_file_that_cannot_be_read_now_stays_as_it_was(library: Library, folder: Path) -> None:
    """What became unreadable is reported, and its last readable self is kept."""
    made_equal(library, folder)
    (folder / "dam.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\0")

    assert made_equal(library, folder)["dam.txt"] == "failed"
    assert library.search("dam")[0].passage.text == "The dam is finished."


def test_a_change_is_noticed(folder: Path) -> None:
    """The watch tells that something changed, and ends when it is told to."""
    stop = threading.Event()
    seen = changes(folder, stop)
    later = threading.Timer(1.0, (folder / "late.txt").write_text, ["It is late.", "utf-8"])
    later.start()

    next(seen)
    stop.set()

    assert list(seen) == []
    later.join()
