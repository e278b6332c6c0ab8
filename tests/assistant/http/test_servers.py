"""What the API says while a server that the library stands on is down: a real one, killed and started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient
from pydantic import SecretStr

from assistant.keys import open_keys

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

HOST = "http://127.0.0.1:7860"
QUESTION = {"question": "When was the harbour wall finished?"}


def test_without_its_vectors_the_api_refuses_and_recovers(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings, own_chroma_process: Any
) -> None:
    """While the Chroma server is down, readiness names the part and a question gets 503 with a time to come again; when
    the server is back, the same question gets the same answer."""
    from assistant.http.api import create_app

    settings = settings.model_copy(update={"chroma_url": own_chroma_process.url})
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        text = "The harbour wall was finished on 3 May 2021. The council paid for the harbour wall."
        assert client.post("/v1/documents", json={"title": "Works", "text": text}).status_code in (200, 201, 202)
        before = client.post("/v1/ask", json=QUESTION).json()
        assert before["answered"] is True
        own_chroma_process.kill()

        said = (
            f"the Chroma server at {own_chroma_process.url} does not answer ([Errno 111] Connection refused): "
            "start it, or correct DATELINE_CHROMA_URL"
        )
        ready, asked = client.get("/readyz"), client.post("/v1/ask", json=QUESTION)
        assert (ready.status_code, ready.headers["Retry-After"]) == (503, "5")
        assert ready.json() == {"library": False, "models": True, "ready": False, "down": {"vectors": said}}
        assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")
        assert asked.json()["error"] == {"type": "server_error", "message": said, "code": "server_down", "param": None}
        assert client.get("/healthz").status_code == 200

        own_chroma_process.start()
        assert client.get("/readyz").status_code == 200
        after = client.post("/v1/ask", json=QUESTION).json()
        assert (after["text"], after["citations"]) == (before["text"], before["citations"])


def test_without_its_catalog_the_api_refuses_and_recovers(
    stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]], settings: Settings, own_postgres_process: Any
) -> None:
    """While PostgreSQL is down, readiness names the part, and a question, with a key or without, gets 503 with a time
    to come again; when the server is back, all is as before."""
    from assistant.http.api import create_app

    url = own_postgres_process.create("library")
    settings = settings.model_copy(update={"database_url": SecretStr(url)})
    with (
        stand_in_parts(settings) as parts,
        TestClient(create_app(parts, settings), base_url=HOST) as client,
    ):
        text = "The harbour wall was finished on 3 May 2021. The council paid for the harbour wall."
        assert client.post("/v1/documents", json={"title": "Works", "text": text}).status_code in (200, 201, 202)
        with open_keys(settings) as keys:
            secret = keys.create("tests", "admin").token
        client.headers["Authorization"] = f"Bearer {secret}"
        before = client.post("/v1/ask", json=QUESTION).json()
        assert before["answered"] is True
        conversation = client.post("/v1/conversations", json={"title": "One"}).json()["id"]
        own_postgres_process.stop()

        ready = client.get("/readyz")
        assert (ready.status_code, ready.headers["Retry-After"], list(ready.json()["down"])) == (503, "5", ["catalog"])
        for asked in (
            client.post("/v1/ask", json=QUESTION),
            client.get("/v1/documents"),
            client.get(f"/v1/conversations/{conversation}"),
        ):
            assert (asked.status_code, asked.headers["Retry-After"]) == (503, "5")
            assert asked.json()["error"]["code"] == "server_down"
        assert client.get("/healthz").status_code == 200

        own_postgres_process.start()
        last = time.monotonic() + 60  # it first mends what the crash left
        while client.get("/readyz").status_code != 200 and time.monotonic() < last:
            time.sleep(0.1)
        assert client.get("/readyz").status_code == 200
        assert client.get(f"/v1/conversations/{conversation}").json()["title"] == "One"
        after = client.post("/v1/ask", json=QUESTION).json()
        assert (after["text"], after["citations"]) == (before["text"], before["citations"])
