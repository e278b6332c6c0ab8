"""A library whose catalog is on a real PostgreSQL: what is said when that is down, and what it does not take."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from corpus.catalog import Catalog
from corpus.document import Document
from corpus.errors import CatalogDownError, CatalogError, CatalogFullError
from index.embedding import WordHashEmbedder
from index.library import Library
from index.words import WordIndex, stems


def document(name: str, text: str = "") -> Document:
    return Document(text or f"The {name} is finished.", title=name, origin=f"test:{name}", name=name)


def titles(library: Library, query: str) -> list[str]:
    return sorted(result.document.title for result in library.search(query))


def wait_until_up(library: Library) -> None:
    """A server that was started takes connections when it has mended what the crash left."""
    last = time.monotonic() + 60
    while library.down() and time.monotonic() < last:
        time.sleep(0.1)
    assert library.down() == {}


def test_a_server_that_is_down_is_a_sentence(tmp_path: Path) -> None:
    """Where nothing answers, the host and what to do are told, and no password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://ann:S3CR3T@127.0.0.1:{free.getsockname()[1]}/library"

        with pytest.raises(CatalogDownError) as raised:
            Library.open(tmp_path, WordHashEmbedder(), database_url=url)

    said = str(raised.value)
    assert said.startswith("the PostgreSQL server of the catalog (127.0.0.1, database library) cannot be used (")
    assert said.endswith(
        "Connection refused Is the server running on that host and accepting TCP/IP connections?): start "
        "it, or correct DATELINE_DATABASE_URL"
    )
    assert "S3CR3T" not in said


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"database": "absent"}, 'database "absent" does not exist'),
        ({"username": "nobody"}, 'role "nobody" does not exist'),
    ],
)
def test_a_wrong_address_is_a_sentence(postgres_database: str, change: dict[str, str], message: str) -> None:
    """A database or a user that the server does not have is told in its words."""
    url = sa.make_url(postgres_database).set(**change).render_as_string(hide_password=False)

    with pytest.raises(CatalogError, match=message):
        Catalog(url)


@pytest.mark.parametrize("url", ["library", "mysql://host/library"])
def test_what_is_no_address_of_postgresql_is_a_sentence(url: str) -> None:
    """Something else in place of the URL is told with what is expected."""
    with pytest.raises(CatalogError, match=r"expected postgresql://user:password@host/database"):
        Catalog(url)


@pytest.fixture
def database_url(own_postgres_process: Any) -> str:
    return str(own_postgres_process.create("library"))


def test_while_the_server_is_down_nothing_is_answered_and_nothing_lost(
    library: Library, own_postgres_process: Any
) -> None:
    """Searches and additions are refused, readiness names the part, and all goes on when the server is back."""
    assert [one.status for one in library.add([document("dam")])] == ["added"]
    own_postgres_process.stop()

    with pytest.raises(CatalogDownError):
        library.search("dam")
    with pytest.raises(CatalogDownError):
        list(library.add([document("mill")]))
    assert list(library.down()) == ["catalog"]

    own_postgres_process.start()
    wait_until_up(library)
    assert titles(library, "dam") == ["dam"]
    assert [one.status for one in library.add([document("mill")])] == ["added"]
    assert titles(library, "dam mill") == ["dam", "mill"]


def test_a_writer_that_lost_its_lock_takes_it_again_or_yields(
    library: Library, open_library: Callable[[], Library], own_postgres_process: Any
) -> None:
    """A server that was started again has forgotten who writes: whoever comes first writes, the other is refused."""
    beside = open_library()
    assert not beside.writable
    own_postgres_process.stop()
    own_postgres_process.start()
    wait_until_up(beside)

    assert [one.status for one in beside.add([document("dam")])] == ["added"]
    with pytest.raises(Exception, match="another process"):
        list(library.add([document("mill")]))
    beside.close()
    assert [one.status for one in library.add([document("mill")])] == ["added"]


