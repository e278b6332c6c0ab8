"""Among the worker processes behind one port, each visitor's page lives in one.

Gradio keeps what runs for a page in its process: the question goes in by one request and the answer comes out by
another, which may reach another worker. So requests of the page's queue are passed on to the worker that the visitor's
address names, over a Unix socket of its own. Everything else is answered by whichever worker it reaches.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.http.errors import RETRY_AFTER, ApiError, error_response

_PAGE = "/gradio_api/"
_PASSED_ON = b"x-dateline-passed-on"
_OF_A_CONNECTION = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"date", b"upgrade", _PASSED_ON})
"""Headers that are not passed on."""
_TIMEOUT = httpx.Timeout(None, connect=5.0)
"""Seconds: a stream of the page is open for as long as the page is."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One of the processes behind a port."""

    number: int
    """From 0."""
    of: int
    """How many there are."""
    folder: Path
    """Where the workers' sockets are."""
    secret: str
    """What they know each other by."""

    def socket(self, number: int) -> Path:
        return self.folder / f"{number}.sock"

    def of_visitor(self, address: str) -> int:
        """The number of the worker that a visitor's page lives in."""
        return zlib.crc32(address.encode()) % self.of


class PageWorker:
    """Passes requests of the page on to the worker that they belong to, and takes those that others pass on."""

    def __init__(self, app: ASGIApp, *, worker: Worker) -> None:
        self._app = app
        self._worker = worker
        self._clients: dict[int, httpx.AsyncClient] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == _PASSED_ON]
        if given:
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != _PASSED_ON]
            secret, _, sender = given[0].decode("latin-1").partition(" ")
            if hmac.compare_digest(secret.encode(), self._worker.secret.encode()):
                told = json.loads(sender)
                scope["client"], scope["scheme"] = tuple(told["client"]), told["scheme"]
                await self._app(scope, receive, send)
                return
        number = self._worker.of_visitor(scope["client"][0] if scope["client"] else "")
        if number == self._worker.number or not scope["path"].startswith(_PAGE):
            await self._app(scope, receive, send)
            return
        try:
            await self._pass_on(number, scope, receive, send)
        except httpx.TransportError:
            away = ApiError(
                503,
                "worker_away",
                "The process that this page lives in has ended; another takes its place. Try again.",
                headers={"Retry-After": RETRY_AFTER},
            )
            await error_response(away)(scope, receive, send)

    async def _pass_on(self, number: int, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Raises:
            httpx.TransportError: the other worker was not reached; nothing was sent to the client.
        """
        sender = {"client": list(scope["client"] or ("", 0)), "scheme": scope["scheme"]}
        headers = [(name, value) for name, value in scope["headers"] if name not in _OF_A_CONNECTION]
        headers.append((_PASSED_ON, f"{self._worker.secret} {json.dumps(sender)}".encode("latin-1")))
        sent = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _ClientLeftError
                more = message.get("more_body", False)
                yield message.get("body", b"")
            sent.set()

        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        if not has_body:
            sent.set()
        url = httpx.URL(scheme="http", host="worker", raw_path=_target(scope))
        request = httpx.Request(scope["method"], url, headers=headers, content=body() if has_body else None)
        answering = asyncio.ensure_future(self._answer(number, request, send))
        leaving = asyncio.ensure_future(_client_left(receive, sent))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        except _ClientLeftError:
            pass
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answer(self, number: int, request: httpx.Request, send: Send) -> None:
        response = await self._client(number).send(request, stream=True)
        try:
            headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_A_CONNECTION]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            try:
                async for piece in response.aiter_raw():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except httpx.TransportError:
                return  # half an answer is no answer: the connection is closed without its end
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await response.aclose()

    def _client(self, number: int) -> httpx.AsyncClient:
        if number not in self._clients:
            transport = httpx.AsyncHTTPTransport(
                uds=str(self._worker.socket(number)), limits=httpx.Limits(max_connections=None)
            )
            self._clients[number] = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT, trust_env=False)
        return self._clients[number]


class _ClientLeftError(Exception):
    """Nobody waits for the answer."""


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + (b"?" + query if query else b"")


async def _client_left(receive: Receive, sent: asyncio.Event) -> None:
    """Ends when the client leaves after its request is sent."""
    await sent.wait()
    while (await receive())["type"] != "http.disconnect":
        pass
