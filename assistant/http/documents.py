"""Routes on documents: add, at once or in the background; list, read, change, delete."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from assistant.http import errors
from assistant.http.entry import Running
from assistant.http.errors import ApiError, error_body
from assistant.http.headers import as_attachment
from assistant.http.owner import owner_of
from assistant.http.schemas import Day, DocumentChange, DocumentRequest, FirstDay, LastDay
from assistant.jobs import Jobs, JobsFullError, MemoryJobs
from assistant.parts import Parts
from assistant.shared_jobs import LEASE, SharedJobs
from assistant.uploads import Upload, UploadResult, add_documents, add_upload
from corpus.catalog import StoredDocument
from corpus.document import Document, PublishedDate
from corpus.filters import Filters
from corpus.queue import JobQueue
from corpus.readers.raw import Limits

_FURTHEST = 1_000_000_000
"""Largest offset into a list: a store's integers end somewhere."""
_MOST_FILES = 1000
"""Files in one request."""
_RETRY_SECONDS = 30
"""When a refused job may be sent again."""
_DAY: TypeAdapter[datetime.date] = TypeAdapter(Day)

_TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}
_FILE: dict[str, Any] = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
_ADDED: dict[int | str, dict[str, Any]] = {
    200: {"description": "What became of each document, and of each file that gave none."},
    202: {
        "description": "With `background`: the job that adds the files.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
}
_DOCUMENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
                        "published": {
                            "type": "string",
                            "format": "date",
                            "description": "The day that all of them were published on.",
                            "examples": ["2024-11-12"],
                        },
                    },
                }
            },
            "application/json": {"schema": DocumentRequest.model_json_schema()},
        },
    }
}


def open_jobs(parts: Parts, running: Running, *, limits: Limits) -> Jobs:
    """The queue of files that are added in the background; one for all processes where several share the library.

    Args:
        limits: of one file; four times as many bytes may wait.
    """
    most_bytes = 4 * limits.max_bytes

    def add(upload: Upload) -> list[UploadResult]:
        return running.metrics.counted(add_upload(parts.library, upload, limits=limits))

    if parts.library.shared:
        return SharedJobs(JobQueue(parts.catalog.engine, lease=LEASE), add, most_bytes=most_bytes)
    return MemoryJobs(add, most_bytes=most_bytes)


