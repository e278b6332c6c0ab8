"""What stands before every route: size, origin, headers. Plain ASGI, so that streams pass through untouched."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from assistant.http.caller import CHANGING
from assistant.http.errors import ApiError, error_response
from assistant.http.headers import add_headers

_UPLOADS = ("/v1/documents", "/gradio_api/upload")
_MOST_BYTES = 2 << 20
"""Of a request that uploads nothing: the longest question with its history is far below."""
_SLOWEST = 16 * 1024
"""Bytes a second below which a sender loses patience's grace."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Guard:
    """Refuses what no route should see, and gives every answer its headers.

    - A changing request whose ``Origin`` is another site is refused (cross-site request forgery).
    - A body that is too large is refused, announced or not; so is one that comes too slowly.
    """

    def __init__(
        self, app: ASGIApp, *, most_bytes: int, trusted_origins: Collection[str] = (), patience: float = 30.0
    ) -> None:
        """
        Args:
            most_bytes: of an upload.
            trusted_origins: sites that may send changing requests.
            patience: seconds that a body may take beside those that ``_SLOWEST`` allows it.
        """
        self._app = app
        self._most_bytes = most_bytes
        self._trusted = frozenset(trusted_origins)
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        bind_contextvars(request_id=request_id)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        uploads = scope["path"].startswith(_UPLOADS)
        most = self._most_bytes if uploads else min(_MOST_BYTES, self._most_bytes)
        refused = self._refusal(scope["method"], headers) or _too_long(headers, most, uploads=uploads)
        if refused is not None:
            await error_response(refused)(scope, receive, send_with_headers)
            return
        refusal: list[ApiError] = []
        """What is found while the body is read: one at most."""
        read = 0
        complete = False
        clock = asyncio.get_running_loop().time
        since = clock()

        async def receive_limited() -> Message:
            nonlocal read, complete
            if complete:
                return await receive()  # waits for the client to leave: for as long as it likes
            try:
                async with asyncio.timeout_at(since + self._patience + read / _SLOWEST):
                    message = await receive()
            except TimeoutError:
                slow = ApiError(
                    408, "too_slow", "The body came too slowly: send it again.", headers={"Connection": "close"}
                )
                refusal.append(slow)
                raise slow from None
            if message["type"] == "http.disconnect":
                refusal.append(ApiError(400, "incomplete_body", "The connection ended before the body did."))
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if read > most:
                    refusal.append(_too_large(most, uploads=uploads))
                    raise refusal[0]
            return message

        async def send_unless_refused(message: Message) -> None:
            # Frameworks make an error of their own of what `receive` raises: ours is the one to send.
            if not refusal or started:
                await send_with_headers(message)

        try:
            await self._app(scope, receive_limited, send_unless_refused)
        except (ApiError, ClientDisconnect, ExceptionGroup):
            # What frameworks make of a body that was cut off, by us or by the client.
            if not refusal:
                raise
        if refusal and not started:
            await error_response(refusal[0])(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> ApiError | None:
        origin = headers.get("origin")
        if method not in CHANGING or origin is None or origin.lower() in self._trusted:
            return None
        # What the browser itself says counts first: a proxy may have changed the host.
        if headers.get("sec-fetch-site") == "same-origin" or urlsplit(origin).netloc == headers.get("host", ""):
            return None
        return ApiError(403, "foreign_origin", f"A page of {origin!r} may not change anything here.")


def _too_long(headers: Headers, most: int, *, uploads: bool) -> ApiError | None:
    length = headers.get("content-length", "0")
    return None if length.isdecimal() and int(length) <= most else _too_large(most, uploads=uploads)


def _too_large(most: int, *, uploads: bool) -> ApiError:
    advice = "send fewer files at once, or raise DATELINE_MAX_UPLOAD_BYTES" if uploads else "shorten it"
    message = f"The request is larger than {most:,} bytes: {advice}."
    return ApiError(413, "too_large", message, headers={"Connection": "close"})  # the rest is not read either
