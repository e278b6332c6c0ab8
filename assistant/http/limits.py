"""How much, how often, how many at once, how long: what keeps one caller from taking the server from all others.

Plain ASGI, behind ``Access``, which knows the caller.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.http.caller import CHANGING, LOGIN, LOGOUT
from assistant.http.errors import ApiError, error_response
from assistant.http.rates import Rates

_WORKING_GETS = ("/v1/timeline",)
"""GET requests that work as hard as a question."""
_NO_WORK = (LOGIN, LOGOUT, "/gradio_api")
"""POST requests that take no turn: they are over at once, or stand in the page's own queue."""


class Turns:
    """So many requests are worked on at once, so many more wait."""

    def __init__(self, *, most: int, most_waiting: int, seconds: float) -> None:
        """``seconds``: how long a request waits at most."""
        self._most_waiting = most_waiting
        self._seconds = seconds
        self._free = asyncio.Semaphore(most)
        self.running = 0
        self.waiting = 0

    async def take(self, vanished: asyncio.Future[Message] | None) -> bool:
        """Wait for a turn; False where the client vanished first.

        Raises ApiError: too many wait already, or it took too long.
        """
        if self.waiting >= self._most_waiting and self._free.locked():
            raise self._busy(f"{self.waiting} requests wait already")
        turn = asyncio.ensure_future(self._free.acquire())
        self.waiting += 1
        try:
            awaited: set[asyncio.Future[Any]] = {turn} if vanished is None else {turn, vanished}
            await asyncio.wait(awaited, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free.release()
            raise
        finally:
            self.waiting -= 1
            if not turn.done():
                turn.cancel()
        if turn.cancelled() or not turn.done():
            if vanished is not None and vanished.done():
                return False
            raise self._busy(f"its turn did not come within {self._seconds:g} s")
        self.running += 1
        return True

    def give_back(self) -> None:
        self.running -= 1
        self._free.release()

    def _busy(self, why: str) -> ApiError:
        return ApiError(
            503,
            "busy",
            f"The server is busy: {why}. Try again later.",
            headers={"Retry-After": str(max(1, min(30, self.waiting)))},
        )


class Limits:
    """Counts requests, gives them turns, and answers for those that take too long.

    A turn begins when a request's body is in, so that slow senders hold none, and ends with its answer. Threads cannot
    be stopped: a request that is answered with 504 keeps its turn until its work has ended.
    """

    def __init__(self, app: ASGIApp, *, rates: Rates, turns: Turns, seconds: float) -> None:
        """``seconds``: from a request's last byte to the first of its answer."""
        self._app = app
        self._rates = rates
        self._turns = turns
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path: str = scope["path"]
        changes = request.method in CHANGING
        try:
            if changes or path.startswith("/v1/"):
                await self._rates.count(request, scope.get("state", {}).get("caller"))
            works = path in _WORKING_GETS or (changes and not path.startswith(_NO_WORK))
            if not works:
                await self._app(scope, receive, send)
                return
            await _Exchange(self._turns, self._seconds, receive, send).run(self._app, scope)
        except ApiError as error:
            await error_response(error)(scope, receive, send)


class _Exchange:
    """One request that works, and its answer."""

    def __init__(self, turns: Turns, seconds: float, receive: Receive, send: Send) -> None:
        self._turns = turns
        self._seconds = seconds
        self._receive = receive
        self._send = send
        self._body_is_in = False
        self._has_turn = False
        self._started = False
        self._next: asyncio.Future[Message] | None = None
        """What the client does after its body: nothing, or vanish."""
        self._refusal: ApiError | None = None
        self._late = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        headers = Request(scope).headers
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            await self._take_turn()
        work = asyncio.ensure_future(app(scope, self._give, self._pass_on))
        late = asyncio.ensure_future(self._late.wait())
        try:
            await asyncio.wait({work, late}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not self._started:
                self._refusal = ApiError(
                    504,
                    "too_slow",
                    f"There was no answer within {self._seconds:g} s; the limit is DATELINE_MAX_REQUEST_SECONDS.",
                )
                await error_response(self._refusal)(scope, self._receive, self._send)
                await asyncio.wait({work})
                work.exception()
                return
            await asyncio.wait({work})
            if self._refusal is not None:
                work.exception()
                raise self._refusal
            work.result()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for task in (work, late, self._next):
                if task is not None and not task.done():
                    task.cancel()
            if self._has_turn:
                self._turns.give_back()

    async def _take_turn(self) -> None:
        self._body_is_in = True
        self._has_turn = await self._turns.take(self._next)
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._late.set)

    async def _give(self) -> Message:
        if self._next is not None:
            return await asyncio.shield(self._next)
        message = await self._receive()
        if self._body_is_in or message["type"] != "http.request" or message.get("more_body", False):
            return message
        self._next = asyncio.ensure_future(self._receive())
        try:
            await self._take_turn()
        except ApiError as error:
            # Frameworks make an error of their own of what is raised here: ours is the one to send.
            self._refusal = error
            raise
        return message if self._has_turn else await asyncio.shield(self._next)

    async def _pass_on(self, message: Message) -> None:
        if self._refusal is None:
            self._started = True
            await self._send(message)
