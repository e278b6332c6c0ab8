"""``/v1/chat/completions`` and ``/v1/models`` in OpenAI's shapes, for programs that speak to those already.

The text holds marks ``[n]`` and ends with a list of sources, for clients that show no annotations. Markup of documents
in it is text (``inert_markdown``). ``annotations`` are ``url_citation``s that open a document here at the quote. The
native answer, its citations included and every text as it is, stands under ``dateline``, and in a stream in the chunk
that tells ``finish_reason``.
"""

from __future__ import annotations

import datetime
import json
import re
import time
import uuid
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

from assistant.answer import Answer, Turn
from assistant.assistant import Answerer, Event
from assistant.export import link, source_list
from assistant.http.errors import ApiError, error_body, error_of_library
from assistant.http.inert_markdown import InertPieces, inert_markdown
from assistant.http.json_body import JsonBody
from assistant.http.openapi import EVENT
from assistant.http.schemas import AsNumber, FilterFields, Text
from assistant.http.server_sent import ServerSentEvents
from assistant.parts import Parts
from corpus.filters import Filters
from index.errors import LibraryError

MODEL = "dateline"
"""Answers from the documents. Where an LLM is set, ``dateline:llm`` and ``dateline:verbatim`` choose who phrases."""

_SINCE = int(datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC).timestamp())
"""When the model was made, for clients that sort by it."""


def _american_date(given: Any) -> Any:
    """``3/1/2025``, as Perplexity's parameters write dates."""
    if given is None:
        return None
    if not isinstance(given, str):
        raise ValueError("a day is a text; write month/day/year, like 3/1/2025")
    try:
        return datetime.datetime.strptime(given, "%m/%d/%Y").date()
    except ValueError as error:
        raise ValueError(f"{given!r} is not a date; write month/day/year, like 3/1/2025") from error


_AMERICAN = r"^(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/[1-9]\d{3}$"
AmericanDate = Annotated[
    datetime.date | None,
    BeforeValidator(_american_date),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/[1-9]\d{3}$"},
                {"type": "null"},
            ]
        }
    ),
]


