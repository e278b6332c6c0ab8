"""Vectors on a Chroma server: what differs from the embedded form. Chroma's distributed form and its Cloud share the
client.

A library's collections bear its own id, so that many libraries may share a server. Every call here may be made twice
without harm, so what fails on its way is tried again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from index.errors import LibraryUnusableError, ServerDownError
from index.servers import ChromaServer
from index.vectors import HNSW, ChromaCollection, count_found, unpack_vectors

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

_Result = TypeVar("_Result")

_MOST_ROWS = 500
"""Rows of one upsert where the server allows more: a server with both cores busy takes about a second for them."""
_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 30.0
_TRIES = 3
_FIRST_WAIT = 0.1
"""Seconds before the second try; twice as long before the third."""
_PAGE = 100
"""Collections that are listed at once."""


class ServedGenerations:
    """Generations of a library on a Chroma server: a collection each, named by the library's id."""

    shared = True

    def __init__(self, server: ChromaServer, library: str) -> None:
        """
        Args:
            library: id of the library, letters and digits.

        Raises:
            ServerDownError: nothing answers.
            LibraryUnusableError: what answers is no Chroma server, or refuses us.
        """
        self._server = server
        self._library = library
        self._client = _connect(server)

    def exists(self, name: str) -> bool:
        return self._find(name) is not None

    def open(self, name: str, fingerprint: str) -> ChromaCollection:
        collection = self._find(name)
        if collection is None:
            raise LibraryUnusableError(f"the collection {self._name(name)!r} is not on {self._server.place}")
        found = (collection.metadata or {}).get("fingerprint")
        if found != fingerprint:
            raise LibraryUnusableError(
                f"the collection {self._name(name)!r} on {self._server.place} was built with another model ({found}), "
                f"the library's vectors are of {fingerprint}"
            )
        return ServedVectors(self._server, self._client, collection)

    def create(self, name: str, fingerprint: str) -> ChromaCollection:
        if self.exists(name):
            self._call(partial(self._client.delete_collection, self._name(name)))
        collection = self._call(
            lambda: self._client.get_or_create_collection(
                self._name(name),
                embedding_function=None,
                metadata={"fingerprint": fingerprint, "library": self._library},
                configuration={"hnsw": HNSW},
            )
        )
        return ServedVectors(self._server, self._client, collection)

    def is_whole(self, name: str, fingerprint: str, sample: Sequence[tuple[int, bytes]], count: int) -> bool:
        store = self.open(name, fingerprint)
        vectors = unpack_vectors(packed for _, packed in sample)
        return store.count() == count and count_found(store, [one for one, _ in sample], vectors) == len(sample)

    def keep_only(self, name: str) -> None:
        found: list[Collection] = []
        while page := self._page(len(found)):
            found += page
        for one in found:
            if (one.metadata or {}).get("library") == self._library and one.name != self._name(name):
                self._call(partial(self._client.delete_collection, one.name))

    def _page(self, offset: int) -> Sequence[Collection]:
        return self._call(lambda: self._client.list_collections(limit=_PAGE, offset=offset))

    def _find(self, name: str) -> Collection | None:
        from chromadb.errors import NotFoundError

        def get() -> Collection | None:
            try:
                return self._client.get_collection(self._name(name), embedding_function=None)
            except NotFoundError:
                return None

        return self._call(get)

    def _name(self, name: str) -> str:
        return f"dateline-{self._library}-{name}"

    def _call(self, call: Callable[[], _Result]) -> _Result:
        return _calling(self._server, "used", call)


class ServedVectors(ChromaCollection):
    """A collection on a Chroma server. Threads and processes may share it."""

    def __init__(self, server: ChromaServer, client: ClientAPI, collection: Collection) -> None:
        """Use ``ServedGenerations``."""
        self._server = server
        self._client = client
        self._collection = collection
        allowed = _calling(server, "asked", client.get_max_batch_size)
        self._batch = min(allowed, _MOST_ROWS) if allowed > 0 else _MOST_ROWS

    def close(self) -> None:
        """Nothing: the connections belong to the generations, and end with the process."""

    def _call(self, done: str, call: Callable[[], _Result]) -> _Result:
        return _calling(self._server, done, call)


def _connect(server: ChromaServer) -> ClientAPI:
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb
    import httpx
    from chromadb.config import Settings

    parts = urlsplit(server.url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
    _heartbeat(server, timeout)
    # `.env` in the working folder would be read otherwise.
    settings = Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]
    try:
        client = chromadb.HttpClient(
            host=server.place,
            port=server.port,
            ssl=parts.scheme == "https",
            headers=dict(server.headers),
            settings=settings,
            **query,
        )
    except (chromadb.errors.ChromaError, ValueError) as error:
        raise LibraryUnusableError(
            f"the Chroma server at {server.place} refuses us ({error}): check the tenant, the database and the token"
        ) from error
    # Chroma's client waits without an end, and has no setting for it.
    client._server._session.timeout = timeout  # type: ignore[attr-defined]
    return client


def _heartbeat(server: ChromaServer, timeout: Any) -> None:
    """Tell a server that is down, and a URL that leads elsewhere, before Chroma's client waits on it."""
    import httpx

    try:
        answer = httpx.get(f"{server.place}/api/v2/heartbeat", headers=dict(server.headers), timeout=timeout)
    except httpx.TransportError as error:
        raise _down(server, error) from error
    if answer.status_code in (401, 403):
        raise LibraryUnusableError(
            f"the Chroma server at {server.place} refuses us ({answer.status_code}): check DATELINE_CHROMA_TOKEN"
        )
    if answer.status_code >= 500:
        raise _down(server, f"status {answer.status_code}")
    if answer.status_code != 200 or "heartbeat" not in answer.text:
        raise LibraryUnusableError(
            f"what answers at {server.place} is no Chroma server of version 1 or later (status {answer.status_code}): "
            "correct DATELINE_CHROMA_URL"
        )


def _calling(server: ChromaServer, done: str, call: Callable[[], _Result]) -> _Result:
    """Call the server, again where the call failed on its way; errors become ours."""
    import chromadb
    import httpx
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    attempts = Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_exponential(_FIRST_WAIT, max=1),
        retry=retry_if_exception_type(httpx.TransportError),
        reraise=True,
    )
    try:
        return attempts(call)
    except httpx.TransportError as error:
        raise _down(server, error) from error
    except chromadb.errors.ChromaError as error:
        raise LibraryUnusableError(
            f"the vectors on {server.place} cannot be {done} ({error}): start Dateline again; they are rebuilt from "
            "the catalog, nothing is lost"
        ) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        # The client raises a bare Exception for an answer that is not Chroma's: of a proxy before it, for one.
        raise _down(server, str(error)[:200] or "an answer that is not Chroma's") from error


def _down(server: ChromaServer, error: object) -> ServerDownError:
    return ServerDownError(
        f"the Chroma server at {server.place} does not answer ({error}): start it, or correct DATELINE_CHROMA_URL"
    )
