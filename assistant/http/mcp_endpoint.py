"""``/mcp``: the tools of ``assistant.mcp_server`` over streamable HTTP."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from assistant.parts import Parts

if TYPE_CHECKING:
    from assistant.mcp_server import HttpTools


def install(app: FastAPI, parts: Parts) -> None:
    """Add the route to the app. Only POST: the server sends nothing that it was not asked for."""
    app.router.routes.append(Route("/mcp", _Endpoint(parts), methods=["POST"], include_in_schema=False))


class _Endpoint:
    """Builds the tools when they are first asked for: their imports take longer than those of the whole API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._building = threading.Lock()
        self._tools: HttpTools | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tools = self._tools
        if tools is None:
            tools = await anyio.to_thread.run_sync(self._build)
        await tools(scope, receive, send)

    def _build(self) -> HttpTools:
        from assistant.mcp_server import HttpTools

        with self._building:
            if self._tools is None:
                self._tools = HttpTools(self._parts)
            return self._tools
