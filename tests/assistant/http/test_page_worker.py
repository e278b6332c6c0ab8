"""Requests of the page reach the worker that the visitor's page lives in, whichever worker took the connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from assistant.http.page_worker import PageWorker, Worker

OF = 2


@dataclass
class Running:
    """A worker on a free port, and on its own socket; what it answers names it."""

    worker: Worker
    url: str = ""
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a stream's reader has gone."""
    server: uvicorn.Server | None = None

    def app(self) -> PageWorker:
        async def tell(request: Request) -> Response:
            body = await request.body()
            assert request.client is not None
            return JSONResponse(
                {
                    "worker": self.worker.number,
                    "client": request.client.host,
                    "scheme": request.url.scheme,
                    "url": request.url.path + "?" + request.url.query,
                    "bytes": len(body),
                    "cookie": request.headers.get("cookie"),
                    "passed": request.headers.get("x-dateline-passed-on"),
                },
                418,
                {"X-Own": "yes"},
            )

        async def stream(_: Request) -> Response:
            async def pieces() -> AsyncIterator[str]:
                try:
                    for number in range(1000):
                        yield f"{self.worker.number}:{number}\n"
                        await asyncio.sleep(0.05)
                finally:
                    self.left.set()

            return StreamingResponse(pieces())

        routes = [
            Route("/gradio_api/stream", stream),
            Route("/{rest:path}", tell, methods=["GET", "POST"]),
        ]
        return PageWorker(Starlette(routes=routes), worker=self.worker)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[Running]]:
    """Two workers that know each other."""
    running = [Running(Worker(number, OF, tmp_path, "secret")) for number in range(OF)]
    with contextlib.ExitStack() as stack:
        for one in running:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            own = stack.enter_context(socket.socket(socket.AF_UNIX))
            own.bind(str(one.worker.socket(one.worker.number)))
            own.listen()
            one.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            one.server = uvicorn.Server(uvicorn.Config(one.app(), log_level="warning", timeout_graceful_shutdown=1))
            thread = threading.Thread(target=one.server.run, kwargs={"sockets": [listener, own]}, daemon=True)
            thread.start()
            while not one.server.started:
                assert thread.is_alive()
                time.sleep(0.02)
            stack.callback(thread.join, 10)
            stack.callback(setattr, one.server, "should_exit", True)
        yield running


def home(workers: list[Running], address: str) -> int:
    return workers[0].worker.of_visitor(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"])
def test_a_visitor_of_the_page_has_one_worker(workers: list[Running], address: str) -> None:
    """Whichever worker takes the request, the same one answers it, and knows who sent it, by which scheme, and what;
    the answer comes back as it was."""
    headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Cookie": "a=b"}
    for one in workers:
        response = httpx.post(
            f"{one.url}/gradio_api/queue/join?x=%C3%A4&y=1", headers=headers, content=b"x" * 300_000, timeout=30
        )

        assert (response.status_code, response.headers["x-own"], len(response.headers.get_list("date"))) == (
            418,
            "yes",
            1,
        )
        assert response.json() == {
            "worker": home(workers, address),
            "client": address,
            "scheme": "https",
            "url": "/gradio_api/queue/join?x=%C3%A4&y=1",
            "bytes": 300_000,
            "cookie": "a=b",
            "passed": None,
        }


def test_addresses_spread_over_the_workers(workers: list[Running]) -> None:
    """Neither worker has all visitors."""
    assert {home(workers, f"192.0.2.{number}") for number in range(20)} == {0, 1}


def test_everything_else_is_answered_where_it_arrives(workers: list[Running]) -> None:
    """The API keeps nothing in a process."""
    for one in workers:
        assert httpx.post(f"{one.url}/v1/ask", content=b"q", timeout=30).json()["worker"] == one.worker.number


def test_streams_come_piece_by_piece_and_end_with_their_reader(workers: list[Running]) -> None:
    """Passed on, each piece comes when it is there; and where the reader leaves the other worker sees it."""
    lives_in = workers[home(workers, "127.0.0.1")]
    other = workers[1 - lives_in.worker.number]
    started = time.monotonic()
    with httpx.stream("GET", f"{other.url}/gradio_api/stream", timeout=30) as response:
        lines = response.iter_lines()
        assert [next(lines) for _ in range(3)] == [f"{lives_in.worker.number}:{number}" for number in range(3)]
        assert time.monotonic() - started < 20
        assert not lives_in.left.is_set()
    assert lives_in.left.wait(30)


@pytest.mark.parametrize("secret", ["wrong", "secre"])
def test_nobody_else_passes_a_request_on(workers: list[Running], secret: str) -> None:
    """Without the workers' secret the header says nothing of who sends."""
    told = f'{secret} {{"client": ["203.0.113.9", 1], "scheme": "https"}}'
    response = httpx.get(f"{workers[0].url}/v1/x", headers={"X-Dateline-Passed-On": told}, timeout=30)

    assert (response.json()["client"], response.json()["scheme"], response.json()["passed"]) == (
        "127.0.0.1",
        "http",
        None,
    )


def test_a_worker_that_is_away_is_told(workers: list[Running], tmp_path: Path) -> None:
    """While its place is taken anew, its visitors are told to try again; the API goes on."""
    address = "127.0.0.1"
    lives_in = home(workers, address)
    (tmp_path / f"{lives_in}.sock").unlink()
    other = workers[1 - lives_in]

    response = httpx.post(f"{other.url}/gradio_api/queue/join", content=b"x", timeout=30)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "worker_away")
    assert response.headers["retry-after"]
    assert httpx.get(f"{other.url}/v1/x", timeout=30).status_code == 418
