"""Who may do what: every request passes here, and what no rule opens is closed. Plain ASGI, in front of all routes.

- While no key was ever made, the server is open to this computer alone: it must listen on loopback, be called by a name
  of this computer (a page elsewhere cannot reach it by renaming itself: DNS rebinding), and not through a proxy.
- From the first key on, every path but the open ones wants a key: ``Authorization: Bearer``, or the page's cookie.
- A key reads and asks; changing documents wants a writer's, managing keys an admin's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.http.caller import CHANGING, LOGIN, LOGOUT, Caller, cookie_name
from assistant.http.errors import RETRY_AFTER, ApiError, error_response
from assistant.http.rates import Rates
from assistant.keys import Key, KeyRejectedError, Keys, Role
from corpus.errors import CatalogDownError

OPEN = frozenset({"/healthz", "/readyz", LOGIN})
"""What a stranger may see: whether the server runs, and where to show a key."""
_ADMIN = "/v1/keys"
_ASKING = (
    "/v1/ask",
    "/v1/search",
    "/v1/chat/completions",
    "/v1/conversations",
    "/v1/feedback",
    "/mcp",
    LOGOUT,
    "/gradio_api",
)
"""Paths whose POST asks or belongs to the one who asks; any other change wants a writer."""
_PAGE_UPLOAD = "/gradio_api/upload"
"""Files that the page takes in, which it then adds."""

_THREADS = 4
"""Keys are looked up in threads of their own: questions that fill all others keep no request from its check."""

_T = TypeVar("_T")


_LOCAL = Caller("local", "writer", None)
"""Whoever sits at this computer; the first key is made on the command line."""


def is_loopback(host: str) -> bool:
    """Whether an address or name, with or without a port, is this computer's own and reachable from it alone."""
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host
    if name.count(":") == 1:
        name = name.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Access:
    """Lets a request through with its ``Caller``, or refuses it."""

    def __init__(self, app: ASGIApp, *, keys: Keys, rates: Rates, loopback_only: bool) -> None:
        """
        Args:
            rates: where a key that is rejected is counted, by its sender's address.
            loopback_only: whether the server listens where only this computer reaches it.
        """
        self._app = app
        self._keys = keys
        self._rates = rates
        self._loopback_only = loopback_only
        self._keys_were_made = False
        self._threads: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no route speaks anything else; a WebSocket is closed before it opens
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        try:
            caller = await self._caller(request)
        except ApiError as error:
            await _refusal(request, error)(scope, receive, send)
            return
        except CatalogDownError as error:
            down = ApiError(503, "server_down", str(error), headers={"Retry-After": RETRY_AFTER})
            await _refusal(request, down)(scope, receive, send)
            return
        if caller is not None:
            state = scope.setdefault("state", {})
            state["caller"] = caller
            if caller.key_id is not None:
                state["owner"] = caller.key_id
        await self._app(scope, receive, send)

    async def _caller(self, request: Request) -> Caller | None:
        """Who sends a request; None for a stranger at an open path.

        Raises ApiError: it is to be refused.
        """
        if not await self._need_keys():
            _check_local(request.headers)
            caller = _LOCAL
        else:
            if request.scope["path"] in OPEN:
                return None
            caller = await self._keyed(request)
        needed = _role(request.method, request.scope["path"])
        if not caller.may(needed):
            raise _forbidden(caller, needed)
        return caller

    async def _need_keys(self) -> bool:
        if not self._loopback_only:
            return True
        # Asked anew until there is one: a key that is made while the server runs closes it at once.
        self._keys_were_made = self._keys_were_made or await self._in_thread(self._keys.were_made)
        return self._keys_were_made

    async def _keyed(self, request: Request) -> Caller:
        given = request.headers.getlist("authorization")
        if given:
            scheme, _, token = given[0].partition(" ")
            if len(given) > 1 or scheme.lower() != "bearer":
                raise _no_key("The header must be one Authorization: Bearer KEY.")
            check = self._keys.check
            token = token.strip()
        elif token := request.cookies.get(cookie_name(request), ""):
            from_here = "origin" in request.headers or request.headers.get("sec-fetch-site") in ("same-origin", "none")
            if request.method in CHANGING and not from_here:  # an origin was judged before
                raise ApiError(403, "foreign_origin", "A browser that signed in tells where a change comes from.")
            check = self._keys.check_session
        else:
            raise _no_key("A key is needed: send it as Authorization: Bearer KEY, or sign in at /login.")

        def found() -> Key:
            return check(token)

        try:
            key = await self._in_thread(found)
        except KeyRejectedError as error:
            await self._rates.count(request, None)
            said = str(error)
            raise _no_key(f"{said[:1].upper()}{said[1:]}.", given=True) from error
        return Caller(key.name, key.role, key.id)

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(call, limiter=self._threads)


def _check_local(headers: Headers) -> None:
    host = headers.get("host", "")
    if not is_loopback(host):
        raise ApiError(
            421,
            "unknown_host",
            f"This server does not go by the name {host!r}: it is open to this computer alone until a key is made "
            "with `dateline keys create NAME`.",
        )
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")):
        raise ApiError(
            403,
            "key_needed_behind_proxy",
            "This request came through a proxy, and without keys the server is for this computer alone: "
            "make a key with `dateline keys create NAME`.",
        )


def _role(method: str, path: str) -> Role:
    """The least role that a request needs."""
    if _below(path, _ADMIN):
        return "admin"
    if method not in CHANGING:
        return "reader"
    asks = any(_below(path, asking) for asking in _ASKING) and not _below(path, _PAGE_UPLOAD)
    return "reader" if asks else "writer"


def _below(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")


def _forbidden(caller: Caller, needed: Role) -> ApiError:
    if caller.key_id is None:
        return ApiError(
            403,
            "key_needed",
            f"This is for an {needed}'s key: make the first one with `dateline keys create NAME --role {needed}`.",
        )
    return ApiError(
        403, "forbidden", f"The key {caller.name!r} is a {caller.role}'s; this needs the role {needed} or more."
    )


def _no_key(message: str, *, given: bool = False) -> ApiError:
    challenge = "Bearer" + (' error="invalid_token"' if given else "")
    code = "invalid_api_key" if given else "key_needed"
    return ApiError(401, code, message, headers={"WWW-Authenticate": challenge})


def _refusal(request: Request, error: ApiError) -> Response:
    """In the one shape; a browser that wants to see a page is led to the login."""
    path: str = request.scope["path"]
    shows = request.method == "GET" and _is_page(path) and "text/html" in request.headers.get("accept", "")
    if error.status == 401 and shows:
        there = path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{LOGIN}?next={quote(there, safe='')}" if there != "/" else LOGIN, 303)
    return error_response(error)


def _is_page(path: str) -> bool:
    return path in ("/", "/docs") or path.startswith("/documents/")
