"""Rates, turns and times: what one caller may take, and how the rest is told to wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from assistant.http.caller import Caller
from assistant.http.guard import Guard
from assistant.http.limits import Limits, Turns
from assistant.http.rates import Rates

HOST = "http://127.0.0.1:7860"
BODY = {"question": "Why?"}


class Work:
    """An app whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.started = 0
        self.ended = 0
        self.app = Starlette(
            routes=[
                Route("/v1/ask", self.ask, methods=["POST"]),
                Route("/v1/stream", self.stream, methods=["POST"]),
                Route("/v1/documents", self.listed, methods=["GET"]),
            ]
        )

    async def ask(self, request: Request) -> Response:
        await request.body()
        self.started += 1
        await self.let_go.wait()
        self.ended += 1
        return PlainTextResponse("answer")

    async def stream(self, request: Request) -> Response:
        await request.body()

        async def pieces() -> AsyncIterator[str]:
            self.started += 1
            try:
                while not self.let_go.is_set():
                    yield "piece\n"
                    await asyncio.sleep(0.01)
            finally:
                self.ended += 1

        return StreamingResponse(pieces())

    async def listed(self, _: Request) -> Response:
        return PlainTextResponse("list")


def limited(work: Work, *, rate: int = 1000, most: int = 1, waiting: int = 1, seconds: float = 5.0) -> Limits:
    turns = Turns(most=most, most_waiting=waiting, seconds=seconds)
    return Limits(work.app, rates=Rates(rate), turns=turns, seconds=seconds)


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HOST)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def error(response: httpx.Response) -> tuple[int, str, str]:
    told: dict[str, Any] = response.json()["error"]
    assert set(told) == {"type", "message", "code", "param"}
    return response.status_code, told["code"], told["message"]


def test_a_caller_that_asks_too_often_waits() -> None:
    """Beyond the rate a caller is told when to come again; another key and another address are not held up."""

    async def scenario() -> None:
        work = Work()
        app = limited(work, rate=3)
        callers: dict[str, Caller | None] = {
            "mine": Caller("a", "reader", "1"),
            "yours": Caller("b", "reader", "2"),
            "": None,
        }

        async def named(scope: Any, receive: Any, send: Any) -> None:
            headers = dict(scope["headers"])
            scope["client"] = (headers.get(b"address", b"192.0.2.1").decode(), 1)
            scope["state"] = {"caller": callers[headers.get(b"key", b"").decode()]}
            await app(scope, receive, send)

        async with client(named) as http:
            for sent in ({"key": "mine"}, {"key": "yours"}, {}, {"address": "192.0.2.2"}):
                answers = [await http.get("/v1/documents", headers=sent) for _ in range(4)]
                assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
                message = "More than 3 requests came within a minute: wait, or raise DATELINE_REQUESTS_PER_MINUTE."
                assert error(answers[3]) == (429, "rate_limit_exceeded", message)
                assert 1 <= int(answers[3].headers["retry-after"]) <= 120

    run(scenario)


def test_what_finds_no_room_is_told_to_come_again() -> None:
    """One request is worked on, one waits, the third is refused at once; and those that were taken are answered."""

    async def scenario() -> None:
        work = Work()
        app = limited(work)
        async with client(app) as http:
            first = asyncio.ensure_future(http.post("/v1/ask", json=BODY))
            await until(lambda: work.started == 1)
            second = asyncio.ensure_future(http.post("/v1/ask", json=BODY))
            await until(lambda: app._turns.waiting == 1)

            third = await http.post("/v1/ask", json=BODY)
            message = "The server is busy: 1 requests wait already. Try again later."
            assert error(third) == (503, "busy", message)
            assert third.headers["retry-after"] == "1"
            assert (await http.get("/v1/documents")).text == "list"
            assert work.started == 1

            work.let_go.set()
            assert [(await one).text for one in (first, second)] == ["answer", "answer"]
        assert (app._turns.running, app._turns.waiting) == (0, 0)

    run(scenario)


def test_a_turn_that_does_not_come_is_told() -> None:
    """A request waits no longer for its turn than is set."""

    async def scenario() -> None:
        work = Work()
        app = limited(work, seconds=0.05)
        async with client(app) as http:
            first = asyncio.ensure_future(http.post("/v1/ask", json=BODY))
            await until(lambda: work.started == 1)
            refused = await http.post("/v1/ask", json=BODY)
            message = "The server is busy: its turn did not come within 0.05 s. Try again later."
            assert error(refused) == (503, "busy", message)
            work.let_go.set()
            assert (await first).status_code == 504
            assert (await http.post("/v1/ask", json=BODY)).text == "answer"
        assert (app._turns.running, app._turns.waiting) == (0, 0)

    run(scenario)


