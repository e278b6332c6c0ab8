"""The laws of a library: exact offsets, one document a file, nothing left of what was deleted, one writer."""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.document import Document, PublishedDate, SourceFile
from corpus.filters import Filters
from corpus.originals import content_hash
from index.embedding import PassageText, PassageVectors, WordHashEmbedder
from index.errors import CatalogError, LibraryLockedError, LibraryUnusableError, ModelChangedError
from index.library import Added, Library
from index.servers import ChromaServer
from index.words import stems

ROOT = Path(__file__).parents[2]
WORDS = "harbour storm bridge winter treaty dam mill river council fish".split()


@pytest.fixture(params=["embedded", "served"])
def servers(request: pytest.FixtureRequest) -> bool:
    """The laws hold in one folder, and on a Chroma server and PostgreSQL."""
    return bool(request.param == "served")


@pytest.fixture
def chroma_server(request: pytest.FixtureRequest, servers: bool) -> ChromaServer | None:
    return ChromaServer(request.getfixturevalue("chroma_process").url) if servers else None


@pytest.fixture
def database_url(request: pytest.FixtureRequest, servers: bool) -> str | None:
    return str(request.getfixturevalue("postgres_database")) if servers else None


def document(name: str, text: str, *, published: datetime.date | None = None) -> Document:
    return Document(
        text,
        title=name,
        origin=f"test:{name}",
        name=name,
        published=PublishedDate(published, "user") if published else None,
        file=SourceFile(f"test:{name}", name, "text/plain", len(text.encode()), content_hash(text.encode())),
    )


def add(library: Library, *documents: Document) -> list[Added]:
    return list(library.add(documents))


def held_words(library: Library) -> set[str]:
    """The words that the word index holds."""
    return {word for word in WORDS if library.catalog.document_frequencies(stems(word))}


def check_offsets(library: Library) -> None:
    """Every passage, and every sentence, is the text of its document at its span."""
    for info in library.documents():
        stored = library.document(info.id)
        assert stored is not None
        for sentence in library.sentences(info.id):
            span = sentence.sentence.span
            assert stored.text[span.start : span.end] == sentence.sentence.text
    for word in WORDS:
        for result in library.search(word, limit=50):
            stored = library.document(result.document.id)
            assert stored is not None
            assert stored.text[result.passage.span.start : result.passage.span.end] == result.passage.text
            assert result.passage.span.contains(result.core)


TEXTS = st.lists(
    st.sampled_from([*(f"The {word} is here. " for word in WORDS), "\n\n", "날씨가 좋다. ", "🌊 ", "# A part\n"]),
    min_size=1,
    max_size=60,
).map("".join)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from("abcd"), TEXTS), min_size=1, max_size=12)


@settings(max_examples=15, deadline=None)
@given(STEPS)
def test_a_library_is_what_was_last_put_into_it(steps: list[tuple[str, str, str]]) -> None:
    """After any additions, replacements and removals each name holds its last text, offsets are exact, the vector
    index and the word index hold the passages that the catalog does, and a library opened again is the same."""
    expected: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder), WordHashEmbedder())
        try:
            for action, name, text in steps:
                if action == "add":
                    (result,) = add(library, document(name, text))
                    if result.status != "failed":
                        expected[name] = text
                else:
                    library.remove_files([f"test:{name}"])
                    expected.pop(name, None)
            for _ in range(2):
                held = {
                    name: stored.text
                    for info in library.documents()
                    for name in info.names
                    if (stored := library.document(info.id)) is not None
                }
                assert held == expected
                assert library.stats().documents == len(set(expected.values()))
                check_offsets(library)
                assert library._vectors().count() == library.stats().passages
                together = " ".join(expected.values())
                assert held_words(library) == {word for word in WORDS if word in together}
                library.close()
                library = Library.open(Path(folder), WordHashEmbedder())
        finally:
            library.close()


def test_the_same_file_twice_is_one_document(library: Library) -> None:
    """A document added again is left alone."""
    first = add(library, document("dam.md", "The dam is finished."))
    again = add(library, document("dam.md", "The dam is finished."))

    assert [result.status for result in first + again] == ["added", "unchanged"]
    assert again[0].document_id == first[0].document_id
    assert library.stats().documents == 1


def test_the_same_content_under_two_names_is_one_document(library: Library) -> None:
    """A second name for the same text is told, and the document goes with its last name."""
    (first,) = add(library, document("dam.md", "The dam is finished."))
    (copy,) = add(library, document("copy.md", "The dam is finished."))

    assert (copy.status, copy.document_id, copy.detail) == (
        "same content",
        first.document_id,
        "same content as dam.md",
    )
    (info,) = library.documents()
    assert info.names == ("copy.md", "dam.md")

    library.remove_files(["test:dam.md"])
    assert library.stats().documents == 1
    library.remove_files(["test:copy.md"])
    assert library.stats().documents == 0


