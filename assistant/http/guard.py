"""What stands before every route: size, origin, headers. Plain ASGI, so that streams pass through untouched."""

from __future__ import annotations

import contextlib
import uuid
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.http.errors import error_body

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio compiles its templates in the browser
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
"""Of every answer that brings none of its own: nothing is loaded from, or sent to, another site."""


class TooLargeError(Exception):
    """A body grew beyond the limit while it was read."""


class Guard:
    """Refuses what no route should see, and gives every answer its headers.

    - A ``Host`` that is not an address of this server is refused while it listens on loopback only: a page elsewhere
      cannot reach it by renaming itself (DNS rebinding).
    - A changing request whose ``Origin`` is another site is refused (cross-site request forgery).
    - A body beyond ``most_bytes`` is refused, announced or not.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, loopback_only: bool) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = uuid.uuid4().hex
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = request_id
                out["X-Content-Type-Options"] = "nosniff"
                out["Referrer-Policy"] = "no-referrer"
                out["X-Frame-Options"] = "SAMEORIGIN"
                out.setdefault("Content-Security-Policy", _POLICY)
            await send(message)

        refusal = self._refusal(scope["method"], headers)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self._most_bytes:
                    raise TooLargeError
            return message

        async def send_unless_too_large(message: Message) -> None:
            # Frameworks make an error of their own of what `receive` raises: ours is the one to send.
            if read <= self._most_bytes or started:
                await send_with_headers(message)

        with contextlib.suppress(TooLargeError):
            await self._app(scope, receive_limited, send_unless_too_large)
        if read > self._most_bytes and not started:
            await self._too_large()(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if self._loopback_only and _host_name(host) not in _LOOPBACK:
            body = error_body(421, "unknown_host", f"This server does not go by the name {host!r}.")
            return JSONResponse(body, 421)
        origin = headers.get("origin")
        if method in _CHANGING and origin is not None and urlsplit(origin).netloc != host:
            body = error_body(403, "foreign_origin", f"A page of {origin!r} may not change anything here.")
            return JSONResponse(body, 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most_bytes:
            return self._too_large()
        return None

    def _too_large(self) -> JSONResponse:
        message = (
            f"The request is larger than {self._most_bytes:,} bytes: send fewer files at once, "
            "or raise DATELINE_MAX_UPLOAD_BYTES."
        )
        return JSONResponse(error_body(413, "too_large", message), 413)


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
