"""What is left after a kill -9, a store that was damaged, and a full disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpus.document import Document
from index.embedding import WordHashEmbedder
from index.errors import CatalogError, LibraryUnusableError
from index.library import Library
from index.vectors import Probe, probe_chroma

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def document(name: str, text: str = "") -> Document:
    return Document(text or f"The {name} is finished.", title=name, origin=f"test:{name}", name=name)


def test_kills_at_random_moments_lose_nothing() -> None:
    """Killed while 200 files are read, a library opens, answers, and holds every document that was acknowledged,
    whole; `benchmarks/crash.py --kills 50` is the long form."""
    script = [sys.executable, str(ROOT / "benchmarks" / "crash.py"), "--kills", "3", "--seed", "4"]
    done = subprocess.run(script, capture_output=True, text=True, env=ENVIRONMENT, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["kills"] == 3


KILLED = """
import os, signal, sys
from pathlib import Path
from corpus.document import Document
from index.embedding import WordHashEmbedder
from index.library import Library
library = Library.open(Path(sys.argv[1]), WordHashEmbedder())
names = sys.argv[2:]
list(library.add(Document(f"The {n} is finished.", n, origin=f"test:{n}", name=n) for n in names))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A library of two documents whose process was killed between writes."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "library"), "dam", "mill"], env=ENVIRONMENT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    return tmp_path / "library"


def generation(folder: Path) -> str:
    (only,) = (folder / "vectors").iterdir()
    return only.name


def titles(library: Library, query: str) -> list[str]:
    return [result.document.title for result in library.search(query)]


def test_a_whole_store_is_kept_after_a_kill(killed: Path, open_library: Callable[[], Library]) -> None:
    """Where another process finds everything in the vector index, it is not built anew."""
    before = generation(killed)

    library = open_library()

    assert generation(killed) == before
    assert titles(library, "mill")[0] == "mill"


def test_a_damaged_store_is_rebuilt_without_being_opened(killed: Path, open_library: Callable[[], Library]) -> None:
    """A vector index that its process left damaged is rebuilt from the catalog, and questions are answered."""
    before = generation(killed)
    for file in (killed / "vectors" / before).rglob("*"):
        if file.is_file():
            file.write_bytes(b"\0" * 100)

    library = open_library()

    assert generation(killed) != before
    assert sorted(titles(library, "mill dam")) == ["dam", "mill"]
    library.close()
    after = generation(killed)
    assert titles(open_library(), "mill")[0] == "mill"
    assert generation(killed) == after


def test_a_store_that_is_gone_is_rebuilt(library: Library, open_library: Callable[[], Library], tmp_path: Path) -> None:
    """The vector index is derived: without it the library is whole again after a start."""
    list(library.add([document("dam"), document("mill")]))
    library.close()
    shutil.rmtree(tmp_path / "library" / "vectors")

    again = open_library()

    assert (again.stats().documents, again._vectors().count()) == (2, 2)
    assert titles(again, "mill")[0] == "mill"


def test_a_probe_tells_a_store_that_lost_vectors(killed: Path) -> None:
    """What another process sees of a store is compared by what can be found, not by what it says of itself."""
    library = Library.open(killed, WordHashEmbedder())
    folder, name = killed / "vectors" / generation(killed), library.fingerprint
    library.close()
    absent = WordHashEmbedder().embed_question("nothing like it")[None]

    assert probe_chroma(folder, name, [99], absent) == Probe(opened=True, count=2, found=0)
    assert probe_chroma(killed / "catalog.sqlite", name, [99], absent) == Probe(opened=False, count=0, found=0)


def test_what_failed_in_mid_write_is_taken_up_by_the_next(library: Library) -> None:
    """A document that reached the catalog but not the vector index is searchable after the next write."""
    chroma = library._chroma
    assert chroma is not None
    chroma._client.delete_collection(library.fingerprint)  # the store fails under the library
    with pytest.raises(LibraryUnusableError, match="rebuilt from the catalog"):
        list(library.add([document("dam")]))
    assert library.documents() == []
    chroma._collection = chroma._client.get_or_create_collection(library.fingerprint, embedding_function=None)

    list(library.add([document("mill")]))

    assert sorted(info.title for info in library.documents()) == ["dam", "mill"]


def test_a_full_disk_is_told_and_loses_nothing(library: Library) -> None:
    """Where the disk is full, the message says so; what was acknowledged stays, and the rest goes in with room."""
    list(library.add([document("dam")]))

    def limit(connection: object, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    pages = 1  # SQLite takes the size that the file has
    sa.event.listen(library.catalog.engine, "checkout", limit)
    with pytest.raises(CatalogError, match=r"disk is full.*free some space"):
        list(library.add([document("mill", "The mill is a large one. " * 20_000)]))
    assert [info.title for info in library.documents()] == ["dam"]

    pages = 1_000_000
    assert [result.status for result in library.add([document("mill")])] == ["added"]


def test_a_reader_takes_over_when_the_writer_ends(library: Library, open_library: Callable[[], Library]) -> None:
    """A process that opened the library beside a writer writes itself once that one is gone."""
    beside = open_library()
    assert not beside.writable
    list(library.add([document("dam")]))
    library.close()

    assert [result.status for result in beside.add([document("mill")])] == ["added"]
    assert beside.writable
    assert sorted(titles(beside, "mill dam")) == ["dam", "mill"]
