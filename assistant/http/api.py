"""The HTTP API: thin routes over the library and the assistant. Handlers are plain functions, run in threads."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from assistant.http import chat_completions, conversations, docs, documents, errors, mcp_endpoint, questions
from assistant.http.guard import Guard
from assistant.http.schemas import ErrorBody
from assistant.parts import Parts
from assistant.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FORM_OVERHEAD = 1 << 20
"""Bytes that a multipart form may have beside its files."""


def create_app(parts: Parts, settings: Settings) -> FastAPI:
    """The API on these parts; the page is mounted on it later."""
    jobs = documents.open_jobs(parts, limits=settings.upload_limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(jobs.close)

    app = FastAPI(
        lifespan=lifespan,
        title="Dateline",
        version="1",
        description="Answers from your documents, each with the exact passages that it stands on.",
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": ErrorBody, "description": "The request is refused."}},
    )
    errors.install(app)
    app.add_middleware(
        Guard,
        most_bytes=settings.max_upload_bytes + _FORM_OVERHEAD,
        loopback_only=settings.host in _LOOPBACK,
    )
    questions.install(app, parts)
    documents.install(app, parts, jobs, limits=settings.upload_limits)
    conversations.install(app, parts)
    chat_completions.install(app, parts)
    _add_operations(app, parts)
    docs.install(app)
    mcp_endpoint.install(app, parts)
    errors.refuse_the_rest(app, under="/v1")
    return app


def _add_operations(app: FastAPI, parts: Parts) -> None:
    @app.get("/healthz", tags=["operations"])
    def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["operations"], responses={503: _NOT_READY})
    def readyz() -> JSONResponse:
        """Whether questions can be answered: the library is open and the models are loaded."""
        ready = {"library": True, "models": parts.assistant.warm}
        return JSONResponse(ready | {"ready": all(ready.values())}, 200 if all(ready.values()) else 503)

    @app.get("/v1/stats", tags=["operations"])
    def stats() -> dict[str, Any]:
        """How much the library holds."""
        held = parts.library.stats()
        return {
            "documents": held.documents,
            "passages": held.passages,
            "sentences": held.sentences,
            "published_from": _day(held.published_from),
            "published_to": _day(held.published_to),
            "undated": held.undated,
        }


_NOT_READY: dict[str, Any] = {
    "description": "Not yet.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}


def _day(day: datetime.date | None) -> str | None:
    return day.isoformat() if day is not None else None
