"""Ids of things that exist, for Schemathesis: made-up ids meet 404 alone, and nothing that lies behind it.

Three of four well-formed requests that name something are given one of those that are there; what was deleted is made
anew. What each operation answered is written to ``FUZZ_SEEN``, a JSON object a line.
"""

from __future__ import annotations

import itertools
import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import schemathesis
from openapi_rules import filter_body, filter_case, filter_query

if TYPE_CHECKING:
    from schemathesis import Case

__all__ = ["filter_body", "filter_case", "filter_query"]

SERVER = httpx.Client(
    base_url=os.environ["FUZZ_SERVER"], headers={"Authorization": f"Bearer {os.environ['FUZZ_KEY']}"}, trust_env=False
)
SEEN = Path(os.environ["FUZZ_SEEN"])
TURNS = itertools.count()


def sent(method: str, path: str, **named: Any) -> Any:
    return SERVER.request(method, path, **named).raise_for_status().json()


def a_document() -> str:
    name = f"harbour-{uuid.uuid4().hex}.txt"  # under the old name it would have the id of the one that was deleted
    file = (name, f"The harbour {uuid.uuid4().hex} reopened on Monday, two weeks after the storm.")
    document_id: str = sent("POST", "/v1/documents", files={"files": file})["results"][0]["document_id"]
    return document_id


def a_job() -> str:
    file = ("note.txt", "The ferry runs again.")
    job_id: str = sent("POST", "/v1/documents", params={"background": True}, files={"files": file})["id"]
    return job_id


def a_conversation() -> str:
    conversation_id: str = sent("POST", "/v1/conversations", json={"title": "The harbour"})["id"]
    ask = {"question": "When did the harbour reopen?", "conversation_id": conversation_id}
    answers[conversation_id] = sent("POST", "/v1/ask", json=ask)["id"]
    return conversation_id


def a_key() -> str:
    key_id: str = sent("POST", "/v1/keys", json={"name": f"made-{uuid.uuid4().hex}"})["id"]
    return key_id


MAKERS = {"document_id": a_document, "job_id": a_job, "conversation_id": a_conversation, "name_or_id": a_key}
there = {"model": "dateline"}
"""What exists, by the name of the parameter."""
answers: dict[str, str] = {}
"""The answer of each conversation."""


def existing(name: str) -> str:
    if name not in there:
        there[name] = MAKERS[name]()
    return there[name]


@schemathesis.hook
def before_call(context: Any, case: Case, kwargs: dict[str, Any]) -> None:
    if case.meta is None or case.meta.generation.mode.value != "positive" or next(TURNS) % 4 == 0:
        return
    named = case.path_parameters
    if named:
        case.path_parameters = {name: existing(name) for name in named}
    if isinstance(case.body, dict) and "answer_id" in case.body:
        case.body = {**case.body, "answer_id": answers[existing("conversation_id")]}


@schemathesis.hook
def after_call(context: Any, case: Case, response: Any) -> None:
    if case.method.upper() == "DELETE" and response.status_code < 300:
        for name, value in (case.path_parameters or {}).items():
            if there.get(name) == value:
                del there[name]
    operation = f"{case.method.upper()} {case.operation.path}"
    with SEEN.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"operation": operation, "status": response.status_code}) + "\n")