class _Tolerant(BaseModel):
    """Clients send more than we know; what is not named here changes nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class ContentPart(_Tolerant):
    type: str
    text: Text = ""


class Message(_Tolerant):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[ContentPart] | None = None

    @property
    def words(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(_Tolerant):
    include_usage: Annotated[bool, Strict()] = False


class ChatRequest(FilterFields):
    model: Text
    """`dateline`; where an LLM is set also `dateline:llm` and `dateline:verbatim` (the documents' own words)."""
    messages: list[Message] = Field(min_length=1, max_length=2000)
    """The last one of the user is the question, those before it are its history; system messages change no answer."""
    stream: Annotated[bool, Strict()] | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1), AsNumber] | None = None
    max_tokens: Annotated[int, Field(ge=1), AsNumber] | None = None
    """Taken, and not obeyed: a quote is never cut short."""
    temperature: Annotated[float, Strict()] | None = Field(default=None, ge=0, le=2)
    """Taken, and not obeyed: the same question has the same answer."""
    search_after_date_filter: AmericanDate = None
    """Published on this day or later, written like 3/1/2025."""
    search_before_date_filter: AmericanDate = None
    """Published on this day or earlier, written like 3/1/2025."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "model": MODEL,
                    "messages": [{"role": "user", "content": "When did North Korea ratify the treaty with Russia?"}],
                }
            ]
        },
    )

    @property
    def filters(self) -> Filters:
        """The native filters and those in Perplexity's words; where both are given, both hold."""
        own = super().filters
        after = [day for day in (own.after, self.search_after_date_filter) if day is not None]
        before = [day for day in (own.before, self.search_before_date_filter) if day is not None]
        return Filters(own.as_of, max(after, default=None), min(before, default=None), own.document_ids)

    @property
    def asked(self) -> tuple[str, list[Turn]]:
        """The last user message, and the turns before it.

        Raises:
            ApiError: there is no user message.
        """
        turns: list[Turn] = []
        for message in self.messages:
            if message.role in ("user", "assistant"):
                turns.append(Turn("user" if message.role == "user" else "assistant", message.words))
        while turns and turns[-1].role != "user":
            turns.pop()
        if not turns:
            raise ApiError(422, "invalid_request", "messages: none has the role user: there is no question", "messages")
        return turns[-1].content, turns[:-1]


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer on its way out in OpenAI's shapes."""

    id: str
    created: int
    """Seconds since 1970."""
    base: str
    """What links begin with."""
    request: ChatRequest

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The answer as one object."""
        message = {
            "role": "assistant",
            "content": self._content(answer),
            "refusal": None,
            "annotations": self.annotations(answer),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.request.model,
            "choices": [choice],
            "usage": self._usage(answer),
            "dateline": answer.to_dict(),
        }

    def streamed(self, events: Iterator[Event]) -> Generator[str, None, None]:
        """The answer in pieces, as server-sent events that end with ``[DONE]``."""
        yield self._chunk({"role": "assistant", "content": ""})
        pieces = InertPieces()
        try:
            for event in events:
                if event.type == "delta":
                    yield self._chunk({"content": pieces.add(event.data["text"])})
                if event.answer is not None:
                    yield from self._end(event.answer, pieces.end())
        except LibraryError as error:  # there is no status any more that could tell it
            told = error_of_library(error)
            yield _as_text(error_body(told.status, told.code, told.message))
        yield "data: [DONE]\n\n"

    def _end(self, answer: Answer, last_words: str) -> Iterator[str]:
        rest = last_words + self._sources(answer)
        if rest:
            yield self._chunk({"content": rest})
        yield self._chunk({"annotations": self.annotations(answer)}, "stop", dateline=answer.to_dict())
        if self.request.stream_options is not None and self.request.stream_options.include_usage:
            yield _as_text({**self._head, "choices": [], "usage": self._usage(answer)})

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _as_text({**self._head, "choices": [choice], **more})

    @property
    def _head(self) -> dict[str, Any]:
        return {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.request.model}

    def _content(self, answer: Answer) -> str:
        return inert_markdown(answer.text).text + self._sources(answer)

    def _sources(self, answer: Answer) -> str:
        return inert_markdown(source_list(answer.citations, base=self.base)).text

    def _usage(self, answer: Answer) -> dict[str, int]:
        asked = sum(_tokens(message.words) for message in self.request.messages)
        told = _tokens(self._content(answer))
        return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}

    def annotations(self, answer: Answer) -> list[dict[str, Any]]:
        """The citations as ``url_citation``s; offsets are half-open, in code points of the content."""
        content = inert_markdown(answer.text)
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": content.offset(citation.answer.start),
                    "end_index": content.offset(citation.answer.end),
                    "title": citation.title,
                    "url": link(citation, base=self.base),
                },
            }
            for citation in answer.citations
        ]


_ANSWERS: dict[str, Any] = {
    "description": "A chat completion; its text ends with the list of sources.",
    "content": {"text/event-stream": {"schema": EVENT}},
}


def install(app: FastAPI, parts: Parts) -> None:
    """Add the routes to the app."""

    @app.post("/v1/chat/completions", tags=["OpenAI-compatible"], response_model=None, responses={200: _ANSWERS})
    def create_chat_completion(body: ChatRequest, request: Request) -> Response:
        """Answer the last message of a chat, in the shapes of OpenAI's API; unknown parameters change nothing."""
        _known(body.model, parts)
        answerer = _answerers(parts)[body.model]
        question, history = body.asked
        base = str(request.base_url).rstrip("/")
        completion = Completion(f"chatcmpl-{uuid.uuid4().hex}", int(time.time()), base, body)
        if not body.stream:
            answer = parts.assistant.ask(question, history=history, filters=body.filters, answerer=answerer)
            return JsonBody(completion.whole(answer))
        events = parts.assistant.stream(question, history=history, filters=body.filters, answerer=answerer)
        first = next(events)  # a question that cannot be asked is refused with a status, not in mid-stream
        return ServerSentEvents(completion.streamed(chain((first,), events)))

    @app.get("/v1/models", tags=["OpenAI-compatible"])
    def list_models() -> dict[str, Any]:
        """The models that can be named: one, which answers from the documents, and with an LLM one for each way."""
        return {"object": "list", "data": [_model(name) for name in _answerers(parts)]}

    @app.get("/v1/models/{model}", tags=["OpenAI-compatible"])
    def get_model(model: str) -> dict[str, Any]:
        """One model."""
        _known(model, parts)
        return _model(model)


def _answerers(parts: Parts) -> dict[str, Answerer | None]:
    """By the name of each model who phrases its answers; None for the way that is usual here."""
    ways = parts.assistant.answerers
    return {MODEL: None} | ({f"{MODEL}:{way}": way for way in ways} if len(ways) > 1 else {})


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _SINCE, "owned_by": "dateline"}


def _known(model: str, parts: Parts) -> None:
    names = list(_answerers(parts))
    if model not in names:
        there = ", ".join(map(repr, names))
        are = f"the one there is, is {there}" if len(names) == 1 else f"there are {there}"
        raise ApiError(404, "model_not_found", f"There is no model {model!r}; {are}.", "model")


def _tokens(text: str) -> int:
    """About what a model would count: words and signs."""
    return len(re.findall(r"\w+|[^\w\s]", text))


def _as_text(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
