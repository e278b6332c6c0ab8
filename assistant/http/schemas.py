"""What the API takes: requests as strict models, unknown fields refused by name."""

from __future__ import annotations

import datetime
import json
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from assistant.answer import Turn
from assistant.conversations import LONGEST_TITLE, Rating
from assistant.days import read_day
from assistant.keys import LONGEST_NAME, NAME, Role
from corpus.filters import Filters


def _encodable(text: str) -> str:
    """JSON can escape half a character, which no store and no model takes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"there is half a character (a lone surrogate) at {error.start}") from error
    return text


def _worded(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing but white space: write what to look for, in words")
    return text


def _web_address(url: str) -> str:
    if url and not url.lower().startswith(("http:", "https:")):
        raise ValueError("the address must begin with http: or https:")
    return url


def _written_day(given: Any) -> Any:
    """Pydantic would take seconds since 1970 for a day, and a time on it."""
    if isinstance(given, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
        raise ValueError(f"{given!r} is not a day; write it like 2024-11-12")
    if given is not None and not isinstance(given, (str, datetime.date)):
        raise ValueError("a day is a text; write it like 2024-11-12")
    return given


def _first_day(given: Any) -> Any:
    return _limit(given, last=False)


def _last_day(given: Any) -> Any:
    return _limit(given, last=True)


def _limit(given: Any, *, last: bool) -> Any:
    """As on the command line, but in the form of ISO 8601 alone."""
    if given is None or isinstance(given, datetime.date):
        return given
    if not isinstance(given, str) or not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", given):
        raise ValueError(f"{given!r} is not a date; write it like 2024-11-12, 2024-11 or 2024")
    return read_day(given, last=last)


def _number(given: Any) -> Any:
    """Pydantic would take "5" and true for whole numbers, which JSON tells apart from them."""
    if isinstance(given, (str, bool)):
        raise ValueError(f"{given!r} is not a whole number")
    return given


def _to_come(when: datetime.datetime) -> datetime.datetime:
    try:
        when = when.astimezone(datetime.UTC)
    except OverflowError as error:
        raise ValueError("the year 9999 ends the calendar in UTC too") from error
    if when <= datetime.datetime.now(datetime.UTC):
        raise ValueError(f"{when.isoformat()} has passed")
    return when


_TITLED = r"[^\s\x85]|\uFEFF"
"""What pydantic leaves of a title is more than white space; patterns are read as ECMAScript reads them."""
_WHOLE = AfterValidator(_encodable)
Text = Annotated[str, _WHOLE]
DocumentTitle = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, strip_whitespace=True),
    _WHOLE,
    Field(json_schema_extra={"pattern": _TITLED}),
]
AsNumber = BeforeValidator(_number)
"""To stand after the limits of a whole number, or they are left out of the OpenAPI document."""
Day = Annotated[datetime.date, BeforeValidator(_written_day)]
_DAY_MONTH_YEAR = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "pattern": "^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])(-(0[1-9]|1[0-2]))?$"},
        ],
        "examples": ["2024-11-12", "2024-11", "2024"],
    }
)
FirstDay = Annotated[datetime.date, BeforeValidator(_first_day), _DAY_MONTH_YEAR]
"""A day; the first one of a month or year."""
LastDay = Annotated[datetime.date, BeforeValidator(_last_day), _DAY_MONTH_YEAR]
"""A day; the last one of a month or year."""
_WORDED = Field(json_schema_extra={"pattern": r"[^\s\x1c-\x1f\x85]|\uFEFF"})
"""Of a text that must hold more than what Python takes for white space; the code that takes it says so in better words.
"""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FilterFields(_Request):
    as_of: LastDay | None = None
    """The reader's clock: documents published later do not exist. A day, or a month or year to its end: `2024-11`."""
    after: FirstDay | None = None
    """Published on this day or later; `2024-11` and `2024` are their first day."""
    before: LastDay | None = None
    """Published on this day or earlier; `2024-11` and `2024` are their last day."""
    document_ids: list[Text] | None = Field(default=None, max_length=1000)
    """Only these documents."""

    @field_validator("after")
    @classmethod
    def _by_then(cls, after: datetime.date | None, others: ValidationInfo) -> datetime.date | None:
        as_of = others.data.get("as_of")
        if after is not None and as_of is not None and after > as_of:
            raise ValueError(f"{after} is later than as_of ({as_of}): nothing that was published by then can pass")
        return after

    @field_validator("before")
    @classmethod
    def _in_order(cls, before: datetime.date | None, others: ValidationInfo) -> datetime.date | None:
        after = others.data.get("after")
        if before is not None and after is not None and after > before:
            raise ValueError(f"{before} is earlier than after ({after}): no document can pass both")
        return before

    @property
    def filters(self) -> Filters:
        ids = tuple(self.document_ids) if self.document_ids is not None else None
        return Filters(self.as_of, self.after, self.before, ids)


