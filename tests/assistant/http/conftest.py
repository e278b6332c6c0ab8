"""The API over a real library in a folder of the test's own, with stand-ins for the two models."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

HOST = "http://127.0.0.1:7860"


def _by(feature: str) -> dict[str, object]:
    return {"features": [feature], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}


CALIBRATIONS = json.dumps(
    {
        "calibrations": {
            "plain": {"sentence": _by("overlap"), "confidence": _by("best_overlap"), "threshold": 0.5},
            "reader": {"sentence": _by("overlap"), "confidence": _by("best_overlap"), "threshold": 0.5},
        }
    }
)
"""A question is answered when a sentence holds half of its rare words."""


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    yield from stand_in_parts(settings)


def stand_in_parts(settings: Settings) -> Iterator[Parts]:
    from assistant.assistant import Assistant
    from assistant.calibration import load_calibrations
    from assistant.parts import Parts
    from assistant.reader import OverlapReader
    from index.embedding import WordHashEmbedder
    from index.library import Library

    library = Library.open(settings.data_dir, WordHashEmbedder())
    reader = OverlapReader()
    assistant = Assistant(
        library, reader, load_calibrations(CALIBRATIONS), most_characters=settings.max_question_characters
    )
    yield Parts(library, assistant, reader)
    library.close()


@pytest.fixture
def client(parts: Parts, settings: Settings) -> Iterator[TestClient]:
    """Speaks to the API as a program on this computer does."""
    from assistant.http.api import create_app

    with TestClient(create_app(parts, settings), base_url=HOST) as client:
        yield client


@dataclass(frozen=True)
class Served:
    """A real server with page and API, on a free port of this computer."""

    parts: Parts
    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on an empty library. The tests of a module share it."""
    from assistant.settings import Settings

    settings = Settings(data_dir=tmp_path_factory.mktemp("served"))
    with contextmanager(stand_in_parts)(settings) as parts, serve(parts, settings) as url:
        yield Served(parts, url)


@pytest.fixture(scope="module")
def served_by(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Any], str]]:
    """Starts a server with another assistant in place of ours, and tells its URL."""
    from assistant.settings import Settings

    with ExitStack() as opened:

        def start(assistant: Any) -> str:
            settings = Settings(data_dir=tmp_path_factory.mktemp("served"))
            parts = opened.enter_context(contextmanager(stand_in_parts)(settings))
            return opened.enter_context(serve(replace(parts, assistant=assistant), settings))

        yield start


@contextmanager
def serve(parts: Parts, settings: Settings) -> Iterator[str]:
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
