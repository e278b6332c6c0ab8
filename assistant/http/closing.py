"""How a server ends: first no new requests, then what runs is finished, then streams that nobody would end are cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.http.errors import ApiError, error_response

_LOOKS = 0.05
"""Seconds between two looks at what still runs."""
_LAST_WORDS = 0.3
"""Seconds in which the page's streams carry what was finished last."""


class Closing:
    """The state of a server that ends. Threads may ask it."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._cut = asyncio.Event()

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    async def finish(self, running: Callable[[], int], *, seconds: float, hurry: Callable[[], bool]) -> None:
        """Take no more requests, wait for what runs, then cut the streams.

        Args:
            running: how many requests and answers are under way.
            seconds: how long they are waited for.
            hurry: whether to wait no longer.
        """
        self._begun.set()
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        waited = False
        while running() and clock() < end and not hurry():
            waited = True
            await asyncio.sleep(_LOOKS)
        if waited:
            await asyncio.sleep(_LAST_WORDS)
        self._cut.set()

    async def wait_for_cut(self) -> None:
        await self._cut.wait()


class Closable:
    """Refuses new requests while the server ends, and lets streams end with it."""

    def __init__(self, app: ASGIApp, *, closing: Closing) -> None:
        self._app = app
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._closing.begun:
            headers = {"Retry-After": "10", "Connection": "close"}
            refusal = ApiError(503, "closing", "The server is ending. Try again later.", headers=headers)
            await error_response(refusal)(scope, receive, send)
            return
        complete = False

        async def receive_until_cut() -> Message:
            nonlocal complete
            if not complete:
                message = await receive()
                complete = message["type"] == "http.request" and not message.get("more_body", False)
                return message
            # From here on there is only one thing to wait for: that the client leaves, or that we do.
            left = asyncio.ensure_future(receive())
            cut = asyncio.ensure_future(self._closing.wait_for_cut())
            both: set[asyncio.Future[Any]] = {left, cut}
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                return left.result() if left.done() else {"type": "http.disconnect"}
            finally:
                for one in both:
                    one.cancel()

        await self._app(scope, receive_until_cut, send)