class TurnField(_Request):
    role: Literal["user", "assistant"]
    content: Text


class AskRequest(FilterFields):
    question: Annotated[str, _WHOLE, WithJsonSchema({"type": "string", "minLength": 1}), _WORDED]
    """What to ask, in words."""
    history: list[TurnField] = Field(default_factory=list, max_length=1000)
    """Earlier turns of the conversation, the oldest first."""
    conversation_id: Text | None = None
    """A kept conversation: its turns are the history, and the answer is added to it."""
    stream: Annotated[bool, Strict()] = False
    """Answer as server-sent events: `trace`, `delta` …, `citations`, `done`."""
    answerer: Literal["verbatim", "llm"] | None = None
    """Answer in the documents' own words, or let the LLM phrase it; by default the LLM where one is set."""

    @field_validator("conversation_id")
    @classmethod
    def _one_history(cls, conversation_id: str | None, others: ValidationInfo) -> str | None:
        if conversation_id is not None and others.data.get("history"):
            raise ValueError("the conversation is the history: send either it or history")
        return conversation_id

    @property
    def turns(self) -> list[Turn]:
        return [Turn(turn.role, turn.content) for turn in self.history]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "When did North Korea ratify the treaty with Russia?"}]}
    )


class SearchRequest(FilterFields):
    query: Annotated[str, StringConstraints(min_length=1, max_length=10_000), _WHOLE, AfterValidator(_worded), _WORDED]
    limit: Annotated[int, Field(ge=1, le=50), AsNumber] = 10

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "treaty with Russia", "limit": 5}]})


class TimelineRequest(FilterFields):
    topic: Annotated[str, StringConstraints(min_length=1), _WHOLE, _WORDED]
    """What to look for, in words; where it names a time ("floods in August 2024"), only events of that time."""
    limit: int = Field(default=30, ge=1, le=100)
    """Events at most; the most relevant are kept."""
    document_ids: list[Annotated[Text, StringConstraints(max_length=64)]] | None = Field(default=None, max_length=100)
    """Only these documents; fewer than elsewhere, since they stand in the address."""


class KeyRequest(_Request):
    name: Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=NAME), _WHOLE]
    """The program or person that it is for."""
    role: Role = "reader"
    """`reader` asks, `writer` also changes documents, `admin` also manages keys."""
    expires: Annotated[AwareDatetime, AfterValidator(_to_come)] | None = None
    """When it ceases to open anything, with its time zone; never, where it is left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "newsroom", "role": "reader"}]})


class DocumentRequest(_Request):
    """A document given as text instead of as a file."""

    text: Annotated[str, StringConstraints(min_length=1), _WHOLE]
    title: DocumentTitle
    published: Day | None = None
    """The day that it appeared on: what "this year" in it hangs on."""
    source: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True), _WHOLE] = ""
    """Publisher or author."""
    url: Annotated[
        str, StringConstraints(max_length=2000, strip_whitespace=True), _WHOLE, AfterValidator(_web_address)
    ] = Field(default="", json_schema_extra={"pattern": r"^([hH][tT][tT][pP][sS]?:[\s\S]*)?$"})
    """Where it stands on the web; told with each citation, never fetched."""

    @property
    def origin(self) -> str:
        """What makes a text given again the same document: its address, else its title, source and day."""
        return "text:" + (self.url or json.dumps([self.title, self.source, str(self.published)]))

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


class DocumentChange(_Request):
    """What is not given stays as it is."""

    title: DocumentTitle | None = None
    published: Day | None = None
    """The day that it appeared on; null where it has none."""

    @model_validator(mode="after")
    def _something(self) -> DocumentChange:
        if self.title is None and "published" not in self.model_fields_set:
            raise ValueError("there is nothing to change: give a title, or published")
        return self

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"published": "2024-03-12"}],
            "anyOf": [
                {"required": ["title"], "properties": {"title": {"type": "string"}}},
                {"required": ["published"]},
            ],
        }
    )


Title = Annotated[str, StringConstraints(max_length=LONGEST_TITLE, strip_whitespace=True), _WHOLE]


class ConversationRequest(_Request):
    title: Title = ""
    """Empty to take the first question."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "The treaty"}]})


