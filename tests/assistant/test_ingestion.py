"""Files into a library: statuses, kept copies, dates by hand, and what an interruption leaves."""

from __future__ import annotations

import datetime
import os
import threading
from pathlib import Path

import pytest

from assistant.ingestion import Ingested, find, ingest, ingest_upload
from corpus.document import PublishedDate
from corpus.originals import read_whole
from index.library import Library

DAY = PublishedDate(datetime.date(1936, 3, 1), "user", "1936-03-01")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "dam.md").write_text("# The dam\n\nThe dam is finished.\n", "utf-8")
    (folder / "mill.txt").write_text("The mill burned down.\n", "utf-8")
    return folder


def read(library: Library, *paths: Path, published: PublishedDate | None = None) -> list[Ingested]:
    return list(ingest(library, find(paths).files, published=published))


def statuses(results: list[Ingested]) -> dict[str, str]:
    return {result.path.name: result.status for result in results}


def copies(library: Library) -> list[bytes]:
    """The contents of all files that stand in the folder of kept copies."""
    return sorted(path.read_bytes() for path in (library._folder / "originals").rglob("*") if path.is_file())


def test_known_bytes_are_not_read_again(library: Library, folder: Path) -> None:
    """A file with the bytes of the last time is unchanged, also when it was touched; its result names its document."""
    first = read(library, folder)
    os.utime(folder / "dam.md", (1, 1))

    again = read(library, folder)

    assert statuses(first) == {"dam.md": "added", "mill.txt": "added"}
    assert statuses(again) == {"dam.md": "unchanged", "mill.txt": "unchanged"}
    told = [{(one.document_id, one.title, one.passages) for one in results} for results in (first, again)]
    assert told[0] == told[1]


def test_the_original_is_kept_and_goes_with_its_last_document(library: Library, folder: Path) -> None:
    """One copy stands for the same content under several names, until the last of them is gone."""
    dam, mill = (folder / "dam.md").read_bytes(), (folder / "mill.txt").read_bytes()
    (folder / "mill-copy.txt").write_bytes(mill)
    read(library, folder)
    ids = {info.title: info.id for info in library.documents()}
    original = library.original(ids["The dam"])

    assert original is not None
    assert (original.name, original.media_type, original.size) == ("dam.md", "text/markdown", len(dam))
    assert read_whole(library.originals, original.content_hash) == dam
    assert copies(library) == sorted([dam, mill])

    library.remove_files([(folder / "mill.txt").as_uri()])
    assert copies(library) == sorted([dam, mill])
    library.remove_files([(folder / "mill-copy.txt").as_uri()])
    assert copies(library) == [dam]
    library.remove([ids["The dam"]])
    assert copies(library) == []
    assert list((library._folder / "originals").iterdir()) == []
    assert library.catalog.loose_copies() == {}


def test_a_changed_file_leaves_no_older_copy(library: Library, folder: Path) -> None:
    """The copy of the older self goes when a file is replaced."""
    read(library, folder / "dam.md")
    (folder / "dam.md").write_text("The dam is higher now.", "utf-8")

    assert statuses(read(library, folder / "dam.md")) == {"dam.md": "replaced"}
    assert copies(library) == [b"The dam is higher now."]


def test_no_copy_is_kept_of_a_file_that_gave_nothing(library: Library, tmp_path: Path) -> None:
    """A file without text is refused, and nothing of it stays."""
    (tmp_path / "void.txt").write_text(" \n", "utf-8")
    (tmp_path / "dots.md").write_text("<!-- -->\n", "utf-8")

    results = read(library, tmp_path / "void.txt", tmp_path / "dots.md")

    assert {result.status for result in results} <= {"failed", "added"}
    assert len(copies(library)) == sum(result.status == "added" for result in results)


def test_a_deleted_document_is_read_again_when_its_file_comes_again(library: Library, folder: Path) -> None:
    """Deleting a document forgets that its file is known."""
    (first,) = read(library, folder / "dam.md")
    library.remove([str(first.document_id)])

    assert statuses(read(library, folder / "dam.md")) == {"dam.md": "added"}


