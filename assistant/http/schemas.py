"""What the API takes: requests as strict models, unknown fields refused by name."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from assistant.answer import Turn
from corpus.filters import Filters


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FilterFields(_Request):
    as_of: datetime.date | None = None
    """The reader's clock: documents published later do not exist."""
    after: datetime.date | None = None
    """Published on this day or later."""
    before: datetime.date | None = None
    """Published on this day or earlier."""
    document_ids: list[str] | None = Field(default=None, max_length=1000)
    """Only these documents."""

    @model_validator(mode="after")
    def _in_order(self) -> FilterFields:
        if self.after is not None and self.before is not None and self.after > self.before:
            raise ValueError(f"after ({self.after}) is later than before ({self.before}): no document can pass both")
        return self

    @property
    def filters(self) -> Filters:
        ids = tuple(self.document_ids) if self.document_ids is not None else None
        return Filters(self.as_of, self.after, self.before, ids)


class TurnField(_Request):
    role: Literal["user", "assistant"]
    content: str


class AskRequest(FilterFields):
    question: str
    """What to ask, in words."""
    history: list[TurnField] = Field(default_factory=list, max_length=1000)
    """Earlier turns of the conversation, the oldest first."""
    stream: bool = False
    """Answer as server-sent events: `trace`, `delta` …, `citations`, `done`."""

    @property
    def turns(self) -> list[Turn]:
        return [Turn(turn.role, turn.content) for turn in self.history]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "When did North Korea ratify the treaty with Russia?"}]}
    )


class SearchRequest(FilterFields):
    query: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    limit: int = Field(default=10, ge=1, le=50)

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "treaty with Russia", "limit": 5}]})


class DocumentRequest(_Request):
    """A document given as text instead of as a file."""

    text: Annotated[str, StringConstraints(min_length=1)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    published: datetime.date | None = None
    source: Annotated[str, StringConstraints(max_length=500)] = ""
    url: Annotated[str, StringConstraints(max_length=2000)] = ""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Harbour reopens",
                    "text": "The harbour reopened on Monday, two weeks after the storm.",
                    "published": "2024-03-12",
                    "source": "Harbour Gazette",
                }
            ]
        }
    )


class ErrorDetail(BaseModel):
    """What was refused, and why."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: Literal["invalid_request_error", "server_error"]
    """Whose turn it is: the client's, or the server's."""
    message: str
    """What is wrong and what to do, for people."""
    code: str
    """The same for programs; it stays when the message is worded anew."""
    param: str | None
    """The field or parameter that is wrong."""


class ErrorBody(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail
