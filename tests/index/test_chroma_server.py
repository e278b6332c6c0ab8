"""A library whose vectors are on a real Chroma server: what is said when that is down or elsewhere."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from corpus.document import Document
from index.chroma_server import ServedGenerations
from index.embedding import WordHashEmbedder
from index.errors import LibraryUnusableError, ServerDownError
from index.library import Library
from index.servers import ChromaServer


@pytest.fixture
def chroma_server(own_chroma_process: Any) -> ChromaServer:
    return ChromaServer(own_chroma_process.url)


def document(name: str) -> Document:
    return Document(f"The {name} is finished.", title=name, origin=f"test:{name}", name=name)


def add(library: Library, *names: str) -> list[str]:
    return [result.status for result in library.add(document(name) for name in names)]


def titles(library: Library, query: str) -> list[str]:
    return sorted(result.document.title for result in library.search(query))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_server_that_is_down_is_a_sentence(tmp_path: Path) -> None:
    """Where nothing answers, the URL and what to do are told."""
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(ServerDownError) as raised:
        Library.open(tmp_path / "library", WordHashEmbedder(), chroma_server=ChromaServer(url))

    assert str(raised.value) == (
        f"the Chroma server at {url} does not answer ([Errno 111] Connection refused): start it, or correct "
        "DATELINE_CHROMA_URL"
    )


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Some other web server: a page at every address, or a refusal of whoever comes without the token."""

    seen: ClassVar[list[str | None]]
    status = 200

    def do_GET(self) -> None:
        self.seen.append(self.headers["x-chroma-token"])
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<h1>Welcome</h1>")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[type[Elsewhere], str]]:
    class Handler(Elsewhere):
        seen: ClassVar[list[str | None]] = []

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Handler, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (
            200,
            "what answers at {url} is no Chroma server of version 1 or later (status 200): correct DATELINE_CHROMA_URL",
        ),
        (401, "the Chroma server at {url} refuses us (401): check DATELINE_CHROMA_TOKEN"),
    ],
)
def test_another_server_is_a_sentence(
    elsewhere: tuple[type[Elsewhere], str], tmp_path: Path, status: int, message: str
) -> None:
    """A URL that leads elsewhere, or to one who refuses us, is told; the token was sent, and is not in the message."""
    handler, url = elsewhere
    handler.status = status

    with pytest.raises(LibraryUnusableError) as raised:
        Library.open(
            tmp_path / "library", WordHashEmbedder(), chroma_server=ChromaServer(url, {"x-chroma-token": "T0K3N"})
        )

    assert str(raised.value) == message.format(url=url)
    assert handler.seen == ["T0K3N"]


def test_a_tenant_that_is_unknown_is_a_sentence(chroma_server: ChromaServer) -> None:
    """A tenant or a database that the server does not have is told."""
    with pytest.raises(
        LibraryUnusableError, match=r"refuses us .*nobody.* check the tenant, the database and the token"
    ):
        ServedGenerations(ChromaServer(chroma_server.url + "/?tenant=nobody"), "one")


def test_while_the_server_is_down_nothing_is_answered_and_nothing_lost(
    library: Library, own_chroma_process: Any
) -> None:
    """A search is refused rather than half done; a document that came meanwhile is searched once the server is back."""
    assert add(library, "dam") == ["added"]
    own_chroma_process.kill()

    with pytest.raises(ServerDownError):
        library.search("dam")
    with pytest.raises(ServerDownError):
        add(library, "mill")
    assert list(library.down()) == ["vectors"]
    assert "does not answer" in library.down()["vectors"]

    own_chroma_process.start()
    assert library.down() == {}
    assert titles(library, "dam") == ["dam"]
    assert add(library, "bridge") == ["added"]
    assert titles(library, "dam mill bridge") == ["bridge", "dam", "mill"]


def test_vectors_that_are_gone_are_rebuilt(
    library: Library, open_library: Callable[[], Library], chroma_server: ChromaServer
) -> None:
    """Where the server lost the collection, a start builds it anew from the catalog."""
    add(library, "dam", "mill")
    name = library.catalog.fact("library")
    assert name is not None
    ServedGenerations(chroma_server, name).keep_only("none")
    assert "nothing is lost" in library.down()["vectors"]
    library.close()

    again = open_library()

    assert (again.down(), again._vectors().count(), titles(again, "mill dam")) == ({}, 2, ["dam", "mill"])


def test_a_collection_of_another_model_is_told_and_not_searched(
    library: Library,
    open_library: Callable[[], Library],
    chroma_server: ChromaServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A collection that another model built is named, and a right one is built in its place."""
    add(library, "dam")
    name, generation = library.catalog.fact("library"), library.catalog.fact("vectors")
    assert name is not None
    assert generation is not None
    library.close()
    ServedGenerations(chroma_server, name).create(generation, "other-model")

    again = open_library()

    assert caplog.messages == [
        f"the collection 'dateline-{name}-{generation}' on {chroma_server.place} was built with another model "
        f"(other-model), the library's vectors are of {again.fingerprint}: it is rebuilt from the catalog"
    ]
    assert titles(again, "dam") == ["dam"]


def test_libraries_that_share_a_server_do_not_meet(
    library: Library, chroma_server: ChromaServer, tmp_path: Path
) -> None:
    """Each library has collections of its own, and reindexing one leaves the other's."""
    add(library, "dam")
    other = Library.open(tmp_path / "other", WordHashEmbedder(), chroma_server=chroma_server)
    add(other, "mill")

    assert [info.title for info in library.reindex()] == ["dam"]

    assert (titles(library, "dam mill"), titles(other, "dam mill")) == (["dam"], ["mill"])
    assert (library._vectors().count(), other._vectors().count()) == (1, 1)
    other.close()


def test_a_library_moves_to_a_server_and_back(
    tmp_path: Path, chroma_server: ChromaServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Vectors are derived: with the setting changed, the next start builds them where they are now to be."""
    for step, (server, name) in enumerate([(None, "dam"), (chroma_server, "mill"), (None, "bridge")], 1):
        library = Library.open(tmp_path / "library", WordHashEmbedder(), chroma_server=server)
        assert add(library, name) == ["added"]
        assert (library._vectors().count(), len(titles(library, "dam mill bridge"))) == (step, step)
        library.close()
    assert caplog.messages == ["the vector index is gone: it is rebuilt from the catalog"] * 2
