"""The API over a real library in a folder of the test's own, with stand-ins for the two models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

    OpenParts = Callable[[Settings], AbstractContextManager[Parts]]
    Serve = Callable[[Parts, Settings], AbstractContextManager[str]]

HOST = "http://127.0.0.1:7860"


@pytest.fixture
def parts(stand_in_parts: OpenParts, settings: Settings) -> Iterator[Parts]:
    with stand_in_parts(settings) as parts:
        yield parts


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
def served(tmp_path_factory: pytest.TempPathFactory, stand_in_parts: OpenParts, serve: Serve) -> Iterator[Served]:
    """A server on an empty library. The tests of a module share it."""
    from assistant.settings import Settings

    settings = Settings(data_dir=tmp_path_factory.mktemp("served"))
    with stand_in_parts(settings) as parts, serve(parts, settings) as url:
        yield Served(parts, url)


@pytest.fixture(scope="module")
def served_by(
    tmp_path_factory: pytest.TempPathFactory, stand_in_parts: OpenParts, serve: Serve
) -> Iterator[Callable[[Any], str]]:
    """Starts a server with another assistant in place of ours, and tells its URL."""
    from assistant.settings import Settings

    with ExitStack() as opened:

        def start(assistant: Any) -> str:
            settings = Settings(data_dir=tmp_path_factory.mktemp("served"))
            parts = opened.enter_context(stand_in_parts(settings))
            return opened.enter_context(serve(replace(parts, assistant=assistant), settings))

        yield start


@pytest.fixture
def server(parts: Parts, settings: Settings, serve: Serve) -> Iterator[str]:
    """A real server that takes any number of requests; its URL."""
    with serve(parts, settings.model_copy(update={"requests_per_minute": 1_000_000})) as url:
        yield url
