"""What all tests share: no network but loopback, a data folder of their own, one library over the sample."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.servers import ChromaProcess, PostgresProcess, S3Process, postgres_programs, s3_program

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings
    from index.library import Library

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "corpus" / "sample"


_HERE = ("", "localhost", "0.0.0.0", "::")  # noqa: S104 — compared, not bound


class NetworkBlockedError(AssertionError):
    """A test reached for a host other than this computer."""


def _block_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: sees every connection and every look-up of a name in this process, whoever makes it."""
    if event == "socket.connect":
        # The address of a Unix socket is a path, not a pair.
        host = arguments[1][0] if isinstance(arguments[1], tuple) else ""
        allowed = host in _HERE or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
        host = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        allowed = host in _HERE or _is_address(host)  # an address needs no asking
    else:
        return
    if not allowed:
        raise NetworkBlockedError(f"{event} to {host!r}: tests use no network but loopback")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


sys.addaudithook(_block_network)


@pytest.fixture(autouse=True)
def _no_data_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings or the library of whoever runs it."""
    monkeypatch.setenv("DATELINE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, with a data folder of the test's own."""
    from assistant.settings import Settings

    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """An empty library with a stand-in for the embedding model."""
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    yield library
    library.close()


def _by(feature: str) -> dict[str, object]:
    return {"features": [feature], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}


_WEIGHTS = {"sentence": _by("overlap"), "confidence": _by("best_overlap"), "threshold": 0.5}
CALIBRATIONS = json.dumps({"calibrations": {"plain": _WEIGHTS, "reader": _WEIGHTS}})
"""A question is answered when a sentence holds half of its rare words."""


@contextmanager
def _stand_in_parts(settings: Settings) -> Iterator[Parts]:
    from assistant.assistant import Assistant
    from assistant.calibration import load_calibrations
    from assistant.parts import Parts
    from assistant.reader import OverlapReader
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(
        settings.data_dir,
        WordHashEmbedder(),
        chroma_server=settings.chroma_server,
        database_url=settings.catalog_url,
        originals_url=settings.copies_url,
    )
    reader = OverlapReader()
    assistant = Assistant(
        library, reader, load_calibrations(CALIBRATIONS), most_characters=settings.max_question_characters
    )
    yield Parts(library, assistant, reader)
    library.close()


@pytest.fixture(scope="session")
def stand_in_parts() -> Callable[[Settings], AbstractContextManager[Parts]]:
    """Opens a real library with stand-ins for the two models."""
    return _stand_in_parts


@contextmanager
def _serve(parts: Parts, settings: Settings) -> Iterator[str]:
    import uvicorn

    from assistant.http.api import create_app
    from assistant.server import listen, url_of
    from assistant.ui.page import mount_page

    app = mount_page(create_app(parts, settings), parts, settings)
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield url_of(listener)
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture(scope="session")
def serve() -> Callable[[Parts, Settings], AbstractContextManager[str]]:
    """Starts a real server with page and API on a free port of this computer, and tells its URL."""
    return _serve


@pytest.fixture(scope="session")
def chroma_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    """A Chroma server. Shared by all tests, in which each library has collections of its own."""
    process = ChromaProcess(tmp_path_factory.mktemp("chroma"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def own_chroma_process(tmp_path: Path) -> Iterator[ChromaProcess]:
    """A Chroma server that the test may end."""
    process = ChromaProcess(tmp_path / "chroma")
    process.start()
    yield process
    process.kill()


@pytest.fixture
def s3_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Process]:
    """S3-compatible storage that the test may end, to which the environment leads."""
    program = s3_program()
    if program is None:
        pytest.skip("moto's server is not installed: make .s3/.installed")
    process = S3Process(program)
    process.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", process.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    yield process
    process.kill()


def _postgres(folder: Path | None = None) -> PostgresProcess:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return PostgresProcess(programs, folder)


@pytest.fixture(scope="session")
def postgres_process() -> Iterator[PostgresProcess]:
    """A PostgreSQL server. Shared by all tests, each of which has a database of its own."""
    process = _postgres()
    process.start()
    yield process
    process.remove()


@pytest.fixture
def postgres_database(postgres_process: PostgresProcess) -> str:
    """The URL of a new database."""
    return postgres_process.create(f"dateline_{uuid.uuid4().hex}")


@pytest.fixture
def own_postgres_process() -> Iterator[PostgresProcess]:
    """A PostgreSQL server that the test may end."""
    process = _postgres()
    process.start()
    yield process
    process.remove()


@pytest.fixture(scope="session")
def sample_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The real model over corpus/sample. Shared by all tests: ask it, never change it."""
    from assistant import ingestion
    from assistant.parts import open_parts
    from assistant.settings import Settings

    parts = open_parts(Settings(data_dir=tmp_path_factory.mktemp("sample")))
    results = list(ingestion.ingest(parts.library, ingestion.find([SAMPLE]).files))
    assert {result.status for result in results} == {"added"}
    yield parts
    parts.close()


class SmallDisk:
    """A file system of 160 MB with a PostgreSQL on it."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        data.mkdir(mode=0o700)
        self.postgres = _postgres(data)
        self._filler = folder / "filler"

    def fill(self) -> None:
        """To its last byte."""
        with self._filler.open("wb") as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
                file.flush()

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    """A disk that the test may fill."""
    folder = Path(tempfile.mkdtemp(prefix="dateline-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a file system can't be mounted here: root alone may")
    with contextlib.ExitStack() as stack:
        stack.callback(folder.rmdir)
        stack.callback(subprocess.run, ["umount", str(folder)], check=True)
        disk = SmallDisk(folder)
        disk.postgres.start()
        stack.callback(disk.postgres.stop)
        yield disk