def install(app: FastAPI, parts: Parts, jobs: Jobs, running: Running, *, limits: Limits) -> None:
    """Add the routes to the app.

    Args:
        limits: of one file.
    """
    library = parts.library

    @app.get("/v1/documents", tags=["documents"])
    def list_documents(
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
        query: Annotated[str, Query(max_length=500)] = "",
        after: FirstDay | None = None,
        before: LastDay | None = None,
    ) -> dict[str, Any]:
        """The documents, the last added first; `query` is looked for in titles, names and sources.

        With `after` or `before` only those published on that day or later, or earlier (a month or year counts whole); a
        document without a date passes neither.
        """
        filters = Filters(after=after, before=before)
        found = library.documents(limit=limit, offset=offset, query=query, filters=filters)
        return {
            "documents": [info.to_dict() for info in found],
            "total": parts.catalog.count(query=query, filters=filters),
            "limit": limit,
            "offset": offset,
        }

    @app.post("/v1/documents", tags=["documents"], openapi_extra=_DOCUMENT_BODY, response_model=None, responses=_ADDED)
    async def add(request: Request, background: bool = False) -> Response | dict[str, Any]:
        """Add files (multipart, field `files`, one or many) or one text (JSON); a result for each.

        With `background` files are added after the answer, which is the job to ask for: `GET /v1/jobs/{job_id}`.
        """
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            uploads = await _uploads(request)
            if background:
                return _queued(jobs, owner_of(request), uploads)
            return {"results": await run_in_threadpool(_add_files, uploads)}
        try:
            body = DocumentRequest.model_validate_json(await request.body())
        except ValidationError as error:
            raise errors.invalid(error.errors()[0]) from error
        return {"results": await run_in_threadpool(_add_text, body)}

    def _add_files(uploads: list[Upload]) -> list[dict[str, Any]]:
        results: list[UploadResult] = []
        for upload in uploads:
            if running.closing.begun:  # a file that was begun is finished, those after it are not begun
                results.append(UploadResult(upload.file_name, "failed", detail="The server is ending: send it again."))
            else:
                results += add_upload(library, upload, limits=limits)
        return [result.to_dict() for result in running.metrics.counted(results)]

    def _add_text(body: DocumentRequest) -> list[dict[str, Any]]:
        document = Document(
            text=body.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " "),
            title=body.title,
            origin=body.origin,
            name=body.title,
            published=_by_user(body.published),
            source=body.source,
            url=body.url,
        )
        return [result.to_dict() for result in running.metrics.counted(list(add_documents(library, [document])))]

    @app.get("/v1/jobs/{job_id}", tags=["documents"])
    def get_job(job_id: str, request: Request) -> dict[str, Any]:
        """How far a job is that adds files, and what became of each so far.

        The last 200 jobs are told of; where the catalog or the vectors are on no server, those of this process.
        """
        job = jobs.get(owner_of(request), job_id)
        if job is None:
            raise ApiError(404, "no_such_job", f"There is no job {job_id!r}.", "job_id")
        return job.to_dict()

    @app.get("/v1/documents/{document_id}", tags=["documents"])
    def get_document(document_id: str) -> dict[str, Any]:
        """What is known of a document, without its text."""
        return _known(_stored(parts, document_id))

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
                404,
                "no_such_span",
                f"The span {start} to {end} does not lie in the text, which has {len(stored.text):,} characters.",
                "end",
            )
        return PlainTextResponse(stored.text[start:end])

    @app.get("/v1/documents/{document_id}/file", tags=["documents"], response_class=Response, responses={200: _FILE})
    def get_file(document_id: str) -> Response:
        """The file that the document was read from, as it came; always as an attachment."""
        _stored(parts, document_id)
        file = library.original(document_id)
        if file is None:
            raise ApiError(404, "no_file", "The document came as text, not as a file; its text is under /text.")
        gone = ApiError(404, "no_file", "The kept copy of the file is gone; add the file again to keep a new one.")
        path = library.originals.path(file.content_hash)
        response: Response
        if path is not None:
            if not path.is_file():
                raise gone
            response = FileResponse(path, filename=file.name, content_disposition_type="attachment")
        else:
            pieces = library.originals.pieces(file.content_hash)
            if pieces is None:
                raise gone
            response = StreamingResponse(pieces, headers=as_attachment(file.name))
        # As a parameter the type of a text would be given a charset that nobody looked for.
        response.headers["Content-Type"] = file.media_type
        return response

    @app.patch("/v1/documents/{document_id}", tags=["documents"])
    def change_document(document_id: str, body: DocumentChange) -> dict[str, Any]:
        """Set the title, or the day that a document was published on (null: it has none).

        The dates of its events are worked out again from that day.
        """
        _stored(parts, document_id)
        if "published" in body.model_fields_set:
            library.set_published(document_id, _by_user(body.published))
        if body.title is not None:
            library.set_title(document_id, body.title)
        return _known(_stored(parts, document_id))

    @app.delete("/v1/documents/{document_id}", tags=["documents"])
    def delete_document(document_id: str) -> dict[str, Any]:
        """Delete a document with all that was made of it; it is never cited again."""
        removed = library.remove([document_id])
        if not removed:
            raise _no_document(document_id)
        return {"deleted": removed}


async def _uploads(request: Request) -> list[Upload]:
    """The files of a form.

    Raises:
        ApiError: there is none.
    """
    form = await request.form(max_files=_MOST_FILES)
    files = [part for part in form.getlist("files") if not isinstance(part, str)]
    if not files:
        raise ApiError(422, "no_files", "the form has no file in its field 'files'", "files")
    published = _day_of_form(form.get("published"))
    return [Upload(file.filename or "unnamed", await file.read(), published) for file in files]


def _day_of_form(value: object) -> PublishedDate | None:
    """The form's field: a day, or nothing.

    Raises:
        ApiError: it is another word.
    """
    if value is None:
        return None
    try:
        return _by_user(_DAY.validate_python(value if isinstance(value, str) else "a file"))
    except ValidationError as error:
        raise errors.invalid({**error.errors()[0], "loc": ("published",)}) from error


def _queued(jobs: Jobs, owner: str, uploads: list[Upload]) -> JSONResponse:
    try:
        job = jobs.submit(owner, uploads)
    except JobsFullError as error:
        body = error_body(503, "jobs_full", f"{error}.")
        return JSONResponse(body, 503, {"Retry-After": str(_RETRY_SECONDS)})
    return JSONResponse(job.to_dict(), 202, {"Location": f"/v1/jobs/{job.id}"})


def _by_user(day: datetime.date | None) -> PublishedDate | None:
    return PublishedDate(day, "user", day.isoformat()) if day else None


def _stored(parts: Parts, document_id: str) -> StoredDocument:
    stored = parts.library.document(document_id)
    if stored is None:
        raise _no_document(document_id)
    return stored


def _known(stored: StoredDocument) -> dict[str, Any]:
    return stored.info.to_dict() | {"metadata": dict(stored.metadata)}


def _no_document(document_id: str) -> ApiError:
    return ApiError(404, "no_such_document", f"There is no document {document_id!r}.", "document_id")
