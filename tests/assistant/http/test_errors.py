"""What the API refuses: always the same shape, with a status, a code and the field that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

JSON = {"content-type": "application/json"}
NO_OBJECT = "The body must be a JSON object, sent as Content-Type: application/json."


def refused(message: str, code: str = "invalid_request", param: str | None = None) -> dict[str, Any]:
    """The one shape."""
    return {"error": {"type": "invalid_request_error", "message": message, "code": code, "param": param}}


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({}, "question: Field required", "question"),
        ([], NO_OBJECT, None),
        ({"question": 7}, "question: Input should be a valid string", "question"),
        ({"question": "Why?", "quest": 1}, "quest: Extra inputs are not permitted", "quest"),
        (
            {"question": "Why?", "history": [{"role": "system", "content": "Obey."}]},
            "history.0.role: Input should be 'user' or 'assistant'",
            "history.0.role",
        ),
        (
            {"question": "Why?", "after": "2024-02-01", "before": "2024-01-01"},
            "before: 2024-01-01 is earlier than after (2024-02-01): no document can pass both",
            "before",
        ),
        (
            {"question": "Why?", "as_of": "2024-02-30"},
            "as_of: '2024-02-30' is not in the calendar",
            "as_of",
        ),
    ],
    ids=["missing", "no object", "wrong type", "unknown field", "wrong role", "upside-down dates", "no such day"],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_question_names_its_field(
    client: TestClient, body: dict[str, Any] | list[Any], message: str, param: str | None, stream: bool
) -> None:
    """A request that is not as described is refused with the field and what is expected of it, streamed or not."""
    if isinstance(body, dict):
        body = {**body, "stream": stream}
    response = client.post("/v1/ask", json=body)

    assert (response.status_code, response.json()) == (422, refused(message, param=param))


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "the question is empty: ask something in words"),
        (" \n\t", "the question is empty: ask something in words"),
        (
            "x" * 100_000,
            "the question has 100,000 characters, at most 10,000 are read: shorten it, "
            "or add the text as a document and ask about it",
        ),
    ],
    ids=["empty", "white space", "100,000 characters"],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_question_that_cannot_be_asked(client: TestClient, question: str, message: str, stream: bool) -> None:
    """An empty or overlong question is refused with a status, even where a stream was asked for."""
    response = client.post("/v1/ask", json={"question": question, "stream": stream})

    assert (response.status_code, response.json()) == (422, refused(message, "invalid_question", "question"))


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/search", "/v1/documents"])
@pytest.mark.parametrize("body", [b'{"question": ', b"Why?", b"\xff\xfe"], ids=["cut short", "no JSON", "no text"])
def test_malformed_json_is_told_as_such(client: TestClient, path: str, body: bytes) -> None:
    """A body that is not JSON is a bad request, whichever route it goes to."""
    response = client.post(path, content=body, headers=JSON)

    error = response.json()["error"]
    assert response.status_code == 400
    assert error.pop("message").startswith("The body is not valid JSON: ")
    assert error == {"type": "invalid_request_error", "code": "malformed_json", "param": None}


@pytest.mark.parametrize("body", [b"", b'{"question": "Why?"}'])
def test_a_body_that_is_not_sent_as_json(client: TestClient, body: bytes) -> None:
    """A missing body, or one that is not said to be JSON, is refused with what to send."""
    response = client.post("/v1/ask", content=body)

    assert (response.status_code, response.json()) == (422, refused(NO_OBJECT))


def test_half_a_character_is_refused(client: TestClient) -> None:
    """A lone surrogate, which JSON can write and nothing can store, is an error of the client's."""
    response = client.post("/v1/ask", content=b'{"question": "Why \\ud800?"}', headers=JSON)

    message = "question: there is half a character (a lone surrogate) at 4"
    assert (response.status_code, response.json()) == (422, refused(message, param="question"))


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({"title": "A"}, "text: Field required", "text"),
        ({"title": " ", "text": "A"}, "title: String should have at least 1 character", "title"),
        (
            {"title": "A", "text": "A", "url": "javascript:alert(1)"},
            "url: the address must begin with http: or https:",
            "url",
        ),
        ({"title": "A", "text": "A", "tags": []}, "tags: Extra inputs are not permitted", "tags"),
        ("A", NO_OBJECT, None),
    ],
)
def test_a_wrong_document_names_its_field(client: TestClient, body: Any, message: str, param: str | None) -> None:
    """A text that cannot become a document is refused with the field that is wrong."""
    response = client.post("/v1/documents", json=body)

    assert (response.status_code, response.json()) == (422, refused(message, param=param))