class RenameRequest(_Request):
    title: Annotated[Title, StringConstraints(min_length=1), Field(json_schema_extra={"pattern": _TITLED})]

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "The treaty and its dates"}]})


class FeedbackRequest(_Request):
    answer_id: Text
    """The `id` of the answer."""
    rating: Rating
    reason: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True), _WHOLE] = ""
    """Why, in words."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"answer_id": "ANSWER_ID", "rating": "down", "reason": "An older figure."}]}
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


class _Reply(BaseModel):
    """Strict, so that a test finds what the schema does not name."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SpanBody(_Reply):
    """A half-open range of Unicode code points."""

    start: int
    end: int


class FoundPassageBody(_Reply):
    """A stretch of a document that was found for a query."""

    document_id: str
    title: str
    source: str
    published: datetime.date | None
    span: SpanBody
    """Where it stands in the document's text."""
    focus: SpanBody
    """The passage in it that was nearest."""
    text: str
    score: float
    """Cosine plus weighted BM25; comparable within one search."""
    url: str
    """Where its text is given."""


class SearchBody(_Reply):
    """What was found for a query, best first."""

    query: str
    passages: list[FoundPassageBody]


class CitationBody(_Reply):
    """A quote that was checked against its document, word for word."""

    id: int
    """The number in the mark `[n]`."""
    document_id: str
    title: str
    source: str
    published: datetime.date | None
    quote: str
    span: SpanBody
    """Where the quote stands in the document's text."""
    page: int | None
    locator: str | None
    """`page 3`, `row 17`: where the original has such parts."""
    answer: SpanBody
    """The words of `text` that the quote supports."""
    status: Literal["verbatim", "supported"]
    event_dates: list[str]
    """ISO 8601, as fine as the words: `2024-06`."""
    event_texts: list[str]
    """The words that each event date was read from."""
    speaker: str | None
    url: str
    passage: SpanBody | None
    marks: list[SpanBody]
    """What to show bold, in code points of the document."""
    score: float


class TimelineEventBody(_Reply):
    """A date, and the quotes that tell of it."""

    date: str
    """ISO 8601, as fine as the words: `2024-06-19`, `2024-06`, `2024-10-08/2024-10-13`."""
    first: datetime.date = Field(alias="from")
    last: datetime.date = Field(alias="to")
    """The last day that the date may mean, inclusive."""
    granularity: Literal["day", "month", "year", "range"]
    clock: Literal["event", "published"]
    """`event`: when it happened, by the quotes' words. `published`: they name no date, the document appeared then."""
    running: bool
    """Whether it goes on ("since August"); `to` is then the day that the document was published on."""
    joined: str
    """The word between two days that are meant alone, as in "9 and 11 November"; else empty."""
    said: str
    """The date for people: `19 June 2024`."""
    citations: list[CitationBody]
    """The one that names the date most finely first; at most one a document."""


class TraceBody(_Reply):
    """What was searched, and how."""

    searched_documents: int
    published_from: datetime.date | None
    published_to: datetime.date | None
    filters: dict[str, str | list[str]]
    steps: list[dict[str, Any]]


class TimelineBody(_Reply):
    """The events of a topic, the earliest first."""

    topic: str
    as_of: Day | None
    events: list[TimelineEventBody]
    reason: str | None
    """Why there is no event; null where there are some."""
    text: str
    """A line an event: its date, its first quote, and the marks of all its quotes."""
    trace: TraceBody
    timings_ms: dict[str, float]
