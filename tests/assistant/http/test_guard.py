"""What no route should see: bodies without measure, pages of other sites, names that are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.parts import Parts

MOST = 2_000
LIMIT = MOST + (1 << 20)
HOST = "http://127.0.0.1:7860"


def refused(code: str, message: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": message, "code": code, "param": None}}


@pytest.fixture
def small(parts: Parts, settings: Settings) -> TestClient:
    """An API that takes files of at most 2,000 bytes."""
    from assistant.http.api import create_app

    settings = Settings(data_dir=settings.data_dir, max_upload_bytes=MOST)
    return TestClient(create_app(parts, settings), base_url=HOST)


def test_a_file_that_is_too_large_is_told_beside_the_others(small: TestClient) -> None:
    """A file beyond the limit fails alone."""
    files = [("files", ("large.txt", b"a " * MOST)), ("files", ("small.txt", b"A word."))]
    results = small.post("/v1/documents", files=files).json()["results"]

    assert [(result["name"], result["status"]) for result in results] == [
        ("large.txt", "failed"),
        ("small.txt", "added"),
    ]
    assert results[0]["detail"] == "The file has 4,000 bytes, at most 2,000 are read."


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/documents"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(small: TestClient, path: str, kind: str, announced: bool) -> None:
    """A request beyond the limit is refused with what to do, whether it told its length or not."""

    def pieces() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(5):
            yield b"a" * (LIMIT // 4)

    body = pieces() if not announced else b"".join(pieces())
    response = small.post(path, content=body, headers={"content-type": kind})

    advice = "shorten it" if path == "/v1/ask" else "send fewer files at once, or raise DATELINE_MAX_UPLOAD_BYTES"
    message = f"The request is larger than {LIMIT:,} bytes: {advice}."
    assert (response.status_code, response.json()) == (413, refused("too_large", message))
    assert small.get("/v1/documents").json()["total"] == 0


@pytest.mark.parametrize("length", ["-1", "many", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(small: TestClient, length: str) -> None:
    """A length that is no number, or too large a one, is refused before anything is read."""
    response = small.post("/v1/ask", content=b"{}", headers={"content-length": length})

    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1.evil.example", "null"]
)
def test_pages_of_other_sites_change_nothing(client: TestClient, origin: str) -> None:
    """A changing request that a foreign page sends is refused; so no page can ask, add or delete here."""
    for method, path in [("POST", "/v1/ask"), ("POST", "/v1/documents"), ("DELETE", "/v1/documents/a")]:
        response = client.request(method, path, headers={"origin": origin})
        expected = refused("foreign_origin", f"A page of {origin!r} may not change anything here.")
        assert (response.status_code, response.json()) == (403, expected)


def test_our_own_page_may_change_things(client: TestClient) -> None:
    """A request that comes from this server's page is taken, and none may be read by a foreign one."""
    response = client.post("/v1/documents", json={"title": "A", "text": "A word."}, headers={"origin": HOST})

    assert response.json()["results"][0]["status"] == "added"
    foreign = client.get("/v1/documents", headers={"origin": "http://evil.example"})
    assert [name for name in foreign.headers if name.startswith("access-control")] == []


def test_named_sites_may_call_with_a_key(parts: Parts, settings: Settings) -> None:
    """A site that is named in the settings may call from its pages, the page's cookie aside; no other may."""
    from assistant.http.api import create_app

    chosen = Settings(data_dir=settings.data_dir, cors_origins="https://a.example, https://b.example")  # type: ignore[arg-type]
    client = TestClient(create_app(parts, chosen), base_url=HOST)
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}

    for origin, allowed in [("https://b.example", "https://b.example"), ("https://evil.example", None)]:
        asked = client.options("/v1/ask", headers={"origin": origin, **preflight})
        sent = client.post("/v1/search", json={"query": "a"}, headers={"origin": origin})
        assert (asked.status_code, sent.status_code) == ((200, 200) if allowed else (400, 403))
        for response in (asked, sent):
            assert response.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in response.headers


def test_gradio_lets_no_other_site_in(parts: Parts, settings: Settings) -> None:
    """Gradio's own rules for other origins, which let any site in on a public host, are off."""
    from assistant.http.api import create_app
    from assistant.ui.page import mount_page

    client = TestClient(mount_page(create_app(parts, settings), parts, settings), base_url=HOST)

    response = client.get("/config", headers={"origin": "http://localhost:1"})
    assert response.status_code == 200
    assert [name for name in response.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
def test_a_request_id_is_kept(client: TestClient, given: str) -> None:
    """A request that brings an id of its own keeps it; one that brings anything else gets a new one."""
    assert client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"] == given
    for odd in ("", "a b", "x" * 65, 'a"b', "é"):
        headers = [(b"x-request-id", odd.encode("latin-1"))]
        kept = client.get("/healthz", headers=headers).headers["x-request-id"]  # type: ignore[arg-type]
        assert len(kept) == 32


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7860", ""])
def test_other_names_are_refused(client: TestClient, host: str) -> None:
    """While the server listens on this computer alone it answers to this computer's names alone."""
    response = client.get("/healthz", headers={"host": host})

    message = (
        f"This server does not go by the name {host!r}: it is open to this computer alone until a key is made "
        "with `dateline keys create NAME`."
    )
    expected = refused("unknown_host", message)
    assert (response.status_code, response.json()) == (421, expected)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7860", "127.0.0.1", "127.0.0.1:80", "[::1]:7860"])
def test_this_computers_names_are_taken(client: TestClient, host: str) -> None:
    """Each name of this computer is answered to, with any port."""
    assert client.get("/healthz", headers={"host": host}).json() == {"status": "ok"}


def test_a_server_for_others_goes_by_any_name(parts: Parts, settings: Settings) -> None:
    """Told to listen on other addresses, the server cannot know its names, and takes all."""
    from assistant.http.api import create_app

    everywhere = Settings(data_dir=settings.data_dir, host="0.0.0.0")  # noqa: S104 — nothing is bound
    client = TestClient(create_app(parts, everywhere), base_url="http://news.example")

    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/v1/nothing", "/v1/documents"])
def test_every_answer_has_its_headers(client: TestClient, path: str) -> None:
    """Answers and refusals alike carry a request id, are not sniffed, not framed, and load nothing from elsewhere."""
    first, second = client.get(path).headers, client.get(path).headers

    assert first["x-request-id"] != second["x-request-id"]
    told = {name: first[name] for name in ("x-content-type-options", "referrer-policy", "x-frame-options")}
    assert told == {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "SAMEORIGIN",
    }
    sources = {word for rule in first["content-security-policy"].split("; ") for word in rule.split()[1:]}
    assert sources == {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