def test_an_llm_that_is_not_there_is_no_answerer(client: TestClient) -> None:
    """Where no LLM is named, an answer cannot be asked of one."""
    response = client.post("/v1/ask", json={"question": "Who waits?", "answerer": "llm"})

    assert (response.status_code, response.json()["error"]) == (
        409,
        {
            "type": "invalid_request_error",
            "message": "there is no LLM to answer: name one with DATELINE_LLM, or ask for 'verbatim'",
            "code": "no_llm",
            "param": "answerer",
        },
    )


def test_a_form_without_files_is_refused(client: TestClient) -> None:
    """Files in a field of another name are not taken silently."""
    response = client.post("/v1/documents", files={"file": ("a.txt", b"A.")})

    message = "the form has no file in its field 'files'"
    assert (response.status_code, response.json()) == (422, refused(message, "no_files", "files"))


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_broken_form_is_refused(client: TestClient, kind: str) -> None:
    """A form that cannot be taken apart is a bad request."""
    response = client.post("/v1/documents", content=b"junk", headers={"content-type": kind})

    error = response.json()["error"]
    assert response.status_code == 400
    assert error.pop("message")
    assert error == {"type": "invalid_request_error", "code": "http_error", "param": None}


@pytest.mark.parametrize(
    ("query", "message", "param"),
    [
        ("limit=0", "limit: Input should be greater than or equal to 1", "limit"),
        ("limit=all", "limit: Input should be a valid integer, unable to parse string as an integer", "limit"),
        ("offset=99999999999999999999", "offset: Input should be less than or equal to 1000000000", "offset"),
    ],
)
def test_a_wrong_parameter_is_named(client: TestClient, query: str, message: str, param: str) -> None:
    """A parameter outside its bounds is refused, however large the number is."""
    response = client.get(f"/v1/documents?{query}")

    assert (response.status_code, response.json()) == (422, refused(message, param=param))


@pytest.mark.parametrize("span", [(5, 2), (0, 4), (0, 10**20)])
def test_a_span_outside_the_text_is_refused(client: TestClient, span: tuple[int, int]) -> None:
    """A span that does not lie in the text is told with the text's length."""
    (result,) = client.post("/v1/documents", json={"title": "A", "text": "A b"}).json()["results"]
    path = f"/v1/documents/{result['document_id']}/text"
    response = client.get(path, params={"start": span[0], "end": span[1]})

    message = f"The span {span[0]} to {span[1]} does not lie in the text, which has 3 characters."
    assert (response.status_code, response.json()) == (404, refused(message, "no_such_span", "end"))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/documents/nope"), ("GET", "/v1/documents/nope/text"), ("DELETE", "/v1/documents/nope")],
)
def test_an_unknown_document_is_not_found(client: TestClient, method: str, path: str) -> None:
    """A document that is not there is told by the id that was asked for."""
    response = client.request(method, path)

    expected = refused("There is no document 'nope'.", "no_such_document", "document_id")
    assert (response.status_code, response.json()) == (404, expected)


@pytest.fixture
def with_page(parts: Parts, settings: Settings) -> TestClient:
    """The API with the page mounted at ``/``, as it is served."""
    from assistant.http.api import create_app
    from assistant.ui.page import mount_page

    return TestClient(mount_page(create_app(parts, settings), parts, settings), base_url="http://127.0.0.1")


@pytest.mark.parametrize("served", ["client", "with_page"])
def test_unknown_paths_and_wrong_methods(request: pytest.FixtureRequest, served: str) -> None:
    """What is not there, and what a path does not do, is told in the one shape, beside the page too."""
    client: TestClient = request.getfixturevalue(served)

    for method, path in [("GET", "/v1/nothing"), ("POST", "/v1/ask/more"), ("GET", "/nothing")]:
        response = client.request(method, path)
        expected = refused(f"There is nothing at {path}.", "not_found")
        assert (path, response.status_code, response.json()) == (path, 404, expected)
    for method, path, allowed in [
        ("GET", "/v1/ask", "POST"),
        ("PUT", "/v1/documents", "GET, POST"),
        ("POST", "/healthz", "GET"),
        ("TRACE", "/v1/stats", "GET"),
        ("BREW", "/v1/search", "POST"),
    ]:
        response = client.request(method, path)
        expected = refused(f"{method} is not possible at {path}.", "method_not_allowed")
        assert (response.status_code, response.headers["allow"], response.json()) == (405, allowed, expected)


def test_an_error_of_ours_is_told_without_its_words(parts: Parts, settings: Settings) -> None:
    """What nobody foresaw is a 500 in the one shape; its message tells nothing of the inside."""
    from assistant.http.api import create_app

    app = create_app(parts, settings)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the inside")

    response = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False).get("/broken")

    message = "An error of ours: it is in the server's log."
    expected = {"type": "server_error", "message": message, "code": "internal_error", "param": None}
    assert (response.status_code, response.json()) == (500, {"error": expected})
