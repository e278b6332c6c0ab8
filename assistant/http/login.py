"""``/login`` and ``/logout``: a key becomes a session of the page, and the session ends.

Cross-site requests: the cookie is ``SameSite=Lax``, so another site's forms and scripts never carry it; a changing
request from a foreign ``Origin`` is refused before it gets here, signing in and out included; and where the cookie is
what opens the door, a changing request must say where it comes from. Nothing is changed by a GET.
"""

from __future__ import annotations

import functools
import secrets

import jinja2
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from assistant.http.caller import LOGIN, LOGOUT, cookie_name
from assistant.keys import KeyRejectedError, Keys

_LONGEST_KEY = 200
"""Characters of a key that are looked at."""


def install(app: FastAPI, keys: Keys) -> None:
    """Add the routes to the app."""

    @app.get(LOGIN, include_in_schema=False, response_class=HTMLResponse)
    def show(next: str = "/") -> HTMLResponse:
        return _page(_inside(next), None)

    @app.post(LOGIN, include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=2) as form:
            token, there = str(form.get("key", "")).strip()[:_LONGEST_KEY], _inside(str(form.get("next", "/")))
        try:
            session = await run_in_threadpool(keys.sign_in, token)
        except KeyRejectedError as error:
            return _page(there, str(error), status=401)
        response = RedirectResponse(there, 303)
        response.set_cookie(
            cookie_name(request),
            session.token,
            max_age=int(session.lasts.total_seconds()),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return response

    @app.post(LOGOUT, include_in_schema=False)
    def sign_out(request: Request) -> Response:
        name = cookie_name(request)
        keys.sign_out(request.cookies.get(name, ""))
        response = RedirectResponse(LOGIN, 303)
        response.delete_cookie(name, secure=request.url.scheme == "https", httponly=True, samesite="lax")
        return response


def _inside(there: str) -> str:
    """A path of this server to go on to; never another site."""
    safe = there.startswith("/") and not there.startswith(("//", "/\\")) and there.isprintable()
    return there if safe else "/"


def _page(there: str, problem: str | None, *, status: int = 200) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    page = _template().render(there=there, problem=problem, nonce=nonce)
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(page, status, headers)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("assistant.http", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("login.html")
