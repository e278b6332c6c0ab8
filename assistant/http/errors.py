"""One error shape for everything that the API refuses: ``{"error": {"type", "message", "code", "param"}}``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from assistant.assistant import NoLlmError, QuestionError
from assistant.conversations import NotKeptError
from assistant.http.headers import add_headers
from index.errors import (
    CatalogDownError,
    CatalogFullError,
    LibraryError,
    LibraryLockedError,
    OriginalsError,
    ServerDownError,
)

log = logging.getLogger(__name__)

RETRY_AFTER = "5"
"""Seconds after which a client may ask again whether a server that was down is there."""


class ApiError(Exception):
    """A request that is refused, with its status and a sentence that says what to do."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        param: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.headers = dict(headers or {})


def error_body(status: int, code: str, message: str, param: str | None = None) -> dict[str, Any]:
    """The one shape; ``type`` says whose turn it is: the client's (4xx) or ours (5xx)."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"type": kind, "message": message, "code": code, "param": param}}


def error_response(error: ApiError) -> JSONResponse:
    """The answer that a refusal is."""
    return JSONResponse(
        error_body(error.status, error.code, error.message, error.param), error.status, headers=error.headers
    )


def error_of_library(error: LibraryError) -> ApiError:
    """What a client is told of a library that can't do what was asked."""
    if isinstance(error, CatalogFullError):
        return ApiError(507, "storage_full", str(error))
    if isinstance(error, CatalogDownError | ServerDownError | OriginalsError):
        return ApiError(503, "server_down", str(error), headers={"Retry-After": RETRY_AFTER})
    return ApiError(503, "library_unusable", str(error))


def _response(status: int, code: str, message: str, param: str | None = None) -> JSONResponse:
    return JSONResponse(error_body(status, code, message, param), status)


def invalid(problem: Mapping[str, Any]) -> ApiError:
    """What pydantic found wrong with a request, the first of its errors."""
    context: Mapping[str, Any] = problem.get("ctx", {})
    if problem["type"] == "json_invalid":
        return ApiError(400, "malformed_json", f"The body is not valid JSON: {context.get('error', problem['msg'])}.")
    parts = [str(part) for part in problem["loc"]]
    if parts and parts[0] in ("body", "query", "path"):
        del parts[0]
    place = ".".join(parts)
    if not place and problem["type"] in ("missing", "model_attributes_type", "model_type"):
        return ApiError(
            422, "invalid_request", "The body must be a JSON object, sent as Content-Type: application/json."
        )
    # pydantic writes "Value error, " before the words of our own validators.
    said = str(context["error"]) if problem["type"] == "value_error" and "error" in context else problem["msg"]
    return ApiError(422, "invalid_request", f"{place}: {said}" if place else said, place or None)


def validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
    """What the framework finds wrong with a request's fields."""
    return error_response(invalid(error.errors()[0]))


def http_error(request: Request, error: HTTPException) -> JSONResponse:
    """What the framework itself refuses: unknown paths, wrong methods, broken forms."""
    messages = {
        404: ("not_found", f"There is nothing at {request.url.path}."),
        405: ("method_not_allowed", f"{request.method} is not possible at {request.url.path}."),
    }
    code, message = messages.get(error.status_code, ("http_error", str(error.detail)))
    response = _response(error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


def refuse_the_rest(app: FastAPI, *, under: str) -> None:
    """Answer wrong methods of the app's paths, and all other paths below ``under``, in the one shape.

    To be called when all routes are there: a page mounted at ``/`` would take these requests for its own.
    """
    methods: dict[str, set[str]] = {}
    for route in app.routes:
        if isinstance(route, Route):
            methods.setdefault(route.path, set()).update(route.methods or ())
    for path, allowed in methods.items():
        wrong = HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        app.router.routes.append(Route(path, _Refuse(wrong), include_in_schema=False))
    app.router.routes.append(Route(f"{under}/{{path:path}}", _Refuse(HTTPException(404)), include_in_schema=False))


class _Refuse:
    """Answers every method that comes here, known or not; a plain ASGI app, since a function would take GET alone."""

    def __init__(self, error: HTTPException) -> None:
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await http_error(Request(scope), self._error)(scope, receive, send)


def install(app: FastAPI) -> None:
    """Give every error of the app the one shape."""

    @app.exception_handler(ApiError)
    def _api(_: Request, error: ApiError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(QuestionError)
    def _question(_: Request, error: QuestionError) -> JSONResponse:
        return _response(422, "invalid_question", str(error), "question")

    @app.exception_handler(NoLlmError)
    def _no_llm(_: Request, error: NoLlmError) -> JSONResponse:
        return _response(409, "no_llm", str(error), "answerer")

    @app.exception_handler(NotKeptError)
    def _not_kept(_: Request, error: NotKeptError) -> JSONResponse:
        return _response(404, "not_kept", str(error))

    @app.exception_handler(LibraryLockedError)
    def _locked(_: Request, error: LibraryLockedError) -> JSONResponse:
        return _response(409, "library_locked", str(error))

    @app.exception_handler(LibraryError)
    def _library(_: Request, error: LibraryError) -> JSONResponse:
        told = error_of_library(error)
        log.error("%s: %s", told.code, error)
        return error_response(told)

    app.add_exception_handler(RequestValidationError, validation_error)  # type: ignore[arg-type]  # as Starlette's docs do

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        return http_error(request, error)

    @app.exception_handler(Exception)
    def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        response = _response(500, "internal_error", "An error of ours: it is in the server's log.")
        add_headers(response.headers, request.scope)  # this answer leaves outside of all that stands before the routes
        return response
