"""The HTTP API: thin routes over the library and the assistant. Handlers are plain functions, run in threads."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from assistant.http import (
    chat_completions,
    conversations,
    docs,
    documents,
    entry,
    errors,
    keys,
    login,
    mcp_endpoint,
    metrics,
    openapi,
    questions,
)
from assistant.http.schemas import ErrorBody
from assistant.keys import Keys
from assistant.parts import Parts
from assistant.settings import Settings


def create_app(parts: Parts, settings: Settings) -> FastAPI:
    """The API on these parts; the page is mounted on it later."""
    kept_keys = Keys(parts.catalog.database)
    running = entry.Running.start(parts, settings)
    jobs = documents.open_jobs(parts, running, limits=settings.upload_limits)

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
        responses={
            "4XX": {"model": ErrorBody, "description": "The request is refused."},
            "5XX": {"model": ErrorBody, "description": "The server is busy, is ending, or has failed."},
        },
    )
    errors.install(app)
    app.state.running = running
    entry.install(app, parts, kept_keys, running, settings)
    questions.install(app, parts)
    documents.install(app, parts, jobs, running, limits=settings.upload_limits)
    conversations.install(app, parts)
    chat_completions.install(app, parts)
    keys.install(app, kept_keys)
    login.install(app, kept_keys)
    _add_operations(app, parts)
    metrics.install(app, running.metrics)
    openapi.install(app)
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
        """Whether questions can be answered: the catalog and the vectors can be used and the models are loaded.

        Where the copies of files cannot be reached, `down` tells it, and questions are answered all the same.
        """
        down = parts.library.down()
        told: dict[str, Any] = {"down": down} if down else {}
        ready = {"library": not down.keys() - {"originals"}, "models": parts.assistant.warm}
        if all(ready.values()):
            return JSONResponse(ready | {"ready": True} | told)
        body: dict[str, Any] = ready | {"ready": False} | told
        return JSONResponse(body, 503, headers={"Retry-After": errors.RETRY_AFTER})

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
