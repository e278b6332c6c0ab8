"""Server-sent events made by a generator."""

from __future__ import annotations

from collections.abc import Generator

import anyio
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send


class ServerSentEvents(StreamingResponse):
    """Sends what a generator yields, and closes it when it has ended or its client has gone.

    Without that a generator that was left in mid-stream would hold what it uses, say a connection to an LLM, until the
    garbage collector finds it.
    """

    def __init__(self, events: Generator[str, None, None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._events.close)
