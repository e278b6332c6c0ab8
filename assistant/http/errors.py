"""One error shape for everything that the API refuses: ``{"error": {"type", "message", "code", "param"}}``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.assistant import QuestionError
from index.errors import LibraryError, LibraryLockedError

log = logging.getLogger(__name__)


class ApiError(Exception):
    """A request that is refused, with its status and a sentence that says what to do."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param


def error_body(status: int, code: str, message: str, param: str | None = None) -> dict[str, Any]:
    """The one shape; ``type`` says whose turn it is: the client's (4xx) or ours (5xx)."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"type": kind, "message": message, "code": code, "param": param}}


def _response(status: int, code: str, message: str, param: str | None = None) -> JSONResponse:
    return JSONResponse(error_body(status, code, message, param), status)


def install(app: FastAPI) -> None:
    """Give every error of the app the one shape."""

    @app.exception_handler(ApiError)
    def _api(_: Request, error: ApiError) -> JSONResponse:
        return _response(error.status, error.code, error.message, error.param)

    @app.exception_handler(QuestionError)
    def _question(_: Request, error: QuestionError) -> JSONResponse:
        return _response(422, "invalid_question", str(error), "question")

    @app.exception_handler(LibraryLockedError)
    def _locked(_: Request, error: LibraryLockedError) -> JSONResponse:
        return _response(409, "library_locked", str(error))

    @app.exception_handler(LibraryError)
    def _library(_: Request, error: LibraryError) -> JSONResponse:
        log.error("library error: %s", error)
        return _response(503, "library_unusable", str(error))

    @app.exception_handler(RequestValidationError)
    def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        first: Mapping[str, Any] = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        message = f"{place}: {first['msg']}" if place else str(first["msg"])
        return _response(422, "invalid_request", message, place or None)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        messages = {
            404: ("not_found", f"There is nothing at {request.url.path}."),
            405: ("method_not_allowed", f"{request.method} is not possible at {request.url.path}."),
        }
        code, message = messages.get(error.status_code, ("http_error", str(error.detail)))
        response = _response(error.status_code, code, message)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _response(500, "internal_error", "An error of ours: it is in the server's log.")