def test_a_date_by_hand_goes_before_and_stays(library: Library, folder: Path) -> None:
    """A date given by hand is that of the document, also when its file is read again without one, or changed."""

    def published() -> datetime.date | None:
        (info,) = library.documents()
        return info.published.value if info.published else None

    read(library, folder / "dam.md")
    assert published() is None
    dated = read(library, folder / "dam.md", published=DAY)
    assert (statuses(dated), published()) == ({"dam.md": "replaced"}, DAY.value)
    assert statuses(read(library, folder / "dam.md")) == {"dam.md": "unchanged"}
    (folder / "dam.md").write_text("---\ndate: 2024-01-01\n---\nThe dam is higher.\n", "utf-8")
    assert (statuses(read(library, folder / "dam.md")), published()) == ({"dam.md": "replaced"}, DAY.value)


def test_a_file_whose_name_is_no_text_goes_in(library: Library, tmp_path: Path) -> None:
    """To the system a name is bytes; what is not UTF-8 in it is replaced where people read it."""
    folder = tmp_path / "names"
    folder.mkdir()
    for name in (b"caf\xe9 \xff.txt", b"two\nlines.txt"):
        (folder / os.fsdecode(name)).write_text(f"The tale of {name.hex()}", "utf-8")

    results = read(library, folder)

    assert [result.status for result in results] == ["added", "added"]
    assert {info.name for info in library.documents()} == {"caf? ?.txt", "two\nlines.txt"}
    assert {result.status for result in read(library, folder)} == {"unchanged"}


def test_what_may_not_be_read_is_told_and_the_rest_goes_in(library: Library, folder: Path) -> None:
    """A file and a folder without permission."""
    (folder / "closed").mkdir()
    (folder / "closed" / "inside.txt").write_text("Nobody sees it.", "utf-8")
    (folder / "closed").chmod(0)
    (folder / "mill.txt").chmod(0)
    if os.access(folder / "mill.txt", os.R_OK):
        pytest.skip("nothing is closed to the superuser")
    found = find([folder])

    results = [*found.missing, *ingest(library, found.files)]

    (folder / "closed").chmod(0o700)
    assert [(result.path.name, result.status, result.detail) for result in results] == [
        ("closed", "failed", "The folder can't be read: Permission denied."),
        ("mill.txt", "failed", "The file can't be read: Permission denied."),
        ("dam.md", "added", ""),
    ]


def test_an_upload_replaces_the_one_of_its_name(library: Library) -> None:
    """Uploads are known by their names, apart from files of folders."""
    (first,) = ingest_upload(library, "dam.txt", b"The dam is finished.")
    (again,) = ingest_upload(library, "dam.txt", b"The dam is finished.")
    (changed,) = ingest_upload(library, "dam.txt", b"The dam broke.", published=DAY)

    assert [first.status, again.status, changed.status] == ["added", "unchanged", "replaced"]
    assert copies(library) == [b"The dam broke."]
    (info,) = library.documents()
    assert info.published == DAY


def test_what_was_told_before_a_stop_stays_and_the_rest_comes_later(library: Library, tmp_path: Path) -> None:
    """Stopped in the middle, an ingest keeps what it reported; the next one adds the rest."""
    for number in range(400):
        (tmp_path / f"{number:03}.txt").write_text(f"Report {number}. " + "The river rose. " * 100, "utf-8")
    files = sorted(tmp_path.glob("*.txt"))
    stop = threading.Event()
    told = []
    for result in ingest(library, files, stop=stop):
        told.append(result)
        stop.set()

    assert 0 < len(told) < len(files)
    assert {info.name for info in library.documents()} == {result.path.name for result in told}
    rest = read(library, *files)
    assert {result.path for result in rest if result.status == "added"} == set(files) - {one.path for one in told}
    assert library.stats().documents == len(files)
    assert len(copies(library)) == len(files)


def test_a_closed_generator_leaves_a_whole_library(library: Library, folder: Path) -> None:
    """Whoever stops taking results finds nothing half done."""
    results = ingest(library, find([folder]).files)
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert statuses(read(library, folder)).keys() == {"dam.md", "mill.txt"}
    assert library.stats().documents == 2
    assert len(copies(library)) == 2