def test_the_same_content_twice_in_one_go_is_one_document(library: Library) -> None:
    """Copies that come in one batch are found out as well."""
    results = add(library, *(document(name, "The dam is finished.") for name in ("a", "b", "c")))

    assert [result.status for result in results] == ["added", "same content", "same content"]
    assert library.stats().documents == 1


def test_a_changed_file_replaces_its_older_self(library: Library) -> None:
    """Only the new text is found, under the same id, and new facts alone replace as well."""
    (old,) = add(library, document("works.md", "The harbour is closed."))
    (new,) = add(library, document("works.md", "The bridge is closed."))
    (dated,) = add(library, document("works.md", "The bridge is closed.", published=datetime.date(1936, 3, 1)))

    assert [(one.status, one.document_id) for one in (new, dated)] == [("replaced", old.document_id)] * 2
    assert [result.passage.text for result in library.search("harbour")] == ["The bridge is closed."]
    assert held_words(library) == {"bridge"}
    (info,) = library.documents()
    assert info.published is not None
    assert info.published.value == datetime.date(1936, 3, 1)


def test_a_deleted_document_is_never_found(library: Library, open_library: Callable[[], Library]) -> None:
    """Once removed, a document is in no list, no search, no count, now and after the library is opened again."""
    (dam, mill) = add(library, document("dam", "The dam is finished."), document("mill", "The mill burned."))

    assert library.remove([dam.document_id, "nothing"]) == [dam.document_id]

    def rest(opened: Library) -> tuple[object, ...]:
        found = {result.document.id for word in WORDS for result in opened.search(word)}
        return found, [info.id for info in opened.documents()], opened.document(dam.document_id), held_words(opened)

    before = rest(library)
    library.close()
    assert before == rest(open_library()) == ({mill.document_id}, [mill.document_id], None, {"mill"})


def test_a_document_without_text_is_refused(library: Library) -> None:
    """Nothing but white space makes no document, and the others go in."""
    results = add(library, document("void", " \n\t "), document("dam", "The dam is finished."))

    assert sorted((result.name, result.status) for result in results) == [("dam", "added"), ("void", "failed")]


def test_filters_leave_only_what_passes_them(library: Library) -> None:
    """A search with dates finds documents published in them, and never one without a date."""
    days = {"old": datetime.date(1936, 3, 1), "new": datetime.date(2024, 6, 19), "undated": None}
    add(library, *(document(name, f"The {name} harbour is open.", published=day) for name, day in days.items()))

    def found(**dates: datetime.date) -> set[str]:
        return {result.document.title for result in library.search("harbour", filters=Filters(**dates))}

    assert found() == {"old", "new", "undated"}
    assert found(as_of=datetime.date(1999, 1, 1)) == {"old"}
    assert found(after=datetime.date(2024, 6, 19), before=datetime.date(2024, 6, 19)) == {"new"}


class Slow(WordHashEmbedder):
    """Waits in the middle of an addition until it is told to go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        self.reached.set()
        assert self.go_on.wait(30)
        return super().embed_passages(passages)


def test_readers_are_not_blocked_while_one_writes(tmp_path: Path) -> None:
    """While documents are on their way in, another process's reader and threads of this one search what is there."""
    library = Library.open(tmp_path, WordHashEmbedder())
    add(library, document("dam", "The dam is finished."))
    library.close()
    slow = Slow()
    library = Library.open(tmp_path, slow)
    writer = threading.Thread(target=lambda: add(library, document("mill", "The mill burned.")))
    writer.start()
    assert slow.reached.wait(30)
    beside = Library.open(tmp_path, WordHashEmbedder())

    during = [[result.document.title for result in opened.search("mill dam")] for opened in (library, beside)]
    slow.go_on.set()
    writer.join(30)
    after = [{result.document.title for result in opened.search("mill dam")} for opened in (library, beside)]

    assert during == [["dam"], ["dam"]]
    assert after == [{"dam", "mill"}] * 2
    beside.close()
    library.close()


