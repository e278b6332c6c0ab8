"""The HTTP API: thin routes over the library and the assistant. Handlers are plain functions, run in threads."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import FastAPI, File, Query, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import ValidationError

from assistant.http import chat_completions, conversations, docs, errors, mcp_endpoint, questions
from assistant.http.errors import ApiError
from assistant.http.guard import Guard
from assistant.http.schemas import DocumentRequest, ErrorBody
from assistant.parts import Parts
from assistant.settings import Settings
from corpus.catalog import StoredDocument
from corpus.document import Document, PublishedDate
from corpus.reading import ReadError, read_bytes
from index.library import Added

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FURTHEST = 1_000_000_000
"""Largest offset into a list: a store's integers end somewhere."""
_FORM_OVERHEAD = 1 << 20
"""Bytes that a multipart form may have beside its files."""


def create_app(parts: Parts, settings: Settings) -> FastAPI:
    """The API on these parts; the page is mounted on it later."""
    app = FastAPI(
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
    _add_documents(app, parts, settings)
    conversations.install(app, parts)
    chat_completions.install(app, parts)
    _add_operations(app, parts)
    docs.install(app)
    mcp_endpoint.install(app, parts)
    errors.refuse_the_rest(app, under="/v1")
    return app


def _add_documents(app: FastAPI, parts: Parts, settings: Settings) -> None:
    library = parts.library

    @app.get("/v1/documents", tags=["documents"])
    def list_documents(
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
        query: Annotated[str, Query(max_length=500)] = "",
    ) -> dict[str, Any]:
        """The documents, the last added first; `query` is looked for in titles, names and sources."""
        found = library.documents(limit=limit, offset=offset, query=query)
        return {
            "documents": [info.to_dict() for info in found],
            "total": parts.catalog.count(query=query),
            "limit": limit,
            "offset": offset,
        }

    @app.post("/v1/documents", tags=["documents"], openapi_extra=_DOCUMENT_BODY)
    async def add_documents(request: Request) -> dict[str, Any]:
        """Add files (multipart, field `files`, one or many) or one text (JSON); a result for each."""
        from starlette.concurrency import run_in_threadpool

        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            form = await request.form(max_files=1000)
            files = [part for part in form.getlist("files") if not isinstance(part, str)]
            if not files:
                raise ApiError(422, "no_files", "the form has no file in its field 'files'", "files")
            uploads = [(file.filename or "unnamed", await file.read()) for file in files]
            return {"results": await run_in_threadpool(_add_files, uploads)}
        try:
            body = DocumentRequest.model_validate_json(await request.body())
        except ValidationError as error:
            raise errors.invalid(error.errors()[0]) from error
        return {"results": await run_in_threadpool(_add_text, body)}

    def _add_files(uploads: list[tuple[str, bytes]]) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for name, data in uploads:
            name = name.replace("\\", "/").rpartition("/")[2] or "unnamed"
            if len(data) > settings.max_upload_bytes:
                results.append(
                    _failed(name, f"The file has {len(data):,} bytes, at most {settings.max_upload_bytes:,}.")
                )
                continue
            try:
                documents = read_bytes(data, name, origin=f"upload:{name}")
            except ReadError as error:
                results.append(_failed(name, str(error)))
                continue
            results += [_added(result) for result in library.add(documents)]
        return results

    def _add_text(body: DocumentRequest) -> list[dict[str, Any]]:
        published = PublishedDate(body.published, "user", body.published.isoformat()) if body.published else None
        document = Document(
            text=body.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " "),
            title=body.title,
            origin=body.origin,
            name=body.title,
            published=published,
            source=body.source,
            url=body.url,
        )
        return [_added(result) for result in library.add([document])]

    @app.get("/v1/documents/{document_id}", tags=["documents"])
    def get_document(document_id: str) -> dict[str, Any]:
        """What is known of a document, without its text."""
        stored = _stored(parts, document_id)
        return stored.info.to_dict() | {"metadata": dict(stored.metadata)}

    @app.get("/v1/documents/{document_id}/text", tags=["documents"], response_class=Response, responses={200: _TEXT})
    def get_text(
        document_id: str,
        start: Annotated[int, Query(ge=0)] = 0,
        end: Annotated[int | None, Query(ge=0)] = None,
    ) -> PlainTextResponse:
        """The text, or the code points `start` to `end` (half-open) of it: what a citation's span names."""
        stored = _stored(parts, document_id)
        end = len(stored.text) if end is None else end
        if not start <= end <= len(stored.text):
            raise ApiError(
                422,
                "invalid_span",
                f"the span {start} to {end} does not lie in the text, which has {len(stored.text):,} characters",
                "end",
            )
        return PlainTextResponse(stored.text[start:end])

    @app.delete("/v1/documents/{document_id}", tags=["documents"])
    def delete_document(document_id: str) -> dict[str, Any]:
        """Delete a document with all that was made of it; it is never cited again."""
        removed = library.remove([document_id])
        if not removed:
            raise _no_document(document_id)
        return {"deleted": removed}

    # Named only for the OpenAPI document: the route reads the form itself, to give one result a file.
    _ = (UploadFile, File)


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


_TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_NOT_READY: dict[str, Any] = {
    "description": "Not yet.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}

_DOCUMENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
            "application/json": {"schema": DocumentRequest.model_json_schema()},
        },
    }
}


def _stored(parts: Parts, document_id: str) -> StoredDocument:
    stored = parts.library.document(document_id)
    if stored is None:
        raise _no_document(document_id)
    return stored


def _no_document(document_id: str) -> ApiError:
    return ApiError(404, "no_such_document", f"There is no document {document_id!r}.", "document_id")


def _added(result: Added) -> dict[str, Any]:
    return {
        "name": result.name,
        "status": result.status,
        "document_id": result.document_id if result.status != "failed" else None,
        "title": result.title,
        "passages": result.passages,
        "detail": result.detail,
    }


def _failed(name: str, detail: str) -> dict[str, Any]:
    return {"name": name, "status": "failed", "document_id": None, "title": "", "passages": 0, "detail": detail}


def _day(day: datetime.date | None) -> str | None:
    return day.isoformat() if day is not None else None
