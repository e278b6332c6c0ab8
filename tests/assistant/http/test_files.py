"""Originals over HTTP: handed out as they came, never shown in the page, gone with their document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

PAGE = (
    b"<html><head><title>Dam</title></head><body><p>The dam is finished and the valley is safe now.</p></body></html>"
)


def upload(client: TestClient, name: str, data: bytes, **fields: str) -> dict[str, Any]:
    response = client.post("/v1/documents", files={"files": (name, data)}, data=fields)
    (result,) = response.raise_for_status().json()["results"]
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("dam.html", PAGE, "text/html"),
        ("dam.md", b"# The dam\n\nThe dam is finished.\n", "text/markdown"),
        ("Übersicht 2024 ☂.txt", "Der Damm ist fertig.".encode("latin-1"), "text/plain"),
    ],
)
def test_a_file_comes_back_as_it_was(client: TestClient, name: str, data: bytes, media_type: str) -> None:
    """The bytes are those that were given, with their type and name, as an attachment that no browser sniffs."""
    from urllib.parse import quote

    document = upload(client, name, data)["document_id"]

    response = client.get(f"/v1/documents/{document}/file")

    assert response.content == data
    assert response.headers["content-type"] == media_type
    assert response.headers["x-content-type-options"] == "nosniff"
    disposition = response.headers["content-disposition"]
    assert (
        disposition == f"attachment; filename*=utf-8''{quote(name)}" or disposition == f'attachment; filename="{name}"'
    )


def test_a_file_goes_with_its_document(client: TestClient) -> None:
    """After the deletion the file is not there, and a later question does not find it."""
    document = upload(client, "dam.md", b"The dam is finished.")["document_id"]
    client.delete(f"/v1/documents/{document}").raise_for_status()

    response = client.get(f"/v1/documents/{document}/file")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "no_such_document")


def test_a_text_has_no_file(client: TestClient) -> None:
    """A document that came as text says so."""
    given = {"title": "Ferry", "text": "The old ferry was sold."}
    document = client.post("/v1/documents", json=given).json()["results"][0]["document_id"]

    response = client.get(f"/v1/documents/{document}/file")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "no_file")


def test_the_published_day_of_an_upload_can_be_given(client: TestClient) -> None:
    """The form's day goes before what the file says; another word is refused."""
    dated = b"---\ndate: 2024-03-12\n---\nThe dam is finished.\n"
    document = upload(client, "dam.md", dated, published="1936-03-01")["document_id"]
    known = client.get(f"/v1/documents/{document}").json()
    refused = client.post("/v1/documents", files={"files": ("a.txt", b"A text.")}, data={"published": "soon"})

    assert (known["published"], known["published_from"]) == ("1936-03-01", "user")
    assert (refused.status_code, refused.json()["error"]["param"]) == (422, "published")