def test_text_that_postgresql_does_not_take_is_refused(library: Library) -> None:
    """A document with a NUL character is refused with the reason, and the others go in."""
    results = list(library.add([document("dam", "The dam\0 is finished."), document("mill")]))

    assert [(one.status, one.detail) for one in results] == [
        ("failed", "it holds a NUL character, which PostgreSQL does not keep"),
        ("added", ""),
    ]
    assert (library.document("dam\0"), library.documents(query="\0mill")[0].title) == (None, "mill")


def test_word_counts_stay_true(library: Library) -> None:
    """How many passages hold a word is counted through additions, changes, removals and a reindex; a word without an
    end, a word in many places and marks that PostgreSQL could read as its own are words as others are."""
    library_texts = {
        "long": "harbour " * 3_000,
        "odd": f"{'x' * 3_000} harbour's it\\s 'a' b:1A & | !",
        "plain": "A harbour.",
    }
    list(library.add(document(name, text) for name, text in library_texts.items()))
    list(library.add([document("plain", "A bridge.")]))
    list(library.reindex())
    (odd,) = library.documents(query="odd")

    def counted() -> int:
        return library.catalog.document_frequencies(stems("harbour")).get("harbour", 0)

    with library.catalog.engine.connect() as connection:
        held = sa.text("SELECT count(*) FROM words WHERE terms @@ CAST('harbour' AS tsquery)")
        assert counted() == connection.scalar(held)
    before = counted()
    assert [match.score > 0 for match in WordIndex(library.catalog).search("x" * 3_000, limit=5)] == [True]
    library.remove([odd.id])
    assert counted() == before - 1


def test_several_that_open_a_new_catalog_at_once_agree(database_url: str) -> None:
    """One makes it, the others wait and find it done; a newer one is refused."""
    with ThreadPoolExecutor(4) as pool:
        for catalog in pool.map(Catalog, [database_url] * 4):
            catalog.close()

    catalog = Catalog(database_url)
    catalog.set_fact("schema_version", "1000")
    catalog.close()
    with pytest.raises(CatalogError, match="the catalog has schema 1000"):
        Catalog(database_url)


def test_a_wrong_password_is_a_sentence(own_postgres_process: Any) -> None:
    """The server's words are told, and the password is not."""
    url = sa.make_url(own_postgres_process.url())
    own_postgres_process.ask_for_passwords_of("ann", "right")
    right, wrong = (
        url.set(username="ann", password=password).render_as_string(hide_password=False)
        for password in ("right", "S3CR3T")
    )

    with pytest.raises(CatalogError, match='password authentication failed for user "ann"') as raised:
        Catalog(wrong)
    assert "S3CR3T" not in str(raised.value)
    sa.create_engine(sa.make_url(right).set(drivername="postgresql+psycopg")).connect().close()


def test_a_full_disk_is_a_sentence_and_loses_nothing(small_disk: Any, tmp_path: Path) -> None:
    """What does not fit is refused in a sentence, what was acknowledged stays and is found, and with free space again
    the same document goes in."""
    url = small_disk.postgres.create("library")
    library = Library.open(tmp_path / "library", WordHashEmbedder(), database_url=url)
    assert [one.status for one in library.add([document("dam")])] == ["added"]
    small_disk.fill()
    words = random.Random(1)  # noqa: S311
    large = document("mill", " ".join(f"The mill {words.random()} is finished." for _ in range(20_000)))

    with pytest.raises(CatalogFullError) as raised:
        list(library.add([large]))
    said = str(raised.value)
    assert said.startswith("the PostgreSQL server of the catalog is out of a resource (could not extend file ")
    assert said.endswith(
        "No space left on device HINT: Check free disk space.): free some space or memory there; what was acknowledged "
        "is safe"
    )
    assert library.down() == {}
    small_disk.free()
    assert titles(library, "dam") == ["dam"]
    assert library.document(large.id) is None
    assert [one.status for one in library.add([large])] == ["added"]
    library.close()