HOLD = """
import sys
from pathlib import Path
from index.embedding import WordHashEmbedder
from index.library import Library
library = Library.open(Path(sys.argv[1]), WordHashEmbedder())
print(library.writable, flush=True)
sys.stdin.read()
library.close()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the test's library open, in its folder: on servers several processes write."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "library")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_writes(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """Beside a process that writes, a library reads, and names that process to whoever wants to write."""
    library = Library.open(tmp_path / "library", WordHashEmbedder())

    assert not library.writable
    assert library.documents() == []
    for write in (lambda: add(library, document("dam", "The dam.")), lambda: library.remove(["x"])):
        with pytest.raises(LibraryLockedError, match=f"process {holder.pid}\\)"):
            write()


def test_the_lock_goes_with_its_process(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    """A writer that is killed leaves no lock behind."""
    holder.kill()
    holder.wait()

    library = Library.open(tmp_path / "library", WordHashEmbedder())

    assert library.writable
    assert [result.status for result in add(library, document("dam", "The dam is finished."))] == ["added"]


class OtherModel(WordHashEmbedder):
    name = "other"
    fingerprint = "other-1"


def test_another_model_is_refused_by_name_and_reindex_mends_it(tmp_path: Path) -> None:
    """A library that another model built is not opened; reindexed, it opens and finds the same."""
    library = Library.open(tmp_path, WordHashEmbedder())
    add(library, document("dam", "The dam is finished."), document("mill", "The mill burned."))
    library.close()

    with pytest.raises(ModelChangedError, match=r"'word-hash'.*'other'.*dateline reindex"):
        Library.open(tmp_path, OtherModel())
    library = Library.open(tmp_path, OtherModel(), any_model=True)
    assert {info.title for info in library.reindex()} == {"dam", "mill"}
    library.close()

    library = Library.open(tmp_path, OtherModel())
    assert [result.document.title for result in library.search("mill")][:1] == ["mill"]
    check_offsets(library)
    library.close()


def test_a_file_in_place_of_the_folder_is_a_sentence(tmp_path: Path) -> None:
    """A data directory that cannot be is told with what to do."""
    (tmp_path / "taken").write_text("a file", "utf-8")

    with pytest.raises(LibraryUnusableError, match="DATELINE_DATA_DIR"):
        Library.open(tmp_path / "taken", WordHashEmbedder())


def test_a_catalog_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    """A damaged catalog is told, not overwritten."""
    (tmp_path / "catalog.sqlite").write_bytes(b"this is no database" * 100)

    with pytest.raises(CatalogError, match="the catalog cannot be opened"):
        Library.open(tmp_path, WordHashEmbedder())
    assert (tmp_path / "catalog.sqlite").read_bytes().startswith(b"this is no database")


def test_a_setting_of_the_date_by_hand_moves_event_dates(library: Library) -> None:
    """A date set by hand is kept, and words like "this year" are worked out from it."""
    (added,) = add(library, document("dam", "The dam was finished in March this year."))

    assert library.set_published(added.document_id, PublishedDate(datetime.date(1936, 5, 1), "user"))
    (sentence,) = library.sentences(added.document_id)

    assert [date.iso for date in sentence.sentence.event_dates] == ["1936-03"]
    assert not library.set_published("nothing", None)


def test_a_title_set_by_hand_is_searched_at_once(library: Library) -> None:
    """Its words lead to the document's passages, those of the old title no longer."""
    (added,) = add(library, document("dam", "The wall is finished."))

    assert library.set_title(added.document_id, "Reservoir of Assuan")

    (found,) = library.search("reservoir")
    assert (found.document.title, found.passage.context) == ("Reservoir of Assuan", "Reservoir of Assuan")
    assert library.catalog.document_frequencies(stems("dam reservoir")) == {"reservoir": 1}
    assert library._vectors().count() == library.stats().passages == 1
    assert not library.set_title("nothing", "Title")


class Interrupted(OtherModel):
    """Fails at its second document."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        self.embedded += 1
        if self.embedded == 2:
            raise KeyboardInterrupt
        return super().embed_passages(passages)


class Counting(OtherModel):
    def __init__(self) -> None:
        self.embedded = 0

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        self.embedded += 1
        return super().embed_passages(passages)


def test_a_reindex_that_is_cut_short_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    """Until the swap the old index is searched; the next reindex goes on where the last one ended."""
    names = ("dam", "mill", "harbour")
    library = Library.open(tmp_path, WordHashEmbedder())
    add(library, *(document(name, f"The {name} is open.") for name in names))
    library.close()
    library = Library.open(tmp_path, Interrupted(), any_model=True)
    with pytest.raises(KeyboardInterrupt):
        list(library.reindex())
    library.close()

    library = Library.open(tmp_path, WordHashEmbedder())
    assert library.search("mill")[0].document.title == "mill"
    assert library._vectors().count() == 3
    library.close()

    counting = Counting()
    library = Library.open(tmp_path, counting, any_model=True)
    assert {info.title for info in library.reindex()} == set(names)
    assert counting.embedded == 2
    library.close()
    library = Library.open(tmp_path, OtherModel())
    assert library.search("mill")[0].document.title == "mill"
    assert held_words(library) == set(names)
    assert library._vectors().count() == library.stats().passages == 3
    check_offsets(library)
    library.close()