def test_what_takes_too_long_is_told_and_keeps_its_turn() -> None:
    """An answer that does not begin in time is a 504; what still works on it counts as running until it ends."""

    async def scenario() -> None:
        work = Work()
        app = limited(work, seconds=0.05)
        turns = app._turns
        sent: list[Message] = []
        body = iter([{"type": "http.request", "body": json.dumps(BODY).encode(), "more_body": False}])

        async def receive() -> Message:
            for message in body:
                return message
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/ask", "headers": [(b"content-length", b"20")]}
        request = asyncio.ensure_future(app(scope, receive, send))
        await until(lambda: len(sent) == 2)

        assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]) == (
            504,
            {
                "type": "server_error",
                "message": "There was no answer within 0.05 s; the limit is DATELINE_MAX_REQUEST_SECONDS.",
                "code": "too_slow",
                "param": None,
            },
        )
        assert turns.running == 1
        work.let_go.set()
        await request
        assert (len(sent), turns.running, work.ended) == (2, 0, 1)

    run(scenario)


def test_a_stream_may_take_its_time() -> None:
    """Only the beginning of an answer is timed."""

    async def scenario() -> None:
        work = Work()
        async with client(limited(work, seconds=2)) as http:
            asyncio.get_running_loop().call_later(3, work.let_go.set)
            response = await http.post("/v1/stream", json=BODY)
        assert (response.status_code, set(response.text.split())) == (200, {"piece"})

    run(scenario)


@pytest.mark.parametrize("waits", [False, True])
def test_a_client_that_vanishes_leaves_nothing_running(waits: bool) -> None:
    """Whoever leaves, in mid-stream or while waiting for a turn, gives the turn back."""

    async def scenario() -> None:
        work = Work()
        app = limited(work, most=1, waiting=5)
        gone = asyncio.Event()
        messages = iter([{"type": "http.request", "body": b"{}", "more_body": False}])

        async def receive() -> Message:
            for message in messages:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(_: Message) -> None:
            return

        path = "/v1/ask" if waits else "/v1/stream"
        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-length", b"2")]}
        async with client(app) as http:
            if waits:
                first = asyncio.ensure_future(http.post("/v1/ask", json=BODY))
                await until(lambda: work.started == 1)
            request = asyncio.ensure_future(app(scope, receive, send))
            await until(lambda: app._turns.waiting == 1 if waits else work.started == 1)
            gone.set()
            await asyncio.wait({request})
            request.exception()
            assert app._turns.waiting == 0
            if waits:
                work.let_go.set()
                assert (await first).text == "answer"
        assert (work.started, work.ended, app._turns.running) == (1, 1, 0)

    run(scenario)


def test_a_slow_sender_holds_no_turn() -> None:
    """While a body drips in, others are answered."""

    async def scenario() -> None:
        work = Work()
        work.let_go.set()
        rest = asyncio.Event()

        async def drips() -> AsyncIterator[bytes]:
            yield b'{"question": '
            await rest.wait()
            yield b'"Why?"}'

        async with client(limited(work)) as http:
            slow = asyncio.ensure_future(http.post("/v1/ask", content=drips()))
            await asyncio.sleep(0.05)
            assert (await http.post("/v1/ask", json=BODY)).text == "answer"
            rest.set()
            assert (await slow).text == "answer"

    run(scenario)


def test_a_body_that_does_not_come_is_given_up() -> None:
    """A sender that stalls is told so, and its connection is closed."""

    async def scenario() -> None:
        work = Work()

        async def stalls() -> AsyncIterator[bytes]:
            yield b'{"question": '
            await asyncio.sleep(20)
            yield b'"Why?"}'

        async with client(Guard(limited(work), most_bytes=10_000, patience=0.1)) as http:
            response = await http.post("/v1/ask", content=stalls())
        assert error(response) == (408, "too_slow", "The body came too slowly: send it again.")
        assert response.headers["connection"] == "close"
        assert work.started == 0

    run(scenario)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_client_that_goes_in_mid_body_is_no_error_of_ours(*, wrapped: bool) -> None:
    """Whatever the app makes of it, it counts as a bad request."""

    async def scenario() -> None:
        async def reads(scope: Any, receive: Any, _send: Any) -> None:
            try:
                await Request(scope, receive).body()
            except ClientDisconnect as error:
                raise ExceptionGroup("of a task group", [error]) if wrapped else error from error

        messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
        sent: list[Message] = []

        async def receive() -> Message:
            return next(messages)

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "scheme": "http", "path": "/mcp", "headers": []}
        await Guard(reads, most_bytes=10_000)(scope, receive, send)
        assert sent[0]["status"] == 400

    run(scenario)


def test_an_error_in_the_work_is_not_hidden() -> None:
    """What an app raises goes on to where errors are told."""

    async def scenario() -> None:
        async def broken(_scope: Any, receive: Any, _send: Any) -> None:
            await receive()
            raise RuntimeError("the inside")

        work = Work()
        app = limited(work)
        app._app = broken
        async with client(app) as http:
            with pytest.raises(RuntimeError, match="the inside"):
                await http.post("/v1/ask", json=BODY)
        assert app._turns.running == 0

    run(scenario)
