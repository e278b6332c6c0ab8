"""Routes on kept conversations, and on what people thought of the answers in them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response

from assistant import export
from assistant.http.headers import as_attachment
from assistant.http.owner import owner_of
from assistant.http.schemas import ConversationRequest, FeedbackRequest, RenameRequest
from assistant.parts import Parts

_FURTHEST = 1_000_000_000
"""Largest offset into a list: a store's integers end somewhere."""

_EXPORTED: dict[str, Any] = {
    "description": "The conversation with its references, as a file.",
    "content": {
        "text/markdown": {"schema": {"type": "string"}},
        "application/json": {"schema": {"type": "object"}},
    },
}


def install(app: FastAPI, parts: Parts) -> None:
    """Add the routes to the app. Each request sees the conversations of its own key alone."""
    conversations = parts.conversations

    @app.post("/v1/conversations", tags=["conversations"])
    def create_conversation(body: ConversationRequest, request: Request) -> dict[str, Any]:
        """Begin a conversation; `POST /v1/ask` with its id as `conversation_id` adds turns to it."""
        return conversations.create(owner_of(request), body.title).to_dict()

    @app.get("/v1/conversations", tags=["conversations"])
    def list_conversations(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        offset: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
    ) -> dict[str, Any]:
        """The conversations, the last used first."""
        owner = owner_of(request)
        return {
            "conversations": [info.to_dict() for info in conversations.infos(owner, limit=limit, offset=offset)],
            "total": conversations.count(owner),
            "limit": limit,
            "offset": offset,
        }

    @app.get("/v1/conversations/{conversation_id}", tags=["conversations"])
    def get_conversation(conversation_id: str, request: Request) -> dict[str, Any]:
        """A conversation with its turns. A quote whose document was deleted or changed since is withheld."""
        return conversations.get(owner_of(request), conversation_id).to_dict()

    @app.patch("/v1/conversations/{conversation_id}", tags=["conversations"])
    def rename_conversation(conversation_id: str, body: RenameRequest, request: Request) -> dict[str, Any]:
        """Give a conversation another title."""
        return conversations.rename(owner_of(request), conversation_id, body.title).to_dict()

    @app.delete("/v1/conversations/{conversation_id}", tags=["conversations"])
    def delete_conversation(conversation_id: str, request: Request) -> dict[str, Any]:
        """Delete a conversation with its turns and their feedback."""
        conversations.delete(owner_of(request), conversation_id)
        return {"deleted": [conversation_id]}

    @app.get(
        "/v1/conversations/{conversation_id}/export",
        tags=["conversations"],
        response_class=Response,
        responses={200: _EXPORTED},
    )
    def export_conversation(
        conversation_id: str, request: Request, format: Literal["markdown", "json"] = "markdown"
    ) -> Response:
        """A conversation to take along, each answer with its marks and the list of what they stand for."""
        conversation = conversations.get(owner_of(request), conversation_id)
        base = str(request.base_url).rstrip("/")
        headers = as_attachment(f"{_file_name(conversation.info.title)}.{_ENDING[format]}")
        if format == "json":
            return JSONResponse(export.to_json(conversation, base=base), headers=headers)
        return Response(export.to_markdown(conversation, base=base), media_type="text/markdown", headers=headers)

    @app.post("/v1/feedback", tags=["conversations"])
    def give_feedback(body: FeedbackRequest, request: Request) -> dict[str, Any]:
        """Say whether an answer of a kept conversation was of use, in place of what was said of it before."""
        feedback = conversations.rate(owner_of(request), body.answer_id, body.rating, body.reason)
        return {"answer_id": body.answer_id, **feedback.to_dict()}


def _file_name(title: str) -> str:
    """What a file of the title is called: its words, without what a file system or a browser may stumble over."""
    words = " ".join(re.sub(r"[^\w.,'()-]+", " ", title).split()).strip(".,-' ")
    return words[:_LONGEST_NAME].strip() or "conversation"


_LONGEST_NAME = 60
"""Characters of a file's name, without its ending."""
_ENDING = {"markdown": "md", "json": "json"}
