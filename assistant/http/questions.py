"""Routes that ask: answers, plain and streamed, and search."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from assistant.answer import Answer
from assistant.assistant import Event
from assistant.conversations import NotKeptError
from assistant.found_passage import found_passage
from assistant.http.errors import error_body, error_of_library
from assistant.http.json_body import JsonBody
from assistant.http.openapi import EVENT
from assistant.http.owner import owner_of
from assistant.http.schemas import AskRequest, SearchBody, SearchRequest, TimelineBody, TimelineRequest
from assistant.http.server_sent import ServerSentEvents
from assistant.parts import Parts
from index.errors import LibraryError

_ANSWERS: dict[str, Any] = {
    "description": "An answer with its citations, or `answered: false` with a `reason` and the nearest passages.",
    "content": {"text/event-stream": {"schema": EVENT}},
}


def install(app: FastAPI, parts: Parts) -> None:
    """Add the routes to the app."""

    @app.post("/v1/ask", tags=["questions"], response_model=None, responses={200: _ANSWERS})
    def ask(body: AskRequest, request: Request) -> Response:
        """Answer a question, as one JSON object or, with `stream`, as server-sent events."""
        history = body.turns
        owner, conversation_id = owner_of(request), body.conversation_id
        if conversation_id is not None:
            history = parts.conversations.history(owner, conversation_id)

        def keep(answer: Answer) -> None:
            if conversation_id is not None:
                parts.conversations.append(owner, conversation_id, answer)

        if not body.stream:
            answer = parts.assistant.ask(body.question, history=history, filters=body.filters, answerer=body.answerer)
            keep(answer)
            return JsonBody(answer.to_dict())
        events = parts.assistant.stream(body.question, history=history, filters=body.filters, answerer=body.answerer)
        first = next(events)  # a question that cannot be asked is refused with a status, not in mid-stream
        return ServerSentEvents(_server_sent(first, events, keep))

    @app.post("/v1/search", tags=["questions"], response_model=None, responses={200: {"model": SearchBody}})
    def search(request: SearchRequest) -> Response:
        """The stretches of text nearest to a query, best first."""
        found = parts.library.search(request.query, limit=request.limit, filters=request.filters)
        return JsonBody({"query": request.query, "passages": [_with_address(found_passage(item)) for item in found]})

    @app.get("/v1/timeline", tags=["questions"], response_model=None, responses={200: {"model": TimelineBody}})
    def timeline(request: Annotated[TimelineRequest, Query()]) -> dict[str, Any]:
        """What happened when: the events of a topic in quotes, the earliest first."""
        return parts.assistant.timeline(request.topic, filters=request.filters, limit=request.limit).to_dict()


def _server_sent(first: Event, rest: Iterator[Event], keep: Callable[[Answer], None]) -> Generator[str, None, None]:
    """The events as text; the whole answer is kept before it is told that it is done.

    What goes wrong by then has no status to tell it: it is the event ``error``, in the one shape.
    """
    try:
        for event in chain((first,), rest):
            if event.answer is not None:
                keep(event.answer)
            yield _as_text(event.type, event.data)
    except NotKeptError as error:
        yield _as_text("error", error_body(404, "not_kept", str(error)))
    except LibraryError as error:
        told = error_of_library(error)
        yield _as_text("error", error_body(told.status, told.code, told.message))


def _as_text(kind: str, data: Mapping[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _with_address(passage: dict[str, Any]) -> dict[str, Any]:
    return {**passage, "url": f"/v1/documents/{quote(passage['document_id'])}/text"}
