"""How a server ends."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message

from assistant.http.closing import Closable, Closing

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

SERVER = """
import json, sys, time
from pathlib import Path
from assistant.assistant import Assistant
from assistant.calibration import load_calibrations
from assistant.parts import Parts
from assistant.reader import OverlapReader
from assistant.server import listen, serve
from assistant.settings import Settings
from corpus.document import Document
from index.embedding import WordHashEmbedder
from index.library import Library

class Slow(OverlapReader):
    def score(self, question, candidates):
        if "harbour" in question:  # and not while it loads
            print("reading", flush=True)
            time.sleep(2)
        return super().score(question, candidates)

folder = Path(sys.argv[1])
library = Library.open(folder, WordHashEmbedder())
list(library.add([Document(text="The harbour is open.", title="Harbour", origin="a", name="a.txt")]))
reader = Slow()
parts = Parts(library, Assistant(library, reader, load_calibrations(sys.argv[2])), reader)
with listen("127.0.0.1", 0) as listener:
    serve(parts, Settings(data_dir=folder), listener, lambda url: print(url, flush=True))
library.close()
print("ended", flush=True)
"""


def test_no_new_requests_while_it_ends() -> None:
    """From the beginning of the end, requests are told to come again, and to open another connection."""

    async def scenario() -> None:
        closing = Closing()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise AssertionError

        await closing.finish(lambda: 0, seconds=1, hurry=lambda: False)
        transport = httpx.ASGITransport(app=Closable(app, closing=closing))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            response = await http.get("/v1/stats")
        told = {
            "type": "server_error",
            "message": "The server is ending. Try again later.",
            "code": "closing",
            "param": None,
        }
        assert (response.status_code, response.json()) == (503, {"error": told})
        assert (response.headers["retry-after"], response.headers["connection"]) == ("10", "close")

    asyncio.run(scenario())


def test_streams_end_with_the_server() -> None:
    """A stream that waits for its client to leave is told that it left, once running answers are finished."""

    async def scenario() -> None:
        closing = Closing()
        running = 1
        told: list[Message] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            told.append(await receive())
            told.append(await receive())

        sent = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            for message in sent:
                return message
            await asyncio.Event().wait()
            raise AssertionError

        async def send(_: Message) -> None:
            raise AssertionError

        stream = asyncio.ensure_future(Closable(app, closing=closing)({"type": "http"}, receive, send))
        end = asyncio.ensure_future(closing.finish(lambda: running, seconds=60, hurry=lambda: False))
        await asyncio.sleep(0.2)
        assert (closing.begun, stream.done(), end.done()) == (True, False, False)
        running = 0
        await end
        await stream
        assert [message["type"] for message in told] == ["http.request", "http.disconnect"]

    asyncio.run(scenario())


@pytest.mark.parametrize("why", ["time", "hurry"])
def test_nothing_is_waited_for_without_end(why: str) -> None:
    """What never ends is given up after its time, or at a second signal."""

    async def scenario() -> None:
        closing = Closing()
        seconds = 0.1 if why == "time" else 60
        await closing.finish(lambda: 1, seconds=seconds, hurry=lambda: why == "hurry")
        await closing.wait_for_cut()

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_files_that_were_not_read_are_told(parts: Parts, settings: Settings) -> None:
    """Of an upload that the end of the server meets, what was not begun is told to be sent again."""
    from assistant.http.api import create_app

    app: Any = create_app(parts, settings)
    ends = app.state.running.closing
    keep_copy = parts.library.keep_copy

    def keep_and_end(data: bytes) -> str:
        ends._begun.set()
        return keep_copy(data)

    parts.library.keep_copy = keep_and_end  # type: ignore[method-assign]
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        files = [("files", (f"{name}.txt", f"A word of {name}.")) for name in ("one", "two")]
        results = client.post("/v1/documents", files=files).json()["results"]
        assert client.get("/v1/stats").status_code == 503

    assert [(result["name"], result["status"], result["detail"]) for result in results] == [
        ("one.txt", "added", ""),
        ("two.txt", "failed", "The server is ending: send it again."),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_a_running_answer_is_finished(tmp_path: Path) -> None:
    """A server that is told to end answers what it was asked, then lets go of its library and ends in order."""
    weights = {"features": ["overlap"], "mean": [0.0], "scale": [1.0], "weights": [10.0], "bias": -5.0}
    confidence = {**weights, "features": ["best_overlap"]}
    fitted = {"sentence": weights, "confidence": confidence, "threshold": 0.5}
    calibrations = json.dumps({"calibrations": {"plain": fitted, "reader": fitted}})
    command = [sys.executable, "-c", SERVER, str(tmp_path), calibrations]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        url = next(line for line in lines if line.startswith("http")).strip()
        with httpx.Client(base_url=url, timeout=60) as http:
            got: list[httpx.Response] = []
            asking = threading.Thread(
                target=lambda: got.append(http.post("/v1/ask", json={"question": "Is the harbour open?"}))
            )
            asking.start()
            assert next(line for line in lines if line.strip() == "reading")
            time.sleep(0.3)
            server.send_signal(signal.SIGTERM)
            asking.join(timeout=60)
        assert [line.strip() for line in lines if line.strip() != "reading"] == ["ended"]
        assert server.wait(timeout=60) == 0
    (response,) = got
    assert (response.status_code, json.loads(response.text)["answered"]) == (200, True)
