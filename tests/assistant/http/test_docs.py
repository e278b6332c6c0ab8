"""The documentation of the API: a page made of the OpenAPI document, with nothing from elsewhere."""

from __future__ import annotations

import html
import re
import shlex
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from assistant.http.docs import Field, docs_page, operations
from assistant.keys import Keys

if TYPE_CHECKING:
    from fastapi.testclient import TestClient
    from httpx import Response

    from assistant.parts import Parts

HARBOUR = {"files": ("harbour.txt", "The harbour reopened. Boats wait.")}

METHODS = ("get", "post", "put", "patch", "delete")


class Names(HTMLParser):
    """The elements and the addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.addresses: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action")}


def test_every_route_is_documented(client: TestClient) -> None:
    """Each operation of the OpenAPI document stands on the page with its summary and what it does."""
    openapi = client.get("/openapi.json").json()
    page = html.unescape(re.sub(r"<[^>]+>", "", client.get("/docs").text.partition("</style>")[2]))

    told = [
        (method.upper(), path, item[method])
        for path, item in openapi["paths"].items()
        for method in METHODS
        if method in item
    ]
    assert len(told) >= 10
    for method, path, operation in told:
        about = operation["description"].replace("`", "")
        assert f"{method} {path}\n{operation['summary']}. {about}\n" in page


def test_the_page_needs_nothing_else(client: TestClient) -> None:
    """The page has no script, no picture and no address but its own and that of the OpenAPI document."""
    response = client.get("/docs")
    names = Names(response.text)

    assert names.elements & {"script", "img", "link", "iframe", "form", "object"} == set()
    assert {address for address in names.addresses if not address.startswith("#")} == {"/openapi.json"}
    (nonce,) = re.findall(r'<style nonce="([\w-]+)">', response.text)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"
    assert response.headers["content-security-policy"] == policy
    assert client.get("/docs").text.count(nonce) == 0


def test_the_examples_are_calls_that_work(client: TestClient, parts: Parts) -> None:
    """Each example of the page is taken by the API as it stands there, with real ids for its capital letters."""
    keys = Keys(parts.catalog.database)
    client.headers["Authorization"] = f"Bearer {keys.create('examples', 'admin').token}"
    tried: dict[str, int] = {}
    found = [operation for _, operation in operations(client.get("/openapi.json").json(), "http://127.0.0.1:7860")]
    for operation in sorted(found, key=lambda operation: operation.method == "DELETE"):
        for call in [body.curl for body in operation.bodies] or [operation.curl]:
            document = client.post("/v1/documents", files=HARBOUR).json()["results"][0]["document_id"]
            conversation = client.post("/v1/conversations", json={}).json()["id"]
            note = {"files": ("note.txt", "A note.")}
            job = client.post("/v1/documents?background=true", files=note).json()["id"]
            asked = {"question": "Who waits?", "conversation_id": conversation}
            ids = {
                "/MODEL": "/dateline",
                "DOCUMENT_ID": document,
                "JOB_ID": job,
                "CONVERSATION_ID": conversation,
                "NAME_OR_ID": keys.create(f"spare {conversation}", "reader").key.id,
                "ANSWER_ID": client.post("/v1/ask", json=asked).json()["id"],
            }
            for name, value in ids.items():
                call = call.replace(name, value)
            response = curl(client, call)
            taken = 201 if operation.anchor == "post-v1-keys" else 200
            assert response.status_code == taken, (call, response.text)
            tried[operation.path] = response.status_code
    assert set(tried) == set(client.get("/openapi.json").json()["paths"])


def curl(client: TestClient, call: str) -> Response:
    """What the client answers to a curl command with -X, -H, -d and -F."""
    words = shlex.split(call.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    method, url, content, headers, files = "", "", None, {}, []
    while words:
        word = words.pop(0)
        match word:
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                content = words.pop(0)
            case "-F":
                name, _, file = words.pop(0).partition("=@")
                files.append((name, (f"{file}.txt", f"A file named {file}.")))
            case _:
                url = word
    method = method or ("POST" if content is not None or files else "GET")
    return client.request(method, url, content=content, headers=headers, files=files or None)


def test_fields_tell_type_default_and_limits(client: TestClient) -> None:
    """A request's fields come with the required ones first, each with its type, default and limits in words."""
    found = {
        (operation.method, operation.path): operation
        for _, operation in operations(client.get("/openapi.json").json(), "")
    }

    search = found["POST", "/v1/search"].bodies[0].fields
    assert [field.name for field in search] == ["query", "as_of", "after", "before", "document_ids", "limit"]
    assert search[0] == Field("query", "string", True, None, "Not empty, at most 10,000 characters.")
    assert search[1].type == "date or string or null"
    assert search[4] == Field(
        "document_ids", "list of strings or null", False, None, "Only these documents. At most 1,000 items."
    )
    assert search[5] == Field("limit", "integer", False, "10", "At least 1, at most 50.")
    history = next(field for field in found["POST", "/v1/ask"].bodies[0].fields if field.name == "history")
    assert history.type == 'list of {role: "user" or "assistant", content: string}'
    assert found["POST", "/v1/documents"].bodies[0].fields == (
        Field("files", "list of files", True, None, ""),
        Field("published", "date", False, None, "The day that all of them were published on."),
    )
    document = found["DELETE", "/v1/documents/{document_id}"]
    assert document.parameters == (Field("document_id", "string", True, None, "In the path."),)
    assert document.curl == "curl -X DELETE /v1/documents/DOCUMENT_ID"
    assert document.anchor == "delete-v1-documents-document_id"


def test_the_errors_shape_is_documented(client: TestClient) -> None:
    """The OpenAPI document gives every route the one error shape, and the page shows its fields."""
    openapi = client.get("/openapi.json").json()

    shapes = {
        response["content"]["application/json"]["schema"]["$ref"]
        for item in openapi["paths"].values()
        for operation in item.values()
        for status, response in operation["responses"].items()
        if not status.startswith("2") and status != "503"
    }
    assert shapes == {"#/components/schemas/ErrorBody"}
    assert "Fields of an error" in client.get("/docs").text


def test_words_of_a_description_are_text() -> None:
    """Markup in a name or a description is shown, not obeyed; words between backticks are code."""
    operation = {"summary": "<i>A</i>", "description": "Say `<b>` & go.", "tags": ["<u>t</u>"]}
    openapi = {"info": {"title": "<s>", "description": ""}, "paths": {"/a": {"get": operation}}}
    page = docs_page(openapi, "http://127.0.0.1'<p>", "nonce")

    assert "<b>&lt;i&gt;A&lt;/i&gt;.</b> Say <code>&lt;b&gt;</code> &amp; go." in page
    assert "<h2>&lt;u&gt;t&lt;/u&gt;</h2>" in page
    assert Names(page).elements & {"i", "u", "s"} == set()
    assert "&lt;p&gt;" in page
